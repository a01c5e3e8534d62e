"""A case of one's own: nothing is shown before it was checked, and what is written says what was measured."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import ipywidgets
import pydicom
import pytest

from vbqkit.errors import FormatError
from vbqkit.formats import read_rois, read_study
from vbqkit.scores import score_case
from vbqkit.studio import OwnCase, own_case

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
LOCAL: dict[str, str] = {}
NAMED = {"PatientName": "ZWIRNOVSKA^OLGA", "PatientID": "5052316789", "PatientBirthDate": "19500202"}


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
    for word in ("zwirnovska", "olga", "5052316789", "1950"):
        assert word not in text, word


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


@pytest.mark.parametrize("code", ["", "a/b", "a b", "../x"])
def test_a_code_that_is_no_file_name_is_refused(code: str) -> None:
    with pytest.raises(FormatError, match="becomes part of file names"):
        OwnCase(CASE, code=code)
