"""What is made when it is wanted: a lesson opens without scanning patients that nobody has asked for yet."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TypeAlias

import ipywidgets
from IPython.display import HTML

from vbqkit.errors import VbqkitError
from vbqkit.language import marked, said, translated
from vbqkit.lessons.awake import Awake

_AS_AN_OUTPUT = "line-height: var(--jp-content-line-height); padding: 0; width: 0; min-width: 100%"
"""As what a cell shows: as wide as the page, and what is wider scrolls within its own frame."""

DRAW_THE_PATIENT = marked("Draw the patient")

Shown: TypeAlias = "ipywidgets.Widget | HTML"


class Beginning(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """A button that makes an exercise, a table or a picture, and puts it in its own place.

    Parameters
    ----------
    make : callable
        ``make()`` returns a widget, or what :func:`~vbqkit.lessons.show_table` and its siblings return, or a tuple of
        these; called once, when the button is pressed.
    text : str
        On the button: what happens.

    Attributes
    ----------
    exercise : widget or None
        What was made (a table or a picture as a widget that shows it); None until the button is pressed.

    Examples
    --------
    >>> waiting = begin(lambda: ipywidgets.HTML("Place L1."), "Draw the patient")
    >>> waiting.exercise is None
    True
    >>> waiting.begin()
    >>> waiting.exercise.value
    'Place L1.'
    """

    def __init__(self, make: Callable[[], Shown | tuple[Shown, ...]], text: str) -> None:
        self._make = make
        self.exercise: ipywidgets.Widget | None = None
        self._button = ipywidgets.Button(
            description=translated(text), button_style="primary", layout={"width": "max-content"}
        )
        self._button.on_click(lambda _: self.begin())
        self._status = ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self._button, self._status])])
        self.add_class("vbq-beginning")

    def still_html(self) -> str:
        """How to start it."""
        return f"<p>{translated('Run the notebook and press <b>{button}</b>.', button=html.escape(self._button.description))}</p>"

    def begin(self) -> None:
        """Make the exercise and show it. If it cannot be made, or is interrupted, the button stays."""
        if self.exercise is not None:
            return
        self._button.disabled = True
        self._say(f"<progress aria-label='{translated('working')}'></progress> {translated('Some seconds.')}")
        try:
            made = self._make()
        except VbqkitError as error:
            self._say(html.escape(said(str(error))))
        except KeyboardInterrupt:
            self._say(translated("Interrupted. Press the button to begin again."))
        else:
            self.exercise = ipywidgets.VBox([_widget(m) for m in made]) if isinstance(made, tuple) else _widget(made)
            self.children = (self.exercise,)
        finally:
            self._button.disabled = False

    def progress(self, done: int, total: int) -> None:
        """Say how far the making has come; `make` may call it."""
        self._say(
            f"<progress aria-label='{translated('working')}' value='{done}' max='{total}'></progress> "
            + translated("{done} of {total}", done=done, total=total)
        )

    def _say(self, text: str) -> None:
        self._status.value = f"<div role='status' aria-live='polite'>{text}</div>"


def _widget(made: Shown) -> ipywidgets.Widget:
    if not isinstance(made, HTML):
        return made
    return ipywidgets.HTML(f"<div class='jp-RenderedHTMLCommon' style='{_AS_AN_OUTPUT}'>{made.data}</div>")


def begin(make: Callable[[], Shown | tuple[Shown, ...]], text: str = DRAW_THE_PATIENT) -> Beginning:
    """Show a button that makes an exercise, a table or a picture when it is pressed.

    Parameters
    ----------
    make : callable
        ``make()`` returns a widget, or what :func:`~vbqkit.lessons.show_table` and its siblings return, or a tuple of
        these.
    text : str
        On the button: what happens.

    Returns
    -------
    Beginning
        The last line of a cell; its ``exercise`` is what was made.

    Examples
    --------
    >>> begin(lambda: ipywidgets.HTML("Place L1.")).exercise is None
    True
    """
    return Beginning(make, text)
