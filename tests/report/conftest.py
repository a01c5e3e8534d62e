"""One report of a sample patient for all tests of a worker, and the study that it is of."""

import datetime as dt
import shutil
from pathlib import Path

import pandas as pd
import pytest

from vbqkit import read_rois, read_study
from vbqkit.reference_groups import reference_group
from vbqkit.report import case_report

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
ROIS = CASE / "reference_rois.vbqkit.json"
N_DRAWS = 100  # the intervals of these tests are compared with themselves
DAY = dt.date(2026, 11, 29)
REFERENCE = reference_group(pd.read_csv(CASE.parent / "reference_women.csv"), "generic-1.5t")


@pytest.fixture(scope="session")
def study():
    return read_study(CASE)


@pytest.fixture(scope="session")
def report(study):
    volumes = {"T1": study.find("T1").volume()}
    who = {"reader": "Čeňková", "code": "A17", "read_on": DAY}
    return case_report(study, read_rois(ROIS), volumes=volumes, reference=REFERENCE, n_draws=N_DRAWS, **who)


@pytest.fixture(scope="session")
def three_series(study):
    """T1, T2 and STIR, nine scores, eleven cautions: what a full examination with a reference group gives."""
    who = {"reader": "Čeňková", "code": "A17", "read_on": DAY}
    made = case_report(study, read_rois(ROIS), reference=REFERENCE, n_draws=N_DRAWS, **who)
    assert (len(made.series), len(made.scores), len(made.cautions)) == (3, 9, 11)
    return made


@pytest.fixture
def t1_study(tmp_path):
    """The T1 series alone, to be changed."""
    folder = tmp_path / "T1"
    shutil.copytree(CASE / "T1", folder)
    return folder
