"""What a beginner hands over by mistake is named, with what is needed instead."""

from pathlib import Path

import numpy as np
import pytest

from vbqkit import VbqkitError, read_rois, read_study, write_rois
from vbqkit.image import Volume
from vbqkit.propose import propose_rois
from vbqkit.roi import Rectangle
from vbqkit.scanner import scanner_named
from vbqkit.scores import Jitter, case_uncertainty, score_case, score_value
from vbqkit.study import Study, make_series

VOLUME = Volume(np.ones((3, 40, 30)), np.diag([4.0, 1.0, 1.0, 1.0])[[0, 2, 1, 3]])
SERIES = make_series(VOLUME)
STUDY = Study((SERIES,))
BOX = Rectangle.on(VOLUME.slice(1), (20, 10), 6, 6, label="L1")

WRONG = {
    "a path that is a number": (lambda _: read_study(5), r"A path is text or a Path; got an int"),
    "a path that is nothing": (lambda _: read_study(None), "got None"),
    "no path of ROIs": (lambda _: read_rois(None), "got None"),
    "an image to write as ROIs": (
        lambda folder: write_rois(folder / "a.json", VOLUME),
        "ROIs are needed.*got a Volume",
    ),
    "a study to score": (
        lambda _: score_case(STUDY, [BOX], aggregate="median"),
        r"study\.find\('T1'\)\.volume\(\).*got a Study",
    ),
    "a volume without its weighting": (lambda _: score_case(VOLUME, [BOX], aggregate="median"), "got a Volume"),
    "a series for a volume": (lambda _: score_case({"T1": SERIES}, [BOX], aggregate="median"), "got a Series"),
    "an image for ROIs": (lambda _: score_case({"T1": VOLUME}, VOLUME, aggregate="median"), "got a Volume"),
    "the path of the ROIs": (
        lambda _: score_case({"T1": VOLUME}, "rois.json", aggregate="median"),
        r"read_rois\(path\).*got a str",
    ),
    "one ROI, not a list": (lambda _: score_case({"T1": VOLUME}, [BOX, 3], aggregate="median"), "got an int"),
    "ROIs of one score": (lambda _: score_value(VOLUME, "rois.json", "SNR"), "got a str"),
    "volumes of an interval": (
        lambda _: case_uncertainty(
            STUDY, [BOX], aggregate="median", jitter=Jitter(shift_mm=1, size_percent=0), rng=np.random.default_rng(0)
        ),
        "got a Study",
    ),
    "a study under a ROI": (lambda _: BOX.measure(STUDY), "measured on a Volume or a Slice; got a Study"),
    "an array under a ROI": (lambda _: BOX.measure(VOLUME.pixels), "got a ndarray"),
    "a path to propose on": (lambda _: propose_rois("case/"), "A study or a volume is needed.*got a str"),
    "a number for a scanner": (lambda _: scanner_named(3), "There is no scanner '3'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_named_and_what_is_needed_instead(case, tmp_path: Path) -> None:
    call, message = WRONG[case]
    with pytest.raises(VbqkitError, match=message):
        call(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_right_passes(tmp_path: Path) -> None:
    write_rois(tmp_path / "a.json", (roi for roi in [BOX]))
    assert read_rois(str(tmp_path / "a.json")).rois[0].label == "L1"
    assert score_case({"T1": VOLUME}, iter([BOX]), aggregate="median").results
