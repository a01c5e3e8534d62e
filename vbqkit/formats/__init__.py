"""Files in, frozen values out: DICOM, NIfTI, MHA, NRRD and ROI files."""

from typing import TYPE_CHECKING, Any

from vbqkit.formats.rois import RoiFile, read_rois, write_rois

if TYPE_CHECKING:
    from vbqkit.formats.study import read_study

__all__ = ["RoiFile", "read_rois", "read_study", "write_rois"]


def __getattr__(name: str) -> Any:
    """Load the reader of studies when it is first used: who only keeps ROIs need not wait for pydicom and its decoders."""
    if name == "read_study":
        from vbqkit.formats.study import read_study  # noqa: PLC0415 - that is the point

        return read_study
    raise AttributeError(f"module 'vbqkit.formats' has no attribute '{name}'; it has {', '.join(__all__)}")
