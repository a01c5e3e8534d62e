"""A study that is handed over: under new names, in its own folder, and nothing hostile or too large."""

from __future__ import annotations

import errno
import os
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vbqkit.errors import FormatError
from vbqkit.formats import intake as module
from vbqkit.formats.intake import Intake, IntakeLimits, free_code, studies_in

SMALL = IntakeLimits(files=5, total_bytes=4000, file_bytes=2000)


def take(folder: Path, files: dict[str, bytes], **options: Any) -> Path:
    offered = [(name, len(content)) for name, content in files.items()]
    contents = list(files.values())
    intake = Intake(folder, "A17", offered, **options)
    for number in intake.wanted:
        intake.write(number, contents[number][:3])
        intake.write(number, contents[number][3:])
    list(intake.unpack())
    return intake.finish()


def zipped(folder: Path, members: dict[str, bytes], **changes: Any) -> bytes:
    path = folder / "sent.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in changes.items():
                setattr(info, key, value)
            archive.writestr(info, content)
    content = path.read_bytes()
    path.unlink()
    return content


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_get_numbers_for_names_and_only_endings_that_are_known(tmp_path: Path) -> None:
    files = {
        "Muster^Hans/T1/IM.dcm": b"one",
        "Muster^Hans/T1/1.2.840.113": b"two",
        "Muster^Hans/a.nii.gz": b"three",
        "Muster^Hans/a.json": b"four",
        "Muster^Hans/run.py": b"five",
        "Muster^Hans/Thumbs.db": b"not wanted",
        "Muster^Hans/._IM.dcm": b"not wanted",
        "Muster^Hans/.git/config": b"not wanted",
    }
    study = take(tmp_path, files)
    assert study == tmp_path / "A17.study"
    assert {path.name: path.read_bytes() for path in study.iterdir()} == {
        "000001.dcm": b"one",
        "000002": b"two",
        "000003.nii.gz": b"three",
        "000003.json": b"four",
        "000004": b"five",
    }
    assert os.name == "nt" or stat.S_IMODE(study.stat().st_mode) == 0o700, "for the user alone"
    assert studies_in(tmp_path) == {"A17": study}
    assert free_code(tmp_path, "A17") == "A18"


def test_a_zip_archive_is_unpacked_under_numbers(tmp_path: Path) -> None:
    packed = zipped(tmp_path, {"X^Y/1.dcm": b"one", "X^Y/2.dcm": b"two", "__MACOSX/._1.dcm": b"no"})
    study = take(tmp_path, {"Muster.ZIP": packed})
    assert {path.name: path.read_bytes() for path in study.iterdir()} == {"000001.dcm": b"one", "000002.dcm": b"two"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no files"),
        ({"Thumbs.db": b"x"}, "no files"),
        ({f"{k}.dcm": b"x" for k in range(6)}, "6 files are more than the 5"),
        ({"a": bytes(1500), "b": bytes(1500), "c": bytes(1500)}, "MiB are more than"),
        ({"a": bytes(2001)}, "One file holds"),
        ({"../../etc/x.dcm": b"x"}, "climb out"),
        ({"/etc/x.dcm": b"x"}, "climb out"),
        ({"C:\\x.dcm": b"x"}, "climb out"),
    ],
)
def test_too_much_or_paths_that_climb_are_refused_before_anything_is_written(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    with pytest.raises(FormatError, match=words):
        take(tmp_path, files, limits=SMALL)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("members", "changes", "words"),
    [
        ({"../../evil.dcm": b"x"}, {}, "climb out"),
        ({"/etc/evil.dcm": b"x"}, {}, "climb out"),
        ({"link": b"/etc/passwd"}, {"external_attr": (stat.S_IFLNK | 0o777) << 16}, "links or devices"),
        ({"pipe": b""}, {"external_attr": (stat.S_IFIFO | 0o644) << 16}, "links or devices"),
        ({"large": bytes(2001)}, {}, "One file holds"),
        ({str(k): b"x" for k in range(6)}, {}, "6 files are more"),
        ({str(k): bytes(1900) for k in range(3)}, {}, "MiB are more than"),
        ({"locked": b"x"}, {"flag_bits": 0x1}, "password"),
        ({}, {}, "no files"),
    ],
)
def test_a_hostile_archive_is_refused_in_words_and_nothing_of_it_stays(
    tmp_path: Path, members: dict[str, bytes], changes: dict[str, Any], words: str
) -> None:
    packed = zipped(tmp_path, members, **{k: v for k, v in changes.items() if k != "flag_bits"})
    if "flag_bits" in changes:  # of the member in the table of contents
        at = packed.index(b"PK\x01\x02") + 8
        packed = packed[:at] + b"\x01\x00" + packed[at + 2 :]
    with pytest.raises(FormatError, match=words):
        take(tmp_path, {"sent.zip": packed}, limits=SMALL)
    assert left(tmp_path) == []


def test_a_bomb_is_refused_by_what_it_says_and_by_what_comes_out(tmp_path: Path) -> None:
    packed = zipped(tmp_path, {str(k): bytes(40 * 1024**2) for k in range(3)})
    with pytest.raises(FormatError, match="made to fill a disk"):
        take(tmp_path, {"sent.zip": packed})
    for size in (10, 3000):
        lying = zipped(tmp_path, {"a": bytes(1000)})
        for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # the unpacked size, in both tables
            at = lying.index(mark) + place
            lying = lying[:at] + size.to_bytes(4, "little") + lying[at + 4 :]
        with pytest.raises(FormatError, match="cannot be unpacked"):
            take(tmp_path, {"sent.zip": lying})
    assert left(tmp_path) == []


@pytest.mark.parametrize("damage", ["cut off", "a byte", "no archive"])
def test_a_damaged_archive_is_refused_in_words(tmp_path: Path, damage: str) -> None:
    packed = zipped(tmp_path, {"a": os.urandom(500)})
    packed = {
        "cut off": packed[:300],
        "a byte": packed[:100] + bytes([packed[100] ^ 255]) + packed[101:],
        "no archive": b"x" * 50,
    }[damage]
    with pytest.raises(FormatError, match=r"[Cc]opy .*again"):
        take(tmp_path, {"sent.zip": packed})
    assert left(tmp_path) == []


def test_what_was_not_offered_or_did_not_come_whole_is_not_kept(tmp_path: Path) -> None:
    for number, content in ((1, b"abc"), (0, b"abcd")):
        intake = Intake(tmp_path, "A17", [("a", 3)])
        with pytest.raises(FormatError, match="changed meanwhile"):
            intake.write(number, content)
    intake = Intake(tmp_path, "A17", [("a", 3)])
    intake.write(0, b"ab")
    with pytest.raises(FormatError, match="1 of 1 files did not come whole"):
        intake.finish()
    assert left(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_study_is_neither_replaced_nor_written_through_a_link(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / "A17.study").symlink_to(elsewhere)
    (home / "B.study").symlink_to(tmp_path / "gone")
    for code in ("A17", "B"):
        with pytest.raises(FormatError, match="already"):
            Intake(home, code, [("a", 1)])
    assert studies_in(home) == {}
    assert left(elsewhere) == []


def test_a_full_disk_is_said_before_and_while_it_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=5))
        with pytest.raises(FormatError, match="0 MiB left; 200 MiB are needed"):
            Intake(tmp_path, "A17", [("a", 3)])
    intake = Intake(tmp_path, "A17", [("a", 3)])

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(FormatError, match=r"is full\. Nothing of the study was kept"):
            intake.write(0, b"abc")
    assert left(tmp_path) == []
