"""The interval of every score of a case: from its pixels, from where the ROIs were put, from the size of the reference group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypedDict

import numpy as np
from scipy import special

from vbqkit.errors import Caution, ScoreError
from vbqkit.image import FloatArray, Slice, Volume
from vbqkit.roi import Coverage, Measurement, Roi
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.scores.case import score_case
from vbqkit.scores.levels import LevelRule
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.noise import free_air
from vbqkit.scores.pixel_noise import Key, bootstrap_deviations, independent_share, pixel_noise_se, with_measurements
from vbqkit.scores.placement import Jitter, placements
from vbqkit.scores.registry import SCORES, ScoreInputs
from vbqkit.scores.result import Score
from vbqkit.scores.uncertainty import (
    PIXELS,
    PLACEMENT,
    REFERENCE,
    Source,
    Uncertainty,
    check_confidence,
    m_score_interval,
)

Deviations = Mapping[Key, tuple[FloatArray, FloatArray]]
_STUCK = 0.05


class _Draws(TypedDict):
    n_draws: int
    rng: np.random.Generator
    checkpoint: Callable[[], None]


def case_uncertainty(
    volumes: Mapping[str, Volume],
    rois: Iterable[Roi],
    *,
    aggregate: Aggregate,
    jitter: Jitter,
    rng: np.random.Generator,
    reference: ReferenceGroup | None = None,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
    rayleigh_correction: bool = False,
    coverage: Coverage = "center",
    within: Mapping[str, Roi] | None = None,
    confidence: float = 0.95,
    n_draws: int = 1000,
    checkpoint: Callable[[], None] = lambda: None,
) -> tuple[Uncertainty, ...]:
    """Every score of a case with its interval and the share of each source.

    Pixel noise: bootstrap of the pixels of each ROI, widened where neighbours repeat each other
    (:func:`~vbqkit.scores.pixel_noise.independent_share` of the series' noise ROI, or of each ROI where it has none),
    with the delta method beside it. ROI placement: each ROI moved and resized at random, the same way on every series.
    Reference group (M-score): mean and SD drawn from what n women leave open. The interval is the percentile interval
    of all of them together; what a source adds is counted as its share of the summed variances. A moved ROI also meets
    other noise, so placement contains a little of the pixel noise.

    Parameters
    ----------
    volumes, rois, aggregate, reference, rule, excluded, rayleigh_correction, coverage
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
        One for each score that the case allows, in the order of the registry; refused scores have none.

    Raises
    ------
    ScoreError
        If the confidence or the number of draws is out of range, and as :func:`~vbqkit.scores.case.score_case`.
    """
    check_confidence(confidence)
    if n_draws < 100:
        raise ScoreError(f"{n_draws} draws give no interval; take at least 100, better 1000.")
    rois = tuple(rois)
    placed = {roi.label: roi for roi in rois}
    options: dict[str, Any] = {
        "aggregate": aggregate,
        "reference": reference,
        "rule": rule,
        "excluded": dict(excluded or {}),
        "rayleigh_correction": rayleigh_correction,
    }
    case = score_case(volumes, rois, coverage=coverage, **options)
    inputs = ScoreInputs(
        measured=case.measured, acquisitions={weighting: v.acquisition for weighting, v in volumes.items()}, **options
    )
    slices = {(w, label): placed[label].slice_of(volumes[w]) for w, table in case.measured.items() for label in table}
    share = _independent(placed, slices, checkpoint)
    draws: _Draws = {"n_draws": n_draws, "rng": rng, "checkpoint": checkpoint}
    by_pixels = {
        key: bootstrap_deviations(placed[key[1]], image, independent=share[key], **draws)
        for key, image in slices.items()
    }
    by_place, stuck = _moved(placed, slices, within or {}, jitter, draws)
    together = {k: (by_pixels[k][0] + by_place[k][0], by_pixels[k][1] + by_place[k][1]) for k in slices}
    results = []
    for score in case.results:
        if not isinstance(score, Score):
            continue
        checkpoint()
        drawn = {
            name: _values(inputs, score, d)
            for name, d in ((PIXELS, by_pixels), (PLACEMENT, by_place), ("all", together))
        }
        methods = {PIXELS: f"bootstrap of the pixels, {n_draws} draws", PLACEMENT: f"{jitter}; {n_draws} draws"}
        exact: dict[str, tuple[float, float]] = {}
        if score.name == "M-score" and reference is not None:
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
                sources=_sources(
                    score, drawn, methods, exact, confidence, pixel_noise_se(inputs, score.name, independent=share)
                ),
                method=f"percentiles of {n_draws} draws of all sources together",
                cautions=_cautions(score, within or {}, stuck, jitter),
            )
        )
    return tuple(results)


def _independent(
    rois: Mapping[str, Roi], slices: Mapping[Key, Slice], checkpoint: Callable[[], None]
) -> dict[Key, float]:
    own = {}
    for key, image in slices.items():
        checkpoint()
        own[key] = independent_share(rois[key[1]], image)
    return {(w, label): own.get((w, NOISE), share) for (w, label), share in own.items()}


def _moved(
    rois: Mapping[str, Roi],
    slices: Mapping[Key, Slice],
    within: Mapping[str, Roi],
    jitter: Jitter,
    draws: _Draws,
) -> tuple[dict[Key, tuple[FloatArray, FloatArray]], dict[str, float]]:
    """How mean and SD of each ROI differ from their own value at other places, and how often it could not be moved."""
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
        found = placements(roi, images, jitter=jitter, allowed=allowed, **draws)
        stuck[label] = found.unmoved
        for w in images:
            deviations[w, label] = (found.mean[w], found.sd[w])
    return deviations, stuck


def _values(inputs: ScoreInputs, score: Score, deviations: Deviations) -> FloatArray:
    """The score of each draw; nan where a draw allows none."""
    definition, used = SCORES[score.name], {*score.levels, CSF, NOISE}
    needed = {key: d for key, d in deviations.items() if key[0] in definition.weightings and key[1] in used}
    own = {(w, label): inputs.measured[w][label] for w, label in needed}
    kept = {key: {field.name: getattr(m, field.name) for field in fields(m)} for key, m in own.items()}
    means = {key: (own[key].mean + mean).tolist() for key, (mean, _) in needed.items()}
    sds = {key: (own[key].sd + sd).tolist() for key, (_, sd) in needed.items()}
    values = np.full(len(next(iter(means.values()))), np.nan)
    for k in range(values.size):
        changed = {key: Measurement(**{**kept[key], "mean": means[key][k], "sd": sds[key][k]}) for key in needed}
        try:
            values[k] = definition.compute(with_measurements(inputs, changed)).value
        except ScoreError:
            continue
    return values


def _sources(
    score: Score,
    drawn: Mapping[str, FloatArray],
    methods: Mapping[str, str],
    exact: Mapping[str, tuple[float, float]],
    confidence: float,
    delta: float,
) -> tuple[Source, ...]:
    variances = {name: _sd(values) ** 2 for name, values in drawn.items()}
    total = sum(variances.values())
    z = float(special.ndtri(0.5 + confidence / 2))
    sources = []
    for name, values in drawn.items():
        low, high = exact.get(name) or _percentiles(values, score.value, confidence)
        share = variances[name] / total if total > 0 else math.nan
        sources.append(
            Source(
                name=name, method=methods[name], se=math.sqrt(variances[name]), ci_low=low, ci_high=high, share=share
            )
        )
        if name == PIXELS:
            sources.append(
                Source(
                    name=name,
                    method="delta method",
                    se=delta,
                    ci_low=score.value - z * delta,
                    ci_high=score.value + z * delta,
                    share=math.nan,
                )
            )
    return tuple(sources)


def _cautions(
    score: Score, within: Mapping[str, Roi], stuck: Mapping[str, float], jitter: Jitter
) -> tuple[Caution, ...]:
    found = []
    loose = [
        label for label in stuck if label not in within and label != NOISE and (label == "CSF" or label in score.levels)
    ]
    if (
        loose
        and (jitter.shift_mm > 0 or jitter.size_percent > 0)
        and not (score.name in ("SNR", "M-score") and loose == ["CSF"])
    ):
        names = ", ".join(label for label in loose if label != "CSF" or score.name.startswith("VBQ"))
        found.append(
            Caution(
                "placement-unbounded",
                f"{names}: no outline was given, so the moved ROIs ({jitter}) may reach into cortex, disc or fat, which a reader would avoid. "
                "The share of ROI placement is an upper bound; give within={'L1': outline, ...} to hold them inside.",
            )
        )
    tight = [
        f"{label} ({100 * share:.0f} % of draws)"
        for label, share in stuck.items()
        if share > _STUCK and label in (*score.levels, "CSF", NOISE)
    ]
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
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return min(float(low), value), max(float(high), value)


def _sd(values: FloatArray) -> float:
    return float(np.nanstd(values, ddof=1)) if np.isfinite(values).sum() > 1 else math.nan
