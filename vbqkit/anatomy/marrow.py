"""How marrow is patterned in one person: bands, patches, islands and trabeculae; fat fraction and protons per voxel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from vbqkit.anatomy.canvas import Canvas
from vbqkit.anatomy.phantom import LEVEL_OF_CODE
from vbqkit.anatomy.texture import Plane, smoothstep
from vbqkit.roi.labels import SCORED_LEVELS

# Fat fractions and shares without unit, lengths in mm. Patterns after Ricci et al., Radiology 1990;177:83-88
# (doi:10.1148/radiology.177.1.2399343): 1, fat along the vein only; 2, fat in bands under the endplates; 3a, small
# indistinct islands everywhere; 3b, large ones. The older, the less of 1 and the more of 3. The shares at two ages, and
# all strengths, are model assumptions (power per frequency near that of real T1 pictures); the mean fat fraction of a
# body is the patient's, whatever its pattern.
_TYPES = ("1", "2", "3a", "3b")
_AGES, _SHARE_OF_TYPE = (20.0, 70.0), ((0.50, 0.25, 0.20, 0.05), (0.05, 0.25, 0.40, 0.30))
_BAND = {"1": 0.05, "2": 0.11, "3a": 0.05, "3b": 0.05}  # more fat under the endplates
_VEIN = {"1": 0.09, "2": 0.05, "3a": 0.04, "3b": 0.04}  # and around the vein
_SMALL = {"1": 0.030, "2": 0.045, "3a": 0.070, "3b": 0.050}  # SD over about 2 mm
_MEDIUM = {"1": 0.040, "2": 0.050, "3a": 0.060, "3b": 0.080}  # SD over about 5 mm
_ISLANDS = {"1": 0.0, "2": 0.0, "3a": 0.02, "3b": 0.06}  # fat in islands of 3 to 10 mm
# Trabeculae, below what a scanner resolves: SD of fat, and of protons, by fine, small and medium texture
_FINE, _GRAIN, _GRAIN_SMALL, _GRAIN_MEDIUM = 0.050, 0.125, 0.050, 0.035
_COARSE_SD, _COARSE_LIMITS = 0.22, (0.6, 1.5)  # all texture of a person, as a factor: log-normal

_UNDER_ENDPLATE_MM, _NEAR_VEIN_HEIGHT_MM, _NEAR_VEIN_ASIDE_MM = (0.5, 5.0), (1.0, 6.0), (3.0, 12.0)
_NEAR_VEIN_BACK = (-0.2, 0.8)  # in half depths
_ISLAND_SD = (0.9, 1.5)  # SDs of texture at which an island begins and is full
_TEXTURE_OF_FAT = (0.7, 0.7)  # texture grows with fat: at no fat, and per unit of fat fraction
_FAT_LIMITS, _DENSITY_LIMITS = (0.02, 0.97), (0.6, 1.3)
# Protons of a whole body, SD between the bodies of one person about their mean. T1 signal of L1 to L4 has an SD of 6 to
# 14 % of its mean in each of four public scans (tests/reference/realism_ranges.csv), 4 % with even bodies; a model
# assumption that brings the person in the middle into this range.
_LEVEL_SD, _LEVEL_LIMIT_SD = 0.06, 2.0

_ONE, _ZERO = np.float32(1.0), np.float32(0.0)


class MarrowPattern(NamedTuple):
    """The pattern of one person.

    Attributes
    ----------
    type : str
        ``"1"``, ``"2"``, ``"3a"`` or ``"3b"``.
    coarseness : float
        Strength of all texture relative to the type.
    protons : mapping of str to float
        Of each body relative to the mean of L1 to L4.
    """

    type: str
    coarseness: float
    protons: Mapping[str, float]


def draw_marrow_pattern(rng: np.random.Generator, *, age: float) -> MarrowPattern:
    """Draw the pattern of one person.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    age : float
        Years.
    """
    shares = [np.interp(age, _AGES, ends) for ends in zip(*_SHARE_OF_TYPE, strict=True)]
    which = int(np.searchsorted(np.cumsum(shares), rng.random() * sum(shares)))
    coarse = float(np.clip(np.exp(_COARSE_SD * rng.standard_normal()), *_COARSE_LIMITS))
    drawn = 1.0 + _LEVEL_SD * np.clip(rng.standard_normal(len(LEVEL_OF_CODE)), -_LEVEL_LIMIT_SD, _LEVEL_LIMIT_SD)
    mean = float(np.mean([drawn[LEVEL_OF_CODE.index(name)] for name in SCORED_LEVELS]))
    protons = {name: float(value) / mean for name, value in zip(LEVEL_OF_CODE, drawn, strict=True)}
    return MarrowPattern(_TYPES[min(which, len(_TYPES) - 1)], coarse, protons)


def fat_map(
    canvas: Canvas,
    pattern: MarrowPattern,
    *,
    fat: float,
    depth_mm: Plane,
    uvw: tuple[Plane, Plane, Plane],
    half_depth: float,
) -> Plane:
    """Fat fraction in one body on one plane.

    Parameters
    ----------
    canvas : Canvas
        The window around the body.
    pattern : MarrowPattern
        Of the person.
    fat : float
        Mean fat fraction.
    depth_mm : ndarray
        Depth below the nearer endplate.
    uvw : tuple of 3 ndarrays
        Points in the frame of the body, mm.
    half_depth : float
        Half the depth of the body, mm.
    """
    u, v, w = uvw
    fields, kind = canvas.fields, pattern.type
    trend = np.float32(_BAND[kind]) * (_ONE - smoothstep(depth_mm, *_UNDER_ENDPLATE_MM))
    deep, at_back = (share * half_depth for share in _NEAR_VEIN_BACK)
    near_vein = (_ONE - smoothstep(np.abs(w), *_NEAR_VEIN_HEIGHT_MM)) * smoothstep(v, deep, at_back)
    trend = trend + np.float32(_VEIN[kind]) * near_vein * (_ONE - smoothstep(np.abs(u), *_NEAR_VEIN_ASIDE_MM))
    mottle = np.float32(_MEDIUM[kind]) * fields["medium"] + np.float32(_SMALL[kind]) * fields["small"]
    mottle = mottle + np.float32(_FINE) * fields["upright"]
    if _ISLANDS[kind]:
        mottle = mottle + np.float32(_ISLANDS[kind]) * smoothstep(fields["medium"], *_ISLAND_SD)
    strength = np.float32(pattern.coarseness * (_TEXTURE_OF_FAT[0] + _TEXTURE_OF_FAT[1] * fat))
    share: Plane = np.clip(np.float32(fat) + trend + mottle * strength, *_FAT_LIMITS)
    return share


def density_map(canvas: Canvas, pattern: MarrowPattern, name: str) -> Plane:
    """Protons relative to the tissue table: the trabeculae of one body on one plane, which stand upright."""
    fields = canvas.fields
    grain = np.float32(_GRAIN) * fields["upright"] + np.float32(_GRAIN_SMALL) * fields["small"]
    grain = grain - np.float32(_GRAIN_MEDIUM) * fields["medium"]  # fewer trabeculae where there is more fat
    density: Plane = np.clip(
        np.float32(pattern.protons.get(name, 1.0)) + np.float32(pattern.coarseness) * grain, *_DENSITY_LIMITS
    )
    return density
