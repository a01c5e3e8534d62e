"""A Dixon scan: water and fat told apart by their phase, and from them a map of the fat fraction (PDFF).

The map is a :class:`~vbqkit.image.Volume` in memory, straight from water and fat. The series of a machine, made of
echoes and written as DICOM, are in :mod:`vbqkit.scanner.dixon_series`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import TISSUES, fat_t1_shares
from vbqkit.image import Volume
from vbqkit.scanner.forward_model import acquisition_of, chosen_slices, make_geometry
from vbqkit.scanner.kspace import coloured_noise
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import slice_protons
from vbqkit.scanner.receiver import back_of, coil_field, resized
from vbqkit.scanner.signals import dixon_signals

FloatArray = npt.NDArray[np.float64]

STEP_PERCENT = 0.1
"""Rescale slope of the map: stored values are tenths of a percent."""

FAINT = 0.03  # of fully relaxed CSF in steady state: below it there is no signal to take a fat fraction from


def pdff_map(
    phantom: Phantom,
    scanner: Scanner,
    protocol: Protocol,
    *,
    rng: np.random.Generator,
    tr_ms: float = 10.0,
    flip_angle_deg: float = 2.0,
    slices: Sequence[int] | None = None,
    center_mm: npt.ArrayLike | None = None,
) -> Volume:
    """Map of the proton density fat fraction, ``100 |F| / (|W| + |F|)``, in percent.

    W and F are the water and fat images of a spoiled gradient echo with several echoes, each with a third of the noise
    power of one echo (three echoes, best separation; Reeder et al., Magn Reson Med 2004;51:35). Higher means fattier
    marrow, poorer bone. With a larger flip angle, the short T1 of fat makes it too high.

    Parameters
    ----------
    phantom, scanner, rng, slices, center_mm
        As in :func:`vbqkit.scanner.forward_model.acquire`.
    protocol : Protocol
        Geometry, matrix and bandwidth; its timing and saturation band are not used.
    tr_ms, flip_angle_deg : float
        Of the gradient echo.

    Returns
    -------
    Volume
        0 to 100 %, 0 where there is no signal.
    """
    protocol = replace(protocol, saturation_band_mm=None)
    chosen = chosen_slices(slices, protocol)
    geometry = make_geometry(phantom, scanner, protocol, center_mm)
    steady = {"tr_ms": tr_ms, "flip_angle_deg": flip_angle_deg}
    own = phantom.own_times
    t1_ms = [t.t1_at(scanner.field_t) * own.t1_factor(t.name) for t in TISSUES]
    water = np.array([t.proton_density * dixon_signals(t1, **steady) for t, t1 in zip(TISSUES, t1_ms, strict=True)])
    fat = sum(share * dixon_signals(own.fat_t1 * t1, **steady) for share, t1 in fat_t1_shares(scanner.field_t))
    shift, by_cols = protocol.fat_shift_mm(scanner.field_t), protocol.phase_axis == "HF"
    rows, cols = geometry.encode_rows(), geometry.encode_cols()
    fat_rows = rows if by_cols else geometry.encode_rows(shift)
    fat_cols = geometry.encode_cols(shift) if by_cols else cols
    back_mm, n = back_of(geometry), protocol.matrix
    sd = scanner.noise_sd(protocol) / np.sqrt(3.0)
    faint = FAINT * dixon_signals(900.0, **steady)
    maps = np.zeros((len(chosen), n, n))
    for k, index in enumerate(chosen):
        held = slice_protons(geometry, index)
        [w], f = held.water_signals(water[None]), fat * held.fat
        profile = resized(coil_field(scanner, geometry, index, back_mm=back_mm).profile, n)
        noise = np.zeros((2, n, n), dtype=np.complex128)
        if sd > 0:
            shape = {"shape": (n, n), "samples": protocol.samples_rows_cols, "apodisation": scanner.apodisation}
            noise = sd * coloured_noise(rng, count=2, **shape)  # type: ignore[arg-type]  # one name, two types
        magnitudes = [
            np.abs((rows @ w @ cols.T) * profile + noise[0]),
            np.abs((fat_rows @ f @ fat_cols.T) * profile + noise[1]),
        ]
        total = magnitudes[0] + magnitudes[1]
        np.divide(magnitudes[1], total, out=maps[k], where=total > faint * profile + 3.0 * sd)
    affine = geometry.affine.copy()
    affine[:3, 3] += chosen.start * affine[:3, 0]
    about = replace(
        acquisition_of(scanner, protocol),
        weighting="unknown",
        weighting_reason="a map of the fat fraction in percent, not a weighted image",
        tr_ms=tr_ms,
        te_ms=None,
        ti_ms=None,
        echo_train_length=None,
        flip_angle_deg=flip_angle_deg,
        scanning_sequence=("GR",),
        sequence_variant=("SP",),
        sequence_name="DIXON",
        fat_suppressed=False,
        image_type=("DERIVED", "PRIMARY", "OTHER"),
        series_description="SAG PDFF SYNTHETIC",
        rescale_slope=STEP_PERCENT,
    )
    return Volume(
        pixels=np.rint(maps * 100.0 / STEP_PERCENT) * STEP_PERCENT,
        affine=affine,
        thickness_mm=protocol.thickness_mm,
        max_storable=4095 * STEP_PERCENT,
        acquisition=about,
    )
