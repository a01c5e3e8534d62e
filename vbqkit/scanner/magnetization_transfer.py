"""Magnetisation transfer: what the pulses for the other slices do to the water of this one.

Every pulse of a multi-slice scan is off resonance in all slices but its own. There it leaves free water alone and
saturates the protons of macromolecules, whose line is tens of kHz wide; exchange carries the saturation over to water
(Dixon et al., Magn Reson Imaging 1990;8:417; Melki and Mulkern, Magn Reson Med 1992;24:189; Santyr, Magn Reson Imaging
1993;11:521). Cord, muscle, discs and cellular marrow darken; CSF and fat, without such protons to exchange with, do
not.

Two pools (Henkelman et al., NMR Biomed 2001;14:57, doi:10.1002/nbm.683): bound protons, ``F`` of the free ones,
exchange with them at the rate R and are saturated at the mean rate ``W = pi g(offset) <omega_1^2>``. In the steady
state water loses magnetisation at ``k = R F W / (W + R + R1)``, so that both its equilibrium and its T1 shrink to
``1/(1 + k T1)`` of what they were (:meth:`vbqkit.anatomy.tissues.Tissue.saturated`). ``g`` is the super-Lorentzian
line of the bound protons, ``<omega_1^2>`` the power of all pulses for other slices within TR.

The pulses of a slice itself count among its own sequence: tables of T1 and T2 were measured with such pulses.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from vbqkit.scanner.sequences import PulseSequence

BOUND_T2_S = 9e-6
"""T2 of bound protons: human cord in vivo, Smith et al., Magn Reson Med 2009;61:22, doi:10.1002/mrm.21827."""

PULSE_S, TIME_BANDWIDTH = 3e-3, 2.5
"""Duration of a slice-selective pulse, and its bandwidth times the duration: model assumption, an ordinary apodised
sinc of fast spin echo."""

BETWEEN_TRAINS_MS = 3.0
"""Excitation and spoiling, ms: how much longer than its echoes the train of a slice is; model assumption."""


def slices_in_tr(timing: PulseSequence, slices: int) -> int:
    """How many slices are read within each TR: all, or an even share of them where their trains do not fit.

    Examples
    --------
    >>> from vbqkit.scanner.sequences import Timing
    >>> slices_in_tr(Timing(tr_ms=550, te_ms=11, echo_train_length=3, echo_spacing_ms=11), 15)
    15
    >>> slices_in_tr(Timing(tr_ms=350, te_ms=11, echo_train_length=3, echo_spacing_ms=11), 15)
    8
    """
    longest = max(timing.te_ms, timing.refocusing_ms * timing.echo_train_length)
    passes = math.ceil(slices * (longest + BETWEEN_TRAINS_MS) / timing.tr_ms)
    return math.ceil(slices / max(passes, 1))


def bound_saturation_per_s(timing: PulseSequence, *, slices: int, gap_ratio: float) -> float:
    """Mean rate W at which the pulses for the other slices saturate bound protons in the middle slice, 1/s.

    Parameters
    ----------
    timing : PulseSequence
        Its pulses and its TR.
    slices : int
        Of the protocol; with one there is no other, and W is 0.
    gap_ratio : float
        Gap between slices over their thickness.

    Examples
    --------
    >>> from vbqkit.scanner.sequences import Timing
    >>> timing = Timing(tr_ms=3600, te_ms=99, echo_train_length=16, echo_spacing_ms=11)
    >>> [round(bound_saturation_per_s(timing, slices=n, gap_ratio=0.1), 1) for n in (1, 5, 15)]
    [0.0, 4.1, 9.5]
    """
    together = slices_in_tr(timing, slices)
    if together < 2:
        return 0.0
    step_hz = TIME_BANDWIDTH / PULSE_S * (1.0 + gap_ratio) * (slices / together)
    away = np.abs(np.arange(together) - together // 2)
    line_s = sum(bound_line_s(float(n * step_hz)) for n in away if n > 0)
    energy = sum(math.radians(angle) ** 2 for angle in timing.pulses_deg) * _power_factor() / PULSE_S
    return math.pi * line_s * energy / (timing.tr_ms / 1000.0)


@cache
def bound_line_s(offset_hz: float) -> float:
    """Super-Lorentzian line shape of bound protons, in seconds (Henkelman 2001)."""
    u = (np.arange(20000) + 0.5) / 20000
    width = BOUND_T2_S / np.abs(3.0 * u**2 - 1.0)
    line = np.sqrt(2.0 / np.pi) * width * np.exp(-2.0 * (2.0 * np.pi * offset_hz * width) ** 2)
    return float(line.mean())


@cache
def _power_factor() -> float:
    """Mean square over squared mean of the pulse's shape: how much more power it has than a rectangle."""
    t = np.linspace(-0.5, 0.5, 2001)
    shape = np.sinc(TIME_BANDWIDTH * t) * (0.54 + 0.46 * np.cos(2.0 * np.pi * t))
    return float((shape**2).mean() / shape.mean() ** 2)
