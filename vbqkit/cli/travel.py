"""``vbqkit travel``: VBQ brought to another protocol, and marrow fat, from the tags; of a study or of a table."""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vbqkit.batch.choosing import volumes_and_rois
from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError, ScannerError, ScoreError, VbqkitError, shown
from vbqkit.formats.files import user_path
from vbqkit.formats.table_file import write_table
from vbqkit.scores.case import score_case
from vbqkit.scores.result import Score

HELP = "VBQ brought to another protocol, and marrow fat, from the tags; of a study or a table. No cut-off may be carried with it."

NO_CUTOFF = "no cut-off may be carried with it"
LOUD = (
    "NO CUT-OFF MAY BE CARRIED TO A PATIENT WITH THIS. On printed pairs of scanners it does not travel: 1.5 to 3 T moves VBQ-T1 by a factor of",
    "0.79 in one hospital and by 0.95 here; bandwidth moves it and the equation has none. It says which way, and roughly how far, a protocol",
    "moves a score (validation/travelling.md).",
)
"""What stands before every number of this command."""

_WEIGHTINGS = ("T1", "T2", "STIR")
_NEEDED = ("weighting", "vbq", "field_t", "tr_ms", "te_ms")
_OPTIONAL = ("id", "ti_ms", "echo_train_length", "corrected")
_COLUMNS = (
    "id",
    "what",
    "weighting",
    "measured",
    "value",
    "ci_low",
    "ci_high",
    "from_protocol",
    "to_protocol",
    "refused",
    "caution",
)
_CORRECTED = {"yes": True, "no": False, "unknown": None, "": None}


@dataclass(frozen=True, slots=True)
class _Measured:
    """One VBQ with its tags, or why there are none."""

    id: str
    weighting: str
    vbq: float
    tags: Any
    refused: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    add_study_options(parser)
    parser.add_argument(
        "--rois",
        metavar="FILE",
        help="ROI file of a study with L1 to L4 and CSF; without it, PATH is a table (.csv or .tsv) with "
        f"{', '.join(_NEEDED)} and, where known, {', '.join(_OPTIONAL)}: one row a series",
    )
    parser.add_argument(
        "--series", action="append", default=[], metavar="[T1=|T2=|STIR=]NUMBER", help="as in 'vbqkit score'"
    )
    parser.add_argument("--accept-proposed", action="store_true", help="as in 'vbqkit score'")
    parser.add_argument("--aggregate", choices=["median", "mean"], default="median", help="of L1-L4 (default: median)")
    parser.add_argument(
        "--corrected",
        choices=["yes", "no", "unknown"],
        default="unknown",
        help="whether the coil's brightness was corrected (PURE, CLEAR, Prescan Normalize), where the table does not say",
    )
    parser.add_argument(
        "--to-scanner",
        metavar="NAME",
        help="bring each score to this virtual machine's protocol; without it VBQ-T1 is brought to 1.5 T, TR 600, TE 12 ms, evenly received",
    )
    parser.add_argument("--out", metavar="TABLE.csv", help="write the rows too; a file that exists is not touched")


def run(args: argparse.Namespace) -> Report:
    """Travel.

    Raises
    ------
    VbqkitError
        If the study or the table cannot be read, the scanner is unknown, or the rows cannot be written.
    """
    out = _new_file(args.out)
    path = user_path(args.path)
    is_table = args.rois is None and path.suffix.lower() in (".csv", ".tsv")
    if args.rois is None and not is_table:
        raise FormatError(
            f"{path.name} is no table (.csv, .tsv), so it is taken for a study, which needs ROIs. Say which with --rois FILE."
        )
    measured = list(_of_table(path, args.corrected) if is_table else _of_study(args))
    to = _target(args.to_scanner)
    rows = [row for one in measured for row in _brought(one, to)] + list(_fat(measured))
    if out is not None:
        write_table(out, _COLUMNS, [{k: row.get(k) for k in _COLUMNS} for row in rows], comment=" ".join(LOUD))
    hidden = ("caution", *(() if any(row["refused"] for row in rows) else ("refused",)))
    return Report(
        rows=rows,
        columns=tuple(name for name in _COLUMNS if name not in hidden),
        opening=(*LOUD, ""),
        remarks=(
            *([f"Written: {out}"] if out is not None else []),
            "95 % intervals hold what the tags do not say (relaxation times of people, echo spacing, coil, one more reading), among machines like those",
            "they were drawn from; of a 1.2 T machine with a belt coil they hold two women in three. Marrow fat: 0 to 1.",
            "It screens and teaches; it does not diagnose.",
        ),
        status=int(all(row["refused"] for row in rows)),
    )


def _new_file(text: str | None) -> Path | None:
    if text is None:
        return None
    out = user_path(text)
    if out.exists():
        raise FormatError(f"{out} is there already, and nothing is overwritten. Choose another file, or remove it.")
    return out


def _of_study(args: argparse.Namespace) -> Iterator[_Measured]:
    from vbqkit.scanner import tags_of  # noqa: PLC0415 - the virtual scanner is loaded where it is used

    study = open_study(args)
    volumes, _, drawn = volumes_and_rois(study, args.rois, choices=args.series, accept_proposed=args.accept_proposed)
    case = score_case(volumes, drawn, aggregate=args.aggregate)
    found = False
    for weighting, volume in volumes.items():
        result = next((r for r in case.results if r.name == f"VBQ-{weighting}"), None)
        if result is None:
            continue
        found = True
        if not isinstance(result, Score):
            yield _Measured("", weighting, math.nan, None, result.reason)
            continue
        corrected = _CORRECTED[args.corrected]
        yield _measured("", weighting, result.value, partial(tags_of, volume.acquisition, corrected=corrected))
    if not found:
        raise ScoreError(
            "The study has no T1, T2 or STIR series with ROIs that VBQ is defined on. Load one, or name it with --series."
        )


