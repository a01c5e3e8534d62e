"""Whose images these are stands in every listing and in nothing saved; what the user states reaches the score."""

import json
from pathlib import Path

import pydicom
import pytest

from vbqkit import read_rois, read_study, write_rois
from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.scores import score_case

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
DRAWN = CASE / "reference_rois.vbqkit.json"
WHO = {"PatientID": "PSEUDO-17", "PatientName": "Doe^Jane", "StudyDate": "20250314", "SeriesDescription": "T1 TSE SAG"}


def altered(folder, weightings, **per_series):
    """Copies of series of the sample case with other elements: ``altered(folder, ["T1"], T1={"EchoTime": 5})``."""
    for weighting in weightings:
        (folder / weighting).mkdir(parents=True)
        for path in sorted((CASE / weighting).iterdir()):
            dataset = pydicom.dcmread(path)
            for keyword, value in (WHO | per_series.get(weighting, {})).items():
                setattr(dataset, keyword, value)
            dataset.save_as(folder / weighting / path.name)
    return folder


def test_pseudonym_date_and_description_stand_in_every_listing_and_the_name_in_none(tmp_path, capsys):
    folder = altered(tmp_path / "study", ["T1"])
    assert main(["series", str(folder)]) == 0
    table = capsys.readouterr().out
    assert main(["series", str(folder), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    study = read_study(folder)
    with pytest.raises(FormatError) as choose:
        study.find("T2")
    for listing in (table, json.dumps(row), repr(study), repr(study.series[0]), str(choose.value)):
        assert all(text in listing for text in ("PSEUDO-17", "2025-03-14", "T1 TSE SAG"))
        assert "Doe" not in listing
    assert (row["patient"], row["study_date"], row["description"]) == ("PSEUDO-17", "2025-03-14", "T1 TSE SAG")


def test_nothing_that_is_saved_or_exported_says_whose_images_they_were(tmp_path, capsys):
    folder = altered(tmp_path / "study", ["T1"])
    volume = read_study(folder).find("T1").volume()
    rois = read_rois(DRAWN)
    write_rois(tmp_path / "rois.json", rois.rois, image=volume)
    write_rois(tmp_path / "rois.csv", rois.rois, image=volume)
    assert main(["score", str(folder), "--rois", str(tmp_path / "rois.json"), "--json"]) == 0
    case = score_case({"T1": volume}, rois, aggregate="both")
    saved = [
        (tmp_path / "rois.json").read_text(),
        (tmp_path / "rois.csv").read_text(),
        capsys.readouterr().out,
        repr(case.rows()) + repr(case.measurement_rows()) + repr(volume) + repr(volume.acquisition),
    ]
    assert not [text for text in saved for secret in ("PSEUDO", "20250314", "2025-03-14", "Doe") if secret in text]


@pytest.mark.parametrize(
    ("date", "shown"), [("2025.03.14", "2025-03-14"), ("", None), ("about 2025", "about 2025"), ("2025031", "2025031")]
)
def test_a_date_is_shown_as_one_and_what_is_none_is_masked(tmp_path, date, shown):
    folder = altered(tmp_path, [])
    (folder / "T1").mkdir(parents=True)
    path = min((CASE / "T1").iterdir())
    content = pydicom.dcmread(path)
    content["StudyDate"].VR = "LO"
    content["StudyDate"].value = date
    content.save_as(folder / "T1" / "a.dcm")
    assert read_study(folder).series[0].study_date == shown


# --- what the user states -------------------------------------------------------------------------------------------

ORIGINALS = {"ImageType": ["DERIVED", "SECONDARY", "M"]}


def scored(capsys, folder, *options, rois=DRAWN):
    status = main(["score", str(folder), "--rois", str(rois), "--aggregate", "median", "--json", *options])
    said = capsys.readouterr()
    return {row["score"]: row for row in json.loads(said.out)} if status == 0 else said.err


def test_old_originals_tagged_derived_are_scored_when_the_user_says_so(tmp_path, capsys):
    folder = altered(tmp_path, ["T1"], T1=ORIGINALS)
    assert "derived image" in scored(capsys, folder)
    assert "derived image" in scored(capsys, folder, "--series", "0")
    row = scored(capsys, folder, "--accept-derived")["VBQ-T1"]
    assert row["value"] == pytest.approx(scored(capsys, altered(tmp_path / "plain", ["T1"]))["VBQ-T1"]["value"])
    assert "derived-accepted: " in row["cautions"]
    maps = altered(tmp_path / "maps", ["T1"], T1={"ImageType": ["DERIVED", "SECONDARY", "ADC"]})
    assert "quantitative map" in scored(capsys, maps, "--accept-derived", "--series", "0")


OWN_FRAME = {"FrameOfReferenceUID": "1.2.3.44"}


def test_series_with_frames_of_their_own_are_linked_when_the_user_says_so(tmp_path, capsys):
    folder = altered(tmp_path, ["T1", "T2"], T2=OWN_FRAME)
    assert "--link-frames" in scored(capsys, folder)
    rows = scored(capsys, folder, "--link-frames")
    assert rows["VBQ-T2"]["value"] == pytest.approx(0.545, abs=0.001)
    assert "frame-linked: " in rows["VBQ-T2"]["cautions"]
    assert "frame-linked: " in rows["VBQ-T1"]["cautions"]
    volumes = {s.acquisition.weighting: s.volume() for s in read_study(folder, link_frames=True)}
    assert len({v.acquisition.frame_of_reference_uid for v in volumes.values()}) == 1
    apart = {s.acquisition.weighting: s.volume() for s in read_study(folder)}
    bare = score_case(apart, read_rois(DRAWN).rois, aggregate="median").score("VBQ-T2")
    assert "several-frames" in {c.code for c in bare.cautions}


def test_rois_drawn_in_either_of_the_linked_frames_fit(tmp_path):
    folder = altered(tmp_path, ["T1", "T2"], T2=OWN_FRAME)
    t2 = read_study(folder).find("T2").volume()
    write_rois(tmp_path / "on_t2.json", read_rois(DRAWN).rois, image=t2)
    linked = read_study(folder, link_frames=True).find("T1").volume()
    assert score_case({"T1": linked}, read_rois(tmp_path / "on_t2.json"), aggregate="median").score("VBQ-T1").value > 0
    with pytest.raises(FormatError, match="another frame of reference"):
        read_rois(tmp_path / "on_t2.json").check(read_study(folder).find("T1").volume())


@pytest.mark.parametrize("moved", [(1.9, 0, 0), (0, 200, 0)])
def test_series_at_other_places_are_not_linked(tmp_path, moved):
    folder = altered(tmp_path, ["T1", "T2"], T2=OWN_FRAME)
    for path in (folder / "T2").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.ImagePositionPatient = [a + b for a, b in zip(dataset.ImagePositionPatient, moved, strict=True)]
        dataset.save_as(path)
    study = read_study(folder, link_frames=True)
    assert len({s.acquisition.frame_of_reference_uid for s in study}) == 2
    assert {c.code for c in study.find("T2").volume().cautions} >= {"frame-not-linked"}


def test_series_of_two_patients_are_never_linked(tmp_path):
    folder = altered(tmp_path, ["T1", "T2"], T2=OWN_FRAME | {"PatientID": "ANOTHER"})
    assert len({s.acquisition.frame_of_reference_uid for s in read_study(folder, link_frames=True)}) == 2


def test_one_frame_of_reference_needs_no_link_and_no_caution():
    study = [series for series in read_study(CASE, link_frames=True) if series.scorable]  # not CT and DEXA
    assert len(study) == 3
    assert not [c for s in study for c in s.cautions]
    assert not [s for s in study if s.acquisition.linked_frames]


# --- weighting stated in the case file ------------------------------------------------------------------------------

UNKNOWN = {"ScanningSequence": "RM", "EchoTrainLength": 1, "SeriesDescription": "SAG"}


def stated(folder, weighting, series, tmp_path):
    volume = next(s for s in read_study(folder) if s.acquisition.weighting == series).volume()
    path = tmp_path / "case.vbqkit.json"
    write_rois(path, read_rois(DRAWN).rois, image=volume.with_acquisition(weighting=weighting))
    return path


def test_the_weighting_that_the_case_file_states_is_used(tmp_path, capsys):
    folder = altered(tmp_path / "one", ["T1"], T1=UNKNOWN)
    rois = stated(folder, "T1", "unknown", tmp_path)
    assert scored(capsys, folder, rois=rois)["VBQ-T1"]["value"] > 0
    two = altered(tmp_path / "two", ["T1", "T2"], T1=UNKNOWN)
    rows = scored(capsys, two, rois=stated(two, "T1", "unknown", tmp_path))
    assert rows["VBQ-T1"]["value"] > 0
    assert rows["VBQ-T2"]["value"] > 0


def test_what_the_header_says_against_the_case_file_is_on_the_score(tmp_path, capsys):
    folder = altered(tmp_path / "one", ["T1"], T1={"SeriesDescription": "SAG T2"})
    rows = scored(capsys, folder, "--overrule", "the test", rois=stated(folder, "STIR", "T1", tmp_path))
    row = rows["VBQ-STIR"]
    assert "weighting-stated-against-header: Stated STIR" in row["cautions"]


def test_a_case_file_drawn_on_t1_leaves_the_known_series_as_they_are(tmp_path, capsys):
    folder = altered(tmp_path / "two", ["T1", "T2"])
    rows = scored(capsys, folder, rois=stated(folder, "T1", "T1", tmp_path))
    assert rows["VBQ-T1"]["value"] > 0
    assert rows["VBQ-T2"]["value"] > 0
    assert "stated" not in rows["VBQ-T1"]["cautions"]
