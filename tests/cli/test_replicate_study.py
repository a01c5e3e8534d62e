"""vbqkit replicate-study."""

import csv
import json

import pytest

from vbqkit import study_replicas
from vbqkit.cli import main


def test_a_study_is_replicated_and_compared(tmp_path, capsys):
    out = tmp_path / "table.csv"
    assert main(["replicate-study", "Cui 2025", "--population", "as printed", "--times", "50", "--out", str(out)]) == 0
    assert "finite pool" in capsys.readouterr().out
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    (auc,) = [row for row in rows if row["statistic"] == "AUC"]
    assert auc["printed"] == "0.754"
    assert 0 <= float(auc["percentile"]) <= 100


def test_predictions_know_nothing_of_what_is_printed(tmp_path, capsys):
    out = tmp_path / "predicted.csv"
    assert main(["replicate-study", "all", "--times", "20", "--predictions", "--out", str(out)]) == 0
    capsys.readouterr()
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert {row["study"] for row in rows} == set(study_replicas.DESIGNS)
    assert "printed" not in rows[0]


def test_patients_needed_are_listed(capsys):
    options = ["--power", "0.8", "--population", "as printed", "--times", "100", "--json"]
    assert main(["replicate-study", "Košice group 2025", *options]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(row["had"] == 5 and row["patients"] > 5 for row in rows)


def test_several_populations_are_put_into_one_table(capsys):
    options = [
        "--population",
        "no effect",
        "--population",
        "marrow of another",
        "--times",
        "10",
        "--predictions",
        "--json",
    ]
    assert main(["replicate-study", "all", *options]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["population"] for row in rows if row["study"] == "Cui 2025"} == {"no effect", "marrow of another"}
    assert {row["population"] for row in rows if row["study"] == "Review page 2026"} == {"no effect"}


def test_an_unknown_study_is_refused_with_those_there_are(capsys):
    assert main(["replicate-study", "Ehresman 2020"]) == 1
    assert "Huang 2026" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--jobs", "0"], ["--pool", "0"], ["--times", "1"]])
def test_what_cannot_be_done_is_refused(option, capsys):
    assert main(["replicate-study", "Cui 2025", *option]) == 1
    assert "give" in capsys.readouterr().err


def test_an_interrupted_run_leaves_the_old_file_as_it_was(tmp_path, capsys, monkeypatch):
    out = tmp_path / "table.csv"
    out.write_text("old\n", encoding="utf-8")
    calls = []

    def stops(name, **options):
        calls.append(name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return replicate(name, **options)

    replicate = study_replicas.replicate_study
    monkeypatch.setattr(study_replicas, "replicate_study", stops)
    assert main(["replicate-study", "all", "--times", "10", "--out", str(out)]) == 130
    assert "nothing was half written" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]


@pytest.mark.slow
def test_a_pool_of_ones_own_is_drawn(capsys):
    assert (
        main(["replicate-study", "Košice group 2025", "--pool", "2", "--times", "10", "--predictions", "--json"]) == 0
    )
    assert {row["times"] for row in json.loads(capsys.readouterr().out)} == {10}
