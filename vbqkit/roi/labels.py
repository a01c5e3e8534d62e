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
"""Subcutaneous fat of the back: no score uses it; another reference tissue to try."""

UPPER_ENDPLATE, LOWER_ENDPLATE = "upper endplate", "lower endplate"
"""What follows the level in the label of a ROI on an endplate: ``"L3 upper endplate"``. No score uses it."""
