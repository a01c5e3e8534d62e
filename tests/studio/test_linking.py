"""Series with frames of reference of their own are linked only when the user says so, and only where slices agree."""

from __future__ import annotations

import numpy as np
import pytest

from tests.studio.spine import AFFINE, placed, spine
from vbqkit.errors import FormatError, GeometryError
from vbqkit.image import Volume, stack_affine
from vbqkit.scores import Score
from vbqkit.studio import RoiStudio


def foreign(weighting: str = "T2") -> Volume:
    return spine(weighting, frame_of_reference_uid="2")


def shifted(mm: tuple[float, float, float]) -> Volume:
    affine = AFFINE.copy()
    affine[:3, 3] += mm
    return Volume(foreign().pixels, affine).with_acquisition(weighting="T2", frame_of_reference_uid="2")


def test_rois_are_carried_over_when_the_user_says_so_and_every_score_tells() -> None:
    t1 = spine()
    studio = RoiStudio([t1, foreign(), foreign("STIR")], rois=placed(t1))
    assert studio.measurements_on(1) == {}
    assert not isinstance(studio.scores["VBQ-T2 (mean)"], Score)
    studio._on_message(studio, {"type": "link", "view": 1}, [])
    assert [view["linked"] for view in studio._views] == [True, True, True], "both of that frame"
    assert set(studio.measurements_on(1)) == set(studio.measurements_on(2)) == set(studio.measurements)
    score = studio.scores["VBQ-T2 (mean)"]
    assert isinstance(score, Score)
    assert "frame-linked" in {caution.code for caution in score.cautions}
    plain = studio.scores["VBQ-T1 (mean)"]
    assert isinstance(plain, Score)
    assert "frame-linked" not in {caution.code for caution in plain.cautions}
    assert not any("another frame of reference" in message.text for message in studio.messages)


def test_rois_that_were_drawn_in_the_other_frame_stay_where_they_lie() -> None:
    t1 = spine()
    studio = RoiStudio([t1, foreign()], rois=placed(t1))
    state = studio._state
    rois = [wire | {"frame": 1} for wire in state["rois"]]
    studio._state = {**state, "revision": state["revision"] + 1, "rois": rois}
    there = studio.measurements_on(1)
    studio.link_series(1)
    assert repr(studio.measurements_on(1)) == repr(there)  # nan is not nan
    assert set(studio.measurements) == set(there)


def test_a_linked_series_keeps_its_link_when_its_weighting_is_stated() -> None:
    studio = RoiStudio([spine(), foreign()], rois=placed(spine()))
    studio.link_series(1)
    studio.state_weighting("STIR", view=1)
    studio.state_weighting(None, view=1)
    assert studio._views[1]["linked"]
    assert isinstance(studio.scores["VBQ-T2 (mean)"], Score)


@pytest.mark.parametrize(
    ("mm", "words"),
    [((1.5, 0, 0), "slices lie up to 1.5 mm apart"), ((0, 80, 0), "share 43 % of the smaller one")],
)
def test_slices_elsewhere_are_not_linked(mm: tuple[float, float, float], words: str) -> None:
    studio = RoiStudio([spine(), shifted(mm)])
    with pytest.raises(GeometryError, match=words):
        studio.link_series(1)
    assert not studio._views[1]["linked"]


def test_tilted_slices_are_not_linked_and_linked_ones_not_again() -> None:
    turned = stack_affine((-4, 0, 0), (3.99, 0.28, 0), (0, 0, -1), (-0.07, 0.9975, 0))
    tilted = Volume(np.asarray(foreign().pixels), turned).with_acquisition(weighting="T2", frame_of_reference_uid="2")
    with pytest.raises(GeometryError, match=r"tilted by 4\.0 degrees"):
        RoiStudio([spine(), tilted]).link_series(1)
    with pytest.raises(GeometryError, match="are linked already"):
        RoiStudio([spine(), spine("T2")]).link_series(1)
    with pytest.raises(FormatError, match="There is no view 3"):
        RoiStudio([spine(), spine("T2")]).link_series(3)
