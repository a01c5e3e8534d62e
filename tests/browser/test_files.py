"""The File menu with a real browser's downloads and file chooser: every format out and in, and mislabelled files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roifile
import SimpleITK

from vbqkit.formats.roi_file import study_digest
from vbqkit.formats.rois import ROI_FORMATS, RoiFormat, read_rois
from vbqkit.roi import Rectangle

PLACED = ["L1", "L2", "L3", "L4", "CSF", "noise"]
JSON, _, IMAGEJ, MASK = ROI_FORMATS
SHOW = """
studio = RoiStudio(volume.with_acquisition(frame_of_reference_uid="1.2.3"), rois=rois, height=380)
studio
"""


@pytest.fixture
def lab(fresh_lab: Any) -> Any:
    return fresh_lab


def saved(lab: Any, one: RoiFormat, folder: Path) -> Path:
    """What the browser downloads when an entry of the File menu is chosen."""
    with lab.page.expect_download() as started:
        lab.page.get_by_label("File", exact=True).select_option(f"save {one.endings[0]}")
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return path


def load(lab: Any, path: Path) -> None:
    """Choose a file in the browser's file chooser."""
    with lab.page.expect_file_chooser() as chooser:
        lab.page.get_by_label("File", exact=True).select_option("Load ROIs …")
    chooser.value.set_files(path)


def without_rois(lab: Any) -> dict[str, float]:
    """Delete every ROI; returns the means they had."""
    lab.wait_for_python()
    means = {label: lab.shown("mean", label) for label in PLACED}
    for _ in PLACED:
        lab.key(".", "Delete")
    assert lab.labels() == []
    return means


@pytest.mark.parametrize("one", ROI_FORMATS, ids=lambda one: one.name)
def test_what_is_saved_can_be_loaded_and_measures_the_same(lab: Any, one: RoiFormat, tmp_path: Path) -> None:
    path = saved(lab, one, tmp_path)
    means = without_rois(lab)
    load(lab, path)
    lab.sees(lab.labels, PLACED)
    lab.wait_for_python()
    assert {label: lab.shown("mean", label) for label in PLACED} == pytest.approx(means, rel=1e-12)


def test_the_saved_mask_is_one_number_a_roi_for_other_software(lab: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved(lab, MASK, tmp_path)) as archive:
        archive.extractall(tmp_path)
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(next(tmp_path.glob("*.nii.gz")))))
    assert len(np.unique(labels)) == len(PLACED) + 1


def test_the_saved_files_say_to_other_software_where_the_rois_lie(lab: Any, tmp_path: Path) -> None:
    box = read_rois(saved(lab, JSON, tmp_path)).rois[0]
    assert isinstance(box, Rectangle)
    # the phantom's affine: origin (-8, -50, 60) mm, rows 0.8 mm downwards, columns 0.6 mm backwards
    assert box.center_mm == pytest.approx((0.0, -50 + 0.6 * 77, 60 - 0.8 * 41), abs=1e-6)
    found = {roi.name: roi for roi in roifile.roiread(saved(lab, IMAGEJ, tmp_path))}
    first = next(roi for name, roi in found.items() if "L1" in name)
    # ImageJ counts from the outer corner of the first pixel: half a pixel more than the pixel's center
    assert (first.xd + first.widthd / 2, first.yd + first.heightd / 2) == pytest.approx((77.5, 41.5), abs=1e-4)


def other_version(content: dict[str, Any]) -> dict[str, Any]:
    return content | {"version": 99}


def other_study(content: dict[str, Any]) -> dict[str, Any]:
    assert content["frame_digest"], "a saved file is tied to its frame of reference"
    return content | {"frame_digest": study_digest("9.9.9")}


def ten_thousand(content: dict[str, Any]) -> dict[str, Any]:
    return content | {"rois": [content["rois"][0]] * 10_000}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (None, "is not a ROI file"),
        (other_version, "version"),
        (other_study, "frame of reference"),
        (ten_thousand, "10006 ROIs are too many for the studio"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_place_and_the_studio_lives(
    lab: Any, tmp_path: Path, change: Any, words: str
) -> None:
    content = json.loads(saved(lab, JSON, tmp_path).read_text())
    path = tmp_path / "odd.json"
    path.write_text("{" if change is None else json.dumps(change(content)))
    load(lab, path)
    lab.sees(lambda: words in lab.page.locator(".vbq-notes").inner_text(), True)
    assert lab.labels() == PLACED
    before = lab.shown("mean", "L2")
    lab.drag(lab.middle("L2"), (20, 0))
    lab.sees(lambda: lab.shown("mean", "L2") != before, True)
    lab.wait_for_python()
