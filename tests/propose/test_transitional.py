"""A full disc below S1 makes a question."""

import numpy as np
import pytest

from vbqkit.propose.chain import Peak
from vbqkit.propose.classes import DISC
from vbqkit.propose.transitional import disc_below_s1_mm2, transitional_question

NAMES = ("L4", "L5", "S1")


def picture(height_mm):
    """L4, L5 and S1 one below the other, 30 mm apart, and a disc of 30 mm across below S1."""
    chain = [Peak(row, 40.0, 0.9, np.zeros(7)) for row in (20.0, 40.0, 60.0)]
    found = np.zeros((8, 100, 80), dtype=np.float32)
    found[DISC, 70 : 70 + round(height_mm / 1.5), 30:50] = 1.0
    found[DISC, 48:52, 30:50] = 1.0  # between L5 and S1: not counted
    return found, chain


@pytest.mark.parametrize(("height_mm", "asked"), [(0.0, False), (3.0, False), (7.5, True)])
def test_a_full_disc_below_s1_is_asked_about(height_mm, asked):
    found, chain = picture(height_mm)
    assert disc_below_s1_mm2(found, chain, NAMES) == pytest.approx(height_mm * 30.0)
    assert bool(transitional_question(found, chain, NAMES)) == asked


def test_without_s1_nothing_is_said():
    found, chain = picture(7.5)
    assert np.isnan(disc_below_s1_mm2(found, chain, ("L2", "L3", "L4")))
    assert transitional_question(found, chain, ("L2", "L3", "L4")) == ""
