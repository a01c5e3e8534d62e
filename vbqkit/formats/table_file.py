"""The one writer of CSV tables: UTF-8, a header line, a line feed at the end of each line.

The same file on every machine.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError


def write_table(
    path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, comment: str = ""
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
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            if comment:
                file.write(f"# {comment}\n")
            writer = csv.DictWriter(file, fieldnames=columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(listed)
    except OSError as error:
        raise FormatError(f"{target} cannot be written: {error.strerror}. Choose another file.") from error
    return target
