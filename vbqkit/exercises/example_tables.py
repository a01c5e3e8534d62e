"""The tables that lessons 30, 70 and 95 read, computed again.

Run it with ``make example-tables``; it takes a quarter of an hour on two quiet cores.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbqkit.exercises import example_readings, six_scanners, trial_cohort
from vbqkit.exercises.readers import COLUMNS as READING_COLUMNS
from vbqkit.formats.table_file import write_table

FOLDER = Path(__file__).parent / "data"
_MADE_BY = "Synthetic. Made by make example-tables"


@dataclass(frozen=True, slots=True)
class ExampleTable:
    """A table kept with the package.

    Attributes
    ----------
    columns : sequence of str
        Its columns, in order.
    rows : callable
        Computes its rows.
    about : str
        What it holds, one sentence.
    """

    columns: Sequence[str]
    rows: Callable[[], Iterable[Mapping[str, Any]]]
    about: str


TABLES: Mapping[str, ExampleTable] = {
    "example_readers.csv": ExampleTable(
        READING_COLUMNS,
        example_readings.make_example_readers,
        "Virtual readers on the virtual patients of lesson 70.",
    ),
    "six_scanners.csv": ExampleTable(
        six_scanners.COLUMNS,
        six_scanners.make_young_women,
        "Virtual women of 20 to 35 years on six virtual scanners.",
    ),
    "virtual_cohort.csv": ExampleTable(
        trial_cohort.COLUMNS, trial_cohort.make_cohort, "Virtual women of 50 to 80 years on two virtual scanners."
    ),
}
"""File name to table."""


def write_example_tables(folder: Path = FOLDER, tables: Mapping[str, ExampleTable] = TABLES) -> list[Path]:
    """Compute the tables and write each into `folder`.

    Raises
    ------
    FormatError
        If a table cannot be written.
    """
    return [
        write_table(folder / name, table.columns, table.rows(), comment=f"{table.about} {_MADE_BY}")
        for name, table in tables.items()
    ]


if __name__ == "__main__":
    write_example_tables(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
