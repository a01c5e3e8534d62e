"""Reference ROIs by the papers' rules, judged by counting what lies under them in the truth."""

from __future__ import annotations

import numpy as np
import pytest

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.canal_stenosis import CanalStenosis
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.findings.scoliosis import Scoliosis
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.anatomy.sample_patients import SAMPLE_PATIENTS, sample_patient
from vbqkit.anatomy.tissues import TISSUE_NAMES
from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.roi import Roi

CODE = {name: i for i, name in enumerate(TISSUE_NAMES)}


def body(seed: int, *findings: Finding, width_mm: float = 7.7, plane_mm: float = 1.1, **changes: object) -> Phantom:
    values: dict = {"age": 62, "sex": "F", "bmi": 26, "t_score": -1.8, "pdff": (0.45, 0.46, 0.48, 0.49)} | changes
    return make_phantom(
        VirtualPatient(**values), seed=seed, findings=findings, in_plane_mm=0.8, plane_mm=plane_mm, width_mm=width_mm
    )


def under(phantom: Phantom, roi: Roi, *, slab_mm: float = 4.4) -> tuple[np.ndarray, np.ndarray]:
    """Tissue and level codes of every voxel under a ROI, through the thickness of a slice."""
    tissue, level = Volume(phantom.tissue, phantom.affine), Volume(phantom.level, phantom.affine)
    x = phantom.affine[0, 3] + phantom.affine[0, 0] * np.arange(phantom.shape[0])
    found: tuple[list, list] = ([], [])
    for k in np.flatnonzero(np.abs(x - roi.center_mm[0]) <= slab_mm / 2):
        shifted = roi.moved((x[k] - roi.center_mm[0], 0, 0))
        mask = shifted.mask(tissue)
        found[0].append(tissue.pixels[k][mask])
        found[1].append(level.pixels[k][mask])
    return np.concatenate(found[0]), np.concatenate(found[1])


def check_clean(phantom: Phantom) -> None:
    for roi in phantom.reference_rois:
        tissue, level = under(phantom, roi)
        expected = {"CSF": "csf", "noise": "air"}.get(roi.label, "marrow")
        if roi.label == "CSF":  # nobody's sac is free of roots
            roots = tissue == CODE["nerve_root"]
            assert roots.mean() <= ROOTS_ALLOWED
            tissue, level = tissue[~roots], level[~roots]
        assert (tissue != CODE[expected]).sum() == 0, roi.label
        if expected == "marrow":
            assert (level != LEVEL_OF_CODE.index(roi.label)).sum() == 0, roi.label
        assert roi.area_mm2 == pytest.approx(40.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_voxel_under_a_reference_roi_is_anything_else(seed):
    phantom = body(seed)
    check_clean(phantom)
    assert [r.label for r in phantom.reference_rois] == ["T12", "L1", "L2", "L3", "L4", "L5", "CSF", "noise"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, p in SAMPLE_PATIENTS.items() if p.findings and not p.repeats])
def test_rois_of_the_sample_patients_avoid_every_finding(name):
    sample = sample_patient(name)
    phantom = make_phantom(sample.patient, seed=sample.seed, findings=sample.findings, in_plane_mm=0.8, width_mm=7.7)
    check_clean(phantom)
    labels = {roi.label for roi in phantom.reference_rois}
    broken = {f.level for f in sample.findings if isinstance(f, Fracture)}
    assert labels >= ({"L1", "L2", "L3", "L4", "CSF", "noise"} - broken)
    assert not labels & broken


@pytest.mark.slow
def test_the_fluid_roi_leaves_a_stenosed_l3():
    usual, tight = body(5), body(5, CanalStenosis("L3", sac_depth_mm=4.5))
    check_clean(tight)

    def height(phantom: Phantom, label: str) -> float:
        return next(r for r in phantom.reference_rois if r.label == label).center_mm[2]

    assert abs(height(usual, "CSF") - height(usual, "L3")) < 12
    assert abs(height(tight, "CSF") - height(tight, "L3")) > 15


@pytest.mark.slow
def test_scoliosis_moves_each_roi_to_the_plane_of_its_vertebra():
    phantom = body(6, Scoliosis("L2", cobb_deg=24), plane_mm=2.2, width_mm=41.8)
    check_clean(phantom)
    x = {roi.label: roi.center_mm[0] for roi in phantom.reference_rois}
    assert x["L2"] - x["L5"] > 8


@pytest.mark.slow
def test_the_noise_roi_is_behind_the_back_within_usual_fields_of_view():
    for bmi in (19, 33):
        phantom = body(7, bmi=bmi)
        noise = next(r for r in phantom.reference_rois if r.label == "noise")
        row = round((phantom.affine[2, 3] - noise.center_mm[2]) / phantom.spacing_mm[1])
        skin = np.flatnonzero(phantom.tissue[phantom.shape[0] // 2, row] == CODE["skin"]).max()
        assert phantom.affine[1, 3] + skin * phantom.affine[1, 2] < noise.center_mm[1]
        assert noise.center_mm[1] - phantom.center_mm[1] < 135  # a field of view of 280 mm has it


def test_a_sample_patient_that_is_not_there_is_refused_with_the_list():
    with pytest.raises(ScannerError, match=r"no sample patient 'case99'.*case05: osteoporosis with a fracture of L2"):
        sample_patient("case99")


def test_the_repeated_patient_is_the_same_body():
    again, first = SAMPLE_PATIENTS["case08"], SAMPLE_PATIENTS["case04"]
    assert again.seed == first.seed
    assert again.patient.with_name("") == first.patient.with_name("")
