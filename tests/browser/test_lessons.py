"""Each lesson as a student walks it: slider moved, ROI dragged, wrong and right answers, feedback on the page."""

from __future__ import annotations

import math
import re
import shutil
import time
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from tests.browser.conftest import CUT_OFF, ENLARGED, INSIDE, PROJECTOR, unfolded
from vbqkit import read_rois
from vbqkit.exercises import case_for, case_seed, choices, compare_with_proposal, question
from vbqkit.exercises.placement import WHOLE_CASE
from vbqkit.exercises.readers import known_case
from vbqkit.exercises.stations import final_stations
from vbqkit.exercises.truth import truth_under
from vbqkit.lessons.placing import misplaced
from vbqkit.lessons.reading_twice import read_twice
from vbqkit.propose import propose_rois
from vbqkit.roi import FIXED_AREA_CM2, Rectangle
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.teacher import reference_rois, truth_of

CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
LAB_PARTS = ("img", ".vbq-readout", ".vbq-lab-reset")
STUDIO_PARTS = (".vbq-toolbar", ".vbq-strip", ".vbq-stage", ".vbq-slider", ".vbq-scores", ".vbq-status")


class Lesson:
    """A lesson open in JupyterLab on a projector's 1280 x 720 pixels, every cell run."""

    def __init__(self, lab: Any, name: str, *, student: str = "1") -> None:
        self.page, self.lab, self.student = lab.page, lab, student
        state = lab.server.root / f"state-{name}"
        notebook = unfolded(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4))
        notebook.cells.insert(
            0, nbformat.v4.new_code_cell(f"import os\nos.environ['VBQKIT_STATE_DIR'] = {str(state)!r}")
        )
        folder = lab.server.root / "lessons"
        folder.mkdir(exist_ok=True)
        if not (lab.server.root / "sample_data").exists():
            shutil.copytree(ROOT / "sample_data", lab.server.root / "sample_data")
        nbformat.write(notebook, folder / f"{name}.ipynb")
        self.state = state
        self.page.set_viewport_size(PROJECTOR)
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
        self.menu("Run All Cells")
        self.wait_until_run()

    def menu(self, name: str) -> None:
        """Choose an item of the menu Run."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name=name, exact=True).click()

    def wait_until_run(self) -> None:
        """Until every cell has its number."""
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

    def cell(self, text: str) -> Any:
        """The code cell that holds these words."""
        return self.page.locator(".jp-CodeCell").filter(has=self.page.locator(".cm-content").filter(has_text=text))

    def show(self, locator: Any) -> Any:
        locator.scroll_into_view_if_needed(timeout=20_000)
        return locator

    def fits(self, box: str, *parts: str) -> None:
        """The first such box is on one screen with its parts: picture, sliders, scores, button."""

        def missing() -> Any:
            self.page.locator(box).first.evaluate("e => e.scrollIntoView()")  # again: what is above is laid out late
            return self.page.evaluate(INSIDE, [box, list(parts)])

        self.lab.sees(missing, [], timeout_s=10)

    def fits_enlarged(self, box: str, *parts: str) -> None:
        """The same on a page that is enlarged by a half."""
        self.page.set_viewport_size(ENLARGED)
        self.fits(box, *parts)
        self.page.set_viewport_size(PROJECTOR)

    def answer(self, name: str, key: str) -> str:
        """Choose an option and press Check; returns the feedback."""
        box = self.show(self.page.locator(f".vbq-question-{name}"))
        options = dict(question(name).options)
        box.get_by_text(options[key], exact=True).click()
        # A busy kernel hears of Check before it hears of the choice: ipywidgets keeps a value back until the kernel is
        # done with the last one.
        self.page.wait_for_timeout(200)
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        return self._check(box)

    def write(self, name: str, text: str) -> str:
        """Write a number and press Check; returns the feedback."""
        box = self.show(self.page.locator(f".vbq-question-{name}"))
        box.locator("input").fill(text)
        box.locator("input").press("Tab")
        return self._check(box)

    def _check(self, box: Any) -> str:
        feedback = box.locator(".vbq-feedback")
        before = "".join(feedback.all_inner_texts())
        box.get_by_role("button", name="Check").click()
        for _ in range(400):
            after = "".join(feedback.all_inner_texts())
            if after and after != before:
                return after
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no new feedback: {before!r}")

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

    def guess(self, lab: int, option: str, times: int = 1) -> None:
        """Give the guesses that open the sliders of one of the labs."""
        buttons = self.page.locator(".vbq-lab").nth(lab).locator(".vbq-guess").get_by_role("button", name=option)
        for left in range(times, 0, -1):
            self.show(buttons.first).click()
            self.lab.sees(buttons.count, left - 1)

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


class Placer:
    """Places ROIs with the mouse where the picture says that a place in the patient is, by the pointer's position.

    On a projector's 1280 x 720 pixels, as the lesson was opened, on the same `enlarged` by a half, where a mouse can
    point at every second third of a CSS pixel, or on a `large` screen where tenths of mm are tested.
    """

    def __init__(self, lesson: Lesson, box: Any, *, large: bool = False, enlarged: bool = False) -> None:
        self.page, self.box, self.enlarged = lesson.page, box, enlarged
        if large or enlarged:
            self.page.set_viewport_size(ENLARGED if enlarged else {"width": 1500, "height": 1000})
        self.stage = box.locator(".vbq-stage").first
        self.stage.wait_for(timeout=60_000)
        lesson.show(self.stage)  # what is off the screen is not laid out
        lesson.lab.sees(lambda: box.locator(".vbq-waiting").first.evaluate("e => e.hidden"), True, timeout_s=60)
        box.locator(".vbq-toolbar").first.evaluate("e => e.scrollIntoView()")
        self.page.wait_for_timeout(300)  # the page scrolls; then measured until it stands still
        self._at_rest()
        (x0, mm0), (x1, mm1) = (self._position(share) for share in (0.3, 0.7))
        self.per_mm = [(x1[i] - x0[i]) / (mm1[i] - mm0[i]) for i in (0, 1)]
        self.corner, self.corner_mm = x0, mm0

    def _at_rest(self) -> dict[str, float]:
        place: dict[str, float] = {}
        for _ in range(40):
            now = self.stage.bounding_box()
            if now == place:
                return now
            place = now
            self.page.wait_for_timeout(100)
        raise AssertionError("the page does not come to rest")

    def _position(self, share: float) -> tuple[tuple[float, float], tuple[float, float]]:
        box = self.stage.bounding_box()
        x, y = box["x"] + share * box["width"], box["y"] + share * box["height"]
        for _ in range(100):
            self.page.mouse.move(x, y)
            self.page.wait_for_timeout(50)
            told = self.stage.locator(".vbq-br").text_content() or ""
            mm = {side: float(number) for side, number in re.findall(r"([RLAPFH]) (\d+\.\d)", told)}
            if len(mm) == 3:
                return (x, y), (mm.get("P", -mm.get("A", 0.0)), mm.get("H", -mm.get("F", 0.0)))
        raise AssertionError(f"no position under the pointer: {told!r}")

    def fix_area(self) -> None:
        """Every ROI gets 0.40 cm2."""
        self.box.get_by_label("fix area").first.check()

    def place(self, label: str, center_mm: Any) -> None:
        """Box, click, label: as the help sheet says."""
        x, y = (self.corner[i] + self.per_mm[i] * (center_mm[1 + i] - self.corner_mm[i]) for i in (0, 1))
        if self.enlarged:
            x, y = round(1.5 * x) / 1.5, round(1.5 * y) / 1.5
        self.stage.focus()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.page.mouse.click(x, y)
        self.page.keyboard.press({"CSF": "c", "noise": "n"}.get(label, label[-1]))
        self.box.locator(f".vbq-table tr[data-label='{label}']").first.wait_for(timeout=10_000)

    def place_all(self, rois: Any, *, but: Any = ()) -> None:
        for roi in rois:
            if roi.label in WHOLE_CASE and roi.label not in but:
                self.place(roi.label, roi.center_mm)

    def place_off_the_roots(self, case: Any) -> None:
        """All, with CSF a little in front of its reference: the square of a click is wider than that."""
        self.place_all(reference_rois(case), but=("CSF",))
        self.place("CSF", roomiest_square_of_csf(case))

    def delete(self, label: str) -> None:
        line = self.stage.locator(f"g[data-label='{label}'] path.vbq-line").bounding_box()
        self.page.mouse.click(line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
        self.page.keyboard.press("Delete")
        self.box.locator(f".vbq-table tr[data-label='{label}']").first.wait_for(state="detached", timeout=10_000)


def roomiest_square_of_csf(case: Any) -> Any:
    """Center of the square that a click draws: about the reference, where half a mm more or less matters least."""
    reference = next(roi for roi in reference_rois(case) if roi.label == "CSF")
    half = math.sqrt(100.0 * FIXED_AREA_CM2) / 2.0
    square = Rectangle(
        center=reference.center_mm, half_width=(0.0, half, 0.0), half_height=(0.0, 0.0, -half), label="CSF"
    )

    def foreign(back: float, up: float) -> float:
        moved = square.moved((0.0, back, up))
        under = truth_under(moved, truth_of(case), case.volumes["T1"].nearest_slice(moved.center_mm), wanted="CSF")
        return sum(share for word, share in under.shares if word != "CSF")

    places = [(back, up) for back in np.arange(-1.4, 0.7, 0.2) for up in (0.0, 2.0, -2.0, 4.0, -4.0)]
    best = min(places, key=lambda at: max(foreign(at[0] - 0.4, at[1]), foreign(at[0] + 0.4, at[1])))
    return np.add(reference.center_mm, (0.0, *best))


def known_to_python(box: Any) -> None:
    """Until Python has what lies in the studio: its numbers are on the page."""
    box.locator(".vbq-panel[data-source=python]").first.wait_for(timeout=20_000)


def checked(lesson: Lesson, exercise: Any) -> str:
    """Press Check my ROIs; the summary that comes."""
    known_to_python(exercise)
    feedback = exercise.locator(".vbq-feedback")
    before = "".join(feedback.all_inner_texts())
    lesson.show(exercise.get_by_role("button", name="Check my ROIs")).click()
    for _ in range(600):
        after = "".join(feedback.all_inner_texts())
        if after and after != before:
            return after
        lesson.page.wait_for_timeout(50)
    raise AssertionError(f"no new feedback: {before!r}")


@pytest.fixture
def no_errors(page: Any) -> Any:
    """Neither in a script nor, when the page is enlarged by a half, in what is to be seen of it."""
    yield
    page.set_viewport_size(ENLARGED)
    for _ in range(50):  # charts are drawn anew by and by
        page.wait_for_timeout(300)
        cut_off = page.evaluate(CUT_OFF, ".vbq-lesson")
        if not cut_off:
            break
    assert not cut_off, cut_off
    assert page.problems == []


def test_lesson_10_what_mri_sees(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "10_what_mri_sees")
    lesson.fits(".vbq-lab", "img", ".noUi-handle", ".vbq-readout")
    lesson.fits_enlarged(
        ".vbq-lab:has(.vbq-slider-te_ms)", *LAB_PARTS, ".vbq-slider-tr_ms", ".vbq-slider-te_ms", ".vbq-linked-chart"
    )
    lesson.wrong_then_right("10-fat")
    before = lesson.reading(0, "CSF")
    slider = lesson.page.locator(".vbq-lab").first.locator(".vbq-slider-tr_ms .noUi-target")
    assert slider.get_attribute("disabled"), "nothing moves before the guess"
    lesson.guess(0, "CSF")
    lesson.slide(0, "tr_ms", "PageUp", 2)
    assert lesson.wait_for_change(0, "CSF", before) > before, "CSF catches up when TR grows"
    chart = lesson.page.locator(".vbq-lab").first.locator(".vbq-linked-chart")
    lab.sees(lambda: float(chart.get_attribute("data-at")) > 450, True)  # the point on the curve moves along
    assert chart.locator("polyline").count() == 4
    lesson.wrong_then_right("10-stir")
    comes_back_after_a_restart(lesson, lab)


def comes_back_after_a_restart(lesson: Lesson, lab: Any) -> None:
    """Guess and slider of the first lab, and of the curves below it, with a kernel that knows nothing of them."""
    page = lesson.page
    views = page.locator(".vbq-lab").first, page.locator(".vbq-sliding").first
    lesson.show(views[1].get_by_role("button", name="by half")).click()
    lab.sees(lambda: views[1].locator(".noUi-target").first.get_attribute("disabled"), None)  # the kernel has the guess
    handle = views[1].locator(".noUi-handle")
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")

    def left() -> list[tuple[str, list[str], Any]]:
        return [
            (
                str(view.locator(".vbq-guess").first.text_content()),
                view.locator(".widget-readout").all_inner_texts(),
                view.locator(".noUi-target").first.get_attribute("disabled"),
            )
            for view in views
        ]

    lab.sees(lambda: views[1].locator(".vbq-linked-chart").get_attribute("data-at"), "35.0")
    before, csf = left(), lesson.reading(0, "CSF")
    assert [("(your guess)" in guess, locked) for guess, _, locked in before] == [(True, None)] * 2
    assert "35" in before[1][1][0]
    page.evaluate(CLEAR)
    views[0].wait_for(state="detached")
    page.evaluate(RESTART)
    lesson._run_all()
    lesson.show(views[1])
    lab.sees(left, before)
    assert lesson.reading(0, "CSF") == csf, "the picture is scanned where the sliders were left"


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


def drag_by_mm(lesson: Lesson, studio: Any, shifts: dict[str, Any], centers: dict[str, Any]) -> None:
    """Drag each ROI on the screen by a shift in patient mm (front to back, down to up)."""
    lab, labels = lesson.lab, list(shifts)
    studio.evaluate("e => e.scrollIntoView()")
    first, last = "L1", "L4"
    settled(lab, first)
    on_screen = {label: lab.middle(label) for label in (first, last)}
    per_mm = (on_screen[last][1] - on_screen[first][1]) / (centers[first][2] - centers[last][2])
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
    lesson.fits(".vbq-placing", ".vbq-stage", ".vbq-slider", ".vbq-scores", ".jupyter-button")
    lesson.fits_enlarged(".vbq-placing", *STUDIO_PARTS, ".jupyter-button")
    lab.wait_for_studio()
    button = exercise.get_by_role("button", name="Check my ROIs")
    lesson.show(button).click()
    exercise.locator("li[data-grade]").first.wait_for(timeout=20_000)
    assert not any(grades(lesson, exercise).values()), "every ROI lies in a wrong place"
    exercise.locator(".vbq-feedback").filter(has_text="6 of 6 ROIs need correcting").first.wait_for(timeout=20_000)
    pictures = exercise.locator("figure[data-close-up] img")
    pictures.nth(3).wait_for(timeout=20_000)
    assert "pixels that should not be in it are orange" in pictures.first.get_attribute("alt")
    assert "faultless placements" in exercise.inner_text()
    case = case_for("1", "placing")
    wrong = {roi.label: roi for roi in misplaced(case, ("L1", "L2", "L3", "L4", "CSF", "noise"))}
    right = {roi.label: roi for roi in reference_rois(case)}
    shifts = {k: np.subtract(right[k].center_mm, wrong[k].center_mm) for k in ("L1", "L2", "L3", "CSF", "noise", "L4")}
    drag_by_mm(lesson, exercise.locator(".vbq-toolbar").first, shifts, {k: r.center_mm for k, r in wrong.items()})
    lesson.show(button).click()
    exercise.locator("li[data-passed=true]").first.wait_for(timeout=20_000)
    for _ in range(5):  # what is still wrong is corrected by doing what the feedback says
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
    saved = list((lesson.state / "rois").glob("1_correct_*.vbqkit.json"))
    assert len(saved) == 1, "the ROIs are kept for the teacher"
    progress = (lesson.state / "progress.jsonl").read_text()
    assert progress.count('"exercise": "correct"') >= 2
    lesson.show(lesson.page.get_by_role("button", name="Draw the patient")).click()
    empty = lesson.page.locator(".vbq-placing").nth(1)
    placer = Placer(lesson, empty, enlarged=True)
    placer.fix_area()
    placer.place_off_the_roots(case_for("1", "placing from empty"))
    assert "All 6 ROIs pass" in checked(lesson, empty)


def test_lesson_25_proposed_rois(lab: Any, no_errors: None) -> None:
    """All that is proposed is accepted; the check finds the one on the haemangioma; it is moved, and then all pass."""
    lesson = Lesson(lab, "25_proposed_rois")
    for name in ("25-confidence", "25-marrow", "25-names", "25-report"):
        lesson.wrong_then_right(name)
    lesson.show(lesson.page.get_by_role("button", name="Show the patients")).click()
    lesson.page.get_by_text("Patient D. Synthetic.").wait_for(timeout=60_000)
    lesson.show(lesson.page.get_by_role("button", name="Look up the truth")).click()
    lesson.page.get_by_text("wrong, and nothing said").nth(1).wait_for(timeout=60_000)
    lesson.show(lesson.page.get_by_role("button", name="Draw the patient")).click()
    exercise = lesson.page.locator(".vbq-placing")
    lab.wait_for_studio()
    lesson.show(exercise.get_by_role("button", name="Propose ROIs")).click()
    exercise.locator(".vbq-waiting-list > li[data-label=L4]").wait_for(timeout=60_000)
    assert not exercise.locator(".vbq-table tr[data-label=L4]").count(), "nothing counts before it is accepted"
    exercise.get_by_role("button", name="Accept all").click()
    exercise.locator(".vbq-table tr[data-label=L4]").wait_for(timeout=20_000)
    case = case_for("1", "proposed", kind="haemangioma")
    (finding,) = truth_of(case).findings
    wrong = {grade.label for grade in compare_with_proposal((), case).proposed_grades if not grade.passed}
    assert finding.level in wrong
    assert wrong <= {finding.level, "noise"}, "air far from that of the reference group may be proposed for noise"
    told = {1: "1 of 6 ROIs needs correcting", 2: "2 of 6 ROIs need correcting", 0: "All 6 ROIs pass"}
    assert told[len(wrong)] in checked(lesson, exercise)
    assert grades(lesson, exercise)[finding.level] is False
    proposed = {p.roi.label: p.roi for p in propose_rois(case.volumes["T1"]).rois}
    reference = next(r for r in reference_rois(case) if r.label == finding.level)
    shift = np.subtract(reference.center_mm, proposed[finding.level].center_mm)
    centers = {label: roi.center_mm for label, roi in proposed.items()}
    drag_by_mm(lesson, exercise.locator(".vbq-toolbar").first, {finding.level: shift}, centers)
    assert told[len(wrong) - 1] in checked(lesson, exercise)
    assert grades(lesson, exercise)[finding.level] is True
    lesson.show(exercise.get_by_role("button", name="Compare with the computer")).click()
    exercise.get_by_text("the proposal's own doubt").wait_for(timeout=60_000)
    (file,) = (lesson.state / "rois").glob("1_accept_*.vbqkit.json")
    assert (
        dict(zip([r.label for r in read_rois(file)], read_rois(file).origins, strict=True))[finding.level]
        == "corrected"
    )


def test_lesson_30_snr_and_m_score(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "30_snr_and_m_score")
    lesson.number_wrong_then_right("30-snr")
    lesson.number_wrong_then_right("30-m-score")
    for press, row in (("Scan her on two more days", "hitachi-1.2t"), ("Scan her on ten days", "one ROI of 0.40 cm2")):
        lesson.show(lesson.page.get_by_role("button", name=press)).click()
        made = lesson.page.locator(".vbq-beginning table").filter(has_text=row)
        made.wait_for(timeout=30_000)
        assert "nan" not in made.inner_text()
    lesson.show(lesson.page.get_by_role("button", name="Draw 100 times")).click()
    lesson.page.get_by_text("Drawn 101 times").wait_for(timeout=30_000)
    snr, vbq = lesson.reading(0, "SNR"), lesson.reading(0, "VBQ")
    lesson.guess(0, "falls", times=3)
    lesson.slide(0, "noise", "PageUp", 2)
    assert lesson.wait_for_change(0, "SNR", snr) < 0.8 * snr, "more noise, less SNR"
    assert lesson.reading(0, "VBQ") == pytest.approx(vbq, rel=0.05), "VBQ hardly moves"
    assert lesson.page.locator(".vbq-still").count() == 0, "what is for paper is not on the screen"
    lesson.wrong_then_right("30-zeros")


def test_lesson_40_vbq(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "40_vbq")
    lesson.number_wrong_then_right("40-vbq")
    lesson.fits(".vbq-lab", "img", ".noUi-handle", ".vbq-readout")
    lesson.fits_enlarged(".vbq-lab:has(.vbq-slider-gain)", *LAB_PARTS, ".vbq-slider-gain", ".vbq-linked-chart")
    four = [f".vbq-slider-{name}" for name in ("field_t", "tr_ms", "te_ms", "bandwidth_hz_per_px")]
    lesson.fits_enlarged(".vbq-lab:has(.vbq-slider-field_t)", *LAB_PARTS, *four)
    lesson.page.keyboard.press("Control+b")  # without JupyterLab's list of files the curve too
    lesson.fits_enlarged(".vbq-lab:has(.vbq-slider-field_t)", *LAB_PARTS, *four, ".vbq-linked-chart")
    lesson.page.keyboard.press("Control+b")
    vbq, l3 = lesson.reading(0, "VBQ"), lesson.reading(0, "L3")
    lesson.guess(0, "the same")
    lesson.slide(0, "gain", "ArrowLeft", 4)
    assert lesson.wait_for_change(0, "L3", l3) < l3, "the gain changes every signal"
    assert lesson.reading(0, "VBQ") == pytest.approx(vbq, rel=2e-3), "and leaves VBQ"
    before = lesson.reading(1, "VBQ")
    lesson.guess(1, "falls", times=4)
    lesson.slide(1, "tr_ms", "PageUp", 1)
    assert lesson.wait_for_change(1, "VBQ", before) < 0.95 * before, "TR does not leave VBQ"
    seen = lesson.page.locator(".vbq-lab").nth(1).locator(".vbq-guess").filter(has_text="✓ Seen: −")
    seen.wait_for(timeout=10_000)
    lesson.wrong_then_right("40-cancel")
    lesson.wrong_then_right("40-landscape")
    follows_the_roi(lesson, lab)


def follows_the_roi(lesson: Lesson, lab: Any) -> None:
    """The landscape of VBQ under the student's hand: the ROI is dragged, and its title tells the new score."""
    lesson.show(lesson.page.get_by_role("button", name="Scan her six times and draw the landscape")).click()
    landscape = lesson.page.locator(".vbq-landscape")
    landscape.locator(".js-plotly-plot .heatmaplayer image").nth(1).wait_for(state="attached", timeout=60_000)
    lab.wait_for_studio()

    def title() -> str:
        return str(landscape.locator(".gtitle").text_content())

    before = title()
    studio = lesson.page.locator(".vbq-toolbar").first
    studio.evaluate("e => e.scrollIntoView()")
    lab.drag(settled(lab, "CSF"), (14, 0))
    lab.sees(lambda: title() != before, True)
    landscape.get_by_role("button", name="all levels").click()
    lab.sees(lambda: "L1 to L4 elsewhere" in title(), True)