def _of_table(path: Path, corrected: str) -> Iterator[_Measured]:
    from vbqkit.scanner import Tags  # noqa: PLC0415 - as above

    rows = _read(path)
    if not rows:
        raise FormatError(f"{path.name} holds no row. Give one row a series: {', '.join(_NEEDED)}.")
    missing = [name for name in _NEEDED if name not in rows[0]]
    if missing:
        raise FormatError(
            f"{path.name} has no column {', '.join(missing)}; it has {', '.join(map(str, rows[0]))}. Add or rename it."
        )
    for number, row in enumerate(rows, start=1):
        who, weighting = str(row.get("id") or number), str(row["weighting"] or "").strip().upper()

        def tags(row: Mapping[str, str] = row, weighting: str = weighting) -> Any:
            said = (row.get("corrected") or corrected).strip().casefold()
            if said not in _CORRECTED:
                raise ScannerError(f"corrected is '{shown(said)}'; write yes, no or unknown.")
            return Tags(
                weighting=weighting,
                field_t=_number(row, "field_t"),
                tr_ms=_number(row, "tr_ms"),
                te_ms=_number(row, "te_ms"),
                ti_ms=_number(row, "ti_ms") if (row.get("ti_ms") or "").strip() else None,
                echo_train_length=int(_number(row, "echo_train_length"))
                if (row.get("echo_train_length") or "").strip()
                else 1,
                corrected=_CORRECTED[said],
            )

        try:
            vbq = _number(row, "vbq")
        except ScannerError as error:
            yield _Measured(who, weighting, math.nan, None, str(error))
            continue
        yield _measured(who, weighting, vbq, tags)


def _measured(who: str, weighting: str, vbq: float, tags: Callable[[], Any]) -> _Measured:
    try:
        return _Measured(who, weighting, vbq, tags())
    except VbqkitError as error:  # costs its own row, and says why there
        return _Measured(who, weighting, vbq, None, str(error))


def _read(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path.name} cannot be read ({shown(error)}). Save it as a CSV table in UTF-8.") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    head = lines[0] if lines else ""
    delimiter = next((d for d in ("\t", ";", ",") if d in head), ",")
    try:
        return [
            {str(key).strip().casefold(): value or "" for key, value in row.items() if key is not None}
            for row in csv.DictReader(lines, delimiter=delimiter, strict=True)
        ]
    except csv.Error as error:
        raise FormatError(f"{path.name} is no table ({error}). Save it as CSV again.") from error


def _number(row: Mapping[str, str], name: str) -> float:
    text = (row.get(name) or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ScannerError(f"{name} is '{shown(text)}', not a number. Write it with a point, such as 2.87.")
    return value


def _target(name: str | None) -> Callable[[str], Any]:
    from vbqkit.scanner import REFERENCE_TAGS, scanner_named  # noqa: PLC0415 - as above
    from vbqkit.validation.travelling import tags_on  # noqa: PLC0415 - as above

    if name is None:
        return lambda weighting: REFERENCE_TAGS if weighting == "T1" else None
    machine = scanner_named(name)
    return lambda weighting: tags_on(machine, weighting)


def _brought(one: _Measured, to: Callable[[str], Any]) -> Iterator[dict[str, Any]]:
    from vbqkit.scanner import travel  # noqa: PLC0415 - as above

    row: dict[str, Any] = {
        **_row(one.id, f"VBQ-{one.weighting}", one.weighting),
        "measured": one.vbq if math.isfinite(one.vbq) else None,
        "from_protocol": _protocol(one.tags),
        "refused": one.refused,
    }
    if one.tags is None:
        yield row
        return
    target = to(one.weighting)
    if target is None:
        return  # a T2 or STIR serves marrow fat alone, unless a machine is named
    row["to_protocol"] = _protocol(target)
    try:
        found = travel(one.vbq, one.tags, to=target)
    except ScannerError as error:
        yield row | {"refused": str(error)}
        return
    yield row | {"value": found.value, "ci_low": found.ci_low, "ci_high": found.ci_high}


def _fat(measured: list[_Measured]) -> Iterator[dict[str, Any]]:
    """Marrow fat of each person from all of their series."""
    from vbqkit.scanner import fat_fraction  # noqa: PLC0415 - as above

    people: dict[str, list[_Measured]] = {}
    for one in measured:
        if one.tags is not None:
            people.setdefault(one.id, []).append(one)
    for who, series in people.items():
        row = _row(who, "marrow fat fraction", " + ".join(one.weighting for one in series))
        if len({one.tags for one in series}) < len(series):
            yield row | {"refused": f"'{who}' has the same series twice. Give each person and day an id of their own."}
            continue
        try:
            found = fat_fraction({one.tags: one.vbq for one in series})
        except ScannerError as error:
            yield row | {"refused": str(error)}
            continue
        yield row | {"value": found.value, "ci_low": found.ci_low, "ci_high": found.ci_high}


def _row(who: str, what: str, weighting: str) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(_COLUMNS)
    return nothing | {"id": who, "what": what, "weighting": weighting, "refused": "", "caution": NO_CUTOFF}


def _protocol(tags: Any) -> str | None:
    if tags is None:
        return None
    told = f"{tags.field_t:g} T, TR {tags.tr_ms:g}, TE {tags.te_ms:g}"
    told += "" if tags.ti_ms is None else f", TI {tags.ti_ms:g}"
    return told + (f", ETL {tags.echo_train_length}" if tags.echo_train_length > 1 else "")
