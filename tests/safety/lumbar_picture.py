"""A sagittal lumbar picture of which everything is known.

Belly, wall and pelvis as dark as a surface coil leaves them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy

from vbqkit import Rectangle, Slice
from vbqkit.acquisition import Acquisition

SHAPE = (320, 256)  # rows, columns of 1 mm
AIR_FRONT, WALL, BELLY, BACK = slice(0, 44), slice(46, 58), slice(60, 112), slice(212, 256)
PELVIS_ROWS = slice(270, 318)
MARROW = 300.0


def clean_signal() -> np.ndarray:
    """What a noiseless scanner would show: the same texture every time."""
    rng = np.random.default_rng(7)
    texture = scipy.ndimage.gaussian_filter(rng.normal(size=SHAPE), 2.0)
    texture /= texture.std()
    signal = np.zeros(SHAPE)
    signal[:, 45:211] = 22.0 + 9.0 * texture[:, 45:211]  # belly: dark, with bowel in it
    signal[:, 45:60] = 55.0 + 4.0 * texture[:, 45:60]  # fat of the wall, far from the coil
    signal[PELVIS_ROWS, 45:150] = 40.0 + 12.0 * texture[PELVIS_ROWS, 45:150]
    signal[:, 118:160] = 110.0  # discs, with vertebral bodies between them
    for top in range(8, 300, 36):
        signal[top : top + 27, 118:152] = MARROW
    signal[:, 160:176] = 80.0  # sac
    signal[:, 176:202] = 220.0 + 30.0 * texture[:, 176:202]
    signal[:, 202:211] = 900.0  # fat of the back
    return np.maximum(signal, 0.0)


def picture(
    *, noise=4.0, channels=1, ghost=0.0, shift=(0, 0), phase=1.0, seed=1, zero_fill=1, signal=None, acquisition=None
):
    """The picture with noise of that SD in each channel, and a copy of the body shifted by (rows, columns)."""
    rng = np.random.default_rng(seed)
    body = clean_signal() if signal is None else signal
    body = body + ghost * np.exp(1j * phase) * np.roll(body, shift, axis=(0, 1))
    power = np.zeros(SHAPE)
    for k in range(channels):
        draw = rng.normal(size=SHAPE) + 1j * rng.normal(size=SHAPE)
        if zero_fill > 1:
            spectrum = np.fft.fftshift(np.fft.fft2(draw))
            keep = np.zeros(SHAPE)
            middle = [slice(n // 2 - n // (2 * zero_fill), n // 2 + n // (2 * zero_fill)) for n in SHAPE]
            keep[tuple(middle)] = zero_fill
            draw = np.fft.ifft2(np.fft.ifftshift(spectrum * keep))
        power += np.abs((body if k == 0 else 0.0) + noise * draw) ** 2
    return as_slice(np.sqrt(power), acquisition=acquisition)


def as_slice(pixels, *, acquisition=None):
    return Slice(pixels, (0, 0, 0), (0, 0, -1), (0, 1, 0), thickness_mm=4.0, acquisition=acquisition or Acquisition())


def changed(image, pixels):
    """The same slice with other pixels."""
    return replace(image, pixels=pixels)


def box(image, row, col, size=9.0):
    return Rectangle.on(image, (row, col), size, size, label="noise")


def codes(check):
    return {caution.code for caution in check.cautions}
