"""A case read twice and a patient scanned twice: readings kept apart, their agreement, and what is a real change."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
