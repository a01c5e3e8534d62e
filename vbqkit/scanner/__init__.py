"""The virtual scanner: lumbar spines with known truth, scanned by physics on named machines."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
