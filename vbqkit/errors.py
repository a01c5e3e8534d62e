"""What can go wrong, in words: the errors that stop a piece of work and the cautions that travel with a result."""

from __future__ import annotations

from dataclasses import dataclass


class VbqkitError(Exception):
    """Base of every error this package raises on purpose.

    A message has three beats: what is wrong, with the value; where, or what was expected; what to do about it.
    """


class FormatError(VbqkitError):
    """A file or folder that cannot be read; names the file and, for DICOM, the tag."""


class GeometryError(VbqkitError):
    """Positions, spacings or orientations that are missing, contradictory or outside the image."""


class RoiError(VbqkitError):
    """A region of interest that covers nothing, lies on another plane, or has an impossible size."""


class ScoreError(VbqkitError):
    """A score that cannot be computed from what was given, and why."""


class ScannerError(VbqkitError):
    """A virtual patient, protocol or scanner that cannot exist."""


class TableError(VbqkitError):
    """A table whose columns, units or values cannot be used for the statistic asked for."""


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the reader of a result must know; it never stops the work.

    Parameters
    ----------
    code : str
        Short stable name, such as ``"noise-zeros"``, for programs and tests.
    message : str
        What is odd, where, and what to do about it.

    Examples
    --------
    >>> print(Caution("noise-zeros", "55 % of the noise ROI is exactly zero: the background is masked."))
    noise-zeros: 55 % of the noise ROI is exactly zero: the background is masked.
    """

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
