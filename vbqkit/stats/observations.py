"""What goes in: columns of numbers or labels, with what is missing counted, and options with a legal range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vbqkit.errors import TableError

FloatArray = NDArray[np.float64]
#: Larger values, and values other than 0 below its inverse, are mistakes.
LARGEST_VALUE = 1e60
ColumnLike = Any  #: a sequence, array or Series of scalars; with ``data=``, the name of one of its columns


@dataclass(frozen=True, slots=True)
class Observations:
    """Columns of equal length in which nothing is missing any more, and how many rows that cost.

    Attributes
    ----------
    columns : mapping of str to array
        The complete rows, by column name.
    n : int
        Rows kept.
    n_missing : int
        Rows left out because at least one value in them is missing.
    kept : array of bool
        Which of the rows that were given are kept.
    """

    columns: Mapping[str, NDArray[Any]]
    n: int
    n_missing: int
    kept: NDArray[np.bool_]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    @property
    def note(self) -> str:
        """What is said in the result about the rows left out; empty when there are none."""
        if not self.n_missing:
            return ""
        return f"{self.n_missing} of {self.n + self.n_missing} rows left out: a value is missing"


def column(values: ColumnLike, name: str, data: pd.DataFrame | None) -> Any:
    """The column itself: `values`, or the column of `data` that `values` names.

    Raises
    ------
    TableError
        The table has no such column, or a column and a table do not go together.
    """
    if data is None:
        if isinstance(values, str):
            raise TableError(
                f"{name} is the text {values!r}, but no table was given. Pass the numbers, or pass data=table too."
            )
        return values
    if not isinstance(data, pd.DataFrame):
        raise TableError(
            f"data is a {type(data).__name__}; a pandas DataFrame was expected. Convert it with pandas.DataFrame(...)."
        )
    if not isinstance(values, str):
        raise TableError(
            f"{name} is a {type(values).__name__}, but data was given. With data=, say {name} as the name of a column."
        )
    if values not in data.columns:
        have = ", ".join(map(str, data.columns)) or "none"
        raise TableError(f"{name}: the table has no column {values!r}. Its columns are: {have}. Name one of them.")
    return data[values]


def numbers(values: Any, name: str) -> FloatArray:
    """One column as floats, a missing value as nan.

    Raises
    ------
    TableError
        A value is not a number or is infinite, or the values are not one column.
    """
    if isinstance(values, np.ma.MaskedArray):
        values = _unmasked(values)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        array = values.astype(np.float64, copy=False)
    elif isinstance(values, np.ndarray) and values.dtype.kind in "iub":
        array = values.astype(np.float64)
    else:
        array = _from_objects(values, name)
    if array.ndim != 1:
        raise TableError(
            f"{name} has shape {array.shape}; one column of numbers was expected. Pass one column at a time."
        )
    # A sum is finite only if every value is; nan and overflow both lead to the slower, exact look.
    if not np.isfinite(array.sum()) and np.isinf(array).any():
        where = int(np.flatnonzero(np.isinf(array))[0])
        raise TableError(
            f"{name} is infinite in row {where}. Correct the value, or leave it empty so that it counts as missing."
        )
    _check_size(array, name)
    return array


def _check_size(array: FloatArray, name: str) -> None:
    """Refuse values whose fourth power, which variances of variances need, is not a number any more."""
    size = np.abs(array)
    strange = (size > LARGEST_VALUE) | ((size < 1 / LARGEST_VALUE) & (size > 0))
    if strange.any():
        where = int(np.flatnonzero(strange)[0])
        raise TableError(
            f"{name} is {array[where]:g} in row {where}; no measurement has that size. Correct the value or its unit."
        )


def _from_objects(values: Any, name: str) -> FloatArray:
    series = (
        pd.Series(np.asarray(values, dtype=object).ravel())
        if _has_shape(values)
        else pd.Series(list(values), dtype=object)
    )
    if _has_shape(values) and np.ndim(values) != 1:
        raise TableError(
            f"{name} has shape {np.shape(values)}; one column of numbers was expected. Pass one column at a time."
        )
    missing = _absent(series)
    array = np.full(len(series), np.nan)
    for row, value in enumerate(series):
        if missing[row]:
            continue
        if isinstance(value, (bool, np.bool_, int, float, np.number)):
            array[row] = float(value)
        else:
            raise TableError(
                f"{name} holds {value!r} in row {row}; a number was expected. Correct it, or leave it empty so that it counts as missing."
            )
    return array


NOT_MEASURED = frozenset({"", "-", "–", "—", ".", "?", "na", "n/a", "n.a.", "nan", "nd", "none", "null", "missing"})
"""Texts that mean: no value."""


def _unmasked(values: Any) -> NDArray[Any]:
    """The values of a masked array, None where they are masked: what lies under a mask is not a value."""
    plain = np.ma.getdata(values).astype(object)
    plain[np.ma.getmaskarray(values)] = None
    return np.asarray(plain)


def _absent(values: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which values are missing: None, nan, NaT, a masked value, or a text that says so."""
    return np.fromiter(
        (
            value is np.ma.masked or (isinstance(value, str) and value.strip().casefold() in NOT_MEASURED) or gone
            for value, gone in zip(values, values.isna(), strict=True)
        ),
        dtype=bool,
        count=len(values),
    )