def test_lesson_00_your_turn(lab: Any, no_errors: None) -> None:
    """The last step of the first lesson: from an empty picture to a grade, with L3 first in the disc."""
    lesson = Lesson(lab, "00_start_here")
    for name in ("00-weighting", "00-star"):
        lesson.wrong_then_right(name)
    exercise = lesson.page.locator(".vbq-placing")
    placer = Placer(lesson, exercise)
    reference = {r.label: r for r in read_rois(ROOT / "sample_data" / "case04" / "reference_rois.vbqkit.json").rois}
    placer.place_all(reference.values(), but=("L3",))
    placer.place("L3", reference["L3"].center_mm - np.array([0.0, 0.0, 17.0]))
    assert "1 of 6 ROIs needs correcting" in checked(lesson, exercise)
    assert "disc" in exercise.locator("li[data-grade=L3]").inner_text()
    placer = Placer(lesson, exercise)
    placer.delete("L3")
    placer.place("L3", reference["L3"].center_mm)
    assert "All 6 ROIs pass" in checked(lesson, exercise)


def test_lesson_50_t2_stir(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "50_t2_stir")
    lesson.number_wrong_then_right("50-t2-stir")
    csf = lesson.reading(0, "CSF")
    lesson.guess(0, "grey")
    lesson.slide(0, "ti_ms", "PageUp", 1)
    assert lesson.wait_for_change(0, "CSF", csf) < csf, "CSF comes nearer to its null"
    lesson.wrong_then_right("50-ti")
    lesson.wrong_then_right("50-gain")


