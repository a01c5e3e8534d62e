"""A guess that is asked for before anything moves, and stands beside what is seen then."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from vbqkit.errors import VbqkitError
from vbqkit.language import digits, marked, translated

UP, STAYS, DOWN = marked("rises"), marked("stays"), marked("falls")
_SMALL = "font-size:12px;line-height:1.3"

SAME_PERCENT = 2.0
"""Up to this change a reading is said to stay: less than two scans of the same person differ."""


class Guess(ipywidgets.HBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Words and a button for each answer; the first press counts, and is kept on the page.

    Parameters
    ----------
    text : str
        What is asked.
    options : sequence of str
        The answers.
    kept : str, optional
        What of the question stays once the guess is given; all of it without this.
    on_given : callable
        Called once, when the guess is given.

    Attributes
    ----------
    given : str
        The guess; empty before it is given.
    """

    def __init__(
        self, text: str, options: Sequence[str], *, on_given: Callable[[], None], kept: str | None = None
    ) -> None:
        self.given = ""
        self._options = tuple(options)
        self._kept, self._on_given = text if kept is None else kept, on_given
        self._said = ipywidgets.HTML(f"<span class='vbq-ask' style='{_SMALL}'>{html.escape(text)}</span>")
        self.buttons = tuple(
            ipywidgets.Button(
                description=option,
                tooltip=translated("My guess: {guess}", guess=option),
                layout={"width": "auto", "height": "24px", "padding": "0 7px"},
            )
            for option in options
        )
        for button in self.buttons:
            button.on_click(lambda pressed: self.give(pressed.description))
        super().__init__([self._said, *self.buttons], layout={"flex_flow": "row wrap", "align_items": "center"})
        self.add_class("vbq-guess")

    def give(self, option: str) -> None:
        """Take the guess; it cannot be changed afterwards.

        Raises
        ------
        VbqkitError
            If it is none of the answers.
        """
        if option not in self._options:
            raise VbqkitError(f"{option!r} is none of the answers: give one of {', '.join(self._options)}")
        if self.given:
            return
        self.given = option
        self.children = (self._said,)
        self.show_seen("")
        self._on_given()

    @property
    def number(self) -> int | None:
        """Which of the answers was given, whatever the language; None before."""
        return self._options.index(self.given) if self.given else None

    def give_again(self, number: Any) -> None:
        """Give a guess that was kept by its number; anything else is not given."""
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < len(self._options):
            self.give(self._options[number])

    def show_seen(self, seen: str) -> None:
        """What is seen, in HTML, beside the guess."""
        self._said.value = (
            f"<span role='status' aria-live='polite' style='{_SMALL}'>{html.escape(self._kept)} <i>{html.escape(self.given)}</i> "
            f"{translated('(your guess).')} {seen}</span>"
        )


def seen_against(guess: str, percent: float) -> str:
    """What happened to a reading when its slider was moved up, with a sign for whether the guess had it so.

    Examples
    --------
    >>> seen_against("falls", -12.4)
    '✓ Seen: −12 %.'
    >>> seen_against("stays", 5.0)
    '✗ Seen: +5 %.'
    """
    happened = STAYS if abs(percent) <= SAME_PERCENT else UP if percent > 0 else DOWN
    seen = translated("Seen: {percent} %.", percent=digits(percent, "+.0f").replace("-", "−"))
    return f"{'✓' if translated(happened) == guess else '✗'} {seen}"
