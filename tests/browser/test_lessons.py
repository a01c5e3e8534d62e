"""Each lesson walked as a student walks it: slider moved, ROI dragged, answers given wrong and right, feedback read from the page."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from vbqkit.exercises import case_seed, choices, make_case, question
from vbqkit.widgets.lesson_placing import misplaced

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class Lesson:
    """A lesson open in JupyterLab, every cell run."""

    def __init__(self, lab: Any, name: str, *, student: str = "1") -> None:
        self.page, self.lab, self.student = lab.page, lab, student
        state = lab.server.root / f"state-{name}"
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        notebook.cells.insert(
            0, nbformat.v4.new_code_cell(f"import os\nos.environ['VBQKIT_STATE_DIR'] = {str(state)!r}")
        )
        folder = lab.server.root / "lessons"
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")
        self.state = state
        self.page.goto(f"{lab.server.url}/lab/tree/lessons/{name}.ipynb?reset")  # no tabs of the lesson before
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        self._run_all()

    def _run_all(self) -> None:
        # A cell that is run before the kernel is connected is not run at all: wait until the status bar says Idle.
        for _ in range(600):
            for accept in self.page.locator(".jp-Dialog .jp-mod-accept").all():  # which kernel? the one it names
                accept.click()
            if self.page.get_by_text("| Idle").count():
                break
            self.page.wait_for_timeout(200)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        prompts: list[str] = []
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            prompts = self.page.evaluate(
                "() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent)"
            )
            if prompts and all(any(c.isdigit() for c in text) for text in prompts):
                return
            self.page.wait_for_timeout(300)
        raise AssertionError(f"cells still running: {prompts}")

    def show(self, locator: Any) -> Any:
        locator.scroll_into_view_if_needed(timeout=20_000)
        return locator

    def answer(self, name: str, key: str) -> str:
        """Choose an option and press Check; returns the feedback."""
        box = self.show(self.page.locator(f".vbq-question-{name}"))
        options = dict(question(name).options)
        box.get_by_text(options[key], exact=True).click()
        return self._check(box)

    def write(self, name: str, text: str) -> str:
        """Write a number and press Check; returns the feedback."""
        box = self.show(self.page.locator(f".vbq-question-{name}"))
        box.locator("input").fill(text)
        box.locator("input").press("Tab")
        return self._check(box)

    def _check(self, box: Any) -> str:
        feedback = box.locator(".vbq-feedback")
        before = feedback.inner_text() if feedback.count() else ""
        box.get_by_role("button", name="Check").click()
        for _ in range(100):
            if feedback.count() and feedback.inner_text() != before:
                break
            self.page.wait_for_timeout(50)
        return str(feedback.inner_text())

    def wrong_then_right(self, name: str) -> None:
        asked = choices()[name]
        keys = [key for key, _ in asked.options]
        right = next(key for key in keys if asked.check(key).right)
        wrong = next(key for key in keys if key != right)
        assert "Not yet" in self.answer(name, wrong)
        assert "Right" in self.answer(name, right)

    def number_wrong_then_right(self, name: str) -> None:
        asked = question(name, seed=case_seed(self.student, name))
        assert "Not yet" in self.write(name, f"{10 * asked.expected:.5g}")
        assert "Right" in self.write(name, f"{asked.expected:.5g}")

    def slide(self, lab: int, slider: str, keys: str, times: int) -> None:
        """Move a slider of one of the labs by keyboard."""
        handle = self.page.locator(".vbq-lab").nth(lab).locator(f".vbq-slider-{slider} .noUi-handle")
        self.show(handle)
        handle.focus()
        for _ in range(times):
            handle.press(keys)

    def reading(self, lab: int, name: str) -> float:
        row = self.page.locator(".vbq-lab").nth(lab).locator(f".vbq-readout tr[data-name='{name}']")
        return float(row.get_attribute("data-value"))

    def wait_for_change(self, lab: int, name: str, before: float) -> float:
        for _ in range(200):
            now = self.reading(lab, name)
            if now != before:
                return now
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} did not change from {before}")


@pytest.fixture
def no_errors(page: Any) -> Any:
    yield
    assert page.problems == []


def test_lesson_10_what_mri_sees(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "10_what_mri_sees")
    lesson.wrong_then_right("10-fat")
    before = lesson.reading(0, "CSF")
    lesson.slide(0, "tr_ms", "PageUp", 2)
    assert lesson.wait_for_change(0, "CSF", before) > before, "CSF catches up when TR grows"
    lesson.wrong_then_right("10-stir")


def settled(lab: Any, label: str) -> tuple[float, float]:
    """Where a ROI lies on the screen once the page has stopped scrolling."""
    place = lab.middle(label)
    for _ in range(40):
        lab.page.wait_for_timeout(150)
        now = lab.middle(label)
        if now == place:
            return now
        place = now
    raise AssertionError(f"the page does not come to rest: {label} is at {place}")


def drag_by_mm(lesson: Lesson, studio: Any, shifts: dict[str, Any], centres: dict[str, Any]) -> None:
    """Drag each ROI on the screen by a shift in patient mm (front to back, down to up)."""
    lab, labels = lesson.lab, list(shifts)
    studio.evaluate("e => e.scrollIntoView()")
    first, last = "L1", "L4"
    settled(lab, first)
    on_screen = {label: lab.middle(label) for label in (first, last)}
    per_mm = (on_screen[last][1] - on_screen[first][1]) / (centres[first][2] - centres[last][2])
    for label in labels:
        _, back, up = shifts[label]
        start = settled(lab, label)
        lab.drag(start, (back * per_mm, -up * per_mm))
        lesson.page.wait_for_timeout(250)


def grades(lesson: Lesson, exercise: Any) -> dict[str, bool]:
    """What the feedback on the page says of each ROI."""
    items = exercise.locator("li[data-grade]")
    return {item.get_attribute("data-grade"): item.get_attribute("data-passed") == "true" for item in items.all()}


def test_lesson_20_placing_rois(lab: Any, no_errors: None) -> None:
    """Six misplaced ROIs: check, read the faults, drag each to its place, check again."""
    lesson = Lesson(lab, "20_placing_rois")
    lesson.wrong_then_right("20-vein")
    exercise = lesson.page.locator(".vbq-placing").first
    lesson.show(exercise)
    lab.wait_for_studio()
    button = exercise.get_by_role("button", name="Check my ROIs")
    lesson.show(button).click()
    exercise.locator("li[data-grade]").first.wait_for(timeout=20_000)
    assert not any(grades(lesson, exercise).values()), "every ROI lies in a wrong place"
    text = exercise.locator(".vbq-feedback").first.inner_text()
    assert "6 of 6 ROIs must be mended" in text
    pictures = exercise.locator("figure[data-close-up] img")
    assert pictures.count() >= 4
    assert "pixels that should not be in it are orange" in pictures.first.get_attribute("alt")
    assert "careful reader" in exercise.inner_text()
    case = make_case(case_seed("1", "placing"))
    wrong = {roi.label: roi for roi in misplaced(case, ("L1", "L2", "L3", "L4", "CSF", "noise"))}
    right = {roi.label: roi for roi in case.reference_rois}
    shifts = {k: np.subtract(right[k].center_mm, wrong[k].center_mm) for k in ("L1", "L2", "L3", "CSF", "noise", "L4")}
    drag_by_mm(lesson, exercise.locator(".vbq-toolbar").first, shifts, {k: r.center_mm for k, r in wrong.items()})
    lesson.show(button).click()
    exercise.locator("li[data-passed=true]").first.wait_for(timeout=20_000)
    for _ in range(5):  # what is still wrong is mended by doing what the feedback says
        advised = {}
        for item in exercise.locator("li[data-passed=false]").all():
            told = {
                way: float(mm) for mm, way in re.findall(r"([\d.]+) mm (forwards|backwards|up|down)", item.inner_text())
            }
            back, up = told.get("backwards", 0) - told.get("forwards", 0), told.get("up", 0) - told.get("down", 0)
            advised[item.get_attribute("data-grade")] = (0.0, 1.2 * back, 1.2 * up)
        if not advised:
            break
        before = exercise.locator(".vbq-feedback").first.inner_text()
        drag_by_mm(lesson, exercise.locator(".vbq-toolbar").first, advised, {k: r.center_mm for k, r in right.items()})
        lesson.show(button).click()
        for _ in range(100):
            if exercise.locator(".vbq-feedback").first.inner_text() != before:
                break
            lesson.page.wait_for_timeout(100)
    assert all(grades(lesson, exercise).values()), exercise.inner_text()
    assert "All 6 ROIs pass" in exercise.locator(".vbq-feedback").first.inner_text()
    saved = list((lesson.state / "rois").glob("1_mend_*.vbqkit.json"))
    assert len(saved) == 1, "the ROIs are kept for the teacher"
    progress = (lesson.state / "progress.jsonl").read_text()
    assert progress.count('"exercise": "mend"') >= 2


def test_lesson_30_snr_and_m_score(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "30_snr_and_m_score")
    lesson.number_wrong_then_right("30-snr")
    lesson.number_wrong_then_right("30-m-score")
    snr, vbq = lesson.reading(0, "SNR"), lesson.reading(0, "VBQ")
    lesson.slide(0, "noise", "PageUp", 2)
    assert lesson.wait_for_change(0, "SNR", snr) < 0.8 * snr, "more noise, less SNR"
    assert lesson.reading(0, "VBQ") == pytest.approx(vbq, rel=0.05), "VBQ hardly moves"
    lesson.wrong_then_right("30-zeros")


def test_lesson_40_vbq(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "40_vbq")
    lesson.number_wrong_then_right("40-vbq")
    vbq, l3 = lesson.reading(0, "VBQ"), lesson.reading(0, "L3")
    lesson.slide(0, "gain", "ArrowLeft", 4)
    assert lesson.wait_for_change(0, "L3", l3) < l3, "the gain changes every signal"
    assert lesson.reading(0, "VBQ") == pytest.approx(vbq, rel=2e-3), "and leaves VBQ"
    before = lesson.reading(1, "VBQ")
    lesson.slide(1, "tr_ms", "PageUp", 1)
    assert lesson.wait_for_change(1, "VBQ", before) < 0.95 * before, "TR does not leave VBQ"
    lesson.wrong_then_right("40-cancel")
