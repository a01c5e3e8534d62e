"""What must not go wrong under a student's hands: keys, wheel, small screens, Tab, a kernel that is gone, two pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import CUT_OFF, INSIDE

SHOW = "studio = RoiStudio(volume, rois=rois, reference=(23.4, 3.7, 10))\nstudio"
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


def in_command_mode(lab: Any) -> None:
    """The studio's own cell chosen, as after Shift + Enter, and nothing of the studio."""
    lab.page.evaluate(
        """() => {
            document.activeElement.blur();
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.mode = 'command';
            notebook.activeCellIndex = 1;
            notebook.widgets[1].node.focus();
            document.querySelector('.vbq-toolbar').scrollIntoView();
        }"""
    )
    lab.settle()
    assert not lab.page.evaluate("!!document.activeElement.closest('.vbq-studio')")


def cells(lab: Any) -> list[str]:
    """Kind and text of each cell."""
    return list(
        lab.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.type + c.model.sharedModel.source)"
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
    inside = "[...document.querySelectorAll('.vbq-studio button, .vbq-studio select, .vbq-studio input, .vbq-studio [tabindex]')]"
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


def test_on_a_projector_tools_picture_and_scores_are_on_one_screen(shown: Any) -> None:
    shown.page.set_viewport_size({"width": 1280, "height": 720})
    try:
        shown.page.locator(".vbq-studio").evaluate("e => e.scrollIntoView()")
        shown.settle()
        parts = [".vbq-toolbar", ".vbq-strip", ".vbq-stage", ".vbq-slider", ".vbq-scores", ".vbq-status"]
        assert shown.page.evaluate(INSIDE, [".vbq-studio", parts]) == []
    finally:
        shown.page.set_viewport_size({"width": 1500, "height": 1000})


def test_at_150_percent_the_whole_picture_is_on_the_screen_and_nothing_is_cut_off(shown: Any) -> None:
    shown.page.set_viewport_size({"width": 853, "height": 480})
    try:
        shown.page.locator(".vbq-views").evaluate("e => e.scrollIntoView()")
        shown.settle()
        assert shown.page.evaluate(INSIDE, [".vbq-studio", [".vbq-stage", ".vbq-slider"]]) == []
        assert shown.page.evaluate(CUT_OFF, ".vbq-studio") == []
    finally:
        shown.page.set_viewport_size({"width": 1500, "height": 1000})


def test_help_opens_although_the_kernel_is_gone(lab: Any, phantom: str) -> None:
    lab.open("help.ipynb", phantom, SHOW)
    lab.wait_for_studio()
    lab.page.wait_for_timeout(3000)
    lab.page.evaluate(RESTART)
    lab.sees(lambda: "Python was stopped" in "".join(lab.page.locator(".vbq-unanswered").all_inner_texts()), True)
    lab.key("?")
    lab.page.get_by_role("dialog", name="Mouse, keys and touch").wait_for(timeout=5000)
