"""A virtual patient's T1 series of the sample data, with the reference ROIs: what a proposal is compared with."""

from functools import cache
from pathlib import Path

import pytest

from vbqkit.formats import read_rois, read_study
from vbqkit.propose import propose_rois

SAMPLE = Path(__file__).parents[2] / "sample_data"


@cache
def volume_of(case, weighting):
    return read_study(SAMPLE / case / weighting).series[0].volume()


@cache
def reference_of(case):
    return {roi.label: roi for roi in read_rois(SAMPLE / case / "reference_rois.vbqkit.json")}


@cache
def proposal_of(case, weighting):
    return propose_rois(volume_of(case, weighting))


@pytest.fixture(scope="session")
def volume():
    return volume_of("case01", "T1")


@pytest.fixture(scope="session")
def proposal():
    return proposal_of("case01", "T1")


@pytest.fixture(scope="session")
def reference():
    return reference_of("case01")
