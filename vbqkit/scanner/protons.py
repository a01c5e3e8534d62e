"""What a slice holds: the protons of each tissue's water and of fat, averaged through its thickness; and its place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.tissues import TISSUES, tissue_named
from vbqkit.scanner.kspace import encoding, ghost_encoding, line_encoding
from vbqkit.scanner.machine import SLICE_EDGE, Protocol
from vbqkit.scanner.saturation_band import FAT_FURTHER_MM, band_factor

FloatArray = npt.NDArray[np.float64]

MOVING = tuple(tissue_named(n).code for n in ("bowel", "visceral_fat", "vessel_flow_void", "csf", "basivertebral_vein"))
"""Codes of the tissues whose motion makes ghosts."""

CSF_CODE = tissue_named("csf").code
"""Code of CSF, whose signal is lost to flow."""

GHOST_CYCLES = 11.3  # breaths during one pass through k-space: about 0.25 Hz over 45 s


TRABECULAR = tuple(tissue_named(n).code for n in ("marrow", "marrow_red", "marrow_oedema", "modic_2", "haemangioma"))
"""Codes of the tissues that share their space with trabeculae."""

TABLE_BONE_VOLUME = 0.14
"""Trabecular bone volume (BV/TV) that the tissue table's proton density of marrow stands for."""


