"""What every chart owes its reader, and what each kind shows."""

from __future__ import annotations

import json
import math
import re

import pandas as pd
import pytest

from vbqkit import charts, stats
from vbqkit.charts.look import OKABE_ITO, SAVE_BUTTONS
from vbqkit.errors import TableError
from vbqkit.literature import kosice_levels, thresholds_for
from vbqkit.page.colours import PAGE

KINDS = sorted(name for name in charts.__all__ if name.startswith("plot_"))
GREYS = {colour for colour in PAGE.values() if len({colour[1:3], colour[3:5], colour[5:]}) == 1}


def named(figure, start):
    return [trace for trace in figure.data if str(trace.name).startswith(start)]


def test_the_gallery_shows_every_kind_of_chart(gallery):
    assert sorted(gallery) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_axes_carry_units_and_the_title_carries_n(gallery, kind):
    layout = gallery[kind].layout
    assert "n = " in layout.title.text or kind == "plot_score"  # one patient
    titles = [axis.title.text for axis in (layout.xaxis, layout.yaxis) if axis.title.text]
    categories = {"plot_groups": ["Osteoporosis"], "plot_levels": ["Vertebral level"]}
    assert titles or kind == "plot_correlations"  # its unit stands on the colour bar
    for title in titles:
        assert re.search(r"\(.+\)$", title) or title.casefold() in map(str.casefold, categories.get(kind, []))


@pytest.mark.parametrize("kind", KINDS)
def test_every_colour_is_okabe_ito_or_grey(gallery, kind):
    text = gallery[kind].to_json()
    seen = {colour.upper() for colour in re.findall(r'"(#[0-9a-fA-F]{6})"', text)}
    triples = {tuple(int(v) for v in found) for found in re.findall(r"rgba\((\d+),\s*(\d+),\s*(\d+)", text)}
    allowed = {colour.upper() for colour in OKABE_ITO.values()} | GREYS
    assert seen <= allowed
    assert triples <= {tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in allowed} | {(0, 0, 0)}


@pytest.mark.parametrize("kind", KINDS)
def test_no_chart_can_be_shared_and_none_refers_to_the_network(gallery, kind):
    figure = gallery[kind]
    page = figure.to_html(include_plotlyjs=False)
    assert '"showSendToCloud": false' in page
    assert not re.findall(r"https?://", page)
    assert "sendChartToCloud" in json.loads(figure.to_json())["layout"]["modebar"]["remove"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_has_buttons_for_png_and_svg(gallery, kind):
    assert gallery[kind].to_html(include_plotlyjs=False).count(SAVE_BUTTONS) == 1
    assert re.findall(r"Save as (\w+)", SAVE_BUTTONS) == ["PNG", "SVG"]


# The scatter


def test_the_band_is_drawn_as_the_statistics_say(gallery, cohort):
    band = stats.regression_band("t_score", "vbq_t1", data=cohort)
    (line,) = named(gallery["plot_against_dexa"], "regression")
    assert list(line.y) == list(band["estimate"])
    drawn = [list(trace.y) for trace in gallery["plot_against_dexa"].data if trace.mode == "lines"]
    for edge in ("ci_low", "ci_high", "prediction_low", "prediction_high"):
        assert list(band[edge]) in drawn


def test_the_correlation_stands_below_the_title(gallery, cohort):
    found = stats.pearson("t_score", "vbq_t1", data=cohort).iloc[0]
    subtitle = gallery["plot_against_dexa"].layout.title.subtitle.text
    assert subtitle == (
        f"Pearson r = −{-found.estimate:.2f} [−{-found.ci_low:.2f}, −{-found.ci_high:.2f}], p < 0.001 · synthetic"
    )


def test_an_undefined_correlation_is_said(cohort):
    flat = cohort.assign(vbq_t1=2.5)
    figure = charts.plot_against_dexa(
        flat, score="vbq_t1", against="t_score", correlation=stats.spearman("t_score", "vbq_t1", data=flat)
    )
    assert figure.layout.title.subtitle.text == "ρ undefined"


def test_groups_differ_by_colour_and_by_symbol_and_points_know_their_rows(gallery, cohort):
    traces = named(gallery["plot_against_dexa"], "osteoporosis: ")
    assert sorted(t.name for t in traces) == sorted(
        f"osteoporosis: {word} (n = {n})"
        for word, n in (("yes", cohort.osteoporosis.sum()), ("no", (~cohort.osteoporosis).sum()))
    )
    assert len({t.marker.color for t in traces}) == len({t.marker.symbol for t in traces}) == 2
    rows = [row for t in traces for row in t.customdata]
    assert sorted(rows) == list(range(len(cohort)))


# ROC


def test_the_roc_says_area_cutoff_and_numbers(gallery, cohort):
    figure = gallery["plot_roc"]
    area = stats.auc("vbq_t1", "osteoporosis", positive="high", data=cohort).iloc[0]
    (curve,) = named(figure, "VBQ-T1: AUC")
    assert curve.name == f"VBQ-T1: AUC {area.estimate:.2f} [{area.ci_low:.2f}, {area.ci_high:.2f}]"
    assert figure.layout.title.text == f"ROC, n = {area.n_case} cases + {area.n_control} controls"
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) in {(0, 0, 1, 1), (1, 1, 0, 0)}
    (point,) = named(figure, "VBQ-T1: cut-off")
    assert point.y[0] > point.x[0], "the cut-off lies above the diagonal of chance"
    assert figure.layout.title.subtitle.text.startswith("positive at or above the cut-off")


