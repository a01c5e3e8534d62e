"""Protocols for studies that do not print theirs: drawn from the ordinary range, never one chosen value.

Ordinary T1 times are those that a study of VBQ accepted as fit for marrow, TR 400 to 850 and TE 8 to 20 ms ("Normative
VBQ, 107 patients", abstract). No source gives such a range for T2 and STIR: theirs are model assumptions about routine
lumbar protocols, written down before anything was compared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing

T1_TR_MS, T1_TE_MS, T1_TRAIN = (400.0, 850.0), (8.0, 20.0), (1, 4)
T2_TR_MS, T2_TE_MS, T2_TRAIN = (2500.0, 5000.0), (80.0, 120.0), (12, 24)
STIR_TR_MS, STIR_TE_MS, STIR_TI_MS, STIR_TRAIN = (2500.0, 5000.0), (30.0, 80.0), (140.0, 180.0), (8, 16)
"""Ordinary times, ms, and echoes of a train, each drawn evenly: the least and the greatest."""

TI_AT_3T = 1.3
"""Factor on TI at 3 T, where T1 of fat is longer (377 against 300 ms in the tissue table)."""

SPACING_MS = (8.5, 12.5)
"""Between the echoes of a train, ms."""

BANDWIDTH_HZ_PER_PX = (100.0, 300.0)
"""Receiver bandwidth per acquired pixel, Hz."""

_MARGIN_MS = 20.0  # between the end of a train and the next excitation


def with_ordinary_times(scanner: Scanner, rng: np.random.Generator) -> Scanner:
    """The machine with times of each of its protocols drawn from the ordinary range.

    Parameters
    ----------
    scanner : Scanner
        Field, coil, slices and matrix stay.
    rng : numpy.random.Generator
        The only source of chance.

    Examples
    --------
    >>> from vbqkit.scanner import scanner_named
    >>> drawn = with_ordinary_times(scanner_named("ge-hdx-1.5t"), np.random.default_rng(1))
    >>> 400 <= drawn.protocol("T1").timing.tr_ms <= 850
    True
    """
    return replace(scanner, protocols=tuple(_drawn(p, scanner.field_t, rng) for p in scanner.protocols))


def _drawn(protocol: Protocol, field_t: float, rng: np.random.Generator) -> Protocol:
    def between(limits: tuple[float, float]) -> float:
        return round(float(rng.uniform(*limits)), 1)

    def train(limits: tuple[int, int]) -> int:
        return int(rng.integers(limits[0], limits[1] + 1))

    ti = None
    if protocol.weighting == "T1":
        tr, te, echoes = between(T1_TR_MS), between(T1_TE_MS), train(T1_TRAIN)
        spacing = te if echoes > 1 else None  # the first echo of a short train is the effective one
    else:
        t2 = protocol.weighting == "T2"
        tr, te = (between(T2_TR_MS), between(T2_TE_MS)) if t2 else (between(STIR_TR_MS), between(STIR_TE_MS))
        echoes, spacing = train(T2_TRAIN if t2 else STIR_TRAIN), between(SPACING_MS)
        if not t2:
            ti = round(between(STIR_TI_MS) * (TI_AT_3T if field_t > 2.0 else 1.0), 1)
    busy = (ti or 0.0) + max(te, echoes * (spacing or 0.0))
    timing = Timing(
        tr_ms=max(tr, busy + _MARGIN_MS), te_ms=te, ti_ms=ti, echo_train_length=echoes, echo_spacing_ms=spacing
    )
    return replace(protocol, timing=timing, bandwidth_hz_per_px=between(BANDWIDTH_HZ_PER_PX))
