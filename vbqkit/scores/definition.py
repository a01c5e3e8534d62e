"""What a score is made of: the numbers it is computed from, and the entry with all that its callers need to know."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from numbers import Real
from typing import Any, Literal, TypedDict

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, ScoreError
from vbqkit.roi import Measurement, RoiPixels
from vbqkit.roi.labels import ALL_LEVELS, CSF, NOISE, REGIONS
from vbqkit.scores.levels import LevelRule
from vbqkit.scores.marrow_to_csf import Aggregate, aggregated
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.placed_roi import PlacedRoiCheck
from vbqkit.scores.result import HIGHER_IS_POORER, LOWER_IS_POORER, Refusal, Score
from vbqkit.values import ByContent

Key = tuple[str, str]
"""Weighting and label of a measurement."""


class ScoreChoices(TypedDict, total=False):
    """What the papers leave open, as keywords: see :class:`ScoreInputs`."""

    reference: ReferenceGroup | None
    rule: LevelRule
    excluded: Mapping[str, str]
    rayleigh_correction: bool
    overrule: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreInputs(ByContent):
    """All that scores are computed from.

    Attributes
    ----------
    measured : mapping
        Weighting (``"T1"``, ``"T2"``, ``"STIR"``) to label to Measurement; labels L1 to L4, T12, L5, CSF, noise, and
        any other that a ROI has.
    acquisitions : mapping
        Weighting to Acquisition.
    noise : mapping
        Weighting to what :func:`~vbqkit.scores.noise.check_series_noise` found; for scores over noise.
    aggregate : {"median", "mean"} or None
        How several levels become one number, for scores that have the choice.
    reference : ReferenceGroup or None
        For the M-score.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.
    rayleigh_correction : bool
        For SNR.
    refused : mapping
        Weighting to why that series must not be scored: a contrast agent, a derived picture, fat suppression.
    overrule : str or None
        Why a refused series, or ROIs in a wrong place, are scored all the same. Every score then says that it was
        overruled, and what.
    places : mapping
        Weighting to what :func:`~vbqkit.scores.places.look_at_places` found: a ROI in a wrong place refuses the scores
        that use it, a doubtful one travels with them as a caution.
    cautions : mapping
        Weighting to what else is odd about that series, or about the file of its ROIs; all of it travels with every
        score of the series. See :func:`~vbqkit.scores.series_cautions.cautions_of`.
    """

    measured: Mapping[str, Mapping[str, Measurement]]
    acquisitions: Mapping[str, Acquisition] = field(default_factory=dict)
    noise: Mapping[str, NoiseCheck] = field(default_factory=dict)
    aggregate: Aggregate | None = None
    reference: ReferenceGroup | None = None
    rule: LevelRule = "all four"
    excluded: Mapping[str, str] = field(default_factory=dict)
    rayleigh_correction: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)
    overrule: str | None = None
    places: Mapping[str, Sequence[PlacedRoiCheck]] = field(default_factory=dict)
    cautions: Mapping[str, Sequence[Caution]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.overrule is not None and not (isinstance(self.overrule, str) and self.overrule.strip()):
            raise ScoreError(
                f"overrule={self.overrule!r} gives no reason; every score that is overruled carries one. Say why in words."
            )

    def on(self, weighting: str, label: str) -> Measurement:
        """One measurement.

        Raises
        ------
        ScoreError
            Saying what to place where, if it is not there.
        """
        table = self.measured.get(weighting)
        if table is None:
            raise ScoreError(
                f"there is no {weighting} series with ROIs. Load one, or set the weighting of a series to {weighting} yourself."
            )
        if label not in table:
            raise ScoreError(f"no ROI '{label}' on the {weighting} series. Place it.")
        return table[label]

    def pixels(self, weighting: str, label: str) -> RoiPixels:
        """The pixels under one ROI with their weights, as :meth:`vbqkit.roi.Roi.values` gives them.

        In a random draw for an interval they are moved and spread to the mean and SD that were drawn.

        Raises
        ------
        ScoreError
            If the ROI is not there, or what is there is a measurement without its pixels.
        """
        measured = self.on(weighting, label)
        pixels = measured.pixels
        if pixels is None:
            raise ScoreError(
                f"the pixels under ROI '{label}' on the {weighting} series are not at hand, only their mean and SD. Score the "
                "pictures themselves, with score_case()."
            )
        return pixels.with_mean_and_sd(measured.mean, measured.sd)

    def signal(self, weighting: str, *labels: str) -> float:
        """Mean signal of a ROI, or the aggregate of the mean signals of several.

        Median or mean as `aggregate` says; the mean where the score has no choice of aggregate.

        Raises
        ------
        ScoreError
            If a ROI is not there.
        """
        means = [self.on(weighting, label).mean for label in labels]
        return aggregated(means, self.aggregate or "mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreDefinition:
    """A score as data: the one place that says what a score is.

    Attributes
    ----------
    name, title : str
        Short name, and what it is in words, for an axis or a heading.
    unit, direction, source, formula : str
        How to read it, where it comes from, how it is computed. `direction` is
        :data:`~vbqkit.scores.result.HIGHER_IS_POORER`, ``LOWER_IS_POORER``, ``NO_DIRECTION``, or other words.
    weightings : tuple of str
        Series it needs, together.
    regions : tuple of str
        Labels of the ROIs it is made of, other than the divisor: names in :data:`vbqkit.roi.REGIONS` (levels,
        endplates, CSF at a level, fat, muscle) and in `own_regions`.
    divisor : {"CSF", "noise"} or None
        The ROI in the denominator. With ``"noise"`` the noise ROI is checked first, and what is found travels with the
        score.
    aggregates : tuple of str
        ``("median", "mean")`` if the score has the choice: it is then given with each.
    against_reference : bool
        Whether it counts SDs from the mean of a reference group, ``(x - mean) / SD``; the size of that group is then
        part of its uncertainty.
    compute : callable
        ``compute(inputs)`` gives a Score, or the number alone. It raises ScoreError with the reason why not.
    own_regions : tuple of str
        Regions that the package does not know: said here, so that a slip of the pen in `regions` is found.
    verified : str
        Against which printed numbers it was checked; empty: it was not.
    """

    name: str
    title: str
    unit: str
    direction: str
    source: str
    formula: str
    weightings: tuple[str, ...]
    regions: tuple[str, ...]
    divisor: Literal["CSF", "noise"] | None = None
    aggregates: tuple[Aggregate, ...] = ()
    against_reference: bool = False
    compute: Callable[[ScoreInputs], Score | float]
    own_regions: tuple[str, ...] = ()
    verified: str = ""

    @property
    def column(self) -> str:
        """Its column in a cohort table: ``"VBQ-T2-STIR"`` is ``vbq_t2_stir``."""
        return re.sub(r"[^0-9a-z]+", "_", self.name.casefold()).strip("_")

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of all ROIs that it needs: the regions and the divisor."""
        return self.regions if self.divisor is None else tuple(dict.fromkeys((*self.regions, self.divisor)))

    @property
    def worse(self) -> Literal["high", "low", ""]:
        """Which way means poorer bone; empty where no direction is established."""
        if self.direction.startswith(HIGHER_IS_POORER):
            return "high"
        return "low" if self.direction.startswith(LOWER_IS_POORER) else ""

    def check(self) -> None:
        """See whether the entry is whole.

        Raises
        ------
        ScoreError
            Naming what is missing or unknown.
        """
        for name in ("name", "title", "unit", "direction", "source", "formula"):
            value = getattr(self, name)
            if not (isinstance(value, str) and value.strip()):
                raise ScoreError(
                    f"The {name} of the score {self.name!r} is {value!r}; words were expected. Say it, so that every table can."
                )
        for name in ("weightings", "regions"):
            values = getattr(self, name)
            if not (isinstance(values, tuple) and values and all(isinstance(v, str) and v for v in values)):
                raise ScoreError(
                    f"The {name} of the score {self.name!r} are {values!r}; a tuple of names was expected, such as ('L1', 'fat')."
                )
        unknown = [region for region in self.regions if region not in (*REGIONS, *self.own_regions)]
        if unknown:
            near = get_close_matches(unknown[0], REGIONS, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise ScoreError(
                f"The score {self.name!r} has the unknown region {unknown[0]!r}.{meant} "
                f"vbqkit.roi.REGIONS lists all; a ROI of your own is named in own_regions=({unknown[0]!r},) too."
            )
        if self.divisor not in (CSF, NOISE, None):
            raise ScoreError(
                f"The divisor of the score {self.name!r} is {self.divisor!r}; use {CSF!r}, {NOISE!r}, or None and name the ROI in regions."
            )
        if set(self.aggregates) - {"median", "mean"}:
            raise ScoreError(
                f"The aggregates of the score {self.name!r} are {self.aggregates!r}; 'median' and 'mean' exist. Use these or ()."
            )
        if not callable(self.compute):
            raise ScoreError(f"compute of the score {self.name!r} is {self.compute!r}; give a function of ScoreInputs.")

    def value(self, inputs: ScoreInputs) -> float:
        """The number alone, without the checks of :meth:`result`; for random draws and derivatives.

        Raises
        ------
        Exception
            Whatever `compute` raises.
        """
        found = self.compute(inputs)
        return found.value if isinstance(found, Score) else float(found)

    def asked(self, inputs: ScoreInputs) -> tuple[Key, ...]:
        """Which measurements the score asks for, as (weighting, label), in that order.

        Raises
        ------
        Exception
            Whatever `compute` raises.
        """
        recorder: dict[Key, None] = {}
        self.compute(_recorded(inputs, recorder))
        return tuple(recorder)

    def result(self, inputs: ScoreInputs) -> Score | Refusal:
        """The score, or the reason why it is not given; whatever `compute` does, nothing is raised.

        Parameters
        ----------
        inputs : ScoreInputs
            With the aggregate, if the score has the choice.
        """
        aggregate = inputs.aggregate if self.aggregates else None
        against = [
            f"the {w} series cannot be scored: {inputs.refused[w]}" for w in self.weightings if w in inputs.refused
        ]
        if against and inputs.overrule is None:
            return Refusal(self.name, against[0], aggregate)
        overruled = _overruled(against, inputs)
        checks = [inputs.noise[w] for w in self.weightings if w in inputs.noise] if self.divisor == NOISE else []
        for check in checks:
            if check.refusal:
                return Refusal(self.name, check.refusal, aggregate)
        recorder: dict[Key, None] = {}
        try:
            found: Any = self.compute(_recorded(inputs, recorder))
        except ScoreError as error:
            return Refusal(self.name, str(error), aggregate)
        except Exception as error:  # a registered function may raise anything, and costs its own row only
            reason = f"its function stopped with {type(error).__name__}: {error}. Correct the function that was registered for it."
            return Refusal(self.name, reason, aggregate)
        value: Any = found.value if isinstance(found, Score) else found
        if isinstance(value, bool) or not isinstance(value, Real):
            reason = f"its function gave {found!r} ({type(found).__name__}), not a number or a Score. Correct what it returns."
            return Refusal(self.name, reason, aggregate)
        if not math.isfinite(value):
            reason = f"its value is {value}, not a finite number. Look for a signal of 0 or a pixel without a value in its ROIs."
            return Refusal(self.name, reason, aggregate)
        places = _places_of(inputs, recorder)
        misplaced = tuple(dict.fromkeys(str(place) for place in places if place.refuses))
        if misplaced and inputs.overrule is None:
            return Refusal(self.name, " ".join(dict.fromkeys(p.message for p in places if p.refuses)), aggregate)
        overruled += _overruled(misplaced, inputs)
        score = found if isinstance(found, Score) else self._score(float(value), inputs, tuple(recorder))
        doubts = [place.as_caution() for place in places if not place.refuses]
        codes = {caution.code for caution in doubts}  # the placement check says the same with the shift it may cause
        series = [caution for w in self.weightings for caution in inputs.cautions.get(w, ())]
        noise = [caution for check in checks for caution in check.cautions]
        own = [caution for caution in score.cautions if caution.code not in codes]
        return replace(
            score,
            name=self.name,
            aggregate=aggregate,
            regions=tuple(dict.fromkeys(label for _, label in recorder)),
            cautions=tuple(dict.fromkeys((*overruled, *doubts, *series, *own, *noise))),
        )

    def _score(self, value: float, inputs: ScoreInputs, asked: tuple[Key, ...]) -> Score:
        """A number with what the definition says of it, and the means of the ROIs that were asked for as its parts."""
        several = len({weighting for weighting, _ in asked}) > 1
        return Score(
            name=self.name,
            value=value,
            unit=self.unit,
            formula=self.formula,
            direction=self.direction,
            source=self.source,
            levels=tuple(level for level in ALL_LEVELS if level in {label for _, label in asked}),
            parts=tuple(
                (f"{label} {weighting} mean" if several else f"{label} mean", inputs.measured[weighting][label].mean)
                for weighting, label in asked
            ),
            options=(("aggregate", str(inputs.aggregate)),) if self.aggregates else (),
        )


def _overruled(reasons: Iterable[str], inputs: ScoreInputs) -> tuple[Caution, ...]:
    return tuple(
        Caution("overruled", f"overruled: {reason}. Stated reason: {inputs.overrule}")
        for reason in (reason.rstrip(".") for reason in reasons)
    )


def _places_of(inputs: ScoreInputs, asked: Iterable[Key]) -> list[PlacedRoiCheck]:
    """What was found about the ROIs that a score was made from, on the series that they were measured on."""
    used: dict[str, list[str]] = {}
    for weighting, label in asked:
        used.setdefault(weighting, []).append(label)
    return [place for w, labels in used.items() for place in inputs.places.get(w, ()) if place.concerns(labels)]


class _Recorded(Mapping[str, Measurement]):
    """A table of measurements that remembers which of them were asked for."""

    def __init__(self, weighting: str, table: Mapping[str, Measurement], recorder: dict[Key, None]) -> None:
        self._weighting, self._table, self._recorder = weighting, table, recorder

    def __getitem__(self, label: str) -> Measurement:
        found = self._table[label]
        self._recorder[self._weighting, label] = None
        return found

    def __contains__(self, label: object) -> bool:
        return label in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _recorded(inputs: ScoreInputs, recorder: dict[Key, None]) -> ScoreInputs:
    return replace(inputs, measured={w: _Recorded(w, table, recorder) for w, table in inputs.measured.items()})
