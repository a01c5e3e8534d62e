"""The scanner lab: a slider moves picture, point, score and interval together; nothing moves before the guess."""

import re
import time
from itertools import pairwise

import numpy as np
import pytest

from vbqkit.anatomy import further_rois
from vbqkit.errors import VbqkitError
from vbqkit.exercises.readers import known_case
from vbqkit.lessons.scan_curve import POINTS, ScanCurve
from vbqkit.lessons.scan_lab import ScanLab
from vbqkit.page.linked_chart import Panel, linked_chart_html
from vbqkit.scanner.prepared import prepare
from vbqkit.scanner.sequences import Control
from vbqkit.scores import score_value, shift_interval
from vbqkit.teacher import reference_rois, truth_of

LEVELS = ("L1", "L2", "L3", "L4")


@pytest.fixture(scope="module")
def case():
    return known_case("plain", 7)


@pytest.fixture(scope="module")
def prepared(case):
    return prepare(truth_of(case), case.scanner, "T1", rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def rois(case):
    found = {roi.label: roi for roi in (*reference_rois(case), *further_rois(truth_of(case)))}
    return [found[k] for k in (*LEVELS, "CSF", "noise", "fat")]


def at(lab):
    return float(re.search(r"data-at='([\d.]+)'", lab._chart.value)[1])


def point_and_interval(lab, name):
    """Heights of a point of the chart, and of the ends of its interval."""
    point = re.search(rf"vbq-point' data-name='{name}' cx='[\d.]+' cy='([\d.]+)'", lab._chart.value)
    ends = re.search(r"vbq-interval'.*?y1='([\d.]+)' y2='([\d.]+)'", lab._chart.value)
    return float(point[1]), tuple(float(y) for y in ends.groups())


def test_one_move_moves_picture_point_score_and_interval(prepared, rois):
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms", "te_ms"))
    before = (lab._picture.value, lab.values["VBQ"], lab.intervals["VBQ"], at(lab), point_and_interval(lab, "VBQ"))
    lab._sliders["tr_ms"].value = 900
    after = (lab._picture.value, lab.values["VBQ"], lab.intervals["VBQ"], at(lab), point_and_interval(lab, "VBQ"))
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert at(lab) == 900
    image = prepared.image(tr_ms=900, te_ms=lab._sliders["te_ms"].value)
    assert lab.values["VBQ"] == score_value(image, rois, "VBQ-T1", aggregate="median")
    assert lab.intervals["VBQ"] == shift_interval(image, rois, shift_mm=1.0, aggregate="median")
    low, high = lab.intervals["VBQ"]
    assert low < lab.values["VBQ"] < high
    assert f"[{low:.2f}, {high:.2f}]" in lab._table.value
    point, (foot, head) = point_and_interval(lab, "VBQ")
    assert head < point < foot, "up is less in a picture"


def test_the_curve_is_what_the_slider_gives_and_stays_while_it_alone_is_moved(prepared, rois):
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms", "te_ms"), predict="VBQ")
    with pytest.raises(VbqkitError, match="'CSF' is none of the answers: give one of falls, stays, rises"):
        lab.guesses["tr_ms"].give("CSF")
    lab.guesses["tr_ms"].give("falls")
    curve = lab._curve()
    assert np.isfinite(curve.values()["VBQ"]).all(), "the whole curve comes with the guess"
    assert lab._chart.value.count("<polyline") == 4, "marrow, CSF, fat and VBQ"
    for k in (0, 7, POINTS - 1):
        image = prepared.image(tr_ms=curve.x[k], te_ms=lab._sliders["te_ms"].value)
        signals = {roi.label: roi.measure(image).mean for roi in rois}
        assert curve.values()["marrow"][k] == pytest.approx(np.mean([signals[level] for level in LEVELS]))
        assert curve.values()["CSF"][k] == pytest.approx(signals["CSF"])
        assert curve.values()["VBQ"][k] == pytest.approx(score_value(image, rois, "VBQ-T1", aggregate="median"))
    lab._sliders["tr_ms"].value = 700
    assert lab._curve() is curve
    lab.guesses["te_ms"].give("falls")
    lab._sliders["te_ms"].value = 40
    assert lab._curve() is not curve, "another slider, another curve"


def test_no_slider_moves_before_its_guess_and_the_guess_stands_beside_what_is_seen(prepared, rois):
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms", "gain"), predict="VBQ")
    assert all(slider.disabled for slider in lab._sliders.values())
    assert "<polyline" not in lab._chart.value, "the curve would give the answer away"
    assert "guess first" in lab._chart.value
    tr, gain = lab.guesses["tr_ms"], lab.guesses["gain"]
    tr.buttons[2].click()
    assert (lab._sliders["tr_ms"].disabled, lab._sliders["gain"].disabled) == (False, True)
    tr.buttons[0].click()
    assert tr.given == tr.buttons[2].description, "the first guess counts"
    lab._sliders["tr_ms"].value = 900
    percent = 100 * (lab.values["VBQ"] / lab._first["VBQ"] - 1)
    assert percent < -5
    assert f"✗ Seen: −{-percent:.0f} %" in tr._said.value
    lab._reset(None)
    gain.give("stays")
    lab._sliders["gain"].value = 0.6
    assert "✓ Seen" in gain._said.value


def test_a_slider_that_is_moved_down_is_judged_as_if_moved_up(prepared, rois):
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms",), predict="VBQ")
    lab.guesses["tr_ms"].give("falls")
    lab._sliders["tr_ms"].value = 400
    assert lab.values["VBQ"] > lab._first["VBQ"]
    assert "✓ Seen: −" in lab.guesses["tr_ms"]._said.value


def test_a_question_asked_first_locks_everything(prepared, rois):
    asked = ("Lower or higher?", ("lower", "higher"))
    lab = ScanLab({"one": prepared, "two": prepared}, rois=rois, controls=("gain",), ask_first=asked)
    assert (lab._menu.disabled, lab._sliders["gain"].disabled) == (True, True)
    lab.guesses[""].buttons[1].click()
    assert (lab._menu.disabled, lab._sliders["gain"].disabled) == (False, False)
    assert "Lower or higher? <i>higher</i> (your guess)" in lab.guesses[""]._said.value
    assert "<polyline" in lab._chart.value


def test_back_to_the_start_scans_once(prepared, rois, monkeypatch):
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms", "te_ms", "gain"))
    for name, value in (("tr_ms", 900), ("te_ms", 40), ("gain", 0.5)):
        lab._sliders[name].value = value
    scans, scan = [], lab._scan
    monkeypatch.setattr(lab, "_scan", lambda: scans.append(1) or scan())
    lab._reset(None)
    assert lab.values["VBQ"] == lab._first["VBQ"]
    assert len(scans) == 1


def test_what_cannot_be_predicted_is_refused(prepared, rois):
    with pytest.raises(TypeError, match="no reading 'disc' to predict; choose from VBQ, marrow, CSF, fat"):
        ScanLab(prepared, rois=rois, controls=("tr_ms",), predict="disc")


def test_a_move_takes_little_time(prepared, rois):
    """At most about 40 ms of Python a move; the bound leaves room for a busy machine, the median for one bad moment."""
    lab = ScanLab(prepared, rois=rois, controls=("tr_ms", "te_ms"))
    took = []
    for value in range(500, 900, 25):
        start = time.process_time()
        lab._sliders["tr_ms"].value = value
        took.append(time.process_time() - start)
    assert np.median(took) < 0.06


def test_a_gap_in_the_curve_is_a_gap():
    def read(value):
        from vbqkit.errors import ScannerError

        if value < 50:
            raise ScannerError("too short")
        return {"CSF": value}

    curve = ScanCurve(Control(name="te_ms", description="TE (ms)", low=0, high=240, step=1), read)
    curve.measure()
    values = curve.values()["CSF"]
    assert np.isnan(values[:5]).all()
    assert np.array_equal(values[5:], curve.x[5:])


def test_points_of_a_curve_come_a_few_at_a_time_and_span_it_from_the_first():
    curve = ScanCurve(Control(name="gain", description="Gain", low=0, high=24, step=1), lambda value: {"CSF": value})
    curve.measure(budget_s=0.0)
    curve.measure(budget_s=0.0)
    known = np.flatnonzero(np.isfinite(curve.values()["CSF"]))
    assert known.tolist() == [0, POINTS - 1]


def test_a_linked_chart_keeps_its_labels_apart_and_within():
    x = np.linspace(0, 10, 11)
    now = {"marrow": 5.0, "CSF": 5.0, "fat": 5.1}
    page = linked_chart_html(
        x,
        [
            Panel(y_title="signal (a.u.)", curves=dict.fromkeys(now, x), now=now),
            Panel(y_title="VBQ", curves={}, now={}),
        ],
        at=5.0,
        x_title="TR (ms)",
        alt="'a' & b",
    )
    heights = sorted(float(y) for y in re.findall(r"y='([\d.]+)' style='font-weight", page))
    assert all(b - a >= 12.9 for a, b in pairwise(heights))
    assert "aria-label='&#x27;a&#x27; &amp; b'" in page
