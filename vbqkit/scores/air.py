"""Where a picture shows air outside the body: what a noise ROI may lie on."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.image import FloatArray, Slice
from vbqkit.roi import FIXED_AREA_CM2
from vbqkit.scores.per_slice import once_per_slice

Mask = npt.NDArray[np.bool_]
_Kind = TypeVar("_Kind", np.bool_, np.float64)

_WINDOW_MM = 3.0  # over which brightness is averaged
_DARK = 0.10  # of the 99th percentile
_EDGE_FRACTION = 1.0 / 3.0
_STRIP_MM = 12.0  # along the edge, where the level of the air is read
_ABOVE_AIR = 2.0  # times the air just outside of it: a step to tissue
_ABOVE_EDGE = (
    5.0  # times the air at the edge of the picture; uniformity correction raises air threefold towards the skin
)
_BEHIND_MM = (12.0, 4.0)  # how far outside, where the level before a step is read
_SMOOTH_MM = 9.0  # along the skin
_NOTHING = 0.002  # of the 99th percentile: what counts as no signal where the background is masked
_LEAST_GRAIN = 0.55  # of the SD: noise doubled by zero filling has 0.6, structure less
_MOST_MEAN_OVER_SD = 8.0  # noise of 16 channels; tissue has more


@once_per_slice
def free_air(image: Slice) -> Mask:
    """Pixels of a slice that are air outside the body.

    A pixel is free air if all of this holds:

    * seen along its row (for air above or below the body: its column) from the front or back edge of the picture,
      nothing but air lies before it. Abdomen, pelvis and bowel gas lie behind the skin, however dark they are;
    * its surroundings (3 mm) are dark (below 10 % of the 99th percentile) and no step up by a factor of 2 lies before
      it. Air may grow slowly brighter, as it does after uniformity correction, to 5 times its level at the edge;
    * that edge is air along at least a third of its length, and what is seen there looks like noise (mean / SD at
      most 8, and fine grain at least 0.55 of the SD). The dark abdomen at the edge of a cropped picture has structure
      instead.

    A background that the scanner has set to one value counts as air; :func:`~vbqkit.scores.noise.check_noise` refuses
    it.

    Parameters
    ----------
    image : Slice
        Usually sagittal; on planes without a front or back edge the four edges count alike.

    Returns
    -------
    ndarray of bool, shape (rows, cols)
        All False where there is no free air. Read-only: it is worked out once for a slice.
    """
    signal, padding = signal_above_zero(image)
    air = np.zeros(signal.shape, dtype=np.bool_)
    if padding.all():
        return read_only(air)
    bright = float(np.percentile(signal[~padding] if padding.any() else signal, 99))
    letters = image.edge_letters
    sides = [side for side in letters if letters[side] in "AP"] or list(letters)
    # At least 5 x 5 pixels: the mean of so many varies by a tenth, so that noise alone does not reach the limit.
    level = scipy.ndimage.uniform_filter(signal, size=[max(5, n) for n in _window(image, _WINDOW_MM)], mode="nearest")
    for side in sides:
        seen = _seen_from(side, level, padding, image, bright)
        if _looks_like_noise(signal, seen, image):
            air |= seen
    return read_only(air & ~padding)


def read_only(array: npt.NDArray[_Kind]) -> npt.NDArray[_Kind]:
    """The array itself, which can no longer be written to: others hold it too."""
    array.flags.writeable = False
    return array


@once_per_slice
def signal_above_zero(image: Slice) -> tuple[FloatArray, Mask]:
    """Pixels above the value of a stored 0, and which of them are padding (one value below every signal).

    Parameters
    ----------
    image : Slice
        With or without padding around what was measured.

    Returns
    -------
    tuple of 2 ndarrays, shape (rows, cols)
        Signal, 0 where padded; and True where padded. Read-only.
    """
    pixels = np.asarray(image.pixels, dtype=np.float64)
    if image.pixels.dtype.kind == "f":
        pixels = np.nan_to_num(pixels)
    if image.padding is not None:  # the file says which; else they have to be guessed
        lowest = min(image.zero_value, float(pixels.min(where=~image.padding, initial=np.inf)))
        return read_only(np.where(image.padding, 0.0, pixels - lowest)), read_only(image.padding)
    lowest = float(pixels.min())
    if lowest >= image.zero_value:
        return read_only(pixels - image.zero_value), read_only(np.zeros(pixels.shape, dtype=np.bool_))
    padding = pixels == lowest
    # Many pixels at one value below 0 are padding (0028,0120); a single one is the lowest of many negative values.
    if padding.mean() < 0.005:
        padding = np.zeros(pixels.shape, dtype=np.bool_)
    zero = min(image.zero_value, float(pixels[~padding].min())) if not padding.all() else image.zero_value
    return read_only(np.where(padding, 0.0, pixels - zero)), read_only(padding)


def _window(image: Slice, size_mm: float) -> list[int]:
    return [max(1, round(size_mm / step)) for step in image.spacing_mm]


def _from_left(side: str, array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The array turned so that the side lies at column 0; turning it twice gives the array back."""
    if side in ("top", "bottom"):
        array = array.T
    return array[:, ::-1] if side in ("right", "bottom") else array


