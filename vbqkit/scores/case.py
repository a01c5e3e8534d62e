"""From ROIs on the series of one patient to every score they allow, or to one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Unpack

from vbqkit.acquisition import Acquisition, same_patient
from vbqkit.errors import Caution, RoiError, ScoreError, kind_of
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Slice, Volume
from vbqkit.roi import Coverage, Measurement, Roi, listed_rois
from vbqkit.roi.labels import NOISE
from vbqkit.scores.definition import ScoreChoices, ScoreDefinition, ScoreInputs
from vbqkit.scores.levels import LevelRule, rule_for_missing
from vbqkit.scores.marrow_to_csf import AGGREGATES, Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.noise import check_series_noise
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.placed_roi import PlacedRoiCheck
from vbqkit.scores.places import look_at_places
from vbqkit.scores.registry import (
    AggregateChoice,
    compute_scores,
    load_plugins,
    noise_weightings,
    score_definition,
    scored_weightings,
)
from vbqkit.scores.result import Refusal, Score, said_of
from vbqkit.scores.series_cautions import cautions_of
from vbqkit.values import ByContent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseScores(ByContent):
    """The scores of one patient, with every measurement behind them.

    Attributes
    ----------
    results : tuple of Score or Refusal
        In the order of the registry.
    inputs : ScoreInputs
        What they were computed from.
    cautions : tuple of Caution
        About ROIs that could not be measured on a series, and about plug-ins whose scores are missing; cautions about a
        score travel with the score.
    """

    results: tuple[Score | Refusal, ...]
    inputs: ScoreInputs
    cautions: tuple[Caution, ...] = ()

    @property
    def measured(self) -> Mapping[str, Mapping[str, Measurement]]:
        """Weighting to label to Measurement."""
        return self.inputs.measured

    def score(self, name: str, *, aggregate: Aggregate | None = None) -> Score:
        """One score by name.

        Parameters
        ----------
        name : str
            Such as ``"VBQ-T1"``.
        aggregate : {"median", "mean"}, optional
            Which one, where the case was scored with both.

        Raises
        ------
        ScoreError
            With the reason, if it is refused, its series is not there, or both aggregates are.
        """
        found = [r for r in self.results if r.name == name and aggregate in (None, r.aggregate)]
        if not found:
            raise ScoreError(
                f"{name} was not computed: the case has no series for it, only {', '.join(self.measured)}."
            )
        if len(found) > 1:
            raise ScoreError(
                f"{name} was computed with the median and with the mean of the levels. Say which: aggregate='median'."
            )
        result = found[0]
        if isinstance(result, Score):
            return result
        raise ScoreError(str(result))

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a score, refused ones with the reason."""
        return [result.as_row() for result in self.results]

    def _repr_html_(self) -> str:
        """Each score with its unit and direction, or why it is not given; their cautions below."""
        table = {
            result.key: [result.value, result.unit, result.direction, ", ".join(result.levels), result.source]
            if isinstance(result, Score)
            else [None, "not given", result.reason, "", ""]
            for result in self.results
        }
        said = [said_of(r).lstrip("; ") for r in self.results if isinstance(r, Score) and r.overruled]
        cautions = [*self.cautions, *(c for r in self.results if isinstance(r, Score) for c in r.cautions)]
        codes = list(dict.fromkeys(f"{c.code}: read case.cautions and score.cautions" for c in cautions))
        head = ("score", "value", "unit", "direction", "levels", "source")
        return table_html(table, head=head, digits=3) + notes_html(
            [*said, *codes, "It screens and teaches; it does not diagnose."]
        )

    def measurement_rows(self) -> list[dict[str, Any]]:
        """One flat row a ROI and series, with what speaks against it in ``refused``, ``overruled`` and ``cautions``."""
        return [
            {"weighting": weighting, **without_refusal(m).as_row()} | self._said_of(weighting, m.label)
            for weighting, table in self.measured.items()
            for m in table.values()
        ]

    def _said_of(self, weighting: str, label: str) -> dict[str, str | None]:
        places = [place for place in self.inputs.places.get(weighting, ()) if place.concerns((label,))]
        against = [place.message for place in places if place.refuses]
        against = [self.inputs.refused[weighting], *against] if weighting in self.inputs.refused else against
        said = " ".join(against) or None
        overruled = said and self.inputs.overrule
        doubts = [str(place) for place in places if not place.refuses]
        doubts += [str(caution) for caution in self.inputs.cautions.get(weighting, ())]
        return {
            "refused": None if overruled else said,
            "overruled": f"overruled: {said} Stated reason: {overruled}" if overruled else None,
            "cautions": "; ".join(doubts) or None,
        }


