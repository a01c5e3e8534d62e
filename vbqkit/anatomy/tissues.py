"""The one tissue table: relaxation times, proton density and fat of every tissue, each with its source.

Field rule, for water and for fat: ``T(B0) = T(1.5 T) * (B0 / 1.5)^p`` with ``p = log2(T(3 T) / T(1.5 T))``, a power law
through the two tabulated fields (the form of Bottomley et al., Med Phys 1984;11:425-448, doi:10.1118/1.595535). It is
used between 0.3 and 7 T; outside the two tabulated fields it is an extrapolation.

Values of Drake-Perez 2018, the one paper that measured all parts of the spine, stand at 1.5 T: its cord has the T1 of
that field. A row whose source says "model assumption" was not measured as such.
"""

from __future__ import annotations

import csv
import difflib
import math
from dataclasses import dataclass
from importlib.resources import files

from vbqkit.errors import ScannerError

FIELD_MIN_T, FIELD_MAX_T = 0.3, 7.0
"""Field strengths for which the field rule is offered, tesla."""

FAT_PPM = 3.4
"""Chemical shift between water and the main fat peak, ppm (Ren et al., J Lipid Res 2008;49:2055,
doi:10.1194/jlr.D800010-JLR200)."""

PROTON_MHZ_PER_T = 42.577
"""Proton gyromagnetic ratio over 2 pi, MHz/T."""

BOUND_R1_PER_S = 1.0
"""R1 of the protons of macromolecules, 1/s, by convention (Henkelman et al., NMR Biomed 2001;14:57,
doi:10.1002/nbm.683)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """One row of the table: the water part of a tissue, and how much fat it holds unless the phantom says otherwise.

    Attributes
    ----------
    code : int
        Number in a phantom's tissue map.
    name : str
        Name of the tissue.
    proton_density : float
        Protons that can be seen, relative to CSF = 1; bone takes its share of marrow away.
    pdff : float
        Proton density fat fraction where the phantom has no own value, 0 to 1.
    t1_ms, t1_3t_ms, t2_ms, t2_3t_ms : float
        Relaxation times at 1.5 T and at 3 T.
    ranges : tuple of 5 pairs
        Cited low and high of proton_density, t1_ms, t1_3t_ms, t2_ms, t2_3t_ms.
    bound_fraction, exchange_per_s : float
        Protons of macromolecules over those of free water, and the rate at which they exchange; 0: none.
    source, bound_source : str
        Where the ranges, and where bound_fraction and exchange_per_s come from.
    """

    code: int
    name: str
    proton_density: float
    pdff: float
    t1_ms: float
    t1_3t_ms: float
    t2_ms: float
    t2_3t_ms: float
    ranges: tuple[tuple[float, float], ...]
    bound_fraction: float
    exchange_per_s: float
    source: str
    bound_source: str

    def t1_at(self, field_t: float) -> float:
        """T1 at a field strength, ms, by the field rule of this module."""
        return _power_law(self.t1_ms, self.t1_3t_ms, field_t)

    def t2_at(self, field_t: float) -> float:
        """T2 at a field strength, ms, by the field rule of this module."""
        return _power_law(self.t2_ms, self.t2_3t_ms, field_t)

    def saturated(self, t1_ms: float, *, saturation_per_s: float) -> float:
        """Share of its equilibrium, and of its T1, that is left to water whose macromolecules are saturated.

        ``1 / (1 + k T1)`` with ``k = R F W / (W + R + R1)``, see :mod:`vbqkit.scanner.magnetization_transfer`.

        Examples
        --------
        >>> names = ("csf", "marrow", "muscle", "spinal_cord")
        >>> [round(tissue_named(name).saturated(900.0, saturation_per_s=10.0), 2) for name in names]
        [1.0, 0.87, 0.64, 0.52]
        """
        exchange = self.exchange_per_s * self.bound_fraction
        rate = exchange * saturation_per_s / (saturation_per_s + self.exchange_per_s + BOUND_R1_PER_S)
        return 1.0 / (1.0 + rate * t1_ms / 1000.0)


def _power_law(at_1_5t: float, at_3t: float, field_t: float) -> float:
    if not FIELD_MIN_T <= field_t <= FIELD_MAX_T:
        raise ScannerError(
            f"A field of {field_t:g} T is outside {FIELD_MIN_T:g} to {FIELD_MAX_T:g} T, where the tissue table's field "
            "rule holds. Choose a field within it."
        )
    if at_1_5t <= 0:
        return 0.0
    return float(at_1_5t * (field_t / 1.5) ** math.log2(at_3t / at_1_5t))


_RANGED = ("proton_density", "t1_ms", "t1_3t_ms", "t2_ms", "t2_3t_ms")


def _read_table() -> tuple[Tissue, ...]:
    text = (files("vbqkit.anatomy") / "tissues.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = []
    for code, row in enumerate(csv.DictReader(lines)):
        values = {key: float(row[key]) for key in (*_RANGED, "pdff", "bound_fraction", "exchange_per_s")}
        ranges = tuple((float(row[f"{key}_low"]), float(row[f"{key}_high"])) for key in _RANGED)
        cited = row["source"], row["bound_source"]
        rows.append(
            Tissue(code=code, name=row["name"], ranges=ranges, source=cited[0], bound_source=cited[1], **values)
        )
    return tuple(rows)


_ALL = _read_table()
FAT_SPIN_ECHO, FAT_FAST_SPIN_ECHO = (
    next(t for t in _ALL if t.name == n) for n in ("fat_spin_echo", "fat_fast_spin_echo")
)
"""Relaxation of fat: T2 with one late echo, and between closely spaced pulses, which undo the J-coupling."""

SPIN_ECHO_OF_FAT_MS = 60.0
"""Echo time for which the T2 of :data:`FAT_SPIN_ECHO` stands, ms: model assumption, the middle of ordinary fits."""


@dataclass(frozen=True, slots=True)
class FatPeak:
    """One peak of the spectrum of fat.

    Attributes
    ----------
    ppm : float
        Its place in the spectrum; water lies at 4.7.
    share : float
        Of all protons of fat; the shares of all peaks add up to 1.
    t1_ratio : float
        Its T1 over that of the main peak.
    """

    ppm: float
    share: float
    t1_ratio: float


FAT_PEAKS = (
    FatPeak(5.3, 0.047, 1.0),
    FatPeak(4.2, 0.039, 1.0),
    FatPeak(2.75, 0.006, 1.0),
    FatPeak(2.1, 0.1204, 1.0),
    FatPeak(1.3, 0.7001, 1.0),
    FatPeak(0.9, 0.0875, 2.0),
)
"""The spectrum of fat: shares by Hamilton et al., NMR Biomed 2011;24:784, doi:10.1002/nbm.1622. T1 of the methyl
peak (0.9 ppm) is twice that of methylene (1.3 ppm): 1026 and 514 ms, and 476 to 488 ms for the peaks from 2 to 2.8 ppm
(liver at 7 T: J Magn Reson Imaging 2014;40:1365-1374). That the ratio holds at lower fields, and for the two peaks next
to water, is a model assumption."""

TISSUES: tuple[Tissue, ...] = tuple(t for t in _ALL if not t.name.startswith("fat_"))
"""Every tissue that a phantom can hold, in the order of their codes."""

TISSUE_NAMES: tuple[str, ...] = tuple(t.name for t in TISSUES)
"""Names of the tissues; a voxel's code is the index here."""


