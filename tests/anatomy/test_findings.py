"""Every finding shows in the truth, at the level and the grade that it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from vbqkit import anatomy
from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.canal_stenosis import CanalStenosis
from vbqkit.anatomy.findings.endplate_sclerosis import EndplateSclerosis
from vbqkit.anatomy.findings.finding import Finding, check_findings
from vbqkit.anatomy.findings.fracture import Fracture
from vbqkit.anatomy.findings.haemangioma import Haemangioma
from vbqkit.anatomy.findings.metal_hardware import MetalHardware
from vbqkit.anatomy.findings.modic import Modic
from vbqkit.anatomy.findings.osteophytes import Osteophytes
from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.anatomy.findings.schmorl_node import SchmorlNode
from vbqkit.anatomy.findings.scoliosis import Scoliosis
from vbqkit.anatomy.findings.transitional_vertebra import TransitionalVertebra
from vbqkit.anatomy.patients import VirtualPatient
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.posterior import arch_distance
from vbqkit.anatomy.spine import make_spine
from vbqkit.anatomy.tissues import TISSUE_NAMES
from vbqkit.anatomy.vertebra import endplate_distances
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import SPINE_LEVELS
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing

CODE = {name: i for i, name in enumerate(TISSUE_NAMES)}
PATIENT = VirtualPatient(age=66, sex="F", bmi=25, t_score=-2.0, pdff=(0.46, 0.47, 0.48, 0.49))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def body_with(*findings: Finding, seed: int = 11) -> Phantom:
    return make_phantom(PATIENT, seed=seed, findings=findings, in_plane_mm=0.8, plane_mm=2.2, width_mm=15.4)


@pytest.fixture(scope="module")
def plain() -> Phantom:
    return body_with()


def count(phantom: Phantom, name: str, level: str | None = None) -> int:
    where = phantom.tissue == CODE[name]
    if level is not None:
        where &= phantom.level == LEVEL_OF_CODE.index(level)
    return int(where.sum())


@pytest.fixture(scope="module")
def diseased() -> Phantom:
    return body_with(
        Fracture("T12", shape="biconcave", grade=2),
        Fracture("L1", shape="wedge", grade=3, acute=True),
        Haemangioma("L2", radius_mm=8.0),
        Modic("L4", endplate="lower", type=2, grade="C"),
        Modic("L5", endplate="upper", type=1, grade="B"),
        Modic("S1", endplate="upper", type=3, grade="A"),
        SchmorlNode("L3", endplate="upper", depth_mm=6.0),
        Osteophytes("L4", length_mm=7.0),
    )


@pytest.mark.parametrize(
    ("tissue", "level"),
    [("marrow_oedema", "L1"), ("haemangioma", "L2"), ("modic_2", "L4"), ("marrow_red", "L5"), ("modic_3", "S1")],
)
def test_a_finding_has_its_tissue_at_its_level_only(diseased, plain, tissue, level):
    assert count(diseased, tissue, level) > 60
    elsewhere = [v for v in SPINE_LEVELS if v != level and not (tissue == "modic_3" and v == "T12")]
    assert sum(count(diseased, tissue, v) for v in elsewhere) == 0
    assert count(plain, tissue) == 0


def test_a_haemangioma_is_about_as_large_as_it_says(diseased):
    volume = count(diseased, "haemangioma") * 0.8 * 0.8 * 2.2
    assert volume == pytest.approx(4 / 3 * np.pi * 8.0**3, rel=0.3)


@pytest.mark.slow
@pytest.mark.parametrize(("grade", "low", "high"), [("A", 0.05, 0.25), ("B", 0.25, 0.50), ("C", 0.50, 0.80)])
def test_modic_change_reaches_the_share_of_the_height_that_its_grade_means(grade, low, high):
    phantom = body_with(Modic("L4", endplate="lower", type=2, grade=grade))
    plane = phantom.shape[0] // 2
    changed = phantom.tissue[plane] == CODE["modic_2"]
    body = phantom.level[plane] == LEVEL_OF_CODE.index("L4")
    cols = changed.any(axis=0) & (body.sum(axis=0) > 15)
    share = np.median(changed.sum(axis=0)[cols] / body.sum(axis=0)[cols])
    assert low <= share <= high


def test_a_schmorl_node_puts_disc_into_the_body(diseased, plain):
    discs = [CODE[n] for n in ("disc_degenerate",)]
    assert np.isin(diseased.tissue, discs).sum() != np.isin(plain.tissue, discs).sum()
    plane, level = diseased.shape[0] // 2, LEVEL_OF_CODE.index("L3")
    rows = np.argwhere(diseased.level[plane] == level)[:, 0]
    inside = np.isin(diseased.tissue[plane, rows.min() + 4 : rows.min() + 7], discs)
    assert inside.any()


def test_osteophytes_grow(diseased, plain):
    assert count(plain, "osteophyte") == 0
    assert count(diseased, "osteophyte") > 40


@pytest.mark.parametrize("shape", ["wedge", "biconcave", "crush"])
@pytest.mark.parametrize("grade", [1, 2, 3])
def test_a_fracture_loses_the_height_of_its_genant_grade(shape, grade):
    fracture = Fracture("L2", shape=shape, grade=grade)
    broken = make_spine(np.random.default_rng(2), age=70, sex="F", t_score=-3, findings=(fracture,))["L2"]
    whole = make_spine(np.random.default_rng(2), age=70, sex="F", t_score=-3)["L2"]
    v = np.linspace(-0.97, 0.97, 41, dtype=np.float32) * np.float32(whole.half_depth_mm)
    u = np.zeros_like(v)
    heights = [np.subtract(*endplate_distances(x, u, v)) for x in (whole, broken)]
    loss = 1.0 - heights[1] / heights[0]
    front, center, back = loss[0], loss[20], loss[-1]
    low, high = {1: (0.18, 0.27), 2: (0.25, 0.42), 3: (0.40, 0.62)}[grade]
    assert low <= max(front, center, back) <= high  # Genant 1993: 20-25, 25-40, over 40 %
    if shape == "wedge":
        assert front > center > back
    elif shape == "biconcave":
        assert center > front > 0
        assert center > back
    else:
        assert min(front, center, back) > 0.8 * max(front, center, back)


def test_an_old_fracture_has_no_oedema():
    assert count(body_with(Fracture("L2", grade=2, acute=False)), "marrow_oedema") == 0


def test_stenosis_takes_the_fluid_at_its_level(plain):
    tight = body_with(CanalStenosis("L3", sac_depth_mm=5.0))

    def narrowest(phantom: Phantom) -> float:
        plane = phantom.shape[0] // 2
        rows = np.argwhere(phantom.level[plane] == LEVEL_OF_CODE.index("L3"))[:, 0]
        sac = np.isin(phantom.tissue[plane, rows.min() : rows.max() + 5], [CODE["csf"], CODE["nerve_root"]])
        return float(sac.sum(axis=1).min() * 0.8)

    assert narrowest(plain) > 9
    assert 2.5 < narrowest(tight) < 7


def test_sclerosis_is_dense_bone_under_its_endplate(plain):
    phantom = body_with(EndplateSclerosis("L3", endplate="lower", depth_mm=5.0))
    assert count(phantom, "modic_3", "L3") > 60
    assert count(plain, "modic_3") == 0


@pytest.fixture(scope="module")
def with_metal() -> Phantom:
    return make_phantom(PATIENT, seed=11, findings=(MetalHardware("L2"),), in_plane_mm=1.0, plane_mm=2.2, width_mm=44.0)


def test_metal_is_in_the_truth_and_its_levels_have_no_roi(with_metal):
    assert count(with_metal, "metal") > 100
    labels = {roi.label for roi in with_metal.reference_rois}
    assert {"L2", "L3"}.isdisjoint(labels)  # the screws go into this level and the next
    assert {"L1", "L4"} <= labels


def test_metal_is_a_void_in_the_picture_and_bends_nothing_around_it(with_metal):
    """What the finding says is modelled, and what is not: without metal all else is the same, to the last pixel."""
    scanner = Scanner(
        name="quiet", vendor="no one", model="none", field_t=3.0, coil=None, noise=0.0, csf_flow_per_s=0.0
    )
    metal = with_metal.tissue == CODE["metal"]
    middle = np.unravel_index(int(distance_transform_edt(metal, sampling=(2.2, 1.0, 1.0)).argmax()), metal.shape)
    center = (with_metal.affine @ [*middle, 1.0])[:3]  # the picture lies around the middle of a screw head
    protocol = Protocol(
        weighting="T1", timing=Timing(tr_ms=600, te_ms=10), slices=1, thickness_mm=3.0, fov_mm=160, matrix=160,
        acquired=(160, 160), bandwidth_hz_per_px=100.0,
    )  # fmt: skip
    seen, without = (
        np.asarray(acquire(p, scanner, protocol, rng=rng(), gain=1.0, center_mm=center).pixels[0], dtype=float)
        for p in (with_metal, replace(with_metal, tissue=np.where(metal, np.uint8(0), with_metal.tissue)))
    )
    assert np.array_equal(seen, without)
    assert seen[79:81, 79:81].max() < 0.2 * np.median(seen[55:105, 55:105])


def test_a_sacralised_vertebra_has_broad_transverse_processes():
    """Castellvi's limit is 19 mm from top to bottom; an ordinary process is drawn about 9 mm tall."""
    v, w = (a.astype(np.float32) for a in np.meshgrid(np.arange(-5.0, 60.0, 0.5), np.arange(-40.0, 30.0, 0.5)))
    heights = []
    for findings in ((), (TransitionalVertebra("L5"),)):
        spine = make_spine(np.random.default_rng(2), age=40, sex="F", t_score=0, findings=findings)
        for side in (-36.0, 36.0):  # beyond the pedicle, which is 18 mm wide at L5
            inside = arch_distance(spine["L5"], np.full_like(v, side), v, w, side) < 0
            heights.append(0.5 * float(np.ptp(np.argwhere(inside)[:, 0]) + 1))
        assert not spine["L4"].sacralised
    assert max(heights[:2]) < 12
    assert min(heights[2:]) > 19


