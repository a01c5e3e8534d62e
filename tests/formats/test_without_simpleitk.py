"""What reads and writes without SimpleITK, which is large and optional, and what says that it needs it."""

import sys

import nibabel
import numpy as np
import pytest

from vbqkit import read_study
from vbqkit.errors import FormatError
from vbqkit.formats.masks import read_masks, write_masks
from vbqkit.roi import Rectangle


@pytest.fixture
def nifti(tmp_path):
    rng = np.random.default_rng(3)
    path = tmp_path / "t1.nii.gz"
    affine = np.array([[0, 0, 4.0, -8], [-0.8, 0, 0, 90], [0, -0.8, 0, 40], [0, 0, 0, 1.0]])
    nibabel.save(nibabel.Nifti1Image(rng.integers(0, 900, (64, 48, 5)).astype(np.int16), affine), path)
    return path


@pytest.fixture
def no_simpleitk(monkeypatch):
    monkeypatch.setitem(sys.modules, "SimpleITK", None)


def test_nifti_is_read_and_its_mask_written_and_read_without_it(nifti, no_simpleitk, tmp_path):
    volume = read_study(nifti).series[0].volume()
    roi = Rectangle.on(volume.slice(2), (20, 30), 8, 7, label="L2")
    write_masks(tmp_path / "rois.nii.gz", [roi], image=volume)
    (back,) = read_masks(tmp_path / "rois.nii.gz", image=volume)
    assert back.label == "L2"
    assert (back.mask(volume) == roi.mask(volume)).all()


@pytest.mark.parametrize("ending", [".mha", ".nrrd"])
def test_another_mask_says_how_to_get_it_and_leaves_nothing(nifti, no_simpleitk, tmp_path, ending):
    volume = read_study(nifti).series[0].volume()
    with pytest.raises(
        FormatError, match=r'needs SimpleITK, which is not installed: pip install "vbqkit\[simpleitk\]"'
    ):
        write_masks(tmp_path / f"rois{ending}", [], image=volume)
    assert not list(tmp_path.glob("rois*"))


def test_another_volume_says_how_to_get_it(no_simpleitk, tmp_path):
    header = "ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(header.encode() + bytes(8))
    with pytest.raises(FormatError, match=r"a\.mha needs SimpleITK"):
        read_study(tmp_path / "a.mha")
