"""Two studies of one person: what is a change, what is not comparable, and whose they are."""

import pytest

from tests.scans_of_one_machine import scan
from vbqkit.repeats import LeastChange, check_same_person, compare_scores
from vbqkit.scores import ReferenceGroup, example_measurement, score_tables
from vbqkit.study import make_series

LSC = {"VBQ-T1 (median)": LeastChange(value=0.3, ci_low=0.2, ci_high=0.4, source="a paper")}


def scanned(**changes):
    return {"T1": scan(**changes)}


def scored(marrow, *, levels=("L1", "L2", "L3", "L4"), reference=None):
    table = {level: example_measurement(level, mean=marrow) for level in levels}
    table |= {"CSF": example_measurement("CSF", mean=100.0), "noise": example_measurement("noise", mean=8.0, sd=4.0)}
    excluded = {level: "fracture" for level in ("L1", "L2", "L3", "L4") if level not in levels}
    rule = "leave out" if excluded else "all four"
    return score_tables({"T1": table}, aggregate="median", reference=reference, rule=rule, excluded=excluded)


def compared(now, before, one=None, two=None, least=LSC):
    found = compare_scores(now, before, volumes_now=one or scanned(), volumes_before=two or scanned(), least=least)
    return {change.score: change for change in found}


@pytest.mark.parametrize(
    ("marrow", "verdict"),
    [(350.0, "changed"), (250.0, "changed"), (335.0, "may have changed"), (315.0, "no change shown")],
)
def test_a_change_is_judged_by_the_interval_of_the_least_significant_change(marrow, verdict):
    found = compared(scored(marrow), scored(300.0))["VBQ-T1 (median)"]
    assert found.verdict == verdict
    assert found.difference == pytest.approx((marrow - 300) / 100)
    assert "Least significant change (95 %), from a paper: 0.3 (0.2 to 0.4)" in found.text


def test_without_a_least_significant_change_nothing_is_judged():
    found = compared(scored(900.0), scored(300.0), least=None)
    assert {one.verdict for one in found.values()} == {"no least significant change"}


@pytest.mark.parametrize(
    ("changes", "vbq", "snr", "words"),
    [
        (
            {"model": "Avanto"},
            "not comparable",
            "not comparable",
            "of different scanners (model Signa now, Avanto before)",
        ),
        ({"field_t": 3.0}, "not comparable", "not comparable", "different scanners"),
        ({"tr_ms": 450.0}, "not comparable", "not comparable", "scanned differently (TR 600 ms now, 450 ms before)"),
        ({"vendor": None}, "not comparable", "not comparable", "does not state manufacturer"),
        ({"coil": "Body"}, "changed", "not comparable", "coil Spine 8 now, Body before"),
        ({"averages": 4.0}, "changed", "not comparable", "averages 2 now, 4 before"),
        ({"coil": None}, "changed", "not comparable", "coil"),
    ],
)
def test_another_scanner_or_protocol_is_not_comparable_in_words(changes, vbq, snr, words):
    least = LSC | {"SNR": LeastChange(value=1.0, source="a paper")}
    found = compared(scored(400.0), scored(300.0), two=scanned(**changes), least=least)
    assert (found["VBQ-T1 (median)"].verdict, found["SNR"].verdict) == (vbq, snr)
    assert words in found["SNR"].text


def test_other_levels_or_another_reference_group_are_not_comparable():
    found = compared(scored(400.0), scored(300.0, levels=("L1", "L2", "L4")))["VBQ-T1 (median)"]
    assert found.verdict == "not comparable"
    assert "L1 L2 L3 L4 now and was of L1 L2 L4" in found.text
    one, two = (ReferenceGroup(mean=m, sd=5.0, n=20, scanner=str(m)) for m in (40.0, 50.0))
    least = {"M-score": LeastChange(value=0.5, source="a paper")}
    found = compared(scored(400.0, reference=one), scored(300.0, reference=two), least=least)["M-score"]
    assert found.verdict == "not comparable"


def whose(digest, number):
    series = make_series(scanned(patient_digest=digest)["T1"])
    return type(series)(**{f: getattr(series, f) for f in series.__dataclass_fields__} | {"patient_id": number})


@pytest.mark.parametrize(
    ("one", "two", "verdict"),
    [
        (("k.1", "5052316789"), ("k.1", "5052316789"), "same"),
        (("k.1", "5052316789"), ("k.2", "6012316789"), "different"),
        (("k.1", "5052316789"), ("", None), "unsure"),
        (("", None), ("", None), "unsure"),
        (("k.1", "5052316789"), ("j.1", "5052316789"), "unsure"),
        (("k.1", "ANON"), ("k.1", "ANON"), "unsure"),
    ],
)
def test_who_it_is_is_compared_by_hash_and_not_shown(one, two, verdict):
    found = check_same_person(whose(*one), whose(*two))
    assert found.verdict == verdict
    for number in (one[1], two[1]):
        assert number is None or number not in found.text
