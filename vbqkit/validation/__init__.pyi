from .comparison import Comparison as Comparison
from .comparison import compare_with_papers as compare_with_papers
from .comparison import ranges_of_assumed_protocols as ranges_of_assumed_protocols
from .predicting import PREDICTION_COLUMNS as PREDICTION_COLUMNS
from .predicting import predictions as predictions
from .realism import realism_row as realism_row
from .realism import regions_of as regions_of
