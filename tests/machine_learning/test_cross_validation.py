"""Cross-validation: what cannot be learnt is not found when done rightly, and is found when slices of one person are on
both sides."""

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import TableError
from vbqkit.machine_learning import (
    ELSEWHERE,
    SHUFFLED,
    WAYS,
    by_person,
    cross_validate,
    evaluate_each_way,
    shuffled_outcome,
)
from vbqkit.machine_learning.cross_validation import LEARNERS, _area
from vbqkit.stats import auc

NESTED, TUNED, LEAKY, BOTH = WAYS
FEATURES = [f"f{k}" for k in range(10)]


def slices_of(people, *, seed, effect=0.0, slices=3):
    """Slices of one person are alike; `effect` is what the first feature has to do with the outcome, in SDs."""
    rng = np.random.default_rng(seed)
    sick = np.arange(people) % 2
    own = rng.normal(size=(people, len(FEATURES)))
    own[:, 0] += effect * sick
    who = np.repeat(np.arange(people), slices)
    table = pd.DataFrame(own[who] + 0.2 * rng.normal(size=(people * slices, len(FEATURES))), columns=FEATURES)
    return table.assign(person=who, sick=sick[who])


def evaluated(table, *, seed=1, learner="KNN", **options):
    found = evaluate_each_way(table, FEATURES, outcome="sick", person="person", learner=learner, seed=seed, **options)
    return found.set_index("evaluation")["estimate"]


def nothing_to_learn(seeds):
    """Nested, and with slices on both sides, over seeds; outcomes are shuffled."""
    ways = [f"{NESTED}{SHUFFLED}", f"{LEAKY}{SHUFFLED}"]
    found = pd.DataFrame([evaluated(slices_of(60, seed=seed), seed=seed, ways=ways) for seed in seeds])
    return found[ways[0]], found[ways[1]]


def test_slices_on_both_sides_make_near_certainty_of_shuffled_outcomes():
    nested, leaky = nothing_to_learn(range(2))
    assert leaky.min() > 0.9
    assert nested.max() < 0.75


@pytest.mark.slow
def test_nested_cross_validation_of_nothing_is_chance_over_ten_seeds():
    nested, leaky = nothing_to_learn(range(10))
    assert abs(nested.mean() - 0.5) < 3 * nested.std() / np.sqrt(10)
    assert nested.std() / np.sqrt(10) < 0.05
    assert leaky.min() > 0.9


def test_leakage_raises_the_auc_of_a_true_effect():
    table = slices_of(80, seed=3, effect=1.0)
    found = evaluated(table, ways=[NESTED, LEAKY])
    assert 0.6 < found[NESTED] < 0.85
    assert found[LEAKY] > found[NESTED] + 0.1


@pytest.mark.slow
def test_tuning_on_the_test_set_finds_effects_in_nothing():
    tables = [slices_of(40, seed=seed, slices=1) for seed in range(16)]
    found = pd.DataFrame([evaluated(t, seed=s, ways=[TUNED, NESTED]) for s, t in enumerate(tables)])
    gain = found[TUNED] - found[NESTED]
    assert gain.mean() > 3 * gain.std() / np.sqrt(len(gain))
    assert found[TUNED].mean() > 0.55


@pytest.mark.parametrize(
    "learner",
    [pytest.param(name, marks=pytest.mark.slow if name == "random forest" else ()) for name in LEARNERS],
)
def test_every_learner_finds_a_true_effect_on_people_it_has_not_seen(learner):
    table = slices_of(60, seed=5, effect=3.5, slices=1)
    assert evaluated(table, learner=learner, ways=[NESTED])[NESTED] > 0.85


def kinds_of(table, column):
    """How many different values people have in a column."""
    return {len(set(rows)) for _, rows in table.groupby("person")[column]}


def test_no_person_is_in_the_test_part_and_the_training_part_of_a_fold():
    table = slices_of(40, seed=6)
    options = {"outcome": "sick", "person": "person", "learner": "KNN"}
    together = cross_validate(table, FEATURES, rng=np.random.default_rng(1), **options)
    assert kinds_of(together, "fold") == {1}
    apart = cross_validate(table, FEATURES, rng=np.random.default_rng(1), keep_together=False, **options)
    assert kinds_of(apart, "fold") > {2}


