"""A series that must not be scored gives no number anywhere; overruled, every output says so."""

import copy
import json
import pickle
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from vbqkit import read_rois, read_study
from vbqkit.cli import main
from vbqkit.errors import Caution, ScoreError
from vbqkit.scores import (
    Jitter,
    Refusal,
    case_uncertainty,
    level_snr,
    score_case,
    score_tables,
    score_value,
    segmental_vbq,
    snr,
    vbq,
)
from vbqkit.studio import RoiStudio
from vbqkit.study import make_series

CASE = Path(__file__).parents[2] / "sample_data" / "case01"
WHY = "contrast agent: Gadoterate"
SAID = "the agent was given after this series"


@pytest.fixture(scope="module")
def rois():
    return read_rois(CASE / "reference_rois.vbqkit.json").rois


@pytest.fixture(scope="module")
def plain():
    return read_study(CASE).find("T1").volume()


@pytest.fixture
def refused(plain):
    return replace(plain, refusal=WHY)


def test_a_refused_series_has_no_score_in_python(refused, plain, rois):
    case = score_case({"T1": refused}, rois, aggregate="both")
    assert case.results
    assert all(isinstance(result, Refusal) and WHY in result.reason for result in case.results)
    assert all(row["value"] is None for row in case.rows())
    assert (
        case_uncertainty(
            {"T1": refused},
            rois,
            aggregate="both",
            jitter=Jitter(shift_mm=1, size_percent=0),
            rng=np.random.default_rng(0),
        )
        == ()
    )
    index = next(roi for roi in rois if roi.label == "L3").slice_of(refused).index
    for image in (refused, refused.slice(index), {"T1": refused.slice(index)}):
        with pytest.raises(ScoreError, match="contrast agent"):
            score_value(image, rois, "VBQ-T1", aggregate="median")
    assert score_value(plain, rois, "VBQ-T1", aggregate="median") > 0


def test_measurements_of_a_refused_series_make_no_score_by_hand(refused, plain, rois):
    def measured(volume):
        return {roi.label: roi.measure(volume) for roi in rois}

    here = measured(refused)
    for attempt in (
        lambda: vbq(here, here["CSF"], weighting="T1", aggregate="median"),
        lambda: segmental_vbq(here, here["CSF"], weighting="T1"),
        lambda: snr(here, here["noise"]),
        lambda: level_snr(here["L3"], here["noise"]),
    ):
        with pytest.raises(ScoreError, match="cannot be scored: contrast agent"):
            attempt()
    case = score_tables({"T1": here}, aggregate="median")
    assert all(isinstance(result, Refusal) for result in case.results)
    assert score_tables({"T1": here}, aggregate="median", overrule=SAID).score("VBQ-T1").value > 0
    there = measured(replace(plain, cautions=(Caution("contrast-hint", "POST"),)))
    score = vbq(there, there["CSF"], weighting="T1", aggregate="median")
    assert "contrast-hint" in {caution.code for caution in score.cautions}
    assert there["L3"].as_row()["cautions"] == "contrast-hint: POST"


def test_an_overruled_series_has_the_same_numbers_and_every_one_says_so(refused, plain, rois):
    free = score_case({"T1": plain}, rois, aggregate="median").score("VBQ-T1")
    case = score_case({"T1": refused}, rois, aggregate="median", overrule=SAID)
    vbq = case.score("VBQ-T1")
    assert vbq.value == free.value
    for text in (str(vbq), vbq.as_row()["cautions"]):
        assert "overruled: " in text
        assert WHY in text
        assert SAID in text
    assert vbq.as_row()["overruled"] == vbq.overruled
    assert all("overruled: " in row["overruled"] and row["refused"] is None for row in case.measurement_rows())
    assert "overruled" not in str(free)
    assert free.as_row()["overruled"] is None


@pytest.mark.parametrize("reason", ["", "  ", True])
def test_without_a_reason_nothing_is_overruled(refused, rois, reason):
    for attempt in (
        lambda: score_case({"T1": refused}, rois, aggregate="median", overrule=reason),
        lambda: score_value(refused, rois, "VBQ-T1", aggregate="median", overrule=reason),
        lambda: RoiStudio([refused], rois=rois, overrule=reason),
    ):
        with pytest.raises(ScoreError, match=r"overrule=.* gives no reason; .*Say why in words"):
            attempt()


