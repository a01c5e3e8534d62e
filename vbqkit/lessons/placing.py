"""The placing exercise: a ROI studio on a virtual patient, a button that grades, and feedback that shows the fault."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import ipywidgets
import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.exercises.against_proposal import compare_with_proposal
from vbqkit.exercises.cases import SampleCase, TeachingCase, truth_of
from vbqkit.exercises.close_up import close_up_html
from vbqkit.exercises.consequence import Consequence, check_consequence
from vbqkit.exercises.own_spread import kept_own_spread
from vbqkit.exercises.placement import WHOLE_CASE, PlacementGrade, check_placements
from vbqkit.exercises.progress import state_dir, told_time
from vbqkit.exercises.reading_file import ReadingFile
from vbqkit.exercises.student import student_number
from vbqkit.language import digits, said, translated
from vbqkit.lessons.awake import Awake, back_html
from vbqkit.lessons.feedback import feedback_html, keep_attempt, tries_before
from vbqkit.lessons.proposal_shown import comparison_html
from vbqkit.page.slice_picture import slice_html
from vbqkit.roi import Roi
from vbqkit.scores import Aggregate, ReferenceGroup
from vbqkit.studio.studio import RoiStudio

TRIES_BEFORE_REFERENCE = 2


class PlacingExercise(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Place ROIs on a virtual patient and have them graded against the truth. Synthetic.

    Parameters
    ----------
    case : TeachingCase or SampleCase
        From :func:`vbqkit.exercises.make_case`, or a patient of ``sample_data``.
    wanted : sequence of str
        Labels to place.
    start : {"empty", "misplaced"}
        A picture without ROIs, or with ROIs in the wrong places.
    score : str
        The score whose shift is reported; it must need no labels other than those wanted.
    aggregate : {"median", "mean"}
        For VBQ.
    lesson, exercise : str
        For the progress file.
    student : str, optional
        Number or name of the student; by default the one that is kept, see :func:`vbqkit.exercises.student_number`.
    height : int
        Height of the picture, CSS pixels.
    case_file : path-like, optional
        Where the ROIs are saved; by default in the progress folder, from which a teacher collects them.
    reference : ReferenceGroup, optional
        For the M-score beside the picture.
    fixed_area_cm2 : float, optional
        Area of each new ROI, cm2.
    propose : bool
        Whether the studio proposes ROIs; False where the placing is what is graded.
    with_proposal : bool
        Whether the reference is shown beside the reader's ROIs and those that are proposed automatically.

    Attributes
    ----------
    studio : RoiStudio
        Where the ROIs are placed.
    grades : tuple of PlacementGrade
        Of the last check.
    consequence : Consequence or None
        Of the last check; None while ROIs are missing.
    """

    def __init__(
        self,
        case: TeachingCase | SampleCase,
        *,
        wanted: Sequence[str] = WHOLE_CASE,
        start: Literal["empty", "misplaced"] = "empty",
        score: str = "VBQ-T1",
        aggregate: Aggregate = "median",
        lesson: str,
        exercise: str,
        student: str | None = None,
        height: int = 520,
        case_file: str | Path | None = None,
        reference: ReferenceGroup | None = None,
        fixed_area_cm2: float | None = None,
        propose: bool = False,
        with_proposal: bool = False,
    ) -> None:
        self._with_proposal = with_proposal
        self.case, self.wanted = case, tuple(wanted)
        self._score, self._aggregate = score, aggregate
        self._lesson, self._exercise, self._student = lesson, exercise, student or student_number()
        self.grades: tuple[PlacementGrade, ...] = ()
        self.consequence: Consequence | None = None
        self._tries = 0
        rois = misplaced(case, self.wanted) if start == "misplaced" else ()
        self._image = next(iter(case.volumes.values()))
        self._file, self._file_error = self._case_file() if case_file is None else (Path(case_file), "")
        self.studio = RoiStudio(
            list(case.volumes.values()),
            rois=rois,
            height=height,
            case_file=self._file,
            reference=reference,
            fixed_area_cm2=fixed_area_cm2,
            propose=propose,
        )
        self.studio.slices = [case.middle_slice(w).index for w in case.volumes]
        self._button = ipywidgets.Button(
            description=translated("Check my ROIs"),
            button_style="primary",
            tooltip=translated("Grade the ROIs against the truth"),
        )
        self._show = ipywidgets.ToggleButton(
            description=translated("Compare with the computer") if with_proposal else translated("Show the reference"),
            disabled=True,
            tooltip=translated("Where an expert would measure, and what is proposed automatically")
            if with_proposal
            else translated("Where an expert would measure"),
            layout={"width": "max-content"},
        )
        self._feedback, self._pictures = ipywidgets.HTML(), ipywidgets.HTML()
        self._reference = ipywidgets.HTML()
        self._button.on_click(lambda _: self.check())
        self._show.observe(self._toggle_reference, "value")
        super().__init__(
            [self.studio, ipywidgets.HBox([self._button, self._show]), self._feedback, self._pictures, self._reference]
        )
        self.add_class("vbq-placing")
        self._bring_back()

    def still_html(self) -> str:
        """The picture with the ROIs that lie on it when the cell is run."""
        image = self.case.middle_slice(next(iter(self.case.volumes)))
        placed = ", ".join(roi.label for roi in self.studio.rois) or translated("none yet")
        return slice_html(
            image,
            alt=translated("Middle sagittal slice of {case}. ROIs: {placed}.", case=self.case.name, placed=placed),
            rois=self.studio.rois,
            caption=translated(
                "Place {labels} in the notebook. ROIs here: {placed}.", labels=", ".join(self.wanted), placed=placed
            ),
        )

    def _bring_back(self) -> None:
        """Of another day: how often the ROIs were checked, and what the last check said."""
        tries = tries_before(self._lesson, self._exercise, student=self._student)
        if not tries:
            return
        self._tries = len(tries)
        last = tries[-1]
        labels = ", ".join(part.split(":")[0] for part in last.detail.split("; ") if part)
        said = (
            translated("all passed")
            if last.passed
            else translated("{what} needed correcting", what=labels or translated("the result"))
        )
        told = translated(
            "Your last check was on {when}: {said}. Press {button} to see what it says of your ROIs now.",
            when=told_time(last.at),
            said=said,
            button=self._button.description,
        )
        self._feedback.value = back_html(told, at=last.at)
        self._show.disabled = not (any(a.passed for a in tries) or self._tries >= TRIES_BEFORE_REFERENCE)

    def check(self) -> None:
        """Grade the ROIs in the studio, show the grades, and record the try."""
        self._tries += 1
        rois = self.studio.rois
        self._feedback.value = (
            "<div role='status' aria-live='polite' class='vbq-grading'>"
            f"{translated('Looking up the truth under your ROIs ...')}</div>"
        )
        self.grades = check_placements(rois, truth_of(self.case), image=self._image, wanted=self.wanted)
        self.consequence, sentence = self._told_consequence(rois)
        passed, summary = _verdict(self.grades, self.consequence)
        items = "".join(_grade_html(grade) for grade in self.grades)
        saved = self._file_error or translated(
            "Your ROIs are saved in {file}. A teacher can collect these files; nothing is sent anywhere.",
            file=self._file,
        )
        self._feedback.value = (
            f"{feedback_html(passed, summary)}<p style='max-width:860px'>{html.escape(sentence)}</p>"
            f"<ul style='max-width:860px;line-height:1.45'>{items}</ul><p style='font-size:12px'>{html.escape(saved)}</p>"
        )
        self._pictures.value = "".join(self._close_up(grade, rois) for grade in self.grades if _to_show(grade))
        keep_attempt(
            self._lesson,
            self._exercise,
            passed=passed,
            student=self._student,
            detail="; ".join(f"{g.label}: {', '.join(f.code for f in g.faults)}" for g in self.grades if not g.passed),
            value=None if self.consequence is None else self.consequence.in_spreads,
            feedback=self._feedback,
        )
        self._show.disabled = not (passed or self._tries >= TRIES_BEFORE_REFERENCE)

    def _told_consequence(self, rois: Iterable[Roi]) -> tuple[Consequence | None, str]:
        try:
            result = check_consequence(
                rois,
                truth_of(self.case),
                volumes=self.case.volumes,
                score=self._score,
                aggregate=self._aggregate,
                rng=np.random.default_rng(truth_of(self.case).seed),
                own_spread=kept_own_spread(self._student),
                spread=None if self.consequence is None else self.consequence.spread,
            )
        except VbqkitError as error:
            return (
                None,
                translated(
                    "How far {score} moves can be computed only when all its ROIs lie on the picture.",
                    score=self._score,
                )
                + f" {said(str(error))}",
            )
        return result, str(result)

    def _case_file(self) -> tuple[Path | None, str]:
        """The file in which the ROIs are saved, or why there is none."""
        try:
            folder = state_dir() / "rois"
            folder.mkdir(exist_ok=True)
            return folder / ReadingFile.of_case(self._student, self._exercise, self.case.name).name, ""
        except (VbqkitError, OSError) as error:
            return None, translated("Your ROIs are not saved in a file: {why}", why=said(str(error)))

    def _close_up(self, grade: PlacementGrade, rois: Iterable[Roi]) -> str:
        return close_up_html(grade, next(r for r in rois if r.label == grade.label), self._image)

    def _toggle_reference(self, change: Any) -> None:
        if not change["new"]:
            self._reference.value = ""
            return
        if self._with_proposal:
            self._reference.value = comparison_html(
                compare_with_proposal(self.studio.rois, self.case, aggregate=self._aggregate), self.case
            )
            return
        chosen = [roi for roi in truth_of(self.case).reference_rois if roi.label in self.wanted]
        image = self.case.middle_slice(next(iter(self.case.volumes)))
        self._reference.value = slice_html(
            image,
            alt=translated(
                "The same slice with the reference ROIs: L1 to L4 in the middle of the marrow, CSF in the sac, noise in air."
            ),
            rois=chosen,
            caption=translated("Reference ROIs: one good placement, not the only one."),
        )


