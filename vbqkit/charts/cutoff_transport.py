"""What becomes of a cut-off that is carried to another scanner, drawn."""

from __future__ import annotations

import pandas as pd

from vbqkit.charts.look import GREY, OKABE_ITO, Chart, dress, legend_below, need_columns, tint
from vbqkit.errors import TableError
from vbqkit.page.colours import PAGE

_NEEDED = (
    *(
        "score",
        "from_scanner",
        "to_scanner",
        "outcome",
        "model",
        "criterion",
        "carried",
        "seed",
        "youden",
        "n_case",
        "n_control",
    ),
    *(f"{rate}{end}" for rate in ("sensitivity", "specificity") for end in ("", "_low", "_high")),
)
_RATES = (
    ("sensitivity", OKABE_ITO["blue"], "circle", 0.14),
    ("specificity", OKABE_ITO["vermilion"], "diamond-open", -0.14),
)
_MODELS = (("as measured", OKABE_ITO["black"], "square", 0.14), ("outcome shuffled", GREY, "x-thin", -0.14))
_LEFT, _RIGHT = (0.0, 0.62), (0.72, 1.0)


def plot_cutoff_transport(
    transport: pd.DataFrame, *, criterion: str = "youden", source: str = "virtual patients"
) -> Chart:
    """Sensitivity and specificity of a cut-off where it was chosen, carried to another scanner, and won back.

    On the left, of each way the middle one of the seeds with its exact 95 % interval, and the other seeds as pale
    points. On the right Youden's index, sensitivity + specificity - 1, of every seed, and beside it that of the null
    model: with the outcome shuffled among the people nothing may be found.

    Parameters
    ----------
    transport : DataFrame
        From ``virtual_cohort.transport_cutoff``.
    criterion : str
        Which of its criteria: ``"youden"``, or such as ``"sensitivity 0.9"``.
    source : str
        In whom.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If a column is missing, or there is no such criterion.
    """
    need_columns(transport, _NEEDED, "The transport of a cut-off")
    rows = transport[transport["criterion"] == criterion]
    if not rows["seed"].notna().any():
        there = ", ".join(map(str, dict.fromkeys(transport["criterion"])))
        raise TableError(
            f"There is no criterion '{criterion}' in this table; it has: {there or 'none'}. Name one of these."
        )
    given = rows[rows["seed"].notna()]
    ways = list(dict.fromkeys(rows["carried"]))
    height = {way: len(ways) - k for k, way in enumerate(ways)}
    real = given[given["model"] == "as measured"]
    figure = Chart()
    for rate, colour, symbol, shift in _RATES:
        of_seeds = real.assign(y=[height[way] + shift for way in real["carried"]])
        middle = pd.DataFrame([_middle(of_way) for _, of_way in of_seeds.groupby("carried", sort=False)])
        figure.add_scatter(
            x=100 * of_seeds[rate],
            y=of_seeds["y"],
            mode="markers",
            marker={"color": tint(colour, 0.35), "size": 6},
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=100 * middle[rate],
            y=middle["y"],
            mode="markers",
            name=rate.capitalize(),
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2, "color": colour}},
            error_x={
                "type": "data",
                "array": 100 * (middle[f"{rate}_high"] - middle[rate]),
                "arrayminus": 100 * (middle[rate] - middle[f"{rate}_low"]),
                "thickness": 1.5,
                "width": 4,
            },
            customdata=middle[["n_case", "n_control", "seed"]].to_numpy(),
            hovertemplate=f"{rate} %{{x:.0f}} %<br>%{{customdata[0]}} with, %{{customdata[1]}} without, seed %{{customdata[2]}}<extra></extra>",
        )
    for model, colour, symbol, shift in _MODELS:
        of_model = given[given["model"] == model]
        figure.add_scatter(
            x=of_model["youden"],
            y=[height[way] + shift for way in of_model["carried"]],
            mode="markers",
            name="Youden's index, each seed" if model == "as measured" else "Youden's index, outcome shuffled",
            marker={"color": colour, "symbol": symbol, "size": 7, "line": {"width": 1.5, "color": colour}},
            xaxis="x2",
            hovertemplate=f"Youden's index %{{x:.2f}}, {model}<extra></extra>",
        )
    figure.add_shape(
        type="line",
        xref="x2",
        yref="paper",
        x0=0,
        x1=0,
        y0=0,
        y1=1,
        line={"color": PAGE["soft_ink"], "width": 1.5},
        layer="below",
    )
    without = [way for way in ways if way not in set(given["carried"])]
    figure.update_yaxes(
        tickvals=list(height.values()),
        ticktext=[f"{way} (not given)" if way in without else way for way in ways],
        range=[0.4, len(ways) + 0.6],
        showgrid=True,
    )
    legend_below(figure)
    about = rows.iloc[0]
    outcome = str(about["outcome"]).replace("_", " ")
    counted = f"{int(given['n_case'].max())} with and {int(given['n_control'].max())} without"
    dress(
        figure,
        title=f"{about['score']}: a cut-off of {about['from_scanner']} on {about['to_scanner']}, n = {counted} {outcome}",
        subtitle=f"{source} · by {_criterion(criterion)} · {_said(real)}middle of {real['seed'].nunique()} seeds with exact 95 % interval",
        x="Sensitivity, specificity (%)",
        height=300 + 46 * len(ways),
    )
    figure.update_layout(
        xaxis={"domain": _LEFT, "range": [-3, 103]},
        xaxis2={"domain": _RIGHT, "anchor": "y", "title": {"text": "Youden's index (no unit)"}, "range": [-0.55, 1.05]},
        margin={"b": 120},
        legend={"y": -0.2},
    )
    return figure


def _middle(of_way: pd.DataFrame) -> pd.Series:
    """The seed with the middle Youden index."""
    return of_way.sort_values("youden").iloc[(len(of_way) - 1) // 2]


def _said(real: pd.DataFrame) -> str:
    """Sensitivity before and after, in words."""
    of = {str(way): 100 * float(_middle(rows)["sensitivity"]) for way, rows in real.groupby("carried")}
    if not {"where it was chosen", "as it is"} <= set(of):
        return ""
    return f"sensitivity {of['where it was chosen']:.0f} % where it was chosen, {of['as it is']:.0f} % as it is · "


def _criterion(name: str) -> str:
    """In words."""
    return "Youden's index" if name == "youden" else f"{name} at least"
