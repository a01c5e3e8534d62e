"""Published real pictures, from ../shared/real; nothing was tuned on them. Skipped where they are absent."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from vbqkit.errors import VbqkitError
from vbqkit.formats import read_rois, read_study
from vbqkit.propose import propose_rois
from vbqkit.roi.labels import CSF

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real pictures at {REAL}")


@cache
def t1():
    (series,) = read_study(REAL / "lumbar_t1" / "lumbar_t1_sagittal.mha")
    return propose_rois(series.volume())


@cache
def t2():
    (series,) = read_study(REAL / "lumbar_t2" / "t2_lumbar.nii.gz")
    return propose_rois(series.volume())


def bodies(proposal):
    return [p.roi for p in proposal.rois if p.roi.label.startswith("body")]


def test_t1_with_s1_cut_off_has_eight_bodies_by_the_reader_and_no_names():
    proposal = t1()
    assert len(bodies(proposal)) == 8
    assert not proposal.named
    drawn = [
        roi for roi in read_rois(ROOT / "tests" / "reference" / "lumbar_t1_rois.json") if roi.label.startswith("L")
    ]
    for roi in drawn:
        apart = min(np.linalg.norm((np.array(b.center_mm) - roi.center_mm)[1:]) for b in bodies(proposal))
        assert apart < 6.0


def test_t1_csf_reads_as_under_the_roi_of_the_reader():
    proposal = t1()
    drawn = {roi.label: roi for roi in read_rois(ROOT / "tests" / "reference" / "lumbar_t1_rois.json")}
    found = proposal.find(CSF)
    assert found.doubtful
    ours, theirs = (roi.measure(proposal.volume).mean for roi in (found.roi, drawn[CSF]))
    assert ours == pytest.approx(theirs, rel=0.05)


def test_t2_without_l5_and_s1_has_six_bodies_no_names_and_csf_below_the_conus():
    """The conus ends beside body 4."""
    proposal = t2()
    assert len(bodies(proposal)) == 6
    assert "Neither L5 nor S1" in proposal.question
    csf = proposal.find(CSF)
    assert csf.doubtful
    assert csf.roi.center_mm[2] < bodies(proposal)[4].center_mm[2] + 5.0


@pytest.mark.slow
def test_no_series_of_other_kinds_has_names_or_ends_in_a_traceback():
    """Heads, knees, phantoms, localizers and diffusion of several vendors."""
    study = read_study(REAL / "dicom")
    assert len(study) > 60
    for series in study:
        try:
            proposal = propose_rois(series.volume())
        except VbqkitError:
            continue
        assert not proposal.named