def test_the_curve_is_drawn_as_one_path_that_never_goes_back(gallery):
    (curve,) = named(gallery["plot_roc"], "VBQ-T1: AUC")
    steps = [(b - a) for a, b in zip(curve.x, curve.x[1:], strict=False)]
    rises = [(b - a) for a, b in zip(curve.y, curve.y[1:], strict=False)]
    assert all(s <= 1e-12 for s in steps) or all(s >= -1e-12 for s in steps)
    assert all(s <= 1e-12 for s in rises) or all(s >= -1e-12 for s in rises)


def test_scores_that_point_opposite_ways_are_said(cohort):
    curves = {
        name: stats.roc_curve(name, "osteoporosis", positive=side, interval="wilson", data=cohort)
        for name, side in (("vbq_t1", "high"), ("hu", "low"))
    }
    told = charts.plot_roc(curves).layout.title.subtitle.text
    assert "vbq_t1 at or above, hu at or below the cut-off" in told, "in print nobody can hover"


def test_a_roc_without_curves_or_with_another_name_is_refused(gallery, cohort):
    with pytest.raises(TableError, match="There is no curve to draw"):
        charts.plot_roc({})
    curve = stats.roc_curve("vbq_t1", "osteoporosis", positive="high", interval="wilson", data=cohort)
    with pytest.raises(TableError, match="VBQ has no curve; there are: VBQ-T1"):
        charts.plot_roc({"VBQ-T1": curve}, aucs={"VBQ": curve})


# Bland-Altman


def test_the_points_of_bland_altman_are_difference_against_mean(cohort):
    agreement = stats_like_agreement("percent")
    figure = charts.plot_bland_altman(cohort, a="vbq_t1", b="again", agreement=agreement, quantity="VBQ-T1")
    (points,) = named(figure, "patients")
    a, b = cohort["vbq_t1"].iloc[7], cohort["again"].iloc[7]
    assert points.x[7] == pytest.approx((a + b) / 2)
    assert points.y[7] == pytest.approx(100 * (a - b) / ((a + b) / 2))
    assert figure.layout.yaxis.title.text == "vbq_t1 − again (% of their mean)"


def stats_like_agreement(scale):
    return pd.DataFrame(
        {
            "quantity": ["bias", "lower limit", "upper limit"],
            "estimate": [0.0, -10.0, 10.0],
            "ci_low": [-1.0, -12.0, 8.0],
            "ci_high": [1.0, -8.0, 12.0],
            "scale": scale,
            "n": 60,
        }
    )


def test_pairs_with_a_missing_value_are_counted(cohort):
    holes = cohort.assign(again=cohort["again"].where(cohort.index > 4))
    figure = charts.plot_bland_altman(
        holes, a="vbq_t1", b="again", agreement=stats_like_agreement("absolute"), quantity="x"
    )
    assert figure.layout.title.text == "x: vbq_t1 against again, n = 55 (5 left out: a value is missing)"
    assert list(named(figure, "patients")[0].customdata) == list(range(5, 60))
    with pytest.raises(TableError, match="No row has a number in both 'vbq_t1' and 'again'"):
        charts.plot_bland_altman(
            cohort.assign(again=None), a="vbq_t1", b="again", agreement=stats_like_agreement("absolute"), quantity="x"
        )


# Groups and levels


def test_every_person_is_in_one_box(gallery, cohort):
    figure = gallery["plot_groups"]
    assert sum(len(box.y) for box in figure.data) == len(cohort)
    assert {box.name.split("<br>")[0] for box in figure.data} == {"yes", "no"}
    assert "Mann-Whitney U: p = 0.012" in figure.layout.title.subtitle.text


def test_people_without_value_or_outside_the_groups_are_counted(cohort):
    three = cohort.assign(group=["a", "b", "c"] * 20, vbq_t1=cohort["vbq_t1"].where(cohort.index != 0))
    figure = charts.plot_groups(three, value="vbq_t1", by="group", order=["b", "a"])
    assert [box.name for box in figure.data] == ["b<br>n = 20", "a<br>n = 19"]
    assert figure.layout.title.text.endswith("n = 39 (21 left out: value or group is missing)")
    with pytest.raises(TableError, match="There is no number of 'vbq_t1' in group z"):
        charts.plot_groups(three, value="vbq_t1", by="group", order=["a", "z"])
    with pytest.raises(TableError, match="in any group of 'group'"):
        charts.plot_groups(three.assign(vbq_t1=None), value="vbq_t1", by="group")


