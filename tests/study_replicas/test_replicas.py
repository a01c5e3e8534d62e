"""Designs, populations, pools and tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vbqkit.errors import ScannerError, TableError
from vbqkit.literature import printed_numbers, published_thresholds
from vbqkit.study_replicas import DESIGNS, POPULATIONS, design_named, draw_pool, patients_needed, replicate_study
from vbqkit.study_replicas.design import printed
from vbqkit.study_replicas.drawing import FromPool, analyses_in
from vbqkit.study_replicas.pool import ABOUT, STUDY_SITES, arms_of, packaged_pool, pools_of
from vbqkit.validation.study_groups import STUDY_GROUPS

ROOT = Path(__file__).parents[2]
VIRTUAL = [name for name, design in DESIGNS.items() if design.virtual]


def test_the_five_papers_have_a_design_each():
    assert set(DESIGNS) == set(printed_numbers()["source"])


@pytest.mark.parametrize("name", DESIGNS)
def test_every_number_of_a_design_is_printed_and_says_where(name):
    design = DESIGNS[name]
    for analysis in design.analyses:
        for key in (*analysis.printed.values(), *analysis.ci, *(k for pair in analysis.means for k in pair)):
            assert printed(name, key).place
        assert design.patients_of(analysis) > 1
    assert {arm.pool for arm in design.arms} - {""} <= set(STUDY_GROUPS)


def test_groups_have_their_printed_sizes():
    sizes = {name: [design.n_of(arm.name) for arm in design.arms] for name, design in DESIGNS.items()}
    assert sizes == {
        "Košice group 2025": [5, 5],
        "Huang 2026": [84, 84],
        "Review page 2026": [160, 220],
        "Cui 2025": [21, 21, 19],
        "Chen 2023": [101, 134],
    }
    chen = design_named("Chen 2023")
    cases = [chen.cases_of(chen.analysis(f"VBQ-T1 for {what}, control")) for what in ("osteoporosis", "osteopenia")]
    assert cases == [27, 85]


def test_aucs_are_those_of_the_table_of_thresholds():
    table = published_thresholds()
    for name, comparison, score in (("Huang 2026", "VBQ-T2 for fracture", "VBQ-T2"), ("Cui 2025", None, "VBQ-T1")):
        design = DESIGNS[name]
        analysis = design.analysis(comparison) if comparison else design.analyses[0]
        (auc,) = table[(table["source"] == name) & (table["score"] == score)]["auc"]
        assert (
            printed(name, analysis.printed["AUC"]).range.low - 0.005
            <= auc
            <= printed(name, analysis.printed["AUC"]).range.high + 0.005
        )


@pytest.mark.parametrize("population", POPULATIONS)
def test_the_same_seed_gives_the_same_replicas_and_another_gives_others(population):
    first, again, other = (
        replicate_study("Cui 2025", times=20, seed=seed, population=population, other_pools=False).predicted()
        for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first["mean"].equals(other["mean"])


def test_what_is_predicted_does_not_look_at_what_is_printed():
    table = replicate_study("Huang 2026", times=20, other_pools=False).predicted()
    assert not [name for name in table.columns if "print" in name or "percentile" in name]


def test_a_bound_is_no_number_to_compare():
    table = replicate_study("Huang 2026", times=50, population="as printed").compared()
    row = table[(table["comparison"] == "VBQ-T2 for fracture") & (table["statistic"] == "AUC p")].iloc[0]
    assert row["printed"] == "<0.001"
    assert np.isnan(row["percentile"])


def test_no_cut_off_is_made_up_where_no_mean_is_printed():
    statistics = replicate_study("Chen 2023", times=20, population="as printed").predicted()
    of = statistics[statistics["comparison"] == "VBQ-T1 for osteoporosis, control"]["statistic"]
    assert not {"cut-off", "difference"} & set(of)
    assert "cut-off" in set(replicate_study("Chen 2023", times=20, other_pools=False).predicted()["statistic"])


@pytest.mark.parametrize("name", VIRTUAL)
def test_the_null_model_of_virtual_patients_has_less_effect(name):
    built, null = (
        replicate_study(name, times=300, seed=2, population=population, other_pools=False).predicted()
        for population in ("virtual patients", "marrow of another")
    )
    for key in ("AUC", "r"):
        rows = built["statistic"] == key
        if key == "AUC":
            rows &= ~built["comparison"].str.contains("degenerative against")  # no disease of bone
        effect = [(table[rows]["median"] - (0.5 if key == "AUC" else 0.0)).abs() for table in (built, null)]
        assert (effect[0] >= effect[1] - 0.05).all()


@pytest.mark.parametrize(
    ("name", "comparison", "statistic"),
    [
        ("Huang 2026", "VBQ-T1 for fracture", "AUC"),
        ("Huang 2026", "VBQ-T2 for fracture", "AUC"),
        ("Chen 2023", "VBQ-T1 for osteoporosis, control", "AUC"),
        ("Chen 2023", "VBQ-T1 with BMD, control", "r"),
    ],
)
def test_the_null_model_fails_where_a_study_is_large_enough_to_tell(name, comparison, statistic):
    table = replicate_study(name, times=300, seed=3, population="marrow of another", other_pools=False).compared()
    row = table[(table["comparison"] == comparison) & (table["statistic"] == statistic)].iloc[0]
    assert row["p"] < 0.05


def test_the_page_of_the_comparison_holds_what_the_command_wrote():
    compared = pd.read_csv(ROOT / "validation" / "replicas_compared.csv", dtype={"printed": str})
    compared = compared.set_index(["study", "comparison", "statistic", "population"])
    page = (ROOT / "validation" / "replicas.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    rows = [row for row in rows if len(row) == 9 and row[0] in DESIGNS]
    assert len(rows) > 20
    for study, comparison, statistic, _, _, percentile, _, p, null_p in rows:
        built, null = (
            compared.loc[(study, comparison, statistic, who)] for who in ("virtual patients", "marrow of another")
        )
        assert float(percentile) == pytest.approx(built["percentile"], abs=0.051)
        assert (float(p), float(null_p)) == pytest.approx((built["p"], null["p"]), abs=0.00051)


def test_what_was_predicted_is_what_was_compared():
    predicted, compared = (pd.read_csv(ROOT / "validation" / f"replicas{end}.csv") for end in ("", "_compared"))
    pd.testing.assert_frame_equal(predicted, compared[predicted.columns])


@pytest.mark.parametrize("population", ["virtual patients", "as printed"])
def test_the_predictions_that_are_kept_come_out_again(population):
    kept = pd.read_csv(ROOT / "validation" / "replicas.csv")
    kept = kept[(kept["study"] == "Cui 2025") & (kept["population"] == population)].reset_index(drop=True)
    again = replicate_study("Cui 2025", times=1000, seed=97, population=population, other_pools=False).predicted()
    pd.testing.assert_frame_equal(again, kept, check_dtype=False, rtol=1e-4)


def test_partners_are_of_the_same_sex_and_age():
    design, pools = design_named("Huang 2026"), pools_of("Huang 2026")
    marked = {key: pool.take(np.arange(pool.n)) for key, pool in pools.items()}
    for pool in marked.values():
        for of_score in pool.scores.values():
            for score in of_score:
                of_score[score] = np.repeat(pool.about["age"][:, None] + 1000 * pool.about["woman"][:, None], 6, axis=1)
    patients = FromPool(design=design, pools=marked, population="virtual patients")
    both, case = patients.draw(design.analyses[0], np.zeros(50, dtype=int), np.random.default_rng(1))
    apart = np.abs(both[:, :84] - both[:, 84:])
    assert case[:, :84].all()
    assert not case[:, 84:].any()
    assert np.median(apart) < 1.0
    assert (apart < 500).all(), "a man has a woman as partner"


def test_the_pool_has_every_arm_and_more_people_than_the_study():
    for name in VIRTUAL:
        for arm in DESIGNS[name].arms:
            if arm.pool:
                assert pools_of(name)[arm.pool].n > DESIGNS[name].n_of(arm.name)


def test_people_of_a_pool_belong_to_their_group():
    table = packaged_pool()
    cui = table[table["arm"] == "Cui 2025 osteoporosis"]
    assert (cui["qct_t"] <= -2.5).all()
    assert (table[table["arm"].str.startswith("Košice")]["sex"] == "F").all()
    share = (table[table["arm"] == "Huang 2026 fracture"]["sex"] == "F").mean()
    assert share == pytest.approx(69 / 84, abs=0.01)


@pytest.mark.slow
def test_rows_of_a_pool_do_not_depend_on_who_works_and_in_which_order():
    def backwards(work, tasks):
        return [work(task) for task in list(tasks)[::-1]][::-1]

    straight = draw_pool(1, seed=8, studies=["Košice group 2025"])
    pd.testing.assert_frame_equal(straight, draw_pool(1, seed=8, studies=["Košice group 2025"], spread=backwards))
    assert list(straight.columns[: len(ABOUT)]) == list(ABOUT)


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDY_SITES)
def test_the_pool_of_the_package_is_what_this_version_draws(study):
    known = packaged_pool()
    drawn = draw_pool(1, seed=97, studies=[study])
    for arm in arms_of(study):
        old, new = (table[(table["arm"] == arm) & (table["person"] == 0)].iloc[0] for table in (known, drawn))
        for name in drawn.columns:
            if name.split(":")[0] in ("as built", "null") and STUDY_SITES[study].scores[0] in name:
                assert new[name] == pytest.approx(old[name], rel=1e-4), f"{arm}: run python -m vbqkit.study_replicas"


@pytest.mark.slow
def test_two_pools_agree_within_what_the_pool_is_said_to_matter():
    """The even people and the odd ones of the pool are two pools that have nobody in common."""
    table = packaged_pool()
    halves = [table[table["person"] % 2 == k] for k in (0, 1)]
    found = [replicate_study("Huang 2026", times=200, seed=5, pool=half) for half in halves]
    for key in ((name, "AUC") for name in ("VBQ-T1 for fracture", "VBQ-T2 for fracture")):
        means = [each.draws[key].mean() for each in found]
        spread = [np.std([other[key].mean() for other in each.of_other_pools], ddof=1) for each in found]
        assert abs(means[0] - means[1]) < 3.0 * np.hypot(*spread)
        assert all(0.002 < s < 0.1 for s in spread)


def test_a_power_that_cannot_be_reached_is_said_to_need_more_than_are_looked_for():
    found = patients_needed("Huang 2026", "VBQ-T1 for fracture", power=0.8, population="no effect", times=20)
    assert found.patients is None
    assert "more than 20000" in found.text()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: replicate_study("Nobody 2020"), "no design of 'Nobody 2020'.*Huang 2026"),
        (lambda: replicate_study("Huang 2026", times=1), "1 replica says nothing"),
        (lambda: replicate_study("Huang 2026", population="mice"), "no population 'mice'.*virtual patients"),
        (lambda: replicate_study("Review page 2026", population="virtual patients"), "judges programs.*as printed"),
        (lambda: design_named("Cui 2025").analysis("VBQ"), "no comparison 'VBQ'.*with QCT"),
        (lambda: printed("Cui 2025", "nothing"), "no number with the key 'nothing'"),
        (lambda: patients_needed("Cui 2025", "VBQ-T1 with QCT"), "either half_width or power"),
        (lambda: patients_needed("Cui 2025", "VBQ-T1 with QCT", half_width=0.0), "half-width of 0"),
        (lambda: patients_needed("Cui 2025", "VBQ-T1 with QCT", power=1.0), "power of 1"),
        (lambda: patients_needed("Review page 2026", "deep learning on MRI", power=0.8), "has no p"),
        (lambda: patients_needed("Košice group 2025", "M-score with TBS", power=0.8), "trabecular bone score.*printed"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(ask, words):
    with pytest.raises(TableError, match=words):
        ask()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: draw_pool(0, seed=1), "pool of 0 people"),
        (lambda: draw_pool(1, seed=1, studies=["Review page 2026"]), "no pool for Review page 2026"),
        (lambda: pools_of("Cui 2025", packaged_pool().query("person < 0")), "nobody of 'Cui 2025 normal'"),
    ],
)
def test_a_pool_that_cannot_be_drawn_is_refused_in_words(ask, words):
    with pytest.raises(ScannerError, match=words):
        ask()


def test_every_comparison_of_a_virtual_study_says_why_it_is_not_virtual():
    for name in VIRTUAL:
        design = DESIGNS[name]
        left_out = [a for a in design.analyses if a not in analyses_in(design, "virtual patients")]
        assert all("not measured in virtual patients" in a.note for a in left_out)
