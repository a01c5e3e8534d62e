"""A class: one hand-in file a lesson, collected from folders and learning platforms, graded again from the outlines.

Pure: files and tables. What a teacher sees in a notebook or as an app is in :mod:`vbqkit.teacher`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
