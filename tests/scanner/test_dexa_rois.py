"""Areal density within ROIs drawn on a DEXA picture."""

from pathlib import Path

import numpy as np
import pytest

from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.roi import Rectangle
from vbqkit.scanner import dexa_boxes, dexa_volume, measure_dexa, measure_dexa_rois, read_bone_images
from vbqkit.scanner.dexa import DexaImage

SAMPLE = Path(__file__).parents[2] / "sample_data"
LEVELS = ("L1", "L2", "L3", "L4")


def made_up():
    """Vertebrae of 1 g/cm2, 40 mm wide, in soft tissue of 0, with lines every 30 mm."""
    row, col = -1.0 * np.arange(150), 0.5 * np.arange(-80, 80)
    density = np.where((np.abs(col) < 20)[None, :] & ((-row >= 10) & (-row < 130))[:, None], 1.0, 0.0)
    lines = {level: (-10.0 - 30 * k, -40.0 - 30 * k) for k, level in enumerate(LEVELS)}
    return DexaImage(density, row, col, lines, np.zeros(150), age=60.0, sex="F")


def test_a_box_within_the_bone_reads_its_density():
    image = made_up()
    found = measure_dexa_rois(image, dexa_boxes(image))
    assert found["bmd_g_cm2"] == pytest.approx(1.0, abs=0.03)
    assert found["bmc_g"] == pytest.approx(found["bmd_g_cm2"] * found["area_cm2"])
    assert set(found) > {f"bmd_{level}_g_cm2" for level in LEVELS}


def test_soft_tissue_in_a_box_adds_area_and_no_mineral():
    image = made_up()
    wide = [
        Rectangle(center=box.center, half_width=(30.0, 0, 0), half_height=box.half_height, label=box.label)
        for box in dexa_boxes(image)
    ]
    narrow, wider = (measure_dexa_rois(image, boxes) for boxes in (dexa_boxes(image), wide))
    assert wider["bmc_g"] == pytest.approx(narrow["bmc_g"], rel=0.03)
    assert wider["bmd_g_cm2"] == pytest.approx(2 / 3, abs=0.03)
    assert wider["t_score"] < narrow["t_score"]


def test_all_levels_together_are_the_content_over_the_area():
    image = made_up()
    two = measure_dexa_rois(image, [box for box in dexa_boxes(image) if box.label in ("L1", "L4")])
    assert [key for key in two if key.startswith("bmd_L")] == ["bmd_L1_g_cm2", "bmd_L4_g_cm2"]


def test_no_level_no_density():
    image = made_up()
    with pytest.raises(ScannerError, match="No ROI is labelled L1, L2, L3, L4"):
        measure_dexa_rois(image, [dexa_boxes(image)[0].with_label("L5")])


def test_the_picture_lies_in_the_patient_as_it_was_taken():
    image = made_up()
    volume = dexa_volume(image)
    assert isinstance(volume, Volume)
    assert volume.plane == "coronal"
    assert volume.slice(0).edge_letters == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    assert volume.pixels.max() == 1000


@pytest.mark.parametrize("name", ["case04", "case06"])
def test_boxes_of_a_sample_patient_are_near_what_the_software_finds(name):
    """It follows the outline and leaves out processes and discs; boxes are coarser."""
    image = read_bone_images(SAMPLE / name).dexa
    found, by_software = measure_dexa_rois(image, dexa_boxes(image)), measure_dexa(image)
    assert found["bmd_g_cm2"] == pytest.approx(by_software["bmd_g_cm2"], rel=0.12)
