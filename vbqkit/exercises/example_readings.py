"""Two virtual readers on the patients of lesson 70, shown until the student has finished both readings.

The lesson isolates the reader: both read the same pictures of the same three patients, so that nothing else differs.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.exercises.readers import READER_SEEDS, known_case, segmental_rows, virtual_reader

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

READERS = {"careful reader": (1.0, 0.0), "hasty reader": (2.5, 2.0)}
"""SD of the shifts (mm), and how much too far back the CSF ROI is always placed (mm)."""

SEED = 70


def example_readers() -> pd.DataFrame:
    """Segmental VBQ-T1 by the reference reader and two virtual readers, computed once, kept in the package. Synthetic.

    Returns
    -------
    DataFrame
        Columns as in :func:`vbqkit.exercises.readers.segmental_rows`; readers ``"reference"``, ``"careful reader"``
        (SD 1 mm) and ``"hasty reader"`` (SD 2.5 mm, CSF 2 mm too far back).
    """
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
