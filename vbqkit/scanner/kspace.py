"""From a fine grid to the picture: what sampling a limited part of k-space does to object and noise.

A Fourier scan that samples ``n`` frequencies over a field of view F and rebuilds them on a finer grid is, for each
axis, a multiplication by a real matrix of Dirichlet kernels. Truncation (Gibbs ringing), zero filling, apodisation,
the water-fat shift and any field of view are all in that one matrix, exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def window(samples: int, apodisation: float) -> FloatArray:
    """Weights of k-space from the center (index 0) to the edge (index samples // 2), shape (samples // 2 + 1,).

    A Tukey window: flat in the middle, falling as a cosine over the outer share `apodisation` (0: no apodisation, 1:
    Hann).

    Examples
    --------
    >>> window(8, 0.0)
    array([1., 1., 1., 1., 1.])
    >>> window(8, 1.0).round(2)
    array([1.  , 0.85, 0.5 , 0.15, 0.  ])
    """
    x = np.arange(samples // 2 + 1) / (samples / 2.0)
    if apodisation <= 0:
        return np.ones_like(x)
    edge = np.clip((x - (1.0 - apodisation)) / apodisation, 0.0, 1.0)
    weights: FloatArray = 0.5 * (1.0 + np.cos(np.pi * edge))
    return weights


def encoding(
    to_mm: FloatArray, from_mm: FloatArray, *, fov_mm: float, samples: int, apodisation: float = 0.0
) -> FloatArray:
    """The matrix that carries an object at `from_mm` to an image at `to_mm` through `samples` spatial frequencies.

    Sampling is twice as dense in k-space as the field of view asks for (oversampling), so nothing folds in.

    Parameters
    ----------
    to_mm : ndarray, shape (m,)
        Positions of the image pixels along the axis.
    from_mm : ndarray, shape (n,)
        Positions of the object's samples, equally spaced.
    fov_mm : float
        Field of view.
    samples : int
        Acquired samples over the field of view: the true resolution is fov_mm / samples.
    apodisation : float
        Share of k-space that is tapered, 0 to 1.

    Returns
    -------
    ndarray, shape (m, n)
        Rows sum to 1 well inside the object.
    """
    period = 2.0 * fov_mm
    weights = window(2 * samples, apodisation)
    weights[-1] *= 0.5  # the two outermost frequencies share the Nyquist sample, which keeps the kernel real
    step = abs(float(from_mm[1] - from_mm[0])) if len(from_mm) > 1 else fov_mm
    frequencies = 2.0 * np.pi * np.arange(len(weights)) / period
    # cos(w (x - y)) = cos(wx) cos(wy) + sin(wx) sin(wy): one product instead of m n kernel sums
    weights = weights * np.where(np.arange(len(weights)) == 0, 1.0, 2.0) * (step / period)
    at, source = np.outer(to_mm, frequencies), np.outer(from_mm, frequencies)
    matrix: FloatArray = (np.cos(at) * weights) @ np.cos(source).T + (np.sin(at) * weights) @ np.sin(source).T
    return matrix


def line_encoding(
    to_mm: FloatArray,
    from_mm: FloatArray,
    *,
    fov_mm: float,
    samples: int,
    line_weights: FloatArray,
    apodisation: float = 0.0,
) -> ComplexArray:
    """As :func:`encoding`, with a weight on each line of k-space: what a signal that changes during the scan does.

    Weights that differ between the two halves of k-space make the matrix complex.

    Parameters
    ----------
    to_mm, from_mm, fov_mm, samples, apodisation
        As in :func:`encoding`.
    line_weights : ndarray, shape (..., 2 samples + 1)
        Of the lines -samples to samples, ``1 / (2 fov_mm)`` apart.

    Returns
    -------
    ndarray of complex128, shape (..., m, n)
    """
    waves = to_lines(from_mm, fov_mm=fov_mm, samples=samples, apodisation=apodisation)
    at_cos, at_sin = from_lines(to_mm, fov_mm=fov_mm, samples=samples)
    even, odd = even_and_odd(line_weights)
    matrix = np.empty((*line_weights.shape[:-1], len(to_mm), len(from_mm)), dtype=np.complex128)
    for i in np.ndindex(line_weights.shape[:-1]):
        e, o = even[i], odd[i]
        matrix[i].real = (at_cos * e) @ waves.real - (at_sin * e) @ waves.imag
        matrix[i].imag = (at_sin * o) @ waves.real + (at_cos * o) @ waves.imag
    return matrix


def even_and_odd(line_weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Half sum and half difference of the weights of the lines k and -k, for k = 0, 1, ... along the last axis."""
    middle = line_weights.shape[-1] // 2
    above, below = line_weights[..., middle:], line_weights[..., middle::-1]
    return (above + below) / 2.0, (above - below) / 2.0


def to_lines(from_mm: FloatArray, *, fov_mm: float, samples: int, apodisation: float = 0.0) -> ComplexArray:
    """First half of :func:`encoding`: from an object to its lines 0 to `samples` of k-space.

    Each line has the weight that it will have in the picture; a real object's line -k is the conjugate of its line k.

    Returns
    -------
    ndarray of complex128, shape (samples + 1, n)
    """
    period = 2.0 * fov_mm
    weights = window(2 * samples, apodisation)
    weights[-1] *= 0.5  # the two outermost frequencies share the Nyquist sample
    step = abs(float(from_mm[1] - from_mm[0])) if len(from_mm) > 1 else fov_mm
    weights *= np.where(np.arange(len(weights)) == 0, 1.0, 2.0) * (step / period)
    source = np.outer(np.arange(samples + 1) * (2.0 * np.pi / period), from_mm)
    forward: ComplexArray = weights[:, None] * (np.cos(source) - 1j * np.sin(source))
    return forward


def from_lines(to_mm: FloatArray, *, fov_mm: float, samples: int) -> tuple[FloatArray, FloatArray]:
    """Second half of :func:`encoding`: cosine and sine of every line at every pixel, each of shape (m, samples + 1).

    With F the lines of a real object, and lines k and -k weighted with e + o and e - o, the picture is
    ``cos (e Re F) - sin (e Im F) + i (sin (o Re F) + cos (o Im F))``.
    """
    at: FloatArray = np.outer(to_mm, np.arange(samples + 1) * (np.pi / fov_mm))
    return np.cos(at), np.sin(at)


def ghost_encoding(
    to_mm: FloatArray,
    from_mm: FloatArray,
    *,
    fov_mm: float,
    samples: int,
    cycles: float,
    phase_rad: float,
    apodisation: float = 0.0,
) -> ComplexArray:
    """As :func:`encoding`, for an object whose signal is modulated ``cycles`` times while k-space is run through once.

    The periodic modulation ``cos(2 pi cycles (k + n/2)/n + phase)`` of the phase-encoding lines displaces the object by
    plus and minus ``cycles / n`` of the field of view: the ghosts of breathing and pulsation.
    """
    k = np.arange(-samples, samples + 1)
    modulation = np.cos(2.0 * np.pi * cycles * (k + samples) / (2.0 * samples) + phase_rad)
    return line_encoding(
        to_mm, from_mm, fov_mm=fov_mm, samples=samples, line_weights=modulation, apodisation=apodisation
    )


def coloured_noise(
    rng: np.random.Generator,
    *,
    count: int,
    shape: tuple[int, int],
    samples: tuple[int, int],
    apodisation: float = 0.0,
) -> ComplexArray:
    """Complex image noise of SD 1 (real and imaginary each) per acquired pixel, white in the sampled part of k-space.

    Zero filling interpolates it: neighbouring pixels of the picture are correlated, their SD stays 1 (less with
    apodisation).

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        Number of independent images (coil channels).
    shape : tuple of 2 ints
        Rows and columns of the picture.
    samples : tuple of 2 ints
        Acquired rows and columns, at most `shape`.
    apodisation : float
        Share of k-space that is tapered, 0 to 1.

    Returns
    -------
    ndarray of complex128, shape (count, rows, cols)
    """
    rows, cols = shape
    kr, kc = min(samples[0], rows), min(samples[1], cols)
    white = rng.standard_normal((count, kr, 2 * kc)).view(np.complex128)
    if apodisation > 0:
        for axis, n in ((1, kr), (2, kc)):
            taper = window(n, apodisation)[np.abs(np.fft.fftfreq(n, 1.0 / n)).astype(int)]
            white *= taper.reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
    # k-space in the order of the transform, low frequencies at both ends; columns first, so that fewer lines are long
    half = scipy.fft.ifft(_padded(white, cols, axis=2), axis=2, overwrite_x=True, norm="forward")
    image: ComplexArray = scipy.fft.ifft(_padded(half, rows, axis=1), axis=1, overwrite_x=True, norm="forward")
    image *= 1.0 / np.sqrt(kr * kc)
    return image


def _padded(spectrum: ComplexArray, length: int, *, axis: int) -> ComplexArray:
    """Zeros put between the positive and the negative frequencies along an axis."""
    shape = list(spectrum.shape)
    low = (shape[axis] + 1) // 2
    high = shape[axis] - low
    shape[axis] = length
    padded = np.zeros(shape, dtype=np.complex128)
    before, after = [slice(None)] * 3, [slice(None)] * 3
    before[axis], after[axis] = slice(0, low), slice(length - high, length)
    padded[tuple(before)] = np.moveaxis(np.moveaxis(spectrum, axis, 0)[:low], 0, axis)
    padded[tuple(after)] = np.moveaxis(np.moveaxis(spectrum, axis, 0)[low:], 0, axis)
    return padded
