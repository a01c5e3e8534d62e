"""``vbqkit propose FOLDER --out FOLDER``: the studies of a folder, one row and one ROI file each."""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vbqkit.batch.listing import studies_in, study_to_do
from vbqkit.batch.proposing import COLUMNS, propose_one
from vbqkit.batch.todo import StudyToDo
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.proposal_file import write_proposal
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError
from vbqkit.formats.files import user_path
from vbqkit.formats.rois import known_endings
from vbqkit.formats.table_file import write_table
from vbqkit.page.slice_picture import slice_drawing
from vbqkit.propose import Proposal
from vbqkit.propose.network import weights_digest

TABLE = "proposals.csv"
"""The table in the output folder: what is done, and how it ended."""

_SHOWN = ("number", "study", "outcome", "weighting", "levels", "doubtful", "reason")
_CHANGED = "its files are others than when its ROIs were proposed; move {} away to propose again"
_SAME_EXAM = (
    "the same examination as study {} by its StudyInstanceUID (0020,000d); left out. Folders of series are no studies: for one study, let "
    "--out end with .json"
)


def is_for_folders(out: str) -> bool:
    """Whether ``--out`` names a folder: one that is there, or a name that is not that of a ROI file.

    Examples
    --------
    >>> is_for_folders("proposed"), is_for_folders("proposed/"), is_for_folders("rois.json")
    (True, True, False)
    """
    return user_path(out).is_dir() or out.endswith(("/", os.sep)) or not Path(out).suffix


def run_folder(args: argparse.Namespace) -> Report:
    """Propose on every study that is not done yet.

    Raises
    ------
    FormatError
        If there is no study, or the output folder holds something else.
    """
    source, out = user_path(args.path), user_path(args.out)
    try:
        studies = studies_in(source, without=out)
    except FormatError as error:
        raise FormatError(f"{error} For one study let --out end with one of {known_endings()}.") from error
    model = weights_digest()[:8]
    done = _done(out / TABLE, kind=args.roi, model=model)
    try:
        out.mkdir(parents=True, exist_ok=True)
        pictures = None if args.overlay is None else user_path(args.overlay)
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"The folder for the ROIs cannot be made ({error}). Choose another place.") from error
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    skipped = 0
    with progress_bar("Studies") as progress:
        options = {"plane": args.plane, "accept_derived": args.accept_derived, "link_frames": args.link_frames}
        for number, found in enumerate(studies, start=1):
            todo = study_to_do(number, found, keep_names=args.keep_names, **options)
            before = done.pop(todo.key, None)
            if todo.key in seen:
                rows.append(_plain(todo, f"the same files as study {seen[todo.key]}; left out"))
            elif before is not None and (out / str(before["rois"])).is_file():
                skipped += 1
                changed = before["files"] != todo.files
                rows.append(_plain(todo, _CHANGED.format(before["rois"])) if changed else before | {"number": number})
            else:
                exams = {str(row["exam"]): int(row["number"]) for row in rows if row.get("exam")}
                rows.append(_proposed(todo, out, pictures, exams, kind=args.roi) | {"model": model})
            seen.setdefault(todo.key, number)
            # Also what an earlier run did on studies that are not in the folder any more.
            write_table(out / TABLE, COLUMNS, [*rows, *done.values()])
            if progress is not None:
                progress(number, len(studies))
    return Report(
        rows=rows,
        columns=_SHOWN,
        remarks=tuple(_remarks(rows, skipped, out, named=args.keep_names)),
        status=_status(rows),
    )


def _done(table: Path, *, kind: str, model: str) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run by study."""
    if not table.exists():
        return {}
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{table} cannot be read ({error}). Choose another folder with --out.") from error
    if rows and set(rows[0]) != set(COLUMNS):
        raise FormatError(
            f"{table} is no table of this command. Nothing is overwritten: choose another folder with --out."
        )
    for row in rows:
        made = (row["roi_kind"], row["model"] or model)
        if made != (kind, model):
            raise FormatError(
                f"{table.parent} holds {made[0]} ROIs of the weights {made[1]}; these would be {kind} ROIs of the weights {model}. "
                "They are not mixed: choose another folder with --out."
            )
    return {str(row["study"]): row for row in rows if row["rois"]}


def _proposed(
    todo: StudyToDo, out: Path, pictures: Path | None, exams: Mapping[str, int], *, kind: Any
) -> dict[str, Any]:
    row, proposal = propose_one(todo, kind=kind)
    if proposal is None:
        return row
    if row["exam"] in exams:
        return _plain(todo, _SAME_EXAM.format(exams[row["exam"]])) | {"roi_kind": kind}
    target = out / f"{todo.key}.vbqkit.json"
    try:
        kept = _write_new(proposal, target)
        if pictures is not None and kept:
            _write_picture(proposal, pictures / f"{todo.key}.png")
    except OSError as error:
        return _plain(todo, f"its ROIs could not be written ({error.strerror})") | {"roi_kind": kind}
    if not kept:
        return _plain(todo, f"{target.name} is there with other ROIs; it was not overwritten") | {"roi_kind": kind}
    return row | {"rois": target.name}


def _write_new(proposal: Proposal, target: Path) -> bool:
    """Write a ROI file whole or not at all; False if another one is there."""
    unfinished = target.with_name(f".unfinished-{target.name}")
    write_proposal(unfinished, proposal)
    if target.exists():
        same = target.read_bytes() == unfinished.read_bytes()  # a run was stopped before its table was written
        unfinished.unlink()
        return same
    unfinished.replace(target)
    return True


def _write_picture(proposal: Proposal, target: Path) -> None:
    if not target.exists():
        target.write_bytes(overlay_png(proposal))


def overlay_png(proposal: Proposal) -> bytes:
    """The proposed slice with its ROIs; a doubtful ROI has a question mark behind its label."""
    image = proposal.volume.slice(proposal.slice_index)
    rois = [p.roi.with_label(f"{p.roi.label} ?") if p.doubtful else p.roi for p in proposal.rois]
    return slice_drawing(image, about="Proposed ROIs, not yet confirmed", rois=rois, height_px=640).png(scale=1.5)


def _plain(todo: StudyToDo, reason: str) -> dict[str, Any]:
    return {"number": todo.number, "study": todo.key, "files": todo.files, "outcome": "refused", "reason": reason}


def _status(rows: list[dict[str, Any]]) -> int:
    """0 where every study has ROIs with names."""
    return int(any(row["outcome"] != "named" for row in rows))


def _remarks(rows: list[dict[str, Any]], skipped: int, out: Path, *, named: bool) -> Iterator[str]:
    counts: Mapping[str, int] = {
        what: sum(row["outcome"] == what for row in rows) for what in ("named", "asked", "refused", "failed")
    }
    yield (
        f"{len(rows)} studies: {counts['named']} with names, {counts['asked']} with a question instead of names, {counts['refused']} "
        f"refused, {counts['failed']} could not be read. Table and ROI files: {out}."
    )
    if skipped:
        yield f"{skipped} of them were done before and left as they are; studies without ROIs are tried again each time."
    if not named:
        yield "Studies are counted in alphabetical order of their folders, whose names are not shown: they may be those of patients."
    yield "Nothing is measured until a reader has looked. Trained on virtual patients alone; it does not diagnose."
