"""The anterior saturation band: a slab in front of the spine whose signal is destroyed before each excitation.

Routine in sagittal lumbar scans, so that breathing, bowel and aorta send no ghosts over the spine: belly and vessels
are dark from 2 to 3 cm in front of the vertebral bodies (Felmlee and Ehman, Radiology 1987;164:559-564,
doi:10.1148/radiology.164.2.3602402).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.errors import ScannerError
from vbqkit.scanner.field_map import WARP_PER_MM2

FloatArray = npt.NDArray[np.float64]

LEFT_OVER = 0.06
"""Share of the signal that comes back between the band's pulse and the excitation, and that its pulse misses: model
assumption (20 ms of recovery give 8 % of fat and 2 % of muscle)."""

EDGE_MM = 2.2
"""Scale of the band's edge; it falls from 90 to 10 % within 4.4 times this, about 10 mm, for the pulse of a thick slab
is short and its edge is soft: model assumption."""

FAT_FURTHER_MM = 6.0
"""How much further in front the band lies for fat, whose resonance is another: the order of 217 Hz at 1.5 T, where the
pulse spans 2 kHz over a slab of 60 mm. Model assumption."""

_LUMBAR = tuple(code for code, level in enumerate(LEVEL_OF_CODE) if level.startswith("L"))


def band_factor(phantom: Phantom, *, in_front_mm: float, center_mm: tuple[float, float] | None = None) -> FloatArray:
    """What is left of the signal, for every row and column of a phantom's planes.

    Its back edge runs along the front of L1 to L5 and lies `in_front_mm` before the foremost of them. Gradients weaken
    away from the middle of the magnet, so that what the scanner takes for a straight slab is bent, and its ends lie
    nearer to the middle (:mod:`vbqkit.scanner.field_map`).

    Parameters
    ----------
    phantom : Phantom
        A body with lumbar vertebrae.
    in_front_mm : float
        Distance from the bodies.
    center_mm : tuple of 2 floats, optional
        Middle of the magnet, as y and z (LPS mm). None: the middle of the phantom, by rows and columns.

    Returns
    -------
    ndarray, shape (rows, cols)
        1 behind the band, :data:`LEFT_OVER` within it.

    Raises
    ------
    ScannerError
        If there is no lumbar vertebra to place the band in front of.
    """
    planes, (rows, cols) = phantom.shape[0], phantom.shape[1:]
    near = max(1, round(10.0 / phantom.spacing_mm[0]))
    middle = phantom.level[max(0, planes // 2 - near) : planes // 2 + near + 1]
    bodies: npt.NDArray[np.bool_] = np.asarray(np.isin(middle, _LUMBAR).any(axis=0))
    with_bodies = np.flatnonzero(bodies.any(axis=1))
    if len(with_bodies) < 2:
        raise ScannerError(
            "A saturation band lies in front of the lumbar vertebrae, and this phantom has none. Scan it with "
            "saturation_band_mm=None."
        )
    backwards = phantom.affine[1, 2] > 0  # columns run towards the back
    front = np.argmax(bodies if backwards else bodies[:, ::-1], axis=1)[with_bodies].astype(np.float64)
    slope, start = np.polyfit(with_bodies, front, 1)
    edge = start + slope * np.arange(rows)
    edge -= (edge[with_bodies] - front).max() + in_front_mm / phantom.spacing_mm[2]
    behind_mm = (np.arange(cols) - edge[:, None]) * phantom.spacing_mm[2]
    behind_mm += _bent_mm(phantom, edge, center_mm)[:, None]
    kept = LEFT_OVER + (1.0 - LEFT_OVER) / (1.0 + np.exp(np.clip(-behind_mm / EDGE_MM, -60.0, 60.0)))
    factor: FloatArray = kept if backwards else kept[:, ::-1]
    return factor


def _bent_mm(phantom: Phantom, edge: FloatArray, center_mm: tuple[float, float] | None) -> FloatArray:
    """How much nearer to the middle of the magnet the edge lies than that of a straight slab, row after row."""
    rows, cols = phantom.shape[1:]
    columns = edge if phantom.affine[1, 2] > 0 else cols - 1.0 - edge
    y, z = (
        phantom.affine[i, 3] + phantom.affine[i, 1] * np.arange(rows) + phantom.affine[i, 2] * columns for i in (1, 2)
    )
    if center_mm is None:
        center_mm = (float(y.mean()), float(z.mean()))
    off_y, off_z = y - center_mm[0], z - center_mm[1]
    bent: FloatArray = WARP_PER_MM2 * (off_y**2 + off_z**2) * off_y
    return bent
