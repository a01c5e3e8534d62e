"""Wear of the spine by age and sex against the prevalences it is drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from vbqkit.anatomy import EndplateSclerosis, Osteophytes, VirtualPatient, draw_degeneration, make_phantom
from vbqkit.anatomy.degeneration import DISCS, SPUR_MM, spondylosis_probability
from vbqkit.anatomy.tissues import tissue_named


def person(age: float, sex: str) -> VirtualPatient:
    return VirtualPatient(age=age, sex=sex, bmi=25.0, pdff=(0.4, 0.41, 0.42, 0.43), t_score=-1.0)


def share(age: float, sex: str, kind: type, n: int = 3000) -> float:
    rng = np.random.default_rng([int(age), sex == "M"])
    drawn = [draw_degeneration(person(age, sex), rng) for _ in range(n)]
    return float(np.mean([any(isinstance(f, kind) for f in findings) for findings in drawn]))


@pytest.mark.parametrize(("age", "spurs", "dense"), [(62.0, 0.529, 0.236), (71.0, 0.758, 0.504)])
def test_spurs_and_dense_endplates_are_as_common_as_in_the_two_cohorts(age, spurs, dense):
    # 3000 people of each sex: a standard error below 0.01
    assert np.mean([share(age, sex, Osteophytes) for sex in "FM"]) == pytest.approx(spurs, abs=0.02)
    assert np.mean([share(age, sex, EndplateSclerosis) for sex in "FM"]) == pytest.approx(dense, abs=0.02)


def test_men_have_spurs_at_the_odds_of_o_neill_1999_and_dense_endplates_as_often_as_women():
    women, men = (spondylosis_probability(64.0, sex, grade=2) for sex in "FM")
    assert (men / (1 - men)) / (women / (1 - women)) == pytest.approx((0.84 / 0.16) / (0.74 / 0.26), rel=0.01)
    assert spondylosis_probability(64.0, "F", grade=3) == spondylosis_probability(64.0, "M", grade=3)


def test_dense_bone_comes_with_spurs_at_the_same_disc_and_never_in_the_young_alone():
    rng = np.random.default_rng(1)
    for _ in range(400):
        findings = draw_degeneration(person(75.0, "M"), rng)
        spurs = {f.level: f for f in findings if isinstance(f, Osteophytes)}
        assert set(spurs) <= set(DISCS)
        assert all(SPUR_MM[0] <= f.length_mm <= SPUR_MM[1] for f in spurs.values())
        assert all(f.level in spurs for f in findings if isinstance(f, EndplateSclerosis))


def test_a_seed_draws_the_same_wear():
    first, second = (draw_degeneration(person(80.0, "F"), np.random.default_rng(3)) for _ in range(2))
    assert first == second != ()


def test_a_worn_body_can_be_made():
    worn = draw_degeneration(person(84.0, "M"), np.random.default_rng(3))
    assert worn
    body = make_phantom(person(84.0, "M"), seed=1, findings=worn, in_plane_mm=1.0, plane_mm=2.2, width_mm=11.0)
    assert (body.tissue == tissue_named("osteophyte").code).any()
