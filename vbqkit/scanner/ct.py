"""CT of a virtual body: HU from the bone, fat and soft tissue of the voxels that the MR scanner sees. Synthetic.

QCT is read against rods of hydroxyapatite that lie behind the back in every scan, as in clinical practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.acquisition import Acquisition
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import ScannerError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Roi
from vbqkit.scanner.attenuation import CT_KEV, attenuation_map, attenuation_per_cm, hydroxyapatite_per_cm
from vbqkit.scores.hounsfield import score_ct
from vbqkit.scores.result import Refusal, Score

Array = npt.NDArray[np.float64]
Plane = Literal["axial", "sagittal"]

TUBE_KV = 120.0
"""Tube voltage of every virtual CT, kV."""

ROD_MG_CM3 = (0.0, 50.0, 100.0, 150.0, 200.0)
"""Hydroxyapatite in the rods of the calibration phantom, mg/cm3, from the patient's right to left."""

NOT_SCORABLE = "CT, not MR: it has HU, and no VBQ or M-score"
"""Why no score is computed from a virtual CT."""

_AIR_HU, _HIGHEST_HU = -1024.0, 3071.0  # 12 bits
_ROD_RADIUS_MM, _ROD_STEP_MM, _ROD_BEHIND_MM = 5.5, 12.0, 16.0  # behind the skin of the back
_ROD_ROI_MM = {"axial": (3.0, 3.0), "sagittal": (2.5, 30.0)}
_ROI_RADIUS_MM, _LEAST_RADIUS_MM = 9.0, 3.0  # of a circle in the trabecular bone
_ROI_MARGIN_MM = 1.5  # its distance from the cortex
_NOISE_GRAIN_MM = 0.6  # SD of the low pass and half that of the high pass that shape the noise


def scan_ct(
    phantom: Phantom,
    *,
    plane: Plane = "axial",
    thickness_mm: float = 3.0,
    pixel_mm: float = 0.7,
    kernel_fwhm_mm: float = 1.1,
    noise_hu: float = 15.0,
    rng: np.random.Generator | None = None,
) -> Volume:
    """A native CT of the lumbar spine at 120 kV, in Hounsfield units, with calibration rods behind the back.

    ``HU = 1000 (mu - mu_water) / mu_water`` at the effective energy of 70 keV, averaged through the slice, blurred by
    the kernel, with noise whose spectrum rises and falls as that of filtered back projection does.

    Parameters
    ----------
    phantom : Phantom
        The body; the picture shows no more of it than the phantom holds (68 mm from right to left).
    plane : {"axial", "sagittal"}
        Of the slices.
    thickness_mm, pixel_mm : float
        Slice thickness, without gaps, and pixel size.
    kernel_fwhm_mm : float
        Width of the reconstruction kernel: 0.8 is sharp, 1.1 standard, 1.6 soft.
    noise_hu : float
        SD of the noise, HU.
    rng : numpy.random.Generator or None
        Chance of the noise; None: no noise.

    Returns
    -------
    Volume
        HU as int16, modality CT, synthetic; it refuses every MR score.

    Raises
    ------
    ScannerError
        If a length or the noise cannot be, or the body holds metal or no bone.

    Examples
    --------
    >>> bottle = scan_ct(Phantom.uniform("marrow", shape=(24, 60, 60)), thickness_mm=6.0)
    >>> bottle.plane, bottle.shape, bottle.refusal
    ('axial', (5, 42, 34), 'CT, not MR: it has HU, and no VBQ or M-score')
    """
    _check(plane, thickness_mm, pixel_mm, kernel_fwhm_mm, noise_hu)
    water = attenuation_per_cm("water", CT_KEV)
    hu = attenuation_map(phantom, CT_KEV)
    _put_rods(hu, phantom)
    hu -= np.float32(water)
    hu *= np.float32(1000.0 / water)
    across = {"axial": 1, "sagittal": 0}[plane]
    slabs, first_mm = _averaged(hu, across, phantom.spacing_mm[across], thickness_mm)
    if across == 1:
        slabs = np.swapaxes(slabs, 1, 2)  # rows to the back, columns to the left
    in_plane = (phantom.spacing_mm[2], phantom.spacing_mm[0]) if across == 1 else phantom.spacing_mm[1:]
    picture = _resampled(slabs, in_plane, pixel_mm, kernel_fwhm_mm)
    if rng is not None and noise_hu > 0:
        picture += noise_hu * _grain(picture.shape, pixel_mm, rng)
    pixels = np.rint(np.clip(picture, _AIR_HU, _HIGHEST_HU)).astype(np.int16)
    return Volume(
        pixels, _affine(phantom, across, first_mm, thickness_mm, pixel_mm, in_plane), thickness_mm=thickness_mm,
        zero_value=_AIR_HU, max_storable=_HIGHEST_HU, refusal=NOT_SCORABLE,
        acquisition=Acquisition(
            modality="CT", vendor="vbqkit", model="virtual CT", image_type=("ORIGINAL", "PRIMARY", plane.upper()),
            body_part="LSPINE", series_number=1, series_description=f"CT {plane.upper()} {thickness_mm:g} MM SYNTHETIC",
            slice_thickness_mm=thickness_mm, spacing_between_slices_mm=thickness_mm, synthetic=True,
            tube_kv=TUBE_KV, weighting_reason="CT has no weighting",
        ),
    )  # fmt: skip


