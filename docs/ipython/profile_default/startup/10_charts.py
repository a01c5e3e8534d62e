"""In the kernels that run the pages: a chart is sent as HTML too, as a page has no front end that knows plotly's type."""

import plotly.io
from IPython import get_ipython
from plotly.graph_objects import Figure

PLOTLY = "application/vnd.plotly.v1+json"


def with_html(message):
    """The message of a display, its chart as HTML that follows the width of the page."""
    data = message["content"].get("data", {})
    if PLOTLY in data:
        chart = {key: data[PLOTLY][key] for key in ("data", "layout")}
        data["text/html"] = plotly.io.to_html(
            Figure(chart), include_plotlyjs=False, full_html=False, config={"responsive": True}
        )
        del data[PLOTLY]
    return message


get_ipython().display_pub.register_hook(with_html)
