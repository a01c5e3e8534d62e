"""A score over the place and the size of a ROI, as a landscape."""

from __future__ import annotations

from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from vbqkit.charts.look import Chart, dress, signed
from vbqkit.language import digits, translated
from vbqkit.page.colours import BLUE, OKABE_ITO, PAGE, VERMILION
from vbqkit.scores import VbqLandscape

_SCALE = [[0.0, BLUE], [0.5, PAGE["paper"]], [1.0, VERMILION]]
_LEAST_PERCENT, _MOST_PERCENT = 5.0, 40.0  # ends of the colours
_WHOLE_TICKS = (0.1, 0.2, 0.4, 1.0, 2.0)  # cm2
_HEIGHT = 430


def plot_vbq_landscape(landscape: VbqLandscape, *, rescan_percent: float | None = None, source: str = "") -> Chart:
    """VBQ over the place of a ROI (left) and over its size (right): how far the score changes if it is put elsewhere.

    Read it as a map: on the white plain the place does not matter, on a slope each millimetre does. Inside the black
    line the change is no more than two scans of the same person differ.

    Parameters
    ----------
    landscape : VbqLandscape
        From :func:`vbqkit.scores.vbq_landscape`.
    rescan_percent : float, optional
        Difference between two scans of the same person that 95 of 100 stay below, %; the black line.
    source : str
        Whose picture it is.

    Returns
    -------
    Chart
        Blue: the score falls; vermilion: it rises; white: as placed. Beyond the ends of the colours they stay.
    """
    figure = Chart(make_subplots(rows=1, cols=2, horizontal_spacing=0.16, column_widths=[0.56, 0.44]))
    bar = {"title": {"text": f"{landscape.score}<br>{translated('(% of as placed)')}"}, "thickness": 14}
    shared = {"colorscale": _SCALE, "hoverongaps": False, "showlegend": False}
    figure.add_heatmap(
        **shared,
        colorbar=bar,
        row=1,
        col=1,
        hovertemplate=translated("%{x:+.1f} mm to the back, %{y:+.1f} mm up: %{z:+.1f} %") + "<extra></extra>",
    )
    figure.add_heatmap(
        **shared,
        showscale=False,
        row=1,
        col=2,
        hovertemplate=translated("%{x:+.1f} mm to the back, %{customdata:.2f} cm²: %{z:+.1f} %") + "<extra></extra>",
    )
    for column in (1, 2) if rescan_percent is not None else ():
        figure.add_contour(
            autocontour=False,
            hoverinfo="skip",
            showscale=False,
            showlegend=False,
            row=1,
            col=column,
            contours={"start": rescan_percent, "end": rescan_percent, "size": 1.0, "coloring": "none"},
            line={"color": OKABE_ITO["black"], "width": 2, "smoothing": 0.6},
            name=translated("two scans differ by ±{percent} %", percent=digits(rescan_percent or 0.0, ".1f")),
        )
    here = {"symbol": "cross-thin", "size": 15, "line": {"width": 3, "color": OKABE_ITO["black"]}}
    for column in (1, 2):
        figure.add_scatter(
            mode="markers", marker=here, name=translated("as placed"), showlegend=False, row=1, col=column
        )
    ticks = [a for a in _WHOLE_TICKS if landscape.area_cm2[0] <= a <= landscape.area_cm2[-1]]
    figure.update_xaxes(title={"text": translated("forward (−), back (+) (mm)")}, showgrid=False, constrain="domain")
    figure.update_yaxes(showgrid=False)
    figure.layout.yaxis.update(title={"text": translated("down (−), up (+) (mm)")}, scaleanchor="x", constrain="domain")
    figure.layout.yaxis2.update(
        title={"text": translated("area (cm²)")},
        tickvals=list(np.log10(ticks)),
        ticktext=[digits(a, "g") for a in ticks],
    )
    title, subtitle = fill_landscape(figure, landscape, rescan_percent=rescan_percent)
    return dress(figure, title=title, subtitle=" · ".join(filter(None, (subtitle, source))), height=_HEIGHT)


def fill_landscape(figure: Any, landscape: VbqLandscape, *, rescan_percent: float | None) -> tuple[str, str]:
    """Put the values of a landscape into the traces of a figure of :func:`plot_vbq_landscape`; its two title lines."""
    change, by_size = landscape.percent(landscape.by_place), landscape.percent(landscape.by_size)
    end = float(np.clip(np.nanpercentile(np.abs(change), 95), _LEAST_PERCENT, _MOST_PERCENT))
    what = (
        landscape.moved[0]
        if len(landscape.moved) == 1
        else translated("{first} to {last}", first=landscape.moved[0], last=landscape.moved[-1])
    )
    told = translated("{low} to {high}", low=_percent(np.nanmin(change)), high=_percent(np.nanmax(change)))
    sizes = np.log10(landscape.area_cm2)
    place, size, *lines, here, here_too = figure.data
    maps = (
        (place, landscape.up_mm, change, translated("{what} elsewhere: {told}", what=what, told=told)),
        (size, sizes, by_size, translated("{what} of another size", what=what)),
    )
    for trace, y, z, name in maps:
        trace.x, trace.y, trace.z = landscape.back_mm, y, z
        trace.zmin, trace.zmax, trace.name = -end, end, name
    size.customdata = np.repeat(landscape.area_cm2[:, None], len(landscape.back_mm), axis=1)
    for line, (_, y, z, _) in zip(lines, maps, strict=False):
        line.x, line.y, line.z = landscape.back_mm, y, np.abs(z)
    for marker, height in ((here, 0.0), (here_too, float(np.log10(landscape.placed_area_cm2)))):
        marker.x, marker.y = [0.0], [height]
        marker.hovertemplate = (
            f"{translated('as placed')}: {landscape.score} {digits(landscape.value, '.2f')}<extra></extra>"
        )
    subtitle = translated("n = {n} places: {told}", n=int(np.isfinite(change).sum()), told=told)
    if rescan_percent is not None:
        share = 100 * landscape.share_within(rescan_percent)
        subtitle += " · " + translated(
            "{share} % of them within ±{percent} %, as two scans (black line)",
            share=digits(share, ".0f"),
            percent=digits(rescan_percent, ".1f"),
        )
    title = translated(
        "{score} = {value}; with {what} elsewhere, n = 1 patient",
        score=landscape.score,
        value=digits(landscape.value, ".2f"),
        what=what,
    )
    return title, subtitle


def _percent(change: float) -> str:
    return f"{'+' if change > 0 else ''}{signed(float(change), 0)} %"
