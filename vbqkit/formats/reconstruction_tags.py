"""What headers say of matrix, parallel imaging and filters: standard tags, and the private ones of three vendors."""

from __future__ import annotations

import re
from typing import Any

from pydicom.dataset import Dataset

from vbqkit.formats.tags import integer, numbers, positive, tag_text, word, words


def reconstruction_of(dataset: Dataset) -> dict[str, Any]:
    """How the picture was made, as fields of :class:`~vbqkit.acquisition.Acquisition`.

    Matrix, acquired_matrix, parallel_technique, parallel_factor, processing.

    Parameters
    ----------
    dataset : Dataset
        Of a frame, with functional groups flattened in.
    """
    technique, factor = _parallel(dataset)
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    return {
        "matrix": (rows, columns) if rows and columns else None,
        "acquired_matrix": _acquired_matrix(dataset),
        "parallel_technique": technique,
        "parallel_factor": factor,
        "processing": _processing(dataset),
    }


def _acquired_matrix(dataset: Dataset) -> tuple[int, int] | None:
    """Rows and columns; AcquisitionMatrix is frequency rows, frequency columns, phase rows, phase columns.

    Unused ones are 0.
    """
    stated = numbers(dataset, "AcquisitionMatrix")
    if len(stated) == 4:
        rows, columns = int(max(stated[0], stated[2])), int(max(stated[1], stated[3]))
        return (rows, columns) if rows > 0 and columns > 0 else None
    frequency = integer(dataset, "MRAcquisitionFrequencyEncodingSteps")
    phase = integer(dataset, "MRAcquisitionPhaseEncodingStepsInPlane")
    if not frequency or not phase or min(frequency, phase) < 1:
        return None
    # ROW: phase encoding runs along the rows, so that the columns are counted in phase steps.
    direction = (word(dataset, "InPlanePhaseEncodingDirection") or "").upper()
    if direction.startswith("ROW"):
        return frequency, phase
    return (phase, frequency) if direction.startswith("COL") else None


def _parallel(dataset: Dataset) -> tuple[str | None, float | None]:
    technique = word(dataset, "ParallelAcquisitionTechnique")
    factor = positive(dataset, "ParallelReductionFactorInPlane")
    if word(dataset, "ParallelAcquisition") == "NO":
        return None, 1.0
    if technique is None and word(dataset, "ParallelAcquisition") == "YES":
        technique = "parallel imaging"
    if technique is None and factor is None:
        siemens = re.match(r"p(\d+)", word(dataset, "SiemensPatMode") or "")
        if siemens:
            technique, factor = f"iPAT, {tag_of('SiemensPatMode')}", float(siemens.group(1))
        ge = _decimal(word(dataset, "GeAssetFactors"))
        if ge is not None and 0 < ge <= 1:  # the reciprocal of the reduction
            technique, factor = f"ASSET, {tag_of('GeAssetFactors')}", round(1.0 / ge, 3)
    return technique, factor


def _decimal(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def tag_of(keyword: str) -> str:
    """A private tag as messages quote it, without its keyword here, which no vendor uses.

    Examples
    --------
    >>> tag_of("GeFilterMode")
    '(0043,102d)'
    """
    return tag_text(keyword).removeprefix(f"{keyword} ")


def _processing(dataset: Dataset) -> tuple[str, ...]:
    mode = " ".join(v for v in words(dataset, "GeFilterMode") if v)
    return (f"Filter Mode {tag_of('GeFilterMode')} {mode}",) if mode else ()
