"""Evaluations of the radiomics study, kept with the package so that lesson 98 opens at once.

``python -m vbqkit.machine_learning.study_evaluations`` computes them again: two minutes of processor time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from vbqkit.formats.table_file import write_table
from vbqkit.machine_learning.cross_validation import LEARNERS
from vbqkit.machine_learning.evaluations import ELSEWHERE, EVALUATION_COLUMNS, SHUFFLED, WAYS, evaluate_each_way
from vbqkit.machine_learning.study_people import ELSEWHERE as OTHER_MACHINE
from vbqkit.machine_learning.study_people import HERE, WEIGHTINGS
from vbqkit.machine_learning.study_table import DATA, feature_names, radiomics_study

FILE = DATA / "radiomics_evaluations.csv"
COLUMNS = ("inputs", "seed", *EVALUATION_COLUMNS)
SEEDS = tuple(range(1, 11))
"""Of the shuffled outcomes."""

_ABOUT = (
    "AUC of classifiers on the radiomics of virtual people by each way to evaluate. Synthetic. Made by python -m "
    "vbqkit.machine_learning.study_evaluations"
)


def radiomics_evaluations() -> pd.DataFrame:
    """AUC of each classifier of the radiomics study by each way to evaluate. Synthetic.

    Returns
    -------
    DataFrame
        inputs (``"T1"``, ``"T2"``, ``"T1 and T2"``), seed, and the columns of
        :func:`~vbqkit.machine_learning.evaluations.evaluate_each_way`. All ways are there for T1; with shuffled
        outcomes KNN has ten seeds.

    Examples
    --------
    >>> sorted(radiomics_evaluations()["learner"].unique())
    ['KNN', 'logistic regression', 'random forest']
    """
    return pd.read_csv(FILE, comment="#")


def evaluation_rows() -> Iterator[dict[str, Any]]:
    """Compute the table again."""
    table = radiomics_study()
    here, elsewhere = (table[table["scanner"] == name] for name in (HERE, OTHER_MACHINE))
    nested = (next(iter(WAYS)), ELSEWHERE)
    inputs = {"T1": ("T1",), "T2": ("T2",), "T1 and T2": WEIGHTINGS}
    for name, weightings in inputs.items():
        for learner in LEARNERS:
            found = evaluate_each_way(
                here,
                feature_names(*weightings),
                learner=learner,
                seed=SEEDS[0],
                elsewhere=elsewhere,
                ways=None if name == "T1" else nested,
                outcome="osteoporosis",
                person="person",
            )
            yield from ({"inputs": name, "seed": SEEDS[0]} | _plain(row) for row in found.to_dict("records"))
    for seed in SEEDS[1:]:
        shuffled = [f"{way}{SHUFFLED}" for way in WAYS]
        found = evaluate_each_way(
            here, feature_names("T1"), outcome="osteoporosis", person="person", learner="KNN", seed=seed, ways=shuffled
        )
        yield from ({"inputs": "T1", "seed": seed} | _plain(row) for row in found.to_dict("records"))


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def write_evaluations(path: Path = FILE) -> Path:
    """Evaluate, and write the table."""
    return write_table(path, COLUMNS, evaluation_rows(), comment=_ABOUT)


if __name__ == "__main__":
    write_evaluations(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