def _turned_back(side: str, array: Mask) -> Mask:
    array = array[:, ::-1] if side in ("right", "bottom") else array
    return array.T if side in ("top", "bottom") else array


def _seen_from(side: str, level: FloatArray, padding: Mask, image: Slice, bright: float) -> Mask:
    """What is dark and seen from one side of the picture; padding is passed through."""
    turned = np.ascontiguousarray(_from_left(side, level), dtype=np.float64)
    padded = np.asarray(_from_left(side, padding), dtype=bool)
    whole = turned.shape
    dark = (turned < _DARK * bright) | padded
    seen = np.logical_and.accumulate(dark, axis=1)
    # What lies behind the deepest dark run cannot be seen, and is left out of what follows.
    reach = int(np.count_nonzero(seen.any(axis=0)))
    turned, padded, dark, seen = turned[:, :reach], padded[:, :reach], dark[:, :reach], seen[:, :reach]
    step = image.spacing_mm[1] if side in ("left", "right") else image.spacing_mm[0]
    measured = seen & ~padded
    strip = measured & (np.cumsum(measured, axis=1) <= max(1, round(_STRIP_MM / step)))
    found = turned[strip]
    if found.size == 0:
        return np.zeros(level.shape, dtype=bool)
    # A border of zeros (after distortion correction) says nothing about the air behind it.
    shown = found[found > _NOTHING * bright]
    reference = shown if shown.size > 0.1 * found.size else found
    at_edge = float(np.median(reference))
    first, last = (max(1, round(mm / step)) for mm in _BEHIND_MM)
    total = np.cumsum(np.pad(turned, ((0, 0), (first + 1, 0)), mode="edge"), axis=1)
    before = (total[:, first - last : -last - 1] - total[:, : -first - 1]) / (first - last)
    limit = _ABOVE_AIR * np.clip(before, at_edge, _ABOVE_EDGE / _ABOVE_AIR * at_edge)
    seen = np.logical_and.accumulate(dark & ((turned < np.maximum(limit, _NOTHING * bright)) | padded), axis=1)
    # A single row that noise has cut short is as deep as its neighbours.
    across = image.spacing_mm[0] if side in ("left", "right") else image.spacing_mm[1]
    depth = scipy.ndimage.median_filter(seen.sum(axis=1), size=max(3, round(_SMOOTH_MM / across)), mode="nearest")
    seen = (np.arange(seen.shape[1]) < depth[:, None]) & np.logical_and.accumulate(dark, axis=1)
    # Rows without any signal at the edge count only where no row has any: the background is masked.
    alive = (strip & (turned > _NOTHING * bright)).any(axis=1)
    rows = (seen & ~padded).any(axis=1)
    if alive.mean() > 0.1:
        rows &= alive
    if rows.mean() < _EDGE_FRACTION:
        return np.zeros(level.shape, dtype=bool)
    return _turned_back(side, np.pad(seen, ((0, 0), (0, whole[1] - reach))))


