"""Who can be recognised in a study, copies without that, and where an identifiable study may be shown."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