def test_a_profile_leaves_out_the_levels_that_the_case_lacks(gallery):
    (case,) = named(gallery["plot_levels"], "your case")
    assert list(case.x) == ["L1", "L3"]
    with pytest.raises(TableError, match="needs the column L5; the table has: patient, L1"):
        charts.plot_levels(kosice_levels(), quantity="SNR", levels=["L4", "L5"])


# Cut-offs


def test_the_forest_plot_tells_the_verdict_of_each_paper(gallery):
    traces = {t.name: list(t.x) for t in gallery["plot_cutoffs"].data}
    assert traces == {"your value would be negative": [4.285], "your value would be indeterminate": [2.6, 2.9]}
    (band, line) = gallery["plot_cutoffs"].layout.shapes
    assert (band.x0, band.x1, line.x0) == (2.55, 2.96, 2.75)


@pytest.mark.parametrize(("side", "called"), [("high", "positive"), ("low", "negative")])
def test_without_an_interval_the_value_itself_decides(cutoffs, side, called):
    figure = charts.plot_cutoffs(cutoffs.assign(positive=side), score="VBQ-T1", value=2.75)
    seen = {t.name.rsplit(" ", 1)[-1]: list(t.x) for t in figure.data}
    assert set(seen) == {"positive", "negative"}
    assert seen[called] == [2.6]


def test_two_cutoffs_of_one_paper_have_a_row_each(cutoffs):
    twice = pd.concat([cutoffs.iloc[[1]], cutoffs.iloc[[1]].assign(threshold=2.56)])
    figure = charts.plot_cutoffs(twice, score="VBQ-T1")
    assert [list(t.y) for t in figure.data] == [[0, 1]]
    assert len(figure.layout.yaxis.ticktext) == 2


def test_the_verdicts_are_those_of_the_literature_and_its_nearest_stands_on_top():
    found = thresholds_for(
        "VBQ-T1", field_t=3.0, vendor="Philips", tr_ms=600, te_ms=20, value=2.75, value_low=2.5, value_high=2.95
    )
    figure = charts.plot_cutoffs(found, score="VBQ-T1", value=2.75, ci_low=2.5, ci_high=2.95)
    drawn = {int(y): trace.name.rsplit(" ", 1)[-1] for trace in figure.data for y in trace.y}
    assert [drawn[i] for i in range(len(found))] == found["verdict"].tolist()
    assert "Chen 2023" in figure.layout.yaxis.ticktext[0]


def test_a_forest_plot_without_cutoffs_is_refused(cutoffs):
    with pytest.raises(TableError, match="There is no cut-off for 'HU'; there are some for: M-score, VBQ-T1"):
        charts.plot_cutoffs(cutoffs, score="HU")


def test_a_score_shows_each_source_with_its_interval_and_share(gallery):
    figure = gallery["plot_score"]
    assert [list(t.x) for t in figure.data][-1] == [1.8, 3.6, 8.2]
    labels = list(figure.layout.yaxis.categoryarray)
    assert any("pixel noise</b>, 80 % of the variance" in label for label in labels)
    assert [a.text for a in figure.layout.annotations] == ["5.5 Bandirali 2015: osteoporosis"]


def test_several_scores_at_once_are_refused(uncertainty):
    with pytest.raises(TableError, match=r"The rows belong to 2 scores \(M-score, SNR\)"):
        charts.plot_score(pd.concat([uncertainty, uncertainty.assign(score="SNR")]))


def test_an_overruled_score_says_so_under_its_title(uncertainty):
    said = "overruled: contrast agent. Stated reason: to see what it does"
    assert said in charts.plot_score(uncertainty.assign(overruled=said)).layout.title.subtitle.text
    assert "overruled" not in charts.plot_score(uncertainty.assign(overruled=None)).layout.title.subtitle.text


def test_the_matrix_shows_each_pair_once(gallery, cohort):
    (heat,) = gallery["plot_correlations"].data
    shown = [value for line in heat.z for value in line if not math.isnan(value)]
    pairs = stats.correlations(cohort, ["vbq_t1", "t_score", "hu"], kind="pearson")
    assert sorted(shown) == pytest.approx(sorted(pairs["estimate"]))
    assert "p not corrected for 3 comparisons" in gallery["plot_correlations"].layout.title.subtitle.text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < 0.001"), (0.0123, "p = 0.012"), (float("nan"), "p undefined"), (1.0, "p = 1.000")]
)
def test_p_values_read_as_journals_print_them(p, text):
    assert charts.look.p_text(p) == text