def test_a_refusal_outlives_every_copy(refused, plain, rois):
    series = read_study(CASE).find("T1")
    copies = [
        pickle.loads(pickle.dumps(refused)),
        copy.copy(refused),
        copy.deepcopy(refused),
        replace(refused, pixels=refused.pixels.astype(float)),
        refused.with_acquisition(weighting="T1"),
        make_series(refused).volume(),
        pickle.loads(pickle.dumps(make_series(refused))).volume(),
        replace(series, refusal=WHY).volume(),
        replace(make_series(plain), refusal=WHY).volume(),
    ]
    for volume in copies:
        case = score_case({"T1": volume}, rois, aggregate="both")
        assert all(isinstance(result, Refusal) and WHY in result.reason for result in case.results)


def test_a_caution_stated_on_a_series_reaches_its_volume(plain):
    doubt = Caution("stated", "The patient moved.")
    series = replace(make_series(plain), cautions=(doubt,))
    assert series.volume().cautions == (*plain.cautions, doubt)


def test_a_series_and_a_place_that_were_overruled_are_both_named(refused, rois):
    wrong = [roi.moved((0, -70, 0)) if roi.label == "CSF" else roi for roi in rois]
    said = str(score_case({"T1": refused}, wrong, aggregate="median", overrule=SAID).score("VBQ-T1"))
    assert WHY in said
    assert "csf-outside-the-canal" in said
    assert said.count("overruled: ") == 2


def test_the_table_of_an_interval_says_what_speaks_against_its_score(refused, plain, rois):
    def table(volume, **options):
        jitter, rng = Jitter(shift_mm=0, size_percent=0), np.random.default_rng(0)
        found = case_uncertainty(
            {"T1": volume}, rois, aggregate="median", jitter=jitter, rng=rng, n_draws=100, **options
        )
        return next(u for u in found if u.score.name == "VBQ-T1").rows()

    for row in table(refused, overrule=SAID):
        assert WHY in row["overruled"]
        assert SAID in row["overruled"]
        assert "overruled: " in row["cautions"]
    for row in table(plain):
        assert row["overruled"] is None
        assert "vbq-scanner" in row["cautions"]


def test_one_refused_series_refuses_its_own_scores_only(refused, rois):
    t2 = read_study(CASE).find("T2").volume()
    case = score_case({"T1": refused, "T2": t2}, rois, aggregate="median")
    assert case.score("VBQ-T2").value > 0
    with pytest.raises(ScoreError, match="contrast agent"):
        case.score("VBQ-T1")


def test_the_studio_shows_no_number_of_a_refused_volume(refused, rois):
    studio = RoiStudio([refused], rois=rois, reference=(200.0, 20.0, 12), cutoffs={"VBQ-T1": (1.35, "high")})
    assert all(isinstance(score, Refusal) for score in studio.scores.values())
    assert [row["value"] for row in studio._measured["scores"]] == [None] * len(studio.scores)
    assert studio._views[0]["weighting"] == "unknown", "or the browser would show its own number while a ROI is dragged"
    assert any(WHY in text for text in map(str, studio.messages))
    snapshot = studio.snapshot()._repr_html_()
    assert "positive" not in snapshot
    assert "VBQ-T1 (median) =" not in snapshot
    assert WHY in studio._static_html()


def test_an_overruled_studio_says_so_in_the_snapshot_and_in_the_saved_notebook(refused, rois):
    studio = RoiStudio([refused], rois=rois, overrule=SAID)
    assert studio._views[0]["weighting"] == "T1"
    row = next(row for row in studio._measured["scores"] if row["key"] == "VBQ-T1 (median)")
    assert row["overruled"]
    assert SAID in row["note"]
    for page in (studio.snapshot()._repr_html_(), studio._static_html()):
        assert "overruled: " in page
        assert SAID in page


@pytest.fixture
def contrast_folder(tmp_path):
    for path in sorted((CASE / "T1").glob("*.dcm")):
        dataset = pydicom.dcmread(path)
        dataset.ContrastBolusAgent = "Gadoterate"
        dataset.save_as(tmp_path / path.name)
    return tmp_path


def test_the_command_line_scores_a_refused_series_only_for_a_stated_reason(contrast_folder, capsys):
    command = ["score", str(contrast_folder), "--rois", str(CASE / "reference_rois.vbqkit.json"), "--series", "0"]
    assert main(command) == 1
    said = capsys.readouterr()
    assert "--overrule REASON" in said.err
    assert "VBQ-T1" not in said.out
    assert main([*command, "--overrule", SAID]) == 0
    said = capsys.readouterr().out.splitlines()
    assert all(
        "overruled: " in line and SAID in line for line in said if line.startswith(("SNR ", "VBQ-")) and "=" not in line
    )
    assert main([*command, "--overrule", SAID, "--json"]) == 0
    assert all(SAID in row["overruled"] for row in json.loads(capsys.readouterr().out) if row["value"] is not None)


