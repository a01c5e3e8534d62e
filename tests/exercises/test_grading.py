"""The grade, tried on virtual readers: careful ones pass, careless ones do not, and no trick does."""

import numpy as np
import pytest

from vbqkit.exercises import make_case
from vbqkit.exercises.close_up import close_up_html
from vbqkit.exercises.consequence import check_consequence
from vbqkit.exercises.placement import WHOLE_CASE, check_placements
from vbqkit.exercises.readers import virtual_reader
from vbqkit.exercises.report_card import CaseResult, grade_of
from vbqkit.teacher import reference_rois, truth_of

pytestmark = pytest.mark.xdist_group("grading")  # twelve patients are drawn for all of it

SEEDS, READINGS = range(40, 52), 5
SPREADS: dict[str, float] = {}  # of faultless placements, by patient: what takes longest


def judged(rois, case):
    """Placement and result together, as the exercises and the final judge them."""
    wanted = [roi for roi in rois if roi.label in WHOLE_CASE]
    grades = check_placements(wanted, truth_of(case), image=case.volumes["T1"])
    consequence = None
    if all(g.passed for g in grades):
        spread = SPREADS.get(case.name)
        consequence = check_consequence(
            wanted,
            truth_of(case),
            volumes=case.volumes,
            score="VBQ-T1",
            aggregate="median",
            rng=np.random.default_rng(truth_of(case).seed),
            spread=spread,
        )
        SPREADS[case.name] = consequence.spread
    return CaseResult(title="1", case=case.name, grades=grades, consequence=consequence)


@pytest.fixture(scope="module")
def cases():
    return [make_case(seed) for seed in SEEDS]


def pass_rate(cases, **reader):
    passed = [
        judged(virtual_reader(case, rng=np.random.default_rng([truth_of(case).seed, k]), **reader), case).passed
        for case in cases
        for k in range(READINGS)
    ]
    return np.mean(passed)


@pytest.mark.slow
def test_careful_readers_pass_and_careless_ones_do_not(cases):
    """Goals: 95 % of careful readers (1 mm, who look), under 10 % of careless ones (4 mm, who do not); each within two
    standard errors of its 60 readings, at those rates."""
    careful = pass_rate(cases, sd_mm=1.0, sees=True)
    careless = pass_rate(cases, sd_mm=4.0)
    n = len(SEEDS) * READINGS
    assert careful >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / n)
    assert careless <= 0.10 + 2 * np.sqrt(0.10 * 0.90 / n)


def tiny(roi):
    return roi.scaled(0.22)


TRICKS = {
    "four pixels": lambda rois, step: [tiny(r) for r in rois],
    "three square centimetres": lambda rois, step: [r.scaled(2.74) if r.label[0] == "L" else r for r in rois],
    "all levels on the next slice": lambda rois, step: [
        r.moved((step, 0, 0)) if r.label[0] == "L" else r for r in rois
    ],
    "CSF two levels down": lambda rois, step: [r.moved((0, 0, -68.0)) if r.label == "CSF" else r for r in rois],
    "one level deleted": lambda rois, step: [r for r in rois if r.label != "L2"],
    "one level twice": lambda rois, step: [r.with_label("L2") if r.label == "L1" else r for r in rois],
    "noise of four pixels": lambda rois, step: [tiny(r) if r.label == "noise" else r for r in rois],
}


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_passes(trick, cases):
    for case in cases[:4]:
        step = float(case.volumes["T1"].spacing_mm[0])
        honest = [r for r in reference_rois(case) if r.label in WHOLE_CASE]
        assert not judged(TRICKS[trick](honest, step), case).passed, case.name


@pytest.mark.slow
def test_the_reference_itself_passes_with_distinction(cases):
    results = [judged(reference_rois(case), case) for case in cases[:3]]
    assert grade_of(results) == "passed with distinction"


@pytest.mark.slow
def test_a_fault_close_up_is_a_picture_of_that_roi(cases):
    case = cases[0]
    roi = next(r for r in reference_rois(case) if r.label == "L3").moved((0, 0, 13.0))
    (grade,) = check_placements([roi], truth_of(case), image=case.volumes["T1"], wanted=["L3"])
    assert not grade.passed
    page = close_up_html(grade, roi, case.volumes["T1"], caption="Yours.")
    assert page.startswith("<figure data-close-up='L3'")
    assert "Yours. L3: " in page
