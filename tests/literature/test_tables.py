"""The published tables say what the papers print."""

import math

import pytest

from tests.literature.make_paper_tokens import word_hash
from tests.literature.paper_tokens import lines
from vbqkit.literature import kosice_levels, kosice_patients, kosice_reference
from vbqkit.roi.labels import SCORED_LEVELS


def printed_rows(*, after: str = "") -> list[list[float]]:
    """The numbers of each line of the Košice paper with several, and their signs; or only where they follow a word."""
    return [
        [float(f"{token.sign}{token.token.replace(',', '.')}") for token in line if token.token.count(".") < 2]
        for line in lines("000")
        if not after or word_hash(after) in {token.before for token in line}
    ]


def is_printed(row: list[float], rows: list[list[float]]) -> bool:
    """Whether the numbers of a row stand side by side on a line."""
    return any(line[i : i + len(row)] == row for line in rows for i in range(len(line)))


def test_patients_table_is_what_paper_000_prints_line_by_line():
    rows = printed_rows()
    table = kosice_patients()
    assert len(table) == 5
    for row in table.itertuples(index=False):
        assert is_printed([float(v) for v in row], rows)


def test_levels_table_is_what_paper_000_prints_line_by_line():
    rows = printed_rows()
    for row in kosice_levels().itertuples(index=False):
        assert is_printed([float(v) for v in row], rows)
    reference = kosice_reference()[list(SCORED_LEVELS)].iloc[0].tolist()
    assert is_printed(reference, printed_rows(after="ref"))


@pytest.mark.parametrize("column", range(1, 8))
def test_one_wrong_digit_or_sign_in_the_patients_table_is_noticed(column):
    rows = printed_rows()
    for row in kosice_patients().to_numpy().tolist():
        exponent = math.floor(math.log10(abs(row[column])))
        for wrong in (-row[column], row[column] + 10.0 ** (exponent - 1)):
            assert not is_printed([*row[:column], wrong, *row[column + 1 :]], rows)


def test_level_averages_of_paper_000_are_the_printed_ones():
    assert kosice_levels()[list(SCORED_LEVELS)].mean().round(1).tolist() == [65.5, 72.1, 76.6, 72.8]
