"""The names of ROIs: the levels of the spine from head to foot, CSF and noise. Written once, used everywhere."""

SPINE_LEVELS = ("T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1", "S2")
"""Vertebrae that the package knows, from head to foot."""

SCORED_LEVELS = ("L1", "L2", "L3", "L4")
"""The four levels of every lumbar score."""

CSF = "CSF"
"""Cerebrospinal fluid: the dural sac beside the levels."""

NOISE = "noise"
"""Air outside the body."""
