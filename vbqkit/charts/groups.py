"""Groups side by side, and the levels of the spine side by side: every person is a point."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from vbqkit.charts.look import GREY, Chart, dress, group_name, legend_below, need_columns, p_text, series_colour, tint
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.page.colours import VERMILION
from vbqkit.roi.labels import SCORED_LEVELS


def plot_groups(
    table: pd.DataFrame,
    *,
    value: str,
    by: str,
    order: Sequence[Any] | None = None,
    test: pd.DataFrame | None = None,
    case: float | None = None,
    source: str = "",
) -> Chart:
    """Boxes of a quantity in two or more groups, with every person as a point beside its box.

    The box holds the middle half, its line is the median; whiskers reach to the last point within 1.5 boxes' heights.

    Parameters
    ----------
    table : DataFrame
        One row per person; columns `value` and `by`.
    value, by : str
        The number and the group.
    order : sequence, optional
        Groups from left to right; as they come in the table when left out. Groups not named are left out and counted.
    test : DataFrame, optional
        One row from ``stats`` (``p``, ``method``): shown below the title.
    case : float, optional
        The reader's case: a line.
    source : str
        Where the people come from.

    Returns
    -------
    Chart
        n of each group on the axis, of all in the title; people without a value or group are left out and counted.

    Raises
    ------
    TableError
        If a column is missing, or there is nothing to draw.
    """
    need_columns(table, (value, by), "The chart of groups")
    quantity = column(value)
    numbers = pd.to_numeric(table[value], errors="coerce")
    known = (table[by].notna() & numbers.notna()).to_numpy()
    groups = list(order) if order is not None else list(table.loc[known, by].unique())
    members = {group: [i for i, value_of in enumerate(table[by]) if known[i] and value_of == group] for group in groups}
    empty = [str(group) for group, rows in members.items() if not rows]
    if not groups or empty:
        raise TableError(
            f"There is no number of '{value}' in {'group ' + ', '.join(empty) if empty else 'any group of ' + repr(by)}. Name groups that have some, or fill in the column."
        )
    figure = Chart()
    for position, (group, rows) in enumerate(members.items()):
        colour = series_colour(position)
        figure.add_box(
            y=numbers.iloc[rows],
            name=f"{group_name(by, group)}<br>n = {len(rows)}",
            boxpoints="all",
            jitter=0.5,
            pointpos=-1.6,
            marker={"color": colour, "size": 6 if len(rows) < 100 else 4, "opacity": 0.75},
            line={"color": colour, "width": 2},
            fillcolor=tint(colour, 0.2),
            customdata=rows,
            hoveron="points",
            hovertemplate="%{y:.4~g}<extra></extra>",
            showlegend=False,
        )
    if case is not None:
        figure.add_hline(
            y=case,
            line={"color": VERMILION, "width": 2, "dash": "dash"},
            annotation={"text": f"your case: {case:.3g}", "font": {"color": VERMILION}},
            annotation_position="top right",
        )
    n = sum(map(len, members.values()))
    left = f" ({len(table) - n} left out: value or group is missing)" if n < len(table) else ""
    said = ""
    if test is not None:
        need_columns(test, ("p", "method"), "The test")
        said = f"{test['method'].iloc[0]}: {p_text(float(test['p'].iloc[0]))}"
    return dress(
        figure,
        title=f"{quantity.title} by {column(by).title.lower()}, n = {n}{left}",
        subtitle=" · ".join(filter(None, (said, source))),
        x=column(by).title,
        y=quantity.label,
    )


def plot_levels(
    patients: pd.DataFrame,
    *,
    quantity: str,
    unit: str = "no unit",
    levels: Sequence[str] = SCORED_LEVELS,
    case: Mapping[str, float] | None = None,
    reference: Mapping[str, float] | None = None,
    source: str = "",
) -> Chart:
    """Profile along the spine: one line per patient, from L1 to L4.

    Marrow fat rises from L1 to L4; a level that leaves the line asks for a look at the picture (fracture, haemangioma,
    Modic change, a vein in the ROI, or the surface coil).

    Parameters
    ----------
    patients : DataFrame
        One row per patient; a column for each level; ``patient`` or ``id`` as name.
    quantity, unit : str
        What is shown, for the axis.
    levels : sequence of str
        From head to foot.
    case : mapping of str to float, optional
        Level to value of the reader's case; a level may be missing.
    reference : mapping of str to float, optional
        Level to mean of a reference group.
    source : str
        Where the patients come from.

    Returns
    -------
    Chart

    Raises
    ------
    TableError
        If a level has no column.
    """
    need_columns(patients, tuple(levels), "The level profile")
    label = next((name for name in ("patient", "id") if name in patients.columns), None)
    figure = Chart()
    names = [str(v) for v in (patients[label] if label else patients.index)]
    for row, (name, values) in enumerate(
        zip(names, patients[list(levels)].itertuples(index=False, name=None), strict=True)
    ):
        figure.add_scatter(
            x=list(levels),
            y=list(values),
            mode="lines+markers",
            line={"color": tint(GREY, 0.5), "width": 1.5},
            marker={"size": 6, "color": GREY},
            name="patients",
            legendgroup="patients",
            showlegend=row == 0,
            customdata=[row] * len(levels),
            hovertemplate=f"patient {name}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
        )
    for lines, name, colour, dash in (
        (reference, "reference group, mean", series_colour(0), "dash"),
        (case, "your case", VERMILION, "solid"),
    ):
        if lines is None:
            continue
        here = [level for level in levels if level in lines and math.isfinite(float(lines[level]))]
        figure.add_scatter(
            x=here,
            y=[float(lines[level]) for level in here],
            mode="lines+markers",
            line={"color": colour, "width": 3, "dash": dash},
            marker={
                "size": 10,
                "color": colour,
                "symbol": "star" if lines is case else "square",
                "line": {"width": 1, "color": "white"},
            },
            name=name,
            hovertemplate=f"{name}<br>%{{x}}: %{{y:.4~g}}<extra></extra>",
        )
    figure.update_xaxes(categoryorder="array", categoryarray=list(levels))
    legend_below(figure)
    return dress(
        figure,
        title=f"{quantity} from {levels[0]} to {levels[-1]}, n = {len(patients)}",
        subtitle=source,
        x="Vertebral level",
        y=f"{quantity} ({unit})",
    )
