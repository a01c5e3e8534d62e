"""Names: counted from the sacrum, never guessed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vbqkit.propose.classes import BODY, L5, S1, SACRUM
from vbqkit.propose.naming import LEAST_MARGIN, name_bodies


def like(number, sure=0.9):
    return np.where(np.arange(7) == number, sure, (1.0 - sure) / 6)


def chain(*numbers, sure=0.9):
    return [like(number, sure) for number in numbers]


def test_bodies_are_counted_upwards_from_the_sacrum():
    naming = name_bodies(chain(BODY, BODY, BODY, BODY, BODY, L5, S1))
    assert naming.names == ("T12", "L1", "L2", "L3", "L4", "L5", "S1")
    assert naming.margin > LEAST_MARGIN
    assert not naming.question


def test_what_lies_below_s1_is_sacrum_and_not_counted_as_lumbar():
    assert name_bodies(chain(BODY, BODY, L5, S1, SACRUM)).names == ("L3", "L4", "L5", "S1", "S2")


def test_l5_alone_at_the_lower_edge_is_not_enough():
    naming = name_bodies(chain(BODY, BODY, BODY, L5, sure=0.999))
    assert naming.names == ()
    assert naming.likely == ("L2", "L3", "L4", "L5")


def test_without_s1_and_l5_no_names_are_given():
    naming = name_bodies(chain(BODY, BODY, BODY, BODY))
    assert naming.names == ()
    assert naming.question.startswith("Neither L5 nor S1 can be recognised")


def test_two_counts_that_are_nearly_as_likely_make_a_question():
    unsure = [0.5 * like(a) + 0.5 * like(b) for a, b in ((BODY, L5), (L5, S1), (S1, SACRUM))]
    naming = name_bodies([*chain(BODY, BODY, BODY), *unsure])
    assert naming.names == ()
    assert naming.margin < LEAST_MARGIN
    assert "does not decide" in naming.question
    assert naming.likely  # shown with the question


def test_a_second_s1_in_the_pelvis_makes_a_question_and_no_silent_guess():
    naming = name_bodies(chain(BODY, BODY, BODY, BODY, L5, S1, S1))
    assert naming.names in ((), ("L1", "L2", "L3", "L4", "L5", "S1", "S2"))


@given(st.integers(3, 11), st.integers(0, 2**31))
def test_names_are_in_order_and_there_are_names_or_a_question(count, seed):
    classes = np.random.default_rng(seed).dirichlet(np.full(7, 0.4), size=count)
    naming = name_bodies(list(classes))
    assert bool(naming.names) != bool(naming.question)
    assert len(naming.likely) == count
    assert naming.margin >= 0


@pytest.mark.parametrize("margin", [0.1, 3.0, 50.0])
def test_the_margin_decides(margin):
    naming = name_bodies(chain(BODY, BODY, L5, S1, sure=0.6), least_margin=margin)
    assert bool(naming.names) == (naming.margin >= margin)
