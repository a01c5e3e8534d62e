"""Signs of a transitional vertebra: then counting from the sacrum names nothing, and the reader is asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vbqkit.propose.chain import Peak
from vbqkit.propose.classes import DISC
from vbqkit.propose.network_input import GRID_MM

FULL_DISC_MM2 = 140.0
"""A disc between S1 and S2 is rudimentary, about 3 x 25 mm; the disc of a lumbarised S1 is as large as a lumbar one, at
least 6 x 30 mm. This is the middle between both areas."""

_DISC = 0.5  # probability from which a pixel belongs to a disc
_NEAR_MM, _AHEAD = (8.0, 32.0), 0.3  # distance from the middle of S1, and cosine to the way from L5


def disc_below_s1_mm2(found: npt.NDArray[np.float32], chain: Sequence[Peak], names: Sequence[str]) -> float:
    """Area of the disc below S1 on one slice, mm2; nan where L5 or S1 is not in the chain.

    Parameters
    ----------
    found : ndarray of float32, shape (8, rows, cols)
        From :func:`~vbqkit.propose.network.run_network`.
    chain : sequence of Peak
        Bodies from above.
    names : sequence of str
        Their likely names.
    """
    if not {"L5", "S1"} <= set(names):
        return float("nan")
    l5, s1 = (chain[list(names).index(name)] for name in ("L5", "S1"))
    rows, cols = np.indices(found.shape[1:])
    down, back = (rows - s1.row) * GRID_MM, (cols - s1.col) * GRID_MM
    away = np.maximum(np.hypot(down, back), 1e-6)
    way = np.array([s1.row - l5.row, s1.col - l5.col])
    ahead = (down * way[0] + back * way[1]) / (away * np.hypot(*way))
    below = (away > _NEAR_MM[0]) & (away < _NEAR_MM[1]) & (ahead > _AHEAD) & (found[DISC] > _DISC)
    return float(below.sum()) * GRID_MM**2


def transitional_question(found: npt.NDArray[np.float32], chain: Sequence[Peak], names: Sequence[str]) -> str:
    """What to ask where a full disc lies below S1; empty where there is none."""
    area = disc_below_s1_mm2(found, chain, names)
    if not area > FULL_DISC_MM2:
        return ""
    return (
        f"Below the body that counts as S1 lies a disc of {area:.0f} mm2, as large as a lumbar one: it may be a transitional vertebra "
        "(lumbarised S1, or L5 with one level less). Say which level one of the bodies is."
    )
