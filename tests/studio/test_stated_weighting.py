"""The user states what a series shows: scores appear, and what the header says against it stays with them."""

from __future__ import annotations

import pytest

from tests.studio.spine import placed, spine
from vbqkit.errors import FormatError
from vbqkit.image import Volume
from vbqkit.scores import Score
from vbqkit.studio import RoiStudio


def unknown() -> Volume:
    """A T1 of which the header says too little."""
    return spine("T1").with_acquisition(weighting="unknown", weighting_reason="RepetitionTime is missing")


def test_without_a_weighting_the_page_says_why_no_score_appears() -> None:
    volume = unknown()
    studio = RoiStudio(volume, rois=placed(volume))
    assert studio._measured["scores"] == []
    assert "unknown (RepetitionTime is missing)" in studio._measured["why_none"]
    assert "state it above the picture" in studio._measured["why_none"]


def test_a_stated_weighting_gives_the_scores_of_that_weighting() -> None:
    volume = unknown()
    studio = RoiStudio(volume, rois=placed(volume))
    studio._on_message(studio, {"type": "weighting", "view": 0, "weighting": "T1"}, [])
    t1 = spine("T1")
    expected = RoiStudio(t1, rois=placed(t1)).scores["VBQ-T1 (median)"]
    found = studio.scores["VBQ-T1 (median)"]
    assert isinstance(found, Score)
    assert isinstance(expected, Score)
    assert found.value == expected.value
    assert studio._measured["why_none"] == ""
    assert (studio._views[0]["weighting"], studio._views[0]["stated"], studio._views[0]["header"]) == (
        "T1",
        "T1",
        "unknown",
    )
    studio.state_weighting(None)
    assert studio.scores == {}
    assert studio._views[0]["stated"] is None


def test_what_the_header_says_against_it_stays_with_the_number_and_goes_with_the_statement() -> None:
    volume = spine("T1").with_acquisition(series_description="T2 tse sag", weighting="unknown")
    studio = RoiStudio(volume, rois=placed(volume))
    studio.state_weighting("T1")
    words = "Stated T1, but the header says: its description hints at T2. Check which is right."
    assert any(message.text == words and message.weight == "caution" for message in studio.messages)
    row = next(row for row in studio._measured["scores"] if row["key"] == "VBQ-T1 (median)")
    assert words in row["doubts"]
    assert words in studio._static_html()
    studio.state_weighting(None)
    assert not any(message.text == words for message in studio.messages)


def test_rois_shifts_and_numbers_of_a_view_stay_when_its_weighting_is_stated() -> None:
    t2, t1 = spine("T2"), unknown()
    studio = RoiStudio([t2, t1], rois=placed(t2))
    before = [studio.measurements_on(view) for view in (0, 1)]
    studio.state_weighting("T1", view=1)
    assert [view.title for view in studio._opened] == ["T2", "T1"]
    assert [studio.measurements_on(view) for view in (0, 1)] == before
    assert "VBQ-T1 (mean)" in studio.scores


@pytest.mark.parametrize(
    ("weighting", "view", "words"), [("T3", 0, "'T3' is not known"), ("T1", 2, "There is no view 2")]
)
def test_what_cannot_be_stated_is_refused(weighting: str, view: int, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        RoiStudio(spine()).state_weighting(weighting, view=view)  # type: ignore[arg-type] # that is the test
