"""A class handed in and graded by ``vbqkit class grade``: processor time of the whole, and wall time with two workers.

Every virtual student hands in lesson 20 (two patients of their own, six ROIs each): most place with care, a third do
not. Making their hand-ins draws the same patients and is not counted: students do that at their own computers.
``python -m benchmarks.classroom --students 5`` grades a smaller class and says what 25 would take at that rate.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from vbqkit.classroom import virtual_hand_in, write_hand_in

STUDENTS, LIMIT_S = 25, 60.0
WORKERS = 2
LESSON = "20"
CARELESS_EVERY = 3


def hand_in(students: int, folder: Path) -> None:
    """One file a student, as a learning platform would hold them."""
    for number in range(1, students + 1):
        careless = number % CARELESS_EVERY == 0
        made = (
            virtual_hand_in(f"{number}", LESSON, sd_mm=4.0, knows=0.5)
            if careless
            else virtual_hand_in(f"{number}", LESSON, sd_mm=1.0, sees=True)
        )
        write_hand_in(made, folder)


def graded_seconds(folder: Path, *, workers: int = WORKERS) -> tuple[float, float]:
    """Processor time (user and system, every process) and wall time of grading a folder of hand-ins, s."""
    command = [sys.executable, "-m", "vbqkit.cli", "class", "grade", str(folder / "in")]
    command += ["--csv", str(folder / "grades.csv"), "--processes", str(workers)]
    before = os.times()
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return processor, wall


def measure(students: int = STUDENTS) -> tuple[float, float]:
    """Processor time and wall time of grading a class of so many, s."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        hand_in(students, folder / "in")
        processor, wall = graded_seconds(folder)
        rows = (folder / "grades.csv").read_text(encoding="utf-8-sig").count("\n") - 1
        if rows != students:
            raise RuntimeError(f"{rows} of {students} students were graded.")
        return processor, wall


def main(arguments: Sequence[str] = ()) -> None:
    """Print both times against the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom")
    parser.add_argument("--students", type=int, default=STUDENTS, help="how many hand in (default: 25)")
    students = parser.parse_args(arguments).students
    processor, wall = measure(students)
    print(f"a class of {students}, {2 * students} patients graded with {WORKERS} workers")
    print(f"  {processor:.0f} s of processor time, {processor / students:.1f} s a student; {wall:.0f} s wall")
    at_rate = STUDENTS / students
    verdict = "within" if wall * at_rate <= LIMIT_S else "OVER"
    how = "" if students == STUDENTS else " at that rate"
    print(f"  {STUDENTS} students{how}: {wall * at_rate:.0f} s wall, {verdict} the limit of {LIMIT_S:g} s")


if __name__ == "__main__":
    main(sys.argv[1:])
