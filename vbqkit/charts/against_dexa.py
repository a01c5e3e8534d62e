"""A score against a densitometry result: the scatter in which a reader looks for the own case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from vbqkit.charts.look import (
    GREY,
    Chart,
    dress,
    group_name,
    legend_below,
    need_columns,
    p_text,
    series_colour,
    signed,
    tint,
)
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.language import digits, marked, translated
from vbqkit.page.colours import BLUE, VERMILION

WHO_BOUNDARIES = ((-1.0, marked("T ≥ −1.0: normal (WHO)")), (-2.5, marked("T ≤ −2.5: osteoporosis (WHO)")))
"""T-scores that part normal, osteopenia and osteoporosis (WHO 1994)."""

COLUMN_WORDS = (
    *(marked("SNR L1–L4, T1w"), marked("M-score"), marked("SD of the young reference group"), marked("no unit")),
    *(marked("T-score, lumbar spine"), marked("SD of young adults"), marked("BMD, lumbar spine, DEXA")),
)
"""Titles and units of the columns of published patients that the lessons draw."""

_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "cross", "hexagon")


def plot_against_dexa(
    patients: pd.DataFrame,
    *,
    score: str,
    against: str,
    case: Mapping[str, Any] | None = None,
    by: str | None = None,
    band: pd.DataFrame | None = None,
    correlation: pd.DataFrame | None = None,
    source: str = "",
) -> Chart:
    """Scatter of an MRI score against a densitometry result, with the reader's case among the patients.

    High M-score and VBQ, but low T-score, BMD and TBS, mean poorer bone: where both tests see the same thing, the
    points fall from the upper left to the lower right.

    Parameters
    ----------
    patients : DataFrame
        One row per patient; columns `score` and `against`, and ``patient`` or ``id`` as the name shown on hover.
    score, against : str
        Columns, such as ``"snr"`` or ``"m_score"`` against ``"t_score"``, ``"bmd_g_cm2"``, ``"tbs"`` or
        ``"qct_mg_cm3"``.
    case : mapping, optional
        The reader's case under the same names: a star. Where its densitometry value is missing (or nan), a line at
        the height of its score.
    by : str, optional
        Column of groups, shown by colour and by symbol.
    band : DataFrame, optional
        From ``stats.regression_band(against, score, data=patients)``: the line, its confidence band, and the dashed
        limits for a new patient.
    correlation : DataFrame, optional
        One row from ``stats.pearson`` or ``stats.spearman``: shown below the title with its interval.
    source : str
        Where the patients come from; shown below the title.

    Returns
    -------
    Chart
        The number of patients stands in the title; patients without one of the two values are left out and counted.
        ``customdata`` of each point is the position of its row in the table.

    Raises
    ------
    TableError
        If a column is missing or holds no numbers, or the case has no value of the score.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": [1, 2], "snr": [77.5, 63.4], "t_score": [-2.6, -2.7]})
    >>> plot_against_dexa(table, score="snr", against="t_score", case={"snr": 70.0}).layout.title.text
    'SNR L1–L4, T1w against T-score, lumbar spine, n = 2'
    """
    points = _points(patients, against, score, by)
    horizontal, vertical = column(against), column(score)
    across, up = translated(horizontal.title), translated(vertical.title)
    title = translated("{score} against {reference}, n = {n}", score=up, reference=across, n=len(points))
    if len(points) < len(patients):
        title += " " + translated("({n} left out: a value is missing)", n=len(patients) - len(points))
    figure = Chart()
    if band is not None:
        _add_band(figure, band)
    for position, (name, group) in enumerate(points.groupby("group", sort=False)):
        figure.add_scatter(
            x=group["x"],
            y=group["y"],
            mode="markers",
            name=f"{column(by).title}: {name} (n = {len(group)})" if by else translated("patients"),
            text=group["name"],
            customdata=group["row"],
            marker={
                "size": 11 if len(points) < 100 else 7,
                "color": series_colour(position) if by else BLUE,
                "symbol": _SYMBOLS[position % len(_SYMBOLS)],
                "line": {"width": 1, "color": "white"},
            },
            hovertemplate=f"{translated('patient')} %{{text}}<br>{across} %{{x:.4~g}}<br>{up} %{{y:.4~g}}<extra></extra>",
        )
    if against == "t_score":
        _mark_who(figure, list(points["x"]))
    if case is not None:
        _add_case(figure, case, score, against)
    said = [] if correlation is None else [_correlation_text(correlation)]
    legend_below(figure)
    subtitle = " · ".join([*said, *([source] if source else [])])
    return dress(figure, title=title, subtitle=subtitle, x=axis_label(against), y=axis_label(score))


def axis_label(name: str) -> str:
    """Title and unit of a column in the chosen language, as an axis has them."""
    known = column(name)
    unit = f" ({translated(known.unit or 'no unit')})" if known.kind == "number" else ""
    return translated(known.title) + unit


def _points(table: pd.DataFrame, against: str, score: str, by: str | None) -> pd.DataFrame:
    """The rows with both values: x, y, name, group, row (position in the table)."""
    need_columns(table, tuple(filter(None, (score, against, by))), "The scatter")
    label = next((name for name in ("patient", "id") if name in table.columns), None)
    points = pd.DataFrame(
        {
            "x": pd.to_numeric(table[against], errors="coerce").to_numpy(dtype="float64"),
            "y": pd.to_numeric(table[score], errors="coerce").to_numpy(dtype="float64"),
            "name": [str(value) for value in (table[label] if label else table.index)],
            "group": [group_name(by, value) for value in table[by]] if by else "patients",
            "row": range(len(table)),
        }
    ).dropna(subset=["x", "y"])
    if points.empty:
        raise TableError(
            f"No row has a number in both '{score}' and '{against}', so there is nothing to draw. Fill in the columns, or choose others."
        )
    return points


def _add_band(figure: Any, band: pd.DataFrame) -> None:
    need_columns(band, ("x", "estimate", "ci_low", "ci_high", "confidence"), "The regression band")
    band = band.sort_values("x")
    percent = f"{100 * float(band['confidence'].iloc[0]):g} %"
    if band["ci_low"].notna().all():
        for edge, fill in (("ci_high", None), ("ci_low", "tonexty")):
            figure.add_scatter(
                x=band["x"],
                y=band[edge],
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=tint(BLUE, 0.15),
                hoverinfo="skip",
                showlegend=edge == "ci_low",
                name=translated("{percent} band of the line", percent=percent),
            )
    if "prediction_low" in band and band["prediction_low"].notna().all():
        for edge in ("prediction_high", "prediction_low"):
            figure.add_scatter(
                x=band["x"],
                y=band[edge],
                mode="lines",
                line={"width": 1, "color": BLUE, "dash": "dot"},
                hoverinfo="skip",
                showlegend=edge == "prediction_low",
                name=translated("{percent} of new patients", percent=percent),
            )
    figure.add_scatter(
        x=band["x"],
        y=band["estimate"],
        mode="lines",
        line={"width": 2, "color": BLUE},
        hoverinfo="skip",
        name=translated("regression"),
        showlegend=False,
    )


def _correlation_text(correlation: pd.DataFrame) -> str:
    need_columns(correlation, ("estimate", "ci_low", "ci_high", "p", "method"), "The correlation")
    found = correlation.iloc[0]
    name = {"Pearson": "r", "Spearman": "ρ", "Kendall": "τ"}.get(str(found["method"]).split(",")[0].split(" ")[0], "r")
    if not math.isfinite(float(found["estimate"])):
        return f"{name} undefined"
    interval = (
        f" [{signed(found['ci_low'])}, {signed(found['ci_high'])}]" if math.isfinite(float(found["ci_low"])) else ""
    )
    return f"{str(found['method']).split(',')[0]} {name} = {signed(found['estimate'])}{interval}, {p_text(float(found['p']))}"


def _number(case: Mapping[str, Any], name: str) -> float:
    value = case.get(name)
    return float("nan") if value is None else float(value)


def _add_case(figure: Any, case: Mapping[str, Any], score: str, against: str) -> None:
    x, y = _number(case, against), _number(case, score)
    horizontal, vertical = column(against), column(score)
    if not math.isfinite(y):
        raise TableError(f"The case has no value of '{score}', so it cannot be drawn. Give case={{'{score}': number}}.")
    if math.isfinite(x):
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            name=translated("your case"),
            marker={"symbol": "star", "size": 18, "color": VERMILION, "line": {"width": 1, "color": "black"}},
            hovertemplate=f"{translated('your case')}<br>{translated(horizontal.title)} %{{x:.4~g}}<br>{translated(vertical.title)} %{{y:.4~g}}<extra></extra>",
        )
        return
    figure.add_hline(
        y=y,
        line={"color": VERMILION, "width": 2, "dash": "dash"},
        annotation={
            "text": translated(
                "your case: {value} (its {reference} is not known)",
                value=digits(y, ".3g"),
                reference=translated(horizontal.title),
            ),
            "font": {"color": VERMILION},
            "bgcolor": "rgba(255,255,255,0.8)",
        },
        annotation_position="top left",
    )


def _mark_who(figure: Any, values: list[float]) -> None:
    low, high = min(values), max(values)
    for boundary, text in WHO_BOUNDARIES:
        if low - 0.5 <= boundary <= high + 0.5:
            figure.add_vline(
                x=boundary,
                line={"color": GREY, "width": 1, "dash": "dot"},
                layer="below",
                annotation={
                    "text": translated(text),
                    "font": {"size": 11, "color": GREY},
                    "yshift": -14,
                    "bgcolor": "rgba(255,255,255,0.8)",
                },
                annotation_position="top left" if boundary < -2 else "top right",
            )
