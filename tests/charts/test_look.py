from __future__ import annotations

import json
import subprocess
import sys

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from vbqkit.charts import CONFIG, Chart, show
from vbqkit.charts.look import OKABE_ITO, TEMPLATE


@pytest.fixture
def chart():
    figure = Chart()
    figure.add_scatter(x=[1, 2], y=[2, 1])
    return figure


@pytest.fixture
def mime_renderer(monkeypatch):
    monkeypatch.setattr(pio.renderers, "default", "plotly_mimetype")
    yield
    pio.renderers.default = None


def config_of(bundle):
    return bundle["application/vnd.plotly.v1+json"]["config"]


def test_a_notebook_cell_that_ends_in_a_chart_has_no_share_button(chart, mime_renderer):
    config = config_of(chart._repr_mimebundle_())
    assert config["showSendToCloud"] is False
    assert not config["plotlyServerURL"]
    assert "sendChartToCloud" in config["modeBarButtonsToRemove"]


def test_plotly_alone_does_not_switch_the_share_button_off_so_that_the_test_above_can_fail(mime_renderer):
    bundle = go.Figure()._repr_mimebundle_()["application/vnd.plotly.v1+json"]
    assert bundle.get("config", {}).get("showSendToCloud", True) is True


def test_show_takes_any_figure_and_keeps_the_data_here(monkeypatch):
    seen = {}
    monkeypatch.setattr(pio, "show", lambda figure, config: seen.update(config))
    show(go.Figure(), scrollZoom=True, showSendToCloud=True, plotlyServerURL="https://example.org")
    assert seen["scrollZoom"] is True
    assert seen["showSendToCloud"] is False
    assert seen["plotlyServerURL"] == ""


def test_the_layout_itself_removes_the_share_button_so_that_a_widget_has_none_either(chart):
    assert "sendChartToCloud" in json.loads(chart.to_json())["layout"]["modebar"]["remove"]


def test_a_page_carries_plotly_inside_and_loads_nothing(chart, tmp_path):
    chart.write_html(tmp_path / "chart.html")
    for page in (chart.to_html(), (tmp_path / "chart.html").read_text(encoding="utf-8")):
        assert len(page) > 1_000_000
        for tag in ("<script ", "<link "):
            sources = [part.split(">")[0] for part in page.split(tag)[1:]]
            assert not [source for source in sources if "src=" in source or "href=" in source]
        assert '"showSendToCloud": false' in page


def test_the_camera_button_saves_a_picture():
    assert CONFIG["toImageButtonOptions"]["format"] == "png"


def test_every_colour_of_the_template_is_okabe_ito():
    assert set(TEMPLATE.layout.colorway) <= set(OKABE_ITO.values())
    assert len(set(TEMPLATE.layout.colorway)) == len(TEMPLATE.layout.colorway)


NBFORMAT = """
loaded = sorted({"nbformat", "jsonschema"} & set(sys.modules))
import nbformat, plotly.io._renderers as plotly_renderers
asked_through_plotly = plotly_renderers.nbformat.v4.new_notebook()
print(json.dumps([loaded, nbformat.v4.new_notebook() == asked_through_plotly, plotly_renderers.nbformat.__version__ == nbformat.__version__]))
"""


def in_a_fresh_process(*lines):
    code = "\n".join(["import json, sys", *lines, NBFORMAT])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_showing_charts_does_not_load_nbformat_which_stays_usable():
    assert in_a_fresh_process(
        "from vbqkit.charts import Chart",
        "from vbqkit.charts.live.figure import live_figure",
        "live_figure(Chart())",
        "Chart().show(renderer='plotly_mimetype')",
    ) == [[], True, True]


@pytest.mark.slow
def test_plotly_alone_loads_nbformat_so_that_the_test_above_can_fail():
    loaded, *_ = in_a_fresh_process("import plotly.graph_objects as go", "go.FigureWidget()")
    assert loaded == ["jsonschema", "nbformat"]


@pytest.mark.slow
def test_nbformat_that_is_loaded_already_is_left_alone():
    assert in_a_fresh_process(
        "import nbformat",
        "before = nbformat",
        "from vbqkit.charts import Chart",
        "Chart().show(renderer='plotly_mimetype')",
        "import plotly.io._renderers",
        "assert sys.modules['nbformat'] is plotly.io._renderers.nbformat is before",
    ) == [["jsonschema", "nbformat"], True, True]
