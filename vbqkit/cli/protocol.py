"""``vbqkit protocol``: whether a study was scanned in a way that the scores can be read from it."""

from __future__ import annotations

import argparse

from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError
from vbqkit.report.protocol_check import check_protocol, nearest_cutoffs
from vbqkit.scores.registry import scored_weightings
from vbqkit.study import Study

HELP = "Traffic lights for the protocol of each series, with the consequence for each score and the nearest published cut-off."

_COLUMNS = ("series", "weighting", "sign", "status", "topic", "consequence")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    add_study_options(parser)
    parser.add_argument("--series", type=int, metavar="NUMBER", help="only this row of 'vbqkit series', counted from 0")
    parser.add_argument(
        "--all", action="store_true", help="every topic and plane, not only what to look at in sagittal MR series"
    )


def run(args: argparse.Namespace) -> Report:
    """Check the protocol of the series of a study.

    Raises
    ------
    VbqkitError
        If the study cannot be read, or has no such series.
    """
    study = open_study(args)
    chosen = _chosen(study, args)
    lights = [light for number in chosen for light in check_protocol(study.series[number], number=number)]
    to_look_at = [light for light in lights if light.status in ("look", "refused")]
    shown = lights if args.all or args.json else to_look_at
    remarks = [f"{light.sign} {light.weighting} ({light.series}), {light.topic}: {light.found}" for light in to_look_at]
    if len(shown) < len(lights):
        remarks.append(
            f"{len(lights) - len(shown)} points are fine, or nothing was found about them: --all shows them."
        )
    remarks += _cutoffs(study, chosen)
    left_out = len(study) - len(chosen)
    if left_out and args.series is None:
        remarks.append(f"{left_out} series that are not sagittal MR were left out: --all checks them too.")
    remarks.append("Signs: ✓ fine, ○ nothing found, ! look, ✕ refused. A header that says nothing proves nothing.")
    return Report(rows=[light.as_row() for light in shown], columns=_COLUMNS, remarks=tuple(remarks))


def _chosen(study: Study, args: argparse.Namespace) -> list[int]:
    if args.series is not None:
        if not 0 <= args.series < len(study):
            raise FormatError(
                f"--series {args.series} names no series: give a row of 'vbqkit series', 0 to {len(study) - 1}."
            )
        return [args.series]
    if args.all:
        return list(range(len(study)))
    sagittal = [n for n, s in enumerate(study) if s.plane == "sagittal" and s.acquisition.modality in (None, "MR")]
    return sagittal or list(range(len(study)))


def _cutoffs(study: Study, chosen: list[int]) -> list[str]:
    found = []
    for number in chosen:
        series = study.series[number]
        if series.scorable and series.acquisition.weighting in scored_weightings():
            found += [str(one) for one in nearest_cutoffs(series.acquisition)]
    lines = [f"Cut-off of {text}." for text in dict.fromkeys(found)]
    return [*lines, "There is no default cut-off; 'vbqkit report' compares a value with all of them."] if lines else []
