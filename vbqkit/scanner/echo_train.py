"""The echo train of a fast spin echo: which echo fills which line of k-space, and how tissues decay from line to line.

View order: linear, with the effective echo in the middle of k-space. Later echoes follow on one side and earlier ones
on the other, one band each; where one side runs out, the bands that are left over are split between both ends, from
the middle outwards. An effective echo in the middle of the train gives the linear order of RARE (Hennig et al., Magn
Reson Med 1986;3:823-833, doi:10.1002/mrm.1910030602), a first one the order from the center outwards of T1 and proton
density scans (Listerud et al., Magn Reson Q 1992;8:199-244).

The lines of an echo carry ``exp(-(TE_echo - TE)/T2)`` of what they would at TE: edges of tissue with short T2 are
sharpened by early echoes and blurred by late ones. The mean of a large region is that at TE.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.own_times import TABLE_TIMES, OwnTimes
from vbqkit.anatomy.tissues import fat_t1_ms, fat_t2_ms
from vbqkit.scanner.sequences import PulseSequence
from vbqkit.scanner.signals import echo_signals, fat_signal, water_signals

FloatArray = npt.NDArray[np.float64]

TERM_TOLERANCE = 2e-3
"""Largest error of any tissue's signal in any echo, relative to fully relaxed CSF, when a few terms stand for all
T2."""


def echo_of_line(lines: npt.NDArray[np.intp], samples: int, *, echoes: int, effective: int) -> npt.NDArray[np.intp]:
    """Which echo, from 0, fills each line of k-space, by the view order of this module.

    Parameters
    ----------
    lines : ndarray of int
        Lines, from -samples to samples.
    samples : int
        Number of the outermost line.
    echoes : int
        Length of the train.
    effective : int
        Echo of the middle of k-space, from 0.

    Examples
    --------
    >>> lines = np.arange(-8, 9)
    >>> echo_of_line(lines, 8, echoes=4, effective=2)  # linear; echo 0 is left over
    array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 0, 0, 0])
    >>> echo_of_line(lines, 8, echoes=3, effective=0)  # from the center outwards
    array([2, 2, 2, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    """
    paired = min(effective, echoes - 1 - effective)  # echoes that have a partner on the other side
    far = np.abs(lines) * echoes  # a band is 2 samples / echoes wide; whole numbers, so that no line is in doubt
    inside = far < (2 * paired + 1) * samples
    near = effective + np.sign(lines) * ((far + samples) // (2 * samples))
    left_over = max(echoes - 1 - 2 * paired, 1)
    outer = paired + 1 + np.minimum((far - (2 * paired + 1) * samples) // samples, left_over - 1)
    direction = 1 if effective <= echoes - 1 - effective else -1
    chosen: npt.NDArray[np.intp] = np.where(inside, near, effective + direction * outer)
    return np.clip(chosen, 0, echoes - 1)


@dataclass(frozen=True, eq=False, slots=True)
class DecayTerms:
    """The signal of every tissue on every line, as a short sum: ``S_k(line) = sum_r water[r, k] lines[r, line]``.

    Attributes
    ----------
    water : ndarray, shape (terms, tissues)
        The first row is the signal at TE.
    lines : ndarray, shape (terms, 2 samples + 1)
        The first row is 1, the others are 0 in the middle of k-space.
    fat : float
        Signal of fat at TE.
    fat_lines : ndarray, shape (2 samples + 1,)
        Its change from line to line.
    """

    water: FloatArray
    lines: FloatArray
    fat: float
    fat_lines: FloatArray


def decay_terms(
    timing: PulseSequence,
    field_t: float,
    samples: int,
    *,
    saturation_per_s: float = 0.0,
    own: OwnTimes = TABLE_TIMES,
) -> DecayTerms:
    """The few terms that stand for the decay of all tissues across the train.

    What differs from the signal at TE, ``S_k(TE_j) - S_k(TE)``, is a matrix of tissues and echoes whose singular values
    fall fast: as many terms are kept as :data:`TERM_TOLERANCE` asks for. One echo needs one term.
    """
    at_te = water_signals(timing, field_t, saturation_per_s=saturation_per_s, own=own)
    fat = fat_signal(timing, field_t, own=own)
    echoes, effective = timing.echo_train_length, timing.effective_echo
    if echoes == 1:
        ones = np.ones(2 * samples + 1)
        return DecayTerms(at_te[None], ones[None], fat, ones)
    order = echo_of_line(np.arange(-samples, samples + 1), samples, echoes=echoes, effective=effective)
    change = echo_signals(timing, field_t, saturation_per_s=saturation_per_s, own=own) - at_te[:, None]
    tissue_part, size, echo_part = np.linalg.svd(change, full_matrices=False)
    tissue_part = tissue_part * size
    kept = next(
        (r for r in range(len(size)) if np.abs(change - tissue_part[:, :r] @ echo_part[:r]).max() <= TERM_TOLERANCE),
        len(size),
    )
    echo_part = echo_part[:kept]
    echo_part[:, effective] = 0.0  # exactly: the middle of k-space is read at TE
    return DecayTerms(
        water=np.concatenate([at_te[None], tissue_part[:, :kept].T]),
        lines=np.concatenate([np.ones((1, 2 * samples + 1)), echo_part[:, order]]),
        fat=fat,
        fat_lines=fat_decay(timing, field_t, own=own)[order],
    )


def fat_decay(timing: PulseSequence, field_t: float, *, own: OwnTimes = TABLE_TIMES) -> FloatArray:
    """Signal of fat in each echo of the train, relative to that at TE."""
    t1_ms = own.fat_t1 * fat_t1_ms(field_t)
    t2_ms = own.fat_t2 * fat_t2_ms(field_t, refocusing_ms=timing.refocusing_ms)
    [left] = timing.decays(np.array([t1_ms]), np.array([t2_ms]))
    decay: FloatArray = left / left[timing.effective_echo]
    return decay
