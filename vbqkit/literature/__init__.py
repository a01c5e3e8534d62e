"""What the papers printed, each number with its source and setting, and what can be recomputed from it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
