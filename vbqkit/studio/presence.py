"""Whether another program has a case file open: a second window says so, before two people place the same ROIs."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from vbqkit.formats.file_lock import LOCKS, lock

_held: dict[Path, int] = {}  # open files, until this process ends


def lock_path(case_file: Path, ending: str) -> Path:
    """A file of this computer that stands for a case file; its name tells nothing."""
    digest = hashlib.sha256(str(case_file).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"vbqkit-{digest}.{ending}"


def is_open_elsewhere(case_file: Path) -> bool:
    """Whether another process of this computer has it open; from now on this one has, until it ends.

    Studios of one process see each other's ROIs at once, and do not count. Where the system cannot tell, it is not.
    """
    if not LOCKS or case_file in _held:
        return False
    try:
        file = os.open(lock_path(case_file, "open"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # of another user
        return False
    elsewhere = False
    try:
        lock(file, wait=False)
    except OSError:
        elsewhere = True
    try:
        lock(file, shared=True, wait=False)
    except OSError:  # a file system without locks
        os.close(file)
        return False
    _held[case_file] = file
    return elsewhere
