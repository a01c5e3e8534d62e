"""Names by counting from the sacrum, with the margin over the next-best count; below it, a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.propose.classes import BODY, L5, S1, SACRUM

NAMES_FROM_S1 = ("S1", "L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9", "T8", "T7", "T6")
"""Upwards."""

LEAST_MARGIN = 4.0
"""Difference of log-likelihood between the best count and the next; ``exp(4)`` is 55 to 1. One body alone gives at most
``log(0.97 / 0.03)`` = 3.5, so that L5 and S1 must both say so. Chosen on virtual patients (validation/proposals.md)."""

SEEN = 0.35
"""Probability of L5 or S1 at some body below which neither counts as seen."""

_FLOOR = 0.03  # no class is ever less likely than this: the network can be wrong
_ORDER = (BODY, L5, S1, SACRUM)


@dataclass(frozen=True, slots=True)
class Naming:
    """What the bodies of a chain are called.

    Attributes
    ----------
    names : tuple of str
        Of each body from above; empty where no name is given.
    likely : tuple of str
        The most likely names, given or not.
    margin : float
        Log-likelihood of the best count less that of the next.
    question : str
        What the reader must say, empty where names are given.
    """

    names: tuple[str, ...]
    likely: tuple[str, ...]
    margin: float
    question: str = ""


def name_bodies(classes: Sequence[npt.NDArray[np.float64]], *, least_margin: float = LEAST_MARGIN) -> Naming:
    """Name the bodies of a chain.

    Each count says which class every body should be: S1 at one place, L5 above it, sacrum below, other bodies further
    up. Its log-likelihood is the sum of the logarithms of the probabilities of these classes, each at least 0.03.

    Parameters
    ----------
    classes : sequence of ndarray, shape (7,)
        Mean probability of each class around every body, from above.
    least_margin : float
        Names are given from this margin on.

    Examples
    --------
    >>> def like(number):
    ...     return np.where(np.arange(7) == number, 0.9, 0.01)
    >>> name_bodies([like(BODY), like(BODY), like(L5), like(S1)]).names
    ('L3', 'L4', 'L5', 'S1')
    >>> name_bodies([like(BODY)] * 4).question[:35]
    'Neither L5 nor S1 can be recognised'
    """
    shares = np.array([c[list(_ORDER)] for c in classes], dtype=np.float64)
    shares = np.maximum(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9), _FLOOR)
    logs = np.log(shares)
    count = len(shares)
    lowest = range(count + 4)  # index of S1; beyond the last body: S1 is not among them
    worth = [float(sum(logs[k, _place(k, s1)] for k in range(count))) for s1 in lowest]
    order = sorted(range(len(worth)), key=lambda i: -worth[i])
    best = order[0]
    likely = tuple(_name(best - k) for k in range(count))
    if max(shares[:, 1].max(), shares[:, 2].max()) < SEEN or best > count:
        return Naming(
            (), likely, 0.0,
            "Neither L5 nor S1 can be recognised, so the levels cannot be counted. Say which level one of the bodies is.",
        )  # fmt: skip
    margin = worth[best] - worth[order[1]]
    if margin < least_margin:
        other = tuple(_name(order[1] - k) for k in range(count))
        return Naming(
            (), likely, margin,
            f"The lowest body is {likely[-1]} or {other[-1]}: the picture does not decide (it may be a transitional vertebra, or cut "
            "off below). Say which level one of the bodies is.",
        )  # fmt: skip
    if not set(likely) & set(NAMES_FROM_S1[:6]):
        return Naming((), likely, margin, "No lumbar vertebra is in view. Choose another series.")
    return Naming(likely, likely, margin)


def _place(k: int, s1: int) -> int:
    """Index in the order body, L5, S1, sacrum of body `k` where body `s1` is S1."""
    return 0 if k < s1 - 1 else k - s1 + 2 if k <= s1 else 3


def _name(above_s1: int) -> str:
    if above_s1 < 0:
        return f"S{1 - above_s1}"
    return NAMES_FROM_S1[min(above_s1, len(NAMES_FROM_S1) - 1)]
