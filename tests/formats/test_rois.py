"""ROI files."""

import json
import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.acquisition import Acquisition
from vbqkit.errors import FormatError
from vbqkit.formats import read_rois, write_rois
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Polygon, Rectangle, Roi

BOX = Rectangle(center=(1.5, -20.25, 33.1), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
DISC = Ellipse(center=(1.5, 0.1, 30), half_width=(0, 3, 0), half_height=(0, 0, -3), label="CSF")
OUTLINE = Polygon(points=[(0, 0, 0), (0, 4, 0), (0, 5, 3), (0, 0, 3)], label="Knöchern")


def _volume(frame_of_reference_uid="1.2.3"):
    affine = stack_affine((0, -50, 50), (4, 0, 0), (0, 0, -1), (0, 1, 0))
    acquisition = Acquisition(frame_of_reference_uid=frame_of_reference_uid, study_uid="1.2", series_uid="1.2.9")
    return Volume(np.ones((3, 100, 100)), affine, acquisition=acquisition)


def _written(tmp_path, **changes):
    """A good file with changed keys."""
    path = tmp_path / "good.vbqkit.json"
    write_rois(path, [BOX, DISC, OUTLINE], image=_volume(), identify=True)
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content))
    return path


def _coordinates(roi):
    return roi.points if isinstance(roi, Polygon) else np.array([roi.center, roi.half_width, roi.half_height])


def test_rois_come_back_bit_for_bit_with_their_labels_and_uids(tmp_path):
    path = tmp_path / "case.vbqkit.json"
    write_rois(path, [BOX, DISC, OUTLINE], image=_volume(), identify=True)
    file = read_rois(path, image=_volume())
    assert [roi.label for roi in file] == ["L1", "CSF", "Knöchern"]
    assert [type(roi) for roi in file.rois] == [Rectangle, Ellipse, Polygon]
    for before, after in zip([BOX, DISC, OUTLINE], file, strict=True):
        assert np.array_equal(_coordinates(before), _coordinates(after))
    assert (file.frame_of_reference_uid, file.study_uid, file.series_uid) == ("1.2.3", "1.2", "1.2.9")
    assert len(file) == 3


def test_the_file_states_format_version_coordinates_and_the_plane_of_each_roi(tmp_path):
    write_rois(tmp_path / "a.json", [BOX], image=_volume())
    content = json.loads((tmp_path / "a.json").read_text())
    assert (content["format"], content["version"], content["coordinates"]) == ("vbqkit-rois", 1, "DICOM LPS, mm")
    (roi,) = content["rois"]
    assert roi["plane"] == {"point": [1.5, -20.25, 33.1], "normal": [-1.0, 0.0, 0.0]}
    assert len((tmp_path / "a.json").read_text().splitlines()) == 15  # one ROI a line


def test_an_empty_list_of_rois_can_be_kept(tmp_path):
    write_rois(tmp_path / "none.json", [])
    assert len(read_rois(tmp_path / "none.json")) == 0


finite = st.floats(-500, 500, allow_nan=False)


@given(center=st.tuples(finite, finite, finite), width=st.floats(0.01, 200), angle=st.floats(0, 6.3))
def test_any_rectangle_comes_back_as_it_was(tmp_path_factory, center, width, angle):
    u, v = np.array([0, np.cos(angle), np.sin(angle)]), np.array([0, -np.sin(angle), np.cos(angle)])
    box = Rectangle(center=center, half_width=width * u, half_height=v, label="x")
    path = tmp_path_factory.getbasetemp() / "any.json"
    write_rois(path, [box])
    assert np.array_equal(_coordinates(read_rois(path).rois[0]), _coordinates(box))


@pytest.mark.slow
def test_ten_thousand_rois_are_read_within_seconds(tmp_path):
    write_rois(tmp_path / "one.json", [BOX])
    content = json.loads((tmp_path / "one.json").read_text())
    content["rois"] = [content["rois"][0] | {"label": f"L{k}"} for k in range(10_000)]
    (tmp_path / "many.json").write_text(json.dumps(content))
    start = time.process_time()
    file = read_rois(tmp_path / "many.json")
    assert time.process_time() - start < 10
    assert [roi.label for roi in file] == [f"L{k}" for k in range(10_000)]


def test_rois_of_another_frame_of_reference_are_refused(tmp_path):
    path = _written(tmp_path)
    with pytest.raises(FormatError, match=r"another frame of reference than .*draw them again") as refused:
        read_rois(path, image=_volume("9.9"))
    assert not [uid for uid in ("1.2.3", "9.9") if uid in str(refused.value)]


def test_a_file_holds_no_uid_unless_asked_and_is_refused_on_another_patient_all_the_same(tmp_path):
    path = tmp_path / "plain.json"
    write_rois(path, [BOX], image=_volume())
    assert not [uid for uid in ('"1.2.3"', '"1.2"', '"1.2.9"') if uid in path.read_text()]
    file = read_rois(path, image=_volume())
    assert file.check(_volume()) == ()
    assert (file.drawn_on("1.2.9"), file.drawn_on("1.2.8"), file.drawn_on(None)) == (True, False, False)
    with pytest.raises(FormatError, match="another frame of reference"):
        file.check(_volume("9.9"))
    linked = _volume("9.9").with_acquisition(linked_frames=("1.2.3",))
    assert file.check(linked) == ()
    (caution,) = file.check(_volume().with_acquisition(study_uid="1.2.4"))
    assert caution.code == "other-study"


