"""ROI files of every format: :func:`read_rois` and :func:`write_rois`, and the one table of formats behind them.

A new format is one module with a function that reads and one that writes, and one row in :data:`ROI_FORMATS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.formats.files import readable_path, user_path
from vbqkit.formats.imagej import is_imagej, read_imagej_file, write_imagej
from vbqkit.formats.masks import MASK_ENDINGS, is_mask, read_masks, write_masks
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.roi_json import is_roi_json, read_roi_json, write_roi_json
from vbqkit.formats.roi_table import is_roi_table, read_roi_table, write_roi_table
from vbqkit.image import Slice, Volume
from vbqkit.roi import Roi, listed_rois

Image = Volume | Slice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiFormat:
    """One format of ROI files.

    Attributes
    ----------
    name : str
        As menus and messages say it.
    endings : tuple of str
        Of file names, in lower case, with the dot; the first is the usual one.
    is_content : callable
        ``is_content(start, path) -> bool``: whether a file that starts with these bytes is of this format.
    read : callable
        ``read(path, image) -> RoiFile``.
    write : callable
        ``write(path, file, image)``; only JSON keeps what was proposed automatically.
    in_pixels : bool
        Whether the file counts in pixels of an image, and means nothing without it.
    """

    name: str
    endings: tuple[str, ...]
    is_content: Callable[[bytes, Path], bool]
    read: Callable[[Path, Image], RoiFile]
    write: Callable[[Path, RoiFile, Image], None]
    in_pixels: bool


def _on(write: Callable[..., None]) -> Callable[[Path, RoiFile, Image], None]:
    """The writer of a file that counts in pixels of `image`."""
    return lambda path, rois, image: write(path, rois, image=_whole(path, image))


ROI_FORMATS: tuple[RoiFormat, ...] = (
    RoiFormat(
        name="vbqkit JSON",
        endings=(".json",),
        is_content=is_roi_json,
        read=lambda path, image: read_roi_json(path, image=image),
        write=lambda path, file, image: write_roi_json(
            path, file, image=image, places=file.places, proposed=file.proposed, identify=False
        ),
        in_pixels=False,
    ),
    RoiFormat(
        name="CSV table",
        endings=(".csv",),
        is_content=is_roi_table,
        read=lambda path, _: RoiFile(rois=read_roi_table(path), source=str(path)),
        write=lambda path, rois, _: write_roi_table(path, rois),
        in_pixels=False,
    ),
    RoiFormat(
        name="ImageJ",
        endings=(".zip", ".roi"),
        is_content=is_imagej,
        read=lambda path, image: read_imagej_file(path, image=_whole(path, image)),
        write=_on(write_imagej),
        in_pixels=True,
    ),
    RoiFormat(
        name="label mask",
        endings=MASK_ENDINGS,
        is_content=is_mask,
        read=lambda path, image: RoiFile(rois=read_masks(path, image=_whole(path, image)), source=str(path)),
        write=_on(write_masks),
        in_pixels=True,
    ),
)
"""Every format that :func:`read_rois` reads and :func:`write_rois` writes."""


_SR_CLASS = b"1.2.840.10008.5.1.4.1.1.88.34"  # Comprehensive 3D SR


def _is_sr(start: bytes, _: Path) -> bool:
    return start[128:132] == b"DICM" and _SR_CLASS in start


def _read_sr(path: Path, _: Image) -> RoiFile:
    from vbqkit.formats.roi_sr import read_roi_sr  # noqa: PLC0415 - loads pydicom

    return read_roi_sr(path)


def _not_alone(path: Path, *_: object) -> None:
    raise FormatError(
        f"ROIs alone are not written as DICOM ({path.name}); 'vbqkit report --out case.sr.dcm' writes what they measure."
    )


READ_ONLY_FORMATS: tuple[RoiFormat, ...] = (
    RoiFormat(
        name="DICOM structured report",
        endings=(),
        is_content=_is_sr,
        read=_read_sr,
        write=_not_alone,
        in_pixels=False,
    ),
)
"""Formats that :func:`read_rois` reads only."""


def read_rois(path: str | os.PathLike[str], *, image: Image = None) -> RoiFile:
    """Read the ROIs of a file, in whichever format it is.

    Formats: the package's own JSON, a CSV table, ImageJ (``.roi``, ``.zip``), label masks (``.nii.gz``, ``.nii``,
    ``.mha``, ``.nrrd``) and the DICOM structured reports that ``vbqkit report`` writes. What the file holds
    decides; where that does not tell, its ending.

    Parameters
    ----------
    path : path-like
        The file.
    image : Volume or Slice, optional
        What the ROIs are for. JSON names a frame of reference, which is compared with the image's. ImageJ files and
        masks count in pixels: they need the volume that they were drawn on.

    Returns
    -------
    RoiFile
        The ROIs, and what the file says of their images.

    Raises
    ------
    FormatError
        If it cannot be read, is of no known format, needs an image and got none, or belongs to another frame of
        reference.
    """
    source = readable_path(path)
    return _format_of_content(source).read(source, image)


def write_rois(
    path: str | os.PathLike[str], rois: Iterable[Roi], *, image: Image = None, identify: bool = False
) -> None:
    """Write ROIs to a file, in the format that its ending names.

    Parameters
    ----------
    path : path-like
        ``.json`` (the usual ending is ``.vbqkit.json``), ``.csv``, ``.zip`` or ``.roi`` (ImageJ), ``.nii.gz``,
        ``.nii``, ``.mha`` or ``.nrrd`` (label mask).
    rois : iterable of Roi, or RoiFile
        Rectangles, ellipses and polygons. Of a RoiFile JSON keeps, too, which of them were proposed automatically.
    image : Volume or Slice, optional
        What they were drawn on: JSON keeps its weighting, and tells whether another image fits; ImageJ files and masks
        need it.
    identify : bool
        Write the StudyInstanceUID, SeriesInstanceUID and FrameOfReferenceUID of the image into JSON, which lead to the
        patient in an archive. Unless you ask for it, only their digests are written.

    Raises
    ------
    FormatError
        If the ending is unknown, an image is needed and not given, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from vbqkit.roi import Rectangle
    >>> box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_rois(f"{folder}/case.csv", [box])
    ...     read_rois(f"{folder}/case.csv").rois
    (<Rectangle 'L1': 8 x 5 mm at (0.0, 0.0, 0.0) mm>,)
    """
    target = user_path(path)
    found = _format_of_name(target)
    if found is None:
        raise FormatError(
            f"ROIs cannot be written to {target.name}: its ending is not known. Known are {known_endings()}."
        )
    file = rois if isinstance(rois, RoiFile) else RoiFile(rois=listed_rois(rois))
    if identify and found.endings == (".json",):
        write_roi_json(target, file, image=image, places=file.places, proposed=file.proposed)
        return
    found.write(target, file, image)


def keeps_proposals(path: str | os.PathLike[str]) -> bool:
    """Whether a file of this name says which ROIs were proposed automatically and wait for a reader."""
    return os.fspath(path).lower().endswith(".json")


def counts_in_pixels(path: str | os.PathLike[str]) -> bool:
    """Whether a ROI file means nothing without the volume it was drawn on.

    Raises
    ------
    FormatError
        If it cannot be read, or is of no known format.
    """
    return _format_of_content(readable_path(path)).in_pixels


def known_endings() -> str:
    """The endings of every format, as messages list them.

    Examples
    --------
    >>> known_endings()
    '.json (vbqkit JSON), .csv (CSV table), .zip, .roi (ImageJ), .nii.gz, .nii, .mha, .nrrd (label mask)'
    """
    return ", ".join(f"{', '.join(one.endings)} ({one.name})" for one in ROI_FORMATS)


def _format_of_name(path: Path) -> RoiFormat | None:
    return next((one for one in ROI_FORMATS if path.name.lower().endswith(one.endings)), None)


def _format_of_content(path: Path) -> RoiFormat:
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise FormatError(f"The ROI file {path} cannot be read: {error.strerror}. Check the path.") from error
    found = next(
        (one for one in (*ROI_FORMATS, *READ_ONLY_FORMATS) if one.is_content(start, path)), None
    ) or _format_of_name(path)
    if found is None:
        raise FormatError(
            f"ROIs cannot be read from {path.name}: neither its ending nor its content is known. Known are {known_endings()}."
        )
    return found


def _whole(path: Path, image: Image) -> Volume:
    if isinstance(image, Volume):
        return image
    given = "no image was given" if image is None else "a single slice was given"
    raise FormatError(
        f"{path.name} counts in pixels of the volume that its ROIs were drawn on, and {given}. Give that volume, for "
        "instance image=study.find('T1').volume()."
    )
