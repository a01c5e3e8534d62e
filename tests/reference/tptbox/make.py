"""The digits that TPTBox gives, kept in digits.csv.

``pip install TPTBox==1.1.0``, then, where the project lies,
``python -m tests.reference.tptbox.make > tests/reference/tptbox/digits.csv``.
"""

import nibabel
import numpy as np
from TPTBox import NII
from TPTBox.core.vert_constants import Location, Vertebra_Instance
from TPTBox.spine.spinestats.torso_vat_sat import VBQ_score, peak_centered_mean

from tests.made_up_series import bell, made_up


def as_nii(array, seg):
    affine = np.array([[4.0, 0, 0, 0], [0, 0, -1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])
    return NII(nibabel.Nifti1Image(array.astype(np.int16 if seg else np.float64), affine), seg=seg)


t2, bodies, canal = made_up()
lumbar = [Vertebra_Instance.L1, Vertebra_Instance.L2, Vertebra_Instance.L3, Vertebra_Instance.L4]
vert, spine = np.zeros_like(bodies), np.zeros_like(bodies)
for number, level in enumerate(lumbar, start=1):
    vert[bodies == number] = level.value
spine[bodies > 0], spine[canal] = Location.Vertebra_Corpus.value, Location.Spinal_Canal.value
found = VBQ_score(as_nii(t2, False), as_nii(vert, True), as_nii(spine, True), regions=[(lumbar[0], lumbar[3])])
print("quantity,value")
for name in ("mean_signal_vertebra_L1-L4", "mean_signal_liquor_L1-L4", "VBQ_L1-L4"):
    print(f"{name},{found[name]}")
for bins, share in ((64, 0.5), (16, 0.5), (64, 0.2), (8, 1.0)):
    print(f"peak {bins} {share},{peak_centered_mean(bell(), bins=bins, peak_frac_height=share):.12g}")
