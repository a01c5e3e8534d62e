"""A Dixon scan as the series that a machine sends: in phase, opposed phase, water, fat, and the fat fraction (PDFF).

Six echoes of a spoiled gradient echo, half a turn of the main peak of fat apart: opposed, in, opposed, in ... Fat is
the six peaks of :data:`vbqkit.anatomy.tissues.FAT_PEAKS`, each with its own frequency and T1; water and fat are told
apart by least squares with that spectrum, as in Yu et al., Magn Reson Med 2008;60:1122-1134,
doi:10.1002/mrm.21737. With one peak instead, fat that lies beside water in the spectrum counts as water.

The scan is a 3-D one, as usual: every pulse excites all partitions, so noise is that of the protocol's slices over the
root of their number.

Not modelled: decay between the echoes (T2*) and the unevenness of the field, which a machine must find first and which
swaps water and fat where it fails; eddy currents; several channels.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition
from vbqkit.anatomy.own_times import OwnTimes
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import FAT_PEAKS, FAT_PPM, PROTON_MHZ_PER_T, TISSUES, FatPeak, fat_t1_ms, water_fat_shift_hz
from vbqkit.errors import ScannerError
from vbqkit.image import Volume
from vbqkit.scanner.dicom_out import Identity, make_dataset, save_dataset
from vbqkit.scanner.forward_model import (
    GAIN_TARGET,
    STORED_MAX,
    UNIT_GAIN,
    acquisition_of,
    chosen_slices,
    make_geometry,
    stored_values,
)
from vbqkit.scanner.kspace import coloured_noise
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.protons import ScanGeometry, slice_protons
from vbqkit.scanner.receiver import back_of, coil_field, resized
from vbqkit.scanner.signals import dixon_signals
from vbqkit.study import Study, make_series

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

STEP_PERCENT = 0.1
"""Rescale slope of the fat fraction: stored values are tenths of a percent."""

FAINT = 0.03
"""Share of fully relaxed CSF in steady state, below which there is no signal to take a fat fraction from."""

ECHOES = 6
"""Echoes of the scan."""

SERIES = ("OPPOSED", "IN", "WATER", "FAT", "PDFF")
"""The series, in order. PDFF is in percent."""

FIRST_SERIES_NUMBER = 11
"""Series numbers of a Dixon scan start here, behind those of the other series of a study."""

WATER_PPM = 4.7
"""Where water lies in the spectrum."""

MAIN_PEAK = (FatPeak(WATER_PPM - FAT_PPM, 1.0, 1.0),)
"""The spectrum of a Dixon scan that takes all fat for methylene."""

_REFUSAL = "a Dixon series: scores are defined for T1, T2 and STIR spin echoes"
_IMAGE_TYPE: Mapping[str, tuple[str, ...]] = {
    "OPPOSED": ("ORIGINAL", "PRIMARY", "OUT_PHASE"),
    "IN": ("ORIGINAL", "PRIMARY", "IN_PHASE"),
    "WATER": ("DERIVED", "PRIMARY", "WATER"),
    "FAT": ("DERIVED", "PRIMARY", "FAT"),
    "PDFF": ("DERIVED", "PRIMARY", "FAT_FRACTION"),
}


def dixon_echoes_ms(field_t: float) -> FloatArray:
    """Echo times, ms: the multiples of half a turn of the main peak of fat against water.

    Examples
    --------
    >>> dixon_echoes_ms(1.5).round(2)
    array([ 2.3 ,  4.61,  6.91,  9.21, 11.51, 13.82])
    """
    times: FloatArray = np.arange(1, ECHOES + 1, dtype=np.float64) * (500.0 / water_fat_shift_hz(field_t))
    return times


def fat_turns(te_ms: npt.ArrayLike, field_t: float, *, peaks: Sequence[FatPeak] = FAT_PEAKS) -> ComplexArray:
    """What fat of signal 1 amounts to beside water at each echo: ``sum_p share_p exp(2 pi i f_p TE)``."""
    return _turns(te_ms, field_t, {peak: peak.share for peak in peaks})


def _turns(te_ms: npt.ArrayLike, field_t: float, strengths: Mapping[FatPeak, float]) -> ComplexArray:
    te_s = np.asarray(te_ms, dtype=np.float64) / 1000.0
    turned: ComplexArray = sum(
        (
            strength * np.exp(2j * np.pi * (peak.ppm - WATER_PPM) * PROTON_MHZ_PER_T * field_t * te_s)
            for peak, strength in strengths.items()
        ),
        start=np.zeros(te_s.shape, dtype=np.complex128),
    )
    return turned


def split_water_and_fat(echoes: ComplexArray, turns: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Water and fat by least squares: ``S_k = W + F turns_k`` in every pixel.

    Parameters
    ----------
    echoes : ndarray of complex, shape (echoes, ...)
        The pictures.
    turns : ndarray of complex, shape (echoes,)
        From :func:`fat_turns`.

    Examples
    --------
    >>> turns = fat_turns(dixon_echoes_ms(3.0), 3.0)
    >>> water, fat = split_water_and_fat((0.6 + 0.4 * turns)[:, None], turns)
    >>> float(abs(water[0]).round(6)), float(abs(fat[0]).round(6))
    (0.6, 0.4)
    """
    model = np.stack([np.ones(len(turns), dtype=np.complex128), turns], axis=1)
    water, fat = np.tensordot(np.linalg.pinv(model), echoes, axes=1)
    return water, fat


