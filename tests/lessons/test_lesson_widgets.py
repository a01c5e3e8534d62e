"""The lesson widgets without a browser: what they say and keep. tests/browser walks them with mouse and keyboard."""

import json
import re

import ipywidgets
import numpy as np
import pytest

from tests.page.pictures import pictures_in
from vbqkit.errors import ProposalError, VbqkitError
from vbqkit.exercises import case_seed, choices, kept_own_spread, question, record_attempt, told_time
from vbqkit.exercises.answers import answer_detail
from vbqkit.exercises.readers import known_case
from vbqkit.exercises.stations import Station, final_stations
from vbqkit.exercises.trial_cohort import virtual_cohort
from vbqkit.lessons import awake
from vbqkit.lessons.asking import ask
from vbqkit.lessons.beginning import begin
from vbqkit.lessons.feedback import feedback_html
from vbqkit.lessons.patient_series import PatientSeries
from vbqkit.lessons.placing import PlacingExercise
from vbqkit.lessons.reading_twice import read_twice
from vbqkit.lessons.scan_lab import ScanLab
from vbqkit.lessons.score_check import check_score_button
from vbqkit.lessons.showing import show_table
from vbqkit.page.drawing import png_bytes
from vbqkit.page.line_chart import line_chart_html
from vbqkit.page.slice_picture import crop_around, slice_drawing, slice_html
from vbqkit.scanner.prepared import prepare
from vbqkit.teacher import reference_rois, truth_of
from vbqkit.teacher.answers import show_answer

pytestmark = pytest.mark.xdist_group("plain-7")


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def case():
    return known_case("plain", 7)


@pytest.fixture(scope="module")
def prepared(case):
    return prepare(truth_of(case), case.scanner, "T1", rng=np.random.default_rng(1))