def test_lesson_60_against_dexa(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "60_against_dexa")
    lesson.show(lesson.page.get_by_role("button", name="Compute every printed number again")).click()
    lesson.page.locator(".vbq-beginning table").filter(has_text="recomputed").wait_for(timeout=30_000)
    for name in ("60-five", "60-age", "60-optimism", "60-ledger"):
        lesson.wrong_then_right(name)
    lesson.number_wrong_then_right("60-ppv")
    lesson.page.locator(".js-plotly-plot").nth(6).wait_for(state="attached", timeout=30_000)


def test_lesson_65_measure_bone_yourself(lab: Any, no_errors: None) -> None:
    """The ROI of L1 on CT is dragged, and the table below shows another HU when its cell runs again."""
    lesson = Lesson(lab, "65_measure_bone_yourself")
    for name in ("65-hu", "65-dxa", "65-worn", "65-verdict", "65-table"):
        lesson.wrong_then_right(name)
    cell = lesson.cell("def hu_and_qct(rois)")
    before = lesson.show(cell.locator("table")).inner_text()
    lesson.page.locator(".vbq-toolbar").first.evaluate("e => e.scrollIntoView()")
    lab.drag(settled(lab, "L1"), (0, 14))
    known_to_python(lesson.page)
    lesson.show(cell.locator(".cm-content")).click()
    lesson.page.keyboard.press("Control+Enter")
    lab.sees(lambda: cell.locator("table").inner_text() != before, True)
    lesson.page.locator(".js-plotly-plot").nth(2).wait_for(state="attached", timeout=30_000)


