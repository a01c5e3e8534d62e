"""The DICOM objects of a report as bytes."""

from __future__ import annotations

import io
import platform
import sys
import warnings

from pydicom import dcmwrite
from pydicom.dataset import Dataset

from vbqkit.errors import FormatError
from vbqkit.report.case_values import CaseReport

NEEDS = "DICOM objects need highdicom and Pillow, which are not installed. Install them with: pip install 'vbqkit[report]'; or write .html."
NOT_YET = (
    "DICOM objects need highdicom, which cannot be installed on Python {version} yet: pyjpegls, which it needs, has no wheels for it. "
    "Use Python 3.13 or older, or write .html or .pdf."
)


def content_of(report: CaseReport, kind: str) -> bytes:
    """A DICOM object as the bytes of its file.

    Parameters
    ----------
    report : CaseReport
        Of DICOM images.
    kind : {"SR", "SEG", "SC"}
        Which.

    Raises
    ------
    FormatError
        If it cannot be made of this report, or highdicom is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values in the images that break a rule; they are copied as they are
        try:
            made = _made(report, kind)
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # highdicom, of headers that lack an element
            raise FormatError(
                f"The images lack what a DICOM {kind} must repeat of them ({error}). Write .html or .pdf."
            ) from error
        file = io.BytesIO()
        dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()


def _made(report: CaseReport, kind: str) -> Dataset:
    try:
        import highdicom  # noqa: F401, PLC0415 - optional
        import PIL  # noqa: F401, PLC0415 - optional
    except ImportError as error:
        if sys.version_info >= (3, 14) and error.name == "highdicom":
            raise FormatError(NOT_YET.format(version=platform.python_version())) from error
        raise FormatError(NEEDS) from error
    if kind == "SR":
        from vbqkit.report.dicom.sr import structured_report  # noqa: PLC0415 - one of three

        return structured_report(report)
    if kind == "SEG":
        from vbqkit.report.dicom.seg import segmentation  # noqa: PLC0415 - one of three

        return segmentation(report)
    from vbqkit.report.dicom.sc import secondary_capture  # noqa: PLC0415 - one of three

    return secondary_capture(report)