def test_another_machine_is_tested_with_the_people_of_the_test_part_only():
    table = slices_of(40, seed=7, effect=2.0)
    elsewhere = table[table.index % 3 == 0].assign(f0=lambda t: t["f0"] + 5.0)  # every value of f0 is larger there
    found = evaluated(table, elsewhere=elsewhere, ways=[NESTED, ELSEWHERE])
    assert found[ELSEWHERE] < found[NESTED] - 0.1
    predictions = cross_validate(
        table, FEATURES, outcome="sick", person="person", learner="KNN", rng=np.random.default_rng(1), test_on=elsewhere
    )
    assert sorted(predictions["person"]) == sorted(elsewhere["person"])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_predictions():
    table = slices_of(30, seed=8)
    one, two = (
        cross_validate(
            table, FEATURES, outcome="sick", person="person", learner="random forest", rng=np.random.default_rng(4)
        )
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)


def test_a_person_has_the_mean_probability_of_their_rows():
    predictions = pd.DataFrame(
        {"person": ["B", "A", "B"], "outcome": [1, 0, 1], "probability": [0.4, 0.1, 0.8], "fold": 0, "setting": ""}
    )
    found = by_person(predictions)
    assert found["person"].tolist() == ["A", "B"]
    assert found["probability"].tolist() == pytest.approx([0.1, 0.6])


def test_shuffling_keeps_the_outcome_of_a_person_in_one_piece():
    table = slices_of(40, seed=9)
    dealt = shuffled_outcome(table, outcome="sick", person="person", rng=np.random.default_rng(1))
    assert kinds_of(dealt, "sick") == {1}
    assert dealt["sick"].sum() == table["sick"].sum()
    assert (dealt["sick"] != table["sick"]).mean() > 0.3


def test_the_area_that_chooses_settings_is_the_auc_of_the_statistics():
    rng = np.random.default_rng(10)
    y, p = rng.integers(0, 2, 50), np.round(rng.random(50), 1)
    assert _area(y, p) == pytest.approx(float(auc(p.tolist(), y.tolist(), positive="high")["estimate"].iloc[0]))


GOOD = slices_of(20, seed=11)


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (GOOD.assign(sick=1), {}, "0 people have sick = 0, fewer than the 5 folds"),
        (GOOD.assign(sick=(GOOD.person < 3).astype(int)), {}, "3 people have sick = 1, fewer than the 5 folds"),
        (GOOD.assign(f1=GOOD.f1.where(GOOD.index > 1)), {}, r"'f1' is not a finite number in 2 of 60 rows"),
        (GOOD.assign(sick=GOOD.sick + 1), {}, "must be 0 or 1; it holds"),
        (GOOD.assign(sick=GOOD.index % 2), {}, "Person 0 has both outcomes"),
        (GOOD.assign(f1="much"), {}, "is not a number"),
        (GOOD.drop(columns="f3"), {}, "no column 'f3'"),
        (GOOD, {"learner": "deep"}, "There is no learner 'deep'. Choose from: KNN"),
        (GOOD, {"tuning": "outside"}, "Tuning 'outside' is unknown"),
        (GOOD, {"folds": 1, "inner_folds": 1}, "One fold leaves nothing to train on"),
    ],
)
def test_tables_that_cannot_be_learnt_from_are_refused(table, options, words):
    with pytest.raises(TableError, match=words):
        cross_validate(
            table,
            FEATURES,
            outcome="sick",
            person="person",
            rng=np.random.default_rng(1),
            **({"learner": "KNN"} | options),
        )


def test_no_feature_and_an_unknown_way_are_refused():
    with pytest.raises(TableError, match="no feature to learn from"):
        cross_validate(GOOD, [], outcome="sick", person="person", learner="KNN", rng=np.random.default_rng(1))
    with pytest.raises(TableError, match="no way to evaluate called 'hopeful'\\. Choose from: nested, by person;"):
        evaluated(GOOD, ways=["hopeful"])
