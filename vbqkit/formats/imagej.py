"""ImageJ's ROI files (.roi, and .zip for a list of them), read and written with roifile.

ImageJ counts pixels from corners: the pixel in row r and column c fills x from c to c + 1 and y from r to r + 1, its
center is at (c + 0.5, r + 0.5). Here centers lie at whole numbers, so x = col + 0.5 and y = row + 0.5. ImageJ keeps
integer bounding boxes unless an option says that the coordinates have fractions (``sub-pixel resolution``), and its
slice position counts from 1, 0 meaning every slice. An ImageJ ROI knows pixels only, no millimetres: it needs the
volume it was drawn on.

ImageJ has no rotated rectangle of the plain kind; one is written as a polygon, and a rotated ellipse as a polygon of
128 corners.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from vbqkit.errors import Caution, FormatError, RoiError, shown
from vbqkit.formats.files import readable_path, user_path
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.zip_members import read_members
from vbqkit.image import FloatArray, Slice, Volume
from vbqkit.roi import Ellipse, Polygon, Rectangle, Roi

if TYPE_CHECKING:
    from roifile import ImagejRoi

roifile = lazy_loader.load("roifile")  # optional: only those who exchange with ImageJ need it

_OUTLINES = ("POLYGON", "FREEHAND", "TRACED")


def is_imagej(start: bytes, path: Path) -> bool:  # noqa: ARG001 - as every format's test
    """Whether a file that starts with these bytes is an ImageJ ROI, or an archive as its ROI manager saves."""
    return start[:4] in (b"Iout", b"PK\x03\x04")


def read_imagej(path: str | os.PathLike[str], *, image: Volume, slice_index: int | None = None) -> tuple[Roi, ...]:
    """Read ImageJ ROIs as they lie on a volume.

    Parameters
    ----------
    path : path-like
        A ``.roi`` file or a ``.zip`` of them.
    image : Volume
        The stack they were drawn on.
    slice_index : int, optional
        Slice, from 0, for ROIs that name none; without it such ROIs are refused.

    Returns
    -------
    tuple of Roi
        In the order of the file; their names become labels.

    Raises
    ------
    FormatError
        If the file cannot be read, or holds a line, point, text or composite, which enclose no single area. If a part
        of it is damaged: bare ROIs cannot say what is missing beside them, :func:`vbqkit.formats.read_rois` can.
    """
    file = read_imagej_file(path, image=image, slice_index=slice_index)
    if file.cautions:
        raise FormatError(f"{file.cautions[0].message} read_rois() reads what is whole, and says so on every score.")
    return file.rois


def read_imagej_file(path: str | os.PathLike[str], *, image: Volume, slice_index: int | None = None) -> RoiFile:
    """As :func:`read_imagej`, with a caution where parts of an archive are damaged and were left out.

    Raises
    ------
    FormatError
        As :func:`read_imagej`, and if no ROI in the archive is whole.
    """
    source = readable_path(path)
    try:
        content = source.read_bytes()
    except OSError as error:
        raise FormatError(f"{source} cannot be opened: {error.strerror}. Check that you may read it.") from error
    if content[:4] == b"Iout":
        return RoiFile(rois=(_one(content, image, slice_index, str(source)),), source=str(source))
    if content[:2] != b"PK":
        raise FormatError(f"{source} cannot be read as an ImageJ ROI file. Save it again in ImageJ's ROI manager.")
    members = read_members(source)
    named = [(name, data) for name, data in members.whole if _is_roi_name(name)]
    rois, damaged = [], [name for name in members.damaged if _is_roi_name(name) or "member at byte" in name]
    for number, (name, data) in enumerate(named, start=1):
        if data[:4] == b"Iout":
            rois.append(_one(data, image, slice_index, f"{source}, ROI {number}"))
        else:
            damaged.append(name)
    if not rois:
        raise FormatError(
            f"{source} holds no ImageJ ROI that is whole ({len(damaged)} are damaged). Copy it again, or save it again in "
            "ImageJ's ROI manager."
        )
    cautions = (_damaged_caution(source, damaged, cut_off=members.cut_off),) if damaged or members.cut_off else ()
    return RoiFile(rois=tuple(rois), source=str(source), cautions=cautions)


def _is_roi_name(name: str) -> bool:
    """Whether a member is a ROI; archives packed on a Mac hold a second file of that name under ``__MACOSX``."""
    parts = name.replace("\\", "/").split("/")
    return parts[-1].lower().endswith(".roi") and not parts[-1].startswith("._") and "__MACOSX" not in parts


def _damaged_caution(source: Path, damaged: list[str], *, cut_off: bool) -> Caution:
    found = []
    if damaged:
        found.append(
            f"{len(damaged)} ROIs in {source} are damaged and were left out, the first is {shown(damaged[0])}."
        )
    if cut_off:
        found.append(f"{source} breaks off before its table of contents: ROIs may be missing.")
    return Caution("damaged-rois", f"{' '.join(found)} Copy the file again, or draw them again.")


def _one(content: bytes, image: Volume, slice_index: int | None, where: str) -> Roi:
    try:
        one = roifile.ImagejRoi.frombytes(content)
    except ModuleNotFoundError as error:
        raise FormatError(f"{where} needs the package roifile. Install it with: pip install roifile") from error
    except Exception as error:  # the library lets through whatever a damaged value meets
        raise FormatError(
            f"{where} cannot be read as an ImageJ ROI: {shown(str(error))}. Save it again in ImageJ's ROI manager."
        ) from error
    return _from_imagej(one, image, slice_index, where)


def _from_imagej(one: ImagejRoi, volume: Volume, slice_index: int | None, where: str) -> Roi:
    stated = int(one.z_position or one.position or 0) - 1
    index = stated if stated >= 0 else slice_index
    label = shown(str(one.name or ""))
    where = f"{where} ('{label}')"
    if index is None:
        if len(volume) != 1:
            raise FormatError(f"{where} names no slice, and the series has {len(volume)}. Say which: slice_index=...")
        index = 0
    if not 0 <= index < len(volume):
        raise FormatError(
            f"{where} lies on slice {index + 1}; the series has {len(volume)}. Open the series it was drawn on."
        )
    image = volume.slice(index)
    kind = one.roitype.name
    if one.composite:
        raise FormatError(f"{where} is a composite of several areas. Split it in ImageJ, or draw one area.")
    if one.subtype.name in _NO_AREAS:
        raise FormatError(
            f"{where} is an ImageJ {one.subtype.name.lower()}, not an area. Draw a rectangle, oval or polygon."
        )
    if kind == "RECT" and one.rounded_rect_arc_size:
        raise FormatError(
            f"{where} has rounded corners (arc of {one.rounded_rect_arc_size} pixels), which no shape here has. Draw it with "
            "square corners, or as a polygon."
        )
    try:
        if kind in ("RECT", "OVAL"):
            left, top, right, bottom = _box(one)
            shape = Rectangle if kind == "RECT" else Ellipse
            center = ((top + bottom) / 2 - 0.5, (left + right) / 2 - 0.5)
            dy, dx = image.spacing_mm
            return shape.on(image, center, (right - left) * dx, (bottom - top) * dy, label=label)
        if kind in _OUTLINES:
            xy = np.asarray(one.coordinates(), dtype=np.float64)
            return Polygon(points=image.to_patient_mm(xy[:, ::-1] - 0.5), label=label)
    except RoiError as error:
        raise FormatError(f"{where}: {error}") from error
    raise FormatError(
        f"{where} is of the ImageJ type {kind.lower()}, which encloses no area. Use a rectangle, oval, polygon or freehand area."
    )


_NO_AREAS = ("TEXT", "ARROW", "IMAGE")
"""What ImageJ stores as a rectangle or line, and draws on a picture: a note, a pointer, a picture laid over it."""


def _box(one: ImagejRoi) -> tuple[float, float, float, float]:
    if one.subpixelrect:
        return (float(one.xd), float(one.yd), float(one.xd + one.widthd), float(one.yd + one.heightd))
    return (float(one.left), float(one.top), float(one.right), float(one.bottom))


def write_imagej(path: str | os.PathLike[str], rois: Iterable[Roi], *, image: Volume) -> None:
    """Write ROIs for ImageJ: ``.zip`` for any number, ``.roi`` for one.

    Raises
    ------
    FormatError
        If the ending is another, several ROIs go into one ``.roi``, or the file cannot be written.
    RoiError
        If a ROI does not lie on the volume.
    """
    target = user_path(path)
    made = [_to_imagej(roi, image) for roi in rois]
    if target.suffix not in (".zip", ".roi"):
        raise FormatError(f"ImageJ ROIs cannot be written to {target}: use the ending .zip, or .roi for one ROI.")
    if target.suffix == ".roi" and len(made) != 1:
        raise FormatError(f"{len(made)} ROIs do not fit into {target}: a .roi file holds one. Use .zip.")
    draft = target.with_name(f".{target.stem}.{os.getpid()}.draft{target.suffix}")
    try:
        if target.suffix == ".roi":
            draft.write_bytes(made[0].tobytes())
        else:
            _write_zip(draft, made)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FormatError(
            f"The ImageJ file {target} cannot be written: {error.strerror}. Choose another folder."
        ) from error


def _write_zip(path: Path, made: list[Any]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(made, start=1):
            archive.writestr(f"{number:04d}-{one.name or 'ROI'}.roi".replace("/", "_"), one.tobytes())


def _to_imagej(roi: Roi, volume: Volume) -> ImagejRoi:
    image = roi.slice_of(volume)
    box = _upright_box(roi, image)
    if box is None:
        corners = image.to_rows_cols(roi.outline_mm(128))[:, ::-1] + 0.5
        one = roifile.ImagejRoi.frompoints(corners, name=roi.label)
        one.roitype = roifile.ROI_TYPE.POLYGON
    else:
        one = _boxed(roi, box)
    one.name = roi.label
    one.position = image.index + 1
    return one


def _boxed(roi: Roi, box: tuple[float, float, float, float]) -> ImagejRoi:
    left, top, right, bottom = box
    one = roifile.ImagejRoi()
    one.roitype = roifile.ROI_TYPE.RECT if isinstance(roi, Rectangle) else roifile.ROI_TYPE.OVAL
    one.version = 228
    one.left, one.top, one.right, one.bottom = (
        int(np.floor(left)),
        int(np.floor(top)),
        int(np.ceil(right)),
        int(np.ceil(bottom)),
    )
    one.options |= roifile.ROI_OPTIONS.SUB_PIXEL_RESOLUTION
    one.xd, one.yd, one.widthd, one.heightd = (left, top, right - left, bottom - top)
    return one


def _upright_box(roi: Roi, image: Slice) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom in ImageJ's coordinates; None for a polygon or a box that is turned."""
    if not isinstance(roi, Rectangle | Ellipse):
        return None
    axes: FloatArray = np.abs(image.vectors_to_rows_cols([roi.half_width, roi.half_height]))
    along = axes if axes[0, 1] >= axes[0, 0] else axes[::-1]
    if along[0, 0] > 1e-6 or along[1, 1] > 1e-6:
        return None
    row, col = image.to_rows_cols(roi.center_mm) + 0.5
    half_col, half_row = float(along[0, 1]), float(along[1, 0])
    box = (float(col) - half_col, float(row) - half_row, float(col) + half_col, float(row) + half_row)
    left, top, right, bottom = (round(edge, 9) for edge in box)  # else rounding noise moves the integer box by a pixel
    return (left, top, right, bottom)
