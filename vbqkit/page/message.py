"""A message of a page that must not be overlooked."""

from __future__ import annotations

import html


def alert_html(text: str) -> str:
    """What went wrong and what to do, announced by screen readers.

    Examples
    --------
    >>> alert_html("a < b")
    "<div role='alert' style='max-width:860px'>⚠ a &lt; b</div>"
    """
    return f"<div role='alert' style='max-width:860px'>⚠ {html.escape(text)}</div>"
