"""Two virtual readers on the patients of lesson 70, shown until the student's own readings are there.

``python -m vbqkit.exercises.example_readings FILE`` computes the table again.
"""

from __future__ import annotations

import csv
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vbqkit.exercises.readers import COLUMNS, READER_SEEDS, known_case, segmental_rows, virtual_reader

if TYPE_CHECKING:
    import pandas as pd

READERS = {"careful reader": (1.0, 0.0), "hasty reader": (2.5, 2.0)}
"""SD of the shifts (mm), and how far the CSF ROI is always placed too far back (mm)."""

SEED = 70


def example_readers() -> pd.DataFrame:
    """Segmental VBQ-T1 by the reference reader and by two virtual readers, as computed once and kept with the package. Synthetic.

    Returns
    -------
    DataFrame
        Columns as in :func:`vbqkit.exercises.readers.segmental_rows`; readers ``"reference"``, ``"careful reader"`` (SD 1 mm) and
        ``"hasty reader"`` (SD 2.5 mm, CSF 2 mm too far back).
    """
    import pandas as pd  # noqa: PLC0415 - only this function needs tables

    return pd.read_csv(str(files("vbqkit.exercises") / "data" / "example_readers.csv"), comment="#")


def make_example_readers(n: int = len(READER_SEEDS)) -> list[dict[str, Any]]:
    """Compute the table again, or its first `n` patients."""
    rows: list[dict[str, Any]] = []
    for seed in READER_SEEDS[:n]:
        case = known_case("plain", seed)
        readings = {"reference": case.reference_rois}
        for number, (name, (sd_mm, bias_mm)) in enumerate(READERS.items()):
            rng = np.random.default_rng([SEED, seed, number])
            readings[name] = virtual_reader(case, sd_mm=sd_mm, bias_mm=bias_mm, rng=rng)
        for name, rois in readings.items():
            found = segmental_rows(rois, case, reader=name, exercise="example")
            rows += [row | {"value": round(row["value"], 4)} for row in found]
    return rows


def write_example_readers(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the table that the package keeps."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(
            "# Virtual readers on the virtual patients of lesson 70. Synthetic. Made by python -m vbqkit.exercises.example_readings\n"
        )
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    write_example_readers(make_example_readers(), Path(sys.argv[1]))
