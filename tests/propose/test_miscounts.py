"""What makes the reader be asked though the network is sure of its count."""

import numpy as np
import pytest

from vbqkit.propose.chain import Peak
from vbqkit.propose.miscounts import body_part_question, split_question


def chain(*steps_mm):
    rows = np.cumsum([20.0, *steps_mm]) / 1.5
    return [Peak(row, 40.0, 0.9, np.zeros(7)) for row in rows]


def test_an_even_column_raises_no_question():
    assert split_question(chain(28, 30, 32, 34, 35, 34, 30)) == ""


def test_a_body_that_is_counted_twice_does():
    said = split_question(chain(28, 30, 26, 16, 28, 34, 30))
    assert "only 16 mm apart, the others 28" in said
    assert "Say which level" in said


def test_halves_that_metal_holds_apart_are_not_taken_for_two_bodies():
    """0.60 to 0.71 of the usual step on two sample patients with 8 to 14 mm of metal across L2 or L3."""
    assert "only 20 mm apart, the others 29" in split_question(chain(29, 30, 26, 20.5, 26, 34, 35))


def test_the_uppermost_step_does_not_count():
    assert split_question(chain(14, 30, 32, 34, 35, 34)) == ""


def test_a_collapsed_body_is_not_taken_for_a_half():
    """A vertebra that has lost 60 % of 27 mm: both steps beside it are 8 mm shorter."""
    assert split_question(chain(30, 32, 26, 26, 35, 34)) == ""


def test_three_bodies_have_no_usual_step():
    assert split_question(chain(30, 12)) == ""


@pytest.mark.parametrize("part", ["HEAD", "BRAIN", "KNEE", "CSPINE", "C-SPINE", "TSPINE", "NECK", "HWS", "CHEST"])
def test_another_part_of_the_body_is_asked_about(part):
    assert f"a picture of '{part}'" in body_part_question(part)


@pytest.mark.parametrize(
    "part", [None, "", "LSPINE", "L-SPINE", "SPINE", "LWS", "LUMBAR", "WHOLESPINE", "TLSPINE", "PELVIS"]
)
def test_a_part_that_may_hold_the_lumbar_spine_is_not(part):
    assert body_part_question(part) == ""
