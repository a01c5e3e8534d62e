"""What the network sees of a slice: 1.5 mm pixels, and two channels that do not depend on the receiver gain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

GRID_MM = 1.5
"""Distance between the pixels that the network sees, mm."""

LOCAL_MM = 31.5
"""Side of the square within which the second channel is centered and scaled, mm: about one vertebra and its discs."""

Float32Array = npt.NDArray[np.float32]

_BRIGHT_PERCENTILE = 99.0
_LIMIT, _LOCAL_LIMIT = 1.5, 3.0
_LEAST_SD = 0.02  # in units of the bright level: below it there is nothing to enhance


def network_channels(signal: npt.NDArray[np.floating]) -> Float32Array:
    """The two channels of one slice: the square root of the signal, and its local contrast.

    ``a = sqrt(signal / bright)`` with ``bright`` the 99th percentile of what is above 0, at most 1.5; and
    ``b = (a - mean) / (SD + 0.02)`` over a square of 31.5 mm, within -3 to 3.

    Parameters
    ----------
    signal : ndarray, shape (rows, cols)
        Signal on a grid of 1.5 mm, 0 or more; 0 where nothing was measured.

    Returns
    -------
    ndarray of float32, shape (2, rows, cols)

    Examples
    --------
    >>> ramp = np.linspace(0.0, 4.0, 64 * 64).reshape(64, 64)
    >>> bool(np.allclose(network_channels(ramp), network_channels(1000.0 * ramp), atol=1e-5))
    True
    """
    above = signal[signal > 0]
    bright = float(np.percentile(above, _BRIGHT_PERCENTILE)) if above.size else 1.0
    root = np.sqrt(np.clip(signal / max(bright, 1e-30), 0.0, _LIMIT)).astype(np.float32)
    size = round(LOCAL_MM / GRID_MM)
    mean = scipy.ndimage.uniform_filter(root, size=size, mode="nearest")
    square = scipy.ndimage.uniform_filter(root * root, size=size, mode="nearest")
    sd = np.sqrt(np.maximum(square - mean * mean, 0.0))
    local = np.clip((root - mean) / (sd + np.float32(_LEAST_SD)), -_LOCAL_LIMIT, _LOCAL_LIMIT)
    channels: Float32Array = np.stack([root, local]).astype(np.float32)
    return channels
