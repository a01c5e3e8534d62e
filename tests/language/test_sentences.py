"""What the core says is found again by its template: in the studio nothing of it is left in English."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.language.words_read import english_in
from tests.studio.spine import placed, spine
from vbqkit.language import LANGUAGES, catalogues, said, set_language
from vbqkit.language.spoken import SPOKEN, spoken_of
from vbqkit.scores import ReferenceGroup
from vbqkit.studio import RoiStudio
from vbqkit.studio.messages import Message
from vbqkit.studio.views import MARROW_WINDOW, open_views

OTHERS = [code for code in LANGUAGES if code != "en"]


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
        yield from (str(row["note"]), *map(str, row.get("doubts", ())), *row["about"], *row.get("shares", ()))
        yield row.get("verdict") or ""
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
    assert len(english_in(set(told_by(bad_studio())), code)) > 4
    set_language(code)
    left = english_in(set(told_by(bad_studio())), code)
    assert not left, "\n".join(sorted(left))


def processed_studio():
    """A picture of which the header says what was done to it, with intervals and a cut-off: what the studio says."""
    volume = spine()
    acquisition = replace(
        volume.acquisition,
        image_type=("ORIGINAL", "PRIMARY", "M", "NORM", "FIL"),
        parallel_technique="GRAPPA",
        parallel_factor=2.0,
        scan_options=("FILTERED_GEMS",),
        matrix=(512, 512),
        acquired_matrix=(256, 256),
    )
    reference = ReferenceGroup(mean=60.0, sd=8.0, n=20, scanner="G1")
    given = {
        "reference": reference,
        "cutoffs": {"VBQ-T1": (2.9, "high")},
        "excluded": {"L2": "L2"},
        "rule": "leave out",
    }
    studio = RoiStudio(replace(volume, acquisition=acquisition), rois=placed(volume, noise=True), **given)
    studio._check()
    assert studio.intervals
    return studio


@pytest.mark.parametrize("code", OTHERS)
def test_the_studio_says_nothing_in_english_of_what_was_done_to_the_picture_and_of_intervals(code):
    said_in_english = set(told_by(processed_studio()))
    for begun in ("The coil's brightness", "The series was accelerated", "The picture was filtered", "Marrow"):
        assert any(text.startswith(begun) for text in said_in_english), begun
    assert any(re.match("95 % interval", text) for text in said_in_english)
    set_language(code)
    left = english_in(set(told_by(processed_studio())), code)
    assert not left, "\n".join(sorted(left))


@pytest.mark.parametrize("code", OTHERS)
def test_every_window_preset_has_a_name_of_its_own_in_the_language(code):
    words = catalogues.catalogue(code, "core")
    names = ["Bone", "Soft tissue", "Auto", "Full range", "Bright tissue", "Background (noise, ghosts)", MARROW_WINDOW]
    assert not [name for name in names if name not in words]
    shown = {code: view["presets"] for code, view in ((c, in_language(c)) for c in ("en", code))}
    assert [preset[1:] for preset in shown["en"]] == [preset[1:] for preset in shown[code]]
    same = {a[0] for a, b in zip(shown["en"], shown[code], strict=True) if a[0] == b[0]}
    assert same <= {"Auto"}


def in_language(code):
    """The state of a view that is sent to the browser, in a language."""
    set_language(code)
    return open_views(spine())[0][0].for_browser()


@pytest.mark.parametrize("code", ["de", "sk"])
def test_numbers_in_a_translation_have_the_decimal_sign_of_the_language(code):
    point = re.compile(r"(?<![\w.,:/(])\d+\.\d+(?![\w./])")
    held = [text for name in ("core", "course", "studio") for text in catalogues.catalogue(code, name).values()]
    assert not [text for text in held if point.search(text)]
    assert point.search("Košice-Gruppe 2025: 0.40 cm2")
    assert not point.search("doi 10.1016/j.spinee.2019.10.018; seit 2025.")


def test_a_doi_keeps_its_points():
    set_language("de")
    assert said("0.318 in doi 10.1016/j.spinee.2019.10.018") == "0,318 in doi 10.1016/j.spinee.2019.10.018"


def test_parts_of_a_sentence_and_a_sentence_without_its_stop_are_translated():
    set_language("zh_CN")
    assert said("spin echo with TR 550 ms and TE 11 ms; its description hints at T2") == (
        "自旋回波，TR 550 ms，TE 11 ms；其描述提示为 T2"
    )
    assert said("no ROI 'noise' on the T1 series. Place it").endswith("请放置")


def test_a_message_reaches_the_page_in_the_language_and_its_own_text_stays_english():
    set_language("de")
    message = Message("Every pixel has the value 3: the image is constant, so there is nothing to place a ROI on.")
    assert message.for_browser()["text"].startswith("Jedes Pixel hat den Wert 3")
    assert message.text.startswith("Every pixel")


@pytest.mark.parametrize("code", OTHERS)
def test_the_table_can_cut_the_origin_of_a_roi_to_one_word(code):
    set_language(code)
    word, _, rest = said("corrected: moved 1.3 mm, renamed from L1").partition(":")
    assert 0 < len(word) < 12
    assert "L1" in rest
    assert not english_in({word, rest}, code)