def _check(plane: str, thickness_mm: float, pixel_mm: float, kernel_fwhm_mm: float, noise_hu: float) -> None:
    if plane not in ("axial", "sagittal"):
        raise ScannerError(f"The virtual CT makes axial and sagittal slices; {plane!r} is neither.")
    limits = (
        ("slice thickness", thickness_mm, 0.6, 10.0, "mm"), ("pixel size", pixel_mm, 0.3, 2.0, "mm"),
        ("kernel width", kernel_fwhm_mm, 0.5, 3.0, "mm"), ("noise", noise_hu, 0.0, 100.0, "HU"),
    )  # fmt: skip
    for name, value, low, high, unit in limits:
        if not low <= value <= high:
            raise ScannerError(f"A {name} of {value:g} {unit} is not offered; give {low:g} to {high:g} {unit}.")


def _put_rods(mu: npt.NDArray[np.float32], phantom: Phantom) -> None:
    """Paint the calibration rods into the air behind the back, along the whole length."""
    water, per_gram = attenuation_per_cm("water", CT_KEV), hydroxyapatite_per_cm(CT_KEV)
    y_mm = _positions(phantom, 2)
    for x_mm, mg_cm3 in zip(_rods_x_mm(phantom), ROD_MG_CM3, strict=True):
        inside = np.hypot(_positions(phantom, 0)[:, None] - x_mm, y_mm[None, :] - _rods_y_mm(phantom)) < _ROD_RADIUS_MM
        planes, cols = np.nonzero(inside)
        mu[planes, :, cols] = np.float32(water + mg_cm3 / 1000.0 * per_gram)


def _positions(phantom: Phantom, axis: int) -> Array:
    """LPS positions along an axis of the grid: x of planes, z of rows, y of columns."""
    component = (0, 2, 1)[axis]
    steps = np.arange(phantom.shape[axis], dtype=np.float64)
    positions: Array = phantom.affine[component, 3] + phantom.affine[component, axis] * steps
    return positions


def _rods_x_mm(phantom: Phantom) -> Array:
    middle = float(_positions(phantom, 0).mean())
    steps = np.arange(len(ROD_MG_CM3), dtype=np.float64) - (len(ROD_MG_CM3) - 1) / 2.0
    x: Array = middle + _ROD_STEP_MM * steps
    return x


def _rods_y_mm(phantom: Phantom) -> float:
    """Where the rods lie: behind the skin of the back."""
    filled = np.flatnonzero((phantom.tissue != 0).any(axis=(0, 1)))
    return float(_positions(phantom, 2)[filled[-1]]) + _ROD_BEHIND_MM


def _averaged(hu: npt.NDArray[np.float32], axis: int, step_mm: float, thickness_mm: float) -> tuple[Array, float]:
    """Slabs of the wanted thickness along an axis, each with its exact share of every layer; slabs come first.

    Returns
    -------
    ndarray, float
        Slabs, and the distance of the middle of the first one from the first layer, mm.
    """
    layers = hu.shape[axis]
    count = int(layers * step_mm / thickness_mm)
    if count < 1:
        raise ScannerError(f"The phantom is thinner than one slice of {thickness_mm:g} mm. Give thinner slices.")
    start = (layers * step_mm - count * thickness_mm) / 2.0
    edges = start + thickness_mm * np.arange(count + 1)
    borders = step_mm * np.arange(layers + 1)
    share = np.diff(np.clip(borders[None, :], edges[:-1, None], edges[1:, None]), axis=1) / thickness_mm
    slabs = np.tensordot(share.astype(np.float32), hu, axes=(1, axis))
    return np.asarray(slabs, dtype=np.float64), start + thickness_mm / 2.0 - step_mm / 2.0


