"""A report as a row of a cohort table: nothing lost, nothing twice, nothing half written."""

import json
from dataclasses import replace

import pytest

from tests.report.conftest import CASE, REFERENCE, ROIS
from vbqkit.cli import main
from vbqkit.cohort import make_cohort_template, read_cohort
from vbqkit.errors import TableError
from vbqkit.report import append_to_cohort


def value(report, key):
    return next(one.result.value for one in report.scores if one.result.key == key)


def test_a_new_table_holds_the_digits_the_codes_of_the_cautions_and_the_columns_of_the_template(report, tmp_path):
    path = append_to_cohort(report, tmp_path / "cohort.csv", aggregate="median")
    cohort = read_cohort(path)
    [row] = cohort.table.to_dict("records")
    assert row["vbq_t1"] == value(report, "VBQ-T1 (median)")
    assert row["snr"] == value(report, "SNR")
    assert (row["id"], row["reader"], row["aggregate"]) == ("A17", "Čeňková", "median")
    assert "noise-disagrees" in row["cautions"].split()
    template = make_cohort_template(tmp_path / "template.csv").read_text(encoding="utf-8-sig").strip()
    assert path.read_text(encoding="utf-8-sig").startswith(template)


def test_a_second_case_leaves_the_first_as_it_was_to_the_byte(report, tmp_path):
    path = append_to_cohort(report, tmp_path / "cohort.csv", aggregate="median")
    before = path.read_bytes()
    append_to_cohort(replace(report, code="A18"), path, aggregate="median")
    assert path.read_bytes().startswith(before)
    assert read_cohort(path).table["id"].tolist() == ["A17", "A18"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_case_twice_is_refused_and_another_reader_s_is_not(report, tmp_path):
    path = append_to_cohort(report, tmp_path / "cohort.csv", aggregate="median")
    before = path.read_bytes()
    with pytest.raises(TableError, match="'A17' is in row 2 too"):
        append_to_cohort(report, path, aggregate="median")
    assert path.read_bytes() == before
    append_to_cohort(replace(report, reader="BC"), path, aggregate="median")
    assert len(read_cohort(path)) == 2


def test_headings_separator_and_decimal_comma_of_the_table_are_used(report, tmp_path):
    path = tmp_path / "clinic.csv"
    path.write_text(
        "Patient;Reader;Scanner;VBQ T1w;SNR L1-L4;M-skóre;Poznámka\nB1;AB;x;2,5;60,1;1,5;nič", encoding="utf-8"
    )
    append_to_cohort(report, path, aggregate="median")
    table = read_cohort(path).table
    assert table["vbq_t1"].tolist() == [2.5, value(report, "VBQ-T1 (median)")]
    assert "," in path.read_text(encoding="utf-8").splitlines()[-1].split(";")[3]


def test_a_table_with_headings_alone_is_begun(report, tmp_path):
    path = make_cohort_template(tmp_path / "cohort.csv")
    append_to_cohort(report, path, aggregate="median")
    assert read_cohort(path).table.loc[0, "vbq_t1"] == value(report, "VBQ-T1 (median)")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id;reader\nB1;AB\n", "no column for scanner, snr, m_score, vbq_t1"),
        (b"id,reader,scanner,snr,m_score,vbq_t1\nB1,AB,x,abc,1,2\n", "is not a number|abc"),
        ("id,čtenář\n".encode("cp1250"), "is not UTF-8"),
    ],
)
def test_a_table_that_does_not_fit_stays_as_it_is(report, tmp_path, content, said):
    path = tmp_path / "cohort.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=said):
        append_to_cohort(report, path, aggregate="median")
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"code": "case"}, "needs the code"), ({"code": "=1+1"}, "a formula"), ({"reader": "@SUM(A1)"}, "a formula")],
)
def test_a_code_that_is_none_and_formulas_are_refused(report, tmp_path, change, said):
    with pytest.raises(TableError, match=said):
        append_to_cohort(replace(report, **change), tmp_path / "cohort.csv", aggregate="median")


def test_median_or_mean_must_be_said_and_only_csv_is_written(report, tmp_path):
    with pytest.raises(TableError, match="by median and by mean"):
        append_to_cohort(report, tmp_path / "cohort.csv")
    with pytest.raises(TableError, match=r"to \.csv only"):
        append_to_cohort(report, tmp_path / "cohort.xlsx", aggregate="median")


def test_a_table_that_another_program_changes_meanwhile_is_not_overwritten(report, tmp_path, monkeypatch):
    path = append_to_cohort(report, tmp_path / "cohort.csv", aggregate="median")

    def meanwhile(draft):
        path.write_text("changed", encoding="utf-8")

    monkeypatch.setattr("vbqkit.report.cohort_row.read_cohort", meanwhile)
    with pytest.raises(TableError, match="changed by another program"):
        append_to_cohort(replace(report, code="A18"), path, aggregate="median")
    assert path.read_text(encoding="utf-8") == "changed"


def test_a_full_disk_leaves_the_table_as_it_was(report, tmp_path, monkeypatch):
    path = append_to_cohort(report, tmp_path / "cohort.csv", aggregate="median")
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TableError, match="No space left"):
        append_to_cohort(replace(report, code="A18"), path, aggregate="median")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_the_command_writes_every_kind_of_file_and_vbqkit_score_repeats_the_digits(tmp_path, capsys):
    rois = tmp_path / "rois.json"
    rois.write_bytes(ROIS.read_bytes())
    out = [tmp_path / f"case.{ending}" for ending in ("html", "pdf", "sr.dcm", "seg.dcm", "sc.dcm")]
    base = [str(CASE), "--rois", str(rois), "--reference-snr", f"{REFERENCE.mean},{REFERENCE.sd},{REFERENCE.n}"]
    options = ["--reader", "AB", "--code", "A17", "--cohort", str(tmp_path / "t.csv"), "--cohort-aggregate", "median"]
    assert main(["report", *base, *options, *(f"--out={one}" for one in out), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(one.stat().st_size > 1000 for one in out)
    for saved in (rois, out[2]):
        assert main(["score", base[0], "--rois", str(saved), *base[3:], "--json"]) == 0
        again = json.loads(capsys.readouterr().out)
        assert digits(again) == digits(rows)


def digits(rows):
    """Value and interval of each row, whatever its aggregate is called."""
    return sorted(
        (row["score"], row["value"], row.get("ci_low") or 0.0, row.get("ci_high") or 0.0)
        for row in rows
        if row["value"] is not None
    )
