"""The designs of published studies, run again and again: what chance alone leaves open at their size."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
