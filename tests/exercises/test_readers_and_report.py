import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.exercises.hand_made_body import box, good_box
from vbqkit.anatomy.tissues import TISSUE_NAMES
from vbqkit.errors import FormatError, ScoreError, VbqkitError
from vbqkit.exercises import check_consequence, check_placements, faults, placement
from vbqkit.exercises.progress import told_time
from vbqkit.exercises.readers import (
    REFERENCE,
    agreement_table,
    known_case,
    read_class,
    reading_row,
    virtual_reader,
    worst_placed,
)
from vbqkit.exercises.report_card import (
    ADVICE,
    CaseResult,
    repeatability_percent,
    report_card_html,
    save_report_card,
    what_to_practise,
)
from vbqkit.exercises.truth import reader_word
from vbqkit.formats.rois import write_rois
from vbqkit.teacher import reference_rois, truth_of


@pytest.fixture(scope="module")
def case():
    return known_case("plain", 7)


@pytest.fixture
def folder(tmp_path, case):
    volume = case.volumes["T1"]
    good = [r for r in reference_rois(case) if r.label not in ("T12", "L5")]
    bad = [r.moved((0, 6.0, 0)) if r.label == "CSF" else r for r in good]
    write_rois(tmp_path / "Ada_reading1_plain-7.vbqkit.json", good, image=volume)
    (tmp_path / "box").mkdir()
    write_rois(tmp_path / "box" / "Ben_reading1_plain-7.vbqkit.json", bad, image=volume)
    return tmp_path


@pytest.mark.slow
def test_a_class_is_read_judged_and_compared_with_the_reference(folder):
    (folder / "notes.vbqkit.json").write_text("{}", encoding="utf-8")
    (folder / "Cem_reading1_plain-7.vbqkit.json").write_text("{", encoding="utf-8")
    readings, placements, cautions = read_class(folder)
    wide = agreement_table(readings, exercise="reading1")
    assert sorted(wide.columns) == ["Ada", "Ben", REFERENCE]
    assert np.allclose(wide.Ada, wide.reference)
    assert (wide.Ben < wide.reference).all(), "roots in the CSF ROI lower the ratio"
    assert len(placements) == 12
    worst = worst_placed(placements)
    assert worst[["student", "label", "faults"]].to_numpy().tolist() == [["Ben", "CSF", worst.faults[0]]]
    assert "root" in worst.faults[0]
    assert sorted(c.code for c in cautions) == ["class-file", "class-file-name"]


def test_rois_that_were_placed_on_another_picture_are_skipped_with_the_reason(folder, case):
    other = known_case("plain", 7, day=1).volumes["T1"]
    write_rois(folder / "Cem_reading1_plain-7.vbqkit.json", reference_rois(case), image=other)
    readings, _, cautions = read_class(folder)
    assert sorted({*readings.reader}) == ["Ada", "Ben", REFERENCE]
    (caution,) = cautions
    assert "another frame of reference" in caution.message


@pytest.mark.parametrize("make", [lambda p: p / "no", lambda p: p])
def test_a_folder_without_roi_files_is_refused(tmp_path, make):
    with pytest.raises(FormatError, match=r"There is no folder|No ROI file could be used"):
        read_class(make(tmp_path))


def test_a_careless_reader_differs_more_than_a_careful_one(case):
    rng = np.random.default_rng(4)

    def spread(sd_mm):
        readings = (virtual_reader(case, sd_mm=sd_mm, rng=rng) for _ in range(12))
        return np.std([reading_row(rois, case, reader="r", exercise="e")["value"] for rois in readings])

    assert spread(3.0) > 2 * spread(0.5)


def test_a_reading_with_a_wrong_level_or_without_csf_does_not_enter_the_agreement(case):
    by_label = {r.label: r for r in reference_rois(case)}
    swapped = [
        by_label[{"L2": "L3", "L3": "L2"}.get(r.label, r.label)].with_label(r.label) for r in reference_rois(case)
    ]
    with pytest.raises(ScoreError, match="not counted: L2, L3 are each on another level than its name says"):
        reading_row(swapped, case, reader="Ada", exercise="reading1")
    with pytest.raises(ScoreError, match="not counted: CSF is missing"):
        reading_row([r for r in reference_rois(case) if r.label != "CSF"], case, reader="Ada", exercise="reading1")


