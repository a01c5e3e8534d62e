"""Jupyter widgets: the only place that knows Jupyter.

:class:`RoiStudio` is the ROI viewer; :class:`CaseAmongPatients` sets its case among published patients; :func:`view_volume` a 3-D look at a stack.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vbqkit.widgets.case_chart import CaseAmongPatients
    from vbqkit.widgets.studio import RoiStudio
    from vbqkit.widgets.volume3d import view_volume

__all__ = ["CaseAmongPatients", "RoiStudio", "view_volume"]

_HOME = {"CaseAmongPatients": "case_chart", "RoiStudio": "studio", "view_volume": "volume3d"}


def __getattr__(name: str) -> Any:
    """Load each widget when it is asked for: a lesson without charts need not wait for plotly and SciPy's statistics."""
    if name not in _HOME:
        raise AttributeError(f"module 'vbqkit.widgets' has no attribute '{name}'; it has {', '.join(__all__)}")
    return getattr(import_module(f"vbqkit.widgets.{_HOME[name]}"), name)
