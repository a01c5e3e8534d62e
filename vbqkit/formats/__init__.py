"""Files in, frozen values out: DICOM, NIfTI, MHA, NRRD and ROI files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
