"""A case of one's own: nothing is shown before it was checked, and what is written says what was measured."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pydicom
import pytest

from vbqkit.errors import FormatError
from vbqkit.formats import read_rois, read_study
from vbqkit.scores import score_case
from vbqkit.studio import OwnCase, own_case
from vbqkit.studio.drop_zone import DropZone

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
LOCAL: dict[str, str] = {}
NAMED = {"PatientName": "ZWIRNOVSKA^OLGA", "PatientID": "5052316789", "PatientBirthDate": "19500202"}
NEVER_SHOWN = (
    "zwirnovska",
    "olga",
    "5052316789",
    r"(?<![\w.-])1950(0202|(?!\w))",  # the year of birth; not four digits within a random number
)  # 1950 within a random number is none


@pytest.fixture(scope="module")
def t1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slices about the one with the ROIs."""
    folder = tmp_path_factory.mktemp("study") / "T1"
    folder.mkdir()
    for path in sorted((CASE / "T1").iterdir())[4:7]:
        shutil.copy(path, folder)
    return folder.parent


@pytest.fixture
def named(t1: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "ZWIRNOVSKA_OLGA"
    shutil.copytree(t1, folder)
    for path in (folder / "T1").iterdir():
        dataset = pydicom.dcmread(path)
        for keyword, value in NAMED.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return folder


def everything(widget: Any) -> str:
    """All text of a widget and of those in it."""
    own = " ".join(str(getattr(widget, name, "")) for name in ("value", "description", "options", "placeholder"))
    return own + "".join(map(everything, getattr(widget, "children", ())))


def press(case: OwnCase, text: str) -> None:
    found = [w for w in walk(case) if isinstance(w, ipywidgets.Button) and w.description == text]
    assert len(found) == 1, text
    assert not found[0].disabled
    found[0].click()


def walk(widget: Any) -> list[Any]:
    return [widget, *(one for child in getattr(widget, "children", ()) for one in walk(child))]


def test_a_study_without_identity_goes_from_the_check_to_a_report(t1: Path, tmp_path: Path) -> None:
    case = OwnCase(t1, folder=tmp_path / "out", code="A17", environ=LOCAL)
    assert case.study is None
    press(case, "Check this study")
    assert case.privacy is not None
    assert case.privacy.verdict != "identifiable"
    press(case, "Use these series")
    assert case.studio is not None
    rois = [
        r for r in read_rois(CASE / "reference_rois.vbqkit.json").rois if r.label in ("L1", "L2", "L3", "L4", "CSF")
    ]
    case.studio.rois = rois
    press(case, "Write the report")
    assert case.written == [], "nobody has said who read it"
    case._reader.value = "AB"
    press(case, "Write the report")
    (page,) = case.written
    assert page == tmp_path / "out" / "A17.html"
    volumes = {"T1": read_study(t1).find("T1").volume()}
    expected = next(s for s in score_case(volumes, rois, aggregate="median").results if s.name == "VBQ-T1").value
    assert f"{expected:.4g}" in page.read_text(encoding="utf-8")
    press(case, "Write the report")
    assert "exists" in case._told.value
    assert len(case.written) == 1
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "A17.html",
        "A17.rois.vbqkit.json",
        "A17.vbqkit.json",
    ]


def add_axial(study: Path, frame: str | None = None) -> None:
    """Twelve axial slices across the middle of the sagittal ones, in their frame of reference or another."""
    template = next((CASE / "T2").iterdir())
    folder, uid = study / "AX", pydicom.uid.generate_uid()
    folder.mkdir()
    for k in range(12):
        dataset = pydicom.dcmread(template)
        dataset.decompress()
        dataset.Rows = dataset.Columns = 64
        dataset.PixelData = np.random.default_rng(k).integers(50, 400, (64, 64)).astype("<u2").tobytes()
        dataset.PixelSpacing, dataset.ImageOrientationPatient = [2.0, 2.0], [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-64.0, -60.0, -20.0 + 4 * k]
        dataset.SeriesInstanceUID, dataset.SOPInstanceUID = uid, pydicom.uid.generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.SeriesNumber, dataset.InstanceNumber = 9, k + 1
        dataset.FrameOfReferenceUID = frame or dataset.FrameOfReferenceUID
        dataset.save_as(folder / f"{k}.dcm")


@pytest.mark.parametrize(("frame", "views"), [(None, 2), ("1.2.3", 1)])
def test_an_axial_series_of_the_same_frame_is_shown_beside_for_its_lines(
    t1: Path, tmp_path: Path, frame: str | None, views: int
) -> None:
    study = tmp_path / "study"
    shutil.copytree(t1, study)
    add_axial(study, frame)
    case = OwnCase(study, folder=tmp_path / "kept", environ=LOCAL)
    press(case, "Check this study")
    press(case, "Use these series")
    assert case.studio is not None
    assert [volume.plane for volume in case.studio.volumes] == ["sagittal", "axial"][:views]
    assert ("cut each other" in everything(case)) == (views == 2)


def test_an_identifiable_study_waits_for_the_reader_and_shows_no_word_of_it(named: Path, tmp_path: Path) -> None:
    case = OwnCase(named, folder=tmp_path / "out", environ=LOCAL)
    press(case, "Check this study")
    assert case.privacy is not None
    assert case.privacy.verdict == "identifiable"
    assert case.study is None
    (read,) = (w for w in walk(case) if isinstance(w, ipywidgets.Checkbox))
    read.value = True
    press(case, "Show the images")
    assert case.study is not None
    press(case, "Use these series")
    text = everything(case).casefold() + case.still_html().casefold()
    for word in NEVER_SHOWN:
        assert not re.search(word, text), word


