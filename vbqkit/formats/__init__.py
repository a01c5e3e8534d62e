"""Files in, frozen values out: DICOM, NIfTI, MHA, NRRD and ROI files."""

from vbqkit.formats.rois import RoiFile, read_rois, write_rois
from vbqkit.formats.study import read_study

__all__ = ["RoiFile", "read_rois", "read_study", "write_rois"]
