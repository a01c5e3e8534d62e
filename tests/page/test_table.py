"""Tables and notes of the lessons."""

import html
import re

import pandas as pd

from vbqkit.html_table import notes_html, table_html


def cells(page):
    return [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", page)]


def test_a_table_of_a_lesson_has_words_for_what_is_missing_and_never_cuts_a_sentence():
    long = "no count out of 19 gives it, but 11 of the 21 with osteopenia does: the labels are exchanged " * 2
    page = table_html(
        pd.DataFrame({"r": [-0.5704, float("nan")], "p": [2.7e-27, 0.633], "ok": [True, False], "note": [long, None]})
    )
    assert cells(page) == ["r", "p", "ok", "note", "−0.57", "< 0.001", "yes", long, "–", "0.63", "no", "–"]


def test_a_table_of_a_mapping_has_one_row_an_item_and_its_own_head():
    page = table_html({"good": [3.8, 3.82], "<bad>": [3.6, 3.37]}, head=("ROIs", "median", "mean"), digits=1)
    assert cells(page) == ["ROIs", "median", "mean", "good", "3.8", "3.8", "<bad>", "3.6", "3.4"]
    assert page.count("text-align:right") == 6


def test_a_column_has_no_more_decimals_than_it_needs():
    page = table_html({"a": [61.0, 4.285], "b": [58.0, 2.6]}, head=("", "age", "cut-off"), digits=3)
    assert cells(page)[3:] == ["a", "61", "4.285", "b", "58", "2.600"]


def test_notes_are_escaped_one_a_line():
    assert notes_html(["a < b", 3]).count("<li>") == 2


def test_only_a_long_word_may_be_broken_and_no_number():
    page = table_html({"VBQ": [2.8000000000000003, "10.3969/j.issn.1672-5131.2025.05.049"]}, head=("", "value", "doi"))
    assert page.count("overflow-wrap") == 1


def test_what_rounds_to_zero_has_no_sign():
    assert ">0<" in table_html({"bandwidth": -0.3}, digits=0)
    assert ">−0.3<" in table_html({"bandwidth": -0.3}, digits=2)
