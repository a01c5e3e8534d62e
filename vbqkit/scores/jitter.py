"""A ROI put again at random, as another reading would put it: small moves and changes of size, and the signal there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from vbqkit.errors import ScoreError
from vbqkit.image import FloatArray, Slice
from vbqkit.roi import Roi
from vbqkit.scores.draws import blocks
from vbqkit.scores.pixel_noise import AIR_MEAN, AIR_SD, correlated, freedom_of_mean_square

BoolArray = npt.NDArray[np.bool_]
Axes = tuple[npt.ArrayLike, npt.ArrayLike]

_FINE = 9
"""The outline is known to 1/9 pixel while it is moved; odd, so that pixel centers are known exactly."""
_FOR_NOISE = 50  # draws
_NOISE_WORK = 1_000_000  # pixels of all draws together
_ROUNDS = 20
_PIXEL_BYTES = 10
"""What a draw takes for each pixel: whether it is covered, twice as a truth value and once as a number to sum with."""

_LARGEST_MM = 50.0  # a vertebral body and its disc are less; beyond it memory would be the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Jitter:
    """How far a reader's placement is thought to vary. An assumption, so there is no default.

    Parameters
    ----------
    shift_mm : float
        Size of the shifts in the plane of the slice, mm: see `shape`.
    size_percent : float
        Largest change of the ROI's lengths; drawn evenly from -size_percent to +size_percent. 0 for a ROI of fixed
        area.
    shape : {"disc", "normal"}
        ``"disc"``: shifts are drawn evenly from the disc of radius `shift_mm`, its largest shift. ``"normal"``: normal
        along each direction, with an SD of `shift_mm`.

    Examples
    --------
    >>> str(Jitter(shift_mm=2.0, size_percent=10))
    'shifts up to 2 mm, lengths up to ±10 %'
    >>> str(Jitter(shift_mm=1.0, size_percent=0, shape="normal"))
    'normal shifts with an SD of 1 mm, size as drawn'
    """

    shift_mm: float
    size_percent: float
    shape: Literal["disc", "normal"] = "disc"

    def __post_init__(self) -> None:
        if not (np.isfinite(self.shift_mm) and self.shift_mm >= 0):
            raise ScoreError(f"A shift of {self.shift_mm} mm is not possible; give 0 or more, such as 2.")
        if self.shift_mm > _LARGEST_MM:
            raise ScoreError(
                f"A shift of {self.shift_mm:g} mm is no placement of the same ROI; give at most {_LARGEST_MM:g}, such as 2."
            )
        if not 0 <= self.size_percent < 100:
            raise ScoreError(
                f"A change of size by {self.size_percent} % is not possible; give 0 to below 100, such as 10."
            )
        if self.shape not in ("disc", "normal"):
            raise ScoreError(f"The shape of the jitter is '{self.shape}'; use 'disc' or 'normal'.")

    def __str__(self) -> str:
        size = f"lengths up to ±{self.size_percent:g} %" if self.size_percent else "size as drawn"
        if self.shape == "disc":
            return f"shifts up to {self.shift_mm:g} mm, {size}"
        return f"normal shifts with an SD of {self.shift_mm:g} mm, {size}"

    @property
    def reach_mm(self) -> float:
        """How far a ROI can be shifted: a normal shift beyond 6 SD does not come."""
        return self.shift_mm if self.shape == "disc" else 6.0 * self.shift_mm

    def draw(self, n: int, *, axes: Axes, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Random shifts (mm, shape (n, 3)) and scales of lengths (shape (n,)).

        Parameters
        ----------
        n : int
            How many.
        axes : pair of vectors
            Two unit vectors at right angles in the plane of the slice, patient coordinates.
        rng : numpy.random.Generator
            Where the randomness comes from.
        """
        if self.shape == "disc":
            radius = self.shift_mm * np.sqrt(rng.random(n))
            angle = rng.uniform(0, 2 * np.pi, n)
            along = radius * np.cos(angle), radius * np.sin(angle)
        else:
            along = rng.normal(0.0, self.shift_mm, n), rng.normal(0.0, self.shift_mm, n)
        first, second = (amount[:, None] * np.asarray(axis) for amount, axis in zip(along, axes, strict=True))
        if self.shape == "normal" and not self.size_percent:
            return first + second, np.ones(n)
        return first + second, 1 + self.size_percent / 100 * rng.uniform(-1, 1, n)


