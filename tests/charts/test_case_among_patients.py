"""The case among published patients: the star is where the studio's score and the case's densitometry put it."""

import numpy as np
import pytest

from vbqkit import Rectangle, Volume
from vbqkit.charts.live import CaseAmongPatients
from vbqkit.image import stack_affine
from vbqkit.literature import kosice_patients
from vbqkit.studio import RoiStudio

PLACES = {"L1": (60, 75), "L2": (110, 75), "L3": (160, 75), "L4": (210, 75), "CSF": (160, 107), "noise": (150, 182)}


@pytest.fixture
def studio():
    rng = np.random.default_rng(3)
    signal = np.zeros((3, 300, 200))
    signal[:, :, 40:160] = 180.0
    signal[:, :, 60:90] = 240.0
    signal[:, :, 100:115] = 100.0
    noisy = np.abs(signal + 3.0 * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape)))
    affine = stack_affine((0, 0, 0), (4.4, 0, 0), (0, 0, -1), (0, 1, 0))
    volume = Volume(noisy, affine, thickness_mm=4.0).with_acquisition(weighting="T1", synthetic=True)
    rois = [Rectangle.on(volume.slice(1), p, 6.3, 6.3, label=k).with_area() for k, p in PLACES.items()]
    return RoiStudio(volume, rois=rois, reference=(80.0, 10.0, 30))


def star(chart):
    return next((trace for trace in chart.figure.data if trace.name == "your case"), None)


def test_the_star_follows_the_rois_and_the_choice_of_axes(studio):
    chart = CaseAmongPatients(studio, kosice_patients(), dexa={"t_score": -2.9, "bmd_g_cm2": 0.757})
    before = star(chart)
    assert (before.x[0], before.y[0]) == (-2.9, pytest.approx(studio.scores["SNR"].value))
    snr = before.y[0]
    studio.rois = [roi.moved((0, 45, 0)) if roi.label == "L3" else roi for roi in studio.rois]
    assert star(chart).y[0] == pytest.approx(studio.scores["SNR"].value)
    assert star(chart).y[0] != snr
    chart._score.value, chart._against.value = "M-score", "bmd_g_cm2"
    assert (star(chart).x[0], star(chart).y[0]) == (0.757, pytest.approx(studio.scores["M-score"].value))


def test_without_a_score_there_is_no_star_and_the_reason_stands_below(studio):
    chart = CaseAmongPatients(studio, kosice_patients(), dexa={"t_score": -2.9})
    studio.rois = [roi for roi in studio.rois if roi.label != "L2"]
    assert star(chart) is None
    assert "L2" in chart._note.value


def test_the_live_chart_has_one_title_after_every_redraw_and_no_share_button(studio):
    chart = CaseAmongPatients(studio, kosice_patients(), dexa={"t_score": -2.9}, source="Košice group 2025")
    chart._against.value = "tbs"
    title = chart.figure.layout.title
    assert title.text.endswith("Košice group 2025</span>")
    assert title.subtitle.text is None
    assert chart.figure._config["showSendToCloud"] is False


def test_every_registered_score_with_a_column_can_be_chosen(studio):
    patients = kosice_patients().assign(vbq_t1=[2.1, 2.4, 2.9, 3.3, 3.0])
    chart = CaseAmongPatients(studio, patients, dexa={"t_score": -2.9})
    assert chart._score.options == ("SNR", "M-score", "VBQ-T1 (median)", "VBQ-T1 (mean)")
    for name in chart._score.options[2:]:
        chart._score.value = name
        assert star(chart).y[0] == pytest.approx(studio.scores[name].value)
