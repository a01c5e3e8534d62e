"""Does the virtual scanner give the published numbers? Cohorts, the comparison with the papers, and predictions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
