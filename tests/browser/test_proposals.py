"""Proposed ROIs with a real mouse and keyboard: seen, doubted, accepted, corrected, named, and kept over a reload."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CASE = """
from vbqkit.formats import read_study
from vbqkit.studio import RoiStudio
study = read_study("sample_data/case05")
studio = RoiStudio([study.find(w).volume() for w in ("T1", "T2")], height=520, case_file="{name}.vbqkit.json")
studio
"""
ASKING = """
from dataclasses import replace
from vbqkit.image import Volume
whole = read_study("sample_data/case05").find("T1").volume()
upper = replace(whole, pixels=whole.pixels[:, :200])
studio = RoiStudio(upper, height=520)
studio
"""
EIGHT = ["T12", "L1", "L2", "L3", "L4", "L5", "S1", "CSF", "noise"]


@pytest.fixture
def studio(lab: Any, request: pytest.FixtureRequest) -> Any:
    shutil.copytree(ROOT / "sample_data" / "case05", lab.server.root / "sample_data" / "case05", dirs_exist_ok=True)
    name = request.node.name.split("[")[0][-30:]
    (lab.server.root / f"{name}.vbqkit.json").unlink(missing_ok=True)
    lab.open(f"{name}.ipynb", CASE.format(name=name))
    lab.wait_for_studio()
    lab.case = lab.server.root / f"{name}.vbqkit.json"
    return lab


def waiting(lab: Any) -> list[str]:
    lab.settle()
    # In one look: a row may go while the others are asked.
    labels: list[str] = lab.page.eval_on_selector_all(
        ".vbq-waiting-list > li", "rows => rows.map(r => r.dataset.label)"
    )
    return labels


def line(lab: Any, label: str) -> Any:
    return lab.page.locator(f".vbq-waiting-list > li[data-label='{label}']")


def placed(lab: Any) -> list[Any]:
    """What the case file holds of the ROIs that count."""
    return [[item["label"], item["center"]] for item in json.loads(lab.case.read_text())["rois"]]


def propose(lab: Any) -> None:
    lab.page.get_by_role("button", name="Propose ROIs").click()
    lab.sees(lambda: len(waiting(lab)) > 0, True)


def dash(lab: Any, label: str) -> str | None:
    outline = lab.stage().locator(f"g[data-label='{label}'] path.vbq-line")
    return outline.get_attribute("stroke-dasharray") or None


def test_one_button_shows_rois_that_count_for_nothing_and_says_how_sure_each_is(studio: Any) -> None:
    lab = studio
    button = lab.page.locator(".vbq-propose")
    button.click()
    assert button.get_attribute("aria-busy") == "true"
    lab.sees(lambda: waiting(lab), EIGHT)
    lab.sees(lambda: button.get_attribute("aria-busy"), "false")
    assert lab.slice() == 6
    assert lab.labels() == []
    assert lab.shown("VBQ-T1 (median)") is None
    assert dash(lab, "L2") is not None
    assert dash(lab, "L3") is None
    doubt = line(lab, "L2").locator("p")
    assert "the body is 18 mm high, the others 24: a fracture?" in doubt.inner_text()
    lab.page.mouse.move(*lab.middle("L2"))
    lab.settle()
    tip = str(lab.stage().get_attribute("title"))
    assert tip.startswith("L2, proposed with confidence 0.")
    assert "Look twice: the body is 18 mm high" in tip
    assert lab.status().startswith("9 ROIs proposed, 2 of them doubtful: Shift+Enter accepts all")


def test_accepted_one_by_one_by_key_and_button_and_all_at_once(studio: Any) -> None:
    lab = studio
    lab.key("q")
    lab.sees(lambda: waiting(lab), EIGHT)
    lab.page.mouse.click(*lab.middle("L3"))
    assert "L3, proposed with confidence" in lab.status()
    lab.page.keyboard.press("Enter")
    lab.sees(lab.labels, ["L3"])
    assert lab.page.locator(".vbq-selected").first.get_attribute("data-label") == "L4", "on to the next"
    lab.page.mouse.click(*lab.middle("noise"))
    lab.page.keyboard.press("Delete")
    assert "noise" not in waiting(lab)
    line(lab, "CSF").get_by_role("button", name="Accept CSF").click()
    lab.sees(lab.labels, ["L3", "CSF"])
    lab.key("Control+z", "Control+z")
    assert "noise" in waiting(lab)
    lab.key("Escape", "Shift+Enter")
    lab.sees(lambda: sorted(lab.labels()), sorted(EIGHT))
    assert waiting(lab) == []
    lab.sees(lambda: lab.shown("VBQ-T1 (median)") is not None, True)
    origins = lab.page.locator(".vbq-table .vbq-origin").all_inner_texts()
    assert origins == ["accepted"] * 9
    lab.key("Control+z")
    assert waiting(lab) == [label for label in EIGHT if label != "L3"]


def test_a_roi_that_is_moved_counts_as_corrected_and_undo_makes_it_wait_again(studio: Any) -> None:
    lab = studio
    propose(lab)
    x, y = lab.middle("L4")
    lab.drag((x, y), (0, 8))
    lab.wait_for_python()
    assert lab.labels() == ["L4"]
    word = lab.page.locator(".vbq-table tr[data-label=L4] .vbq-origin")
    assert word.inner_text() == "corrected"
    lab.sees(lambda: str(word.get_attribute("title")).startswith("corrected: moved "), True)
    lab.key("Control+z")
    assert lab.labels() == []
    assert "L4" in waiting(lab)
    lab.page.mouse.click(*lab.middle("L1"))
    lab.key("ArrowRight")
    assert lab.labels() == ["L1"]


def test_what_was_placed_before_is_left_alone_and_that_is_said(studio: Any) -> None:
    lab = studio
    propose(lab)
    lab.page.mouse.click(*lab.middle("L3"))
    lab.page.keyboard.press("ArrowDown")
    lab.wait_for_python()
    own = placed(lab)
    lab.key("Escape", "Shift+Delete")
    lab.sees(lambda: waiting(lab), [])
    propose(lab)
    assert "L3" not in waiting(lab)
    assert placed(lab) == own
    assert "Not proposed, as you have placed them: L3" in lab.page.locator(".vbq-notes").inner_text()


def test_a_reload_keeps_what_waits_what_was_accepted_and_what_was_corrected(studio: Any) -> None:
    lab = studio
    propose(lab)
    lab.page.mouse.click(*lab.middle("L1"))
    lab.key("Enter")
    lab.sees(lab.labels, ["L1"])
    lab.page.mouse.click(*lab.middle("L4"))
    lab.key("ArrowDown")
    lab.wait_for_python()
    left = [label for label in EIGHT if label not in ("L1", "L4")]
    assert waiting(lab) == left
    lab.sees(lambda: len(json.loads(lab.case.read_text()).get("proposed", [])), len(left))
    lab.save()
    lab.page.reload()
    lab.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    lab.server.close_kernels()
    lab.page.reload()
    lab.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    lab.run_all()
    lab.wait_for_studio()
    assert waiting(lab) == left
    assert sorted(lab.labels()) == ["L1", "L4"]
    origins = lab.page.locator(".vbq-table .vbq-origin").all_inner_texts()
    assert origins == ["accepted", "corrected"]
    written = json.loads(lab.case.read_text())
    assert {item["label"]: item["origin"] for item in written["rois"]} == {"L1": "accepted", "L4": "corrected"}
    assert {item["origin"] for item in written["proposed"]} == {"proposed"}


def test_without_the_sacrum_the_reader_is_asked_and_one_answer_names_all(lab: Any) -> None:
    shutil.copytree(ROOT / "sample_data" / "case05", lab.server.root / "sample_data" / "case05", dirs_exist_ok=True)
    lab.open("asking.ipynb", "from vbqkit.formats import read_study\nfrom vbqkit.studio import RoiStudio", ASKING)
    lab.wait_for_studio()
    propose(lab)
    assert waiting(lab)[0] == "body 1"
    question = lab.page.locator(".vbq-question")
    assert "Neither L5 nor S1 can be recognised" in question.inner_text()
    assert lab.page.locator("[data-action=accept-all]").is_disabled()
    lab.key("Shift+Enter")
    notes = lab.page.locator(".vbq-notes")
    lab.sees(lambda: "cannot be accepted without a name" in notes.inner_text(), True)
    assert lab.labels() == []
    line(lab, "body 3").get_by_role("combobox").select_option("L1")
    lab.sees(lambda: waiting(lab)[:2], ["T12", "L1"])
    assert question.is_hidden()
    assert lab.labels() == []
    lab.key("Control+z")
    lab.sees(lambda: waiting(lab)[:1], ["body 1"])
    lab.page.mouse.click(*lab.middle("body 4"))
    lab.page.keyboard.press("2")
    lab.sees(lambda: waiting(lab)[:3], ["T12", "L1", "L2"])
    lab.page.locator("[data-action=accept-all]").click()
    lab.sees(lambda: lab.labels()[:3], ["T12", "L1", "L2"])
