"""Reference groups drawn again, and pictures beside each other."""

from itertools import pairwise

import numpy as np
import pytest

from vbqkit.errors import VbqkitError
from vbqkit.exercises import drawn_groups, middle_body, promised_intervals
from vbqkit.exercises.six_scanners import scan_on_all, slices_on_all
from vbqkit.lessons import redraw_groups, show_on_all, show_side_by_side, show_table
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scores import m_score_interval

YOUNG = np.random.default_rng(5).normal(50.0, 5.0, 200)


def test_an_m_score_swings_more_with_five_women_than_with_thirty_and_each_press_draws_anew():
    groups = redraw_groups(YOUNG, 70.0)
    buttons, _, table = groups.children
    seen = {table.value}
    for _ in range(39):
        buttons.children[0].click()
        seen.add(table.value)
    assert len(seen) == groups.draws == 40
    spread = {n: np.std(values) for n, values in groups.m_scores.items()}
    assert spread[5] > 2 * spread[30]
    assert "Drawn 40 times" in table.value
    assert "Drawn 40 times" in groups.still_html()
    buttons.children[1].click()
    assert groups.draws == 140


def test_what_a_group_promises_is_counted_and_shown():
    """Of normal women 95 in 100 intervals hold the M-score against all; the next group's, by chance, fewer."""
    groups = redraw_groups(YOUNG, 70.0)
    groups.draw(599)
    held = {n: np.mean([one.holds_truth for one in found]) for n, found in groups.found.items()}
    assert all(0.92 < share < 0.98 for share in held.values())
    held_next = {n: np.mean([one.holds_next for one in found]) for n, found in groups.found.items()}
    assert all(held_next[n] < held[n] for n in held)
    _, picture, table = groups.children
    for found in groups.found.values():
        low, high = m_score_interval(found[-1].m_score, found[-1].n)
        assert f"{low:.1f} to {high:.1f}" in table.value
        assert f">{100 * np.mean([one.holds_truth for one in found]):.0f}<" in table.value
    missed = [one for found in groups.found.values() for one in found[-40:] if not one.holds_truth]
    assert picture.value.count("stroke-dasharray='3 2'") == len(missed) > 0
    truth = (70.0 - YOUNG.mean()) / YOUNG.std()
    assert f"Against all women: {truth:.1f}" in picture.value


def test_an_interval_is_counted_against_all_women_and_against_the_next_group():
    found = promised_intervals(YOUNG, 70.0, n=12, groups=30, rng=np.random.default_rng(3))
    truth = (70.0 - YOUNG.mean()) / YOUNG.std()
    assert [one.holds_truth for one in found] == [one.low <= truth <= one.high for one in found]
    assert [a.holds_next for a in found[:-1]] == [a.low <= b.m_score <= a.high for a, b in pairwise(found)]


def test_the_m_score_of_a_drawn_group_is_that_of_its_mean_and_sd():
    for row in drawn_groups(YOUNG, 70.0, sizes=(5, 12), rng=np.random.default_rng(1)):
        assert row["m_score"] == pytest.approx((70.0 - row["mean"]) / row["sd"])


def test_a_woman_without_an_snr_is_not_drawn():
    (row,) = drawn_groups([40.0, float("nan"), 60.0], 70.0, sizes=[30], rng=np.random.default_rng(1))
    assert np.isfinite(row["mean"])


def test_one_woman_is_no_group():
    with pytest.raises(VbqkitError, match="A group of 1 has no SD"):
        drawn_groups(YOUNG, 70.0, sizes=[1], rng=np.random.default_rng(1))
    with pytest.raises(VbqkitError, match="all have the same SNR"):
        promised_intervals([50.0, 50.0], 70.0, n=5, groups=3, rng=np.random.default_rng(1))


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
