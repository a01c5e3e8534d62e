"""Every study of a folder scored into one table, which a later run goes on with."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vbqkit.batch.journal import Journal
from vbqkit.batch.listing import Found, studies_in, study_to_do
from vbqkit.batch.running import DaskCluster, Processes, WorkerLost, Workers, done_by
from vbqkit.batch.scoring import PROPOSED, Plan, Row, ScoreJob, ScoreWork, blank_row, score_one
from vbqkit.batch.tables import check_ending, read_rows, write_rows
from vbqkit.errors import FormatError, ScoreError
from vbqkit.formats.files import user_path
from vbqkit.formats.rois import ROI_FORMATS
from vbqkit.scores.plugins import OF_A_FILE
from vbqkit.scores.registry import SCORES

_KEPT = ("scored", "refused")
"""Outcomes that a later run does not try again: the same files would give the same row."""
_ROI_ENDINGS = tuple(ending for one in ROI_FORMATS for ending in one.endings)
_LOST = "the process that worked on it ended each time it was tried: too little memory, or a damaged file that a decoder cannot bear"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortScores:
    """What :func:`score_cohort` did.

    Attributes
    ----------
    rows : tuple of dict
        One a study, in alphabetical order of the studies.
    columns : tuple of str
        Of each row.
    kept : int
        How many rows an earlier run had done.
    table : Path
        The file with the rows.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    kept: int
    table: Path

    def count(self, outcome: str) -> int:
        """How many studies ended so: ``"scored"``, ``"refused"``, ``"failed"`` or ``"left out"``."""
        return sum(row["outcome"] == outcome for row in self.rows)


def score_cohort(
    root: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str],
    plan: Plan,
    rois: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    dask: object = None,
    keep_names: bool = False,
    looking: Progress | None = None,
    progress: Progress | None = None,
) -> CohortScores:
    """Score every study of a folder, one row each, and write the table.

    A run that is stopped, or killed, goes on where it was: rows that are done are kept beside the table until it is
    complete, and studies whose files, ROIs and settings are the same are not scored again. A study that cannot be
    scored costs its own row, which says why. Rows hold nobody's name: a study is called after a fingerprint of its
    files.

    Parameters
    ----------
    root : path-like
        A folder in which each folder, archive or volume file is a study, or a BIDS dataset.
    out : path-like
        The table: ``.csv``, ``.tsv`` or ``.parquet``.
    plan : Plan
        What is scored, and how.
    rois : path-like, optional
        A folder with one ROI file a study, called as the study (``sub-01.vbqkit.json``) or as ``vbqkit propose`` calls
        it; or a path with ``{study}`` in it. Not with ``plan.propose``.
    workers : int, optional
        Processes; without it, as many as there are cores. 0: none, in this very process.
    dask : str or Cluster, optional
        Address of a Dask scheduler, or the object of a cluster, whose workers do the work instead. They must see the
        same paths.
    keep_names : bool
        Call rows after the studies' folders, which must hold nobody's name.
    looking, progress : callable, optional
        Called as ``(done, total)`` while studies are listed, and while they are scored.

    Returns
    -------
    CohortScores

    Raises
    ------
    FormatError
        If there is no study, the table is another one, or cannot be written.
    ScoreError
        If the plan names a score that is not known.
    RunError
        If the scheduler is gone, or workers cannot do the work.
    """
    source, table = user_path(root), user_path(out)
    _check_choices(plan, rois, workers)
    check_ending(table)
    if not table.parent.is_dir():
        raise FormatError(f"There is no folder {table.parent} for the table. Make it, or choose another place.")
    plan.make_known()
    columns, numbers = plan.columns, _numbers(plan)
    work = ScoreWork(plan, modules=_modules(plan.wanted, elsewhere=dask is not None or workers != 0))
    jobs = list(_jobs(studies_in(source), plan, rois, keep_names=keep_names, looking=looking))
    with Journal(table) as journal:
        before = _kept(read_rows(table, columns=columns, numbers=numbers), journal.rows(), plan, table)
        once = _once(jobs)
        rows = {job.todo.key: before[job.todo.key] for job in once if _is_done(job, before.get(job.todo.key))}
        waiting = [job for job in once if job.todo.key not in rows]
        kept, total = len(rows), len(once)
        if progress is not None:
            progress(kept, total)
        for job, answer in _answers(work, waiting, _where(workers, dask, len(waiting))):
            row = blank_row(job, plan, outcome="failed", reason=_LOST) if isinstance(answer, WorkerLost) else answer
            journal.add(row)
            rows[job.todo.key] = row
            if progress is not None:
                progress(len(rows), total)
        final = _in_order(jobs, rows, plan)
        write_rows(table, columns, final, numbers=numbers, about=plan.settings)
        journal.remove()
    return CohortScores(rows=tuple(final), columns=columns, kept=kept, table=table)


def _check_choices(plan: Plan, rois: object, workers: int | None) -> None:
    if (rois is None) == (plan.propose is None):
        raise FormatError(
            "Say where the ROIs come from: a folder with a ROI file a study (--rois DIR), or automatic ones that nobody has looked at "
            "(--propose). One of the two."
        )
    if workers is not None and workers < 0:
        raise FormatError(f"{workers} workers cannot be. Give a number from 1, or leave it out.")


def _numbers(plan: Plan) -> tuple[str, ...]:
    scores = tuple(SCORES[name].column for name in plan.wanted)
    return tuple(
        name for name in plan.columns if name == "field_t" or name.removesuffix("_low").removesuffix("_high") in scores
    )


def _where(workers: int | None, dask: object, jobs: int) -> Workers | None:
    if dask is not None:
        return DaskCluster(dask)
    if workers == 0:
        return None
    return Processes(max(1, min(workers or os.cpu_count() or 1, jobs)))


