"""The tools of a viewer, with real events: rulers and angles, a count from S1, linked zoom, cine, reference lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

THREE = """
larger = stack_affine((-8, -50, 84), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
second = Volume(np.pad(volume.pixels, ((0, 0), (30, 0), (0, 30))), larger)
second = second.with_acquisition(weighting="T2", synthetic=True)
across = stack_affine((-16, -50, -60), (0, 0, 4), (0, 0.9, 0), (0.5, 0, 0))
axial = Volume(rng.integers(50, 400, (25, 100, 64)).astype("uint16"), across, thickness_mm=4)
axial = axial.with_acquisition(weighting="PD", synthetic=True)
studio = RoiStudio([volume, second, axial], rois=rois, case_file="tools.vbqkit.json")
studio
"""


@pytest.fixture(scope="module")
def three(browser: Any, server: Any, tools: Any, phantom: str) -> Iterator[Any]:
    """A sagittal T1 and T2 that differ in field of view, and axial slices."""
    page = tools.new_page(browser)
    opened = tools.Lab(page, server)
    opened.open("test_viewer_tools.ipynb", phantom, THREE)
    opened.wait_for_studio()
    yield opened
    assert not [
        problem for problem in page.problems if "Canceled future" not in problem
    ]  # JupyterLab's own, when it is slow
    page.context.close()


@pytest.fixture
def lab(three: Any) -> Any:
    three.key("Escape", "Escape", "v", "a", "Home", "PageDown", "PageDown", "Control+Delete", "r")
    three.settle()
    return three


def notes(lab: Any, view: int = 0) -> list[str]:
    lab.settle()
    return list(lab.stage(view).locator(".vbq-annotations .vbq-tag:not([data-of])").all_text_contents())


def lines(lab: Any, view: int) -> list[str]:
    lab.settle()
    return list(lab.stage(view).locator(".vbq-annotations text[data-of]").all_text_contents())


def chosen(lab: Any, key: str, tool: str) -> None:
    """Choose a tool, and wait for it: Python sends the first one."""
    lab.key(key)
    assert lab.page.locator(f"[data-tool={tool}]").get_attribute("aria-pressed") == "true"
    lab.sees(lambda: bool(re.search("lick", lab.status())), True)


def mm_of(lab: Any) -> float:
    """Millimetres of a screen pixel, by the scale bar of the first view."""
    bar = lab.stage().locator(".vbq-bar")
    return float(bar.text_content().split()[0]) / float(bar.bounding_box()["width"])


def test_a_ruler_is_dragged_or_clicked_and_says_millimetres_of_the_patient(lab: Any) -> None:
    chosen(lab, "Shift+R", "ruler")
    lab.drag(lab.at(0.4, 0.3), (30, 40))
    mm = 50 * mm_of(lab)
    (text,) = notes(lab)
    assert text.endswith(" mm")
    assert float(text.split()[0]) == pytest.approx(mm, rel=0.03), "rows of 0.8 mm, columns of 0.6"
    lab.page.mouse.click(*lab.at(0.3, 0.7))
    lab.page.mouse.click(*lab.at(0.6, 0.7))
    assert len(notes(lab)) == 2
    assert len(notes(lab, 1)) == 2, "it lies on the other series too"
    lab.key("v")
    x, y = lab.at(0.6, 0.7)
    lab.drag((x, y), (0, 60))
    moved = notes(lab)
    assert float(moved[1].split()[0]) > 60 * mm_of(lab), "its end was taken hold of"
    lab.key("Control+z")
    assert notes(lab) != moved
    lab.key("Control+Delete")
    assert notes(lab) == []
    lab.key("Control+z")
    assert len(notes(lab)) == 2
    kept = lab.server.root / "tools.vbqkit.json"
    lab.sees(lambda: kept.read_text().count('"kind": "ruler"'), 2)


def test_angles_are_clicked_and_a_cobb_angle_is_two_drags(lab: Any) -> None:
    chosen(lab, "Shift+A", "angle")
    x, y = lab.at(0.5, 0.5)
    for dx, dy in ((60, 0), (0, 0), (0, -60)):
        lab.page.mouse.click(x + dx, y + dy)
    assert notes(lab) == ["90.0°"]
    chosen(lab, "Shift+C", "cobb")
    lab.drag((x - 80, y + 40), (80, 0))
    assert notes(lab) == ["90.0°", ""], "half of it says nothing"
    lab.drag((x, y + 140), (-80, -80))
    angle = float(re.findall(r"Cobb (.*)°", notes(lab)[1])[0])
    assert angle == pytest.approx(45, abs=0.5)


def test_by_keyboard_alone_a_ruler_is_set_with_arrows_and_enter_and_jupyterlab_hears_nothing(lab: Any) -> None:
    cells = lab.page.locator(".jp-CodeCell").count()
    lab.page.mouse.move(2, 2)
    chosen(lab, "Shift+R", "ruler")
    lab.key("Enter", *["ArrowDown"] * 10, "Enter")
    (text,) = notes(lab)
    assert text == "8.0 mm", "ten rows of 0.8 mm"
    lab.key("Enter", "Escape")
    assert lab.page.locator("[data-tool=ruler]").get_attribute("aria-pressed") == "true", (
        "only the half ruler is given up"
    )
    lab.key("Delete")
    assert notes(lab) == []
    assert lab.page.locator(".jp-CodeCell").count() == cells


def test_levels_are_counted_from_s1_upward_and_a_roi_of_another_name_is_told(lab: Any) -> None:
    chosen(lab, "Shift+S", "count")
    for label in ("L4", "L3", "L2"):
        lab.page.mouse.click(*lab.middle(label))
    assert [text.split(" ⚠")[0] for text in notes(lab)] == ["S1", "L5 · 1", "L4 · 2"]
    assert "the ROI here is called L2" in notes(lab)[2]
    lab.page.mouse.click(*lab.middle("L4"))
    assert "lies above" in lab.status()
    assert len(notes(lab)) == 3
    assert "by the count" in lab.text("tr", 2)
    lab.key("Delete")
    assert len(notes(lab)) == 2


def test_lines_show_where_slices_cut_each_other_and_a_probe_takes_the_axial_series_there(lab: Any) -> None:
    assert lines(lab, 0) == ["PD axial, slice 11"]
    assert lines(lab, 2) == ["T1, slice 3", "T2, slice 3"]
    where = lab.stage().locator(".vbq-reference").bounding_box()
    top = lab.stage().bounding_box()["y"]
    middle = lab.at(0.5, 0.5)[1]
    assert where["y"] + where["height"] / 2 == pytest.approx(middle + 0.4 / mm_of(lab), abs=2), "row 100 of 0 to 199"
    assert top < where["y"]
    chosen(lab, "Shift+P", "probe")
    lab.page.mouse.click(*lab.middle("L1"))
    lab.sees(lambda: lab.slice(2), 23)
    assert re.match(r"signal \d+\.\d+ a\.u\., row 4\d, col 7\d, L 0.0 ", lab.status())
    assert "level L1, by the ROIs" in lab.text("tr", 2)
    lab.key("Shift+X")
    assert lines(lab, 0) == lines(lab, 2) == []
    lab.key("Shift+X")


def test_linked_series_zoom_and_move_together_although_their_fields_of_view_differ(lab: Any) -> None:
    def apart() -> tuple[float, ...]:
        one, other = (lab.roi("L2", view) for view in (0, 1))
        offsets = [lab.stage(view).bounding_box() for view in (0, 1)]
        return (
            one["width"] - other["width"],
            (one["x"] - offsets[0]["x"]) - (other["x"] - offsets[1]["x"]),
            (one["y"] - offsets[0]["y"]) - (other["y"] - offsets[1]["y"]),
        )

    assert apart() == pytest.approx((0, 0, 0), abs=1.5)
    lab.page.mouse.move(*lab.middle("L2", 1))
    lab.page.keyboard.down("Control")
    lab.wheel(-200)
    lab.page.keyboard.up("Control")
    assert lab.roi("L2")["width"] > 30
    assert apart() == pytest.approx((0, 0, 0), abs=1.5)
    assert "zoom 100 %" in lab.text("tr", 2), "the axial series zooms alone"
    lab.key("z", "+")
    assert apart()[0] > 5
    lab.key("z", "r")


def test_the_grey_scale_is_inverted_and_marrow_has_a_window(lab: Any) -> None:
    grey = """([x, y]) => { const c = document.querySelector('.vbq-stage canvas');
        return c.getContext('2d').getImageData(x, y, 1, 1).data[0]; }"""
    before = lab.page.evaluate(grey, [77, 69])
    lab.page.get_by_role("button", name="Invert the grey scale (Shift+I)").click()
    assert "inverted" in lab.text("tr")
    assert lab.page.evaluate(grey, [77, 69]) == pytest.approx(255 - before, abs=1)
    lab.key("Shift+I")
    lab.page.get_by_label("Window preset").select_option("Marrow")
    medians = [lab.shown("median", f"L{k}") for k in (1, 2, 3, 4)]
    level = sum(sorted(medians)[1:3]) / 2
    lab.sees(lambda: lab.text("tr").split("\n")[2].split()[1], f"{level:.1f}")
    assert float(lab.text("tr").split()[-1]) == pytest.approx(2.5 * level, abs=0.06)


def test_cine_plays_through_the_slices_until_any_input(lab: Any) -> None:
    play = lab.page.get_by_role("button", name="Play the slices (Shift+F)")
    play.click()
    lab.page.get_by_label("Slices a second").fill("20")
    lab.page.get_by_label("Slices a second").press("Enter")
    seen = set()
    lab.sees(lambda: (seen.add(lab.slice()), len(seen))[1], 5)
    assert play.get_attribute("aria-pressed") == "true"
    lab.page.mouse.click(*lab.at(0.05, 0.05))
    assert play.get_attribute("aria-pressed") == "false"
    at = lab.slice()
    lab.page.wait_for_timeout(300)
    assert lab.slice() == at
    lab.key("Shift+F")
    assert play.get_attribute("aria-pressed") == "true"
    lab.key("Shift+F")
    assert play.get_attribute("aria-pressed") == "false"


def test_one_finger_sets_a_ruler_and_two_fingers_zoom_without_leaving_a_point(lab: Any) -> None:
    session = lab.page.context.new_cdp_session(lab.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        listed = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

    chosen(lab, "Shift+R", "ruler")
    x, y = lab.at(0.4, 0.4)
    touch("touchStart", (x, y))
    touch("touchStart", (x, y), (x + 60, y))
    touch("touchMove", (x - 20, y), (x + 80, y))
    touch("touchEnd")
    lab.settle()
    assert "zoom 100 %" not in lab.text("tr")
    assert notes(lab) == []
    touch("touchStart", (x, y))
    for step in range(1, 6):
        touch("touchMove", (x + 10 * step, y))
    touch("touchEnd")
    session.detach()
    assert len(notes(lab)) == 1
