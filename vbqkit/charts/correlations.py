"""Every correlation of a table at a glance."""

from __future__ import annotations

import math

import pandas as pd

from vbqkit.charts.look import Chart, dress, need_columns, p_text, records, signed
from vbqkit.cohort import column
from vbqkit.page.colours import OKABE_ITO, PAGE

_SCALE = [
    [0.0, OKABE_ITO["sky"]],
    [0.5, PAGE["paper"]],
    [1.0, OKABE_ITO["orange"]],
]  # black text is readable on all of it


def plot_correlations(pairs: pd.DataFrame, *, source: str = "") -> Chart:
    """Correlation matrix: blue falls, orange rises; each cell says its coefficient, p and n.

    Parameters
    ----------
    pairs : DataFrame
        From ``stats.correlations``: x, y, estimate, p, n, method.
    source : str
        Where the patients come from.

    Returns
    -------
    Chart
        n in the title as a range where pairs have different n. The p values are not corrected for their number.

    Raises
    ------
    TableError
        If a column is missing.
    """
    need_columns(pairs, ("x", "y", "estimate", "p", "n", "method"), "The correlation matrix")
    names = list(dict.fromkeys([*pairs["x"], *pairs["y"]]))
    found = {(row["x"], row["y"]): row for row in records(pairs)}
    titles = [column(name).title.replace(", ", "<br>") for name in names]
    z, text = [], []
    for i, below in enumerate(names):
        line, words = [], []
        for j, left in enumerate(names):
            row = found.get((left, below)) or found.get((below, left))
            if j >= i or row is None:
                line.append(math.nan)
                words.append("")
                continue
            line.append(float(row["estimate"]))
            words.append(
                f"<b>{signed(row['estimate'])}</b><br>{p_text(float(row['p']))}<br>n = {row['n']}"
                if math.isfinite(row["estimate"])
                else f"undefined<br>n = {row['n']}"
            )
        z.append(line)
        text.append(words)
    figure = Chart()
    figure.add_heatmap(
        z=[line[:-1] for line in z[1:]],
        x=titles[:-1],
        y=titles[1:],
        text=[words[:-1] for words in text[1:]],
        texttemplate="%{text}",
        textfont={"size": 12, "color": "black"},
        zmin=-1,
        zmax=1,
        colorscale=_SCALE,
        xgap=2,
        ygap=2,
        hoverongaps=False,
        hovertemplate="%{y}<br>%{x}<br>%{text}<extra></extra>",
        colorbar={"title": {"text": "coefficient<br>(no unit)"}, "tickvals": [-1, -0.5, 0, 0.5, 1]},
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False, tickangle=0)
    kind = str(pairs["method"].iloc[0]).split(",")[0]
    low, high = int(pairs["n"].min()), int(pairs["n"].max())
    return dress(
        figure,
        title=f"{kind} correlations, n = {low if low == high else f'{low} to {high}'}",
        subtitle=" · ".join(filter(None, (f"p not corrected for {len(pairs)} comparisons", source))),
        height=200 + 74 * len(names),
    )
