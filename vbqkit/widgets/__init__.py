"""Jupyter widgets: the only place that knows Jupyter.

:class:`RoiStudio` is the ROI viewer; :class:`CaseAmongPatients` sets its case among published patients; :func:`view_volume` a 3-D look at a stack.
"""

from vbqkit.widgets.case_chart import CaseAmongPatients
from vbqkit.widgets.studio import RoiStudio
from vbqkit.widgets.volume3d import view_volume

__all__ = ["CaseAmongPatients", "RoiStudio", "view_volume"]
