"""The replicas of a study, drawn."""

import dataclasses

import numpy as np
import pytest

from vbqkit.charts import plot_study_replicas
from vbqkit.charts.words import alt_text
from vbqkit.errors import TableError
from vbqkit.study_replicas import replicate_study

T1 = {"comparison": "VBQ-T1 for fracture", "statistic": "AUC"}


@pytest.fixture(scope="module")
def both():
    return [replicate_study("Huang 2026", times=200, population=who) for who in ("as printed", "no effect")]


def test_shares_add_up_to_all_replicas_and_lines_differ_without_colour(both):
    figure = plot_study_replicas(*both, **T1)
    lines = [trace for trace in figure.data if trace.fill]
    assert [sum(trace.y[::2]) for trace in lines] == pytest.approx([100, 100])
    assert len({trace.line.dash for trace in lines}) == 2


def test_the_printed_number_and_its_interval_are_marked_and_said(both):
    figure = plot_study_replicas(*both, **T1)
    line = next(shape for shape in figure.layout.shapes if shape.type == "line")
    band = next(shape for shape in figure.layout.shapes if shape.type == "rect")
    assert (line.x0, band.x0, band.x1) == (0.641, 0.56, 0.72)
    words = alt_text(figure)
    assert "printed: 0.641" in words
    assert "printed interval 0.56 to 0.72" in words
    assert "as printed: 95 % within" in words
    table = both[0].compared().set_index(["comparison", "statistic"])
    assert f"{table['percentile']['VBQ-T1 for fracture', 'AUC']:.0f} % of the replicas" in words


def test_the_line_lies_within_the_axis_though_no_replica_reaches_it():
    far = replicate_study("Cui 2025", times=50, population="no effect")
    moved = dataclasses.replace(far, draws={key: values + 5.0 for key, values in far.draws.items()})
    figure = plot_study_replicas(moved, comparison="VBQ-T1 with QCT", statistic="r")
    assert min(figure.data[0].x) < -0.27 < max(figure.data[0].x)


def test_a_number_that_is_not_printed_has_no_line(both):
    figure = plot_study_replicas(both[0], comparison="VBQ-T1 for fracture", statistic="Youden's J")
    assert not figure.layout.shapes
    assert "no number is printed" in alt_text(figure)


def test_what_cannot_be_drawn_is_refused_in_words(both):
    with pytest.raises(TableError, match="no replicas to draw"):
        plot_study_replicas(**T1)
    with pytest.raises(TableError, match=r"have no 'r' of 'VBQ-T1 for fracture'.*AUC"):
        plot_study_replicas(both[0], comparison="VBQ-T1 for fracture", statistic="r")
    with pytest.raises(TableError, match=r"one study.*Huang 2026 and Cui 2025"):
        plot_study_replicas(both[0], replicate_study("Cui 2025", times=10, population="as printed"), **T1)
    empty = dataclasses.replace(both[0], draws={key: np.full(5, np.nan) for key in both[0].draws})
    with pytest.raises(TableError, match="undefined in every replica"):
        plot_study_replicas(empty, **T1)
