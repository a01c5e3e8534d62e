"""ROI files of this package, for the copy: with the copy's UIDs, and labels that say a place and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vbqkit.formats.roi_file import study_digest
from vbqkit.formats.roi_json import COORDINATES, FORMAT, VERSION
from vbqkit.privacy.cleaning import Cleaner
from vbqkit.protocol_words import is_protocol_word
from vbqkit.roi.labels import CSF, FAT, LOWER_ENDPLATE, NOISE, SPINE_LEVELS, UPPER_ENDPLATE

_UIDS = {"frame_of_reference_uid": "frame_digest", "study_uid": "study_digest", "series_uid": "series_digest"}
_SHAPES = {"rectangle", "ellipse", "polygon"}
_LABELS = {*SPINE_LEVELS, CSF, NOISE, FAT, UPPER_ENDPLATE, LOWER_ENDPLATE}
_LABEL_WORDS = {word.lower() for label in _LABELS for word in label.split()}
_COORDINATES = ("center", "half_width", "half_height", "points")


def is_roi_file(content: bytes) -> bool:
    """Whether a file is one of this package's own ROI files, or a case file.

    Examples
    --------
    >>> is_roi_file(b'{"format": "vbqkit-rois", "version": 1}'), is_roi_file(b'{"name": "Novak"}')
    (True, False)
    """
    return _content(content) is not None


def _content(content: bytes) -> dict[str, Any] | None:
    if not content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return None
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def copy_roi_file(content: bytes, target: Path, cleaner: Cleaner) -> None:
    """Write a ROI file for the copy of its images; whatever else the file holds is left out.

    Digests of frames and studies are translated where this run has met their UIDs.
    """
    found = _content(content) or {}
    head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "coordinates": COORDINATES}
    for uid_name, digest_name in _UIDS.items():
        head[uid_name] = None
        uid, digest = found.get(uid_name), found.get(digest_name)
        if isinstance(uid, str):
            head[digest_name] = study_digest(cleaner.run.uid(uid))
        elif isinstance(digest, str) and (new := cleaner.run.uid_of_digest(digest, study_digest)) is not None:
            head[digest_name] = study_digest(new)
    head["weighting"] = found.get("weighting") if found.get("weighting") in ("T1", "T2", "STIR", "PD") else "unknown"
    listed = found.get("rois")
    rois = [_roi(roi, number) for number, roi in enumerate(listed if isinstance(listed, list) else [], start=1)]
    head["rois"] = [roi for roi in rois if roi is not None]
    target.write_text(json.dumps(head, indent=1), encoding="utf-8")


def _roi(roi: Any, number: int) -> dict[str, Any] | None:
    if not isinstance(roi, dict) or roi.get("shape") not in _SHAPES:
        return None
    stated = roi.get("plane")
    plane: dict[str, Any] = stated if isinstance(stated, dict) else {}
    kept = {"label": _label(roi.get("label"), number), "shape": roi["shape"]}
    kept["plane"] = {name: _numbers(plane.get(name)) for name in ("point", "normal")}
    return kept | {name: _numbers(roi[name]) for name in _COORDINATES if name in roi}


def _numbers(value: Any) -> Any:
    """Numbers, nested as they were; anything else goes."""
    if isinstance(value, list):
        return [_numbers(part) for part in value if isinstance(part, (list, int, float))]
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _label(label: Any, number: int) -> str:
    words = str(label).replace("_", " ").split()
    known = words and all(word.lower() in _LABEL_WORDS or is_protocol_word(word) for word in words)
    return str(label) if known else f"ROI {number}"
