"""Data sets that their authors publish: downloaded when you ask for one, checked, and laid out as a cohort."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
