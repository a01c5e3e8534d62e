import re

import pytest

from vbqkit.charts.words import alt_html, alt_text


@pytest.mark.parametrize(
    "kind", ["plot_against_dexa", "plot_roc", "plot_bland_altman", "plot_cutoffs", "plot_groups", "plot_correlations"]
)
def test_each_chart_says_in_words_what_it_shows(gallery, kind):
    chart = gallery[kind]
    told = alt_text(chart)
    title = chart.layout.title.text.split("<br>")[0]
    assert told.startswith(f"Chart: {title}")
    assert all(axis.title.text in told for axis in (chart.layout.xaxis, chart.layout.yaxis) if axis.title.text)
    assert all(trace.name in told for trace in chart.data if trace.name and trace.showlegend is not False)
    assert not re.search(r"</?[a-z]+", told), "words, no tags"


def test_the_words_are_for_screen_readers_and_take_no_place(gallery):
    page = alt_html(gallery["plot_roc"])
    assert "width:1px" in page
    assert "display:none" not in page, "a screen reader would leave it out"