def test_lesson_70_readers(lab: Any, no_errors: None) -> None:
    """Five patients read twice, then the cells below run again: the tables hold the student's own readings."""
    lesson = Lesson(lab, "70_readers")
    page = lesson.page
    for name in ("70-blind", "70-interval", "70-icc", "70-change"):
        lesson.wrong_then_right(name)
    lesson.number_wrong_then_right("70-limits")
    series = page.locator(".vbq-series")
    lesson.show(series.get_by_role("button", name="Start")).click()
    stations = read_twice("1").stations
    for number, station in enumerate(stations):
        series.get_by_text(f"({number + 1} of {len(stations)})").wait_for(timeout=60_000)
        placer = Placer(lesson, series, large=True)
        placer.fix_area()
        for roi in reference_rois(known_case(station.kind, station.seed)):
            if roi.label in (*SCORED_LEVELS, "CSF"):
                again = 1.0 if station.repeat_of and roi.label == "CSF" else 0.0
                placer.place(roi.label, roi.center_mm + np.array([0.0, again, 0.0]))
        assert not series.locator(".vbq-scores").count(), "no number draws the reader's hand"
        known_to_python(series)
        last = number + 1 == len(stations)
        series.get_by_role("button", name="Finish" if last else "Next patient").click()
    own = series.locator(".vbq-own-spread")
    own.wait_for(timeout=60_000)
    assert "Your own spread is" in own.inner_text()
    assert 0 < float(own.get_attribute("data-value")) < 0.2
    cell = lesson.cell("examples = example_readers()")
    lesson.show(cell.locator(".cm-content")).click()
    lesson.menu("Run Selected Cell and All Below")
    cell.get_by_text("1, reading2").wait_for(timeout=60_000)
    lesson.wait_until_run()
    progress = (lesson.state / "progress.jsonl").read_text()
    assert '"exercise": "own-spread"' in progress
    assert len(list((lesson.state / "rois").glob("1_reading?_????????.vbqkit.json"))) == 10


