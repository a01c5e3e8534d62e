from .score_page import score_page_html as score_page_html
from .score_page import write_score_page as write_score_page
from .simulate import COHORT_COLUMNS as COHORT_COLUMNS
from .simulate import simulate_cohort as simulate_cohort
from .transport import CARRIED as CARRIED
from .transport import TRANSPORT_COLUMNS as TRANSPORT_COLUMNS
from .transport import transport_cutoff as transport_cutoff
from .travelling_phantom import phantom_factor as phantom_factor
