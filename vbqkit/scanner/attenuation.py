"""X-rays in a virtual body: how much bone, fat and soft tissue each voxel holds, and how much it attenuates. Synthetic.

Every voxel is a mixture by volume of compact bone, adipose tissue and one soft tissue. The share of bone comes from the
same voxel that the MR scanner sees: where trabeculae leave less room for protons, there is more bone.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import TISSUES, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.scanner.protons import TABLE_BONE_VOLUME, TRABECULAR

FloatMap = npt.NDArray[np.float32]

DENSITY_G_CM3: Mapping[str, float] = {
    "water": 1.0, "adipose": 0.95, "muscle": 1.05, "blood": 1.06, "cortical_bone": 1.92,
}  # fmt: skip
"""Mass density of the materials of the attenuation table: ICRU Report 44 (1989), as in NISTIR 5632, table 2."""

CALCIUM_OF_CORTICAL_BONE = 0.225
"""Mass share of calcium in cortical bone: ICRU Report 44 (1989)."""

HYDROXYAPATITE: Mapping[str, float] = {
    "calcium": 0.39894, "phosphorus": 0.18499, "oxygen": 0.41407, "hydrogen": 0.00201,
}  # fmt: skip
"""Mass shares of Ca10(PO4)6(OH)2, from the atomic weights."""

MINERAL_G_CM3 = DENSITY_G_CM3["cortical_bone"] * CALCIUM_OF_CORTICAL_BONE / HYDROXYAPATITE["calcium"]
"""Hydroxyapatite in one cm3 of compact bone: all of its calcium as hydroxyapatite, 1.083 g/cm3."""

ADIPOSE_PDFF = tissue_named("subcutaneous_fat").pdff
"""Fat fraction of adipose tissue: a voxel's share of adipose tissue is its fat fraction over this."""

CT_KEV = 70.0
"""Effective energy of a 120 kVp beam behind the trunk: model assumption within the 65 to 75 keV that is usually taken.
100 mg/cm3 of hydroxyapatite in water are then 133 HU."""

HYDROXYAPATITE_G_CM3 = 3.16
"""Density of solid hydroxyapatite."""

_VOLUME_LIMITS = (0.02, 0.35)  # BV/TV of vertebral trabecular bone that is offered

# The shell of a body and its endplates are painted as thick as a picture shows them; their bone is thinner.
_SHELL_BONE, _SHELL_PICTURED = 0.35, 0.85  # mm: Silva et al., Bone 1994;15:409-414; assembly.py
_ENDPLATE_BONE, _ENDPLATE_PICTURED = 0.50, 0.85  # mm: Edwards et al., Spine 2001;26:218-225 (0.5 mm); vertebra.py
_DENSEST = 0.95  # share of bone in the densest sclerosis: canals of vessels stay

_SCLEROTIC = ("modic_3", "osteophyte")
_SOFT: Mapping[str, str] = {
    "csf": "water", "vessel_flow_void": "blood", "basivertebral_vein": "blood", "haemangioma": "blood",
}  # fmt: skip
"""Soft tissue of the tissues that are not taken as muscle."""

_EMPTY = ("air", "gas")