def test_lesson_80_pitfalls(lab: Any, no_errors: None) -> None:
    lesson = Lesson(lab, "80_pitfalls")
    for name in (
        "80-fracture",
        "80-haemangioma",
        "80-signals",
        "80-dexa",
        "80-scoliosis",
        "80-count",
        "80-contrast",
        "80-report",
    ):
        lesson.wrong_then_right(name)
    for press, seen in (("Scan a patient with screws", "screws run through"), ("Scan two patients", "Lumbarised S1")):
        lesson.show(lesson.page.get_by_role("button", name=press)).click()
        lesson.page.locator(".vbq-beginning figure").filter(has_text=seen).first.wait_for(timeout=60_000)
    assert "contrast agent given (gadobutrol)" in "".join(lesson.page.locator(".jp-OutputArea").all_text_contents())
    case = case_for("1", "pitfalls", kind="fracture")
    (fracture,) = truth_of(case).findings
    exercise = lesson.page.locator(".vbq-placing")
    assert not exercise.count(), "a patient is drawn when it is asked for"
    lesson.show(lesson.page.get_by_role("button", name="Draw the patient")).click()
    placer = Placer(lesson, exercise, large=True)
    placer.fix_area()
    placer.place_off_the_roots(case)
    level = int(fracture.level[1])
    above, below = (
        next(r for r in reference_rois(case) if r.label == k)
        for k in (f"{'T' if level == 1 else 'L'}{12 if level == 1 else level - 1}", f"L{level + 1}")
    )
    placer.place(fracture.level, (np.array(above.center_mm) + np.array(below.center_mm)) / 2)
    assert "1 of 6 ROIs needs correcting" in checked(lesson, exercise)
    assert "must be left out here" in exercise.locator(f"li[data-grade={fracture.level}]").inner_text()
    placer = Placer(lesson, exercise, large=True)
    placer.delete(fracture.level)
    assert f"All 5 ROIs pass, and {fracture.level} is rightly left out" in checked(lesson, exercise)


