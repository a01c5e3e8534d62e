"""vbqkit: learn, do and question opportunistic osteoporosis screening from routine lumbar MRI.

For teaching and research. It screens and teaches; it does not diagnose.
"""

from typing import TYPE_CHECKING, Any

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, VbqkitError
from vbqkit.image import Series, Slice, Study, Volume
from vbqkit.roi import Ellipse, Measurement, Polygon, Rectangle

if TYPE_CHECKING:
    from vbqkit.formats import read_rois, read_study, write_rois

__version__ = "0.1.0"

__all__ = [
    "Acquisition",
    "Caution",
    "Ellipse",
    "Measurement",
    "Polygon",
    "Rectangle",
    "Series",
    "Slice",
    "Study",
    "VbqkitError",
    "Volume",
    "__version__",
    "read_rois",
    "read_study",
    "write_rois",
]


def __getattr__(name: str) -> Any:
    """Load the readers when they are first used: pydicom and its decoders are slow to load."""
    if name in ("read_rois", "read_study", "write_rois"):
        from vbqkit import formats  # noqa: PLC0415 - that is the point

        return getattr(formats, name)
    raise AttributeError(f"module 'vbqkit' has no attribute '{name}'")
