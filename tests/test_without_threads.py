"""In a browser there are no threads, processes, sockets, locks or compiled readers: every lesson runs without them."""

from __future__ import annotations

import asyncio
import builtins
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest

from tests.notebook_claims import CLAIMS
from tests.test_notebooks import PRESS_EVERY_BEGINNING
from vbqkit.batch import running
from vbqkit.exercises import state_dir
from vbqkit.formats import file_lock
from vbqkit.studio import intervals

ROOT = Path(__file__).parent.parent
LESSONS = sorted(path for path in (ROOT / "notebooks").glob("*.ipynb") if path.stem != "glossary")


def run_under_limits(path, state, more=()):
    """A notebook in tests/pyodide_limits.py; -P, since the tests' folders are no modules."""
    return subprocess.run(
        [sys.executable, "-P", ROOT / "tests" / "pyodide_limits.py", path],
        input=json.dumps(more),
        env={**os.environ, "PYTHONPATH": str(ROOT), "VBQKIT_STATE_DIR": str(state)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


CELLS_ALONE = {
    "95_invent_a_score": "its button draws 100 women one after another, a minute of a core",
    "96_open_data": "what its buttons show is in MHA files, which need SimpleITK",
}
"""Lessons whose cells run here and whose buttons are not pressed; why."""


@pytest.mark.notebook
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_under_the_limits_of_a_browser_and_its_claims_hold(path, tmp_path):
    more = [PRESS_EVERY_BEGINNING, *([CLAIMS[path.stem]] if path.stem in CLAIMS else [])]
    done = run_under_limits(path, tmp_path, [] if path.stem in CELLS_ALONE else more)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "cells ran" in done.stdout


REFUSED = {
    "a thread": ("import threading; threading.Thread(target=print).start()", "can't start new thread"),
    "a process": ("import subprocess; subprocess.run(['true'])", "does not support processes"),
    "a pool of processes": ("from concurrent.futures import ProcessPoolExecutor", "_multiprocessing"),
    "a socket": ("import socket; socket.create_connection(('127.0.0.1', 9))", "Host is unreachable"),
    "a decoder": ("import gdcm", "No module named 'gdcm'"),
    "a compiled library": ("import pyarrow", "No module named 'pyarrow.lib'"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "words"), REFUSED.values(), ids=REFUSED)
def test_the_limits_refuse(code, words, tmp_path):
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), path)
    done = run_under_limits(path, tmp_path)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr


def without_threads(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


def test_without_threads_intervals_are_worked_out_in_turns_and_the_rest_is_heard_in_between(monkeypatch):
    told, heard = [], []

    def piece(checkpoint=lambda: None):
        heard.append("piece")
        return {}

    async def run():
        background = intervals.Background()
        background.begin([piece, piece], lambda found, last: told.append((found, last)))
        assert heard == [], "the answer that began it goes first"
        while len(told) < 2:
            await asyncio.sleep(0)
            heard.append("browser")

    without_threads(monkeypatch)
    asyncio.run(run())
    assert told == [({}, False), ({}, True)]
    first, second = (i for i, what in enumerate(heard) if what == "piece")
    assert "browser" in heard[first:second]


def test_without_threads_what_was_given_up_is_not_begun(monkeypatch):
    begun = []

    def piece(checkpoint=lambda: None):
        begun.append(1)
        background.give_up()
        return {}

    background = intervals.Background()

    async def run():
        asyncio.get_running_loop().set_exception_handler(lambda _, what: begun.append(what))
        background.begin([piece, piece], lambda found, last: begun.append("told"))
        await asyncio.sleep(0.2)

    without_threads(monkeypatch)
    asyncio.run(run())
    assert begun == [1]


def test_without_processes_one_job_after_another_gives_the_same_answers(monkeypatch):
    def no_pool(name, *args, **kwargs):
        if name == "concurrent.futures" and "ProcessPoolExecutor" in (args[2] or ()):
            raise ImportError("No module named '_multiprocessing'")
        return real(name, *args, **kwargs)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", no_pool)
    jobs = [1.5, 2.5, 3.5, 4.5]
    assert sorted(running.done_by(running.Processes(2), abs, jobs)) == [(job, job) for job in jobs]
    with pytest.raises(running.RunError, match="A worker cannot do the work"):
        list(running.done_by(running.Processes(2), len, jobs))


def test_where_the_system_has_no_locks_a_file_is_held_without(monkeypatch):
    monkeypatch.setattr(file_lock, "LOCKS", False)
    file_lock.lock(-1)  # no file: with locks this fails
    monkeypatch.setattr(file_lock, "LOCKS", True)
    with pytest.raises(ValueError, match="negative"):
        file_lock.lock(-1)


def test_in_a_browser_progress_is_kept_beside_the_notebook_where_it_outlives_the_page(monkeypatch, tmp_path):
    monkeypatch.delenv("VBQKIT_STATE_DIR", raising=False)
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert state_dir(beside=tmp_path) == tmp_path / "vbqkit-progress"
