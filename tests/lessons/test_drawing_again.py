"""Reference groups drawn again, and pictures beside each other."""

import numpy as np
import pytest

from vbqkit.errors import VbqkitError
from vbqkit.exercises import drawn_groups, middle_body
from vbqkit.exercises.six_scanners import scan_on_all, slices_on_all
from vbqkit.lessons import redraw_groups, show_on_all, show_side_by_side, show_table
from vbqkit.roi.labels import SCORED_LEVELS

YOUNG = np.random.default_rng(5).normal(50.0, 5.0, 200)


def test_an_m_score_swings_more_with_five_women_than_with_thirty_and_each_press_draws_anew():
    groups = redraw_groups(YOUNG, 70.0)
    button, table = groups.children
    seen = {table.value}
    for _ in range(39):
        button.click()
        seen.add(table.value)
    assert len(seen) == groups.draws == 40
    spread = {n: np.std(values) for n, values in groups.m_scores.items()}
    assert spread[5] > 2 * spread[30]
    assert "Drawn 40 times" in table.value
    assert "Drawn 40 times" in groups.still_html()


def test_the_m_score_of_a_drawn_group_is_that_of_its_mean_and_sd():
    for row in drawn_groups(YOUNG, 70.0, sizes=(5, 12), rng=np.random.default_rng(1)):
        assert row["m_score"] == pytest.approx((70.0 - row["mean"]) / row["sd"])


def test_a_woman_without_an_snr_is_not_drawn():
    (row,) = drawn_groups([40.0, float("nan"), 60.0], 70.0, sizes=[30], rng=np.random.default_rng(1))
    assert np.isfinite(row["mean"])


def test_one_woman_is_no_group():
    with pytest.raises(VbqkitError, match="A group of 1 has no SD"):
        drawn_groups(YOUNG, 70.0, sizes=[1], rng=np.random.default_rng(1))


@pytest.mark.slow
def test_the_six_pictures_are_those_that_the_table_measures():
    phantom = middle_body("case04")
    pictures = slices_on_all(phantom, seed=1)
    rois = {roi.label: roi for roi in phantom.reference_rois}
    for row in scan_on_all(phantom, person="patient", age=71, seed=1):
        image = pictures[row["scanner"]]
        assert np.mean([rois[k].measure(image).mean for k in SCORED_LEVELS]) == pytest.approx(row["marrow"], abs=0.06)
    page = show_on_all(phantom, seed=1).data
    assert all(f"as scanned by {name}" in page for name in pictures)


def test_pictures_beside_each_other_keep_their_order():
    page = show_side_by_side(show_table({"a": 1}), show_table({"b": 2})).data
    assert page.index(">a<") < page.index(">b<")
    assert "flex-wrap:wrap" in page
