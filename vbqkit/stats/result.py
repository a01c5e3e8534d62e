"""What comes out: a table with one row per result and scalar columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

NAN = math.nan


def notes(*parts: str) -> str:
    """The remarks that are not empty, joined into one text."""
    return "; ".join(part for part in parts if part)


def rows(results: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A table of results: plain Python scalars, ``note`` as the last column.

    Parameters
    ----------
    results : iterable of mapping
        One mapping per row; every one has the same keys. A missing ``note`` becomes the empty text.
    """
    plain = [{key: _plain(value) for key, value in result.items()} for result in results]
    for row in plain:
        row["note"] = row.pop("note", "")
    return pd.DataFrame(plain)


def row(**fields: Any) -> pd.DataFrame:
    """A table with one row."""
    return rows([fields])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
