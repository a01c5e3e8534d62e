"""The grade, tried on virtual readers: careful ones pass, careless ones do not, and no trick does."""

import numpy as np
import pytest

from benchmarks.pass_rates import FAULTS, with_fault
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


TRICKS = FAULTS | {"one level twice": lambda roi, _: roi.with_label("L2") if roi.label == "L1" else roi}


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_passes(trick, cases):
    for case in cases[:4]:
        assert not judged(with_fault(case, TRICKS[trick]), case).passed, case.name


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
