"""``read_study``: whatever a scanner, a PACS or a colleague hands over, as one :class:`~vbqkit.study.Study`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import get_args

from vbqkit.acquisition import Weighting
from vbqkit.errors import Caution, FormatError
from vbqkit.formats.dicom import DicomOptions, Progress, lost_headers, make_dicom_series, read_headers
from vbqkit.formats.dicomdir import files_of_dicomdir, is_dicomdir
from vbqkit.formats.files import MAX_UNPACKED_BYTES, Place, find_files
from vbqkit.formats.sidecars import sidecars_of
from vbqkit.formats.volumes import is_volume_name, make_volume_series
from vbqkit.image import PLANES
from vbqkit.study import Study


def read_study(
    path: str | os.PathLike[str],
    *,
    weighting: Weighting | None = None,
    plane: str | None = None,
    pixel_spacing_mm: tuple[float, float] | None = None,
    on_gap: str = "refuse",
    accept_derived: bool = False,
    link_frames: bool = False,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    progress: Progress | None = None,
) -> Study:
    """Read the headers of a study; pixels are read when a series is asked for its volume.

    Reads DICOM (classic and Enhanced multi-frame), NIfTI, MHA/MHD and NRRD, from a folder with its subfolders, a ZIP
    archive, a DICOMDIR or a single file. A file that cannot be read becomes a caution of the study; a series that
    cannot be scored or read says why in its ``refusal``; the others stay usable.

    Parameters
    ----------
    path : path-like
        Folder, ZIP archive, DICOMDIR or file.
    weighting : {"T1", "T2", "STIR", "PD", "unknown"}, optional
        Stated by the user for every series read, instead of the rule in :func:`vbqkit.weighting.weighting_with_reason`.
        For one series use ``volume.with_acquisition(weighting="T1")``.
    plane : {"sagittal", "coronal", "axial"}, optional
        For NIfTI, MHA and NRRD files whose header is wrong: the plane of the stored slices. The directions of the
        header are then not used: stored columns run to posterior (sagittal) or left (coronal, axial), stored rows to
        the feet (sagittal, coronal) or posterior (axial), and slices along columns x rows: to the right (sagittal), to
        posterior (coronal) or to the head (axial). Spacing and origin are kept.
    pixel_spacing_mm : tuple of 2 floats, optional
        Distance between rows and between columns, mm, for DICOM files that lack PixelSpacing; never replaces it.
    on_gap : {"refuse", "longest"}
        Where slices are missing: refuse the series, or keep its longest run of equally spaced slices.
    accept_derived : bool
        Read series tagged DERIVED or SECONDARY as originals, as old archives tag them; they keep a caution.
        Projections, reformats, maps and the like stay refused.
    link_frames : bool
        Take series of different frames of reference for one, where slices lie at the same positions: anonymisers give
        each series its own. You state that the patient was not moved between them; they keep a caution.
    max_unpacked_bytes : int
        Limit on the unpacked size of a ZIP archive; 4 GiB unless stated.
    progress : callable, optional
        Called as ``progress(files_done, files_in_all)``.

    Returns
    -------
    Study
        Series in the order of their series numbers.

    Raises
    ------
    FormatError
        If nothing is there, or nothing of it is an image.
    """
    _check_options(weighting, plane, pixel_spacing_mm, on_gap)
    place: Place = find_files(path, max_unpacked_bytes=max_unpacked_bytes)
    if len(place.entries) == 1 and is_dicomdir(place.entries[0]):
        place = files_of_dicomdir(place.entries[0].path)
    volumes = [entry for entry in place.entries if is_volume_name(entry)]
    others = place.entries if not volumes else [entry for entry in place.entries if not is_volume_name(entry)]
    if plane is not None and not volumes:
        raise FormatError(
            f"plane='{plane}' was stated, but {path} holds no NIfTI, MHA or NRRD file: DICOM slices carry their own "
            "orientation. Leave plane out."
        )
    total = len(place.entries)
    options = DicomOptions(
        weighting=weighting,
        on_gap=on_gap,
        pixel_spacing_mm=pixel_spacing_mm,
        accept_derived=accept_derived,
        link_frames=link_frames,
    )
    with place.opened() as open_entry:
        headers, damaged, not_images = read_headers(
            others, open_entry, progress=None if progress is None else lambda done, _: progress(done, total)
        )
        lost = list(lost_headers(headers, not_images, open_entry))
    series, odd = make_dicom_series(headers, place, options)
    cautions: list[Caution] = [*place.cautions, *damaged, *lost, *odd]
    for done, entry in enumerate(volumes, start=len(others) + 1):
        try:
            series += make_volume_series(entry, place, plane=plane, weighting=weighting, accept_derived=accept_derived)
        except FormatError as error:
            cautions.append(Caution("unreadable-file", str(error)))
        if progress is not None:
            progress(done, total)
    if not series:
        raise FormatError(_nothing_read(path, place, cautions))
    series = [replace(one, study_cautions=tuple(cautions)) for one in series]
    beside = {str(sidecar) for entry in volumes if entry.member is None for sidecar in sidecars_of(entry.path)}
    not_read = tuple(entry.name for entry in not_images if entry.name not in beside)
    return Study(tuple(series), source=str(path), cautions=tuple(cautions), not_read=not_read)


def _check_options(
    weighting: str | None, plane: str | None, pixel_spacing_mm: tuple[float, float] | None, on_gap: str
) -> None:
    if weighting is not None and weighting not in get_args(Weighting):
        raise FormatError(f"weighting='{weighting}' is unknown; use one of {', '.join(get_args(Weighting))}.")
    if plane is not None and plane not in PLANES:
        raise FormatError(f"plane='{plane}' is unknown; use one of {', '.join(PLANES)}.")
    if on_gap not in ("refuse", "longest"):
        raise FormatError(f"on_gap='{on_gap}' is unknown; use 'refuse' or 'longest'.")
    if pixel_spacing_mm is not None and not (
        len(pixel_spacing_mm) == 2 and all(0 < v < float("inf") for v in pixel_spacing_mm)
    ):
        raise FormatError(
            f"pixel_spacing_mm={pixel_spacing_mm} is not possible; give two lengths above 0: (rows, columns)."
        )


def _nothing_read(path: str | os.PathLike[str], place: Place, cautions: list[Caution]) -> str:
    if len(cautions) == 1:
        return cautions[0].message
    if cautions:
        listed = "\n".join(f"  {caution.message}" for caution in cautions[:10])
        return f"None of the {len(place.entries)} files in {path} could be read:\n{listed}"
    pairs = [entry.name for entry in place.entries if entry.ends_with(".img", ".img.gz", ".raw", ".zraw")]
    if pairs:
        return (
            f"{pairs[0]} holds values without a header. Give its header (.hdr, .mhd, .nhdr) or the folder with both; the header "
            "names the values."
        )
    some = ", ".join(entry.name for entry in place.entries[:3])
    return (
        f"No image among the {len(place.entries)} files of {path} ({some}{' ...' if len(place.entries) > 3 else ''}): DICOM, NIfTI, "
        "MHA/MHD and NRRD are read. Give the folder that the scanner or PACS exported."
    )
