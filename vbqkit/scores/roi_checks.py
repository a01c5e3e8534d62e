"""Are the ROIs where they must be for a score to mean something? Positions, pixels and published values together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from vbqkit.image import Volume
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF
from vbqkit.scores.placed_roi import PlacedRoiCheck, RoisOnSeries, lay_out
from vbqkit.scores.roi_csf import check_csf
from vbqkit.scores.roi_geometry import check_geometry
from vbqkit.scores.roi_marrow import NOT_MARROW, check_marrow


@dataclass(frozen=True, slots=True)
class PublishedRange:
    """Between which values a score has been published.

    Attributes
    ----------
    low, high : float
        Half the smallest published group mean; the largest published group mean plus 3 of its SD.
    source : str
        Papers.
    field_t : float or None
        The field strength of all of them; at another field the range says nothing. None: at more than one.
    """

    low: float
    high: float
    source: str
    field_t: float | None = None

    def concerns(self, field_t: float | None) -> bool:
        """Whether a scan at a field strength can be compared; a field that is not known can."""
        return self.field_t is None or field_t is None or abs(field_t - self.field_t) <= _SAME_FIELD_T


_SAME_FIELD_T = 0.35
"""1.2 and 1.5 T are one kind of scanner here, 3 T is another."""

PUBLISHED_RANGES: Mapping[str, PublishedRange] = {
    "VBQ-T1": PublishedRange(
        1.1, 6.53, "group means 2.2 (Cui 2025, normal) to 4.45 (Huang 2026); men with fractures there: 4.161 + 3 x 0.79"
    ),
    "VBQ-T2": PublishedRange(0.27, 0.83, "group means 0.548 to 0.601, SD 0.076 (Huang 2026, 1.5 T)", 1.5),
    "VBQ-STIR": PublishedRange(0.158, 0.47, "group means 0.316 to 0.318, SD 0.051 (Huang 2026, 1.5 T)", 1.5),
}
"""By score. The means differ with field and timing; beyond these bounds no paper has a patient of its groups to
compare. Those of T2 and STIR are of 1.5 T."""


def check_placed_rois(
    volume: Volume,
    rois: Iterable[Roi],
    *,
    measured: Mapping[str, Measurement] | None = None,
    published: Mapping[str, PublishedRange] = PUBLISHED_RANGES,
) -> tuple[PlacedRoiCheck, ...]:
    """Look at where the ROIs of one series lie: refusals first, then cautions.

    Parameters
    ----------
    volume : Volume
        The sagittal series; its weighting decides what CSF and disc look like. With an unknown weighting only
        positions are checked.
    rois : iterable of Roi
        Labelled by level (T11 to S2) and CSF, one ROI a label; others are passed over, so is noise
        (:func:`~vbqkit.scores.noise.check_noise`).
    measured : mapping of str to Measurement, optional
        What has been measured; a ROI without an entry could not be measured and is passed over.
    published : mapping of str to PublishedRange
        Bounds of the values that papers report, by score.

    Returns
    -------
    tuple of PlacedRoiCheck
        Empty: nothing is odd. A ROI that cannot be measured is not mentioned; measuring it says why.

    Notes
    -----
    Names that are all off by one level, and a slice within the sac beside the midline, cannot be seen from one series.

    Examples
    --------
    >>> from vbqkit.image import Volume
    >>> from vbqkit.roi import Rectangle
    >>> volume = Volume(np.ones((1, 200, 100)), [[4, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    >>> box = Rectangle(center=(0, 50, -40), half_width=(0, 4, 0), half_height=(0, 0, -3))
    >>> lower, upper = box.with_label("L1"), box.moved((0, 0, 34)).with_label("L2")
    >>> [(check.code, check.severity, check.labels) for check in check_placed_rois(volume, [lower, upper])]
    [('levels-out-of-order', 'refusal', ('L1', 'L2'))]
    """
    placed = lay_out(volume, rois, measured)
    marrow = check_marrow(placed)
    wrong = {label for check in marrow if check.code in NOT_MARROW for label in check.labels}
    found = [*check_geometry(placed, wrong), *marrow, *check_csf(placed, wrong)]
    if not any(check.refuses for check in found):
        found += _beyond_published(placed, published)
    return tuple(sorted(found, key=lambda check: not check.refuses))


def _beyond_published(placed: RoisOnSeries, published: Mapping[str, PublishedRange]) -> list[PlacedRoiCheck]:
    name = f"VBQ-{placed.weighting}"
    if name not in published or placed.csf is None or not placed.scored:
        return []
    zero = placed.volume.zero_value
    divisor = placed.csf.mean + zero
    if divisor <= 0:
        return []
    value = float(np.median([r.mean + zero for r in placed.scored])) / divisor
    bounds = published[name]
    if not bounds.concerns(placed.volume.acquisition.field_t):
        return []
    if bounds.low <= float(f"{value:.3g}") <= bounds.high:  # as the message would say it
        return []
    return [
        PlacedRoiCheck(
            code="score-outside-published-range",
            severity="caution",
            labels=(*(r.label for r in placed.scored), CSF),
            message=f"{name} is {value:.3g} (median of the levels), outside what any paper reports ({bounds.low:g} to {bounds.high:g}; {bounds.source}). Check the "
            "places of the ROIs, the CSF first, and the weighting of the series.",
        )
    ]
