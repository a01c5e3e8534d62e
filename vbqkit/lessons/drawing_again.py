"""A reference group drawn again at each press, until one believes that five is few."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets
import numpy as np

from vbqkit.exercises.six_scanners import drawn_groups
from vbqkit.html_table import table_html
from vbqkit.lessons.awake import Awake

_HEAD = ("women", "mean SNR", "SD", "her M-score", "lowest so far", "highest so far")


class DrawnGroups(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Reference groups of several sizes, drawn anew by a button; see :func:`redraw_groups`.

    Attributes
    ----------
    draws : int
        How often groups were drawn.
    m_scores : dict of int to list of float
        Size of a group to the M-scores that it gave, in the order of the draws.
    """

    def __init__(self, young: Iterable[float], patient_snr: float, sizes: Iterable[int]) -> None:
        self._young, self._snr, self._sizes = tuple(young), float(patient_snr), tuple(sizes)
        self.draws = 0
        self.m_scores: dict[int, list[float]] = {n: [] for n in self._sizes}
        self._table = ipywidgets.HTML()
        button = ipywidgets.Button(
            description="Draw the groups again",
            button_style="primary",
            tooltip="Other women of the same scanner",
            layout={"width": "max-content"},
        )
        button.on_click(lambda _: self.draw())
        super().__init__([button, self._table])
        self.add_class("vbq-drawn-groups")
        self.draw()

    def still_html(self) -> str:
        """The groups as drawn so far."""
        return str(self._table.value)

    def draw(self) -> None:
        """Draw a group of each size, and show what becomes of the M-score."""
        self.draws += 1
        rows: dict[str, list[float]] = {}
        for row in drawn_groups(
            self._young, self._snr, sizes=self._sizes, rng=np.random.default_rng([self.draws, len(self._young)])
        ):
            known = self.m_scores[int(row["n"])]
            known.append(row["m_score"])
            rows[f"{row['n']}"] = [row["mean"], row["sd"], row["m_score"], min(known), max(known)]
        times = "once" if self.draws == 1 else f"{self.draws} times"
        self._table.value = (
            f"<div role='status' aria-live='polite'>{table_html(rows, head=_HEAD, digits=1)}Drawn {times}.</div>"
        )


def redraw_groups(young: Iterable[float], patient_snr: float, *, sizes: Iterable[int] = (5, 12, 30)) -> DrawnGroups:
    """Reference groups of several sizes, drawn again at each press, with the M-score of one patient. Synthetic.

    Parameters
    ----------
    young : iterable of float
        SNR of young women on one machine.
    patient_snr : float
        SNR of the patient on the same machine.
    sizes : iterable of int
        How many women in each group.

    Returns
    -------
    DrawnGroups
        The last line of a cell.

    Examples
    --------
    >>> groups = redraw_groups([40.0, 50.0, 60.0, 45.0], 80.0)
    >>> groups.draw()
    >>> len(groups.m_scores[5])
    2
    """
    return DrawnGroups(young, patient_snr, sizes)
