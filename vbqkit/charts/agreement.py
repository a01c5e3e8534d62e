"""Two measurements of the same patients: their agreement, and whether the difference grows with the size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from vbqkit.charts.look import GREY, Chart, dress, legend_below, need_columns, records, signed, tint
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.page.colours import BLUE, OKABE_ITO, VERMILION

_LINES = {
    "upper limit": (OKABE_ITO["green"], "dash"),
    "bias": (OKABE_ITO["black"], "solid"),
    "lower limit": (OKABE_ITO["green"], "dash"),
}


def plot_bland_altman(
    readings: pd.DataFrame,
    *,
    a: str,
    b: str,
    agreement: pd.DataFrame,
    quantity: str,
    acceptable: float | None = None,
    source: str = "",
) -> Chart:
    """Bland-Altman plot: the difference of two measurements against their mean, with bias and limits of agreement.

    Points within a narrow, level band agree; a slope means that one measures large values higher. The shaded bands are
    the intervals of bias and limits: with few patients the limits are not well known.

    Parameters
    ----------
    readings : DataFrame
        One row per patient, columns `a` and `b`.
    a, b : str
        The two measurements, such as two readers; the difference is a - b.
    agreement : DataFrame
        From ``stats.bland_altman(a, b, data=readings, ...)``, which also says whether the difference is absolute or in
        percent.
    quantity : str
        What was measured, for the axes, such as ``"VBQ-T1"``.
    acceptable : float, optional
        Largest acceptable difference, stated beforehand: dotted lines on both sides of 0.
    source : str
        Where the readings come from.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If a column is missing or no row has both measurements.
    """
    need_columns(readings, (a, b), "The Bland-Altman plot")
    need_columns(agreement, ("quantity", "estimate", "ci_low", "ci_high", "scale", "n"), "The Bland-Altman plot")
    pairs = readings[[a, b]].apply(pd.to_numeric, errors="coerce")
    known = pairs.notna().all(axis=1)
    if not known.any():
        raise TableError(
            f"No row has a number in both '{a}' and '{b}', so there is nothing to draw. Fill in the columns, or choose others."
        )
    pairs = pairs[known]
    mean = pairs.mean(axis=1)
    percent = str(agreement["scale"].iloc[0]) == "percent"
    difference = (pairs[a] - pairs[b]) / (mean / 100 if percent else 1)
    lines = {row["quantity"]: row for row in records(agreement)}
    unit = column(quantity).unit or "no unit"
    figure = Chart()
    _draw_limits(figure, lines)
    if acceptable is not None:
        _draw_acceptable(figure, acceptable, "%" if percent else column(quantity).unit or "")
    figure.add_scatter(
        x=mean,
        y=difference,
        mode="markers",
        name="patients",
        showlegend=False,
        customdata=[i for i, keep in enumerate(known) if keep],
        text=[str(v) for v in (readings.loc[known, "id"] if "id" in readings else pairs.index)],
        marker={"size": 9, "color": BLUE, "line": {"width": 1, "color": "white"}},
        hovertemplate="patient %{text}<br>mean %{x:.4~g}<br>difference %{y:.3~g}<extra></extra>",
    )
    figure.add_hline(y=0, line={"color": GREY, "width": 1}, layer="below")
    figure.update_yaxes(range=_reach(difference, lines, acceptable))
    figure.update_layout(margin={"r": 130})
    left = f" ({int((~known).sum())} left out: a value is missing)" if not known.all() else ""
    return dress(
        figure,
        title=f"{quantity}: {a} against {b}, n = {len(pairs)}{left}",
        subtitle=source,
        x=f"Mean of the two, {quantity} ({unit})",
        y=f"{a} − {b} ({'% of their mean' if percent else unit})",
    )


def _draw_limits(figure: Chart, lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Bias and limits of agreement, each with the band of its interval and its numbers at the right."""
    for name, (colour, dash) in _LINES.items():
        line = lines[name]
        if pd.notna(line["ci_low"]):
            figure.add_hrect(
                y0=line["ci_low"], y1=line["ci_high"], fillcolor=tint(colour, 0.12), line_width=0, layer="below"
            )
        figure.add_hline(
            y=line["estimate"],
            line={"color": colour, "width": 2, "dash": dash},
            annotation={
                "text": f"{name} {signed(line['estimate'])}<br>[{signed(line['ci_low'])}, {signed(line['ci_high'])}]",
                "font": {"size": 11, "color": colour},
                "xanchor": "left",
                "x": 1.01,
                "yanchor": "middle",
                "align": "left",
            },
        )


def _draw_acceptable(figure: Chart, acceptable: float, unit: str) -> None:
    """The largest acceptable difference: a dotted line on both sides of 0."""
    for side in (-acceptable, acceptable):
        figure.add_hline(y=side, line={"color": VERMILION, "width": 1.5, "dash": "dot"})
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="lines",
        line={"color": VERMILION, "dash": "dot"},
        name=f"acceptable: ±{acceptable:g} {unit}".rstrip(),
    )
    legend_below(figure)


def _reach(
    difference: Iterable[float], lines: Mapping[str, Mapping[str, Any]], acceptable: float | None
) -> list[float]:
    """From the lowest to the highest thing drawn, with a margin."""
    ends = [lines[name][end] for name in _LINES for end in ("estimate", "ci_low", "ci_high")]
    asked = [] if acceptable is None else [-acceptable, acceptable]
    drawn = [v for v in (*difference, *ends, *asked) if pd.notna(v)]
    margin = 0.06 * (max(drawn) - min(drawn)) or 1.0
    return [min(drawn) - margin, max(drawn) + margin]