@cache
def _table() -> tuple[npt.NDArray[np.float64], Mapping[str, npt.NDArray[np.float64]]]:
    text = (files("vbqkit.scanner") / "attenuation.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if line and not line.startswith("#")))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    energy = columns.pop("energy_kev")
    hydroxyapatite = np.zeros_like(energy)
    for element, share in HYDROXYAPATITE.items():
        hydroxyapatite += share * columns[element]
    return energy, columns | {"hydroxyapatite": hydroxyapatite}


def mass_attenuation_cm2_g(material: str, energy_kev: float) -> float:
    """Mass attenuation coefficient of a material, cm2/g, at one photon energy.

    Straight lines in log-log through the table of Hubbell and Seltzer (NISTIR 5632, 1995), 30 to 150 keV.

    Parameters
    ----------
    material : str
        ``"water"``, ``"adipose"``, ``"muscle"``, ``"blood"``, ``"cortical_bone"`` or ``"hydroxyapatite"``.
    energy_kev : float
        Photon energy, keV.

    Raises
    ------
    ScannerError
        If the material is not in the table or the energy is outside it.

    Examples
    --------
    >>> round(mass_attenuation_cm2_g("water", 60.0), 4), round(mass_attenuation_cm2_g("hydroxyapatite", 60.0), 3)
    (0.2059, 0.407)
    """
    energy, columns = _table()
    if material not in columns:
        raise ScannerError(f"There is no attenuation of {material!r}. The table has: {', '.join(sorted(columns))}.")
    if not energy[0] <= energy_kev <= energy[-1]:
        raise ScannerError(
            f"A photon energy of {energy_kev:g} keV is outside the attenuation table; give {energy[0]:g} to "
            f"{energy[-1]:g} keV."
        )
    return float(np.exp(np.interp(np.log(energy_kev), np.log(energy), np.log(columns[material]))))


def attenuation_per_cm(material: str, energy_kev: float) -> float:
    """Linear attenuation coefficient of a material at its own density, 1/cm.

    Examples
    --------
    >>> round(attenuation_per_cm("cortical_bone", 60.0), 3)
    0.604
    """
    return DENSITY_G_CM3[material] * mass_attenuation_cm2_g(material, energy_kev)


def hydroxyapatite_per_cm(energy_kev: float) -> float:
    """What 1 g/cm3 of hydroxyapatite adds to the attenuation of the water that it takes the place of, 1/cm."""
    water = attenuation_per_cm("water", energy_kev)
    return mass_attenuation_cm2_g("hydroxyapatite", energy_kev) - water / HYDROXYAPATITE_G_CM3


def trabecular_volume(qct_mg_cm3: float, pdff: float) -> float:
    """BV/TV of marrow in which QCT measures this density, 0.02 to 0.35: what the attenuation of its parts gives.

    ``b = (q h + mu_water - mu_marrow) / (mu_bone - mu_marrow)`` at 70 keV, q in g/cm3 and h the attenuation that
    1 g/cm3 of hydroxyapatite adds to water. Fat attenuates less than water, so that QCT misses some bone in fatty
    marrow (Kuiper et al., Radiology 1996;198:731). Measured by histology: 8 % in elderly lumbar spines (Hildebrand et
    al., J Bone Miner Res 1999;14:1167), falling by half from youth (Mosekilde, Bone 1988;9:247).

    Parameters
    ----------
    qct_mg_cm3 : float
        Volumetric density, mg hydroxyapatite per cm3.
    pdff : float
        Fat fraction of the marrow, 0 to 1.

    Examples
    --------
    >>> round(trabecular_volume(178.0, 0.27), 3), round(trabecular_volume(70.0, 0.5), 3)
    (0.145, 0.072)
    """
    water, bone = attenuation_per_cm("water", CT_KEV), attenuation_per_cm("cortical_bone", CT_KEV)
    share = min(pdff / ADIPOSE_PDFF, 1.0)
    marrow = share * attenuation_per_cm("adipose", CT_KEV) + (1.0 - share) * attenuation_per_cm("muscle", CT_KEV)
    volume = (qct_mg_cm3 / 1000.0 * hydroxyapatite_per_cm(CT_KEV) + water - marrow) / (bone - marrow)
    return min(_VOLUME_LIMITS[1], max(_VOLUME_LIMITS[0], volume))


def trabecular_share(phantom: Phantom) -> float:
    """BV/TV of the healthy marrow of a body: that of the patient's QCT and fat, or the table's where there is none."""
    patient = phantom.patient
    if patient is None or not np.isfinite(patient.qct_mg_cm3):
        return TABLE_BONE_VOLUME
    return trabecular_volume(patient.qct_mg_cm3, float(np.mean(patient.pdff)))


def bone_fraction(phantom: Phantom) -> FloatMap:
    """Volume share of compact bone in every voxel, 0 to 1, shape (planes, rows, cols).

    - Marrow and what replaces it: BV/TV of the patient (:func:`trabecular_volume`), more where the voxel's grain leaves
      room for fewer protons.
    - Sclerosis and osteophytes: what their protons leave free, ``1 - proton density``.
    - Cortex: 1 in the arch; in the shell and the endplates of a body the share of the painted thickness that is bone,
      0.35 of 0.85 mm (Silva et al., Bone 1994;15:409) and 0.5 of 0.85 mm (Edwards et al., Spine 2001;26:218).

    Raises
    ------
    ScannerError
        If the phantom holds no bone: neither CT nor DEXA has anything to measure there.
    """
    trabecular = trabecular_share(phantom)
    # The share of bone is a straight line in the voxel's relative proton density, pd_scale.
    fixed, per_scale = np.zeros(len(TISSUES), dtype=np.float32), np.zeros(len(TISSUES), dtype=np.float32)
    fixed[list(TRABECULAR)], per_scale[list(TRABECULAR)] = 2.0 * trabecular, -trabecular
    for name in _SCLEROTIC:
        fixed[tissue_named(name).code] = 1.0
        per_scale[tissue_named(name).code] = -tissue_named(name).proton_density
    fixed[tissue_named("endplate").code] = _ENDPLATE_BONE / _ENDPLATE_PICTURED
    fixed[tissue_named("cortical_bone").code] = 1.0
    share: FloatMap = np.take(per_scale, phantom.tissue)
    if not (share.any() or np.isin(tissue_named("cortical_bone").code, phantom.tissue)):
        raise ScannerError("This phantom holds no bone, so there is nothing for CT or DEXA to measure. Scan a body.")
    share *= phantom.pd_scale
    share += np.take(fixed, phantom.tissue)
    np.clip(share, 0.0, _DENSEST, out=share)
    compact = phantom.tissue == tissue_named("cortical_bone").code
    share[compact] = np.where(phantom.level[compact] > 0, _SHELL_BONE / _SHELL_PICTURED, 1.0)
    return share


def soft_attenuation(phantom: Phantom, energy_kev: float) -> FloatMap:
    """Linear attenuation of what fills each voxel beside bone, 1/cm: adipose and soft tissue by the fat fraction."""
    soft = np.full(len(TISSUES), attenuation_per_cm("muscle", energy_kev), dtype=np.float32)
    for name, material in _SOFT.items():
        soft[tissue_named(name).code] = attenuation_per_cm(material, energy_kev)
    soft[[tissue_named(name).code for name in _EMPTY]] = 0.0
    mu: FloatMap = np.take(soft, phantom.tissue)
    adipose = np.minimum(phantom.pdff / np.float32(ADIPOSE_PDFF), np.float32(1.0))
    adipose *= mu > 0
    mu += adipose * (np.float32(attenuation_per_cm("adipose", energy_kev)) - mu)
    return mu


def attenuation_map(phantom: Phantom, energy_kev: float, *, bone: FloatMap | None = None) -> FloatMap:
    """Linear attenuation of every voxel, 1/cm, shape (planes, rows, cols).

    ``mu = b mu_bone + (1 - b) (a mu_adipose + (1 - a) mu_soft)``, `b` the share of bone and `a` that of adipose tissue
    in the rest.

    Parameters
    ----------
    phantom : Phantom
        The body.
    energy_kev : float
        Photon energy, 30 to 150 keV.
    bone : ndarray or None
        From :func:`bone_fraction`, if it is at hand.

    Raises
    ------
    ScannerError
        If the body holds metal (its streaks are not simulated) or no bone, or the energy is outside the table.
    """
    if (phantom.tissue == tissue_named("metal").code).any():
        raise ScannerError(
            "This body holds metal, whose streaks and beam hardening the virtual CT and DEXA do not simulate. Scan it "
            "without MetalHardware."
        )
    share = bone_fraction(phantom) if bone is None else bone
    mu = soft_attenuation(phantom, energy_kev)
    mu += share * (np.float32(attenuation_per_cm("cortical_bone", energy_kev)) - mu)
    return mu
