"""Sequences: what each says of itself, and what one tissue gives in it.

A :class:`PulseSequence` knows its times, its header and its sliders, and the magnetisation that it excites; scan, DICOM
writer and scanner lab ask it. :class:`Timing` is the spin echo, the fast spin echo and the inversion recovery. All
signals are relative to the equilibrium magnetisation of CSF water = 1, before coil, noise and gain.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.tissues import TISSUES, Tissue, fat_t1_shares, fat_t2_ms, tissue_named
from vbqkit.errors import ScannerError

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
        busy = (self.ti_ms or 0.0) + max(self.te_ms, self.train_ms)
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
        return (*inversion, 90.0, *(180.0,) * self.echo_train_length)

    def excited(self, t1_ms: float) -> float:
        """Signed longitudinal magnetisation that the 90-degree pulse finds and turns over, 1 at rest.

        A train of n perfect 180-degree pulses, ESP apart, turns the recovering magnetisation over n times. With
        ``E = exp(-ESP/T1)`` the magnetisation after pulse k is ``m_k = m* + (-E)^(k-1) (m_1 - m*)``,
        ``m_1 = -(1 - exp(-ESP/(2 T1)))``, ``m* = -(1 - E)/(1 + E)``; it then recovers until the next excitation or
        inversion. For n = 1 this is the textbook spin echo. An inversion recovery with n = 1 neglects the refocusing
        pulse, as the textbook form does; its pulse turns over the share `inversion_efficiency` of what it finds.
        """
        if self.ti_ms is None:
            return self._recovered(t1_ms, self.tr_ms)
        wait = self.tr_ms - self.ti_ms
        ready = 1.0 - math.exp(-wait / t1_ms) if self.echo_train_length == 1 else self._recovered(t1_ms, wait)
        return 1.0 - (1.0 + self.inversion_efficiency * ready) * math.exp(-self.ti_ms / t1_ms)

    def _recovered(self, t1_ms: float, until_ms: float) -> float:
        """Longitudinal magnetisation `until_ms` after an excitation that is followed by the train."""
        n = self.echo_train_length
        spacing = self.te_ms if n == 1 else float(self.echo_spacing_ms or 0.0)
        e = math.exp(-spacing / t1_ms)
        first, fixed = -(1.0 - math.exp(-spacing / (2.0 * t1_ms))), -(1.0 - e) / (1.0 + e)
        last = fixed + (-e) ** (n - 1) * (first - fixed)
        return 1.0 - (1.0 - last) * math.exp(-(until_ms - (n - 0.5) * spacing) / t1_ms)


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
    return timing.excited(t1_ms) * math.exp(-timing.te_ms / t2_ms)


def fat_signal(timing: PulseSequence, field_t: float) -> float:
    """Signed signal of fat per proton density: each peak recovers with its own T1, all decay with J-coupling.

    In an inversion recovery fat is nearly gone at TI of about 170 ms at 1.5 T and 220 ms at 3 T: earlier than ``T1 ln 2``
    of whole fat, as the inversion is not complete and the main peak recovers faster than the mean.

    Examples
    --------
    >>> stir = {ti: Timing(tr_ms=4000, te_ms=40, ti_ms=ti, echo_train_length=8, echo_spacing_ms=10) for ti in (140, 200)}
    >>> [fat_signal(timing, 1.5) > 0 for timing in stir.values()]
    [False, True]
    """
    excited = sum(share * timing.excited(t1_ms) for share, t1_ms in fat_t1_shares(field_t))
    return excited * math.exp(-timing.te_ms / fat_t2_ms(field_t, refocusing_ms=timing.refocusing_ms))


def water_signals(timing: PulseSequence, field_t: float, *, saturation_per_s: float = 0.0) -> npt.NDArray[np.float64]:
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
    """
    return _excited_water(timing, field_t, saturation_per_s) * np.exp(-timing.te_ms / _water_t2_ms(field_t))


def echo_signals(timing: PulseSequence, field_t: float, *, saturation_per_s: float = 0.0) -> npt.NDArray[np.float64]:
    """Signed signal of the water of every tissue in every echo of a train, shape (tissues, echoes).

    As :func:`water_signals`, which is the column of the effective echo, with ``exp(-TE_j / T2)`` for echo j.
    """
    excited = _excited_water(timing, field_t, saturation_per_s)
    signals: npt.NDArray[np.float64] = excited[:, None] * np.exp(-timing.echo_times_ms / _water_t2_ms(field_t)[:, None])
    return signals


def _excited_water(timing: PulseSequence, field_t: float, saturation_per_s: float) -> npt.NDArray[np.float64]:
    return np.array([_excited(t, timing, t.t1_at(field_t), saturation_per_s) for t in TISSUES])


def _excited(tissue: Tissue, timing: PulseSequence, t1_ms: float, saturation_per_s: float) -> float:
    """Protons of a tissue's water that the excitation turns over."""
    if t1_ms <= 0:
        return 0.0
    left = tissue.saturated(t1_ms, saturation_per_s=saturation_per_s)
    return tissue.proton_density * left * timing.excited(t1_ms * left)


def _water_t2_ms(field_t: float) -> npt.NDArray[np.float64]:
    return np.array([t.t2_at(field_t) if t.t1_ms > 0 else np.inf for t in TISSUES])


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
    VBQ-T1 of marrow with 45 % fat at 3 T, TR 600, TE 20 (paper 004's protocol):

    >>> timing = Timing(tr_ms=600, te_ms=20)
    >>> marrow, csf = (tissue_signal(n, timing, field_t=3.0, pdff=f) for n, f in (("marrow", 0.45), ("csf", 0.0)))
    >>> round(marrow / csf, 1)
    3.2
    """
    tissue = tissue_named(name)
    f = tissue.pdff if pdff is None else pdff
    if not 0.0 <= f <= 1.0:
        raise ScannerError(f"A fat fraction of {f:g} is not possible; give a number between 0 and 1.")
    water = _excited(tissue, timing, tissue.t1_at(field_t), saturation_per_s)
    water *= math.exp(-timing.te_ms / tissue.t2_at(field_t)) if water else 0.0
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
