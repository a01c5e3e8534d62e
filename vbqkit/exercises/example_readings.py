"""Two virtual readers on the patients of lesson 70, shown until the student has finished both readings.

The lesson isolates the reader: both read the same pictures of the same patients, so that nothing else differs.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.exercises.cases import truth_of
from vbqkit.exercises.readers import READER_CASES, REFERENCE, known_case, reading_row, virtual_reader

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

READERS = {"careful reader": (1.0, 0.0, True), "hasty reader": (2.5, 2.0, False)}
"""SD of the shifts (mm), how much too far back the CSF ROI is always placed (mm), and whether the reader looks."""

SEED = 70


def example_readers() -> pd.DataFrame:
    """VBQ-T1 by the reference reader and two virtual readers, computed once, kept in the package. Synthetic.

    Returns
    -------
    DataFrame
        Columns as in :func:`vbqkit.exercises.readers.reading_row`; readers ``"reference"``, ``"careful reader"``
        (SD 1 mm, looks) and ``"hasty reader"`` (SD 2.5 mm, CSF 2 mm too far back).
    """
    return pd.read_csv(str(files("vbqkit.exercises") / "data" / "example_readers.csv"), comment="#")


def make_example_readers(n: int = len(READER_CASES)) -> list[dict[str, Any]]:
    """Compute the table again, or its first `n` patients."""
    rows: list[dict[str, Any]] = []
    for kind, seed in READER_CASES[:n]:
        case = known_case(kind, seed)
        readings = {REFERENCE: truth_of(case).reference_rois}
        for number, (name, (sd_mm, bias_mm, sees)) in enumerate(READERS.items()):
            rng = np.random.default_rng([SEED, seed, number])
            readings[name] = virtual_reader(case, sd_mm=sd_mm, bias_mm=bias_mm, sees=sees, rng=rng)
        for name, rois in readings.items():
            row = reading_row(rois, case, reader=name, exercise=REFERENCE if name == REFERENCE else "example")
            rows.append(row | {"value": round(row["value"], 4)})
    return rows