@pytest.mark.parametrize("level", ["L5", "S1"])
def test_a_transitional_vertebra_changes_the_disc_below_it(level):
    usual = make_spine(np.random.default_rng(2), age=40, sex="M", t_score=0)
    odd = make_spine(np.random.default_rng(2), age=40, sex="M", t_score=0, findings=(TransitionalVertebra(level),))
    i = usual.index(level)
    ratio = odd.discs[i].height_mm / usual.discs[i].height_mm
    assert ratio < 0.8 if level == "L5" else ratio > 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Fracture("L6"), "fracture at level 'L6' is not possible"),
        (lambda: Fracture("S1"), "at level 'S1'"),
        (lambda: Fracture("L2", shape="burst"), "shape 'burst'"),
        (lambda: Fracture("L2", grade=4), "grade 4"),
        (lambda: Haemangioma("L2", radius_mm=30), r"haemangioma radius of 30 mm is not offered; give 3 to 12 mm\."),
        (lambda: Modic("L4", type=4), "type 4"),
        (lambda: Modic("L4", grade="D"), "grade 'D'"),
        (lambda: Modic("L4", endplate="left"), "endplate 'left'"),
        (lambda: SchmorlNode("L1", depth_mm=20), r"Schmorl node depth of 20 mm is not offered; give 2 to 7 mm\."),
        (lambda: SchmorlNode("L1", endplate="side"), "endplate 'side'"),
        (lambda: EndplateSclerosis("L1", depth_mm=0.1), r"sclerosis depth of 0\.1 mm is not offered; give 2 to 8 mm\."),
        (lambda: EndplateSclerosis("L1", endplate="side"), "endplate 'side'"),
        (lambda: Osteophytes("S1"), "osteophytes at level 'S1'"),
        (lambda: Osteophytes("L3", length_mm=40), r"spur length of 40 mm is not offered; give 2 to 10 mm\."),
        (lambda: CanalStenosis("T12"), "canal stenosis at level 'T12'"),
        (
            lambda: CanalStenosis("L3", sac_depth_mm=15),
            r"sac depth in a stenosis of 15 mm is not offered; give 4 to 9 mm\.",
        ),
        (lambda: Scoliosis("L5"), "scoliosis at level 'L5'"),
        (lambda: Scoliosis("L2", cobb_deg=90), r"Cobb angle of 90 degrees is not offered; give 10 to 40 degrees\."),
        (lambda: TransitionalVertebra("L4"), "transitional vertebra at level 'L4'"),
        (lambda: MetalHardware("T11"), "metal at level 'T11'"),
        (lambda: check_findings([Fracture("L2"), Fracture("L2", grade=3)]), "Two findings of kind 'fracture'"),
        (lambda: check_findings(["L2"]), "is not a finding"),
    ],
)
def test_a_finding_that_cannot_be_is_refused(make, words):
    with pytest.raises(ScannerError, match=words):
        make()


