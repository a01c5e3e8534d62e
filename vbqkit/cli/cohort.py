"""``vbqkit cohort``: every study of a folder, or of a BIDS dataset, in one table; or virtual patients instead."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from vbqkit.batch import CohortScores, Plan, score_cohort
from vbqkit.batch.bids import DERIVATIVES, write_derivatives
from vbqkit.batch.listing import is_bids
from vbqkit.batch.tables import ENDINGS
from vbqkit.cli import simulate_cohort
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.cli.score import jitter_of, reference_group
from vbqkit.cli.scores import add_score_choice
from vbqkit.errors import FormatError
from vbqkit.formats.files import user_path
from vbqkit.protocol_words import MASK, is_pseudonym

HELP = (
    "Many studies: 'cohort score FOLDER' scores each of them into one table, goes on where it was stopped, and shows nobody's name. 'cohort "
    "simulate' draws virtual patients instead."
)

_SCORE = (
    "Score every study of a folder (each folder, archive or volume file in it is one) or of a BIDS dataset (each session is one). One row a "
    "study, in alphabetical order; a study that cannot be scored costs its row, which says why. Stopped or killed, the same command goes on."
)
_SHOWN = ("id", "outcome", "weightings", "levels")
_MOST_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    what = parser.add_subparsers(dest="what", metavar="score|simulate", required=True)
    simulate_cohort.add_command(what)
    score = what.add_parser("score", help=_SCORE, description=_SCORE)
    score.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the rows as JSON")
    score.add_argument("root", metavar="ROOT", help="folder of studies, or BIDS dataset")
    score.add_argument(
        "--out",
        metavar="TABLE",
        help=f"table to write: {', '.join(ENDINGS)} (Parquet: pip install 'vbqkit[cohort]'). Without it, a BIDS dataset gets {DERIVATIVES}",
    )
    rois = score.add_mutually_exclusive_group(required=True)
    rois.add_argument(
        "--rois",
        metavar="DIR",
        help="folder with one ROI file a study, called as the study or as 'vbqkit propose STUDIES --out DIR' calls it; or a path with "
        "{study} in it, such as 'cases/{study}/rois.vbqkit.json'",
    )
    rois.add_argument(
        "--propose",
        nargs="?",
        const="fixed",
        choices=["fixed", "ellipse"],
        help="propose the ROIs and score them although nobody has looked at them; every row says so",
    )
    score.add_argument(
        "--accept-proposed",
        action="store_true",
        help="score ROIs in --rois that no reader has accepted; every row says so",
    )
    score.add_argument(
        "--score",
        action="append",
        default=[],
        metavar="NAME",
        help="which score; may be repeated. All of them unless you say",
    )
    add_score_choice(score)
    score.add_argument(
        "--aggregate",
        choices=["median", "mean"],
        default="median",
        help="of L1-L4 for VBQ: median (Cui 2025, Chen 2023; default) or mean (Huang 2026)",
    )
    score.add_argument(
        "--rule",
        choices=["all four", "leave out", "replace"],
        default="all four",
        help="for levels without a ROI: refuse (default), leave out (Chen 2023), replace by T12/L5 (Huang 2026)",
    )
    score.add_argument("--coverage", choices=["center", "area"], default="center", help="as in 'vbqkit score'")
    score.add_argument(
        "--reference-snr", metavar="MEAN,SD,N", help="of young women on the same scanner, for the M-score"
    )
    score.add_argument(
        "--reference-scanner", metavar="TEXT", default="not stated", help="the scanner they were measured on"
    )
    score.add_argument("--rayleigh", action="store_true", help="multiply SNR by 0.655 (off in the Košice group 2025)")
    score.add_argument(
        "--intervals", action="store_true", help="95 %% interval of each score (NAME_low, NAME_high); slower"
    )
    score.add_argument("--jitter", default="1,0", metavar="MM,PERCENT", help="for the intervals, as in 'vbqkit score'")
    score.add_argument("--plane", choices=["sagittal", "coronal", "axial"], help="as in 'vbqkit score'")
    score.add_argument("--accept-derived", action="store_true", help="as in 'vbqkit score'")
    score.add_argument("--link-frames", action="store_true", help="as in 'vbqkit score'")
    score.add_argument("--workers", type=int, metavar="N", help="processes; as many as there are cores unless you say")
    score.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="let the workers of a running Dask scheduler do it: its address or its scheduler file. They must see the same paths",
    )
    score.add_argument(
        "--keep-names", action="store_true", help="call rows after the studies' folders, which must hold nobody's name"
    )


def run(args: argparse.Namespace) -> Report:
    """Score the studies and write the table.

    Raises
    ------
    VbqkitError
        If there is no study, the table cannot be written, or the workers are gone.
    """
    if args.what == "simulate":
        return simulate_cohort.run(args)
    plan = Plan(
        scores=tuple(args.score),
        aggregate=args.aggregate,
        rule=args.rule,
        coverage=args.coverage,
        reference=reference_group(args.reference_snr, args.reference_scanner),
        rayleigh_correction=args.rayleigh,
        intervals=args.intervals,
        jitter=jitter_of(args.jitter),
        propose=args.propose,
        accept_proposed=args.accept_proposed,
        plane=args.plane,
        accept_derived=args.accept_derived,
        link_frames=args.link_frames,
        also=tuple(args.also),
        plugins=tuple(str(user_path(name).resolve()) if name.endswith(".py") else name for name in args.plugin),
    )
    root = user_path(args.root)
    dataset = root if args.out is None and root.is_dir() and is_bids(root) else None
    if args.out is None and dataset is None:
        raise FormatError(f"Say with --out where the table goes: a file that ends with {', '.join(ENDINGS)}.")
    done = write_derivatives if dataset is not None else score_cohort  # the same work; a dataset has a place of its own
    with progress_bar("Looking at the files") as looking, progress_bar("Studies") as progress:
        found = done(
            root,
            **({} if dataset is not None else {"out": args.out}),
            plan=plan,
            rois=args.rois,
            workers=args.workers,
            dask=args.dask,
            keep_names=args.keep_names or dataset is not None,
            looking=looking,
            progress=progress,
        )
    return Report(
        rows=[row | {"id": _shown_id(str(row["id"]), named=args.keep_names)} for row in found.rows],
        columns=(*_SHOWN, *_score_columns(found), "reason")
        if len(found.rows) <= _MOST_SHOWN
        else ("id", "outcome", "reason"),
        remarks=tuple(_remarks(found, args)),
        status=int(found.count("scored") < len(found.rows)),
    )


def _shown_id(name: str, *, named: bool) -> str:
    """A fingerprint, or the subject of a dataset if that is a pseudonym: nothing else is shown."""
    return name if named or name.startswith("study-") or is_pseudonym(name.removeprefix("sub-").split("_")[0]) else MASK


def _score_columns(found: CohortScores) -> list[str]:
    own = found.columns[found.columns.index("levels") + 1 : found.columns.index("cautions")]
    return [name for name in own if not name.endswith(("_low", "_high"))]


def _remarks(found: CohortScores, args: argparse.Namespace) -> Iterator[str]:
    counts = ", ".join(f"{found.count(what)} {what}" for what in ("scored", "refused", "failed", "left out"))
    yield f"{len(found.rows)} studies: {counts}. Table: {found.table}."
    if found.kept:
        yield f"{found.kept} of them were done before and left as they are; studies that failed are tried again each time."
    if args.propose or args.accept_proposed:
        yield "ROIs were scored that nobody has looked at: these numbers replace no reader. 'vbqkit propose' writes them for a reader to check."
    yield "It screens and teaches; it does not diagnose. How the rows are made and what the columns mean: docs/cohorts.md."
