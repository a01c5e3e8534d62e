"""Published cut-offs: where they come from, how near they are, and that none is a default."""

import inspect
import math

import numpy as np
import pytest

from vbqkit.errors import ScoreError
from vbqkit.literature import (
    published_correlations,
    published_groups,
    published_sources,
    published_thresholds,
    thresholds_for,
)
from vbqkit.literature.printed import paper_numbers

PAPER_004 = {"field_t": 3.0, "vendor": "Philips", "tr_ms": 600.0, "te_ms": 20.0}
FIVE = ("Košice group 2025", "Huang 2026", "Review page 2026", "Cui 2025", "Chen 2023")


@pytest.mark.parametrize("table", [published_thresholds, published_groups, published_correlations])
def test_every_row_names_a_source_and_how_it_is_known(table):
    rows = table()
    assert set(rows["source"]) <= set(published_sources()["source"])
    assert (rows["known_from"].str.len() > 3).all()
    assert (rows["place"].str.len() > 1).all()


def test_sources_are_named_once_and_their_dois_look_like_dois():
    sources = published_sources()
    assert not sources["source"].duplicated().any()
    assert sources["doi"].str.fullmatch(r"(10\.\d{4,}/\S+)?").all()
    assert set(FIVE) <= set(sources["source"])


def printed_values(source: str) -> set[float]:
    values = {number.range.value for number in paper_numbers(source).values()}
    return {round(v, 6) for v in values} | {round(v / 100, 6) for v in values}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (published_thresholds, ("threshold", "sensitivity", "specificity", "auc", "auc_low", "auc_high")),
        (published_groups, ("mean", "sd")),
        (published_correlations, ("r",)),
    ],
)
def test_every_number_of_the_five_papers_is_one_that_they_print(table, columns):
    rows = table()
    for source in FIVE:
        own = rows[(rows["source"] == source) & ~rows["known_from"].str.contains("comput")]
        printed = printed_values(source)
        for column in columns:
            wrong = [v for v in own[column].dropna() if round(v, 6) not in printed]
            assert not wrong, f"{source} {column}: {wrong}"


def test_same_setting_has_distance_0_and_comes_first():
    found = thresholds_for("VBQ-T1", **PAPER_004)
    first = found.iloc[0]
    assert (first["source"], first["distance"], first["not_stated"]) == ("Chen 2023", 0, "")
    assert found["distance"].is_monotonic_increasing


def test_each_part_of_the_distance_is_the_documented_one():
    found = thresholds_for("VBQ-T1", field_t=1.5, vendor="GE", tr_ms=900.0, te_ms=30.0, population="healthy men")
    row = found[found["source"] == "Chen 2023"].iloc[0]
    assert row["distance_field"] == pytest.approx(1)
    assert row["distance_tr"] == pytest.approx(1)
    assert row["distance_te"] == pytest.approx(1)
    assert (row["distance_vendor"], row["distance_population"]) == (0.5, 0.5)
    assert row["distance"] == pytest.approx(4)


def test_what_one_side_does_not_state_counts_as_different_and_is_named():
    found = thresholds_for("VBQ-T1", field_t=1.5, vendor="GE MEDICAL SYSTEMS", tr_ms=500.0, te_ms=12.0)
    row = found[found["source"] == "Huang 2026"].iloc[0]
    assert row["not_stated"] == "TR, TE"
    assert (row["distance_field"], row["distance_vendor"], row["distance"]) == (0, 0, 2)
    unknown = thresholds_for("VBQ-T1", field_t=None, vendor=None, tr_ms=None, te_ms=None)
    assert set(unknown["not_stated"]) == {"field, TR, TE, vendor"}
    assert set(unknown["distance"]) == {3.5}


def test_a_field_further_away_is_never_nearer():
    def distance(field: float) -> float:
        found = thresholds_for("VBQ-T1", **{**PAPER_004, "field_t": field})
        return float(found.loc[found["source"] == "Chen 2023", "distance_field"].iloc[0])

    fields = sorted(np.geomspace(0.2, 7.0, 12), key=lambda field: abs(math.log(field / 3.0)))
    assert (np.diff([distance(field) for field in fields]) >= -1e-9).all()


def test_one_value_is_positive_by_one_paper_and_negative_by_the_next():
    found = thresholds_for("VBQ-T1", **PAPER_004, target="osteoporosis", value=2.75).set_index("source")["verdict"]
    assert found["Cui 2025"] == "positive"
    assert set(found["Chen 2023"]) == {"negative"}


def test_a_value_at_the_cut_off_is_positive_and_an_interval_across_it_is_indeterminate():
    def verdict(**value: float) -> str:
        found = thresholds_for("VBQ-T2", field_t=1.5, vendor="GE", tr_ms=None, te_ms=None, **value)
        return str(found.loc[found["source"] == "Huang 2026", "verdict"].iloc[0])

    assert verdict(value=0.555) == "positive"
    assert verdict(value=0.554) == "negative"
    assert verdict(value=0.56, value_low=0.55, value_high=0.57) == "indeterminate"
    assert verdict(value=0.58, value_low=0.56, value_high=0.60) == "positive"
    assert verdict() == ""


def test_there_is_no_default_cut_off_and_no_default_setting():
    parameters = inspect.signature(thresholds_for).parameters
    for name in ("score", "field_t", "vendor", "tr_ms", "te_ms"):
        assert parameters[name].default is inspect.Parameter.empty
    assert all(p.default in (None, inspect.Parameter.empty) for p in parameters.values())
    with pytest.raises(TypeError, match="missing 4 required keyword-only arguments"):
        thresholds_for("VBQ-T1")


def test_rates_of_paper_004_stand_beside_the_threshold_that_they_belong_to():
    rows = published_thresholds()
    rows = rows[(rows["source"] == "Chen 2023") & (rows["target"] == "osteoporosis")].set_index("threshold")
    assert rows.loc[2.83, "sensitivity"] == 0.93
    assert rows.loc[2.9, "sensitivity"] == pytest.approx(19 / 27, abs=0.0005)
    assert rows.loc[2.9, "specificity"] == pytest.approx(74 / 107, abs=0.0005)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"score": "VBQ"}, r"No cut-off is published here for 'VBQ'; there are some for M-score, VBQ-T1, .* Use one"),
        ({"target": "gout"}, r"No cut-off of VBQ-T1 is published here for 'gout'; there are some for .* Use one"),
        ({"value": 2.0, "value_low": 1.9}, r"one end only \(value_low 1\.9, value_high None\); both were expected"),
        ({"value": 2.0, "value_low": 2.1, "value_high": 2.3}, r"from 2\.1 to 2\.3 does not hold the value 2\.0"),
        ({"value_low": 2.1, "value_high": 2.3}, r"does not hold the value None; low <= value <= high was expected"),
        ({"value": math.nan}, r"The value nan is not a number to compare; a finite one was expected"),
        (
            {"field_t": 0.0},
            r"A field strength or time of 0 was given; one above 0 was expected\. Correct it, or pass None",
        ),
    ],
)
def test_what_cannot_be_looked_up_is_refused_in_words(change, words):
    arguments = {"score": "VBQ-T1", **PAPER_004, **change}
    with pytest.raises(ScoreError, match=words):
        thresholds_for(arguments.pop("score"), **arguments)
