"""How much the volume of dural sacs differs, against two measured groups of people; and a sac that is full of roots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import VirtualPatient, draw_patients, make_phantom
from vbqkit.anatomy.canal import Canal, make_canal
from vbqkit.anatomy.sac_volume import SAC_VOLUME_LIMITS
from vbqkit.anatomy.spine import make_spine
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import CSF

PATIENT = VirtualPatient(age=60, sex="F", bmi=24.0, pdff=(0.4, 0.41, 0.42, 0.43), t_score=-1.0)
_ROOTS_SHARE_FREE = 1.15  # roots lie on each other: their own areas sum to more than they cover


def volumes_ml(patient: VirtualPatient, seed: int) -> tuple[float, float]:
    """Volume of sac less cord below the disc T11/T12, and of the roots in it."""
    first, _, third = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    spine = make_spine(first, age=patient.age, sex=patient.sex, t_score=patient.t_score, findings=())
    canal: Canal = make_canal(third, spine, sac_volume=patient.sac_volume)
    s = np.arange(len(canal.front)) * 0.5
    below = s > np.interp(spine.index("T12") - 0.5, np.arange(len(spine.vertebrae)), spine.level_s_mm)
    sac = np.pi * canal.sac_depth / 2 * canal.sac_half_width - np.pi * canal.cord_half_depth * canal.cord_half_width
    roots = (np.isfinite(canal.root_side) & below).sum(axis=1) @ canal.root_radius**2 * np.pi / _ROOTS_SHARE_FREE
    return float(sac[below].sum()) * 0.5e-3, float(roots) * 0.5e-3


def test_sacs_of_drawn_people_differ_as_those_of_hogan_and_sullivan():
    people = draw_patients(150, rng=np.random.default_rng(3), own_sac=True)
    sac, roots = np.array([volumes_ml(p, seed) for seed, p in enumerate(people)]).T
    # CSF and roots in 25 volunteers 49.9 +- 12.1 mL, 28.0 to 81.1 (Hogan 1996): the sac of most people is 15 % smaller
    assert sac.mean() == pytest.approx(42.6, abs=2.0)
    assert sac.std() / sac.mean() == pytest.approx(12.1 / 49.9, abs=0.035)
    assert 15.0 < sac.min() < sac.max() < 81.1
    # CSF alone in 71 patients: 35.8 +- 10.9 mL, r with BMI -0.276 (Sullivan 2006), neither of which was put in as such
    csf = sac - roots
    assert csf.mean() == pytest.approx(35.8, rel=0.12)
    assert csf.std() == pytest.approx(10.9, rel=0.15)
    assert -0.45 < np.corrcoef(csf, [p.bmi for p in people])[0, 1] < -0.1


def test_an_own_sac_is_an_option_that_changes_nobody_else():
    plain, own = (draw_patients(5, rng=np.random.default_rng(3), own_sac=option) for option in (False, True))
    assert all(p.sac_volume == 1.0 for p in plain)
    assert tuple(replace(p, sac_volume=1.0) for p in own) == plain
    assert own[0].as_row()["sac_volume"] == own[0].sac_volume != 1.0


def test_a_sac_that_cannot_be_is_refused():
    with pytest.raises(ScannerError, match=r"sac volume 0\.2 is not offered; give 0\.55 to 1\.65"):
        replace(PATIENT, sac_volume=0.2)


def test_a_small_sac_full_of_roots_is_measured_where_they_are_fewest():
    small, usual = (
        make_phantom(replace(PATIENT, sac_volume=volume), seed=5, in_plane_mm=0.8, plane_mm=2.2, width_mm=11.0)
        for volume in (SAC_VOLUME_LIMITS[0], 1.0)
    )
    csf, root = (tissue_named(name).code for name in ("csf", "nerve_root"))
    shares = [(b.tissue == root).sum() / np.isin(b.tissue, (csf, root)).sum() for b in (small, usual)]
    assert shares[0] > 1.3 * shares[1]
    assert any(roi.label == CSF for roi in small.reference_rois)
    assert np.isin(small.tissue, (csf, root)).sum() < 0.75 * np.isin(usual.tissue, (csf, root)).sum()
