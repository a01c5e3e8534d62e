"""ROI files: versioned JSON in patient millimetres, one ROI a line, so that two versions can be compared by eye.

The file is an object with these keys:

``format``
    Always ``"vbqkit-rois"``.
``version``
    Whole number, 1. A reader refuses versions that it does not know.
``coordinates``
    Always ``"DICOM LPS, mm"``.
``frame_of_reference_uid``, ``study_uid``, ``series_uid``
    Of the series on which the ROIs were drawn, or null. ROIs fit every series of the same frame of reference.
``frame_digest``, ``study_digest``, ``series_digest``
    Instead of the UIDs, which lead to the patient in an archive: ``"sha256:"`` and 32 digits, the start of the SHA-256
    of each. They tell whether an image is of the same study, and do not give the UIDs away. Files hold the UIDs
    themselves only where their writer asked for it.
``doubts``
    Codes of what is doubtful about ROIs that came from other files (:data:`vbqkit.formats.roi_file.DOUBTS`); optional.
``weighting``
    Of that series, from the header or stated by the user: ``"T1"``, ``"T2"``, ``"STIR"``, ``"PD"`` or ``"unknown"``.
``rois``
    List of objects with ``label``, ``shape`` (``"rectangle"``, ``"ellipse"``, ``"polygon"``), ``plane`` (``point`` and
    unit ``normal`` of the slice on which it lies) and the coordinates: ``center``, ``half_width``, ``half_height``, or
    ``points``. A ROI that was proposed automatically has two keys more: ``origin``, ``"accepted"`` (unchanged) or
    ``"corrected"`` (moved, resized or renamed), and ``proposed``: what was proposed (``label``, ``shape``,
    coordinates), with ``confidence`` and ``doubt``. Without them a ROI was placed by the reader.
``proposed``
    List of objects as in ``rois``, of origin ``"proposed"``: automatic ROIs that no reader has accepted. They stand
    apart, so that a reader who does not know of them measures nothing unseen. Optional.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from vbqkit.acquisition import Weighting
from vbqkit.errors import FormatError, RoiError
from vbqkit.formats.files import user_path
from vbqkit.formats.roi_file import RoiFile, doubts_of
from vbqkit.formats.roi_file import study_digest as digest_of
from vbqkit.image import Slice, Volume
from vbqkit.roi import Polygon, Roi, coordinates_of, make_roi, shape_name
from vbqkit.roi.coordinates import BOX_VECTORS, SHAPES
from vbqkit.roi.origin import Origin, ProposedPlace, origin_of

FORMAT = "vbqkit-rois"
VERSION = 1
COORDINATES = "DICOM LPS, mm"

_PLANE_TOLERANCE_MM = 0.1
_PLANE_DECIMALS = 6
_PLANE_TOLERANCE_SINE = 0.01
_UIDS = ("frame_of_reference_uid", "study_uid", "series_uid")
_DIGEST, _DOUBTS, _PROPOSED, _ORIGIN = "study_digest", "doubts", "proposed", "origin"
_DIGESTS = {"frame_of_reference_uid": "frame_digest", "study_uid": _DIGEST, "series_uid": "series_digest"}


def is_roi_json(start: bytes, path: Path) -> bool:  # noqa: ARG001 - as every format's test
    """Whether a file that starts with these bytes is a JSON object.

    Examples
    --------
    >>> is_roi_json(b' {"format": "vbqkit-rois"', Path("case.csv"))
    True
    """
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def write_roi_json(
    path: str | os.PathLike[str],
    rois: Iterable[Roi],
    *,
    image: Volume | Slice | None = None,
    study_digest: str | None = None,
    frame_digest: str | None = None,
    doubts: Iterable[str] = (),
    places: Sequence[ProposedPlace | None] = (),
    proposed: Iterable[tuple[Roi, ProposedPlace]] = (),
    identify: bool = True,
) -> None:
    """Write ROIs to a file: complete, or not at all.

    Parameters
    ----------
    path : path-like
        Where to; the usual ending is ``.vbqkit.json``. An existing file is replaced only when the new one is complete.
    rois : iterable of Roi
        Rectangles, ellipses and polygons.
    image : Volume or Slice, optional
        What they were drawn on; its frame of reference is written, so that a reader can tell whether they fit, and its
        weighting, so that what the user stated need not be stated again.
    study_digest : str, optional
        Of the study they were drawn in, as :func:`vbqkit.formats.roi_file.study_digest` makes it, where its UID must
        not be written.
    frame_digest : str, optional
        The same of the frame of reference they were drawn in.
    doubts : iterable of str, optional
        Codes of what is doubtful about ROIs among them that came from other files.
    places : sequence of ProposedPlace or None
        For each ROI what was proposed automatically before; empty: the reader placed them all.
    proposed : iterable of (Roi, ProposedPlace)
        ROIs that no reader has accepted.
    identify : bool
        Write the image's UIDs; else their digests, which can be compared and lead to nobody.

    Raises
    ------
    FormatError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from vbqkit.roi import Rectangle
    >>> box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_roi_json(f"{folder}/case.vbqkit.json", [box])
    ...     read_roi_json(f"{folder}/case.vbqkit.json").rois
    (<Rectangle 'L1': 8 x 5 mm at (0.0, 0.0, 0.0) mm>,)
    """
    acquisition = None if image is None else image.acquisition
    head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "coordinates": COORDINATES}
    uids = {name: None if acquisition is None else getattr(acquisition, name) for name in _UIDS}
    head |= uids if identify else dict.fromkeys(_UIDS)
    head |= {} if identify else {_DIGESTS[name]: digest_of(uid) for name, uid in uids.items() if uid is not None}
    head |= {} if study_digest is None else {_DIGEST: study_digest}
    head |= {} if frame_digest is None else {_DIGESTS["frame_of_reference_uid"]: frame_digest}
    listed = sorted(doubts)
    head |= {_DOUBTS: listed} if listed else {}
    head["weighting"] = "unknown" if acquisition is None else acquisition.weighting
    listed_rois = tuple(rois)
    items = [_as_json(roi, place) for roi, place in zip(listed_rois, places or (None,) * len(listed_rois), strict=True)]
    waiting = [_as_json(roi, place, "proposed") for roi, place in proposed]
    top = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    parts = [top, _list_of("rois", items), *([_list_of(_PROPOSED, waiting)] if waiting else [])]
    _write_whole(user_path(path), ",\n".join(parts) + "\n}\n")


def _list_of(key: str, items: Iterable[dict[str, Any]]) -> str:
    """A list with one object a line."""
    body = ",\n".join(f"  {json.dumps(item, ensure_ascii=False, allow_nan=False)}" for item in items)
    return f' "{key}": [\n{body}\n ]'


def _as_json(roi: Roi, place: ProposedPlace | None, origin: Origin | None = None) -> dict[str, Any]:
    item = _shape_as_json(roi)
    if place is None:
        return item
    point = place.roi
    before = {"label": point.label, "shape": shape_name(point), **coordinates_of(point)}
    before |= {"confidence": place.confidence, "doubt": place.doubt}
    return {**item, _ORIGIN: origin or origin_of(roi, place), _PROPOSED: before}


def _shape_as_json(roi: Roi) -> dict[str, Any]:
    try:
        shape, coordinates = shape_name(roi), coordinates_of(roi)
    except RoiError as error:
        raise FormatError(str(error)) from error
    point = [round(v, _PLANE_DECIMALS) + 0.0 for v in roi.center_mm]  # the mean of a polygon's corners has 16 digits
    plane = {"point": point, "normal": list(roi.normal)}
    return {"label": roi.label, "shape": shape, "plane": plane, **coordinates}


def _write_whole(path: Path, text: str) -> None:
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        with draft.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FormatError(
            f"The ROI file {path} cannot be written: {error.strerror}. Choose a folder that you may write to; what was there "
            "is unchanged."
        ) from error


def read_roi_json(path: str | os.PathLike[str], *, image: Volume | Slice | None = None) -> RoiFile:
    """Read a ROI file.

    Parameters
    ----------
    path : path-like
        The file.
    image : Volume or Slice, optional
        What the ROIs are for: :meth:`RoiFile.check` is run against it.

    Raises
    ------
    FormatError
        If it cannot be read, is not a ROI file, has another version, is malformed, or belongs to another frame of
        reference.
    """
    source = user_path(path)
    content = _content(source)
    _check_head(content, source)
    listed = content.get("rois")
    if not isinstance(listed, list):
        raise FormatError(f"{source}: 'rois' must be a list; got {_short(listed)}. Save the ROIs again.")
    for name in (*_UIDS, *_DIGESTS.values()):
        if not isinstance(content.get(name), str | None):
            raise FormatError(
                f"{source}: '{name}' must be text or null; got {_short(content[name])}. Save the ROIs again."
            )
    doubts = content.get(_DOUBTS, [])
    if not isinstance(doubts, list) or not all(isinstance(code, str) for code in doubts):
        raise FormatError(f"{source}: '{_DOUBTS}' must be a list of codes; got {_short(doubts)}. Save the ROIs again.")
    waiting = content.get(_PROPOSED, [])
    if not isinstance(waiting, list):
        raise FormatError(f"{source}: '{_PROPOSED}' must be a list; got {_short(waiting)}. Save the ROIs again.")
    rois = tuple(_roi(item, f"{source}, ROI {number}") for number, item in enumerate(listed, start=1))
    places = tuple(_place(item, f"{source}, ROI {number}") for number, item in enumerate(listed, start=1))
    file = RoiFile(
        rois=rois,
        places=places if any(places) else (),
        proposed=tuple(
            _proposed(item, f"{source}, proposed ROI {number}") for number, item in enumerate(waiting, start=1)
        ),
        frame_of_reference_uid=content.get("frame_of_reference_uid"),
        study_uid=content.get("study_uid"),
        series_uid=content.get("series_uid"),
        study_digest=content.get(_DIGEST),
        frame_digest=content.get("frame_digest"),
        series_digest=content.get("series_digest"),
        weighting=_weighting(content, source),
        source=str(source),
        cautions=doubts_of(doubts, str(source)),
    )
    if image is not None:
        file.check(image)
    return file


def _weighting(content: dict[str, Any], source: Path) -> Weighting:
    stated = content.get("weighting", "unknown")
    for known in get_args(Weighting):
        if stated == known:
            weighting: Weighting = known
            return weighting
    raise FormatError(
        f"{source}: 'weighting' must be one of {', '.join(get_args(Weighting))}; got {_short(stated)}. Save the ROIs again."
    )


def _content(source: Path) -> dict[str, Any]:
    try:
        content = json.loads(source.read_text(encoding="utf-8-sig"), parse_constant=_no_constant)
    except OSError as error:
        raise FormatError(f"The ROI file {source} cannot be read: {error.strerror}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{source} is not a ROI file: it is no valid JSON ({error}). Save the ROIs again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FormatError(
            f"{source} is not a ROI file of this package: its 'format' is not '{FORMAT}'. Choose a file that was saved by "
            "vbqkit.formats.write_rois or by the ROI canvas."
        )
    return content


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _check_head(content: dict[str, Any], source: Path) -> None:
    version = content.get("version")
    if type(version) is not int or version < 1:
        raise FormatError(
            f"{source}: 'version' must be a whole number from 1; got {_short(version)}. Save the ROIs again."
        )
    if version > VERSION:
        raise FormatError(
            f"{source} has version {version} of the ROI format; this package reads version {VERSION}. Install a newer vbqkit."
        )
    if content.get("coordinates") != COORDINATES:
        raise FormatError(
            f"{source}: 'coordinates' must be '{COORDINATES}'; got {_short(content.get('coordinates'))}. Save the ROIs again."
        )


def _roi(item: Any, where: str) -> Roi:
    if not isinstance(item, dict):
        raise FormatError(f"{where}: an object is needed; got {_short(item)}. Save the ROIs again.")
    roi = _shape(item, where)
    _check_plane(item, roi, f"{where} ('{roi.label}')")
    return roi


def _shape(item: dict[str, Any], where: str) -> Roi:
    label, shape = item.get("label"), item.get("shape")
    if not isinstance(label, str):
        raise FormatError(f"{where}: 'label' must be text; got {_short(label)}. Save the ROIs again.")
    where = f"{where} ('{label}')"
    if shape not in SHAPES:
        raise FormatError(f"{where}: the shape {_short(shape)} is unknown; use one of {', '.join(SHAPES)}.")
    wanted = {"points": (-1, 3)} if shape == "polygon" else dict.fromkeys(BOX_VECTORS, (3,))
    coordinates = {name: _numbers(item, name, size, where) for name, size in wanted.items()}
    try:
        return make_roi(str(shape), coordinates, label=label)
    except RoiError as error:
        raise FormatError(f"{where}: {error}") from error


def _place(item: dict[str, Any], where: str) -> ProposedPlace | None:
    """What was proposed for a ROI that counts; None for one that the reader placed."""
    origin = item.get(_ORIGIN, "placed")
    if origin not in ("placed", "accepted", "corrected"):
        raise FormatError(
            f"{where} ('{item.get('label')}'): the origin {_short(origin)} is not known among the ROIs that count; use placed, "
            "accepted or corrected. Save the ROIs again, or install a newer vbqkit."
        )
    return None if origin == "placed" else _proposed_place(item, where)


def _proposed(item: Any, where: str) -> tuple[Roi, ProposedPlace]:
    """A ROI that no reader has accepted."""
    roi = _roi(item, where)
    if item.get(_ORIGIN) != "proposed":
        raise FormatError(
            f"{where} ('{roi.label}'): its origin must be \"proposed\"; got {_short(item.get(_ORIGIN))}. Save the ROIs again."
        )
    return roi, _proposed_place(item, where)


def _proposed_place(item: dict[str, Any], where: str) -> ProposedPlace:
    where = f"{where} ('{item.get('label')}'), {_PROPOSED}"
    before = item.get(_PROPOSED)
    if not isinstance(before, dict):
        raise FormatError(f"{where}: what was proposed is missing; got {_short(before)}. Save the ROIs again.")
    confidence, doubt = before.get("confidence"), before.get("doubt", "")
    known = isinstance(confidence, int | float) and not isinstance(confidence, bool) and 0.0 <= confidence <= 1.0
    if not known or not isinstance(doubt, str):
        raise FormatError(
            f"{where}: 'confidence' must be a number from 0 to 1 and 'doubt' text; got {_short([confidence, doubt])}. Save the ROIs "
            "again."
        )
    return ProposedPlace(roi=_shape(before, where), confidence=float(confidence or 0.0), doubt=doubt)


def _numbers(item: dict[str, Any], name: str, shape: tuple[int, ...], where: str) -> Any:
    value = item.get(name)
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        array = np.array(np.nan)
    fits = array.ndim == len(shape) and array.shape[-1] == 3
    if not fits or not np.isfinite(array).all() or not _plain(value):
        raise FormatError(
            f"{where}: '{name}' must be {'a list of points of' if len(shape) == 2 else ''} three numbers in mm; got "
            f"{_short(value)}. Save the ROIs again."
        )
    return array


def _plain(value: Any) -> bool:
    """Whether nested lists hold numbers only: numpy would take text such as "1" and true for numbers too."""
    if isinstance(value, list):
        return all(_plain(part) for part in value)
    return type(value) in (int, float)


def _check_plane(item: dict[str, Any], roi: Roi, where: str) -> None:
    plane = item.get("plane")
    if not isinstance(plane, dict):
        raise FormatError(f"{where}: 'plane' with 'point' and 'normal' is missing. Save the ROIs again.")
    point, normal = (_numbers(plane, name, (3,), f"{where}, plane") for name in ("point", "normal"))
    if isinstance(roi, Polygon):
        off_mm, tilt = float(np.abs((roi.points - point) @ normal).max()), 0.0
    else:
        sides = [np.array(item[name]) for name in ("half_width", "half_height")]
        off_mm = abs(float((np.array(roi.center_mm) - point) @ normal))
        tilt = max(abs(float(side @ normal)) / float(np.sqrt(side @ side)) for side in sides)
    if abs(float(normal @ normal) - 1) > 1e-3 or off_mm > _PLANE_TOLERANCE_MM or tilt > _PLANE_TOLERANCE_SINE:
        raise FormatError(
            f"{where}: its coordinates do not lie in its slice plane ({off_mm:.1f} mm off): the file was changed by hand or by "
            "other software. Draw the ROI again."
        )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + "..."