def bone_volume(qct_mg_cm3: float) -> float:
    """Share of the space between the endplates that trabeculae take, BV/TV: ``(QCT + 20) / 1100``, 0.04 to 0.30.

    QCT sees mineral (about 1100 mg/cm3 in the trabeculae themselves) less about 20 mg/cm3 for the fat around it. A
    young 178 mg/cm3 gives 18 %, 70 mg/cm3 gives 8 %; measured: 8.3 % in elderly lumbar spines (Hildebrand et al., J
    Bone Miner Res 1999;14:1167-1174), falling by half from youth (Mosekilde, Bone 1988;9:247-250).

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
    qct = phantom.patient.qct_mg_cm3 if phantom.patient is not None else float("nan")
    if np.isfinite(qct):
        factors[list(TRABECULAR)] = (1.0 - bone_volume(qct)) / (1.0 - TABLE_BONE_VOLUME)
    return factors


@dataclass(frozen=True, eq=False)
class ScanGeometry:
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
        Center of the field of view, LPS mm; None: the center of the phantom.
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
        """Phantom grid positions along an axis, mm from the center of the field of view."""
        step = self.phantom.affine[:3, axis]
        length = float(np.linalg.norm(step))
        start = float((self.phantom.affine[:3, 3] - self.center_mm) @ step) / length
        positions: FloatArray = start + length * np.arange(self.phantom.shape[axis], dtype=np.float64)
        return positions

    def _inside(self, axis: int) -> slice:
        """The part of the phantom that can reach the picture: the field of view and a margin for ringing."""
        return _extent(np.abs(self._positions(axis)) <= self.protocol.fov_mm / 2.0 + 12.0)

    @property
    def field_of_view(self) -> tuple[slice, slice]:
        """Rows and columns of the phantom within the field of view and a margin."""
        return self._inside(1), self._inside(2)

    @cached_property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the phantom that are imaged: those of the field of view that are not all air."""
        rows, cols = self.field_of_view
        filled = self.phantom.tissue[:, rows, cols].max(axis=0, initial=0) > 0
        down, across = _extent(filled.any(axis=1)), _extent(filled.any(axis=0))
        return (
            slice(rows.start + down.start, rows.start + down.stop),
            slice(cols.start + across.start, cols.start + across.stop),
        )

    @cached_property
    def bands(self) -> tuple[FloatArray, FloatArray] | None:
        """What an anterior saturation band leaves of water and of fat on the window, row after row; None: no band."""
        in_front_mm = self.protocol.saturation_band_mm
        if in_front_mm is None:
            return None
        center_mm = (float(self.center_mm[1]), float(self.center_mm[2]))
        water, fat = (
            band_factor(self.phantom, in_front_mm=mm, center_mm=center_mm)[self.window].ravel()
            for mm in (in_front_mm, in_front_mm + FAT_FURTHER_MM)
        )
        return water, fat

    def grid_positions(self, axis: int) -> FloatArray:
        """Positions of the phantom's rows (0) or columns (1) within the window, mm from the center of the picture."""
        return self._positions(1 + axis)[self.window[axis]]

    def pixel_positions(self) -> FloatArray:
        """Positions of the picture's rows (and columns), mm from its center."""
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
        to_mm, from_mm = self.pixel_positions() - shift_mm, self.grid_positions(axis)
        samples = self.protocol.samples_rows_cols[axis]
        return _kept_encoding(to_mm.tobytes(), from_mm.tobytes(), self.protocol.fov_mm, samples, self.apodisation)

    def encode_lines(self, line_weights: FloatArray) -> npt.NDArray[np.complex128]:
        """Matrices along the phase axis for lines of k-space with weights, shape (..., pixels, grid positions)."""
        to_mm, from_mm = self.pixel_positions(), self.grid_positions(self.phase_index)
        return _kept_line_encoding(
            to_mm.tobytes(),
            from_mm.tobytes(),
            line_weights.tobytes(),
            len(line_weights),
            self.protocol.fov_mm,
            self.protocol.acquired[0],
            self.apodisation,
        )

    @property
    def phase_index(self) -> int:
        """Axis of phase encoding: 0 along the rows' direction (head to feet), 1 along the columns'."""
        return 0 if self.protocol.phase_axis == "HF" else 1

    def encode_ghosts(self) -> npt.NDArray[np.complex128]:
        """As :meth:`encode_rows` (or columns, with phase encoding from front to back), for periodic motion."""
        return ghost_encoding(
            self.pixel_positions(),
            self.grid_positions(self.phase_index),
            fov_mm=self.protocol.fov_mm,
            samples=self.protocol.acquired[0],
            cycles=GHOST_CYCLES,
            phase_rad=0.7,
            apodisation=self.apodisation,
        )

    def plane_weights(self, index: int) -> tuple[slice, FloatArray]:
        """Which phantom planes a slice averages, and how: its profile, a trapezoid, integrated over each plane."""
        p = self.protocol
        positions = self._positions(0)
        step = self.phantom.spacing_mm[0]
        center = (index - (p.slices - 1) / 2.0) * (p.thickness_mm + p.gap_mm)
        edges = np.concatenate([positions - step / 2.0, positions[-1:] + step / 2.0]) - center
        weights = np.diff(_profile_integral(edges, p.thickness_mm, SLICE_EDGE * p.thickness_mm)) / p.thickness_mm
        used = np.flatnonzero(weights > 1e-9)
        if len(used) == 0:
            return slice(0, 0), np.zeros(0)
        planes = slice(int(used[0]), int(used[-1]) + 1)
        return planes, weights[planes]


# A body that is scanned again the same way, on another day or by the next machine of its kind, finds its matrices here:
# benchmarks.virtual_scanner shows what that saves. A matrix is 1 to 3 MB, those of an echo train some 5 MB each.
@lru_cache(maxsize=18)
def _kept_encoding(to_mm: bytes, from_mm: bytes, fov_mm: float, samples: int, apodisation: float) -> FloatArray:
    matrix = encoding(
        np.frombuffer(to_mm), np.frombuffer(from_mm), fov_mm=fov_mm, samples=samples, apodisation=apodisation
    )
    matrix.flags.writeable = False  # it is shared
    return matrix


@lru_cache(maxsize=6)
def _kept_line_encoding(
    to_mm: bytes,
    from_mm: bytes,
    line_weights: bytes,
    terms: int,
    fov_mm: float,
    samples: int,
    apodisation: float,
) -> npt.NDArray[np.complex128]:
    matrices = line_encoding(
        np.frombuffer(to_mm),
        np.frombuffer(from_mm),
        fov_mm=fov_mm,
        samples=samples,
        line_weights=np.frombuffer(line_weights).reshape(terms, -1),
        apodisation=apodisation,
    )
    matrices.flags.writeable = False
    return matrices


