"""The ledger: what its verdicts mean, that it leaves nothing out, and what it is known to find."""

import json

import numpy as np
import pytest

from vbqkit.cli import main
from vbqkit.errors import TableError
from vbqkit.literature import coverage, coverage_summary, ledger, paper_003
from vbqkit.literature.ledger_row import DISAGREES, ROUNDING, SUMMARY, Ledger
from vbqkit.literature.ledger_table import ledger_rows
from vbqkit.literature.printed import Range, printed_numbers


@pytest.mark.parametrize(
    ("recomputed", "exact", "verdict"),
    [
        (Range.of(0.7049), True, ROUNDING),
        (Range.of(0.695), True, ROUNDING),  # the very edge: papers do not say how they round a 5
        (Range.of(0.6949), True, DISAGREES),
        (Range(0.66, 0.63, 0.6951), True, ROUNDING),
        (Range(0.66, 0.63, 0.6949), True, DISAGREES),
        (Range(0.66, 0.40, 0.90), False, SUMMARY),
        (Range(0.66, 0.40, 0.69), False, DISAGREES),
    ],
)
def test_verdict_of_a_printed_0_70(recomputed, exact, verdict):
    row = Ledger("Huang 2026").check("table2.t2.auc", recomputed, "on paper", (), exact=exact, note="why")
    assert (row.printed, row.verdict) == ("0.70", verdict)


def test_a_printed_bound_agrees_with_what_is_below_it_only():
    check = Ledger("Huang 2026").check
    assert check("table2.t2.p", Range.of(0.0009), "on paper", ()).verdict == ROUNDING
    assert check("table2.t2.p", Range.of(0.0011), "on paper", (), note="why").verdict == DISAGREES


def test_a_disagreement_without_a_reason_is_refused():
    with pytest.raises(
        TableError, match=r"disagrees \(0\.70 printed, 0\.500 recomputed\) and does not say why; one line"
    ):
        Ledger("Huang 2026").check("table2.t2.auc", Range.of(0.5), "on paper", ())


def test_a_row_about_a_number_that_is_not_in_the_inventory_is_refused():
    with pytest.raises(TableError, match=r"Huang 2026 has no printed number 'table9\.x' in the inventory"):
        Ledger("Huang 2026").check("table9.x", Range.of(0.5), "on paper", ())
    with pytest.raises(TableError, match="no printed number 'nothing'"):
        Ledger("Huang 2026").check("table2.t2.auc", Range.of(0.7), "on paper", ("nothing",))


def test_every_printed_number_is_recomputed_or_used_or_has_a_reason_and_never_both():
    table = coverage()
    has_reason = table["not_recomputed_because"] != ""
    assert (has_reason == (table["status"] == "not recomputable")).all(), table.loc[
        has_reason != (table["status"] == "not recomputable"), ["source", "key"]
    ]


def test_the_summary_counts_every_number_once():
    summary = coverage_summary().set_index("source")
    assert summary.loc["all", "printed"] == len(printed_numbers())
    parts = summary[["recomputed", "repeated", "used", "not_recomputable"]].sum(axis=1)
    assert (parts == summary["printed"]).all()
    assert (summary.drop("all").sum() == summary.loc["all"]).all()


def test_every_disagreement_is_explained_in_one_line_and_no_row_is_made_twice():
    rows = ledger()
    bad = rows[rows["verdict"] == DISAGREES]
    assert bad["note"].str.len().between(10, 220).all()
    assert not rows["note"].str.contains("\n").any()
    assert not rows.duplicated(["source", "item", "method", "recomputed"]).any(), rows[
        rows.duplicated(["source", "item", "method", "recomputed"])
    ]


def test_simulated_rows_have_the_same_digits_each_time():
    first, second = paper_003.ledger_rows(), paper_003.ledger_rows()
    assert any("95 % of samples" in row.method for row in first)
    assert first == second


@pytest.mark.parametrize(
    ("source", "item", "recomputed"),
    [
        ("Košice group 2025", "correlation of SNR (and of M-score) and TBS", "0.700"),
        ("Košice group 2025", "significance of BMD and T-score", "exact p = 0.033"),
        ("Huang 2026", "specificity (%), VBQ-T2", "50/84"),
        ("Huang 2026", "Table 1: p of VBQ-T1 (men)", "0.055"),
        ("Huang 2026", "SD of VBQ-T1 (men), fracture", "0.581"),
        ("Huang 2026", "mean BMI, non-fracture", "25.12"),
        ("Huang 2026", "unit of the volumetric BMD", "mg/cm3"),
        ("Huang 2026", "inter-observer limits: highest", "8.86"),
        ("Huang 2026", "significance of L1-L4 T-score (men)", "0.057"),
        ("Cui 2025", "women in the osteoporosis group", "10/19"),
        ("Cui 2025", "interval of the ICC within readers", "0.90, 0.96"),
        ("Cui 2025", "Abstract (English): unit of the cut-off", "2.6, without unit"),
        ("Cui 2025", "Abstract (English): name of the group", "osteopenia"),
        ("Chen 2023", "joint space of facet grade 0", "2 to 4"),
        ("Chen 2023", "mean age of all", "60.43"),
        ("Chen 2023", "p of women", "0.00019"),
        ("Chen 2023", "Table 2: p of femoral neck T-score", "0.0392"),
        ("Chen 2023", "current diagnosis of osteopenia or osteoporosis, degenerative", "84.16"),
        ("Chen 2023", "upper limit of the AUC of HU", "0.936"),
        ("Chen 2023", "sensitivity of HU", "22/27"),
        ("Chen 2023", "adjusted VBQ threshold, osteoporosis", "2.8"),
        ("Chen 2023", "Table 4: sensitivity (%), osteoporosis", "19/27"),
        ("Chen 2023", "T-scores of osteopenia", "-2.5 < T < -1"),
        ("Chen 2023", "the groups do not differ in the number of affected segments", "0.00"),
        ("Chen 2023", "VBQ and L1-4 BMD correlate more in the control group", "p = 0.096"),
        ("Chen 2023", "VBQ and L1-4 T-score correlate more in the control group", "p = 0.088"),
        ("Chen 2023", "Modic changes in the two groups", "56/101 against 45/134: p = 0.0008"),
        ("Huang 2026", "variances of VBQ-T2-STIR are equal enough for a t test", "p = 1.1e-08"),
        ("Huang 2026", "variances of VBQ-T2-STIR (women) are equal enough for a t test", "p = 2.2e-08"),
    ],
)
def test_known_disagreements_are_found(source, item, recomputed):
    rows = ledger()
    found = rows[
        (rows["source"] == source) & rows["item"].str.contains(item, regex=False) & (rows["verdict"] == DISAGREES)
    ]
    assert found["recomputed"].str.contains(recomputed, regex=False).any()


