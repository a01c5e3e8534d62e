"""The parts of the page of one's own case: levels, published values, a blinded second reading, an earlier study."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import ipywidgets
import pydicom
import pytest

from vbqkit.formats import read_rois, read_study
from vbqkit.reference_library import Member, add_member
from vbqkit.repeats import CaseReading, add_reading, read_readings
from vbqkit.scan_protocol import ScanProtocol
from vbqkit.scores import ReferenceGroup
from vbqkit.studio import OwnCase, RoiStudio
from vbqkit.studio.own_levels import LevelsPanel
from vbqkit.studio.own_prior import PriorPanel
from vbqkit.studio.own_readings import ReadingsPanel

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
SCORED = ("L1", "L2", "L3", "L4", "CSF", "noise")
KEY = "VBQ-T1 (median)"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slices about the one with the ROIs, of a patient with a number."""
    folder = tmp_path_factory.mktemp("now") / "T1"
    folder.mkdir()
    for path in sorted((CASE / "T1").iterdir())[4:7]:
        shutil.copy(path, folder)
    return folder.parent


def rois(shift_mm: float = 0.0) -> list[Any]:
    drawn = [r for r in read_rois(CASE / "reference_rois.vbqkit.json").rois if r.label in SCORED]
    return [r.moved((0.0, shift_mm, 0.0)) if r.label.startswith("L") else r for r in drawn]


def changed(study: Path, to: Path, **values: Any) -> Path:
    shutil.copytree(study, to)
    for path in to.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return to


def opened(study: Path, folder: Path, **more: Any) -> OwnCase:
    case = OwnCase(study, folder=folder, code="A17", environ={}, **more)
    case.check()
    if case.study is None:
        case._open()
    press(case, "Use these series")
    case.studio.rois = rois()
    return case


def walk(widget: Any) -> list[Any]:
    return [widget, *(one for child in getattr(widget, "children", ()) for one in walk(child))]


def everything(widget: Any) -> str:
    return " ".join(f"{getattr(w, 'value', '')} {getattr(w, 'description', '')}" for w in walk(widget))


def press(case: OwnCase, text: str) -> None:
    (found,) = [w for w in walk(case) if isinstance(w, ipywidgets.Button) and w.description == text]
    assert not found.disabled
    found.click()


def field(widget: Any, name: str) -> Any:
    return next(
        w for w in walk(widget) if getattr(w, "description", "") == name and not isinstance(w, ipywidgets.Button)
    )


def test_without_a_group_there_is_no_m_score_and_the_papers_are_shown(study: Path, tmp_path: Path) -> None:
    case = opened(study, tmp_path / "out")
    assert "there is no M-score" in everything(case)
    press(case, "Show the scores")
    shown = case._parts._scores.value
    assert shown.count("<svg") == 1
    assert "Nearest published settings" in shown
    assert "published cut-offs" in shown
    assert "no reference group" in shown


def test_a_library_in_the_folder_of_the_cases_is_used_if_its_scanner_agrees(study: Path, tmp_path: Path) -> None:
    volume = read_study(study).find("T1").volume()
    for k, snr in enumerate((300.0, 350.0, 280.0)):
        new = Member(code=f"W{k}", snr=snr, scanned_on="2026-10", age_years=25.0)
        add_member(tmp_path / "out" / "reference_groups", new, ScanProtocol.of(volume), group="own")
    case = opened(study, tmp_path / "out")
    assert "Group own agrees with this scan" in everything(case)
    assert case.studio.scores["M-score"].part("reference n") == 3.0
    other = opened(
        changed(study, tmp_path / "other", EchoTime=30.0),
        tmp_path / "out2",
        reference=tmp_path / "out" / "reference_groups",
    )
    assert "differs in TE: 30 ms here, 11 ms in own" in everything(other)
    assert "no reference group" in str(other.studio.scores["M-score"])


def test_a_stated_group_is_used_as_it_is(study: Path, tmp_path: Path) -> None:
    stated = ReferenceGroup(mean=300.0, sd=30.0, n=20, scanner="ours")
    case = opened(study, tmp_path / "out", reference=stated)
    assert case.studio.scores["M-score"].part("reference n") == 20.0


def test_a_level_that_is_left_out_is_in_no_score_and_the_report_says_so(study: Path, tmp_path: Path) -> None:
    case = opened(study, tmp_path / "out")
    field(case, "L2").value = "fracture"
    case._reader.value = "AB"
    press(case, "Leave these levels out")
    assert case.studio.scores[KEY].levels == ("L1", "L3", "L4")
    assert len(case.studio.rois) == len(SCORED)
    press(case, "Write the report")
    page = case.written[0].read_text(encoding="utf-8")
    assert "L2 was left out (fracture)" in page
    assert "T12 and/or L5 take the place" in page
    assert "Chen 2023, doi 10.1186/s13018-023-03746-0" in page


