"""The numbers of a study that was run again and again, and the printed one among them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.charts.look import GREY, Chart, dress, legend_below, p_text, records, series_colour, tint
from vbqkit.errors import TableError
from vbqkit.page.colours import OKABE_ITO

_MOST_CLASSES = 40
_DASHES = ("solid", "dash", "dot", "dashdot")
_UNITS = {
    "sensitivity": "%",
    "specificity": "%",
    "accuracy": "%",
    "cut-off": "unit of the score",
    "difference": "unit of the score",
    "r": "−1 to 1",
}


class Replicated(Protocol):
    """What is drawn: a ``vbqkit.study_replicas.StudyReplicas``."""

    @property
    def draws(self) -> Mapping[tuple[str, str], npt.NDArray[np.float64]]:
        """By comparison and statistic, one value a replica."""

    @property
    def population(self) -> str:
        """Who was studied."""

    @property
    def design(self) -> Any:
        """The study."""

    def compared(self) -> pd.DataFrame:
        """The table with the printed numbers."""


def plot_study_replicas(*replicas: Replicated, comparison: str, statistic: str) -> Chart:
    """How one number of a study scatters over its replicas, and where the printed one lies.

    Each population is a step line of its own colour and dash, filled; the printed number is a black line, its printed
    interval a grey band. What is drawn is the share of the replicas in each of up to 40 classes.

    Parameters
    ----------
    *replicas : StudyReplicas
        Of one study, from ``study_replicas.replicate_study``; several populations are laid over one another.
    comparison, statistic : str
        Such as ``"VBQ-T1 for fracture"`` and ``"AUC"``.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If there is nothing to draw, the studies differ, or one of them has not this number.
    """
    if not replicas:
        raise TableError("There are no replicas to draw. Pass study_replicas.replicate_study('Huang 2026').")
    names = list(dict.fromkeys(each.design.name for each in replicas))
    if len(names) > 1:
        raise TableError(f"Replicas of one study are drawn at a time; these are of {' and '.join(names)}.")
    key = (comparison, statistic)
    for each in replicas:
        if key not in each.draws:
            offered = "; ".join(f"{c}: {s}" for c, s in each.draws)
            raise TableError(
                f"The replicas of {names[0]} in '{each.population}' have no '{statistic}' of '{comparison}'. They have: {offered}."
            )
    values = [each.draws[key][np.isfinite(each.draws[key])] for each in replicas]
    if not all(len(v) for v in values):
        raise TableError(f"'{statistic}' of '{comparison}' is undefined in every replica: there is nothing to draw.")
    rows = [_row(each, key) for each in replicas]
    n = replicas[0].design.patients_of(replicas[0].design.analysis(comparison))
    limits = _limits(values, rows[0])
    fewest = min(len(v) for v in values)
    edges = np.linspace(*limits, min(_MOST_CLASSES, max(10, round(1.3 * fewest**0.5))) + 1)
    figure = Chart()
    for position, (each, known, row) in enumerate(zip(replicas, values, rows, strict=True)):
        share = 100.0 * np.histogram(np.clip(known, *limits), bins=edges)[0] / len(known)
        colour = series_colour(position)
        figure.add_scatter(
            x=np.repeat(edges, 2)[1:-1],
            y=np.repeat(share, 2),
            mode="lines",
            line={"color": colour, "width": 2, "dash": _DASHES[position % len(_DASHES)]},
            fill="tozeroy",
            fillcolor=tint(colour, 0.18),
            name=f"{each.population}: {_middle(row)}",
            hovertemplate="%{x:.3~g}: %{y:.1f} % of the replicas<extra></extra>",
        )
    _mark_print(figure, rows)
    figure.update_layout(showlegend=True)
    figure.update_yaxes(rangemode="tozero")
    legend_below(figure)
    return dress(
        figure,
        title=f"{names[0]}, n = {n}, run {len(replicas[0].draws[key])} times: {comparison}",
        subtitle=_where(rows),
        x=f"{statistic[0].upper() if len(statistic) > 1 else statistic[0]}{statistic[1:]} ({_UNITS.get(statistic, '0 to 1')})",
        y="Share of the replicas (%)",
    )


def _row(each: Replicated, key: tuple[str, str]) -> dict[str, Any]:
    table = each.compared()
    found = table[(table["comparison"] == key[0]) & (table["statistic"] == key[1])]
    return records(found)[0]


def _middle(row: Mapping[str, Any]) -> str:
    return f"95 % within {_short(row['low'])} to {_short(row['high'])}"


def _short(value: float) -> str:
    """Two decimals; two digits of what is smaller than 0.1, one decimal from 10 on."""
    small = 0.0 < abs(value) < 0.1
    return (f"{value:.2g}" if small else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}").replace("-", "−")


def _number(row: Mapping[str, Any]) -> float:
    text = str(row["printed"]).strip().rstrip("%").strip().replace("−", "-").replace(",", ".")
    try:
        return float(text)
    except ValueError:  # not printed, or a bound such as <0.001
        return math.nan


def _limits(values: list[npt.NDArray[np.float64]], row: Mapping[str, Any]) -> tuple[float, float]:
    """All but the outermost thousandth, which goes into the first and last class, and the printed number."""
    ends = [float(q) for v in values for q in np.quantile(v, (0.001, 0.999))]
    ends += [x for x in (_number(row), float(row["printed_low"]), float(row["printed_high"])) if math.isfinite(x)]
    low, high = min(ends), max(ends)
    room = 0.03 * (high - low) or max(0.5, 0.05 * abs(low))
    return low - room, high + room


def _mark_print(figure: Chart, rows: list[dict[str, Any]]) -> None:
    value, low, high = _number(rows[0]), float(rows[0]["printed_low"]), float(rows[0]["printed_high"])
    if math.isfinite(low) and math.isfinite(high):
        figure.add_vrect(x0=low, x1=high, fillcolor=tint(GREY, 0.15), line_width=0, layer="below")
        figure.add_scatter(
            x=[low, high],
            y=[0, 0],
            mode="lines",
            line={"color": GREY, "width": 6},
            name=f"printed interval {_short(low)} to {_short(high)}",
            hoverinfo="skip",
        )
    if math.isfinite(value):
        figure.add_vline(
            x=value,
            line={"color": OKABE_ITO["black"], "width": 2},
            annotation={"text": f"printed: {rows[0]['printed']}"},
            annotation_position="top",
        )


def _where(rows: list[dict[str, Any]]) -> str:
    said = [
        f"{row['population']}: {row['percentile']:.0f} % of the replicas lie below the printed number, {p_text(row['p'])}"
        for row in rows
        if math.isfinite(row["percentile"])
    ]
    return "<br>".join(said) if said else "no number is printed that could be compared"