def scan_dixon(
    phantom: Phantom,
    scanner: Scanner,
    protocol: Protocol,
    *,
    rng: np.random.Generator,
    tr_ms: float = 20.0,
    flip_angle_deg: float = 3.0,
    peaks: Sequence[FatPeak] = FAT_PEAKS,
    slices: Sequence[int] | None = None,
    center_mm: npt.ArrayLike | None = None,
) -> Study:
    """Scan in six echoes, and make the series in and opposed phase, water, fat and PDFF.

    ``PDFF = 100 |F| / (|W| + |F|)``, in percent; higher means fattier marrow, poorer bone. A larger flip angle makes it
    too high, as fat has the shorter T1; one peak instead of six makes it too low.

    Parameters
    ----------
    phantom, scanner, rng, slices, center_mm
        As in :func:`vbqkit.scanner.forward_model.acquire`.
    protocol : Protocol
        Geometry, matrix and bandwidth; its timing and saturation band are not used.
    tr_ms, flip_angle_deg : float
        Of the gradient echo.
    peaks : sequence of FatPeak
        The spectrum by which water and fat are told apart.

    Returns
    -------
    Study
        Five series, as in :data:`SERIES`, none of which can be scored.

    Raises
    ------
    ScannerError
        If TR ends before the last echo.
    """
    times = dixon_echoes_ms(scanner.field_t)
    if not tr_ms > times[-1]:
        raise ScannerError(
            f"TR {tr_ms:g} ms ends before the last echo at {times[-1]:.1f} ms ({scanner.field_t:g} T); give more."
        )
    protocol = replace(protocol, saturation_band_mm=None)
    chosen = chosen_slices(slices, protocol)
    geometry = make_geometry(phantom, scanner, protocol, center_mm)
    steady = {"tr_ms": tr_ms, "flip_angle_deg": flip_angle_deg}
    turns = fat_turns(times, scanner.field_t, peaks=peaks)
    faint = FAINT * dixon_signals(900.0, **steady)
    pictures = {name: np.zeros((len(chosen), protocol.matrix, protocol.matrix)) for name in SERIES}
    for k, (echoes, profile) in enumerate(_echo_pictures(geometry, scanner, chosen, steady, rng)):
        water, fat = (np.abs(part) for part in split_water_and_fat(echoes, turns))
        total = water + fat
        pictures["OPPOSED"][k], pictures["IN"][k] = np.abs(echoes[0]), np.abs(echoes[1])
        pictures["WATER"][k], pictures["FAT"][k] = water, fat
        seen = total > faint * profile + 3.0 * _noise_sd(scanner, protocol)
        np.divide(100.0 * fat, total, out=pictures["PDFF"][k], where=seen)
    top = float(np.percentile(pictures["IN"], 99.7))
    gain = GAIN_TARGET * STORED_MAX / top / UNIT_GAIN if top > 0 else 1.0
    affine = geometry.affine.copy()
    affine[:3, 3] += chosen.start * affine[:3, 0]
    series = []
    for number, name in enumerate(SERIES):
        in_percent = name == "PDFF"
        step = STEP_PERCENT if in_percent else 1.0
        volume = Volume(
            pixels=np.rint(pictures[name] / step) * step if in_percent else stored_values(pictures[name], gain),
            affine=affine,
            thickness_mm=protocol.thickness_mm,
            max_storable=STORED_MAX * step,
            acquisition=_about(name, scanner, protocol, number, times, steady),
        )
        series.append(make_series(volume, source=f"virtual scanner {scanner.name}", refusal=_REFUSAL))
    return Study(series=tuple(series), source=f"virtual scanner {scanner.name}")


def _noise_sd(scanner: Scanner, protocol: Protocol) -> float:
    """SD of the noise of one echo in one partition."""
    return scanner.noise_sd(protocol) / math.sqrt(protocol.slices)


