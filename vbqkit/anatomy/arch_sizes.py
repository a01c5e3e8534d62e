"""Sizes of the vertebral arch by level: how wide the canal is, how big the pedicles, how far the transverse processes.

Width of the canal: Panjabi et al., Spine 1992;17:299-306 (doi:10.1097/00007632-199203000-00010) and, for T9 to T12,
Spine 1991;16:888-901 (doi:10.1097/00007632-199108000-00006). Pedicles: Zindrick et al., Spine 1987;12:160-166
(doi:10.1097/00007632-198703000-00012). Reach of the transverse processes and where the sacral pedicles stand: model
assumptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import scipy


class ArchSizes(NamedTuple):
    """Sizes of one arch, mm.

    Attributes
    ----------
    canal_half_width_mm : float
        Half the distance between the two pedicles.
    pedicle_half_width_mm, pedicle_half_height_mm : float
        Half the width and half the height of a pedicle at its narrowest.
    pedicle_turn : float
        How far the pedicle runs outwards on its way back, mm per mm.
    transverse_reach_mm : float
        How far the transverse process reaches from the midline.
    transverse_size, transverse_up_mm : float
        Its thickness relative to most people's, and how much higher its tip stands.
    facet_arthrosis : int
        Of the two joints with the vertebra below: 0 none, 2 moderate, 3 severe; bone grows and is dense there.
    """

    canal_half_width_mm: float
    pedicle_half_width_mm: float
    pedicle_half_height_mm: float
    transverse_reach_mm: float
    transverse_size: float = 1.0
    transverse_up_mm: float = 0.0
    facet_arthrosis: int = 0
    pedicle_turn: float = 0.0

    @property
    def pedicle_u_mm(self) -> float:
        """Distance of the middle of a pedicle from the midline."""
        return self.canal_half_width_mm + self.pedicle_half_width_mm


# Canal from pedicle to pedicle, width and height of a pedicle, reach of the transverse process (mm)
_MEAN_MM: Mapping[str, tuple[float, float, float, float]] = {
    "T9": (18.0, 6.1, 13.9, 28.0),
    "T10": (18.2, 6.3, 14.9, 26.0),
    "T11": (19.4, 7.8, 16.5, 23.0),
    "T12": (22.2, 7.1, 16.0, 22.0),
    "L1": (23.7, 8.7, 15.4, 36.0),
    "L2": (23.8, 8.9, 15.0, 40.0),
    "L3": (24.3, 10.3, 14.6, 45.0),
    "L4": (25.4, 12.9, 14.4, 42.0),
    "L5": (27.1, 18.0, 14.0, 42.0),
    "S1": (31.0, 20.0, 16.0, 0.0),
}
_PEDICLE_TURN: Mapping[str, float] = {"L1": 0.12, "L2": 0.14, "L3": 0.18, "L4": 0.26, "L5": 0.42}
"""How far a pedicle runs outwards on its way back, mm per mm: the angle grows from L1 to L5 (15 spines, Lien et al.,
Eur Spine J 2007;16:1215-1222, PMC2200778); by how much, 7 to 23 degrees, is a model assumption. Elsewhere straight
back."""
_CANAL_SD, _PEDICLE_SD, _PEDICLE_LEVEL_SD, _LIMIT_SD = 0.06, 0.13, 0.05, 2.0
"""How people differ, as a share: the canal, the pedicles of one person together, and one pedicle from the next; the
SDs of the sources, rounded. No draw lies beyond the limit, in SDs."""
_TRANSVERSE_SD, _TRANSVERSE_UP_SD_MM = {"reach": 0.06, "size": 0.08}, 2.0
"""How transverse processes differ, as a share, and the height of their tips: model assumptions."""


FACET_ARTHROSIS_AGES, FACET_ARTHROSIS_AT_ANY_LEVEL = (35.0, 45.0, 55.0, 65.0), (0.24, 0.447, 0.742, 0.79)
"""Share of people with arthrosis of facet joints at any level by age, years: 24.0 % below 40, 44.7 %, 74.2 %, 89.2 %
and, above 70, 69.2 % of 188 people on CT, the last two groups taken together as few are old (Kalichman et al., Spine
2008;33:2560-2565, doi:10.1097/BRS.0b013e318184ef95)."""

FACET_ARTHROSIS_AT_LEVEL: Mapping[str, float] = {"L1": 0.075, "L2": 0.151, "L3": 0.306, "L4": 0.451, "L5": 0.382}
"""Share of the same people with arthrosis of the joints below each vertebra; L1: half of L2, a model assumption."""
_AT_ANY_LEVEL = 0.636  # of the same people, men and women
_ALIKE_IN_A_PERSON = 0.5  # correlation between the joints of a person, so that 64 % have any: model assumption
_SEVERE_SHARE = 0.4
"""Share of joints with arthrosis in which it is severe: then about half of the people of 67 years have a severe one
(46.7 and 63.2 %, Suri et al., Osteoarthritis Cartilage 2013;21:1199-1206, doi:10.1016/j.joca.2013.05.013)."""


def draw_facet_arthrosis(rng: np.random.Generator, names: tuple[str, ...], *, age: float) -> tuple[int, ...]:
    """Grade of arthrosis of the facet joints below each vertebra: 0, 2 or 3.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    names : tuple of str
        Vertebrae from above; above L1 and in the sacrum no joint is worn.
    age : float
        Years; women and men alike.
    """
    person, each, severe = rng.standard_normal(), rng.standard_normal(len(names)), rng.random(len(names))
    liability = np.sqrt(_ALIKE_IN_A_PERSON) * person + np.sqrt(1.0 - _ALIKE_IN_A_PERSON) * each
    at_age = float(np.interp(age, FACET_ARTHROSIS_AGES, FACET_ARTHROSIS_AT_ANY_LEVEL)) / _AT_ANY_LEVEL
    share = np.array([min(FACET_ARTHROSIS_AT_LEVEL.get(name, 0.0) * at_age, 1.0) for name in names])
    worn = liability > -scipy.special.ndtri(share)
    return tuple(int(grade) for grade in np.where(worn, np.where(severe < _SEVERE_SHARE, 3, 2), 0))


def draw_arch_sizes(rng: np.random.Generator, names: tuple[str, ...], *, size: float) -> tuple[ArchSizes, ...]:
    """The arches of one person.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    names : tuple of str
        Vertebrae from above; fused sacral segments have the sizes of S1.
    size : float
        Size of this person's bones relative to the table.
    """
    canal, pedicle = np.clip(rng.standard_normal(2), -_LIMIT_SD, _LIMIT_SD)
    each = np.clip(rng.standard_normal(len(names)), -_LIMIT_SD, _LIMIT_SD)
    processes = np.clip(rng.spawn(1)[0].standard_normal((len(names), 3)), -_LIMIT_SD, _LIMIT_SD)
    sizes = []
    for name, more, (longer, thicker, higher) in zip(names, each, processes, strict=True):
        wide, pedicle_wide, pedicle_high, reach = (mm * size for mm in _MEAN_MM.get(name, _MEAN_MM["S1"]))
        factor = float(1.0 + _PEDICLE_SD * pedicle + _PEDICLE_LEVEL_SD * more)
        sizes.append(
            ArchSizes(
                canal_half_width_mm=wide / 2.0 * float(1.0 + _CANAL_SD * canal),
                pedicle_half_width_mm=pedicle_wide / 2.0 * factor,
                pedicle_half_height_mm=pedicle_high / 2.0,
                transverse_reach_mm=reach * float(1.0 + _TRANSVERSE_SD["reach"] * longer),
                transverse_size=float(1.0 + _TRANSVERSE_SD["size"] * thicker),
                transverse_up_mm=_TRANSVERSE_UP_SD_MM * float(higher),
                pedicle_turn=_PEDICLE_TURN.get(name, 0.0),
            )
        )
    return tuple(sizes)
