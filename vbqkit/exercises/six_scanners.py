"""The same people on six machines: what lesson 30 is made of.

The lesson isolates the machine: the ROIs are the reference ones, nobody's spine is worn, relaxation times are those of
the tissue table, and every woman lies the same way on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import VbqkitError
from vbqkit.image import Slice
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import SCANNERS
from vbqkit.scores.case import score_case
from vbqkit.scores.levels import rule_for_missing
from vbqkit.scores.reference_interval import m_score_interval
from vbqkit.scores.result import Refusal, Score

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = lazy_loader.load("pandas")

COLUMNS = ("person", "age", "scanner", "marrow", "csf", "noise_sd", "zeros_percent", "snr", "vbq_t1", "noise_refused")
SEED = 30
N_WOMEN = 12
_AGES = (20.0, 35.0)


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    age: float
    phantom: Phantom


def scan_on_all(phantom: Phantom, *, person: str, age: float, seed: int) -> list[dict[str, Any]]:
    """One row a machine: the middle T1 slice of a person, measured with the reference ROIs.

    Parameters
    ----------
    phantom : Phantom
        The body.
    person, age
        For the table.
    seed : int
        Seed of the noise.

    Returns
    -------
    list of dict
        Columns: person, age (years), scanner, marrow (mean of L1-L4, a.u.), csf (a.u.), noise_sd (a.u.), zeros_percent
        (of the noise ROI), snr (mean of L1-L4 over noise_sd; None where the noise ROI is refused), vbq_t1 (median of
        L1-L4 over CSF), noise_refused (why, or None).

    Raises
    ------
    ScoreError
        If the body has no reference ROI for CSF, or for more levels than the papers' rules allow.
    """
    rows = []
    rois = {roi.label: roi for roi in phantom.reference_rois}
    rule, excluded = rule_for_missing(rois)
    for number, (name, scanner) in enumerate(SCANNERS.items()):
        protocol = scanner.protocol("T1")
        middle = protocol.slices // 2
        volume = acquire(phantom, scanner, protocol, rng=np.random.default_rng([seed, number]), slices=[middle])
        case = score_case({"T1": volume}, rois.values(), aggregate="median", rule=rule, excluded=excluded)
        measured = case.measured["T1"]
        marrow = float(np.mean([measured[level].mean for level in SCORED_LEVELS if level in measured]))
        snr = next(result for result in case.results if result.name == "SNR")
        rows.append(
            {
                "person": person,
                "age": round(age),
                "scanner": name,
                "marrow": round(marrow, 1),
                "csf": round(measured[CSF].mean, 1),
                "noise_sd": round(measured[NOISE].sd, 3),
                "zeros_percent": round(100 * measured[NOISE].fraction_zero, 1),
                "snr": round(snr.value, 2) if isinstance(snr, Score) else None,
                "vbq_t1": round(case.score("VBQ-T1").value, 4),
                "noise_refused": snr.reason if isinstance(snr, Refusal) else None,
            }
        )
    return rows


def slices_on_all(phantom: Phantom, *, seed: int) -> dict[str, Slice]:
    """The middle T1 slice of a person on each of the machines, as :func:`scan_on_all` measures it.

    Parameters
    ----------
    phantom : Phantom
        The body.
    seed : int
        Seed of the noise.

    Returns
    -------
    dict of str to Slice
        Machine to picture.
    """
    found = {}
    for number, (name, scanner) in enumerate(SCANNERS.items()):
        protocol = scanner.protocol("T1")
        rng, middle = np.random.default_rng([seed, number]), protocol.slices // 2
        found[name] = acquire(phantom, scanner, protocol, rng=rng, slices=[middle]).slice(0)
    return found


def drawn_groups(
    young: Iterable[float], patient_snr: float, *, sizes: Iterable[int], rng: np.random.Generator
) -> list[dict[str, float]]:
    """Reference groups drawn at random (with replacement), and the M-score of one patient against each.

    ``M = (SNR - mean) / SD``: with a small group both mean and SD are a matter of chance, and so is M.

    Parameters
    ----------
    young : iterable of float
        SNR of young women on one machine, dimensionless.
    patient_snr : float
        SNR of the patient on the same machine.
    sizes : iterable of int
        How many women in each group, at least 2.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    list of dict
        One a group: n, mean, sd (of SNR), m_score.

    Examples
    --------
    >>> [group] = drawn_groups([40.0, 50.0, 60.0], 80.0, sizes=[50], rng=np.random.default_rng(1))
    >>> group["n"], 2 < group["m_score"] < 6
    (50, True)
    """
    values = np.array([x for x in young if np.isfinite(x)])
    rows = []
    for n in sizes:
        if n < 2:
            raise VbqkitError(f"A group of {n} has no SD; at least 2 women were expected. Ask for more.")
        group = rng.choice(values, n)
        mean, sd = float(group.mean()), float(group.std(ddof=1))
        rows.append({"n": n, "mean": mean, "sd": sd, "m_score": (patient_snr - mean) / sd if sd else float("nan")})
    return rows


@dataclass(frozen=True, slots=True)
class PromisedInterval:
    """What one reference group promises of a patient's M-score, and what came of it.

    Attributes
    ----------
    n : int
        Women in the group.
    m_score, low, high : float
        The M-score against this group, and its 95 % interval by the size of the group.
    holds_truth : bool
        Whether the interval holds the M-score against all women.
    holds_next : bool
        Whether it holds the M-score against the next group of the same size.
    """

    n: int
    m_score: float
    low: float
    high: float
    holds_truth: bool
    holds_next: bool


def promised_intervals(
    young: Iterable[float], patient_snr: float, *, n: int, groups: int, rng: np.random.Generator
) -> list[PromisedInterval]:
    """Groups of one size drawn again and again: the interval that each promises, and whether it keeps the promise.

    The interval (:func:`vbqkit.scores.m_score_interval`) is exact for normally distributed women; these are the women
    there are, so what it covers is counted. It is promised for the M-score against all women, not for the next group:
    that one has a chance of its own.

    Parameters
    ----------
    young : iterable of float
        SNR of all young women, dimensionless; groups are drawn from them with replacement.
    patient_snr : float
        SNR of the patient on the same machine.
    n : int
        Women in a group, at least 2.
    groups : int
        How many groups.
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    list of PromisedInterval
        In the order of the draws.

    Raises
    ------
    VbqkitError
        If all women have the same SNR, or a group has fewer than 2.

    Examples
    --------
    >>> women = np.random.default_rng(1).normal(50.0, 5.0, 500)
    >>> found = promised_intervals(women, 65.0, n=5, groups=400, rng=np.random.default_rng(2))
    >>> bool(0.92 < np.mean([one.holds_truth for one in found]) < 0.98)
    True
    >>> bool(np.mean([one.holds_next for one in found]) < 0.92)
    True
    """
    values = np.array([x for x in young if np.isfinite(x)])
    if len(set(values.tolist())) < 2:
        raise VbqkitError("These young women all have the same SNR, so no group of them has an SD. Give more of them.")
    truth = (patient_snr - values.mean()) / values.std()  # of all women there are
    drawn: list[float] = []
    while len(drawn) <= groups:
        m_score = drawn_groups(values, patient_snr, sizes=[n], rng=rng)[0]["m_score"]
        if np.isfinite(m_score):  # a group that is one woman several times has no SD: another one
            drawn.append(m_score)
    found = []
    for m_score, following in pairwise(drawn):
        low, high = m_score_interval(m_score, n)
        found.append(PromisedInterval(n, m_score, low, high, low <= truth <= high, low <= following <= high))
    return found


def young_women() -> pd.DataFrame:
    """Twelve virtual women of 20 to 35 on the six machines, as computed once and kept with the package. Synthetic.

    Returns
    -------
    DataFrame
        Columns as in :func:`scan_on_all`.
    """
    return pd.read_csv(str(files("vbqkit.exercises") / "data" / "six_scanners.csv"), comment="#")


def make_young_women(n: int = N_WOMEN) -> list[dict[str, Any]]:
    """Compute the table again, or its first `n` women."""
    people = draw_patients(N_WOMEN, rng=np.random.default_rng(SEED), sex="F", age_range=_AGES)[:n]
    rows: list[dict[str, Any]] = []
    for number, patient in enumerate(people):
        phantom = make_phantom(patient, seed=SEED * 100 + number, width_mm=15.4)
        rows += scan_on_all(phantom, person=f"woman {number + 1}", age=patient.age, seed=SEED * 100 + number)
    return rows
