"""Two studies of one person: the difference of each score, beside the least significant change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from vbqkit.errors import ScoreError, TableError
from vbqkit.image import Volume
from vbqkit.roi.labels import NOISE
from vbqkit.scan_protocol import Difference, Kind, ScanProtocol
from vbqkit.scores.case import CaseScores
from vbqkit.scores.registry import SCORES
from vbqkit.scores.result import Score
from vbqkit.stats.precision import ENOUGH_DF, precision_error

Verdict = Literal["changed", "may have changed", "no change shown", "not comparable", "no least significant change"]

_DECIDES: Mapping[bool, tuple[Kind, ...]] = {
    False: ("scanner", "weighting"),
    True: ("scanner", "coil", "weighting", "noise"),
}
_FEWEST_PAIRS = 3
_DOUBTFUL = ("noise-bright", "noise-disagrees", "noise-unlike-tissue", "csf-not-uniform", "overruled")
"""Codes of cautions that speak against a value itself, and so against any difference from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastChange:
    """The least significant change (LSC) of a score: 2.77 times the precision error, with 95 % confidence.

    Attributes
    ----------
    value : float
        Unit of the score.
    ci_low, ci_high : float
        Its interval; nan where it is not known.
    source : str
        Whose: your own double readings, or a paper.
    note : str
        What its reader must know.
    """

    value: float
    source: str
    ci_low: float = math.nan
    ci_high: float = math.nan
    note: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise ScoreError(f"A least significant change of {self.value} is not possible; give a number above 0.")
        if not self.source.strip():
            raise ScoreError(
                "A least significant change without its source cannot be judged. Name the paper: author, year, doi."
            )


