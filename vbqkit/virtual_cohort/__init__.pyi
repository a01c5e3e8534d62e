from .simulate import COHORT_COLUMNS as COHORT_COLUMNS
from .simulate import simulate_cohort as simulate_cohort
