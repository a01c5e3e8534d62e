"""Where a score stands: with its interval on its scale, and among the cut-offs that papers printed."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from vbqkit.charts.look import GREY, Chart, dress, need_columns, records, tint
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.page.colours import BLUE, OKABE_ITO, VERMILION
from vbqkit.stats import verdict

_SOURCES = {
    "all": OKABE_ITO["black"],
    "pixel noise": OKABE_ITO["blue"],
    "ROI placement": OKABE_ITO["green"],
    "reference group": OKABE_ITO["purple"],
}


_VERDICTS = {
    "positive": (VERMILION, "diamond"),
    "negative": (BLUE, "circle"),
    "indeterminate": (GREY, "square-open"),
    "": (OKABE_ITO["black"], "square"),
}


def plot_cutoffs(
    cutoffs: pd.DataFrame,
    *,
    score: str,
    value: float | None = None,
    ci_low: float = math.nan,
    ci_high: float = math.nan,
) -> Chart:
    """Forest plot of published cut-offs for one score, with the reader's value as a band across them.

    Each row is one cut-off of a paper with its setting. Where the band lies clear of a cut-off, that paper's verdict is
    drawn in colour; where it covers the cut-off the verdict is indeterminate. Papers disagree: read the setting first.

    Parameters
    ----------
    cutoffs : DataFrame
        From ``literature.published_thresholds`` or ``literature.thresholds_for`` (nearest setting first): source,
        target, threshold, positive (``"high"`` or ``"low"``: the side that means disease); optional score, field_t,
        vendor, tr_ms, te_ms, n, sensitivity, specificity. Rows of other scores or without a threshold are left out.
    score : str
        Such as ``"VBQ-T1"``.
    value, ci_low, ci_high : float, optional
        The reader's score and its interval.

    Returns
    -------
    Chart
        From top to bottom in the order of the table. The number of cut-offs stands in the title.

    Raises
    ------
    TableError
        If a column is missing, or there is no cut-off for the score.
    """
    need_columns(cutoffs, ("source", "target", "threshold", "positive"), "The forest plot")
    rows = [row for row in records(cutoffs) if row.get("score", score) == score and pd.notna(row["threshold"])]
    if not rows:
        others = sorted({str(row["score"]) for row in records(cutoffs) if "score" in row})
        raise TableError(
            f"There is no cut-off for '{score}'; there are some for: {', '.join(others) or 'no other score'}. Name one of them."
        )
    verdicts = [_verdict(row, value, ci_low, ci_high) for row in rows]
    figure = Chart()
    for said, (colour, symbol) in _VERDICTS.items():
        here = [i for i, v in enumerate(verdicts) if v == said]
        if here:
            figure.add_scatter(
                x=[float(rows[i]["threshold"]) for i in here],
                y=here,
                mode="markers",
                marker={"color": colour, "symbol": symbol, "size": 13, "line": {"width": 2, "color": colour}},
                name=f"your value would be {said}" if said else "cut-off",
                text=[_quality(rows[i]) for i in here],
                hovertemplate="cut-off %{x:.4~g}<br>%{text}<extra></extra>",
            )
    if value is not None:
        if math.isfinite(ci_low) and math.isfinite(ci_high):
            figure.add_vrect(
                x0=ci_low, x1=ci_high, fillcolor=tint(OKABE_ITO["orange"], 0.25), line_width=0, layer="below"
            )
        figure.add_vline(
            x=value,
            line={"color": OKABE_ITO["black"], "width": 2},
            layer="below",
            annotation={"text": f"your value {value:.3g}"},
            annotation_position="top",
        )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[_label(row) for row in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
        ticklabelstandoff=8,
    )
    figure.update_xaxes(range=_range([*(float(row["threshold"]) for row in rows), value, ci_low, ci_high]))
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": -84 / (46 * len(rows) + 60), "yanchor": "top"},
        margin={"t": 100, "b": 130},  # below the axis: its title, then the legend
        showlegend=True,
    )
    sides = {"high": "at or above", "low": "at or below"}
    called = {sides.get(str(row["positive"]), "beyond") for row in rows}
    return dress(
        figure,
        title=f"Published cut-offs of {score}, n = {len(rows)}",
        subtitle=f"values {' or '.join(sorted(called))} the cut-off were called positive; each holds for its own scanner and people",
        x=f"{score} ({column(score).unit or 'no unit'})",
        height=290 + 46 * len(rows),
    )


def _range(values: list[float | None]) -> list[float]:
    known = [float(v) for v in values if v is not None and math.isfinite(float(v))]
    margin = 0.08 * (max(known) - min(known)) or 0.1 * abs(known[0]) or 1.0
    return [min(known) - margin, max(known) + margin]


def _verdict(row: dict[str, Any], value: float | None, low: float, high: float) -> str:
    """What the value, or its interval where it has one, says about the cut-off of a row."""
    if value is None:
        return ""
    known = math.isfinite(low) and math.isfinite(high)
    return verdict(low if known else value, high if known else value, row)


def _known(row: dict[str, Any], name: str) -> bool:
    return name in row and not pd.isna(row[name]) and str(row[name]).strip() != ""


def _label(row: dict[str, Any]) -> str:
    setting = []
    if _known(row, "field_t"):
        setting.append(f"{float(row['field_t']):g} T")
    if _known(row, "vendor"):
        setting.append(str(row["vendor"]))
    if _known(row, "tr_ms") and _known(row, "te_ms"):
        setting.append(f"TR {float(row['tr_ms']):g} TE {float(row['te_ms']):g} ms")
    source = str(row["source"])
    source = f"paper {source}" if source.isdigit() else source.split(" doi:", maxsplit=1)[0]
    n = f", n = {int(row['n'])}" if _known(row, "n") else ""
    return f"<b>{source}</b>: {row['target']}{n}<br><span style='font-size:11px'>{', '.join(setting) or 'setting not printed'}</span>"


def _quality(row: dict[str, Any]) -> str:
    parts = [f"{name} {float(row[name]):.3g}" for name in ("sensitivity", "specificity") if _known(row, name)]
    return ", ".join(parts) or "sensitivity and specificity not printed"


def plot_score(uncertainty: pd.DataFrame, *, cutoffs: pd.DataFrame | None = None) -> Chart:
    """A score with its interval on its scale, and how much of it each source accounts for.

    Parameters
    ----------
    uncertainty : DataFrame
        Rows of one score from ``Uncertainty.rows()``: score, value, source, method, ci_low, ci_high, confidence, share;
        overruled, where it is there, stands under the title.
    cutoffs : DataFrame, optional
        score, source, target, threshold: dotted lines.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If a column is missing, or the rows are of several scores.
    """
    need_columns(
        uncertainty, ("score", "value", "source", "method", "ci_low", "ci_high", "confidence", "share"), "The score"
    )
    scores = list(dict.fromkeys(uncertainty["score"]))
    if len(scores) != 1:
        raise TableError(
            f"The rows belong to {len(scores)} scores ({', '.join(map(str, scores)) or 'none'}); one at a time can be drawn. Pass the rows of one."
        )
    score, value = scores[0], float(uncertainty["value"].iloc[0])
    figure = Chart()
    labels = []
    for row in records(uncertainty.iloc[::-1]):
        share = (
            "" if row["source"] == "all" or pd.isna(row["share"]) else f", {100 * row['share']:.0f} % of the variance"
        )
        label = f"<b>{row['source']}</b>{share}<br><span style='font-size:11px'>{row['method']}</span>"
        labels.append(label)
        colour = _SOURCES.get(row["source"], GREY)
        figure.add_scatter(
            x=[row["ci_low"], value, row["ci_high"]],
            y=[label] * 3,
            mode="lines+markers",
            line={"color": colour, "width": 6 if row["source"] == "all" else 3},
            marker={
                "size": [9, 13, 9],
                "symbol": ["line-ns-open", "diamond", "line-ns-open"],
                "color": colour,
                "line": {"width": 2, "color": colour},
            },
            showlegend=False,
            hovertemplate=f"{row['source']}: {row['ci_low']:.3g} to {row['ci_high']:.3g}<extra></extra>",
        )
    if cutoffs is not None:
        need_columns(cutoffs, ("score", "source", "target", "threshold"), "The cut-offs")
        near = cutoffs[(cutoffs["score"] == score) & cutoffs["threshold"].notna()]
        for threshold, rows in near.groupby("threshold"):
            names = " / ".join(
                f"{'paper ' + str(r['source']) if str(r['source']).isdigit() else str(r['source']).split(' doi:')[0]}: {r['target']}"
                for r in records(rows)
            )
            figure.add_vline(x=threshold, line={"color": VERMILION, "width": 1.5, "dash": "dot"}, layer="below")
            figure.add_annotation(
                x=threshold,
                y=1,
                yref="paper",
                text=f"{threshold:g} {names}",
                textangle=-35,
                showarrow=False,
                xanchor="left",
                yanchor="bottom",
                font={"size": 11, "color": VERMILION},
            )
        figure.update_layout(margin={"t": 190 if len(near) else 80})
    figure.update_yaxes(categoryorder="array", categoryarray=labels, showgrid=False)
    percent = f"{100 * float(uncertainty['confidence'].iloc[0]):g}"
    overruled = next(iter(uncertainty["overruled"].dropna()), None) if "overruled" in uncertainty else None
    return dress(
        figure,
        title=f"{score} = {value:.3g}, {percent} % intervals",
        subtitle=overruled or "where a cut-off lies within the top interval, the verdict is indeterminate",
        x=f"{score} ({column(score).unit or 'no unit'})",
        height=(330 if cutoffs is not None else 220) + 46 * len(labels),
    )
