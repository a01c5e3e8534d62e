"""Does the virtual scanner give the published numbers? Cohorts, the comparison with the papers, and predictions."""

from vbqkit.validation.comparison import Comparison, compare_with_papers, ranges_of_assumed_protocols
from vbqkit.validation.predictions import PREDICTION_COLUMNS, predictions

__all__ = [
    "PREDICTION_COLUMNS",
    "Comparison",
    "compare_with_papers",
    "predictions",
    "ranges_of_assumed_protocols",
]
