"""Virtual readers: what they do, what they refuse to hold, and that the reference reader makes no error."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.realism import REAL, read_real, real_regions
from vbqkit.anatomy import REFERENCE_READER, Phantom, Reader, VirtualPatient, draw_reader, make_phantom
from vbqkit.anatomy.reader_model import MARROW_HABIT_MM, MARROW_SD_MM, SIZE_HABIT, SIZE_LIMITS, looks_right
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import CSF, SCORED_LEVELS


@pytest.fixture(scope="module")
def body() -> Phantom:
    patient = VirtualPatient(age=58, sex="F", bmi=24.0, pdff=(0.4, 0.41, 0.42, 0.43), t_score=-1.2)
    return make_phantom(patient, seed=3, in_plane_mm=0.8, plane_mm=2.2, width_mm=11.0)


def placed(reader: Reader, body: Phantom, seed: int = 1, **options: object) -> dict[str, np.ndarray]:
    rois = reader.place(body, rng=np.random.default_rng(seed), **options)
    return {roi.label: np.array(roi.center_mm) for roi in rois}


def test_the_reference_reader_places_the_reference_rois(body):
    assert REFERENCE_READER.place(body, rng=np.random.default_rng(1)) == body.reference_rois


def test_placements_scatter_as_asked_for_where_nothing_holds_them_back(body):
    reader = Reader(marrow_sd_mm=0.7, csf_sd_mm=(0.2, 1.5), sees=False)
    away = [placed(reader, body, seed) for seed in range(300)]
    reference = placed(REFERENCE_READER, body)
    for label, sd in (("L2", (0.7, 0.7)), (CSF, (0.2, 1.5))):
        shifts = np.array([each[label] - reference[label] for each in away])
        assert shifts[:, 1:].std(axis=0) == pytest.approx(sd, rel=0.15)
        assert (shifts[:, 0] == 0).all()


def test_a_reader_who_sees_keeps_rois_in_marrow_and_sac_and_a_blind_one_does_not(body):
    def wrong(reader: Reader) -> int:
        rois = [roi for seed in range(30) for roi in reader.place(body, rng=np.random.default_rng(seed))]
        return sum(not looks_right(roi, body) for roi in rois if roi.label in (*SCORED_LEVELS, CSF))

    assert wrong(Reader(marrow_sd_mm=5.0, csf_sd_mm=(3.0, 3.0))) == 0
    assert wrong(Reader(marrow_sd_mm=5.0, csf_sd_mm=(3.0, 3.0), sees=False)) > 30


def test_a_reader_who_miscounts_calls_the_neighbour_by_the_name(body):
    reference = placed(REFERENCE_READER, body)
    seen = set()
    for seed in range(12):
        found = placed(Reader(miscount=1.0), body, seed)
        off = {"L1": -1, "L3": 1}[
            min(("L1", "L3"), key=lambda level: float(np.abs(found["L2"] - reference[level]).sum()))
        ]
        seen.add(off)
        real = ("T12", *SCORED_LEVELS, "L5")
        for place, level in enumerate(SCORED_LEVELS, start=1):
            assert np.allclose(found[level], reference[real[place + off]])
        assert abs(found[CSF][2] - reference[CSF][2]) > 15, "CSF is measured beside what is called L3"
    assert seen == {-1, 1}


def test_a_reader_takes_the_slice_nearest_to_the_middle_that_is_seen(body):
    middle = body.reference_rois[0].center_mm[0]
    slices = [middle - 3.4, middle + 1.0]
    sure, unsure = Reader(), Reader(middle_sd_mm=2.0)
    assert {round(x[0], 6) for x in placed(sure, body, slices_x_mm=slices).values()} == {round(middle + 1.0, 6)}
    chosen = [placed(unsure, body, seed, slices_x_mm=slices)["L1"][0] for seed in range(200)]
    assert 0.2 < np.mean(np.isclose(chosen, middle - 3.4)) < 0.4  # 1.2 mm from the change of slice at an SD of 2 mm


def test_two_drawn_readers_have_habits_of_their_own_and_the_same_care():
    readers = [draw_reader(np.random.default_rng(seed)) for seed in range(200)]
    assert np.std([r.marrow_habit_mm[0] for r in readers]) == pytest.approx(MARROW_HABIT_MM, rel=0.2)
    assert {r.marrow_sd_mm for r in readers} == {MARROW_SD_MM}
    assert len({r.size for r in readers}) > 100


@pytest.mark.parametrize(("options", "words"), [({"miscount": 1.5}, "1.5 to miscount"), ({"size": 0.0}, "0.0 times")])
def test_a_reader_who_cannot_be_is_refused(options, words):
    with pytest.raises(ScannerError, match=words):
        Reader(**options)


@pytest.mark.skipif(not REAL.exists(), reason="the real T1 scan is not beside the project (../shared/real)")
@pytest.mark.parametrize(
    ("sd_mm", "habit_mm", "within"), [(MARROW_SD_MM, MARROW_HABIT_MM, True), (2.0, 1.5, False)], ids=["now", "before"]
)
def test_on_a_real_scan_two_readers_differ_no_more_than_published(sd_mm, habit_mm, within):
    """Huang 2026: limits of agreement of 6.7 % (95 % 5.8 to 8.0) for L1 to L4 on T1. Same slice, same levels."""
    scan = read_real()
    circles = real_regions(scan)["marrow"]
    rng = np.random.default_rng(1)
    differences = []
    for _ in range(150):
        readings = []
        for _reader in range(2):
            habit, size = rng.normal(0.0, habit_mm, 2), np.exp(rng.normal(0.0, SIZE_HABIT))
            rois = [
                circle.scaled(np.sqrt(40.0 / circle.area_mm2) * float(np.clip(size, *SIZE_LIMITS))).moved(
                    (0.0, *(habit + rng.normal(0.0, sd_mm, 2)))
                )
                for circle in circles
            ]
            readings.append([roi.measure(scan).mean for roi in rois])
        first, second = np.array(readings)
        differences += list(200.0 * (first - second) / (first + second))
    limits = 1.96 * np.std(differences)
    assert bool(limits <= 8.0) is within, limits
    if within:
        assert limits > 0.5 * 5.8, "a reader who hardly errs at all would not be found out by the upper limit"
