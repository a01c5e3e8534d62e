"""What commands print, without names: descriptions, numbers of patients, names of files and UIDs are masked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vbqkit.cli.report import Report
from vbqkit.errors import VbqkitError
from vbqkit.privacy.file_names import safe_name, without_uids
from vbqkit.privacy.whole_files import whole_study
from vbqkit.protocol_words import is_pseudonym, safe_codes, safe_text

Mask = Callable[[str], str]

_NUMBERS_OF_PATIENTS = ("patient",)
_DESCRIPTIONS = ("description", "model", "vendor", "contrast_agent")
_CODES = ("image_type", "scanning_sequence", "modality")


def name_mask(path: str | os.PathLike[str]) -> Mask:
    """Masks the names of files and folders below a path, and UIDs, wherever they stand in a text.

    Examples
    --------
    >>> name_mask("nowhere")("drawn in 1.2.826.0.1.3680043.8 of nowhere")
    'drawn in *** of nowhere'
    """
    parts = {part: safe_name(part) for part in _parts_below(path)}
    shown = {part: safe for part, safe in parts.items() if safe != part}
    if not shown:
        return without_uids
    pattern = re.compile("|".join(re.escape(part) for part in sorted(shown, key=len, reverse=True)))
    return lambda text: without_uids(pattern.sub(lambda found: shown[found.group()], text))


def _parts_below(path: str | os.PathLike[str]) -> set[str]:
    try:
        study = whole_study(path)
    except (VbqkitError, OSError, ValueError):
        return set()
    return {part for entry in study.entries for part in study.label(entry).split("/")[1:] if part}


def masked_report(report: Report, mask: Mask) -> Report:
    """A report whose texts are masked."""
    return replace(
        report,
        rows=[{key: _masked_cell(key, value, mask) for key, value in row.items()} for row in report.rows],
        opening=tuple(map(mask, report.opening)),
        remarks=tuple(map(mask, report.remarks)),
    )


def _masked_cell(key: str, value: Any, mask: Mask) -> Any:
    if not isinstance(value, str):
        return value
    if key in _NUMBERS_OF_PATIENTS:
        return value if is_pseudonym(value) else "***"
    if key in _CODES:
        return safe_codes(value.split("\\"))
    return safe_text(value) if key in _DESCRIPTIONS else mask(value)