def test_elsewhere_than_on_this_computer_it_is_refused_and_not_read(
    named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Any) -> Any:
        raise AssertionError("the pixels were read")

    monkeypatch.setattr(own_case, "read_study", read)
    case = OwnCase(named, folder=tmp_path / "out", environ={"BINDER_REPO_URL": "https://example.org"})
    press(case, "Check this study")
    case._open()
    assert case.study is None
    assert "Binder" in everything(case)
    assert not [w for w in walk(case) if isinstance(w, ipywidgets.Checkbox)], "nothing to agree to"


def test_a_study_that_is_not_there_is_said_without_its_path_and_can_be_checked_again(tmp_path: Path) -> None:
    case = OwnCase(tmp_path / "ZWIRNOVSKA", folder=tmp_path / "out", environ=LOCAL)
    press(case, "Check this study")
    assert "role='alert'" in case._status.value
    assert "zwirnovska" not in case._status.value.casefold()
    press(case, "Check this study")


def drop(case: OwnCase, files: dict[str, bytes]) -> list[dict[str, Any]]:
    """What the page sends when files are dropped; gives what Python answers."""
    (zone,) = (w for w in walk(case) if isinstance(w, DropZone))
    answers: list[dict[str, Any]] = []
    zone.send = lambda content, buffers=None: answers.append(content)
    contents = list(files.values())
    offer = [[name, len(content)] for name, content in files.items()]
    zone._on_message(zone, {"type": "offer", "sending": 1, "files": offer}, [])
    for number in answers[-1].get("wanted", []):
        content = contents[number]
        for piece in (content[:100], content[100:]):
            message = {"type": "pieces", "sending": 1, "pieces": [[number, len(piece)]]}
            zone._on_message(zone, message, [memoryview(piece)])
    zone._on_message(zone, {"type": "end", "sending": 1}, [])
    return answers


def test_a_dropped_study_is_copied_under_numbers_checked_and_shown_only_then(named: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    case = OwnCase(folder=out, environ=LOCAL)
    answers = drop(case, {f"ZWIRNOVSKA/{path.name}": path.read_bytes() for path in sorted((named / "T1").iterdir())})
    assert answers[-1]["type"] == "done"
    assert [path.name for path in sorted((out / "case1.study").iterdir())] == [f"00000{k}.dcm" for k in (1, 2, 3)]
    assert case.privacy is not None
    assert case.privacy.verdict == "identifiable"
    assert case.study is None
    assert "case1.study" in everything(case)
    (read,) = (w for w in walk(case) if isinstance(w, ipywidgets.Checkbox))
    read.value = True
    press(case, "Show the images")
    assert case.study is not None
    text = everything(case).casefold() + "".join(str(w.get_state()) for w in walk(case)).casefold()
    for word in NEVER_SHOWN:
        assert not re.search(word, text), word


def test_a_study_that_was_copied_before_is_gone_on_with(t1: Path, tmp_path: Path) -> None:
    shutil.copytree(t1 / "T1", tmp_path / "A17.study")
    case = OwnCase(folder=tmp_path, code="A17", environ=LOCAL)
    assert [w.value for w in walk(case) if getattr(w, "description", "") == "Code"] == ["A18"], "not that of another"
    press(case, "Go on")
    assert case.study is not None
    assert case._code == "A17"


def test_what_cannot_be_taken_in_is_said_and_the_next_is_asked_for(tmp_path: Path) -> None:
    case = OwnCase(folder=tmp_path, environ=LOCAL)
    answers = drop(case, {"../x.dcm": b"x"})
    (zone,) = (w for w in walk(case) if isinstance(w, DropZone))
    assert answers[-1]["type"] == "refused"
    assert "climb out" in zone._zone["text"]
    drop(case, {"x.txt": b"no image"})
    assert "role='alert'" in case._status.value
    assert [w for w in walk(case) if isinstance(w, DropZone)], "it can be tried again"


def test_a_typed_path_in_the_app_stays_in_the_folder(t1: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(t1 / "T1", home / "mine")
    (home / "link").symlink_to(t1)
    for path, words in (
        (str(t1), "leads out of it"),
        ("../" + t1.name, "leads out of it"),
        ("link", "leads out of it"),
        ("mine\0", "no possible path"),
        (" ", "The path is empty"),
    ):
        case = OwnCase(folder=home, environ=LOCAL, only_inside=True)
        (box,) = (w for w in walk(case) if getattr(w, "description", "") == "Path")
        box.value = path
        press(case, "Open this path")
        assert case.privacy is None, path
        assert words in everything(case), path
    box.value = "mine"
    press(case, "Open this path")
    assert case.study is not None


def test_a_disk_that_fills_up_while_reports_are_written_is_said_with_what_was_written(
    t1: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = OwnCase(t1, folder=tmp_path / "out", code="A17", environ=LOCAL)
    press(case, "Check this study")
    press(case, "Use these series")
    assert case.studio is not None
    case.studio.rois = [r for r in read_rois(CASE / "reference_rois.vbqkit.json").rois if r.label in ("L1", "CSF")]
    case._reader.value, case._endings.value = "AB", (".html", ".sc.dcm")
    opened = Path.open

    def full(path: Path, *args: Any, **options: Any) -> Any:
        if ".sc.dcm" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    press(case, "Write the report")
    assert "No space left on device" in case._told.value
    assert "Written before that: A17.html." in case._told.value
    assert [path.name for path in case.written] == ["A17.html"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "A17.html",
        "A17.rois.vbqkit.json",
        "A17.vbqkit.json",
    ]


@pytest.mark.parametrize("code", ["", "a/b", "a b", "../x"])
def test_a_code_that_is_no_file_name_is_refused(code: str) -> None:
    with pytest.raises(FormatError, match="becomes part of file names"):
        OwnCase(CASE, code=code)
