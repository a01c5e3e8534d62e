"""What becomes of a cut-off of VBQ-T1 that is carried to another machine: the table of ``docs/cohorts.md``.

``python -m vbqkit.virtual_cohort.carried_cutoffs`` draws the cohorts, all synthetic, and prints it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from vbqkit.virtual_cohort.simulate import simulate_cohort
from vbqkit.virtual_cohort.transport import CARRIED, MODELS, transport_cutoff
from vbqkit.virtual_cohort.travelling_phantom import phantom_factor

SCORE, OUTCOME = "VBQ-T1", "osteoporosis_dexa"
MACHINES = ("generic-1.5t", "philips-achieva-3t", "generic-1.5t-plain")
PAIRS = ((MACHINES[0], MACHINES[1]), (MACHINES[1], MACHINES[0]), (MACHINES[0], MACHINES[2]))
"""From the machine where the cut-off was chosen to the one where it is applied."""

_AGES, _YOUNG_AGES, _YOUNG_SEED = (50, 80), (20, 30), 100


def carried_cutoffs(seed: int, *, women: int = 200, young: int = 30, workers: int = 1) -> pd.DataFrame:
    """One cohort, read by one reader on every machine: a cut-off by Youden's index, carried in every way.

    Parameters
    ----------
    seed : int
        Of the cohort; the young women are those of ``100 + seed``.
    women, young : int
        Women of 50 to 80 years, and healthy women of 20 to 30 as the reference group.
    workers : int
        Processes.

    Returns
    -------
    DataFrame
        One row a pair of machines, model (:data:`~vbqkit.virtual_cohort.transport.MODELS`) and way
        (:data:`~vbqkit.virtual_cohort.transport.CARRIED`): from_scanner, to_scanner, model, carried; n_case and
        n_control, the most of any split; sensitivity, specificity and youden as means over five splits of the cohort.

    Raises
    ------
    ScannerError, TableError
        As by :func:`~vbqkit.virtual_cohort.simulate_cohort` and :func:`~vbqkit.virtual_cohort.transport_cutoff`.
    """
    who: dict[str, Any] = {"scanners": MACHINES, "scores": SCORE, "workers": workers, "sex": "F"}
    cohort = simulate_cohort(women, seed=seed, ages=_AGES, **who)
    reference = simulate_cohort(young, seed=_YOUNG_SEED + seed, ages=_YOUNG_AGES, fractured=False, **who)
    how: dict[str, Any] = {"score": SCORE, "outcome": OUTCOME, "reference": reference}
    tables = []
    for chosen, applied in PAIRS:
        phantom = phantom_factor(SCORE, chosen, applied)
        tables.append(transport_cutoff(cohort, from_scanner=chosen, to_scanner=applied, phantom=phantom, **how))
    by_youden = pd.concat(tables, ignore_index=True).query("criterion == 'youden'")
    of_split = by_youden.groupby(["from_scanner", "to_scanner", "model", "carried"], sort=False)
    means = of_split[["sensitivity", "specificity", "youden"]].mean()
    return of_split[["n_case", "n_control"]].max().join(means).reset_index()


def as_printed(cohorts: Sequence[pd.DataFrame]) -> Iterator[str]:
    """The table of the page, line by line: sensitivities / specificities, cohort by cohort; then the null model."""
    together = pd.concat(cohorts)
    measured, null = (together[together["model"] == model] for model in MODELS)
    of_pair = dict(iter(measured.groupby(["carried", "from_scanner", "to_scanner"])))
    for way in CARRIED:
        tables = [of_pair[way, *pair] for pair in PAIRS]
        cells = [f"{_listed(table['sensitivity'])} / {_listed(table['specificity'])}" for table in tables]
        yield f"| {way} | {' | '.join(cells)} |"
    yield f"with osteoporosis: {', '.join(str(table['n_case'].max()) for table in cohorts)}"
    youden = null["youden"]
    yield f"outcome shuffled: Youden's index {youden.min():.2f} to {youden.max():.2f}, mean {youden.mean():.2f}"


def _listed(rates: pd.Series[float]) -> str:
    return ", ".join(f"{rate:.2f}" for rate in rates)


if __name__ == "__main__":
    found = []
    for number in (1, 2, 3):
        sys.stderr.write(f"cohort {number} of 3\n")
        found.append(carried_cutoffs(number, workers=os.cpu_count() or 1))
    for line in as_printed(found):
        sys.stdout.write(f"{line}\n")
