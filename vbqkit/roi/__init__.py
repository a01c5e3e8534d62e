"""Regions of interest: shapes in patient millimetres, which pixels they cover, and what those pixels measure.

A shape is held by points and vectors in LPS millimetres, so it means the same on every series of the patient, on
oblique slices and on pixels that are not square. The same formulas run in the browser while a ROI is dragged.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
