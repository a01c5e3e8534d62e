"""The live landscape follows the ROIs of a studio, and says what is missing."""

import numpy as np
import pytest

from vbqkit import Volume
from vbqkit.charts.live import LiveLandscape
from vbqkit.image import stack_affine
from vbqkit.roi import Rectangle
from vbqkit.scores import vbq_landscape
from vbqkit.studio import RoiStudio


@pytest.fixture
def studio(tmp_path):
    y, x = np.mgrid[:180, :140]
    pixels = np.round(np.where(x < 90, 400.0 - x + 0.5 * y, 150.0))[None].astype("uint16")
    volume = Volume(pixels, stack_affine((0, -40, 70), (4, 0, 0), (0, 0, -0.8), (0, 0.7, 0)))
    volume = volume.with_acquisition(weighting="T1", synthetic=True)
    image = volume.slice(0)
    rois = [Rectangle.on(image, (40 + 33 * k, 50), 9, 7, label=f"L{k + 1}") for k in range(4)]
    rois.append(Rectangle.on(image, (90, 110), 4, 14, label="CSF"))
    return RoiStudio([volume], rois=rois, case_file=tmp_path / "case.vbqkit.json", propose=False)


def test_it_shows_the_landscape_of_the_rois_as_they_lie_and_follows_them(studio):
    live = LiveLandscape(studio, rescan_percent=4.0)
    image = studio.volumes[0].slice(0)

    def expected(moved):
        return vbq_landscape(image, studio.rois, moved=moved, aggregate="median").by_place

    assert np.array_equal(live.landscape.by_place, expected(["CSF"]), equal_nan=True)
    live._moved.value = "all levels"
    assert np.array_equal(live.landscape.by_place, expected(["L1", "L2", "L3", "L4"]), equal_nan=True)
    before = live.landscape.value
    studio.rois = [roi.moved((0, -6, 0)) if roi.label == "L2" else roi for roi in studio.rois]
    assert live.landscape.value != before
    shown = live.landscape.percent(live.landscape.by_place)
    assert np.allclose(np.asarray(live.figure.data[0].z, dtype=float), shown, equal_nan=True)
    assert f"VBQ-T1 = {live.landscape.value:.2f}" in live.figure.layout.title.text
    assert "L1 to L4 elsewhere" in live.still_html()


def test_without_a_roi_it_says_which_and_comes_back(studio):
    whole = studio.rois
    live = LiveLandscape(studio)
    for missing in ("CSF", "L3"):
        studio.rois = [roi for roi in whole if roi.label != missing]
        assert live.landscape is None
        assert f"ROI for {missing}. Place it first" in live._note.value
    studio.rois = whole
    assert live.landscape is not None
    assert live._note.value == ""
