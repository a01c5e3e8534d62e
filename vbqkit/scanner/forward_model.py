"""The scan: phantom and scanner in, pictures out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition
from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.scanner.echo_train import DecayTerms, decay_terms
from vbqkit.scanner.field_map import measured_pixels
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import MOVING, ScanGeometry, SliceProtons, csf_flow_map, protons_buffer, slice_protons
from vbqkit.scanner.receiver import RealArray, back_of, coil_field, masked_background, reception
from vbqkit.study import Series, Study, make_series

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

STORED_MAX = 4095
"""Largest stored value: 12 bits."""

UNIT_GAIN = 2000.0
"""Stored value of fully relaxed CSF at the depth of the spine, where the gain is 1."""

GAIN_PERCENTILE, GAIN_TARGET = 99.7, 0.4
"""Pre-scan puts this percentile of the tissue's signal at this share of the largest stored value."""


def acquire(
    phantom: Phantom,
    scanner: Scanner,
    protocol: Protocol | str,
    *,
    rng: np.random.Generator,
    slices: Sequence[int] | None = None,
    gain: float | None = None,
    center_mm: npt.ArrayLike | None = None,
    apart: bool = False,
) -> Volume:
    """Scan one series.

    Parameters
    ----------
    phantom : Phantom
        The body.
    scanner : Scanner
        The machine.
    protocol : Protocol or str
        How to scan, or the weighting of one of the scanner's protocols.
    rng : numpy.random.Generator
        Source of noise and flow.
    slices : sequence of int or None
        Which slices of the protocol, consecutive; None: all.
    gain : float or None
        Receiver gain (1: fully relaxed CSF at the spine is stored as 2000); None: set by pre-scan for this series.
    center_mm : array-like or None
        Center of the field of view, LPS mm; None: of the phantom.
    apart : bool
        Whether each slice has noise of its own, and pre-scan looks at the middle slice of the protocol alone: a slice
        then comes out the same, whichever others are scanned with it. False: noise is drawn slice after slice, and
        pre-scan looks at all that are scanned.

    Returns
    -------
    Volume
        12-bit magnitudes after rescaling, marked synthetic.

    Raises
    ------
    ScannerError
        If the scanner has no such protocol, or a slice number is outside it.
    """
    wanted = scanner.protocol(protocol) if isinstance(protocol, str) else protocol
    chosen = chosen_slices(slices, wanted)
    middle = wanted.slices // 2
    also = [middle] if apart and gain is None and middle not in chosen else []
    [(images, geometry)] = _scan_group(
        phantom, scanner, [wanted], rng=rng, chosen=[*chosen, *also], center_mm=center_mm, apart=apart
    )
    if gain is None:
        gain = _prescan(images[[*chosen, *also].index(middle)] if apart else images)
    return _volume(images[: len(chosen)], geometry, scanner, wanted, chosen, gain)


def scan(
    phantom: Phantom,
    scanner: Scanner,
    *,
    rng: np.random.Generator,
    weightings: Sequence[str] | None = None,
    around: Sequence[Roi] | None = None,
    center_mm: npt.ArrayLike | None = None,
) -> Study:
    """Scan a study: every protocol of the machine, or those of the named weightings.

    Parameters
    ----------
    phantom : Phantom
        The body.
    scanner : Scanner
        The machine.
    rng : numpy.random.Generator
        Source of noise and flow.
    weightings : sequence of str or None
        ``"T1"``, ``"T2"``, ``"STIR"``; None: every protocol.
    around : sequence of Roi or None
        Only the slices on which these ROIs lie, to save time; None: all.
    center_mm : array-like or None
        Center of the field of view, LPS mm; None: of the phantom.

    Returns
    -------
    Study
        In the order of the protocols. With ``gain="study"`` all series share the gain that pre-scan finds for the
        first.
    """
    protocols = [scanner.protocol(w) for w in weightings] if weightings is not None else list(scanner.protocols)
    if not protocols:
        raise ScannerError(f"Scanner '{scanner.name}' has no protocol to scan with. Give it at least one.")
    results: dict[int, tuple[FloatArray, ScanGeometry]] = {}
    for group in _same_geometry(protocols):
        chosen = _slices_with(around, make_geometry(phantom, scanner, group[0][1], center_mm))
        done = _scan_group(phantom, scanner, [p for _, p in group], rng=rng, chosen=chosen, center_mm=center_mm)
        results |= {position: result for (position, _), result in zip(group, done, strict=True)}
    gains = [_prescan(results[i][0]) for i in range(len(protocols))]
    if scanner.gain == "study":
        gains = [min(gains)] * len(gains)
    series: list[Series] = []
    for i, protocol in enumerate(protocols):
        images, geometry = results[i]
        volume = _volume(images, geometry, scanner, protocol, _slices_with(around, geometry), gains[i], number=i + 1)
        series.append(make_series(volume, source=f"virtual scanner {scanner.name}"))
    return Study(series=tuple(series), source=f"virtual scanner {scanner.name}")