def test_an_unknown_frame_of_reference_is_a_caution_not_a_guess(tmp_path):
    file = read_rois(_written(tmp_path))
    assert file.check(_volume()) == ()
    (caution,) = file.check(_volume(None))
    assert caution.code == "frame-of-reference"
    assert "The image names no frame of reference" in caution.message
    (caution,) = read_rois(_written(tmp_path, frame_of_reference_uid=None)).check(_volume())
    assert "The ROI file" in caution.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 2}, "has version 2 of the ROI format; this package reads version 1. Install a newer vbqkit"),
        ({"version": "1"}, "'version' must be a whole number from 1"),
        ({"version": True}, "'version' must be a whole number from 1"),
        ({"format": "other"}, "is not a ROI file of this package"),
        ({"coordinates": "RAS"}, "'coordinates' must be 'DICOM LPS, mm'; got \"RAS\""),
        ({"rois": {}}, "'rois' must be a list"),
        ({"rois": [3]}, "ROI 1: an object is needed; got 3"),
        ({"rois": [{"label": 3}]}, "ROI 1: 'label' must be text; got 3"),
        ({"rois": [{"label": "L1", "shape": "star"}]}, r"ROI 1 \('L1'\): the shape \"star\" is unknown"),
        ({"rois": [{"label": "L1", "shape": []}]}, r"the shape \[\] is unknown"),
        ({"rois": [{"label": "L1", "shape": "ellipse"}]}, "'center' must be .*three numbers in mm; got null"),
        ({"study_uid": 5}, "'study_uid' must be text or null; got 5"),
    ],
)
def test_malformed_files_are_refused_with_what_and_where(tmp_path, changes, words):
    with pytest.raises(FormatError, match=words):
        read_rois(_written(tmp_path, **changes))


def _roi_json(**changes):
    plane = {"point": [0, 0, 0], "normal": [1, 0, 0]}
    good = {"label": "L1", "shape": "rectangle", "plane": plane, "center": [0, 0, 0]}
    return good | {"half_width": [0, 4, 0], "half_height": [0, 0, 2]} | changes


@pytest.mark.parametrize(
    ("roi", "words"),
    [
        (_roi_json(center=[0, 0, "1"]), "'center' must be"),
        (_roi_json(center=[0, 0, True]), "'center' must be"),
        (_roi_json(center=[[0, 0, 0]]), "'center' must be"),
        (_roi_json(half_width=[0, 0, 1]), "its two half axes must be at right angles"),
        (_roi_json(half_width=[0, 0, 0]), "both must be above 0"),
        (_roi_json(plane=None), "'plane' with 'point' and 'normal' is missing"),
        (_roi_json(plane={"point": [0.2, 0, 0], "normal": [1, 0, 0]}), r"do not lie in its slice plane \(0.2 mm off\)"),
        (_roi_json(plane={"point": [0, 0, 0], "normal": [0, 1, 0]}), "do not lie in its slice plane"),
        (_roi_json(plane={"point": [0, 0, 0], "normal": [2, 0, 0]}), "do not lie in its slice plane"),
        (_roi_json(shape="polygon", points=[[0, 0, 0], [0, 1, 0]]), "needs at least 3 points"),
        (_roi_json(shape="polygon", points=[[0, 0, 0], [0, 1]]), "'points' must be a list of points"),
    ],
)
def test_impossible_rois_in_a_file_name_file_number_and_label(tmp_path, roi, words):
    with pytest.raises(FormatError, match=rf"good.vbqkit.json, ROI 1 \('L1'\).*{words}"):
        read_rois(_written(tmp_path, rois=[roi]))
    assert len(read_rois(_written(tmp_path, rois=[_roi_json()]))) == 1  # the same file without the fault


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"format": NaN}', "\ud800", "[" * 100_000])
def test_files_that_are_no_json_objects_are_refused(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FormatError, match=r"bad\.json is not a ROI file"):
        read_rois(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere\.json cannot be read: it is not there. Check the path"):
        read_rois(tmp_path / "nowhere.json")


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "case.json"
    write_rois(path, [BOX])
    before = path.read_bytes()

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(FormatError, match=r"case\.json cannot be written: No space left on device.*unchanged"):
        write_rois(path, [BOX, DISC])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named_when_writing(tmp_path):
    with pytest.raises(FormatError, match=r"cannot be written: No such file or directory. Choose a folder"):
        write_rois(tmp_path / "no" / "case.json", [BOX])


def test_shapes_that_have_no_place_in_the_format_are_refused(tmp_path):
    class Star(Roi):
        label = "x"
        center_mm = normal = (0.0, 0.0, 1.0)
        area_mm2 = 1.0
        moved = scaled = outline_mm = _weights = None

    with pytest.raises(FormatError, match="is a Star, which no file or studio knows; use one of rectangle"):
        write_rois(tmp_path / "a.json", [Star()])
    assert not list(tmp_path.iterdir())


def test_the_weighting_that_was_said_by_hand_is_kept_and_a_strange_one_refused(tmp_path):
    path = tmp_path / "case.json"
    box = Rectangle(center=(0, 0, 0), half_width=(0, 4, 0), half_height=(0, 0, -2.5), label="L1")
    image = Volume(np.zeros((1, 4, 4)), np.diag([4.0, 1, 1, 1])).with_acquisition(weighting="STIR")
    write_rois(path, [box], image=image)
    assert read_rois(path).weighting == "STIR"
    path.write_text(path.read_text().replace('"STIR"', '"FLAIR"'))
    with pytest.raises(FormatError, match="'weighting' must be one of T1, T2, STIR"):
        read_rois(path)
