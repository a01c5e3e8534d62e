"""A slice taken apart, so that a slider is answered at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ScannerError
from vbqkit.image import Slice
from vbqkit.scanner.acquire import (
    STORED_MAX,
    acquisition_of,
    chosen_slices,
    finished_picture,
    make_stack,
    stored_values,
)
from vbqkit.scanner.body import CSF, MOVING, Stack, csf_flow_map, density_factors
from vbqkit.scanner.kspace import encoding
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.phantom import Phantom
from vbqkit.scanner.receive import Reception, back_of, coil_field, reception
from vbqkit.scanner.sequences import fat_signal, water_signals
from vbqkit.scanner.tissues import TISSUES

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


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

    A picture is then ``|sum_k S_k(TR, TE, TI, B0) M_k + S_fat M_fat|`` behind the receiver: one weighted sum.

    Parameters
    ----------
    phantom, scanner, protocol, rng, slices, center_mm
        As in :func:`vbqkit.scanner.acquire.acquire`; `slices` None: only the middle slice.

    Returns
    -------
    PreparedPatient
        Its ``image(...)`` takes the settings of the sliders.
    """
    wanted = scanner.protocol(protocol) if isinstance(protocol, str) else protocol
    chosen = chosen_slices([wanted.slices // 2] if slices is None else slices, wanted)
    stack = make_stack(phantom, scanner, wanted, center_mm)
    flow = csf_flow_map(stack, rng)
    back_mm = back_of(stack)
    prepared = []
    for index in chosen:
        receiver = reception(scanner, wanted, coil_field(scanner, stack, index, back_mm=back_mm), rng=rng)
        prepared.append(_prepared_slice(stack, scanner, index, flow, _single(receiver)))
    return PreparedPatient(tuple(prepared))


def _single(receiver: Reception) -> Reception:
    return Reception(
        profile=receiver.profile.astype(np.float32),
        correction=receiver.correction.astype(np.float32),
        along=receiver.along.astype(np.complex64),
        across=receiver.across.astype(np.float32),
    )


def _prepared_slice(stack: Stack, scanner: Scanner, index: int, flow: FloatArray, receiver: Reception) -> PreparedSlice:
    protocol = stack.protocol
    codes, components, fat = _components(stack, index)
    rows, cols = (m.astype(np.float32) for m in (stack.encode_rows(), stack.encode_cols()))
    n = protocol.matrix
    water = np.array([rows @ c @ cols.T for c in components], dtype=np.float32).reshape(len(codes), n * n)
    by_cols = protocol.phase_axis == "HF"
    half: Float32Array = rows @ fat if by_cols else fat @ cols.T
    positions = stack.grid_positions(1 if by_cols else 0)
    encoder = _shifted_encoder(protocol, scanner.apodisation, positions, protocol.fat_shift_mm(scanner.field_t))
    ghost_water = ghost_fat = None
    if scanner.motion > 0:
        ghosts = stack.encode_ghosts().astype(np.complex64)
        still = np.isin(codes, MOVING, invert=True)
        seen = [
            np.zeros((n, n), np.complex64) if s else _ghost(c, ghosts, rows, cols, by_cols)
            for s, c in zip(still, components, strict=True)
        ]
        ghost_water = np.array(seen).reshape(len(codes), n * n)
        moving_fat = _components(stack, index, only=MOVING)[2]
        fat_cols, fat_rows = (encoder, rows) if by_cols else (cols, encoder)
        ghost_fat = _ghost(moving_fat, ghosts, fat_rows, fat_cols, by_cols)
    return PreparedSlice(
        scanner=scanner,
        protocol=protocol,
        index=index,
        affine=stack.affine,
        codes=codes,
        water=water,
        csf_flow=(rows @ flow.astype(np.float32) @ cols.T),
        fat=half @ encoder.T if by_cols else encoder @ half,
        fat_half=half,
        fat_positions=positions,
        ghost_water=ghost_water,
        ghost_fat=ghost_fat,
        receiver=receiver,
    )


def _ghost(
    component: Float32Array, ghosts: npt.NDArray[np.complex64], rows: Float32Array, cols: Float32Array, by_cols: bool
) -> npt.NDArray[np.complex64]:
    ghost: npt.NDArray[np.complex64] = ghosts @ (component @ cols.T) if by_cols else (rows @ component) @ ghosts.T
    return ghost


def _components(
    stack: Stack, index: int, only: Sequence[int] | None = None
) -> tuple[npt.NDArray[np.intp], list[Float32Array], Float32Array]:
    """Protons of each tissue's water (without the table's proton density) and of all fat, averaged through the slice."""
    planes, weights = stack.plane_weights(index)
    rows, cols = stack.window
    phantom = stack.phantom
    tissue = phantom.tissue[planes, rows, cols]
    scale = phantom.pd_scale[planes, rows, cols] * weights.astype(np.float32)[:, None, None]
    fat_share = phantom.pdff[planes, rows, cols]
    factors = density_factors(phantom).astype(np.float32)
    density = np.array([t.proton_density for t in TISSUES], dtype=np.float32) * factors
    if only is not None:
        density = np.where(np.isin(np.arange(len(TISSUES)), only), density, np.float32(0))
    fat = (scale * fat_share * density[tissue]).sum(axis=0, dtype=np.float32)
    water = scale - scale * fat_share
    present = np.flatnonzero(np.bincount(tissue.ravel(), minlength=len(TISSUES)))
    codes = np.array([k for k in present if density[k] > 0], dtype=np.intp)
    components = [factors[k] * np.where(tissue == k, water, np.float32(0)).sum(axis=0, dtype=np.float32) for k in codes]
    return codes, components, fat


@dataclass(frozen=True, eq=False, slots=True)
class PreparedPatient:
    """Slices that answer sliders.

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
    index: int
    affine: FloatArray
    codes: npt.NDArray[np.intp]
    water: npt.NDArray[np.float32]  # (components, pixels): protons of each tissue's water, encoded
    csf_flow: npt.NDArray[np.float32]  # (rows, cols)
    fat: npt.NDArray[np.float32]  # (rows, cols): at the shift of the scanner's own field
    fat_half: npt.NDArray[np.float32]  # fat encoded along the phase axis only, to be shifted along the other
    fat_positions: FloatArray
    ghost_water: npt.NDArray[np.complex64] | None  # (components, pixels), as `water`, for what moves; None: no motion
    ghost_fat: npt.NDArray[np.complex64] | None
    receiver: Reception

    def image(
        self,
        *,
        tr_ms: float | None = None,
        te_ms: float | None = None,
        ti_ms: float | None = None,
        field_t: float | None = None,
        bandwidth_hz_per_px: float | None = None,
        gain: float = 1.0,
        noise: float = 1.0,
    ) -> Slice:
        """The picture with some settings changed; what is not given stays as the scanner and protocol say.

        Parameters
        ----------
        tr_ms, te_ms, ti_ms : float or None
            Times of the sequence. A TI makes any sequence an inversion recovery.
        field_t : float or None
            Field strength: relaxation, water-fat shift and noise follow.
        bandwidth_hz_per_px : float or None
            Bandwidth: water-fat shift and noise follow.
        gain : float
            Receiver gain; at 1, fully relaxed CSF at the depth of the spine is stored as 2000.
        noise : float
            Factor on the scanner's noise; 0: none.

        Raises
        ------
        ScannerError
            If the times cannot be, the field is outside the tissue table, or gain or noise are impossible.
        """
        if not noise >= 0:
            raise ScannerError(f"A noise factor of {noise} is not possible; give 0 or more.")
        old = self.protocol.timing
        timing = replace(
            old,
            tr_ms=old.tr_ms if tr_ms is None else tr_ms,
            te_ms=old.te_ms if te_ms is None else te_ms,
            ti_ms=old.ti_ms if ti_ms is None else ti_ms,
        )
        bandwidth = self.protocol.bandwidth_hz_per_px if bandwidth_hz_per_px is None else bandwidth_hz_per_px
        protocol = replace(self.protocol, timing=timing, bandwidth_hz_per_px=bandwidth)
        scanner = replace(self.scanner, field_t=self.scanner.field_t if field_t is None else field_t)
        signal = self._signal(scanner, protocol)
        picture = self.receiver.magnitude(signal, noise_sd=noise * scanner.noise_sd(protocol))
        if noise > 0:
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
        weights = water_signals(protocol.timing, scanner.field_t)[self.codes].astype(np.float32)
        is_csf = self.codes == CSF
        n = protocol.matrix
        signal = (np.where(is_csf, np.float32(0), weights) @ self.water).reshape(n, n)
        if is_csf.any():
            rate = np.float32(-scanner.csf_flow_per_s * protocol.timing.te_ms / 1000.0)
            k = int(np.flatnonzero(is_csf)[0])
            signal += weights[k] * self.water[k].reshape(n, n) * np.exp(rate * self.csf_flow)
        fat = np.float32(fat_signal(protocol.timing, scanner.field_t))
        signal += fat * self._fat(scanner, protocol)
        if self.ghost_water is None or self.ghost_fat is None:
            return signal
        ghost = (weights @ self.ghost_water).reshape(n, n) + fat * self.ghost_fat
        return signal + np.float32(scanner.motion) * ghost

    def _fat(self, scanner: Scanner, protocol: Protocol) -> npt.NDArray[np.float32]:
        shift = protocol.fat_shift_mm(scanner.field_t)
        if shift == self.protocol.fat_shift_mm(self.scanner.field_t):
            return self.fat
        matrix = _shifted_encoder(protocol, self.scanner.apodisation, self.fat_positions, shift)
        moved: npt.NDArray[np.float32] = (
            self.fat_half @ matrix.T if protocol.phase_axis == "HF" else matrix @ self.fat_half
        )
        return moved


def _shifted_encoder(
    protocol: Protocol, apodisation: float, positions: FloatArray, shift_mm: float
) -> npt.NDArray[np.float32]:
    """Encoding along the frequency axis of the picture itself: a band-limited image is moved without loss."""
    n = protocol.matrix
    pixels = (np.arange(n, dtype=np.float64) - (n - 1) / 2.0) * protocol.pixel_mm
    matrix = encoding(
        pixels - shift_mm, positions, fov_mm=protocol.fov_mm, samples=protocol.acquired[1], apodisation=apodisation
    )
    return matrix.astype(np.float32)
