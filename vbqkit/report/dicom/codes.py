"""Codes of what is measured and where: SNOMED CT and DICOM where they have one, else the package's own scheme."""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from vbqkit.roi.labels import CSF, FAT, NOISE
from vbqkit.scores.result import Score

SCHEME = "99VBQKIT"
"""Designator of the package's own codes: a local scheme, by PS3.16, chapter 8."""

_LONGEST_VALUE, _LONGEST_MEANING = 16, 64

PLACES: dict[str, Code] = {
    "T11": codes.SCT.T11Vertebra,
    "T12": codes.SCT.T12Vertebra,
    "L1": codes.SCT.L1Vertebra,
    "L2": codes.SCT.L2Vertebra,
    "L3": codes.SCT.L3Vertebra,
    "L4": codes.SCT.L4Vertebra,
    "L5": codes.SCT.L5Vertebra,
    "S1": codes.SCT.Sacrum,
    "S2": codes.SCT.Sacrum,
    CSF: codes.SCT.CerebrospinalFluid,
    FAT: codes.SCT.AdiposeTissue,
    NOISE: codes.DCM.Background,
}
"""Label of a ROI to what lies there."""

SIGNALS: dict[str, Code] = {
    "T1": codes.DCM.T1WeightedMRSignalIntensity,
    "T2": codes.DCM.T2WeightedMRSignalIntensity,
    "PD": codes.DCM.ProtonDensityWeightedMRSignalIntensity,
}
"""Weighting to the signal that is measured; others are MR signal intensity."""

NO_UNIT = codes.UCUM.NoUnits
STANDARD_NAMES: dict[str, Code] = {"SNR": codes.DCM.SignalToNoiseRatio}
"""Scores that the standard has a code for."""


def own_code(value: str, meaning: str) -> CodedConcept:
    """A code of the package's own scheme, within the lengths that the standard allows.

    Examples
    --------
    >>> own_code("VBQ-T1 (median)", "VBQ-T1").value
    'VBQ-T1-MEDIAN'
    """
    plain = "".join(c if c.isalnum() else "-" for c in value.upper().replace("(", "").replace(")", ""))
    short = "-".join(part for part in plain.split("-") if part)[:_LONGEST_VALUE]
    return CodedConcept(short, SCHEME, meaning[:_LONGEST_MEANING])


def place_code(label: str) -> Code | CodedConcept:
    """What lies under a ROI: a vertebra, CSF, background; for an endplate its vertebra; else tissue."""
    return PLACES.get(label) or PLACES.get(label.split(" ", maxsplit=1)[0]) or codes.SCT.Tissue


def score_code(score: Score) -> Code | CodedConcept:
    """The name of a score as a code; the aggregate is a part of it."""
    standard = STANDARD_NAMES.get(score.name)
    return standard or own_code(score.key, score.key)


def method_code(score: Score) -> CodedConcept:
    """How the score was computed."""
    return own_code(f"M-{score.key}", score.formula)


def unit_code(score: Score) -> Code | CodedConcept:
    """The unit of a score: a ratio has none."""
    return Code("{SD}", "UCUM", score.unit) if score.unit.startswith("SD") else NO_UNIT


def signal_code(weighting: str) -> Code:
    """What the mean of a ROI is a mean of."""
    return SIGNALS.get(weighting, codes.DCM.MRSignalIntensity)
