"""Habits from clinical viewers and from ImageJ, each with real mouse, wheel, keyboard and touch events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PLACED = ["L1", "L2", "L3", "L4", "CSF", "noise"]
SHOW = "studio = RoiStudio(volume, rois=rois, reference=(23.4, 3.7, 10))\nstudio"


@pytest.fixture
def lab(fresh_lab: Any) -> Any:
    return fresh_lab


def pixel(lab: Any) -> tuple[float, float]:
    """Size of an image pixel on the screen: height, width."""
    box = lab.stage().bounding_box()
    k = min(box["width"] / (160 * 0.6), box["height"] / (200 * 0.8))
    return (0.8 * k, 0.6 * k)


def select(lab: Any, label: str) -> None:
    lab.page.mouse.click(*lab.middle(label))


class TestShapes:
    @pytest.mark.parametrize(("key", "share"), [("b", 1.0), ("e", 3.14159265 / 4)])
    def test_boxes_and_ellipses_are_drawn_by_dragging(self, lab: Any, key: str, share: float) -> None:
        lab.key(key)
        lab.drag(lab.at(0.52, 0.74), (40, 30))
        assert lab.labels() == [*PLACED, "L5"]  # one step below L4
        height, width = pixel(lab)
        expected = share * (40 / width * 0.6) * (30 / height * 0.8) / 100
        lab.wait_for_python()
        row = lab.page.locator(".vbq-table tr[data-label=L5] td[data-key=area_cm2]")
        assert float(row.get_attribute("data-value")) == pytest.approx(expected, rel=0.01)

    def test_a_circle_is_round_in_millimetres_although_pixels_are_not_square(self, lab: Any) -> None:
        lab.key("o")
        lab.drag(lab.at(0.45, 0.74), (50, 20))
        box = lab.page.locator(".vbq-selected path.vbq-line").bounding_box()
        assert box["width"] == pytest.approx(box["height"], rel=0.03)

    def test_a_polygon_is_clicked_and_closed_by_a_double_click(self, lab: Any) -> None:
        lab.key("p")
        x, y = lab.at(0.45, 0.72)
        for dx, dy in ((0, 0), (60, 0), (60, 50)):
            lab.page.mouse.click(x + dx, y + dy)
        lab.page.mouse.dblclick(x, y + 50)
        assert len(lab.labels()) == 7
        assert lab.page.locator(".vbq-selected .vbq-vertex").count() == 4

    def test_a_polygon_is_closed_by_enter_and_given_up_by_escape(self, lab: Any) -> None:
        x, y = lab.at(0.45, 0.72)
        for last in ("Escape", "Enter"):
            lab.key("p")
            for dx, dy in ((0, 0), (60, 0), (60, 50)):
                lab.page.mouse.click(x + dx, y + dy)
            lab.page.keyboard.press(last)
            lab.page.keyboard.press("v")
            assert len(lab.labels()) == (6 if last == "Escape" else 7)

    def test_a_freehand_outline_becomes_a_polygon(self, lab: Any) -> None:
        lab.key("f")
        mouse = lab.page.mouse
        x, y = lab.at(0.5, 0.75)
        mouse.move(x, y)
        mouse.down()
        for dx, dy in ((20, -10), (40, 0), (50, 20), (40, 40), (20, 45), (5, 35), (-5, 15)):
            mouse.move(x + dx, y + dy, steps=4)
        mouse.up()
        assert len(lab.labels()) == 7
        assert lab.page.locator(".vbq-selected .vbq-vertex").count() > 5

    def test_an_outline_that_crosses_itself_is_refused_in_words(self, lab: Any) -> None:
        lab.key("p")
        x, y = lab.at(0.45, 0.72)
        for dx, dy in ((0, 0), (60, 60), (60, 0), (0, 60)):
            lab.page.mouse.click(x + dx, y + dy)
        lab.page.keyboard.press("Enter")
        assert "crosses itself" in lab.status()
        assert lab.labels() == PLACED

    def test_with_fixed_area_one_click_places_a_roi_of_that_area_and_resizing_keeps_it(self, lab: Any) -> None:
        lab.key("x", "b")
        try:
            lab.page.mouse.click(*lab.at(0.5, 0.78))
            assert lab.shown("area_cm2", "L5") == pytest.approx(0.4, rel=1e-9)
            lab.drag(lab.grip("handle", 3), (25, 0))
            lab.wait_for_python()
            assert lab.shown("area_cm2", "L5") == pytest.approx(0.4, rel=1e-9)
        finally:
            lab.key("x")


class TestEditing:
    def test_a_roi_is_moved_by_dragging_it(self, lab: Any) -> None:
        x, y = lab.middle("L2")
        lab.drag((x, y), (22, 13))
        nx, ny = lab.middle("L2")
        assert (nx - x, ny - y) == pytest.approx((22, 13), abs=1.5)

    def test_a_handle_moves_its_side_and_leaves_the_other_where_it_is(self, lab: Any) -> None:
        select(lab, "L2")
        before = lab.roi("L2")
        lab.drag(lab.grip("handle", 3), (20, 0))
        after = lab.roi("L2")
        assert after["x"] == pytest.approx(before["x"], abs=1)
        assert after["width"] == pytest.approx(before["width"] + 20, abs=2)

    def test_a_roi_that_is_small_on_the_screen_is_moved_again_and_its_corner_does_not_jump(self, lab: Any) -> None:
        lab.key("x", "b")
        try:
            lab.page.mouse.click(*lab.at(0.5, 0.78))
        finally:
            lab.key("x")
        lab.key("-", "-", "-", "-")
        assert lab.roi("L5")["width"] < 20, "9 pixels, and the box of the browser counts the widest corner of the line"
        x, y = lab.middle("L5")
        lab.drag((x, y), (12, 7))
        assert lab.middle("L5") == pytest.approx((x + 12, y + 7), abs=1.5)
        assert lab.shown("area_cm2", "L5") == pytest.approx(0.4, rel=1e-9), "moved, not resized"
        before, (gx, gy) = lab.roi("L5"), lab.grip("handle", 2)
        lab.drag((gx + 2, gy - 2), (10, 10))
        assert lab.roi("L5")["width"] == pytest.approx(before["width"] + 10, abs=1.5)

    def test_the_round_grip_above_turns_it_without_changing_its_area(self, lab: Any) -> None:
        select(lab, "L2")
        before, area = lab.roi("L2"), lab.shown("area_cm2", "L2")
        lab.drag(lab.grip("rotate"), (40, 20))
        assert lab.roi("L2")["height"] > before["height"] + 5
        assert lab.shown("area_cm2", "L2") == pytest.approx(area, rel=1e-9)

    def test_corners_of_a_polygon_are_added_and_removed(self, lab: Any) -> None:
        lab.key("p")
        x, y = lab.at(0.45, 0.72)
        for dx, dy in ((0, 0), (80, 0), (80, 60), (0, 60)):
            lab.page.mouse.click(x + dx, y + dy)
        lab.page.keyboard.press("Enter")
        corners = lab.page.locator(".vbq-selected .vbq-vertex")
        lab.drag(lab.grip("middle", 0), (0, -15))
        assert corners.count() == 5
        lab.page.mouse.dblclick(*lab.grip("vertex", 1))
        assert corners.count() == 4

    def test_arrows_nudge_by_a_pixel_and_with_shift_by_a_tenth(self, lab: Any) -> None:
        select(lab, "L2")
        height, width = pixel(lab)
        x, y = lab.middle("L2")
        lab.key("ArrowRight", "ArrowRight", "ArrowDown")
        nx, ny = lab.middle("L2")
        assert (nx - x, ny - y) == pytest.approx((2 * width, height), abs=0.3)
        lab.key(*["Shift+ArrowLeft"] * 10)
        assert lab.middle("L2")[0] == pytest.approx(nx - width, abs=0.3)

    def test_keyboard_resizes_and_turns(self, lab: Any) -> None:
        select(lab, "L2")
        before = lab.roi("L2")
        lab.key("Control+ArrowRight", "Control+ArrowRight")
        lab.settle()
        assert lab.roi("L2")["width"] > before["width"] + 1.5 * pixel(lab)[1]
        lab.key(*["Alt+ArrowRight"] * 20)
        lab.settle()
        assert lab.roi("L2")["height"] > before["height"] + 5

    def test_a_roi_is_duplicated_locked_hidden_and_deleted_by_keys(self, lab: Any) -> None:
        select(lab, "L2")
        lab.key("d")
        assert len(lab.labels()) == 7
        lab.key("Delete")
        assert lab.labels() == PLACED
        select(lab, "L2")
        lab.key("l")
        x, y = lab.middle("L2")
        lab.drag((x, y), (30, 0))
        assert lab.middle("L2")[0] == pytest.approx(x, abs=1)
        assert "locked" in lab.status()
        lab.key("l", "y")
        lab.settle()
        assert lab.stage().locator("g[data-label='L2']").count() == 0
        assert "hidden" in lab.page.locator(".vbq-table tr[data-label='L2']").inner_text()

    def test_digits_and_letters_label_the_selected_roi(self, lab: Any) -> None:
        select(lab, "L2")
        lab.key("5")
        assert lab.labels()[1] == "L5"
        lab.key("c")
        assert lab.labels()[1] == "CSF"
        assert "2 ROIs are called CSF" in lab.page.locator(".vbq-faults").inner_text()

    def test_undo_and_redo_bring_statistics_along(self, lab: Any) -> None:
        before = lab.shown("mean", "L2"), lab.shown("VBQ-T1 (median)")
        lab.drag(lab.middle("L2"), (45, 0))
        lab.wait_for_python(before[1])
        changed = lab.shown("mean", "L2"), lab.shown("VBQ-T1 (median)")
        assert changed != before
        lab.key("Control+z")
        lab.wait_for_python(changed[1])
        assert (lab.shown("mean", "L2"), lab.shown("VBQ-T1 (median)")) == before
        lab.key("Control+Shift+z")
        lab.wait_for_python(before[1])
        assert (lab.shown("mean", "L2"), lab.shown("VBQ-T1 (median)")) == changed

    def test_escape_gives_up_a_drag(self, lab: Any) -> None:
        x, y = lab.middle("L2")
        lab.page.mouse.move(x, y)
        lab.page.mouse.down()
        lab.page.mouse.move(x + 40, y, steps=4)
        lab.page.keyboard.press("Escape")
        lab.page.mouse.up()
        lab.settle()
        assert lab.middle("L2")[0] == pytest.approx(x, abs=1)
        assert lab.page.locator("[data-action=undo]").is_disabled()


class TestLooking:
    def test_the_wheel_changes_the_slice(self, lab: Any) -> None:
        lab.page.mouse.move(*lab.at(0.5, 0.5))
        lab.wheel(100)
        assert lab.slice() == 4
        lab.wheel(-100, times=2)
        assert lab.slice() == 2

    def test_control_and_wheel_zoom_at_the_pointer(self, lab: Any) -> None:
        x, y = lab.middle("L2")
        size = lab.roi("L2")["width"]
        lab.page.mouse.move(x, y)
        lab.page.keyboard.down("Control")
        lab.wheel(-200)
        lab.page.keyboard.up("Control")
        lab.settle()
        assert lab.roi("L2")["width"] > 1.4 * size
        assert lab.middle("L2") == pytest.approx((x, y), abs=1.5)

    @pytest.mark.parametrize("button", ["right", "middle"])
    def test_right_and_middle_drag_change_window_and_level(self, lab: Any, button: str) -> None:
        window, picture = lab.text("tr"), lab.picture()
        lab.drag(lab.at(0.3, 0.5), (60, 40), button=button)
        assert lab.text("tr") != window
        assert lab.picture() != picture
        assert lab.page.locator(".lm-Menu").count() == 0, "JupyterLab's own menu stays closed"

    def test_the_window_tool_does_it_with_the_left_button(self, lab: Any) -> None:
        window = lab.text("tr")
        lab.key("w")
        lab.drag(lab.at(0.3, 0.5), (60, 40))
        assert lab.text("tr") != window

    def test_space_and_drag_move_the_image(self, lab: Any) -> None:
        x, y = lab.middle("L2")
        lab.stage().focus()
        lab.page.keyboard.down("Space")
        lab.drag((x, y), (50, 30))
        lab.page.keyboard.up("Space")
        lab.settle()
        assert lab.middle("L2") == pytest.approx((x + 50, y + 30), abs=1.5)

    @pytest.mark.parametrize("how", ["double click", "r"])
    def test_double_click_and_r_reset_the_view(self, lab: Any, how: str) -> None:
        window, place = lab.text("tr"), lab.middle("L2")
        lab.drag(lab.at(0.3, 0.5), (60, 40), button="right")
        lab.key("+", "+")
        if how == "r":
            lab.key("r")
        else:
            lab.page.mouse.dblclick(*lab.at(0.05, 0.5))
        assert lab.text("tr") == window
        assert lab.middle("L2") == pytest.approx(place, abs=1)

    def test_presets_and_auto_window(self, lab: Any) -> None:
        window = lab.text("tr")
        lab.page.get_by_label("Window preset").select_option("Background (noise, ghosts)")
        assert lab.text("tr") != window
        lab.key("a")
        assert lab.text("tr") == window

    def test_signal_position_and_slice_are_told_under_the_pointer(self, lab: Any) -> None:
        lab.page.mouse.move(*lab.middle("L2"))
        told = lab.text("br")
        row, col = (int(part.split()[1]) for part in told.split("\n")[1].split(", "))
        assert (row, col) == pytest.approx((69, 77), abs=1)
        signal = float(told.split("\n")[0].split()[1])
        assert signal == pytest.approx(312, abs=40)
        assert told.split("\n")[2].startswith("L 0.0")
        assert "slice 3 / 5" in lab.text("tr")

    def test_corners_say_orientation_sequence_and_scale(self, lab: Any) -> None:
        side = {name: lab.stage().locator(f".vbq-{name}").text_content() for name in ("left", "right", "top", "bottom")}
        assert side == {"left": "A", "right": "P", "top": "H", "bottom": "F"}
        assert "T1 sagittal" in lab.text("tl")
        assert "3.5 mm thick" in lab.text("tl")
        bar = lab.stage().locator(".vbq-bar")
        mm = float(bar.text_content().split()[0])
        assert bar.bounding_box()["width"] == pytest.approx(mm * pixel(lab)[0] / 0.8, rel=0.02)

    def test_the_image_is_there_after_the_page_changes_size(self, lab: Any) -> None:
        canvas = lab.stage().locator("canvas").first
        colours = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
        for width, height in ((1200, 900), (1500, 1000)):
            before = canvas.bounding_box()
            lab.page.set_viewport_size({"width": width, "height": height})
            lab.sees(lambda before=before: canvas.bounding_box() != before, True)
            lab.settle()
            assert canvas.evaluate(colours) > 20

    def test_a_magnifier_shows_while_dragging_only(self, lab: Any) -> None:
        lens = lab.stage().locator(".vbq-lens")
        x, y = lab.middle("L2")
        lab.page.mouse.move(x, y)
        lab.page.mouse.down()
        lab.page.mouse.move(x + 10, y, steps=3)
        lab.sees(lens.is_visible, True)
        lab.page.mouse.up()
        lab.sees(lens.is_visible, False)

    def test_question_mark_opens_the_help_sheet_and_escape_closes_it(self, lab: Any) -> None:
        lab.key("?")
        sheet = lab.page.get_by_role("dialog")
        assert "window (sideways) and level" in sheet.inner_text()
        lab.page.keyboard.press("Escape")
        assert sheet.count() == 0


class TestLevelsAndMarks:
    def test_the_count_is_moved_by_one_and_a_level_renamed(self, lab: Any) -> None:
        lab.page.get_by_label("Count one level lower").click()
        assert lab.labels() == ["L2", "L3", "L4", "L5", "CSF", "noise"]
        lab.page.locator(".vbq-chip[data-label=L5]").dblclick()
        lab.page.keyboard.type("L6")
        lab.page.keyboard.press("Enter")
        assert lab.labels() == ["L2", "L3", "L4", "L6", "CSF", "noise"]
        lab.key("Control+z")
        assert lab.labels() == ["L2", "L3", "L4", "L5", "CSF", "noise"]

    def test_an_edge_is_marked_while_dragging(self, lab: Any) -> None:
        x, y = lab.middle("L2")
        lab.page.mouse.move(x, y)
        lab.page.mouse.down()
        lab.page.mouse.move(x + 25, y, steps=6)
        lab.settle()
        assert "lies over an edge" in lab.page.locator(".vbq-faults").inner_text()
        assert lab.page.locator(".vbq-panel").get_attribute("data-source") == "browser"
        lab.page.mouse.up()

    def test_outside_the_body_another_area_few_pixels_and_another_slice_are_marked(self, lab: Any) -> None:
        faults = lab.page.locator(".vbq-faults")
        select(lab, "L2")
        lab.key("Control+ArrowRight", "Control+ArrowRight")
        lab.settle()
        assert "its siblings have" in faults.inner_text()
        lab.key("PageDown")
        lab.settle()
        assert "not on this slice" in faults.inner_text()
        lab.key("PageUp")
        lab.drag(lab.middle("L2"), (-116, 0))
        lab.wait_for_python()
        lab.page.wait_for_function(
            "() => /outside the body/.test(document.querySelector('.vbq-faults').textContent)", timeout=5000
        )
        lab.key("b")
        lab.drag(lab.at(0.5, 0.8), (6, 6))
        lab.settle()
        assert "the SD is uncertain" in faults.inner_text()

    def test_the_selected_roi_has_a_histogram(self, lab: Any) -> None:
        select(lab, "L3")
        lab.settle()
        bars = lab.page.locator(".vbq-histogram rect")
        assert bars.count() == 24
        assert "170 pixels" in lab.page.locator(".vbq-histogram").get_attribute("aria-label")

    def test_a_score_says_how_it_is_defined_one_click_away(self, lab: Any) -> None:
        lab.page.locator(".vbq-scores summary", has_text="VBQ-T1 (median)").click()
        assert "Source:" in lab.page.locator(".vbq-scores details[open]").first.inner_text()
        lab.page.locator(".vbq-scores summary", has_text="VBQ-T1 (median)").click()

    def test_a_score_has_its_interval_which_is_gone_while_dragging_and_comes_back_another(self, lab: Any) -> None:
        interval = lab.page.locator(".vbq-scores small[data-key='VBQ-T1 (median)']")
        lab.sees(lambda: interval.inner_text().startswith("95 %: "), True)
        before = interval.inner_text()
        x, y = lab.middle("L2")
        lab.page.mouse.move(x, y)
        lab.page.mouse.down()
        lab.page.mouse.move(x + 12, y, steps=6)
        lab.settle()
        assert interval.inner_text() == "", "no interval of another place"
        lab.page.mouse.up()
        lab.sees(lambda: interval.inner_text() not in ("", before), True)
        low, high = (float(part) for part in interval.inner_text().removeprefix("95 %: ").split(" – "))
        assert low < lab.shown("VBQ-T1 (median)") < high
        summary = lab.page.locator(".vbq-scores summary", has_text="M-score")
        summary.click()
        told = lab.page.locator(".vbq-scores details[open]").first.inner_text()
        summary.click()
        assert all(source in told for source in ("pixel noise", "ROI placement", "reference group")), told


class TestKeyboardAlone:
    def test_a_roi_is_placed_moved_and_labelled_without_a_mouse(self, lab: Any) -> None:
        lab.key("b", "Enter", "5")
        assert lab.labels() == [*PLACED, "L5"]
        lab.key("ArrowDown", "ArrowDown")
        lab.wait_for_python()
        lab.key("Escape", ".", ".")
        assert lab.page.locator(".vbq-table tr[aria-selected=true]").get_attribute("data-label") == "L2"

    def test_tab_reaches_every_control_and_shows_where_it_is(self, lab: Any) -> None:
        lab.page.locator(".vbq-button[data-tool=select]").focus()
        seen = set()
        for _ in range(60):
            in_strip = lab.page.evaluate("document.activeElement.className === 'vbq-propose'")
            lab.page.keyboard.press("ArrowRight" if in_strip else "Tab")  # a row is one stop, from which arrows go on
            seen.add(lab.page.evaluate("document.activeElement.className?.baseVal ?? document.activeElement.className"))
            outline = lab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            inside = lab.page.evaluate("!!document.activeElement.closest('.vbq-studio')")
            if not inside:
                break
            assert outline != "none", lab.page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert {"vbq-stage", "vbq-slider", "vbq-chip", "vbq-pick"} <= seen

    def test_jupyterlab_does_not_take_the_keys(self, lab: Any) -> None:
        cells = lab.page.locator(".jp-CodeCell").count()
        lab.key("Escape", "b", "a", "x", "x", "d", "d", "v")
        assert lab.page.locator(".jp-CodeCell").count() == cells


class TestTouch:
    @pytest.fixture
    def fingers(self, lab: Any) -> Any:
        session = lab.page.context.new_cdp_session(lab.page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            listed = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": listed})

        yield touch
        session.detach()

    def test_one_finger_draws(self, lab: Any, fingers: Any) -> None:
        lab.key("b")
        x, y = lab.at(0.5, 0.75)
        fingers("touchStart", (x, y))
        for step in range(1, 9):
            fingers("touchMove", (x + 6 * step, y + 4 * step))
        fingers("touchEnd")
        assert len(lab.labels()) == 7

    def test_two_fingers_zoom_and_move(self, lab: Any, fingers: Any) -> None:
        size, (x, y) = lab.roi("L2")["width"], lab.middle("L2")
        fingers("touchStart", (x - 40, y), (x + 40, y))
        for step in range(1, 9):
            fingers("touchMove", (x - 40 - 5 * step, y + 3 * step), (x + 40 + 5 * step, y + 3 * step))
        fingers("touchEnd")
        lab.settle()
        assert lab.roi("L2")["width"] == pytest.approx(2 * size, rel=0.1)
        assert lab.middle("L2") == pytest.approx((x, y + 24), abs=4)
        assert lab.labels() == PLACED


def test_contrast_passes_wcag_aa_in_light_and_dark(opened: Any) -> None:
    script = (Path(__file__).parent / "contrast.js").read_text()
    opened.fresh()
    for theme in ("light", "dark"):
        opened.theme(theme)
        worst = opened.page.evaluate(script)
        assert not worst, f"{theme}: {worst}"
    opened.theme("light")
