"""Locks on files of this computer, which go with the process, even if it dies."""

from __future__ import annotations

from typing import IO, Any

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
except ImportError:  # Windows, and Python in a browser, where JupyterLite has a fcntl with nothing in it
    LOCKS = False
else:
    LOCKS = True
"""Whether this system has them."""


def lock(file: int | IO[Any], *, shared: bool = False, wait: bool = True) -> None:
    """Hold an open file; nothing is done where the system has no locks.

    Parameters
    ----------
    file : int or file
        Open; the lock ends when it is closed.
    shared : bool
        Others may hold it in this way too.
    wait : bool
        Until it is free.

    Raises
    ------
    OSError
        If it cannot be held: without `wait` because another process holds it (BlockingIOError).
    """
    if LOCKS:
        flock(file, (LOCK_SH if shared else LOCK_EX) | (0 if wait else LOCK_NB))
