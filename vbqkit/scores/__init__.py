"""The scores: SNR, M-score and the VBQ family, as frozen values that carry their inputs, options, unit and source."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
