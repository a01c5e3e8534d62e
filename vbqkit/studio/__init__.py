"""The ROI studio: the viewer in which ROIs are placed, and a 3-D look at a stack. Jupyter widgets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