def kept(state):
    return [json.loads(line) for line in (state / "progress.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_choice_is_checked_answered_and_recorded(state):
    name = "20-vein"
    box = ask(name)
    _, field, button, feedback = box.children
    button.click()
    assert "Choose or write an answer first" in feedback.value
    for key in [key for _, key in field.options]:
        field.value = key
        button.click()
        right = question(name).check(key).right
        assert f"data-right='{str(right).lower()}'" in feedback.value
    assert [entry["passed"] for entry in kept(state)].count(True) == 1
    assert len(kept(state)) == len(choices()[name].options)


@pytest.mark.parametrize("name", ["20-vein", "30-snr"])
def test_an_answer_comes_back_with_its_verdict_on_another_day(state, name):
    _, field, button, _ = ask(name, student="4").children
    answers = [key for _, key in field.options] if name == "20-vein" else ["1000", "72,5"]
    for answer in answers[:2]:
        field.value = answer
        button.click()
    said = ask(name, student="4").children[3].value
    _, again, check, feedback = ask(name, student="4").children
    assert again.value == answers[1]
    right = question(name, seed=case_seed("4", name)).check(answers[1]).right
    assert f"data-right='{str(right).lower()}'" in feedback.value
    assert told_time(kept(state)[-1]["at"]) in said
    assert ask(name, student="5").children[3].value == "", "of another student"
    check.click()
    assert "vbq-back" not in feedback.value, "a new try is of now"


def test_an_answer_that_is_no_option_any_more_is_left_out(state):
    record_attempt("20", "20-vein", passed=True, student="1", detail=answer_detail("z"))
    _, field, _, feedback = ask("20-vein").children
    assert (field.value, feedback.value) == (None, "")


@pytest.mark.slow
def test_what_was_placed_and_how_it_was_checked_come_back_on_another_day(case, state):
    def exercise():
        return PlacingExercise(case, start="misplaced", lesson="20", exercise="correct")

    first = exercise()
    assert first._feedback.value == ""
    first.studio.rois = [r for r in reference_rois(case) if r.label in ("L1", "L2", "L3", "L4", "noise")]
    first.check()
    again = exercise()
    assert [r.label for r in again.studio.rois] == [r.label for r in first.studio.rois]
    assert ": CSF needed correcting" in again._feedback.value, "the noise ROI passes, with a doubt"
    assert told_time(kept(state)[-1]["at"]) in again._feedback.value
    assert again._show.disabled, "one check so far"
    again.check()
    assert not exercise()._show.disabled, "two"


def test_a_series_goes_on_where_it_was_left(case, state, monkeypatch):
    monkeypatch.setattr(PatientSeries, "case", lambda self, number: case)
    series = read_twice("7")
    good = [r for r in reference_rois(case) if r.label not in ("T12", "L5")]
    series.advance()
    for number in range(3):
        series.studio.rois = good[number:]
        series.advance()
    series.studio.close()
    again = read_twice("7")
    assert "press Go on for Patient C, reading 1" in again._head.value
    again.advance()
    assert [len(rois) for rois in again.placed] == [len(good), len(good) - 1]
    assert len(again.studio.rois) == len(good) - 2, "the last may not have been finished"
    assert "press Go on" not in read_twice("8")._head.value


def test_a_widget_of_a_lesson_says_what_to_press_where_python_does_not_answer(monkeypatch):
    shown = []
    monkeypatch.setattr(awake, "display", lambda *given, **_: shown.append(given[0]))
    box = ask("20-vein")
    box._ipython_display_()
    live, note = shown
    assert live == box._repr_mimebundle_()
    assert "Run → Run All Cells" in note.data
    (own,) = [name for name in box._dom_classes if name.startswith("vbq-is-")]
    assert f"body:has(.{own})" in note.data, "hidden while the question is there"
    (watch,) = {awake.lesson_watch(), awake.lesson_watch()}
    assert watch._mark in box._dom_classes
    assert watch._of == watch.model_id


def test_progress_that_cannot_be_saved_is_reported_and_the_feedback_stays(state, monkeypatch):
    (state / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(state / "file"))
    _, field, button, feedback = ask("20-vein").children
    field.value = "c"
    button.click()
    assert "Right" in feedback.value
    assert "cannot be created or written" in feedback.value


def test_an_exercise_is_made_once_and_when_it_is_wanted():
    made = []

    def make():
        made.append(ipywidgets.HTML("the exercise"))
        return made[-1]

    waiting = begin(make, "Draw the patient")
    (button, _) = waiting.children[0].children
    assert made == []
    assert "Draw the patient" in waiting.still_html()
    button.click()
    button.click()
    assert waiting.children == (waiting.exercise,) == tuple(made)


def test_a_table_is_made_when_it_is_wanted():
    waiting = begin(lambda: show_table({"day 1": 7.25}), "Scan her again")
    several = begin(lambda: (show_table({"day 1": 7.25}), show_table({"day 2": 8.5})), "Scan her twice")
    for beginning in (waiting, several):
        (button, _) = beginning.children[0].children
        button.click()
        assert beginning.children == (beginning.exercise,)
    assert "7.25" in waiting.exercise.value
    assert ["8.5" in shown.value for shown in several.exercise.children] == [False, True]


@pytest.mark.parametrize(
    ("problem", "said"), [(VbqkitError("no such <patient>"), "no such &lt;patient&gt;"), (KeyboardInterrupt(), "again")]
)
def test_an_exercise_that_cannot_be_made_says_why_and_can_be_begun_again(problem, said):
    def make():
        if problems:
            raise problems.pop()
        return ipywidgets.HTML("the exercise")

    problems = [problem]
    waiting = begin(make)
    (button, status) = waiting.children[0].children
    button.click()
    assert said in status.value
    assert "<progress" not in status.value
    button.click()
    assert waiting.exercise.value == "the exercise"


def test_an_answer_is_shown_only_on_demand():
    box = show_answer("30-snr", student="4")
    _, button, shown = box.children
    assert shown.value == ""
    button.value = True
    number = re.search(r">([\d.]+)", shown.value).group(1)
    asked, field, check, feedback = ask("30-snr", student="4").children
    assert "What is the SNR of L3?" in asked.value
    assert feedback.value == "", "the question gives nothing away"
    field.value = number
    check.click()
    assert "data-right='true'" in feedback.value, "the answer that is shown is the one that is accepted"
    button.value = False
    assert shown.value == ""


def test_feedback_says_in_words_what_its_colour_says():
    assert "✓ Right" in feedback_html(True, "Right: 3.")
    assert "✗ Not yet" in feedback_html(False, "Not yet: <b>")
    assert "&lt;b&gt;" in feedback_html(False, "Not yet: <b>")


def test_the_gain_moves_every_signal_and_not_the_vbq(case, prepared):
    rois = [r for r in reference_rois(case) if r.label in ("L1", "L2", "L3", "L4", "CSF")]
    lab = ScanLab(prepared, rois=rois, controls=("gain", "te_ms"))
    before, mean = lab.values["VBQ"], rois[0].measure(lab.image).mean
    lab._sliders["gain"].value = 0.5
    assert rois[0].measure(lab.image).mean == pytest.approx(mean / 2, rel=0.01)
    assert lab.values["VBQ"] == pytest.approx(before, rel=0.005)
    lab._sliders["te_ms"].value = 60
    assert lab.values["VBQ"] < 0.7 * before


def test_an_impossible_scan_is_reported_in_place(case, prepared):
    rois = [r for r in reference_rois(case) if r.label in ("L1", "CSF")]
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms", "ti_ms"), ti_ms=100)
    before = lab.image
    lab._sliders["ti_ms"].value = 3000
    assert "Not possible:</b> Inversion and echo train take" in lab._table.value
    assert lab.image is before, "the last possible picture stays"
    lab._sliders["ti_ms"].value = 120
    assert "Not possible" not in lab._table.value
    with pytest.raises(TypeError, match="no slider 'colour'"):
        ScanLab(prepared, rois=rois, controls=("colour",))
    with pytest.raises(TypeError, match="'ti_ms' needs a value"):
        ScanLab(prepared, rois=rois, controls=("ti_ms",))


@pytest.mark.slow
def test_the_placing_exercise_grades_shows_and_keeps(case, state):
    exercise = PlacingExercise(case, start="misplaced", lesson="20", exercise="correct")
    exercise.check()
    assert "6 of 6 ROIs need correcting" in exercise._feedback.value
    assert exercise._pictures.value.count("<figure data-close-up") >= 4
    assert exercise._show.disabled
    exercise.studio.rois = [r for r in reference_rois(case) if r.label not in ("T12", "L5")]
    exercise.check()
    assert "All 6 ROIs pass" in exercise._feedback.value
    assert exercise.consequence.shift == 0.0
    exercise._show.value = True
    assert "reference ROIs" in exercise._reference.value
    assert [entry["passed"] for entry in kept(state)] == [False, True]


def test_an_empty_picture_says_what_is_missing(case):
    exercise = PlacingExercise(case, lesson="20", exercise="place")
    exercise.check()
    assert exercise._feedback.value.count("There is no ROI called") == 6
    assert "can be computed only when all its ROIs lie on the picture" in exercise._feedback.value


def test_where_placing_is_graded_the_studio_proposes_nothing(case, state, monkeypatch):
    monkeypatch.setattr(PatientSeries, "case", lambda self, number: case)
    series = PatientSeries([Station("A", "reading1", "plain", 7)])
    series.advance()
    for studio in (series.studio, PlacingExercise(case, lesson="20", exercise="place").studio):
        assert studio._options["propose"] is False
        with pytest.raises(ProposalError, match="you are to place the ROIs yourself"):
            studio.propose()


@pytest.mark.slow
def test_a_series_goes_from_patient_to_patient_and_finishes(case, state):
    finished = []
    series = PatientSeries(
        [Station("A", "reading1", "plain", 7), Station("A again", "reading2", "plain", 7, repeat_of="A")],
        on_finish=lambda s: finished.append(s.results()) or "<p>done</p>",
    )
    series.advance()
    series.advance()
    assert "no ROI yet" in series._head.value
    for _ in range(2):
        series.studio.rois = [r for r in reference_rois(case) if r.label not in ("T12", "L5")]
        series.advance()
    assert "All patients are done" in series._head.value
    assert series._result.value == "<p>done</p>"
    assert [r.repeat_of for r in finished[0]] == ["", "A"]
    assert all(g.passed for r in finished[0] for g in r.grades)
    assert [row["exercise"] for row in series.rows()] == ["reading1", "reading2"], "one value a patient and reading"
    assert series.not_counted() == []


def test_reading_five_patients_twice_gives_the_own_spread_that_is_told_beside_later_grades(case, state, monkeypatch):
    """Every second reading has the CSF ROI on another place; the known answer: the ratio of the two CSF means, on the
    log scale."""
    monkeypatch.setattr(PatientSeries, "case", lambda self, number: case)
    series = read_twice("7")
    good = [r for r in reference_rois(case) if r.label not in ("T12", "L5")]
    csf = next(r for r in good if r.label == "CSF")
    other = [csf.moved((0.0, 4.0, 0.0)) if r is csf else r for r in good]
    series.advance()
    for number in range(10):
        series.studio.rois = good if number < 5 else other
        series.advance()
    image = case.volumes["T1"]
    expected = abs(np.log(csf.measure(image).mean / other[good.index(csf)].measure(image).mean)) / np.sqrt(2)
    assert kept_own_spread("7").relative_sd == pytest.approx(expected)
    assert kept_own_spread("8") is None
    assert "Your own spread is" in series._result.value
    exercise = PlacingExercise(case, start="misplaced", lesson="20", exercise="correct", student="7")
    exercise.studio.rois = other
    exercise.check()
    assert "For comparison, your own spread: " in exercise._feedback.value
    assert exercise.consequence.own.relative_sd == pytest.approx(expected)


def test_a_reading_without_scores_gives_no_spread_and_says_so(case, state, monkeypatch):
    monkeypatch.setattr(PatientSeries, "case", lambda self, number: case)
    series = read_twice("7")
    series.advance()
    for _ in range(10):
        series.studio.rois = reference_rois(case)[:2]
        series.advance()
    assert "0 patients were read twice" in series._result.value


def test_a_score_is_checked_answered_and_recorded(state):
    cohort = virtual_cohort()
    button, feedback = check_score_button(lambda t: t["L1"], cohort).children
    button.click()
    assert "Not yet" in feedback.value
    assert "receiver gain" in feedback.value
    button, feedback = check_score_button(lambda t: t["L1"] / t["muscle"], cohort).children
    button.click()
    assert "Right" in feedback.value
    assert "<li>The receiver gain cancels.</li>" in feedback.value
    assert [entry["passed"] for entry in kept(state)] == [False, True]


def test_the_final_has_five_patients_and_one_of_them_twice():
    orders = set()
    for student in map(str, range(40)):
        stations = final_stations(student)
        assert len(stations) == 6
        assert len({s.kind for s in stations}) == 5
        (again,) = (s for s in stations if s.repeat_of)
        first = next(s for s in stations if s.title == again.repeat_of)
        assert (again.seed, again.kind) == (first.seed, "plain")
        assert again.day != first.day
        assert stations.index(again) - stations.index(first) >= 3
        assert not any(s.kind in s.title + s.exercise for s in stations), "names say nothing of what is to be seen"
        before = final_stations(student, earlier=True)
        assert [(s.title, s.kind, s.repeat_of) for s in before] == [(s.title, s.kind, s.repeat_of) for s in stations]
        orders.add(tuple(s.kind for s in stations))
    assert len(orders) > 20, "another order for nearly every student"
    assert final_stations("7") == final_stations("7")
    assert final_stations("8") != stations


def test_a_picture_says_in_words_what_it_shows(case):
    image = case.middle_slice()
    page = slice_html(image, alt="Two 'quotes' & more", rois=reference_rois(case), caption="x")
    assert 'alt="Two &#x27;quotes&#x27; &amp; more"' in page
    assert "Synthetic." in page
    (picture,) = pictures_in(page)
    assert picture.count("<path") == 2 * len(reference_rois(case)) + 1  # halo and line of each ROI, and the scale


def test_a_close_up_shows_the_pixels_as_they_are_and_colours_those_that_are_marked(case):
    image, roi = case.middle_slice(), reference_rois(case)[0]
    marked = roi.mask(image)
    crop = crop_around(image, roi)
    close = slice_drawing(image, about="", rois=[roi], overlays=[(marked, "#D55E00")], crop=crop)
    r0, r1, c0, c1 = crop
    assert close.pixels.shape == (r1 - r0, c1 - c0, 3)
    assert np.array_equal((close.pixels[..., 0] != close.pixels[..., 2]), marked[r0:r1, c0:c1])
    assert "image-rendering:pixelated" in close.svg()
    assert "pixelated" not in slice_drawing(image, about="").svg()


def test_the_png_is_read_by_another_library():
    from io import BytesIO

    from PIL import Image

    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(np.asarray(Image.open(BytesIO(png_bytes(pixels)))), pixels)
    colour = np.stack([pixels, pixels + 1, pixels + 2], axis=2)
    assert np.array_equal(np.asarray(Image.open(BytesIO(png_bytes(colour)))), colour)


def test_a_chart_says_its_values_and_its_units():
    page = line_chart_html([1, 2], {"a": [3.0, 4.0], "b": [3.0, 4.0]}, x_title="TR (ms)", y_title="ratio", alt="rises")
    assert "aria-label='rises'" in page
    assert "TR (ms)" in page
    assert page.count("<circle") == 4
    heights = [float(y) for y in re.findall(r"y='([\d.]+)' style='font-weight", page)]
    assert abs(heights[0] - heights[1]) >= 13, "labels of lines that end together do not overlap"


def test_labels_lie_beside_their_roi_and_within_the_picture(case):
    image, roi = case.middle_slice(), reference_rois(case)[0]

    def parts(crop):
        _, line, label, *_ = slice_drawing(image, about="", rois=[roi], crop=crop).parts
        return line.points[:, 0], label

    x, label = parts(None)
    assert (label.anchor, label.x > x.max()) == ("start", True)
    right = int(image.to_rows_cols(roi.outline_mm())[:, 1].max())
    x, label = parts((0, image.shape[0], 0, right + 2))
    assert (label.anchor, label.x < x.min()) == ("end", True)
