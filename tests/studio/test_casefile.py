"""Nothing placed is ever lost: the case file, shared by studios, broken, foreign, or not writable."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vbqkit.errors import FormatError
from vbqkit.formats import read_rois, write_rois
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Polygon, Rectangle
from vbqkit.studio import RoiStudio
from vbqkit.studio.casefile import CaseFile, merged, read_case
from vbqkit.studio.drawn_roi import DrawnRoi, to_wire


@pytest.fixture
def volume() -> Volume:
    rng = np.random.default_rng(5)
    affine = stack_affine((-8, 0, 0), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
    made = Volume(rng.integers(100, 140, (5, 60, 50)).astype("uint16"), affine)
    return made.with_acquisition(
        weighting="T1", frame_of_reference_uid="1.2.3", study_uid="1.2.3.77", series_uid="1.2.3.88"
    )


def box(volume: Volume, label: str, row: float = 20.0) -> Rectangle:
    return Rectangle.on(volume.slice(2), (row, 25), 6.0, 5.0, label=label)


def by_hand(studio: RoiStudio, *rois: DrawnRoi) -> None:
    """What the browser does when a hand has changed something."""
    state = studio._state
    studio._state = {**state, "revision": state["revision"] + 1, "rois": [to_wire(one) for one in rois]}


def test_rois_come_back_after_a_restart_with_everything_the_user_set(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "case.vbqkit.json"
    studio = RoiStudio(volume, case_file=path)
    key = studio._opened[0].key
    drawn = DrawnRoi(box(volume, "L3"), locked=True, hidden=True, shifts={key: (0.0, 0.5, -0.25)})
    by_hand(studio, drawn, DrawnRoi(Ellipse.on(volume.slice(2), (40, 20), 3, 8, label="CSF")))
    again = RoiStudio(volume, case_file=path)
    assert [to_wire(one) for one in again._drawn] == [to_wire(one) for one in studio._drawn]
    assert again._drawn[0].locked
    assert repr(again.measurements) == repr(studio.measurements)  # nan is not nan


def test_the_level_strip_comes_back_too(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    studio = RoiStudio(volume, case_file=path)
    state = studio._state
    studio._state = {**state, "revision": state["revision"] + 1, "levels": ["T12", "L1", "L2", "L3", "L4", "L5", "L6"]}
    assert RoiStudio(volume, case_file=path)._state["levels"][-1] == "L6"


def test_the_file_is_an_ordinary_roi_file_without_pixels_or_patient(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    RoiStudio(volume, case_file=path).rois = [box(volume, "L3")]
    assert read_rois(path, image=volume).rois[0].label == "L3"
    content = json.loads(path.read_text())
    assert [content[f"{of}_uid"] for of in ("frame_of_reference", "study", "series")] == [None, None, None]
    assert set(content) == {
        "format", "version", "coordinates", "frame_of_reference_uid", "study_uid", "series_uid", "rois", "studio",
        "study_digest", "frame_digest",
    } | (set(content) & {"weighting"})  # fmt: skip
    assert "1.2.3.88" not in path.read_text()
    assert "1.2.3.77" not in path.read_text()
    assert '"1.2.3"' not in path.read_text(), "the frame of reference leads to the patient too"


def test_exported_rois_opened_as_a_case_stay_tied_to_their_frame(volume: Volume, tmp_path: Path) -> None:
    """The file that `vbqkit propose` or an export wrote holds digests; a change in the studio keeps them."""
    path = tmp_path / "rois.json"
    write_rois(path, [box(volume, "L3")], image=volume)
    before = read_rois(path).frame_digest
    studio = RoiStudio(volume, case_file=path)
    assert [c.code for c in studio._state.get("cautions", [])] == []
    by_hand(studio, *studio._drawn, DrawnRoi(box(volume, "L2", 30)))
    assert read_rois(path).frame_digest == before
    elsewhere = volume.with_acquisition(frame_of_reference_uid="9.9")
    with pytest.raises(FormatError, match="another frame of reference"):
        read_case(path, elsewhere)


def test_two_studios_on_one_case_keep_each_others_rois(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    one, other = RoiStudio(volume, case_file=path), RoiStudio(volume, case_file=path)
    by_hand(one, DrawnRoi(box(volume, "L1")))
    assert [roi.label for roi in other.rois] == ["L1"], "the other studio sees it at once"
    by_hand(other, *other._drawn, DrawnRoi(box(volume, "L2", 30)))
    assert [roi.label for roi in one.rois] == ["L1", "L2"]
    assert len(read_rois(path)) == 2


def test_a_studio_in_another_kernel_does_not_overwrite_what_this_one_wrote(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    here, there = CaseFile(path, volume), CaseFile(path, volume)
    here.read(), there.read()
    first = (DrawnRoi(box(volume, "L1")),)
    here.write(first, ["L1"])
    kept = there.write((DrawnRoi(box(volume, "L2")),), ["L1"])
    assert {one.roi.label for one in kept} == {"L1", "L2"}
    assert {one.roi.label for one in read_case(path, volume).drawn} == {"L1", "L2"}


def test_the_same_roi_changed_on_both_sides_is_kept_twice(volume: Volume) -> None:
    base = DrawnRoi(box(volume, "L1"), id="a")
    mine = DrawnRoi(box(volume, "L1", 22), id="a")
    theirs = DrawnRoi(box(volume, "L1", 33), id="a")
    known = {"a": to_wire(base)}
    both = merged(known, (mine,), (theirs,))
    assert [one.roi for one in both] == [theirs.roi, mine.roi]
    assert both[0].id != both[1].id
    assert merged(known, (mine,), (base,)) == (mine,)
    assert merged(known, (base,), (theirs,)) == (theirs,)
    assert merged(known, (), (base,)) == ()
    assert merged(known, (base,), ()) == ()
    assert merged(known, (), (theirs,)) == (theirs,)
    assert merged(known, (mine,), ()) == (mine,)


def test_a_late_answer_of_the_browser_does_not_undo_what_python_did(volume: Volume) -> None:
    studio = RoiStudio(volume, rois=[box(volume, "L1")])
    before = dict(studio._state)
    studio.rois = [*studio.rois, box(volume, "L2", 30)]
    kept = studio._drawn
    moved = {**before["rois"][0], "label": "T12"}
    # the browser had seen only `before` when it sent this
    studio._state = {**before, "revision": before["revision"] + 1, "rois": [moved]}
    assert {roi.label for roi in studio.rois} >= {"T12", "L2"}
    assert len(kept) == 2


def test_many_fast_changes_of_which_some_never_arrive_make_no_copies(volume: Volume) -> None:
    studio = RoiStudio(volume, rois=[box(volume, "L1")])
    state = dict(studio._state)
    for step in (3, 4, 9):  # the browser skips messages while one is on its way
        wire = {**state["rois"][0], "center": [0.0, 15.0, -16.0 - step]}
        studio._state = {**state, "revision": state["revision"] + step, "rois": [wire]}
    assert len(studio.rois) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "is not a ROI file"),
        ('{"format": "vbqkit-rois", "version": 99, "coordinates": "DICOM LPS, mm", "rois": []}', "version 99"),
        ('{"format": "vbqkit-rois", "version": 1, "coordinates": "DICOM LPS, mm", "rois": 3}', "'rois' must be a list"),
        (
            '{"format": "vbqkit-rois", "version": 1, "coordinates": "DICOM LPS, mm", "frame_of_reference_uid": "9.9", "rois": []}',
            "another frame of reference",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_left_as_it_is_and_the_studio_lives(
    volume: Volume, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "case.json"
    path.write_text(content)
    studio = RoiStudio(volume, case_file=path)
    assert any(words in text for text in map(str, studio.messages))
    studio.rois = [box(volume, "L1")]
    assert path.read_text() == content
    assert studio.case_file is not None
    assert read_rois(studio.case_file).rois[0].label == "L1"
    assert studio.measurements["L1"].n > 0


def test_a_folder_that_cannot_be_written_is_said_and_the_rois_stay(volume: Volume, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    studio = RoiStudio(volume, case_file=blocked / "case.json")
    studio.rois = [box(volume, "L1")]
    assert any("cannot be written" in text for text in map(str, studio.messages))
    assert len(studio.rois) == 1


def test_a_folder_instead_of_a_file_is_refused_in_words(volume: Volume, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a folder"):
        RoiStudio(volume, case_file=tmp_path)


@pytest.mark.slow
def test_ten_thousand_rois_are_refused_in_words_and_a_thousand_are_kept_and_measured(
    volume: Volume, tmp_path: Path
) -> None:
    points = np.array([[0, 10, -10], [0, 14, -10], [0, 12, -14.0]])
    drawn = tuple(DrawnRoi(Polygon(points=points, label=f"R{k}")) for k in range(10_000))
    for name, count in (("many.json", 10_000), ("fewer.json", 1000)):
        CaseFile(tmp_path / name, volume).write(drawn[:count], ["L1"])
    studio = RoiStudio(volume, case_file=tmp_path / "many.json")
    assert any("10000 ROIs are too many" in text for text in map(str, studio.messages))
    assert studio.rois == ()
    assert len(read_case(tmp_path / "many.json", volume).drawn) == 10_000
    assert RoiStudio(volume, case_file=tmp_path / "fewer.json").measurements["R999"].n > 0


def test_that_a_file_could_not_be_written_is_said_until_it_is_written_again(
    volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = RoiStudio(volume, case_file=tmp_path / "a.json")

    def said() -> str:
        return " ".join(map(str, studio.messages))

    for number in (errno.ENOSPC, errno.EROFS):

        def fail(*_: Any, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", fail)
            studio.rois = [box(volume, "L1"), box(volume, "L2", 40.0)]
        assert f"a.json cannot be written: {os.strerror(number)}. The ROIs stay in the studio" in said()
        assert said().count("cannot be written") == 1
        assert list(tmp_path.iterdir()) == []
    studio.rois = [box(volume, "L1")]
    assert "cannot be written" not in said()
    assert "kept in a.json again" in said()
    assert len(read_rois(tmp_path / "a.json").rois) == 1


def test_what_the_page_placed_for_an_earlier_kernel_is_taken_over_and_nothing_twice(
    volume: Volume, tmp_path: Path
) -> None:
    first = RoiStudio(volume, rois=[box(volume, "L1"), box(volume, "L2", 40.0)], case_file=tmp_path / "a.json")
    first.rois = [box(volume, "L1"), box(volume, "L2", 40.0)]
    known = json.loads(json.dumps(first._state["rois"]))
    mine = json.loads(json.dumps(known))
    mine[0]["label"], mine[-1]["label"] = "L5", "fat"
    again = RoiStudio(volume, case_file=tmp_path / "a.json")
    again._on_message(again, {"type": "rescued", "known": known, "mine": mine}, [])
    assert [roi.label for roi in again.rois] == [one["label"] for one in mine]
    assert "has been taken over" in " ".join(map(str, again.messages))
    once_more = RoiStudio(volume, case_file=tmp_path / "a.json")
    once_more._on_message(once_more, {"type": "rescued", "known": known, "mine": mine}, [])
    assert once_more.rois == again.rois
    assert "taken over" not in " ".join(map(str, once_more.messages)), "the file had it"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock there")
def test_a_case_that_another_process_has_open_is_named(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    code = (
        "import sys; from pathlib import Path; from vbqkit.studio.presence import is_open_elsewhere as there\n"
        "print(there(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path.resolve())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "False\n"
        studio = RoiStudio(volume, case_file=path)
        assert "a.json is open in another window" in " ".join(map(str, studio.messages))
        other.communicate("")
    third = RoiStudio(volume, case_file=path)
    assert "open in another window" not in " ".join(map(str, third.messages)), "studios of one kernel see each other"
