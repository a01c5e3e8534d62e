"""The folder of reference groups: one JSON file a group, written whole or not at all, and readable by people.

Each file ``NAME.reference.json`` is an object with ``format`` (``"vbqkit-reference-group"``), ``version`` (1),
``name``, ``rayleigh_correction``, ``protocol``, and ``members`` and ``checks``, one a line. It holds no name, number or
UID of a patient: a series is known by a one-way hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vbqkit.errors import FormatError, VbqkitError, shown
from vbqkit.formats.file_lock import lock
from vbqkit.formats.files import user_path
from vbqkit.formats.versioned_json import read_versioned_json
from vbqkit.reference_library.group import MeasuredGroup, Member
from vbqkit.scan_protocol import ScanProtocol

FORMAT = "vbqkit-reference-group"
VERSION = 1
ENDING = ".reference.json"

FOLDER = "reference_groups"
"""Where the guided page looks for a library, in the folder of the cases, if none is named."""

_LARGEST_BYTES = 10_000_000


def read_library(path: str | os.PathLike[str]) -> tuple[MeasuredGroup, ...]:
    """The groups of a library, by name, or the one group of a file.

    Parameters
    ----------
    path : path-like
        A folder with files ``NAME.reference.json``, or one such file.

    Raises
    ------
    FormatError
        If nothing is there, or a file is damaged or of another version; it says which, and none is left out in silence.
    """
    place = user_path(path)
    try:
        if place.is_file():
            return (read_group(place),)
        if not place.is_dir():
            raise FormatError(
                f"There is no library of reference groups at {place}. Make one with 'vbqkit reference add'; docs/reference-groups.md says how."
            )
        files = sorted(one for one in place.iterdir() if one.name.endswith(ENDING) and not one.name.startswith("."))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FormatError(f"The library {str(place)[:200]} cannot be read: {why}. Check the path.") from error
    return tuple(read_group(one) for one in files)


def read_group(path: Path) -> MeasuredGroup:
    """One group from its file.

    Raises
    ------
    FormatError
        If it is damaged or of another version.
    """
    content = read_versioned_json(
        path,
        kind=FORMAT,
        version=VERSION,
        no_such="is no reference group",
        remedy="Use the vbqkit that wrote it, or measure the group again.",
        largest_bytes=_LARGEST_BYTES,
    )
    try:
        return MeasuredGroup(
            name=_text(content, "name"),
            protocol=ScanProtocol.from_json(content.get("protocol"), path.name),
            members=tuple(map(_member, _list(content, "members"))),
            checks=tuple(map(_member, _list(content, "checks"))),
            rayleigh_correction=content.get("rayleigh_correction") is True,
        )
    except (KeyError, TypeError, ValueError, VbqkitError) as error:
        raise FormatError(f"{path.name} is damaged: {shown(error, 200)} Restore it from a copy.") from error


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise FormatError(f"its {name} is {shown(value)!r}, no text.")
    return value


def _list(content: dict[str, Any], name: str) -> list[Any]:
    value = content.get(name)
    if not isinstance(value, list):
        raise FormatError(f"its {name} are no list.")
    return value


def _member(content: Any) -> Member:
    if not isinstance(content, dict):
        raise FormatError(f"a member is {shown(content)!r}.")
    snr, age = content.get("snr"), content.get("age_years")
    for what, value in (("SNR", snr), ("age", age)):
        if isinstance(value, bool) or (not isinstance(value, (int, float)) and not (what == "age" and value is None)):
            raise FormatError(f"the {what} of a member is {shown(value)!r}, no number.")
    return Member(
        code=_text(content, "code"),
        scanned_on=_text(content, "scanned_on"),
        snr=float(snr),  # type: ignore[arg-type] # a number, as was looked at above
        age_years=None if age is None else float(age),
        images=str(content.get("images") or ""),
    )


def write_group(folder: Path, group: MeasuredGroup) -> Path:
    """Write a group into its file: complete, or not at all.

    Raises
    ------
    FormatError
        If it cannot be written; what was there is unchanged.
    """
    target = folder / f"{group.name}{ENDING}"
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(_as_text(group))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise FormatError(
            f"{target} cannot be written: {why}. Choose a folder that you may write to; what was there is unchanged."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return target


def _as_text(group: MeasuredGroup) -> str:
    head = {
        "format": FORMAT,
        "version": VERSION,
        "name": group.name,
        "rayleigh_correction": group.rayleigh_correction,
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items()]
    items = [
        f"  {json.dumps(name)}: {json.dumps(v, ensure_ascii=False)}" for name, v in group.protocol.as_json().items()
    ]
    lines.append(' "protocol": {\n' + ",\n".join(items) + "\n }")
    lines += [f' "{name}": {_rows(people)}' for name, people in (("members", group.members), ("checks", group.checks))]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rows(people: tuple[Member, ...]) -> str:
    rows = []
    for one in people:
        known = {"code": one.code, "age_years": one.age_years, "scanned_on": one.scanned_on, "snr": one.snr}
        known |= {"images": one.images}
        rows.append("  " + json.dumps({k: v for k, v in known.items() if v not in (None, "")}, ensure_ascii=False))
    return "[\n" + ",\n".join(rows) + "\n ]" if rows else "[]"


def add_member(
    folder: str | os.PathLike[str],
    member: Member,
    protocol: ScanProtocol,
    *,
    group: str | None = None,
    rayleigh_correction: bool = False,
) -> MeasuredGroup:
    """Add a young healthy person to the group of their scanner, coil and protocol, or begin that group.

    Parameters
    ----------
    folder : path-like
        The library; made if it is not there.
    member : Member
        With age, date and SNR(L1-L4).
    protocol : ScanProtocol
        Of the T1 series that the SNR was measured on.
    group : str, optional
        Name of the group. Left out: the group that the protocol agrees with, if there is one.
    rayleigh_correction : bool
        Whether the SNR was multiplied by 0.655.

    Returns
    -------
    MeasuredGroup
        With the new member.

    Raises
    ------
    FormatError
        If the protocol does not state enough, differs from the group's (it says where), no group is named and none
        agrees, or the member is there already. Nothing is changed then.
    """
    return _add(folder, member, protocol, group=group, rayleigh_correction=rayleigh_correction, check=False)


def add_check(
    folder: str | os.PathLike[str],
    check: Member,
    protocol: ScanProtocol,
    *,
    group: str | None = None,
    rayleigh_correction: bool = False,
) -> MeasuredGroup:
    """Add a scan of a phantom, or of a volunteer again, to the control chart of a group; not to its mean and SD.

    Parameters
    ----------
    folder, protocol, group, rayleigh_correction
        As for :func:`add_member`; the group must be there.
    check : Member
        Code of the phantom, date and SNR, measured the same way each time.

    Raises
    ------
    FormatError
        As :func:`add_member`.
    """
    return _add(folder, check, protocol, group=group, rayleigh_correction=rayleigh_correction, check=True)


def _add(
    folder: str | os.PathLike[str],
    new: Member,
    protocol: ScanProtocol,
    *,
    group: str | None,
    rayleigh_correction: bool,
    check: bool,
) -> MeasuredGroup:
    missing = protocol.missing()
    if missing:
        raise FormatError(
            f"The header does not state {', '.join(missing)}, which a reference group is known by. "
            + ("State the coil (--coil)." if missing == ("coil",) else "Such a series cannot be a member.")
        )
    place = user_path(folder)
    with _locked(place):
        groups = read_library(place) if place.is_dir() else ()
        chosen = _chosen(groups, protocol, group)
        if chosen is None:
            if group is None or check:
                raise FormatError(
                    "No group of the library has this scanner, coil and protocol. "
                    + ("A check needs a group: add its first member." if check else "Name a new one: --group NAME.")
                    + _how_they_differ(groups, protocol)
                )
            chosen = MeasuredGroup(name=group, protocol=protocol, rayleigh_correction=rayleigh_correction)
        if chosen.rayleigh_correction != rayleigh_correction:
            had = "with" if chosen.rayleigh_correction else "without"
            raise FormatError(
                f"The SNR of group {chosen.name} was measured {had} the Rayleigh correction (x 0.655). Measure this one the same way."
            )
        if not check:  # a person counts once in the whole library
            for other in groups:
                if other.name != chosen.name:
                    other._refuse_double(new)
        changed = chosen.with_check(new) if check else chosen.with_member(new)
        write_group(place, changed)
    return changed


def _chosen(groups: tuple[MeasuredGroup, ...], protocol: ScanProtocol, name: str | None) -> MeasuredGroup | None:
    if name is None:
        agreeing = [one for one in groups if not protocol.differences(one.protocol)]
        if len(agreeing) > 1:
            raise FormatError(
                f"Groups {', '.join(one.name for one in agreeing)} have this scanner, coil and protocol. Say which: --group NAME."
            )
        return agreeing[0] if agreeing else None
    # On a file system without capitals another name is the same file.
    chosen = next((one for one in groups if one.name.casefold() == name.casefold()), None)
    if chosen is not None and (differs := protocol.differences(chosen.protocol)):
        raise FormatError(
            f"Group {chosen.name} has another scanner, coil or protocol: {'; '.join(map(str, differs))}. Name another group for this scan."
        )
    return chosen


def _how_they_differ(groups: tuple[MeasuredGroup, ...], protocol: ScanProtocol) -> str:
    said = [f"{one.name}: {'; '.join(map(str, protocol.differences(one.protocol)))}" for one in groups]
    return f" They differ: {'. '.join(said)}." if said else ""


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time, where the system can say so; the lock goes with the process, even if it dies."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"vbqkit-{name}.lock").open("a") as file:
        lock(file)
        yield
