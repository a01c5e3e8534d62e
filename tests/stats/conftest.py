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


@pytest.fixture(scope="session")
def r() -> Callable[..., Any]:
    """What R says, by key, from tests/reference/r/digits.csv, made by make.R there."""
    table = pd.read_csv(REFERENCE / "r" / "digits.csv").set_index("key")
    assert table.index.is_unique
    return lambda key, rel=1e-9, **bounds: pytest.approx(float(table.value[key]), rel=rel, **bounds)


@pytest.fixture(scope="session")
def r_data() -> Callable[[str], pd.DataFrame]:
    """A data set that make.R wrote."""
    return lambda name: pd.read_csv(REFERENCE / "r" / f"{name}.csv", comment="#")