def test_lesson_95_invent_a_score(lab: Any, no_errors: None) -> None:
    """The student writes a score that depends on the gain, reads what is wrong with it, and corrects it."""
    lesson = Lesson(lab, "95_invent_a_score")
    page = lesson.page
    for name in ("95-direction", "95-difference", "95-ratio", "95-carried"):
        lesson.wrong_then_right(name)
    cell = lesson.cell("def my_score(t):")
    source = next(
        c.source
        for c in nbformat.read(NOTEBOOKS / "95_invent_a_score.ipynb", as_version=4).cells
        if "def my_score" in c.source
    )
    for old, new, told in (
        ('/ t["muscle"]', "", "receiver gain"),
        ('t["muscle"]', 't["subcutaneous_fat"]', "is a score"),
    ):
        assert source.count(old) == 1
        lesson.show(cell.locator(".cm-content")).click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source.replace(old, new))
        before = cell.locator(".jp-InputPrompt").text_content()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            "([e, before]) => /\\d/.test(e.textContent) && e.textContent !== before",
            arg=[cell.locator(".jp-InputPrompt").element_handle(), before],
            timeout=30_000,
        )
        lesson.show(cell.get_by_role("button", name="Check my score")).click()
        feedback = cell.locator(".vbq-feedback")
        feedback.filter(has_text=told).wait_for(timeout=20_000)
    assert feedback.get_attribute("data-right") == "true"


