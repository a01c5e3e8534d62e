"""ROIs know the examination that they were drawn in, and say so wherever the number goes."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest

from vbqkit import read_rois, read_study, write_rois
from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.formats.roi_file import study_digest
from vbqkit.scores import score_case
from vbqkit.studio import RoiStudio

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
DRAWN = CASE / "reference_rois.vbqkit.json"
OTHER = "1.2.3.4.5"


@pytest.fixture(scope="module")
def volume():
    return read_study(CASE).find("T1").volume()


@pytest.fixture(scope="module")
def another(volume):
    """The same images as those of another examination, with the frame of reference that an anonymiser gave both."""
    return volume.with_acquisition(study_uid=OTHER)


@pytest.fixture
def saved(tmp_path, volume):
    """A case file as the studio writes it."""
    path = tmp_path / "case.vbqkit.json"
    RoiStudio(volume, case_file=path).rois = read_rois(DRAWN).rois
    return path


def doubts(studio):
    return {c.code for score in studio.scores.values() if hasattr(score, "cautions") for c in score.cautions}


def test_rois_that_are_shown_as_they_were_read_bring_the_cautions_about_their_file(volume, another):
    assert "other-study" in doubts(RoiStudio(another, rois=read_rois(DRAWN)))
    assert "other-study" not in doubts(RoiStudio(volume, rois=read_rois(DRAWN)))
    with pytest.raises(FormatError, match="another frame of reference"):
        RoiStudio(volume.with_acquisition(frame_of_reference_uid="1.2"), rois=read_rois(DRAWN))


def test_read_rois_that_a_case_file_replaces_bring_no_caution(saved, another, tmp_path):
    mine = tmp_path / "mine.vbqkit.json"
    RoiStudio(another, case_file=mine).rois = read_rois(DRAWN).rois
    assert "other-study" not in doubts(RoiStudio(another, rois=read_rois(DRAWN), case_file=mine))


def test_a_case_file_holds_its_study_as_a_hash_that_leads_to_nobody(saved, volume):
    content = json.loads(saved.read_text())
    assert content["study_digest"] == study_digest(volume.acquisition.study_uid)
    assert content["study_uid"] is None
    assert volume.acquisition.study_uid not in saved.read_text()
    assert volume.acquisition.series_uid not in saved.read_text()


def test_a_case_file_of_another_study_cautions_in_the_studio_and_stays_of_that_study(saved, volume, another):
    studio = RoiStudio(another, case_file=saved)
    assert "other-study" in doubts(studio)
    assert any("another examination" in message.text for message in studio.messages)
    assert "another examination" in studio.snapshot()._repr_html_()
    studio.rois = [roi.moved((0.0, 0.1, 0.0)) for roi in studio.rois]  # the file is written anew
    assert json.loads(saved.read_text())["study_digest"] == study_digest(volume.acquisition.study_uid)
    assert "other-study" in doubts(RoiStudio(another, case_file=saved))
    assert "other-study" not in doubts(RoiStudio(volume, case_file=saved))


def test_a_case_file_that_was_emptied_belongs_to_the_images_shown(saved, another):
    studio = RoiStudio(another, case_file=saved)
    studio.rois = []
    studio.rois = read_rois(DRAWN).rois
    assert json.loads(saved.read_text())["study_digest"] == study_digest(OTHER)
    assert "other-study" not in doubts(RoiStudio(another, case_file=saved))


def test_a_case_file_of_another_study_cautions_in_python(saved, volume, another):
    drawn = read_rois(saved)
    codes = [
        {c.code for c in score_case({"T1": v}, drawn, aggregate="median").score("VBQ-T1").cautions}
        for v in (volume, another)
    ]
    assert ["other-study" in found for found in codes] == [False, True]


@pytest.mark.parametrize("kind", ["case", "export"])
def test_rois_of_another_study_caution_on_the_command_line(tmp_path, saved, volume, capsys, kind):
    folder = tmp_path / "study"
    folder.mkdir()
    for path in sorted((CASE / "T1").iterdir()):
        dataset = pydicom.dcmread(path)
        dataset.StudyInstanceUID = OTHER
        dataset.save_as(folder / path.name)
    rois = saved
    if kind == "export":
        rois = tmp_path / "export.json"
        write_rois(rois, read_rois(DRAWN).rois, image=volume)
    for where, expected in ((CASE / "T1", False), (folder, True)):
        assert main(["score", str(where), "--rois", str(rois), "--aggregate", "median", "--json"]) == 0
        (row,) = (row for row in json.loads(capsys.readouterr().out) if row["score"] == "VBQ-T1")
        assert ("other-study: " in row["cautions"]) is expected


def test_an_old_case_file_without_study_is_read_as_before(saved, volume, another):
    content = json.loads(saved.read_text())
    del content["study_digest"]
    saved.write_text(json.dumps(content))
    for image in (volume, another):
        studio = RoiStudio(image, case_file=saved)
        assert len(studio.rois) == len(read_rois(DRAWN).rois)
        assert "other-study" not in doubts(studio)


def test_the_study_is_compared_where_no_frame_of_reference_is_named(saved, another):
    bare = another.with_acquisition(frame_of_reference_uid=None)
    codes = {c.code for c in read_rois(saved).check(bare)}
    assert codes == {"frame-of-reference", "other-study"}


@pytest.mark.parametrize(("ending", "code"), [("json", "other-study"), ("csv", "frame-of-reference")])
def test_what_was_doubtful_about_imported_rois_stays_in_the_case_file(tmp_path, volume, another, ending, code, capsys):
    path, file = tmp_path / "case.vbqkit.json", tmp_path / f"rois.{ending}"
    write_rois(file, read_rois(DRAWN).rois, image=another)
    RoiStudio(volume, case_file=path).import_rois(file)
    again = RoiStudio(volume, case_file=path)
    assert code in doubts(again)
    again.rois = [roi.moved((0.0, 0.1, 0.0)) for roi in again.rois]
    assert code in doubts(RoiStudio(volume, case_file=path))
    assert str(file) not in path.read_text()
    assert main(["score", str(CASE / "T1"), "--rois", str(path), "--aggregate", "median"]) == 0
    assert f"! {code}: Some of the ROIs" in capsys.readouterr().out
    again.rois = []
    assert code not in path.read_text()
