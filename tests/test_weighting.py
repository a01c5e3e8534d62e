"""The weighting rule and the scorability rule, against the protocols that the papers print and against real headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.acquisition import Acquisition
from vbqkit.weighting import refusal_reason, weighting_hint, weighting_with_reason


def _weighting(**values):
    return weighting_with_reason(Acquisition(**({"scanning_sequence": ("SE",)} | values)))


@pytest.mark.parametrize(
    ("tr_ms", "te_ms", "expected", "source"),
    [
        (700, 12, "T1", "Košice group 2025, Hitachi 1.2 T"),
        (600, 20, "T1", "Chen 2023, Philips 3 T"),
        (2500, 100, "T2", "Chen 2023, Philips 3 T"),
        (350, 27, "T1", "NEMA MR2"),
        (4000, 240, "T2", "NEMA MR1"),
        (4000, 12, "PD", "Hitachi sample"),
        (2300, 22, "PD", "sample 'FSE PD AXIAL OBL'"),
    ],
)
def test_protocols_of_papers_and_samples_get_the_weighting_they_are_called_by(tr_ms, te_ms, expected, source):
    weighting, reason = _weighting(tr_ms=tr_ms, te_ms=te_ms)
    assert weighting == expected, source
    assert reason == f"spin echo with TR {tr_ms} ms and TE {te_ms} ms"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tr_ms": 1400, "te_ms": 12}, "between the limits of T1, T2 and PD"),
        ({"tr_ms": 600, "te_ms": 60}, "between the limits"),
        ({"tr_ms": 3000, "te_ms": 50}, "between the limits"),
        ({"tr_ms": 600}, "the header lacks EchoTime (0018,0081)"),
        ({"te_ms": 12}, "the header lacks RepetitionTime (0018,0080)"),
        ({"tr_ms": 600, "te_ms": 12, "scanning_sequence": ()}, "the header lacks ScanningSequence (0018,0020)"),
        ({"tr_ms": 600, "te_ms": 12, "scanning_sequence": ("GR",)}, "gradient echo"),
        ({"tr_ms": 600, "te_ms": 12, "scanning_sequence": ("SE", "EP")}, "echo-planar"),
        ({"tr_ms": 600, "te_ms": 12, "scanning_sequence": ("RM",)}, "research mode"),
        ({"tr_ms": 600, "te_ms": 12, "scanning_sequence": ("XX",)}, "scanning sequence XX is not a spin echo"),
        ({"tr_ms": 3000, "te_ms": 90, "fat_suppressed": True}, "(T2) with fat suppression"),
        ({"tr_ms": 9000, "te_ms": 90, "ti_ms": 2500, "scanning_sequence": ("SE", "IR")}, "TI 2500 ms: neither"),
        ({"tr_ms": 2000, "te_ms": 8, "ti_ms": 860, "scanning_sequence": ("IR",)}, "TI 860 ms: neither"),
        ({"tr_ms": 9, "te_ms": 3, "ti_ms": 150, "scanning_sequence": ("GR", "IR")}, "gradient echo with inversion"),
        ({"tr_ms": 9, "te_ms": 3, "ti_ms": 900, "scanning_sequence": ("GR", "IR")}, "prepared by inversion"),
        ({"tr_ms": 4000, "te_ms": 60, "scanning_sequence": ("SE", "IR")}, "without InversionTime (0018,0082)"),
    ],
)
def test_unknown_stays_unknown_and_says_why(values, words):
    weighting, reason = _weighting(**values)
    assert weighting == "unknown"
    assert words in reason


@pytest.mark.parametrize("ti_ms", [100, 150, 170, 220, 260])
def test_inversion_that_nulls_fat_is_stir(ti_ms):
    weighting, reason = _weighting(tr_ms=4000, te_ms=40, ti_ms=ti_ms, scanning_sequence=("SE", "IR"))
    assert weighting == "STIR"
    assert reason == f"inversion recovery with TI {ti_ms} ms, which nulls fat"


def test_an_echo_train_makes_research_mode_a_spin_echo():
    assert _weighting(tr_ms=600, te_ms=12, scanning_sequence=("RM",), echo_train_length=3)[0] == "T1"


@given(
    tr_ms=st.floats(1, 20000), te_ms=st.floats(0.1, 500), text=st.sampled_from(["T1 SAG", "T2 SAG", "STIR", "PD", ""])
)
def test_the_description_never_decides(tr_ms, te_ms, text):
    plain = _weighting(tr_ms=tr_ms, te_ms=te_ms)
    described = _weighting(tr_ms=tr_ms, te_ms=te_ms, series_description=text)
    assert described[0] == plain[0]
    assert described[1].startswith(plain[1])


def test_a_description_is_quoted_as_a_hint_where_the_physics_is_missing():
    _, reason = weighting_with_reason(Acquisition(series_description="t2_tse_sag"))
    assert "the description 't2_tse_sag' hints at T2: state it if that is right" in reason


@pytest.mark.parametrize(
    ("text", "hint"),
    [("T2 SAG STIR", "STIR"), ("t1_tse_sag", "T1"), ("TIRM cor", "STIR"), ("PD FS", "PD"), ("AT2X", None), ("", None)],
)
def test_hints_are_words_not_letters_inside_words(text, hint):
    assert weighting_hint(Acquisition(series_description=text)) == hint


@pytest.mark.parametrize(
    ("values", "plane", "words"),
    [
        ({"modality": "CT"}, "sagittal", "CT, not MR"),
        ({"contrast_agent": "Gadovist"}, "sagittal", "contrast agent given (Gadovist)"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "sagittal", "localiser (ImageType"),
        ({"series_description": "3-plane loc"}, "sagittal", "localiser (description '3-plane loc')"),
        ({"series_description": "t2_survey_sag"}, "sagittal", "localiser (description 't2_survey_sag')"),
        ({"scanning_sequence": ("SE", "EP")}, "sagittal", "echo-planar imaging"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "DIFFUSION")}, "sagittal", "diffusion"),
        ({"image_type": ("DERIVED", "PRIMARY")}, "sagittal", "derived image"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "MIP")}, "sagittal", "derived image"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "P")}, "sagittal", "phase image"),
        ({"image_type": ("ORIGINAL", "PRIMARY", "R", "IR")}, "sagittal", "real part image"),
        ({}, "axial", "axial: the scores are defined on sagittal slices"),
        ({}, "coronal", "coronal: the scores"),
        ({}, None, "the plane is unknown"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_its_reason(values, plane, words):
    assert words in refusal_reason(Acquisition(**({"modality": "MR"} | values)), plane)


@pytest.mark.parametrize("description", ["T1 SAG", "LOCALLY ADVANCED", "t2_tse_sag_lumbar", None])
def test_a_sagittal_series_is_not_refused_even_if_its_weighting_is_unknown(description):
    acquisition = Acquisition(series_description=description, image_type=("ORIGINAL", "PRIMARY", "M", "ND"))
    assert refusal_reason(acquisition, "sagittal") is None
