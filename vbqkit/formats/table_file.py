"""The one writer of CSV tables: UTF-8, a header line, a line feed at the end of each line.

The same file on every machine, and whole: an existing file is replaced when the new one is complete.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError


def write_table(
    path: str | os.PathLike[str],
    columns: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    *,
    comment: str = "",
    delimiter: str = ",",
) -> Path:
    """Write rows as a CSV table.

    Parameters
    ----------
    path : path-like
        The file; one that is already there is replaced.
    columns : sequence of str
        Names of the columns, in order. A row may leave one out (the cell is then empty) but has no others.
    rows : iterable of mapping
        Column to value. Values are written as ``str`` gives them: round numbers before you hand them over.
    comment : str
        One line that goes first, behind ``"# "``: what the table is and how it is made. Empty: none.
    delimiter : str
        Between two cells: a comma, or a tab for a TSV table.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FormatError
        If a row has a column that is not in `columns`, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_table(f"{folder}/snr.csv", ("id", "snr"), [{"id": "P1", "snr": 152.3}], comment="Synthetic.")
    ...     print(path.read_text(encoding="utf-8"), end="")
    # Synthetic.
    id,snr
    P1,152.3
    """
    target = Path(path)
    listed = [dict(row) for row in rows]
    for number, row in enumerate(listed, start=1):
        unknown = [str(name) for name in row if name not in columns]
        if unknown:
            raise FormatError(
                f"Row {number} of {target} has a column '{unknown[0]}', which is not one of {', '.join(columns)}. "
                "Name it among the columns, or take it out of the row."
            )
    with replacing(target) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        if comment:
            file.write(f"# {comment}\n")
        writer = csv.DictWriter(file, fieldnames=columns, lineterminator="\n", delimiter=delimiter)
        writer.writeheader()
        writer.writerows(listed)
    return target


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file to write beside `target`, which takes its place when it is complete; nothing is left of it otherwise.

    What is no plain file, as ``/dev/stdout``, is written to itself.

    Raises
    ------
    FormatError
        If it cannot be written: a full disk, a folder that is not there or may not be written to.
    """
    target = Path(target)
    in_place = target.exists() and not target.is_file() and not target.is_dir()
    draft = target if in_place else target.with_name(f".{target.name[:80]}.{os.getpid()}.unfinished")
    try:
        yield draft
        if not in_place:
            with draft.open("rb+") as written:
                os.fsync(written.fileno())
            draft.replace(target.resolve() if target.is_symlink() else target)
    except OSError as error:
        why = error.strerror or error
        raise FormatError(f"{target} cannot be written: {why}. Choose another file.") from error
    finally:
        if not in_place:
            draft.unlink(missing_ok=True)
