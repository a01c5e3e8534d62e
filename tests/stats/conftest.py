"""Published numbers, each with its source and tolerance, from tests/reference/statistics.csv."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="session")
def published() -> Callable[[str], Any]:
    table = pd.read_csv(REFERENCE / "statistics.csv", comment="#").set_index("key")
    assert table.index.is_unique
    assert table.source.str.len().min() > 10

    def approx(key: str) -> Any:
        return pytest.approx(table.value[key], abs=table.tolerance[key], rel=0)

    return approx


@pytest.fixture(scope="session")
def marker() -> Callable[[str], Any]:
    """Score and outcome of the 113 patients of pROC's aSAH data, by marker."""
    table = pd.read_csv(REFERENCE / "asah.csv", comment="#")
    return lambda name: (table[name].to_numpy(), table.outcome.to_numpy() == "Poor")
