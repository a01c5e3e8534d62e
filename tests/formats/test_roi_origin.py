"""ROI files keep apart what the reader placed, accepted and corrected, and measure nothing that nobody has accepted."""

import json

import pytest

from vbqkit.errors import FormatError
from vbqkit.formats import read_rois, write_rois
from vbqkit.formats.roi_file import RoiFile
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, ProposedPlace, Rectangle
from vbqkit.scores.series_cautions import cautions_of

IMAGE = Volume([[[0] * 50] * 60] * 5, stack_affine((-8, 0, 0), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))).with_acquisition(
    weighting="T1", frame_of_reference_uid="1.2.3"
)


def box(label, row=20.0, kind=Rectangle):
    return kind.on(IMAGE.slice(2), (row, 25), 6.0, 5.0, label=label)


def proposed(roi, doubt=""):
    return ProposedPlace(roi=roi, confidence=0.85, doubt=doubt)


@pytest.fixture
def written(tmp_path):
    l1, l2, l3, l4 = (box(f"L{k}", 10.0 * k) for k in range(1, 5))
    file = RoiFile(
        rois=(l1, l2, l3.moved((0, 0, 2.0)), box("CSF", 40)),
        places=(None, proposed(l2), proposed(l3, "a fracture?"), proposed(box("CSF", 40, Ellipse))),
        proposed=((l4, proposed(l4, "cut by the edge")),),
    )
    path = tmp_path / "case.vbqkit.json"
    write_rois(path, file, image=IMAGE)
    return path


def test_origins_come_back_with_what_was_proposed(written):
    file = read_rois(written)
    assert file.origins == ("placed", "accepted", "corrected", "corrected")
    assert file.places[2].doubt == "a fracture?"
    assert file.places[2].roi == box("L3", 30.0)
    assert file.places[1].confidence == 0.85
    again = written.with_name("again.json")
    write_rois(again, file, image=IMAGE)
    assert again.read_text() == written.read_text()


def test_what_nobody_accepted_is_not_among_the_rois(written):
    file = read_rois(written)
    assert "L4" not in [roi.label for roi in file]
    assert [(roi.label, place.doubt) for roi, place in file.proposed] == [("L4", "cut by the edge")]


def test_every_score_says_which_rois_were_proposed(written):
    (cautions,) = cautions_of({"T1": IMAGE}, read_rois(written)).values()
    said = {caution.code: caution.message for caution in cautions}
    assert said["proposed-rois"] == (
        "ROIs proposed automatically and accepted unchanged: L2. "
        "ROIs proposed automatically and corrected: L3 (moved 2.0 mm), CSF (resized or turned)."
    )
    assert "no reader has accepted: L4. They are not measured" in said["rois-not-accepted"]


def test_a_file_without_proposals_has_none_of_the_keys_and_says_nothing(tmp_path):
    path = tmp_path / "case.json"
    write_rois(path, [box("L1")], image=IMAGE)
    assert "propos" not in path.read_text()
    assert "origin" not in path.read_text()
    assert read_rois(path).origins == ("placed",)
    assert read_rois(path).check(IMAGE) == ()


def test_formats_without_origins_write_what_counts_and_nothing_else(written, tmp_path):
    for ending in (".csv", ".zip", ".nii.gz"):
        other = tmp_path / f"case{ending}"
        write_rois(other, read_rois(written), image=IMAGE)
        assert {roi.label for roi in read_rois(other, image=IMAGE)} == {"L1", "L2", "L3", "CSF"}


def changed(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["rois"][1].update(origin="machine"), r"the origin \"machine\" is not known.*placed, accepted or"),
        (lambda c: c["rois"][1].update(origin="proposed"), r"the origin \"proposed\" is not known among the ROIs that"),
        (lambda c: c["rois"][1].pop("proposed"), "what was proposed is missing; got null"),
        (lambda c: c["rois"][1]["proposed"].update(confidence=1.5), "'confidence' must be a number from 0 to 1"),
        (lambda c: c["rois"][1]["proposed"].update(confidence=True), "'confidence' must be a number from 0 to 1"),
        (lambda c: c["rois"][1]["proposed"].update(doubt=3), "'doubt' text"),
        (lambda c: c["rois"][1]["proposed"].update(center="here"), "'center' must be"),
        (lambda c: c["proposed"][0].update(origin="accepted"), 'its origin must be "proposed"; got "accepted"'),
        (lambda c: c.update(proposed=3), "'proposed' must be a list; got 3"),
    ],
)
def test_an_origin_that_is_not_known_or_not_whole_is_refused(written, change, words):
    with pytest.raises(FormatError, match=words):
        read_rois(changed(written, change))


def test_a_roi_that_was_moved_in_the_file_is_not_called_accepted(written):
    def move(content):
        content["rois"][1]["center"][2] -= 3.0
        content["rois"][1]["plane"]["point"][2] -= 3.0

    assert read_rois(changed(written, move)).origins[1] == "corrected"
