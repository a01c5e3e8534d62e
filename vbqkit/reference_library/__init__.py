"""Reference groups of one's own for the M-score: a local folder, one file for each scanner, coil and protocol."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
