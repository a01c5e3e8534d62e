"""DEXA of a virtual body: an anterior-posterior projection at two energies, and L1 to L4 measured on it. Synthetic.

The same voxels that the MR scanner sees are projected from front to back. What lies in front of the spine or on it is
in the picture too: spurs, dense endplates and worn facets raise the density of DEXA and not that of the marrow. Voxels
are larger than trabeculae; a texture that tells poor bone from good has to be asked for, by ``trabeculae``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.patients import BMD_G_CM2, DECADES, who_class
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.attenuation import (
    ADIPOSE_PDFF,
    attenuation_map,
    attenuation_per_cm,
    bone_fraction,
    mass_attenuation_cm2_g,
    trabecular_share,
)
from vbqkit.scanner.protons import TRABECULAR
from vbqkit.scanner.trabeculae import TRABECULA_MM, Microarchitecture, projected_trabeculae

Array = npt.NDArray[np.float64]

ENERGIES_KEV = (38.0, 70.0)
"""Effective energies of the two beams: an X-ray tube with a cerium filter (Blake and Fogelman, Semin Nucl Med
1997;27:210-228)."""

PHOTONS = 2.0e7
"""Photons of each beam that enter one pixel of 1.1 x 0.6 mm: model assumption, chosen so that pixel noise lies near
0.01 g/cm2."""

_SOFT_G_CM2 = 0.12  # below this a pixel is soft tissue, for the baseline: under a tenth of a vertebra
_SMOOTH_MM = 12.0  # along the spine, over which the baseline is averaged
_EDGE_SHARE = 0.5  # of the density in the middle of a vertebra, at which its edge is drawn
_MIDDLE_MM = 10.0  # to each side of the middle, where that density is taken
_REACH_MM = 30.0  # to each side, the half width of the box that is analysed: transverse processes reach beyond it
_VARIOGRAM_MM = 2.5  # greatest lag of the variogram: a line fits the logarithms up to here


UNCALIBRATED = (
    "not the commercial TBS (TBS iNsight), whose program and calibration are not public: compare with pictures of the same "
    "machine only, and never with the cut-offs 1.20 and 1.35"
)
"""What goes with every score of texture. The published scale: at least 1.35 normal, 1.20 or less degraded (Silva et
al., J Bone Miner Res 2014;29:518-530)."""

NO_OWN_TRABECULAE = "; the picture does not hold the person's own trabeculae, or does not say so"


@dataclass(frozen=True, eq=False, slots=True)
class DexaImage:
    """Areal density of mineral seen from the front, with the lines between the vertebrae. Synthetic.

    Attributes
    ----------
    density_g_cm2 : ndarray, shape (rows, cols)
        Hydroxyapatite, g/cm2; rows from head to foot, columns from the patient's right to left.
    row_mm, col_mm : ndarray
        z and x of the pixel centers, LPS mm.
    lines_mm : mapping of str to (float, float)
        z of the upper and the lower line of each vertebra: halfway between the plates of neighbouring bodies.
    middle_mm : ndarray
        x of the middle of the spine in every row.
    age, sex : float, str
        Of the person, for the Z-score; nan and empty: unknown.
    own_trabeculae : bool
        Whether the texture is that of the person's trabeculae. False: that of the body's voxels, the same in everyone,
        or not known, as in a picture from a file.
    """

    density_g_cm2: Array
    row_mm: Array
    col_mm: Array
    lines_mm: Mapping[str, tuple[float, float]]
    middle_mm: Array
    age: float = float("nan")
    sex: str = ""
    own_trabeculae: bool = False

    @property
    def pixel_area_cm2(self) -> float:
        """Area of one pixel, cm2."""
        return float(abs(self.row_mm[1] - self.row_mm[0]) * abs(self.col_mm[1] - self.col_mm[0])) / 100.0

    def __repr__(self) -> str:
        rows, cols = self.density_g_cm2.shape
        return f"<DexaImage: {rows} x {cols}, {', '.join(self.lines_mm)}, synthetic>"


def scan_dexa(
    phantom: Phantom,
    *,
    rng: np.random.Generator | None = None,
    trabeculae: np.random.Generator | None = None,
    thickness_mm: float = TRABECULA_MM,
) -> DexaImage:
    """Project a body from front to back at two energies and take the soft tissue off.

    ``A = (T_low - R T_high) / (m_low - R m_high)`` with T the attenuation along the beam, m the mass attenuation of
    hydroxyapatite, and R = T_low / T_high of the soft tissue beside the spine in the same rows. Fat that is spread
    unevenly between the spine and its side is an error of real DEXA, and of this one.

    Parameters
    ----------
    phantom : Phantom
        The body.
    rng : numpy.random.Generator or None
        Chance of the photons (:data:`PHOTONS` enter each pixel); None: a picture without noise.
    trabeculae : numpy.random.Generator or None
        Chance of where the person's trabeculae lie (:mod:`vbqkit.scanner.trabeculae`), as many as BV/TV and their
        thickness leave; None: none are drawn but the grain of the body's voxels, the same in everyone. The sample data
        has none.
    thickness_mm : float
        Thickness of the trabeculae, mm: at the same BV/TV thicker ones are fewer and further apart.

    Raises
    ------
    ScannerError
        If the body holds metal or no bone, or no soft tissue lies beside the spine.
    """
    dy_cm = phantom.spacing_mm[2] / 10.0
    bone = bone_fraction(phantom)
    totals = [
        attenuation_map(phantom, energy, bone=bone).sum(axis=2, dtype=np.float64).T * dy_cm for energy in ENERGIES_KEV
    ]
    if trabeculae is not None:
        more_mm, share = _trabeculae(phantom, Microarchitecture(trabecular_share(phantom), thickness_mm), trabeculae)
        totals = [
            total + more_mm / 10.0 * (attenuation_per_cm("cortical_bone", energy) - _marrow_per_cm(share, energy))
            for total, energy in zip(totals, ENERGIES_KEV, strict=True)
        ]
    if rng is not None:
        totals = [_counted(total, rng) for total in totals]
    low, high = totals
    row_mm, col_mm = _axis_mm(phantom, 1, 2), _axis_mm(phantom, 0, 0)
    m_low, m_high = (mass_attenuation_cm2_g("hydroxyapatite", energy) for energy in ENERGIES_KEV)
    ratio = _soft_ratio(low, high, row_mm, (m_low, m_high))
    density = (low - ratio * high) / (m_low - ratio * m_high)
    lines, middle = _lines_and_middle(phantom, row_mm, col_mm)
    patient = phantom.patient
    return DexaImage(
        density_g_cm2=density, row_mm=row_mm, col_mm=col_mm, lines_mm=lines, middle_mm=middle,
        age=float("nan") if patient is None else patient.age, sex="" if patient is None else patient.sex,
        own_trabeculae=trabeculae is not None,
    )  # fmt: skip


def _trabeculae(phantom: Phantom, structure: Microarchitecture, rng: np.random.Generator) -> tuple[Array, Array]:
    """Bone beyond the mean, mm, and the mean share of adipose tissue in the marrow, both of every beam."""
    dx, dz, dy = phantom.spacing_mm
    here = np.isin(phantom.tissue, TRABECULAR)
    count = here.sum(axis=2).T.astype(np.float64)
    fat = np.where(here, phantom.pdff, np.float32(0.0)).sum(axis=2, dtype=np.float64).T / np.maximum(count, 1.0)
    more = projected_trabeculae(structure, count * dy, row_mm=dz, col_mm=dx, rng=rng)
    return more, np.minimum(fat / ADIPOSE_PDFF, 1.0)


def _marrow_per_cm(adipose: Array, energy_kev: float) -> Array:
    muscle = attenuation_per_cm("muscle", energy_kev)
    return muscle + adipose * (attenuation_per_cm("adipose", energy_kev) - muscle)


def _counted(total: Array, rng: np.random.Generator) -> Array:
    counts = np.maximum(rng.poisson(PHOTONS * np.exp(-total)), 1)
    noisy: Array = -np.log(counts / PHOTONS)
    return noisy


def _axis_mm(phantom: Phantom, axis: int, component: int) -> Array:
    """LPS positions along an axis of the grid, which runs along one axis of the patient."""
    steps = np.arange(phantom.shape[axis], dtype=np.float64)
    positions: Array = phantom.affine[component, 3] + phantom.affine[component, axis] * steps
    return positions


def _soft_ratio(low: Array, high: Array, row_mm: Array, mineral: tuple[float, float]) -> Array:
    """T_low / T_high of soft tissue in every row, shape (rows, 1): from the pixels that hold next to no mineral."""
    ratio = low / np.maximum(high, 1e-6)
    quick = float(np.percentile(ratio[high > 0.5 * np.median(high)], 5.0))
    for _ in range(3):  # the baseline decides what is soft tissue, and soft tissue decides the baseline
        density = (low - quick * high) / (mineral[0] - quick * mineral[1])
        soft = (np.abs(density) < _SOFT_G_CM2) & (high > 0.5 * np.median(high))
        if not soft.any():
            raise ScannerError(
                "No soft tissue without bone lies beside this spine, so DEXA has no baseline. Make the phantom wider "
                "(width_mm)."
            )
        quick = float(np.median(ratio[soft]))
    window = max(1, round(_SMOOTH_MM / abs(float(row_mm[1] - row_mm[0]))))
    total = scipy.ndimage.uniform_filter1d(np.where(soft, ratio, 0.0).sum(axis=1), window)
    count = scipy.ndimage.uniform_filter1d(soft.sum(axis=1).astype(np.float64), window)
    filled = count > 1.0
    rows = np.arange(len(row_mm))
    by_row = np.interp(rows, rows[filled], (total / np.maximum(count, 1e-9))[filled])
    return np.asarray(by_row)[:, None]


def _lines_and_middle(phantom: Phantom, row_mm: Array, col_mm: Array) -> tuple[dict[str, tuple[float, float]], Array]:
    """Where an expert draws the lines between vertebrae, and the middle of the spine, by the truth."""
    top, bottom, centers = {}, {}, []
    for code, name in enumerate(LEVEL_OF_CODE):
        if not name:
            continue
        here = phantom.level == code
        if not here.any():
            continue
        rows = np.flatnonzero(here.any(axis=(0, 2)))
        per_row = here.sum(axis=(0, 2))[rows]
        planes = here.sum(axis=(1, 2))
        thick = rows[per_row > 0.5 * per_row.max()]  # without the tips of tilted corners
        top[name], bottom[name] = float(row_mm[thick[0]]), float(row_mm[thick[-1]])
        centers.append((float(row_mm[rows].mean()), float((planes * col_mm).sum() / planes.sum())))
    between = {a: (bottom[a] + top[b]) / 2.0 for a, b in pairwise(top)}
    lines = {b: (between[a], between[b]) for a, b in pairwise(top) if b in between}
    if not centers:  # a bottle
        return lines, np.full(len(row_mm), float(col_mm.mean()))
    z, x = np.array(sorted(centers)).T
    return lines, np.interp(row_mm, z, x)


def measure_dexa(image: DexaImage, *, levels: tuple[str, ...] = SCORED_LEVELS) -> dict[str, Any]:
    """Areal bone mineral density, T- and Z-score and texture of L1 to L4 together, and the density of each vertebra.

    A vertebra is what lies between its lines, within 30 mm of the middle of the spine and above half the density of
    its middle, so that transverse processes are left out. ``BMD = BMC / area``, over all levels the sum of their
    contents over the sum of their areas (as DEXA software does).

    Parameters
    ----------
    image : DexaImage
        From :func:`scan_dexa`.
    levels : tuple of str
        Which vertebrae; leave out a fractured one.

    Returns
    -------
    dict
        ``bmd_g_cm2``, ``bmc_g``, ``area_cm2``, ``t_score``, ``z_score``, ``who_class``, one ``bmd_<level>_g_cm2`` a
        level, and the texture: ``tbs_uncalibrated``, the mean of :func:`variogram_slope` over the levels, its 95 %
        interval ``tbs_low`` to ``tbs_high`` (t distribution over the levels; nan for one), ``tbs_unit``,
        ``tbs_direction`` and ``tbs_caution``. T-score: against women or men of 20 to 29
        years of the same table (NHANES; :data:`vbqkit.anatomy.patients.BMD_G_CM2`); Z-score: against the same age and
        sex. Both nan for a body of unknown age and sex. Higher is denser; a T-score of -2.5 or below is osteoporosis
        (WHO 1994).

    Raises
    ------
    ScannerError
        If a level is not in the picture.
    """
    content, area, row, textures = 0.0, 0.0, {}, []
    for level in levels:
        if level not in image.lines_mm:
            raise ScannerError(f"{level} is not in this DEXA image. It shows {', '.join(image.lines_mm)}.")
        inside = _vertebra(image, level)
        bmc, cm2 = float(image.density_g_cm2[inside].sum()) * image.pixel_area_cm2, inside.sum() * image.pixel_area_cm2
        row[f"bmd_{level}_g_cm2"] = bmc / cm2
        textures.append(variogram_slope(image.density_g_cm2, image.row_mm, image.col_mm, inside))
        content, area = content + bmc, area + float(cm2)
    bmd = content / area
    t_score, z_score = t_and_z_score(bmd, image.age, image.sex)
    return {
        "bmd_g_cm2": bmd, "bmc_g": content, "area_cm2": area, "t_score": t_score, "z_score": z_score,
        "who_class": who_class(t_score) if np.isfinite(t_score) else "unknown",
    } | _texture(np.array(textures), own=image.own_trabeculae) | row  # fmt: skip


def _texture(slopes: Array, *, own: bool) -> dict[str, Any]:
    mean, count, half = float(np.mean(slopes)), len(slopes), float("nan")
    if count > 1:
        half = float(scipy.stats.t.ppf(0.975, count - 1) * np.std(slopes, ddof=1) / np.sqrt(count))
    return {
        "tbs_uncalibrated": mean,
        "tbs_low": mean - half,
        "tbs_high": mean + half,
        "tbs_unit": "unitless",
        "tbs_direction": "higher is better: low is a degraded structure",
        "tbs_caution": UNCALIBRATED + ("" if own else NO_OWN_TRABECULAE),
    }


def _vertebra(image: DexaImage, level: str) -> npt.NDArray[np.bool_]:
    upper, lower = image.lines_mm[level]
    rows = (image.row_mm <= upper) & (image.row_mm > lower)
    aside = np.abs(image.col_mm[None, :] - image.middle_mm[:, None])
    box = rows[:, None] & (aside < _REACH_MM)
    middle = float(np.median(image.density_g_cm2[box & (aside < _MIDDLE_MM)]))
    labels, _ = scipy.ndimage.label(box & (image.density_g_cm2 > _EDGE_SHARE * middle))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    inside: npt.NDArray[np.bool_] = scipy.ndimage.binary_fill_holes(labels == int(np.argmax(sizes)))
    return inside


def t_and_z_score(bmd: float, age: float, sex: str) -> tuple[float, float]:
    """T- and Z-score of an areal density, g/cm2."""
    if sex not in BMD_G_CM2:
        return float("nan"), float("nan")
    means, sds = BMD_G_CM2[sex]
    at_age, spread = float(np.interp(age, DECADES, means)), float(np.interp(age, DECADES, sds))
    return (bmd - means[0]) / sds[0], (bmd - at_age) / spread


def variogram_slope(density: Array, row_mm: Array, col_mm: Array, inside: npt.NDArray[np.bool_]) -> float:
    """Texture of a projection as the trabecular bone score (TBS) defines it: slope of its variogram near the origin.

    ``V(d) = mean of (A(p) - A(q))^2`` over pairs of pixels at distance d along rows and columns; the score is the slope
    of log V against log d up to 2.5 mm (Pothuaud et al., Bone 2008;42:775-787; Hans et al., J Clin Densitom
    2011;14:302-312; Silva et al., J Bone Miner Res 2014;29:518-530). A dense structure varies often and little, and has
    a steep slope; one with gaps varies less often and more, and has a flat one: higher is better. The maker's program
    and the calibration that takes the slope to 1.0 to 1.6 are not public, so that this is no commercial TBS.

    In virtual bodies with trabeculae of their own it falls by 0.02 to 0.05 from a complete set to half of one, and no
    further; it differs by more between bodies with the same bone. Osteophytes and sclerosis that raise areal density by
    8 to 12 % raise it by 5 %.

    Parameters
    ----------
    density : ndarray, shape (rows, cols)
        The projection.
    row_mm, col_mm : ndarray
        Positions of its rows and columns, mm.
    inside : ndarray of bool, shape (rows, cols)
        The region.

    Returns
    -------
    float
        0 for a picture without any connection between neighbours, 2 for a smooth one; nan if the region is too small.

    Examples
    --------
    >>> steps = np.arange(24.0)
    >>> plane = steps[:, None] + 2.0 * steps[None, :]
    >>> round(variogram_slope(plane, steps, steps, np.ones((24, 24), dtype=bool)), 2)
    2.0
    """
    points: list[tuple[float, float]] = []
    for axis, positions in ((0, row_mm), (1, col_mm)):
        step = abs(float(positions[1] - positions[0]))
        here, there = np.moveaxis(density, axis, 0), np.moveaxis(inside, axis, 0)
        for lag in range(1, int(_VARIOGRAM_MM / step + 1e-9) + 1):
            both = there[lag:] & there[:-lag]
            if both.sum() >= 30:
                half = float(np.mean((here[lag:] - here[:-lag])[both] ** 2))
                points.append((lag * step, half))
    if len(points) < 2 or len({d for d, _ in points}) < 2:
        return float("nan")
    distance, variance = np.array(points).T
    if not (variance > 0).all():
        return float("nan")
    return float(np.polyfit(np.log(distance), np.log(variance), 1)[0])
