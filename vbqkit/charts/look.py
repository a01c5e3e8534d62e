"""How every chart looks and how it leaves the notebook: colours, template, and a modebar that uploads nothing."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from vbqkit.charts.words import alt_html, alt_text
from vbqkit.cohort import column
from vbqkit.errors import TableError
from vbqkit.language import decimal_sign, translated
from vbqkit.page.colours import BLUE, PAGE
from vbqkit.page.colours import OKABE_ITO as OKABE_ITO  # noqa: PLC0414 - the facade of the charts offers it

if TYPE_CHECKING:
    import IPython
else:
    IPython = lazy_loader.load("IPython")  # only a notebook needs it

GREY = PAGE["quiet"]

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "vbqkit"},
}
"""Plotly settings of every chart: no share button, no server; the camera button saves the picture in the browser."""

MIMETYPE = "application/vnd.plotly.v1+json"
"""Of a figure that the page of a notebook draws."""

TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "Arial, Helvetica, sans-serif", "size": 13, "color": PAGE["ink"]},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": [OKABE_ITO[name] for name in ("blue", "vermilion", "green", "purple", "orange", "sky", "black")],
        "title": {
            "x": 0.01,
            "xanchor": "left",
            "font": {"size": 16},
            "subtitle": {"font": {"size": 12, "color": GREY}},
        },
        "margin": {"l": 70, "r": 30, "t": 80, "b": 60},
        "hoverlabel": {"bgcolor": "white", "font": {"size": 12}},
        "legend": {"bgcolor": "rgba(255,255,255,0.8)", "bordercolor": PAGE["rule"], "borderwidth": 1},
        # In the figure itself, so that a FigureWidget or another program's renderer has no share button either.
        "modebar": {"remove": ["sendChartToCloud"], "color": GREY, "activecolor": BLUE, "bgcolor": "rgba(0,0,0,0)"},
        **{
            axis: {
                "showline": True,
                "linecolor": PAGE["soft_ink"],
                "ticks": "outside",
                "tickcolor": PAGE["soft_ink"],
                "gridcolor": PAGE["soft_rule"],
                "zeroline": False,
                "title": {"standoff": 10, "font": {"size": 14}},
                "automargin": True,
            }
            for axis in ("xaxis", "yaxis")
        },
    }
)


_SAVE = """\
<button type="button" style="font:12px Arial,sans-serif;margin:0 6px 0 0;padding:2px 8px" onclick="(button => {{
const plots = [...document.querySelectorAll('.js-plotly-plot')];
const plot = plots.filter(p => p.compareDocumentPosition(button) & Node.DOCUMENT_POSITION_FOLLOWING).at(-1);
if (!plot) return;
const options = plot._context.toImageButtonOptions;
plot._context.toImageButtonOptions = {{...options, format: '{kind}'}};
plot.querySelector('.modebar-btn[data-title^=Download]').click();
plot._context.toImageButtonOptions = options;
}})(this)">Save as {name}</button>"""

SAVE_BUTTONS = (
    '<style>@media print{.vbqkit-save{display:none}}</style><div class="vbqkit-save">'
    + "".join(_SAVE.format(kind=k, name=k.upper()) for k in ("png", "svg"))
    + "</div>"
)
"""Two buttons that make the chart above them save itself; plotly's own camera button knows one format."""


