"""A folder of studies becomes one table: a row each, whatever becomes of it, nobody's name, and nothing done twice."""

import csv
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.batch.conftest import make_rois, write_volume
from vbqkit import write_rois
from vbqkit.batch import Plan, cohort_scores, score_cohort, scoring
from vbqkit.batch.journal import Journal
from vbqkit.batch.running import DaskCluster, Processes, RunError, WorkerLost, done_by
from vbqkit.cli import main
from vbqkit.cohort import read_cohort
from vbqkit.errors import FormatError, ScoreError
from vbqkit.scores import SCORES, ScoreDefinition, register_score, registry, unregister_score

ROOT = Path(__file__).parents[2]
PLAN = Plan(scores=("VBQ-T1",))


class Threads(Processes):
    """Threads in the place of processes, for what does not depend on the difference."""

    def opened(self, count=None):
        return ThreadPoolExecutor(count or self.count)


def rows_of(table):
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def score(cohort, table, plan=PLAN, **options):
    root, rois = cohort
    return score_cohort(root, out=table, rois=options.pop("rois", rois), plan=plan, **{"workers": 0, **options})


def counted(monkeypatch):
    """How often a study is really scored."""
    asked = []

    def score_one(job, plan):
        asked.append(job.todo.key)
        return scoring.score_one(job, plan)

    monkeypatch.setattr(cohort_scores, "score_one", score_one)
    return asked


def test_each_study_has_its_row_in_order_with_the_values_that_the_pixels_give(cohort, tmp_path):
    found = score(cohort, tmp_path / "t.csv", Plan(scores=("VBQ-T1",), intervals=True))
    assert [row["outcome"] for row in found.rows] == ["scored"] * 3
    assert [row["vbq_t1"] for row in found.rows] == pytest.approx([200 / 80, 250 / 80, 300 / 80], rel=0.02)
    for row in found.rows:
        assert row["vbq_t1_low"] < row["vbq_t1"] < row["vbq_t1_high"]
    written = rows_of(tmp_path / "t.csv")
    assert [float(row["vbq_t1"]) for row in written] == [row["vbq_t1"] for row in found.rows]
    assert tuple(written[0]) == found.columns
    table = read_cohort(tmp_path / "t.csv").table
    assert list(table["vbq_t1"]) == [row["vbq_t1"] for row in found.rows]


def test_no_name_of_a_folder_or_file_is_in_the_table_nor_printed(cohort, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cohort_scores, "Processes", Threads)
    root, rois = cohort
    (root / "NOVAK JANA" / "t1.nii.gz").write_bytes(b"damaged")
    (rois / "ZELENY IVO.vbqkit.json").write_text("damaged")
    assert (
        main(["cohort", "score", str(root), "--rois", str(rois), "--out", str(tmp_path / "t.csv"), "--workers", "1"])
        == 1
    )
    said = capsys.readouterr()
    for text in ((tmp_path / "t.csv").read_text(encoding="utf-8"), said.out, said.err):
        assert not [name for name in ("MUELLER", "HANS", "NOVAK", "ZELENY") if name in text]
    assert "3 studies: 1 scored, 2 refused" in said.out


def test_a_bad_study_costs_one_row_with_its_reason(cohort, tmp_path, monkeypatch):
    _root, rois = cohort
    (rois / "NOVAK JANA.vbqkit.json").unlink()
    read = scoring.volumes_and_rois
    monkeypatch.setattr(
        scoring, "volumes_and_rois", lambda study, path, **o: 1 / 0 if "ZELENY" in str(path) else read(study, path, **o)
    )
    first, second, third = score(cohort, tmp_path / "t.csv").rows
    assert (first["outcome"], second["outcome"], third["outcome"]) == ("scored", "refused", "failed")
    assert "no ROI file is called after it" in second["reason"]
    assert third["reason"] == "ZeroDivisionError: division by zero"


def test_a_score_that_was_asked_for_and_has_no_series_says_so_in_its_row(cohort, tmp_path):
    named = score(cohort, tmp_path / "t.csv", Plan(scores=("VBQ-T1", "VBQ-T2-STIR"))).rows
    assert {row["outcome"] for row in named} == {"scored"}
    assert {row["reason"] for row in named} == {"VBQ-T2-STIR not given: no T2 and no STIR series"}
    asked_for_all = score(cohort, tmp_path / "all.csv", Plan()).rows
    assert not [row for row in asked_for_all if "STIR" in (row["reason"] or "")], "nobody asked for it by name"