def test_lesson_96_open_data(lab: Any, no_errors: None) -> None:
    """Without the data set five virtual patients stand in, and the page says so; nothing is downloaded."""
    lesson = Lesson(lab, "96_open_data")
    page = lesson.page
    for name in ("96-tells", "96-missing", "96-spread", "96-agree"):
        lesson.wrong_then_right(name)
    own = page.locator(".vbq-open-data")
    assert "SYNTHETIC" in lesson.show(own).text_content()
    assert "3.8 GB from Zenodo, 8 GB on disk; CC BY 4.0" in own.text_content()
    assert own.get_by_role("button", name="Download SPIDER (3.8 GB)").is_enabled()
    lesson.show(page.get_by_role("button", name="Look at the series")).click()
    page.get_by_text("times not known").wait_for(timeout=120_000)  # the patients are made now
    lesson.show(page.get_by_role("button", name="Score every patient")).click()
    page.get_by_text("VBQ-T1 not given: no T1 series").wait_for(timeout=60_000)
    assert "SYNTHETIC" in lesson.show(page.locator(".js-plotly-plot").first).text_content()
    lesson.show(page.get_by_role("button", name="Propose ROIs and compare")).click()
    page.get_by_text("Names of the levels: 5 as in the masks").wait_for(timeout=60_000)


