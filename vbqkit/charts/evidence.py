"""Many diagnostic studies, drawn: the paired forest plot and the summary ROC curve."""

from __future__ import annotations

import math
from typing import Any

from vbqkit.charts.look import Chart, dress, legend_below, records, series_colour, tint
from vbqkit.page.colours import PAGE


def plot_forest(meta: Any, *, confidence: float = 0.95, source: str = "") -> Chart:
    """Sensitivity and specificity of each study with their intervals, and of all together (diamonds).

    Parameters
    ----------
    meta : DiagnosticMeta
        ``stats.fit_diagnostic_meta``.
    confidence : float
        Of the intervals: Wilson's of a study, the model's of the summary.
    source : str
        Where the studies come from.

    Returns
    -------
    Chart
    """
    studies, summary = meta.studies(confidence=confidence), meta.table(confidence=confidence).set_index("quantity")
    names = list(dict.fromkeys(studies["study"]))
    height = {name: len(names) - i for i, name in enumerate(names)}
    figure = Chart()
    for position, quantity in enumerate(("sensitivity", "specificity")):
        colour = series_colour(position)
        axis = {"xaxis": "x" if position == 0 else "x2", "yaxis": "y"}
        part = studies[studies["quantity"] == quantity]
        figure.add_scatter(
            x=part["estimate"],
            y=[height[name] for name in part["study"]],
            mode="markers",
            marker={
                "symbol": "square",
                "color": colour,
                "size": [5 + 9 * math.sqrt(total / part["total"].max()) for total in part["total"]],
            },
            error_x=_whiskers(part["estimate"], part["ci_low"], part["ci_high"]),
            customdata=[f"{r['study']}: {r['count']} of {r['total']}" for r in records(part)],
            hovertemplate="%{customdata}<br>%{x:.2f}<extra></extra>",
            name=quantity,
            **axis,
        )
        pooled = summary.loc[quantity]
        middle, low, high = (float(pooled[key]) for key in ("estimate", "ci_low", "ci_high"))
        figure.add_scatter(
            x=[low, middle, high, middle, low],
            y=[0, 0.25, 0, -0.25, 0],
            mode="lines",
            fill="toself",
            fillcolor=tint(colour, 0.5),
            line={"color": colour, "width": 1.5},
            name=f"summary {quantity} {middle:.2f} [{low:.2f}, {high:.2f}]",
            hoverinfo="name",
            **axis,
        )
    figure.update_layout(
        xaxis={"domain": [0, 0.47], "range": [-0.02, 1.02], "dtick": 0.2, "title": {"text": "Sensitivity (0 to 1)"}},
        xaxis2={
            "domain": [0.53, 1],
            "range": [-0.02, 1.02],
            "dtick": 0.2,
            "anchor": "y",
            "showline": True,
            "ticks": "outside",
            "gridcolor": PAGE["soft_rule"],
            "linecolor": PAGE["soft_ink"],
            "title": {"text": "Specificity (0 to 1)"},
        },
    )
    figure.update_yaxes(
        tickvals=[*height.values(), 0], ticktext=[*map(str, names), "Summary"], range=[-0.8, len(names) + 0.8]
    )
    height_px = 260 + 26 * len(names)
    legend_below(figure)
    figure.update_layout(legend={"y": -75 / (height_px - 180)}, margin={"b": 120})  # below the titles of both axes
    return dress(
        figure,
        title=f"{len(names)} studies, n = {int(meta.counts.sum())}",
        subtitle=" · ".join(filter(None, (source, meta.note))),
        height=height_px,
    )


def plot_sroc(meta: Any, *, confidence: float = 0.95, source: str = "") -> Chart:
    """Studies in ROC space, the summary point with its region, where a new study may lie, and the HSROC curve.

    Parameters
    ----------
    meta : DiagnosticMeta
        ``stats.fit_diagnostic_meta``.
    confidence : float
        Of the two regions.
    source : str
        Where the studies come from.

    Returns
    -------
    Chart
    """
    studies, summary = meta.studies(), meta.table(confidence=confidence).set_index("quantity")
    figure = Chart()
    blue, red = series_colour(0), series_colour(1)
    by = {q: studies[studies["quantity"] == q].reset_index(drop=True) for q in ("sensitivity", "specificity")}
    total = by["sensitivity"]["total"] + by["specificity"]["total"]
    figure.add_scatter(
        x=1 - by["specificity"]["estimate"],
        y=by["sensitivity"]["estimate"],
        mode="markers",
        marker={"color": tint(blue, 0.5), "size": 5 + 15 * (total / total.max()) ** 0.5, "line": {"color": blue}},
        customdata=by["sensitivity"]["study"],
        hovertemplate="%{customdata}<br>sensitivity %{y:.2f}<br>1 − specificity %{x:.2f}<extra></extra>",
        name="study (area by patients)",
    )
    curve = meta.curve()
    figure.add_scatter(
        x=1 - curve["specificity"],
        y=curve["sensitivity"],
        mode="lines",
        line={"color": blue, "width": 2.5},
        name="HSROC curve",
    )
    for kind, dash in (("confidence", "solid"), ("prediction", "dash")):
        outline = meta.region(kind=kind, confidence=confidence)
        figure.add_scatter(
            x=1 - outline["specificity"],
            y=outline["sensitivity"],
            mode="lines",
            line={"color": red, "width": 1.5, "dash": dash},
            name=f"{100 * confidence:g} % {kind} region",
            hoverinfo="name",
        )
    sensitivity, specificity = (float(summary.loc[q, "estimate"]) for q in ("sensitivity", "specificity"))
    figure.add_scatter(
        x=[1 - specificity],
        y=[sensitivity],
        mode="markers",
        marker={"size": 12, "color": red, "symbol": "diamond", "line": {"width": 1.5, "color": "black"}},
        name=f"summary: sensitivity {sensitivity:.2f}, specificity {specificity:.2f}",
    )
    figure.update_xaxes(range=[-0.02, 1.02], dtick=0.2, constrain="domain")
    figure.update_yaxes(range=[-0.02, 1.02], dtick=0.2, scaleanchor="x", constrain="domain")
    figure.update_layout(legend={"x": 0.98, "xanchor": "right", "y": 0.04, "yanchor": "bottom"}, width=640)
    return dress(
        figure,
        title=f"Summary ROC of {len(by['sensitivity'])} studies, n = {int(meta.counts.sum())}",
        subtitle=" · ".join(filter(None, (source, meta.note))),
        x="1 − specificity (share of controls called positive)",
        y="Sensitivity (share of cases called positive)",
        height=600,
    )


def _whiskers(middle: Any, low: Any, high: Any) -> dict[str, Any]:
    return {
        "type": "data",
        "array": (high - middle).clip(lower=0),
        "arrayminus": (middle - low).clip(lower=0),
        "thickness": 1.5,
        "width": 4,
    }
