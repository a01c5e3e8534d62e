"""Scans of one machine by one protocol, and of any that differs from it in what a test says."""

import numpy as np

from vbqkit.acquisition import Acquisition
from vbqkit.image import Volume

KNOWN = {
    "vendor": "GE",
    "model": "Signa",
    "field_t": 1.5,
    "coil": "Spine 8",
    "scanning_sequence": ("SE",),
    "tr_ms": 600.0,
    "te_ms": 12.0,
    "averages": 2.0,
}


def scan(spacing=0.7, **changes):
    """Three sagittal T1 slices without a signal; what changes are attributes of an Acquisition."""
    affine = np.diag([4.0, spacing, spacing, 1.0])[[0, 2, 1, 3]]
    return Volume(np.zeros((3, 8, 6)), affine, acquisition=Acquisition(weighting="T1", **(KNOWN | changes)))
