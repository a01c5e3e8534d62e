"""What the next ROI is called, with a real mouse: by its place among the others, not by the order of drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SPINE = (Path(__file__).parents[1] / "studio" / "spine.py").read_text()
SHOW = "volume = spine()\nstudio = RoiStudio(volume, rois=placed(volume, noise=True), height=500)\nstudio"
PLACED = ["L1", "L2", "L3", "L4", "CSF", "noise"]


@pytest.fixture(scope="module")
def phantom() -> str:
    return f"{SPINE}\nfrom vbqkit.studio import RoiStudio"


@pytest.fixture(scope="module")
def opened(browser: Any, server: Any, phantom: str, tools: Any) -> Any:
    page = tools.new_page(browser)
    lab = tools.Lab(page, server)
    lab.open("test_level_names.ipynb", phantom, SHOW)
    lab.wait_for_studio()
    yield lab
    assert not page.problems
    page.context.close()


@pytest.fixture
def lab(fresh_lab: Any) -> Any:
    fresh_lab.key("Home", "PageDown")
    return fresh_lab


def draw(lab: Any, box: dict[str, float]) -> None:
    """Draw a box there with the mouse."""
    lab.key("Escape", "b")
    lab.drag((box["x"], box["y"]), (box["width"], box["height"]))


def without(lab: Any, *labels: str) -> dict[str, dict[str, float]]:
    """Delete these ROIs; returns where they lay on the screen."""
    boxes = {label: lab.roi(label) for label in labels}
    for label in labels:
        lab.page.mouse.click(*lab.middle(label))
        lab.key("Delete")
    return boxes


@pytest.mark.parametrize("label", PLACED)
def test_a_roi_that_is_deleted_and_drawn_again_has_its_name_again(lab: Any, label: str) -> None:
    draw(lab, without(lab, label)[label])
    assert lab.labels() == [*(other for other in PLACED if other != label), label]


def test_levels_drawn_from_the_sacrum_upwards_are_counted_upwards(lab: Any) -> None:
    boxes = without(lab, *PLACED)
    hint = lab.page.locator(".vbq-hint")
    assert hint.inner_text() == "the first level is called L1: choose another to start there, such as S1"
    lab.page.locator(".vbq-chip[data-label=L5]").click()
    assert hint.inner_text() == "the next ROI is called L5"
    for place in ("L4", "L3", "L2", "L1"):
        draw(lab, boxes[place])
    assert lab.labels() == ["L5", "L4", "L3", "L2"]


def test_levels_drawn_in_any_order_after_the_first_have_the_names_of_their_places(lab: Any) -> None:
    boxes = without(lab, *PLACED)
    for place in ("L1", "L2", "L3", "CSF", "noise", "L4"):
        draw(lab, boxes[place])
    assert lab.labels() == ["L1", "L2", "L3", "CSF", "noise", "L4"]


def test_a_second_roi_in_one_body_gets_no_name_and_says_so(lab: Any) -> None:
    draw(lab, lab.roi("L2"))
    assert lab.labels() == [*PLACED, ""]
    assert lab.status() == "Its place does not decide its name: press a digit, C or N"
    lab.key("5")
    assert lab.labels() == [*PLACED, "L5"]


def test_a_chosen_name_counts_once_and_can_be_given_up(lab: Any) -> None:
    chip = lab.page.locator(".vbq-chip[data-label=T12]")
    lab.key("Escape")
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    chip.click()
    draw(lab, lab.roi("L2"))
    draw(lab, lab.roi("L2"))
    assert lab.labels() == [*PLACED, "T12", ""]


def test_two_rois_that_are_drawn_are_two_and_a_square_stays_a_square(lab: Any) -> None:
    box = lab.roi("L2")
    lab.page.keyboard.down("Shift")
    draw(lab, box | {"width": 40, "height": 20})
    lab.page.keyboard.up("Shift")
    drawn = lab.page.locator(".vbq-selected path.vbq-line").bounding_box()
    assert drawn["width"] == pytest.approx(drawn["height"], rel=0.05)
    draw(lab, box)
    ids = lab.page.locator(".vbq-table tbody tr").evaluate_all("rows => rows.map(row => row.dataset.roi)")
    assert len(set(ids)) == len(PLACED) + 2
