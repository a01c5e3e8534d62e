"""Graded exercises: pure checks of what a student did against the truth."""

from vbqkit.exercises.answers import AnswerGrade, check_choice, check_number, seal_answer
from vbqkit.exercises.cases import KINDS, TeachingCase, case_seed, make_case
from vbqkit.exercises.consequence import Consequence, check_consequence, score_value
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
    "PlacementGrade",
    "TeachingCase",
    "case_seed",
    "check_choice",
    "check_consequence",
    "check_number",
    "check_placement",
    "check_placements",
    "choices",
    "grade_table",
    "make_case",
    "progress_rows",
    "question",
    "read_progress",
    "record_attempt",
    "score_value",
    "seal_answer",
    "state_dir",
]