def test_the_second_reading_sees_nothing_of_the_first(study: Path, tmp_path: Path) -> None:
    case = opened(study, tmp_path / "out")
    first = case.studio
    assert first is not None
    value = first.scores[KEY].value
    panel = case._parts.readings
    press(case, "Close this reading")
    assert "Say who read it" in panel._told.value
    panel._reader.value = "AB"
    press(case, "Close this reading")
    press(case, "Begin the second reading")
    seen = walk(case)
    assert first not in seen
    second = panel.second
    assert second in seen
    assert second.rois == ()
    assert second._options["blind"] is True
    assert second._options["propose"] is False
    assert second.slices == [len(second.volumes[0]) // 2]
    assert f"{value:.4g}" not in everything(case)
    assert not [w for w in seen if isinstance(w, ipywidgets.Button) and "report" in w.description]
    second.rois = rois(1.5)
    press(case, "Close the second reading")
    assert "Say who read it" in panel._told.value, "a reader is named for each reading"
    panel._reader.value = "AB"
    press(case, "Close the second reading")
    (kept,) = read_readings(tmp_path / "out")
    one, two = (kept.reading(number).scores[KEY] for number in (1, 2))
    assert one == value
    assert two != one
    assert first in walk(case)
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"A17.reading1.rois.vbqkit.json", "A17.reading2.rois.vbqkit.json", "A17.vbqkit.json"} <= names
    case._reader.value = "AB"
    press(case, "Write the report")
    page = case.written[0].read_text(encoding="utf-8")
    assert f"{one:.4g} (first, AB), {two:.4g} (second, AB, blinded to it)" in page
    assert "They are not averaged" in page
    assert f"{(one + two) / 2:.6g}" not in page


def test_on_another_day_the_second_reading_comes_before_the_first_is_shown(study: Path, tmp_path: Path) -> None:
    add_reading_of(tmp_path / "out", "A17", 3.0)
    case = OwnCase(study, folder=tmp_path / "out", code="A17", environ={})
    case.check()
    if case.study is None:
        case._open()
    press(case, "Second reading")
    assert case.studio is None
    (studio,) = [w for w in walk(case) if isinstance(w, RoiStudio)]
    assert studio._options["blind"] is True
    studio.rois = rois()
    case._parts.readings._reader.value = "CD"
    press(case, "Close the second reading")
    assert case.studio is not None
    again = OwnCase(study, folder=tmp_path / "out", code="A17", environ={})
    again.check()
    if again.study is None:
        again._open()
    press(again, "Second reading")
    assert "The second reading of this case is closed already" in again._status.value


def add_reading_of(folder: Path, code: str, value: float, again: float | None = None) -> None:
    folder.mkdir(exist_ok=True)
    for number, one in ((1, value), (2, again)):
        if one is not None:
            add_reading(folder, code, CaseReading(number=number, reader="AB", read_on="2026-11-01", scores={KEY: one}))


def test_an_earlier_study_is_compared_only_if_it_is_of_the_same_person_and_scanner(study: Path, tmp_path: Path) -> None:
    now = changed(study, tmp_path / "now", PatientID="5052316789", StudyDate="20260101")
    before = changed(
        study, tmp_path / "NOVAKOVA", PatientID="5052316789", StudyDate="20240101", StudyInstanceUID="1.2.3"
    )
    other = changed(
        study, tmp_path / "other", PatientID="5052316789", ManufacturerModelName="Avanto", StudyInstanceUID="1.2.4"
    )
    stranger = changed(study, tmp_path / "stranger", PatientID="6012316789", StudyInstanceUID="1.2.5")
    for k in range(4):
        add_reading_of(tmp_path / "out", f"c{k}", 3.0 + 0.1 * k, 3.02 + 0.1 * k)
    case = opened(now, tmp_path / "out")
    panel = case._parts.prior
    case.studio.rois = rois(2.0)

    def compare(path: Path) -> str:
        panel._path.value, panel._earlier.value = str(path), str(CASE / "reference_rois.vbqkit.json")
        press(case, "Compare")
        return str(panel._told.value)

    told = compare(before)
    assert "same patient number" in told
    assert "2.0 years lie between" in told
    assert "your own 4 cases read twice" in told
    assert "NOVAKOVA" not in everything(case)
    assert any(KEY in line for line in panel.lines())
    assert "of different scanners (model" in compare(other)
    assert "this very study" in compare(now)
    assert "different patient numbers" in compare(stranger)
    assert panel.lines() == ()
    field(panel, "Same").value = "moved to this hospital"
    press(case, "Compare")
    assert "Stated by the reader" in panel._told.value, "what was named stays known"
    assert "5052316789" not in everything(case)
    assert "6012316789" not in everything(case)
    panel._lsc.value, panel._source.value = "0.25", ""
    assert "Name the paper" in compare(before)
    panel._source.value = "Author 2025, doi 10.1/x"
    assert "from Author 2025, doi 10.1/x: 0.25;" in compare(before)
    assert "[earlier study]" in compare(tmp_path / "NOVAKOVA_nowhere")
    assert "NOVAKOVA" not in everything(case)


def test_an_earlier_study_of_a_person_is_not_read_elsewhere_than_at_home(study: Path, tmp_path: Path) -> None:
    named = changed(study, tmp_path / "named", PatientName="ZWIRNOVSKA^OLGA", PatientID="5052316789")
    case = OwnCase(study, folder=tmp_path / "out", code="A17", environ={"BINDER_REPO_URL": "https://example.org"})
    case.check()
    case._open()
    press(case, "Use these series")
    panel = case._parts.prior
    panel._path.value, panel._earlier.value = str(named), str(CASE / "reference_rois.vbqkit.json")
    press(case, "Compare")
    assert "does not run on your own computer" in panel._told.value


def test_a_part_of_the_page_does_not_replace_what_a_widget_is_made_of() -> None:
    for part in (PriorPanel, LevelsPanel, ReadingsPanel, OwnCase):
        own = {name for name, one in vars(part).items() if inspect.isfunction(one) and name[:2] != "__"}
        assert not {name for name in own if hasattr(ipywidgets.VBox, name)}, part
