"""Jupyter widgets of lessons: questions with checked answers, scanner lab, graded placements, series of patients."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