def check_volumes(volumes: object) -> None:
    """Whether these are volumes by their weighting.

    Raises
    ------
    ScoreError
        If not: with what was given instead.
    """
    wrong = (
        next((v for v in volumes.values() if not isinstance(v, Volume)), None)
        if isinstance(volumes, Mapping)
        else volumes
    )
    if wrong is not None:
        raise ScoreError(
            f"Volumes by their weighting are needed, such as {{'T1': study.find('T1').volume()}}; got {kind_of(wrong)}."
        )


@dataclass(slots=True)
class _Measured:
    table: dict[str, Measurement] = field(default_factory=dict)
    cautions: list[Caution] = field(default_factory=list)


def score_case(
    volumes: Mapping[str, Volume],
    rois: Iterable[Roi],
    *,
    aggregate: AggregateChoice,
    reference: ReferenceGroup | None = None,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
    rayleigh_correction: bool = False,
    coverage: Coverage = "center",
    overrule: str | None = None,
) -> CaseScores:
    """Measure the same ROIs on each series and compute every score that this allows.

    Whatever speaks against a number goes with it. A series that must not be scored, or a ROI in a place where the score
    means nothing, gives a :class:`Refusal` and no number. What is doubtful about the series (as its file was read), the
    ROI file, or the place of a ROI travels in ``score.cautions``.

    Parameters
    ----------
    volumes : mapping of str to Volume
        Weighting (``"T1"``, ``"T2"``, ``"STIR"``) to the sagittal series of that weighting.
    rois : iterable of Roi, or RoiFile
        Labelled L1 to L4, CSF, noise (and T12, L5 where a rule needs them); one ROI a label; others are measured too.
        Give what :func:`vbqkit.formats.read_rois` gave, whole: it is compared with each series, and what is odd about
        the file travels with the scores.
    aggregate : {"median", "mean", "both"}
        For VBQ; the papers differ, so there is no default.
    reference : ReferenceGroup, optional
        For the M-score.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.
    rayleigh_correction : bool
        For SNR; off in the Košice group 2025.
    coverage : {"center", "area"}
        Which pixels count.
    overrule : str, optional
        Why a series that must not be scored (``volume.refusal``), or ROIs in a wrong place, are scored all the same, in
        your words. Without it they give refusals and no number; with it every score of them carries the caution
        ``overruled``.

    Returns
    -------
    CaseScores

    Raises
    ------
    ScoreError
        If two ROIs have the same label, a weighting is not one that scores exist for, or the aggregate is unknown.
    FormatError
        If a RoiFile was drawn in another frame of reference.
    """
    check_volumes(volumes)
    drawn = rois
    rois = listed_rois(rois)
    labels = [roi.label for roi in rois]
    double = sorted({label for label in labels if labels.count(label) > 1})
    if double:
        raise ScoreError(
            f"Two ROIs are labelled {', '.join(map(repr, double))}; a score needs one ROI a label. Rename or delete one."
        )
    known = scored_weightings()
    unknown = sorted(set(volumes) - set(known))
    if unknown:
        raise ScoreError(
            f"No score is defined on {', '.join(unknown)} series; there are scores for {', '.join(known[:-1])} and {known[-1]}."
        )
    measured = {weighting: _measure_all(volume, rois, coverage, weighting) for weighting, volume in volumes.items()}
    noise_roi = next((roi for roi in rois if roi.label == NOISE), None)
    return score_tables(
        {weighting: m.table for weighting, m in measured.items()},
        aggregate=aggregate,
        acquisitions={weighting: volume.acquisition for weighting, volume in volumes.items()},
        refused=refusals_of(volumes),
        noise={
            weighting: check_series_noise(volumes[weighting], noise_roi, measured[weighting].table)
            for weighting in noise_weightings()
            if weighting in volumes
        },
        places=look_at_places(volumes, rois, measured={w: m.table for w, m in measured.items()}),
        series_cautions=cautions_of(volumes, drawn),
        cautions=tuple(caution for m in measured.values() for caution in m.cautions),
        reference=reference,
        rule=rule,
        excluded=dict(excluded or {}),
        rayleigh_correction=rayleigh_correction,
        overrule=overrule,
    )


