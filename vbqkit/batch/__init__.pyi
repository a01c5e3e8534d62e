from .cohort_scores import CohortScores as CohortScores
from .cohort_scores import score_cohort as score_cohort
from .running import RunError as RunError
from .scoring import Plan as Plan
