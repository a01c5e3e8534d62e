"""Leaving with something: the protocol check and the report of a case, as values and as files of every kind."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