def test_what_is_done_is_not_done_again_and_what_failed_or_changed_is(cohort, tmp_path, monkeypatch):
    root, rois = cohort
    asked = counted(monkeypatch)
    score(cohort, tmp_path / "t.csv")
    before = (tmp_path / "t.csv").read_bytes()
    assert score(cohort, tmp_path / "t.csv").kept == 3
    assert len(asked) == 3
    assert (tmp_path / "t.csv").read_bytes() == before
    write_rois(rois / "NOVAK JANA.vbqkit.json", [roi.scaled(0.9) for roi in make_rois()])
    write_volume(root / "ALT KURT" / "t1.nii.gz", marrow=400, seed=9)
    write_rois(rois / "ALT KURT.vbqkit.json", make_rois())
    found = score(cohort, tmp_path / "t.csv")
    assert (found.kept, len(asked), len(found.rows)) == (2, 5, 4)
    assert found.rows[0]["vbq_t1"] == pytest.approx(5.0, rel=0.02)  # in alphabetical order, though it came last


def test_rows_of_a_run_that_was_stopped_are_kept_and_a_line_that_broke_off_is_not(cohort, tmp_path, monkeypatch):
    done = []

    def score_one(job, plan):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job.todo.key)
        return scoring.score_one(job, plan)

    monkeypatch.setattr(cohort_scores, "score_one", score_one)
    with pytest.raises(KeyboardInterrupt):
        score(cohort, tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()
    [journal] = tmp_path.glob(".t.csv*")
    journal.write_bytes(journal.read_bytes() + b'{"id": "study-0')
    monkeypatch.undo()
    asked = counted(monkeypatch)
    assert score(cohort, tmp_path / "t.csv").kept == 2
    assert len(asked) == 1
    assert len(rows_of(tmp_path / "t.csv")) == 3
    assert not list(tmp_path.glob(".t.csv*"))


def test_a_run_that_did_nothing_leaves_nothing_behind(cohort, tmp_path, monkeypatch):
    def gone(*_):
        raise RunError("the scheduler is gone")

    monkeypatch.setattr(cohort_scores, "_answers", gone)
    with pytest.raises(RunError):
        score(cohort, tmp_path / "t.csv")
    assert not list(tmp_path.glob("*t.csv*")) + list(tmp_path.glob(".t.csv*"))


def test_what_follows_a_line_that_broke_off_is_whole(tmp_path):
    table = tmp_path / "t.csv"
    with Journal(table) as journal:
        journal.add({"id": "a"})
    journal.path.write_bytes(journal.path.read_bytes() + b'{"id": "b')
    for known in (["a"], ["a", "c"]):  # stopped a second time
        with Journal(table) as journal:
            assert [row["id"] for row in journal.rows()] == known
            journal.add({"id": "c"})


def test_other_settings_and_other_tables_are_not_mixed(cohort, tmp_path):
    score(cohort, tmp_path / "t.csv")
    with pytest.raises(FormatError, match="begun with other scores, options"):
        score(cohort, tmp_path / "t.csv", Plan(scores=("VBQ-T1",), aggregate="mean"))
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="no table with the columns of this command"):
        score(cohort, tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "a,b\n1,2\n"


def test_two_runs_do_not_write_one_table(cohort, tmp_path):
    with Journal(tmp_path / "t.csv"), pytest.raises(FormatError, match="Another run is writing"):
        score(cohort, tmp_path / "t.csv")


@contextmanager
def room_for(size):
    """A disk that is full after so many bytes of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_full_disk_is_said_in_words_and_nothing_is_half_written(cohort, tmp_path, monkeypatch, ending):
    table = tmp_path / f"t.{ending}"
    with room_for(700), pytest.raises(FormatError, match=r"cannot be kept in .* run the same command again"):
        score(cohort, table)
    assert not table.exists()
    asked = counted(monkeypatch)
    assert score(cohort, table).kept == 1
    assert len(asked) == 2
    before = table.read_bytes()
    write_volume(cohort[0] / "Y" / "t1.nii.gz", seed=7)
    write_rois(cohort[1] / "Y.vbqkit.json", make_rois())
    with room_for(len(before) + 10), pytest.raises(FormatError, match="cannot be written: File too large"):
        score(cohort, table)
    assert table.read_bytes() == before
    assert not list(tmp_path.glob("*.unfinished"))
    assert score(cohort, table).kept == 4  # the fourth is in the journal


def test_a_folder_that_may_not_be_written_to_is_said_before_anything_is_scored(cohort, tmp_path, monkeypatch):
    asked = counted(monkeypatch)
    opened = Path.open

    def refused(path, mode="r", *args, **kwargs):  # root, who runs tests in containers, may write anywhere
        if "a" in mode or "w" in mode:
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(FormatError, match=r"cannot be kept in .* \(Permission denied\)"):
        score(cohort, tmp_path / "t.csv")
    assert asked == []


def test_choices_that_cannot_be_are_said_before_anything_is_scored(cohort, tmp_path):
    with pytest.raises(ScoreError, match="There is no score 'VBQ-T9'"):
        score(cohort, tmp_path / "t.csv", Plan(scores=("VBQ-T9",)))
    with pytest.raises(ScoreError, match="M-score needs a reference group"):
        score(cohort, tmp_path / "t.csv", Plan(scores=("M-score",)))
    with pytest.raises(FormatError, match="One of the two"):
        score(cohort, tmp_path / "t.csv", rois=None)
    with pytest.raises(FormatError, match=r"unknown ending; use one of \.csv, \.tsv, \.parquet"):
        score(cohort, tmp_path / "t.xls")
    with pytest.raises(FormatError, match="There is no folder"):
        score(cohort, tmp_path / "nowhere" / "t.csv")
    with pytest.raises(FormatError, match="is no folder of ROI files"):
        score(cohort, tmp_path / "t.csv", rois=tmp_path / "nowhere")
    with pytest.raises(FormatError, match="-1 workers"):
        score(cohort, tmp_path / "t.csv", workers=-1)
    assert not list(tmp_path.glob("*t.*"))


def test_studies_that_are_there_twice_are_left_out_and_those_that_differ_in_the_middle_alone_are_not(cohort, tmp_path):
    root, _rois = cohort
    shutil.copytree(root / "MUELLER HANS", root / "ZZ AGAIN")
    rows = score(cohort, tmp_path / "t.csv").rows
    assert [row["outcome"] for row in rows] == ["scored", "scored", "scored", "left out"]
    assert rows[3]["reason"] == "the same files as row 1"
    assert rows[3]["vbq_t1"] is None
    raw = root / "ZZZ1.nii"
    write_volume(raw, sidecar=None)
    content = bytearray(raw.read_bytes())
    content[40_000:60_000] = bytes(20_000)
    (root / "ZZZ2.nii").write_bytes(content)
    marks = [row["files"] for row in score(cohort, tmp_path / "u.csv").rows]
    assert len(set(marks)) == 5  # a header without UIDs and air at the beginning are the same in two people


def test_a_registered_score_is_one_like_the_others(cohort, tmp_path):
    register_score(
        ScoreDefinition(
            name="L3/CSF",
            title="L3 over CSF",
            weightings=("T1",),
            regions=("L3", "CSF"),
            unit="ratio",
            direction="higher",
            source="a test",
            formula="L3 / CSF",
            compute=lambda inputs: inputs.on("T1", "L3").mean / inputs.on("T1", "CSF").mean,
        )
    )
    try:
        found = score(cohort, tmp_path / "t.csv", Plan(scores=("L3/CSF",)))
        assert [row["l3_csf"] for row in found.rows] == pytest.approx([2.5, 3.125, 3.75], rel=0.02)
    finally:
        unregister_score("L3/CSF")


def test_rois_that_nobody_has_accepted_are_scored_on_request_and_the_row_says_so(cohort, tmp_path, monkeypatch):
    class Found:
        named, question, rois = True, "", ()

    monkeypatch.setattr(scoring, "propose_rois", lambda study, kind: Found)
    rows = score(cohort, tmp_path / "t.csv", Plan(scores=("VBQ-T1",), propose="fixed"), rois=None).rows
    assert {row["rois"] for row in rows} == {"proposed"}
    Found.named, Found.question = False, "Which level is it?"
    rows = score(cohort, tmp_path / "u.csv", Plan(scores=("VBQ-T1",), propose="ellipse"), rois=None).rows
    assert {row["reason"] for row in rows} == {"no names for the proposed ROIs: Which level is it?"}


def test_a_parquet_table_holds_the_same_rows_and_what_they_were_made_with(cohort, tmp_path):
    parquet = importlib.import_module("pyarrow.parquet")
    found = score(cohort, tmp_path / "t.parquet")
    table = parquet.read_table(tmp_path / "t.parquet")
    assert table.to_pylist() == list(found.rows)
    assert json.loads(table.schema.metadata[b"vbqkit"])["scores"] == ["VBQ-T1"]
    assert score(cohort, tmp_path / "t.parquet").kept == 3


def test_parquet_without_pyarrow_says_what_to_install(cohort, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(FormatError, match=r"pip install 'vbqkit\[cohort\]'.*\.csv"):
        score(cohort, tmp_path / "t.parquet")


def test_rows_are_the_same_in_any_order_of_completion(cohort, tmp_path, monkeypatch):
    score(cohort, tmp_path / "one.csv")
    monkeypatch.setattr(cohort_scores, "Processes", Threads)
    score(cohort, tmp_path / "three.csv", workers=3)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "three.csv").read_bytes()


def test_a_worker_with_another_version_does_no_work(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(cohort_scores, "Processes", Threads)
    monkeypatch.setattr(
        cohort_scores, "ScoreWork", lambda plan, modules: scoring.ScoreWork(plan, modules, version="0.0")
    )
    with pytest.raises(RunError, match=r"vbqkit 0\.1\.0, this computer 0\.0"):
        score(cohort, tmp_path / "t.csv", workers=1)


def test_a_scheduler_that_is_gone_is_said_plainly(cohort, tmp_path, monkeypatch):
    monkeypatch.setattr("vbqkit.batch.running._SECONDS_TO_CONNECT", 1)
    with pytest.raises(RunError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        score(cohort, tmp_path / "t.csv", dask="tcp://127.0.0.1:9")


def test_dask_that_is_not_installed_is_said_plainly(cohort, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunError, match=r"pip install 'vbqkit\[dask\]'"):
        score(cohort, tmp_path / "t.csv", dask="tcp://127.0.0.1:9")


# What follows starts processes.


PLUGIN = """
from vbqkit.scores import score

@score("L1 over L4 of a test", regions=("L1", "L4"), source="a test")
def ratio(inputs):
    "L1 over L4."
    return {factor} * inputs.signal("T1", "L1") / inputs.signal("T1", "L4")
"""


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "my_scores.py"
    path.write_text(PLUGIN.format(factor=1))
    yield path
    for name in ("L1 over L4 of a test", "VBQ-L1"):
        if name in SCORES:
            unregister_score(name)
    registry._loaded_plugins.discard(str(path))


def with_plugin(cohort, plugin, table, *more):
    root, rois = map(str, cohort)
    options = ["--plugin", str(plugin), "--also", "VBQ-L1", "--score", "L1 over L4 of a test", "--score", "VBQ-L1"]
    main(["cohort", "score", root, "--rois", rois, "--out", str(table), *options, *more])
    return [(row["l1_over_l4_of_a_test"], row["vbq_l1"]) for row in rows_of(table)]


def test_a_score_of_a_plugin_and_a_variant_are_columns_and_another_version_of_it_is_scored_again(
    cohort, plugin, tmp_path
):
    here = with_plugin(cohort, plugin, tmp_path / "t.csv", "--workers", "0")
    assert any(float(ratio or 0) > 0 and float(variant or 0) > 0 for ratio, variant in here)
    first = Plan(scores=("VBQ-T1",), plugins=(str(plugin),)).digest
    plugin.write_text(PLUGIN.format(factor=2))
    assert Plan(scores=("VBQ-T1",), plugins=(str(plugin),)).digest != first
    assert str(plugin.parent) not in json.dumps(Plan(scores=("VBQ-T1",), plugins=(str(plugin),)).settings["plugins"])


@pytest.mark.slow
def test_workers_load_the_plugins_too(cohort, plugin, tmp_path):
    here = with_plugin(cohort, plugin, tmp_path / "a.csv", "--workers", "0")
    assert with_plugin(cohort, plugin, tmp_path / "b.csv", "--workers", "2") == here


WORK = """
import os, signal, time

def die_of_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number

def wait_a_moment(number):
    time.sleep(0.3)
    return os.getpid()
"""


def test_processes_have_one_thread_each_and_this_one_is_left_as_it_is(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")  # who says so has a reason
    with Processes(1).opened() as pool:
        there = [pool.submit(os.getenv, name).result() for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")]
    assert there == ["1", "3"]
    assert os.getenv("OMP_NUM_THREADS") is None
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A module that other processes can import; they cannot import the tests."""
    (tmp_path / "work_of_a_test.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("work_of_a_test")


@pytest.mark.slow
def test_processes_that_cannot_begin_are_said_to_and_no_study_is_blamed(cohort, tmp_path):
    """What comes through a pipe cannot be read again by another process; every study was blamed for that."""
    root, rois = cohort
    text = (
        "from vbqkit.batch import Plan, score_cohort\n"
        f"score_cohort({str(root)!r}, rois={str(rois)!r}, out={str(tmp_path / 't.csv')!r}, plan=Plan(), workers=1)\n"
    )
    done = subprocess.run([sys.executable, "-"], input=text, text=True, capture_output=True, cwd=ROOT, check=False)
    assert "Other processes cannot begin here" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.slow
def test_a_job_that_kills_its_process_costs_its_own_answer(work):
    found = dict(done_by(Processes(2), work.die_of_three, list(range(6))))
    assert isinstance(found.pop(3), WorkerLost)
    assert found == {0: 0, 1: 1, 2: 4, 4: 16, 5: 25}


def command(root, rois, table, *more):
    return [
        *(sys.executable, "-m", "vbqkit.cli", "cohort", "score", str(root), "--rois", str(rois), "--out", str(table)),
        *("--score", "VBQ-T1", "--workers", "2", *more),
    ]


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_without_doing_or_writing_a_row_twice(tmp_path):
    root, rois = tmp_path / "studies", tmp_path / "rois"
    rois.mkdir()
    for k in range(12):
        write_volume(root / f"s{k:02}" / "t1.nii.gz", marrow=150 + 10 * k, seed=k)
        write_rois(rois / f"s{k:02}.vbqkit.json", make_rois())
    journal = tmp_path / ".t.csv.rows.jsonl"
    killed = 0
    for wanted in (2, 5):
        run = subprocess.Popen(command(root, rois, tmp_path / "t.csv", "--intervals"), cwd=ROOT, start_new_session=True)
        deadline = time.monotonic() + 240
        while run.poll() is None and time.monotonic() < deadline:
            if journal.exists() and journal.read_bytes().count(b"\n") >= wanted:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                killed += 1
            time.sleep(0.01)
    assert killed
    done = {json.loads(line)["id"] for line in journal.read_bytes().splitlines()[:2]}
    assert not (tmp_path / "t.csv").exists()
    last = subprocess.run(
        command(root, rois, tmp_path / "t.csv", "--intervals"), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "were done before" in last.stdout
    rows = rows_of(tmp_path / "t.csv")
    assert len(rows) == len({row["id"] for row in rows}) == 12
    assert done <= {row["id"] for row in rows}
    assert [float(row["vbq_t1"]) for row in rows] == sorted(float(row["vbq_t1"]) for row in rows)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of distributed's own threads and sockets, when a worker is killed under it
def test_a_dask_cluster_gives_the_same_rows_though_a_worker_is_killed_in_the_middle(cohort, tmp_path):
    distributed = importlib.import_module("distributed")
    root, rois = cohort
    for k in range(12):
        write_volume(root / f"s{k:02}" / "t1.nii.gz", seed=20 + k)
        write_rois(rois / f"s{k:02}.vbqkit.json", make_rois())
    score(cohort, tmp_path / "here.csv")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        killed = []

        def kill_one(done, total):
            if done >= 4 and not killed:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        found = score(cohort, tmp_path / "there.csv", dask=cluster, progress=kill_one)
    assert killed
    assert found.count("scored") == 15
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # as above
def test_a_dask_scheduler_that_goes_in_the_middle_ends_the_run_in_words(work):
    distributed = importlib.import_module("distributed")
    cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None)
    answers = done_by(DaskCluster(cluster.scheduler_address), work.wait_a_moment, list(range(50)))
    next(answers)
    cluster.close()
    with pytest.raises(RunError, match="gone"):
        list(answers)
