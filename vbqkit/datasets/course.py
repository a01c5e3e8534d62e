"""The lessons and their synthetic patients, copied out of the package into a folder of yours."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import vbqkit
from vbqkit.errors import FormatError
from vbqkit.language import language, translated_notebook

COURSE_PARTS = ("notebooks", "sample_data")
FIRST_LESSON = Path("notebooks") / "00_start_here.ipynb"
_PACKED = "course_files"
_LEFT_BEHIND = {".ipynb_checkpoints", "__pycache__", ".DS_Store"}


@dataclass(frozen=True, slots=True)
class WrittenCourse:
    """What :func:`write_course` did.

    Attributes
    ----------
    folder : Path
        Where the course is.
    written, same : int
        Files that were written, and that were there already.
    yours : tuple of str
        Files that you changed: they are left as they are.
    """

    folder: Path
    written: int
    same: int
    yours: tuple[str, ...]

    @property
    def first_lesson(self) -> Path:
        """The notebook to begin with."""
        return self.folder / FIRST_LESSON


def write_course(
    folder: str | os.PathLike[str], *, progress: Callable[[int, int], None] | None = None
) -> WrittenCourse:
    """Copy the lessons and the sample data into a folder.

    Notebooks are written in the language that is read (:func:`vbqkit.language.set_language`), as far as they are
    translated.

    Each file of an installed package is checked against the SHA-256 that its installer recorded, and each copy is whole
    or not there. What you changed is never replaced; called again, it goes on where it was stopped.

    Parameters
    ----------
    folder : path-like
        Made if it does not exist; about 50 MB.
    progress : callable, optional
        ``progress(done, total)``, in files.

    Raises
    ------
    FormatError
        If the package holds no course, a file of it is damaged, or the folder cannot be written.
    """
    source = course_source()
    target = Path(folder)
    code = language()
    recorded = _recorded() if source.name == _PACKED else {}  # a checkout may differ from what was installed
    found = sorted(_files(source))
    written, yours = 0, list[str]()
    for number, path in enumerate(found):
        name = path.relative_to(source)
        content = path.read_bytes()
        _check(content, recorded.get(f"vbqkit/{_PACKED}/{name.as_posix()}"), name)
        if path.suffix == ".ipynb":
            content = translated_notebook(content, path.stem, code)
        there = target / name
        try:
            if not there.exists():
                _write(there, content)
                written += 1
            elif there.read_bytes() != content:
                yours.append(name.as_posix())
        except OSError as error:
            raise FormatError(
                f"{there} cannot be written ({error.strerror or error}). Make room, or choose another folder; what is written stays, "
                "and the same command goes on from there."
            ) from error
        if progress is not None:
            progress(number + 1, len(found))
    return WrittenCourse(target, written, len(found) - written - len(yours), tuple(yours))


def course_source() -> Path:
    """The folder that holds the lessons and the sample data: in the package, or the checkout it is run from.

    Raises
    ------
    FormatError
        If there is none.
    """
    package = Path(vbqkit.__file__).parent
    for folder in (package / _PACKED, package.parent):
        if (folder / FIRST_LESSON).is_file() and (folder / "sample_data").is_dir():
            return folder
    raise FormatError(
        f"This installation of vbqkit holds no course ({package / _PACKED} is not there). Install it from its wheel: "
        "pip install --force-reinstall vbqkit."
    )


def _files(source: Path) -> Iterator[Path]:
    for part in COURSE_PARTS:
        for path in (source / part).rglob("*"):
            if path.is_file() and not _LEFT_BEHIND.intersection(path.relative_to(source).parts):
                yield path


def _recorded() -> dict[str, str]:
    """The SHA-256 of each installed file, as the installer recorded it; empty in a checkout."""
    try:
        installed: Distribution = distribution("vbqkit")
    except PackageNotFoundError:
        return {}
    return {
        file.as_posix(): file.hash.value for file in installed.files or () if file.hash and file.hash.mode == "sha256"
    }


def _check(content: bytes, recorded: str | None, name: Path) -> None:
    found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if recorded is not None and recorded != found:
        raise FormatError(
            f"{name} in this installation is not as it was installed: its SHA-256 is another. Install vbqkit again: "
            "pip install --force-reinstall vbqkit."
        )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