def score_tables(
    measured: Mapping[str, Mapping[str, Measurement]],
    *,
    aggregate: AggregateChoice,
    acquisitions: Mapping[str, Acquisition] | None = None,
    noise: Mapping[str, NoiseCheck] | None = None,
    refused: Mapping[str, str] | None = None,
    places: Mapping[str, Sequence[PlacedRoiCheck]] | None = None,
    series_cautions: Mapping[str, Sequence[Caution]] | None = None,
    cautions: tuple[Caution, ...] = (),
    **choices: Unpack[ScoreChoices],
) -> CaseScores:
    """Every score that tables of measurements allow, with refusals and cautions.

    Parameters
    ----------
    measured : mapping
        Weighting to label to Measurement; a weighting without a score is passed over.
    aggregate : {"median", "mean", "both"}
        For scores that have the choice.
    acquisitions : mapping, optional
        Weighting to Acquisition.
    noise : mapping, optional
        Weighting to what :func:`~vbqkit.scores.noise.check_series_noise` found; without it the noise ROI is not
        checked.
    refused : mapping, optional
        Weighting to why that series must not be scored; see :func:`refusals_of`.
    places : mapping, optional
        Weighting to what :func:`~vbqkit.scores.places.look_at_places` found; without it nobody has looked where the
        ROIs lie.
    series_cautions : mapping, optional
        Weighting to what is odd about that series; it travels with its scores. See
        :func:`~vbqkit.scores.series_cautions.cautions_of`.
    cautions : tuple of Caution
        About ROIs that could not be measured; they are passed on.
    **choices
        reference, rule, excluded, rayleigh_correction, overrule, as for :func:`score_case`.

    Returns
    -------
    CaseScores

    Raises
    ------
    ScoreError
        If the aggregate is unknown.
    """
    if choices.get("overrule") is not None:
        measured = {w: {name: without_refusal(m) for name, m in table.items()} for w, table in measured.items()}
    inputs = ScoreInputs(
        measured=measured,
        acquisitions=acquisitions or {},
        noise=noise or {},
        refused=refused or {},
        places=places or {},
        cautions=series_cautions or {},
        **choices,
    )
    results = compute_scores(inputs, aggregate=aggregate)
    return CaseScores(results=results, inputs=inputs, cautions=(*cautions, *load_plugins()))


def without_refusal(m: Measurement) -> Measurement:
    """A measurement as one that may be scored; whoever takes the refusal away says so elsewhere."""
    return m if m.refusal is None else replace(m, refusal=None)


def refusals_of(images: Mapping[str, Volume | Slice]) -> dict[str, str]:
    """Why series must not be scored, by weighting; those that may are not in it.

    Series of different patients make no common score, and no ROI fits both.
    """
    refused = {w: image.refusal for w, image in images.items() if image.refusal is not None}
    if any(same_patient(a.acquisition, b.acquisition) is False for a, b in combinations(images.values(), 2)):
        mixed = "the series are of different patients, by PatientID (0010,0020). Score one patient at a time"
        refused = dict.fromkeys(images, mixed) | refused
    return refused


