"""Single words and short forms of the core, which no rule finds in its sources: for the catalogue ``core``."""

from __future__ import annotations

WORDS_OF_PAGES = (
    "brighter",
    "darker",
    "bright",
    "dark",
    "behind",
    "synthetic",
    "sagittal",
    "coronal",
    "axial",
    "unknown",
    "Auto",
    "Bone",
    "no unit",
    "SD of the young reference group",
    "mean over levels of (ROI mean / SD of noise ROI)",
    "median of the level means / CSF mean",
    "mean of the level means / CSF mean",
    "Source: {1}",
    "{1} = {2} (no interval: {3})",
    "the noise it is divided by is doubtful ({1}). {2}",
)
"""Each as the core writes it; ``{1}`` and ``{2}`` stand for its values."""
