"""The receiver: the coil array's profile, its noise, how channels are combined, and how the picture is processed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.scanner.coils import g_factor, sensitivities
from vbqkit.scanner.field_map import BODY_HALF_DEPTH_MM, transmit_factor
from vbqkit.scanner.kspace import coloured_noise
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import ScanGeometry

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
RealArray = npt.NDArray[np.floating[Any]]

SPINE_DEPTH_MM = 80.0
"""Depth below the back at which coil sensitivities are scaled to 1: the middle of a lumbar vertebral body."""

COARSE = 32  # points per field of view at which coil fields are computed
FAINT = 0.15  # sensitivities below this share of the reference are not divided out: nothing but noise is there


@dataclass(frozen=True, eq=False, slots=True)
class Reception:
    """What one slice's receiver does, ready for any signal.

    Attributes
    ----------
    profile : ndarray, shape (rows, cols)
        Root sum of squares of the channels' sensitivities, 1 at the depth of the spine, times what uneven B1+ leaves.
    correction : ndarray, shape (rows, cols)
        What the picture is multiplied by after the channels are combined (uniformity correction).
    along : ndarray of complex, shape (rows, cols)
        Noise of SD 1 along the signal, times the g-factor.
    across : ndarray, shape (rows, cols)
        Energy of the noise of the other channel combinations, for noise of SD 1; 0 where the channels are combined as
        complex numbers (parallel imaging, a single channel).
    """

    profile: RealArray
    correction: RealArray
    along: npt.NDArray[np.complexfloating[Any, Any]]
    across: RealArray

    def magnitude(self, signal: npt.NDArray[np.number[Any]], *, noise_sd: float) -> RealArray:
        """The picture from a (complex or signed) signal: ``correction sqrt(|S c + sigma n|^2 + sigma^2 E)``.

        For N channels with independent noise this has exactly the distribution of a sum of squares, the non-central chi
        distribution with 2N degrees of freedom: only the combination of channels along the sensitivities sees the
        signal.
        """
        received = self.along * noise_sd
        received += signal * self.profile
        power = received.real**2 + received.imag**2
        power += noise_sd**2 * self.across
        np.sqrt(power, out=power)
        power *= self.correction
        return power


@dataclass(frozen=True, eq=False, slots=True)
class CoilField:
    """The array's sensitivities over one slice, on a coarse grid; they are smooth on that scale.

    Attributes
    ----------
    maps : ndarray of complex, shape (channels, COARSE, COARSE)
        Scaled so that their root sum of squares is 1 at the depth of the spine.
    transmit : ndarray, shape (COARSE, COARSE), or None
        What uneven B1+ leaves of the signal; None: all.
    """

    maps: ComplexArray
    transmit: FloatArray | None = None

    @property
    def profile(self) -> FloatArray:
        """Root sum of squares of the channels."""
        total: FloatArray = np.sqrt((np.abs(self.maps) ** 2).sum(axis=0))
        return total


def coil_field(scanner: Scanner, geometry: ScanGeometry, index: int, *, back_mm: float) -> CoilField:
    """Sensitivities over slice number `index`; a scanner without an array receives everything equally.

    Parameters
    ----------
    scanner : Scanner
        With or without an array.
    geometry : ScanGeometry
        Geometry; only the field of view matters, not the matrix.
    index : int
        Number of the slice.
    back_mm : float
        LPS y of the most posterior skin, mm.
    """
    if scanner.coil is None and scanner.b1_spread == 0:
        return CoilField(np.ones((1, COARSE, COARSE), dtype=np.complex128))
    n = geometry.protocol.matrix
    at = (np.arange(COARSE, dtype=np.float64) + 0.5) * n / COARSE - 0.5
    grid = np.stack([np.full((COARSE, COARSE), float(index)), *np.meshgrid(at, at, indexing="ij")], axis=-1)
    points = grid @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    transmit = None
    if scanner.b1_spread > 0:
        axis = np.array([geometry.center_mm[0], back_mm - BODY_HALF_DEPTH_MM, 0.0])
        transmit = transmit_factor(points, body_center_mm=axis, spread=scanner.b1_spread)
    if scanner.coil is None:
        return CoilField(np.ones((1, COARSE, COARSE), dtype=np.complex128), transmit)
    # nothing is imaged behind the back: keep the points off the conductors, where the field is infinite
    points[..., 1] = np.minimum(points[..., 1], back_mm + 0.5 * scanner.coil.clearance_mm)
    reference = np.array([geometry.center_mm[0], back_mm - SPINE_DEPTH_MM, geometry.center_mm[2]])
    maps = sensitivities(scanner.coil, points, back_mm=back_mm, center_mm=geometry.center_mm)
    at_spine = sensitivities(scanner.coil, reference, back_mm=back_mm, center_mm=geometry.center_mm)
    return CoilField(maps / float(np.sqrt((np.abs(at_spine) ** 2).sum())), transmit)


def reception(scanner: Scanner, protocol: Protocol, coil: CoilField, *, rng: np.random.Generator) -> Reception:
    """The receiver for one slice, with its noise drawn.

    Parameters
    ----------
    scanner, protocol : Scanner, Protocol
        The machine.
    coil : CoilField
        Sensitivities of the array over this slice.
    rng : numpy.random.Generator
        Source of the noise.
    """
    n = protocol.matrix
    profile = resized(coil.profile, n)
    correction = np.maximum(profile, FAINT) ** -scanner.uniformity_correction
    if coil.transmit is not None:
        profile = profile * resized(coil.transmit, n)
    along, across = np.zeros((n, n), dtype=np.complex128), np.zeros((n, n))
    if scanner.noise > 0:
        parallel = protocol.parallel_factor > 1
        noise = coloured_noise(
            rng,
            count=1 if parallel else len(coil.maps),
            shape=(n, n),
            samples=protocol.samples_rows_cols,
            apodisation=scanner.apodisation,
        )
        along = noise[0]
        if parallel:
            along *= _noise_amplification(coil, protocol)
        for other in noise[1:]:
            across += other.real**2 + other.imag**2
    return Reception(profile=profile, correction=correction, along=along, across=across)


def _noise_amplification(coil: CoilField, protocol: Protocol) -> FloatArray:
    factor = protocol.parallel_factor
    lines = -(-COARSE // factor) * factor
    fine = np.array([resized(m.real, lines) + 1j * resized(m.imag, lines) for m in coil.maps])
    return resized(g_factor(fine, factor=factor, axis=0 if protocol.phase_axis == "HF" else 1), protocol.matrix)


def resized(image: FloatArray, size: int) -> FloatArray:
    """A smooth square map on a finer grid over the same field of view, by linear interpolation."""
    coarse = len(image)
    at = np.clip((np.arange(size, dtype=np.float64) + 0.5) * coarse / size - 0.5, 0, coarse - 1)
    weights = np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(coarse, dtype=np.float64)))
    fine: FloatArray = weights @ image @ weights.T
    return fine


def back_of(geometry: ScanGeometry) -> float:
    """LPS y of the most posterior skin in the field of view, mm: where the coil array begins."""
    tissue = geometry.phantom.tissue
    rows, cols = geometry.window
    middle = tissue[tissue.shape[0] // 2, rows, cols]
    filled = np.argwhere(middle > 0)
    if len(filled) == 0:
        return float(geometry.center_mm[1]) + SPINE_DEPTH_MM
    corners = np.array([filled.min(axis=0), filled.max(axis=0)]) + np.array([rows.start, cols.start])
    index = np.array([[tissue.shape[0] // 2, r, c, 1] for r in corners[:, 0] for c in corners[:, 1]])
    return float((index @ geometry.phantom.affine.T)[:, 1].max())


def masked_background(image: RealArray, *, noise_level: float) -> RealArray:
    """The picture with air set to exactly 0, as many machines deliver it.

    Air is what, smoothed over 5 pixels, does not rise above 2.5 times the level of pure noise and is not enclosed by
    tissue.
    """
    tissue = scipy.ndimage.binary_fill_holes(scipy.ndimage.uniform_filter(image, 5) > 2.5 * noise_level)
    return np.where(tissue, image, 0.0)
