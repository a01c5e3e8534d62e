"""Contrast for label slices: physics with random times and tissue values, or wholly free intensities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy import TISSUES

Floats = npt.NDArray[np.float32]

FREE_SHARE = 0.3
"""Share of samples whose tissues have any intensity: the network must know shapes, not sequences."""

_FIELDS_T = (1.2, 1.5, 3.0)
_T1_SPREAD, _T2_SPREAD, _PD_SPREAD = 0.15, 0.20, 0.08  # SD of the logarithm, each tissue on its own
_FAT_T1_MS, _FAT_T2_MS = (220.0, 350.0), (55.0, 170.0)
_BONE = [i for i, t in enumerate(TISSUES) if t.name in ("cortical_bone", "endplate", "ligament", "metal", "gas", "air")]
_EMPTY = [i for i, t in enumerate(TISSUES) if t.proton_density == 0]
_T1, _T2 = (
    {b: np.array([at(t, b) if t.t1_ms > 0 else 1.0 for t in TISSUES]) for b in _FIELDS_T}
    for at in (type(TISSUES[0]).t1_at, type(TISSUES[0]).t2_at)
)
_PD = np.array([t.proton_density for t in TISSUES])


@dataclass(frozen=True, eq=False, slots=True)
class Contrast:
    """Signed signal of the water of every tissue, and of pure fat."""

    water: Floats
    fat: float


def draw_contrast(rng: np.random.Generator) -> Contrast:
    """Draw a contrast: by physics, or free."""
    return _free(rng) if rng.random() < FREE_SHARE else _physical(rng)


def _free(rng: np.random.Generator) -> Contrast:
    water = rng.uniform(0.0, 1.0, len(TISSUES))
    water[_BONE] *= rng.uniform(0.0, 0.4)
    water[_EMPTY] = 0.0
    return Contrast(water=water.astype(np.float32), fat=float(rng.uniform(0.0, 1.0)))


def _physical(rng: np.random.Generator) -> Contrast:
    field = float(rng.choice(_FIELDS_T))
    t1 = _T1[field] * np.exp(_T1_SPREAD * rng.standard_normal(len(TISSUES)))
    t2 = _T2[field] * np.exp(_T2_SPREAD * rng.standard_normal(len(TISSUES)))
    pd = _PD * np.exp(_PD_SPREAD * rng.standard_normal(len(TISSUES)))
    tr, te, ti = _times(rng, field)
    fat_t1, fat_t2 = rng.uniform(*_FAT_T1_MS), rng.uniform(*_FAT_T2_MS)
    fat = float(_recovered(np.array(fat_t1), tr, ti) * np.exp(-te / fat_t2))
    if rng.random() < 0.1:  # chemical fat suppression
        fat *= float(rng.uniform(0.0, 0.3))
    water = pd * _recovered(t1, tr, ti) * np.exp(-te / t2)
    return Contrast(water=water.astype(np.float32), fat=fat)


def _times(rng: np.random.Generator, field: float) -> tuple[float, float, float | None]:
    """TR, TE, TI of a T1, T2, STIR or T1 FLAIR, ms."""
    kind = rng.choice(["T1", "T2", "STIR", "FLAIR"], p=[0.4, 0.3, 0.2, 0.1])
    if kind == "T1":
        return float(rng.uniform(350, 900)), float(rng.uniform(7, 25)), None
    if kind == "T2":
        return float(rng.uniform(2000, 6000)), float(rng.uniform(65, 140)), None
    if kind == "STIR":
        middle = 215.0 if field > 2 else 155.0
        return float(rng.uniform(2000, 6000)), float(rng.uniform(25, 85)), float(rng.normal(middle, 20.0))
    return float(rng.uniform(1800, 3000)), float(rng.uniform(8, 25)), float(rng.uniform(650, 1000))


def _recovered(t1: npt.NDArray[np.float64], tr: float, ti: float | None) -> npt.NDArray[np.float64]:
    full = np.exp(-tr / t1)
    found: npt.NDArray[np.float64] = 1.0 - full if ti is None else 1.0 - 1.95 * np.exp(-ti / t1) + full
    return found