def score_value(
    images: Volume | Slice | Mapping[str, Volume | Slice],
    rois: Iterable[Roi],
    name: str,
    *,
    aggregate: Aggregate | None = None,
    reference: ReferenceGroup | None = None,
    rule: LevelRule | None = None,
    excluded: Mapping[str, str] | None = None,
    overrule: str | None = None,
) -> float:
    """One score of one image and its ROIs, without the checks and cautions that go with a report; for repeats.

    Only a refused series is refused; nobody looks at where the ROIs lie or at the noise ROI.

    Parameters
    ----------
    images : Volume, Slice, or mapping of str to these
        The image, or weighting to image for a score that needs several.
    rois : iterable of Roi
        Only those that the score asks for are measured.
    name : str
        A name in :data:`~vbqkit.scores.registry.SCORES`.
    aggregate : {"median", "mean"}
        For a score that has the choice, as VBQ.
    reference : ReferenceGroup, optional
        For the M-score.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`. Without a rule, a level that has no ROI is left out, or
        replaced where T12 or L5 has one.
    overrule : str, optional
        As for :func:`score_case`.

    Returns
    -------
    float
        In the unit of the score.

    Raises
    ------
    ScoreError
        If the score is unknown, its series is not there or must not be scored, the aggregate is not said, or a ROI is
        missing or off the image.
    """
    definition = score_definition(name)
    if definition.aggregates and aggregate not in definition.aggregates:
        raise ScoreError(f"{name} needs an aggregate, and got {aggregate!r}. Use one of {', '.join(AGGREGATES)}.")
    placed = {roi.label: roi for roi in listed_rois(rois)}
    shown = images if isinstance(images, Mapping) else _of_one(definition, images)
    for weighting in definition.weightings:
        if weighting not in shown:
            raise ScoreError(f"{name} needs a {weighting} series; this case has {', '.join(shown) or 'none'}.")
    if rule is None:
        rule, missing = rule_for_missing(placed)
        excluded = missing | dict(excluded or {})
    inputs = ScoreInputs(
        measured={w: _OnDemand(name, placed, shown[w], overruled=overrule is not None) for w in definition.weightings},
        acquisitions={w: shown[w].acquisition for w in definition.weightings},
        aggregate=aggregate,
        reference=reference,
        rule=rule,
        excluded=dict(excluded or {}),
        refused=refusals_of(shown),
        overrule=overrule,
    )
    result = definition.result(inputs)
    if isinstance(result, Refusal):
        raise ScoreError(result.reason)
    return result.value


def _of_one(definition: ScoreDefinition, image: Volume | Slice) -> dict[str, Volume | Slice]:
    own, needed = image.acquisition.weighting, definition.weightings
    if len(needed) > 1:
        raise ScoreError(
            f"{definition.name} needs {' and '.join(needed)} series; one image was given. Give {{'{needed[0]}': ...}}."
        )
    if own not in (needed[0], "unknown"):
        raise ScoreError(f"{definition.name} needs a {needed[0]} series; this image is {own}. Give that series.")
    return {needed[0]: image}


class _OnDemand(Mapping[str, Measurement]):
    """What ROIs measure on an image, each measured when it is asked for."""

    def __init__(self, score: str, rois: Mapping[str, Roi], image: Volume | Slice, *, overruled: bool) -> None:
        self._score, self._rois, self._image, self._overruled = score, rois, image, overruled
        self._found: dict[str, Measurement] = {}

    def __getitem__(self, label: str) -> Measurement:
        if label not in self._found:
            try:
                found = self._rois[label].measure(self._image)
                self._found[label] = without_refusal(found) if self._overruled else found
            except RoiError as error:
                raise ScoreError(f"{self._score} cannot be computed: {error}") from error
        return self._found[label]

    def __contains__(self, label: object) -> bool:
        return label in self._rois

    def __iter__(self) -> Iterator[str]:
        return iter(self._rois)

    def __len__(self) -> int:
        return len(self._rois)


def _measure_all(volume: Volume, rois: tuple[Roi, ...], coverage: Coverage, weighting: str) -> _Measured:
    found = _Measured()
    for roi in rois:
        try:
            found.table[roi.label] = roi.measure(volume, coverage=coverage)
        except RoiError as error:
            found.cautions.append(Caution("roi-not-measured", f"On the {weighting} series: {error}"))
    return found
