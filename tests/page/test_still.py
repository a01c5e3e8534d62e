"""On paper the widgets of the lessons are words, pictures and tables, never a raw repr."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.page.pictures import pictures_in
from vbqkit.charts import plot_against_dexa
from vbqkit.charts.live import CaseAmongPatients
from vbqkit.charts.live.linked_table import LinkedChart
from vbqkit.errors import RoiError
from vbqkit.exercises import choices
from vbqkit.exercises.readers import known_case
from vbqkit.exercises.trial_cohort import virtual_cohort
from vbqkit.lessons.asking import ask
from vbqkit.lessons.placing import PlacingExercise
from vbqkit.lessons.reading_twice import read_twice
from vbqkit.lessons.scan_lab import ScanLab
from vbqkit.lessons.score_check import check_score_button
from vbqkit.literature import kosice_patients
from vbqkit.page.slice_picture import slice_html
from vbqkit.scanner.prepared import prepare
from vbqkit.studio import RoiStudio
from vbqkit.teacher import reference_rois, truth_of
from vbqkit.teacher.answers import show_answer

pytestmark = pytest.mark.xdist_group("plain-7")


@pytest.fixture(scope="module")
def case():
    return known_case("plain", 7)


def still(widget):
    bundle = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle, "on the screen it lives"
    return bundle["text/html"]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("VBQKIT_STATE_DIR", str(tmp_path))


def test_a_choice_has_a_box_for_each_option_and_gives_nothing_away():
    asked = choices()["20-vein"]
    page = still(ask("20-vein"))
    assert [page.count(f"☐ {option}<") for _, option in asked.options] == [1] * len(asked.options)
    assert asked.text in page
    assert page.replace(" ", "") == still(show_answer("20-vein")).replace(" ", "")


@pytest.mark.slow
def test_the_printed_page_has_the_still_and_no_raw_repr():
    import nbformat
    from nbconvert import HTMLExporter

    cell = nbformat.v4.new_code_cell("ask('20-vein')")
    cell.outputs = [nbformat.v4.new_output("display_data", data=dict(ask("20-vein")._repr_mimebundle_()))]
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))  # what File, Print shows
    assert page.count("☐") == len(choices()["20-vein"].options)
    assert "children=(" not in page


def test_a_number_has_a_line_to_write_on():
    assert "Answer: ____" in still(ask("30-snr"))


@pytest.mark.slow
def test_a_lab_has_its_picture_its_settings_and_its_table(case):
    prepared = prepare(truth_of(case), case.scanner, "T1", rng=np.random.default_rng(1))
    rois = [r for r in reference_rois(case) if r.label in ("L1", "L2", "L3", "L4", "CSF")]
    page = still(ScanLab(prepared, rois=rois, controls=("gain",)))
    assert '<img alt="Sagittal slice' in page
    assert "Receiver gain 1" in page
    assert "data-name='VBQ'" in page


@pytest.mark.slow
def test_an_exercise_has_its_picture_and_what_to_place(case):
    page = still(PlacingExercise(case, start="misplaced", lesson="20", exercise="correct"))
    assert '<img alt="Middle sagittal slice' in page
    (picture,) = pictures_in(page)
    assert re.findall(r">(L\d|CSF|noise)<", picture) == ["L1", "L2", "L3", "L4", "CSF", "noise"]
    assert "Place L1, L2, L3, L4, CSF, noise" in page


def test_series_and_buttons_say_that_they_need_a_kernel():
    assert "press Start" in still(read_twice())
    assert "Check my score" in still(check_score_button(lambda t: t["L1"] / t["CSF"], virtual_cohort()))


@pytest.mark.slow
def test_live_charts_leave_numbers_that_are_published_or_synthetic(case):
    patients = kosice_patients()
    chart = plot_against_dexa(patients, score="snr", against="t_score")
    assert "82.06" in still(LinkedChart(chart, patients, keep_rows=True))
    studio = RoiStudio(case.volumes["T1"], rois=reference_rois(case))
    page = still(CaseAmongPatients(studio, patients, dexa=pd.Series({"t_score": -2.9}), source="paper"))
    assert page.count("<tr>") == len(patients) + 2
    assert f"{studio.scores['SNR'].value:.3f}" in page
    assert "−2.9" in page


@pytest.mark.slow
def test_nothing_of_a_users_own_patients_is_left_in_the_saved_notebook(case):
    patients = kosice_patients()
    chart = plot_against_dexa(patients, score="snr", against="t_score")
    page = still(LinkedChart(chart, patients))
    assert "82.06" not in page
    assert f"{len(patients)} rows" in page
    real = case.volumes["T1"].with_acquisition(synthetic=False)
    studio = RoiStudio(real, rois=reference_rois(case))
    page = still(CaseAmongPatients(studio, patients, dexa=pd.Series({"t_score": -2.9123}), source="paper"))
    assert page.count("<tr>") == len(patients) + 1
    assert "2.912" not in page
    assert f"{studio.scores['SNR'].value:.3f}" not in page
    with pytest.raises(RoiError, match="virtual patients only"):
        slice_html(real.slice(2), alt="a patient")
