"""The names of ROIs: levels from head to foot, CSF, noise, endplates, fat. Written once, used everywhere."""

SPINE_LEVELS = ("T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1", "S2")
"""Vertebrae that the package knows, from head to foot."""

SCORED_LEVELS = ("L1", "L2", "L3", "L4")
"""The four levels of every lumbar score."""

CSF = "CSF"
"""Cerebrospinal fluid: the dural sac beside the levels."""

NOISE = "noise"
"""Air outside the body."""

FAT = "fat"
"""Subcutaneous fat of the back: another reference tissue than CSF."""

MUSCLE = "muscle"
"""Muscle beside or behind the spine: another reference tissue than CSF."""

UPPER_ENDPLATE, LOWER_ENDPLATE = "upper endplate", "lower endplate"
"""What follows the level in the label of a ROI on an endplate: ``"L3 upper endplate"``."""

PHANTOM_OIL, PHANTOM_WATER = "phantom oil", "phantom water"
"""A phantom of oil and water that is scanned with the patient."""

CERVICAL_LEVELS = ("C2", "C3", "C4", "C5", "C6", "C7")
THORACIC_LEVELS = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12")
ALL_LEVELS = (*CERVICAL_LEVELS, *THORACIC_LEVELS, "L1", "L2", "L3", "L4", "L5", "S1", "S2")
"""Vertebrae that a score may name, from head to foot."""


def csf_at(level: str) -> str:
    """Label of a CSF ROI at one level, for a score that needs it there: plain ``"CSF"`` is wherever the reader put it.

    Examples
    --------
    >>> csf_at("C5")
    'CSF C5'
    """
    return f"{CSF} {level}"


def endplates(*levels: str) -> tuple[str, ...]:
    """Labels of the upper and the lower endplate of each level.

    Examples
    --------
    >>> endplates("L3")
    ('L3 upper endplate', 'L3 lower endplate')
    """
    return tuple(f"{level} {side}" for level in levels for side in (UPPER_ENDPLATE, LOWER_ENDPLATE))


REGIONS = (
    *ALL_LEVELS,
    CSF,
    *map(csf_at, ALL_LEVELS),
    NOISE,
    FAT,
    MUSCLE,
    *endplates(*ALL_LEVELS),
    PHANTOM_OIL,
    PHANTOM_WATER,
)
"""Every region that a score may name without saying what it is: the labels of its ROIs."""