def fine_grain(signal: FloatArray) -> FloatArray:
    """``(a - b - c + d) / 2`` over 2 x 2 pixels.

    For white noise it has the SD of the noise, for smooth structure almost none.
    """
    fine = np.zeros_like(signal)
    fine[:-1, :-1] = (signal[:-1, :-1] - signal[1:, :-1] - signal[:-1, 1:] + signal[1:, 1:]) / 2.0
    return fine


def _looks_like_noise(signal: FloatArray, seen: Mask, image: Slice) -> bool:
    """Whether mean / SD and fine grain / SD over 9 mm are those of noise in what was seen.

    One value everywhere passes.
    """
    if not seen.any():
        return False
    nothing = 1e-6 * max(1e-12, float(signal.max()))
    around = tuple(slice(int(line.min()), int(line.max()) + 2) for line in np.nonzero(seen))
    signal, seen = signal[around], seen[around]
    size = [max(3, n) for n in _window(image, 9.0)]
    inside = eroded(seen, size)
    if not inside.any():
        return True
    mean = scipy.ndimage.uniform_filter(signal, size=size, mode="nearest")
    square = scipy.ndimage.uniform_filter(signal**2, size=size, mode="nearest")
    sd = np.sqrt(np.maximum(square - mean**2, 0.0))[inside]
    varied = sd > nothing
    if varied.mean() < 0.5:
        return True
    grain = np.sqrt(np.maximum(scipy.ndimage.uniform_filter(fine_grain(signal) ** 2, size=size, mode="nearest"), 0.0))
    fine = float(np.median(grain[inside][varied] / sd[varied])) >= _LEAST_GRAIN
    return fine and float(np.median(mean[inside][varied] / sd[varied])) <= _MOST_MEAN_OVER_SD


def room_for(air: Mask, image: Slice, *, area_cm2: float = FIXED_AREA_CM2) -> Mask:
    """Centers of the squares of that area that lie within the air.

    Parameters
    ----------
    air : ndarray of bool, shape (rows, cols)
        From :func:`free_air`.
    image : Slice
        The same slice.
    area_cm2 : float
        Area of the square, cm2.
    """
    side = [max(1, math.ceil(math.sqrt(area_cm2 * 100.0) / step)) for step in image.spacing_mm]
    return eroded(air, side)


def eroded(mask: Mask, size: list[int]) -> Mask:
    """Centers of the boxes of ``size`` (rows, columns) that lie wholly within a mask."""
    return np.asarray(
        scipy.ndimage.minimum_filter(mask.astype(np.uint8), size=size, mode="constant", cval=0), dtype=bool
    )


def no_free_air(image: Slice, *, area_cm2: float = FIXED_AREA_CM2) -> str | None:
    """Why a slice offers no place for a noise ROI, in a sentence; None if it does.

    Parameters
    ----------
    image : Slice
        The slice that is measured.
    area_cm2 : float
        Area of the noise ROI, cm2.
    """
    if room_for(free_air(image), image, area_cm2=area_cm2).any():
        return None
    height, width = (n * step for n, step in zip(image.shape, image.spacing_mm, strict=True))
    return (
        f"slice {image.index} has no free air: on this {height:.0f} x {width:.0f} mm picture no air outside the body runs along a third of "
        f"the front or back edge with room for {area_cm2:g} cm2. Dark corners of a cropped picture are inside the body (saturation band, "
        "bowel gas, vessels), and their SD is not noise. SNR and M-score need a series that shows air around the body; VBQ does not."
    )