def _echo_pictures(
    geometry: ScanGeometry,
    scanner: Scanner,
    chosen: range,
    steady: Mapping[str, float],
    rng: np.random.Generator,
) -> Any:
    """Complex pictures of all echoes of each slice, shape (echoes, rows, cols), and the profile of the coil."""
    protocol, own = geometry.protocol, geometry.phantom.own_times
    times, n, sd = dixon_echoes_ms(scanner.field_t), protocol.matrix, _noise_sd(scanner, protocol)
    water_of, turns = _steady_states(scanner.field_t, own, times, steady)
    shift, by_cols = protocol.fat_shift_mm(scanner.field_t), protocol.phase_axis == "HF"
    rows, cols = geometry.encode_rows(), geometry.encode_cols()
    fat_rows = rows if by_cols else geometry.encode_rows(shift)
    fat_cols = geometry.encode_cols(shift) if by_cols else cols
    back_mm = back_of(geometry)
    for index in chosen:
        held = slice_protons(geometry, index)
        [water] = held.water_signals(water_of[None])
        profile = resized(coil_field(scanner, geometry, index, back_mm=back_mm).profile, n)
        water_picture, fat_picture = rows @ water @ cols.T, fat_rows @ held.fat @ fat_cols.T
        echoes = (water_picture + turns[:, None, None] * fat_picture) * profile
        if sd > 0:
            samples = protocol.samples_rows_cols
            echoes += sd * coloured_noise(
                rng, count=len(times), shape=(n, n), samples=samples, apodisation=scanner.apodisation
            )
        yield echoes, profile


def _steady_states(
    field_t: float, own: OwnTimes, times: FloatArray, steady: Mapping[str, float]
) -> tuple[FloatArray, ComplexArray]:
    """Signal of the water of every tissue, and of fat at every echo, each peak with its own T1."""
    water = np.array(
        [t.proton_density * dixon_signals(t.t1_at(field_t) * own.t1_factor(t.name), **steady) for t in TISSUES]
    )
    main = own.fat_t1 * fat_t1_ms(field_t)
    strengths = {p: p.share * dixon_signals(p.t1_ratio * main, **steady) for p in FAT_PEAKS}
    return water, _turns(times, field_t, strengths)


def _about(
    name: str, scanner: Scanner, protocol: Protocol, number: int, times: FloatArray, steady: Mapping[str, float]
) -> Acquisition:
    te_ms = {"OPPOSED": round(float(times[0]), 2), "IN": round(float(times[1]), 2)}.get(name)
    what = {
        "OPPOSED": "a gradient echo with water and fat opposed",
        "IN": "a gradient echo with water and fat in phase",
        "WATER": "the water of a Dixon scan",
        "FAT": "the fat of a Dixon scan",
        "PDFF": "a map of the fat fraction in percent",
    }[name]
    return replace(
        acquisition_of(scanner, protocol, number=FIRST_SERIES_NUMBER + number),
        weighting="unknown",
        weighting_reason=f"{what}, not a spin echo",
        tr_ms=steady["tr_ms"],
        te_ms=te_ms,
        ti_ms=None,
        echo_train_length=ECHOES,
        flip_angle_deg=steady["flip_angle_deg"],
        scanning_sequence=("GR",),
        sequence_variant=("SP",),
        scan_options=(),
        sequence_name="DIXON",
        fat_suppressed=False,
        image_type=_IMAGE_TYPE[name],
        series_description=f"SAG DIXON {name} SYNTHETIC",
        rescale_slope=STEP_PERCENT if name == "PDFF" else 1.0,
    )


def write_dixon(
    study: Study,
    scanner: Scanner,
    protocol: Protocol,
    identity: Identity,
    folder: str | os.PathLike[str],
    *,
    compress: bool = True,
) -> tuple[Path, ...]:
    """Write a Dixon study into a folder that is there, one folder a series (``DIXON_PDFF/0001.dcm`` ...).

    Parameters
    ----------
    study : Study
        From :func:`scan_dixon`.
    scanner, protocol : Scanner, Protocol
        What it was scanned with.
    identity : Identity
        Whose it is.
    folder : path
        Where.
    compress : bool
        RLE, lossless; False: uncompressed.

    Returns
    -------
    tuple of Path
        The files' names within the folder, in order.
    """
    protocol = replace(protocol, saturation_band_mm=None)
    names: list[Path] = []
    for name, series in zip(SERIES, study, strict=True):
        volume = series.volume()
        (Path(folder) / f"DIXON_{name}").mkdir()
        written_by = replace(scanner, rescale_slope=volume.acquisition.rescale_slope)
        for image in volume:
            path = Path(f"DIXON_{name}") / f"{image.index + 1:04d}.dcm"
            dataset = make_dataset(image, written_by, protocol, identity)
            dataset.MRAcquisitionType = "3D"
            if name == "PDFF":
                dataset.RescaleType, dataset.WindowCenter, dataset.WindowWidth = "PERCENT", "50", "100"
            save_dataset(dataset, Path(folder) / path, compress=compress)
            names.append(path)
    return tuple(names)
