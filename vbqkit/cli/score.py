"""``vbqkit score``: the scores of a study with the ROIs of a file."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError, ScoreError
from vbqkit.formats import read_rois
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.rois import counts_in_pixels
from vbqkit.image import Volume
from vbqkit.roi.labels import SPINE_LEVELS
from vbqkit.scores.case import CaseScores, score_case
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.propagation import case_uncertainty
from vbqkit.scores.registry import SCORES, scored_weightings
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.series_cautions import cautions_of
from vbqkit.scores.uncertainty_budget import Uncertainty
from vbqkit.study import Series, Study

HELP = "Scores of a study with the ROIs of a file: SNR, M-score, VBQ; each with its parts, or why it is not given."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    add_study_options(parser)
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


def scored_study(args: argparse.Namespace) -> ScoredStudy:
    """Open and score the study that the options name: the same options give the same digits."""
    if args.overrule is not None and not args.overrule.strip():
        raise ScoreError("--overrule needs a reason in words: every score carries it.")
    study = open_study(args)
    if counts_in_pixels(args.rois):  # of the image they were drawn on, which comes first then
        volumes, used = _volumes(study, args.series, RoiFile(rois=()), overrule=args.overrule)
        drawn = read_rois(args.rois, image=next(iter(volumes.values())))
    else:
        drawn = read_rois(args.rois)
        volumes, used = _volumes(study, args.series, drawn, overrule=args.overrule)
    if args.accept_proposed:
        drawn = drawn.accepted()
    elif drawn.proposed and not drawn.rois:
        raise FormatError(
            f"The {len(drawn.proposed)} ROIs in {args.rois} were proposed automatically, and no reader has accepted them. Open the file in "
            "the ROI studio to accept or correct each, or score them as they are with --accept-proposed: every score then says so."
        )
    excluded = dict(_pair(text, "--exclude", "L2=fracture") for text in args.exclude)
    unknown = sorted(set(excluded) - set(SPINE_LEVELS))
    if unknown:
        raise ScoreError(f"--exclude {unknown[0]}: there is no such level. Known are {', '.join(SPINE_LEVELS)}.")
    reference = _reference(args.reference_snr, args.reference_scanner)
    jitter = _jitter(args.jitter)
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
    remarks += _refusals(rows, scored.options["reference"])
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


def _jitter(text: str) -> Jitter:
    try:
        shift_mm, size_percent = (float(part) for part in text.split(","))
    except ValueError:
        raise ScoreError(f"--jitter {text} is not understood; write MM,PERCENT, such as --jitter 1,0.") from None
    return Jitter(shift_mm=shift_mm, size_percent=size_percent)


def _refusals(rows: list[dict[str, object]], reference: ReferenceGroup | None) -> list[str]:
    by_reason: dict[object, list[str]] = {}
    for row in rows:
        if row["refused"]:
            by_reason.setdefault(row["refused"], []).append(str(row["score"]))
    found = [f"{' and '.join(dict.fromkeys(names))} not given: {reason}" for reason, names in by_reason.items()]
    counted = [str(row["score"]) for row in rows if row["refused"] and SCORES[str(row["score"])].against_reference]
    if counted and reference is None:
        found.append(f"A reference group for {' and '.join(counted)}: --reference-snr MEAN,SD,N.")
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


def _volumes(
    study: Study, choices: list[str], drawn: RoiFile, *, overrule: str | None
) -> tuple[dict[str, Volume], set[int]]:
    """The series to score by weighting, and their rows; the rows of those that the user chose are not asked for."""
    mixed = [caution for caution in study.cautions if caution.code == "several-patients"]
    if mixed:
        raise FormatError(f"{study.source} cannot be scored as one case. {mixed[0].message}")
    weightings = scored_weightings()
    if choices:
        chosen = [_chosen(study, choice, overrule=overrule) for choice in choices]
        names = [weighting for weighting, _ in chosen]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ScoreError(
                f"--series names {names.count(twice)} {twice} series; a score needs one. Leave the others out."
            )
        return dict(chosen), set()
    stated = _stated_in(drawn, study)
    scorable = [(i, s) for i, s in enumerate(study) if s.scorable and s.plane == "sagittal" and i != stated]
    known = [(i, s) for i, s in scorable if s.acquisition.weighting in weightings]
    names = [s.acquisition.weighting for _, s in known]
    if stated is not None and drawn.weighting not in names and len(set(names)) == len(names):
        said = f"stated in {drawn.source}"
        first = _chosen(study, f"{drawn.weighting}={stated}", said=said, overrule=overrule)
        volumes = dict([first, *((s.acquisition.weighting, s.volume()) for _, s in known)])
        return volumes, {stated, *(i for i, _ in known)}
    if not known or len(set(names)) < len(names):
        why = "no series with known weighting" if not known else "more than one series of a weighting"
        listing = "\n".join(f"  {i}: {s!r}" for i, s in enumerate(study))
        raise FormatError(
            f"{study.source} has {why}, and nothing is guessed. Choose by number and, where the header does not say it, by "
            f"weighting, for instance --series T1=0:\n{listing}"
        )
    return {s.acquisition.weighting: s.volume() for _, s in known}, {i for i, _ in known}


def _stated_in(drawn: RoiFile, study: Study) -> int | None:
    """Row of the series whose weighting the ROI file states: the one it was drawn on, or the only unknown one."""
    if drawn.weighting not in scored_weightings():
        return None
    for i, series in enumerate(study):
        a = series.acquisition
        if drawn.drawn_on(a.series_uid) and a.weighting != drawn.weighting:
            return i
    unknown = [i for i, s in enumerate(study) if s.acquisition.weighting == "unknown" and s.plane == "sagittal"]
    scorable = [i for i in unknown if study.series[i].scorable]
    return (scorable or unknown)[0] if len(scorable or unknown) == 1 else None


def _chosen(study: Study, choice: str, *, overrule: str | None, said: str = "set by you") -> tuple[str, Volume]:
    weighting, _, number = choice.rpartition("=")
    if not number.isdecimal() or int(number) >= len(study) or weighting not in ("", *scored_weightings()):
        raise FormatError(
            f"--series {choice} names no series: give a row of 'vbqkit series', 0 to {len(study) - 1}, such as --series T1=0."
        )
    series: Series = study.series[int(number)]
    if not series.scorable and overrule is None:
        raise ScoreError(
            f"Series {number} of {study.source} cannot be scored: {series.refusal}. If you know better, say why: "
            "--overrule REASON; every score then carries it."
        )
    volume = series.volume()
    if weighting:
        volume = volume.with_acquisition(weighting=weighting, weighting_reason=said)
    if volume.acquisition.weighting not in scored_weightings():
        raise ScoreError(
            f"The weighting of series {number} is {volume.acquisition.weighting} ({volume.acquisition.weighting_reason}). If you know it, "
            f"set it: --series T1={number}."
        )
    return volume.acquisition.weighting, volume


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value.strip()):
        raise ScoreError(f"{option} {text} is not understood; write it like {option} {example}.")
    return name, value


def _reference(text: str | None, scanner: str) -> ReferenceGroup | None:
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
