"""The report card of the final lesson: accuracy, repeatability, and what to practise, as one HTML file."""

from __future__ import annotations

import html
import math
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.errors import FormatError
from vbqkit.exercises.against_proposal import AgainstProposal, with_percent
from vbqkit.exercises.consequence import Consequence
from vbqkit.exercises.placement import PlacementGrade
from vbqkit.exercises.progress import told_time
from vbqkit.page.colours import PAGE

ADVICE: dict[str, tuple[str, str]] = {
    "wrong-level": ("Counting levels: start at the sacrum, the last free vertebra is L5.", "20"),
    "cortex": ("Distance to the cortex: keep at least 1 mm of marrow around the ROI.", "20"),
    "endplate": ("Distance to the endplates: place the ROI in the middle of the height.", "20"),
    "vein": ("The basivertebral vein: stay in the front half of the body.", "20"),
    "disc": ("Disc and marrow: look at the endplates on both sides before you draw.", "20"),
    "root": ("CSF without roots: use the front part of the sac.", "20"),
    "cord": ("CSF without cord: measure below the conus, at L3.", "20"),
    "fat": ("Epidural fat: stay away from the back wall of the sac.", "20"),
    "slice": ("The middle slice: spinous process, canal and vein are all on it.", "20"),
    "size": ("One size for all ROIs: copy them, or fix the area.", "20"),
    "area": ("Size: 0.40 cm2 for every level; a ROI of a few pixels measures texture and noise.", "20"),
    "part-of-body": ("The same part of every body: at mid height, a little in front of the center.", "20"),
    "csf-level": ("CSF beside L3, or beside a neighbouring level where the canal is narrow.", "20"),
    "noise-place": ("Noise where the reference group's was measured: behind the back, level with L3.", "30"),
    "left-out": ("Levels that must be left out: fracture first, then the score.", "80"),
    "noise-refused": ("Noise: find air without zeros, away from the body.", "30"),
    "ligament": ("Ligaments in front of and behind the body and the sac: stay away from the edge.", "20"),
    "other": ("Soft tissue outside the spine: look at the whole picture before you draw.", "20"),
    "csf": ("CSF only in the CSF ROI: levels lie in marrow, noise in air.", "20"),
    "outside-body": ("The body of the vertebra: marrow of the arch and the processes does not count.", "20"),
    "on-marrow": ("Marrow only in the ROIs of the levels: CSF lies in the sac, noise in air.", "20"),
    "air": ("Air only in the noise ROI: look at the outline of the body.", "20"),
    "bowel": ("Gas in the bowel is not clean air: place the noise ROI outside the body.", "30"),
    "double": ("One ROI for each name: delete the extra one.", "20"),
    "not-on-picture": ("ROIs on the picture: each must lie on a slice, inside the image.", "20"),
    "missing": ("Complete cases: L1 to L4, CSF and noise.", "20"),
} | {tissue.fault: (tissue.advice, tissue.lesson) for finding in FINDINGS for tissue in finding.tissues}
"""Fault to advice and the number of the lesson that teaches it."""

PASS_SHARE = 0.8
"""Share of the readings that must pass, rounded up: 5 of the 6 of the final."""

_SPREAD = (
    "Spread: root mean square of the shifts of the score among faultless placements drawn at random. Up to 2 spreads a shift cannot be told "
    "from one of these. A reading passes if every ROI passes and the score's shift is at most 2 spreads."
)


_CASE_HEAD = ("case", "passes", "score", "reference", "shift in spreads", "ROIs to correct")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How one case of the final went.

    Attributes
    ----------
    title : str
        What the student saw as its name.
    case : str
        Kind and seed, for the teacher.
    grades : tuple of PlacementGrade
        One a ROI.
    consequence : Consequence or None
        None where the score could not be computed.
    repeat_of : str
        Title of the case that this one repeats; empty otherwise.
    compared : AgainstProposal or None
        The same case as it is proposed automatically.
    pictures : tuple of str
        HTML figures of the ROIs that must be corrected, see :func:`vbqkit.exercises.close_up.close_up_html`.
    """

    title: str
    case: str
    grades: tuple[PlacementGrade, ...]
    consequence: Consequence | None
    repeat_of: str = ""
    compared: AgainstProposal | None = None
    pictures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every ROI passes and the score, if it was to be given, lies where faultless placements put it."""
        return all(g.passed for g in self.grades) and self.consequence is not None and self.consequence.passed