@pytest.fixture
def with_refused_t1(contrast_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    shutil.copytree(contrast_folder, folder / "T1")
    shutil.copytree(CASE / "T2", folder / "T2")
    return folder


def test_a_refused_series_beside_a_good_one_is_not_left_out_without_a_word(with_refused_t1, capsys):
    command = ["score", str(with_refused_t1), "--rois", str(CASE / "reference_rois.vbqkit.json")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "SNR and M-score and VBQ-T1 not given: the T1 series (0) cannot be scored: contrast agent given" in said
    assert said.count("Gadoterate") == 1
    assert main([*command, "--json"]) == 0
    rows = {row["score"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["VBQ-T2"]["value"] > 0
    assert rows["VBQ-T1"]["value"] is None
    assert "contrast agent given" in rows["VBQ-T1"]["refused"]


def again(folder, *, change=0, keep=slice(None)):
    """The T1 without agent beside it, as a series of its own."""
    for path in sorted((CASE / "T1").glob("*.dcm"))[keep]:
        dataset = pydicom.dcmread(path)
        dataset.decompress()
        dataset.PixelData = (dataset.pixel_array + change).astype(np.uint16).tobytes()
        dataset.SeriesInstanceUID, dataset.SOPInstanceUID = generate_uid(entropy_srcs=["again"]), generate_uid()
        dataset.SeriesNumber = 90
        dataset.save_as(folder / f"again{path.name}")


def test_a_refused_series_beside_one_of_its_weighting_is_named(with_refused_t1, capsys):
    again(with_refused_t1, change=1)
    assert main(["score", str(with_refused_t1), "--rois", str(CASE / "reference_rois.vbqkit.json")]) == 0
    said = capsys.readouterr().out
    assert re.search(r"Series \d left out: contrast agent given \(Gadoterate\)", said)
    assert "VBQ-T1 not given" not in said


def test_of_two_copies_the_one_that_names_the_agent_is_kept(with_refused_t1):
    """Whoever sends slices again may lose the element; pixels that agree were taken after the same agent."""
    again(with_refused_t1)
    study = read_study(with_refused_t1)
    assert [series.acquisition.weighting for series in study] == ["T1", "T2"]
    assert "Gadoterate" in study.series[0].refusal
    assert [caution.code for caution in study.cautions] == ["copies"]


@pytest.mark.parametrize("which", [0, 5, -1])
@pytest.mark.parametrize(("keyword", "value"), [("ContrastBolusAgent", "Gadovist"), ("ContrastBolusVolume", 7)])
def test_one_slice_that_names_the_agent_speaks_for_its_series(tmp_path, which, keyword, value):
    paths = sorted((CASE / "T1").glob("*.dcm"))
    for path in paths:
        dataset = pydicom.dcmread(path)
        if path == paths[which]:
            setattr(dataset, keyword, value)
        dataset.save_as(tmp_path / path.name)
    (series,) = read_study(tmp_path)
    assert "contrast agent given" in series.refusal
    assert series.volume().refusal == series.refusal


def test_a_series_of_unknown_weighting_that_is_not_scored_is_named(tmp_path, capsys):
    for weighting in ("T1", "T2"):
        (tmp_path / weighting).mkdir()
        for path in sorted((CASE / weighting).glob("*.dcm")):
            dataset = pydicom.dcmread(path)
            if weighting == "T2":
                dataset.ScanningSequence = "GR"
            dataset.save_as(tmp_path / weighting / path.name)
    assert main(["score", str(tmp_path), "--rois", str(CASE / "reference_rois.vbqkit.json")]) == 0
    assert "Series 1 left out: its weighting is unknown (gradient echo" in capsys.readouterr().out


def test_two_series_of_one_weighting_are_not_chosen_between(with_refused_t1, capsys):
    command = ["score", str(with_refused_t1), "--rois", str(CASE / "reference_rois.vbqkit.json"), "--overrule", SAID]
    assert main([*command, "--series", "T1=0", "--series", "T1=1"]) == 1
    assert "--series names 2 T1 series; a score needs one" in capsys.readouterr().err
