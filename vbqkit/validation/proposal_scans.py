"""Scans of virtual patients that the network never saw, as drawn and in hard settings. All synthetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.anatomy import Phantom, make_phantom
from vbqkit.image import Volume
from vbqkit.scanner import SCANNERS, draw_day
from vbqkit.validation.proposal_patients import UNSEEN_FROM, draw_case

AS_SCANNED = "as scanned"
"""The setting of a scan that was not made harder."""

_GRID: Mapping[str, Any] = {"in_plane_mm": 1.0, "plane_mm": 2.0}
_CROP_MM = (170.0, 320.0)


@dataclass(frozen=True, eq=False, slots=True)
class UnseenScan:
    """One unseen patient on one day.

    Attributes
    ----------
    seed : int
        Of the patient.
    scanner : str
        Its name.
    findings : str
        Kinds of findings, or ``"none"``.
    phantom : Phantom
        The truth.
    volumes : tuple of Volume
        T1, T2 and STIR.
    """

    seed: int
    scanner: str
    findings: str
    phantom: Phantom
    volumes: tuple[Volume, ...]


def scan_unseen(number: int) -> UnseenScan:
    """Scan an unseen patient on a drawn machine and day, half of them with a field of view of 170 to 320 mm.

    Parameters
    ----------
    number : int
        Counted from :data:`~vbqkit.validation.proposal_patients.UNSEEN_FROM`.
    """
    seed = UNSEEN_FROM + number
    rng = np.random.default_rng([15, seed])
    patient, findings = draw_case(seed)
    phantom = make_phantom(patient, seed=seed, findings=findings, **_GRID)
    scanner = list(SCANNERS.values())[int(rng.integers(len(SCANNERS)))]
    day = draw_day(rng, scanner.protocols[0])
    study = day.scan(phantom, scanner, rng=rng)
    rows_mm = float(rng.uniform(*_CROP_MM)) if rng.random() < 0.5 else None
    shift = float(rng.uniform(-0.5, 0.5))
    volumes = [series.volume() for series in study]
    if rows_mm is not None:
        volumes = [cropped(volume, rows_mm, shift=shift) for volume in volumes]
    told = " + ".join(sorted({f.kind for f in findings})) or "none"
    return UnseenScan(seed, scanner.name, told, phantom, tuple(volumes))


def cropped(volume: Volume, rows_mm: float, *, shift: float) -> Volume:
    """The same series with fewer rows, as a smaller field of view from head to foot; shift from -0.5 to 0.5."""
    rows = volume.shape[1]
    keep = min(rows, max(64, round(rows_mm / volume.spacing_mm[1])))
    first = int(np.clip(round((rows - keep) * (0.5 + shift)), 0, rows - keep))
    affine = volume.affine.copy()
    affine[:3, 3] += first * affine[:3, 1]
    return replace(volume, pixels=volume.pixels[:, first : first + keep], affine=affine)


def _signal(volume: Volume) -> npt.NDArray[np.float64]:
    return volume.pixels.astype(np.float64) - volume.zero_value


def _with_signal(
    volume: Volume, signal: npt.NDArray[np.float64], affine: npt.NDArray[np.float64] | None = None
) -> Volume:
    kept = volume.affine if affine is None else affine
    return replace(volume, pixels=signal, affine=kept, zero_value=0.0, max_storable=None)


def _steep_coil(volume: Volume, _rng: np.random.Generator) -> Volume:
    """The signal falls to 1/e over 50 mm towards the front, on top of what the scanner left."""
    columns_mm = np.arange(volume.shape[2]) * volume.spacing_mm[2]
    return _with_signal(volume, _signal(volume) * np.exp((columns_mm - columns_mm[-1]) / 50.0))


def _noisy(volume: Volume, rng: np.random.Generator) -> Volume:
    """Rician noise with an SD of 8 % of the 99th percentile."""
    signal = _signal(volume)
    sd = 0.08 * float(np.percentile(signal, 99))
    one, two = (sd * rng.standard_normal(volume.shape) for _ in range(2))
    return _with_signal(volume, np.hypot(signal + one, two))


def _blurred(volume: Volume, _rng: np.random.Generator) -> Volume:
    """As if pixels were 2.5 mm."""
    sd = [2.5 / 2.355 / step for step in volume.spacing_mm[1:]]
    return _with_signal(volume, scipy.ndimage.gaussian_filter(_signal(volume), (0.0, *sd)))


def _few_slices(volume: Volume, _rng: np.random.Generator) -> Volume:
    """Every third slice, so that the middle may be missed by 6 mm."""
    affine = volume.affine.copy()
    affine[:3, 0] *= 3.0
    affine[:3, 3] += volume.affine[:3, 0]
    return _with_signal(volume, _signal(volume)[1::3], affine)


def _ghosts(volume: Volume, rng: np.random.Generator) -> Volume:
    """A tenth of the signal again, a quarter to half of the picture further down."""
    away, signal = int(rng.uniform(0.25, 0.5) * volume.shape[1]), _signal(volume)
    return _with_signal(volume, signal + 0.1 * np.roll(signal, away, axis=1))


def _saturated(volume: Volume, _rng: np.random.Generator) -> Volume:
    """8 bit, everything above the 97th percentile cut off."""
    signal = _signal(volume)
    eight = np.clip(np.rint(signal * (255.0 / float(np.percentile(signal, 97)))), 0, 255).astype(np.uint8)
    return replace(volume, pixels=eight, zero_value=0.0, max_storable=255)


def _oblique(volume: Volume, rng: np.random.Generator) -> Volume:
    """Turned in the plane by 15 degrees about the middle of the picture; patient coordinates stay true."""
    angle = np.radians(15.0 if rng.random() < 0.5 else -15.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # of (row, col) in mm
    steps = np.diag(volume.spacing_mm[1:])
    old_of_new = np.linalg.inv(steps) @ turn @ steps
    middle = (np.array(volume.shape[1:]) - 1.0) / 2.0
    offset = middle - old_of_new @ middle
    turned = [scipy.ndimage.affine_transform(plane, old_of_new, offset, order=1) for plane in _signal(volume)]
    affine = volume.affine.copy()
    affine[:3, 1:3] = volume.affine[:3, 1:3] @ old_of_new
    affine[:3, 3] += volume.affine[:3, 1:3] @ offset
    return _with_signal(volume, np.stack(turned), affine)


def _short(volume: Volume, rng: np.random.Generator) -> Volume:
    """150 mm from head to foot, anywhere."""
    return cropped(volume, 150.0, shift=float(rng.uniform(-0.5, 0.5)))


HARD_SETTINGS: dict[str, Callable[[Volume, np.random.Generator], Volume]] = {
    "steep coil": _steep_coil,
    "noisy": _noisy,
    "blurred": _blurred,
    "every third slice": _few_slices,
    "ghosts": _ghosts,
    "8 bit, saturated": _saturated,
    "turned 15 degrees": _oblique,
    "150 mm high": _short,
}
"""What makes a scan harder, each on its own. Chosen before any was tried."""


def hardened(scan: UnseenScan, setting: str) -> UnseenScan:
    """The same patient in a hard setting."""
    rng = np.random.default_rng([16, scan.seed])
    return replace(scan, volumes=tuple(HARD_SETTINGS[setting](volume, rng) for volume in scan.volumes))
