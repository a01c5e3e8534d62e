"""How a body lies: on its back, on a flat table that carries it between the shoulder blades and under the sacrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy

from vbqkit.anatomy.skeleton import Array, Vertebra

# As the bones are painted, mm: start and height of a spinous process; how far the crest of the sacrum, which has none,
# stands behind the back wall of its bodies (the bones of the coccyx have nothing behind them)
_TIP_MM, _TIP_DROP_MM = 21.0, 6.0
_CREST_MM = {"S1": 31.0, "S2": 30.0, "S3": 28.0, "S4": 20.0, "S5": 10.0, "Co1": 0.0}
_TURN_LIMIT_RAD, _TURN_EXACT_RAD = np.radians(40.0), 1e-6  # nobody is turned as far

SACRUM_BEHIND_MM, SACRUM_BEHIND_SD_MM, _LIMIT_SD = 8.0, 12.0, 2.0
"""How far behind the spinous processes of T9 to T12 the crest of the sacrum lies in a body on a table, mm, and its SD
between people: model assumptions. The most prominent thoracic spines are those of T7 and T8, above what is drawn; and
what lies between bone and table is 1 to 4 cm thick, and not the same at both places."""


def tips_mm(vertebrae: Sequence[Vertebra]) -> Array:
    """Where the bones reach furthest back: tips of the spinous processes, and crest of the sacrum.

    LPS mm; shape (vertebrae, 3).
    """

    def tip(v: Vertebra) -> Array:
        if v.sacral:
            return v.to_patient_mm(0.0, v.half_depth_mm + _CREST_MM[v.name], 0.0)
        behind, below = _TIP_MM + v.spinous_length_mm, _TIP_DROP_MM + v.spinous_slope * v.spinous_length_mm
        return v.to_patient_mm(0.0, v.half_depth_mm + behind, -below)

    return np.array([tip(v) for v in vertebrae])


def laid_down(vertebrae: Sequence[Vertebra], rng: np.random.Generator) -> list[Vertebra]:
    """The same spine, turned as a whole about the left-right axis until the table carries chest and sacrum.

    The crest of the sacrum then lies as far behind the spinous processes of T9 to T12 as drawn.

    Parameters
    ----------
    vertebrae : sequence of Vertebra
        From above; turned about the origin.
    rng : numpy.random.Generator
        The only source of chance.
    """
    tips, sacral = tips_mm(vertebrae), np.array([v.sacral for v in vertebrae])
    wanted = SACRUM_BEHIND_MM + SACRUM_BEHIND_SD_MM * float(np.clip(rng.standard_normal(), -_LIMIT_SD, _LIMIT_SD))

    def behind(angle: float) -> float:
        y = np.cos(angle) * tips[:, 1] - np.sin(angle) * tips[:, 2]
        return float(y[sacral].max() - y[~sacral].max()) - wanted

    angle = scipy.optimize.brentq(behind, -_TURN_LIMIT_RAD, _TURN_LIMIT_RAD, xtol=_TURN_EXACT_RAD)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    return [replace(v, center_mm=turn @ v.center_mm, axes=turn @ v.axes) for v in vertebrae]
