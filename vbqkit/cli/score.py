"""``vbqkit score``: the scores of a study with the ROIs of a file."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.batch.choosing import volumes_and_rois
from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.report import Report
from vbqkit.cli.scores import add_score_choice, use_chosen
from vbqkit.errors import ScoreError
from vbqkit.formats.roi_file import RoiFile
from vbqkit.image import Volume
from vbqkit.reference_library import match_group, read_library
from vbqkit.roi.labels import SPINE_LEVELS
from vbqkit.scores.case import CaseScores, score_case
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.propagation import case_uncertainty
from vbqkit.scores.registry import SCORES, scored_weightings
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.series_cautions import cautions_of
from vbqkit.scores.uncertainty_budget import Uncertainty
from vbqkit.study import Study

HELP = "Scores of a study with the ROIs of a file: SNR, M-score, VBQ; each with its parts, or why it is not given."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    add_study_options(parser)
    add_score_choice(parser)
    parser.add_argument(
        "--rois", required=True, metavar="FILE", help="ROI file with L1 to L4, CSF and noise: JSON, CSV, ImageJ or mask"
    )
    parser.add_argument(
        "--series",
        action="append",
        default=[],
        metavar="[T1=|T2=|STIR=]NUMBER",
        help="which row of 'vbqkit series' to score, counted from 0; T1=2 also sets the weighting of row 2 to T1; may be repeated",
    )
    parser.add_argument(
        "--reference",
        metavar="LIBRARY",
        help="folder of reference groups, or the file of one (vbqkit reference), for the M-score: the group of the same scanner, coil and "
        "protocol is taken; if none agrees there is no M-score",
    )
    parser.add_argument("--reference-group", metavar="NAME", help="which group of --reference, where several agree")
    parser.add_argument("--coil", default="", metavar="TEXT", help="the receive coil, where the header is silent")
    parser.add_argument(
        "--reference-snr", metavar="MEAN,SD,N", help="SNR of young women on the same scanner, for the M-score"
    )
    parser.add_argument(
        "--reference-scanner", metavar="TEXT", default="not stated", help="the scanner they were measured on"
    )
    parser.add_argument(
        "--aggregate",
        choices=["median", "mean", "both"],
        default="both",
        help="of L1-L4 for VBQ: median (Cui 2025, Chen 2023), mean (Huang 2026); both by default",
    )
    parser.add_argument(
        "--rule",
        choices=["all four", "leave out", "replace"],
        default="all four",
        help="for levels in --exclude: leave out (Chen 2023), replace by T12/L5 (Huang 2026)",
    )
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="LEVEL=REASON",
        help="a level that cannot be used, such as L2=fracture",
    )
    parser.add_argument(
        "--coverage",
        choices=["center", "area"],
        default="center",
        help="count pixels by their center, or weigh them by covered area",
    )
    parser.add_argument(
        "--overrule",
        metavar="REASON",
        help="score a series that must not be scored (contrast agent, derived, ...) all the same, for this reason; every "
        "score then says so",
    )
    parser.add_argument(
        "--accept-proposed",
        action="store_true",
        help="score ROIs that were proposed automatically and that no reader has accepted; every score then says so",
    )
    parser.add_argument("--rayleigh", action="store_true", help="multiply SNR by 0.655 (off in the Košice group 2025)")
    parser.add_argument(
        "--jitter",
        default="1,0",
        metavar="MM,PERCENT",
        help="how far placements are thought to vary, for the 95 %% interval: shift in mm, change of lengths in percent; "
        "1,0 by default: 1 mm, fixed area",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredStudy:
    """What the options of the command give: the study, its scored series, the ROIs, and the scores with intervals."""

    study: Study
    volumes: dict[str, Volume]
    used: set[int]
    drawn: RoiFile
    case: CaseScores
    intervals: tuple[Uncertainty, ...]
    jitter: Jitter
    options: dict[str, Any]
    about_reference: tuple[str, ...] = ()


def scored_study(args: argparse.Namespace) -> ScoredStudy:
    """Open and score the study that the options name: the same options give the same digits."""
    if args.overrule is not None and not args.overrule.strip():
        raise ScoreError("--overrule needs a reason in words: every score carries it.")
    use_chosen(args)
    study = open_study(args)
    volumes, used, drawn = volumes_and_rois(
        study, args.rois, choices=args.series, overrule=args.overrule, accept_proposed=args.accept_proposed
    )
    excluded = dict(_pair(text, "--exclude", "L2=fracture") for text in args.exclude)
    unknown = sorted(set(excluded) - set(SPINE_LEVELS))
    if unknown:
        raise ScoreError(f"--exclude {unknown[0]}: there is no such level. Known are {', '.join(SPINE_LEVELS)}.")
    reference, about_reference = _reference_of(args, volumes)
    jitter = jitter_of(args.jitter)
    options: dict[str, Any] = {
        "aggregate": args.aggregate,
        "reference": reference,
        "rule": args.rule,
        "excluded": excluded,
        "rayleigh_correction": args.rayleigh,
        "coverage": args.coverage,
        "overrule": args.overrule,
    }
    case = score_case(volumes, drawn, **options)
    # the same command prints the same interval
    intervals = case_uncertainty(volumes, drawn, jitter=jitter, rng=np.random.default_rng(0), **options)
    return ScoredStudy(
        study=study,
        volumes=volumes,
        used=used,
        drawn=drawn,
        case=case,
        intervals=intervals,
        jitter=jitter,
        options=options,
        about_reference=about_reference,
    )


def run(args: argparse.Namespace) -> Report:
    """Score the study."""
    scored = scored_study(args)
    study, volumes, used, drawn = scored.study, scored.volumes, scored.used, scored.drawn
    case, intervals, jitter = scored.case, scored.intervals, scored.jitter
    known = {one.score.key: _interval(one, jitter) for one in intervals}
    rows: list[dict[str, object]] = []
    for result in sorted(case.results, key=lambda result: result.aggregate == "mean"):
        row = result.as_row() | (known.get(result.key, {}) if isinstance(result, Score) else {})
        if row not in rows:  # a refusal for the same reason with both aggregates
            rows.append(row)
    left_out = [] if args.series else list(_left_out(study, used))
    refused = _rows_of(left_out, volumes)
    rows += refused
    remarks = [f"! {caution}" for caution in dict.fromkeys(_cautions(case, volumes, drawn))]
    told = " ".join(str(row["refused"]) for row in refused)
    remarks += [f"Series {number} left out: {reason}" for number, _, reason in left_out if reason not in told]
    remarks += [f"Weighting {w}: {v.acquisition.weighting_reason}." for w, v in volumes.items()]
    remarks += _refusals(rows, scored.options["reference"], asked_library=bool(scored.about_reference))
    remarks += scored.about_reference
    remarks += [f"! {caution}" for one in intervals for caution in one.cautions if caution.code == "no-interval"]
    remarks.append(
        f"Intervals: 95 %, from pixel noise, ROI placement ({jitter}, assumed: see --jitter) and reference group; shares: --json."
    )
    remarks += [
        f"{name}: {direction}."
        for name, direction in {r["score"]: r["direction"] for r in rows if "direction" in r}.items()
    ]
    remarks.append("It screens and teaches; it does not diagnose. Definitions, parts and sources: --json.")
    for row in rows:
        row["aggregate"] = str(row.get("option_aggregate") or "-").split(" ")[0]
    return Report(
        rows=rows,
        columns=(
            *("score", "value", "ci_low", "ci_high", "aggregate", "unit", "levels"),
            *(("overruled",) if any(row.get("overruled") for row in rows) else ()),
        ),
        remarks=tuple(remarks),
    )


def _interval(found: Uncertainty, jitter: Jitter) -> dict[str, object]:
    shares = {f"share_{s.name.replace(' ', '_')}": s.share for s in found.components if not math.isnan(s.share)}
    row: dict[str, object] = {"ci_low": found.ci_low, "ci_high": found.ci_high, "confidence": found.confidence}
    return row | shares | {"interval_method": found.method, "jitter": str(jitter)}


def jitter_of(text: str) -> Jitter:
    """The jitter of ``--jitter``.

    Raises
    ------
    ScoreError
        If it is not MM,PERCENT.
    """
    try:
        shift_mm, size_percent = (float(part) for part in text.split(","))
    except ValueError:
        raise ScoreError(f"--jitter {text} is not understood; write MM,PERCENT, such as --jitter 1,0.") from None
    return Jitter(shift_mm=shift_mm, size_percent=size_percent)


def _refusals(rows: list[dict[str, object]], reference: ReferenceGroup | None, *, asked_library: bool) -> list[str]:
    by_reason: dict[object, list[str]] = {}
    for row in rows:
        if row["refused"]:
            by_reason.setdefault(row["refused"], []).append(str(row["score"]))
    found = [f"{' and '.join(dict.fromkeys(names))} not given: {reason}" for reason, names in by_reason.items()]
    counted = [str(row["score"]) for row in rows if row["refused"] and SCORES[str(row["score"])].against_reference]
    if counted and reference is None and not asked_library:
        found.append(
            f"A reference group for {' and '.join(counted)}: --reference LIBRARY, or --reference-snr MEAN,SD,N."
        )
    return found


def _left_out(study: Study, used: set[int]) -> Iterator[tuple[int, str, str]]:
    """Sagittal series that a reader may miss among the scores: number, weighting, and why they are not scored."""
    for number, series in enumerate(study):
        a = series.acquisition
        if series.plane != "sagittal" or a.modality not in (None, "MR") or number in used:
            continue
        if series.refusal is not None:
            yield number, a.weighting, f"{series.refusal}. If you know better: --series {number} --overrule REASON."
        elif a.weighting not in scored_weightings():
            yield (
                number,
                a.weighting,
                f"its weighting is {a.weighting} ({a.weighting_reason}). If you know it: --series T1={number}.",
            )


def _rows_of(left_out: list[tuple[int, str, str]], volumes: dict[str, Volume]) -> list[dict[str, object]]:
    """Scores that are not given because their only series must not be scored."""
    found: dict[str, Refusal] = {}
    for number, weighting, reason in left_out:
        for name, definition in SCORES.items():
            if weighting in definition.weightings and weighting not in volumes:
                found.setdefault(name, Refusal(name, f"the {weighting} series ({number}) cannot be scored: {reason}"))
    return [refusal.as_row() for refusal in found.values()]


def _cautions(case: CaseScores, volumes: dict[str, Volume], drawn: RoiFile) -> list[str]:
    """Those of series and ROI file too: they must be read even where no score is given that they could travel with."""
    found = [str(c) for c in case.cautions]
    found += [str(c) for cautions in cautions_of(volumes, drawn).values() for c in cautions]
    found += [str(c) for result in case.results if isinstance(result, Score) for c in result.cautions]
    return list(dict.fromkeys(found))


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value.strip()):
        raise ScoreError(f"{option} {text} is not understood; write it like {option} {example}.")
    return name, value


def _reference_of(
    args: argparse.Namespace, volumes: Mapping[str, Volume]
) -> tuple[ReferenceGroup | None, tuple[str, ...]]:
    """The reference group, and what there is to say of it: of the library where one is named."""
    if args.reference is None:
        return reference_group(args.reference_snr, args.reference_scanner), ()
    if args.reference_snr is not None:
        raise ScoreError("--reference and --reference-snr name two reference groups. Give one of them.")
    groups = read_library(args.reference)
    if "T1" not in volumes:
        return None, ("A reference group is of T1, and no T1 series is scored.",)
    found = match_group(
        groups, volumes["T1"], coil=args.coil, name=args.reference_group, rayleigh_correction=args.rayleigh
    )
    return found.reference, found.lines


def reference_group(text: str | None, scanner: str) -> ReferenceGroup | None:
    """The reference group of ``--reference-snr`` and ``--reference-scanner``; None without.

    Raises
    ------
    ScoreError
        If it is not MEAN,SD,N.
    """
    if text is None:
        return None
    try:
        mean, sd, n = (float(part) for part in text.split(","))
    except ValueError:
        raise ScoreError(
            f"--reference-snr {text} is not understood; write MEAN,SD,N, such as --reference-snr 47.6,5.4,5."
        ) from None
    if not n.is_integer():
        raise ScoreError(
            f"--reference-snr {text}: N is {n:g}; give the number of women, such as --reference-snr 47.6,5.4,5."
        )
    return ReferenceGroup(mean=mean, sd=sd, n=int(n), scanner=scanner, source="given on the command line")
