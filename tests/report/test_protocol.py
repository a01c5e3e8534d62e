"""The protocol check: every caution in one light, no refusal lost, no rule of its own."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vbqkit import Acquisition, Caution, Volume, read_study
from vbqkit.cli import main
from vbqkit.report import check_protocol, nearest_cutoffs
from vbqkit.report.protocol_check import OTHERS
from vbqkit.report.protocol_light import NOT_CONCERNED, NOT_GIVEN, OVERRULED, SET_APART, SIGNS, WITH_CAUTION
from vbqkit.report.protocol_topics import TOPICS
from vbqkit.study import make_series

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
AFFINE = np.diag([4.0, 0.7, 0.7, 1.0])[[0, 2, 1, 3]]
T1 = Acquisition(
    modality="MR",
    weighting="T1",
    weighting_reason="spin echo with TR 550 ms and TE 11 ms",
    tr_ms=550.0,
    te_ms=11.0,
    field_t=1.5,
    vendor="GE",
    scanning_sequence=("SE",),
    image_type=("ORIGINAL", "PRIMARY", "M"),
)


def lights(acquisition=T1, *, cautions=(), refusal=None, series=None):
    volume = Volume(np.zeros((3, 8, 6)), AFFINE, acquisition=acquisition, cautions=cautions, refusal=refusal)
    found = check_protocol(series or make_series(volume))
    return {light.topic: light for light in found}


@pytest.mark.parametrize(
    ("topic", "change", "reason"),
    [
        ("contrast agent", {"contrast_agent": "Gadovist"}, "contrast agent given (Gadovist)"),
        ("Dixon and other content", {"image_type": ("ORIGINAL", "PRIMARY", "DIXON", "WATER")}, "water image"),
        ("Dixon and other content", {"image_type": ("DERIVED", "PRIMARY", "M")}, "derived image"),
        ("Dixon and other content", {"not_signal": "phase image"}, "phase image"),
        ("modality", {"modality": "CT"}, "CT, not MR"),
    ],
)
def test_a_refusal_of_the_package_is_the_refused_light_of_its_topic_and_gives_no_score(topic, change, reason):
    from vbqkit.weighting import refusal_reason

    acquisition = replace(T1, **change)
    found = lights(acquisition, refusal=refusal_reason(acquisition, "sagittal"))
    assert reason in found[topic].found
    assert [name for name, light in found.items() if light.status == "refused"] in (
        [topic],
        [topic, "air and masked background"],
    )
    assert set(dict(found[topic].consequences).values()) == {NOT_GIVEN}
    assert OTHERS not in found


def test_a_refusal_that_no_topic_knows_is_shown_all_the_same():
    found = lights(refusal="slices 3 and 4 are missing")
    assert found[OTHERS].status == "refused"
    assert "slices 3 and 4 are missing" in found[OTHERS].found
    both = replace(T1, contrast_agent="Gd")
    reason = "contrast agent given (Gd): it changes marrow and CSF signal"
    found = lights(both, refusal=f"{reason}; slices 3 and 4 are missing")
    assert "slices 3 and 4" in found[OTHERS].found
    assert reason not in found[OTHERS].found


def test_every_caution_is_in_exactly_one_light():
    codes = [code for topic in TOPICS for code in (*topic.codes, *topic.noise_codes)]
    assert len(codes) == len(set(codes))
    given = (Caution("lossy", "went through JPEG"), Caution("a-new-one", "something new"))
    found = lights(cautions=given)
    for caution in given:
        [light] = [light for light in found.values() if caution.code in light.codes]
        assert caution.message in light.found
        assert set(dict(light.consequences).values()) == {WITH_CAUTION}


def test_codes_of_topics_are_codes_that_the_package_gives():
    source = "".join(
        p.read_text(encoding="utf-8") for p in (CASE.parents[1] / "vbqkit").rglob("*.py") if "report" not in p.parts
    )
    for code in (code for topic in TOPICS for code in (*topic.codes, *topic.noise_codes)):
        assert f'"{code}' in source, code


def test_parallel_imaging_concerns_noise_scores_alone_and_a_factor_of_one_is_fine():
    fast = lights(replace(T1, parallel_technique="SENSE", parallel_factor=2.0))["parallel imaging"]
    assert dict(fast.consequences) == {"SNR": WITH_CAUTION, "M-score": WITH_CAUTION, "VBQ-T1": NOT_CONCERNED}
    assert lights(replace(T1, parallel_factor=1.0))["parallel imaging"].status == "fine"
    assert lights()["parallel imaging"].status == "nothing found"


def test_deep_learning_and_missing_air_refuse_the_noise_scores_only():
    found = lights(replace(T1, image_type=("ORIGINAL", "PRIMARY", "M", "DRB")))
    for topic in ("deep-learning reconstruction", "air and masked background"):
        assert dict(found[topic].consequences) == {"SNR": NOT_GIVEN, "M-score": NOT_GIVEN, "VBQ-T1": NOT_CONCERNED}


def test_on_a_series_without_noise_scores_the_noise_topics_are_fine_and_say_so():
    found = lights(replace(T1, weighting="T2", parallel_technique="SENSE", parallel_factor=2.0))["parallel imaging"]
    assert found.status == "fine"
    assert found.found.startswith("no score on this series is divided by noise: ")


def test_fat_suppression_and_unknown_weighting_refuse_every_score():
    suppressed = replace(T1, fat_suppressed=True, weighting="unknown", weighting_reason="T1 with fat suppression")
    found = lights(suppressed)
    assert found["fat suppression"].status == found["weighting, TR and TE"].status == "refused"
    assert lights(replace(T1, fat_suppressed=False))["fat suppression"].status == "fine"


def test_a_weighting_stated_for_a_fat_suppressed_series_does_not_make_the_fat_fine():
    found = lights(replace(T1, fat_suppressed=True))["fat suppression"]
    assert found.status == "look"
    assert "fat suppression" in found.found
    lacking = replace(
        T1, fat_suppressed=True, weighting="unknown", scanning_sequence=(), weighting_reason="no sequence"
    )
    assert "fat suppression" in lights(lacking)["fat suppression"].found


def test_an_overruled_refusal_stays_red_and_says_that_the_scores_are_given():
    volume = Volume(np.zeros((3, 8, 6)), AFFINE, acquisition=replace(T1, contrast_agent="Gd"), refusal="contrast agent")
    found = {light.topic: light for light in check_protocol(make_series(volume), volume=volume, overruled=True)}
    assert found["contrast agent"].status == "refused"
    assert set(dict(found["contrast agent"].consequences).values()) == {OVERRULED}
    assert dict(found["air and masked background"].consequences)["SNR"] == NOT_GIVEN


def test_where_the_weighting_has_no_score_nothing_is_given_whatever_the_topic():
    found = lights(replace(T1, weighting="PD"), cautions=(Caution("lossy", "went through JPEG"),))
    for light in found.values():
        assert set(dict(light.consequences).values()) <= {NOT_GIVEN}


def test_an_unreadable_picture_is_said_and_gives_no_score():
    def broken():
        from vbqkit.errors import FormatError

        raise FormatError("the pixels break off")

    series = replace(make_series(Volume(np.zeros((3, 8, 6)), AFFINE, acquisition=T1)), read=broken)
    found = lights(series=series)
    assert found[OTHERS].status == "refused"
    assert "the pixels break off" in found[OTHERS].found


def test_the_command_prints_signs_beside_words_and_every_topic_in_json(capsys):
    assert main(["protocol", str(CASE)]) == 0
    printed = capsys.readouterr().out
    assert "uniformity correction" in printed
    assert "Cut-off of VBQ-T1: nearest by setting is Huang 2026, 4.285 for vertebral fracture" in printed
    assert main(["protocol", str(CASE), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3 * len(TOPICS)
    assert all(row["sign"] == SIGNS[row["status"]] for row in rows)
    of = {row["topic"]: row["for_VBQ-T1"] for row in rows if row["series"] == 0 and row["status"] == "look"}
    assert of["uniformity correction"] == SET_APART, (
        "it evens out the coil's slope, which the ratio of marrow and CSF holds"
    )
    assert of["interpolation"] == NOT_CONCERNED
    assert main(["protocol", str(CASE), "--series", "9"]) == 1
    assert "names no series" in capsys.readouterr().err


def test_the_nearest_cut_off_is_the_first_row_of_the_published_ones():
    from vbqkit.literature import thresholds_for

    a = read_study(CASE).find("T1").acquisition
    for one in nearest_cutoffs(a):
        table = thresholds_for(one.score, field_t=a.field_t, vendor=a.vendor, tr_ms=a.tr_ms, te_ms=a.te_ms)
        assert (one.source, one.threshold) == (table.loc[0, "source"], table.loc[0, "threshold"])
