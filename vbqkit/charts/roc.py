"""ROC curves with their bands, their areas and the cut-off that was chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from vbqkit.charts.look import GREY, Chart, dress, need_columns, records, series_colour, tint
from vbqkit.errors import TableError

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def plot_roc(
    curves: Mapping[str, pd.DataFrame],
    *,
    bands: Mapping[str, pd.DataFrame] | None = None,
    aucs: Mapping[str, pd.DataFrame] | None = None,
    cutoffs: Mapping[str, pd.DataFrame] | None = None,
    source: str = "",
) -> Chart:
    """One or more ROC curves: sensitivity against 1 - specificity at every cut-off.

    A curve towards the upper left corner tells cases from controls; the diagonal is what chance gives.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        Name of the score to ``stats.roc_curve``.
    bands : mapping, optional
        Name to ``stats.roc_band``: shaded.
    aucs : mapping, optional
        Name to ``stats.auc``: in the legend, with its interval.
    cutoffs : mapping, optional
        Name to ``stats.best_cutoff``: a marker at its sensitivity and specificity, with whiskers of their intervals.
    source : str
        Where the patients come from.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If there is no curve, a name has no curve, or a table lacks a column.
    """
    if not curves:
        raise TableError("There is no curve to draw. Pass {'VBQ-T1': stats.roc_curve(...)}.")
    for extra in (bands or {}, aucs or {}, cutoffs or {}):
        unknown = sorted(set(extra) - set(curves))
        if unknown:
            raise TableError(f"{', '.join(unknown)} has no curve; there are: {', '.join(curves)}. Use the same names.")
    figure = Chart()
    for position, (name, curve) in enumerate(curves.items()):
        colour = series_colour(position)
        if bands and name in bands:
            _add_band(figure, bands[name], colour)
        _add_curve(figure, curve, _legend(name, (aucs or {}).get(name)), colour, _DASHES[position % len(_DASHES)])
        if cutoffs and name in cutoffs:
            _add_cutoff(figure, cutoffs[name], name, colour)
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        name="chance",
    )
    first = next(iter(curves.values())).iloc[0]
    side = {"high": "at or above", "low": "at or below"}
    calls = {name: side[str(curve["positive"].iloc[0])] for name, curve in curves.items()}
    one = len(set(calls.values())) == 1
    who = next(iter(calls.values())) if one else ", ".join(f"{name} {call}" for name, call in calls.items())
    called = f"positive {who} the cut-off" if one else f"positive: {who} the cut-off"
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.2, constrain="domain")
    figure.update_yaxes(range=[-0.02, 1.02], dtick=0.2, scaleanchor="x", constrain="domain")
    figure.update_layout(legend={"x": 0.98, "xanchor": "right", "y": 0.04, "yanchor": "bottom"}, width=640)
    return dress(
        figure,
        title=f"ROC, n = {first['n_case']} cases + {first['n_control']} controls",
        subtitle=" · ".join(filter(None, (called, source))),
        x="1 − specificity (share of controls called positive)",
        y="Sensitivity (share of cases called positive)",
        height=600,
    )


def _legend(name: str, area: pd.DataFrame | None) -> str:
    if area is None:
        return name
    need_columns(area, ("estimate", "ci_low", "ci_high"), "The AUC")
    found = area.iloc[0]
    interval = f" [{found['ci_low']:.2f}, {found['ci_high']:.2f}]" if math.isfinite(float(found["ci_low"])) else ""
    return f"{name}: AUC {found['estimate']:.2f}{interval}"


def _add_curve(figure: Any, curve: pd.DataFrame, legend: str, colour: str, dash: str) -> None:
    need_columns(curve, ("cutoff", "sensitivity", "specificity", "positive", "n_case", "n_control"), "The ROC curve")
    curve = curve.sort_values(["specificity", "sensitivity"], ascending=[True, False])
    rule = "≥" if curve["positive"].iloc[0] == "high" else "≤"
    figure.add_scatter(
        x=1 - curve["specificity"],
        y=curve["sensitivity"],
        mode="lines",
        line={"color": colour, "width": 2.5, "dash": dash},
        name=legend,
        customdata=curve["cutoff"],
        hovertemplate=f"cut-off {rule} %{{customdata:.3g}}<br>sensitivity %{{y:.2f}}<br>1 − specificity %{{x:.2f}}<extra></extra>",
    )


def _add_band(figure: Any, band: pd.DataFrame, colour: str) -> None:
    need_columns(band, ("specificity", "ci_low", "ci_high", "confidence"), "The ROC band")
    band = band.sort_values("specificity")
    for edge, fill in (("ci_high", None), ("ci_low", "tonexty")):
        figure.add_scatter(
            x=1 - band["specificity"],
            y=band[edge],
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=tint(colour, 0.15),
            hoverinfo="skip",
            showlegend=False,
            name=f"{100 * float(band['confidence'].iloc[0]):g} % band",
        )


def _add_cutoff(figure: Any, chosen: pd.DataFrame, name: str, colour: str) -> None:
    need_columns(chosen, ("quantity", "estimate", "ci_low", "ci_high"), "The cut-off")
    by = {row["quantity"]: row for row in records(chosen)}
    cutoff, sensitivity, specificity = by["cutoff"], by["sensitivity"], by["specificity"]

    def whiskers(row: dict[str, Any], *, flip: bool) -> dict[str, Any]:
        up, down = row["ci_high"] - row["estimate"], row["estimate"] - row["ci_low"]
        return {
            "type": "data",
            "array": [max(0.0, down if flip else up)],
            "arrayminus": [max(0.0, up if flip else down)],
            "thickness": 1.5,
            "width": 5,
        }

    figure.add_scatter(
        x=[1 - specificity["estimate"]],
        y=[sensitivity["estimate"]],
        mode="markers+text",
        text=[f"{cutoff['estimate']:.3g}"],
        textposition="bottom right",
        marker={"size": 11, "color": colour, "line": {"width": 1.5, "color": "black"}},
        error_x=whiskers(specificity, flip=True),
        error_y=whiskers(sensitivity, flip=False),
        name=f"{name}: cut-off {cutoff['estimate']:.3g} [{cutoff['ci_low']:.3g}, {cutoff['ci_high']:.3g}]",
        hovertemplate=f"chosen cut-off {cutoff['estimate']:.3g}<br>sensitivity %{{y:.2f}}<br>1 − specificity %{{x:.2f}}<extra></extra>",
    )
