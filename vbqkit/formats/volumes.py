"""NIfTI, MHA/MHD and NRRD: the same volumes, with less in their headers.

These formats say nothing about TR, TE or the scanner, and their orientation is lost more often than DICOM's: so what
looks wrong is said, and the plane can be stated. A JSON sidecar of a NIfTI file, as in BIDS, says the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import Caution, FormatError, GeometryError, shown
from vbqkit.formats.files import Entry, Files, Place
from vbqkit.formats.gray_levels import gray_level_cautions
from vbqkit.formats.nifti import NiftiHeader, is_nifti, read_nifti_header, read_nifti_values
from vbqkit.formats.optional import simpleitk
from vbqkit.formats.sidecars import SidecarFacts, facts_of
from vbqkit.formats.volume_headers import check_text_header
from vbqkit.image import FloatArray, Volume, plane_name, stack_affine
from vbqkit.study import Series
from vbqkit.weighting import refusal_reason, stated_against

_SINGLE = (".nii", ".nii.gz", ".mha", ".nrrd")
_WITH_COMPANION = (".mhd", ".nhdr", ".hdr")
_DISPLAY = {  # plane -> where stored columns, rows and slices run to, LPS
    "sagittal": ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
_NO_TAGS = Caution(
    "missing-tags",
    "The file format keeps no RepetitionTime, EchoTime, ScanningSequence, MagneticFieldStrength or Manufacturer: "
    "whatever depends on them must be set by you.",
)
_RIGHT_ANGLE = 1e-3  # cosine, as image.Slice allows
_THICK = 1.5
"""Slices count as thick where their distance exceeds the pixel spacing this many times."""


@dataclass(frozen=True, slots=True)
class _Info:
    """The header of a file: sizes and spacings in array order (plane, row, col), directions as LPS unit vectors."""

    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    directions: FloatArray
    origin_mm: tuple[float, float, float]
    volumes: int
    zero_value: float
    identity: bool
    forms_apart_mm: float = 0.0
    unit: str | None = None

    @property
    def slice_axis(self) -> int:
        """The axis with the largest spacing; for isotropic voxels the one that runs most from right to left."""
        ordered = sorted(self.spacing_mm)
        if ordered[2] >= _THICK * ordered[1]:
            return self.spacing_mm.index(ordered[2])
        return int(np.argmax(np.abs(self.directions[:, 0])))


def is_volume_name(entry: Entry) -> bool:
    """Whether the name is that of a NIfTI, MHA/MHD or NRRD file."""
    return entry.ends_with(*_SINGLE, *_WITH_COMPANION)


def make_volume_series(
    entry: Entry,
    place: Place,
    *,
    plane: str | None = None,
    weighting: Weighting | None = None,
    accept_derived: bool = False,
) -> list[Series]:
    """The series of one file: one for a 3-D file, one per volume of a 4-D file.

    Raises
    ------
    FormatError
        If the header cannot be read, it is not a 3-D or 4-D image of one number per voxel, or SimpleITK is needed (any
        format but NIfTI) and not installed.
    """
    with _on_disk(entry, place) as path:
        info = _read_info(path, entry.name)
    facts = facts_of(entry.path) if entry.member is None else None
    return [
        _series(entry, place, info, k, plane, _acquisition(facts, weighting), accept_derived)
        for k in range(info.volumes)
    ]


def _acquisition(facts: SidecarFacts | None, stated: Weighting | None) -> SidecarFacts:
    """What is known of the acquisition: from a sidecar, and the weighting as the user states it."""
    if facts is None:
        untold = "the file format keeps no TR and TE: state the weighting yourself"
        facts = SidecarFacts(acquisition=Acquisition(weighting_reason=untold), cautions=(_NO_TAGS,))
    if stated is None:
        return facts
    against = stated_against(facts.acquisition, stated)
    acquisition = replace(facts.acquisition, weighting=stated, weighting_reason="stated by the user")
    return SidecarFacts(acquisition=acquisition, cautions=(*facts.cautions, *([against] if against else [])))


@contextmanager
def _on_disk(entry: Entry, place: Place) -> Iterator[Path]:
    """The file where SimpleITK can open it; a member of an archive is unpacked for as long as it is needed."""
    if entry.member is None:
        yield entry.path
        return
    if entry.ends_with(*_WITH_COMPANION):
        raise FormatError(f"{entry.name} keeps its pixels in a second file. Unpack the archive and give the folder.")
    with tempfile.TemporaryDirectory(prefix="vbqkit-") as folder, place.opened() as open_entry:
        path = Path(folder) / f"volume{next(s for s in reversed(_SINGLE) if entry.ends_with(s))}"
        with open_entry(entry) as file:
            path.write_bytes(file.read())
        yield path


def _reader(path: Path, name: str) -> Any:
    library = simpleitk(name)
    library.ProcessObject.SetGlobalWarningDisplay(False)
    reader = library.ImageFileReader()
    reader.SetFileName(str(path))
    return reader


def _refused(name: str, error: Exception) -> FormatError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    what = shown(lines[-1] if lines else error, 160)
    if "orthonormal" in str(error):
        return FormatError(
            f"{name} has axes that are not at right angles ({what}). Resample it to axes at right angles, or, if it is the header "
            "that is wrong, state the plane of the stored slices: plane='sagittal'."
        )
    return FormatError(f"{name} cannot be read ({what}). Copy or convert it again.")


def _read_info(path: Path, name: str) -> _Info:
    if is_nifti(path):
        return _nifti_info(read_nifti_header(path, name))
    check_text_header(path, name)
    reader = _reader(path, name)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _refused(name, error) from error
    dimension, components = reader.GetDimension(), reader.GetNumberOfComponents()
    if dimension not in (3, 4) or components != 1:
        raise FormatError(
            f"{name} is a {dimension}-D image with {components} values per voxel; 3-D (or a 4-D series) with one is needed. "
            "Convert it to one volume of magnitude images."
        )
    size, spacing = reader.GetSize(), reader.GetSpacing()
    direction = np.array(reader.GetDirection()).reshape(dimension, dimension)[:3, :3]
    origin = reader.GetOrigin()
    return _Info(
        size=(size[2], size[1], size[0]),
        spacing_mm=(spacing[2], spacing[1], spacing[0]),
        directions=direction.T[::-1].copy(),
        origin_mm=(origin[0], origin[1], origin[2]),
        volumes=size[3] if dimension == 4 else 1,
        zero_value=0.0,
        identity=bool(np.array_equal(direction, np.eye(3))),
    )


def _nifti_info(header: NiftiHeader) -> _Info:
    steps = header.affine[:3, :3].T[::-1]  # of the stored axes, the slowest first
    dz, dy, dx = (float(length) for length in np.linalg.norm(steps, axis=1))
    x, y, z = (float(v) for v in header.affine[:3, 3])
    return _Info(
        size=header.size,
        spacing_mm=(dz, dy, dx),
        directions=steps / np.array([[dz], [dy], [dx]]),
        origin_mm=(x, y, z),
        volumes=header.volumes,
        zero_value=header.intercept,
        identity=not header.oriented or bool(np.array_equal(steps / np.array([[dz], [dy], [dx]]), np.eye(3)[::-1])),
        forms_apart_mm=header.forms_apart_mm,
        unit=header.unit,
    )


def read_grid(path: Path, name: str) -> tuple[npt.NDArray[Any], FloatArray]:
    """The values of a file as they are stored, and the affine of (slowest, middle, fastest axis, 1) to LPS mm.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    entry = Entry(name, path, size=path.stat().st_size)
    info = _read_info(path, name)
    steps = info.directions * np.array(info.spacing_mm)[:, None]
    return _read_pixels(entry, Files((entry,)), info, 0), stack_affine(info.origin_mm, *steps)


