"""The figures that the tests of the charts look at."""

from __future__ import annotations

import pytest

from tests.charts import figures


@pytest.fixture(scope="session")
def cutoffs():
    return figures.CUTOFFS


@pytest.fixture(scope="session")
def cohort():
    return figures.make_cohort()


@pytest.fixture(scope="session")
def uncertainty():
    return figures.make_uncertainty()


@pytest.fixture(scope="session")
def gallery(cohort, uncertainty):
    return figures.draw_gallery(cohort, uncertainty)
