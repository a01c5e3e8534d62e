"""Sequences: what each says of itself, and the magnetisation that it excites.

A :class:`PulseSequence` knows its times, its header and its sliders, and the magnetisation that it excites; scan, DICOM
writer and scanner lab ask it. :class:`Timing` is the spin echo, the fast spin echo and the inversion recovery. What
tissues give in them is in :mod:`vbqkit.scanner.signals`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ScannerError
from vbqkit.scanner.refocusing import echo_amplitudes

FloatArray = npt.NDArray[np.float64]

Method = Literal["SE", "IR"]
"""``"SE"``: spin echo, fast with an echo train above 1. ``"IR"``: the same after an inversion pulse (STIR)."""

INVERSION_EFFICIENCY = 0.96
"""Share of the magnetisation that an adiabatic pulse turns over: as measured in people by Marques et al., NeuroImage
2010;49:1271-1281, doi:10.1016/j.neuroimage.2009.10.002."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A number that can be changed with a slider: its name in the code, its words, and the range of the slider.

    Attributes
    ----------
    name : str
        Keyword, such as ``"te_ms"``.
    description : str
        What the slider is called, with its unit.
    low, high, step : float
        Its range, and by how much it moves.
    """

    name: str
    description: str
    low: float
    high: float
    step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseSequence(ABC):
    """What the scanner asks of any sequence. A new one is a subclass that says how it excites and what its header is.

    Parameters
    ----------
    tr_ms, te_ms : float
        Repetition time and echo time, in milliseconds.

    Attributes
    ----------
    controls : tuple of Control
        Its parameters that can be changed on a prepared slice, see :func:`vbqkit.scanner.prepared.prepare`.
    flip_angle_deg : float
        Of the excitation.
    sequence_variant : tuple of str
        As in DICOM (0018,0021).
    fat_suppressed : bool
        Whether the signal of fat is suppressed.
    echo_train_length : int
        Echoes after each excitation.
    ti_ms : float or None
        Inversion time; None: no inversion pulse.

    Raises
    ------
    ScannerError
        If a time is not above 0, or TE is not shorter than TR.
    """

    tr_ms: float
    te_ms: float
    controls: ClassVar[tuple[Control, ...]] = (
        Control(name="tr_ms", description="TR (ms)", low=200, high=6000, step=25),
        Control(name="te_ms", description="TE (ms)", low=5, high=160, step=1),
    )

    def __post_init__(self) -> None:
        check_times(TR=self.tr_ms, TE=self.te_ms)
        if self.te_ms >= self.tr_ms:
            raise ScannerError(
                f"TE ({self.te_ms:g} ms) is not shorter than TR ({self.tr_ms:g} ms): the echo would come after the next "
                "excitation. Shorten TE or lengthen TR."
            )

    @property
    @abstractmethod
    def scanning_sequence(self) -> tuple[str, ...]:
        """As in DICOM (0018,0020): ``("SE",)``, ``("SE", "IR")``, ``("GR",)``."""

    @property
    @abstractmethod
    def sequence_name(self) -> str:
        """As in DICOM (0018,0024): ``"TSE"``."""

    @abstractmethod
    def excited(self, t1_ms: float) -> float:
        """Signed transverse magnetisation after excitation, per proton density: the signal before ``exp(-TE/T2)``."""

    @property
    def flip_angle_deg(self) -> float:
        """90 degrees, unless the sequence says otherwise."""
        return 90.0

    @property
    def sequence_variant(self) -> tuple[str, ...]:
        """``("NONE",)``, unless the sequence says otherwise."""
        return ("NONE",)

    @property
    def fat_suppressed(self) -> bool:
        """False, unless the sequence says otherwise."""
        return False

    @property
    def ti_ms(self) -> float | None:
        """None: no inversion pulse, unless the sequence has one."""
        return None

    @property
    def echo_train_length(self) -> int:
        """1, unless the sequence reads a train."""
        return 1

    @property
    def effective_echo(self) -> int:
        """Number, from 0, of the echo that fills the middle of k-space."""
        return 0

    @property
    def echo_times_ms(self) -> npt.NDArray[np.float64]:
        """Time of every echo of the train, ms: the effective one at TE."""
        return np.array([self.te_ms])

    @property
    def refocusing_ms(self) -> float:
        """Time between refocusing pulses, ms: TE for a single echo."""
        return self.te_ms

    @property
    def pulses_deg(self) -> tuple[float, ...]:
        """Angle of every pulse that one slice gets within TR."""
        return (self.flip_angle_deg,)

    def decays(self, t1_ms: FloatArray, t2_ms: FloatArray) -> FloatArray:  # noqa: ARG002  # T1 is for those who store
        """What is left of the excited magnetisation in each echo, ``exp(-TE_j/T2)``, shape (tissues, echoes)."""
        left: FloatArray = np.exp(-self.echo_times_ms / t2_ms[:, None])
        return left


def check_times(**times_ms: float | None) -> None:
    """Refuse times that are not above 0; None is not looked at.

    Raises
    ------
    ScannerError
        If one is zero, negative or not finite; the message names it.
    """
    for name, value in times_ms.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ScannerError(f"{name} is {value:g} ms; it must be a time above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing(PulseSequence):
    """A spin echo, a fast spin echo or an inversion recovery, by its times in milliseconds.

    Parameters
    ----------
    tr_ms, te_ms : float
        Repetition time and echo time; in a train the effective one, at which the middle of k-space is read.
    ti_ms : float or None
        Inversion time; None: no inversion pulse.
    echo_train_length : int
        Refocusing pulses after each excitation; 1 is a plain spin echo.
    echo_spacing_ms : float or None
        Between the echoes of a train; None: TE for a plain spin echo. A train above 1 must say it.

    Raises
    ------
    ScannerError
        If a time is negative, TE exceeds TR, or inversion and echo train do not fit into TR.

    Examples
    --------
    >>> Timing(tr_ms=600, te_ms=20).method
    'SE'
    """

    ti_ms: float | None = None
    echo_train_length: int = 1
    echo_spacing_ms: float | None = None
    inversion_efficiency: float = INVERSION_EFFICIENCY
    refocusing_deg: float = 180.0
    shared: float = 0.0
    controls: ClassVar[tuple[Control, ...]] = (
        *PulseSequence.controls,
        Control(name="ti_ms", description="TI (ms)", low=20, high=3000, step=5),
    )

    def __post_init__(self) -> None:
        PulseSequence.__post_init__(self)
        check_times(TI=self.ti_ms)
        if self.echo_train_length < 1:
            raise ScannerError(
                f"An echo train length of {self.echo_train_length} is not possible; give 1 (spin echo) or more."
            )
        if self.echo_train_length > 1 and not (self.echo_spacing_ms is not None and self.echo_spacing_ms > 0):
            raise ScannerError(
                f"An echo train of {self.echo_train_length} needs an echo spacing above 0 ms; got {self.echo_spacing_ms}."
            )
        if not 0 < self.inversion_efficiency <= 1:
            raise ScannerError(
                f"An inversion efficiency of {self.inversion_efficiency:g} is not possible; give a share above 0, at most 1."
            )
        if not 0 <= self.shared < 1:
            raise ScannerError(f"Neighbors cannot share {self.shared:g} of a slice; give a share from 0 to below 1.")
        if not 0 < self.refocusing_deg <= 180:
            raise ScannerError(
                f"A refocusing angle of {self.refocusing_deg:g} degrees is not possible; give one above 0, at most 180."
            )
        busy = (self.ti_ms or 0.0) + max(self.te_ms, self.train_ms)
        if self.shared > 0 and busy >= self.tr_ms / 2:
            raise ScannerError(
                f"Cross-talk needs slices that interleave within TR; inversion and echo train take {busy:g} of {self.tr_ms:g} "
                "ms. Lengthen TR, or switch slice_crosstalk off."
            )
        if busy >= self.tr_ms:
            raise ScannerError(
                f"Inversion and echo train take {busy:g} ms, TR is {self.tr_ms:g} ms. Lengthen TR, or shorten TI or the "
                "train."
            )

    @property
    def method(self) -> Method:
        """``"IR"`` with an inversion pulse, ``"SE"`` without."""
        return "SE" if self.ti_ms is None else "IR"

    @property
    def scanning_sequence(self) -> tuple[str, ...]:
        """Spin echo, and inversion recovery where there is an inversion pulse."""
        return ("SE",) if self.ti_ms is None else ("SE", "IR")

    @property
    def sequence_variant(self) -> tuple[str, ...]:
        """Segmented k-space in a train."""
        return ("SK",) if self.echo_train_length > 1 else ("NONE",)

    @property
    def sequence_name(self) -> str:
        """``"STIR"``, ``"TSE"`` or ``"SE"``."""
        return "STIR" if self.ti_ms is not None else "TSE" if self.echo_train_length > 1 else "SE"

    @property
    def fat_suppressed(self) -> bool:
        """Every inversion recovery of this scanner is a STIR."""
        return self.ti_ms is not None

    @property
    def train_ms(self) -> float:
        """From the excitation to the last echo, ms."""
        return self.te_ms if self.echo_train_length == 1 else self.echo_train_length * float(self.echo_spacing_ms or 0)

    @property
    def effective_echo(self) -> int:
        """Number, from 0, of the echo that fills the middle of k-space: the one nearest to TE."""
        if self.echo_train_length == 1:
            return 0
        return min(max(round(self.te_ms / float(self.echo_spacing_ms or 1.0)) - 1, 0), self.echo_train_length - 1)

    @property
    def echo_times_ms(self) -> npt.NDArray[np.float64]:
        """Time of every echo of the train, ms: the effective one at TE, the others whole echo spacings from it."""
        steps = np.arange(self.echo_train_length, dtype=np.float64) - self.effective_echo
        times: npt.NDArray[np.float64] = self.te_ms + steps * float(self.echo_spacing_ms or 0.0)
        return times

    @property
    def refocusing_ms(self) -> float:
        """Time between refocusing pulses, ms: the echo spacing of a train, TE for a single echo."""
        return self.te_ms if self.echo_train_length == 1 else float(self.echo_spacing_ms or 0.0)

    @property
    def pulses_deg(self) -> tuple[float, ...]:
        """Inversion (if there is one), excitation and refocusing pulses of one slice."""
        inversion = () if self.ti_ms is None else (180.0,)
        return (*inversion, 90.0, *(self.refocusing_deg,) * self.echo_train_length)

    def decays(self, t1_ms: FloatArray, t2_ms: FloatArray) -> FloatArray:
        """What is left in each echo; stimulated echoes take part where refocusing pulses are below 180 degrees."""
        if self.refocusing_deg == 180.0:
            return PulseSequence.decays(self, t1_ms, t2_ms)
        count, spacing = self.echo_train_length, self.refocusing_ms
        at_spacings = echo_amplitudes(t1_ms, t2_ms, echoes=count, spacing_ms=spacing, angle_deg=self.refocusing_deg)
        late_ms = self.echo_times_ms - spacing * np.arange(1, count + 1)  # TE need not be a whole number of spacings
        left: FloatArray = at_spacings * np.exp(-late_ms / t2_ms[:, None])
        return left

    def excited(self, t1_ms: float) -> float:
        """Signed longitudinal magnetisation that the 90-degree pulse finds and turns over, 1 at rest.

        A train of n pulses, ESP apart, turns the recovering magnetisation n times by its angle a, 180 degrees unless
        `refocusing_deg` says otherwise. With ``E = exp(-ESP/T1)`` and ``c = cos a`` the magnetisation after pulse k is
        ``m_k = m* + (c E)^(k-1) (m_1 - m*)``, ``m_1 = c (1 - exp(-ESP/(2 T1)))``, ``m* = c (1 - E)/(1 - c E)``; it then
        recovers until the next excitation or inversion. For n = 1 this is the textbook spin echo. An inversion
        recovery with n = 1 neglects the refocusing pulse, as the textbook form does; its pulse turns over the share
        `inversion_efficiency` of what it finds.
        """
        if self.shared == 0.0:
            return self._excited(t1_ms, self.tr_ms)
        return (1.0 - self.shared) * self._excited(t1_ms, self.tr_ms) + self.shared * self._excited(
            t1_ms, self.tr_ms / 2.0
        )

    def _excited(self, t1_ms: float, tr_ms: float) -> float:
        """As :meth:`excited`, for one TR."""
        if self.ti_ms is None:
            return self._recovered(t1_ms, tr_ms)
        wait = tr_ms - self.ti_ms
        ready = 1.0 - math.exp(-wait / t1_ms) if self.echo_train_length == 1 else self._recovered(t1_ms, wait)
        return 1.0 - (1.0 + self.inversion_efficiency * ready) * math.exp(-self.ti_ms / t1_ms)

    def _recovered(self, t1_ms: float, until_ms: float) -> float:
        """Longitudinal magnetisation `until_ms` after an excitation that is followed by the train."""
        n = self.echo_train_length
        spacing = self.te_ms if n == 1 else float(self.echo_spacing_ms or 0.0)
        e, c = math.exp(-spacing / t1_ms), math.cos(math.radians(self.refocusing_deg))
        first, fixed = c * (1.0 - math.exp(-spacing / (2.0 * t1_ms))), c * (1.0 - e) / (1.0 - c * e)
        last = fixed + (c * e) ** (n - 1) * (first - fixed)
        return 1.0 - (1.0 - last) * math.exp(-(until_ms - (n - 0.5) * spacing) / t1_ms)