def _geometry(info: _Info, plane: str | None) -> tuple[FloatArray, tuple[int, int, int], tuple[bool, bool], str]:
    """Affine, order of the stored axes, whether rows and columns are turned round, and the plane."""
    if plane is not None:
        to_col, to_row, to_plane = (np.array(v, dtype=np.float64) for v in _DISPLAY[plane])
        dz, dy, dx = info.spacing_mm
        return stack_affine(info.origin_mm, to_plane * dz, to_row * dy, to_col * dx), (0, 1, 2), (False, False), plane
    steps = info.directions * np.array(info.spacing_mm)[:, None]
    across = info.slice_axis
    first, second = (axis for axis in range(3) if axis != across)
    normal = np.cross(info.directions[second], info.directions[first])
    name = plane_name(normal)
    to_col, to_row = (np.array(v) for v in _DISPLAY[name][:2])
    row, col = first, second
    if abs(info.directions[first] @ to_col) > abs(info.directions[second] @ to_col):
        row, col = second, first
    flip_row, flip_col = bool(steps[row] @ to_row < 0), bool(steps[col] @ to_col < 0)
    origin = np.array(info.origin_mm)
    if flip_row:
        origin = origin + (info.size[row] - 1) * steps[row]
    if flip_col:
        origin = origin + (info.size[col] - 1) * steps[col]
    affine = stack_affine(
        tuple(origin), steps[across], -steps[row] if flip_row else steps[row], -steps[col] if flip_col else steps[col]
    )
    return affine, (across, row, col), (flip_row, flip_col), name


