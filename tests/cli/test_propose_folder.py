"""``vbqkit propose FOLDER --out FOLDER``: one row a study, nothing overwritten, nobody's name."""

import csv
import json
import os
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.propose.conftest import proposal_of
from vbqkit.batch import proposing
from vbqkit.batch.proposing import propose_one
from vbqkit.batch.todo import StudyToDo, reason_without
from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.formats import read_rois

SAMPLE = Path(__file__).parents[2] / "sample_data"
NAME = "MUELLER HANS 1950"


@cache
def found():
    return proposal_of("case01", "T1")


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """Two studies that can be read and one that cannot, called after patients; what is proposed is known beforehand."""
    folder = tmp_path / "studies"
    for name, case in ((f"{NAME} a", "case01"), (f"{NAME} b", "case02")):
        shutil.copytree(SAMPLE / case / "T1", folder / name / "T1", copy_function=os.symlink)
    (folder / f"{NAME} c").mkdir()
    (folder / f"{NAME} c" / f"{NAME}.txt").write_text("no image")
    asked = []

    def propose(study, *, kind):
        asked.append(study.source)
        exam = study.series[0].acquisition.study_uid
        volume = replace(found().volume, acquisition=replace(found().volume.acquisition, study_uid=exam))
        question = "" if f"{NAME} a" in study.source else "Say which level one of the bodies is."
        return replace(found(), volume=volume, question=question)

    monkeypatch.setattr(proposing, "propose_rois", propose)
    return folder, asked


def rows_of(out):
    with (out / "proposals.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_study_has_a_row_and_a_bad_one_costs_its_row_only(studies, tmp_path, capsys):
    folder, _asked = studies
    out, pictures = tmp_path / "out", tmp_path / "pictures"
    assert main(["propose", str(folder), "--out", str(out), "--overlay", str(pictures)]) == 1
    rows = rows_of(out)
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert [row["outcome"] for row in rows] == ["named", "asked", "refused"]
    assert rows[1]["reason"].startswith("Say which level")
    assert "No image among" in rows[2]["reason"]
    for row in rows[:2]:
        assert {"L1", "L4", "CSF"} <= {roi.label for roi, _ in read_rois(out / row["rois"]).proposed}
        assert (pictures / f"{row['study']}.png").read_bytes().startswith(b"\x89PNG")
    assert "3 studies: 1 with names" in capsys.readouterr().out


def test_no_name_of_a_folder_or_file_is_printed_or_written(studies, tmp_path, capsys):
    folder, _asked = studies
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out)])
    said = capsys.readouterr()
    written = "".join(path.name + path.read_text(encoding="utf-8") for path in out.iterdir())
    for text in (said.out, said.err, written):
        assert "MUELLER" not in text


def test_what_is_done_is_not_done_again_and_the_rest_is(studies, tmp_path, capsys):
    folder, asked = studies
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out)])
    first = {path.name: path.read_bytes() for path in out.glob("study-*")}
    (out / rows_of(out)[0]["rois"]).write_text("corrected by a reader")
    capsys.readouterr()
    assert main(["propose", str(folder), "--out", str(out), "--json"]) == 1
    assert [row["outcome"] for row in json.loads(capsys.readouterr().out)] == ["named", "asked", "refused"]
    assert len(asked) == 2
    assert (out / rows_of(out)[0]["rois"]).read_text() == "corrected by a reader"
    (out / rows_of(out)[1]["rois"]).unlink()
    main(["propose", str(folder), "--out", str(out)])
    assert len(asked) == 3
    assert {path.name for path in out.glob("study-*")} == set(first)


def test_a_stop_between_roi_file_and_table_leaves_nothing_to_clear_up(studies, tmp_path):
    folder, _asked = studies
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out)])
    (out / "proposals.csv").unlink()
    main(["propose", str(folder), "--out", str(out)])
    assert [row["outcome"] for row in rows_of(out)] == ["named", "asked", "refused"]


