"""Small cohorts: a few voxels a study, as NIfTI files with sidecars, and the ROIs on them."""

import json

import nibabel
import numpy as np
import pytest

from vbqkit import Rectangle, write_rois

T1 = {
    "RepetitionTime": 0.6,
    "EchoTime": 0.012,
    "ScanningSequence": "SE",
    "MagneticFieldStrength": 1.5,
    "Manufacturer": "Siemens",
    "ManufacturersModelName": "Avanto",
    "SeriesDescription": "t1_tse_sag",
}
TO_RAS = np.array([[4.0, 0, 0, -8], [0, -1, 0, 30], [0, 0, 1, -40], [0, 0, 0, 1]])
"""Sagittal slices 4 mm apart; columns run to posterior, rows to the head: (plane, col, row) to RAS mm."""
LEVELS = {"L1": 25.0, "L2": 10.0, "L3": -5.0, "L4": -20.0}
PLACES = {**{label: (-5.0, z) for label, z in LEVELS.items()}, "CSF": (15.0, 5.0)}


def make_pixels(marrow, seed):
    rng = np.random.default_rng(seed)
    pixels = np.full((5, 60, 80), 100.0) + rng.normal(0, 2, (5, 60, 80))
    for label, (y, z) in PLACES.items():
        col, row = int(y + 30), int(z + 40)
        pixels[:, col - 6 : col + 7, row - 6 : row + 7] += (80 if label == "CSF" else marrow) - 100
    return pixels.astype(np.float32)


def make_rois():
    return [
        Rectangle(center=(0, y, z), half_width=(0, 3, 0), half_height=(0, 0, -3), label=label)
        for label, (y, z) in PLACES.items()
    ]


def write_volume(path, marrow=200.0, seed=0, sidecar=T1):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(make_pixels(marrow, seed), TO_RAS), path)
    if sidecar is not None:
        path.with_name(path.name.split(".")[0] + ".json").write_text(json.dumps(sidecar), encoding="utf-8")


@pytest.fixture
def cohort(tmp_path):
    """Three studies called after patients, and a folder with a ROI file for each."""
    root, rois = tmp_path / "studies", tmp_path / "rois"
    rois.mkdir()
    for k, name in enumerate(("MUELLER HANS", "NOVAK JANA", "ZELENY IVO")):
        write_volume(root / name / "t1.nii.gz", marrow=200.0 + 50 * k, seed=k)
        write_rois(rois / f"{name}.vbqkit.json", make_rois())
    return root, rois
