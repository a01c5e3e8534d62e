"""A report as one more row of a cohort table: the table is read whole before and after, or nothing is written."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path

from vbqkit.cohort import read_cohort
from vbqkit.cohort.columns import all_columns, known_columns, plain, split_unit
from vbqkit.errors import TableError, shown
from vbqkit.formats.files import user_path
from vbqkit.report.case_values import CaseReport, ReportedScore
from vbqkit.scores.registry import SCORES
from vbqkit.scores.result import Score

MORE = ("aggregate", "cautions")
"""Columns beside those of the template: how the levels were made one number, and the codes of the cautions."""

_SEPARATORS = (";", "\t", ",")
_FORMULA = ("=", "+", "-", "@")


def cohort_row(report: CaseReport, *, aggregate: str | None = None) -> dict[str, str]:
    """The row of a case: code, scanner, reader, every score that is given, and the codes of their cautions.

    A score that is refused is left empty.

    Parameters
    ----------
    report : CaseReport
        From :func:`vbqkit.report.case_report`.
    aggregate : {"median", "mean"}, optional
        Which VBQ, where the report holds both.

    Raises
    ------
    TableError
        If the report holds both and none is chosen, or code or reader would be taken for a formula.
    """
    for what, text in (("code", report.code), ("reader", report.reader)):
        if text.startswith(_FORMULA):
            raise TableError(
                f"The {what} {shown(text)!r} would be taken for a formula by a spreadsheet. Begin it with a letter."
            )
    if report.code == "case":
        raise TableError("A row of a cohort needs the code of the case. Say it: code='A17', --code A17.")
    chosen = [one for one in report.scores if isinstance(one.result, Score) and _wanted(one, aggregate)]
    row = {"id": report.code, "reader": report.reader, "scanner": _scanner(report)}
    codes: dict[str, None] = {}
    for one in chosen:
        assert isinstance(one.result, Score)
        column = SCORES[one.result.name].column
        if column in row:
            raise TableError(
                f"The report holds {one.result.name} by median and by mean, and the table has one column '{column}'. Say which: "
                "aggregate='median', --cohort-aggregate median."
            )
        row[column] = repr(float(one.result.value))
        codes |= dict.fromkeys(report.cautions[number - 1].code for number in one.cautions)
    used = {one.result.aggregate for one in chosen if one.result.aggregate}
    return row | {"aggregate": " ".join(sorted(used)), "cautions": " ".join(codes)}


def _wanted(one: ReportedScore, aggregate: str | None) -> bool:
    return aggregate is None or one.result.aggregate in (None, aggregate)


def _scanner(report: CaseReport) -> str:
    volumes = report.evidence.volumes if report.evidence is not None else {}
    for volume in volumes.values():
        a = volume.acquisition
        field = None if a.field_t is None or f"{a.field_t:g} T" in (a.model or "") else f"{a.field_t:g} T"
        return " ".join(text for text in (a.vendor, a.model, field) if text)
    return ""


def append_to_cohort(report: CaseReport, path: str | os.PathLike[str], *, aggregate: str | None = None) -> Path:
    """Add the case to a cohort table, or begin one.

    What stands in the file stays as it is, to the byte; its separator and decimal mark are used. The whole table with
    the new row is read as :func:`vbqkit.cohort.read_cohort` reads it before it takes the place of the old one: a case
    that is there already (same code, reader and scanner) and a row that does not fit are refused.

    Parameters
    ----------
    report : CaseReport
        From :func:`vbqkit.report.case_report`.
    path : path-like
        ``.csv``, UTF-8; made with the columns of the template if it is not there.
    aggregate : {"median", "mean"}, optional
        As for :func:`cohort_row`.

    Returns
    -------
    Path

    Raises
    ------
    TableError
        If the table is damaged, lacks a column that the case has a value for, holds the case already, changed while
        this ran, or cannot be written; nothing is changed then.
    """
    target = user_path(path)
    if target.suffix.casefold() != ".csv":
        raise TableError(
            f"'{target.name}' ends in '{target.suffix}'; a row can be added to .csv only. Save the table as CSV UTF-8."
        )
    row = cohort_row(report, aggregate=aggregate)
    draft = target.with_name(f".{target.stem[:80]}.{os.getpid()}.draft.csv")
    try:
        before = target.stat() if target.exists() else None
        old = b"\xef\xbb\xbf" if before is None else target.read_bytes()
        content = old + _addition(target, old, row)
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _check(draft, target)
        if before is not None:
            now = target.stat()
            if (now.st_mtime_ns, now.st_size) != (before.st_mtime_ns, before.st_size):
                raise TableError(
                    f"'{target.name}' was changed by another program meanwhile. Try again; nothing was written."
                )
            shutil.copymode(target, draft)
        draft.replace(target)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise TableError(f"'{target}' cannot be written: {why}. Choose another place; nothing was changed.") from error
    finally:
        draft.unlink(missing_ok=True)
    return target


def _check(draft: Path, target: Path) -> None:
    try:
        read_cohort(draft)
    except TableError as error:
        raise TableError(
            f"Nothing was added to '{target.name}'. With the new row, {str(error).replace(draft.name, target.name)}"
        ) from None


def _addition(target: Path, old: bytes, row: dict[str, str]) -> bytes:
    """What is to be written behind the old bytes: the headings of a new table, and the row."""
    if not old.removeprefix(b"\xef\xbb\xbf").strip():
        names = [c.name for c in all_columns()] + list(MORE)
        return _line(names, ",", "\r\n") + _line([row.get(name, "") for name in names], ",", "\r\n")
    try:
        text = old.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"'{target.name}' is not UTF-8 ({error.reason}). Save it again as 'CSV UTF-8'.") from None
    lines = [line for line in text.splitlines() if line.strip()]
    stated = lines[0].casefold().startswith('"sep=') or lines[0].casefold().startswith("sep=")
    first = lines[1] if stated and len(lines) > 1 else lines[0]
    separator = max(_SEPARATORS, key=first.count) if any(s in first for s in _SEPARATORS) else ","
    headings = next(csv.reader(io.StringIO(first, newline=""), delimiter=separator))
    columns = [_column(heading) for heading in headings]
    missing = [name for name, value in row.items() if value and name not in columns and name not in MORE]
    if missing:
        raise TableError(
            f"'{target.name}' has no column for {', '.join(missing)}, which this case has a value for. Add the heading, or begin a new table."
        )
    comma = separator != "," and len(lines) - stated > 1 and _has_commas(target)
    values = [row.get(column, "") for column in columns]
    numeric = {c.name for c in all_columns() if c.kind == "number"}
    if comma:
        values = [v.replace(".", ",") if c in numeric else v for c, v in zip(columns, values, strict=True)]
    newline = "\r\n" if "\r\n" in text else "\n"
    gap = b"" if old.endswith((b"\n", b"\r")) else newline.encode()
    return gap + _line(values, separator, newline)


def _column(heading: str) -> str:
    """The column of the template that a heading stands for; else the heading itself."""
    words, _ = split_unit(heading.strip())
    found = known_columns().get(plain(words)) or known_columns().get(plain(heading))
    return found.name if found is not None else heading.strip()


def _has_commas(target: Path) -> bool:
    return any(caution.code == "decimal-comma" for caution in read_cohort(target).cautions)


def _line(cells: list[str], separator: str, newline: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, lineterminator=newline).writerow(cells)
    return file.getvalue().encode()
