"""A progress bar for people: on standard error, and only where somebody is looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WIDTH = 30
_SECONDS_BETWEEN_DRAWS = 0.1


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield ``progress(done, total)``; None where standard error is no terminal.

    The bar appears only if the work takes longer than a moment, and is wiped away at the end.

    Examples
    --------
    >>> with progress_bar("Reading headers") as progress:
    ...     progress is None  # the output of an example is no terminal
    True
    """
    if not sys.stderr.isatty():
        yield None
        return
    last_draw = time.monotonic()
    drawn = 0

    def progress(done: int, total: int) -> None:
        nonlocal last_draw, drawn
        now = time.monotonic()
        if now - last_draw < _SECONDS_BETWEEN_DRAWS or total < 1:
            return
        last_draw = now
        filled = round(_WIDTH * done / total)
        line = f"{title} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done} of {total}"
        sys.stderr.write("\r" + line.ljust(drawn))
        sys.stderr.flush()
        drawn = len(line)

    try:
        yield progress
    finally:
        if drawn:
            sys.stderr.write("\r" + " " * drawn + "\r")
            sys.stderr.flush()
