"""Predictions against publications: verdicts by the size of effects, a null model that must fail, and the command."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.validation import PREDICTION_COLUMNS, Comparison, compare, published_effects, read_predictions, tally
from vbqkit.validation.comparison import GOAL_SHARE, WITHIN, predict
from vbqkit.validation.effects import NOTHING
from vbqkit.validation.misses import MISS_REASONS

ROOT = Path(__file__).resolve().parents[2]
EFFECTS = {effect.key: effect for effect in published_effects()}
DIFFERENCE = "Huang 2026: VBQ-T1, fracture against non-fracture, difference"
STIR = "Huang 2026: VBQ-STIR, fracture against non-fracture, difference"
AREA = "Huang 2026: VBQ-T1 for fracture, AUC"
AGREEMENT = "Chen 2023: VBQ-T1, between readers, ICC"


def predictions(**values: float) -> list[dict[str, object]]:
    """By both models, every effect as published; `values` by key instead in the model as built."""
    return [
        {
            "key": key,
            "model": model,
            "predicted": values.get(key, effect.published) if model == "as built" else NOTHING[effect.kind],
            "low": 0.0,
            "high": 1.0,
            "standard_error": 0.01,
        }
        for model in ("as built", "null")
        for key, effect in EFFECTS.items()
    ]


def compared(**values: float) -> dict[str, Comparison]:
    return dict(zip(EFFECTS, compare(predictions(**values)), strict=True))


def test_every_published_effect_has_a_name_of_its_own_and_a_kind_with_a_zero():
    effects = published_effects()
    assert len(EFFECTS) == len(effects) > 80
    assert all(math.isfinite(effect.size) and effect.size != 0 for effect in effects)
    assert {"Košice group 2025", "Huang 2026", "Cui 2025", "Chen 2023"} <= {effect.source for effect in effects}
    assert {"difference", "ratio", "SD", "correlation", "AUC", "ICC", "CV", "limits of agreement"} <= {
        effect.kind for effect in effects
    }
    assert not any(effect.of_disease for effect in effects if effect.kind in ("level", "SD", "ICC", "CV"))


def test_published_numbers_are_those_of_the_papers_with_their_intervals():
    effect = EFFECTS[DIFFERENCE]
    assert effect.published == pytest.approx(0.300)
    # SDs 0.603 and 0.589, 84 people in each group
    half = 1.96 * math.sqrt(0.603**2 / 84 + 0.589**2 / 84)
    assert (effect.low, effect.high) == pytest.approx((0.300 - half, 0.300 + half), abs=1e-3)
    assert EFFECTS["Cui 2025: VBQ-T1 with QCT BMD, correlation"].published == -0.27
    assert EFFECTS["Cui 2025: VBQ-T1, osteoporosis against normal, ratio"].published == pytest.approx(2.7 / 2.2)
    assert EFFECTS["Huang 2026: CSF on T1, two readers (%), limits of agreement"].published == pytest.approx(9.8)
    assert (EFFECTS[AREA].low, EFFECTS[AREA].high) == (0.56, 0.72)


@pytest.mark.parametrize(
    ("key", "predicted", "ratio", "verdict"),
    [
        (DIFFERENCE, 0.300, 1.0, "within"),
        (DIFFERENCE, 0.239, 0.797, "outside"),
        (DIFFERENCE, 0.376, 1.253, "outside"),
        (DIFFERENCE, -0.300, -1.0, "outside"),
        (AREA, 0.61, 0.786, "outside"),  # 0.61 is 95 % of the AUC, and 79 % of what it tells more than chance
        (AREA, 0.65, 1.071, "within"),
        (AGREEMENT, 0.99, 0.061, "outside"),  # an ICC of 0.99 leaves a sixteenth of the published disagreement
        (AGREEMENT, 0.83, 1.030, "within"),
    ],
)
def test_the_verdict_is_by_the_size_of_the_effect(key, predicted, ratio, verdict):
    row = compared(**{key: predicted})[key]
    assert row.effect_ratio == pytest.approx(ratio, abs=1e-3)
    assert row.verdict == verdict


def test_what_a_study_does_not_tell_from_nothing_is_judged_by_its_interval():
    assert not EFFECTS[STIR].found
    assert compared(**{STIR: 0.0})[STIR].verdict == "within"
    assert compared(**{STIR: 0.02})[STIR].verdict == "outside"


def test_a_model_as_published_meets_the_goal_and_its_null_model_fails():
    count = tally(tuple(compared().values()))
    assert count.goal_met
    assert count.null_rejected
    assert count.within == count.judged
    assert count.null_within == 0


def test_a_null_model_that_passes_makes_the_comparison_worthless():
    rows = [row | {"predicted": EFFECTS[row["key"]].published} for row in predictions()]
    count = tally(compare(rows))
    assert count.null_within == count.disease
    assert not count.null_rejected


def test_levels_do_not_count_as_effects_and_a_small_effect_misses_the_goal():
    level = next(key for key, effect in EFFECTS.items() if effect.kind == "level")
    before = tally(tuple(compared().values()))
    assert tally(tuple(compared(**{level: 99.0}).values())) == before
    assert not tally(tuple(compared(**{DIFFERENCE: 0.15}).values())).goal_met


def test_what_no_replication_gave_is_not_predicted_and_not_judged():
    rows = compared(**{DIFFERENCE: math.nan})
    assert rows[DIFFERENCE].verdict == "not predicted"
    assert tally(tuple(rows.values())).judged == tally(tuple(compared().values())).judged - 1


@pytest.mark.parametrize("page", ["README.md", "validation/README.md"])
def test_the_pages_count_as_the_command_does(page):
    """Nobody counts by hand: the numbers on both pages are those of the committed predictions."""
    count = tally(compare(read_predictions(ROOT / "validation" / "predictions.csv")))
    text = " ".join((ROOT / page).read_text(encoding="utf-8").replace("**", "").split())
    assert f"{count.within} of {count.judged} effects lie within" in text
    assert f"{count.disease_within} of {count.disease} effects of disease" in text
    assert f"the null model {count.null_within}" in text
    assert ("the null model fails, as it must" in text) is count.null_rejected
    assert ("the goal is not met" in text) is not count.goal_met


def test_the_page_says_how_far_any_single_change_would_get():
    """Counted from the committed causes, as the page says it; a change leaves alone what it has no row for."""
    causes = pd.read_csv(ROOT / "validation" / "causes.csv")
    causes = causes[~causes["key"].str.endswith(", level")]
    low, high = WITHIN
    as_built = causes.groupby("key")["ratio_as_built"].first().between(low, high)
    by_change = {
        change: as_built[~as_built.index.isin(rows["key"])].sum() + rows["ratio_changed"].between(low, high).sum()
        for change, rows in causes.groupby("change")
    }
    any_change = as_built | causes["ratio_changed"].between(low, high).groupby(causes["key"]).any()
    judged = tally(compare(read_predictions(ROOT / "validation" / "predictions.csv"))).judged
    others = judged - len(as_built)
    text = " ".join((ROOT / "validation" / "README.md").read_text(encoding="utf-8").split())
    assert f"Of the {judged} effects {len(as_built)} need neither" in text
    assert f"put {as_built.sum()} of them within" in text
    assert (
        f"Of the {len(by_change)} changes in `causes.csv` the best puts {max(by_change.values())} of them within"
        in text
    )
    assert f"{any_change.sum()} of {len(as_built)} would be within; with all {others} others" in text
    assert f"that is {any_change.sum() + others} of {judged}, " in text
    assert any_change.sum() + others < GOAL_SHARE * judged


def test_the_table_of_the_comparison_is_that_of_the_predictions():
    with (ROOT / "validation" / "comparison.csv").open(encoding="utf-8", newline="") as file:
        kept = [
            (row["source"], row["what"], row["kind"], row["verdict"], row["reason"]) for row in csv.DictReader(file)
        ]
    fresh = compare(read_predictions(ROOT / "validation" / "predictions.csv"))
    assert kept == [(c.source, c.what, c.kind, c.verdict, c.reason) for c in fresh]
    assert "not known" not in {c.reason for c in fresh if c.is_effect}, "every effect outside has its reason"


def test_reasons_are_given_for_effects_that_exist():
    assert set(MISS_REASONS) <= set(EFFECTS)


@pytest.fixture
def quick(monkeypatch):
    """The command without an hour of scanning: two misses."""
    rows = predictions(**{DIFFERENCE: 0.15, AGREEMENT: 0.99})
    monkeypatch.setattr("vbqkit.validation.predict", lambda **_: rows)


def test_the_command_says_what_is_outside_and_how_the_null_model_fared(quick, capsys):
    assert main(["validate-scanner"]) == 1
    out = capsys.readouterr().out
    judged = tally(tuple(compared().values())).judged
    assert f"{judged - 2} of {judged} effects lie within 0.8 to 1.25 times the published ones" in out
    assert "The goal (80 %, none below 0.6) is not met." in out
    assert (
        "OUTSIDE: Huang 2026, VBQ-T1, fracture against non-fracture, difference: predicted 0.15, published 0.3 (0.50 times"
        in out
    )
    assert "Null model, in which disease has no effect on marrow: 0 of" in out
    assert "It fails, as it must." in out


def test_the_json_has_the_promised_keys(quick, capsys):
    main(["validate-scanner", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(EFFECTS)
    for row in rows:
        assert {"source", "what", "kind", "published", "predicted", "effect_ratio", "null_ratio", "verdict"} <= set(row)


def test_predictions_are_written_without_a_comparison_and_compared_from_the_file(quick, tmp_path, capsys):
    predicted, table = tmp_path / "predictions.csv", tmp_path / "comparison.csv"
    assert main(["validate-scanner", "--predictions", str(predicted)]) == 0
    out = capsys.readouterr().out
    assert "compared with nothing" in out
    assert "published" not in predicted.read_text(encoding="utf-8")
    assert tuple(predicted.read_text(encoding="utf-8").splitlines()[0].split(",")) == PREDICTION_COLUMNS
    assert main(["validate-scanner", "--predicted", str(predicted), "--comparison", str(table)]) == 1
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows].count("outside") == 2
    assert float(next(row for row in rows if row["verdict"] == "outside")["effect_ratio"]) == pytest.approx(0.5)


def test_a_file_that_holds_no_predictions_is_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_predictions(tmp_path / "none.csv")
    other = tmp_path / "other.csv"
    other.write_text("key,model\na,b\n", encoding="utf-8")
    with pytest.raises(FormatError, match="no column"):
        read_predictions(other)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--patients", "2"], "give 4 or more"),
        (["--seeds", "1"], "gives no interval"),
        (["--jobs", "0"], "0 processes"),
    ],
)
def test_a_run_that_cannot_be_is_refused(options, words, capsys):
    assert main(["validate-scanner", *options]) == 1
    assert words in capsys.readouterr().err


def test_intervals_hold_the_replications(monkeypatch):
    values = iter(range(1, 100))

    def replication(_):
        value = float(next(values))
        return {model: dict.fromkeys(EFFECTS, value) for model in ("as built", "null")}

    monkeypatch.setattr("vbqkit.validation.comparison.one_replication", replication)
    [row] = [
        r for r in predict(people=8, replications=41, seed=1) if r["key"] == DIFFERENCE and r["model"] == "as built"
    ]
    assert (row["predicted"], row["low"], row["high"]) == pytest.approx((21.0, 2.0, 40.0))
    assert row["standard_error"] == pytest.approx(np.std(np.arange(1, 42), ddof=1) / math.sqrt(41))
    assert row["replications"] == 41


def test_an_effect_is_compared_with_nothing_where_the_paper_gives_no_interval():
    alone = next(effect for effect in published_effects() if math.isnan(effect.low))
    assert alone.found
    assert replace(alone, low=NOTHING[alone.kind] - 1, high=NOTHING[alone.kind] + 1).found is False
