"""What luck and truth allow an accuracy to be."""

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import TableError
from vbqkit.machine_learning import accuracy_of, best_of_tries, best_possible


def test_the_best_of_tries_is_that_of_drawn_ones():
    rng = np.random.default_rng(1)
    drawn = rng.binomial(44, 0.8, size=(20_000, 30)).max(axis=1) / 44
    assert best_of_tries(0.8, 44, 30) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(20_000))


@pytest.mark.parametrize(("accuracy", "n", "tries"), [(1.1, 44, 1), (0.8, 0, 1), (0.8, 44, 0), (float("nan"), 44, 1)])
def test_an_accuracy_that_cannot_be_is_refused(accuracy, n, tries):
    with pytest.raises(TableError, match="cannot be; give 0 to 1"):
        best_of_tries(accuracy, n, tries)


def test_who_knows_more_tells_more_and_nobody_tells_all():
    """The correlations of the model (published ones) set the limit: far from 0.989."""
    found = {
        known: best_possible(known, rng=np.random.default_rng(2), people=6_000)["balanced_accuracy"]
        for known in (("pdff",), ("hu",), ("pdff", "hu", "age", "sex"))
    }
    one, other, both = found.values()
    assert max(one, other) < both < 0.88


def test_what_is_known_must_be_known():
    for known in ((), ("dexa",)):
        with pytest.raises(TableError, match="must be some of pdff, hu, age, sex"):
            best_possible(known, rng=np.random.default_rng(1))


def test_accuracy_and_balanced_accuracy():
    table = pd.DataFrame({"probability": [0.9, 0.4, 0.1, 0.2, 0.3, 0.6], "outcome": [1, 1, 0, 0, 0, 0]})
    found = accuracy_of(table)
    assert (found["right"], found["n"]) == (4, 6)
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 0.75) / 2)
    with pytest.raises(TableError, match="one outcome"):
        accuracy_of(table[table.outcome == 1])
