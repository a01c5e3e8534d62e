"""What tissues give in a sequence: water, fat, and a voxel of both.

All signals are relative to the equilibrium magnetisation of CSF water = 1, before coil, noise and gain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.own_times import TABLE_TIMES, OwnTimes
from vbqkit.anatomy.tissues import TISSUES, Tissue, fat_t1_shares, fat_t2_ms, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.scanner.sequences import PulseSequence, Timing

FloatArray = npt.NDArray[np.float64]


def spin_echo(t1_ms: float, t2_ms: float, *, tr_ms: float, te_ms: float) -> float:
    """Signal of a spin echo at equal intervals: ``(1 - 2 exp(-(TR - TE/2)/T1) + exp(-TR/T1)) exp(-TE/T2)``.

    Between 0 and 1, times the proton density. Short TR makes tissue with short T1 (fat) bright, long TE tissue with
    long T2 (CSF).

    Examples
    --------
    >>> round(spin_echo(4300, 1750, tr_ms=600, te_ms=20), 4)  # CSF at 3 T
    0.1248
    """
    return train_signal(t1_ms, t2_ms, Timing(tr_ms=tr_ms, te_ms=te_ms))


def inversion_recovery(t1_ms: float, t2_ms: float, *, tr_ms: float, te_ms: float, ti_ms: float) -> float:
    """Signal of a perfect inversion recovery, with its sign: ``(1 - 2 exp(-TI/T1) + exp(-TR/T1)) exp(-TE/T2)``.

    Negative while the magnetisation still points down; the magnitude is taken only after water and fat are added.

    Examples
    --------
    >>> inversion_recovery(300, 150, tr_ms=4000, te_ms=60, ti_ms=150) < 0
    True
    """
    return train_signal(t1_ms, t2_ms, Timing(tr_ms=tr_ms, te_ms=te_ms, ti_ms=ti_ms, inversion_efficiency=1.0))


def train_signal(t1_ms: float, t2_ms: float, timing: PulseSequence) -> float:
    """Signed signal of any sequence, per proton density: ``excited(T1) exp(-TE/T2)``; 0 for tissue without T1 or T2."""
    if t1_ms <= 0 or t2_ms <= 0:
        return 0.0
    left = timing.decays(np.array([t1_ms]), np.array([t2_ms]))
    return timing.excited(t1_ms) * float(left[0, timing.effective_echo])


def fat_signal(timing: PulseSequence, field_t: float, *, own: OwnTimes = TABLE_TIMES) -> float:
    """Signed signal of fat per proton density: each peak recovers with its own T1, all decay with J-coupling.

    In an inversion recovery fat is nearly gone at TI of about 170 ms at 1.5 T and 220 ms at 3 T: earlier than
    ``T1 ln 2`` of whole fat, as the inversion is not complete and the main peak recovers faster than the mean.

    Parameters
    ----------
    timing : PulseSequence
        The sequence.
    field_t : float
        Field strength, tesla.
    own : OwnTimes
        A person's times; without it those of the tissue table.

    Examples
    --------
    >>> early, late = (Timing(tr_ms=4000, te_ms=40, ti_ms=ti) for ti in (140, 200))
    >>> fat_signal(early, 1.5) < 0 < fat_signal(late, 1.5)
    True
    """
    return float(fat_echoes(timing, field_t, own=own)[timing.effective_echo])


def fat_echoes(timing: PulseSequence, field_t: float, *, own: OwnTimes = TABLE_TIMES) -> FloatArray:
    """Signed signal of fat in every echo of a train, as :func:`fat_signal`."""
    share, t1_ms = np.array(fat_t1_shares(field_t)).T
    t1_ms = own.fat_t1 * t1_ms
    excited = share * np.array([timing.excited(float(t1)) for t1 in t1_ms])
    t2_ms = np.full(len(t1_ms), own.fat_t2 * fat_t2_ms(field_t, refocusing_ms=timing.refocusing_ms))
    echoes: FloatArray = excited @ timing.decays(t1_ms, t2_ms)
    return echoes


def water_signals(
    timing: PulseSequence, field_t: float, *, saturation_per_s: float = 0.0, own: OwnTimes = TABLE_TIMES
) -> FloatArray:
    """Signed signal of the water of every tissue, times its proton density, in the order of the tissue codes.

    Parameters
    ----------
    timing : PulseSequence
        The sequence.
    field_t : float
        Field strength, tesla.
    saturation_per_s : float
        Rate at which macromolecules are saturated by the pulses for other slices; 0: a single slice. See
        :mod:`vbqkit.scanner.magnetization_transfer`.
    own : OwnTimes
        A person's times; without it those of the tissue table.
    """
    return echo_signals(timing, field_t, saturation_per_s=saturation_per_s, own=own)[:, timing.effective_echo]


def water_signals_of(
    names: Sequence[str],
    timing: PulseSequence,
    field_t: float,
    *,
    saturation_per_s: float = 0.0,
    own: OwnTimes = TABLE_TIMES,
) -> FloatArray:
    """Signed signal of the water of some tissues, times its proton density: entries of :func:`water_signals`.

    Examples
    --------
    >>> timing = Timing(tr_ms=600, te_ms=12)
    >>> found = water_signals_of(("marrow", "csf"), timing, 1.5)
    >>> found.tolist() == water_signals(timing, 1.5)[[tissue_named(n).code for n in ("marrow", "csf")]].tolist()
    True
    """
    tissues = [tissue_named(name) for name in names]
    t1_ms = np.array([t.t1_at(field_t) * own.t1_factor(t.name) for t in tissues])
    t2_ms = np.array([t.t2_at(field_t) * own.t2_factor(t.name) for t in tissues])
    left = timing.decays(t1_ms, t2_ms)[:, timing.effective_echo]
    excited = [_excited(t, timing, float(t1), saturation_per_s) for t, t1 in zip(tissues, t1_ms, strict=True)]
    signals: FloatArray = np.array(excited) * left
    return signals


def echo_signals(
    timing: PulseSequence, field_t: float, *, saturation_per_s: float = 0.0, own: OwnTimes = TABLE_TIMES
) -> FloatArray:
    """Signed signal of the water of every tissue in every echo of a train, shape (tissues, echoes).

    As :func:`water_signals`, which is the column of the effective echo, with the decay to echo j.
    """
    t1_ms, t2_ms = (
        np.array([at(t, field_t) * factor(t.name) if t.t1_ms > 0 else np.inf for t in TISSUES])
        for at, factor in ((Tissue.t1_at, own.t1_factor), (Tissue.t2_at, own.t2_factor))
    )
    excited = np.array(
        [
            _excited(t, timing, t1 if t.t1_ms > 0 else 0.0, saturation_per_s)
            for t, t1 in zip(TISSUES, t1_ms, strict=True)
        ]
    )
    signals: FloatArray = excited[:, None] * timing.decays(t1_ms, t2_ms)
    return signals


def _excited(tissue: Tissue, timing: PulseSequence, t1_ms: float, saturation_per_s: float) -> float:
    """Protons of a tissue's water that the excitation turns over."""
    if t1_ms <= 0:
        return 0.0
    left = tissue.saturated(t1_ms, saturation_per_s=saturation_per_s)
    return tissue.proton_density * left * timing.excited(t1_ms * left)


