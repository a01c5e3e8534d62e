"""Where CSF is measured: against the coil's slope, beside L3 unless the canal is narrow, not on the cord."""

from dataclasses import replace

import numpy as np
import pytest

from tests.propose.conftest import proposal_of, reference_of, volume_of
from vbqkit.image import Volume
from vbqkit.propose import propose_rois
from vbqkit.propose.classes import BODY, CLASSES, SAC
from vbqkit.propose.csf import coil_slope, csf_place
from vbqkit.propose.outlines import Outline
from vbqkit.propose.picture import Picture
from vbqkit.propose.placement import _order_for_csf
from vbqkit.propose.places import roi_on
from vbqkit.propose.proposal import ProposedRoi
from vbqkit.roi.labels import CSF

LEVELS = ("L1", "L2", "L3", "L4", "L5")
ROWS, COLS = 150, 80
BODY_COL, SAC_COLS = 35, slice(49, 59)


def body(row):
    """A body of 36 x 27 mm."""
    mask = np.zeros((ROWS, COLS), dtype=bool)
    mask[row - 9 : row + 9, BODY_COL - 12 : BODY_COL + 12] = True
    rows, cols = np.indices(mask.shape)
    depth = np.minimum(9.5 - np.abs(rows - row + 0.5), 12.5 - np.abs(cols - BODY_COL + 0.5)) * 1.5
    return Outline(
        mask=mask,
        row=row - 0.5,
        col=BODY_COL - 0.5,
        down=np.array([1.0, 0.0]),
        back=np.array([0.0, 1.0]),
        width_mm=36.0,
        height_mm=27.0,
        area_mm2=972.0,
        depth_mm=depth,
        cut=False,
    )


BODIES = [(level, body(25 + 24 * k)) for k, level in enumerate(LEVELS)]
L3_ROW = 25 + 24 * 2


def picture(*, slope=0.0, roots=(), narrow=()):
    """A sac of even CSF on T2 behind five bodies; roots are dark, the coil is brighter to the back."""
    found = np.zeros((len(CLASSES) + 1, ROWS, COLS), dtype=np.float32)
    signal = np.full((ROWS, COLS), 20.0)
    for _level, outline in BODIES:
        found[BODY, outline.mask] = 1.0
        signal[outline.mask] = 40.0
    found[SAC, :, SAC_COLS] = 1.0
    signal[:, SAC_COLS] = 100.0
    for place in narrow:
        found[SAC, place, SAC_COLS.stop - 4 : SAC_COLS.stop] = 0.0
    for rows, cols in roots:
        signal[rows, cols] = 70.0
    signal *= np.exp(slope * 1.5 * np.arange(COLS))
    image = Volume(np.zeros((1, 8, 8)), np.diag([4.0, 1.5, 1.5, 1.0])[[0, 2, 1, 3]]).slice(0)
    return Picture(
        image=image,
        signal=signal.astype(np.float32),
        found=found,
        origin_mm=np.zeros(3),
        down=np.array([0.0, 0.0, -1.0]),
        back=np.array([0.0, 1.0, 0.0]),
    )


def in_order(*names):
    return [(name, dict(BODIES)[name]) for name in names]


def place_of(shown, weighting="T2", order=("L3", "L4", "L2", "L5", "L1")):
    """Level, row and column of the CSF ROI."""
    found = csf_place(shown, in_order(*order), weighting=weighting)
    return found.level, *shown.to_rows_cols(found.roi.center_mm)


@pytest.mark.parametrize("slope", [0.0, 0.005, 0.013, 0.03])
def test_the_slope_of_the_coil_is_read_from_the_marrow(slope):
    assert coil_slope(picture(slope=slope), [outline for _, outline in BODIES]) == pytest.approx(slope, abs=1e-4)


def test_without_marrow_there_is_no_slope():
    assert coil_slope(picture(), []) == 0.0


@pytest.mark.parametrize("slope", [0.0, 0.013, 0.03])
def test_the_coil_does_not_draw_the_roi_towards_the_back(slope):
    level, row, col = place_of(picture(slope=slope))
    assert level == "L3"
    assert abs(row - L3_ROW) < 2
    assert abs(col - 53.5) < 0.4  # the middle of the sac


def test_roots_behind_are_kept_out():
    behind = (slice(0, ROWS), slice(55, 59))
    level, _row, col = place_of(picture(slope=0.013, roots=[behind]))
    assert level == "L3"
    assert col < 53.0


def test_a_narrow_canal_at_l3_sends_the_roi_to_l4():
    at_l3 = slice(L3_ROW - 11, L3_ROW + 11)
    assert place_of(picture(narrow=[at_l3]))[0] == "L4"


def test_a_level_full_of_roots_is_not_free():
    at_l3 = (slice(L3_ROW - 15, L3_ROW + 15), slice(48, 60))
    assert place_of(picture(roots=[at_l3]))[0] == "L4"


def test_where_there_is_no_sac_there_is_no_place():
    shown = picture()
    shown.found[SAC] = 0.0
    assert csf_place(shown, BODIES, weighting="T2") is None


def test_without_a_weighting_no_level_with_cord_is_offered():
    bodies = [
        (ProposedRoi(roi=roi_on(picture(), np.zeros(2), o.down, (6.0, 6.0), name), confidence=1.0), o)
        for name, o in BODIES
    ]
    likely = dict(zip(LEVELS, LEVELS, strict=True))
    assert [name for name, _ in _order_for_csf(bodies, likely, stated=True)] == ["L3", "L4", "L2", "L5", "L1"]
    assert [name for name, _ in _order_for_csf(bodies, likely, stated=False)] == ["L3", "L4", "L5"]
    assert [name for name, _ in _order_for_csf(bodies, {}, stated=False)] == ["L5", "L4"]


def unstated(volume):
    return replace(volume, acquisition=replace(volume.acquisition, weighting="unknown"))


def rows_from_above(volume, proposal, lowest):
    """The picture ends below this level, so that neither L5 nor S1 is in view."""
    image = volume.slice(proposal.slice_index)
    row = round(float(image.to_rows_cols(proposal.find(lowest).roi.center_mm)[0]) + 14.0 / volume.spacing_mm[1])
    return replace(volume, pixels=np.ascontiguousarray(volume.pixels[:, :row]))


def test_without_a_weighting_csf_lies_below_the_conus_and_the_doubt_asks_for_it():
    volume = unstated(volume_of("case01", "T2"))
    csf = propose_rois(volume).find(CSF)
    reference = reference_of("case01")
    assert csf.roi.center_mm[2] < reference["L2"].center_mm[2] - 10.0  # to the feet
    assert "the weighting is not stated" in csf.doubt


def test_without_names_csf_lies_beside_the_lowest_bodies_in_view():
    volume = volume_of("case01", "T2")
    cut = unstated(rows_from_above(volume, proposal_of("case01", "T2"), "L3"))
    proposal = propose_rois(cut)
    assert not proposal.named
    csf, reference = proposal.find(CSF), reference_of("case01")
    assert csf.roi.center_mm[2] < reference["L2"].center_mm[2] + 10.0
    assert csf.doubtful
