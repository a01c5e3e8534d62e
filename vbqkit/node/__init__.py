"""A DICOM node: receives studies by C-STORE into a folder, and sends objects to another node. Needs pynetdicom."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
