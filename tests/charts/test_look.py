from __future__ import annotations

import json

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
