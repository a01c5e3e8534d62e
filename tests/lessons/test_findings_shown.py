"""A finding in every weighting, beside each other, with words for each picture."""

import numpy as np
import pytest

from tests.page.pictures import pictures_in
from vbqkit.acquisition import Acquisition
from vbqkit.anatomy import MetalHardware, Scoliosis
from vbqkit.anatomy.phantom import LEVEL_OF_CODE
from vbqkit.exercises.findings_seen import body_with, crop_to_lumbar_spine, finding_slices
from vbqkit.image import Slice
from vbqkit.lessons import show_finding, show_weightings
from vbqkit.lessons.sliding import slide
from vbqkit.roi import Rectangle


def test_each_weighting_has_its_picture_and_its_words():
    made_up = Acquisition(weighting="T1", synthetic=True)
    image = Slice(np.ones((80, 60)), (0, 0, 0), (0, 0, -1), (0, 1, 0), acquisition=made_up)
    roi = Rectangle.on(image, (40, 30), 6, 6, label="L3")
    page = show_weightings({"T1": image, "T2": image}, seen={"T1": "Dark & low.", "T2": "Bright."}, rois=[roi]).data
    assert len(pictures_in(page)) == 2
    assert page.index("T1: Dark &amp; low. Synthetic.") < page.index("T2: Bright. Synthetic.")
    assert 'alt="Sagittal T2 slice. Bright."' in page


@pytest.mark.slow
def test_metal_leaves_a_hole_on_every_weighting():
    """In the plane of the screws; the same person without them has marrow there."""
    with_metal, without = body_with(MetalHardware("L4"), reach_mm=18.0), body_with(reach_mm=18.0)
    images, usual = (finding_slices(body, x_mm=18.0) for body in (with_metal, without))
    crop = crop_to_lumbar_spine(with_metal, images["T1"])
    r0, r1, c0, c1 = crop
    for weighting, image in images.items():
        assert image.acquisition.weighting == weighting
        darker = image.pixels[r0:r1, c0:c1] < 0.4 * usual[weighting].pixels[r0:r1, c0:c1]
        assert darker.mean() > 0.01


@pytest.mark.slow
def test_in_scoliosis_the_sac_is_where_the_picture_says():
    """18 mm to the left lies the middle of L2: on T2 the bright sac fills most behind L2."""
    bent = body_with(Scoliosis("L2", cobb_deg=25.0), reach_mm=28.0)
    l2 = np.argwhere(bent.level == LEVEL_OF_CODE.index("L2"))
    center = bent.affine[:3, :3] @ l2.mean(axis=0) + bent.affine[:3, 3]
    bright = {}
    for x_mm in (0.0, 18.0):
        image = finding_slices(bent, x_mm=x_mm, weightings=("T2",))["T2"]
        assert image.origin_mm[0] == pytest.approx(x_mm, abs=2.5)
        row, col = (round(v) for v in image.to_rows_cols((image.origin_mm[0], center[1], center[2])))
        behind = image.pixels[
            row - 4 : row + 5, col + round(16 / image.spacing_mm[1]) : col + round(34 / image.spacing_mm[1])
        ]
        bright[x_mm] = np.median(behind)  # fat of a foramen is bright too, but does not fill it
    assert bright[18.0] > 1.5 * bright[0.0]


@pytest.mark.slow
def test_a_finding_is_shown_in_the_weightings_that_are_described():
    page = show_finding(seen={"T2": "Nothing to be seen."}).data
    assert len(pictures_in(page)) == 1
    assert "T2: Nothing to be seen." in page


def test_a_curve_stays_hidden_and_its_slider_locked_until_the_guess():
    shown = slide(
        [1, 2, 3],
        {"VBQ": [3.0, 2.0, 1.0]},
        x_title="gain",
        y_title="ratio",
        alt="falls",
        ask_first=("It", ("falls", "stays")),
        start=1,
    )
    assert shown.slider.disabled
    assert "polyline" not in shown._chart.value
    assert "hidden until you have guessed" in shown._chart.value
    shown.guess.buttons[0].click()
    assert not shown.slider.disabled
    assert "polyline" in shown._chart.value
    shown.slider.value = 3.0
    assert "data-at='3.0'" in shown._chart.value
    assert "−67 %" in shown._table.value
    assert "aria-label='falls'" in shown.still_html()
