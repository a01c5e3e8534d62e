"""Scoring a folder of studies at 1 and 2 workers, and what a row costs, against a plain loop over the same studies."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from vbqkit import read_rois, read_study
from vbqkit.batch import Plan, score_cohort
from vbqkit.scores import score_case

SAMPLE = Path(__file__).parents[1] / "sample_data"
STUDIES = 7
ROIS = "{study}/reference_rois.vbqkit.json"


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


def measure(studies: int = STUDIES, workers: tuple[int, ...] = (1, 2)) -> dict[str, float]:
    """Seconds a study, all in the same run; ``"again"`` is a run that finds everything done."""
    with tempfile.TemporaryDirectory() as place:
        folder = make_folder(Path(place) / "studies", studies)
        rois, plan = str(folder / ROIS), Plan()
        plain_loop(make_folder(Path(place) / "warm", 1))  # imports and caches of files
        seconds = {"plain loop": timed(lambda: plain_loop(folder))}
        for count in (0, *workers):
            table = Path(place) / f"{count}.csv"
            run = partial(score_cohort, folder, rois=rois, out=table, plan=plan, workers=count)
            seconds[f"{count} workers" if count else "this process"] = timed(run)
        seconds["again"] = timed(lambda: score_cohort(folder, rois=rois, out=table, plan=plan, workers=0))
        seconds["plain loop after"] = timed(lambda: plain_loop(folder))
    return {name: total / studies for name, total in seconds.items()}


def main() -> None:
    seconds = measure()
    loop = (
        seconds.pop("plain loop") + seconds.pop("plain loop after")
    ) / 2  # before and after: others use this machine too
    print(f"{STUDIES} studies x 3 series scored; a plain loop: {1e3 * loop:.0f} ms a study")
    for name, one in seconds.items():
        print(
            f"  {name:13} {1e3 * one:7.1f} ms a study, {1 / one:6.1f} studies a second, {one / loop:5.2f} x the plain loop"
        )
    print(
        f"  a row costs {1e3 * (seconds['this process'] - loop):.1f} ms beside the scoring: fingerprint, row, journal, table"
    )


if __name__ == "__main__":
    main()
