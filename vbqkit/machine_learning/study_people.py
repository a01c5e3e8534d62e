"""Virtual people of two studies, scanned: the radiomics of one, the patches of the other. Synthetic.

After the studies that a review page quotes, as their abstracts describe them:

* radiomics on T1 and T2 of 160 people (52 men, 108 women, 61.3 +- 12.7 years), osteoporosis by QCT
  ("Sequence-specific radiomics for diagnosis of spinal bone loss");
* networks on MRI, CT and both of 220 people, osteoporosis by DEXA (Küçükçiloğlu et al., Diagn Interv Radiol
  2024;30:9-20, doi:10.4274/dir.2023.232116). There 120 had MRI and 100 CT; here everyone has both. How many had
  osteoporosis the abstract does not say; here every second one has (model assumption).

Relaxation times, dural sacs, wear and the day at each machine differ from person to person; bodies are segmented
without error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import VirtualPatient, draw_patients
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.wear import draw_wear
from vbqkit.errors import ScannerError
from vbqkit.image import Slice
from vbqkit.machine_learning.radiomics import radiomic_features
from vbqkit.machine_learning.vertebra_patches import body_centers_mm, body_masks, patches_of
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.ct import scan_ct
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import Day, draw_day

HERE, ELSEWHERE = "generic-1.5t", "philips-achieva-3t"
"""The machine of the study, and another one."""

RADIOMICS_PEOPLE, PATCH_PEOPLE = 160, 220
"""As many as in the studies."""

OSTEOPOROSIS_MG_CM3, OSTEOPOROSIS_T_SCORE = 80.0, -2.5
"""QCT below it is osteoporosis (ACR 2018); a T-score at or below it is (WHO)."""

WEIGHTINGS = ("T1", "T2")
MRI_CHANNELS, CHANNELS = WEIGHTINGS, (*WEIGHTINGS, "CT")
"""Channels of patches, in their order."""

_RADIOMICS_SEED, _PATCH_SEED = 98, 9_802
_AGES = (40.0, 82.0)  # evenly spread: 61 +- 12 years
_SIZE_MM, _IN_PLANE_MM, _PLANE_MM = 272.0, 0.7, 2.2
_WIDTH_MM = {1: 11.0, 3: 21.0}  # of a body for one slice, and for three
_CT_SLICE_MM = 3.0

FEATURES = (
    *("mean", "variance", "skewness", "kurtosis", "p10", "p90", "coefficient_of_variation", "entropy"),
    *("glcm_joint_entropy", "glcm_contrast", "glcm_correlation", "glcm_inverse_difference", "glcm_cluster_shade"),
    *("glcm_angular_second_moment", "glrlm_short", "glrlm_long", "glrlm_percentage", "glrlm_length_variance"),
    *("glszm_short", "glszm_percentage", "glszm_entropy", "ngtdm_coarseness", "ngtdm_contrast", "ngtdm_busyness"),
)
"""The radiomic features that the table of the study holds, of each weighting."""


@dataclass(frozen=True, eq=False, slots=True)
class PatchPerson:
    """Patches of one person.

    Attributes
    ----------
    patient : VirtualPatient
        Who.
    here, elsewhere : ndarray of float32, shape (4, 3, 32, 32)
        L1 to L4; T1, T2 and CT. Elsewhere T1 and T2 are of another machine; CT is the same scan, cut about the middles
        of the bodies on that machine's slices.
    """

    patient: VirtualPatient
    here: npt.NDArray[np.float32]
    elsewhere: npt.NDArray[np.float32]


def radiomics_person(number: int) -> list[dict[str, Any]]:
    """Rows of the table of the radiomics study of one person: three slices here, the middle one elsewhere.

    Parameters
    ----------
    number : int
        0 to 159. A person is the same with and without the others.

    Returns
    -------
    list of dict
        person, sex, age, t_score, qct_mg_cm3, scanner, slice (-1, 0, 1), and ``t1_...`` and ``t2_...`` of
        :data:`FEATURES`, each the mean of L1 to L4.
    """
    rng = np.random.default_rng([_RADIOMICS_SEED, number])
    patient = _anyone(number, rng)
    phantom = _body(patient, rng, slices=3)
    about = {
        "person": f"P{number + 1:03d}",
        "sex": patient.sex,
        "age": round(patient.age),
        "t_score": round(patient.t_score, 2),
        "qct_mg_cm3": round(patient.qct_mg_cm3, 1),
    }
    rows = []
    for name, reach in ((HERE, (-1, 0, 1)), (ELSEWHERE, (0,))):
        for place, images in _scanned(phantom, scanner_named(name), rng, reach):
            found: dict[str, Any] = about | {"scanner": name, "slice": place}
            for weighting, image in images.items():
                found |= {f"{weighting.lower()}_{k}": v for k, v in _mean_features(phantom, image).items()}
            rows.append(found)
    return rows


def patch_person(number: int) -> PatchPerson:
    """Patches of one person of the study of networks; of two neighbors one has osteoporosis by DEXA.

    Parameters
    ----------
    number : int
        0 or more. A person is the same with and without the others.
    """
    rng = np.random.default_rng([_PATCH_SEED, number])
    patient = _anyone(number // 2, rng)
    while (patient.t_score <= OSTEOPOROSIS_T_SCORE) != (number % 2 == 0):
        patient = _anyone(number // 2, rng)
    phantom = _body(patient, rng, slices=1)
    ct = scan_ct(phantom, plane="sagittal", thickness_mm=_CT_SLICE_MM, rng=rng).nearest_slice(phantom.center_mm)
    made = []
    for name in (HERE, ELSEWHERE):
        [(_, images)] = _scanned(phantom, scanner_named(name), rng, (0,))
        centers = body_centers_mm(phantom, images["T1"])
        if len(centers) < len(SCORED_LEVELS):
            raise ScannerError(f"Person {number} has a lumbar body that no slice meets. Draw another.")
        made.append(patches_of(images | {"CT": ct}, centers))
    return PatchPerson(patient, *made)


def _anyone(number: int, rng: np.random.Generator) -> VirtualPatient:
    sex = "M" if number % 3 == 2 else "F"
    (patient,) = draw_patients(1, rng=rng, sex=sex, age_range=_AGES, fractured=False, own_times=True, own_sac=True)
    return patient


def _body(patient: VirtualPatient, rng: np.random.Generator, *, slices: int) -> Phantom:
    findings = draw_wear(patient, rng)
    return make_phantom(
        patient,
        seed=int(rng.integers(2**31)),
        findings=findings,
        width_mm=_WIDTH_MM[slices],
        size_mm=_SIZE_MM,
        in_plane_mm=_IN_PLANE_MM,
        plane_mm=_PLANE_MM,
    )


def _scanned(
    phantom: Phantom, scanner: Scanner, rng: np.random.Generator, reach: tuple[int, ...]
) -> Iterator[tuple[int, dict[str, Slice]]]:
    """Slices about the middle of the body on one day, each with every weighting."""
    first = scanner.protocol(WEIGHTINGS[0])
    day: Day = draw_day(rng, first)
    middle = day.slice_with(next(r for r in phantom.reference_rois if r.label == CSF), phantom, first)
    wanted = [middle + place for place in reach]
    volumes = {
        weighting: acquire(phantom, scanner, weighting, rng=rng, slices=wanted, center_mm=day.center_mm(phantom))
        for weighting in WEIGHTINGS
    }
    for number, place in enumerate(reach):
        yield place, {weighting: volume.slice(number) for weighting, volume in volumes.items()}


def _mean_features(phantom: Phantom, image: Slice) -> dict[str, float]:
    """Mean over the bodies L1 to L4, to four digits."""
    found = [radiomic_features(image.pixels, inside) for inside in body_masks(phantom, image).values()]
    return {name: float(f"{np.mean([f[name] for f in found]):.4g}") for name in FEATURES}