def _extent(wanted: npt.NDArray[np.bool_]) -> slice:
    """From the first to the last that is wanted."""
    keep = np.flatnonzero(wanted)
    return slice(int(keep[0]), int(keep[-1]) + 1) if len(keep) else slice(0, 0)


def _profile_integral(x: FloatArray, thickness: float, edge: float) -> FloatArray:
    """Integral from minus infinity of a trapezoid of height 1, full width at half height `thickness`."""

    def ramp(u: FloatArray) -> FloatArray:  # integral of a rise from 0 to 1 over [-edge/2, edge/2]
        inner = np.clip(u, -edge / 2.0, edge / 2.0) + edge / 2.0
        result: FloatArray = inner**2 / (2.0 * edge) + np.maximum(u - edge / 2.0, 0.0)
        return result

    return ramp(x + thickness / 2.0) - ramp(x - thickness / 2.0)


@dataclass(frozen=True, eq=False, slots=True)
class SliceProtons:
    """What one slice holds, averaged through its thickness, on the phantom's grid (window).

    Attributes
    ----------
    codes : ndarray of int, shape (tissues,)
        Tissues that are there and give signal.
    water : ndarray, shape (tissues, rows, cols)
        Water of each of them, relative to the proton density of the tissue table.
    fat : ndarray, shape (rows, cols)
        Protons of all fat.
    moving_fat : ndarray, shape (rows, cols)
        Protons of the fat of tissues that move.
    """

    codes: npt.NDArray[np.intp]
    water: FloatArray
    fat: FloatArray
    moving_fat: FloatArray

    def water_signals(self, signals: FloatArray, csf_loss: FloatArray | None = None) -> FloatArray:
        """Maps of water signal: one for each row of `signals`.

        Parameters
        ----------
        signals : ndarray, shape (maps, all tissues)
            Signal of each tissue's water times proton density.
        csf_loss : ndarray, shape (rows, cols), or None
            Factor on CSF.

        Returns
        -------
        ndarray, shape (maps, rows, cols)
        """
        maps: FloatArray = np.tensordot(signals[:, self.codes], self.water, axes=1)
        if csf_loss is not None and CSF_CODE in self.codes:
            lost = self.water[int(np.flatnonzero(self.codes == CSF_CODE)[0])] * (csf_loss - 1.0)
            maps += signals[:, CSF_CODE, None, None] * lost
        return maps


def slice_protons(geometry: ScanGeometry, index: int, *, buffer: FloatArray | None = None) -> SliceProtons:
    """What slice number `index` holds of each tissue's water, and of fat.

    Parameters
    ----------
    geometry : ScanGeometry
        Geometry.
    index : int
        Number of the slice.
    buffer : ndarray or None
        From :func:`protons_buffer`: memory of a slice that is no longer needed, since fresh memory takes longer to get
        than to fill.
    """
    planes, weights = geometry.plane_weights(index)
    phantom, (rows, cols) = geometry.phantom, geometry.window
    tissue = phantom.tissue[planes, rows, cols]
    factors = density_factors(phantom)
    density = np.array([t.proton_density for t in TISSUES]) * factors
    there = np.bincount(tissue.ravel(), minlength=len(TISSUES)) > 0
    codes = np.flatnonzero(there & (density > 0))
    seen, place = np.isin(np.arange(len(TISSUES)), codes), np.zeros(len(TISSUES), dtype=np.intp)
    place[codes] = np.arange(len(codes))
    pixels = tissue.shape[1] * tissue.shape[2]
    water = (protons_buffer(geometry) if buffer is None else buffer)[: len(codes) * pixels]
    water.fill(0.0)
    fat, moving_fat = np.zeros(pixels), np.zeros(pixels)
    bands = geometry.bands
    moves = np.where(np.isin(np.arange(len(TISSUES)), MOVING), density, 0.0)
    for k, weight in enumerate(weights):
        every_here = tissue[k].ravel()
        at = np.flatnonzero(np.take(seen, every_here))  # air, a large part of the picture, is passed over
        here = every_here[at]
        scale = phantom.pd_scale[planes.start + k, rows, cols].ravel()[at] * weight
        fatty = scale * phantom.pdff[planes.start + k, rows, cols].ravel()[at]
        watery = scale - fatty
        if bands is not None:
            watery *= bands[0][at]
            fatty *= bands[1][at]
        water[np.take(place * pixels, here) + at] += watery
        fat[at] += fatty * np.take(density, here)
        moving_fat[at] += fatty * np.take(moves, here)
    shape = tissue.shape[1:]
    by_tissue = water.reshape(len(codes), *shape)
    by_tissue *= factors[codes, None, None]
    return SliceProtons(codes, by_tissue, fat.reshape(shape), moving_fat.reshape(shape))


