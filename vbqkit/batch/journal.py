"""Rows that are done, kept one a line while a run is under way: what was written before a stop is not done again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from vbqkit.errors import FormatError
from vbqkit.formats.file_lock import lock

Row = dict[str, Any]

_SECONDS_BETWEEN_SYNCS = 1.0


class Journal:
    """Rows of a run that is not finished, beside its table: ``.scores.csv.rows.jsonl``.

    Every row is handed to the operating system as soon as it is there, so that a run that is killed loses none; once a
    second all are forced to the disk, against a power cut. A line that broke off is dropped when the run goes on.

    Parameters
    ----------
    table : Path
        The table that the run will write.

    Raises
    ------
    FormatError
        If another run is writing the same table, or the folder cannot be written to.
    """

    def __init__(self, table: Path) -> None:
        self.path = table.with_name(f".{table.name}.rows.jsonl")
        self._table = table
        self._file: IO[bytes] | None = None
        self._synced = 0.0

    def __enter__(self) -> Self:
        with self._in_words():
            self._file = self.path.open("ab+", buffering=0)  # what failed must not be tried again on closing
            self._lock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            empty = os.fstat(self._file.fileno()).st_size == 0
            self._file.close()
            if empty:
                self.remove()  # a run that did nothing leaves nothing behind

    def rows(self) -> list[Row]:
        """What an earlier run has done; a last line that broke off is cut away."""
        assert self._file is not None
        self._file.seek(0)
        found: list[Row] = []
        whole = 0
        for line in self._file.read().splitlines(keepends=True):
            try:
                row = json.loads(line)
            except ValueError:
                break
            if not line.endswith(b"\n") or not isinstance(row, dict):
                break
            found.append(row)
            whole += len(line)
        with self._in_words():
            self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)
        return found

    def add(self, row: Row) -> None:
        """Keep a row.

        Raises
        ------
        FormatError
            If it cannot be written, as on a full disk; the rows before it are kept.
        """
        assert self._file is not None
        with self._in_words():
            line = memoryview(json.dumps(row, allow_nan=False).encode() + b"\n")
            while line:  # a disk that is nearly full takes a part, and refuses the rest
                line = line[self._file.write(line) :]
            if time.monotonic() - self._synced > _SECONDS_BETWEEN_SYNCS:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()

    def remove(self) -> None:
        """Throw the journal away: its rows are in the table."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or error
            raise FormatError(
                f"The rows of {self._table.name} cannot be kept in {self.path.parent} ({why}). What was done before is kept: make room or "
                "choose another place, and run the same command again."
            ) from error

    def _lock(self) -> None:
        """Two runs that write one table would double its rows."""
        assert self._file is not None
        try:
            lock(self._file, wait=False)
        except BlockingIOError as error:
            self._file.close()
            raise FormatError(
                f"Another run is writing {self._table}. Wait until it is done, or choose another file with --out."
            ) from error