def needed_to_pass(readings: int) -> int:
    """How many of so many readings must pass.

    Examples
    --------
    >>> needed_to_pass(6), needed_to_pass(1)
    (5, 1)
    """
    return math.ceil(PASS_SHARE * readings)


def grade_of(results: Sequence[CaseResult]) -> str:
    """The grade of a final: ``"passed with distinction"`` (every reading), ``"passed"``, or ``"not passed"``."""
    right = sum(r.passed for r in results)
    if right == len(results) > 0:
        return "passed with distinction"
    return "passed" if right >= needed_to_pass(len(results)) and right else "not passed"


def what_to_practise(results: Sequence[CaseResult]) -> list[tuple[str, str, int]]:
    """Advice, lesson and how often its fault occurred, most frequent first; only faults that need correcting."""
    counted = Counter(f.code for r in results for g in r.grades for f in g.faults if f.severity == "wrong")
    return [
        (*ADVICE.get(code, (f"Fault '{code}': read its feedback again.", "20")), n) for code, n in counted.most_common()
    ]


def repeatability_percent(results: Sequence[CaseResult]) -> float | None:
    """Difference between the two readings of the repeated case over their mean, %; None if there is none."""
    by_title = {r.title: r for r in results}
    for again in results:
        first = by_title.get(again.repeat_of)
        if first is not None and first.consequence is not None and again.consequence is not None:
            a, b = first.consequence.value, again.consequence.value
            return 100.0 * abs(a - b) / ((a + b) / 2.0)
    return None


def report_card_html(results: Sequence[CaseResult], *, student: str, when: datetime | None = None) -> str:
    """The report card as a complete HTML page that needs nothing else.

    Parameters
    ----------
    results : sequence of CaseResult
        In the order in which they were read.
    student : str
        Name or number.
    when : datetime, optional
        Now, if not given.
    """
    told = told_time((when or datetime.now(UTC)).isoformat())
    rois = [g for r in results for g in r.grades]
    shifts = [
        abs(r.consequence.in_spreads)
        for r in results
        if r.consequence is not None and math.isfinite(r.consequence.in_spreads)
    ]
    repeat = repeatability_percent(results)
    judged = next((r.consequence for r in results if r.consequence is not None), None)
    score = judged.score if judged is not None else "the score"
    own = "" if judged is None or judged.own is None else f" For comparison, your own spread: {judged.own}."
    right = sum(r.passed for r in results)
    facts = [
        ("Grade", grade_of(results)),
        ("Readings that pass", f"{right} of {len(results)}; {needed_to_pass(len(results))} are needed"),
        ("ROIs that pass", f"{sum(g.passed for g in rois)} of {len(rois)}"),
        (f"Accuracy: median shift of {score}", f"{median(shifts):.1f} spreads" if shifts else "could not be computed"),
        ("Repeatability: difference between two readings of one patient", "not measured" if repeat is None else f"{repeat:.1f} %"),
    ]  # fmt: skip
    practise = what_to_practise(results) or [("Nothing to correct. Teach someone else.", "", 0)]
    page = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>vbqkit report card</title><style>",
        f"body{{font:16px/1.5 sans-serif;max-width:820px;margin:2rem auto;padding:0 1rem;color:{PAGE['ink']};background:{PAGE['paper']}}}",
        "table{border-collapse:collapse;width:100%}td,th{padding:.35rem .6rem;text-align:left;vertical-align:top}",
        f"td,th{{border-bottom:1px solid {PAGE['rule']}}}",
        "small{color:" + PAGE["soft_ink"] + "}@media print{body{margin:0}}</style></head><body>",
        f"<h1>Report card</h1><p>Student: <b>{html.escape(student)}</b> · {told} · virtual patients, synthetic</p>",
        _table(("", "result"), facts),
        (f"<p><small>{_SPREAD}{html.escape(own)} Huang 2026 accepts differences between readers of up to 10 %. All readings count, the "
        "second one of the patient who comes twice too: on another day, elsewhere in the field of view and in other noise.</small></p>"),
        "<h2>What to practise</h2>",
        _table(("advice", "lesson", "times"), [(text, lesson, str(n) if n else "") for text, lesson, n in practise]),
        "<h2>Case by case</h2>",
        _table(_CASE_HEAD, [_case_row(r) for r in results]),
        *_wrong_in_pictures(results),
        *_beside_proposal(results),
        "<p><small>Each case can be made again by its kind and seed, so a teacher can re-grade it. The software screens and teaches; it does not diagnose.</small></p>",
        "</body></html>",
    ]  # fmt: skip
    return "\n".join(page)


