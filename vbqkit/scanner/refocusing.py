"""Echoes of a train whose refocusing pulses turn by less than 180 degrees: extended phase graphs.

Each such pulse stores part of the magnetisation along the main field and brings earlier parts back: the echoes are spin
echoes and stimulated echoes at once, a little weaker, and decay more slowly because what is stored decays with T1
(Hennig, J Magn Reson 1988;78:397; Weigel, J Magn Reson Imaging 2015;41:266-295, doi:10.1002/jmri.24619). The first
pulse turns by ``90 + angle/2``, which brings the echoes to their steady level at once (Hennig and Scheffler, Magn
Reson Med 2000;44:983-985).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def echo_amplitudes(
    t1_ms: FloatArray, t2_ms: FloatArray, *, echoes: int, spacing_ms: float, angle_deg: float
) -> FloatArray:
    """Echoes after an excitation of unit magnetisation, one row a tissue.

    With 180 degrees they are ``exp(-j ESP/T2)``.

    Parameters
    ----------
    t1_ms, t2_ms : ndarray, shape (tissues,)
        Relaxation times.
    echoes : int
        Length of the train.
    spacing_ms : float
        Echo spacing ESP.
    angle_deg : float
        Of every refocusing pulse but the first.

    Examples
    --------
    >>> t1, t2 = np.array([900.0]), np.array([50.0])
    >>> echo_amplitudes(t1, t2, echoes=3, spacing_ms=10, angle_deg=180).round(3)  # exp(-0.2 j)
    array([[0.819, 0.67 , 0.549]])
    >>> echo_amplitudes(t1, t2, echoes=3, spacing_ms=10, angle_deg=120).round(3)
    array([[0.764, 0.644, 0.548]])
    """
    e1, e2 = (np.exp(-spacing_ms / 2.0 / t)[:, None] for t in (t1_ms, t2_ms))
    orders = echoes + 2
    up, down, stored = (np.zeros((len(t1_ms), orders)) for _ in range(3))  # F+, F-, Z of each order of dephasing
    up[:, 0] = down[:, 0] = 1.0
    read = np.empty((len(t1_ms), echoes))
    for echo in range(echoes):
        up, down, stored = _half_spacing(up, down, stored, e1, e2)
        angle = math.radians(90.0 + angle_deg / 2.0 if echo == 0 else angle_deg)
        half_cos2, half_sin2, sin = math.cos(angle / 2.0) ** 2, math.sin(angle / 2.0) ** 2, math.sin(angle)
        up, down, stored = (
            half_cos2 * up + half_sin2 * down + sin * stored,
            half_sin2 * up + half_cos2 * down - sin * stored,
            0.5 * sin * (down - up) + math.cos(angle) * stored,
        )
        up, down, stored = _half_spacing(up, down, stored, e1, e2)
        read[:, echo] = up[:, 0]
    return read


def _half_spacing(
    up: FloatArray, down: FloatArray, stored: FloatArray, e1: FloatArray, e2: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Relaxation and dephasing by one order; what recovers meanwhile is dephased by crushers and adds nothing."""
    rephased = np.zeros_like(down)
    rephased[:, :-1] = down[:, 1:] * e2
    dephased = np.zeros_like(up)
    dephased[:, 1:] = up[:, :-1] * e2
    dephased[:, 0] = rephased[:, 0]
    return dephased, rephased, stored * e1
