"""The language of what is read on the page: words from catalogues, numbers and dates. English needs no library."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
