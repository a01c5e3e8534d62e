"""What must not go wrong under a student's hands: keys, wheel, small screens, Tab, a kernel that is gone, two pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import CUT_OFF, ENLARGED, INSIDE, PROJECTOR
from tests.browser.test_lessons import Lesson
from vbqkit.exercises import question

SHOW = "studio = RoiStudio(volume, rois=rois, reference=(23.4, 3.7, 10))\nstudio"
LEFT = "() => document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect().left"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


@pytest.fixture(scope="module")
def shown(browser: Any, server: Any, tools: Any, phantom: str) -> Iterator[Any]:
    """A studio on a notebook page of ordinary size, below a cell and above others."""
    page = tools.new_page(browser)
    lab = tools.Lab(page, server)
    lab.open("unbroken.ipynb", phantom, SHOW, "1", "2", "3", *["\n" * 40] * 2)
    lab.wait_for_studio()
    yield lab
    assert not page.problems
    page.context.close()


def in_command_mode(lab: Any, top: str = ".vbq-toolbar") -> None:
    """The studio's own cell chosen, as after Shift + Enter, and nothing of the studio."""
    lab.page.evaluate(
        """top => {
            document.activeElement.blur();
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.mode = 'command';
            notebook.activeCellIndex = 1;
            notebook.widgets[1].node.focus();
            document.querySelector(top).scrollIntoView();
        }""",
        top,
    )
    lab.settle()
    assert not lab.page.evaluate("!!document.activeElement.closest('.vbq-studio')")


def cells(lab: Any) -> list[str]:
    """Kind and text of each cell."""
    return list(
        lab.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.widgets"
            ".map(c => c.model.type + c.model.sharedModel.source)"
        )
    )


def test_no_key_over_the_picture_reaches_jupyterlab_before_the_first_click(shown: Any) -> None:
    before = cells(shown)
    for key in "bxcvadmyrzks0123456789":
        in_command_mode(shown)
        shown.page.mouse.move(*shown.at(0.8, 0.5))
        shown.page.keyboard.press(key)
        assert cells(shown) == before, key
        if key == "b":
            assert shown.page.locator("[data-tool=box]").get_attribute("aria-pressed") == "true", "it is the studio's"
    shown.fresh()
    in_command_mode(shown)
    shown.page.mouse.move(*shown.at(-0.05, 0.5))
    shown.page.keyboard.press("b")
    assert len(cells(shown)) == len(before) + 1, "beside the studio the key is JupyterLab's, so the test is one"
    shown.page.keyboard.press("d")
    shown.page.keyboard.press("d")
    assert cells(shown) == before


def test_what_is_typed_into_a_cell_stays_there_while_the_pointer_lies_over_the_picture(shown: Any) -> None:
    last = shown.page.locator(".jp-CodeCell .cm-content").nth(2)
    last.click()
    shown.page.locator(".vbq-toolbar").first.evaluate("e => e.scrollIntoView()")
    shown.page.mouse.move(*shown.at(0.5, 0.5))
    shown.page.keyboard.press("x")
    assert "x" in last.inner_text()
    shown.page.keyboard.press("Backspace")
    in_command_mode(shown)


def test_the_wheel_scrolls_the_page_until_the_picture_has_been_clicked(shown: Any) -> None:
    shown.fresh()
    in_command_mode(shown)
    shown.page.mouse.move(*shown.at(0.1, 0.3))
    hint = "e => getComputedStyle(e, '::after').content"
    assert "click the image" in shown.stage().evaluate(hint)
    slice_shown, top = shown.slice(), shown.stage().bounding_box()["y"]
    shown.wheel(100)
    shown.sees(lambda: shown.stage().bounding_box()["y"] < top - 50, True)
    assert shown.slice() == slice_shown
    in_command_mode(shown)
    shown.page.mouse.click(*shown.at(0.1, 0.3))
    assert shown.stage().evaluate(hint) == "none"
    top = shown.stage().bounding_box()["y"]
    shown.wheel(100)
    shown.sees(shown.slice, slice_shown + 1)
    assert shown.stage().bounding_box()["y"] == top
    shown.fresh()


