"""One row of the ledger: a printed number, its recomputation, and the verdict on it, whose meaning can be checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vbqkit.errors import TableError
from vbqkit.literature.printed import EXACT, PrintedNumber, Range, paper_numbers

Outcome = Literal["agrees within rounding", "agrees within what the summary allows", "disagrees"]

ROUNDING: Outcome = "agrees within rounding"
"""Some values that round to the printed inputs give a value that rounds to the printed result."""

SUMMARY: Outcome = "agrees within what the summary allows"
"""The inputs do not fix the result; it lies among those that they leave open.

Where bounds are known (order statistics, whole counts, a straight line) the open set is exact. Where a mean and an SD
are all that is printed, it is what 95 % of samples with exactly these give, whether normal, skewed or heavy-tailed.
"""

DISAGREES: Outcome = "disagrees"
"""No values that round to the printed inputs give it, or it lies outside what the summary leaves open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One row of the ledger.

    Attributes
    ----------
    source : str
        Name of the paper, such as ``"Chen 2023"``.
    item : str
        What and where.
    printed, recomputed : str
        The printed value, and the recomputed one with the limits that the rounding of its inputs leaves.
    method : str
        How it was recomputed.
    verdict : str
        One of three.
    note : str
        For a disagreement, one line on what is behind it.
    numbers : tuple of str
        Keys of the printed numbers that this row recomputes.
    inputs : tuple of str
        Keys of the printed numbers that it recomputes them from.
    """

    source: str
    item: str
    printed: str
    recomputed: str
    method: str
    verdict: Outcome
    note: str
    numbers: tuple[str, ...]
    inputs: tuple[str, ...]

    @property
    def repeats(self) -> bool:
        """Whether the row only compares a number with another place that prints it, and computes nothing."""
        return self.method.startswith("repeats ")


class Ledger:
    """The rows about one paper, as they are worked out.

    Parameters
    ----------
    source : str
        Name of the paper, such as ``"Chen 2023"``.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.numbers = paper_numbers(source)
        self.rows: list[LedgerRow] = []

    def number(self, key: str) -> PrintedNumber:
        """A printed number by its key.

        Raises
        ------
        TableError
            The inventory has no such number.
        """
        if key not in self.numbers:
            raise TableError(
                f"Paper {self.source} has no printed number {key!r} in the inventory; a key of printed_numbers() was expected. Add the number or correct the key."
            )
        return self.numbers[key]

    def __getitem__(self, key: str) -> Range:
        return self.number(key).range

    def value(self, key: str) -> float:
        """The printed value itself."""
        return self.number(key).range.value

    def check(
        self,
        key: str,
        recomputed: Range,
        method: str,
        inputs: Iterable[str],
        *,
        exact: bool = True,
        text: str = "",
        decimals: int = 3,
        note: str = "",
        if_not: str = "",
    ) -> LedgerRow:
        """Add the row that confronts one printed number with its recomputation.

        Parameters
        ----------
        key : str
            The printed number.
        recomputed : Range
            The recomputed value and its limits.
        method : str
            How.
        inputs : iterable of str
            Keys of the printed numbers that went in.
        exact : bool
            The inputs fix the result up to rounding; False where they leave more open than rounding does.
        text : str
            How to show the recomputed value; by default its digits and limits.
        decimals : int
            Of that text.
        note : str
            How to read the row.
        if_not : str
            What is behind it if the two disagree; shown only then, instead of `note`.

        Returns
        -------
        LedgerRow
        """
        number = self.number(key)
        agrees = number.range.meets(recomputed)
        return self.add(
            f"{number.place}: {number.item}",
            number.printed,
            text or recomputed.text(0 if number.statistic in EXACT else decimals),
            method,
            (ROUNDING if exact else SUMMARY) if agrees else DISAGREES,
            numbers=(key,),
            inputs=inputs,
            note=note if agrees else (if_not or note),
        )

    def claim(
        self,
        item: str,
        printed: str,
        recomputed: str,
        method: str,
        *,
        holds: bool,
        exact: bool = True,
        numbers: Iterable[str] = (),
        inputs: Iterable[str] = (),
        note: str = "",
    ) -> LedgerRow:
        """Add a row about something said in words, or about several numbers at once."""
        verdict = (ROUNDING if exact else SUMMARY) if holds else DISAGREES
        return self.add(item, printed, recomputed, method, verdict, numbers=numbers, inputs=inputs, note=note)

    def same(self, key: str, original: str, *, note: str = "") -> LedgerRow:
        """Add the row that confronts a repeated number with the place it repeats."""
        first = self.number(original)
        return self.check(key, first.range, f"repeats {first.place}", (original,), text=first.printed, note=note)

    def add(
        self,
        item: str,
        printed: str,
        recomputed: str,
        method: str,
        verdict: Outcome,
        *,
        numbers: Iterable[str],
        inputs: Iterable[str],
        note: str,
    ) -> LedgerRow:
        """Add a row whose verdict is already known; a disagreement must say what is behind it.

        Raises
        ------
        TableError
            A key is not in the inventory, or a disagreement has no note.
        """
        keys, used = tuple(numbers), tuple(inputs)
        for key in keys + used:
            self.number(key)
        if verdict == DISAGREES and not note:
            raise TableError(
                f"The ledger row {item!r} of paper {self.source} disagrees ({printed} printed, {recomputed} recomputed) and does not say why; one line was expected. Add its note."
            )
        self.rows.append(
            LedgerRow(
                source=self.source,
                item=item,
                printed=printed,
                recomputed=recomputed,
                method=method,
                verdict=verdict,
                note=note,
                numbers=keys,
                inputs=used,
            )
        )
        return self.rows[-1]
