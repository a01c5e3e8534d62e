"""What the spins of a slice give before anyone listens: tissue averaged through the slice, weighted by the sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.scanner.kspace import encoding, ghost_encoding
from vbqkit.scanner.machine import Protocol
from vbqkit.scanner.phantom import Phantom
from vbqkit.scanner.tissues import TISSUES, tissue_named

FloatArray = npt.NDArray[np.float64]

MOVING = tuple(tissue_named(n).code for n in ("bowel", "visceral_fat", "vessel_flow_void", "csf", "basivertebral_vein"))
"""Codes of the tissues whose motion makes ghosts."""

CSF = tissue_named("csf").code
SLICE_EDGE = 0.15  # share of the slice thickness over which a slice profile rises and falls: ordinary shaped pulses
GHOST_CYCLES = 11.3  # breaths during one pass through k-space: about 0.25 Hz over 45 s


TRABECULAR = tuple(tissue_named(n).code for n in ("marrow", "marrow_red", "marrow_oedema", "modic_2", "haemangioma"))
"""Codes of the tissues that share their space with trabeculae."""

TABLE_BONE_VOLUME = 0.14
"""Trabecular bone volume (BV/TV) that the tissue table's proton density of marrow stands for."""


def bone_volume(qct_mg_cm3: float) -> float:
    """Share of the space between the endplates that trabeculae take, BV/TV: ``(QCT + 20) / 1100``, 0.04 to 0.30.

    QCT sees mineral (about 1100 mg/cm3 in the trabeculae themselves) less about 20 mg/cm3 for the fat around it. A young
    178 mg/cm3 gives 18 %, 70 mg/cm3 gives 8 %; measured: 8.3 % in elderly lumbar spines (Hildebrand et al., J Bone Miner
    Res 1999;14:1167-1174), falling by half from youth (Mosekilde, Bone 1988;9:247-250).

    Examples
    --------
    >>> round(bone_volume(178.0), 3), round(bone_volume(70.0), 3)
    (0.18, 0.082)
    """
    return min(0.30, max(0.04, (qct_mg_cm3 + 20.0) / 1100.0))


def density_factors(phantom: Phantom) -> FloatArray:
    """Proton density of each tissue in this patient, relative to the tissue table: dense trabeculae leave less marrow.

    A phantom whose patient has no QCT value has the table's bone volume.
    """
    factors = np.ones(len(TISSUES))
    qct = getattr(phantom.patient, "qct_mg_cm3", float("nan"))
    if np.isfinite(qct):
        factors[list(TRABECULAR)] = (1.0 - bone_volume(qct)) / (1.0 - TABLE_BONE_VOLUME)
    return factors


@dataclass(frozen=True, eq=False)
class Stack:
    """Where the slices of a protocol lie in a phantom, and the matrices that image them.

    Parameters
    ----------
    phantom : Phantom
        The body.
    protocol : Protocol
        Field of view, matrices, slices.
    apodisation : float
        As in the scanner.
    center_mm : ndarray or None
        Centre of the field of view, LPS mm; None: the centre of the phantom.
    """

    phantom: Phantom
    protocol: Protocol
    apodisation: float
    center_mm: FloatArray

    @property
    def affine(self) -> FloatArray:
        """(plane, row, col, 1) of the pictures to LPS mm."""
        p = self.protocol
        axes = self.phantom.affine[:3, :3] / np.linalg.norm(self.phantom.affine[:3, :3], axis=0)
        steps = np.array([p.thickness_mm + p.gap_mm, p.pixel_mm, p.pixel_mm])
        affine = np.eye(4)
        affine[:3, :3] = axes * steps
        middle = np.array([(p.slices - 1) / 2.0, (p.matrix - 1) / 2.0, (p.matrix - 1) / 2.0])
        affine[:3, 3] = self.center_mm - affine[:3, :3] @ middle
        return affine

    def _positions(self, axis: int) -> FloatArray:
        """Phantom grid positions along an axis, mm from the centre of the field of view."""
        step = self.phantom.affine[:3, axis]
        length = float(np.linalg.norm(step))
        start = float((self.phantom.affine[:3, 3] - self.center_mm) @ step) / length
        positions: FloatArray = start + length * np.arange(self.phantom.shape[axis], dtype=np.float64)
        return positions

    def _inside(self, axis: int) -> slice:
        """The part of the phantom that can reach the picture: the field of view and a margin for ringing."""
        keep = np.flatnonzero(np.abs(self._positions(axis)) <= self.protocol.fov_mm / 2.0 + 12.0)
        return slice(int(keep[0]), int(keep[-1]) + 1) if len(keep) else slice(0, 0)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the phantom that are imaged."""
        return self._inside(1), self._inside(2)

    def grid_positions(self, axis: int) -> FloatArray:
        """Positions of the phantom's rows (0) or columns (1) within the window, mm from the centre of the picture."""
        return self._positions(1 + axis)[self.window[axis]]

    def pixel_positions(self) -> FloatArray:
        """Positions of the picture's rows (and columns), mm from its centre."""
        n = self.protocol.matrix
        positions: FloatArray = (np.arange(n, dtype=np.float64) - (n - 1) / 2.0) * self.protocol.pixel_mm
        return positions

    def encode_rows(self, shift_mm: float = 0.0) -> FloatArray:
        """Matrix from phantom rows to picture rows; the object lies `shift_mm` further down than it is."""
        return self._encode(0, shift_mm)

    def encode_cols(self, shift_mm: float = 0.0) -> FloatArray:
        """Matrix from phantom columns to picture columns."""
        return self._encode(1, shift_mm)

    def _encode(self, axis: int, shift_mm: float) -> FloatArray:
        return encoding(
            self.pixel_positions() - shift_mm,
            self.grid_positions(axis),
            fov_mm=self.protocol.fov_mm,
            samples=self.protocol.samples_rows_cols[axis],
            apodisation=self.apodisation,
        )

    def encode_ghosts(self) -> npt.NDArray[np.complex128]:
        """As :meth:`encode_rows` (or columns, with phase encoding from front to back), for periodic motion."""
        axis = 0 if self.protocol.phase_axis == "HF" else 1
        return ghost_encoding(
            self.pixel_positions(),
            self.grid_positions(axis),
            fov_mm=self.protocol.fov_mm,
            samples=self.protocol.samples_rows_cols[axis],
            cycles=GHOST_CYCLES,
            phase_rad=0.7,
            apodisation=self.apodisation,
        )

    def plane_weights(self, index: int) -> tuple[slice, FloatArray]:
        """Which phantom planes a slice averages, and how: its profile, a trapezoid, integrated over each plane."""
        p = self.protocol
        positions = self._positions(0)
        step = self.phantom.spacing_mm[0]
        centre = (index - (p.slices - 1) / 2.0) * (p.thickness_mm + p.gap_mm)
        edges = np.concatenate([positions - step / 2.0, positions[-1:] + step / 2.0]) - centre
        weights = np.diff(_profile_integral(edges, p.thickness_mm, SLICE_EDGE * p.thickness_mm)) / p.thickness_mm
        used = np.flatnonzero(weights > 1e-9)
        if len(used) == 0:
            return slice(0, 0), np.zeros(0)
        planes = slice(int(used[0]), int(used[-1]) + 1)
        return planes, weights[planes]


