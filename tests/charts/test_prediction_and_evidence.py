"""What the charts of models and of many studies show."""

import numpy as np
import pandas as pd
import pytest

from tests.charts.figures import make_meta, make_transport
from vbqkit import charts, stats
from vbqkit.errors import TableError


def named(figure, start):
    return [trace for trace in figure.data if str(trace.name).startswith(start)]


def test_the_calibration_curve_and_its_groups_are_those_of_the_tables(gallery):
    figure = gallery["plot_calibration"]
    (curve,) = [t for t in named(figure, "model") if t.mode == "lines"]
    (points,) = named(figure, "model: groups of patients")
    assert len(points.x) == 4
    assert (np.array(points.error_y.array) >= 0).all()
    assert figure.layout.title.subtitle.text == "the patients it was fitted to"
    assert min(curve.x) >= 0
    with pytest.raises(TableError, match=r"There is no curve to draw. Pass \{'model'"):
        charts.plot_calibration({})
    with pytest.raises(TableError, match=r"other has no curve; there are: model"):
        charts.plot_calibration(
            {"model": stats.calibration_curve([0.1, 0.5, 0.9], [0, 1, 1], smoother="lowess")}, groups={"other": None}
        )


def test_the_decision_curve_shows_every_strategy_and_not_the_depths_of_treating_all(gallery):
    figure = gallery["plot_decision_curve"]
    assert {t.name for t in figure.data if t.showlegend is not False} == {"model", "treat all", "treat none"}
    assert figure.layout.yaxis.range[0] > -0.3
    with pytest.raises(TableError, match=r"The decision curve needs the columns strategy"):
        charts.plot_decision_curve(stats.proportion(1, 2, method="wilson"))


def test_points_of_the_nomogram_lie_under_each_other_and_totals_are_drawn_to_the_same_width(gallery, cohort):
    figure = gallery["plot_nomogram"]
    model = stats.fit_logistic("osteoporosis", ["vbq_t1", "hu"], data=cohort)
    table = stats.nomogram(model)
    for name in ("vbq_t1", "hu"):
        (scale,) = named(figure, name)
        assert sorted(scale.x) == pytest.approx(sorted(table[table.scale == name].points))
    most = table[table.scale != "total points"].groupby("scale").points.max().sum()
    (chances,) = named(figure, "Osteoporosis")
    totals = table[table.scale == "total points"].points
    assert sorted(np.array(chances.x) * most / 100) == pytest.approx(sorted(totals))
    (sums,) = named(figure, "Total points")
    assert [float(t) for t in sums.text] == pytest.approx(np.array(sums.x) * most / 100)
    assert list(figure.layout.yaxis.ticktext) == ["Points", "vbq_t1", "hu", "Total points", "Osteoporosis"]
    with pytest.raises(TableError, match=r"The nomogram has no predictor"):
        charts.plot_nomogram(table[table.scale == "total points"])


def test_what_moves_a_score_is_filled_and_what_is_not_given_has_no_point(gallery):
    figure = gallery["plot_score_check"]
    (points,) = named(figure, "VBQ-T1")
    assert list(points.marker.symbol) == ["circle-open", "circle", "circle-open"]
    assert list(points.x) == [0.0, -7.4, -1.0]
    assert list(points.error_x.array) == pytest.approx([0.0, 1.7, 2.0])
    assert list(figure.layout.yaxis.ticktext) == ["gain", "field", "CSF place", "level missing"]
    with pytest.raises(TableError, match=r"There is no check to draw. Pass \{'VBQ-T1'"):
        charts.plot_score_check({})
    with pytest.raises(TableError, match=r"The check of SNR needs the column"):
        charts.plot_score_check({"SNR": gallery_table()})


def test_a_carried_cutoff_shows_what_becomes_of_it_every_seed_and_the_null_model(gallery):
    figure, table = gallery["plot_cutoff_transport"], make_transport()
    (sensitivity,) = named(figure, "Sensitivity")
    ways = [way.removesuffix(" (not given)") for way in figure.layout.yaxis.ticktext]
    given = [way for way in ways if way not in ("reference group", "travelling score")]
    assert [f"{way} (not given)" for way in ways if way not in given] == [
        text for text in figure.layout.yaxis.ticktext if "not given" in text
    ]
    assert len(sensitivity.x) == len(given)
    middle = table[(table.model == "as measured") & (table.criterion == "youden") & (table.carried == "as it is")]
    after = 100 * middle.sort_values("youden").sensitivity.iloc[1]
    assert sensitivity.x[given.index("as it is")] == pytest.approx(after)
    assert f"% where it was chosen, {after:.0f} % as it is" in figure.layout.title.subtitle.text
    (shuffled,) = named(figure, "Youden's index, outcome shuffled")
    assert shuffled.xaxis == "x2"
    assert len(shuffled.x) == 3 * len(given)
    with pytest.raises(
        TableError, match=r"There is no criterion 'best' in this table; it has: youden, sensitivity 0.9"
    ):
        charts.plot_cutoff_transport(table, criterion="best")
    with pytest.raises(TableError, match="The transport of a cut-off needs the column"):
        charts.plot_cutoff_transport(gallery_table())


def gallery_table():
    return stats.proportion(1, 2, method="wilson")


def test_the_forest_names_every_study_and_the_summary(gallery):
    figure, meta = gallery["plot_forest"], make_meta()
    assert list(figure.layout.yaxis.ticktext) == [*meta.study, "Summary"]
    (pooled,) = named(figure, "summary sensitivity")
    row = meta.table().iloc[0]
    assert pooled.name == f"summary sensitivity {row.estimate:.2f} [{row.ci_low:.2f}, {row.ci_high:.2f}]"
    assert (min(pooled.x), max(pooled.x)) == pytest.approx((row.ci_low, row.ci_high))
    (points,) = named(figure, "specificity")
    assert list(points.x) == pytest.approx(list(meta.studies().estimate[1::2]))


def test_the_summary_point_lies_on_the_curve_and_in_both_regions(gallery):
    figure = gallery["plot_sroc"]
    (point,), (curve,) = named(figure, "summary: "), named(figure, "HSROC")
    assert np.interp(point.x[0], curve.x, curve.y) == pytest.approx(point.y[0], abs=1e-3)
    for kind in ("confidence", "prediction"):
        (region,) = named(figure, f"95 % {kind}")
        assert min(region.x) < point.x[0] < max(region.x)
        assert min(region.y) < point.y[0] < max(region.y)
    assert "fewer than 10 studies" in figure.layout.title.subtitle.text


def test_evaluations_that_leak_are_open_and_the_guess_is_drawn(gallery):
    figure = gallery["plot_evaluations"]
    (points,) = [trace for trace in figure.data if trace.mode == "markers"]
    assert list(points.marker.symbol) == ["circle", "circle-open"]
    assert list(points.x) == [0.74, 0.98]
    assert {0.5, 0.8} == {shape.x0 for shape in figure.layout.shapes}
    assert [note.text for note in figure.layout.annotations] == ["your guess"]
    with pytest.raises(TableError, match="no evaluation to draw"):
        charts.plot_evaluations(pd.DataFrame(columns=["evaluation", "sound", "estimate", "ci_low", "ci_high", "n"]))
