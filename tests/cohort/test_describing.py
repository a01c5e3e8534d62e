"""Table 1: every number against numpy, scipy or a table done by hand."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from vbqkit.cohort import describe_cohort
from vbqkit.errors import TableError


@pytest.fixture(scope="module")
def cohort():
    rng, n = np.random.default_rng(8), 80
    fracture = np.arange(n) % 2 == 0
    return pd.DataFrame(
        {
            "id": [f"P{i}" for i in range(n)],
            "age_years": rng.normal(65, 6, n) + 3 * fracture,
            "vbq_t1": np.exp(rng.normal(1, 0.8, n)),
            "sex": np.where(rng.random(n) < 0.8, "F", "M"),
            "fracture": pd.array(fracture, dtype="boolean"),
            "center": np.resize(["a", "b", "c"], n),
            "note": [f"free text {i}" for i in range(n)],
        }
    )


def cell(description, variable, group, level=""):
    rows = description.rows
    return rows[(rows.variable == variable) & (rows.group == group) & (rows.level == level)].iloc[0]


def test_a_normal_number_has_mean_sd_and_welchs_p(cohort):
    described = describe_cohort(cohort, by="fracture")
    yes, no = (cohort.loc[cohort.fracture == f, "age_years"] for f in (True, False))
    row = cell(described, "age_years", "Fragility fracture: yes")
    assert row["shown"] == "mean"
    assert (row["mean"], row["sd"]) == (pytest.approx(np.mean(yes)), pytest.approx(np.std(yes, ddof=1)))
    assert row["p"] == pytest.approx(stats.ttest_ind(yes, no, equal_var=False).pvalue)
    assert row["test"] == "Welch t"
    assert row["normal_p"] == pytest.approx(min(stats.shapiro(yes).pvalue, stats.shapiro(no).pvalue))


def test_a_skewed_number_has_median_quartiles_and_mann_whitneys_p(cohort):
    row = cell(describe_cohort(cohort, by="fracture"), "vbq_t1", "Fragility fracture: no")
    yes, no = (cohort.loc[cohort.fracture == f, "vbq_t1"] for f in (True, False))
    assert row["shown"] == "median"
    assert [row["q1"], row["median"], row["q3"]] == pytest.approx(list(np.quantile(no, [0.25, 0.5, 0.75])))
    assert row["p"] == pytest.approx(stats.mannwhitneyu(yes, no, method="exact").pvalue)
    assert row["test"] == "Mann-Whitney (exact)"


def test_all_groups_of_a_row_have_the_decimals_of_the_one_that_needs_most():
    table = pd.DataFrame({"age_years": [50.0, 60, 70, 80, 62, 63, 64, 65.5], "g": list("aaaabbbb")})
    line = describe_cohort(table, by="g").table().iloc[0]
    assert [line["a (n = 4)"], line["b (n = 4)"]] == ["65.0 ± 12.9", "63.6 ± 1.5"]


def test_a_description_prints_as_its_table(cohort):
    described = describe_cohort(cohort, by="fracture", columns=["age_years"])
    assert repr(described).splitlines()[0].split() == " ".join(described.table().columns).split()
    assert described.table().iloc[0, 1] in repr(described)


def test_three_groups_are_compared_by_anova_or_kruskal_wallis(cohort):
    described = describe_cohort(cohort, by="center")
    for name, test in (("age_years", stats.f_oneway), ("vbq_t1", stats.kruskal)):
        groups = [cohort.loc[cohort.center == c, name] for c in "abc"]
        assert cell(described, name, "b")["p"] == pytest.approx(test(*groups).pvalue)
    assert cell(described, "age_years", "b")["test"] == "ANOVA"
    assert cell(described, "vbq_t1", "b")["test"] == "Kruskal-Wallis"


def test_categories_have_counts_percents_and_chi_square(cohort):
    row = cell(describe_cohort(cohort, by="center"), "sex", "a", "F")
    group = cohort[cohort.center == "a"]
    assert (row["count"], row["n"]) == ((group.sex == "F").sum(), len(group))
    assert row["percent"] == pytest.approx(100 * (group.sex == "F").mean())
    expected = stats.chi2_contingency(pd.crosstab(cohort.sex, cohort.center), correction=False).pvalue
    assert row["p"] == pytest.approx(expected)
    assert row["test"].startswith("chi-square")


def test_a_small_two_by_two_table_is_tested_by_fisher():
    table = pd.DataFrame({"sex": list("FFFFMMMFFM"), "fracture": [True] * 5 + [False] * 5})
    row = cell(describe_cohort(table, by="fracture"), "sex", "all", "F")
    assert row["test"] == "Fisher exact"
    assert row["p"] == pytest.approx(stats.fisher_exact(pd.crosstab(table.sex, table.fracture)).pvalue)


def test_missing_values_are_counted_and_percents_are_of_those_known():
    table = pd.DataFrame(
        {
            "sex": ["F", "F", None, "M"],
            "bmd_g_cm2": [0.8, np.nan, 0.9, 1.0],
            "fracture": pd.array([True, None, False, True]),
        }
    )
    table["fracture"] = table["fracture"].astype("boolean")
    described = describe_cohort(table)
    assert cell(described, "sex", "all", "F")["percent"] == pytest.approx(200 / 3)
    assert cell(described, "fracture", "all", "yes")["count"] == 2
    assert described.table()["Missing"].tolist() == ["1", "1", "1", "1"]


def test_constant_and_tiny_columns_raise_no_warning_and_are_not_called_normal():
    table = pd.DataFrame({"hu": [100.0] * 6, "tbs": [1.2, 1.3, np.nan, np.nan, np.nan, 1.1], "g": list("aaabbb")})
    described = describe_cohort(table, by="g")
    assert cell(described, "hu", "a")["shown"] == "median"
    assert math.isnan(cell(described, "hu", "a")["p"])
    assert described.table().loc[0, "p"] == "–"


def test_a_group_without_values_is_not_compared():
    table = pd.DataFrame({"hu": [100.0, 110, 120, np.nan, np.nan, np.nan], "g": list("aaabbb")})
    row = cell(describe_cohort(table, by="g"), "hu", "b")
    assert (row["test"], row["n"], row["n_missing"]) == ("not compared: a group has no values", 0, 3)
    assert describe_cohort(table, by="g").table().filter(like="b (n").iloc[0, 0] == "–"


def test_codes_and_free_text_are_left_out_unless_named(cohort):
    assert set(describe_cohort(cohort, by="fracture").rows["variable"]) == {"age_years", "vbq_t1", "sex", "center"}
    assert set(describe_cohort(cohort, columns=["hu", "age_years"][1:]).rows["variable"]) == {"age_years"}


def test_the_table_reads_as_in_a_paper_with_two_digits_of_the_sd():
    table = pd.DataFrame({"bmd_g_cm2": [0.70, 0.75, 0.80, 0.85, 0.90], "t_score": [-3.1, -2.7, -2.2, -1.8, -1.4]})
    lines = describe_cohort(table).table()
    assert lines.iloc[:, 1].tolist() == ["0.800 ± 0.079", "−2.24 ± 0.68"]
    assert lines.columns[1] == "all (n = 5)"
    assert lines.iloc[0, 0] == "BMD, lumbar spine, DEXA, g/cm²"


def test_html_is_well_formed_and_escaped_and_csv_reads_back(cohort, tmp_path):
    odd = cohort.assign(center=np.resize(["a<b", "c&d"], len(cohort)))
    described = describe_cohort(odd, by="center")
    tree = ET.fromstring(described.to_html())
    assert len(tree.findall("./tbody/tr")) == len(described.table())
    assert "a<b" in [th.text.split(" (n")[0] for th in tree.findall("./thead/tr/th")]
    assert described._repr_html_() == described.to_html()
    text = described.to_csv(tmp_path / "table1.csv")
    again = pd.read_csv(tmp_path / "table1.csv", dtype=str)
    assert again.columns.tolist() == described.table().columns.tolist()
    assert len(text.splitlines()) == len(again) + 1


def test_groups_stand_in_the_order_asked_for(cohort):
    assert describe_cohort(cohort, by="center", order=["c", "a"]).groups == ("all", "c", "a")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "ward"}, "no column ward; it has: id, age_years"),
        ({"columns": ["hu"]}, "no column hu"),
        ({"by": "center", "order": ["a"]}, "'center' has a; two groups or more"),
        ({"by": "center", "order": ["a", "z"]}, "of which z has no rows"),
    ],
)
def test_what_cannot_be_described_is_refused(cohort, options, words):
    with pytest.raises(TableError, match=words):
        describe_cohort(cohort, **options)


def test_an_empty_table_is_refused():
    with pytest.raises(TableError, match="The table has no rows"):
        describe_cohort(pd.DataFrame({"age_years": []}))


def test_quartiles_are_r_s_or_spss_s_and_the_note_says_which():
    """Ten whole ages by hand: type 7 takes places 3.25 and 7.75, type 6 places 2.75 and 8.25."""
    table = pd.DataFrame({"age_years": [50.0, 51, 53, 56, 60, 65, 71, 78, 86, 120]})
    for kind, wanted, said in ((7, (53.75, 76.25), "type 7, as R"), (6, (52.5, 80.0), "type 6, as SPSS")):
        described = describe_cohort(table, quartile_type=kind)
        row = described.rows.iloc[0]
        assert (row["shown"], row["q1"], row["q3"]) == ("median", *wanted)
        assert said in described.note
    with pytest.raises(TableError, match=r"quartile_type is 5; 7 \(R, Excel\) or 6 \(SPSS\) was expected"):
        describe_cohort(table, quartile_type=5)


def test_a_sparse_table_of_four_grades_is_tested_exactly():
    """5 cases of 60: Fisher-Freeman-Halton by trying every table of these margins, against chi-square's p."""
    grade = list("aaaaabbbccd") + list("a" * 20 + "b" * 17 + "c" * 9 + "d" * 3)
    sick = [1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0] + [0] * 49
    sick[-1] = sick[-2] = 1
    table = pd.DataFrame({"grade": grade, "sick": [bool(s) for s in sick]})
    row = describe_cohort(table, by="sick", columns=["grade"]).rows.iloc[0]
    counts = pd.crosstab(table.sick, table.grade).to_numpy()
    sizes, observed = counts.sum(axis=0), tuple(counts[1])
    probability = {
        cases: math.prod(math.comb(n, k) for n, k in zip(sizes, cases, strict=True)) / math.comb(60, 5)
        for cases in itertools.product(range(6), repeat=4)
        if sum(cases) == 5
    }
    assert row["test"] == "Fisher-Freeman-Halton exact"
    assert sum(probability.values()) == pytest.approx(1)
    assert row["p"] == pytest.approx(sum(p for p in probability.values() if p <= probability[observed] * (1 + 1e-9)))
    assert abs(row["p"] - stats.chi2_contingency(counts, correction=False).pvalue) > 0.01
    large = pd.DataFrame({"grade": list("abcdef") * 200, "sick": [i % 7 == 0 for i in range(1200)]})
    assert describe_cohort(large, by="sick", columns=["grade"]).rows.iloc[0]["test"] == "chi-square (uncorrected)"


def test_a_normal_mann_whitney_p_says_whether_it_is_continuity_corrected():
    table = pd.DataFrame({"vbq_t1": [1.0, 1, 1, 2, 2, 2, 9, 9, 9, 9], "g": list("aaaaabbbbb")})
    for continuity, said in ((True, "on"), (False, "off")):
        row = describe_cohort(table, by="g", columns=["vbq_t1"], continuity=continuity).rows.iloc[0]
        oracle = stats.mannwhitneyu(table.vbq_t1[:5], table.vbq_t1[5:], method="asymptotic", use_continuity=continuity)
        assert row["p"] == pytest.approx(oracle.pvalue)
        assert row["test"] == f"Mann-Whitney (normal, continuity correction {said})"
