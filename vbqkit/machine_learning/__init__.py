"""Radiomics, cross-validation and a small network on vertebral patches: how such systems are built, and misjudged."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
