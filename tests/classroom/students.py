"""Students of a class who share a body."""

from collections import defaultdict

from vbqkit.exercises import visit_of


def sharing_a_body(asked, count):
    """Numbers of students who meet the same body in an exercise, each on a day of their own."""
    by_body = defaultdict(list)
    for number in map(str, range(1, 200)):
        met = by_body[visit_of(number, asked)[0]]
        met.append(number)
        if len(met) == count:
            return met
    raise AssertionError