def test_the_picture_is_a_few_tabs_away_and_arrows_walk_the_tools(shown: Any) -> None:
    shown.fresh()
    page = shown.page
    inside = "[...document.querySelectorAll('.vbq-studio :is(button, select, input, [tabindex])')]"
    page.evaluate(f"{inside}.find(e => e.tabIndex >= 0 && e.checkVisibility()).focus()")
    tabs = 0
    while not page.evaluate("document.activeElement.classList.contains('vbq-stage')"):
        page.keyboard.press("Tab")
        tabs += 1
        assert tabs < 10, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    assert tabs <= 4
    page.locator("[data-tool=select]").focus()
    names = set()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
        names.add(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.type"))
    assert {"Box (B)", "File", "Window preset", "Help (?)", "checkbox"} <= names, names
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("!!document.activeElement.closest('.vbq-toolbar')")


@pytest.mark.parametrize("width", [1100, 1250, 1400, 1500])
def test_the_question_mark_has_no_line_of_its_own(shown: Any, width: int) -> None:
    shown.page.set_viewport_size({"width": width, "height": 1000})
    shown.settle()
    tops = {
        e.bounding_box()["y"]
        for e in (shown.page.locator(".vbq-help-button"), shown.page.get_by_label("File", exact=True))
    }
    shown.page.set_viewport_size({"width": 1500, "height": 1000})
    assert max(tops) - min(tops) < 3


TOO_SMALL = """box => [...document.querySelectorAll(`${box} :is(button, select, input[type=number])`)]
    .filter(e => e.checkVisibility() && Math.min(e.offsetWidth, e.offsetHeight) < 24).map(e => e.outerHTML)"""
"""What can hardly be hit: WCAG 2.2 asks for 24 CSS pixels."""

PARTS = [".vbq-toolbar", ".vbq-strip", ".vbq-stage", ".vbq-slider", ".vbq-scores", ".vbq-status"]


@pytest.fixture
def at_150_percent(shown: Any) -> Iterator[Any]:
    shown.page.set_viewport_size(ENLARGED)
    shown.page.locator(".vbq-studio").evaluate("e => e.scrollIntoView()")
    shown.settle()
    yield shown
    shown.page.set_viewport_size({"width": 1500, "height": 1000})
    shown.fresh()


def test_on_a_projector_tools_picture_and_scores_are_on_one_screen(shown: Any) -> None:
    shown.page.set_viewport_size(PROJECTOR)
    try:
        shown.page.locator(".vbq-studio").evaluate("e => e.scrollIntoView()")
        shown.settle()
        assert shown.page.evaluate(INSIDE, [".vbq-studio", PARTS]) == []
    finally:
        shown.page.set_viewport_size({"width": 1500, "height": 1000})


def test_at_150_percent_too_with_a_large_picture_and_nothing_cut_off(at_150_percent: Any) -> None:
    page = at_150_percent.page
    for sidebar in ("open", "closed"):
        assert page.evaluate(INSIDE, [".vbq-studio", PARTS]) == [], sidebar
        assert page.evaluate(CUT_OFF, ".vbq-studio") == [], sidebar
        stage = at_150_percent.stage().bounding_box()
        assert stage["height"] >= (190 if sidebar == "open" else 260), "the picture is not what gives way"
        assert stage["width"] >= 220
        assert page.evaluate(TOO_SMALL, ".vbq-studio :is(.vbq-toolbar, .vbq-strip)") == []
        page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        at_150_percent.sees(lambda: page.evaluate(LEFT) < 100, sidebar == "open")
        page.locator(".vbq-studio").evaluate("e => e.scrollIntoView()")
        at_150_percent.settle()


def test_at_150_percent_a_roi_is_placed_by_hand_and_by_arrow_as_exactly_as_elsewhere(at_150_percent: Any) -> None:
    lab = at_150_percent
    x, y = lab.middle("L3")
    lab.drag((x, y), (8, -6))
    assert lab.middle("L3") == pytest.approx((x + 8, y - 6), abs=0.3)
    area = lab.shown("area_cm2", "L3")
    lab.key("ArrowRight")
    moved = lab.middle("L3")[0] - (x + 8)
    assert 0 < moved < 1.5, "a step is smaller than what the hand can do"
    lab.page.mouse.move(*lab.middle("L3"))
    lab.page.keyboard.down("Control")
    lab.wheel(-100, times=6)
    lab.page.keyboard.up("Control")
    assert lab.roi("L3")["width"] > 40, "enlarged at the pointer, for the edge of the tissue"
    lab.drag(lab.middle("L3"), (5, 5))
    assert lab.shown("area_cm2", "L3") == area
    lab.page.locator("[data-tool=box]").click()
    lab.drag(lab.at(0.1, 0.6), (24, 18))
    assert len(lab.labels()) == 7


def test_help_opens_although_the_kernel_is_gone(lab: Any, phantom: str) -> None:
    lab.open("help.ipynb", phantom, SHOW)
    lab.wait_for_studio()
    lab.page.wait_for_timeout(3000)
    lab.page.evaluate(RESTART)
    lab.sees(lambda: "Python was stopped" in "".join(lab.page.locator(".vbq-unanswered").all_inner_texts()), True)
    lab.key("?")
    lab.page.get_by_role("dialog", name="Mouse, keys and touch").wait_for(timeout=5000)


SPOKEN_BY_NAME = {
    "button",
    "checkbox",
    "radio",
    "slider",
    "spinbutton",
    "textbox",
    "combobox",
    "link",
    "image",
    "img",
    "application",
    "tab",
    "switch",
    "searchbox",
    "progressbar",
    "meter",
    "region",
    "dialog",
}
"""What a screen reader says by its name, and says nothing of without one."""


def spoken(lab: Any) -> list[tuple[str, str]]:
    """Role and name of all that a screen reader finds in the cells, by Chromium's accessibility tree."""
    every = lab.page.add_style_tag(
        content=".jp-Notebook * { content-visibility: visible !important }"  # else by and by
        ".js-plotly-plot svg { display: none !important }"  # plotly names nothing; the words of a chart stand beside it
    )
    session = lab.page.context.new_cdp_session(lab.page)
    session.send("Accessibility.enable")
    root = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    areas = session.send(
        "DOM.querySelectorAll",
        {"nodeId": root, "selector": ".jp-Notebook .jp-OutputArea-output, .jp-Notebook .jp-RenderedMarkdown"},
    )["nodeIds"]
    nodes = [node for area in areas for node in session.send("Accessibility.queryAXTree", {"nodeId": area})["nodes"]]
    session.detach()
    every.evaluate("e => e.remove()")
    return [
        (str(node["role"]["value"]), str(node.get("name", {}).get("value", "")).strip())
        for node in nodes
        if not node["ignored"]
    ]


def banner(lab: Any) -> str:
    return "".join(lab.page.locator(".vbq-unanswered").all_inner_texts())


def test_a_lesson_is_read_out_loaded_again_opened_twice_and_comes_back_after_a_restart(
    lab: Any, browser: Any, tools: Any
) -> None:
    lesson = Lesson(lab, "00_start_here")
    page = lesson.page
    exercise = page.locator(".vbq-placing")

    said = spoken(lab)
    assert {"button", "radio", "image", "application", "slider", "combobox", "heading"} <= {role for role, _ in said}
    assert [entry for entry in said if entry[0] in SPOKEN_BY_NAME and not entry[1]] == []
    assert ("button", "Check my ROIs") in said
    assert ("toolbar", "Tools") in said

    name = "00-star"
    key, option = question(name).options[0]
    verdict = lesson.answer(name, key)
    box = page.locator(f".vbq-question-{name}")
    lesson.show(exercise.locator(".vbq-stage"))
    lab.sees(lambda: exercise.locator(".vbq-waiting").evaluate("e => e.hidden"), True)
    before = cells(lab)
    in_command_mode(lab, ".vbq-placing .vbq-toolbar")
    page.mouse.move(5, 5)
    page.keyboard.press("b")  # as the lesson says, wherever the pointer is
    assert cells(lab) == before
    assert exercise.locator("[data-tool=box]").get_attribute("aria-pressed") == "true"
    exercise.locator(".vbq-stage").click()
    exercise.locator(".vbq-table tr[data-label=L1]").wait_for(timeout=10_000)
    exercise.locator(".vbq-panel[data-source=python]").wait_for(timeout=20_000)
    lesson.show(exercise.get_by_role("button", name="Check my ROIs")).click()
    exercise.locator(".vbq-feedback").wait_for(timeout=60_000)
    lab.save()

    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)

    def chosen(where: Any) -> Any:
        return where.locator(f".vbq-question-{name}").get_by_label(option, exact=True)

    chosen(page).wait_for(timeout=60_000)
    assert chosen(page).is_checked(), "answered before, and shown with the kernel that lives on"
    lab.sees(lambda: verdict in str(box.text_content()), True)
    assert not page.locator(".vbq-asleep").first.is_visible()

    other = tools.new_page(browser)
    other.goto(page.url)
    chosen(other).wait_for(timeout=60_000)
    assert chosen(other).is_checked(), "the second page shows the same"
    other.context.close()

    page.evaluate(RESTART)
    lab.sees(lambda: "Choose Run → Run All Cells: your answers and what you placed come back" in banner(lab), True)
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    asleep = box.or_(page.locator(".vbq-asleep")).first
    lesson.show(asleep).wait_for(timeout=60_000)
    lab.sees(
        lambda: (
            "Choose Run → Run All Cells"
            in page.locator(".vbq-asleep").first.evaluate("e => e.checkVisibility() ? e.textContent : ''")
        ),
        True,
    )

    lesson._run_all()
    lab.sees(lambda: chosen(page).is_checked(), True)
    assert "Your answer of" in str(box.text_content())
    clock = page.context.new_cdp_session(page)
    clock.send("Emulation.setTimezoneOverride", {"timezoneId": "Pacific/Kiritimati"})  # 14 hours ahead, all year
    box.locator("time").evaluate("e => e.removeAttribute('data-here')")
    lab.sees(lambda: "GMT+14" in str(box.locator("time").text_content()), True)
    clock.detach()
    lesson.show(exercise.locator(".vbq-table tr[data-label=L1]"))
    assert "Your last check was on" in str(exercise.text_content())
    assert banner(lab) == ""
    assert not page.locator(".vbq-asleep").first.is_visible()
