"""The body that is scanned: synthetic lumbar spines with known truth, their tissues and findings, and their people."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
