"""Selecting in the chart selects in the table, and back: what the browser sends is played back here."""

from __future__ import annotations

import pandas as pd
import pytest

from vbqkit.charts import Chart, plot_against_dexa
from vbqkit.charts.live.linked_table import LinkedChart
from vbqkit.errors import TableError
from vbqkit.literature import kosice_patients

PATIENTS = kosice_patients().assign(poor=[True, False, True, False, None])


@pytest.fixture
def linked():
    table = PATIENTS.iloc[[0, 1, 2, 3]]
    return LinkedChart(plot_against_dexa(table, score="snr", against="t_score", by="poor"), table)


def browser_says(linked, event, *points):
    """What plotly's widget sends when points (trace, number) are selected."""
    linked.figure._js2py_pointsCallback = {
        "event_type": event,
        "points": {
            "trace_indexes": [trace for trace, _ in points],
            "point_indexes": [point for _, point in points],
            "xs": [0.0] * len(points),
            "ys": [0.0] * len(points),
        },
        "selector": None,
        "device_state": None,
    }


def test_points_selected_in_the_chart_are_rows_selected_in_the_table(linked):
    assert [list(t.customdata) for t in linked.figure.data] == [[0, 2], [1, 3]]
    browser_says(linked, "plotly_selected", (0, 1), (1, 0))
    assert linked.table.selected == [1, 2]
    assert linked.selected["patient"].tolist() == [2, 3]


def test_a_new_selection_in_another_group_replaces_the_old_one(linked):
    browser_says(linked, "plotly_selected", (0, 0), (0, 1))
    browser_says(linked, "plotly_selected", (1, 1))
    assert linked.table.selected == [3]
    browser_says(linked, "plotly_deselect")
    assert linked.table.selected == []
    assert all(trace.selectedpoints is None for trace in linked.figure.data)


def test_rows_selected_in_the_table_are_points_selected_in_the_chart(linked):
    linked.table.selected = [0, 3]  # what the browser sets
    assert [trace.selectedpoints for trace in linked.figure.data] == [(0,), (1,)]
    linked.select([])
    assert [trace.selectedpoints for trace in linked.figure.data] == [None, None]


def test_cells_read_as_people_write_them(linked):
    assert linked.table.columns[:3] == ["Code", "Age (years)", "BMD, lumbar spine, DEXA (g/cm²)"]
    assert linked.table.rows[0][:4] == ["1", "52", "0.763", "−2.6"]
    assert [row[2:4] for row in linked.table.rows[1:3]] == [["0.749", "−2.7"], ["0.720", "−3.0"]]
    assert linked.table.rows[0][-1] == "yes"
    holes = PATIENTS.assign(tbs=float("nan"))
    assert LinkedChart(plot_against_dexa(holes, score="snr", against="t_score"), holes, columns=["tbs"]).table.rows[
        0
    ] == ["–"]


def test_the_live_chart_has_no_share_button_either(linked):
    assert linked.figure._config["showSendToCloud"] is False
    assert "sendChartToCloud" in linked.figure.layout.modebar.remove


def test_the_second_line_of_the_title_does_not_lie_on_the_first():
    chart = plot_against_dexa(PATIENTS, score="snr", against="t_score", source="Košice group 2025")
    title = LinkedChart(chart, PATIENTS).figure.layout.title
    assert title.text.endswith('n = 5<br><span style="font-size:12px">Košice group 2025</span>')
    assert title.subtitle.text is None


def test_rows_that_are_not_there_are_refused(linked):
    with pytest.raises(TableError, match="Rows 2 to 9 were asked for; the table has rows 0 to 3"):
        linked.select([9, 2])


def test_a_chart_that_does_not_know_its_rows_is_refused():
    plain = Chart()
    plain.add_scatter(x=[1], y=[1])
    with pytest.raises(TableError, match="no point of it knows its row"):
        LinkedChart(plain, PATIENTS)
    chart = plot_against_dexa(PATIENTS, score="snr", against="t_score")
    with pytest.raises(TableError, match="it has row 4, the table has 2 rows"):
        LinkedChart(chart, PATIENTS.head(2))
    with pytest.raises(TableError, match="The table has no column hu; it has: patient"):
        LinkedChart(chart, PATIENTS, columns=["hu"])
    with pytest.raises(TypeError):
        LinkedChart(chart, PATIENTS, colour="red")


def test_an_empty_column_of_the_table_does_not_break_the_link():
    table = pd.DataFrame({"id": ["a", "b"], "snr": [1.0, 2.0], "t_score": [0.0, -1.0], "note": [None, pd.NA]})
    assert LinkedChart(plot_against_dexa(table, score="snr", against="t_score"), table).table.rows[0][-1] == "–"