@pytest.mark.parametrize(
    ("source", "item", "verdict"),
    [
        ("Košice group 2025", "one SD of the reference group behind all five M-scores", ROUNDING),
        ("Huang 2026", "sample size from VBQ-T1, fracture", ROUNDING),
        ("Huang 2026", "sample size from VBQ-T2, non-fracture", ROUNDING),
        ("Huang 2026", "p of the AUC, VBQ-T1", ROUNDING),
        ("Huang 2026", "p of the odds ratio, VBQ-T2, multivariate", ROUNDING),
        ("Cui 2025", "2.2: Youden index", ROUNDING),
        ("Cui 2025", "2.2: p of that AUC", ROUNDING),
        ("Chen 2023", "Table 2: p of HU", ROUNDING),
        ("Chen 2023", "Results: p of HU", ROUNDING),  # repeats Table 2; once more as the p of an AUC, which it is not
        ("Chen 2023", "Table 2: SD of HU in either group", SUMMARY),
        ("Chen 2023", "r of VBQ with L1-4 BMD and with L1 HU, control", SUMMARY),
        ("Chen 2023", "p of osteoporosis by T-score", ROUNDING),  # one-sided Fisher
        ("Chen 2023", "p of Modic type", ROUNDING),  # Fisher-Freeman-Halton
        ("Chen 2023", "PPV of VBQ for osteoporosis or osteopenia (%), in all 235", SUMMARY),
    ],
)
def test_known_agreements_are_found(source, item, verdict):
    rows = ledger()
    found = rows[(rows["source"] == source) & rows["item"].str.contains(item, regex=False)]
    assert found["verdict"].tolist() == [verdict]


def test_command_prints_the_seven_promised_fields(capsys):
    assert main(["ledger", "--source", "Cui 2025", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {tuple(row) for row in rows} == {("source", "item", "printed", "recomputed", "method", "verdict", "note")}
    assert len(rows) == (ledger()["source"] == "Cui 2025").sum()


def test_command_says_how_many_numbers_it_checked_of_how_many_there_are(capsys):
    assert main(["ledger", "--verdict", "disagrees"]) == 0
    said = capsys.readouterr().out
    summary = coverage_summary().set_index("source").loc["all"]
    assert f"Of {summary['printed']} numbers printed, {summary['recomputed']} are recomputed" in said
    assert "agrees within rounding  " not in said


def test_command_lists_every_printed_number_with_what_is_done_with_it(capsys):
    assert main(["ledger", "--inventory", "--source", "Review page 2026", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 10
    assert {row["status"] for row in rows} == {"recomputed", "used", "not recomputable"}


def test_command_opens_with_a_summary_and_the_disagreements_and_keeps_the_rest_for_all(capsys):
    table = ledger()
    bad = (table["verdict"] == DISAGREES).sum()
    assert main(["ledger"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{len(table)} rows: ")
    assert said[1].startswith(f"Of {len(printed_numbers())} numbers printed, ")
    assert f"The {bad} rows that disagree (--all shows the other {len(table) - bad}, too):" in said
    assert len(said) < bad + 12
    assert main(["ledger", "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > len(table)
    assert main(["ledger", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(table)


def test_a_number_that_is_only_repeated_is_not_counted_as_recomputed():
    table = coverage().set_index(["source", "key"])
    assert table.loc[("Košice group 2025", "abstract.n"), "status"] == "repeated"  # Five = five
    assert table.loc[("Huang 2026", "table2.t2.low"), "status"] == "recomputed"
    assert coverage_summary().set_index("source").loc["all", "repeated"] > 100


def test_the_misprinted_sd_of_paper_004_goes_into_no_other_row():
    used_by = [row.item for row in ledger_rows() if row.source == "Chen 2023" and "table2.neck_t.deg.sd" in row.inputs]
    assert used_by == ["Table 2: p of femoral neck T-score"]  # the row that finds it


def test_m_scores_of_paper_000_come_from_one_reference_sd_of_5_4():
    row = next(row for row in ledger_rows() if "one SD of the reference group" in row.item)
    assert row.recomputed == "SD_ref 5.40 (5.37 to 5.43), SNR_ref 47.62 (47.58 to 47.68)"
    assert np.ptp([5.37, 5.43]) < 0.1