def protons_buffer(geometry: ScanGeometry) -> FloatArray:
    """Memory for :func:`slice_protons`: room for every tissue on the phantom's grid (window)."""
    rows, cols = geometry.window
    return np.empty(len(TISSUES) * (rows.stop - rows.start) * (cols.stop - cols.start))


_VOID_FROM, _VOID_TO = "T12", "L4"  # fastest down to the one, none from the other on
_SAC = tuple(tissue_named(n).code for n in ("csf", "nerve_root", "spinal_cord"))


def flow_void_map(phantom: Phantom) -> FloatArray:
    """Where CSF pulsates fastest, 0 to 1, on the rows and columns of a phantom: the middle of the sac, at the cord.

    1 in the middle of the sac down to T12, falling to 0 at L4 and at the wall: there is essentially no flow in the
    distal lumbar sac (Enzmann and Pelc, Radiology 1991;178:467-474, doi:10.1148/radiology.178.2.1987610). On T2 spin
    echoes a void was seen in 2 of 20 lumbar studies, against 9 of 27 cervical ones (Sherman et al., AJNR Am J
    Neuroradiol 1986;7:879). How fast it falls is a model assumption. A phantom without bodies has it along the whole
    sac.
    """
    sac: npt.NDArray[np.bool_] = np.asarray(np.isin(phantom.tissue, _SAC).any(axis=0))
    _, row_mm, col_mm = phantom.spacing_mm
    wall_mm = scipy.ndimage.distance_transform_edt(sac, sampling=(row_mm, col_mm))
    middle_mm = wall_mm.max(axis=1, keepdims=True)
    across: FloatArray = np.sin(np.pi / 2.0 * wall_mm / np.maximum(middle_mm, 1e-6)) ** 2
    ends = []
    for name in (_VOID_FROM, _VOID_TO):
        rows = np.flatnonzero((phantom.level == LEVEL_OF_CODE.index(name)).any(axis=(0, 2)))
        if not len(rows):
            return across
        ends.append(float(rows.mean()))
    along = np.clip((ends[1] - np.arange(len(sac))) / (ends[1] - ends[0]), 0.0, 1.0)
    found: FloatArray = across * along[:, None]
    return found


def csf_flow_map(geometry: ScanGeometry, rng: np.random.Generator, *, void: float = 0.0) -> FloatArray:
    """Relative phase dispersion of pulsating CSF, mean 1, smooth over about 25 mm, on the phantom's grid (window).

    The same for every slice: the pulse runs along the canal. With a `void` the stream beside the cord loses so many
    times the mean more (:func:`flow_void_map`).
    """
    rows, cols = geometry.field_of_view
    shape = (max(rows.stop - rows.start, 1), max(cols.stop - cols.start, 1))
    _, dy, dx = geometry.phantom.spacing_mm
    coarse = tuple(max(2, round(n * d / 25.0)) for n, d in zip(shape, (dy, dx), strict=True))
    rough = rng.gamma(2.0, 0.5, size=coarse)
    smooth = scipy.ndimage.zoom(
        rough, (shape[0] / coarse[0], shape[1] / coarse[1]), order=1, grid_mode=True, mode="nearest"
    )
    inner = tuple(
        slice(w.start - f.start, w.stop - f.start) for w, f in zip(geometry.window, geometry.field_of_view, strict=True)
    )
    flow: FloatArray = smooth[inner]
    return flow if void == 0 else flow + void * flow_void_map(geometry.phantom)[geometry.window]