def test_two_readings_are_side_by_side_and_never_averaged():
    rows = [
        ("Ada", "reading1", "a", 3.0),
        ("Ada", "reading1", "b", 4.0),
        ("Ada", "reading2", "a", 3.2),
        ("Ada", "reading2", "b", 4.2),
        (REFERENCE, REFERENCE, "a", 3.1),
        (REFERENCE, REFERENCE, "b", 4.1),
    ]
    readings = pd.DataFrame(rows, columns=["reader", "exercise", "case", "value"])
    wide = agreement_table(readings[readings.reader == "Ada"])
    assert wide.loc["a"].to_dict() == {"Ada, reading1": 3.0, "Ada, reading2": 3.2}
    first = agreement_table(readings, exercise="reading1")
    assert first.loc["b"].to_dict() == {"Ada": 4.0, REFERENCE: 4.1}
    double = pd.concat([readings, readings.head(1).assign(value=3.4)])
    with pytest.raises(VbqkitError, match=r"Ada has more than one reading of a \(reading1\).*not averaged"):
        agreement_table(double, exercise="reading1")
    with pytest.raises(VbqkitError, match="no complete reading"):
        agreement_table(readings.head(0))


@pytest.fixture
def results(body, scan):
    def result(title, rois, repeat_of=""):
        consequence = check_consequence(
            rois, body, volumes={"T1": scan}, score="VBQ-T1", aggregate="median", rng=np.random.default_rng(1), draws=6
        )
        return CaseResult(
            title=title,
            case="plain-1",
            grades=check_placements(rois, body, image=scan),
            consequence=consequence,
            repeat_of=repeat_of,
        )

    good = list(body.reference_rois)
    bad = [box("CSF", 24 + 8 + 2 * 64, 144, width=5.0, height=8.0) if r.label == "CSF" else r for r in good]
    return [result("Patient 1", good), result("Patient <2>", bad), result("Patient 3", bad, repeat_of="Patient 1")]


def test_the_report_card_counts_what_was_right(results):
    page = report_card_html(results, student="Ada & Ben", when=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert "16 of 18" in page, "every reading counts, the second one of a patient too"
    assert "1 of 3; 3 are needed" in page
    assert "<td>not passed</td>" in page
    assert "Ada &amp; Ben" in page
    assert "Patient &lt;2&gt;" in page
    assert told_time("2026-01-02T03:04:00+00:00") in page
    assert "does not diagnose" in page
    assert not re.search(r"(src|href)=", page), "nothing is loaded from anywhere"


def test_repeatability_is_the_difference_of_the_two_readings(results):
    a, b = results[0].consequence.value, results[2].consequence.value
    assert repeatability_percent(results) == pytest.approx(200 * abs(a - b) / (a + b))
    assert repeatability_percent(results[:2]) is None


def test_what_to_practise_names_the_lesson(results):
    advice = what_to_practise(results[:2])
    assert all(lesson == "20" for _, lesson, _ in advice)
    assert any("CSF" in text or "fat" in text for text, _, _ in advice)
    assert what_to_practise(results[:1]) == []


def test_a_case_without_a_score_still_gets_a_row(results):
    page = report_card_html([replace(results[0], consequence=None)], student="1")
    assert "not given" in page
    assert "could not be computed" in page


def test_the_report_card_is_saved_whole_or_not_at_all(tmp_path):
    path = save_report_card("<p>", tmp_path / "card.html")
    assert path.read_text(encoding="utf-8") == "<p>"
    assert [p.name for p in tmp_path.iterdir()] == ["card.html"]
    with pytest.raises(FormatError, match="could not be saved"):
        save_report_card("<p>", tmp_path / "no" / "card.html")


def test_a_level_that_an_expert_leaves_out_passes_without_a_roi_and_fails_with_one(body, scan):
    fractured = replace(body, reference_rois=tuple(r for r in body.reference_rois if r.label != "L2"))
    without = check_placements([r for r in body.reference_rois if r.label != "L2"], fractured, image=scan)
    assert all(g.passed for g in without)
    with_roi = {
        g.label: g for g in check_placements([*fractured.reference_rois, good_box("L2")], fractured, image=scan)
    }
    assert [f.code for f in with_roi["L2"].faults] == ["left-out"]
    assert "Chen 2023 leaves such a level out" in str(with_roi["L2"])


@pytest.mark.slow
def test_every_misplaced_roi_needs_correcting(case):
    from vbqkit.exercises import make_case
    from vbqkit.lessons.placing import misplaced

    for one in (case, make_case(64175, slices=3)):
        wrong = misplaced(one, ("L1", "L2", "L3", "L4", "CSF", "noise"))
        grades = check_placements(wrong, truth_of(one), image=one.volumes["T1"])
        assert [g.label for g in grades if g.passed] == []


def test_every_fault_that_must_be_corrected_has_advice():
    source = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (faults, placement))
    told = set(re.findall(r'Fault\(\s*"([\w-]+)", "wrong"', source))
    told |= set(re.findall(r'Fault\(\s*"([\w-]+)", "minor" if', source))
    tissues = {reader_word(tissue, level) for tissue in TISSUE_NAMES for level in ("", "L3")}
    codes = {faults.FAULT_CODES.get(word, word.split()[0].lower()) for word in tissues}
    assert {"missing", "left-out", "ligament", "other"} <= told | codes, "the search finds them"
    assert (told | codes) - set(ADVICE) == set()
