"""A cut-off carried to another scanner, in people whose scores are made so that the answer is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from vbqkit.errors import ScoreError, TableError
from vbqkit.scanner import Tags, scanner_named
from vbqkit.scores import score, unregister_score
from vbqkit.virtual_cohort import CARRIED, TRANSPORT_COLUMNS, phantom_factor, transport_cutoff
from vbqkit.virtual_cohort.carried_cutoffs import PAIRS, as_printed, carried_cutoffs
from vbqkit.virtual_cohort.transport import MODELS

AB = {"from_scanner": "A", "to_scanner": "B", "outcome": "ill"}


def people(n=200, *, slope=0.8, offset=0.0, apart=1.2, seed=0):
    """Normal scores, cases `apart` SDs higher; on B they are ``slope * score + offset``."""
    rng = np.random.default_rng(seed)
    ill = np.arange(n) % 4 == 0
    here = 3.0 + 0.4 * (rng.standard_normal(n) + apart * ill)
    there = slope * here + offset
    ids = [f"P{k}" for k in range(n)]
    rows = {"scanner": "A", "vbq_t1": here}, {"scanner": "B", "vbq_t1": there}
    return pd.concat([pd.DataFrame({"id": ids, "ill": ill.astype(int), **one}) for one in rows], ignore_index=True)


def means(found, criterion="youden", model="as measured"):
    rows = found[(found["criterion"] == criterion) & (found["model"] == model)]
    return rows.groupby("carried", sort=False)[["sensitivity", "specificity", "youden"]].mean()


def test_a_factor_that_is_right_and_a_reference_group_win_all_of_it_back():
    young = people(60, slope=0.8, offset=0.3, apart=0.0, seed=1)
    found = transport_cutoff(people(offset=0.3), score="VBQ-T1", reference=young, phantom=0.8, **AB)
    assert list(found.columns) == list(TRANSPORT_COLUMNS)
    got = means(found)
    own = got.loc["where it was chosen"]
    assert got.loc["its own cut-off"].to_numpy() == pytest.approx(own.to_numpy()), "B is A on another scale"
    assert got.loc["reference group"].to_numpy() == pytest.approx(own.to_numpy())
    assert got.loc["as it is", "sensitivity"] < own["sensitivity"] - 0.2
    assert got.loc["phantom factor", "sensitivity"] > own["sensitivity"], "a factor knows no offset: too low a cut-off"
    exact = means(transport_cutoff(people(), score="VBQ-T1", phantom=0.8, **AB))
    assert exact.loc["phantom factor"].to_numpy() == pytest.approx(exact.loc["where it was chosen"].to_numpy())


def test_with_the_outcome_shuffled_nothing_is_found():
    found = transport_cutoff(people(400), score="VBQ-T1", phantom=0.8, seeds=range(20), **AB)
    for criterion in ("youden", "sensitivity 0.9"):
        shuffled = found[(found["model"] == "outcome shuffled") & (found["criterion"] == criterion)].dropna(
            subset="seed"
        )
        of_way = shuffled.groupby("carried")["youden"].agg(["mean", "std"])
        # 20 shuffled outcomes of 100 cases and 300 controls
        assert (of_way["mean"].abs() < 4 * of_way["std"] / math.sqrt(20)).all()
        assert means(found, criterion).loc["where it was chosen", "youden"] > 0.3


def test_everybody_is_judged_once_by_people_other_than_themselves_and_intervals_are_exact():
    found = transport_cutoff(people(80), score="VBQ-T1", seeds=(3,), **AB)
    row = found[(found["carried"] == "its own cut-off") & (found["model"] == "as measured")].iloc[0]
    assert (row["n_case"], row["n_control"], row["n_missing"]) == (20, 60, 0)
    exact = binomtest(round(row["sensitivity"] * 20), 20).proportion_ci(method="exact")
    assert (row["sensitivity_low"], row["sensitivity_high"]) == pytest.approx((exact.low, exact.high))
    random = people(80, apart=0.0)
    judged = means(transport_cutoff(random, score="VBQ-T1", seeds=range(10), **AB))
    assert abs(judged.loc["its own cut-off", "youden"]) < 0.2, "a cut-off judged where it was chosen would flatter"


def test_a_fixed_sensitivity_is_kept_where_it_was_chosen():
    found = transport_cutoff(people(1000), score="VBQ-T1", sensitivity=0.8, seeds=(1, 2), **AB)
    assert means(found, "sensitivity 0.8").loc["where it was chosen", "sensitivity"] == pytest.approx(0.8, abs=0.06)


def test_a_score_that_is_low_in_disease_is_turned():
    table = people()
    low = table.assign(mine=-table["vbq_t1"]).drop(columns="vbq_t1")
    turned = transport_cutoff(low, score="mine", positive="low", phantom=0.8, **AB)
    plain = transport_cutoff(table, score="VBQ-T1", phantom=0.8, **AB)
    assert means(turned).to_numpy() == pytest.approx(means(plain).to_numpy(), nan_ok=True)
    assert (turned["cutoff"].dropna() < 0).all()
    with pytest.raises(ScoreError, match="Nobody has said which mine means disease"):
        transport_cutoff(low, score="mine", **AB)
    with pytest.raises(ScoreError, match="Nobody has said which VBQ-STIR means disease"):
        transport_cutoff(table.rename(columns={"vbq_t1": "vbq_stir"}), score="VBQ-STIR", **AB)


def test_a_way_that_cannot_be_gone_says_why_and_tags_open_the_last():
    found = transport_cutoff(people(40), score="VBQ-T1", seeds=(1,), **AB).set_index("carried")
    notes = {way: set(found.loc[[way], "note"]) for way in CARRIED}
    assert "phantom_factor" in min(notes["phantom factor"])
    assert "ages=(20, 30)" in min(notes["reference group"])
    assert "the tags of 'A' are not known" in min(notes["travelling score"])
    tags = {
        "A": Tags(weighting="T1", field_t=1.5, tr_ms=600, te_ms=12, corrected=True),
        "B": Tags(weighting="T1", field_t=3.0, tr_ms=600, te_ms=20, corrected=True),
    }
    gone = transport_cutoff(people(40), score="VBQ-T1", seeds=(1,), tags=tags, **AB)
    row = gone[(gone["carried"] == "travelling score") & (gone["model"] == "as measured")].iloc[0]
    assert row["sensitivity"] > gone[(gone["carried"] == "as it is")]["sensitivity"].iloc[0]
    other = transport_cutoff(people(40).assign(x=lambda t: t["vbq_t1"]), score="x", positive="high", seeds=(1,), **AB)
    assert "only VBQ-T1" in other.set_index("carried").loc[["travelling score"], "note"].iloc[0]


def test_days_and_readers_are_chosen_and_missing_scores_are_counted():
    table = people(80).assign(day=1, reader=1)
    again = table.assign(day=2, vbq_t1=np.nan)
    both = pd.concat([table, again])
    found = transport_cutoff(both, score="VBQ-T1", seeds=(1,), **AB)
    assert found["n_missing"].dropna().eq(0).all()
    some = both.copy()
    some.iloc[:3, some.columns.get_loc("vbq_t1")] = np.nan
    assert transport_cutoff(some, score="VBQ-T1", seeds=(1,), **AB)["n_missing"].dropna().eq(3).all()
    with pytest.raises(TableError, match="0 people with ill = 1 and 0 with 0 have vbq_t1 on both scanners"):
        transport_cutoff(both, score="VBQ-T1", day=2, **AB)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda t: t, {"to_scanner": "C"}, "Nobody was on scanner 'C'.*the table has: A, B"),
        (lambda t: t, {"to_scanner": "A"}, "carried to the same scanner"),
        (lambda t: t, {"outcome": "fracture"}, "The table has no column fracture"),
        (lambda t: t.drop(columns="scanner"), {}, "The table has no column scanner"),
        (lambda t: pd.concat([t, t.iloc[:1]]), {}, "'P0' is there more than once on 'A'"),
        (lambda t: t.assign(ill=2), {}, "The outcome ill must be 0 or 1"),
        (lambda t: t.assign(ill=[1] + [0] * (len(t) - 1)), {}, "'P0' has ill of 0 on one scanner and 1"),
        (lambda t: t.assign(ill=0), {}, "0 people with ill = 1"),
        (lambda t: t, {"phantom": 0.0}, "A phantom factor of 0.0 is not possible"),
        (lambda t: t, {"reference": people(8).query("id == 'P0'")}, "1 people of the reference group"),
    ],
)
def test_a_table_that_cannot_be_used_says_so(change, options, message):
    with pytest.raises(TableError, match=message):
        transport_cutoff(change(people(40)), score="VBQ-T1", **(AB | options))


def test_an_unknown_score_says_which_there_are():
    with pytest.raises(ScoreError, match="There is no score 'nonsense'"):
        transport_cutoff(people(40), score="nonsense", **AB)


def test_a_phantom_on_a_machine_and_on_itself_has_a_factor_of_one_and_a_score_must_be_positive(monkeypatch):
    monkeypatch.setattr("vbqkit.virtual_cohort.travelling_phantom.SCANS", 3)
    assert phantom_factor("VBQ-T1", "generic-1.5t", "generic-1.5t") == 1.0
    there, back = (
        phantom_factor("VBQ-T1", *pair) for pair in (("ge-hdx-1.5t", "generic-3t"), ("generic-3t", "ge-hdx-1.5t"))
    )
    assert there * back == pytest.approx(1.0)
    machine = scanner_named("generic-1.5t-plain")
    quieter = replace(machine, noise=machine.noise / 2)
    assert phantom_factor("VBQ-T1", machine, quieter) == 1.0, "many scans are averaged: noise has no part in it"
    assert phantom_factor("SNR", machine, quieter) == pytest.approx(2.0, rel=0.02), "noise of half the SD"
    with pytest.raises(ScoreError, match="M-score has no phantom factor: no reference group"):
        phantom_factor("M-score", "generic-1.5t", "generic-3t")


def test_a_score_that_is_not_positive_has_no_factor():
    @score("Below", regions=("L3",), source="a test")
    def below(inputs):
        """Marrow, below 0."""
        return -inputs.signal("T1", "L3")

    try:
        with pytest.raises(ScoreError, match="a factor needs a score above 0"):
            phantom_factor("Below", "generic-1.5t", "generic-3t")
    finally:
        unregister_score("Below")


@pytest.mark.slow
def test_the_table_of_the_page_is_what_transport_says_of_one_cohort():
    table = carried_cutoffs(1, women=30, young=3)
    assert len(table) == len(PAIRS) * len(MODELS) * len(CARRIED)
    measured = table[table["model"] == MODELS[0]].set_index(["from_scanner", "to_scanner", "carried"])
    here, there = PAIRS[0]
    kept, lost = measured.loc[(here, there, "where it was chosen")], measured.loc[(here, there, "as it is")]
    assert lost["sensitivity"] < kept["sensitivity"] - 0.2, "VBQ-T1 is lower at 3 T"
    lines = list(as_printed([table, table]))
    sensitivity, specificity = (f"{kept[rate]:.2f}" for rate in ("sensitivity", "specificity"))
    cell = f"{sensitivity}, {sensitivity} / {specificity}, {specificity}"
    assert lines[0].startswith(f"| where it was chosen | {cell} | ")
    assert len(lines) == len(CARRIED) + 2
