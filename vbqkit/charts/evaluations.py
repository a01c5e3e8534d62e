"""The same quantity by several evaluations, drawn beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vbqkit.charts.look import Chart, dress, legend_below, need_columns, series_colour
from vbqkit.errors import TableError
from vbqkit.page.colours import PAGE

_STEP = 0.22  # between series on one line


def plot_evaluations(
    table: pd.DataFrame, *, by: str | None = None, guess: float | None = None, source: str = "virtual people"
) -> Chart:
    """AUC of a classifier by each way to evaluate it: a point with its 95 % interval a line; the dotted line is chance.

    Filled: a way that keeps the test set out of the training. Open: one that does not, so that its number says nothing
    of new patients.

    Parameters
    ----------
    table : DataFrame
        One row an evaluation: evaluation, sound, estimate, ci_low, ci_high, n; as
        ``machine_learning.evaluate_each_way`` gives it.
    by : str or None
        Column whose values are drawn in colours of their own, such as ``"learner"``; None: one colour.
    guess : float or None
        What the reader expected, drawn as a dashed line.
    source : str
        In whom it was measured.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If the table is empty or lacks a column.
    """
    columns = ("evaluation", "sound", "estimate", "ci_low", "ci_high", "n")
    need_columns(table, columns + ((by,) if by else ()), "The table of evaluations")
    if table.empty:
        raise TableError("There is no evaluation to draw. Pass a table of machine_learning.evaluate_each_way.")
    lines = list(dict.fromkeys(table["evaluation"]))
    height = {name: len(lines) - i for i, name in enumerate(lines)}
    kinds = list(dict.fromkeys(table[by])) if by else ["AUC"]
    figure = Chart()
    for position, kind in enumerate(kinds):
        shown = table[table[by] == kind] if by else table
        colour = series_colour(position)
        shift = _STEP * ((len(kinds) - 1) / 2 - position)
        figure.add_scatter(
            x=shown["estimate"],
            y=[height[name] + shift for name in shown["evaluation"]],
            mode="markers",
            marker={
                "color": colour,
                "size": 10,
                "symbol": ["circle" if sound else "circle-open" for sound in shown["sound"]],
                "line": {"width": 2, "color": colour},
            },
            error_x={
                "type": "data",
                "array": np.maximum(0.0, shown["ci_high"] - shown["estimate"]),
                "arrayminus": np.maximum(0.0, shown["estimate"] - shown["ci_low"]),
                "thickness": 1.5,
                "width": 4,
            },
            customdata=shown[["evaluation", "ci_low", "ci_high"]].to_numpy(),
            hovertemplate="%{customdata[0]}<br>AUC %{x:.2f} [%{customdata[1]:.2f}, %{customdata[2]:.2f}]<extra></extra>",
            name=str(kind),
        )
    figure.add_vline(x=0.5, line={"color": PAGE["soft_ink"], "width": 1.5, "dash": "dot"})
    if guess is not None:
        figure.add_vline(
            x=guess, line={"color": PAGE["quiet"], "width": 1.5, "dash": "dash"}, annotation_text="your guess"
        )
    figure.update_yaxes(tickvals=list(height.values()), ticktext=lines, range=[0.4, len(lines) + 0.6], showgrid=True)
    figure.update_xaxes(range=[min(0.3, float(np.nanmin(table["ci_low"])) - 0.02), 1.02], dtick=0.1)
    height_px = 190 + 34 * len(lines)
    figure.update_layout(showlegend=len(kinds) > 1)
    if len(kinds) > 1:
        legend_below(figure)
        figure.update_layout(legend={"y": -75 / (height_px - 180)}, margin={"b": 120})
    counts = ", ".join(dict.fromkeys(str(int(n)) for n in table["n"]))
    return dress(
        figure,
        title=f"AUC by each way to evaluate, n = {counts}",
        subtitle=f"{source} · with 95 % interval; filled: the test set was kept out of the training; dotted: chance",
        x="AUC (share of pairs in the right order)",
        height=height_px + 40 * (len(kinds) > 1),
    )
