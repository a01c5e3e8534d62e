"""Says on the page when Python does not answer a studio, and keeps what was placed meanwhile for the next kernel."""

from __future__ import annotations

import hashlib
from pathlib import Path

import anywidget
import traitlets

from vbqkit.page import javascript

_STATIC = Path(__file__).parent / "static"


class Watch(anywidget.AnyWidget):  # type: ignore[misc] # anywidget is untyped for mypy
    """A companion of one studio in the browser; it shows nothing while all is well.

    Parameters
    ----------
    case_file : Path or None
        What was placed without an answer is kept in the browser's tab under a digest of this path, and handed to the
        next studio on it. Without a file it is not kept.
    """

    _esm = property(lambda _: javascript.loader(_STATIC / "watch.js"))  # in the language that is read when it is made

    _of = traitlets.Unicode(help="Model of the studio.").tag(sync=True)
    _case = traitlets.Unicode().tag(sync=True)
    _file = traitlets.Unicode().tag(sync=True)

    def __init__(self, case_file: Path | None) -> None:
        named = "" if case_file is None else hashlib.sha256(str(case_file).encode()).hexdigest()[:16]
        super().__init__(_case=named, _file="" if case_file is None else case_file.name)