def own_least_change(table: pd.DataFrame, score: str) -> LeastChange:
    """The LSC from double readings of one's own cases, by the rules of the ISCD.

    Both readings are of the same images, so repositioning and rescanning are not in it: the true LSC is larger. That is
    said with it.

    Parameters
    ----------
    table : DataFrame
        From :func:`vbqkit.repeats.readings_table`.
    score : str
        Such as ``"VBQ-T1 (median)"``.

    Raises
    ------
    ScoreError
        With fewer than 3 cases read twice, or if no reading differs from the other.
    """
    pairs = table[(table["score"] == score) & (table["reader1"] == table["reader2"])]
    if len(pairs) < _FEWEST_PAIRS:
        raise ScoreError(
            f"{len(pairs)} of your cases have two readings of {score} by one reader; {_FEWEST_PAIRS} at least are needed, and {ENOUGH_DF} are wanted (ISCD). Read more cases "
            "twice, or give a published value with its source."
        )
    stacked = pd.concat([pairs["reading1"], pairs["reading2"]])
    try:
        found = precision_error(stacked.to_numpy(), [*pairs["code"], *pairs["code"]])
    except TableError as error:
        raise ScoreError(f"The least significant change of {score} is not known: {error}") from error
    row = found[found["quantity"] == "LSC"].iloc[0]
    if not row.estimate > 0:
        raise ScoreError(
            f"No second reading of {score} differs from the first, so they say nothing of the reader's error. Place the ROIs yourself in both."
        )
    note = "Both readings are of the same images: repositioning and scanning again are not in it, so the true one is larger."
    if row.df < ENOUGH_DF:
        note += f" It rests on {row.df:g} degrees of freedom; the ISCD asks for {ENOUGH_DF}."
    return LeastChange(
        value=float(row.estimate),
        ci_low=float(row.ci_low),
        ci_high=float(row.ci_high),
        source=f"your own {len(pairs)} cases read twice",
        note=note,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreChange:
    """One score of two studies of a person.

    Attributes
    ----------
    score : str
        With the aggregate.
    now, before : float
        Both values.
    verdict : str
        ``"changed"``: by more than the upper limit of the LSC (the LSC itself, where it has no interval); ``"may have
        changed"``: by more than its lower limit; ``"no change shown"``; ``"not comparable"``; or ``"no least
        significant change"``: none is known.
    text : str
        In words: the difference, the LSC and its source, and why two scans are not comparable.
    """

    score: str
    now: float
    before: float
    verdict: Verdict
    text: str

    @property
    def difference(self) -> float:
        """Now minus before, in the unit of the score."""
        return self.now - self.before


def compare_scores(
    now: CaseScores,
    before: CaseScores,
    *,
    volumes_now: Mapping[str, Volume],
    volumes_before: Mapping[str, Volume],
    least: Mapping[str, LeastChange] | None = None,
    coil: str = "",
) -> tuple[ScoreChange, ...]:
    """The difference of every score that both studies give.

    Scores over CSF need the same scanner and the same weighting (sequence, TR, TE ...); scores over noise the same
    coil, bandwidth, averages, voxel and filters too. Where anything of this differs, or the headers do not state it,
    the two numbers are shown and no change is judged.

    Parameters
    ----------
    now, before : CaseScores
        From :func:`vbqkit.scores.score_case`, with the same options.
    volumes_now, volumes_before : mapping of str to Volume
        What was scored.
    least : mapping of str to LeastChange, optional
        By score with its aggregate.
    coil : str
        The coil of both, where the headers are silent.
    """
    earlier = {one.key: one for one in before.results if isinstance(one, Score)}
    return tuple(
        _change(one, earlier[one.key], volumes_now, volumes_before, (least or {}).get(one.key), coil)
        for one in now.results
        if isinstance(one, Score) and one.key in earlier
    )


def _change(
    now: Score,
    before: Score,
    volumes_now: Mapping[str, Volume],
    volumes_before: Mapping[str, Volume],
    least: LeastChange | None,
    coil: str,
) -> ScoreChange:
    difference = now.value - before.value
    said = f"{now.key}: {now.value:.4g} now, {before.value:.4g} before, difference {difference:+.3g}."
    against, also = _against(now, before, volumes_now, volumes_before, coil)
    verdict: Verdict
    if against:
        verdict = "not comparable"
        said += f" Not comparable: {' '.join(against)}"
    elif least is None:
        verdict = "no least significant change"
        said += " Whether that is a change cannot be said: no least significant change is known."
    else:
        low = least.value if math.isnan(least.ci_low) else least.ci_low
        high = least.value if math.isnan(least.ci_high) else least.ci_high
        size = abs(difference)
        verdict = "changed" if size > high else "may have changed" if size > low else "no change shown"
        limits = "" if math.isnan(least.ci_high) else f" ({least.ci_low:.3g} to {least.ci_high:.3g})"
        judged = {
            "changed": "the difference is beyond it",
            "may have changed": "the difference is within its uncertainty",
            "no change shown": "the difference is within it, and no change is shown",
        }[verdict]
        said += f" Least significant change (95 %), from {least.source}: {least.value:.3g}{limits}; {judged}. {least.note}".rstrip()
    said += "".join(f" {text}" for text in also)
    codes = dict.fromkeys(c.code for one in (now, before) for c in one.cautions if c.code in _DOUBTFUL)
    said += f" Either value is doubtful: {', '.join(codes)}." if codes else ""
    return ScoreChange(score=now.key, now=now.value, before=before.value, verdict=verdict, text=said)


def _against(
    now: Score, before: Score, volumes_now: Mapping[str, Volume], volumes_before: Mapping[str, Volume], coil: str
) -> tuple[list[str], list[str]]:
    """Why the two cannot be compared, and what else differs."""
    definition = SCORES[now.name]
    decides = _DECIDES[definition.divisor == NOISE]
    found, also = [], []
    if now.levels != before.levels:
        found.append(f"it is of {' '.join(now.levels)} now and was of {' '.join(before.levels)}.")
    if now.options != before.options and definition.against_reference:
        found.append("the reference group is not the same.")
    for weighting in definition.weightings:
        one, two = (ScanProtocol.of(v[weighting], coil=coil) for v in (volumes_now, volumes_before))
        unknown = {*one.missing(), *two.missing()} - ({"coil"} if "coil" not in decides else set())
        if unknown:
            found.append(f"a header does not state {', '.join(sorted(unknown))} of the {weighting} series.")
        differs = one.differences(two)
        stops = [d for d in differs if d.item.kind in decides]
        if any(d.item.kind == "scanner" for d in stops):
            found.append(f"the {weighting} series are of different scanners ({_listed(stops)}).")
        elif stops:
            found.append(f"the {weighting} series were scanned differently ({_listed(stops)}).")
        rest = [d for d in differs if d.item.kind not in decides]
        if rest and not stops:
            also.append(
                f"The {weighting} series differ in what changes noise and brightness more than this score: {_listed(rest)}."
            )
    return found, also


def _listed(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{d.item.words} {d.one} now, {d.other} before" for d in differences[:5]) + (
        f"; and {len(differences) - 5} more" if len(differences) > 5 else ""
    )