def slices_with(rois: Sequence[Roi], geometry: ScanGeometry) -> range:
    """The slices of a protocol from the first to the last on which a ROI lies, those midway between two on both."""
    return _slices_with(rois, geometry, tie=_MIDWAY)


_MIDWAY = 1e-2
"""ROIs so near to midway between two slices, in slices, may be measured on either."""


def _slices_with(rois: Sequence[Roi] | None, geometry: ScanGeometry, *, tie: float = 0.0) -> range:
    """The slices from the first to the last on which a ROI lies; None: all."""
    count = geometry.protocol.slices
    if not rois:
        return range(count)
    centers = np.array([[*roi.center_mm, 1.0] for roi in rois])
    places = (centers @ np.linalg.inv(geometry.affine).T)[:, 0] + 0.5
    first, last = np.floor(places.min() - tie), np.floor(places.max() + tie)
    return range(int(np.clip(first, 0, count - 1)), int(np.clip(last, 0, count - 1)) + 1)


def chosen_slices(slices: Sequence[int] | None, protocol: Protocol) -> range:
    """Slice numbers as a checked range; None: all of the protocol."""
    if slices is None:
        return range(protocol.slices)
    chosen = range(min(slices, default=0), max(slices, default=-1) + 1)
    if not chosen or list(chosen) != sorted(slices) or chosen.start < 0 or chosen.stop > protocol.slices:
        raise ScannerError(
            f"Slices {list(slices)} cannot be scanned: give consecutive numbers from 0 to {protocol.slices - 1}."
        )
    return chosen


def _same_geometry(protocols: list[Protocol]) -> list[list[tuple[int, Protocol]]]:
    """Protocols that share slices and field of view, so that the body is gone through once for all of them."""
    groups: dict[tuple[float | None, ...], list[tuple[int, Protocol]]] = {}
    for i, p in enumerate(protocols):
        groups.setdefault((p.fov_mm, p.slices, p.thickness_mm, p.gap_mm, p.saturation_band_mm), []).append((i, p))
    return list(groups.values())


def make_geometry(
    phantom: Phantom, scanner: Scanner, protocol: Protocol, center_mm: npt.ArrayLike | None
) -> ScanGeometry:
    """Where a protocol's slices lie: about `center_mm`, or the center of the phantom."""
    center = phantom.center_mm if center_mm is None else np.asarray(center_mm, dtype=np.float64)
    return ScanGeometry(phantom, protocol, scanner.apodisation, center)


def _scan_group(
    phantom: Phantom,
    scanner: Scanner,
    protocols: list[Protocol],
    *,
    rng: np.random.Generator,
    chosen: Sequence[int],
    center_mm: npt.ArrayLike | None,
    apart: bool = False,
) -> list[tuple[FloatArray, ScanGeometry]]:
    """Magnitude pictures before gain, shape (slices, rows, cols), for protocols of one geometry."""
    geometries = [make_geometry(phantom, scanner, p, center_mm) for p in protocols]
    flow = csf_flow_map(geometries[0], rng, void=scanner.csf_void)
    back_mm = back_of(geometries[0])
    encodings = [_encoding(s, scanner, flow) for s in geometries]
    images = [np.zeros((len(chosen), p.matrix, p.matrix)) for p in protocols]
    buffer = protons_buffer(geometries[0])
    streams = rng.spawn(protocols[0].slices) if apart else [rng] * protocols[0].slices
    for k, index in enumerate(chosen):
        protons = slice_protons(geometries[0], index, buffer=buffer)
        coil = coil_field(scanner, geometries[0], index, back_mm=back_mm)
        for i, protocol in enumerate(protocols):
            signal = encodings[i].picture(protons, motion=scanner.motion)
            receiver = reception(scanner, protocol, coil, rng=streams[index])
            picture = receiver.magnitude(signal, noise_sd=scanner.noise_sd(protocol))
            images[i][k] = finished_picture(picture, scanner, protocol)
    return list(zip(images, geometries, strict=True))


