"""Virtual cohorts: the same rows whoever works, rows that agree with pictures, and errors in words."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.reader_model import REFERENCE_READER, Reader
from vbqkit.batch import running
from vbqkit.errors import ScannerError, ScoreError
from vbqkit.scanner import scanner_named
from vbqkit.scores import score, unregister_score
from vbqkit.virtual_cohort import COHORT_COLUMNS, simulate_cohort
from vbqkit.virtual_cohort import simulate as simulate_module

MACHINE, OTHER = "generic-1.5t", "philips-achieva-3t"
KEYS = ["id", "scanner", "day", "reader"]


@pytest.fixture(scope="module")
def two():
    done = []
    table = simulate_cohort(
        2, (MACHINE, OTHER), ("VBQ-T1", "SNR"), 2, seed=7, days=2, progress=lambda k, n: done.append((k, n))
    )
    assert done == [(1, 2), (2, 2)]
    return table


def test_a_row_is_a_person_on_a_scanner_on_a_day_by_a_reader(two):
    assert list(two.columns) == [*COHORT_COLUMNS, "vbq_t1", "snr", "not_given", "origin"]
    assert len(two) == 2 * 2 * 2 * 2
    assert two["origin"].str.match(r"synthetic: vbqkit \S+, seed 7").all()
    assert not two.duplicated(KEYS).any()
    assert two["vbq_t1"].between(1, 8).all()
    of_person = two.groupby("id")[list(COHORT_COLUMNS[1:-3])].nunique()
    assert (of_person == 1).all(axis=None), "truth, DEXA, CT and outcome are a person's, not a reading's"


def test_signals_are_those_that_the_score_was_made_of():
    row = simulate_cohort(1, MACHINE, ("VBQ-T1", "SNR"), seed=7, signals=True).iloc[0]
    levels = [row[f"T1_L{k}"] for k in (1, 2, 3, 4)]
    assert np.median(levels) / row["T1_CSF"] == pytest.approx(row["vbq_t1"])
    assert np.mean(levels) / row["T1_noise"] == pytest.approx(row["snr"])


def test_rescans_readers_and_scanners_differ(two):
    wide = two.pivot_table(index="id", columns=["scanner", "day", "reader"], values="vbq_t1")
    assert wide.iloc[0].nunique() == 8
    assert (wide[MACHINE].mean(axis=1) > wide[OTHER].mean(axis=1)).all(), "field and times lower VBQ-T1 at 3 T"


def test_a_reader_counts_a_patient_alike_on_every_day_and_scanner_and_two_readers_count_alone(monkeypatch):
    counts, place = [], Reader.place

    def noted(self, *args, **options):
        counts.append(options["counted"])
        return place(self, *args, **options)

    monkeypatch.setattr(Reader, "place", noted)
    unsure = Reader(miscount=0.6)
    simulate_cohort(4, (MACHINE, OTHER), "VBQ-T1", (unsure, unsure), seed=7, days=2, fractured=False)
    of_person = np.array(counts).reshape(4, 4, 2)  # person, scanner and day, reader
    assert (of_person == of_person[:, :1]).all()
    assert len(np.unique(of_person)) > 1
    assert (of_person[:, 0, 0] != of_person[:, 0, 1]).any()


def test_a_row_depends_on_the_seed_and_its_patient_alone(two):
    alone = simulate_cohort(1, OTHER, "VBQ-T1", 2, seed=7)
    both = alone.merge(two, on=KEYS, suffixes=("", "_there"))
    assert len(both) == 2
    assert (both["vbq_t1"] == both["vbq_t1_there"]).all()
    assert (both["hu"] == both["hu_there"]).all()
    another = simulate_cohort(1, OTHER, "VBQ-T1", seed=8)
    assert another["vbq_t1"].iloc[0] != alone["vbq_t1"].iloc[0]


@pytest.mark.slow
def test_the_rows_are_the_same_for_one_and_for_two_workers():
    options = {"seed": 7, "days": 2}
    here = simulate_cohort(3, (MACHINE, OTHER), ("VBQ-T1", "VBQ-STIR"), 2, **options)
    spread = simulate_cohort(3, (MACHINE, OTHER), ("VBQ-T1", "VBQ-STIR"), 2, workers=2, **options)
    pd.testing.assert_frame_equal(here, spread)


def test_rows_stand_in_order_however_the_patients_come(monkeypatch):
    forward = simulate_cohort(2, MACHINE, seed=7)
    as_they_come = simulate_module.simulated
    monkeypatch.setattr(simulate_module, "simulated", lambda *a, **k: reversed(list(as_they_come(*a, **k))))
    pd.testing.assert_frame_equal(simulate_cohort(2, MACHINE, seed=7), forward)


@pytest.mark.slow
def test_scores_are_those_of_pictures_within_noise():
    names = ("VBQ-T1", "VBQ-T2", "VBQ-STIR")
    for machine in (MACHINE, OTHER):
        quick = simulate_cohort(6, machine, names, seed=11)
        full = simulate_cohort(6, machine, names, seed=11, pictures=True)
        for column in ("vbq_t1", "vbq_t2", "vbq_stir"):
            ratio = np.log(quick[column] / full[column])
            # flow and noise are drawn anew: 2 to 5 % a person; 2 % of VBQ is what is neglected
            assert abs(ratio.mean()) < 0.02 + 3 * ratio.std(ddof=1) / math.sqrt(len(ratio)), (machine, column)
            assert ratio.std(ddof=1) < 0.08, (machine, column)


def test_what_dexa_and_ct_measure_scatters_about_the_truth_by_their_precision(monkeypatch):
    drawn = simulate_module.simulate_person
    monkeypatch.setattr("vbqkit.virtual_cohort.person._readings", lambda *_: [])
    monkeypatch.setattr("vbqkit.virtual_cohort.person.drawn_person", people_without_bodies)
    design = simulate_module.CohortDesign(seed=5, scanners=(), readers=(), weightings=())
    rows = pd.DataFrame([drawn((design, k)).row for k in range(400)])
    for measured, true, percent in (
        ("bmd_g_cm2", "true_bmd_g_cm2", 1.9),
        ("hu", "true_hu", 2.4),
        ("qct_mg_cm3", "true_qct_mg_cm3", 2.4),
    ):
        relative = 100 * (rows[measured] / rows[true] - 1)
        assert abs(relative.mean()) < 4 * percent / math.sqrt(400)
        assert relative.std() == pytest.approx(percent, rel=0.12)
    assert (rows["osteoporosis_dexa"] == (rows["t_score"] <= -2.5)).all()
    assert (rows["osteoporosis_qct"] == (rows["qct_mg_cm3"] < 80)).all()
    assert rows[["osteoporosis_dexa", "osteoporosis_qct", "fracture"]].mean().between(0.02, 0.5).all()


def people_without_bodies(rng, *, findings, **who):
    return draw_patients(1, rng=rng, **who)[0], findings


def test_a_fractured_person_has_a_fracture_in_the_body_and_is_scored_without_that_level():
    table = simulate_cohort(1, MACHINE, "VBQ-T1", seed=3, sex="F", ages=(70, 80), fractured=True, signals=True)
    assert table["fracture"].tolist() == [1]
    levels = table[[f"T1_{level}" for level in ("T12", "L1", "L2", "L3", "L4")]]
    assert levels.isna().sum(axis=1).tolist() == [1], "the fractured level has no ROI"
    assert table["vbq_t1"].notna().all()


def test_any_registered_score_is_scored_and_moves_no_other():
    plain = simulate_cohort(1, MACHINE, "VBQ-T1", seed=7)

    @score("Odd mix", regions=("L3", "S1", "fat", "L2 upper endplate", "CSF L2"), source="a test")
    def odd_mix(inputs):
        """Everything that is placed only where it is asked for."""
        return sum(inputs.signal("T1", r) for r in ("S1", "fat", "L2 upper endplate", "CSF L2")) / inputs.signal(
            "T1", "L3"
        )

    try:
        table = simulate_cohort(1, MACHINE, ("Odd mix", "VBQ-T1"), seed=7)
        assert table["odd_mix"].iloc[0] > 1
        assert table["vbq_t1"].tolist() == plain["vbq_t1"].tolist()
    finally:
        unregister_score("Odd mix")


def test_a_score_of_single_pixels_asks_for_pictures_and_gets_them():
    @score("Upper quarter", regions=("L3",), source="a test")
    def upper_quarter(inputs):
        """The upper quartile of the pixels over their mean."""
        found = inputs.pixels("T1", "L3")
        return float(np.quantile(found.values, 0.75) / found.mean)

    try:
        with pytest.raises(ScoreError, match=r"Upper quarter was given to nobody.*not at hand.*Pass pictures=True"):
            simulate_cohort(1, MACHINE, "Upper quarter", seed=7)
        assert simulate_cohort(1, MACHINE, "Upper quarter", seed=7, pictures=True)["upper_quarter"].iloc[0] > 1
    finally:
        unregister_score("Upper quarter")


def test_a_score_without_a_number_is_refused_and_one_that_some_have_says_why():
    @score("Never", regions=("L3",), source="a test")
    def never(_):
        """Not a number."""
        return math.nan

    try:
        with pytest.raises(ScoreError, match=r"Never was given to nobody on any scanner: its value is nan"):
            simulate_cohort(1, MACHINE, "Never", seed=7)
    finally:
        unregister_score("Never")
    masked = simulate_cohort(1, (MACHINE, "generic-3t"), "SNR", seed=7).set_index("scanner")
    assert masked.loc[MACHINE, "not_given"] == ""
    assert math.isnan(masked.loc["generic-3t", "snr"])
    assert "SNR: " in masked.loc["generic-3t", "not_given"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n": 0}, "The number of patients is 0; give a whole number of at least 1"),
        ({"n": 2.5}, "The number of patients is 2.5"),
        ({"workers": 0}, "The number of workers is 0"),
        ({"days": 0}, "The number of days is 0"),
        ({"seed": -1}, "The seed is -1"),
        ({"scanners": "generic-15t"}, "There is no scanner 'generic-15t'. Did you mean"),
        ({"scanners": ()}, "No scanner is given"),
        ({"scanners": (MACHINE, MACHINE)}, "'generic-1.5t' is there twice"),
        ({"reader": "A"}, "reader='A' does not say how a reader errs: it has no marrow_sd_mm"),
        ({"reader": [REFERENCE_READER, {"marrow_sd_mm": 2}]}, "does not say how a reader errs"),
        ({"reader": 0}, "0 readers cannot read"),
        ({"reader": ()}, "No reader is given"),
        ({"ages": (10, 20)}, "Ages from 10 to 20 years are not offered"),
    ],
)
def test_what_cannot_be_simulated_says_so(changed, message):
    with pytest.raises(ScannerError, match=message.replace(".", r"\.").replace("(", r"\(")):
        simulate_cohort(**({"n": 1, "scanners": MACHINE, "scores": "VBQ-T1", "seed": 1} | changed))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ("VBQ-T9", "There is no score 'VBQ-T9'"),
        ((), "No score is given"),
        (("SNR", "SNR"), "A score is named twice"),
        ("S1-VBQ", r"published variant that is not in use"),
        ("M-score", r"M-score was given to nobody on any scanner: no reference group"),
    ],
)
def test_scores_that_cannot_be_had_say_so(scores, message):
    with pytest.raises(ScoreError, match=message):
        simulate_cohort(1, MACHINE, scores, seed=1)


def test_an_aggregate_that_does_not_exist_is_said_before_anybody_is_drawn():
    with pytest.raises(ScoreError, match="Aggregate 'mode' is unknown; use 'median' or 'mean'"):
        simulate_cohort(1, MACHINE, seed=1, aggregate="mode")


def test_a_roi_that_nobody_has_and_a_series_that_a_scanner_lacks_are_said_before_anybody_is_drawn():
    @score("Over muscle", regions=("L3", "muscle"), source="a test")
    def over_muscle(inputs):
        """Marrow over muscle."""
        return inputs.signal("T1", "L3") / inputs.signal("T1", "muscle")

    try:
        with pytest.raises(ScoreError, match="Over muscle needs the ROI 'muscle', which virtual patients do not have"):
            simulate_cohort(1, MACHINE, "Over muscle", seed=1)
    finally:
        unregister_score("Over muscle")
    only_t1 = replace(scanner_named(MACHINE), protocols=scanner_named(MACHINE).protocols[:1])
    with pytest.raises(ScannerError, match="has no STIR protocol"):
        simulate_cohort(1, only_t1, "VBQ-STIR", seed=1)
    void = replace(scanner_named(MACHINE), csf_void=1.0)
    with pytest.raises(ScannerError, match=r"has a flow void, which only a picture shows. Pass pictures=True"):
        simulate_cohort(1, void, seed=1)


def test_a_worker_that_ends_is_said_with_what_to_do(monkeypatch):
    monkeypatch.setattr(running, "done_by", lambda _, __, tasks: ((task, running.WorkerLost()) for task in tasks))
    with pytest.raises(ScannerError, match=r"that simulated patient 1 ended. Take fewer workers .*__main__"):
        simulate_cohort(2, MACHINE, seed=1, workers=2)


def test_a_careful_reader_scatters_less_than_a_careless_one():
    readers = (REFERENCE_READER, Reader(marrow_sd_mm=4.0, csf_sd_mm=(2.0, 6.0), size_percent=20.0))
    table = simulate_cohort(2, MACHINE, "VBQ-T1", readers, seed=2, days=2)
    spread = table.pivot_table(index=["id", "day"], columns="reader", values="vbq_t1")
    assert (spread[1] != spread[2]).all()
