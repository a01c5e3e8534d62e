"""The user's own cohort table: read it, check it, describe it."""

from vbqkit.cohort.columns import COLUMNS, Column, column
from vbqkit.cohort.describing import Description, describe_cohort
from vbqkit.cohort.reading import Cohort, check_cohort, read_cohort
from vbqkit.cohort.template import cohort_columns, make_cohort_template

__all__ = [
    "COLUMNS",
    "Cohort",
    "Column",
    "Description",
    "check_cohort",
    "cohort_columns",
    "column",
    "describe_cohort",
    "make_cohort_template",
    "read_cohort",
]