def test_findings_say_their_truth_in_a_row():
    assert Fracture("L2", shape="crush", grade=3, acute=True).as_row() == {
        "kind": "fracture", "level": "L2", "shape": "crush", "grade": 3, "acute": True,
    }  # fmt: skip


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.__name__)
def test_every_finding_is_on_the_facade_and_brings_tissues_of_the_table(kind):
    assert getattr(anatomy, kind.__name__) is kind
    assert {tissue.name for tissue in kind.tissues} <= set(TISSUE_NAMES)


def test_no_tissue_has_the_words_of_two_findings():
    names = [tissue.name for kind in FINDINGS for tissue in kind.tissues]
    assert len(names) == len(set(names))


def test_a_finding_has_practice_cases_or_says_that_it_has_none():
    for kind in FINDINGS:
        if kind.teaching_kind:
            assert isinstance(kind.for_teaching("L2", rng()), kind)
        else:
            with pytest.raises(ScannerError, match="no practice cases"):
                kind.for_teaching("L2", rng())


@dataclass(frozen=True, slots=True)
class BoneIsland(Finding):
    """A finding that is known nowhere else: a round spot of dense bone that leaves its level without a ROI."""

    kind: ClassVar[str] = "bone island"
    least_pfirrmann: ClassVar[float] = 5.0

    @property
    def levels_without_roi(self):
        return (self.level,)

    def paint_in_body(self, section):
        section.part.paint(section.marrow & (section.v**2 + section.w**2 + section.u**2 < 6.0**2), "cortical_bone")


def test_a_new_finding_shapes_paints_and_takes_its_roi_away_without_another_line(plain):
    phantom = body_with(BoneIsland("L3"))
    core = np.argwhere(plain.level == LEVEL_OF_CODE.index("L3")).mean(axis=0).round().astype(int)
    assert phantom.tissue[tuple(core)] == CODE["cortical_bone"] != plain.tissue[tuple(core)]
    assert {roi.label for roi in plain.reference_rois} - {roi.label for roi in phantom.reference_rois} == {"L3"}
    who = {"age": 30, "sex": "F", "t_score": 0}
    assert make_spine(rng(), **who, findings=(BoneIsland("L3"),)).discs[6].pfirrmann == 5.0
    assert make_spine(rng(), **who).discs[6].pfirrmann < 4.0
