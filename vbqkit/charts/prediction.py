"""What a prediction model is worth, drawn: calibration, decision curve and nomogram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from vbqkit.charts.look import GREY, Chart, dress, legend_below, need_columns, series_colour, tint
from vbqkit.errors import TableError

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def plot_calibration(
    curves: Mapping[str, pd.DataFrame],
    *,
    groups: Mapping[str, pd.DataFrame] | None = None,
    source: str = "",
) -> Chart:
    """Observed against predicted probability: on the diagonal the probabilities are right.

    Below it the model promises too much risk, above it too little.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        Name of the model to ``stats.calibration_curve``; its interval is shaded.
    groups : mapping, optional
        Name to ``stats.calibration_groups``: points with whiskers.
    source : str
        Where the patients come from; say whether the model was fitted to them.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        There is no curve, groups have no curve, or a table lacks a column.
    """
    if not curves:
        raise TableError("There is no curve to draw. Pass {'model': stats.calibration_curve(...)}.")
    unknown = sorted(set(groups or {}) - set(curves))
    if unknown:
        raise TableError(f"{', '.join(unknown)} has no curve; there are: {', '.join(curves)}. Use the same names.")
    figure = Chart()
    for position, (name, curve) in enumerate(curves.items()):
        need_columns(curve, ("probability", "estimate", "ci_low", "ci_high", "n", "n_case"), "The calibration curve")
        colour = series_colour(position)
        if curve["ci_low"].notna().any():
            _band(figure, curve["probability"], curve["ci_low"], curve["ci_high"], colour)
        figure.add_scatter(
            x=curve["probability"],
            y=curve["estimate"],
            mode="lines",
            line={"color": colour, "width": 2.5, "dash": _DASHES[position % len(_DASHES)]},
            name=name,
            hovertemplate="predicted %{x:.2f}<br>observed %{y:.2f}<extra></extra>",
        )
        if groups and name in groups:
            points = groups[name]
            need_columns(points, ("probability", "estimate", "ci_low", "ci_high", "n"), "The calibration groups")
            figure.add_scatter(
                x=points["probability"],
                y=points["estimate"],
                mode="markers",
                marker={"size": 9, "color": colour, "line": {"width": 1, "color": "black"}},
                error_y={
                    "type": "data",
                    "array": (points["ci_high"] - points["estimate"]).clip(lower=0),
                    "arrayminus": (points["estimate"] - points["ci_low"]).clip(lower=0),
                    "thickness": 1.5,
                    "width": 4,
                },
                customdata=points["n"],
                name=f"{name}: groups of patients",
                hovertemplate="predicted %{x:.2f}<br>observed %{y:.2f}<br>n = %{customdata}<extra></extra>",
            )
    _diagonal(figure, "right")
    first = next(iter(curves.values())).iloc[0]
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.2, constrain="domain")
    figure.update_yaxes(range=[-0.02, 1.02], dtick=0.2, scaleanchor="x", constrain="domain")
    legend_below(figure)
    figure.update_layout(width=640)
    return dress(
        figure,
        title=f"Calibration, n = {first['n']}, {first['n_case']} cases",
        subtitle=source,
        x="Predicted probability (0 to 1)",
        y="Observed share of cases (0 to 1)",
        height=600,
    )


def plot_decision_curve(curve: pd.DataFrame, *, source: str = "") -> Chart:
    """Net benefit against the threshold: a model is of use where it lies above "treat all" and "treat none".

    Parameters
    ----------
    curve : DataFrame
        ``stats.decision_curve``; intervals, where there are some, are shaded.
    source : str
        Where the patients come from.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        The table is empty or lacks a column.
    """
    need_columns(curve, ("strategy", "threshold", "estimate", "ci_low", "ci_high", "n", "n_case"), "The decision curve")
    if curve.empty:
        raise TableError("The decision curve has no row. Pass stats.decision_curve(...).")
    figure, position = Chart(), 0
    for strategy in dict.fromkeys(curve["strategy"]):
        part = curve[curve["strategy"] == strategy].sort_values("threshold")
        plain = strategy in {"treat all", "treat none"}
        colour = GREY if plain else series_colour(position)
        dash = ("dot" if strategy == "treat all" else "solid") if plain else _DASHES[position % len(_DASHES)]
        position += 0 if plain else 1
        if not plain and part["ci_low"].notna().any():
            _band(figure, part["threshold"], part["ci_low"], part["ci_high"], colour)
        figure.add_scatter(
            x=part["threshold"],
            y=part["estimate"],
            mode="lines",
            line={"color": colour, "width": 1.5 if plain else 2.5, "dash": dash},
            name=strategy,
            hovertemplate="threshold %{x:.2f}<br>net benefit %{y:.3f}<extra></extra>",
        )
    top = float(curve["estimate"].max())
    figure.update_yaxes(range=[-0.25 * max(top, 0.05), 1.15 * max(top, 0.05)])
    legend_below(figure)
    first = curve.iloc[0]
    return dress(
        figure,
        title=f"Decision curve, n = {first['n']}, {first['n_case']} cases",
        subtitle=source,
        x="Threshold probability at which one would act (0 to 1)",
        y="Net benefit (true positives per patient)",
        height=500,
    )


def plot_nomogram(table: pd.DataFrame, *, outcome: str = "probability", source: str = "") -> Chart:
    """A nomogram: read off the points of each value, add them up, and read the probability below the total.

    Parameters
    ----------
    table : DataFrame
        ``stats.nomogram``.
    outcome : str
        What the probability is of, such as "fracture".
    source : str
        Where the patients come from.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        The table lacks a column, or has no predictor.
    """
    need_columns(table, ("scale", "value", "points", "probability", "n", "n_case"), "The nomogram")
    predictors = [name for name in dict.fromkeys(table["scale"]) if name != "total points"]
    if not predictors:
        raise TableError("The nomogram has no predictor. Pass stats.nomogram(model).")
    totals = table[table["scale"] == "total points"]
    most = sum(float(table.loc[table["scale"] == name, "points"].max()) for name in predictors)
    names = ["Points", *predictors, "Total points", f"{outcome[:1].upper()}{outcome[1:]}"]
    place = {name: len(names) - 1 - i for i, name in enumerate(names)}
    figure = Chart()
    # Above: 0 to 100 points; below: the sum of points, drawn over the same width.
    _scale(figure, place["Points"], [(f"{p}", float(p)) for p in range(0, 101, 10)], GREY, "Points")
    for position, name in enumerate(predictors):
        part = table[table["scale"] == name]
        ticks = list(zip(part["value"].astype(str), part["points"].astype(float), strict=True))
        _scale(figure, place[name], ticks, series_colour(position), name)
    step = next(s for s in (10, 20, 25, 50, 100, 200, 500, 1000, 10_000) if most / s <= 12)
    shrink = 100 / most
    sums = [(f"{k * step}", k * step * shrink) for k in range(int(most // step) + 1)]
    _scale(figure, place["Total points"], sums, GREY, "Total points")
    chances = [(f"{p:g}", t * shrink) for p, t in zip(totals["probability"], totals["points"], strict=True)]
    _scale(figure, place[names[-1]], chances, GREY, names[-1])
    figure.update_yaxes(
        tickvals=list(place.values()), ticktext=list(place), showgrid=False, range=[-0.7, len(names) - 0.3], ticks=""
    )
    figure.update_xaxes(range=[-3, 103], showticklabels=False, ticks="", showline=False)
    figure.update_layout(showlegend=False)
    first = table.iloc[0]
    return dress(
        figure,
        title=f"Nomogram, n = {first['n']}, {first['n_case']} cases",
        subtitle=source,
        x="Points of a value (0 to 100); total points and probability in the two lowest rows (own scale)",
        height=150 + 55 * len(names),
    )


def _scale(figure: Any, height: int, ticks: list[tuple[str, float]], colour: str, name: str) -> None:
    """One axis of the nomogram: a line with ticks, labels above and below in turn so that close ones stay legible."""
    ordered = sorted(ticks, key=lambda tick: tick[1])
    figure.add_scatter(
        x=[at for _, at in ordered],
        y=[height] * len(ordered),
        mode="lines+markers+text",
        line={"color": colour, "width": 2},
        marker={"symbol": "line-ns-open", "size": 10, "color": colour},
        text=[label for label, _ in ordered],
        textposition=["top center" if i % 2 == 0 else "bottom center" for i in range(len(ordered))],
        name=name,
        hovertemplate=f"{name}: %{{text}}<br>%{{x:.0f}}<extra></extra>",
    )


def _band(figure: Any, x: Any, low: Any, high: Any, colour: str) -> None:
    for edge, fill in ((high, None), (low, "tonexty")):
        figure.add_scatter(
            x=x,
            y=edge,
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=tint(colour, 0.15),
            hoverinfo="skip",
            showlegend=False,
            name="interval",
        )


def _diagonal(figure: Any, name: str) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        name=name,
    )
