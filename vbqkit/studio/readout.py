"""What the studio says about its ROIs: measurements by Python's own rules, and every score of the registry made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vbqkit.acquisition import Acquisition
from vbqkit.errors import RoiError
from vbqkit.roi import Measurement
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scores import (
    SCORES,
    Aggregate,
    LevelRule,
    NoiseCheck,
    ReferenceGroup,
    Refusal,
    Score,
    ScoreInputs,
    check_noise,
    compute_scores,
    no_free_air,
)
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.views import View

BY_AGGREGATE = {f"VBQ-{weighting}" for weighting in ("T1", "T2", "STIR")}


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """What the papers leave open, as the user chose it."""

    reference: ReferenceGroup | None = None
    rule: LevelRule = "all four"
    excluded: Mapping[str, str] = field(default_factory=dict)


def measure_all(
    view: View, drawn: Sequence[DrawnRoi], known: Mapping[DrawnRoi, Measurement | RoiError]
) -> list[Measurement | RoiError]:
    """Measure each ROI on a view, unless its result is known; one that cannot be measured gives its error instead."""
    results: list[Measurement | RoiError] = []
    for one in drawn:
        if one in known:
            results.append(known[one])
            continue
        if one.frame != view.frame:
            text = f"ROI '{one.roi.label}' was drawn in another frame of reference. Draw it on this series."
            results.append(RoiError(text))
            continue
        try:
            results.append(one.on(view.key).measure(view.volume))
        except RoiError as error:
            results.append(error)
    return results


def by_label(results: Sequence[Measurement | RoiError]) -> dict[str, Measurement]:
    """Measurements by label; the second ROI with the same label is called ``"L3 (2)"``."""
    named: dict[str, Measurement] = {}
    for result in results:
        if isinstance(result, Measurement):
            label = result.label or "ROI"
            name, count = label, 1
            while name in named:
                count += 1
                name = f"{label} ({count})"
            named[name] = result
    return named


def noise_check(view: View, drawn: Sequence[DrawnRoi], measured: Mapping[str, Measurement]) -> NoiseCheck:
    """Look at the noise ROI of a view; where there is none, say whether the picture has room for one."""
    marrow = [measured[level].mean for level in SCORED_LEVELS if level in measured]
    for one in drawn:
        if one.roi.label == "noise" and "noise" in measured:
            roi = one.on(view.key)
            mean = sum(marrow) / len(marrow) if marrow else None
            return check_noise(roi, roi.slice_of(view.volume), marrow_mean=mean)
    slices = [measured[level].slice_index for level in SCORED_LEVELS if level in measured]
    reason = no_free_air(view.volume.slice(max(set(slices), key=slices.count))) if slices else None
    return NoiseCheck(None if reason is None else f"no noise ROI, and {reason}", ())


def scores_of(
    views: Sequence[View], tables: Sequence[Mapping[str, Measurement]], noise: NoiseCheck, options: ScoreOptions
) -> dict[str, Score | Refusal]:
    """Every score that the series at hand allow, by name; VBQ on one series with both aggregates of the papers."""
    measured: dict[str, Mapping[str, Measurement]] = {}
    acquisitions: dict[str, Acquisition] = {}
    for view, table in zip(views, tables, strict=True):
        acquisition = view.volume.acquisition
        if acquisition.weighting not in measured:
            measured[acquisition.weighting] = table
            acquisitions[acquisition.weighting] = acquisition
    found: dict[str, dict[str, Score | Refusal]] = {name: {} for name in SCORES}
    aggregates: tuple[Aggregate, ...] = ("median", "mean")
    for aggregate in aggregates:
        inputs = ScoreInputs(
            measured=measured,
            acquisitions=acquisitions,
            reference=options.reference,
            aggregate=aggregate,
            rule=options.rule,
            excluded=options.excluded,
            noise_refusal=noise.refusal,
            noise_cautions=noise.cautions,
        )
        for result in compute_scores(inputs):
            name = f"{result.name} ({aggregate})" if result.name in BY_AGGREGATE else result.name
            found[result.name][name] = result
    return {name: result for named in found.values() for name, result in named.items()}


def score_row(name: str, result: Score | Refusal) -> dict[str, Any]:
    """A score for the browser: the number, and everything one step away from it."""
    if isinstance(result, Refusal):
        definition = SCORES[result.name]
        return {"key": name, "value": None, "note": result.reason, "about": [definition.title, definition.unit]}
    about = [
        result.formula,
        f"{result.unit}; {result.direction}",
        f"Source: {result.source}",
        *map(str, result.cautions),
    ]
    return {
        "key": name,
        "value": result.value if math.isfinite(result.value) else None,
        "note": "" if math.isfinite(result.value) else "not a finite number",
        "about": about,
        "levels": list(result.levels),
        "caution": bool(result.cautions),
    }


def measurement_row(drawn: DrawnRoi, result: Measurement | RoiError) -> dict[str, Any]:
    """A measurement for the browser; nan becomes None."""
    if isinstance(result, RoiError):
        return {"id": drawn.id, "label": drawn.roi.label, "error": str(result)}
    numbers = {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in asdict(result).items()}
    return {"id": drawn.id, **numbers}
