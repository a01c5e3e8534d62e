"""A small spine whose ROIs lie as they should: four bodies with discs, the sac behind them, air in front."""

from __future__ import annotations

from typing import Any

import numpy as np

from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Rectangle, Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS

AFFINE = stack_affine((-4, 0, 0), (4, 0, 0), (0, 0, -1), (0, 1, 0))
SIGNAL = {"T1": (60, 300, 150, 90), "T2": (60, 260, 200, 450), "STIR": (60, 110, 60, 300)}
"""Around the spine, marrow, disc, sac, a.u."""
STEP = 34


def spine(weighting: str = "T1", *, sd: float = 8.0, seed: int = 3, **acquisition: Any) -> Volume:
    """Three sagittal slices of 176 x 140 mm, 1 mm pixels."""
    rng = np.random.default_rng(seed)
    around, marrow, disc, sac = SIGNAL[weighting]
    signal = np.full((176, 140), 0.0)
    signal[:, 30:] = around
    signal[:, 60:92] = disc
    for top in range(8, 176, STEP):
        signal[top : top + 26, 60:92] = marrow
    signal[:, 96:110] = sac
    draw = rng.normal(0, sd, (2, 3, *signal.shape))
    pixels = np.hypot(signal + draw[0], draw[1]).round().astype("uint16")
    stated = {"frame_of_reference_uid": "1", "series_uid": weighting, "synthetic": True} | acquisition
    return Volume(pixels, AFFINE, thickness_mm=3.5).with_acquisition(weighting=weighting, **stated)


def placed(volume: Volume, *, noise: bool = False) -> list[Roi]:
    """L1 to L4 and CSF on the middle slice, and the noise ROI in the air if wanted."""
    image = volume.slice(1)
    rois: list[Roi] = [
        Rectangle.on(image, (20.5 + STEP * k, 75.5), 14, 10, label=level) for k, level in enumerate(SCORED_LEVELS)
    ]
    rois.append(Ellipse.on(image, (72.5, 102.5), 7, 24, label=CSF))
    return [*rois, Rectangle.on(image, (80, 13), 12, 30, label=NOISE)] if noise else rois
