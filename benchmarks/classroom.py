"""A class handed in and graded by ``vbqkit class grade``: processor time of the whole, and wall time with two workers.

Every virtual student hands in lesson 20 (two patients, six ROIs each) or the final (``--lesson 99``: six patients):
most place with care, a third do not. Making their hand-ins draws the same patients and is not counted: students do that
at their own computers. A smaller class (``--students 5``) is no measure of a large one, since students share bodies.
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

from vbqkit.classroom import assigned_to, virtual_hand_in, write_hand_in

STUDENTS, LIMIT_S = 25, 60.0
WORKERS = 2
LESSON = "20"
"""The lesson that the limit is for."""
CARELESS_EVERY = 3


def hand_in(students: int, folder: Path, *, lesson: str = LESSON) -> None:
    """One file a student, as a learning platform would hold them; students of one body after another."""
    for number in sorted(range(1, students + 1), key=lambda n: [one.seed for one in assigned_to(f"{n}", lesson)]):
        careless = number % CARELESS_EVERY == 0
        made = (
            virtual_hand_in(f"{number}", lesson, sd_mm=4.0, knows=0.5)
            if careless
            else virtual_hand_in(f"{number}", lesson, sd_mm=1.0, sees=True)
        )
        write_hand_in(made, folder)


def patients_and_bodies(students: int, *, lesson: str = LESSON) -> tuple[int, int]:
    """How many patients a class hands in, and how many bodies they share."""
    met = [one for n in range(1, students + 1) for one in assigned_to(f"{n}", lesson)]
    return len(met), len({(one.kind, one.seed) for one in met})


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


def measure(students: int = STUDENTS, *, lesson: str = LESSON) -> tuple[float, float]:
    """Processor time and wall time of grading a class of so many, s."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        hand_in(students, folder / "in", lesson=lesson)
        processor, wall = graded_seconds(folder)
        rows = (folder / "grades.csv").read_text(encoding="utf-8-sig").count("\n") - 1
        if rows != students:
            raise RuntimeError(f"{rows} of {students} students were graded.")
        return processor, wall


def main(arguments: Sequence[str] = ()) -> None:
    """Print both times against the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom")
    parser.add_argument("--students", type=int, default=STUDENTS, help="how many hand in (default: 25)")
    parser.add_argument("--lesson", default=LESSON, help="which lesson they hand in (default: 20)")
    chosen = parser.parse_args(arguments)
    students, lesson = chosen.students, chosen.lesson
    patients, bodies = patients_and_bodies(students, lesson=lesson)
    load = os.getloadavg()[0]
    processor, wall = measure(students, lesson=lesson)
    print(
        f"a class of {students}, lesson {lesson}: {patients} patients, {bodies} bodies, graded with {WORKERS} workers"
    )
    print(f"  {processor:.0f} s of processor time, {processor / students:.1f} s a student; {wall:.0f} s wall")
    print(f"  load of this computer {load:.1f} before, {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores")
    if (students, lesson) == (STUDENTS, LESSON):
        print(f"  {'within' if wall <= LIMIT_S else 'OVER'} the limit of {LIMIT_S:g} s")


if __name__ == "__main__":
    main(sys.argv[1:])