@dataclass(frozen=True, eq=False, slots=True)
class _Encoding:
    """A sequence encoded in k-space: what takes the protons of a slice to the picture that arrives at the coil.

    The matrices along the phase axis stand side by side: that of the signal at TE, of each further term of the decay
    along the echo train, and of fat. Their imaginary parts begin with the second; None: both halves of k-space are
    alike. Single precision: its error is far below one stored value.
    """

    terms: DecayTerms
    csf_loss: FloatArray | None
    by_rows: bool  # phase encoding runs from head to feet, the direction in which rows follow each other
    phase: Float32Array
    phase_imaginary: Float32Array | None
    frequency: Float32Array
    fat_frequency: Float32Array
    ghosts: npt.NDArray[np.complex64] | None

    def picture(self, protons: SliceProtons, *, motion: float) -> npt.NDArray[Any]:
        """Signed or complex picture before the coil."""
        water = protons.water_signals(self.terms.water, self.csf_loss)
        lines = self._along_frequency(water, self.frequency)
        fat = self._along_frequency((self.terms.fat * protons.fat)[None], self.fat_frequency)
        image: npt.NDArray[Any]
        if len(water) == 1:  # one echo: the same lines for water and fat, so encode their sum
            image = self.phase @ (lines + fat)
        else:
            image = self.phase @ np.concatenate([lines, fat])
            if self.phase_imaginary is not None:
                changing = np.concatenate([lines[len(fat) :], fat])
                image = image + np.complex64(1j) * (self.phase_imaginary @ changing)
        if self.ghosts is not None:  # of the signal at TE
            still = np.isin(np.arange(self.terms.water.shape[1]), MOVING, invert=True)
            moving = protons.water_signals(np.where(still, 0.0, self.terms.water[:1]), self.csf_loss)[0]
            moving_fat = self.terms.fat * protons.moving_fat
            image = image + np.float32(motion) * (
                self.ghosts
                @ (
                    self._along_frequency(moving[None], self.frequency)
                    + self._along_frequency(moving_fat[None], self.fat_frequency)
                )
            )
        return image if self.by_rows else image.T

    def _along_frequency(self, maps: FloatArray, matrix: Float32Array) -> Float32Array:
        """Maps encoded along the frequency axis, the phase axis first, one below the other."""
        phase_first = (maps if self.by_rows else maps.swapaxes(1, 2)).astype(np.float32)
        count, rows, cols = phase_first.shape
        encoded: Float32Array = phase_first.reshape(count * rows, cols) @ matrix.T
        return encoded


def _encoding(geometry: ScanGeometry, scanner: Scanner, flow: FloatArray) -> _Encoding:
    protocol = geometry.protocol
    timing, shift = protocol.timing, protocol.fat_shift_mm(scanner.field_t)
    terms = decay_terms(
        protocol.played,
        scanner.field_t,
        protocol.acquired[0],
        saturation_per_s=protocol.saturation_per_s,
        own=geometry.phantom.own_times,
    )
    by_rows = protocol.phase_axis == "HF"
    phase, along = (
        (geometry.encode_rows, geometry.encode_cols) if by_rows else (geometry.encode_cols, geometry.encode_rows)
    )
    matrices, imaginary = phase(), None
    if timing.echo_train_length > 1:
        changing = geometry.encode_lines(np.concatenate([terms.lines[1:], terms.fat_lines[None]]))
        matrices = np.concatenate([matrices, *changing.real], axis=1)
        if timing.effective_echo not in (0, timing.echo_train_length - 1):  # else both halves of k-space are alike
            imaginary = np.concatenate(list(changing.imag), axis=1)
    still = scanner.csf_flow_per_s == 0
    return _Encoding(
        terms=terms,
        csf_loss=None if still else np.exp(-scanner.csf_flow_per_s * timing.te_ms / 1000.0 * flow),
        by_rows=by_rows,
        phase=matrices.astype(np.float32),
        phase_imaginary=None if imaginary is None else imaginary.astype(np.float32),
        frequency=along().astype(np.float32),
        fat_frequency=along(shift).astype(np.float32),
        ghosts=geometry.encode_ghosts().astype(np.complex64) if scanner.motion > 0 else None,
    )


def finished_picture(picture: RealArray, scanner: Scanner, protocol: Protocol) -> RealArray:
    """The picture after what the scanner does to it unasked: correction of warped geometry, masking of air."""
    if scanner.warp_correction:
        n = protocol.matrix
        at = (np.arange(n, dtype=np.float64) - (n - 1) / 2.0) * protocol.pixel_mm
        picture = np.where(measured_pixels(at, fov_mm=protocol.fov_mm), picture, 0.0)
    if not scanner.mask_background:
        return picture
    channels = 1 if scanner.coil is None or protocol.parallel_factor > 1 else scanner.coil.elements
    return masked_background(picture, noise_level=scanner.noise_sd(protocol) * math.sqrt(2.0 * channels))


