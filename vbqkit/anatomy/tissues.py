"""The one tissue table: relaxation times, proton density and fat of every tissue, each with its source.

Field rule, for water and for fat: ``T(B0) = T(1.5 T) * (B0 / 1.5)^p`` with ``p = log2(T(3 T) / T(1.5 T))``, a power law
through the two tabulated fields (the form of Bottomley et al., Med Phys 1984;11:425-448, doi:10.1118/1.595535). It is
used between 0.3 and 7 T; outside the two tabulated fields it is an extrapolation.
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
    source : str
        Where the ranges come from.
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
    source: str

    def t1_at(self, field_t: float) -> float:
        """T1 at a field strength, ms, by the field rule of this module."""
        return _power_law(self.t1_ms, self.t1_3t_ms, field_t)

    def t2_at(self, field_t: float) -> float:
        """T2 at a field strength, ms, by the field rule of this module."""
        return _power_law(self.t2_ms, self.t2_3t_ms, field_t)


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
        values = {key: float(row[key]) for key in (*_RANGED, "pdff")}
        ranges = tuple((float(row[f"{key}_low"]), float(row[f"{key}_high"])) for key in _RANGED)
        rows.append(Tissue(code=code, name=row["name"], ranges=ranges, source=row["source"], **values))
    return tuple(rows)


_ALL = _read_table()
FAT_SPIN_ECHO, FAT_FAST_SPIN_ECHO = (
    next(t for t in _ALL if t.name == n) for n in ("fat_spin_echo", "fat_fast_spin_echo")
)
"""Relaxation of fat: T2 with one echo, and with the long train of a fast spin echo, which undoes the J-coupling."""

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
    4150.0
    """
    for tissue in TISSUES:
        if tissue.name == name:
            return tissue
    near = difflib.get_close_matches(name, TISSUE_NAMES, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise ScannerError(f"There is no tissue '{name}'. {hint}The table has: {', '.join(TISSUE_NAMES)}.")


def fat_t1_ms(field_t: float) -> float:
    """T1 of fat at a field strength, ms."""
    return FAT_FAST_SPIN_ECHO.t1_at(field_t)


def fat_t2_ms(field_t: float, *, echo_train_length: int) -> float:
    """Apparent T2 of fat, ms: short for a spin echo, long for a fast spin echo.

    ``T2 = T2_SE + (T2_TSE - T2_SE) (1 - 1/ETL)``: refocusing again and again within 1/J undoes the dephasing by
    J-coupling (Henkelman et al., J Magn Reson Imaging 1992;2:533, doi:10.1002/jmri.1880020511). The weight ``1 -
    1/ETL``, the share of the train's pulses that follow another, is this package's own rule between the two measured
    ends.

    Examples
    --------
    >>> round(fat_t2_ms(1.5, echo_train_length=1)), round(fat_t2_ms(1.5, echo_train_length=16))
    (70, 147)
    """
    if echo_train_length < 1:
        raise ScannerError(f"An echo train length of {echo_train_length} is not possible; give 1 (spin echo) or more.")
    slow, fast = FAT_SPIN_ECHO.t2_at(field_t), FAT_FAST_SPIN_ECHO.t2_at(field_t)
    return slow + (fast - slow) * (1.0 - 1.0 / echo_train_length)


def water_fat_shift_hz(field_t: float) -> float:
    """Frequency by which fat lies below water, Hz.

    Examples
    --------
    >>> round(water_fat_shift_hz(1.5))
    217
    """
    return FAT_PPM * PROTON_MHZ_PER_T * field_t
