"""What can go wrong, in words: the errors that stop a piece of work and the cautions that travel with a result."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SHOWN = 64
"""Letters of a value from a file that a message quotes. A damaged length can make one value hold half a header."""


def shown(text: object, limit: int = MAX_SHOWN) -> str:
    r"""Text from a file as a message may show it: one line, printable, and cut off where it is too long.

    Examples
    --------
    >>> shown("MR\x00\x1b[31m PET\n"), shown("x" * 100, 8)
    ('MR??[31m PET', 'xxxxxxx…')
    """
    plain = "".join(letter if letter.isprintable() else "?" for letter in str(text)[: 4 * limit].strip())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def kind_of(value: object) -> str:
    """What a value is, for a message about a wrong one; never what it holds, which may be a patient's.

    Examples
    --------
    >>> kind_of(3), kind_of([]), kind_of(None)
    ('an int', 'a list', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


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


class ProposalError(VbqkitError):
    """A series on which no ROIs can be proposed, or weights that are not the shipped ones, and why."""


class NodeError(VbqkitError):
    """A DICOM node that cannot listen, cannot be reached, or did not take what was sent, and why."""


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
