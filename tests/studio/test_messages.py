"""What the studio says: nothing is dropped, refusals come first, and a sign means that something is wrong here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vbqkit
from tests.studio.spine import placed, spine
from vbqkit.errors import Caution
from vbqkit.formats import read_rois, read_study
from vbqkit.roi.labels import CSF
from vbqkit.scores import Score
from vbqkit.studio import RoiStudio
from vbqkit.studio.messages import STANDING, Message
from vbqkit.study import Study, make_series


def row(studio: RoiStudio, key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in studio._measured["scores"] if row["key"] == key)
    return found


def test_a_refusal_stays_first_however_much_is_said_after_it() -> None:
    refused = replace(spine(), refusal="contrast agent")
    studio = RoiStudio([spine("T2"), refused])
    for number in range(40):
        studio._say(f"file {number} cannot be read")
    assert str(studio.messages[0]) == "T1: This series cannot be scored: contrast agent"
    assert studio._messages[0]["weight"] == "refusal"
    assert len(studio.messages) == 41
    assert studio.messages[1].text == "file 39 cannot be read", "of what was done the newest first"


def test_a_message_names_the_series_it_belongs_to_and_a_standing_one_is_a_note() -> None:
    tags, lossy = Caution("missing-tags", "TE is not stated."), Caution("lossy", "Lossy compression.")
    studio = RoiStudio([replace(spine(), cautions=(tags,)), replace(spine("T2"), cautions=(tags, lossy))])
    assert studio.messages == (
        Message("Lossy compression.", "caution", "T2"),
        Message("TE is not stated.", "note", "T1"),
        Message("TE is not stated.", "note", "T2"),
    )


def test_cautions_of_the_study_are_said_once() -> None:
    several = Caution("several-studies", "Two examinations.")
    study = Study((make_series(spine()), make_series(replace(spine("T2"), cautions=(several,)))), cautions=(several,))
    assert RoiStudio(study).messages == (Message("Two examinations."),), "once, though a series carries it too"


def test_a_number_with_nothing_wrong_has_no_doubt_and_what_stands_on_every_number_is_one_step_away() -> None:
    volume = spine()
    studio = RoiStudio(volume, rois=placed(volume, noise=True), reference=(55.0, 5.0, 40))
    for found in studio._measured["scores"]:
        assert found["doubts"] == [], found["key"]
    assert any("receiver's gain" in line for line in row(studio, "VBQ-T1 (median)")["about"])


def test_a_doubtful_place_is_a_doubt_of_the_number_and_a_wrong_one_leaves_no_number() -> None:
    volume = spine()
    rois = placed(volume)
    low = [roi.moved((0, 0, -10)) if roi.label == "L2" else roi for roi in rois]
    studio = RoiStudio(volume, rois=low)
    found = row(studio, "VBQ-T1 (median)")
    assert found["value"] is None or any("shift" in text for text in found["doubts"])
    upside_down = [roi.with_label({"L1": "L4", "L4": "L1"}.get(roi.label, roi.label)) for roi in rois]
    studio.rois = upside_down
    for key in ("VBQ-T1 (median)", "VBQ-T1 (mean)"):
        found = row(studio, key)
        assert found["value"] is None
        assert found["wrong"]
        assert not isinstance(studio.scores[key], Score)
    html = studio.snapshot().html
    assert "VBQ-T1 (median) =" not in html
    assert "VBQ-T1 (median) is not given" in html
    assert "VBQ-T1 (median): not given" in studio._static_html()


def test_doubts_go_with_the_number_into_the_snapshot_and_the_saved_notebook() -> None:
    volume = spine()
    epidural = [roi.moved((0, 5, 0)) if roi.label == CSF else roi for roi in placed(volume)]
    studio = RoiStudio(volume, rois=epidural, overrule="for a lesson")
    doubts = row(studio, "VBQ-T1 (median)")["doubts"]
    assert doubts
    for page in (studio.snapshot().html, studio._static_html()):
        assert "⚠" in page


def test_a_missing_roi_is_missing_and_nothing_is_wrong() -> None:
    volume = spine()
    studio = RoiStudio(volume, rois=[roi for roi in placed(volume) if roi.label != CSF])
    assert not row(studio, "VBQ-T1 (median)")["wrong"]


@pytest.mark.parametrize("number", range(1, 9))
def test_the_reference_rois_of_a_sample_case_have_no_mark_and_their_scores_no_doubt(number: int) -> None:
    folder = f"sample_data/case0{number}"
    study = read_study(folder)
    studio = RoiStudio(
        [study.find(w).volume() for w in ("T1", "T2", "STIR")],
        rois=read_rois(f"{folder}/reference_rois.vbqkit.json").rois,
    )
    assert studio._measured["places"] == [[], [], []]
    for found in studio._measured["scores"]:
        if found["key"].startswith("VBQ"):  # what is odd about their noise is noise's own matter
            assert not found.get("wrong"), found["note"]
            assert not found.get("doubts"), (found["key"], found["doubts"])


def test_every_standing_code_is_one_that_the_package_gives() -> None:
    package = Path(vbqkit.__file__).parent
    texts = [path.read_text() for path in package.rglob("*.py") if path.name != "messages.py"]
    assert [code for code in STANDING if not any(f'"{code}"' in text for text in texts)] == []
