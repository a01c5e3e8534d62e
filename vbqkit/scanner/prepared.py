"""A slice split into what each tissue contributes, so that a picture after a change of settings is one weighted sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.own_times import OwnTimes
from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScannerError
from vbqkit.image import Slice
from vbqkit.scanner.echo_train import echo_of_line, fat_decay
from vbqkit.scanner.forward_model import (
    STORED_MAX,
    acquisition_of,
    chosen_slices,
    finished_picture,
    make_geometry,
    stored_values,
)
from vbqkit.scanner.kspace import from_lines, to_lines
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import CSF_CODE, MOVING, ScanGeometry, csf_flow_map, slice_protons
from vbqkit.scanner.receiver import Reception, back_of, coil_field, reception
from vbqkit.scanner.sequences import Control
from vbqkit.scanner.signals import echo_signals, fat_signal

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

MACHINE_CONTROLS = (
    Control(name="field_t", description="Field (T)", low=0.3, high=7.0, step=0.1),
    Control(name="bandwidth_hz_per_px", description="Bandwidth (Hz/px)", low=60, high=400, step=10),
    Control(name="gain", description="Receiver gain", low=0.2, high=2.0, step=0.05),
    Control(name="noise", description="Noise (x)", low=0.0, high=8.0, step=0.25),
)
"""What can be changed on a prepared slice whatever the sequence."""

FLOW_ORDER = 4
"""Highest polynomial by which the loss of CSF signal to flow is described; its error is below 1e-4 for any loss up to
60 %."""


def prepare(
    phantom: Phantom,
    scanner: Scanner,
    protocol: Protocol | str,
    *,
    rng: np.random.Generator,
    slices: Sequence[int] | None = None,
    center_mm: npt.ArrayLike | None = None,
) -> PreparedPatient:
    """Take slices apart into what each tissue contributes, for one geometry, coil and draw of noise.

    A picture is then ``|sum_k S_k(TR, TE, TI, B0) M_k + S_fat M_fat|`` behind the receiver: one weighted sum, which is
    taken line by line of k-space, because each echo of a train reads its lines at its own time.

    Parameters
    ----------
    phantom, scanner, protocol, rng, slices, center_mm
        As in :func:`vbqkit.scanner.forward_model.acquire`; `slices` None: only the middle slice.

    Returns
    -------
    PreparedPatient
        Its ``image(...)`` takes the settings.
    """
    wanted = scanner.protocol(protocol) if isinstance(protocol, str) else protocol
    chosen = chosen_slices([wanted.slices // 2] if slices is None else slices, wanted)
    geometry = make_geometry(phantom, scanner, wanted, center_mm)
    flow = csf_flow_map(geometry, rng, void=scanner.csf_void)
    back_mm = back_of(geometry)
    prepared = []
    for index in chosen:
        receiver = reception(scanner, wanted, coil_field(scanner, geometry, index, back_mm=back_mm), rng=rng)
        prepared.append(_prepared_slice(geometry, scanner, index, flow, _single(receiver)))
    return PreparedPatient(tuple(prepared))


def _single(receiver: Reception) -> Reception:
    return Reception(
        profile=receiver.profile.astype(np.float32),
        correction=receiver.correction.astype(np.float32),
        along=receiver.along.astype(np.complex64),
        across=receiver.across.astype(np.float32),
    )


def _prepared_slice(
    geometry: ScanGeometry, scanner: Scanner, index: int, flow: FloatArray, receiver: Reception
) -> PreparedSlice:
    protocol = geometry.protocol
    by_rows = protocol.phase_axis == "HF"
    protons = slice_protons(geometry, index)
    fov_mm, (samples, frequencies) = protocol.fov_mm, protocol.acquired
    phase, frequency = (
        _real_rows(to_lines(geometry.grid_positions(axis), fov_mm=fov_mm, samples=n, apodisation=scanner.apodisation))
        for axis, n in ((geometry.phase_index, samples), (1 - geometry.phase_index, frequencies))
    )
    along = _to_pixels(protocol) @ frequency

    def lines_of(held: FloatArray) -> Float32Array:  # phase axis first; still on the phantom's grid along the other
        lines: Float32Array = phase @ (held if by_rows else held.T).astype(np.float32)
        return lines

    is_csf, fastest = protons.codes == CSF_CODE, float(flow.max(initial=0.0))
    held, codes, order = [*protons.water], [*protons.codes], [0] * len(protons.codes)
    if is_csf.any():  # CSF again, times the polynomials in its flow of which any loss is a sum
        csf = protons.water[int(np.flatnonzero(is_csf)[0])]
        for k in range(1, FLOW_ORDER + 1):
            held.append(csf * np.polynomial.Chebyshev.basis(k, domain=[0.0, max(fastest, 1e-6)])(flow))
            codes.append(np.intp(CSF_CODE))
            order.append(k)
    water = np.array([lines_of(h) @ along.T for h in held], dtype=np.float32).reshape(len(held), -1)
    fat_lines: Float32Array = lines_of(protons.fat) @ frequency.T
    shifted = _to_pixels(protocol, protocol.fat_shift_mm(scanner.field_t))
    cos, sin = from_lines(geometry.pixel_positions(), fov_mm=fov_mm, samples=samples)
    ghost_water = ghost_fat = None
    if scanner.motion > 0:
        ghosts = geometry.encode_ghosts().astype(np.complex64)
        moves = np.isin(codes, MOVING)
        n = protocol.matrix

        def ghost_of(held: FloatArray, matrix: Float32Array) -> npt.NDArray[np.complex64]:
            ghost: npt.NDArray[np.complex64] = ghosts @ ((held if by_rows else held.T).astype(np.float32) @ matrix.T)
            return ghost

        seen = [ghost_of(h, along) if m else np.zeros((n, n), np.complex64) for h, m in zip(held, moves, strict=True)]
        ghost_water = np.array(seen).reshape(len(codes), n * n)
        ghost_fat = ghost_of(protons.moving_fat, shifted @ frequency)
    return PreparedSlice(
        scanner=scanner,
        protocol=protocol,
        own=geometry.phantom.own_times,
        index=index,
        affine=geometry.affine,
        codes=np.array(codes, dtype=np.intp),
        flow_order=np.array(order),
        fastest_flow=fastest,
        water=water,
        fat=(fat_lines @ shifted.T).astype(np.float32, copy=False),
        fat_lines=fat_lines,
        to_pixels=(cos.astype(np.float32), sin.astype(np.float32)),
        ghost_water=ghost_water,
        ghost_fat=ghost_fat,
        receiver=receiver,
    )


@dataclass(frozen=True, eq=False, slots=True)
class PreparedPatient:
    """Slices that give a new picture for any settings, at once.

    Attributes
    ----------
    slices : tuple of PreparedSlice
        In their order in the patient.
    """

    slices: tuple[PreparedSlice, ...]

    def image(self, index: int | None = None, **settings: Any) -> Slice:
        """The picture of slice number `index` of the protocol (None: the first prepared) with some settings changed.

        See :meth:`PreparedSlice.image` for the settings.
        """
        if index is None:
            return self.slices[0].image(**settings)
        for prepared in self.slices:
            if prepared.index == index:
                return prepared.image(**settings)
        ready = ", ".join(str(s.index) for s in self.slices)
        raise ScannerError(f"Slice {index} is not prepared; ready are: {ready}. Prepare it with slices=[{index}].")


@dataclass(frozen=True, eq=False, slots=True)
class PreparedSlice:
    """One slice, taken apart so that any TR, TE, TI, field, gain or noise is one weighted sum away.

    Made by :func:`prepare`. Maps are on the grid of the picture, coil and noise are drawn once.
    """

    scanner: Scanner
    protocol: Protocol
    own: OwnTimes  # times of the person
    index: int
    affine: FloatArray
    codes: npt.NDArray[np.intp]
    flow_order: npt.NDArray[np.intp]  # (components,): which polynomial in the flow of CSF; 0: none
    fastest_flow: float
    water: npt.NDArray[np.float32]  # (components, lines x 2 x pixels along the frequency axis): protons of its water
    fat: npt.NDArray[np.float32]  # (2 lines, pixels along the frequency axis): at the shift of the scanner's own field
    fat_lines: npt.NDArray[np.float32]  # (2 lines, 2 frequencies): fat, to be shifted along the frequency axis
    to_pixels: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]  # from lines to pixels along the phase axis
    ghost_water: (
        npt.NDArray[np.complex64] | None
    )  # (components, pixels) of the picture, for what moves; None: no motion
    ghost_fat: npt.NDArray[np.complex64] | None
    receiver: Reception

    @property
    def controls(self) -> dict[str, Control]:
        """What can be changed, by name: first what the sequence offers, then what every machine does."""
        return {control.name: control for control in (*self.protocol.timing.controls, *MACHINE_CONTROLS)}

    @property
    def settings(self) -> dict[str, float | None]:
        """The value of each of the controls as the scanner and protocol have it; None: off."""
        sequence = {
            control.name: getattr(self.protocol.timing, control.name) for control in self.protocol.timing.controls
        }
        machine = {"field_t": self.scanner.field_t, "bandwidth_hz_per_px": self.protocol.bandwidth_hz_per_px}
        return sequence | machine | {"gain": 1.0, "noise": 1.0}

    def image(
        self,
        *,
        field_t: float | None = None,
        bandwidth_hz_per_px: float | None = None,
        gain: float = 1.0,
        noise: float = 1.0,
        **sequence: float | None,
    ) -> Slice:
        """The picture with some settings changed; what is not given stays as the scanner and protocol say.

        Parameters
        ----------
        field_t : float or None
            Field strength: relaxation, water-fat shift and noise follow.
        bandwidth_hz_per_px : float or None
            Bandwidth: water-fat shift and noise follow.
        gain : float
            Receiver gain; at 1, fully relaxed CSF at the depth of the spine is stored as 2000.
        noise : float
            Factor on the scanner's noise; 0: none.
        **sequence : float or None
            What the sequence offers (see :attr:`controls`), such as ``tr_ms``, ``te_ms`` and ``ti_ms``; a TI makes any
            spin echo an inversion recovery.

        Raises
        ------
        TypeError
            If the sequence has no such setting.
        ScannerError
            If the times cannot be, the field is outside the tissue table, or gain or noise are impossible.
        """
        if not noise >= 0:
            raise ScannerError(f"A noise factor of {noise} is not possible; give 0 or more.")
        offered = [control.name for control in self.protocol.timing.controls]
        unknown = sorted(set(sequence) - set(offered))
        if unknown:
            raise TypeError(f"a picture has no setting '{unknown[0]}'; this sequence has {', '.join(offered)}")
        given: dict[str, Any] = {name: value for name, value in sequence.items() if value is not None}
        timing = replace(self.protocol.timing, **given)
        bandwidth = self.protocol.bandwidth_hz_per_px if bandwidth_hz_per_px is None else bandwidth_hz_per_px
        protocol = replace(self.protocol, timing=timing, bandwidth_hz_per_px=bandwidth)
        scanner = replace(self.scanner, field_t=self.scanner.field_t if field_t is None else field_t)
        signal = self._signal(scanner, protocol)
        picture = self.receiver.magnitude(signal, noise_sd=noise * scanner.noise_sd(protocol))
        if noise > 0 or scanner.warp_correction:
            picture = finished_picture(picture, scanner, protocol)
        stored = stored_values(picture, gain)
        a = self.affine
        return Slice(
            stored if scanner.rescale_slope == 1.0 else stored * scanner.rescale_slope,
            tuple(a[:3, 3] + self.index * a[:3, 0]),
            tuple(a[:3, 1]),
            tuple(a[:3, 2]),
            thickness_mm=protocol.thickness_mm,
            depth_mm=protocol.thickness_mm + protocol.gap_mm,
            index=self.index,
            max_storable=STORED_MAX * scanner.rescale_slope,
            acquisition=acquisition_of(scanner, protocol),
        )

    def _signal(self, scanner: Scanner, protocol: Protocol) -> npt.NDArray[Any]:
        """Signed or complex picture before the coil: lines of k-space as their echoes read them, then pixels."""
        timing, n = protocol.timing, protocol.matrix
        played = protocol.played
        signals = echo_signals(played, scanner.field_t, saturation_per_s=protocol.saturation_per_s, own=self.own)
        water = signals[self.codes] * self._flow_loss(scanner, timing.te_ms)[:, None]
        fat = fat_signal(played, scanner.field_t, own=self.own) * fat_decay(played, scanner.field_t, own=self.own)
        weights = np.concatenate([water, fat[None]]).astype(np.float32)
        fat_lines = self._fat(scanner, protocol).ravel()
        even = np.empty(self.water.shape[1], dtype=np.float32)
        odd = np.empty_like(even) if timing.echo_train_length > 1 else None
        for start, stop, (ahead, behind) in _bands(protocol):
            part = slice(start * 2 * n, stop * 2 * n)
            mean = (weights[:, ahead] + weights[:, behind]) / 2
            even[part] = mean[:-1] @ self.water[:, part] + mean[-1] * fat_lines[part]
            if odd is not None:
                half = (weights[:, ahead] - weights[:, behind]) / 2
                odd[part] = half[:-1] @ self.water[:, part] + half[-1] * fat_lines[part]
        cos, sin = self.to_pixels
        lines = even.reshape(-1, 2, n)
        signal: npt.NDArray[Any] = cos @ lines[:, 0] - sin @ lines[:, 1]
        if odd is not None:
            lines = odd.reshape(-1, 2, n)
            signal = signal + np.complex64(1j) * (sin @ lines[:, 0] + cos @ lines[:, 1])
        if self.ghost_water is not None and self.ghost_fat is not None:
            at_te = weights[:, timing.effective_echo]
            ghost = (at_te[:-1] @ self.ghost_water).reshape(n, n) + at_te[-1] * self.ghost_fat
            signal = signal + np.float32(scanner.motion) * ghost
        return signal if protocol.phase_axis == "HF" else signal.T

    def _flow_loss(self, scanner: Scanner, te_ms: float) -> FloatArray:
        """Factor on each component: ``exp(-rate TE q)`` on CSF as a sum of Chebyshev polynomials in its flow q."""
        rate = scanner.csf_flow_per_s * te_ms / 1000.0 * self.fastest_flow / 2.0
        nodes = np.polynomial.chebyshev.chebpts1(FLOW_ORDER + 1)
        series = np.polynomial.chebyshev.chebfit(nodes, np.exp(-rate * (nodes + 1.0)), FLOW_ORDER)
        factors: FloatArray = np.where(self.codes == CSF_CODE, series[self.flow_order], 1.0)
        return factors

    def _fat(self, scanner: Scanner, protocol: Protocol) -> npt.NDArray[np.float32]:
        shift = protocol.fat_shift_mm(scanner.field_t)
        if shift == self.protocol.fat_shift_mm(self.scanner.field_t):
            return self.fat
        moved: npt.NDArray[np.float32] = self.fat_lines @ _to_pixels(protocol, shift).T
        return moved


def _bands(protocol: Protocol) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Runs of lines k from 0 (start, stop) that one echo reads at k and one at -k (both numbers)."""
    samples, timing = protocol.acquired[0], protocol.timing
    lines = np.arange(samples + 1)
    ahead, behind = (
        echo_of_line(side * lines, samples, echoes=timing.echo_train_length, effective=timing.effective_echo)
        for side in (1, -1)
    )
    edges = np.flatnonzero((np.diff(ahead) != 0) | (np.diff(behind) != 0)) + 1
    starts, stops = [0, *edges.tolist()], [*edges.tolist(), samples + 1]
    for start, stop in zip(starts, stops, strict=True):
        yield start, stop, (int(ahead[start]), int(behind[start]))


def _real_rows(lines: npt.NDArray[np.complex128]) -> Float32Array:
    """Real and imaginary part of each row, one after the other."""
    rows: Float32Array = np.stack([lines.real, lines.imag], axis=1).reshape(2 * len(lines), -1).astype(np.float32)
    return rows


def _to_pixels(protocol: Protocol, shift_mm: float = 0.0) -> Float32Array:
    """From real and imaginary part of each frequency, one after the other, to pixels that see the object moved back."""
    n = protocol.matrix
    pixels = (np.arange(n, dtype=np.float64) - (n - 1) / 2.0) * protocol.pixel_mm
    cos, sin = from_lines(pixels - shift_mm, fov_mm=protocol.fov_mm, samples=protocol.acquired[1])
    matrix: Float32Array = np.stack([cos, -sin], axis=2).reshape(n, -1).astype(np.float32)
    return matrix
