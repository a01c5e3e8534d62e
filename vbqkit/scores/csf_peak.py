"""CSF among nerve roots: the mean about the most frequent signal, and the VBQ of a whole volume.

Both as TPTBox has them: Möller, Graf et al., SoftwareX 2026, doi 10.1016/j.softx.2026.103055
(``TPTBox.spine.spinestats.torso_vat_sat``, version 1.1.0). Written anew; what TPTBox itself gives is kept in
``tests/reference``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from vbqkit.errors import ScoreError
from vbqkit.image import FloatArray, Volume
from vbqkit.scores.result import HIGHER_IS_POORER, Score

SOURCE_TPTBOX = "TPTBox, Möller, Graf et al. 2026, doi 10.1016/j.softx.2026.103055"
_BINS, _OF_PEAK = 64, 0.5
_BODY_EROSIONS, _CANAL_EROSIONS = 2, 1

Mask = npt.NDArray[np.bool_]


def peak_centered_mean(
    values: npt.ArrayLike, weights: npt.ArrayLike | None = None, *, bins: int = _BINS, of_peak: float = _OF_PEAK
) -> float:
    """Mean of the values about the peak of their histogram, which leaves out a tail of darker or brighter things.

    The histogram has `bins` bins from the least to the greatest value. From its tallest bin the window grows to both
    sides as long as the next bin holds at least `of_peak` of it; the values within are averaged.

    With fewer than some hundred values most bins hold one or none, and the peak is a matter of chance: it was made for
    the whole spinal canal. On a ROI of 0.40 cm2 (about 100 pixels) it scatters more than a plain mean.

    Parameters
    ----------
    values : array_like, shape (n,)
        Signals, such as ``roi.values(volume).values``.
    weights : array_like, shape (n,), optional
        How much each counts.
    bins : int
        Number of bins.
    of_peak : float
        Share of the tallest bin, above 0 to 1; 0.5 is the full width at half maximum.

    Raises
    ------
    ScoreError
        If there is no finite value, or an option is out of range.

    References
    ----------
    Möller, Graf et al. 2026, doi 10.1016/j.softx.2026.103055. Checked against TPTBox 1.1.0.

    Examples
    --------
    >>> peak_centered_mean([100.0] * 8 + [99.0, 101.0, 40.0, 45.0], bins=16)
    100.0
    """
    if bins < 1 or not 0 < of_peak <= 1:
        raise ScoreError(f"bins = {bins}, of_peak = {of_peak}: give at least 1 bin, and a share above 0 and at most 1.")
    x: FloatArray = np.asarray(values, dtype=np.float64).ravel()
    w: FloatArray = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64).ravel()
    x, w = x[np.isfinite(x)], w[np.isfinite(x)]
    if x.size == 0:
        raise ScoreError("No value is a finite number, so there is no peak. Look at what lies under the ROI.")
    counts, edges = np.histogram(x, bins=bins, weights=w)
    left = right = int(np.argmax(counts))
    least = counts[left] * of_peak
    while left > 0 and counts[left - 1] >= least:
        left -= 1
    while right < bins - 1 and counts[right + 1] >= least:
        right += 1
    kept = (x >= edges[left]) & (x <= edges[right + 1])
    return float(np.average(x[kept], weights=w[kept]))


def vbq_of_volume(volume: Volume, bodies: npt.ArrayLike, canal: npt.ArrayLike) -> Score:
    """VBQ in three dimensions, from masks of vertebral bodies and spinal canal: TPTBox's variant, made for T2.

    ``mean of the bodies, eroded by two voxels / peak-centered mean of the canal, eroded by one, between their ends``.
    Every slice counts, not the middle one alone.

    Parameters
    ----------
    volume : Volume
        A series, on T2 in the source; S-I along the rows of its slices (a sagittal or coronal series).
    bodies : array_like of bool, shape (planes, rows, cols)
        The vertebral bodies, L1 to L4.
    canal : array_like of bool, shape (planes, rows, cols)
        The spinal canal.

    Returns
    -------
    Score
        A ratio. Higher = more marrow fat = poorer bone.

    Raises
    ------
    ScoreError
        If a mask has another shape, nothing is left of it after erosion, or the series must not be scored.

    References
    ----------
    Möller, Graf et al. 2026, doi 10.1016/j.softx.2026.103055. Checked against TPTBox 1.1.0.
    """
    if volume.refusal is not None:
        raise ScoreError(f"The series cannot be scored: {volume.refusal}.")
    inner = _eroded(bodies, volume, "vertebral bodies", times=_BODY_EROSIONS, connectivity=3)
    rows = np.flatnonzero(inner.any(axis=(0, 2)))
    sac = _eroded(canal, volume, "spinal canal", times=_CANAL_EROSIONS, connectivity=1)
    sac[:, : rows[0]] = False
    sac[:, rows[-1] + 1 :] = False
    if not sac.any():
        raise ScoreError("The spinal canal and the vertebral bodies lie at different heights. Look at the masks.")
    pixels = np.asarray(volume.pixels, dtype=np.float64)
    marrow, csf = float(pixels[inner].mean()), peak_centered_mean(pixels[sac])
    if not csf > 0:
        raise ScoreError(f"The signal of the spinal canal is {csf:g}, so no ratio exists. Look at the mask.")
    weighting = volume.acquisition.weighting
    return Score(
        name=f"VBQ-3D-{weighting}",
        value=marrow / csf,
        unit="ratio",
        formula="mean of the eroded vertebral bodies / peak-centered mean of the eroded spinal canal at their height",
        direction=HIGHER_IS_POORER,
        source=SOURCE_TPTBOX,
        parts=(("bodies mean", marrow), ("canal peak-centered mean", csf)),
    )


def _eroded(mask: npt.ArrayLike, volume: Volume, what: str, *, times: int, connectivity: int) -> Mask:
    given = np.asarray(mask, dtype=bool)
    if given.shape != volume.shape:
        raise ScoreError(
            f"The mask of the {what} has shape {given.shape}, the series {volume.shape}. Resample the mask."
        )
    ball = scipy.ndimage.generate_binary_structure(3, connectivity)
    left: Mask = scipy.ndimage.binary_erosion(given, structure=ball, iterations=times)
    if not left.any():
        raise ScoreError(
            f"Nothing is left of the mask of the {what} when {times} voxels are taken off all around: it holds {int(given.sum())} voxels. "
            "The series has too few slices, or the mask is wrong."
        )
    return left
