"""One finding after the other on the same person, in every weighting: what it looks like, and where it hides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.sample_patients import sample_patient
from vbqkit.image import Slice
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import scanner_named

WEIGHTINGS = ("T1", "T2", "STIR")

_PERSON, _SCANNER, _SEED = "case03", "generic-1.5t", 80
_SLICE_MM, _PLANE_MM = 15.4, 2.2  # a body wide enough for one slice; two planes a slice
_SHOWN = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")
_MARGIN_MM = (4.0, 26.0, 14.0, 30.0)  # above, below, in front of and behind the bodies


def body_with(*findings: Finding, reach_mm: float = 0.0) -> Phantom:
    """The body of case03 with findings, wide enough for sagittal slices up to `reach_mm` to each side. Synthetic."""
    return make_phantom(
        sample_patient(_PERSON).patient,
        seed=_SEED,
        findings=findings,
        width_mm=_SLICE_MM + 2.0 * reach_mm,
        plane_mm=_PLANE_MM,
    )


def finding_slices(
    phantom: Phantom, *, x_mm: float = 0.0, weightings: Sequence[str] = WEIGHTINGS, seed: int = _SEED
) -> dict[str, Slice]:
    """One sagittal slice of a body in each weighting.

    Parameters
    ----------
    phantom : Phantom
        The body.
    x_mm : float
        Where, to the left of the middle of the table, mm; the nearest slice is taken.
    weightings : sequence of str
        Of ``"T1"``, ``"T2"``, ``"STIR"``.
    seed : int
        Seed of the noise.

    Returns
    -------
    dict of str to Slice
        Weighting to slice.
    """
    scanner, found = scanner_named(_SCANNER), {}
    for number, weighting in enumerate(weightings):
        protocol = scanner.protocol(weighting)
        index = protocol.slices // 2 + round(x_mm / (protocol.thickness_mm + protocol.gap_mm))
        rng = np.random.default_rng([seed, number])
        found[weighting] = acquire(phantom, scanner, protocol, rng=rng, slices=[index]).slice(0)
    return found


def crop_to_lumbar_spine(phantom: Phantom, image: Slice) -> tuple[int, int, int, int]:
    """Rows and columns of a sagittal slice that show T12 to S1, the canal and the back behind it."""
    shown = np.isin(phantom.level, [LEVEL_OF_CODE.index(level) for level in _SHOWN])
    rows, cols = np.flatnonzero(shown.any(axis=(0, 2))), np.flatnonzero(shown.any(axis=(0, 1)))
    affine, (above, below, before, behind) = phantom.affine, _MARGIN_MM
    z = affine[2, 3] + affine[2, 1] * rows
    y = affine[1, 3] + affine[1, 2] * cols
    x = float(image.origin_mm[0])
    corners = [(x, y.min() - before, z.max() + above), (x, y.max() + behind, z.min() - below)]
    (top, left), (bottom, right) = image.to_rows_cols(np.array(corners))
    high, wide = image.shape
    return max(0, int(top)), min(high, int(bottom) + 1), max(0, int(left)), min(wide, int(right) + 1)
