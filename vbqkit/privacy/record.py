"""What a de-identification did, for people and programs, without identity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vbqkit.formats.table_file import write_table
from vbqkit.privacy.report import PrivacyReport

RECORD_NAMES = ("deidentification.json", "deidentification.csv")
RECORD_FORMAT = "vbqkit-deidentification"
_COLUMNS = ("tag", "keyword", "action", "elements")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """What was done.

    Attributes
    ----------
    target : str
        The folder of the copy.
    patients : tuple of str
        Their pseudonyms.
    studies, series, images : int
        That were copied.
    blanked : int
        Images in which text was painted over.
    left_out : mapping of str to int
        Why files were not copied, and how many.
    dates : str
        ``"shift"`` or ``"remove"``.
    actions : mapping of (tag, keyword, action) to int
        What became of how many elements that were not kept as they were.
    report : PrivacyReport
        Of the copy.
    """

    target: str
    patients: tuple[str, ...]
    studies: int
    series: int
    images: int
    blanked: int
    left_out: Mapping[str, int]
    dates: str
    actions: Mapping[tuple[str, str, str], int] = field(repr=False)
    report: PrivacyReport

    def as_rows(self) -> list[dict[str, str | int]]:
        """One row per element and action: tag, keyword, action, elements."""
        return [
            {"tag": tag, "keyword": keyword, "action": action, "elements": count}
            for (tag, keyword, action), count in sorted(self.actions.items())
        ]


def write_record(folder: Path, done: Deidentified) -> None:
    """Write the record into the copy, as JSON and as CSV."""
    content = {
        "format": RECORD_FORMAT,
        "version": 1,
        "patients": list(done.patients),
        "studies": done.studies,
        "series": done.series,
        "images": done.images,
        "images_with_text_painted_over": done.blanked,
        "not_copied": dict(done.left_out),
        "dates": "shifted by one secret offset per patient" if done.dates == "shift" else "left out",
        "uids": "replaced by keyed digests; the key was thrown away",
        "profile": "DICOM PS3.15 2026c, Basic Application Level Confidentiality Profile; elements not listed are not kept",
        "checked": done.report.verdict,
        "elements": done.as_rows(),
    }
    (folder / RECORD_NAMES[0]).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_table(folder / RECORD_NAMES[1], _COLUMNS, done.as_rows())
