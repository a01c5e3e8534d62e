"""The inventory holds every number of the five papers, and nothing that they do not print."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.literature.make_paper_tokens import NUMBER, PAPERS, paper_text, tokens_of
from tests.literature.paper_tokens import NAMES, lines, paper_tokens, quantities
from vbqkit.errors import TableError
from vbqkit.literature.printed import Range, over, paper_numbers, printed_numbers, printed_range

TEXTS = Path(__file__).parents[3] / "shared" / "papers"


@pytest.mark.parametrize("source", PAPERS)
def test_the_stored_tokens_are_those_of_the_text_where_the_text_is_at_hand(source):
    if not list(TEXTS.glob(f"{source}_*.txt")):
        pytest.skip("the papers are not part of the project: their stored tokens were not compared with the text")
    assert paper_tokens(source) == tokens_of(paper_text(TEXTS, source), source)


def digits_of_the_inventory(source: str) -> Counter[str]:
    table = printed_numbers()
    return Counter(
        token.replace(",", ".").replace(" ", "")
        for text in table.loc[table["source"] == NAMES[source], "printed"]
        for token in NUMBER.findall(text)
    )


@pytest.mark.parametrize("source", PAPERS)
def test_every_quantity_in_the_text_is_in_the_inventory_as_often_as_it_is_printed(source):
    assert quantities(source) - digits_of_the_inventory(source) == Counter()


@pytest.mark.parametrize("source", PAPERS)
def test_nothing_is_in_the_inventory_that_the_text_does_not_print_as_often(source):
    assert digits_of_the_inventory(source) - quantities(source) == Counter()


@pytest.mark.parametrize("source", PAPERS)
def test_every_minus_sign_of_the_text_is_in_the_inventory_and_the_other_way_round(source):
    table = printed_numbers()
    own = table.loc[table["source"] == NAMES[source], "printed"].str.strip()
    below_zero = Counter(text.lstrip("-−").replace(",", ".") for text in own if text.startswith(("-", "−")))
    printed = [token for token in paper_tokens(source) if token.kind == "quantity" and token.sign]
    assert below_zero == Counter(token.token.replace(",", ".") for token in printed)


def test_the_count_of_quantities_notices_one_that_is_missing_or_added():
    text = quantities("003")
    assert text - (digits_of_the_inventory("003") - Counter({"0.484": 1})) == Counter({"0.484": 1})
    assert (digits_of_the_inventory("003") + Counter({"0.485": 1})) - text == Counter({"0.485": 1})


def row_of(source: str, key: str) -> str | None:
    """The table row that a number stands in: its key without the column."""
    table, _, rest = key.partition(".")
    if not re.fullmatch(r"tab(le)?\d", table) or "." not in rest or key.endswith((".n", ".level")):
        return None
    parts = key.split(".")
    depth = {("001", "table1"): 3, ("001", "table4"): 3, ("004", "table5"): 3}.get((source, table), 2)
    return ".".join(parts[:depth]) if len(parts) > depth else None


def rows_not_on_one_line(source: str, numbers: list[tuple[str, str]]) -> list[str]:
    """Table rows of the inventory whose numbers do not stand side by side, in this order, on a line of the paper."""
    printed_lines = [" ".join(token.token for token in line).replace(",", ".") for line in lines(source)]
    rows: dict[str, list[str]] = {}
    for key, printed in numbers:
        row = row_of(source, key)
        if row is not None:
            rows.setdefault(row, []).append(NUMBER.findall(printed)[0].replace(",", "."))
    return [
        row for row, found in rows.items() if not any(f" {' '.join(found)} " in f" {line} " for line in printed_lines)
    ]


@pytest.mark.parametrize(("source", "at_least"), [("000", 12), ("001", 40), ("004", 30)])
def test_numbers_of_a_table_row_stand_side_by_side_in_the_paper(source, at_least):
    table = printed_numbers()
    own = table[table["source"] == NAMES[source]]
    numbers = list(zip(own["key"], own["printed"], strict=True))
    assert len({row for key, _ in numbers if (row := row_of(source, key))}) >= at_least
    assert rows_not_on_one_line(source, numbers) == []


def test_two_exchanged_numbers_of_a_row_are_noticed():
    numbers = [
        ("table2.t2.auc", "0.62"),
        ("table2.t2.low", "0.70"),
        ("table2.t2.high", "0.78"),
        ("table2.t2.p", "<0.001"),
    ]
    assert rows_not_on_one_line("001", numbers) == ["table2.t2"]


def test_every_printed_number_can_be_read_and_its_key_names_one_number_only():
    table = printed_numbers()
    assert not table.duplicated(["source", "key"]).any()
    for source in PAPERS:
        for number in paper_numbers(NAMES[source]).values():
            assert number.range.low <= number.range.value <= number.range.high


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("0.60", 0.595, 0.605),
        ("1,193", 1.1925, 1.1935),
        ("-2,5", -2.55, -2.45),
        ("2.6%", 2.55, 2.65),
        ("<0.001", 0.0, 0.001),
        ("-3", -3.5, -2.5),
    ],
)
def test_a_printed_number_stands_for_all_that_rounds_to_it(printed, low, high):
    found = printed_range(printed)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


def test_a_count_stands_for_itself_and_words_and_thousands_are_read():
    assert printed_range("84", exact=True) == Range(84.0, 84.0, 84.0)
    assert printed_range("Five", exact=True).value == 5
    assert printed_range("2 500", exact=True).value == 2500


def test_dropped_zeros_are_put_back_where_the_column_shows_them():
    assert printed_range("0,72", decimals=3).high == pytest.approx(0.7205)
    assert paper_numbers(NAMES["000"])["tab2.3.bmd"].range.high == pytest.approx(0.7205)


def test_a_text_that_is_no_number_is_refused():
    with pytest.raises(
        TableError, match=r"'about 3' is not a printed number; digits such as .* were expected\. Correct"
    ):
        printed_range("about 3")


def test_limits_of_a_function_are_those_of_the_corners():
    found = over(lambda a, b: a - b, printed_range("4.4"), printed_range("4.1"))
    assert (found.low, found.value, found.high) == pytest.approx((0.2, 0.3, 0.4))
    assert found.meets(Range.of(0.2))
    assert not found.meets(Range.of(0.19))
