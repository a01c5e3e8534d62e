from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import IPython
import IPython.display
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


@pytest.fixture
def kernel(monkeypatch):
    """A notebook's kernel; what it displays."""
    shown = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=None))
    monkeypatch.setattr(IPython.display, "display", lambda given, raw=False: shown.append(given))
    return shown


def config_of(bundle):
    return bundle["application/vnd.plotly.v1+json"]["config"]


def test_a_notebook_cell_that_ends_in_a_chart_has_no_share_button(chart, kernel):
    chart._ipython_display_()
    bundle, buttons = kernel
    assert bundle == chart._repr_mimebundle_()
    config = config_of(bundle)
    assert config["showSendToCloud"] is False
    assert not config["plotlyServerURL"]
    assert "sendChartToCloud" in config["modeBarButtonsToRemove"]
    assert "Save as PNG" in buttons.data


def test_a_chart_is_shown_as_plotly_would_show_it_and_in_words(chart, mime_renderer):
    ours, theirs = (dict(show(chart)) for show in (Chart._repr_mimebundle_, go.Figure._repr_mimebundle_))
    assert ours.pop("text/plain").startswith("Chart: ")
    figures = [bundle["application/vnd.plotly.v1+json"] for bundle in (ours, theirs)]
    for figure in figures:
        figure.pop("config", None)
    assert figures[0] == figures[1]
    assert ours.keys() == theirs.keys()


def test_show_draws_below_the_cell_of_a_notebook_and_keeps_the_data_here(chart, kernel):
    chart.show(config={"scrollZoom": True, "showSendToCloud": True})
    show(go.Figure(), scrollZoom=True, showSendToCloud=True)
    for bundle in kernel:
        assert config_of(bundle)["scrollZoom"] is True
        assert config_of(bundle)["showSendToCloud"] is False
    assert len(kernel) == 2


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


LOADED = 'print(json.dumps(sorted({"nbformat", "jsonschema"} & set(sys.modules))))'


def loaded_by(*lines):
    code = "\n".join(["import json, sys", *lines, LOADED])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_cell_that_ends_in_a_chart_does_not_load_nbformat():
    assert loaded_by("from vbqkit.charts import Chart", "Chart()._repr_mimebundle_()") == []


@pytest.mark.slow
def test_plotly_alone_loads_nbformat_so_that_the_test_above_can_fail():
    assert loaded_by("import plotly.graph_objects as go", "go.Figure()._repr_mimebundle_()") == [
        "jsonschema",
        "nbformat",
    ]
