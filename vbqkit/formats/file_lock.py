"""Locks on files of this computer, which go with the process, even if it dies."""

from __future__ import annotations

from typing import IO

try:
    import fcntl
except ImportError:  # Windows, and Python in a browser
    LOCKS = False
else:
    LOCKS = True
"""Whether this system has them."""


def lock(file: int | IO[str], *, shared: bool = False, wait: bool = True) -> None:
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
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