class Chart(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A plotly figure that shows and saves itself without a share button and without the network.

    Everything else is plotly's :class:`plotly.graph_objects.Figure`: add traces to it, change its layout, hand it to a
    ``FigureWidget``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what plotly's figure takes."""
        super().__init__(*args, **kwargs)
        self.layout.template = TEMPLATE
        self.layout.modebar.remove = ["sendChartToCloud"]

    def show(self, *args: Any, **kwargs: Any) -> Any:
        """Show the chart, with :data:`CONFIG` unless another config is given; ``renderer=`` shows it plotly's way."""
        config = safe_config(kwargs.get("config"))
        if args or kwargs.keys() - {"config"} or not _in_a_notebook():
            return super().show(*args, **{**kwargs, "config": config})
        return _display(self, config)

    def to_html(self, *args: Any, **kwargs: Any) -> str:
        """The chart as an HTML page that works offline, with plotly.js inside and buttons to save it as PNG and SVG."""
        # On a page of its own it follows the window. JupyterLab does that for it; asked for there as well, the chart
        # vanishes when the theme is changed.
        config = safe_config({"responsive": True, **(kwargs.get("config") or {})})
        options = {"include_plotlyjs": True, **kwargs, "config": config}
        html: str = super().to_html(*args, **options)
        return html.replace("</body>", f"{SAVE_BUTTONS}</body>") if "</body>" in html else html + SAVE_BUTTONS

    def write_html(self, file: str | Path, **kwargs: Any) -> None:
        """Write :meth:`to_html` to a file."""
        Path(file).write_text(self.to_html(**kwargs), encoding="utf-8")

    def _repr_mimebundle_(self, *_: Any, **kwargs: Any) -> dict[str, Any]:
        return _bundle(self, safe_config(kwargs.get("config")))

    def _ipython_display_(self) -> None:
        """What a notebook calls for the last line of a cell."""
        if not _in_a_notebook():
            super()._ipython_display_()
            return
        self.show()
        IPython.display.display(IPython.display.HTML(save_buttons_html() + alt_html(self)))


def save_buttons_html() -> str:
    """:data:`SAVE_BUTTONS` in the chosen language."""
    return SAVE_BUTTONS.replace("Save as PNG", translated("Save as PNG")).replace(
        "Save as SVG", translated("Save as SVG")
    )


def _in_a_notebook() -> bool:
    """Whether a kernel runs this, so that a chart can be shown below the cell."""
    return "IPython" in sys.modules and hasattr(IPython.get_ipython(), "kernel")


def _bundle(figure: Any, config: dict[str, Any]) -> dict[str, Any]:
    """A figure for JupyterLab, Notebook 7 and Voila, which draw it with what plotly installs there, and in words.

    Plotly would make the same, but loads nbformat for it, which takes more than a second in each kernel.
    """
    return {MIMETYPE: json.loads(figure.to_json()) | {"config": config}, "text/plain": alt_text(figure)}


def _display(figure: Any, config: dict[str, Any]) -> None:
    IPython.display.display(_bundle(figure, config), raw=True)


def dress(figure: Chart, *, title: str, subtitle: str = "", x: str = "", y: str = "", height: int = 460) -> Chart:
    """Give a figure its title, its second line, and axis labels with units; return it."""
    figure.update_layout(
        title={
            "text": title,
            "subtitle": {"text": subtitle},
            "y": 1 - 14 / height,
            "yref": "container",
            "yanchor": "top",
        },
        height=height,
    )
    if decimal_sign() != ".":
        figure.update_layout(separators=decimal_sign() + "\N{NARROW NO-BREAK SPACE}")
    if x:
        figure.update_xaxes(title={"text": x})
    if y:
        figure.update_yaxes(title={"text": y})
    return figure


def legend_below(figure: Chart) -> None:
    """Put the legend under the x axis, where it covers neither points nor titles."""
    figure.update_layout(legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"})


def group_name(by: str, group: Any) -> str:
    """A group as a legend or an axis names it; yes and no for a column of true and false."""
    if isinstance(group, (bool, np.bool_)) or (column(by).kind == "yes-no" and group in (0, 1)):
        return translated("yes") if group else translated("no")
    return str(group)


def signed(value: float, digits: int = 2) -> str:
    """A number with a true minus sign.

    Examples
    --------
    >>> signed(-0.358)
    '−0.36'
    """
    return f"{value:.{digits}f}".replace("-", "−").replace(".", decimal_sign())


def tint(colour: str, opacity: float) -> str:
    """A colour of :data:`OKABE_ITO` made transparent.

    Examples
    --------
    >>> tint("#0072B2", 0.2)
    'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def series_colour(position: int) -> str:
    """Colour of the first, second ... series of a chart."""
    return str(TEMPLATE.layout.colorway[position % len(TEMPLATE.layout.colorway)])


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as plain objects."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def need_columns(table: Any, names: tuple[str, ...], what: str) -> None:
    """Refuse a table without the columns that a chart is drawn from.

    Raises
    ------
    TableError
        A column is missing.
    """
    missing = [name for name in names if name not in getattr(table, "columns", ())]
    if missing:
        have = ", ".join(map(str, getattr(table, "columns", ()))) or "none"
        raise TableError(
            f"{what} needs the column{'s' * (len(missing) > 1)} {', '.join(missing)}; the table has: {have}. Pass another table, or rename."
        )


def p_text(p: float) -> str:
    """A p value in words: ``"p = 0.035"``, ``"p < 0.001"``, ``"p undefined"``.

    Examples
    --------
    >>> p_text(0.0004)
    'p < 0.001'
    """
    if not math.isfinite(p):
        return "p undefined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def show(figure: Any, **config: Any) -> None:
    """Show any plotly figure with :data:`CONFIG`: no share button, nothing leaves the computer.

    Parameters
    ----------
    figure : plotly figure
        A :class:`Chart` or any other.
    **config
        Plotly settings to add, such as ``scrollZoom=True``.
    """
    (_display if _in_a_notebook() else pio.show)(figure, config=safe_config(config))


def safe_config(config: dict[str, Any] | None) -> dict[str, Any]:
    """:data:`CONFIG` with other settings added; those that keep the data here win."""
    return CONFIG | (config or {}) | {key: CONFIG[key] for key in ("showSendToCloud", "plotlyServerURL")}