def _prescan(images: FloatArray) -> float:
    """Receiver gain by which the brightest tissue nearly fills the converter."""
    top = float(np.percentile(images[images > 0.1 * images.max()], GAIN_PERCENTILE)) if images.max() > 0 else 1.0
    # two significant digits: a real gain is set in steps, and the same on any computer
    gain = GAIN_TARGET * STORED_MAX / top / UNIT_GAIN
    return float(f"{gain:.2g}")


def stored_values(images: RealArray, gain: float) -> npt.NDArray[np.uint16]:
    """Magnitudes as the converter stores them: ``round(2000 gain S)``, clipped to 12 bits."""
    if not (math.isfinite(gain) and gain > 0):
        raise ScannerError(f"A receiver gain of {gain} is not possible; give a number above 0.")
    stored: npt.NDArray[np.uint16] = np.clip(np.rint(images * (UNIT_GAIN * gain)), 0, STORED_MAX).astype(np.uint16)
    return stored


def affine_from(first: int, geometry: ScanGeometry) -> FloatArray:
    """(plane, row, col, 1) to LPS mm of the stack that begins with this slice of the protocol."""
    affine = geometry.affine.copy()
    affine[:3, 3] += first * affine[:3, 0]
    return affine


def _volume(
    images: FloatArray,
    geometry: ScanGeometry,
    scanner: Scanner,
    protocol: Protocol,
    chosen: range,
    gain: float,
    *,
    number: int = 1,
) -> Volume:
    stored = stored_values(images, gain)
    pixels: npt.NDArray[Any] = stored if scanner.rescale_slope == 1.0 else stored * scanner.rescale_slope
    return Volume(
        pixels=pixels,
        affine=affine_from(chosen.start, geometry),
        thickness_mm=protocol.thickness_mm,
        max_storable=STORED_MAX * scanner.rescale_slope,
        acquisition=acquisition_of(scanner, protocol, number=number),
    )


def _corrections(scanner: Scanner) -> tuple[str, ...]:
    """What the values of ImageType say of corrections."""
    uniform = ("NORM",) if scanner.uniformity_correction > 0 else ()
    named = (scanner.uniformity_name,) if scanner.uniformity_name in ("PURE", "CLEAR") else ()
    return (*uniform, *named, *(("DIS2D",) if scanner.warp_correction else ()))


def acquisition_of(scanner: Scanner, protocol: Protocol, *, number: int = 1) -> Acquisition:
    """What the header of a virtual series says."""
    t = protocol.timing
    return Acquisition(
        modality="MR",
        weighting=protocol.weighting,
        weighting_reason="set by the virtual scanner's protocol",
        tr_ms=t.tr_ms,
        te_ms=t.te_ms,
        ti_ms=t.ti_ms,
        echo_train_length=t.echo_train_length,
        flip_angle_deg=t.flip_angle_deg,
        field_t=scanner.field_t,
        bandwidth_hz_per_px=protocol.bandwidth_hz_per_px,
        averages=protocol.averages,
        slice_thickness_mm=protocol.thickness_mm,
        spacing_between_slices_mm=protocol.thickness_mm + protocol.gap_mm,
        vendor=f"vbqkit virtual scanner (after {scanner.vendor})",
        model=scanner.model,
        coil="SPINE" if scanner.coil is not None else "VOLUME",
        scanning_sequence=t.scanning_sequence,
        sequence_variant=t.sequence_variant,
        scan_options=("SP",) if protocol.saturation_band_mm is not None else (),
        sequence_name=t.sequence_name,
        fat_suppressed=t.fat_suppressed,
        image_type=("ORIGINAL", "PRIMARY", "OTHER", *_corrections(scanner)),
        matrix=(protocol.matrix, protocol.matrix),
        acquired_matrix=protocol.samples_rows_cols,
        parallel_technique="SENSE" if protocol.parallel_factor > 1 else None,
        parallel_factor=float(protocol.parallel_factor) if protocol.parallel_factor > 1 else None,
        body_part="LSPINE",
        series_number=number,
        series_description=f"SAG {protocol.weighting} SYNTHETIC",
        rescale_slope=scanner.rescale_slope,
        rescale_intercept=0.0,
        synthetic=True,
    )
