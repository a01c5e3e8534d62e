"""What a student did with a view of a lesson comes back when its cell is run again: the guess, and the sliders."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from vbqkit.errors import VbqkitError
from vbqkit.exercises.kept_views import keep_view, kept_view
from vbqkit.exercises.student import student_number


class ComingBack:
    """The last state of one view of one student.

    Parameters
    ----------
    name : str or None
        Of the view, such as ``"10-null"``; None: nothing is kept.

    Attributes
    ----------
    before : dict
        What was kept when the view was made; empty if nothing was.
    """

    def __init__(self, name: str | None) -> None:
        self._name, self._student = name, ""
        self.before: dict[str, Any] = {}
        if name is not None:
            with contextlib.suppress(VbqkitError):  # each exercise says that nothing can be read or kept
                self._student = student_number()
                self.before = kept_view(name, student=self._student)

    def keep(self, values: dict[str, Any]) -> None:
        """Keep this state; a computer that keeps nothing is no reason to stop a slider."""
        if self._name is not None and self._student:
            with contextlib.suppress(VbqkitError):
                keep_view(self._name, values, student=self._student)

    def part(self, name: str) -> dict[str, Any]:
        """One part of what was kept, by name; empty where there is none of that kind."""
        found = self.before.get(name)
        return found if isinstance(found, dict) else {}


def within(value: Any, low: float, high: float) -> float | None:
    """A number that a slider can stand at; None for everything else that a file may hold.

    Examples
    --------
    >>> within(450, 300, 3000), within("450", 300, 3000), within(10, 300, 3000)
    (450.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value) if low <= value <= high else None
