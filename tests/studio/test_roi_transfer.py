"""ROI files through the browser: every format of the package, the ZIP of a mask, and what is odd about a file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.studio.spine import placed, spine
from vbqkit.errors import FormatError
from vbqkit.formats.rois import ROI_FORMATS, write_rois
from vbqkit.studio import RoiStudio
from vbqkit.studio.roi_transfer import file_menu, from_browser, to_browser


@pytest.mark.parametrize("ending", [ending for one in ROI_FORMATS for ending in one.endings if ending != ".roi"])
def test_what_the_browser_saves_can_be_loaded_again_with_the_same_labels_and_pixels(ending: str) -> None:
    volume = spine()
    rois = placed(volume, noise=True)
    back = from_browser(*to_browser(ending, rois, volume), volume).rois
    assert [roi.label for roi in back] == [roi.label for roi in rois]
    for ours, theirs in zip(rois, back, strict=True):
        assert (ours.mask(volume) == theirs.mask(volume)).all(), ours


def test_python_reads_the_zip_that_the_browser_saved(tmp_path: Path) -> None:
    volume = spine()
    name, content = to_browser(".nii.gz", placed(volume), volume)
    (tmp_path / name).write_bytes(content)
    studio = RoiStudio(volume)
    studio.import_rois(tmp_path / name)
    assert [roi.label for roi in studio.rois] == [roi.label for roi in placed(volume)]


def test_a_damaged_mask_in_a_zip_is_refused_in_words_that_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mask.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rois.nii.gz", b"no mask")
    with pytest.raises(FormatError, match=r"mask\.zip: rois\.nii\.gz"):
        from_browser("mask.zip", path.read_bytes(), spine())


def test_the_menu_offers_every_format_of_the_package() -> None:
    menu: Any = file_menu()
    assert [tuple(entry) for entry in menu["save"]] == [(one.name, one.endings[0]) for one in ROI_FORMATS]
    for one in ROI_FORMATS:
        assert all(any(ending.endswith(picked) for picked in menu["pick"]) for ending in one.endings)
    assert RoiStudio(spine())._options["files"] == menu


def test_what_is_odd_about_a_roi_file_is_said_and_goes_with_the_scores(tmp_path: Path) -> None:
    volume = spine()
    write_rois(tmp_path / "of_nobody.csv", placed(volume))
    studio = RoiStudio(volume)
    studio.import_rois(tmp_path / "of_nobody.csv")
    words = "names no frame of reference"
    assert any(words in message.text and message.weight == "caution" for message in studio.messages)
    assert any(words in doubt for row in studio._measured["scores"] if row["value"] for doubt in row["doubts"])
    assert words in studio.snapshot().html


def test_what_is_odd_about_a_case_file_is_said_and_goes_with_the_scores(tmp_path: Path) -> None:
    volume, path = spine(), tmp_path / "case.vbqkit.json"
    RoiStudio(volume.with_acquisition(frame_of_reference_uid=None), rois=placed(volume), case_file=path).rois = placed(
        volume
    )
    studio = RoiStudio(volume, case_file=path)
    words = "names no frame of reference"
    assert any(words in message.text and message.weight == "caution" for message in studio.messages)
    assert any(words in doubt for row in studio._measured["scores"] if row["value"] for doubt in row["doubts"])
