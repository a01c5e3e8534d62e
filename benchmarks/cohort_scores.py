"""Scoring a folder of studies at 1 and 2 workers, and where the time goes, against a plain loop over the same studies.

Run it on a machine that does nothing else: ``python -m benchmarks cohort_scores``. Each run is told apart into what
is done once (the files are looked at, processes begin and import, the table is written) and what is done for each
study, so that a few studies do not measure the beginning. Processor time says whether the cores were ours.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vbqkit import read_rois, read_study
from vbqkit.batch import Plan, score_cohort
from vbqkit.scores import score_case

SAMPLE = Path(__file__).parents[1] / "sample_data"
STUDIES = 42
WORKERS = (1, 2)
ROIS = "{study}/reference_rois.vbqkit.json"
PLANS = {"scores": Plan(), "scores with intervals": Plan(intervals=True)}

_SHARE_OF_A_CORE = 0.85
_DEARER = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Where the seconds of a run went.

    Attributes
    ----------
    looking_s : float
        Until every file was looked at.
    beginning_s : float
        From then to the first row: processes begin, import, and one study is scored.
    study_s : float
        For each further study, once every worker had its first one behind it.
    end_s : float
        From the last row to the end: processes end, the table is written.
    whole_s, processor_s : float
        All of it, by the clock and by the processors.
    """

    looking_s: float
    beginning_s: float
    study_s: float
    end_s: float
    whole_s: float
    processor_s: float

    @property
    def cores(self) -> float:
        """How many cores were busy with it on average."""
        return self.processor_s / self.whole_s


def phases(looked_s: float, rows_s: Sequence[float], whole_s: float, *, workers: int, processor_s: float) -> Phases:
    """Phases of a run from the seconds at which the files had been looked at, each row was there, and all was done."""
    warm = min(2 * max(workers, 1), len(rows_s) - 1)  # the first row of each worker, and what waited behind it
    return Phases(
        looking_s=looked_s,
        beginning_s=rows_s[0] - looked_s,
        study_s=(rows_s[-1] - rows_s[warm - 1]) / (len(rows_s) - warm),
        end_s=whole_s - rows_s[-1],
        whole_s=whole_s,
        processor_s=processor_s,
    )


def make_folder(folder: Path, studies: int) -> Path:
    """Studies with files of their own: those of the sample patients, and one more file in each copy."""
    cases = sorted(path for path in SAMPLE.glob("case*") if path.name != "case05")  # whose L2 has no ROI
    for number in range(studies):
        case, target = cases[number % len(cases)], folder / f"study{number:03}"
        for name in ("T1", "T2", "STIR"):
            shutil.copytree(case / name, target / name, copy_function=os.symlink)
        (target / "reference_rois.vbqkit.json").symlink_to(case / "reference_rois.vbqkit.json")
        (target / "number.txt").write_text(str(number))
    return folder


def plain_loop(folder: Path) -> list[float]:
    """What a user would write: no table, no fingerprint, nothing kept, and the first bad study ends it."""
    found = []
    for study in sorted(folder.iterdir()):
        read = read_study(study)
        volumes = {w: read.find(w).volume() for w in ("T1", "T2", "STIR")}
        case = score_case(volumes, read_rois(study / "reference_rois.vbqkit.json"), aggregate="median")
        found.append(case.score("VBQ-T1").value)
    return found


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _processor_s() -> float:
    """Of this process and of those that it began and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def run(folder: Path, table: Path, plan: Plan, workers: int) -> Phases:
    """One run; 0 workers: in this very process."""
    start, before = time.perf_counter(), _processor_s()
    looked: list[float] = []
    rows: list[float] = []
    found = score_cohort(
        folder,
        rois=str(folder / ROIS),
        out=table,
        plan=plan,
        workers=workers,
        looking=lambda *_: looked.append(time.perf_counter() - start),
        progress=lambda *_: rows.append(time.perf_counter() - start),
    )
    whole = time.perf_counter() - start
    bad = [row["reason"] for row in found.rows if row["outcome"] in ("refused", "failed")]
    assert not bad, bad[0]  # copies are scored, and left out at the end: they share an examination
    # the first call says what was done before: nothing
    return phases(looked[-1], rows[1:], whole, workers=workers, processor_s=_processor_s() - before)


def measure(
    studies: int = STUDIES, workers: Sequence[int] = WORKERS
) -> tuple[float, float, dict[str, dict[int, Phases]]]:
    """Seconds a study of a plain loop and of a run that finds everything done, and each run's phases by plan."""
    with tempfile.TemporaryDirectory() as place:
        folder = make_folder(Path(place) / "studies", studies)
        plain_loop(make_folder(Path(place) / "warm", 1))  # imports and caches of files
        loop = timed(lambda: plain_loop(folder))
        found: dict[str, dict[int, Phases]] = {}
        for name, plan in PLANS.items():
            tables = {count: Path(place) / f"{count} {name}.csv" for count in (0, *workers)}
            found[name] = {count: run(folder, table, plan, count) for count, table in tables.items()}
        done = Path(place) / f"0 {next(iter(PLANS))}.csv"
        again = timed(lambda: score_cohort(folder, rois=str(folder / ROIS), out=done, plan=Plan(), workers=0))
        loop = (loop + timed(lambda: plain_loop(folder))) / 2  # before and after: others may use this machine too
    return loop / studies, again / studies, found


def remarks(runs: dict[int, Phases]) -> list[str]:
    """What the phases of one plan say: is it quicker with more workers, and if not, why."""
    count = max(runs)
    one, many = runs[min(c for c in runs if c)], runs[count]
    once = many.looking_s + many.beginning_s + many.end_s
    told = [
        f"Once begun, {count} workers do {one.study_s / many.study_s:.2f} x the studies of one.",
        f"{100 * once / many.whole_s:.0f} % of their run is done once, however many studies there are.",
    ]
    if many.processor_s > _DEARER * one.processor_s:
        told.append(f"They take {many.processor_s / one.processor_s:.2f} x the processor time: threads, or memory.")
    for workers, run in runs.items():
        if run.cores < _SHARE_OF_A_CORE * max(workers, 1):
            who = f"{workers} workers" if workers else "This process"
            told.append(f"{who} had {run.cores:.2f} cores: others use this machine, or the disk is slow.")
    return told


_HEAD = ("files", "begin", "a study", "a second", "end", "whole", "processor", "cores")


def main() -> None:
    loop, again, found = measure()
    print(f"{STUDIES} studies x 3 series on {os.cpu_count()} cores; a plain loop: {1e3 * loop:.0f} ms a study")
    for name, runs in found.items():
        print(f"\n{name:22}" + "".join(f"{word:>11}" for word in _HEAD))
        for workers, p in runs.items():
            values = (p.looking_s, p.beginning_s, p.study_s, 1 / p.study_s, p.end_s, p.whole_s, p.processor_s, p.cores)
            who = f"{workers} workers" if workers else "this process"
            print(f"{who:22}" + "".join(f"{value:11.3f}" for value in values))
        print("\n".join(remarks(runs)))
    alone = next(iter(found.values()))[0].whole_s / STUDIES
    print(
        f"\nAll in seconds. A row costs {1e3 * (alone - loop):.1f} ms beside the scoring: fingerprint, row, journal, table."
    )
    print(f"A run that finds everything done takes {1e3 * again:.1f} ms a study.")


if __name__ == "__main__":
    main()
