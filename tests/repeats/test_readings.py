"""Readings are kept apart and not changed; their agreement is that of the published flow meters."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from vbqkit.errors import FormatError, ScoreError
from vbqkit.repeats import (
    CaseReading,
    CaseReadings,
    LeastChange,
    add_reading,
    bland_altman_svg,
    own_least_change,
    read_readings,
    reading_agreement,
    readings_table,
)

PEFR = pd.read_csv(Path(__file__).parents[1] / "reference" / "r" / "pefr.csv", comment="#")
SCORE = "VBQ-T1 (median)"


def reading(number=1, value=2.9, reader="AB", **more):
    return CaseReading(
        number=number, reader=reader, read_on=f"2026-11-{number:02d}", scores={SCORE: float(value)}, **more
    )


def cases(first, second, readers=("AB", "AB")):
    return [
        CaseReadings(f"c{k}", (reading(1, a, readers[0]), reading(2, b, readers[1])))
        for k, (a, b) in enumerate(zip(first, second, strict=True))
    ]


def test_two_readings_are_kept_apart_in_one_file(tmp_path):
    add_reading(tmp_path, "A17", reading(1, 2.9))
    closed = add_reading(tmp_path, "A17", reading(2, 3.1, rois="A17.reading2.rois.vbqkit.json"))
    assert read_readings(tmp_path) == (closed,)
    assert [one.scores[SCORE] for one in closed.readings] == [2.9, 3.1]
    assert [p.name for p in tmp_path.iterdir()] == ["A17.readings.json"]


def test_a_closed_reading_is_not_changed(tmp_path):
    add_reading(tmp_path, "A17", reading(1, 2.9))
    before = (tmp_path / "A17.readings.json").read_bytes()
    with pytest.raises(FormatError, match="Reading 1 of case A17 is closed already"):
        add_reading(tmp_path, "A17", reading(1, 3.3))
    with pytest.raises(FormatError, match="has no first reading yet"):
        add_reading(tmp_path, "B2", reading(2, 3.3))
    assert (tmp_path / "A17.readings.json").read_bytes() == before


def test_a_full_disk_leaves_the_first_reading(tmp_path, monkeypatch):
    add_reading(tmp_path, "A17", reading(1, 2.9))
    before = (tmp_path / "A17.readings.json").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FormatError, match="No space left"):
        add_reading(tmp_path, "A17", reading(2, 3.3))
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [before]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "of version 2"),
        ({"format": "x"}, "holds no readings"),
        ({"code": 3}, "is damaged"),
        ({"readings": [{"number": 1}]}, "is damaged"),
        ({"code": "B2"}, "is of case B2, not of A17"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, change, words):
    add_reading(tmp_path, "A17", reading(1, 2.9))
    path = tmp_path / "A17.readings.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(FormatError, match=words):
        add_reading(tmp_path, "A17", reading(2, 3.0))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"number": 3}, "no reading 3"),
        ({"reader": " "}, "Say who read"),
        ({"value": float("nan")}, "is not a number"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(more, words):
    with pytest.raises(FormatError, match=words):
        reading(**more)


def test_agreement_is_that_of_the_flow_meters():
    table = readings_table(cases(PEFR["wright1"], PEFR["mini1"]))
    found = reading_agreement(table).set_index("quantity")
    assert found.estimate["bias"] == pytest.approx(-2.1176, abs=5e-5)  # Bland and Altman 1986
    sd = (found.estimate["upper limit"] - found.estimate["bias"]) / 1.959964
    assert sd == pytest.approx(38.7651, abs=5e-4)  # the same paper
    assert found.n["ICC(A,1)"] == 17
    assert found.estimate["ICC(A,1)"] == pytest.approx(0.945, abs=0.005)  # between R's CCC 0.9427 and n/(n - 1) of it
    assert "17 cases; 30 are wanted" in found.note["ICC(A,1)"]
    assert "two-way model, absolute agreement" in found.method["ICC(A,1)"]


def test_the_picture_shows_each_case_and_the_limits():
    svg = bland_altman_svg(readings_table(cases(PEFR["wright1"], PEFR["mini1"])), SCORE)
    assert svg.count('Z"') == 17
    assert "17 cases; upper limit 73.9, bias -2.12, lower limit -78.1" in svg
    assert bland_altman_svg(readings_table(cases([1.0], [2.0])), SCORE) == ""


def test_an_icc_of_few_cases_is_refused_with_the_reason():
    found = reading_agreement(readings_table(cases(PEFR["wright1"][:9], PEFR["mini1"][:9]))).set_index("quantity")
    assert pd.isna(found.estimate["ICC(A,1)"])
    assert found.note["ICC(A,1)"].startswith("not given: 9 cases; below 10")
    assert found.estimate["SEM"] > 0
    alone = reading_agreement(readings_table(cases([3.0], [3.1])))
    assert alone.estimate.isna().all()
    assert alone.note.str.startswith("not given: one case").all()
    ten = reading_agreement(readings_table(cases(PEFR["wright1"][:10], PEFR["mini1"][:10]))).set_index("quantity")
    assert ten.estimate["ICC(A,1)"] > 0.5


def test_one_reader_and_two_readers_are_not_mixed():
    table = readings_table([*cases([1, 2, 3], [1, 2, 4]), *cases([1, 2], [5, 9], ("AB", "CD"))])
    found = reading_agreement(table)
    assert found[["kind", "n"]].drop_duplicates().to_numpy().tolist() == [["one reader", 3], ["two readers", 2]]


def test_a_case_read_once_is_not_counted():
    assert readings_table([CaseReadings("a", (reading(1),))]).empty
    assert reading_agreement(readings_table([])).empty


def test_the_least_change_is_that_of_bland_and_altmans_meter():
    found = own_least_change(readings_table(cases(PEFR["wright1"], PEFR["wright2"])), SCORE)
    assert found.value / 2.771808 == pytest.approx(15.3, abs=0.05)  # Bland and Altman 1986, within-subject SD
    assert found.ci_low < found.value < found.ci_high
    assert "17 degrees of freedom; the ISCD asks for 30" in found.note
    assert "same images" in found.note


def test_too_few_double_readings_or_another_readers_are_no_least_change():
    with pytest.raises(ScoreError, match="2 of your cases have two readings"):
        own_least_change(readings_table(cases([1, 2], [1.1, 2.1])), SCORE)
    with pytest.raises(ScoreError, match="0 of your cases"):
        own_least_change(readings_table(cases([1, 2, 3], [1.1, 2.1, 3.1], ("AB", "CD"))), SCORE)
    with pytest.raises(ScoreError, match="say nothing of the reader's error"):
        own_least_change(readings_table(cases([1, 2, 3], [1, 2, 3])), SCORE)


def test_a_published_least_change_needs_its_source():
    with pytest.raises(ScoreError, match="Name the paper"):
        LeastChange(value=0.2, source=" ")
    with pytest.raises(ScoreError, match="above 0"):
        LeastChange(value=0.0, source="x")