def draw_that_fit(
    jitter: Jitter,
    n: int,
    *,
    axes: Axes,
    rng: np.random.Generator,
    fits: Callable[[FloatArray, FloatArray], BoolArray],
) -> tuple[FloatArray, FloatArray, int]:
    """Draw shifts and scales, again where the ROI would not fit; after 20 times it stays where it was.

    Parameters
    ----------
    jitter, n, axes, rng
        See :meth:`Jitter.draw`.
    fits : callable
        ``fits(shifts, scales)``: whether each is allowed.

    Returns
    -------
    tuple
        Shifts, scales, and how many found no place and stayed.
    """
    shift, scale, pending = np.zeros((n, 3)), np.ones(n), np.arange(n)
    for _ in range(_ROUNDS):
        if not pending.size:
            break
        shift[pending], scale[pending] = jitter.draw(pending.size, axes=axes, rng=rng)
        pending = pending[~fits(shift[pending], scale[pending])]
    shift[pending], scale[pending] = 0.0, 1.0
    return shift, scale, pending.size


def put_again(
    roi: Roi,
    *,
    jitter: Jitter,
    axes: Axes,
    rng: np.random.Generator,
    accept: Callable[[Roi], bool] = lambda _: True,
) -> Roi:
    """A ROI put again at random, at a place that is accepted; after 20 that are not, the ROI as it was.

    Parameters
    ----------
    roi : Roi
        As it was placed.
    jitter : Jitter
        How far it is moved.
    axes : pair of vectors
        Two unit vectors at right angles in the plane of the slice, patient coordinates.
    rng : numpy.random.Generator
        Where the randomness comes from.
    accept : callable
        Whether a reader would leave the ROI there.
    """

    def put(shift: FloatArray, scale: float) -> Roi:
        moved = roi.moved(shift)
        return moved if scale == 1.0 else moved.scaled(scale)

    def fits(shifts: FloatArray, scales: FloatArray) -> BoolArray:
        return np.array([accept(put(*each)) for each in zip(shifts, scales, strict=True)])

    shift, scale, stayed = draw_that_fit(jitter, 1, axes=axes, rng=rng, fits=fits)
    return roi if stayed else put(shift[0], float(scale[0]))


@dataclass(frozen=True, slots=True)
class JitteredMeasurements:
    """What one ROI measures at many places, on each series, less what it measures where it is.

    In air it is less what it measures on average. Noise has no place that a reader aims at: what the ROI happened to
    measure where it is differs from other places by the chance of its own pixels, which is no effect of the place.

    Attributes
    ----------
    mean, sd : mapping of str to ndarray, shape (n_draws,)
        Deviation of mean and SD by weighting, a.u.; sd with ddof = 1.
    unmoved : float
        Share of draws for which no allowed place was found, so that the ROI stayed where it was.
    noise : mapping of str to tuple of 3 floats
        By weighting, what noise alone, of variance 1, gives for the mean square of these deviations: of the mean, and
        of the SD for the square of the noise. A moved ROI meets other pixels, so it deviates without any anatomy. The
        third number is how many degrees of freedom such a mean square has.
    """

    mean: Mapping[str, FloatArray]
    sd: Mapping[str, FloatArray]
    unmoved: float
    noise: Mapping[str, tuple[float, float, float]]


