"""Writing files of a report: whole or not at all, and never over another file unless that is asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from vbqkit.errors import FormatError
from vbqkit.formats.files import user_path, what_is_at
from vbqkit.report.case_values import CaseReport


def write_whole(path: str | os.PathLike[str], content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file that appears under its name only when all of it is on the disk.

    Parameters
    ----------
    path : path-like
        Where to.
    content : bytes
        All of it.
    overwrite : bool
        Replace an existing file; otherwise it is refused.

    Raises
    ------
    FormatError
        If the file exists, or cannot be written; what was there is unchanged.
    """
    target = check_target(path, overwrite=overwrite)
    try:
        draft = target.with_name(f".{target.name[:80]}.{os.getpid()}.draft")
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                draft.replace(target)
            else:
                _give_name(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"{target} cannot be written: {why}. Choose another place; nothing was changed.") from error
    return target


def _give_name(draft: Path, target: Path) -> None:
    """Under its own name without replacing what another program has put there meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a file system without links, such as FAT
        draft.replace(target)


def check_target(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """The path, if a file may be written there.

    Raises
    ------
    FormatError
        If something is there already, or its folder is not.
    """
    target = user_path(path)
    try:
        there, folder = what_is_at(target), what_is_at(target.parent)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"{str(target)[:200]} is no possible name: {why}. Choose another one.") from error
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise FormatError(f"{target} is a folder. Give the name of a file in it.")
    if folder is None or not stat.S_ISDIR(folder.st_mode):
        raise FormatError(f"{target} cannot be written: there is no folder {target.parent}. Make it first.")
    if os.path.lexists(target) and not overwrite:
        raise _taken(target)
    return target


def _taken(target: Path) -> FormatError:
    return FormatError(
        f"{target} exists already and is not replaced. Choose another name, or say so (overwrite=True, --overwrite)."
    )


def _html(report: CaseReport) -> bytes:
    from vbqkit.report.html_report import report_html  # noqa: PLC0415 - the writer of one kind of file

    return report_html(report).encode("utf-8", errors="replace")


def _pdf(report: CaseReport) -> bytes:
    from vbqkit.report.pdf_report import report_pdf  # noqa: PLC0415 - loads reportlab

    return report_pdf(report)


def _dicom(kind: str) -> Callable[[CaseReport], bytes]:
    def make(report: CaseReport) -> bytes:
        from vbqkit.report.dicom import objects  # noqa: PLC0415 - loads highdicom

        return objects.content_of(report, kind)

    return make


WRITERS: dict[str, Callable[[CaseReport], bytes]] = {
    ".html": _html,
    ".pdf": _pdf,
    ".sr.dcm": _dicom("SR"),
    ".seg.dcm": _dicom("SEG"),
    ".sc.dcm": _dicom("SC"),
}
"""Ending of the file to what makes its content."""


def writer_of(path: str | os.PathLike[str]) -> Callable[[CaseReport], bytes]:
    """What writes a report to a file of this name.

    Raises
    ------
    FormatError
        If its ending is not known.
    """
    name = user_path(path).name.casefold()
    found = next((write for ending, write in WRITERS.items() if name.endswith(ending)), None)
    if found is None:
        raise FormatError(
            f"A report cannot be written to {name}: its ending is not known. Known are {', '.join(WRITERS)}."
        )
    return found


def write_report(report: CaseReport, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write the report to a file, in the format that its ending names.

    Parameters
    ----------
    report : CaseReport
        From :func:`vbqkit.report.case_report`.
    path : path-like
        ``.html``, ``.pdf``, ``.sr.dcm`` (structured report, TID 1500), ``.seg.dcm`` (segmentation) or ``.sc.dcm``
        (secondary capture of the key image). DICOM objects belong to the study of the images and carry its patient as
        the images do.
    overwrite : bool
        Replace an existing file.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    FormatError
        If the ending is unknown, the file exists or cannot be written, or a package that it needs is not installed.
    """
    make = writer_of(path)
    check_target(path, overwrite=overwrite)  # before the work
    return write_whole(path, make(report), overwrite=overwrite)