def stored_as_volume(pixels: npt.NDArray[Any], affine: FloatArray, *, acquisition: Acquisition) -> Volume:
    """An array with axes of any order as a volume that stands upright; `affine` maps its indices to LPS mm.

    Raises
    ------
    GeometryError
        If the affine is singular, or rows and columns are not at right angles.
    """
    steps = affine[:3, :3].T
    dz, dy, dx = (float(length) for length in np.linalg.norm(steps, axis=1))
    if min(dz, dy, dx) == 0 or not np.isfinite(affine).all():
        raise GeometryError(
            f"The affine has a spacing of 0 or no number: {affine.tolist()}. Give millimetres for each axis."
        )
    x, y, z = (float(v) for v in affine[:3, 3])
    size = (pixels.shape[0], pixels.shape[1], pixels.shape[2])
    directions = steps / np.array([[dz], [dy], [dx]])
    info = _Info(size, (dz, dy, dx), directions, (x, y, z), volumes=1, zero_value=0.0, identity=False)
    placed, order, flips, plane = _geometry(info, None)
    rows, cols = (slice(None, None, -1 if flip else 1) for flip in flips)
    return Volume(
        np.ascontiguousarray(np.transpose(pixels, order)[:, rows, cols]),
        placed,
        acquisition=acquisition,
        refusal=refusal_reason(acquisition, plane),
        stored_axes=tuple((axis, flip) for axis, flip in zip(order, (False, *flips), strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Grid:
    """One volume of a file, and how its stored axes become planes, rows and columns."""

    entry: Entry
    place: Place
    info: _Info
    number: int
    affine: FloatArray
    order: tuple[int, int, int]
    flips: tuple[bool, bool]


def _read_volume(grid: _Grid, acquisition: Acquisition, cautions: tuple[Caution, ...], refusal: str | None) -> Volume:
    pixels = _read_pixels(grid.entry, grid.place, grid.info, grid.number)
    rows, cols = (slice(None, None, -1 if flip else 1) for flip in grid.flips)
    return Volume(
        np.ascontiguousarray(np.transpose(pixels, grid.order)[:, rows, cols]),
        grid.affine,
        thickness_mm=acquisition.slice_thickness_mm,
        zero_value=grid.info.zero_value,
        acquisition=acquisition,
        cautions=(*cautions, *_pixel_cautions(pixels, grid.entry.name)),
        refusal=refusal,
        stored_axes=tuple((axis, flip) for axis, flip in zip(grid.order, (False, *grid.flips), strict=True)),
    )


def _series(
    entry: Entry, place: Place, info: _Info, number: int, plane: str | None, facts: SidecarFacts, accept_derived: bool
) -> Series:
    affine, order, flips, name = _geometry(info, plane)
    _check_angles(entry.name, affine)
    grid = _Grid(entry, place, info, number, affine, order, flips)
    shape = (info.size[order[0]], info.size[order[1]], info.size[order[2]])
    spacing = (info.spacing_mm[order[0]], info.spacing_mm[order[1]], info.spacing_mm[order[2]])
    cautions = list(_orientation_cautions(info, shape, spacing, name)) if plane is None else []
    cautions += facts.cautions
    if info.forms_apart_mm:
        cautions.append(
            Caution(
                "sform-qform",
                f"The header gives two orientations that lie {info.forms_apart_mm:.1f} mm apart: the sform was taken, as nibabel "
                "does; other programs may take the qform. Check that ROIs and images agree.",
            )
        )
    if info.unit:
        cautions.append(
            Caution(
                "length-unit",
                f"The header gives lengths in {info.unit}; its numbers were taken as mm, as nibabel does: a pixel of "
                f"{spacing[1]:.3g} x {spacing[2]:.3g} mm. If that is wrong, every length and area is: convert the file again.",
            )
        )
    if info.volumes > 1:
        cautions.append(Caution("separated", f"Volume {number + 1} of {info.volumes} in a 4-D file."))
    acquisition = replace(facts.acquisition, spacing_between_slices_mm=spacing[0])
    refusal = refusal_reason(acquisition, name, accept_derived=accept_derived)
    if refusal is not None and cautions and cautions[0].code == "orientation-doubtful":
        refusal += "; but its header looks wrong: state plane='sagittal' if these are sagittal slices"

    return Series(
        acquisition=acquisition,
        shape=shape,
        spacing_mm=spacing,
        plane=name,
        read=partial(_read_volume, grid, acquisition, tuple(cautions), refusal),
        source=entry.name,
        cautions=tuple(cautions),
        refusal=refusal,
    )


def _check_angles(name: str, affine: FloatArray) -> None:
    across, down = (affine[:3, k] / np.linalg.norm(affine[:3, k]) for k in (2, 1))
    if abs(float(across @ down)) > _RIGHT_ANGLE:
        raise FormatError(
            f"{name} has rows and columns that are not at right angles (cosine {across @ down:.4f}). Resample it to axes at "
            "right angles, or, if it is the header that is wrong, state the plane of the stored slices: plane='sagittal'."
        )


def _read_pixels(entry: Entry, place: Place, info: _Info, number: int) -> npt.NDArray[Any]:
    with _on_disk(entry, place) as path:
        if is_nifti(path):
            return read_nifti_values(read_nifti_header(path, entry.name), number, entry.name)
        check_text_header(path, entry.name)  # again: the file may have changed since it was listed
        reader = _reader(path, entry.name)
        try:
            if info.volumes > 1:
                reader.ReadImageInformation()
                size = list(reader.GetSize())
                reader.SetExtractSize([*size[:3], 0])
                reader.SetExtractIndex([0, 0, 0, number])
            pixels: npt.NDArray[Any] = simpleitk().GetArrayFromImage(reader.Execute())
        except (RuntimeError, ValueError, MemoryError) as error:
            raise _refused(entry.name, error) from error
    return pixels


def _orientation_cautions(
    info: _Info, shape: tuple[int, int, int], spacing: tuple[float, float, float], plane: str
) -> Iterator[Caution]:
    """An identity header is what software writes that knows no orientation.

    A body is not taller than wide when axial.
    """
    if not info.identity or plane != "axial" or spacing[0] < _THICK * max(spacing[1:]):
        return
    rows_mm, cols_mm = shape[1] * spacing[1], shape[2] * spacing[2]
    looks = "looks wrong" if rows_mm > 1.5 * cols_mm else "may be wrong"
    yield Caution(
        "orientation-doubtful",
        f"The header has no orientation of its own (identity): a stack of {shape[0]} slices {spacing[0]:.3g} mm apart labelled "
        f"axial, with {shape[1]} x {shape[2]} pixels of {rows_mm:.0f} x {cols_mm:.0f} mm, {looks}. If the slices are sagittal, state "
        "plane='sagittal'.",
    )


def _pixel_cautions(pixels: npt.NDArray[Any], name: str) -> Iterator[Caution]:
    yield from gray_level_cautions(pixels)
    if pixels.dtype.kind == "f":
        odd = int((~np.isfinite(pixels)).sum())
        if odd:
            yield Caution("not-finite", f"{odd} voxels of {name} are NaN or infinite: keep ROIs away from them.")
