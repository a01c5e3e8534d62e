"""From peaks to a chain: distances, bends, votes of neighboring slices."""

import numpy as np

from vbqkit.propose.chain import Peak, agree, find_chain, find_peaks
from vbqkit.propose.classes import BODY, CLASSES, HEAT

BODY_LIKE = np.where(np.arange(len(CLASSES)) == BODY, 0.9, 0.1 / 6)


def peak(row_mm, col_mm, heat=0.9):
    return Peak(row_mm / 1.5, col_mm / 1.5, heat, BODY_LIKE)


def spine(count=7, step_mm=34.0, first_mm=20.0):
    return [peak(first_mm + step_mm * k, 90.0 + 12.0 * np.sin(k / 2.0)) for k in range(count)]


def test_a_spine_is_found_whole():
    bones = spine()
    assert find_chain(bones) == tuple(bones)


def test_a_peak_beside_the_spine_is_left_out():
    bowel = peak(105.0, 30.0, heat=0.5)
    assert bowel not in find_chain(sorted([*spine(), bowel], key=lambda p: p.row))


def test_what_turns_off_sharply_is_not_followed():
    bones = spine()
    pelvis = peak(bones[-1].row * 1.5 + 10.0, bones[-1].col * 1.5 - 35.0)
    assert find_chain([*bones, pelvis]) == tuple(bones)


def test_two_bodies_are_no_spine():
    assert find_chain(spine(2)) == ()
    assert find_chain([]) == ()


def test_peaks_are_found_to_a_fraction_of_a_pixel_and_merged_when_too_close():
    rows, cols = np.indices((120, 60))
    found = np.zeros((len(CLASSES) + 1, 120, 60), dtype=np.float32)
    found[BODY] = 1.0
    for r, c in ((20.3, 30.6), (45.0, 31.0), (50.0, 31.0), (70.0, 30.0)):
        spot = np.exp(-((rows - r) ** 2 + (cols - c) ** 2) / 8.0) * (0.6 if r == 50.0 else 1.0)
        found[HEAT] = np.maximum(found[HEAT], spot)
    peaks = find_peaks(found)
    assert len(peaks) == 3
    assert abs(peaks[0].row - 20.3) < 0.2
    assert abs(peaks[0].col - 30.6) < 0.2


def test_a_body_that_the_neighboring_slices_do_not_have_is_voted_out():
    whole = tuple(spine())
    voted = agree([(*whole, peak(258.0, 60.0)), whole, whole])
    assert [(p.row, p.col) for p in voted] == [(p.row, p.col) for p in whole]
    assert len(agree([whole, (), ()])) == len(whole)
    assert agree([(), whole, whole]) == ()


def test_a_gap_in_the_vote_leaves_no_column_to_count_along():
    whole = tuple(spine())
    holed = whole[:3] + whole[4:]
    assert agree([whole, holed, holed]) == ()
