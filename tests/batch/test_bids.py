"""A BIDS dataset of lumbar MRI is scored in one line, into its own derivatives."""

import csv
import json

import pytest

from tests.batch.conftest import T1, make_rois, write_volume
from vbqkit import write_rois
from vbqkit.batch import cohort_scores
from vbqkit.batch.listing import studies_in
from vbqkit.cli import main


@pytest.fixture
def dataset(tmp_path):
    """Two subjects, one of them with two sessions; TR and TE at the root."""
    root, rois = tmp_path / "data", tmp_path / "rois"
    rois.mkdir()
    root.mkdir()
    (root / "dataset_description.json").write_text(json.dumps({"Name": "lumbar", "BIDSVersion": "1.9.0"}))
    (root / "T1w.json").write_text(json.dumps(T1))
    for k, name in enumerate(("sub-01_ses-1", "sub-01_ses-2", "sub-02")):
        folder = root.joinpath(*name.split("_")) / "anat"
        write_volume(folder / f"{name}_T1w.nii.gz", marrow=200 + 50 * k, seed=k, sidecar=None)
        write_rois(rois / f"{name}.vbqkit.json", make_rois())
    (root / "sub-01" / "ses-1" / "func").mkdir()
    (root / "sub-01" / "ses-1" / "func" / "sub-01_ses-1_task-rest_bold.nii.gz").write_bytes(b"no lumbar spine")
    (root / "derivatives" / "other" / "sub-01").mkdir(parents=True)
    return root, rois


def test_sessions_and_subjects_are_studies_and_derivatives_are_none(dataset):
    assert [one.name for one in studies_in(dataset[0])] == ["sub-01_ses-1", "sub-01_ses-2", "sub-02"]


def test_a_dataset_is_scored_in_one_line_into_its_derivatives(dataset, capsys):
    root, rois = dataset
    line = ["cohort", "score", str(root), "--rois", str(rois), "--workers", "0"]
    assert main(line) == 0
    assert "3 studies: 3 scored" in capsys.readouterr().out
    home = root / "derivatives" / "vbqkit"
    about = json.loads((home / "dataset_description.json").read_text())
    assert {"Name", "BIDSVersion", "DatasetType", "GeneratedBy"} <= set(about)
    assert (about["DatasetType"], about["GeneratedBy"][0]["Name"]) == ("derivative", "vbqkit")
    with (home / "phenotype" / "vbqkit.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["participant_id"], row["session_id"]) for row in rows] == [
        ("sub-01", "ses-1"),
        ("sub-01", "ses-2"),
        ("sub-02", "n/a"),
    ]
    assert [float(row["vbq_t1"]) for row in rows] == pytest.approx([2.5, 3.125, 3.75], rel=0.02)
    dictionary = json.loads((home / "phenotype" / "vbqkit.json").read_text())
    assert set(dictionary) == set(rows[0])
    assert "Marrow over CSF on T1" in dictionary["vbq_t1"]["Description"]
    capsys.readouterr()
    assert main(line) == 0
    assert "3 of them were done before" in capsys.readouterr().out


def test_a_sidecar_that_is_inherited_belongs_to_the_study(dataset, tmp_path):
    root, rois = dataset
    options = {"rois": rois, "plan": cohort_scores.Plan(), "workers": 0}
    before = cohort_scores.score_cohort(root, out=tmp_path / "t.csv", **options).rows
    (root / "T1w.json").write_text(json.dumps(T1 | {"RepetitionTime": 0.5}))
    after = cohort_scores.score_cohort(root, out=tmp_path / "t.csv", **options)
    assert after.kept == 0
    assert not {row["files"] for row in before} & {row["files"] for row in after.rows}
    assert {row["id"].split("-")[0] for row in after.rows} == {"study"}  # outside of the dataset nobody's label


def test_a_label_that_may_be_a_name_is_not_printed(dataset, capsys):
    root, rois = dataset
    (root / "sub-02").rename(root / "sub-MuellerHans")
    main(["cohort", "score", str(root), "--rois", str(rois), "--workers", "0"])
    said = capsys.readouterr()
    assert "Mueller" not in said.out + said.err
    assert "sub-01_ses-1" in said.out


def test_a_folder_that_is_no_dataset_needs_a_table(tmp_path, capsys):
    assert main(["cohort", "score", str(tmp_path), "--propose"]) == 1
    assert "Say with --out where the table goes" in capsys.readouterr().err