def measure_jittered(
    roi: Roi,
    slices: Mapping[str, Slice],
    *,
    jitter: Jitter,
    n_draws: int,
    rng: np.random.Generator,
    allowed: Mapping[str, BoolArray] | None = None,
    band: Mapping[str, tuple[float, float]] | None = None,
    in_air: bool = False,
    checkpoint: Callable[[], None] = lambda: None,
) -> JitteredMeasurements:
    """Measure a ROI at random places near its own: the same places in the patient on every series.

    Parameters
    ----------
    roi : Roi
        As it was placed.
    slices : mapping of str to Slice
        Weighting to the slice that the ROI lies on.
    jitter : Jitter
        How far it is moved.
    n_draws : int
        Places.
    rng : numpy.random.Generator
        Where the randomness comes from.
    allowed : mapping of str to ndarray of bool, optional
        Weighting to the pixels that the ROI may cover (the marrow, the dural sac, the free air). Without it the ROI is
        held inside the image only.
    band : mapping of str to tuple of 2 floats, optional
        Weighting to which frequencies hold noise (:func:`~vbqkit.scores.pixel_noise.noise_band`); white without it.
    in_air : bool
        Whether the ROI lies on noise without signal, whose magnitude repeats itself less than the noise does; places
        are then compared with each other, not with the one where the ROI is.
    checkpoint : callable
        Called before each block of draws; what it raises ends the work.

    Returns
    -------
    JitteredMeasurements
    """
    allowed = allowed or {}
    windows = {name: _Window.around(roi, image, jitter, allowed.get(name)) for name, image in slices.items()}
    first = next(iter(slices.values()))
    across, down = (np.asarray(step) / np.linalg.norm(step) for step in (first.col_step_mm, first.row_step_mm))

    def fits(shifts: FloatArray, scales: FloatArray) -> BoolArray:
        allowed_on = (
            window.fits(slices[name].vectors_to_rows_cols(shifts), scales, checkpoint)
            for name, window in windows.items()
        )
        return np.asarray(np.all(list(allowed_on), axis=0), dtype=bool)

    shift, scale, stayed = draw_that_fit(jitter, n_draws, axes=(across, down), rng=rng, fits=fits)
    # The place as it is comes last and is measured in the same way; a ROI that was not moved deviates by exactly 0.
    moved = shift.any(axis=1) | (scale != 1.0)
    shift, scale = np.vstack([shift, np.zeros(3)]), np.append(scale, 1.0)
    mean, sd, noise = {}, {}, {}
    for name, window in windows.items():
        noise[name] = window.noise(
            slices[name].vectors_to_rows_cols(shift), scale, (band or {}).get(name, (1.0, 1.0)), in_air=in_air
        )
        checkpoint()
        means, sds = window.measure(slices[name].vectors_to_rows_cols(shift), scale, checkpoint)
        mean[name], sd[name] = (
            np.where(moved, x[:-1] - (x[:-1][moved].mean() if in_air and moved.any() else x[-1]), 0.0)
            for x in (means, sds)
        )
    return JitteredMeasurements(mean, sd, stayed / n_draws, noise)


