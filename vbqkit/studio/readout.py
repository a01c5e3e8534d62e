"""What the studio says about its ROIs: measurements by Python's own rules, and every registered score from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from vbqkit.errors import RoiError
from vbqkit.roi import Measurement
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.scores.case import refusals_of, score_tables
from vbqkit.scores.definition import ScoreChoices
from vbqkit.scores.noise import check_series_noise
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.registry import SCORES, noise_weightings
from vbqkit.scores.result import Refusal, Score
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.views import View

NoiseChecks = Mapping[str, NoiseCheck]
Results = list[Measurement | RoiError]
"""What each ROI measures on one view, or why it cannot be measured."""


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


class NoiseWatch:
    """What the noise ROI is worth, by weighting, where a score is divided by noise; checked again after a change."""

    def __init__(self) -> None:
        self._seen: list[dict[str, Any]] | None = None
        self.checks: NoiseChecks = {}

    def look(
        self,
        views: Sequence[View],
        drawn: Sequence[DrawnRoi],
        results: Sequence[Sequence[Measurement | RoiError]],
    ) -> bool:
        """Check again if any ROI but CSF was changed; whether it was."""
        shown = [i for i, view in enumerate(views) if view.volume.acquisition.weighting in noise_weightings()]
        seen = [
            measurement_row(one, result)
            for i in shown
            for one, result in zip(drawn, results[i], strict=True)
            if one.roi.label != CSF
        ]
        if not shown or self._seen == seen:
            return False
        first = _first_of_each_weighting([views[i] for i in shown], [by_label(results[i]) for i in shown])
        noise = next((one for one in drawn if one.roi.label == NOISE), None)
        self._seen = seen
        self.checks = {
            weighting: check_series_noise(view.volume, None if noise is None else noise.on(view.key), table)
            for weighting, (view, table) in first.items()
        }
        return True


def scores_of(
    views: Sequence[View], tables: Sequence[Mapping[str, Measurement]], noise: NoiseChecks, choices: ScoreChoices
) -> dict[str, Score | Refusal]:
    """Every score that the series at hand allow, by name; VBQ on one series with both aggregates of the papers."""
    first = _first_of_each_weighting(views, tables)
    case = score_tables(
        {weighting: table for weighting, (_, table) in first.items()},
        aggregate="both",
        acquisitions={weighting: view.volume.acquisition for weighting, (view, _) in first.items()},
        refused=refusals_of({weighting: view.volume for weighting, (view, _) in first.items()}),
        noise=noise,
        **choices,
    )
    return {result.key: result for result in case.results}


def _first_of_each_weighting(
    views: Sequence[View], tables: Sequence[Mapping[str, Measurement]]
) -> dict[str, tuple[View, Mapping[str, Measurement]]]:
    found: dict[str, tuple[View, Mapping[str, Measurement]]] = {}
    for view, table in zip(views, tables, strict=True):
        found.setdefault(view.volume.acquisition.weighting, (view, table))
    return found


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
        "value": result.value,
        "note": result.overruled or "",
        "overruled": result.overruled is not None,
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