def save_report_card(page: str, path: Path) -> Path:
    """Write the page: complete, or not at all.

    Raises
    ------
    FormatError
        If the file cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        Path(name).replace(path)
    except OSError as error:
        raise FormatError(
            f"The report card could not be saved as '{path}': {error.strerror}. Choose another folder."
        ) from error
    return path


def _case_row(result: CaseResult) -> tuple[str, ...]:
    name = f"{result.title} ({result.case})" + (f", again {result.repeat_of}" if result.repeat_of else "")
    to_correct = "; ".join(
        f"{g.label}: {', '.join(f.code for f in g.faults if f.severity == 'wrong')}"
        for g in result.grades
        if not g.passed
    )
    c, passes = result.consequence, "yes" if result.passed else "no"
    if c is None:
        return (name, passes, "not given", "", "", to_correct or "none")
    return (
        name,
        passes,
        f"{c.score} {c.value:.2f}",
        f"{c.reference:.2f}",
        f"{c.in_spreads:+.1f}",
        to_correct or "none",
    )


def _wrong_in_pictures(results: Sequence[CaseResult]) -> list[str]:
    shown = [(r.title, r.pictures) for r in results if r.pictures]
    if not shown:
        return []
    return [
        "<h2>What was wrong</h2>",
        *(f"<h3>{html.escape(title)}</h3><div>{''.join(pictures)}</div>" for title, pictures in shown),
    ]


def _beside_proposal(results: Sequence[CaseResult]) -> list[str]:
    """Each case as read and as proposed automatically; nothing where nobody asked for proposals."""
    pairs = [(r, r.compared) for r in results if r.compared is not None]
    if not pairs:
        return []
    head = ("case", "reference", "yours", "proposed, all accepted", "wrong in the proposal", "of these, no doubt said")
    rows = [(r.title, *_compared_cells(compared)) for r, compared in pairs]
    asked = sum(not c.proposed_grades for _, c in pairs)
    given = [g for _, c in pairs for g in c.proposed_grades]
    told = f"{sum(g.passed for g in given)} of {len(given)} proposed ROIs pass" + (
        f"; in {asked} of {len(pairs)} cases no names were proposed." if asked else "."
    )
    return [
        "<h2>Beside the computer</h2>",
        f"<p>{told} The proposal knows where a body is, not whether its marrow may be measured.</p>",
        _table(head, rows),
    ]


def _compared_cells(compared: AgainstProposal) -> tuple[str, ...]:
    reference = "not given" if compared.reference is None else f"{compared.score} {compared.reference:.2f}"
    yours = with_percent(compared.reader, compared.reader_percent)
    if compared.proposal is None or not compared.proposal.named:
        return (reference, yours, "nothing proposed" if compared.proposal is None else "no names: it asks", "", "")
    wrong = ", ".join(g.label for g in compared.proposed_grades if not g.passed) or "none"
    proposed = with_percent(compared.proposed, compared.proposed_percent)
    return (reference, yours, proposed, wrong, ", ".join(compared.unseen) or "none")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th scope='col'>{html.escape(text)}</th>" for text in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
