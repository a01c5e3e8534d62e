"""What headers say of matrix, parallel imaging and filters: standard tags, and the private ones of three vendors.

Of the private tags only those are read whose meaning is public: Siemens up to VE (0051,1011) and XA (0021,1009),
(0021,1175), (0021,1176); GE (0043,102d), (0043,1083), (0043,10b7), (0043,10ca); Philips' (2005,140f), which holds
elements of the enhanced format. See https://github.com/rordenlab/dcm2niix, https://github.com/neurolabusc/dcm_qa_cs_dl
and https://github.com/mr-jaemin/ge-mri.
"""

from __future__ import annotations

import re
from typing import Any

from pydicom.dataset import Dataset

from vbqkit.formats.tags import TAGS, integer, numbers, positive, tag_text, word, words
from vbqkit.protocol_words import safe_text


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
        return _of_siemens(dataset) or _of_ge(dataset) or _of_philips(dataset) or (None, None)
    return technique, factor


def _of_siemens(dataset: Dataset) -> tuple[str, float] | None:
    for keyword in ("SiemensPatMode", "SiemensPatModeXA"):
        found = re.fullmatch(r"p(\d+)(?:\s*s\d+)?", word(dataset, keyword) or "")
        if found:
            return f"iPAT, {tag_of(keyword)}", float(found.group(1))
    return None


def _of_ge(dataset: Dataset) -> tuple[str, float] | None:
    asset = _decimal(word(dataset, "GeAssetFactors"))  # the reciprocal of the reduction
    sensing = _decimal(word(dataset, "GeCompressedSensing"))
    named: list[str] = []
    factor = 1.0
    if asset is not None and 0 < asset <= 1:
        named, factor = [f"ASSET, {tag_of('GeAssetFactors')}"], factor / asset
    if sensing is not None and 1 < sensing < _MOST_REDUCED:
        named, factor = [*named, f"compressed sensing, {tag_of('GeCompressedSensing')}"], factor * sensing
    return (" and ".join(named), round(factor, 3)) if named else None


def _of_philips(dataset: Dataset) -> tuple[str | None, float | None] | None:
    try:
        element = dataset.get(TAGS["PhilipsPerFrame"])
        items = list(element.value or ()) if element is not None and element.VR == "SQ" else []
    except Exception:  # a damaged sequence says nothing
        return None
    for item in items:
        technique, factor = word(item, "ParallelAcquisitionTechnique"), positive(item, "ParallelReductionFactorInPlane")
        if word(item, "ParallelAcquisition") == "NO":
            return None, 1.0
        if technique or factor or word(item, "ParallelAcquisition") == "YES":
            return f"{technique or 'SENSE'}, {tag_of('PhilipsPerFrame')}", factor
    return None


_MOST_REDUCED = 30.0
"""No acquisition is accelerated more than this; a larger number is another one."""


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
    found = []
    mode = " ".join(v for v in words(dataset, "GeFilterMode") if v)
    if mode:
        found.append(f"Filter Mode {tag_of('GeFilterMode')} {safe_text(mode)}")
    learned = " ".join(v for v in words(dataset, "GeReconDL") if v)
    if learned and _decimal(learned.split(" ")[0]) != 0.0:
        found.append(f"AIR Recon DL {tag_of('GeReconDL')} {safe_text(learned)}")
    public = {value.upper() for value in (*words(dataset, "FrameType"), *words(dataset, "ImageType"))}
    codes = [code.upper() for code in words(dataset, "SiemensImageTypeXA")]
    known = (_SIEMENS_STEPS[code] for code in codes if code in _SIEMENS_STEPS and code not in public)
    found += [f"{step} {tag_of('SiemensImageTypeXA')}" for step in known]
    for text in words(dataset, "SiemensReconstructionXA"):
        step = next((what for start, what in _SIEMENS_DETAILS if text.upper().startswith(start)), None)
        if step is not None:
            found.append(f"{step} {tag_of('SiemensReconstructionXA')} {safe_text(text)}")
    return tuple(found)


_SIEMENS_STEPS = {
    "DRB": "Deep Resolve Boost (DRB)",
    "DRG": "Deep Resolve Gain (DRG)",
    "DRS": "Deep Resolve Sharp (DRS)",
    "NORM": "NORM",
    "FIL": "FIL",
    "FIL2": "FIL",
}
_SIEMENS_DETAILS = (("NORMALIZEALGO:", "prescan normalize"), ("ITERATIVEDENOISING", "denoised"))
"""How the steps of reconstruction in the private text of XA are called where SNR is judged."""
