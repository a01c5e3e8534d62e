from .simulate import COHORT_COLUMNS as COHORT_COLUMNS
from .simulate import simulate_cohort as simulate_cohort
from .transport import CARRIED as CARRIED
from .transport import TRANSPORT_COLUMNS as TRANSPORT_COLUMNS
from .transport import transport_cutoff as transport_cutoff
from .travelling_phantom import phantom_factor as phantom_factor
