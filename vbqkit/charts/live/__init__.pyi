from .case_among_patients import CaseAmongPatients as CaseAmongPatients
from .figure import live_figure as live_figure
from .figure import save_buttons as save_buttons
from .linked_table import LinkedChart as LinkedChart
from .linked_table import LinkedTable as LinkedTable
from .vbq_landscape import LiveLandscape as LiveLandscape