def _answers(
    work: ScoreWork, jobs: Sequence[ScoreJob], where: Workers | None
) -> Iterable[tuple[ScoreJob, Row | WorkerLost]]:
    if not jobs:
        return ()
    if where is None:
        return ((job, score_one(job, work.plan)) for job in jobs)
    return done_by(where, work, jobs)


def _modules(names: Iterable[str], *, elsewhere: bool) -> tuple[str, ...]:
    """Modules that make the scores known in another process.

    Raises
    ------
    ScoreError
        If one was made in a notebook or at a prompt, which no other process can read.
    """
    homes = dict.fromkeys(str(getattr(SCORES[name].compute, "__module__", "")) for name in names)
    found = tuple(home for home in homes if home.split(".")[0] != "vbqkit" and not home.startswith(OF_A_FILE))
    if elsewhere and "__main__" in found and not getattr(sys.modules["__main__"], "__file__", None):
        own = next(name for name in names if SCORES[name].compute.__module__ == "__main__")
        raise ScoreError(
            f"The score {own} was made in this notebook, which other processes cannot read. Put it into a module (a .py file that can be "
            "imported) and import that, or score with workers=0."
        )
    return tuple(home for home in found if home != "__main__")


def _jobs(
    found: Sequence[Found],
    plan: Plan,
    rois: str | os.PathLike[str] | None,
    *,
    keep_names: bool,
    looking: Progress | None,
) -> Iterable[ScoreJob]:
    options = {"plane": plan.plane, "accept_derived": plan.accept_derived, "link_frames": plan.link_frames}
    listed = None if rois is None or "{study}" in os.fspath(rois) else _roi_files(user_path(rois))
    for number, one in enumerate(found, start=1):
        todo = study_to_do(number, one, keep_names=keep_names, **options)
        if looking is not None:
            looking(number, len(found))
        if rois is None:
            yield ScoreJob(todo=todo, rois_digest=PROPOSED)
            continue
        names = (one.name, f"study-{todo.files}")
        fits = (
            _named(user_path(os.fspath(rois).replace("{study}", one.name)))
            if listed is None
            else _fitting(listed, names)
        )
        if len(fits) == 1:
            yield ScoreJob(todo=todo, rois=fits[0], rois_digest=_digest(fits[0]))
        else:
            why = (
                "more than one ROI file is called after it"
                if fits
                else f"no ROI file is called after it or study-{todo.files}"
            )
            yield ScoreJob(todo=todo, problem=f"{why}. Give it one.", rois_digest=str(len(fits)))


def _roi_files(folder: Path) -> Mapping[str, list[Path]]:
    if not folder.is_dir():
        raise FormatError(
            f"{folder} is no folder of ROI files. Give the folder that holds one a study, or a path with {{study}} in it."
        )
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith(_ROI_ENDINGS) and not path.name.endswith(".labels.json"):
            ending = max((e for e in (*_ROI_ENDINGS, ".vbqkit.json") if path.name.lower().endswith(e)), key=len)
            found.setdefault(path.name[: -len(ending)], []).append(path)
    return found


def _fitting(listed: Mapping[str, list[Path]], names: Iterable[str]) -> list[Path]:
    return [path for name in dict.fromkeys(names) for path in listed.get(name, ())]


def _named(path: Path) -> list[Path]:
    return [path] if path.is_file() else []


def _digest(path: Path) -> str:
    """Twelve digits of a ROI file, and of the names of the labels beside a mask."""
    total = hashlib.sha256()
    beside = [
        path.with_name(path.name[: -len(e)] + ".labels.json") for e in _ROI_ENDINGS if path.name.lower().endswith(e)
    ]
    for file in (path, *beside):
        try:
            total.update(file.read_bytes())
        except OSError:  # there is none, or the row will say so
            total.update(b"\0")
    return total.hexdigest()[:12]


def _once(jobs: Iterable[ScoreJob]) -> list[ScoreJob]:
    """Of studies with the same files the first."""
    found: dict[str, ScoreJob] = {}
    for job in jobs:
        found.setdefault(job.todo.key, job)
    return list(found.values())


def _kept(table: list[Row], journal: list[Row], plan: Plan, path: Path) -> dict[str, Row]:
    rows = {str(row["id"]): row for row in [*table, *journal]}
    others = next((row for row in rows.values() if row["settings"] != plan.digest), None)
    if others is not None:
        raise FormatError(
            f"{path} was begun with other scores, options or another version of vbqkit. They are not mixed: choose another file with "
            "--out, or repeat the options of the first run."
        )
    return rows


def _is_done(job: ScoreJob, before: Row | None) -> bool:
    if before is None or before["outcome"] not in _KEPT:
        return False
    return (before["files"] or "", before["rois"] or "") == (job.todo.files, job.rois_digest)


def _in_order(jobs: Sequence[ScoreJob], rows: Mapping[str, Row], plan: Plan) -> list[Row]:
    """One row a study in the order of the list; what is there twice is left out the second time."""
    final: list[Row] = []
    files: dict[str, int] = {}
    exams: dict[str, int] = {}
    for number, job in enumerate(jobs, start=1):
        row = rows[job.todo.key]
        exam = str(row["exam"] or "")
        if job.todo.files in files:
            reason = f"the same files as row {files[job.todo.files]}"
        elif exam and exam in exams and row["outcome"] == "scored":
            reason = f"the same examination as row {exams[exam]}, by StudyInstanceUID (0020,000d). Folders of series are no studies"
        else:
            files[job.todo.files] = number
            if exam and row["outcome"] == "scored":
                exams[exam] = number
            final.append(row)
            continue
        final.append(blank_row(job, plan, outcome="left out", reason=reason, exam=row["exam"]))
    return final
