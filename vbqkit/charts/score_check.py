"""What a score cancels and what it does not, drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vbqkit.charts.look import Chart, dress, legend_below, need_columns, series_colour
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.page.colours import PAGE

_STEP = 0.22  # between scores on one line


def plot_score_check(checks: Mapping[str, pd.DataFrame], *, source: str = "virtual patients") -> Chart:
    """How far each factor shifts a score: a point and its interval a factor; on the line in the middle it cancels.

    An open circle is a shift whose interval holds 0. What is not given has no point.

    Parameters
    ----------
    checks : mapping of str to DataFrame
        Name of the score to ``validation.check_score(name)``; one, or several to compare.
    source : str
        In whom it was measured.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If there is no table, or one lacks a column.
    """
    if not checks:
        raise TableError("There is no check to draw. Pass {'VBQ-T1': validation.check_score('VBQ-T1')}.")
    for name, table in checks.items():
        need_columns(
            table, ("factor", "changed", "verdict", "mean_percent", "ci_low", "ci_high", "n"), f"The check of {name}"
        )
    factors = list(dict.fromkeys(factor for table in checks.values() for factor in table["factor"]))
    height = {factor: len(factors) - i for i, factor in enumerate(factors)}
    figure = Chart()
    for position, (name, table) in enumerate(checks.items()):
        shown = table[table["mean_percent"].notna()]
        colour = series_colour(position)
        shift = _STEP * ((len(checks) - 1) / 2 - position)
        figure.add_scatter(
            x=shown["mean_percent"],
            y=[height[factor] + shift for factor in shown["factor"]],
            mode="markers",
            marker={
                "color": colour,
                "size": 9,
                "symbol": ["circle" if v == "shifts it" else "circle-open" for v in shown["verdict"]],
                "line": {"width": 2, "color": colour},
            },
            error_x={
                "type": "data",
                "array": np.maximum(0.0, shown["ci_high"] - shown["mean_percent"]),
                "arrayminus": np.maximum(0.0, shown["mean_percent"] - shown["ci_low"]),
                "thickness": 1.5,
                "width": 4,
            },
            customdata=shown[["changed", "verdict"]].to_numpy(),
            hovertemplate="%{customdata[0]}<br>%{x:+.1f} %: %{customdata[1]}<extra></extra>",
            name=name,
        )
    figure.add_vline(x=0, line={"color": PAGE["soft_ink"], "width": 1.5})
    figure.update_yaxes(
        tickvals=list(height.values()), ticktext=list(height), range=[0.4, len(factors) + 0.6], showgrid=True
    )
    height_px = 190 + 28 * len(factors)
    if len(checks) > 1:
        legend_below(figure)
        figure.update_layout(legend={"y": -75 / (height_px - 180)}, margin={"b": 120})
    words = ", ".join(dict.fromkeys(column(name).title for name in checks))
    return dress(
        figure,
        title=f"What moves {', '.join(checks)}, n = {', '.join(dict.fromkeys(str(int(t['n'].max())) for t in checks.values()))}",
        subtitle=f"{words} · {source} · mean change with 95 % interval; open: it may be none",
        x="Change of the score (%)",
        height=height_px + 40 * (len(checks) > 1),
    )
