"""The interval of every score of a case, by propagating distributions (GUM, Supplement 1) through the score.

What is drawn: the pixels, where the ROIs were put, and the reference group.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import TypedDict

import numpy as np
import scipy

from vbqkit.errors import Caution, ScoreError
from vbqkit.image import FloatArray, Slice, Volume
from vbqkit.roi import Coverage, Measurement, Roi, listed_rois
from vbqkit.roi.labels import NOISE
from vbqkit.scores.air import free_air
from vbqkit.scores.case import score_case
from vbqkit.scores.definition import Key, ScoreDefinition, ScoreInputs
from vbqkit.scores.jitter import Jitter, measure_jittered
from vbqkit.scores.levels import LevelRule
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.noise_agreement import air_band, air_shares
from vbqkit.scores.pixel_noise import RAYLEIGH_KURTOSIS, PixelNoise, mask_share, noise_band, pixel_noise_se
from vbqkit.scores.reference_interval import check_confidence, m_score_interval
from vbqkit.scores.registry import AggregateChoice, score_definition
from vbqkit.scores.result import Score
from vbqkit.scores.series_cautions import FromFile
from vbqkit.scores.uncertainty_budget import PIXELS, PLACEMENT, REFERENCE, Uncertainty, UncertaintyComponent

Deviations = Mapping[Key, tuple[FloatArray, FloatArray]]
_STUCK = 0.05
_BY_CHANCE = 0.1
"""How often noise may reach a mean square that is taken for an effect of the place: a choice, not a measurement."""


class _Draws(TypedDict):
    n_draws: int
    rng: np.random.Generator
    checkpoint: Callable[[], None]


def case_uncertainty(
    volumes: Mapping[str, Volume],
    rois: Iterable[Roi],
    *,
    aggregate: AggregateChoice,
    jitter: Jitter,
    rng: np.random.Generator,
    reference: ReferenceGroup | None = None,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
    rayleigh_correction: bool = False,
    coverage: Coverage = "center",
    overrule: str | None = None,
    within: Mapping[str, Roi] | None = None,
    confidence: float = 0.95,
    n_draws: int = 1000,
    checkpoint: Callable[[], None] = lambda: None,
) -> tuple[Uncertainty, ...]:
    """Every score of a case with its interval and the share of each component of uncertainty.

    What the interval is for: the same patient scanned again at once on the same scanner with the same protocol, so that
    **the noise is new and the anatomy is the same**, and **the ROIs put again** by a reader who places them as `jitter`
    says. It holds, in 95 of 100 cases, the value that the average of such repetitions tends to with the ROIs at the
    place that the reader aims at; for the M-score, against the true mean and SD of the reference population. Whatever
    is the same each time is not in it: coil, protocol, uniformity correction, the magnitude of a faint signal, which
    levels were chosen, and how far the score is from bone.

    Pixel noise: for a mean, Student's t; for the SD of the noise ROI, chi-square; both of as many pixels as are
    independent, which is another share for a mean in tissue than for an SD in air. How much noise in tissue repeats
    itself is read from the tissue ROIs of the series together (:func:`~vbqkit.scores.pixel_noise.noise_band`); texture
    would count as noise that repeats itself there, so where the slice has free air, it is worked out from that
    (:func:`~vbqkit.scores.noise_agreement.air_band`), for the SD of air by
    :func:`~vbqkit.scores.noise_agreement.air_shares`. The delta method stands beside it. ROI placement: each ROI
    moved and resized at random, the same way on every series. A moved ROI meets other pixels and so other noise, which
    is counted already: its mean square is subtracted, and what noise reaches in one of ten pictures counts as noise.
    Places of the noise ROI are compared with each other, not with the one where it lies: how that one happens to differ
    is the chance of its own pixels, which would be counted twice. Texture that is finer than a ROI is counted as noise
    too, so where marrow is textured and the ROIs are put again, intervals of VBQ are a little too wide. Reference group
    (M-score): mean and SD drawn from what n women leave open. The interval is the percentile interval of all of them
    together; what a component adds is counted as its share of the summed variances. Every ROI that the score asks for
    is drawn, whatever its label: its mean and SD, and median, least and largest value as far as the mean moves; a score
    of single pixels (``inputs.pixels``) sees those of the picture, moved and spread to the mean and SD of the draw.

    A score over noise that is doubtful (:attr:`~vbqkit.scores.noise_findings.NoiseCheck.doubtful`) has no interval: the
    chance in a number that is not the noise says nothing. It is listed with the reason
    (:attr:`~vbqkit.scores.uncertainty_budget.Uncertainty.missing`).

    Parameters
    ----------
    volumes, rois, aggregate, reference, rule, excluded, rayleigh_correction, coverage, overrule
        As for :func:`~vbqkit.scores.case.score_case`.
    jitter : Jitter
        How far placements are thought to vary: an assumption, stated with the result.
    rng : numpy.random.Generator
        Where the randomness comes from.
    within : mapping of str to Roi, optional
        Label to the outline that its ROI must stay in (the marrow of a level, the dural sac). A ROI without one is held
        inside the image only, and the score carries a caution; the noise ROI is held inside the free air.
    confidence : float
        Such as 0.95.
    n_draws : int
        Random draws, at least 100.
    checkpoint : callable
        Called many times a second; what it raises ends the work. For a program that has something better to do.

    Returns
    -------
    tuple of Uncertainty
        One for each score that the case allows, in the order of its results; refused scores have none. One whose noise
        is doubtful has limits of nan and says why.

    Raises
    ------
    ScoreError
        If the confidence or the number of draws is out of range, and as :func:`~vbqkit.scores.case.score_case`.
    """
    check_confidence(confidence)
    if n_draws < 100:
        raise ScoreError(f"{n_draws} draws give no interval; take at least 100, better 1000.")
    given = rois if isinstance(rois, FromFile) else listed_rois(rois)
    placed = {roi.label: roi for roi in given}
    case = score_case(
        volumes,
        given,
        aggregate=aggregate,
        reference=reference,
        rule=rule,
        excluded=excluded,
        rayleigh_correction=rayleigh_correction,
        coverage=coverage,
        overrule=overrule,
    )
    slices = {(w, label): placed[label].slice_of(volumes[w]) for w, table in case.measured.items() for label in table}
    bands = _bands(placed, slices, checkpoint)
    share = {key: _share(placed[key[1]], image, bands[key[0]]) for key, image in slices.items()}
    pixels = {
        key: PixelNoise.of(
            case.measured[key[0]][key[1]],
            mean_share=share[key][0],
            sd_share=share[key][1],
            kurtosis=RAYLEIGH_KURTOSIS if key[1] == NOISE else 0.0,
        )
        for key in slices
    }
    draws: _Draws = {"n_draws": n_draws, "rng": rng, "checkpoint": checkpoint}
    by_pixels = {key: one.deviations(n_draws, rng) for key, one in pixels.items()}
    by_place, stuck = _moved(placed, slices, within or {}, jitter, draws, bands, pixels)
    together = {k: (by_pixels[k][0] + by_place[k][0], by_pixels[k][1] + by_place[k][1]) for k in slices}
    alone = {key: of_sd if key[1] == NOISE else of_mean for key, (of_mean, of_sd) in share.items()}
    moved = any(change.any() for changes in by_place.values() for change in changes)
    results = []
    for score in case.results:
        if not isinstance(score, Score):
            continue
        checkpoint()
        definition = score_definition(score.name)
        doubt = _noise_doubt(definition, case.inputs)
        if doubt is not None:
            results.append(Uncertainty.none(score, doubt, confidence=confidence))
            continue
        inputs = replace(case.inputs, aggregate=score.aggregate)  # type: ignore[arg-type]  # as the registry gave it
        drawn = {
            name: _values(definition, inputs, d, n_draws) for name, d in ((PIXELS, by_pixels), (PLACEMENT, by_place))
        }
        drawn["all"] = _values(definition, inputs, together, n_draws) if moved else drawn[PIXELS]
        methods = {
            PIXELS: f"t and chi-square of the independent pixels, {n_draws} draws",
            PLACEMENT: f"{jitter}; {n_draws} draws",
        }
        exact: dict[str, tuple[float, float]] = {}
        if definition.against_reference and reference is not None:
            chi, z = np.sqrt(rng.chisquare(reference.n - 1, n_draws) / (reference.n - 1)), rng.normal(size=n_draws)
            drawn[REFERENCE] = score.value * chi - z / math.sqrt(reference.n)
            drawn["all"] = drawn["all"] * chi - z / math.sqrt(reference.n)
            methods[REFERENCE] = f"n = {reference.n}; noncentral t, exact"
            exact[REFERENCE] = m_score_interval(score.value, reference.n, confidence=confidence)
        low, high = _percentiles(drawn["all"], score.value, confidence)
        results.append(
            Uncertainty(
                score=score,
                ci_low=low,
                ci_high=high,
                confidence=confidence,
                se=_sd(drawn.pop("all")),
                components=_components(score, drawn, methods, exact, confidence, _delta(inputs, score.name, alone)),
                method=f"percentiles of {n_draws} draws of all sources together",
                cautions=_cautions(score, within or {}, stuck, jitter),
            )
        )
    return tuple(results)


def _delta(inputs: ScoreInputs, name: str, independent: Mapping[Key, float]) -> float:
    """:func:`pixel_noise_se`; nan for a registered score that has no value a small step away."""
    try:
        return pixel_noise_se(inputs, name, independent=independent)
    except Exception:  # a registered function may raise anything, and costs its own number only
        return math.nan


def _noise_doubt(definition: ScoreDefinition, inputs: ScoreInputs) -> str | None:
    """Why the noise that a score is divided by gives no interval, in words; None if it does."""
    if definition.divisor != NOISE:
        return None
    doubts = [doubt for w in definition.weightings if w in inputs.noise for doubt in inputs.noise[w].doubts]
    if not doubts:
        return None
    return f"the noise it is divided by is doubtful ({', '.join(doubt.code for doubt in doubts)}). {doubts[0].message}".rstrip(
        "."
    )


def _bands(
    rois: Mapping[str, Roi], slices: Mapping[Key, Slice], checkpoint: Callable[[], None]
) -> dict[str, tuple[float, float]]:
    """Which frequencies hold noise, by weighting: on the slice with most ROIs, from its free air or from its tissue."""
    found = {}
    for weighting in {w for w, _ in slices}:
        checkpoint()
        on = {label: image for (w, label), image in slices.items() if w == weighting}
        indices = [image.index for image in on.values()]
        most = max(set(indices), key=indices.count)
        image = next(image for image in on.values() if image.index == most)
        tissue = [rois[label] for label, one in on.items() if one.index == most and label != NOISE]
        found[weighting] = air_band(image) or noise_band(tissue, image)
    return found


def _share(roi: Roi, image: Slice, band: tuple[float, float]) -> tuple[float, float]:
    """Independent pixels over pixels under a ROI, for its mean and for its SD."""
    mask = np.asarray(roi.mask(image), dtype=bool)
    if roi.label == NOISE:
        return air_shares(mask, band)
    of_mean, of_sd = (min(1.0, mask_share(mask, band, power=power)) for power in (1, 2))
    return of_mean, of_sd


def _moved(
    rois: Mapping[str, Roi],
    slices: Mapping[Key, Slice],
    within: Mapping[str, Roi],
    jitter: Jitter,
    draws: _Draws,
    bands: Mapping[str, tuple[float, float]],
    pixels: Mapping[Key, PixelNoise],
) -> tuple[dict[Key, tuple[FloatArray, FloatArray]], dict[str, float]]:
    """How mean and SD of each ROI differ from their own value at other places, and how often it could not be moved.

    Less what noise alone makes them differ by: the deviations are shortened until their mean square is as much smaller.
    Where noise alone would reach that mean square in one of ten pictures, nothing shows that the place matters.
    """
    deviations: dict[Key, tuple[FloatArray, FloatArray]] = {}
    stuck: dict[str, float] = {}
    for label, roi in rois.items():
        images = {w: image for (w, name), image in slices.items() if name == label}
        if not images:
            continue
        allowed = (
            {w: np.asarray(within[label].mask(image), dtype=bool) for w, image in images.items()}
            if label in within
            else {}
        )
        if label == NOISE and label not in within:
            allowed = {w: free_air(image) for w, image in images.items()}
        in_air = label == NOISE
        found = measure_jittered(roi, images, jitter=jitter, allowed=allowed, band=bands, in_air=in_air, **draws)
        stuck[label] = found.unmoved
        kurtosis = RAYLEIGH_KURTOSIS if in_air else 0.0
        for w in images:
            variance, (of_mean, of_sd, freedom) = pixels[w, label].sd ** 2, found.noise[w]
            deviations[w, label] = (
                _without(found.mean[w], variance * of_mean, freedom),
                _without(found.sd[w], variance * of_sd * (2.0 + kurtosis) / 4.0, freedom),
            )
    return deviations, stuck


def _without(deviations: FloatArray, noise: float, freedom: float) -> FloatArray:
    """Deviations whose mean square is less by that of noise; none where noise may well be all of it.

    The mean square of noise varies from picture to picture as a chi-square. To count what is above its mean in one
    picture, and nothing below it in the next, would make intervals too wide on average.
    """
    square = float((deviations**2).mean())
    if square <= noise * float(scipy.special.chdtri(freedom, _BY_CHANCE)) / freedom:
        return np.zeros_like(deviations)
    return deviations * math.sqrt(1.0 - noise / square)


def _values(definition: ScoreDefinition, inputs: ScoreInputs, deviations: Deviations, n_draws: int) -> FloatArray:
    """The score of each draw; nan where a draw allows none."""
    if not any(change.any() for changes in deviations.values() for change in changes):
        return np.full(n_draws, definition.value(inputs))
    drawn = {weighting: _DrawnTable(weighting, table, deviations) for weighting, table in inputs.measured.items()}
    changed = replace(inputs, measured=drawn)
    values = np.full(n_draws, np.nan)
    for k in range(n_draws):
        for table in drawn.values():
            table.draw = k
        try:
            values[k] = definition.value(changed)
        except Exception:  # a registered function may raise anything; that draw has no score
            continue
    return values


class _DrawnTable(Mapping[str, Measurement]):
    """The measurements of one draw on one series, each made when the score asks for it."""

    def __init__(self, weighting: str, table: Mapping[str, Measurement], deviations: Deviations) -> None:
        self._weighting, self._table, self._deviations = weighting, table, deviations
        self._drawn: dict[str, tuple[dict[str, object], dict[str, list[float]]]] = {}
        self.draw = 0

    def __getitem__(self, label: str) -> Measurement:
        own = self._table[label]
        if (self._weighting, label) not in self._deviations:
            return own
        if label not in self._drawn:
            mean, sd = self._deviations[self._weighting, label]
            moved = {name: (getattr(own, name) + mean).tolist() for name in ("mean", "median", "min", "max")}
            kept = {field.name: getattr(own, field.name) for field in fields(own)}
            self._drawn[label] = kept, moved | {"sd": (own.sd + sd).tolist()}
        kept, moved = self._drawn[label]
        drawn = {name: values[self.draw] for name, values in moved.items()}
        return Measurement(**kept | drawn)  # type: ignore[arg-type]

    def __contains__(self, label: object) -> bool:
        return label in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _components(
    score: Score,
    drawn: Mapping[str, FloatArray],
    methods: Mapping[str, str],
    exact: Mapping[str, tuple[float, float]],
    confidence: float,
    delta: float,
) -> tuple[UncertaintyComponent, ...]:
    variances = {name: _sd(values) ** 2 for name, values in drawn.items()}
    total = sum(variances.values())
    z = float(scipy.special.ndtri(0.5 + confidence / 2))
    found = []
    for name, values in drawn.items():
        low, high = exact.get(name) or _percentiles(values, score.value, confidence)
        share = variances[name] / total if total > 0 else math.nan
        found.append(
            UncertaintyComponent(
                name=name, method=methods[name], se=math.sqrt(variances[name]), ci_low=low, ci_high=high, share=share
            )
        )
        if name == PIXELS:
            found.append(
                UncertaintyComponent(
                    name=name,
                    method="delta method",
                    se=delta,
                    ci_low=score.value - z * delta,
                    ci_high=score.value + z * delta,
                    share=math.nan,
                )
            )
    return tuple(found)


def _cautions(
    score: Score, within: Mapping[str, Roi], stuck: Mapping[str, float], jitter: Jitter
) -> tuple[Caution, ...]:
    found = []
    used = [label for label in stuck if label in score.regions]
    loose = [label for label in used if label not in within and label != NOISE]
    if loose and (jitter.shift_mm > 0 or jitter.size_percent > 0):
        found.append(
            Caution(
                "placement-unbounded",
                f"{', '.join(loose)}: no outline was given, so the moved ROIs ({jitter}) may reach into cortex, disc or fat, which a reader would avoid. "
                "The share of ROI placement is an upper bound; give within={'L1': outline, ...} to hold them inside.",
            )
        )
    tight = [f"{label} ({100 * stuck[label]:.0f} % of draws)" for label in used if stuck[label] > _STUCK]
    if tight:
        found.append(
            Caution(
                "placement-tight",
                f"{', '.join(tight)}: no other place was found in the outline, so the ROI stayed. Its share of placement is too small.",
            )
        )
    return tuple(found)


def _percentiles(values: FloatArray, value: float, confidence: float) -> tuple[float, float]:
    """Percentile interval, wide enough to hold the value itself; nan if a draw in a hundred has no score."""
    if np.isnan(values).mean() > 0.01:
        return math.nan, math.nan
    tail = (1 - confidence) / 2
    # "weibull": of n draws a share of `tail` is expected beyond it, which other rules miss by a percent of coverage.
    low, high = np.nanquantile(values, [tail, 1 - tail], method="weibull")
    return min(float(low), value), max(float(high), value)


def _sd(values: FloatArray) -> float:
    return float(np.nanstd(values, ddof=1)) if np.isfinite(values).sum() > 1 else math.nan
