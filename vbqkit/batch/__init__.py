"""Many studies in one go: scored in several processes or on a cluster, in a run that goes on where it stopped."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
