"""Virtual groups, the null model, drawn protocols, and one replication of every study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vbqkit.anatomy import Phantom, Reader, VirtualPatient, draw_patients, make_phantom
from vbqkit.anatomy.phantom import LEVEL_OF_CODE
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner import SCANNERS, scanner_named
from vbqkit.validation.effects import published_effects
from vbqkit.validation.null_model import marrow_of_another, with_marrow
from vbqkit.validation.ordinary_protocols import STIR_TI_MS, T1_TE_MS, T1_TR_MS, TI_AT_3T, with_ordinary_times
from vbqkit.validation.replications import MODELS, Setup, simulated_studies
from vbqkit.validation.study_groups import STUDY_GROUPS, qct_t_score

pytestmark = pytest.mark.xdist_group("a replication")


def rng(seed: int = 4) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("key", "mean", "sd"),
    [
        ("Chen 2023 degenerative", 61.8, 8.1),
        ("Chen 2023 control", 59.4, 7.8),
        ("Košice group 2025 young reference", 23.0, 2.0),
        ("Cui 2025 osteopenia", 65.0, 7.0),
    ],
)
def test_groups_have_the_ages_that_the_papers_print(key, mean, sd):
    ages = np.array([p.age for p in STUDY_GROUPS[key].people(400, rng())])
    # Chen 2023 took nobody under 50, so an even spread with the right mean is narrower than the paper's
    assert ages.mean() == pytest.approx(mean, abs=1.5)
    assert ages.std() == pytest.approx(sd, abs=2.6)


def test_groups_have_the_sexes_fractures_and_t_scores_that_the_papers_print():
    people = STUDY_GROUPS["Huang 2026 fracture"].people(84, rng())
    assert sum(p.sex == "F" for p in people) == 69
    assert all(p.fractured for p in people)
    assert np.median([p.age for p in people]) == pytest.approx(70.5, abs=1.5)
    assert not any(p.fractured for p in STUDY_GROUPS["Huang 2026 non-fracture"].people(40, rng()))
    assert all(
        p.t_score <= -2.5 and p.sex == "F" for p in STUDY_GROUPS["Košice group 2025 osteoporosis"].people(20, rng())
    )
    assert all(qct_t_score(p) <= -2.5 for p in STUDY_GROUPS["Cui 2025 osteoporosis"].people(20, rng()))
    assert all(qct_t_score(p) >= -1 for p in STUDY_GROUPS["Cui 2025 normal"].people(20, rng()))


def test_a_group_that_nobody_belongs_to_says_so(monkeypatch):
    nobody = replace(STUDY_GROUPS["Košice group 2025 osteoporosis"], accept=lambda _: False)
    monkeypatch.setattr("vbqkit.validation.study_groups._TRIES", 3)
    with pytest.raises(ScannerError, match="belongs to the group 'osteoporosis' of Košice group 2025"):
        nobody.people(2, rng())


def body(seed: int = 1) -> Phantom:
    (patient,) = draw_patients(1, rng=rng(seed), age_range=(60, 70))
    return make_phantom(patient, seed=seed, in_plane_mm=1.0, plane_mm=2.2, width_mm=11.0)


def test_another_marrow_changes_fat_and_density_and_nothing_else():
    own = body()
    other = VirtualPatient(age=65, sex="F", bmi=24.0, pdff=(0.60, 0.61, 0.62, 0.63), t_score=-3.0, qct_mg_cm3=55.0)
    changed = with_marrow(own, other)
    marrow = own.tissue == tissue_named("marrow").code
    for level in ("L1", "L4"):
        here = marrow & (own.level == LEVEL_OF_CODE.index(level))
        assert changed.pdff[here].mean() == pytest.approx(other.pdff_of(level), abs=0.02)
    assert np.array_equal(changed.pdff[~marrow], own.pdff[~marrow])
    assert np.array_equal(changed.tissue, own.tissue)
    assert (changed.patient.qct_mg_cm3, changed.patient.t_score) == (55.0, own.patient.t_score)


def test_another_marrow_brings_its_water_and_leaves_the_csf():
    own = body()
    (other,) = draw_patients(1, rng=rng(9), sex="F", age_range=(65, 65), own_times=True)
    changed = with_marrow(own, other).own_times
    assert changed.marrow_t2 == other.own_times.marrow_t2 != own.own_times.marrow_t2
    assert (changed.csf_t1, changed.fat_t1) == (own.own_times.csf_t1, own.own_times.fat_t1)


def test_in_the_null_model_marrow_does_not_know_the_bone():
    people = draw_patients(60, rng=rng(), sex="F", age_range=(64.9, 65.1))
    tiny = Phantom.uniform("marrow", shape=(2, 3, 3))
    fat = {"own": [], "null": []}
    for number, person in enumerate(people):
        phantom = Phantom(
            tissue=tiny.tissue,
            pdff=tiny.pdff,
            pd_scale=tiny.pd_scale,
            level=tiny.level,
            affine=tiny.affine,
            patient=person,
        )
        fat["own"].append(np.mean(person.pdff))
        fat["null"].append(np.mean(marrow_of_another(phantom, rng(1000 + number)).patient.pdff))
    density = [person.bmd_g_cm2 for person in people]
    assert np.corrcoef(fat["own"], density)[0, 1] < -0.35
    assert abs(np.corrcoef(fat["null"], density)[0, 1]) < 0.3


@pytest.mark.parametrize("name", SCANNERS)
def test_drawn_times_are_ordinary_and_possible(name):
    times = [with_ordinary_times(scanner_named(name), rng(seed)) for seed in range(60)]
    t1 = np.array([(s.protocol("T1").timing.tr_ms, s.protocol("T1").timing.te_ms) for s in times])
    assert (t1.min(axis=0) >= (T1_TR_MS[0], T1_TE_MS[0])).all()
    assert (t1.max(axis=0) <= (T1_TR_MS[1], T1_TE_MS[1])).all()
    assert np.ptp(t1[:, 0]) > 300, "a distribution, not one chosen value"
    factor = TI_AT_3T if scanner_named(name).field_t > 2 else 1.0
    ti = [s.protocol("STIR").timing.ti_ms / factor for s in times]
    assert min(ti) >= STIR_TI_MS[0] - 0.1
    assert max(ti) <= STIR_TI_MS[1] + 0.1


def test_who_reads_a_person_again_counts_as_before_and_two_readers_count_alone(monkeypatch):
    counts, place = [], Reader.place

    def noted(self, *args, **options):
        counts.append(options["counted"])
        return place(self, *args, **options)

    monkeypatch.setattr(Reader, "place", noted)
    setup = Setup(null=False, reader=lambda reader: replace(reader, miscount=0.6))
    simulated_studies(3, seed=(4, 0), studies=["Cui 2025"], setup=setup)
    first, again, other = (counts[start::3] for start in range(3))  # the first reader twice, the second once
    assert len(first) == 9
    assert first == again
    assert first != other
    assert {-1, 0, 1} >= set(first) != {0}


@pytest.fixture(scope="module")
def replication() -> dict[str, dict[str, pd.DataFrame]]:
    return simulated_studies(4, seed=(3, 0))


@pytest.mark.slow
def test_a_replication_has_every_study_by_both_models_of_the_same_people(replication):
    for study in ("Košice group 2025", "Huang 2026", "Cui 2025", "Chen 2023", "surgical", "women", "ages"):
        own, null = (replication[model][study] for model in MODELS)
        assert len(own) == len(null) > 0
        assert own[["person", "age", "t_score", "qct"]].equals(null[["person", "age", "t_score", "qct"]])
        assert own["VBQ-T1"].between(1.0, 8.0).mean() > 0.95
        assert not np.allclose(own["VBQ-T1"], null["VBQ-T1"])


@pytest.mark.slow
def test_both_readings_and_both_readers_are_there_and_agree_without_being_equal(replication):
    table = replication["as built"]["Chen 2023"]
    wide = table.pivot_table(index="person", columns=["reader", "reading"], values="VBQ-T1")
    assert list(wide.columns) == [(0, 0), (0, 1), (1, 0)]
    for other in ((0, 1), (1, 0)):
        assert not np.allclose(wide[0, 0], wide[other])
        assert np.corrcoef(wide[0, 0], wide[other])[0, 1] > 0.5


@pytest.mark.slow
def test_a_replication_gives_every_effect_a_number(replication):
    for model in MODELS:
        for effect in published_effects():
            value = effect.compute(replication[model])
            # T2-STIR may be refused, and few people may hold none with a condition
            assert (
                np.isfinite(value)
                or "STIR" in effect.key
                or effect.kind in ("AUC", "Youden's J", "ratio")
                or ("sensitivity" in effect.kind)
            ), effect.key


@pytest.mark.slow
def test_a_study_is_the_same_with_and_without_the_others(replication):
    again = simulated_studies(4, seed=(3, 0), studies=("Cui 2025",))["as built"]
    assert set(again) == {"Cui 2025"}
    pd.testing.assert_frame_equal(again["Cui 2025"], replication["as built"]["Cui 2025"])
    labels = [f"T1 {label}" for label in (*SCORED_LEVELS, CSF)]
    assert set(labels) <= set(again["Cui 2025"].columns)
