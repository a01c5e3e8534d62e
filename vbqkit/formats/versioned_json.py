"""JSON files of our own: each says in itself which kind of file it is, and of which version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError, shown


def read_versioned_json(
    path: Path, *, kind: str, version: int, no_such: str, remedy: str, largest_bytes: int
) -> dict[str, Any]:
    """What such a file holds, if it is of the kind and version that the caller reads.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What must stand under ``format``.
    version : int
        What must stand under ``version``.
    no_such : str
        What is said of a file of another kind, such as ``"is no reference group"``.
    remedy : str
        What to do about another version.
    largest_bytes : int
        A larger file is not read.

    Raises
    ------
    FormatError
        If it cannot be read, is damaged, too large, or of another kind or version.
    """
    try:
        if path.stat().st_size > largest_bytes:
            raise FormatError(f"{path.name} {no_such}: it has more than {largest_bytes:,} bytes. Give another file.")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FormatError(f"{path.name} cannot be read: {error.strerror}. Check that it is there.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path.name} is damaged ({shown(error)}). Restore it from a copy.") from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise FormatError(f"{path.name} {no_such}: its format is not '{kind}'. Give another file.")
    if content.get("version") != version:
        raise FormatError(
            f"{path.name} is of version {shown(content.get('version'))}; this vbqkit reads version {version}. {remedy}"
        )
    return content
