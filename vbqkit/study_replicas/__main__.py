"""Draw the pool of the package again: ``python -m vbqkit.study_replicas [PROCESSES]``.

Some ten minutes of processor time; a person is the same with and without the others.
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from vbqkit.formats.table_file import write_table
from vbqkit.study_replicas.pool import FILE, SEED, STUDY_SITES, draw_pool

PEOPLE = {"Košice group 2025": 60, "Huang 2026": 160, "Cui 2025": 100, "Chen 2023": 160}
"""In each arm; a study of many patients gets more."""


def write_pool(path: Path, *, people: dict[str, int], seed: int, processes: int) -> Path:
    """Draw the pool, and write it when it is complete."""
    with ProcessPoolExecutor(max_workers=processes) as pool:
        tables = [
            draw_pool(
                people[study], seed=seed, studies=[study], spread=lambda work, tasks: pool.map(work, tasks, chunksize=4)
            )
            for study in STUDY_SITES
        ]
    return write_pool_table(path, pd.concat(tables), seed=seed)


def write_pool_table(path: Path, table: pd.DataFrame, *, seed: int) -> Path:
    """One row a person; a score that cannot be given is an empty cell."""
    rows = ({str(name): _cell(value) for name, value in row.items()} for row in table.to_dict("records"))
    comment = f"Synthetic. Made by python -m vbqkit.study_replicas, seed {seed}"
    return write_table(path, tuple(table.columns), rows, comment=comment)


def _cell(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


if __name__ == "__main__":
    write_pool(
        Path(__file__).parent / "data" / FILE,
        people=PEOPLE,
        seed=SEED,
        processes=int(sys.argv[1]) if len(sys.argv) > 1 else 1,
    )
