"""Charts: data in, plotly figure out. Colour-blind-safe, units on every axis, nothing leaves the computer.

The functions draw and compute nothing: intervals, bands and tests come as tables from :mod:`vbqkit.stats`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