def test_lesson_97_was_the_study_large_enough(lab: Any, no_errors: None) -> None:
    """A study is run a thousand times instead of a hundred, and every question is answered."""
    lesson = Lesson(lab, "97_was_the_study_large_enough")
    first = lesson.page.locator(".vbq-run-again").first
    lesson.show(first.get_by_role("button", name="Run it 1,000 times")).click()
    first.get_by_text("Run 1000 times.").wait_for(timeout=60_000)
    assert first.locator(".js-plotly-plot").count() == 1
    for name in ("guess", "five", "cutoff", "p", "lies", "needed"):
        lesson.wrong_then_right(f"97-{name}")


def test_lesson_98_machine_learning(lab: Any, no_errors: None) -> None:
    """A guess that is drawn, every question, and a new person who is judged by the three networks."""
    lesson = Lesson(lab, "98_machine_learning")
    page = lesson.page
    assert lesson.show(page.get_by_text("your guess").first).is_visible()
    for name in sorted(name for name in choices() if name.startswith("98-")):
        lesson.wrong_then_right(name)
    lesson.show(page.get_by_role("button", name="Draw a new person and judge them")).click()
    page.get_by_text("What the networks see").first.wait_for(timeout=60_000)
    rows = page.locator("table").filter(has_text="network on").locator("tbody tr")
    assert [row.split("\t")[0] for row in rows.all_inner_texts()] == ["MRI", "CT", "MRI and CT"]


def test_lesson_99_final(lab: Any, no_errors: None) -> None:
    """Six readings; the second patient's CSF is put among the roots, and the report card says so."""
    lesson = Lesson(lab, "99_final")
    series = lesson.page.locator(".vbq-series")
    lesson.show(series.get_by_role("button", name="Start")).click()
    stations = final_stations("1")
    series.get_by_text("(1 of 6)").wait_for(timeout=60_000)
    series.get_by_role("button", name="Next patient").click()
    series.get_by_text("There is no ROI yet").wait_for(timeout=20_000)
    for number, station in enumerate(stations):
        if not number:
            lesson.fits(".vbq-series", ".vbq-series-head", ".vbq-stage", ".vbq-slider", "> .jupyter-button")
            lesson.fits_enlarged(".vbq-series", ".vbq-toolbar", ".vbq-stage", ".vbq-slider", "> .jupyter-button")
        placer = Placer(lesson, series)
        placer.fix_area()
        case = known_case(station.kind, station.seed, station.day)
        if number == 1:
            placer.place_all(reference_rois(case), but=("CSF",))
            csf = next(roi for roi in reference_rois(case) if roi.label == "CSF")
            placer.place("CSF", np.add(csf.center_mm, (0.0, 7.0, 0.0)))
        else:
            placer.place_off_the_roots(case)
        assert not series.locator(".vbq-scores").count(), "no number draws the reader's hand"
        assert station.kind not in series.inner_text(), "the page does not say what is to be seen"
        known_to_python(series)
        series.get_by_role("button", name="Finish" if number == 5 else "Next patient").click()
        if number < 5:
            series.get_by_text(f"({number + 2} of 6)").wait_for(timeout=60_000)
    series.locator(".vbq-report-saved").wait_for(timeout=120_000)
    card = lesson.page.frame_locator("iframe[title='Report card']")
    told = card.locator("body").inner_text()
    assert "35 of 36" in told, told
    assert "5 of 6; 5 are needed" in told, told
    assert card.locator("figure[data-close-up=CSF] img").count() == 1
    assert "proposed ROIs pass" in told.split("Beside the computer")[1]
    assert "Epidural fat" in told.split("What to practise")[1].split("Case by case")[0]
    assert (lesson.state / "report_card_1.html").exists()
