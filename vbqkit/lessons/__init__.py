"""Widgets of the lessons: questions with checked answers, the scanner lab, graded placements, series of patients. Jupyter widgets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
