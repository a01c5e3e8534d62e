"""Read a cohort table and say everything that is wrong with it, by row and column, at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from vbqkit.cohort.cells import Bad, is_missing, read_cell
from vbqkit.cohort.columns import (
    Column,
    all_columns,
    in_template,
    known_columns,
    plain,
    split_unit,
    unit_factor,
)
from vbqkit.cohort.identity import identifies, identity_in
from vbqkit.cohort.sheet import Sheet, read_sheet
from vbqkit.errors import Caution, TableError

SHOWN = 200
"""Problems that an error message lists; :func:`check_cohort` gives all."""


@dataclass(repr=False, frozen=True, slots=True)
class Cohort:
    """A checked table.

    Attributes
    ----------
    table : DataFrame
        One row per patient (or per patient and reader). Columns as in :data:`~vbqkit.cohort.columns.COLUMNS` as far as
        the file has them, then others under their own headings. Numbers are float with nan, ``fracture`` is boolean
        with NA, texts are str or None.
    headings : mapping of str to str
        Column to the heading under which it stood in the file.
    cautions : tuple of Caution
        What was converted or left aside, and what the reader must know.
    source : str
        File name.
    """

    table: pd.DataFrame
    headings: Mapping[str, str]
    cautions: tuple[Caution, ...]
    source: str

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        said = "".join(f"\n  {caution.message}" for caution in self.cautions)
        return f"<Cohort of {len(self)} rows from {self.source!r}: {', '.join(map(str, self.table.columns))}>{said}"

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(caution.message)}</li>" for caution in self.cautions)
        rows: str = self.table.to_html(max_rows=20, na_rep="–")
        return f"<p>{len(self)} rows from {escape(self.source)}</p>{f'<ul>{said}</ul>' if said else ''}{rows}"


@dataclass(slots=True)
class _Findings:
    rows: list[dict[str, Any]] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)

    def add(self, row: int | None, heading: str, problem: str, remedy: str) -> None:
        self.rows.append({"row": row, "column": heading, "problem": problem, "remedy": remedy})


def read_cohort(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    decimal: Literal[".", ","] | None = None,
    drop_identity: bool = False,
) -> Cohort:
    r"""Read a cohort table from CSV or XLSX.

    Headings are matched without regard to case, accents and punctuation, also under common other names
    (``"T-skóre"``, ``"lumbar T-score"``); a unit in brackets is checked and converted. Every number is checked
    against the range in which its unit makes sense.

    Parameters
    ----------
    path : path
        ``.csv`` (separated by commas, semicolons or tabs; UTF-8) or ``.xlsx``. :func:`make_cohort_template` writes an
        empty one.
    columns : mapping of str to str, optional
        Heading in the file to column of the template, where the heading is not recognised: ``{"T L1": "t_score"}``.
    sheet : str, optional
        Sheet of a workbook with several.
    decimal : {".", ","}, optional
        Decimal mark. Without it, the one that the whole file uses; a file that uses both is refused.
    drop_identity : bool
        Leave out columns that tell who the patients are, unread, instead of refusing the table.

    Returns
    -------
    Cohort

    Raises
    ------
    TableError
        If anything is wrong: every problem, with row (as a spreadsheet counts, headings are row 1), column and remedy.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "clinic.csv"
    ...     _ = file.write_text("Patient;Vek;BMD (mg/cm2)\nA1;61;763\n", encoding="utf-8")
    ...     read_cohort(file).table.to_dict("records")
    [{'id': 'A1', 'age_years': 61.0, 'bmd_g_cm2': 0.763}]
    """
    cohort, findings = _read(path, columns=columns, sheet=sheet, decimal=decimal, drop_identity=drop_identity)
    if findings.rows:
        raise TableError(_message(Path(path).name, findings.rows))
    return cohort


def check_cohort(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
    decimal: Literal[".", ","] | None = None,
    drop_identity: bool = False,
) -> pd.DataFrame:
    """Everything that is wrong with a cohort table, as a table.

    Parameters
    ----------
    path, columns, sheet, decimal, drop_identity
        As for :func:`read_cohort`.

    Returns
    -------
    DataFrame
        One row per problem: row (as a spreadsheet counts; NA where no row is to blame), column, problem, remedy. Empty
        if all is well.
    """
    _, findings = _read(path, columns=columns, sheet=sheet, decimal=decimal, drop_identity=drop_identity)
    return pd.DataFrame(findings.rows, columns=["row", "column", "problem", "remedy"]).astype({"row": "Int64"})


def _read(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None,
    sheet: str | None,
    decimal: Literal[".", ","] | None,
    drop_identity: bool,
) -> tuple[Cohort, _Findings]:
    page, findings = read_sheet(path, sheet=sheet), _Findings()
    if decimal not in (None, ".", ","):
        raise TableError(
            f"decimal is {decimal!r}; '.' or ',' was expected. Leave it out to use the mark that the file uses."
        )
    places = _match_headings(page, dict(columns or {}), findings, drop_identity=drop_identity)
    mark = decimal or _decimal_mark(page, places, findings)
    values: dict[str, list[Any]] = {}
    for position, (target, heading, factor) in places.items():
        cells = [(number, row[position] if position < len(row) else None) for number, row in page.rows]
        values[target.name] = _read_column(cells, target, heading, factor=factor, decimal=mark, findings=findings)
    for number, row in page.rows:
        beyond = [cell for cell in row[len(page.headings) :] if not is_missing(cell)]
        if beyond:
            findings.add(
                number,
                "-",
                f"has {len(row)} cells, the headings are {len(page.headings)}",
                "Quote cells that hold the separator, or correct the row.",
            )
    order = [c.name for c in all_columns() if c.name in values] + [name for name in values if not in_template(name)]
    table = pd.DataFrame({name: _typed(values[name], places, name, findings) for name in order})
    _check_rows(table, page, findings)
    found = {target.name: heading for target, heading, _ in places.values()}
    return Cohort(table, found, tuple(findings.cautions + _pooling(table)), page.source), findings


def _match_headings(
    page: Sheet, named: dict[str, str], findings: _Findings, *, drop_identity: bool
) -> dict[int, tuple[Column, str, float]]:
    known, places = known_columns(), {}
    for heading in set(named) - set(page.headings):
        findings.add(
            None,
            heading,
            "columns= names this heading, and the file does not have it",
            f"Use one of: {', '.join(filter(None, page.headings))}.",
        )
    taken: dict[str, str] = {}
    for position, heading in enumerate(page.headings):
        if not heading:
            if any(position < len(row) and not is_missing(row[position]) for _, row in page.rows):
                findings.add(
                    1, f"column {position + 1}", "has values but no heading", "Write a heading, or delete the column."
                )
            continue
        words, unit = split_unit(heading)
        if heading not in named and not known.get(plain(words)) and identifies(heading):
            if drop_identity:
                findings.cautions.append(
                    Caution(
                        "identity-dropped",
                        f"Column '{heading}' says who the patients are; it was left out without being read.",
                    )
                )
            else:
                findings.add(
                    1,
                    heading,
                    "says who the patients are",
                    "Delete the column and keep a code in 'id', or read with drop_identity=True.",
                )
            continue
        target = _target(heading, words, named, known, findings)
        if target is None:
            continue
        if target.name in taken:
            findings.add(
                1,
                heading,
                f"means '{target.name}', and so does '{taken[target.name]}'",
                f"Rename one, or say which with columns={{'{heading}': '{target.name}'}}.",
            )
            continue
        taken[target.name] = heading
        factor = unit_factor(target, unit) if target.kind == "number" else 1.0
        if factor is None:
            findings.add(
                1,
                heading,
                f"is in '{unit}', which is not a known unit of {target.title}",
                f"Give it in {target.unit or 'no unit'}.",
            )
            factor = 1.0
        elif factor != 1.0:
            findings.cautions.append(
                Caution("unit-converted", f"Column '{heading}' was multiplied by {factor:g} to get {target.unit}.")
            )
        places[position] = (target, heading, factor)
    if "id" not in taken:
        findings.add(1, "id", "is missing", "Add a column 'id' with a code for each patient, not a name.")
    return places


def _target(
    heading: str, words: str, named: dict[str, str], known: dict[str, Column], findings: _Findings
) -> Column | None:
    if heading in named:
        chosen = next((c for c in all_columns() if c.name == named[heading]), None)
        if chosen is None:
            findings.add(
                1,
                heading,
                f"is to become '{named[heading]}', which is not a column of the template",
                f"Use one of: {', '.join(c.name for c in all_columns())}.",
            )
        return chosen
    found = known.get(plain(words)) or known.get(plain(heading))
    if found is None and plain(words) == "vbq":
        findings.add(1, heading, "does not say on which weighting", "Name it vbq_t1, vbq_t2 or vbq_stir.")
        return None
    if found is None:
        findings.cautions.append(
            Caution(
                "column-kept",
                f"Column '{heading}' is not in the template; it is kept under its own heading, unchecked.",
            )
        )
        return Column(heading, heading, kind="text")
    return found


def _decimal_mark(page: Sheet, places: dict[int, tuple[Column, str, float]], findings: _Findings) -> str:
    texts = [
        str(row[position])
        for position, (target, _, _) in places.items()
        if target.kind == "number"
        for _, row in page.rows
        if position < len(row) and isinstance(row[position], str)
    ]
    commas, points = (
        sum(re.fullmatch(rf"\s*[-+−]?\d*\{mark}\d+\s*", text) is not None for text in texts) for mark in ",."
    )
    if commas and not points:
        findings.cautions.append(
            Caution("decimal-comma", f"{commas} numbers have a decimal comma; 1,25 was read as 1.25.")
        )
        return ","
    return "."


def _read_column(
    cells: list[tuple[int, Any]], target: Column, heading: str, *, factor: float, decimal: str, findings: _Findings
) -> list[Any]:
    values: list[Any] = []
    for number, cell in cells:
        value = read_cell(cell, target, factor=factor, decimal=decimal)
        if isinstance(value, Bad):
            findings.add(number, heading, value.problem, value.remedy)
            value = None
        elif target.kind == "text" and isinstance(value, str):
            identity = identity_in(value, is_code=target.name == "id")
            if identity:
                findings.add(
                    number,
                    heading,
                    f"holds what looks like {identity}",
                    "Replace it by a code; nobody's identity belongs in this table.",
                )
        values.append(value)
    return values


def _typed(
    values: list[Any], places: dict[int, tuple[Column, str, float]], name: str, findings: _Findings
) -> pd.Series[Any]:
    kind = next(target.kind for target, _, _ in places.values() if target.name == name)
    if kind == "number":
        return pd.Series([float("nan") if v is None else v for v in values], dtype="float64")
    if kind == "yes-no":
        return pd.Series([pd.NA if v is None else v for v in values], dtype="boolean")
    if not in_template(name) and any(v is not None for v in values):
        present = [str(v) for v in values if v is not None]
        with_comma = all(re.fullmatch(r"[-+−]?\d*,?\d+", v) for v in present) and any("," in v for v in present)
        plain_values = [
            v.replace(",", ".").replace("−", "-") if with_comma and isinstance(v, str) else v for v in values
        ]
        numbers = pd.to_numeric(pd.Series(plain_values, dtype=object), errors="coerce")
        if int(numbers.notna().sum()) == len(present):
            if with_comma:
                said = f"Column '{name}' has decimal commas; 1,25 was read as 1.25."
                findings.cautions.append(Caution("decimal-comma", said))
            return numbers.astype("float64")
    return pd.Series(values, dtype=object)


def _check_rows(table: pd.DataFrame, page: Sheet, findings: _Findings) -> None:
    numbers = [number for number, _ in page.rows]
    if "id" not in table:
        return
    key = [name for name in ("id", "reader", "scanner") if name in table]
    seen: dict[tuple[Any, ...], int] = {}
    for number, values in zip(numbers, table[key].itertuples(index=False, name=None), strict=True):
        if values[0] is None:
            findings.add(number, "id", "is empty", "Give the patient a code.")
        elif values in seen:
            findings.add(
                number,
                "id",
                f"'{values[0]}' is in row {seen[values]} too, with the same {' and '.join(key[1:]) or 'code'}",
                "Delete one, or tell them apart by reader or scanner.",
            )
        else:
            seen[values] = number
    measured = [
        c.name
        for c in all_columns()
        if c.kind == "number" and c.name not in ("age_years", "bmi_kg_m2") and c.name in table
    ]
    if not measured or (not findings.rows and table[measured].isna().all(axis=None)):
        findings.add(
            None,
            "-",
            "the table has no score and no measurement",
            "Add at least one of: snr, m_score, vbq_t1, t_score, bmd_g_cm2, tbs, qct_mg_cm3, hu.",
        )


def _pooling(table: pd.DataFrame) -> list[Caution]:
    pooled = [name for name in ("snr", "m_score") if name in table and table[name].notna().any()]
    if not pooled:
        return []
    if "scanner" not in table or table["scanner"].isna().any():
        return [
            Caution(
                "scanner-unknown",
                f"{' and '.join(pooled)} depend on the scanner, and not every row names one. Fill in the column 'scanner'.",
            )
        ]
    if len(table["scanner"].unique()) > 1:
        names = ", ".join(map(str, table["scanner"].unique()))
        return [
            Caution(
                "scanners-pooled",
                f"{' and '.join(pooled)} come from several scanners ({names}) and must not be pooled. Look at one scanner at a time.",
            )
        ]
    return []


def _message(source: str, rows: list[dict[str, Any]]) -> str:
    lines = [
        f"  {'headings' if row['row'] == 1 else 'table' if row['row'] is None else 'row ' + str(row['row'])}, {row['column']}: {row['problem']}. {row['remedy']}"
        for row in rows[:SHOWN]
    ]
    more = f"\n  ... and {len(rows) - SHOWN} more: check_cohort(path) lists them all." if len(rows) > SHOWN else ""
    return (
        f"'{source}' has {len(rows)} problem{'s' if len(rows) != 1 else ''}; correct them in the file and read it again:\n"
        + "\n".join(lines)
        + more
    )
