"""What a structured report that was saved says: the same digits, read by pydicom alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

from vbqkit.formats.files import readable_path
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.roi_sr import COMMENT, code_of, measurement_groups, read_roi_sr, read_sr, tracking_of

_LOWER, _UPPER = "371885007", "371886008"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedNumber:
    """A number in a structured report.

    Attributes
    ----------
    of : str
        Tracking identifier of its group: ``"VBQ-T1 (median)"``, ``"L3 on T1"``.
    name, derivation : str
        Meaning of the codes: ``"T1 Weighted MR Signal Intensity"``, ``"Mean"``.
    value : float
        To the last bit.
    unit : str
        UCUM code.
    ci_low, ci_high : float or None
        Interval of a score.
    """

    of: str
    name: str
    derivation: str
    value: float
    unit: str
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedReport:
    """The numbers, ROIs and comments of a structured report."""

    numbers: tuple[SavedNumber, ...]
    rois: RoiFile
    comments: tuple[str, ...]

    def value(self, of: str, derivation: str = "") -> float:
        """One number by its tracking identifier and derivation.

        Raises
        ------
        KeyError
            If it is not there.
        """
        return {(number.of, number.derivation): number.value for number in self.numbers}[of, derivation]


def read_report(path: str | os.PathLike[str]) -> SavedReport:
    """Read a structured report that :func:`vbqkit.report.write_report` wrote.

    Parameters
    ----------
    path : path-like
        ``.sr.dcm``.

    Raises
    ------
    FormatError
        If it cannot be read, or is none.
    """
    source = readable_path(path)
    dataset = read_sr(source)
    numbers = tuple(number for group in measurement_groups(dataset) for number in _numbers(group))
    comments = tuple(str(i.TextValue) for i in dataset.ContentSequence if code_of(i) == COMMENT)
    return SavedReport(numbers=numbers, rois=read_roi_sr(source), comments=comments)


def _numbers(group: Dataset) -> Iterator[SavedNumber]:
    for item in group.ContentSequence:
        if item.ValueType != "NUM":
            continue
        parts = list(item.get("ContentSequence", ()))
        value = _value(item)
        lower = next((_value(part) for part in parts if code_of(part) == _LOWER), None)
        upper = next((_value(part) for part in parts if code_of(part) == _UPPER), None)
        derivation = next((part for part in parts if code_of(part) == "121401"), None)
        yield SavedNumber(
            of=tracking_of(group),
            name=str(item.ConceptNameCodeSequence[0].CodeMeaning),
            derivation="" if derivation is None else str(derivation.ConceptCodeSequence[0].CodeMeaning),
            value=value,
            unit=str(item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue),
            ci_low=None if lower is None else value - lower,
            ci_high=None if upper is None else value + upper,
        )


def _value(item: Dataset) -> float:
    measured = item.MeasuredValueSequence[0]
    return float(measured.get("FloatingPointValue", measured.NumericValue))
