"""What a widget leaves on paper, and in a saved notebook without a kernel: words and a picture, no raw repr."""

from __future__ import annotations

import html
from typing import Any

from vbqkit.language import translated


class Still:
    """Mixed into a widget: gives its output a still text besides the live view, taken when the cell is run.

    JupyterLab shows the live view. The page that it prints (File, Print) and every export without widget state show the
    still.
    """

    def still_html(self) -> str:
        """What is printed."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc] # of the widget beside it
        return bundle | {"text/html": f"<div class='vbq-still'>{self.still_html()}</div>"}


def question_html(text: str, options: tuple[str, ...] = ()) -> str:
    """A question with boxes to tick, or with a line to write on.

    Examples
    --------
    >>> question_html("L5 < S1?", ("yes", "no")).count("☐")
    2
    """
    ticks = "".join(f"<li style='list-style:none'>☐ {html.escape(option)}</li>" for option in options)
    return f"<p style='max-width:760px'><b>{html.escape(text)}</b></p>" + (
        f"<ul style='padding-left:8px'>{ticks}</ul>" if ticks else f"<p>{translated('Answer:')} ______________</p>"
    )