def _resampled(slabs: Array, spacing_mm: tuple[float, float], pixel_mm: float, kernel_fwhm_mm: float) -> Array:
    """Slabs blurred by the kernel and read at the pixel centers of the picture."""
    sigma_mm = kernel_fwhm_mm / (2.0 * np.sqrt(2.0 * np.log(2.0)))
    picture = slabs
    for axis, step in zip((1, 2), spacing_mm, strict=True):
        points = picture.shape[axis]
        at = (_pixel_positions(points, step, pixel_mm)) / step
        offset = (np.arange(points)[None, :] - at[:, None]) * step
        weight = np.exp(-0.5 * (offset / np.hypot(sigma_mm, step / np.sqrt(12.0))) ** 2)
        weight /= weight.sum(axis=1, keepdims=True)
        picture = np.moveaxis(np.tensordot(weight, picture, axes=(1, axis)), 0, axis)
    return picture


def _pixel_positions(points: int, step_mm: float, pixel_mm: float) -> Array:
    """Pixel centers, mm from the first point of the grid: as many as fit, about its middle."""
    count = max(1, int(points * step_mm / pixel_mm))
    middle = (points - 1) * step_mm / 2.0
    positions: Array = middle + pixel_mm * (np.arange(count, dtype=np.float64) - (count - 1) / 2.0)
    return positions


def _grain(shape: tuple[int, ...], pixel_mm: float, rng: np.random.Generator) -> Array:
    """Noise of unit SD in every slice: white noise without its lowest and its highest frequencies."""
    white = rng.standard_normal(shape)
    fine, coarse = (
        scipy.ndimage.gaussian_filter(white, (0, k * _NOISE_GRAIN_MM / pixel_mm, k * _NOISE_GRAIN_MM / pixel_mm))
        for k in (0.5, 2.0)
    )
    grain: Array = fine - coarse
    return grain / float(grain.std())


def _affine(
    phantom: Phantom, across: int, first_mm: float, thickness_mm: float, pixel_mm: float, in_plane: tuple[float, ...]
) -> Array:
    """Slices of the volume to LPS mm; axial slices run from head to foot."""
    axes = phantom.affine[:3, :3] / np.linalg.norm(phantom.affine[:3, :3], axis=0)
    row_axis, col_axis = (2, 0) if across == 1 else (1, 2)
    offsets = [
        float(_pixel_positions(phantom.shape[axis], step, pixel_mm)[0])
        for axis, step in zip((row_axis, col_axis), in_plane, strict=True)
    ]
    origin = phantom.affine[:3, 3] + first_mm * axes[:, across]
    origin = origin + offsets[0] * axes[:, row_axis] + offsets[1] * axes[:, col_axis]
    return stack_affine(
        origin, thickness_mm * axes[:, across], pixel_mm * axes[:, row_axis], pixel_mm * axes[:, col_axis]
    )


def ct_rois(phantom: Phantom, volume: Volume) -> tuple[Ellipse, ...]:
    """Where an expert would measure HU on a CT: a circle in the trabecular bone of each body, an ellipse in each rod.

    A circle of at most 9 mm radius in the slice through the middle of the body, inside the cortex and off the
    basivertebral vein and every finding; a fractured vertebra has none. On sagittal slices the ROIs of the rods are
    long, as the rods are. Labels are the levels, and ``"rod 0"`` ... ``"rod 200"`` for the rods.
    """
    left_out = {level for finding in phantom.findings for level in finding.levels_without_roi}
    rois = []
    for code, name in enumerate(LEVEL_OF_CODE):
        if (name.startswith("L") or name == "T12") and name not in left_out:
            roi = _trabecular_roi(phantom, volume, code, name)
            if roi is not None:
                rois.append(roi)
    middle = volume.affine @ np.array([*(0.5 * (np.array(volume.shape) - 1.0)), 1.0])
    z_mm = float(volume.nearest_slice(middle[:3]).origin_mm[2]) if volume.plane == "axial" else float(middle[2])
    for x_mm, mg_cm3 in zip(_rods_x_mm(phantom), ROD_MG_CM3, strict=True):
        center = np.array([float(x_mm), _rods_y_mm(phantom), z_mm])
        rois.append(_ellipse(volume, center, _ROD_ROI_MM[volume.plane], f"rod {mg_cm3:g}"))
    return tuple(rois)


def _ellipse(volume: Volume, center: Array, half_axes_mm: tuple[float, float], label: str) -> Ellipse:
    """An ellipse on a slice: half axes from front to back, and from side to side or (sagittal) from head to foot."""
    back, across = half_axes_mm
    other = (across, 0.0, 0.0) if volume.plane == "axial" else (0.0, 0.0, across)
    x, y, z = (float(v) for v in center)
    return Ellipse(center=(x, y, z), half_width=(0.0, back, 0.0), half_height=other, label=label)


