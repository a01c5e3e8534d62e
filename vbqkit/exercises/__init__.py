"""Graded exercises: pure checks of what a student did against the truth."""

from vbqkit.exercises.answers import AnswerGrade, check_choice, check_number, seal_answer
from vbqkit.exercises.cases import KINDS, SampleCase, TeachingCase, case_seed, make_case, middle_body
from vbqkit.exercises.consequence import Consequence, check_consequence, score_value
from vbqkit.exercises.own_spread import OwnSpread, keep_own_spread, kept_own_spread, own_spread_of
from vbqkit.exercises.placement import Fault, PlacementGrade, check_placement, check_placements, grade_table
from vbqkit.exercises.progress import Attempt, progress_rows, read_progress, record_attempt, state_dir
from vbqkit.exercises.questions import Choice, NumberQuestion, choices, question

__all__ = [
    "KINDS",
    "AnswerGrade",
    "Attempt",
    "Choice",
    "Consequence",
    "Fault",
    "NumberQuestion",
    "OwnSpread",
    "PlacementGrade",
    "SampleCase",
    "TeachingCase",
    "case_seed",
    "check_choice",
    "check_consequence",
    "check_number",
    "check_placement",
    "check_placements",
    "choices",
    "grade_table",
    "keep_own_spread",
    "kept_own_spread",
    "make_case",
    "middle_body",
    "own_spread_of",
    "progress_rows",
    "question",
    "read_progress",
    "record_attempt",
    "score_value",
    "seal_answer",
    "state_dir",
]
