"""``vbqkit validate-scanner``: the virtual scanner against the papers, and what it predicts."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import numpy as np

from vbqkit import validation
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.errors import ScannerError
from vbqkit.formats.table_file import write_table

HELP = "Simulate the papers' groups with their protocols, measure them, and compare with what the papers print."

_COLUMNS = ("source", "score", "group", "simulated", "simulated_n", "published", "published_sd", "allowed", "within")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument(
        "--patients",
        type=int,
        metavar="N",
        help="virtual people in each group; without it as many as the papers had (minutes)",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of people, bodies and noise (1)")
    parser.add_argument(
        "--predictions", metavar="FILE", help="write the table of predictions to this CSV file first, before comparing"
    )
    parser.add_argument("--comparison", metavar="FILE", help="write the whole table of the comparison to this CSV file")


def run(args: argparse.Namespace) -> Report:
    """Predict, then compare."""
    if args.patients is not None and args.patients < 4:
        raise ScannerError(
            f"{args.patients} virtual people in a group are too few for a mean and an SD; give 4 or more."
        )
    seeds = np.random.SeedSequence(args.seed).spawn(3)
    if args.predictions:
        predicted = validation.predictions(n=max(4, (args.patients or 40) // 2), rng=np.random.default_rng(seeds[0]))
        write_table(args.predictions, validation.PREDICTION_COLUMNS, map(_rounded, predicted))
    with progress_bar("Scanning virtual people") as progress:
        compared = validation.compare_with_papers(
            n=args.patients, rng=np.random.default_rng(seeds[1]), progress=progress
        )
    rows = [c.as_row() for c in compared]
    if args.comparison:
        write_table(args.comparison, tuple(rows[0]), map(_rounded, rows))
    ranges = validation.ranges_of_assumed_protocols(n=4, rng=np.random.default_rng(seeds[2]))
    missed = [row for row in rows if not row["within"]]
    return Report(rows=rows, columns=_COLUMNS, remarks=tuple(_remarks(rows, missed, ranges)), status=int(bool(missed)))


def _rounded(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: f"{value:.4f}" if isinstance(value, float) else value for name, value in row.items()}


def _remarks(rows: list[dict[str, Any]], missed: list[dict[str, Any]], ranges: list[dict[str, Any]]) -> list[str]:
    remarks = [
        f"{len(rows) - len(missed)} of {len(rows)} group means agree (within half a published SD; paper 000: 15 %)."
    ]
    for row in missed:
        by = row["simulated"] - row["published"]
        remarks.append(
            f"MISSED: paper {row['source']}, {row['score']}, {row['group']}: simulated {row['simulated']:.3g}, published "
            f"{row['published']:.3g}, off by {by:+.3g}, allowed {row['allowed']:.3g}."
        )
    remarks += [
        f"Refused: {row['score']} of {row['refused']} virtual people, {row['group']} ({row['source']})."
        for row in rows
        if row["refused"]
    ]
    remarks.append(
        "Paper 001 prints no TR, TE or TI. Assumed (TR/TE/TI), and the score at the ends of the ordinary range:"
    )
    for r in ranges:
        ends = ", ".join(f"{_number(r[e])} at {r[f'times_{e}']}" for e in ("low", "high"))
        remarks.append(f"  {r['score']}: {_number(r['value'])} at {r['assumed']}; {ends}.")
    remarks.append("One tissue table and one population; nothing is fitted to a paper. All people are synthetic.")
    return remarks


def _number(value: float | None) -> str:
    return "refused" if value is None else f"{value:.3g}"
