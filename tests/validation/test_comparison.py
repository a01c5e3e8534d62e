"""The comparison of the virtual scanner with the papers: who is scanned, and that misses are said plainly."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from vbqkit.cli import main
from vbqkit.validation import PREDICTION_COLUMNS, compare_with_papers, predictions
from vbqkit.validation.comparison import PAPER_SCANNERS, Comparison, scanner_named
from vbqkit.validation.study_groups import STUDY_GROUPS, bodies, measured


def rng(seed: int = 4) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("key", "mean", "sd"),
    [("004 degenerative", 61.8, 8.1), ("004 control", 59.4, 7.8), ("000 young reference", 23.0, 2.0)],
)
def test_groups_have_the_ages_that_the_papers_print(key, mean, sd):
    ages = np.array([p.age for p in STUDY_GROUPS[key].people(400, rng())])
    # paper 004 took nobody under 50, so an even spread with the right mean is narrower than the paper's
    assert ages.mean() == pytest.approx(mean, abs=0.7)
    assert ages.std() == pytest.approx(sd, abs=2.6)


def test_groups_have_the_sexes_fractures_and_t_scores_that_the_papers_print():
    people = STUDY_GROUPS["001 fracture"].people(84, rng())
    assert sum(p.sex == "F" for p in people) == 69
    assert all(p.fractured for p in people)
    assert np.median([p.age for p in people]) == pytest.approx(70.5, abs=1.5)
    assert not any(p.fractured for p in STUDY_GROUPS["001 non-fracture"].people(40, rng()))
    assert all(p.t_score <= -2.5 and p.sex == "F" for p in STUDY_GROUPS["000 osteoporosis"].people(20, rng()))


def test_a_small_group_has_nearly_the_mean_and_all_the_spread_of_a_large_one():
    """Against the standard error of simple random drawing, SD / sqrt(n)."""
    study_group = STUDY_GROUPS["001 non-fracture"]
    fat = [np.array([np.mean(p.pdff) for p in study_group.people(16, rng(seed))]) for seed in range(8)]
    large = np.array([np.mean(p.pdff) for p in study_group.people(400, rng(99))])
    means = np.array([f.mean() for f in fat])
    assert means.std(ddof=1) < 0.4 * large.std() / np.sqrt(16)
    assert means.mean() == pytest.approx(large.mean(), abs=0.01)
    assert np.mean([f.std(ddof=1) for f in fat]) == pytest.approx(large.std(ddof=1), rel=0.15)


@pytest.mark.slow
def test_a_fractured_level_is_replaced_as_paper_001_does():
    people = list(bodies(STUDY_GROUPS["001 fracture"], 3, rng(2)))
    assert any(body.excluded for body in people)
    scores = [
        measured(b, scanner_named(PAPER_SCANNERS["001"]), aggregate="mean", rule="replace", rng=rng()) for b in people
    ]
    assert all(2.5 < s["VBQ-T1"] < 6.5 and 0.3 < s["VBQ-T2"] < 0.9 for s in scores)


def row(**changes: object) -> Comparison:
    values = {
        "source": "001",
        "score": "VBQ-T1",
        "group": "fracture",
        "simulated": 4.2,
        "simulated_sd": 0.3,
        "simulated_n": 6,
        "refused": 0,
        "published": 4.4,
        "published_sd": 0.6,
        "allowed": 0.3,
        "within": True,
        "scanner": "ge-hdx-1.5t",
    }
    return Comparison(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def quick(monkeypatch):
    """The command without minutes of scanning: two rows, one of which misses."""
    rows = (row(), row(score="VBQ-STIR", simulated=0.5, published=0.318, allowed=0.0255, within=False, refused=2))
    ends = [
        {
            "score": "VBQ-T1",
            "assumed": "T1 550/10 ms",
            "value": 4.2,
            "times_low": "a",
            "low": None,
            "times_high": "b",
            "high": 4.9,
        }
    ]
    predicted = [{"prediction": "p", "setting": "s", "n": 4, "mean": 1.23456, "sd": 0.1}]
    monkeypatch.setattr("vbqkit.validation.compare_with_papers", lambda **_: rows)
    monkeypatch.setattr("vbqkit.validation.ranges_of_assumed_protocols", lambda **_: ends)
    monkeypatch.setattr("vbqkit.validation.predictions", lambda **_: predicted)


def test_the_command_says_where_it_misses_and_what_was_assumed(quick, capsys):
    assert main(["validate-scanner"]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 group means agree" in out
    assert "MISSED: paper 001, VBQ-STIR, fracture: simulated 0.5, published 0.318, off by +0.182, allowed 0.0255" in out
    assert "Refused: VBQ-STIR of 2 virtual people" in out
    assert "VBQ-T1: 4.2 at T1 550/10 ms; refused at a, 4.9 at b." in out


def test_the_json_has_the_promised_keys(quick, capsys):
    main(["validate-scanner", "--json"])
    for printed in json.loads(capsys.readouterr().out):
        assert {"source", "score", "group", "simulated", "published", "published_sd", "within"} <= set(printed)


def test_predictions_and_comparison_are_written_to_tables(quick, tmp_path, capsys):
    path = tmp_path / "predictions.csv"
    compared = tmp_path / "comparison.csv"
    main(["validate-scanner", "--predictions", str(path), "--comparison", str(compared)])
    assert [(r["score"], r["within"]) for r in csv.DictReader(compared.read_text(encoding="utf-8").splitlines())] == [
        ("VBQ-T1", "True"),
        ("VBQ-STIR", "False"),
    ]
    [line] = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert tuple(line) == PREDICTION_COLUMNS
    assert line["mean"] == "1.2346"
    assert main(["validate-scanner", "--predictions", str(tmp_path)]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_too_few_people_are_refused(capsys):
    assert main(["validate-scanner", "--patients", "2"]) == 1
    assert "give 4 or more" in capsys.readouterr().err


@pytest.mark.slow
def test_the_published_means_come_out_of_the_physics():
    """Of 16 people a group, drawn in strata of marrow fat: enough for the VBQ of whole groups. Three men are too few,
    and so are 16 people for a ratio of SNR, as one noise ROI alone is uncertain by a tenth: those rows are compared in
    validation/comparison.csv, with as many people as the papers had.
    """
    rows = compare_with_papers(n=16, rng=rng(1))
    assert len(rows) == 15
    whole = [r for r in rows if not r.score.endswith(("women", "men")) and r.score != "SNR ratio"]
    assert len(whole) == 10
    assert [(r.source, r.score, r.group, r.simulated, r.published) for r in whole if not r.within] == []
    [ratio] = [r for r in rows if r.score == "SNR ratio"]
    assert ratio.simulated > 1.15, "patients have more signal for their noise than young women, as in paper 000"


@pytest.mark.slow
def test_predictions_go_the_way_physics_says():
    table = {(r["prediction"], r["setting"]): r["mean"] for r in predictions(n=3, rng=rng())}
    tr = [v for (p, _), v in table.items() if p.startswith("VBQ-T1 against TR")]
    assert tr == sorted(tr, reverse=True)  # longer TR: CSF recovers, VBQ falls
    [(_, fields)] = [
        (k, v) for k, v in table.items() if k == ("VBQ-T1 at 1.5 T / at 3 T", "each with its own protocol")
    ]
    assert fields > 1