def test_a_roi_file_that_is_not_ours_is_not_overwritten(studies, tmp_path):
    folder, _asked = studies
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out)])
    name = rows_of(out)[0]["rois"]
    (out / "proposals.csv").unlink()
    (out / name).write_text("somebody else's")
    main(["propose", str(folder), "--out", str(out)])
    assert (out / name).read_text() == "somebody else's"
    assert "it was not overwritten" in rows_of(out)[0]["reason"]


def test_another_kind_of_roi_or_another_table_is_not_mixed_in(studies, tmp_path, capsys):
    folder, _asked = studies
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out)])
    assert main(["propose", str(folder), "--out", str(out), "--roi", "ellipse"]) == 1
    assert "They are not mixed" in capsys.readouterr().err
    (out / "proposals.csv").write_text("a,b\n1,2\n")
    assert main(["propose", str(folder), "--out", str(out)]) == 1
    assert "no table of this command" in capsys.readouterr().err


def test_a_study_that_is_there_twice_is_proposed_on_once(studies, tmp_path):
    folder, asked = studies
    shutil.copytree(SAMPLE / "case01" / "T1", folder / "z" / "T1", copy_function=os.symlink)
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out)])
    assert len(asked) == 2
    assert "the same files as study 1" in rows_of(out)[3]["reason"]


def test_the_folders_of_the_series_of_one_study_are_no_studies(studies, tmp_path):
    """As where --out lacks its ending: T1, T2 and STIR of one patient are not three patients."""
    _folder, _asked = studies
    out = tmp_path / "out"
    main(["propose", str(SAMPLE / "case01"), "--out", str(out)])
    rows = {row["number"]: row for row in rows_of(out)}
    assert sum(row["rois"] != "" for row in rows.values()) == 1
    assert any("Folders of series are no studies" in row["reason"] for row in rows.values())
    main(["propose", str(SAMPLE / "case01"), "--out", str(out)])
    assert sum(row["rois"] != "" for row in rows_of(out)) == 1


def test_names_are_kept_on_request_and_a_changed_study_is_noticed(studies, tmp_path):
    folder, asked = studies
    out = tmp_path / "out"
    main(["propose", str(folder), "--out", str(out), "--keep-names"])
    assert (out / f"{NAME} a.vbqkit.json").is_file()
    (folder / f"{NAME} a" / "more.txt").write_text("a report")
    main(["propose", str(folder), "--out", str(out), "--keep-names"])
    assert len(asked) == 2
    assert "move MUELLER HANS 1950 a.vbqkit.json away" in rows_of(out)[0]["reason"]


def test_no_study_and_no_folder_are_said_plainly(tmp_path, capsys):
    (tmp_path / "none").mkdir()
    assert main(["propose", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 1
    assert "there is no study in it" in capsys.readouterr().err
    assert main(["propose", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 1
    assert "is no folder of studies" in capsys.readouterr().err
    assert main(["propose", str(SAMPLE), "--out", str(tmp_path / "out"), "--series", "1"]) == 1
    assert "--series is for one study" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(FormatError("Nothing in /data/Doe John."), "refused"), (ZeroDivisionError("in /data/Doe John"), "failed")],
)
def test_whatever_goes_wrong_becomes_a_reason_without_the_path(error, outcome):
    def read():
        raise error

    row, proposal = propose_one(StudyToDo(1, "study-1", read, hidden=("/data/Doe John",)))
    assert proposal is None
    assert row["outcome"] == outcome
    assert "(the study)" in row["reason"]
    assert "Doe" not in row["reason"]


def test_a_stop_by_the_user_is_no_reason():
    def read():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        propose_one(StudyToDo(1, "study-1", read))


def test_a_reason_is_one_short_line():
    assert reason_without("a\nb" * 400, ()).count("\n") == 0
    assert len(reason_without("ab " * 400, ())) <= 400
