"""A place on the page to drop a study on; it is copied into a folder of the case, and shown to nobody yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.formats.intake import LIMITS, Intake, IntakeLimits
from vbqkit.page import javascript
from vbqkit.page.colours import style_sheet

_STATIC = Path(__file__).parent / "static"
_AT_ONCE_S = 0.2  # of unpacking, before the page may say "stop"


class DropZone(anywidget.AnyWidget):  # type: ignore[misc] # anywidget is untyped for mypy
    """Takes a folder, a ZIP archive or files that are dropped on it or chosen, in pieces.

    Names of files travel once, from the browser to :class:`vbqkit.formats.intake.Intake`; no trait holds them, so no
    saved notebook does.

    Parameters
    ----------
    where : callable
        Gives the folder and the code of the case, when something is dropped; may raise :class:`VbqkitError`.
    taken : callable
        Called with the folder of the copied study.
    limits : IntakeLimits
        How much is taken.
    """

    _esm = property(
        lambda _: javascript.loader(_STATIC / "drop_zone.js")
    )  # in the language that is read when it is made
    _css = style_sheet(_STATIC / "drop_zone.css")

    _zone = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        where: Callable[[], tuple[Path, str]],
        taken: Callable[[Path], None],
        *,
        limits: IntakeLimits = LIMITS,
    ) -> None:
        self._where, self._taken, self._limits = where, taken, limits
        self._intake: Intake | None = None
        self._unpacking: asyncio.TimerHandle | None = None
        self._sending = 0
        super().__init__(_zone=self._as_shown("waiting", ""))
        self.on_msg(self._on_message)

    def _as_shown(self, phase: str, text: str, done: int = 0, total: int = 0) -> dict[str, Any]:
        return {"most_files": self._limits.files, "phase": phase, "text": text, "done": done, "total": total}

    def _show(self, phase: str, text: str, done: int = 0, total: int = 0) -> None:
        self.set_trait("_zone", self._as_shown(phase, text, done, total))

    def _on_message(self, _widget: Any, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        try:
            self._answer(content, buffers)
        except VbqkitError as error:
            self._give_up(str(error))
        except KeyboardInterrupt:
            self._give_up("Interrupted. Nothing was kept; drop the study again.")

    def _answer(self, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        kind, sending = content.get("type"), content.get("sending")
        if kind == "offer":
            self._forget()
            self._sending = int(content["sending"])
            folder, code = self._where()
            offered = [(str(name), int(size)) for name, size in content["files"]]
            self._intake = Intake(folder, code, offered, limits=self._limits)
            self._show("taking", f"Taking in {len(self._intake.wanted)} files.", 0, self._intake.total)
            self.send({"type": "go", "sending": self._sending, "wanted": list(self._intake.wanted)})
        elif sending != self._sending or self._intake is None:
            return
        elif kind == "pieces":
            self._write(content["pieces"], memoryview(buffers[0]).cast("B"))
            self.send({"type": "taken", "sending": sending})
        elif kind == "end":
            self._unpack(self._intake.unpack())
        elif kind == "stop":
            self._give_up("Stopped. Nothing was kept.")

    def _write(self, pieces: Sequence[Sequence[int]], content: memoryview) -> None:
        intake, at = self._intake, 0
        assert intake is not None
        for number, size in pieces:
            intake.write(int(number), content[at : at + int(size)])
            at += int(size)
        text = f"Taking in {len(intake.wanted)} files: {intake.received / 1024**2:.0f} MiB."
        self._show("taking", text, intake.received, intake.total)

    def _unpack(self, work: Iterator[tuple[int, int]]) -> None:
        """A while of it, then the page is heard; all of it at once where no event loop runs."""
        self._unpacking = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        try:
            until = None if loop is None else loop.time() + _AT_ONCE_S
            for done, total in work:
                self._show("taking", "Unpacking.", done, total)
                if loop is not None and until is not None and loop.time() > until:
                    self._unpacking = loop.call_later(0.01, self._unpack, work)
                    return
            self._finish()
        except VbqkitError as error:
            self._give_up(str(error))
        except KeyboardInterrupt:
            self._give_up("Interrupted. Nothing was kept; drop the study again.")

    def _finish(self) -> None:
        if self._intake is None:
            raise FormatError("Nothing was dropped.")
        study, self._intake = self._intake.finish(), None
        self._show("done", "Taken in.")
        self.send({"type": "done", "sending": self._sending})
        self._taken(study)

    def _give_up(self, text: str) -> None:
        self._forget()
        self._show("waiting", text)
        self.send({"type": "refused", "sending": self._sending})

    def _forget(self) -> None:
        if self._unpacking is not None:
            self._unpacking.cancel()
            self._unpacking = None
        if self._intake is not None:
            self._intake.discard()
            self._intake = None