def _profile_integral(x: FloatArray, thickness: float, edge: float) -> FloatArray:
    """Integral from minus infinity of a trapezoid of height 1, full width at half height `thickness`."""

    def ramp(u: FloatArray) -> FloatArray:  # integral of a rise from 0 to 1 over [-edge/2, edge/2]
        inner = np.clip(u, -edge / 2.0, edge / 2.0) + edge / 2.0
        result: FloatArray = inner**2 / (2.0 * edge) + np.maximum(u - edge / 2.0, 0.0)
        return result

    return ramp(x + thickness / 2.0) - ramp(x - thickness / 2.0)


def slice_signals(
    stack: Stack,
    index: int,
    sequences: list[tuple[FloatArray, float, FloatArray | None]],
    *,
    moving: bool,
) -> list[tuple[FloatArray, FloatArray, FloatArray | None, FloatArray | None]]:
    """Signed water and fat signal of one slice on the phantom's grid, for several sequences at once.

    Parameters
    ----------
    stack : Stack
        Geometry, the same for all sequences.
    index : int
        Number of the slice.
    sequences : list of (water, fat, csf_loss)
        Signal of each tissue's water times proton density, signal of fat, and the factor on CSF, shape (rows, cols) of the
        window, or None.
    moving : bool
        Whether to return the moving tissues also by themselves.

    Returns
    -------
    list of (water, fat, moving_water, moving_fat)
        float64, shape (rows, cols) of the window; the last two None unless `moving`.
    """
    planes, weights = stack.plane_weights(index)
    rows, cols = stack.window
    shape = (rows.stop - rows.start, cols.stop - cols.start)
    phantom = stack.phantom
    factors = density_factors(phantom)
    density = np.array([t.proton_density for t in TISSUES]) * factors
    sequences = [(water * factors, fat, loss) for water, fat, loss in sequences]
    is_moving = np.isin(np.arange(len(TISSUES)), MOVING).astype(np.float64)
    totals = [
        [np.zeros(shape), np.zeros(shape), *((np.zeros(shape), np.zeros(shape)) if moving else (None, None))]
        for _ in sequences
    ]
    for plane, weight in zip(range(planes.start, planes.stop), weights, strict=True):
        tissue = phantom.tissue[plane, rows, cols]
        scale = phantom.pd_scale[plane, rows, cols] * weight
        fat_share = phantom.pdff[plane, rows, cols]
        fat_protons = scale * fat_share * np.take(density, tissue)
        water_scale = scale - scale * fat_share
        moves = np.take(is_moving, tissue) if moving else None
        for total, (water, fat, csf_loss) in zip(totals, sequences, strict=True):
            water_part = np.take(water, tissue)
            water_part *= water_scale
            if csf_loss is not None:
                np.multiply(water_part, csf_loss, out=water_part, where=tissue == CSF)
            total[0] += water_part
            if moves is not None:
                total[2] += water_part * moves
                total[3] += fat_protons * moves * fat
        for total, (_, fat, _) in zip(totals, sequences, strict=True):
            total[1] += fat_protons * fat
    return [(t[0], t[1], t[2], t[3]) for t in totals]


def csf_flow_map(stack: Stack, rng: np.random.Generator) -> FloatArray:
    """Relative phase dispersion of pulsating CSF, mean 1, smooth over about 25 mm, on the phantom's grid (window).

    The same for every slice: the pulse runs along the canal.
    """
    from scipy.ndimage import zoom  # noqa: PLC0415 - keeps the import of the package light

    rows, cols = stack.window
    shape = (max(rows.stop - rows.start, 1), max(cols.stop - cols.start, 1))
    _, dy, dx = stack.phantom.spacing_mm
    coarse = tuple(max(2, round(n * d / 25.0)) for n, d in zip(shape, (dy, dx), strict=True))
    rough = rng.gamma(2.0, 0.5, size=coarse)
    smooth = zoom(rough, (shape[0] / coarse[0], shape[1] / coarse[1]), order=1, grid_mode=True, mode="nearest")
    flow: FloatArray = smooth[: shape[0], : shape[1]]
    return flow