def _trabecular_roi(phantom: Phantom, volume: Volume, code: int, name: str) -> Ellipse | None:
    body = phantom.level == code
    if not body.any():
        return None
    across = {"axial": 1, "sagittal": 0}[volume.plane]
    component = {1: 2, 0: 0}[across]
    places = _positions(phantom, across)
    layers = np.flatnonzero(body.any(axis=tuple(axis for axis in range(3) if axis != across)))
    start = np.zeros(3)
    start[component] = float(places[layers].mean())
    image = volume.nearest_slice(start)
    at_mm, half = float(image.origin_mm[component]), float(image.thickness_mm or 0.0) / 2.0
    slab = np.flatnonzero(np.abs(places - at_mm) <= half)
    clean = np.take((phantom.tissue == tissue_named("marrow").code) & body, slab, axis=across).all(axis=across)
    if not clean.any():
        return None
    clean = np.pad(clean, 1)
    first, second = (axis for axis in range(3) if axis != across)
    spacing = phantom.spacing_mm
    room = scipy.ndimage.distance_transform_edt(clean, sampling=(spacing[first], spacing[second]))[1:-1, 1:-1]
    one, two = np.unravel_index(int(np.argmax(room)), room.shape)
    radius = min(float(room[one, two]) - _ROI_MARGIN_MM, _ROI_RADIUS_MM)
    if radius < _LEAST_RADIUS_MM:
        return None
    center = np.empty(3)
    center[component] = at_mm
    center[{0: 0, 1: 2, 2: 1}[first]] = _positions(phantom, first)[one]
    center[{0: 0, 1: 2, 2: 1}[second]] = _positions(phantom, second)[two]
    return _ellipse(volume, center, (radius, radius), name)


def measure_ct(phantom: Phantom, volume: Volume) -> dict[str, Any]:
    """HU of each vertebra, and QCT of L1 and L2 by the rods, on the ROIs of :func:`ct_rois`; see ``score_ct``.

    Returns
    -------
    dict
        As :func:`measure_ct_rois`.
    """
    return measure_ct_rois(volume, ct_rois(phantom, volume))


def measure_ct_rois(volume: Volume, rois: Iterable[Roi]) -> dict[str, Any]:
    """HU and QCT from ROIs on a CT, whoever placed them; see ``score_ct``.

    Returns
    -------
    dict
        ``hu`` (L1), ``qct_mg_cm3`` (mean of L1 and L2, mg hydroxyapatite per cm3; lower is weaker, below 80 is
        osteoporosis: ACR 2018), ``hu_per_mg_cm3`` (the slope of the rods), and ``hu_<level>`` and
        ``qct_<level>_mg_cm3`` of every level that has a ROI; the first three are nan where a ROI is missing.
    """
    rois = tuple(rois)
    hu, qct = score_ct(volume, rois)
    levels = {roi.label: roi.measure(volume).mean for roi in rois if not roi.label.startswith("rod")}
    return (
        {
            "hu": hu.value if isinstance(hu, Score) else float("nan"),
            "qct_mg_cm3": qct.value if isinstance(qct, Score) else float("nan"),
            "hu_per_mg_cm3": qct.part("HU each mg/cm3") if isinstance(qct, Score) else float("nan"),
        }
        | {f"hu_{level}": mean for level, mean in levels.items()}
        | _qct_of_levels(qct, levels)
    )


def _qct_of_levels(qct: Score | Refusal, levels: Mapping[str, float]) -> dict[str, float]:
    """HU of each level turned into mg/cm3 by the line of the rods."""
    if not isinstance(qct, Score):
        return {}
    offset, slope = qct.part("HU at 0 mg/cm3"), qct.part("HU each mg/cm3")
    return {f"qct_{level}_mg_cm3": (mean - offset) / slope for level, mean in levels.items()}


def cropped_ct(volume: Volume, low_mm: npt.ArrayLike, high_mm: npt.ArrayLike) -> Volume:
    """The part of a CT whose pixel centers lie between two corners, LPS mm: a smaller field of view.

    Raises
    ------
    ScannerError
        If nothing lies between them.
    """
    low, high = np.asarray(low_mm, dtype=np.float64), np.asarray(high_mm, dtype=np.float64)
    axes = [volume.affine[:3, k] for k in range(3)]
    kept = []
    for axis, count in zip(axes, volume.shape, strict=True):
        component = int(np.argmax(np.abs(axis)))
        at = volume.affine[component, 3] + axis[component] * np.arange(count)
        inside = np.flatnonzero((at >= low[component]) & (at <= high[component]))
        if not len(inside):
            raise ScannerError(
                f"The CT has no pixel from {low[component]:g} to {high[component]:g} mm. Choose other corners."
            )
        kept.append(slice(int(inside[0]), int(inside[-1]) + 1))
    affine = volume.affine.copy()
    affine[:3, 3] += sum(part.start * axis for part, axis in zip(kept, axes, strict=True))
    return replace(volume, pixels=volume.pixels[tuple(kept)], affine=affine)
