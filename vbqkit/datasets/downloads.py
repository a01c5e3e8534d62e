"""Files of a Zenodo record: listed with their checksums, downloaded where a download broke off, and checked whole.

The checksums (MD5) are those that the record states at the time of the download, over an encrypted connection: they
tell a damaged or incomplete file, and a file that differs from the one that its authors deposited. They are not written
down here beforehand.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError, shown

ZENODO = "https://zenodo.org"

Progress = Callable[[int, int], None]

_CHUNK = 1 << 16  # what is on its way when a connection breaks is lost
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file of a record.

    Attributes
    ----------
    name : str
        Of the file.
    size : int
        Bytes.
    checksum : str
        Such as ``"md5:9e107d9d372bb6826bd81d3542a419d6"``.
    url : str
        Where its content is.
    """

    name: str
    size: int
    checksum: str
    url: str


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise FormatError("A download needs pooch, which is not installed: pip install 'vbqkit[datasets]'.") from error


def record_files(record: int, *, server: str = ZENODO) -> dict[str, RecordFile]:
    """The files of a record by name.

    Parameters
    ----------
    record : int
        Its number.
    server : str
        Zenodo, or a mirror with the same interface.

    Raises
    ------
    FormatError
        If the server cannot be reached, or does not state size and checksum of each file.
    """
    requests = _library("requests")
    url = f"{server}/api/records/{record}"
    try:
        answer = requests.get(url, timeout=_SECONDS)
        answer.raise_for_status()
        listed = [_record_file(one, server, record) for one in answer.json()["files"]]
    except (requests.RequestException, OSError) as error:
        raise FormatError(
            f"The record {url} cannot be read ({shown(error, 160)}). Check the connection, and try again."
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"{url} does not state name, size and checksum of each file ({shown(error)}), so nothing can be checked and nothing is "
            "downloaded. Download it yourself from the record's page."
        ) from error
    return {one.name: one for one in listed}


def _record_file(one: Mapping[str, Any], server: str, record: int) -> RecordFile:
    name, checksum = str(one["key"]), str(one["checksum"])
    if Path(name).name != name or not checksum.startswith("md5:") or len(checksum) != 36:
        raise ValueError(f"{name}: {checksum}")
    links = one.get("links") or {}
    url = links.get("self") or f"{server}/api/records/{record}/files/{name}/content"
    return RecordFile(name, int(one["size"]), checksum, str(url))


def fetch(file: RecordFile, folder: Path, *, progress: Progress | None = None) -> Path:
    """Download a file into a folder and check it; one that is there and right is left as it is.

    A download that broke off is kept as ``.NAME.part`` and goes on from there.

    Raises
    ------
    FormatError
        If the connection breaks off, the disk is full, or the checksum is another one.
    """
    pooch, requests = _library("pooch"), _library("requests")
    pooch.get_logger().setLevel(logging.WARNING)
    part = folder / f".{file.name}.part"

    def download(url: str, output: str, _: object) -> None:
        _go_on(requests, url, part, file, progress)
        Path(output).unlink(missing_ok=True)
        part.replace(output)

    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_room(folder, file.size - (part.stat().st_size if part.exists() else 0), folder / file.name)
        path = pooch.retrieve(file.url, known_hash=file.checksum, fname=file.name, path=folder, downloader=download)
    except requests.RequestException as error:
        done = part.stat().st_size if part.exists() else 0
        raise FormatError(
            f"The download of {file.name} broke off after {done / 1e6:.1f} of {file.size / 1e6:.1f} MB ({shown(error, 120)}). Run the "
            "same command again: it goes on from there."
        ) from error
    except ValueError as error:
        raise FormatError(
            f"{file.name} was downloaded and is not the file that the record describes: its checksum or size is another. It was thrown "
            "away. Run the same command again; if it happens again, the record has changed or the connection alters files."
        ) from error
    except OSError as error:
        raise FormatError(
            f"{file.name} cannot be written to {folder} ({error.strerror or error}). Make room, and run it again."
        ) from error
    return Path(path)


def _check_room(folder: Path, needed: int, target: Path) -> None:
    if not target.exists() and shutil.disk_usage(folder).free < needed:
        raise FormatError(
            f"{folder} has room for {shutil.disk_usage(folder).free / 1e9:.1f} GB, and {target.name} needs {needed / 1e9:.1f} GB more. "
            "Make room, or choose another folder."
        )


def _go_on(requests: Any, url: str, part: Path, file: RecordFile, progress: Progress | None) -> None:
    done = part.stat().st_size if part.exists() else 0
    if done > file.size:
        part.unlink()
        done = 0
    if done < file.size:
        headers = {"Range": f"bytes={done}-"} if done else {}
        with requests.get(url, stream=True, headers=headers, timeout=_SECONDS) as answer:
            answer.raise_for_status()
            goes_on = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {done}-")
            done = done if goes_on else 0
            with part.open("ab" if goes_on else "wb") as written:
                for chunk in answer.iter_content(_CHUNK):
                    written.write(chunk)
                    done += len(chunk)
                    if progress is not None:
                        progress(done, file.size)
                written.flush()
                os.fsync(written.fileno())
    if done != file.size:
        part.unlink()
        raise ValueError(f"{done} of {file.size} bytes")
