"""Virtual patients against the published marginals and correlations they are drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from vbqkit.anatomy.patients import (
    BMD_G_CM2,
    CORRELATIONS,
    DECADES,
    PDFF_PERCENT,
    PDFF_STEP_PERCENT,
    VirtualPatient,
    draw_patients,
    who_class,
)
from vbqkit.errors import ScannerError


def people(n: int = 6000, seed: int = 7, **options: object) -> dict[str, np.ndarray]:
    drawn = draw_patients(n, rng=np.random.default_rng(seed), **options)
    rows = [p.as_row() for p in drawn]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def mean_pdff(table: dict[str, np.ndarray]) -> np.ndarray:
    return np.mean([table[f"pdff_L{k}"] for k in (1, 2, 3, 4)], axis=0)


@pytest.mark.slow
@pytest.mark.parametrize("sex", ["F", "M"])
def test_fat_fraction_by_decade_is_that_of_baum_2018(sex):
    for middle, mean, sd in zip(DECADES, *PDFF_PERCENT[sex], strict=True):
        fat = 100 * mean_pdff(people(1500, sex=sex, age_range=(middle - 5, middle + 5)))
        assert fat.mean() == pytest.approx(mean, abs=0.8)
        assert fat.std() == pytest.approx(sd, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("sex", ["F", "M"])
def test_density_by_decade_is_that_of_nhanes(sex):
    for middle, mean, sd in zip(DECADES, *BMD_G_CM2[sex], strict=True):
        density = people(1500, sex=sex, age_range=(middle - 5, middle + 5))["bmd_g_cm2"]
        assert density.mean() == pytest.approx(mean, abs=0.015)
        assert density.std() == pytest.approx(sd, rel=0.15)


def test_young_women_have_t_scores_about_zero():
    young = people(3000, sex="F", age_range=(20, 30))["t_score"]
    assert young.mean() == pytest.approx(0.0, abs=0.08)
    assert young.std() == pytest.approx(1.0, rel=0.06)


def test_fat_rises_from_l1_to_l4_as_published():
    table = people()
    rise = 100 * (table["pdff_L4"] - table["pdff_L1"]).mean()
    assert rise == pytest.approx(3 * PDFF_STEP_PERCENT, abs=0.15)
    assert rise == pytest.approx(39.52 - 35.89, abs=0.15)


@pytest.mark.slow
def test_pooled_correlations_are_the_published_ones():
    women = people(sex="F", age_range=(30, 80))
    later = people(sex="F", age_range=(50, 80))
    adults = people(age_range=(18, 70))

    def r(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.corrcoef(a, b)[0, 1])

    assert r(mean_pdff(women), women["bmd_g_cm2"]) == pytest.approx(-0.638, abs=0.05)
    assert r(mean_pdff(later), later["qct_mg_cm3"]) == pytest.approx(-0.558, abs=0.05)
    assert r(women["hu"], women["bmd_g_cm2"]) == pytest.approx(0.563, abs=0.05)
    assert 0.53 < r(adults["tbs"], adults["bmd_g_cm2"]) < 0.66


def test_attenuation_falls_as_published():
    young, old = people(3000, age_range=(20, 30))["hu"], people(3000, age_range=(60, 70))["hu"]
    assert young.mean() == pytest.approx(226, abs=6)
    assert old.mean() == pytest.approx(226 - 2.5 * 40, abs=4)


def test_fractures_are_as_common_as_published_and_likelier_in_weak_bone():
    old = people(sex="F", age_range=(75, 79))
    assert old["fractured"].mean() == pytest.approx(0.24, abs=0.03)
    assert old["t_score"][old["fractured"]].mean() < old["t_score"][~old["fractured"]].mean() - 0.5


def test_only_fractured_people_when_asked():
    assert all(p.fractured for p in draw_patients(20, rng=np.random.default_rng(0), fractured=True, age_range=(65, 80)))


def test_the_correlations_can_exist():
    assert np.linalg.eigvalsh(CORRELATIONS).min() > 0
    assert (CORRELATIONS == CORRELATIONS.T).all()


def test_a_seed_draws_the_same_people():
    a, b = (draw_patients(5, rng=np.random.default_rng(3)) for _ in range(2))
    assert a == b
    assert a != draw_patients(5, rng=np.random.default_rng(4))


def test_who_classes_have_their_boundaries():
    assert [who_class(t) for t in (0.0, -1.0, -1.01, -2.49, -2.5)] == [
        "normal", "normal", "osteopenia", "osteopenia", "osteoporosis",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": 12}, "age 12 is not offered"),
        ({"bmi": 60}, "BMI 60"),
        ({"t_score": -9}, "T-score -9"),
        ({"sex": "X"}, "Sex 'X' is unknown"),
        ({"pdff": (0.3, 0.3, 0.3, 1.2)}, "fat fractions"),
    ],
)
def test_a_patient_that_cannot_be_is_refused(changes, words):
    values = {"age": 45, "sex": "F", "bmi": 24, "t_score": -0.5, "pdff": (0.33, 0.345, 0.36, 0.37)} | changes
    with pytest.raises(ScannerError, match=words):
        VirtualPatient(**values)


@pytest.mark.parametrize(
    ("n", "options", "words"),
    [(0, {}, "0 patients"), (3, {"sex": "D"}, "Sex 'D'"), (3, {"age_range": (10, 30)}, "Ages from 10 to 30")],
)
def test_a_draw_that_cannot_be_is_refused(n, options, words):
    with pytest.raises(ScannerError, match=words):
        draw_patients(n, rng=np.random.default_rng(0), **options)


@pytest.mark.parametrize(("sex", "more"), [("M", 0.045), ("F", 0.0)])
def test_fractured_men_have_fatter_marrow_than_others_of_the_same_density(sex, more):
    """Schwartz 2013: 57.3 against 52.8 % in men in models with density, and nothing to be told in women."""
    people = draw_patients(6000, rng=np.random.default_rng(8), sex=sex, age_range=(74, 84))
    density, fractured = np.array([p.bmd_g_cm2 for p in people]), np.array([p.fractured for p in people])
    columns = np.stack([np.ones(len(people)), density, fractured], axis=1)
    fat = np.array([np.mean(p.pdff) for p in people])
    assert np.linalg.lstsq(columns, fat, rcond=None)[0][2] == pytest.approx(more, abs=0.008)
