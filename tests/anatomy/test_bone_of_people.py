"""Bone that differs between people beside density: cortex, size across, and worn facet joints."""

from __future__ import annotations

import numpy as np
import pytest

from vbqkit.anatomy import VirtualPatient, draw_patients, make_phantom
from vbqkit.anatomy.arch_sizes import FACET_ARTHROSIS_AT_LEVEL, draw_facet_arthrosis
from vbqkit.anatomy.assembly import draw_shell_mm
from vbqkit.anatomy.canvas import CODE
from vbqkit.anatomy.spine import make_spine
from vbqkit.scanner import measure_dexa, scan_dexa

NAMES = ("T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1")


def test_cortex_goes_with_age_as_ritzel_1997_found_and_does_not_follow_the_t_score():
    """r = 0.225 to 0.574 with age below T8, thinner in osteoporosis; before, it was a function of the T-score."""
    people = draw_patients(2000, rng=np.random.default_rng(1), sex="F", age_range=(18, 90))
    rng = np.random.default_rng(2)
    shell = [draw_shell_mm(rng, t_score=p.t_score) for p in people]
    assert 0.225 < -np.corrcoef(shell, [p.age for p in people])[0, 1] < 0.574
    assert 0.6 < np.corrcoef(shell, [p.t_score for p in people])[0, 1] < 0.9


def test_two_bodies_of_one_density_have_cortex_of_different_thickness():
    def cortex(seed: int) -> int:
        who = VirtualPatient(age=60, sex="F", bmi=24, t_score=-1.0, pdff=(0.4, 0.41, 0.42, 0.43))
        body = make_phantom(who, seed=seed, in_plane_mm=0.8, plane_mm=2.2, width_mm=6.6)
        return int(((body.tissue == CODE["cortical_bone"]) & (body.level > 0)).sum())

    assert np.ptp([cortex(seed) for seed in range(4)]) > 0.05 * cortex(0)


def test_bodies_are_wider_in_men_and_grow_with_age():
    def area(sex: str, age: float) -> float:
        spines = [make_spine(np.random.default_rng(s), age=age, sex=sex, t_score=-1.0) for s in range(60)]
        return float(np.mean([s["L3"].half_width_mm * s["L3"].half_depth_mm for s in spines]))

    assert 1.20 < area("M", 30.0) / area("F", 30.0) < 1.35  # Bruno 2014, Riggs 2004
    assert area("F", 97.0) / area("F", 20.0) == pytest.approx(1.15, abs=0.01)  # Riggs 2004


def test_facet_joints_are_worn_as_often_as_kalichman_2008_found():
    def drawn(age: float) -> np.ndarray:
        return np.array([draw_facet_arthrosis(np.random.default_rng(i), NAMES, age=age) for i in range(3000)])

    for age, share in ((35.0, 0.24), (45.0, 0.447), (55.0, 0.742)):
        assert (drawn(age) > 0).any(axis=1).mean() == pytest.approx(share, abs=0.08)
    at = (drawn(50.3) > 0).mean(axis=0)  # an age at which 63.6 % have any, as in the whole group
    for name, share in FACET_ARTHROSIS_AT_LEVEL.items():
        assert at[NAMES.index(name)] == pytest.approx(share, abs=0.04)
    assert not drawn(80.0)[:, [NAMES.index(n) for n in ("T11", "T12", "S1")]].any()
    assert 0.40 < (drawn(67.0) == 3).any(axis=1).mean() < 0.632  # Suri 2013: 46.7 and 63.2 %


def test_worn_facets_raise_dexa_by_as_much_as_drinka_1992_measured(monkeypatch):
    """By 0.03 (L4) to 0.28 g/cm2 (L1) at grade 2, and 0.25 to 0.47 at grade 3 of dual photons in 113 old men."""
    who = VirtualPatient(age=72, sex="M", bmi=26, t_score=0.0, pdff=(0.4, 0.41, 0.42, 0.43), qct_mg_cm3=76.0)

    def density(grade: int) -> float:
        def grades(rng, names, *, age):
            return tuple(grade if name in FACET_ARTHROSIS_AT_LEVEL else 0 for name in names)

        monkeypatch.setattr("vbqkit.anatomy.spine.draw_facet_arthrosis", grades)
        return float(measure_dexa(scan_dexa(make_phantom(who, seed=3, in_plane_mm=1.0, plane_mm=2.0)))["bmd_g_cm2"])

    none, moderate, severe = (density(grade) for grade in (0, 2, 3))
    assert 0.03 < moderate - none < 0.28
    assert moderate - none < severe - none < 0.47