def _has_shape(values: Any) -> bool:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TableError(
            f"{values!r} is one value; a column of values was expected. Pass a list, an array or a Series."
        )
    return hasattr(values, "shape")


def labels(values: Any, name: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """One column of labels, and which of them are missing (None, nan, a masked value, an empty text).

    Labels are compared as values: blanks around a text do not count, and where numbers stand among texts that read as
    numbers, 1, 1.0 and "1" are one label.

    Raises
    ------
    TableError
        The values are not one column.
    """
    _has_shape(values)
    if np.ndim(values) > 1:
        raise TableError(
            f"{name} has shape {np.shape(values)}; one column of labels was expected. Pass one column at a time."
        )
    if isinstance(values, np.ma.MaskedArray):
        values = _unmasked(values)
    array = np.asarray(values)
    if array.dtype.kind in "biu":
        return array, np.zeros(array.size, dtype=bool)
    if array.dtype.kind == "f":
        return array, np.isnan(array)
    kept = [None if value is np.ma.masked else value.strip() if isinstance(value, str) else value for value in values]
    array = np.array(pd.Series(kept, dtype=object))
    missing = np.asarray(pd.isna(array)) | np.fromiter((v == "" for v in array), dtype=bool, count=len(array))
    present = array[~missing]
    array[~missing] = same_type([present])[0]
    return array, missing


def same_type(columns: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Columns of labels with one type for all: where some are numbers, texts that read as numbers become numbers, too.

    Examples
    --------
    >>> same_type([np.array([0, 1]), np.array(["1", "0"], dtype=object)])[1].tolist()
    [1.0, 0.0]
    """
    kinds = {isinstance(value, str) for column in columns for value in column.tolist()}
    if len(kinds) < 2:
        return list(columns)
    return [np.array([_as_number(value) for value in column.tolist()], dtype=object) for column in columns]


def _as_number(value: Any) -> Any:
    """A text that reads as a number, as that number; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return number if np.isfinite(number) else value


def observations(
    data: pd.DataFrame | None = None,
    *,
    numeric: Mapping[str, ColumnLike] | None = None,
    categorical: Mapping[str, ColumnLike] | None = None,
) -> Observations:
    """The rows in which every column has a value.

    Parameters
    ----------
    data : DataFrame, optional
        When given, every column is the name of one of its columns.
    numeric, categorical : mapping of str to column
        Columns of numbers and columns of labels, by the name that messages use for them.

    Raises
    ------
    TableError
        The columns differ in length or row labels, one is not what it should be, or no complete row is left.
    """
    raw = {name: column(values, name, data) for name, values in {**(numeric or {}), **(categorical or {})}.items()}
    check_aligned(raw)
    columns: dict[str, NDArray[Any]] = {}
    missing: NDArray[np.bool_] | None = None
    for name, values in raw.items():
        if name in (numeric or {}):
            columns[name] = numbers(values, name)
            absent = np.isnan(columns[name])
        else:
            columns[name], absent = labels(values, name)
        if missing is not None and missing.size != absent.size:
            sizes = ", ".join(f"{key} {np.size(value)}" for key, value in raw.items())
            raise TableError(f"The columns have different lengths: {sizes}. Pass one value per row in each of them.")
        missing = absent if missing is None else missing | absent
    missing = np.zeros(0, dtype=bool) if missing is None else missing
    n_missing = int(np.count_nonzero(missing))
    if n_missing == missing.size:
        said = f"all {n_missing} rows have a missing value" if n_missing else "there are no rows"
        raise TableError(
            f"Nothing to compute from: {said} in {', '.join(raw)}. Check that these are the columns you mean."
        )
    kept = ~missing
    if n_missing:
        columns = {name: values[kept] for name, values in columns.items()}
    return Observations(columns, int(missing.size - n_missing), n_missing, kept)


def check_aligned(raw: Mapping[str, Any]) -> None:
    """Refuse Series whose row labels differ: pairing them by position would be a silent guess.

    Raises
    ------
    TableError
        Two Series have different row labels.
    """
    first: tuple[str, pd.Series[Any]] | None = None
    for name, values in raw.items():
        if not isinstance(values, pd.Series):
            continue
        if first is None:
            first = (name, values)
        elif len(values) == len(first[1]) and not values.index.equals(first[1].index):
            raise TableError(
                f"{first[0]} and {name} are Series with different row labels, so which value belongs to which is not known. "
                "Take both from one table, or pass .to_numpy() of each if their order is the same."
            )


def case_labels(
    values: NDArray[Any], *, case: Any = None, name: str = "outcome", keyword: str = "case"
) -> NDArray[np.bool_]:
    """Which rows are cases: those labelled `case`, or True (1) where the labels are True and False (1 and 0).

    `keyword` is what the caller's own keyword is called, for the messages.

    Raises
    ------
    TableError
        There is one class only, or more than two, or the labels do not say by themselves which of them are the cases.
    """
    kinds = pd.unique(values) if values.dtype == object else np.unique(values)
    shown = ", ".join(repr(k.item() if isinstance(k, np.generic) else k) for k in list(kinds)[:6])
    if case is None and not all(isinstance(k, (bool, np.bool_, int, float, np.number)) and k in {0, 1} for k in kinds):
        raise TableError(
            f"{name} holds {shown}; which of them is meant is not known. Say it with {keyword}=..., or pass True and False."
        )
    if case is not None and case not in list(kinds):
        raise TableError(f"{name} holds {shown}; none of them is {keyword}={case!r}. Say one of them as {keyword}=....")
    if len(kinds) > 2:
        raise TableError(
            f"{name} has {len(kinds)} classes ({shown}); two were expected. "
            "Keep two, or make a column of True and False."
        )
    is_case = np.asarray(values == (1 if case is None else case), dtype=bool)
    if len(kinds) < 2:
        raise TableError(f"{name} has one class only ({shown}), so nothing can be told apart. Pass both classes.")
    return is_case


def check_confidence(confidence: float) -> float:
    """`confidence` as a float between 0 and 1.

    Raises
    ------
    TableError
        It does not lie between 0 and 1.
    """
    return scalar(confidence, "confidence", above=0, below=1, hint="Say 0.95 for 95 %.")


def scalar(
    value: Any,
    name: str,
    *,
    above: float | None = None,
    below: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    hint: str = "Correct it.",
) -> float:
    """One finite number in its legal range.

    Raises
    ------
    TableError
        It is not a finite number, or lies outside its range.
    """
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool) or not np.isfinite(float(value)):
        raise TableError(f"{name} is {value!r}; a finite number was expected. {hint}")
    number = float(value)
    for broken, words in (
        (above is not None and number <= above, f"above {above}"),
        (below is not None and number >= below, f"below {below}"),
        (at_least is not None and number < at_least, f"at least {at_least}"),
        (at_most is not None and number > at_most, f"at most {at_most}"),
    ):
        if broken:
            raise TableError(f"{name} is {number:g}; a number {words} was expected. {hint}")
    return number


def count(value: Any, name: str, *, at_least: int = 1, at_most: int | None = None) -> int:
    """One whole number in its legal range.

    Raises
    ------
    TableError
        It is not a whole number, or lies outside its range.
    """
    number = scalar(value, name, at_least=at_least, at_most=at_most)
    if number != int(number):
        raise TableError(
            f"{name} is {number:g}; a whole number was expected. Pass a count, not a percentage or a mean."
        )
    return int(number)


def group_sizes(n_case: Any, n_control: Any, *, at_least: int = 1) -> tuple[int, int] | None:
    """Sizes of cases and of controls, if both are given; None: no interval can be said.

    Raises
    ------
    TableError
        One of them is not a count.
    """
    if n_case is None or n_control is None:
        return None
    return count(n_case, "n_case", at_least=at_least), count(n_control, "n_control", at_least=at_least)


def choice(value: Any, name: str, options: Iterable[str]) -> str:
    """One of the named options.

    Raises
    ------
    TableError
        It is none of them.
    """
    legal = tuple(options)
    if value not in legal:
        raise TableError(
            f"{name} is {value!r}; one of {', '.join(map(repr, legal))} was expected. Say which one you mean."
        )
    return str(value)
