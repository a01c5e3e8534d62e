"""Places where a score means nothing give no number, in Python and on the command line; doubts travel with it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vbqkit import read_rois, read_study, write_rois
from vbqkit.cli import main
from vbqkit.errors import FormatError, ScoreError
from vbqkit.scores import (
    Jitter,
    case_uncertainty,
    cautions_of,
    look_at_places,
    refusals_of,
    score_case,
    score_tables,
    score_value,
)

CASE = Path(__file__).parents[2] / "sample_data" / "case01"


def scored(tmp_path, capsys, rois, *options):
    path = tmp_path / "rois.json"
    write_rois(path, rois)
    assert main(["score", str(CASE), "--rois", str(path), "--aggregate", "median", "--json", *options]) == 0
    return {row["score"]: row for row in json.loads(capsys.readouterr().out)}


@pytest.fixture
def rois():
    return {roi.label: roi for roi in read_rois(CASE / "reference_rois.vbqkit.json").rois}


def test_reference_rois_keep_their_scores_without_a_word_about_their_places(tmp_path, capsys, rois):
    rows = scored(tmp_path, capsys, rois.values())
    assert rows["VBQ-T1"]["value"] > 0
    found = {caution.split(":")[0] for caution in rows["VBQ-T1"]["cautions"].split("; ")}
    assert found == {"frame-of-reference", "vbq-scanner"}


def test_rois_midway_between_two_slices_say_so(tmp_path, capsys, rois):
    step = read_study(CASE).find("T1").volume().affine[:3, 0]
    rows = scored(tmp_path, capsys, [roi.moved(step / 2) for roi in rois.values()])
    found = {caution.split(":")[0] for caution in rows["VBQ-T1"]["cautions"].split("; ")}
    assert len(found & {"midway", "midway-slight"}) == 1


def test_csf_in_front_of_the_column_refuses_vbq_and_not_snr(tmp_path, capsys, rois):
    rows = scored(tmp_path, capsys, (rois | {"CSF": rois["CSF"].moved((0, -70, 0))}).values())
    assert rows["VBQ-T1"]["value"] is None
    assert "CSF" in rows["VBQ-T1"]["refused"]
    assert rows["SNR"]["value"] > 0


def test_levels_named_upside_down_refuse_every_score_unless_overruled(tmp_path, capsys, rois):
    names = ["L1", "L2", "L3", "L4"]
    turned = rois | {a: rois[b].with_label(a) for a, b in zip(names, reversed(names), strict=True)}
    rows = scored(tmp_path, capsys, turned.values())
    assert rows["VBQ-T1"]["value"] is rows["SNR"]["value"] is None
    said = scored(tmp_path, capsys, turned.values(), "--overrule", "counted twice with a colleague")
    assert said["VBQ-T1"]["value"] > 0
    assert "overruled: " in said["VBQ-T1"]["cautions"]


# --- in Python -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def volumes():
    study = read_study(CASE)
    return {weighting: study.find(weighting).volume() for weighting in ("T1", "T2", "STIR")}


def codes(score):
    return {caution.code for caution in score.cautions}


def test_a_roi_in_a_wrong_place_gives_no_number_in_python(volumes, rois):
    wrong = rois | {"CSF": rois["CSF"].moved((0, -70, 0))}
    case = score_case(volumes, wrong.values(), aggregate="both")
    for name in ("VBQ-T1", "VBQ-T2", "VBQ-STIR", "VBQ-T2-STIR"):
        with pytest.raises(ScoreError, match="CSF"):
            case.score(name, aggregate=None if name == "VBQ-T2-STIR" else "mean")
    assert case.score("SNR").value == score_case(volumes, rois.values(), aggregate="both").score("SNR").value
    said = score_case(volumes, wrong.values(), aggregate="median", overrule="a phantom").score("VBQ-T1")
    assert said.value > 0
    assert "csf-outside-the-canal" in (said.overruled or "")
    assert str(said.overruled).endswith("Stated reason: a phantom")
    assert "a phantom" in str(said)


def test_an_interval_is_refused_with_its_score(volumes, rois):
    wrong = rois | {"L3": rois["L3"].moved((0, 0, -17))}
    found = case_uncertainty(
        {"T1": volumes["T1"]},
        wrong.values(),
        aggregate="median",
        jitter=Jitter(shift_mm=1, size_percent=0),
        rng=np.random.default_rng(0),
        n_draws=100,
    )
    assert found == ()


def test_a_doubtful_place_travels_with_the_shift_and_only_with_scores_that_use_it(volumes, rois):
    step = volumes["T1"].spacing_mm[0]
    beside = rois | {"CSF": rois["CSF"].moved((1.5 * step, 0, 0))}
    case = score_case({"T1": volumes["T1"]}, beside.values(), aggregate="median")
    (doubt,) = (c for c in case.score("VBQ-T1").cautions if c.code == "csf-on-another-slice")
    assert "It may shift VBQ-T1 by about" in doubt.message
    assert "csf-on-another-slice" not in codes(case.score("SNR"))


def test_a_wrong_place_on_one_series_refuses_the_scores_of_that_series_only(volumes, rois):
    bright = volumes["T1"].pixels.copy()
    row, col = np.rint(rois["CSF"].slice_of(volumes["T1"]).to_rows_cols(rois["CSF"].center_mm)).astype(int)
    bright[:, row - 12 : row + 13, col - 12 : col + 13] = 4000
    case = score_case(volumes | {"T1": replace(volumes["T1"], pixels=bright)}, rois.values(), aggregate="median")
    with pytest.raises(ScoreError, match="CSF is darker"):
        case.score("VBQ-T1")
    assert case.score("VBQ-T2").value > 0


def test_what_the_studio_calls_gives_what_score_case_gives(volumes, rois):
    """Tables of measurements, with the three helpers that say what speaks against them."""
    for moved in (rois, rois | {"CSF": rois["CSF"].moved((0, -70, 0))}):
        case = score_case(volumes, moved.values(), aggregate="both")
        again = score_tables(
            case.measured,
            aggregate="both",
            acquisitions=case.inputs.acquisitions,
            noise=case.inputs.noise,
            refused=refusals_of(volumes),
            places=look_at_places(volumes, moved.values()),
            series_cautions=cautions_of(volumes),
        )
        assert again.results == case.results


def test_the_light_score_looks_at_nothing(volumes, rois):
    wrong = rois | {"CSF": rois["CSF"].moved((0, -70, 0))}
    assert score_value(volumes["T1"], wrong.values(), "VBQ-T1", aggregate="median") > 0


def test_uneven_csf_is_said_once(volumes, rois):
    pixels = volumes["T1"].pixels.astype(float)
    row, col = np.rint(rois["CSF"].slice_of(volumes["T1"]).to_rows_cols(rois["CSF"].center_mm)).astype(int)
    pixels[:, row - 10 : row + 1, col - 10 : col + 10] *= 0.5
    case = score_case({"T1": replace(volumes["T1"], pixels=pixels)}, rois.values(), aggregate="median")
    said = [c for c in case.score("VBQ-T1").cautions if c.code.startswith("csf-not-")]
    assert [c.code for c in said] == ["csf-not-even"]
    assert "It may shift" in said[0].message
    alone = score_tables(case.measured, aggregate="median").score("VBQ-T1")  # from numbers only: nobody saw a picture
    assert "csf-not-even" in codes(alone)


# --- from files -------------------------------------------------------------------------------------------------


def test_what_a_roi_file_says_travels_when_the_file_is_given_whole(volumes, tmp_path, rois):
    write_rois(tmp_path / "rois.json", rois.values())
    drawn = read_rois(tmp_path / "rois.json")
    assert "frame-of-reference" in codes(score_case(volumes, drawn, aggregate="median").score("VBQ-T1"))
    found = case_uncertainty(
        {"T1": volumes["T1"]},
        drawn,
        aggregate="median",
        jitter=Jitter(shift_mm=1, size_percent=0),
        rng=np.random.default_rng(0),
        n_draws=100,
    )
    assert all("frame-of-reference" in codes(one.score) for one in found)
    other = replace(drawn, frame_of_reference_uid="1.2.3")
    with pytest.raises(FormatError, match="another frame of reference"):
        score_case(volumes, other, aggregate="median")
