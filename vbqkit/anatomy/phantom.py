"""What the scanner is given: tissue in space, and the truth that measurements are judged against. Synthetic."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.own_times import TABLE_TIMES, OwnTimes
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.tissues import TISSUE_NAMES, TISSUES, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.roi import Roi
from vbqkit.roi.labels import SPINE_LEVELS

LEVEL_OF_CODE = ("", "T9", "T10", *SPINE_LEVELS, "S3", "S4", "S5")
"""Vertebral levels; a voxel's code in :attr:`Phantom.level` is the index here, 0 outside vertebral bodies."""


@dataclass(frozen=True, eq=False, slots=True)
class Phantom:
    """A virtual patient's body on a fine grid.

    Parameters
    ----------
    tissue : ndarray of uint8, shape (planes, rows, cols)
        Index into :data:`vbqkit.anatomy.tissues.TISSUE_NAMES`; 0 is air.
    pdff : ndarray of float32, same shape
        Proton density fat fraction, 0 to 1.
    pd_scale : ndarray of float32, same shape
        Proton density relative to the tissue table: 1 as in the table, less where trabeculae are dense.
    level : ndarray of uint8, same shape
        Index into :data:`LEVEL_OF_CODE`.
    affine : ndarray, shape (4, 4)
        Maps (plane, row, col, 1) to LPS millimetres; planes are sagittal, thinner than a scanned slice.
    reference_rois : tuple of Roi
        Where an expert would measure, labelled by level, ``"CSF"`` and ``"noise"``.
    findings : tuple of Finding
        The findings that are switched on, each with its truth.
    seed : int
        The seed that this body was drawn with.
    patient : VirtualPatient or None
        Whose body it is; None for a bottle.

    Raises
    ------
    ScannerError
        If shapes differ, a label is unknown or a fat fraction is not between 0 and 1.

    Examples
    --------
    >>> Phantom.uniform("marrow", shape=(4, 8, 6), pdff=0.45)
    <Phantom: 4 x 8 x 6 voxels of 1 x 0.5 x 0.5 mm, synthetic>
    """

    tissue: npt.NDArray[np.uint8]
    pdff: npt.NDArray[np.float32]
    pd_scale: npt.NDArray[np.float32]
    level: npt.NDArray[np.uint8]
    affine: npt.NDArray[np.float64]
    reference_rois: tuple[Roi, ...] = ()
    findings: tuple[Finding, ...] = ()
    seed: int = 0
    patient: VirtualPatient | None = None

    def __post_init__(self) -> None:
        for name, kind in (("tissue", np.uint8), ("pdff", np.float32), ("pd_scale", np.float32), ("level", np.uint8)):
            array = np.asarray(getattr(self, name), dtype=kind)
            if array.ndim != 3 or array.shape != np.shape(self.tissue):
                raise ScannerError(
                    f"The phantom's {name} map has shape {array.shape}; it must be (planes, rows, cols) like the "
                    f"tissue map, {np.shape(self.tissue)}. Give all maps on one grid."
                )
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        if self.tissue.size == 0 or self.tissue.max() >= len(TISSUE_NAMES):
            raise ScannerError(
                f"The tissue map holds code {self.tissue.max(initial=0)}; codes run from 0 to {len(TISSUE_NAMES) - 1} "
                "(see TISSUE_NAMES)."
            )
        if self.level.max() >= len(LEVEL_OF_CODE):
            raise ScannerError(
                f"The level map holds code {self.level.max()}; codes run from 0 to {len(LEVEL_OF_CODE) - 1}."
            )
        low, high = float(self.pdff.min()), float(self.pdff.max())
        if not (low >= 0.0 and high <= 1.0):
            raise ScannerError(f"The fat fraction runs from {low:g} to {high:g}; it must stay between 0 and 1.")
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-12:
            raise ScannerError("The phantom's affine must be a finite 4 x 4 matrix that is not singular.")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of planes, rows and columns."""
        planes, rows, cols = self.tissue.shape
        return (planes, rows, cols)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between planes, rows and columns, mm."""
        z, y, x = (float(v) for v in np.linalg.norm(self.affine[:3, :3], axis=0))
        return (z, y, x)

    @property
    def center_mm(self) -> npt.NDArray[np.float64]:
        """LPS position of the middle of the grid, mm."""
        middle = [(n - 1) / 2.0 for n in self.shape]
        center: npt.NDArray[np.float64] = (self.affine @ np.array([*middle, 1.0]))[:3]
        return center

    def moved(self, shift_mm: npt.ArrayLike) -> Phantom:
        """The same body in another place, with its reference ROIs; the maps are shared.

        Parameters
        ----------
        shift_mm : array-like
            LPS vector, mm.

        Examples
        --------
        >>> bottle = Phantom.uniform("marrow", shape=(4, 8, 6))
        >>> bottle.moved((0.0, 5.0, -2.0)).center_mm.tolist()
        [0.0, 5.0, -2.0]
        """
        affine = self.affine.copy()
        affine[:3, 3] += np.asarray(shift_mm, dtype=np.float64)
        return replace(self, affine=affine, reference_rois=tuple(roi.moved(shift_mm) for roi in self.reference_rois))

    @property
    def own_times(self) -> OwnTimes:
        """Relaxation times of the patient relative to the tissue table; a bottle has the table's."""
        return TABLE_TIMES if self.patient is None else self.patient.own_times

    def true_t1_ms(self, field_t: float) -> npt.NDArray[np.float32]:
        """T1 of the water in every voxel at a field strength, ms; nan where there is no water."""
        factor = self.own_times.t1_factor
        return self._lookup([t.t1_at(field_t) * factor(t.name) if t.proton_density > 0 else np.nan for t in TISSUES])

    def true_t2_ms(self, field_t: float) -> npt.NDArray[np.float32]:
        """T2 of the water in every voxel at a field strength, ms; nan where there is no water."""
        factor = self.own_times.t2_factor
        return self._lookup([t.t2_at(field_t) * factor(t.name) if t.proton_density > 0 else np.nan for t in TISSUES])

    def _lookup(self, values: list[float]) -> npt.NDArray[np.float32]:
        table: npt.NDArray[np.float32] = np.asarray(values, dtype=np.float32)
        return table[self.tissue]

    @classmethod
    def uniform(
        cls,
        tissue: str,
        *,
        shape: tuple[int, int, int],
        pdff: float | None = None,
        spacing_mm: tuple[float, float, float] = (1.0, 0.5, 0.5),
    ) -> Phantom:
        """One tissue everywhere: a bottle, for calibration. Sagittal, centered on the origin."""
        row = tissue_named(tissue)
        dz, dy, dx = spacing_mm
        affine = np.zeros((4, 4))
        affine[0, 0], affine[2, 1], affine[1, 2], affine[3, 3] = dz, -dy, dx, 1.0
        affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2.0)
        fat = row.pdff if pdff is None else pdff
        return cls(
            tissue=np.full(shape, row.code, dtype=np.uint8),
            pdff=np.full(shape, fat, dtype=np.float32),
            pd_scale=np.ones(shape, dtype=np.float32),
            level=np.zeros(shape, dtype=np.uint8),
            affine=affine,
        )

    def __repr__(self) -> str:
        planes, rows, cols = self.shape
        z, y, x = self.spacing_mm
        return f"<Phantom: {planes} x {rows} x {cols} voxels of {z:.3g} x {y:.3g} x {x:.3g} mm, synthetic>"
