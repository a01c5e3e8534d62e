"""The teacher's door: reference ROIs, answers and the patients of an exam.

No lesson opens it. It keeps answers out of sight, not secret: the package is open, and whoever looks finds
them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
