"""What the core says is found again by its template: in the studio nothing of it is left in English."""

from __future__ import annotations

import re

import pytest

from tests.studio.spine import placed, spine
from vbqkit.language import LANGUAGES, catalogues, said, set_language
from vbqkit.language.spoken import SPOKEN, spoken_of
from vbqkit.studio import RoiStudio
from vbqkit.studio.messages import Message

OTHERS = [code for code in LANGUAGES if code != "en"]
ENGLISH = re.compile(r"\b(the|is|are|of|and|with|may|move|its|on|no)\b", re.IGNORECASE)
"""Words that German, Slovak and Chinese do not have."""


@pytest.fixture(autouse=True)
def english_again(monkeypatch):
    monkeypatch.delenv("VBQKIT_LANGUAGE", raising=False)
    yield
    set_language(None)


def test_values_are_put_into_the_translation_with_the_decimal_sign_of_the_language():
    set_language("de")
    text = "L2 covers 0.05 cm2, more than a whole vertebral body on the mid-sagittal slice (up to 12 cm2): cortex, discs or fat are in it. Make it smaller (Košice group 2025: 0.40 cm2)."
    assert said(text).startswith("L2 bedeckt 0,05 cm2, mehr als ein ganzer Wirbelkörper")


def test_a_sentence_in_a_sentence_and_one_after_another_are_translated():
    set_language("de")
    assert said("This series cannot be scored: CT, not MR: the scores are defined on MR signal") == (
        "Diese Serie kann nicht bewertet werden: CT, keine MR: Die Scores sind auf MR-Signal definiert"
    )
    assert said("no ROI 'CSF' on the T1 series. Place it. Use VBQ.") == (
        "Keine ROI 'CSF' auf der T1-Serie. Platzieren Sie sie. Nehmen Sie VBQ."
    )


def test_what_no_template_fits_stays_as_it_is_and_english_is_never_touched():
    text = "A sentence that nobody has written, 2 of them."
    assert said(text) == text
    set_language("sk")
    assert said(text) == text


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("name", SPOKEN)
def test_every_sentence_of_the_core_finds_its_translation_with_values_in_it(code, name):
    set_language(code)
    words = catalogues.catalogue(code, "core")
    for text in spoken_of(name):
        assert text in words
        english = re.sub(r"\{(\w+)\}", r"V\1", text)
        assert said(english) == re.sub(r"\{(\w+)\}", r"V\1", words[text]), text


def told_by(studio):
    """All words that the studio sends to the page about its image, ROIs and scores."""
    measured = studio._as_told()
    for row in measured["scores"]:
        yield from [str(row["note"]), *map(str, row.get("doubts", ())), *(a for a in row["about"] if "ource:" not in a)]
    for checks in measured["places"] or ():
        yield from (check["text"] for check in checks)
    for view in studio._views:
        yield from (name for name, *_ in view["presets"])
        yield from view["corner"]
    yield from (message["text"] for message in studio._messages)
    yield measured["why_none"]


def bad_studio():
    """ROIs of four pixels, one on another, CSF on bone: what the studio says of them."""
    volume = spine()
    rois = list(placed(volume))
    moved = [roi.moved((0, 0, -12.0)) if roi.label in {"L2", "CSF"} else roi for roi in rois if roi.label != "noise"]
    studio = RoiStudio(volume, rois=moved)
    studio._check()
    return studio


@pytest.mark.parametrize("code", OTHERS)
def test_the_studio_says_nothing_in_english_of_badly_placed_rois(code):
    english = [text for text in told_by(bad_studio()) if ENGLISH.search(text)]
    assert len(english) > 4
    set_language(code)
    left = [text for text in told_by(bad_studio()) if ENGLISH.search(text)]
    assert not left, left


def test_a_message_reaches_the_page_in_the_language_and_its_own_text_stays_english():
    set_language("de")
    message = Message("Every pixel has the value 3: the image is constant, so there is nothing to place a ROI on.")
    assert message.for_browser()["text"].startswith("Jedes Pixel hat den Wert 3")
    assert message.text.startswith("Every pixel")
