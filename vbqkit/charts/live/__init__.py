"""Charts that answer: linked with a table, or following the ROIs of a studio. Jupyter widgets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