def tissue_named(name: str) -> Tissue:
    """The row of the table with this name.

    Raises
    ------
    ScannerError
        If there is no such tissue; the message names the closest one.

    Examples
    --------
    >>> tissue_named("csf").t1_ms
    4273.0
    """
    for tissue in TISSUES:
        if tissue.name == name:
            return tissue
    near = difflib.get_close_matches(name, TISSUE_NAMES, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise ScannerError(f"There is no tissue '{name}'. {hint}The table has: {', '.join(TISSUE_NAMES)}.")


def fat_t1_ms(field_t: float) -> float:
    """T1 of the main peak of fat, methylene, at a field strength, ms."""
    return FAT_FAST_SPIN_ECHO.t1_at(field_t)


def fat_t1_shares(field_t: float) -> tuple[tuple[float, float], ...]:
    """How fat recovers: each T1 (ms) among its peaks with the share of the protons that has it.

    Examples
    --------
    >>> [(round(share, 4), round(t1_ms)) for share, t1_ms in fat_t1_shares(1.5)]
    [(0.9125, 238), (0.0875, 476)]
    """
    shares: dict[float, float] = {}
    for peak in FAT_PEAKS:
        shares[peak.t1_ratio] = shares.get(peak.t1_ratio, 0.0) + peak.share
    main = fat_t1_ms(field_t)
    return tuple((share, ratio * main) for ratio, share in shares.items())


def fat_t2_ms(field_t: float, *, refocusing_ms: float) -> float:
    """Apparent T2 of fat, ms: short for a late spin echo, long between closely spaced refocusing pulses.

    ``1/T2 = 1/T2_0 + R/tau^2``, R the time between refocusing pulses. A spin echo has R = TE: it loses
    ``exp(-(TE/tau)^2)``, quadratic in TE, to the evolution of J-coupling; the echoes of a train lose this once for
    each of their intervals, so that refocusing within 1/J undoes the loss (Henkelman et al., J Magn Reson Imaging
    1992;2:533, doi:10.1002/jmri.1880020511). The first echo of a train and a spin echo at the same TE agree.

    T2_0 is that of closely spaced pulses (Gold 2004) and tau such that a spin echo at 60 ms has the T2 measured with
    spin echoes (de Bazelaire 2004); that this T2 was seen at about 60 ms is a model assumption.

    Examples
    --------
    >>> round(fat_t2_ms(1.5, refocusing_ms=60)), round(fat_t2_ms(1.5, refocusing_ms=10))
    (58, 126)
    """
    if not refocusing_ms > 0:
        raise ScannerError(f"Refocusing pulses {refocusing_ms:g} ms apart are not possible; give a time above 0.")
    slow, fast = FAT_SPIN_ECHO.t2_at(field_t), FAT_FAST_SPIN_ECHO.t2_at(field_t)
    loss = (1.0 / slow - 1.0 / fast) / SPIN_ECHO_OF_FAT_MS  # 1 / tau^2
    return 1.0 / (1.0 / fast + refocusing_ms * loss)


def water_fat_shift_hz(field_t: float) -> float:
    """Frequency by which fat lies below water, Hz.

    Examples
    --------
    >>> round(water_fat_shift_hz(1.5))
    217
    """
    return FAT_PPM * PROTON_MHZ_PER_T * field_t
