from __future__ import annotations

import pytest

from vbqkit.charts import plot_against_dexa
from vbqkit.errors import TableError
from vbqkit.literature import kosice_patients

PAPER_000 = kosice_patients()


def trace(figure, name):
    (found,) = [t for t in figure.data if t.name == name]
    return found


@pytest.mark.parametrize("score", ["snr", "m_score"])
@pytest.mark.parametrize("against", ["t_score", "bmd_g_cm2", "tbs"])
def test_the_points_are_the_patients_and_the_star_is_the_case(score, against):
    case = {"snr": 70.0, "m_score": 4.2, "t_score": -2.2, "bmd_g_cm2": 0.8, "tbs": 1.3}
    figure = plot_against_dexa(PAPER_000, score=score, against=against, case=case)
    points = trace(figure, "patients")
    assert list(points.x) == list(PAPER_000[against])
    assert list(points.y) == list(PAPER_000[score])
    star = trace(figure, "your case")
    assert (star.x[0], star.y[0]) == (case[against], case[score])


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_a_case_without_densitometry_is_a_line_at_its_score_and_says_so(unknown):
    figure = plot_against_dexa(PAPER_000, score="snr", against="bmd_g_cm2", case={"snr": 70.0, "bmd_g_cm2": unknown})
    assert [t.name for t in figure.data] == ["patients"]
    assert [(shape.y0, shape.y1) for shape in figure.layout.shapes] == [(70.0, 70.0)]
    assert "is not known" in figure.layout.annotations[0].text


def test_axes_carry_units_and_the_title_carries_n():
    figure = plot_against_dexa(PAPER_000, score="m_score", against="bmd_g_cm2")
    assert figure.layout.xaxis.title.text == "BMD, lumbar spine, DEXA (g/cm²)"
    assert figure.layout.yaxis.title.text == "M-score (SD of the young reference group)"
    assert figure.layout.title.text.endswith("n = 5")


def test_patients_without_a_value_are_counted_and_said():
    holes = PAPER_000.assign(bmd_g_cm2=[0.763, None, "unreadable", 0.77, 0.756])
    figure = plot_against_dexa(holes, score="snr", against="bmd_g_cm2")
    assert figure.layout.title.text.endswith("n = 3 (2 left out: a value is missing)")
    assert list(trace(figure, "patients").text) == ["1", "4", "5"]


def test_only_who_boundaries_near_the_data_are_drawn():
    drawn = plot_against_dexa(PAPER_000, score="snr", against="t_score").layout.shapes
    assert [shape.x0 for shape in drawn] == [-2.5]


def test_a_missing_column_is_named_with_what_there_is():
    with pytest.raises(TableError, match=r"needs the column qct; the table has: patient, age_years"):
        plot_against_dexa(PAPER_000, score="snr", against="qct")


def test_a_table_without_numbers_is_refused():
    with pytest.raises(TableError, match="No row has a number in both 'snr' and 'bmd_g_cm2'"):
        plot_against_dexa(PAPER_000.assign(bmd_g_cm2=None), score="snr", against="bmd_g_cm2")


def test_a_case_without_the_score_is_refused():
    with pytest.raises(TableError, match="The case has no value of 'm_score'"):
        plot_against_dexa(PAPER_000, score="m_score", against="bmd_g_cm2", case={"snr": 70.0})
