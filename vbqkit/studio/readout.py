"""What the studio says about its ROIs: measurements by Python's own rules, and every registered score from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, RoiError
from vbqkit.language import said
from vbqkit.roi import Measurement, Roi
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.roi.origin import origin_words
from vbqkit.scores.case import refusals_of, score_tables
from vbqkit.scores.definition import ScoreChoices
from vbqkit.scores.noise import check_series_noise
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.placed_roi import PlacedRoiCheck
from vbqkit.scores.places import look_at_places
from vbqkit.scores.registry import SCORES, noise_weightings, scored_weightings
from vbqkit.scores.result import Refusal, Score
from vbqkit.studio.drawn_roi import DrawnRoi
from vbqkit.studio.messages import STANDING
from vbqkit.studio.views import View

_OF_NUMBERS = (
    "score-outside-published-range",
    "midway",
    "midway-slight",
)  # doubts about the number, not about a place on the picture

NoiseChecks = Mapping[str, NoiseCheck]
Results = list[Measurement | RoiError]
"""What each ROI measures on one view, or why it cannot be measured."""
Places = Mapping[str, Sequence[PlacedRoiCheck]]
"""Weighting to what is wrong with where the ROIs lie."""


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


class PlaceWatch:
    """Where the ROIs of each view lie, as a score must know; looked at again after a change."""

    def __init__(self) -> None:
        self._seen: tuple[DrawnRoi, ...] | None = None
        self.checks: list[tuple[PlacedRoiCheck, ...]] = []
        self.current = False
        """Whether the checks are of the ROIs as they lie now."""

    def look(self, views: Sequence[View], drawn: Sequence[DrawnRoi], results: Sequence[Results]) -> bool:
        """Look again if any ROI but noise was changed; whether anything is new to tell."""
        before, self.current = self.current, True
        seen = tuple(one for one in drawn if one.roi.label != NOISE)  # whatever is changed is another object
        if self._seen == seen:
            return not before
        self._seen = seen
        self.checks = [
            look_at_places(
                {view.key: view.volume},
                first_of_each_label(view, drawn),
                measured={view.key: by_label(found)},
            )[view.key]
            for view, found in zip(views, results, strict=True)
        ]
        return True

    def by_weighting(self, views: Sequence[View]) -> dict[str, tuple[PlacedRoiCheck, ...]]:
        """By weighting, of the first view of each: the one that is scored."""
        found: dict[str, tuple[PlacedRoiCheck, ...]] = {}
        for view, checks in zip(views, self.checks, strict=False):
            found.setdefault(view.volume.acquisition.weighting, checks)
        return found

    def rows(self) -> list[list[dict[str, Any]]] | None:
        """For the marks of the browser: each check of a place, by view; None while they are of another place."""
        if not self.current:
            return None
        return [
            [
                {"labels": list(c.labels), "text": said(c.message), "wrong": c.refuses}
                for c in checks
                if c.code not in _OF_NUMBERS
            ]
            for checks in self.checks
        ]


def first_of_each_label(view: View, drawn: Sequence[DrawnRoi]) -> list[Roi]:
    """The ROIs that count on a view, as they lie on it: of two with one label the first."""
    found: dict[str, Roi] = {}
    for one in drawn:
        if one.frame == view.frame:
            found.setdefault(one.roi.label, one.on(view.key))
    return list(found.values())


class NoiseWatch:
    """What the noise ROI is worth, by weighting, where a score is divided by noise; checked again after a change."""

    def __init__(self) -> None:
        self._seen: list[dict[str, Any]] | None = None
        self.checks: NoiseChecks = {}

    def look(
        self,
        views: Sequence[View],
        drawn: Sequence[DrawnRoi],
        results: Sequence[Results],
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
    views: Sequence[View],
    tables: Sequence[Mapping[str, Measurement]],
    *,
    noise: NoiseChecks,
    found: Places,
    choices: ScoreChoices,
    of_files: Sequence[Caution] = (),
) -> dict[str, Score | Refusal]:
    """Every score that the series at hand allow, by name; VBQ on one series with both aggregates of the papers."""
    first = _first_of_each_weighting(views, tables)
    cautions = {weighting: (*view.volume.cautions, *of_files) for weighting, (view, _) in first.items()}
    case = score_tables(
        {weighting: table for weighting, (_, table) in first.items()},
        aggregate="both",
        acquisitions={weighting: view.volume.acquisition for weighting, (view, _) in first.items()},
        refused=refusals_of({weighting: view.volume for weighting, (view, _) in first.items()}),
        noise=noise,
        places=found,
        series_cautions=cautions,
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


def why_no_score(shown: Sequence[Acquisition]) -> str:
    """Why not even the name of a score appears: no score is defined on these series; empty without a series."""
    if shown and all(a.modality == "CT" for a in shown):
        return "HU are measured in the table. For HU of L1 and QCT, with their cautions: score_ct(studio.volumes[0], studio.rois)."
    known = scored_weightings()
    # without what it quotes of the description, in which names have been seen
    reasons = [
        f"{a.weighting} ({a.weighting_reason.split('; the description')[0]})" for a in shown if a.weighting not in known
    ]
    if not reasons:
        return ""
    return f"No score is defined on what is shown: {'; '.join(reasons)}. If you know the weighting, state it above the picture."


def doubts_of(score: Score) -> list[str]:
    """What is wrong with this number, in words: its cautions but those that stand on every such score."""
    return [caution.message for caution in score.cautions if caution.code not in STANDING]


def score_row(name: str, result: Score | Refusal, *, noise: NoiseChecks, found: Places) -> dict[str, Any]:
    """A score for the browser: the number, what is wrong with it, and everything one step away from it."""
    if isinstance(result, Refusal):
        definition = SCORES[result.name]
        about = [said(definition.title), said(definition.unit)]
        return {"key": name, "value": None, "note": said(result.reason), "about": about, **_blame(result, noise, found)}
    standing = [caution.message for caution in result.cautions if caution.code in STANDING]
    unit = f"{said(result.unit)}; {said(result.direction)}"
    source = said(f"Source: {result.source}")
    about = [said(result.formula), unit, source, *map(said, standing)]
    return {
        "key": name,
        "value": result.value,
        "note": said(result.overruled or ""),
        "overruled": result.overruled is not None,
        "about": about,
        "doubts": [said(doubt) for doubt in doubts_of(result)],
        "levels": list(result.levels),
    }


def _blame(result: Refusal, noise: NoiseChecks, found: Places) -> dict[str, Any]:
    """Whether something is wrong, or only missing; and the ROI whose moving may lift the refusal, if it is one."""
    weightings = SCORES[result.name].weightings
    if any(w in noise and noise[w].refusal == result.reason for w in weightings):
        return {"wrong": True, "free": [NOISE]}
    places = [check for w in weightings for check in found.get(w, ()) if check.message in result.reason]
    wrong = bool(places) or "cannot be scored" in result.reason
    return {"wrong": wrong, "free": []}


def measurement_row(drawn: DrawnRoi, result: Measurement | RoiError) -> dict[str, Any]:
    """A measurement for the browser; nan becomes None."""
    origin = {} if drawn.place is None else {"origin": said(origin_words(drawn.roi, drawn.place))}
    if isinstance(result, RoiError):
        return {"id": drawn.id, "label": drawn.roi.label, "error": said(str(result)), **origin}
    plain = asdict(replace(result, cautions=(), refusal=None, pixels=None))
    numbers = {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in plain.items()}
    del numbers["cautions"], numbers["refusal"], numbers["pixels"]  # the score says the first two
    return {"id": drawn.id, **numbers, **origin}
