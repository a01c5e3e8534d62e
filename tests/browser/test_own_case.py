"""The whole journey of a case of one's own: from a folder with a patient's name in it to a report without."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pydicom

from tests.browser.conftest import unpacked

ROOT = Path(__file__).parents[2]
NAMED = {"PatientName": "ZWIRNOVSKA^OLGA", "PatientID": "5052316789", "PatientBirthDate": "19500202"}
OPEN = """
from vbqkit.studio import OwnCase
case = OwnCase("ZWIRNOVSKA_OLGA", folder="kept", code="A17", environ={})
case
"""


def named_study(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for weighting in ("T1", "T2"):
        shutil.copytree(ROOT / "sample_data" / "case04" / weighting, folder / weighting)
    for path in folder.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in NAMED.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


def test_from_a_named_folder_to_a_report_without_the_name_in_few_clicks(lab: Any) -> None:
    root = lab.server.root
    named_study(root / "ZWIRNOVSKA_OLGA")
    shutil.rmtree(root / "kept", ignore_errors=True)
    lab.open("own_case.ipynb", OPEN)
    page, clicks = lab.page, 0
    case = page.locator(".vbq-own-case")

    def press(name: str) -> None:
        nonlocal clicks
        button = case.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed(timeout=60_000)
        button.click()
        clicks += 1

    press("Check this study")
    box = case.get_by_role("checkbox").first
    box.wait_for(timeout=60_000)
    assert "Identifiable" in case.inner_text()
    assert not case.locator(".vbq-stage").count(), "no picture before it was said that it may be seen"
    box.check()
    clicks += 1
    press("Show the images")
    press("Use these series")
    lab.wait_for_studio()
    press("Propose ROIs")
    case.locator(".vbq-waiting-list > li[data-label=L4]").wait_for(timeout=60_000)
    press("Accept all")
    case.locator(".vbq-table tr[data-label=L4]").wait_for(timeout=20_000)
    case.locator(".vbq-panel[data-source=python]").wait_for(timeout=20_000)
    reader = case.get_by_label("Reader")
    reader.scroll_into_view_if_needed()
    reader.fill("AB")
    reader.press("Tab")
    press("Write the report")
    case.get_by_text("Written: ").wait_for(timeout=120_000)
    assert clicks < 25
    seen = page.locator(".jp-Notebook .jp-OutputArea").all_inner_texts()
    lab.save()
    kept = [path for path in (root / "kept").iterdir() if path.suffix != ".lock"]
    assert sorted(path.name for path in kept) == ["A17.html", "A17.rois.vbqkit.json", "A17.vbqkit.json"]
    written = [path.read_text(encoding="utf-8") for path in kept]
    saved = (root / "own_case.ipynb").read_text(encoding="utf-8").replace('OwnCase(\\"ZWIRNOVSKA_OLGA\\"', "")
    for text in ("".join(seen), "".join(written), saved):
        for word in ("zwirnovska", "olga", "5052316789", "19500202", "1950-02-02"):
            assert word not in unpacked(text), word
    assert "ROIs proposed automatically and accepted unchanged" in "".join(written)


def test_a_second_reading_starts_on_an_empty_picture_without_numbers(lab: Any) -> None:
    root = lab.server.root
    shutil.rmtree(root / "plain", ignore_errors=True)
    shutil.rmtree(root / "twice", ignore_errors=True)
    shutil.copytree(ROOT / "sample_data" / "case04" / "T1", root / "plain" / "T1")
    cell = OPEN.replace('"ZWIRNOVSKA_OLGA", folder="kept"', '"plain", folder="twice"')
    lab.open("own_second.ipynb", cell)
    case = lab.page.locator(".vbq-own-case")

    def press(name: str) -> None:
        button = case.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed(timeout=60_000)
        button.click()

    press("Check this study")
    press("Use these series")
    lab.wait_for_studio()
    press("Propose ROIs")
    case.locator(".vbq-waiting-list > li[data-label=L4]").wait_for(timeout=60_000)
    press("Accept all")
    case.locator(".vbq-table tr[data-label=L4]").wait_for(timeout=20_000)
    case.locator(".jupyter-widget-Collapse-header").filter(has_text="Second reading").click()
    who = case.get_by_label("Read by")
    who.fill("AB")
    who.press("Tab")
    press("Close this reading")
    case.get_by_text("The first reading is closed.").wait_for(timeout=30_000)
    press("Begin the second reading")
    case.get_by_role("button", name="Close the second reading").wait_for(timeout=60_000)
    lab.wait_for_studio()
    assert case.locator(".vbq-stage").count() == 1
    assert not case.locator(".vbq-stage g[data-label]").count(), "a ROI of the first reading is seen"
    assert not case.locator(".vbq-scores output").count(), "a score is seen"
    assert not case.get_by_role("button", name="Propose ROIs").count()
    assert not case.get_by_role("button", name="Write the report").count()
    assert who.input_value() == ""


def test_a_folder_is_dropped_on_the_page_in_a_notebook_and_no_name_is_saved_with_it(lab: Any, tmp_path: Path) -> None:
    root = lab.server.root
    named_study(tmp_path / "ZWIRNOVSKA_OLGA")
    shutil.rmtree(root / "kept", ignore_errors=True)
    lab.open("dropped.ipynb", 'from vbqkit.studio import OwnCase\nOwnCase(folder="kept", code="A17", environ={})')
    zone = lab.page.locator(".vbq-drop")
    zone.wait_for(timeout=90_000)
    box = zone.bounding_box()
    data = {"items": [], "files": [str(tmp_path / "ZWIRNOVSKA_OLGA")], "dragOperationsMask": 1}
    session = lab.page.context.new_cdp_session(lab.page)
    for event in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20}
        session.send("Input.dispatchDragEvent", {"type": event, "data": data, **place})
    lab.page.get_by_text("1. Privacy").wait_for(timeout=60_000)
    assert "Identifiable" in lab.page.locator(".vbq-own-case").inner_text()
    assert len(list((root / "kept" / "A17.study").iterdir())) == len(
        list((tmp_path / "ZWIRNOVSKA_OLGA").rglob("*.dcm"))
    )
    lab.save()
    seen = (root / "dropped.ipynb").read_text(encoding="utf-8") + lab.page.locator(".jp-Notebook").inner_text()
    for word in ("zwirnovska", "olga", "5052316789", "19500202", "1950-02-02"):
        assert word not in seen.casefold(), word
