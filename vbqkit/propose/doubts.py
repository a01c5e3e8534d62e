"""Why the reader should look twice at a ROI: what its body looks like, and what is measured in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.propose.outlines import Outline
from vbqkit.propose.picture import Picture
from vbqkit.propose.proposal import ProposedRoi

LOW_SHARE = 0.75
"""A body lower than this share of the median of the others may be fractured (20 %: Genant et al. 1993, less
the error)."""

UNLIKE_SHARE, UNEVEN = 0.35, 0.30
"""A level whose signal differs from the median of all by this share, or whose SD is this share of its mean, is unlike
the others. Model assumptions: the 40 % of a Modic change or a haemangioma, less the spread of healthy levels."""

_NEAR_EDGE_MM = 0.5


def doubt_of_body(outline: Outline, others: Sequence[Outline], depth_mm: float) -> str:
    """What is odd about a body and the place of its ROI; empty: nothing.

    Parameters
    ----------
    outline : Outline
        The body.
    others : sequence of Outline
        Of all bodies on the slice.
    depth_mm : float
        How far the outline of the ROI stays from the edge of the body.
    """
    if outline.cut:
        return "the body is cut by the edge of the picture"
    if depth_mm < _NEAR_EDGE_MM:
        return "the ROI comes close to the edge of the body"
    heights = [o.height_mm for o in others if o is not outline and not o.cut]
    usual = float(np.median(heights)) if len(heights) >= 2 else outline.height_mm
    if outline.height_mm < LOW_SHARE * usual:
        return f"the body is {outline.height_mm:.0f} mm high, the others {usual:.0f}: a fracture?"
    return ""


def signal_doubts(
    placed: Sequence[tuple[ProposedRoi, Outline]], pictures: Mapping[int, Picture]
) -> list[tuple[ProposedRoi, Outline]]:
    """The same ROIs; those whose signal is unlike that of the others get a doubt, those without signal too."""
    means, spreads = [], []
    for proposed, _ in placed:
        try:
            m = proposed.roi.measure(pictures[proposed.slice_index].image)
            means.append(m.mean)
            spreads.append(m.sd / m.mean if m.mean > 0 else np.inf)
        except VbqkitError:
            means.append(float("nan"))
            spreads.append(float("nan"))
    usual = float(np.nanmedian(means)) if np.isfinite(means).any() else float("nan")
    found = []
    for (proposed, outline), mean, spread in zip(placed, means, spreads, strict=True):
        doubt = proposed.doubt
        if not np.isfinite(mean):
            doubt = "it cannot be measured where it lies"
        elif not doubt and usual > 0 and abs(mean / usual - 1.0) > UNLIKE_SHARE:
            doubt = f"its signal is {mean / usual:.2f} times that of the other levels"
        elif not doubt and spread > UNEVEN:
            doubt = f"its signal is uneven: SD / mean {spread:.2f}"
        found.append((replace(proposed, doubt=doubt), outline))
    return found
