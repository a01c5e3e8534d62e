"""Virtual cohorts: many virtual patients on several scanners with several readers, and what becomes of a cut-off."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
