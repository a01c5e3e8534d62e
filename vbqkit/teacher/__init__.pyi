from .answers import show_answer as show_answer
from .class_dashboard import ClassDashboard as ClassDashboard
from .handouts import write_handout as write_handout
from .patients import final_stations as final_stations
from .patients import reference_rois as reference_rois
from .patients import truth_of as truth_of
from .placements import show_placement as show_placement
from .slides import write_slides as write_slides
