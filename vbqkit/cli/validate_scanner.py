"""``vbqkit validate-scanner``: what the virtual scanner predicts for published studies, and what they found."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from vbqkit import validation
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.errors import ScannerError
from vbqkit.formats.table_file import write_table
from vbqkit.validation.comparison import NULL_MAY_PASS, WITHIN

HELP = (
    "Simulate published studies with their people, protocols, readers and days, and compare the size of every effect."
)

PEOPLE, REPLICATIONS = 16, 20
"""In each group, and of each study, unless said otherwise."""

_COLUMNS = (
    "source", "what", "kind", "published", "predicted", "predicted_low", "predicted_high", "effect_ratio", "null_ratio",
    "verdict",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument(
        "--patients", type=int, default=PEOPLE, metavar="N", help=f"virtual people in each group ({PEOPLE}), at least 4"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=REPLICATIONS,
        metavar="N",
        help=f"replications of every study ({REPLICATIONS}), at least 2: the intervals come from them",
    )
    parser.add_argument("--seed", type=int, default=1, help="where all chance starts (1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes to work in (1)")
    parser.add_argument(
        "--predictions",
        metavar="FILE",
        help="write what is predicted to this CSV file and compare nothing: predictions are kept before they are compared",
    )
    parser.add_argument("--predicted", metavar="FILE", help="compare this file of predictions, and simulate nothing")
    parser.add_argument(
        "--causes",
        metavar="FILE",
        help="change one thing at a time, by the signal equations alone, and write what it does to each effect to this CSV file",
    )
    parser.add_argument("--comparison", metavar="FILE", help="write the whole table of the comparison to this CSV file")


def run(args: argparse.Namespace) -> Report:
    """Predict, or compare, or both."""
    if args.causes:
        rows = _simulated(args, validation.find_causes)
        write_table(args.causes, validation.CAUSE_COLUMNS, map(_rounded, rows))
        return Report(
            rows=rows,
            columns=("key", "change", "ratio_as_built", "ratio_changed", "difference_error"),
            remarks=(f"Written to {args.causes}: {_OF_CAUSES}",),
        )
    predicted = _predict(args) if args.predicted is None else validation.read_predictions(args.predicted)
    if args.predictions:
        write_table(args.predictions, validation.PREDICTION_COLUMNS, map(_rounded, predicted))
        return Report(
            rows=predicted,
            columns=("key", "model", "predicted", "low", "high"),
            remarks=(
                f"Written to {args.predictions}, compared with nothing. Compare it with --predicted {args.predictions}.",
            ),
        )
    compared = validation.compare(predicted)
    rows = [c.as_row() for c in compared]
    if args.comparison:
        write_table(args.comparison, tuple(rows[0]), map(_rounded, rows))
    count = validation.tally(compared)
    return Report(
        rows=rows,
        columns=_COLUMNS,
        remarks=tuple(_remarks(compared, count)),
        status=int(not (count.null_rejected and count.goal_met)),
    )


_OF_CAUSES = (
    "what one change does to the size of each effect relative to the published one. It says whether a cause could explain a "
    "miss; no change is kept. All people are synthetic."
)


def _predict(args: argparse.Namespace) -> list[dict[str, Any]]:
    return _simulated(args, validation.predict)


def _simulated(args: argparse.Namespace, simulate: Callable[..., list[dict[str, Any]]]) -> list[dict[str, Any]]:
    if args.patients < 4:
        raise ScannerError(
            f"{args.patients} virtual people in a group are too few for a mean and an SD; give 4 or more."
        )
    if args.seeds < 2:
        raise ScannerError(f"{args.seeds} replication gives no interval; give --seeds 2 or more, better 20.")
    if args.jobs < 1:
        raise ScannerError(f"Work cannot be done in {args.jobs} processes; give --jobs 1 or more.")
    with progress_bar("Replicating the studies") as progress:

        def spread(work: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
            every = list(tasks)
            if args.jobs == 1:
                yield from _counted(map(work, every), len(every), progress)
                return
            with ProcessPoolExecutor(max_workers=args.jobs) as pool:
                yield from _counted(pool.map(work, every), len(every), progress)

        return simulate(people=args.patients, replications=args.seeds, seed=args.seed, spread=spread)


def _counted(found: Iterable[Any], total: int, progress: Callable[[int, int], None] | None) -> Iterator[Any]:
    for done, each in enumerate(found, start=1):
        if progress is not None:
            progress(done, total)
        yield each


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: f"{value:.4f}" if isinstance(value, float) else value for name, value in row.items()}


def _remarks(compared: tuple[Any, ...], count: Any) -> list[str]:
    goal = "The goal is met." if count.goal_met else "The goal (80 %, none below 0.6) is not met."
    rejected = (
        "It fails, as it must."
        if count.null_rejected
        else f"IT DOES NOT FAIL (more than {NULL_MAY_PASS:.0%} of them): this comparison tells nothing."
    )
    remarks = [
        (
            f"{count.within} of {count.judged} effects lie within {WITHIN[0]:g} to {WITHIN[1]:g} times the published "
            f"ones; the smallest is {count.least:.2f} times. {goal}"
        ),
        (
            f"Effects of disease: {count.disease_within} of {count.disease} within. Null model, in which disease has no "
            f"effect on marrow: {count.null_within} of {count.disease}. {rejected}"
        ),
    ]
    remarks += [
        f"OUTSIDE: {c.source}, {c.what}, {c.kind}: predicted {c.predicted:.3g}, published {c.published:.3g} "
        f"({c.effect_ratio:.2f} times the effect). Reason: {c.reason}."
        for c in compared
        if c.verdict == "outside"
    ]
    remarks += [
        f"NOT PREDICTED: {c.source}, {c.what}, {c.kind}: no replication gave it."
        for c in compared
        if c.verdict == "not predicted"
    ]
    remarks.append(
        "Intervals are those of replications with this many people in a group. Times that a study does not print are drawn "
        "from the ordinary range. Nothing is fitted to a study. All people are synthetic."
    )
    return remarks
