"""Images as a radiologist thinks of them: slices in a volume, everything in patient millimetres.

Array order is ``(plane, row, col)`` everywhere. Patient coordinates are DICOM LPS in millimetres: +x to the patient's
left, +y to posterior, +z to the head. Pixel centers lie at whole-number indices, as in DICOM.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, GeometryError
from vbqkit.html_table import notes_html, table_html
from vbqkit.values import ByContent
from vbqkit.weighting import stated_against

FloatArray = npt.NDArray[np.float64]
Vector = tuple[float, float, float]

PLANES = ("sagittal", "coronal", "axial")
"""The planes of the body, in the order of the LPS axis that is their normal."""

_AXIS_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
_MIDWAY_MM = 1e-3
_NEAR_MIDWAY_MM = 0.1
_ORTHOGONAL_TOLERANCE = 1e-3  # cosine; scanners write direction cosines with 3 to 6 digits


def direction_letter(direction: npt.ArrayLike) -> str:
    """Letter of the patient side that a direction points to most: R L A P F H.

    Examples
    --------
    >>> direction_letter((0, 0, -1))  # LPS: towards the feet
    'F'
    """
    vector = np.asarray(direction, dtype=np.float64)
    axis = int(np.argmax(np.abs(vector)))
    return _AXIS_LETTERS[axis][int(vector[axis] > 0)]


def plane_name(normal: npt.ArrayLike) -> str:
    """``"sagittal"``, ``"coronal"`` or ``"axial"``: the plane whose normal a direction comes closest to.

    Examples
    --------
    >>> plane_name((0.98, 0.17, 0.0))
    'sagittal'
    """
    return PLANES[int(np.argmax(np.abs(np.asarray(normal, dtype=np.float64))))]


def _vector(values: npt.ArrayLike) -> Vector:
    x, y, z = (float(v) for v in np.asarray(values, dtype=np.float64))
    return (x, y, z)


def _read_only(pixels: npt.ArrayLike, ndim: int) -> npt.NDArray[Any]:
    array = np.asarray(pixels)
    if array.ndim != ndim or array.size == 0:
        raise GeometryError(f"Pixels have shape {array.shape}; a {ndim}-D array with at least one pixel is needed.")
    if array.dtype.kind not in "uifb":
        raise GeometryError(f"Pixels have type {array.dtype}; real numbers are needed. Take the magnitude first.")
    view = array.view()
    view.flags.writeable = False
    return view


def _padding_of(padding: npt.NDArray[np.bool_] | None, pixels: npt.NDArray[Any]) -> npt.NDArray[np.bool_] | None:
    if padding is None or not padding.any():
        return None
    if padding.shape != pixels.shape:
        raise GeometryError(f"The padding has shape {padding.shape}, the pixels {pixels.shape}; they must be the same.")
    view = padding.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Slice(ByContent):
    """One image plane, with its place in the patient.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
        Signal in arbitrary units, after rescale slope and intercept. Read-only.
    origin_mm : tuple of 3 floats
        LPS position of the center of pixel (0, 0), mm.
    row_step_mm, col_step_mm : tuple of 3 floats
        LPS vector from a pixel center to the next row (down) and to the next column (right), mm; their lengths are
        the row and column spacing, their directions may be oblique.
    thickness_mm : float or None
        Slice thickness; None where the header does not say.
    depth_mm : float or None
        Distance to the next slice: the part of the patient that this slice stands for. None: a single slice.
    index : int
        Number of the slice in its volume, from 0.
    zero_value : float
        The value that a stored 0 has after rescaling: what a masked background reads.
    max_storable : float or None
        The largest value the file could hold, after rescaling; pixels that reach it are clipped. None: unknown.
    acquisition : Acquisition
        What the header says about the series.
    padding : ndarray of bool, shape (rows, cols), or None
        Pixels that were never measured, as the file says: neither air nor signal. None: there are none.
    cautions, refusal
        Of its volume.
    """

    pixels: npt.NDArray[Any]
    origin_mm: Vector
    row_step_mm: Vector
    col_step_mm: Vector
    thickness_mm: float | None = None
    depth_mm: float | None = None
    index: int = 0
    zero_value: float = 0.0
    max_storable: float | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    padding: npt.NDArray[np.bool_] | None = None
    cautions: tuple[Caution, ...] = ()
    refusal: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _read_only(self.pixels, 2))
        object.__setattr__(self, "padding", _padding_of(self.padding, self.pixels))
        for name in ("origin_mm", "row_step_mm", "col_step_mm"):
            object.__setattr__(self, name, _vector(getattr(self, name)))
        geometry = np.array([self.origin_mm, self.row_step_mm, self.col_step_mm])
        if not np.isfinite(geometry).all():
            raise GeometryError(f"Slice {self.index} has a position or spacing that is not a number: {geometry}.")
        if min(self.spacing_mm) <= 0:
            raise GeometryError(f"Slice {self.index} has pixel spacing {self.spacing_mm} mm; both must be above 0.")
        cosine = float(np.dot(*(np.array(v) / np.linalg.norm(v) for v in (self.row_step_mm, self.col_step_mm))))
        if abs(cosine) > _ORTHOGONAL_TOLERANCE:
            raise GeometryError(
                f"Rows and columns of slice {self.index} are not at right angles (cosine {cosine:.4f})."
            )

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in (self.pixels, self.pixels if self.padding is None else self.padding):
            array.flags.writeable = False  # pickle and deepcopy make arrays that can be written to

    @cached_property
    def spacing_mm(self) -> tuple[float, float]:
        """Distance between rows and between columns, mm."""
        return (float(np.linalg.norm(self.row_step_mm)), float(np.linalg.norm(self.col_step_mm)))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        return (self.pixels.shape[0], self.pixels.shape[1])

    @property
    def pixel_area_mm2(self) -> float:
        """Area of one pixel, mm2."""
        return self.spacing_mm[0] * self.spacing_mm[1]

    @cached_property
    def normal(self) -> Vector:
        """Unit vector perpendicular to the slice: column direction x row direction, as DICOM defines it."""
        cross = np.cross(self.col_step_mm, self.row_step_mm)
        return _vector(cross / np.linalg.norm(cross))

    @property
    def plane(self) -> str:
        """``"sagittal"``, ``"coronal"`` or ``"axial"``, by the largest part of the normal."""
        return plane_name(self.normal)

    @property
    def edge_letters(self) -> dict[str, str]:
        """Patient side at each edge of the picture: keys ``left``, ``right``, ``top``, ``bottom``."""
        col, row = np.array(self.col_step_mm), np.array(self.row_step_mm)
        return {
            "left": direction_letter(-col),
            "right": direction_letter(col),
            "top": direction_letter(-row),
            "bottom": direction_letter(row),
        }

    def to_patient_mm(self, rows_cols: npt.ArrayLike) -> FloatArray:
        """LPS positions in mm of (row, col) indices; fractions allowed. Shape (..., 2) to (..., 3)."""
        rc = np.asarray(rows_cols, dtype=np.float64)
        steps = np.array([self.row_step_mm, self.col_step_mm])
        points: FloatArray = np.array(self.origin_mm) + rc @ steps
        return points

    def to_rows_cols(self, points_mm: npt.ArrayLike) -> FloatArray:
        """(row, col) indices, with fractions, of LPS points projected onto the slice. Shape (..., 3) to (..., 2)."""
        return self.vectors_to_rows_cols(np.asarray(points_mm, dtype=np.float64) - np.array(self.origin_mm))

    def vectors_to_rows_cols(self, vectors_mm: npt.ArrayLike) -> FloatArray:
        """LPS vectors in mm as steps in rows and columns. Shape (..., 3) to (..., 2)."""
        row_step, col_step = np.array(self.row_step_mm), np.array(self.col_step_mm)
        inverse = np.stack([row_step / (row_step @ row_step), col_step / (col_step @ col_step)], axis=-1)
        rows_cols: FloatArray = np.asarray(vectors_mm, dtype=np.float64) @ inverse
        return rows_cols

    def distance_mm(self, points_mm: npt.ArrayLike) -> FloatArray:
        """Signed distance of LPS points from the slice plane, mm, along the normal. Shape (..., 3) to (...)."""
        distance: FloatArray = (np.asarray(points_mm, dtype=np.float64) - np.array(self.origin_mm)) @ np.array(
            self.normal
        )
        return distance

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The pixels, for ``np.asarray``: read-only, unless a copy or another type is asked for."""
        return np.array(self.pixels, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        rows, cols = self.shape
        dy, dx = self.spacing_mm
        thick = "" if self.thickness_mm is None else f", {self.thickness_mm:g} mm thick"
        note = "" if self.refusal is None else f"; not scorable: {self.refusal}"
        return f"<Slice {self.index}: {self.plane} {self.acquisition.weighting}, {rows} x {cols}, {dy:.3g} x {dx:.3g} mm{thick}{note}>"


@dataclass(frozen=True, eq=False)
class Volume(ByContent):
    """A stack of equally spaced parallel slices: one series, one echo, one time point.

    Parameters
    ----------
    pixels : ndarray, shape (planes, rows, cols)
        Signal in arbitrary units, after rescale slope and intercept. Read-only.
    affine : ndarray, shape (4, 4)
        Maps (plane, row, col, 1) to LPS millimetres (x, y, z, 1).
    thickness_mm : float or None
        Slice thickness; the distance between slices is in the affine.
    zero_value, max_storable, acquisition
        As in :class:`Slice`.
    cautions : tuple of Caution
        What is odd about this series: the reader of every number from it must know.
    refusal : str or None
        Why no score may be computed from it (contrast agent, derived, localiser ...); None where nothing forbids it.
    step_known : bool
        Whether the distance between slices is known; False for a single slice whose header states no thickness. The
        affine then holds a step of 1 mm that means nothing, and ``spacing_mm[0]`` is nan.
    stored_axes : tuple of (int, bool)
        For planes, rows and columns: which axis of the file it is (0 the slowest), and whether it was turned round.
        What is written for this volume lies on the file's own grid.
    padding : ndarray of bool, shape (planes, rows, cols), or None
        As in :class:`Slice`.

    Examples
    --------
    >>> affine = np.diag([4.0, 0.5, 0.5, 1.0])[[0, 2, 1, 3]]
    >>> Volume(np.zeros((3, 8, 6)), affine)
    <Volume: sagittal unknown, 3 slices 4 mm apart, 8 x 6, 0.5 x 0.5 mm>
    """

    pixels: npt.NDArray[Any]
    affine: FloatArray
    thickness_mm: float | None = None
    zero_value: float = 0.0
    max_storable: float | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    cautions: tuple[Caution, ...] = ()
    refusal: str | None = None
    step_known: bool = True
    stored_axes: tuple[tuple[int, bool], ...] = ((0, False), (1, False), (2, False))
    padding: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", _read_only(self.pixels, 3))
        object.__setattr__(self, "padding", _padding_of(self.padding, self.pixels))
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or not np.allclose(affine[3], (0, 0, 0, 1)):
            raise GeometryError(
                f"The affine must be a finite 4 x 4 matrix with last row 0 0 0 1; got {affine.tolist()}."
            )
        if abs(np.linalg.det(affine[:3, :3])) < 1e-12:
            raise GeometryError("The affine is singular: two axes of the image point the same way or a spacing is 0.")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        self.slice(0)  # checks spacing and right angles once, for every slice

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in (self.pixels, self.affine, self.pixels if self.padding is None else self.padding):
            array.flags.writeable = False  # pickle and deepcopy make arrays that can be written to

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of planes, rows and columns."""
        planes, rows, cols = self.pixels.shape
        return (planes, rows, cols)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between slices (along their normal; nan where it is unknown), rows and columns, mm."""
        first = self.slice(0)
        step = abs(float(np.dot(self.affine[:3, 0], first.normal)))
        return (step if self.step_known else float("nan"), *first.spacing_mm)

    @property
    def plane(self) -> str:
        """``"sagittal"``, ``"coronal"`` or ``"axial"``."""
        return self.slice(0).plane

    def slice(self, index: int) -> Slice:
        """Slice number `index`, from 0; raises GeometryError outside the stack."""
        if not 0 <= index < self.pixels.shape[0]:
            raise GeometryError(f"There is no slice {index}: the series has slices 0 to {self.pixels.shape[0] - 1}.")
        a = self.affine
        return Slice(
            self.pixels[index],
            _vector(a[:3, 3] + index * a[:3, 0]),
            _vector(a[:3, 1]),
            _vector(a[:3, 2]),
            thickness_mm=self.thickness_mm,
            depth_mm=float(np.linalg.norm(a[:3, 0])) if len(self) > 1 else None,
            index=index,
            zero_value=self.zero_value,
            max_storable=self.max_storable,
            acquisition=self.acquisition,
            padding=None if self.padding is None else self.padding[index],
            cautions=self.cautions,
            refusal=self.refusal,
        )

    def _repr_html_(self) -> str:
        """Facts of the series as a table; no pixel and no name, for a notebook saves it."""
        a = self.acquisition
        spacing = " x ".join("unknown" if np.isnan(mm) else f"{mm:.3g}" for mm in self.spacing_mm)
        facts = {
            "plane": self.plane,
            "weighting": a.weighting,
            "slices x rows x columns": " x ".join(map(str, self.shape)),
            "between slices, rows, columns, mm": spacing,
            "slice thickness, mm": self.thickness_mm,
            "TR, TE, TI, ms": ", ".join("not known" if ms is None else f"{ms:g}" for ms in (a.tr_ms, a.te_ms, a.ti_ms)),
            "field, T": a.field_t,
            "can be scored": self.refusal is None,
        }
        notes = [] if self.refusal is None else [f"Not scorable: {self.refusal}"]
        codes = ", ".join(dict.fromkeys(caution.code for caution in self.cautions))
        notes += [f"Read its cautions ({codes}): volume.cautions"] if codes else []
        return table_html(facts) + notes_html(notes)

    def __len__(self) -> int:
        return int(self.pixels.shape[0])

    def __iter__(self) -> Iterator[Slice]:
        return (self.slice(i) for i in range(len(self)))

    def nearest_slice(self, point_mm: npt.ArrayLike) -> Slice:
        """The slice whose plane is closest to an LPS point in mm."""
        return self.slice(int(np.clip(self._nearest_index(point_mm), 0, len(self) - 1)))

    def _nearest_index(self, point_mm: npt.ArrayLike) -> int:
        """Midway between two slices, to 0.001 mm, the one towards the right, the front or the feet of the patient.

        Else the last bit of the affine would decide, which is another one in every file format.
        """
        index = float(np.linalg.solve(self.affine, [*np.asarray(point_mm, dtype=np.float64), 1.0])[0])
        below = int(np.floor(index))
        off_mm = abs(index - below - 0.5) * float(np.linalg.norm(self.affine[:3, 0]))
        if off_mm > _MIDWAY_MM:
            return below + int(index - below >= 0.5)
        step = self.affine[:3, 0]
        return below + int(step[int(np.argmax(np.abs(step)))] < 0)

    def midway_caution(self, point_mm: npt.ArrayLike) -> Caution | None:
        """The caution for a point that lies nearly midway between two slices; None elsewhere.

        There a shift of a hair measures the other slice, so the number may change by several percent.
        """
        index = float(np.linalg.solve(self.affine, [*np.asarray(point_mm, dtype=np.float64), 1.0])[0])
        off_mm = abs(index - np.floor(index) - 0.5) * float(np.linalg.norm(self.affine[:3, 0]))
        if off_mm > _NEAR_MIDWAY_MM or not 0 < index < len(self) - 1:
            return None
        chosen = self._nearest_index(point_mm)
        return Caution(
            "midway",
            f"The ROI lies midway between slices {int(np.floor(index))} and {int(np.floor(index)) + 1} (to {off_mm:.2f} mm) and "
            f"is measured on slice {chosen}: on the other one the number would differ. Move it onto a slice.",
        )

    def with_acquisition(self, **changes: Any) -> Volume:
        """A copy whose acquisition has other values, for instance ``weighting="T1"`` stated by the user.

        Refusal and cautions stay. A weighting that the header speaks against adds the caution
        ``weighting-stated-against-header``: what the header says is not erased by stating otherwise.
        """
        cautions = self.cautions
        stated = changes.get("weighting")
        if stated is not None:
            cautions = tuple(caution for caution in cautions if caution.code != "weighting-stated-against-header")
            against = stated_against(self.acquisition, stated)
            cautions += () if against is None else (against,)
            if stated != self.acquisition.weighting:
                changes = {"weighting_reason": "stated by the user"} | changes
        return replace(self, acquisition=replace(self.acquisition, **changes), cautions=cautions)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The pixels, for ``np.asarray``: read-only, unless a copy or another type is asked for."""
        return np.array(self.pixels, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        planes, rows, cols = self.shape
        dz, dy, dx = self.spacing_mm
        slices = f"{planes} slices {dz:.3g} mm apart" if self.step_known else "1 slice"
        note = "" if self.refusal is None else f"; not scorable: {self.refusal}"
        return f"<Volume: {self.plane} {self.acquisition.weighting}, {slices}, {rows} x {cols}, {dy:.3g} x {dx:.3g} mm{note}>"


def stack_affine(
    origin_mm: npt.ArrayLike,
    plane_step_mm: npt.ArrayLike,
    row_step_mm: npt.ArrayLike,
    col_step_mm: npt.ArrayLike,
) -> FloatArray:
    """The (plane, row, col, 1) -> LPS affine from an origin and three step vectors, all in mm."""
    affine = np.eye(4)
    for column, vector in enumerate((plane_step_mm, row_step_mm, col_step_mm, origin_mm)):
        affine[:3, column] = vector
    return affine
