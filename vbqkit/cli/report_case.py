"""``vbqkit report``: score a study, and leave with something: HTML, PDF, DICOM."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator

from vbqkit.cli.opening import open_study
from vbqkit.cli.report import Report
from vbqkit.cli.score import ScoredStudy, scored_study
from vbqkit.cli.score import add_arguments as add_score_arguments
from vbqkit.errors import FormatError, ScoreError
from vbqkit.formats.roi_file import RoiFile
from vbqkit.report.assembling import Reading, assemble_report
from vbqkit.report.case_values import CaseReport, ReportSection
from vbqkit.report.cohort_row import append_to_cohort
from vbqkit.report.writing import check_target, write_whole, writer_of
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.level_findings import rules_for

HELP = "Score a study and write the report of the case: HTML, PDF, DICOM."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command: those of 'vbqkit score' and what is written."""
    add_score_arguments(parser)
    parser.add_argument(
        "--out",
        action="append",
        default=[],
        metavar="FILE",
        help="what to write, by its ending: .html, .pdf, .sr.dcm (structured report), .seg.dcm (segmentation), .sc.dcm (key image); "
        "may be repeated. DICOM objects belong to the study of the images and name its patient as the images do",
    )
    parser.add_argument(
        "--cohort", metavar="TABLE.csv", help="add the case to this cohort table, or begin one; needs --code"
    )
    parser.add_argument(
        "--cohort-aggregate",
        choices=["median", "mean"],
        help="which VBQ the cohort table gets, where both are computed",
    )
    parser.add_argument("--reader", required=True, metavar="NAME", help="who placed or accepted the ROIs")
    parser.add_argument("--code", default="case", metavar="CODE", help="what to call the case: a pseudonym")
    parser.add_argument("--date", metavar="YYYY-MM-DD", help="date of the reading; today by default")
    parser.add_argument(
        "--identity",
        action="store_true",
        help="name the patient as the headers do (name, number, dates) and quote descriptions and paths; without it the "
        "report holds neither. Such a report is a document about a person: keep it as one",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files that exist")


def run(args: argparse.Namespace) -> Report:
    """Score the study and write the report.

    Raises
    ------
    VbqkitError
        If the case cannot be read, or a file cannot be written.
    """
    if not args.out and args.cohort is None:
        raise FormatError("Nothing to write was named. Say where: --out case.html, --out case.pdf, --cohort table.csv.")
    for path in args.out:
        writer_of(path)
        check_target(path, overwrite=args.overwrite)
    reading = Reading(reader=args.reader, code=args.code, read_on=_date(args.date), identity=args.identity)
    report = _report(args, reading)
    made = [(path, writer_of(path)(report)) for path in args.out]  # all of them, or none is written
    written = [str(write_whole(path, content, overwrite=args.overwrite)) for path, content in made]
    if args.cohort is not None:
        written.append(f"one row of {append_to_cohort(report, args.cohort, aggregate=args.cohort_aggregate)}")
    remarks = [f"Written: {path}" for path in written]
    remarks += [one.verdicts for one in report.scores if one.verdicts]
    remarks.append("It screens and teaches; it does not diagnose. Cautions and sources stand in the report.")
    remarks += [f"No score is given. {name}: {why}" for name, why in report.not_scored if report.case is None]
    return Report(
        rows=report.rows(),
        status=int(report.case is None),
        columns=("score", "value", "ci_low", "ci_high", "aggregate", "unit"),
        remarks=tuple(remarks),
    )


def _report(args: argparse.Namespace, reading: Reading) -> CaseReport:
    """The report of the scored case; where every sagittal series is refused, the one that says why."""
    try:
        scored: ScoredStudy = scored_study(args)
    except (FormatError, ScoreError):
        if args.series:
            raise
        study = open_study(args)
        sagittal = [s for s in study if s.plane == "sagittal" and s.acquisition.modality in (None, "MR")]
        mixed = any(caution.code == "several-patients" for caution in study.cautions)
        if mixed or not sagittal or any(s.scorable for s in sagittal):
            raise
        nothing = RoiFile(rois=())
        spread = Jitter(shift_mm=0.0, size_percent=0.0)
        return assemble_report(study, {}, nothing, None, (), reading=reading, jitter=spread, options={})
    return assemble_report(
        scored.study,
        scored.volumes,
        scored.drawn,
        scored.case,
        scored.intervals,
        reading=reading,
        jitter=scored.jitter,
        options=scored.options,
        sections=[ReportSection(title, lines) for title, lines in _sections(scored) if lines],
    )


def _sections(scored: ScoredStudy) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "Reference group", scored.about_reference
    yield "What the papers do with such levels", rules_for(scored.options["excluded"])


def _date(text: str | None) -> dt.date:
    if text is None:
        return dt.datetime.now().astimezone().date()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise FormatError(f"--date {text} is no date; write it like --date 2026-11-29.") from None
