"""Slice cross-talk: pulses for the neighbouring slices reach into this one, where their spins have not yet recovered.

With interleaved slices the neighbors are excited half a TR after this slice. A pulse of time-bandwidth product B does
not end at the edge of its slice but fades over ``thickness / B``; the spins that it reached are seen after TR/2 instead
of TR (Kneeland et al., Radiology 1986;158:819-822). Without a gap a larger share of the
slice is hit than with one.
"""

from __future__ import annotations

import numpy as np

from vbqkit.scanner.magnetization_transfer import TIME_BANDWIDTH


def shared_with_neighbors(gap_ratio: float, *, edge_ratio: float) -> float:
    """Share of a slice's signal that the pulses for its two neighbors have excited too.

    Parameters
    ----------
    gap_ratio : float
        Gap over slice thickness.
    edge_ratio : float
        Width of the edges of the slice's own profile over its thickness.

    Examples
    --------
    >>> [round(shared_with_neighbors(gap, edge_ratio=0.15), 3) for gap in (0.0, 0.1, 0.25, 0.5)]
    [0.105, 0.03, 0.0, 0.0]
    """
    at = (np.arange(4000) + 0.5) / 4000 * 2.0 - 1.0

    def profile(center: float, edge: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        rise = (0.5 - np.abs(at - center)) / edge + 0.5
        return np.clip(rise, 0.0, 1.0)

    own, away = profile(0.0, edge_ratio), 1.0 + gap_ratio
    hit = profile(-away, 1.0 / TIME_BANDWIDTH) + profile(away, 1.0 / TIME_BANDWIDTH)
    return float((own * hit).sum() / own.sum())