def tissue_signal(
    name: str,
    timing: PulseSequence,
    *,
    field_t: float,
    pdff: float | None = None,
    saturation_per_s: float = 0.0,
) -> float:
    """Magnitude signal of a voxel full of one tissue: ``PD |f S_fat + (1 - f) S_water|``.

    Parameters
    ----------
    name : str
        A tissue of the table.
    timing : PulseSequence
        The sequence, such as a :class:`Timing`.
    field_t : float
        Field strength, tesla.
    pdff : float or None
        Fat fraction f, 0 to 1; None: the table's.
    saturation_per_s : float
        As in :func:`water_signals`; 0: a single slice, without magnetisation transfer.

    Examples
    --------
    VBQ-T1 of marrow with 45 % fat at 3 T, TR 600, TE 20 (Chen 2023's protocol):

    >>> timing = Timing(tr_ms=600, te_ms=20)
    >>> marrow, csf = (tissue_signal(n, timing, field_t=3.0, pdff=f) for n, f in (("marrow", 0.45), ("csf", 0.0)))
    >>> round(marrow / csf, 1)
    3.2
    """
    tissue = tissue_named(name)
    f = tissue.pdff if pdff is None else pdff
    if not 0.0 <= f <= 1.0:
        raise ScannerError(f"A fat fraction of {f:g} is not possible; give a number between 0 and 1.")
    water = float(water_signals(timing, field_t, saturation_per_s=saturation_per_s)[tissue.code])
    return abs(f * tissue.proton_density * fat_signal(timing, field_t) + (1.0 - f) * water)


def dixon_signals(t1_ms: float, *, tr_ms: float, flip_angle_deg: float) -> float:
    """Steady state of a spoiled gradient echo, ``sin(a) (1 - E1) / (1 - cos(a) E1)``, without echo decay.

    Water and fat are told apart by their phase; with a small flip angle neither is favoured by its T1, so that the
    ratio of the two signals is the proton density fat fraction (PDFF).

    Examples
    --------
    >>> low = [dixon_signals(t1, tr_ms=10, flip_angle_deg=3) for t1 in (300, 900)]
    >>> round(low[1] / low[0], 2)
    0.93
    """
    if not tr_ms > 0 or not 0 < flip_angle_deg <= 90:
        raise ScannerError(
            f"TR {tr_ms:g} ms and flip angle {flip_angle_deg:g} degrees: TR must be above 0 and the angle in (0, 90]."
        )
    if t1_ms <= 0:
        return 0.0
    e1, angle = math.exp(-tr_ms / t1_ms), math.radians(flip_angle_deg)
    return math.sin(angle) * (1.0 - e1) / (1.0 - math.cos(angle) * e1)
