"""Named scanners: a few lines of data each. What a paper does not print is assumed, and said so in ``note``."""

from __future__ import annotations

import difflib
from dataclasses import replace

from vbqkit.errors import ScannerError
from vbqkit.scanner.coils import CoilArray
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing


def _timing(tr: float, te: float, train: int = 1, spacing: float | None = None, ti: float | None = None) -> Timing:
    return Timing(tr_ms=tr, te_ms=te, ti_ms=ti, echo_train_length=train, echo_spacing_ms=spacing)


_BAND_MM = 25.0
"""Distance of the anterior saturation band from the vertebral bodies: routine, 2 to 3 cm."""

# T1 of each machine; its T2 and STIR differ from it in timing, and STIR often in the acquired matrix.
_OPEN = Protocol(
    weighting="T1",
    timing=_timing(700, 12, 2, 12),
    fov_mm=300,
    matrix=512,
    acquired=(256, 320),
    gap_mm=1.0,
    bandwidth_hz_per_px=120,
    saturation_band_mm=_BAND_MM,
)
_HDX = Protocol(
    weighting="T1",
    timing=_timing(550, 10, 3, 10),
    fov_mm=320,
    matrix=512,
    acquired=(224, 320),
    saturation_band_mm=_BAND_MM,
)
_ACHIEVA = Protocol(
    weighting="T1",
    timing=_timing(600, 20),
    fov_mm=300,
    matrix=448,
    acquired=(256, 352),
    bandwidth_hz_per_px=280,
    parallel_factor=2,
    saturation_band_mm=_BAND_MM,
)
_MODERN = Protocol(
    weighting="T1",
    timing=_timing(650, 9, 3, 9),
    acquired=(288, 352),
    bandwidth_hz_per_px=260,
    saturation_band_mm=_BAND_MM,
)
_GENERIC = Protocol(weighting="T1", timing=_timing(550, 11, 3, 11), saturation_band_mm=_BAND_MM)

_SCANNERS = (
    Scanner(
        name="hitachi-1.2t",
        vendor="Hitachi",
        model="open 1.2 T (Košice group 2025)",
        field_t=1.2,
        coil=None,
        noise=0.014,
        gain="series",
        protocols=(
            _OPEN,
            replace(_OPEN, weighting="T2", timing=_timing(3000, 100, 16, 12.5)),
            replace(_OPEN, weighting="STIR", timing=_timing(3000, 48, 10, 12, 145), acquired=(224, 256)),
        ),
        note="Košice group 2025 prints T1: spin echo, echo train 2, TR 700, TE 12, pixel 0.586 mm (300 mm / 512) at 1.2 T. Assumed: "
        "slices, bandwidth, noise, T2 and STIR, "
        "and a belt coil that receives evenly, as in a vertical field.",
    ),
    Scanner(
        name="ge-hdx-1.5t",
        vendor="GE",
        model="Signa HDx 1.5 T (Huang 2026)",
        field_t=1.5,
        coil=CoilArray(rows=4, columns=1, length_mm=130, width_mm=200),
        uniformity_correction=1.0,
        uniformity_name="PURE",
        gain="study",
        protocols=(
            _HDX,
            replace(_HDX, weighting="T2", timing=_timing(3500, 92, 20, 9.2)),
            replace(_HDX, weighting="STIR", timing=_timing(2200, 41.2, 10, 10.3, 150), acquired=(224, 256)),
        ),
        note="Huang 2026 names the machine and prints no TR, TE or TI: all times are assumed, from the ordinary range of fast "
        "spin echo at 1.5 T; assumed too are matrix, slices, bandwidth and full uniformity correction (PURE).",
    ),
    Scanner(
        name="philips-achieva-3t",
        vendor="Philips",
        model="Achieva 3 T (Chen 2023)",
        field_t=3.0,
        coil=CoilArray(rows=5, columns=2, length_mm=110, width_mm=130),
        uniformity_correction=1.0,
        uniformity_name="CLEAR",
        gain="series",
        rescale_slope=1.2212,
        protocols=(
            _ACHIEVA,
            replace(_ACHIEVA, weighting="T2", timing=_timing(2500, 100, 18, 10)),
            replace(_ACHIEVA, weighting="STIR", timing=_timing(3500, 50, 14, 10, 210), acquired=(224, 288)),
        ),
        note="Chen 2023 prints T1: TR 600, TE 20, and T2: TR 2500, TE 100, at 3 T. Assumed: T1 as a plain spin "
        "echo (no train is printed), the T2 train, matrix, slices, "
        "bandwidth, SENSE, full uniformity correction (CLEAR), STIR.",
    ),
    Scanner(
        name="generic-1.5t",
        vendor="no one",
        model="generic 1.5 T",
        field_t=1.5,
        uniformity_correction=0.8,
        gain="study",
        protocols=(
            _GENERIC,
            replace(_GENERIC, weighting="T2", timing=_timing(3600, 100, 16, 11)),
            replace(_GENERIC, weighting="STIR", timing=_timing(2600, 44, 10, 11, 150), acquired=(224, 256)),
        ),
        note="A typical machine with a good correction of the coil's brightness.",
    ),
    Scanner(
        name="generic-1.5t-plain",
        vendor="no one",
        model="generic 1.5 T without uniformity correction",
        field_t=1.5,
        uniformity_correction=0.0,
        noise=0.016,
        gain="series",
        motion=0.03,
        protocols=(
            Protocol(weighting="T1", timing=_timing(450, 14), acquired=(224, 288), bandwidth_hz_per_px=110),
            Protocol(weighting="T2", timing=_timing(3600, 120, 18, 12), bandwidth_hz_per_px=130),
            Protocol(weighting="STIR", timing=_timing(4200, 55, 12, 11, 160), acquired=(192, 256)),
        ),
        note="An older machine: the coil's brightness stays in the picture, air holds noise, belly and bowel move, "
        "and no saturation band lies over them.",
    ),
    Scanner(
        name="generic-3t",
        vendor="no one",
        model="generic 3 T with masked background",
        field_t=3.0,
        coil=CoilArray(rows=5, columns=2, length_mm=110, width_mm=130),
        uniformity_correction=0.9,
        mask_background=True,
        gain="series",
        protocols=(
            _MODERN,
            replace(_MODERN, weighting="T2", timing=_timing(3500, 95, 16, 9.5)),
            replace(_MODERN, weighting="STIR", timing=_timing(4000, 45, 10, 9, 210), acquired=(256, 288)),
        ),
        note="A modern machine that sets air to exactly 0: no noise can be measured, so no SNR and no M-score.",
    ),
)

SCANNERS: dict[str, Scanner] = {s.name: s for s in _SCANNERS}
"""Every preset by its name."""


def scanner_named(name: str) -> Scanner:
    """The preset with this name.

    Raises
    ------
    ScannerError
        If there is none; the message names the closest and lists all.

    Examples
    --------
    >>> scanner_named("philips-achieva-3t").field_t
    3.0
    """
    if name in SCANNERS:
        return SCANNERS[name]
    near = difflib.get_close_matches(str(name), SCANNERS, n=1)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise ScannerError(f"There is no scanner '{name}'. {hint}Presets are: {', '.join(SCANNERS)}.")
