from .case_among_patients import CaseAmongPatients as CaseAmongPatients
from .linked_table import LinkedChart as LinkedChart
from .linked_table import LinkedTable as LinkedTable
