"""What the parts of the page of one's own case have in common: a button, and plain lines."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets

WIDE = {"width": "520px"}
"""Layout of a field that holds a sentence or a path."""


def button(text: str, act: Callable[[], None], tooltip: str) -> Any:
    """A button that does one thing."""
    made = ipywidgets.Button(description=text, button_style="primary", tooltip=tooltip, layout={"width": "max-content"})
    made.on_click(lambda _: act())
    return made


def words(*lines: str) -> str:
    """Plain lines as paragraphs."""
    return "".join(f"<p style='max-width:860px;margin:2px 0'>{html.escape(line)}</p>" for line in lines)
