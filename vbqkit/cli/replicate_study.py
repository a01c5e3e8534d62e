"""``vbqkit replicate-study``: a published design run again and again, and where its printed numbers lie."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd

from vbqkit import study_replicas
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.errors import TableError
from vbqkit.formats.table_file import write_table
from vbqkit.study_replicas.drawing import OF_POOL, analyses_in
from vbqkit.study_replicas.replicas import COLUMNS, COMPARED_COLUMNS

HELP = "Run the design of a published study 1,000 times: how r, AUC, cut-off and p scatter, where the printed ones lie, patients it takes."

_SHOWN = ("study", "comparison", "statistic", "low", "median", "high", "printed", "percentile", "p")
_PREDICTED = ("study", "comparison", "statistic", "mean", "low", "median", "high", "significant_percent")
_NEEDED = ("study", "comparison", "target", "population", "patients", "low", "high", "had", "reached")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument(
        "name", metavar="NAME|all", help="a study, such as 'Huang 2026'; all: each. An unknown name lists them"
    )
    parser.add_argument("--times", type=int, default=1000, metavar="N", help="replicas (1000)")
    parser.add_argument("--seed", type=int, default=1, help="where all chance starts (1)")
    parser.add_argument(
        "--population",
        action="append",
        choices=tuple(study_replicas.POPULATIONS),
        help="who is studied; may be given several times; default: virtual patients, and 'as printed' where a study has none",
    )
    parser.add_argument("--power", type=float, metavar="P", help="patients needed for this power, such as 0.8, instead")
    parser.add_argument(
        "--half-width", type=float, metavar="W", help="patients needed to know r or the AUC within W, instead"
    )
    parser.add_argument("--predictions", action="store_true", help="leave the printed numbers out")
    parser.add_argument(
        "--pool", type=int, metavar="N", help="draw N virtual patients for each group instead of those of the package"
    )
    parser.add_argument("--pool-seed", type=int, default=1, metavar="SEED", help="with --pool: where it starts (1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="with --pool: processes to draw it in (1)")
    parser.add_argument("--out", metavar="FILE", help="write the whole table to this CSV file too, when it is complete")


def run(args: argparse.Namespace) -> Report:
    """Replicate, or look for a size."""
    names = list(study_replicas.DESIGNS) if args.name == "all" else [study_replicas.design_named(args.name).name]
    if args.jobs < 1:
        raise TableError(f"Work cannot be done in {args.jobs} processes; give --jobs 1 or more.")
    pool = _pool(args, names) if args.pool is not None else None
    if args.power is not None or args.half_width is not None:
        rows = _needed(args, names, pool)
        shown: tuple[str, ...] = _NEEDED
        columns: tuple[str, ...] = tuple(rows[0]) if rows else _NEEDED
    else:
        rows = _replicated(args, names, pool)
        shown = _PREDICTED if args.predictions else _SHOWN
        columns = COLUMNS if args.predictions else (*COLUMNS, *COMPARED_COLUMNS)
    remarks = [
        f"{study_replicas.POPULATIONS[p].capitalize()} ({p})." for p in dict.fromkeys(row["population"] for row in rows)
    ]
    remarks.append("Virtual patients are drawn from a finite pool, with replacement. All are synthetic.")
    if args.out:
        write_table(args.out, columns, map(_rounded, rows))
        remarks.append(f"Written to {args.out}.")
    return Report(rows=rows, columns=shown, remarks=tuple(remarks))


def _populations(args: argparse.Namespace, names: list[str]) -> list[tuple[str, str]]:
    """Each study with each population; of all studies, those that have it."""
    pairs = []
    for name in names:
        virtual = study_replicas.DESIGNS[name].virtual
        asked = args.population or ["virtual patients" if virtual else "as printed"]
        pairs += [(name, p) for p in dict.fromkeys(asked) if virtual or args.name != "all" or p not in OF_POOL]
    return pairs


def _replicated(args: argparse.Namespace, names: list[str], pool: pd.DataFrame | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, population in _populations(args, names):
        with progress_bar(f"Replicating {name}, {population}") as progress:
            found = study_replicas.replicate_study(
                name,
                times=args.times,
                seed=args.seed,
                population=population,
                pool=pool,
                other_pools=not args.predictions,
                progress=progress,
            )
        table = found.predicted() if args.predictions else found.compared()
        rows += [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    return rows


def _needed(args: argparse.Namespace, names: list[str], pool: pd.DataFrame | None) -> list[dict[str, Any]]:
    rows = []
    for name, population in _populations(args, names):
        for analysis in analyses_in(study_replicas.design_named(name), population):
            if args.name == "all" and analysis.kind == "accuracy":
                continue  # in %, and without p: not what r and AUC are asked for
            with progress_bar(f"{name}: {analysis.name}") as progress:
                found = study_replicas.patients_needed(
                    name,
                    analysis.name,
                    power=args.power,
                    half_width=args.half_width,
                    times=args.times,
                    seed=args.seed,
                    population=population,
                    pool=pool,
                    progress=progress,
                )
            rows.append({key: getattr(found, key) for key in found.__slots__})
    return rows


def _pool(args: argparse.Namespace, names: list[str]) -> pd.DataFrame:
    studies = [name for name in names if study_replicas.DESIGNS[name].virtual]
    if not studies:
        raise TableError(f"{args.name} has no virtual patients to draw; leave --pool out.")
    with progress_bar("Drawing virtual patients") as progress:

        def spread(work: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
            every = list(tasks)
            if args.jobs == 1:
                yield from _counted(map(work, every), len(every), progress)
                return
            with ProcessPoolExecutor(max_workers=args.jobs) as processes:
                yield from _counted(processes.map(work, every, chunksize=4), len(every), progress)

        return study_replicas.draw_pool(args.pool, seed=args.pool_seed, studies=studies, spread=spread)


def _counted(found: Iterable[Any], total: int, progress: Callable[[int, int], None] | None) -> Iterator[Any]:
    for done, each in enumerate(found, start=1):
        if progress is not None:
            progress(done, total)
        yield each


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """Six digits; nothing instead of nan."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if not isinstance(value, float):
        return "" if value is None else value
    return "" if math.isnan(value) else f"{value:.6g}"
