"""What the page says: whose image it is, what is wrong with which number, and no sign where nothing is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SPINE = (ROOT / "tests" / "studio" / "spine.py").read_text()
STUDIO = "\nfrom vbqkit.studio import RoiStudio\n"
CASE = """
from vbqkit.formats import read_rois, read_study
from vbqkit.studio import RoiStudio
study = read_study("sample_data/{case}")
rois = read_rois("sample_data/{case}/reference_rois.vbqkit.json").rois
studio = RoiStudio([study.find(w).volume() for w in ("T1", "T2", "STIR")], rois=rois, height=420)
studio
"""
UNEVEN = {
    ("case01", 1): ("L2: ",),
    ("case04", 2): ("fat: ",),
    ("case06", 1): ("T12: ",),
    ("case08", 2): ("L5: ", "fat: "),
}
"""Signs for a steep gradient, by case and view, on ROIs that hold a step: patches of marrow in T12, L2 and L5, septa in
suppressed fat. A reference ROI looks for one tissue, not for an even one."""
MARKED = "() => [...document.querySelectorAll('.vbq-table tr[data-label]')].filter(r => !r.querySelector('.vbq-mark').hidden)"


def marked(lab: Any) -> list[str]:
    lab.settle()
    found: list[str] = lab.page.evaluate(
        f"() => ({MARKED})().map(r => r.dataset.label + ': ' + r.querySelector('.vbq-mark').title)"
    )
    return found


def places_known(lab: Any) -> None:
    """Until Python has looked at the places, and the page at every series."""
    lab.wait_for_python()
    lab.page.wait_for_timeout(700)


@pytest.mark.parametrize("case", [f"case0{number}" for number in range(1, 9)])
def test_the_reference_rois_of_a_sample_case_have_no_mark_on_any_series_and_a_bad_one_has(lab: Any, case: str) -> None:
    shutil.copytree(ROOT / "sample_data", lab.server.root / "sample_data", dirs_exist_ok=True)
    lab.open(f"signs_{case}.ipynb", CASE.format(case=case))
    lab.wait_for_studio()
    for view in range(3):
        lab.stage(view).focus()
        lab.key("Escape", view=view)
        places_known(lab)
        found = [text for text in marked(lab) if not text.startswith(("noise", *UNEVEN.get((case, view), ())))]
        assert found == [], f"view {view}"
    box = lab.roi("L3")
    lab.drag(lab.middle("L3"), (0, 2.2 * box["height"]))
    lab.sees(lambda: any(text.startswith("L3: ") for text in marked(lab)), True)


def test_a_roi_on_the_disc_leaves_no_number_says_why_and_the_number_comes_back(lab: Any) -> None:
    lab.open("disc.ipynb", SPINE + STUDIO, "volume = spine()\nRoiStudio(volume, rois=placed(volume))")
    lab.wait_for_studio()
    before = lab.shown("VBQ-T1 (median)")
    assert before is not None
    assert lab.page.locator(".vbq-doubt:visible").count() == 0
    lab.page.mouse.click(*lab.middle("L2"))
    lab.drag(lab.middle("L2"), (0, 1.7 * lab.roi("L2")["height"]))
    lab.sees(lambda: lab.shown("VBQ-T1 (median)"), None)
    summary = lab.page.locator(".vbq-scores summary", has_text="VBQ-T1 (median)")
    lab.sees(lambda: "not given" in summary.inner_text() and "L2" in summary.inner_text(), True)
    lab.key("Control+z")
    lab.sees(lambda: lab.shown("VBQ-T1 (median)"), before)


def test_a_roi_on_another_slice_has_no_mark_and_says_where_it_lies(lab: Any) -> None:
    lab.open("slices.ipynb", SPINE + STUDIO, "volume = spine()\nRoiStudio(volume, rois=placed(volume))")
    lab.wait_for_studio()
    lab.page.mouse.click(*lab.middle("L2"))
    lab.key("PageDown")
    places_known(lab)
    assert marked(lab) == []
    assert lab.page.locator(".vbq-faults").inner_text() == "not on this slice: it lies on slice 2"


def test_a_series_of_another_frame_of_reference_is_linked_by_a_click(lab: Any) -> None:
    lab.open(
        "linked_by_hand.ipynb",
        SPINE + STUDIO,
        "t1 = spine()\nRoiStudio([t1, spine('T2', frame_of_reference_uid='2')], rois=placed(t1))",
    )
    lab.wait_for_studio()
    button = lab.page.get_by_text("link by position")
    lab.key("Escape", view=0)
    assert not button.is_visible()
    lab.key("Escape", view=1)
    assert button.is_visible()
    assert lab.stage(1).locator("g[data-label]").count() == 0
    button.click()
    lab.sees(lambda: lab.stage(1).locator("g[data-label=L3]").count(), 1)
    lab.sees(lambda: lab.shown("VBQ-T2 (median)") is not None, True)
    assert "as the user stated" in lab.page.locator(".vbq-notes").inner_text()
    assert not button.is_visible()


def test_a_refused_series_says_so_above_the_picture_and_gives_no_number(lab: Any) -> None:
    lab.open(
        "refused.ipynb",
        SPINE + STUDIO,
        "from dataclasses import replace\nfrom vbqkit.errors import Caution\n"
        "tags = Caution('missing-tags', 'The header states no TE.')\n"
        "t1 = replace(spine(), refusal='contrast agent: Gadoterate', cautions=(tags,))\n"
        "studio = RoiStudio([replace(spine('T2'), cautions=(tags,)), t1], rois=placed(t1))\n"
        "for k in range(12): studio._say(f'file {k} cannot be read')\n"
        "studio",
    )
    lab.wait_for_studio()
    notes = lab.page.locator(".vbq-notes")
    first = notes.locator(".vbq-note").first
    assert first.inner_text() == "T1: This series cannot be scored: contrast agent: Gadoterate"
    assert notes.locator(".vbq-note").count() == 15
    box, picture, whole = first.bounding_box(), lab.stage().bounding_box(), notes.bounding_box()
    assert box["y"] + box["height"] <= picture["y"], "above the picture"
    assert box["y"] + box["height"] <= whole["y"] + whole["height"], "without scrolling"
    quiet = notes.locator(".vbq-is-note").all_inner_texts()
    assert quiet == ["T2: The header states no TE.", "T1: The header states no TE."]
    for key in ("VBQ-T1 (median)", "VBQ-T1 (mean)"):
        assert lab.shown(key) is None
    assert lab.shown("VBQ-T2 (median)") is not None


def test_the_weighting_is_stated_and_the_reason_goes_with_it(lab: Any) -> None:
    lab.open(
        "stated.ipynb",
        SPINE + STUDIO,
        "unknown = spine(series_description='T2 tse').with_acquisition(weighting='unknown', weighting_reason='no TR')\n"
        "RoiStudio(unknown, rois=placed(unknown))",
    )
    lab.wait_for_studio()
    why = lab.page.locator(".vbq-why-none")
    lab.sees(why.is_visible, True)
    assert "unknown (no TR)" in why.inner_text()
    control = lab.page.get_by_label("Weighting of this series")
    control.select_option("T1")
    lab.page.wait_for_selector(".vbq-scores output[data-key='VBQ-T1 (median)']", state="attached")
    lab.sees(lambda: lab.shown("VBQ-T1 (median)") is not None, True)
    assert not why.is_visible()
    assert "T1 sagittal" in lab.text("tl")
    assert "Stated T1, but the header says: its description hints at T2" in lab.page.locator(".vbq-notes").inner_text()
    lab.sees(lambda: "Stated T1" in lab.page.locator(".vbq-doubt").first.inner_text(), True)
    control.select_option("")
    lab.sees(why.is_visible, True)


def test_whose_image_it_is_stands_on_the_image_and_not_in_the_saved_notebook(lab: Any) -> None:
    planted = ("PSEUDO-4711", "1987-06-05", "planted description")
    lab.open(
        "whose.ipynb",
        SPINE + STUDIO,
        "from vbqkit.study import make_series\n"
        "from dataclasses import replace\n"
        "series = make_series(spine(series_description='planted ' + 'description'))\n"
        "series = replace(series, patient_id='PSEUDO-' + '4711', study_date='1987-' + '06-05')\n"
        "studio = RoiStudio(series, rois=placed(series.volume()))\nstudio",
        "studio.snapshot()",
    )
    lab.wait_for_studio()
    lab.sees(lambda: lab.text("tl").split("\n")[:3], list(planted))
    lab.drag(lab.middle("L3"), (3, 0))
    lab.wait_for_python()
    lab.page.wait_for_timeout(1500)
    lab.page.keyboard.press("Control+s")
    path = lab.server.root / "whose.ipynb"
    lab.sees(lambda: "vbqkit-static" in path.read_text(), True)
    saved = nbformat.read(path, as_version=4)
    assert not [text for text in planted if text in nbformat.writes(saved)]