@dataclass(frozen=True, slots=True)
class _Window:
    """The pixels that a moved ROI can reach, and its outline on a finer grid."""

    rows: FloatArray  # of the pixel centers
    cols: FloatArray
    values: FloatArray  # (rows x cols,)
    free: BoolArray  # (rows x cols,): inside the image and allowed
    inside: BoolArray  # the ROI as placed, on the fine grid, whose rim is outside
    corner: FloatArray  # row, col of the fine grid's outer corner
    center: FloatArray  # row, col of the ROI's center

    @classmethod
    def around(cls, roi: Roi, image: Slice, jitter: Jitter, allowed: BoolArray | None) -> _Window:
        outline = image.to_rows_cols(roi.outline_mm(256))
        center = image.to_rows_cols(np.asarray(roi.center_mm)[None])[0]
        low, high = np.floor(outline.min(axis=0)) - 1, np.ceil(outline.max(axis=0)) + 1
        reach = np.ceil(jitter.reach_mm / np.asarray(image.spacing_mm) + jitter.size_percent / 100 * (high - low)) + 1
        rows, cols = (np.arange(a, b + 1) for a, b in zip(low - reach, high + reach, strict=True))
        in_rows, in_cols = ((x >= 0) & (x < n) for x, n in zip((rows, cols), image.shape, strict=True))
        free = in_rows[:, None] & in_cols
        safe = np.ix_(*(np.clip(x.astype(int), 0, n - 1) for x, n in zip((rows, cols), image.shape, strict=True)))
        if allowed is not None:
            free &= allowed[safe]
        corner = low - 0.5
        size = ((high - low + 1) * _FINE).astype(int)
        fine = replace(
            image,
            pixels=np.broadcast_to(np.uint8(0), tuple(size)),
            origin_mm=tuple(image.to_patient_mm((corner + 0.5 / _FINE)[None])[0]),
            row_step_mm=tuple(np.asarray(image.row_step_mm) / _FINE),
            col_step_mm=tuple(np.asarray(image.col_step_mm) / _FINE),
        )
        inside = np.asarray(roi.mask(fine), dtype=bool)
        values = np.asarray(image.pixels[safe], dtype=np.float64)
        return cls(rows, cols, values.ravel(), free.ravel(), inside, corner, center)

    def covered(self, shift_rc: FloatArray, scale: FloatArray) -> BoolArray:
        """Which pixels each moved ROI covers, shape (draws, rows x cols): their centers, moved back, lie inside it."""
        rows, cols = (self._on_fine_grid(axis, shift_rc[:, axis], scale) for axis in (0, 1))
        covered = np.empty((scale.size, self.rows.size, self.cols.size), dtype=bool)
        for draw, (row, col) in enumerate(zip(rows, cols, strict=True)):
            np.take(self.inside.take(row, axis=0), col, axis=1, out=covered[draw], mode="clip")
        return covered.reshape(scale.size, -1)

    def _on_fine_grid(self, axis: int, shift: FloatArray, scale: FloatArray) -> npt.NDArray[np.intp]:
        """Where the rows (axis 0) or columns (1) of each draw lie on the fine grid or its rim, shape (draws, n)."""
        center = self.center[axis]
        at = center + ((self.rows, self.cols)[axis] - shift[:, None] - center) / scale[:, None]
        index = np.floor((at - self.corner[axis]) * _FINE).astype(np.intp)
        on_grid: npt.NDArray[np.intp] = np.clip(index, 0, self.inside.shape[axis] - 1)
        return on_grid

    def _blocks(self, n_draws: int, checkpoint: Callable[[], None]) -> Iterator[slice]:
        return blocks(n_draws, draw_bytes=_PIXEL_BYTES * self.values.size, checkpoint=checkpoint)

    def fits(self, shift_rc: FloatArray, scale: FloatArray, checkpoint: Callable[[], None]) -> BoolArray:
        """Whether each moved ROI covers something, and free pixels only."""
        fits = np.empty(scale.size, dtype=bool)
        for some in self._blocks(scale.size, checkpoint):
            covered = self.covered(shift_rc[some], scale[some])
            fits[some] = covered.any(axis=1) & ~(covered & ~self.free).any(axis=1)
        return fits

    def measure(
        self, shift_rc: FloatArray, scale: FloatArray, checkpoint: Callable[[], None]
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and SD of each moved ROI."""
        origin = float(self.values[self.free].mean()) if self.free.any() else 0.0
        centered = np.where(self.free, self.values - origin, 0.0)
        squared = centered**2
        mean, sd = np.empty(scale.size), np.empty(scale.size)
        for some in self._blocks(scale.size, checkpoint):
            covered = (self.covered(shift_rc[some], scale[some]) & self.free).astype(np.float64)
            n = np.maximum(covered.sum(axis=1), 1.0)
            mean[some] = covered @ centered / n
            sum_of_squares = np.maximum(covered @ squared - n * mean[some] ** 2, 0.0)
            sd[some] = np.sqrt(sum_of_squares / np.maximum(n - 1, 1.0))
            del covered  # or the next block would stand beside it
        return mean + origin, sd

    def noise(
        self, shift_rc: FloatArray, scale: FloatArray, band: tuple[float, float], *, in_air: bool
    ) -> tuple[float, float, float]:
        """Mean square of what mean and SD of noise alone deviate by; the last draw is the ROI as it was placed.

        The third number is the degrees of freedom of the first (Satterthwaite): the moved ROIs overlap, so that a
        thousand draws hold a handful of independent ones.

        From some of the draws: it is an expectation, and changes little from one to the other.
        """
        some = np.unique(
            np.linspace(0, scale.size - 2, max(4, min(_FOR_NOISE, _NOISE_WORK // self.values.size))).astype(int)
        )
        some = np.append(some, scale.size - 1)
        covered = (self.covered(shift_rc[some], scale[some]) & self.free).astype(np.float64)
        weights = covered / np.maximum(covered.sum(axis=1, keepdims=True), 1.0)
        origin = weights[:-1].mean(axis=0) if in_air else weights[-1]
        change = (weights[:-1] - origin).reshape(-1, self.rows.size, self.cols.size)
        parts = (AIR_MEAN, AIR_SD) if in_air else ({1: 1.0}, {2: 1.0})
        of_mean, of_sd = (
            sum(part * float(correlated(change, band, power=power).mean()) for power, part in powers.items())
            for powers in parts
        )
        return of_mean, of_sd, freedom_of_mean_square(change, band, power=1 + in_air)