def misplaced(case: TeachingCase | SampleCase, labels: Iterable[str]) -> tuple[Roi, ...]:
    """The reference ROIs, each moved to a wrong place, which follows from the seed of the case."""
    rng = np.random.default_rng([truth_of(case).seed, 77])
    wrong = {"CSF": [(0.0, 6.0, 0.0), (0.0, 8.0, 2.0)], "noise": [(0.0, -24.0, 0.0)]}
    marrow = [
        (0.0, 18.0, 0.0),
        (0.0, 0.0, 13.0),
        (0.0, -17.0, 0.0),
        (0.0, 3.0, 13.0),
        (0.0, 17.0, 8.0),
    ]  # none towards its neighbour
    order = list(rng.permutation(len(marrow)))
    moved = []
    for roi in truth_of(case).reference_rois:
        if roi.label in labels:
            choices = wrong.get(roi.label)
            shift = choices[int(rng.integers(len(choices)))] if choices else marrow[order.pop()]
            moved.append(roi.moved(shift))
    return tuple(moved)


def _verdict(grades: Sequence[PlacementGrade], consequence: Consequence | None) -> tuple[bool, str]:
    """Whether places and result pass together, and that in a sentence."""
    wrong = sum(not grade.passed for grade in grades)
    if wrong:
        if len(grades) == 1:
            told = translated("1 of 1 ROI needs correcting. Read below, move them, and press the button again.")
        elif wrong == 1:
            told = translated(
                "1 of {n} ROIs needs correcting. Read below, move them, and press the button again.", n=len(grades)
            )
        else:
            told = translated(
                "{wrong} of {n} ROIs need correcting. Read below, move them, and press the button again.",
                wrong=wrong,
                n=len(grades),
            )
        return False, told
    placed = [grade for grade in grades if not grade.left_out]
    spared = "".join(
        translated(", and {label} is rightly left out", label=grade.label) for grade in grades if grade.left_out
    )
    if consequence is not None and not consequence.passed:
        return False, translated(
            "Each ROI passes by itself{spared}, but together they shift {score} more than faultless placements do. Begin with {worst}: move it further into its tissue, and press the button again.",
            spared=spared,
            score=consequence.score,
            worst=consequence.worst,
        )
    return True, translated("All {n} ROIs pass{spared}.", n=len(placed), spared=spared)


def _to_show(grade: PlacementGrade) -> bool:
    return grade.contaminated is not None and bool(grade.contaminated.any())


def _grade_html(grade: PlacementGrade) -> str:
    sign = "✓" if grade.passed else "✗"
    faults = "".join(f"<li>{html.escape(fault.message)}</li>" for fault in grade.faults)
    edge = (
        translated(", {mm} mm from the nearest edge", mm=digits(grade.edge_mm, ".1f"))
        if grade.edge_mm and grade.passed and grade.label != "noise"
        else ""
    )
    return f"<li data-grade='{html.escape(grade.label)}' data-passed='{str(grade.passed).lower()}'><b>{sign} {html.escape(grade.label)}</b>: {grade.word}{edge}<ul>{faults}</ul></li>"
