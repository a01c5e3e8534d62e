"""What ROIs measure on a scan that is never turned into pictures: for cohorts of thousands.

Only the pixels under a ROI are made: the signal equations are applied to the voxels around it, averaged through the
slice as the scanner does, and carried through k-space to these pixels, with the decay along the echo train and fat
shifted along the frequency axis; the coil, its correction, the noise and the loss of flowing CSF are applied to the
ROI. What is neglected: ghosts, the g-factor of parallel imaging, and the change of coil and noise within a ROI.
``tests/validation/test_roi_signals.py`` holds it against the full simulation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.own_times import OwnTimes
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.reader_model import in_plane
from vbqkit.errors import RoiError, ScannerError
from vbqkit.image import Slice
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scanner.coils import sensitivities
from vbqkit.scanner.echo_train import DecayTerms, decay_terms, echo_of_line
from vbqkit.scanner.kspace import encoding, line_encoding, window
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import CSF_CODE, ScanGeometry, SliceProtons, slice_protons
from vbqkit.scanner.receiver import FAINT, SPINE_DEPTH_MM, back_of

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
Matrices = npt.NDArray[np.float64] | npt.NDArray[np.complex128]

FLOW_SHAPE = 2.0
"""Shape of the gamma distribution of mean 1 of the relative loss of flowing CSF: that of the scanner's flow map, of
which four draws, 25 mm apart, surround any place."""

REACH_MM = 12.0
"""How far around a ROI the body is imaged with it, mm: some ten pixels, beyond which ringing has faded."""

REACH_OF_TRAIN_MM = 30.0
"""The same along the phase axis of an echo train: the lines of one echo are a narrow band of k-space, so that what the
decay does to a bright place is seen far from it."""


@dataclass(frozen=True, eq=False, slots=True)
class Slab:
    """One slice of a body as the scanner averages it through its thickness, on the grid of the body.

    Attributes
    ----------
    protons : SliceProtons
        What it holds.
    grid : Slice
        The same grid as a picture without signal, for ROIs to lie on.
    center_mm : ndarray
        Middle of the field of view, LPS mm: the coil lies behind it.
    back_mm : float
        LPS y of the skin of the back.
    flow : float
        Relative loss of flowing CSF on this day, mean 1 between days.
    own : OwnTimes
        Relaxation times of the person.
    """

    protons: SliceProtons
    grid: Slice
    center_mm: FloatArray
    back_mm: float
    flow: float
    own: OwnTimes


def slab_at(
    phantom: Phantom,
    protocol: Protocol,
    *,
    index: int,
    rng: np.random.Generator,
    center_mm: npt.ArrayLike | None = None,
) -> Slab:
    """Average a body through the thickness of slice number `index` of a protocol.

    Parameters
    ----------
    phantom, protocol, center_mm
        As in :func:`vbqkit.scanner.forward_model.acquire`.
    index : int
        Number of the slice. It serves every machine and protocol of the same slices.
    rng : numpy.random.Generator
        Source of flow.
    """
    center = phantom.center_mm if center_mm is None else np.asarray(center_mm, dtype=np.float64)
    geometry = ScanGeometry(phantom, protocol, 0.0, center)
    protons = slice_protons(geometry, index)
    rows, cols = geometry.window
    a = phantom.affine
    corner = a[:3, 3] + rows.start * a[:3, 1] + cols.start * a[:3, 2]
    corner[0] = float((geometry.affine @ (index, 0.0, 0.0, 1.0))[0])
    grid = Slice(np.zeros(protons.fat.shape, dtype=np.uint8), tuple(corner), tuple(a[:3, 1]), tuple(a[:3, 2]))
    return Slab(protons, grid, center, back_of(geometry), _flow(rng), phantom.own_times)


def measured_rois(
    slab: Slab, rois: Iterable[Roi], scanner: Scanner, protocol: Protocol, *, rng: np.random.Generator
) -> dict[str, Measurement]:
    """Mean signal of each ROI, and SD of the noise in the noise ROI, as the scanner would show them.

    Parameters
    ----------
    slab : Slab
        From :func:`slab_at`.
    rois : iterable of Roi
        One beyond the body is left out.
    scanner, protocol : Scanner, Protocol
        The machine and how it scans.
    rng : numpy.random.Generator
        Source of noise.

    Returns
    -------
    dict
        By label. Signals relative to fully relaxed CSF at the depth of the spine; the SD is that of the noise alone.

    Raises
    ------
    ScannerError
        If the machine has a flow void, which only a picture shows.
    """
    if scanner.csf_void > 0:
        raise ScannerError(
            f"Scanner '{scanner.name}' has a flow void (csf_void {scanner.csf_void:g}), which ROIs without a picture do not "
            "see. Scan the body, or set csf_void to 0."
        )
    terms = _terms(protocol, scanner.field_t, slab.own)
    water = terms.water[:, slab.protons.codes]
    water = np.where(slab.protons.codes == CSF_CODE, water * _flow_loss(scanner, protocol, slab.flow), water)
    sigma = scanner.noise_sd(protocol) * _taper(protocol, scanner.apodisation)
    found: dict[str, Measurement] = {}
    placed = list(rois)
    for roi, profile, correction in zip(placed, *_receiver(scanner, slab, placed), strict=True):
        independent = max(2.0, roi.area_mm2 / (protocol.fov_mm**2 / (protocol.acquired[0] * protocol.acquired[1])))
        if roi.label == NOISE:
            sd = 0.0 if scanner.mask_background else sigma * correction * _spread_in_air(_channels(scanner, protocol))
            sd *= math.sqrt(float(rng.chisquare(independent - 1.0)) / (independent - 1.0))
            found[roi.label] = _measurement(roi, 0.0, sd)
            continue
        try:
            signal = _mean_signal(slab, roi, water, terms, protocol, scanner)
        except RoiError:
            continue
        power = (signal * profile) ** 2 + (2.0 * _channels(scanner, protocol) - 1.0) * sigma**2
        mean = correction * (math.sqrt(power) + sigma * float(rng.standard_normal()) / math.sqrt(independent))
        found[roi.label] = _measurement(roi, mean, sigma * correction)
    return found


@lru_cache(maxsize=64)
def _terms(protocol: Protocol, field_t: float, own: OwnTimes) -> DecayTerms:
    """Signal of the water of every tissue and of fat on every line of k-space, as the forward model takes it."""
    return decay_terms(
        protocol.played, field_t, protocol.acquired[0], saturation_per_s=protocol.saturation_per_s, own=own
    )


def _mean_signal(
    slab: Slab, roi: Roi, water: FloatArray, terms: DecayTerms, protocol: Protocol, scanner: Scanner
) -> float:
    """Mean magnitude of the pixels under a ROI, which is all of the picture that is made.

    Fat lies where the frequency axis shifts it, and each line of k-space holds what is left of the signal when it is
    read. Of the object, what is within :data:`REACH_MM` of the ROI is imaged (:data:`REACH_OF_TRAIN_MM` along the phase
    axis of an echo train).
    """
    grid, n = slab.grid, protocol.matrix
    axes = [np.array(step) / mm for step, mm in zip((grid.row_step_mm, grid.col_step_mm), grid.spacing_mm, strict=True)]
    pixels: FloatArray = (np.arange(n, dtype=np.float64) - (n - 1) / 2.0) * protocol.pixel_mm
    middle = np.array([grid.origin_mm[0], *slab.center_mm[1:]])
    corner = middle + pixels[0] * (axes[0] + axes[1])
    down, across = (tuple(axis * protocol.pixel_mm) for axis in axes)
    picture = Slice(np.zeros((n, n), dtype=np.uint8), tuple(corner), down, across)
    mask = in_plane(roi, grid.origin_mm[0]).mask(picture)
    places, parts = np.nonzero(mask), []
    encoded: list[tuple[Matrices, Matrices]] = []
    for axis in (0, 1):
        at = pixels[places[axis].min() : places[axis].max() + 1]
        first = float((np.array(grid.origin_mm) - middle) @ axes[axis])
        voxels: FloatArray = first + grid.spacing_mm[axis] * np.arange(slab.protons.fat.shape[axis], dtype=np.float64)
        frequency = axis == (1 if protocol.phase_axis == "HF" else 0)
        reach = REACH_MM if frequency or protocol.timing.echo_train_length == 1 else REACH_OF_TRAIN_MM
        near = np.flatnonzero((voxels >= at[0] - reach) & (voxels <= at[-1] + reach))
        if len(near) < 2:
            raise RoiError(f"ROI '{roi.label}' lies beyond the body.")
        parts.append(slice(near[0], near[-1] + 1))
        through = _encoded(at, voxels[near], protocol.samples_rows_cols[axis], protocol, scanner)
        if frequency:
            shifted = at - protocol.fat_shift_mm(scanner.field_t)
            fat = _encoded(shifted, voxels[near], protocol.samples_rows_cols[axis], protocol, scanner)
            encoded.append((through[None], fat[None]))
        else:
            changes = _changes(at, voxels[near], terms, protocol, scanner)
            encoded.append((np.concatenate([through[None], changes[:-1]]), through + changes[-1:]))
    (rows, fat_rows), (cols, fat_cols) = encoded
    signals = np.tensordot(water, slab.protons.water[:, parts[0], parts[1]], axes=1)
    fat_signals = terms.fat * slab.protons.fat[None, parts[0], parts[1]]
    made = (rows @ signals @ cols.swapaxes(1, 2)).sum(axis=0)
    made = made + (fat_rows @ fat_signals @ fat_cols.swapaxes(1, 2))[0]
    inside = mask[np.ix_(*(np.arange(p.min(), p.max() + 1) for p in places))]
    return float(np.abs(made[inside]).mean())


def _encoded(at_mm: FloatArray, from_mm: FloatArray, samples: int, protocol: Protocol, scanner: Scanner) -> FloatArray:
    """Matrix from voxels near a ROI to its pixels along one axis; what lies further away counts as what is near."""
    kernel = _kernel(protocol.fov_mm, samples, scanner.apodisation)
    matrix = np.interp(np.abs(at_mm[:, None] - from_mm[None, :]), _KERNEL_MM, kernel)
    near: FloatArray = matrix / matrix.sum(axis=1, keepdims=True)
    return near


def _changes(
    at_mm: FloatArray, from_mm: FloatArray, terms: DecayTerms, protocol: Protocol, scanner: Scanner
) -> ComplexArray:
    """What the decay along the echo train adds along the phase axis: a matrix for each further term, and one for fat.

    An even object has no part in it, for the middle of k-space is read at TE: each row sums to 0.
    """
    if protocol.timing.echo_train_length == 1:
        return np.zeros((1, len(at_mm), len(from_mm)), dtype=np.complex128)
    lines_of_one_each, of_echo = _echo_kernels(protocol, scanner.apodisation)
    lines = np.concatenate([terms.lines[1:], terms.fat_lines[None] - 1.0])
    away_mm, step_mm = at_mm[:, None] - from_mm[None, :], abs(from_mm[1] - from_mm[0])
    kernels = lines[:, lines_of_one_each] @ of_echo
    matrices = step_mm * np.array([np.interp(away_mm, _SIGNED_MM, kernel) for kernel in kernels])
    changes: ComplexArray = matrices - matrices.mean(axis=2, keepdims=True)
    return changes


_KERNEL_MM = np.arange(0.0, 2.0 * REACH_OF_TRAIN_MM, 0.02)  # a line between points of this kernel is within 1e-3 of it
_SIGNED_MM = np.concatenate([-_KERNEL_MM[:0:-1], _KERNEL_MM])


@lru_cache(maxsize=64)
def _kernel(fov_mm: float, samples: int, apodisation: float) -> FloatArray:
    """The entry of :func:`~vbqkit.scanner.kspace.encoding` for each distance: it depends on nothing else."""
    pair = np.array([0.0, 1.0])  # a grid has a step; its first point is where the distances start
    kernel: FloatArray = encoding(_KERNEL_MM, pair, fov_mm=fov_mm, samples=samples, apodisation=apodisation)[:, 0]
    return kernel


@lru_cache(maxsize=64)
def _echo_kernels(protocol: Protocol, apodisation: float) -> tuple[npt.NDArray[np.intp], ComplexArray]:
    """One line of k-space of each echo, and the kernel of all its lines: as :func:`_kernel`, but one-sided.

    How the echoes are weighted differs between people, the kernels do not.
    """
    timing, samples = protocol.timing, protocol.acquired[0]
    echo = echo_of_line(
        np.arange(-samples, samples + 1), samples, echoes=timing.echo_train_length, effective=timing.effective_echo
    )
    read, first = np.unique(echo, return_index=True)
    kernels = line_encoding(
        _SIGNED_MM,
        np.array([0.0, 1.0]),
        fov_mm=protocol.fov_mm,
        samples=samples,
        line_weights=(echo == read[:, None]).astype(np.float64),
        apodisation=apodisation,
    )
    return first, np.ascontiguousarray(kernels[:, :, 0])


def _flow(rng: np.random.Generator) -> float:
    """The flow map between four of its draws."""
    down, across = rng.random(2)
    weights = np.outer((1.0 - down, down), (1.0 - across, across)).ravel()
    return float(weights @ rng.gamma(FLOW_SHAPE, 1.0 / FLOW_SHAPE, size=4))


def _flow_loss(scanner: Scanner, protocol: Protocol, flow: float) -> float:
    """Factor on CSF."""
    return math.exp(-scanner.csf_flow_per_s * protocol.timing.te_ms / 1000.0 * flow)


def _receiver(scanner: Scanner, slab: Slab, rois: Sequence[Roi]) -> tuple[list[float], list[float]]:
    """Profile of the coil array at each ROI, 1 at the depth of the spine, and the uniformity correction there."""
    if scanner.coil is None:
        return [1.0] * len(rois), [1.0] * len(rois)
    points = np.array([(slab.grid.origin_mm[0], *roi.center_mm[1:]) for roi in rois])
    points[:, 1] = np.minimum(points[:, 1], slab.back_mm + 0.5 * scanner.coil.clearance_mm)
    reference = (slab.center_mm[0], slab.back_mm - SPINE_DEPTH_MM, slab.center_mm[2])
    maps = sensitivities(
        scanner.coil, np.vstack([points, reference]), back_mm=slab.back_mm, center_mm=np.asarray(slab.center_mm)
    )
    strength = np.sqrt((np.abs(maps) ** 2).sum(axis=0))
    profile = strength[:-1] / strength[-1]
    correction = np.maximum(profile, FAINT) ** -scanner.uniformity_correction
    return profile.tolist(), correction.tolist()


def _channels(scanner: Scanner, protocol: Protocol) -> int:
    return 1 if scanner.coil is None or protocol.parallel_factor > 1 else scanner.coil.elements


def _spread_in_air(channels: int) -> float:
    """SD of the root sum of squares of noise of SD 1 in 2 N parts: 0.655 for one channel."""
    mean = math.sqrt(2.0) * math.exp(math.lgamma(channels + 0.5) - math.lgamma(channels))
    return math.sqrt(2.0 * channels - mean**2)


def _taper(protocol: Protocol, apodisation: float) -> float:
    """What apodisation leaves of the SD of the noise."""
    shares = [float(np.mean(window(n, apodisation) ** 2)) for n in protocol.acquired]
    return math.sqrt(shares[0] * shares[1])


def _measurement(roi: Roi, mean: float, sd: float) -> Measurement:
    n = max(2, round(roi.area_mm2))
    return Measurement(
        label=roi.label, n=n, area_mm2=roi.area_mm2, weight_px=float(n), mean=mean, median=mean, sd=sd, min=mean,
        max=mean, fraction_zero=0.0, fraction_clipped=0.0, slice_index=0,
    )  # fmt: skip
