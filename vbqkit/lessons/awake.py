"""What a lesson says on the page when Python does not answer it: what happened, and what to press."""

from __future__ import annotations

import html
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import HTML, display

from vbqkit.exercises.progress import told_time
from vbqkit.language import translated
from vbqkit.page import javascript
from vbqkit.page.still import Still

_MARK = f"vbq-of-{uuid.uuid4().hex[:12]}"
"""Class of everything that this kernel shows."""


class LessonWatch(anywidget.AnyWidget):  # type: ignore[misc] # anywidget is untyped for mypy
    """A companion in the browser of all that one kernel shows of a lesson; it shows nothing while all is well."""

    _esm = property(
        lambda _: javascript.loader(Path(__file__).parent / "static" / "lesson_watch.js")
    )  # in the language that is read when it is made
    _css = (Path(__file__).parent / "static" / "lessons.css").read_text(encoding="utf-8")

    _of = traitlets.Unicode(help="Its own model.").tag(sync=True)
    _mark = traitlets.Unicode().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(_mark=_MARK)
        self.set_trait("_of", self.model_id or "")
        self.on_msg(lambda *_: self.send({"type": "heard"}))


@cache
def lesson_watch() -> LessonWatch:
    """The one of this kernel."""
    return LessonWatch()


class Awake(Still):
    """Mixed into a widget of a lesson: while Python does not answer it, the page says so and what to press.

    A banner says it of a kernel that ends while the page is open. A saved page without a kernel runs no script, so the
    words stand under the widget, and a style hides them as long as the widget itself is there.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lesson_watch()
        self._own = f"vbq-is-{uuid.uuid4().hex[:12]}"
        for name in ("vbq-lesson", _MARK, self._own):
            self.add_class(name)  # type: ignore[attr-defined] # of the widget beside it

    def asleep_html(self) -> str:
        """What stands in the place of the widget where it cannot live; on the page of a notebook only."""
        asleep = translated(
            "Not connected to Python: it was stopped, or the notebook was closed, since this was made. Choose <b>Run → Run All Cells</b>: your answers and what you placed come back."
        )
        note = f"vbq-asleep-{self._own}"
        return (
            f"<p class='vbq-asleep {note}' style='display:none'>{asleep}</p>"
            f"<style>@media screen {{.jp-NotebookPanel .{note} {{display: block !important}} "
            f"body:has(.{self._own}) .{note} {{display: none !important}}}}</style>"
        )

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        display(HTML(self.asleep_html()))


def back_html(told: str, *, at: str) -> str:
    """A line on what comes back from another day; the page turns its time into that of the reader's clock.

    Parameters
    ----------
    told : str
        The line, with the time as :func:`vbqkit.exercises.told_time` has it: that of the computer with Python, which in
        Binder is not the reader's.
    at : str
        When, ISO 8601.

    Examples
    --------
    >>> back_html("Your answer of yesterday.", at="yesterday").partition(">")[2]
    "Your answer of <time datetime='yesterday'>yesterday</time>.</p>"
    """
    when = html.escape(told_time(at))
    line = html.escape(told).replace(when, f"<time datetime='{html.escape(at)}'>{when}</time>")
    return f"<p class='vbq-back' style='font-size:12px;margin:4px 0'>{line}</p>"
