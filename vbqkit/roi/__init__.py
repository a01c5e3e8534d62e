"""Regions of interest: shapes in patient millimetres, which pixels they cover, and what those pixels measure.

A shape is held by points and vectors in LPS millimetres, so it means the same on every series of the patient, on
oblique slices and on pixels that are not square. The same formulas run in the browser while a ROI is dragged.
"""

from vbqkit.roi.box import Ellipse, Rectangle
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS
from vbqkit.roi.measurement import Coverage, Measurement
from vbqkit.roi.polygon import Polygon
from vbqkit.roi.shape import FIXED_AREA_CM2, MAX_TILT_DEG, Roi

__all__ = [
    "CSF",
    "FIXED_AREA_CM2",
    "MAX_TILT_DEG",
    "NOISE",
    "SCORED_LEVELS",
    "SPINE_LEVELS",
    "Coverage",
    "Ellipse",
    "Measurement",
    "Polygon",
    "Rectangle",
    "Roi",
]
