"""A cut-off chosen on one scanner and carried to another: what becomes of it, and what wins it back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.errors import ScannerError, ScoreError, TableError
from vbqkit.scanner.presets import SCANNERS
from vbqkit.scanner.travelling import Tags, travel
from vbqkit.scores.registry import SCORES, score_definition
from vbqkit.stats import best_cutoff, cutoff_for_rate, proportion
from vbqkit.validation.travelling import tags_on

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CARRIED = (
    "where it was chosen",
    "as it is",
    "phantom factor",
    "reference group",
    "travelling score",
    "its own cut-off",
)
"""Ways of :func:`transport_cutoff`, from the scanner of the cut-off to the ceiling."""

MODELS = ("as measured", "outcome shuffled")
"""The table, and the null model."""

TRANSPORT_COLUMNS = (
    *("score", "from_scanner", "to_scanner", "outcome", "model", "criterion", "carried", "seed", "cutoff"),
    *("sensitivity", "sensitivity_low", "sensitivity_high", "specificity", "specificity_low", "specificity_high"),
    *("youden", "n_case", "n_control", "n_missing", "note"),
)
"""See :func:`transport_cutoff`."""

_TRAVELS = {"vbq_t1": "T1", "vbq_t2": "T2", "vbq_stir": "STIR"}
_LEAST = 4  # people with and without the outcome, so that each half has two


@dataclass(frozen=True, eq=False, slots=True)
class _People:
    """Everybody with the score on both scanners, scores turned so that high means positive."""

    here: FloatArray
    there: FloatArray
    brought: FloatArray | None
    ill: Mask
    sign: int
    missing: int


def transport_cutoff(
    table: pd.DataFrame,
    *,
    score: str,
    from_scanner: str,
    to_scanner: str,
    outcome: str,
    positive: Literal["high", "low"] | None = None,
    sensitivity: float = 0.9,
    phantom: float | None = None,
    reference: pd.DataFrame | None = None,
    tags: Mapping[str, Tags] | None = None,
    day: int = 1,
    reader: int = 1,
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Choose a cut-off on one scanner, carry it to another, and count who is found in people it was not chosen from.

    For each seed the people are parted into halves, cases and controls alike; a cut-off is chosen in one half on
    `from_scanner` and judged in the other on `to_scanner`, and the other way round, so that everybody is judged once:

    * ``"where it was chosen"``: on `from_scanner` itself, in the other half;
    * ``"as it is"``: unchanged on `to_scanner`;
    * ``"phantom factor"``: times `phantom`, as a phantom on both machines gives it (:func:`phantom_factor`);
    * ``"reference group"``: at the same number of SDs from the mean of young people on `to_scanner` as on
      `from_scanner` (`reference`): what an M-score does for SNR;
    * ``"travelling score"``: unchanged, on scores that :func:`vbqkit.scanner.travel` brings to `from_scanner` by the
      tags;
    * ``"its own cut-off"``: chosen on `to_scanner`, in the other half: the ceiling.

    All of it again with the outcome shuffled among the people (null model): there every way must have a Youden index of
    about 0. Read it as a lesson about cut-offs: nothing here makes one fit for patients.

    Parameters
    ----------
    table : DataFrame
        One row a person and scanner, as :func:`simulate_cohort` gives it: id, scanner, the score and the outcome; of
        day and reader, where there are such columns, `day` and `reader` are taken.
    score : str
        A score that is known, or a column.
    from_scanner, to_scanner : str
        Values of the column scanner.
    outcome : str
        A column of 0 and 1, such as ``"osteoporosis_dexa"``, ``"osteoporosis_qct"`` or ``"fracture"``.
    positive : {"high", "low"}, optional
        Which scores mean disease; for a score of the registry it is known.
    sensitivity : float
        Wanted by the second criterion; the first is the largest Youden index.
    phantom : float, optional
        From :func:`phantom_factor`, or measured by you.
    reference : DataFrame, optional
        Young healthy people on both scanners: a table like `table`.
    tags : mapping of str to Tags, optional
        Of scanners that are no presets, for the travelling score.
    day, reader : int
        Which rows are taken.
    seeds : sequence of int
        Of the halves and of shuffling.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        score, from_scanner, to_scanner, outcome; one row a model (:data:`MODELS`), criterion (``"youden"``,
        ``"sensitivity 0.9"``), way of :data:`CARRIED` and seed: cutoff (mean of the two halves, in the unit of the
        score on the scanner where it is applied; of a travelling score on `from_scanner`), sensitivity and specificity
        with exact (Clopper-Pearson) intervals, youden, n_case, n_control, n_missing, note. A way that cannot be gone
        has one row without a seed, and note says why. The intervals take the cut-offs as given and the people as a
        sample; how much the choosing adds is seen between the seeds.

    Raises
    ------
    TableError
        If a column, scanner or outcome is missing, somebody is there twice, or too few people have both scores.
    ScoreError
        If there is neither such a column nor such a score, or nobody knows which scores mean disease.

    References
    ----------
    Clopper and Pearson (1934); Youden (1950). That a cut-off must be validated elsewhere: TRIPOD (Collins et al., BMJ
    2015;350:g7594).
    """
    column, worse = _direction(table, score, positive)
    known = _people(table, column, (from_scanner, to_scanner), outcome, worse, day, reader)
    brought, why_not = _brought(known, column, from_scanner, to_scanner, tags or {})
    people = _People(known.here, known.there, brought, known.ill, known.sign, known.missing)
    ways, untold = _ways(column, from_scanner, to_scanner, people, phantom, reference, day, reader)
    if why_not:
        untold["travelling score"] = why_not
    about = {"score": score, "from_scanner": from_scanner, "to_scanner": to_scanner, "outcome": outcome}
    rows: list[dict[str, Any]] = []
    for model in MODELS:
        halves = [_Halves(people, seed, shuffled=model == MODELS[1]) for seed in seeds]
        for criterion, rate in (("youden", None), (f"sensitivity {sensitivity:g}", sensitivity)):
            of_seeds = [half.judged(ways, rate, confidence) for half in halves]
            for carried in CARRIED:
                of = about | {"model": model, "criterion": criterion, "carried": carried}
                if carried in untold:
                    rows.append(of | {"note": f"not given: {untold[carried]}"})
                else:
                    rows += [of | {"seed": seed} | one[carried] for seed, one in zip(seeds, of_seeds, strict=True)]
    return pd.DataFrame(rows, columns=list(TRANSPORT_COLUMNS))


def _direction(table: pd.DataFrame, score: str, positive: str | None) -> tuple[str, str]:
    """Column of a score, and which side of a cut-off is called positive."""
    column, known = score, positive
    if score not in table.columns or positive is None:
        definition = score_definition(score) if score not in table.columns else _of_column(score)
        if definition is not None:
            column, known = definition.column, positive or definition.worse
    if known not in ("high", "low"):
        raise ScoreError(f"Nobody has said which {score} means disease. Pass positive='high' or positive='low'.")
    return column, known


def _of_column(column: str) -> Any:
    return next((definition for definition in SCORES.values() if column in (definition.column, definition.name)), None)


def _people(
    table: pd.DataFrame,
    column: str,
    scanners: tuple[str, str],
    outcome: str,
    positive: str,
    day: int,
    reader: int,
) -> _People:
    wide, ill = _two_scanners(table, column, scanners, day, reader, outcome)
    both = np.isfinite(wide).all(axis=1) & np.isfinite(ill)
    cases, controls = int((ill[both] == 1).sum()), int((ill[both] == 0).sum())
    if min(cases, controls) < _LEAST:
        raise TableError(
            f"{cases} people with {outcome} = 1 and {controls} with 0 have {column} on both scanners; each half needs two of both. "
            f"Take more people ({int((~both).sum())} without a value were left out)."
        )
    sign = 1 if positive == "high" else -1
    here, there = sign * wide[both].T
    return _People(here, there, None, ill[both] == 1, sign, int((~both).sum()))


def _two_scanners(
    table: pd.DataFrame, column: str, scanners: tuple[str, str], day: int, reader: int, outcome: str | None
) -> tuple[FloatArray, FloatArray]:
    """Scores by person and scanner, and the outcome."""
    needed = ["id", "scanner", column, *([outcome] if outcome else [])]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise TableError(
            f"The table has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}. Give a table of simulate_cohort, or rename."
        )
    if scanners[0] == scanners[1]:
        raise TableError(f"A cut-off of '{scanners[0]}' is carried to the same scanner. Name two.")
    rows = table
    for name, wanted in (("day", day), ("reader", reader)):
        if name in rows.columns:
            rows = rows[rows[name] == wanted]
    for scanner in scanners:
        if scanner not in set(rows["scanner"]):
            there = ", ".join(sorted(map(str, set(table["scanner"]))))
            raise TableError(
                f"Nobody was on scanner '{scanner}' on day {day} with reader {reader}; the table has: {there}. Name one of these."
            )
    rows = rows[rows["scanner"].isin(scanners)]
    twice = rows.duplicated(["id", "scanner"])
    if twice.any():
        who = rows.loc[twice].iloc[0]
        raise TableError(
            f"'{who['id']}' is there more than once on '{who['scanner']}'. Keep one row a person and scanner."
        )
    numbers = pd.to_numeric(rows[column], errors="coerce")
    wide = rows.assign(_value=numbers).pivot_table(index="id", columns="scanner", values="_value", dropna=False)
    values: FloatArray = wide.reindex(columns=list(scanners)).to_numpy(dtype=np.float64)
    if outcome is None:
        return values, np.zeros(0)
    of_person = (
        pd.to_numeric(rows[outcome], errors="coerce").groupby(rows["id"]).agg(["min", "max"]).reindex(wide.index)
    )
    unequal = of_person["min"] != of_person["max"]
    if (unequal & of_person["min"].notna()).any():
        raise TableError(
            f"'{of_person.index[unequal][0]}' has {outcome} of 0 on one scanner and 1 on the other. Correct it: a person has one outcome."
        )
    ill: FloatArray = of_person["min"].to_numpy(dtype=np.float64)
    if not np.isin(ill[np.isfinite(ill)], (0.0, 1.0)).all():
        raise TableError(f"The outcome {outcome} must be 0 or 1. Make it so, such as (t_score <= -2.5).astype(int).")
    return values, ill


def _ways(
    column: str,
    from_scanner: str,
    to_scanner: str,
    people: _People,
    phantom: float | None,
    reference: pd.DataFrame | None,
    day: int,
    reader: int,
) -> tuple[dict[str, tuple[float, float]], dict[str, str]]:
    """Ways of carrying a (turned) cut-off as ``slope * cutoff + offset``, and those that cannot be gone."""
    ways, untold = {"as it is": (1.0, 0.0)}, {}
    if phantom is None:
        untold["phantom factor"] = (
            "no factor; pass phantom=phantom_factor(score, from_scanner, to_scanner), or your own."
        )
    elif not (math.isfinite(phantom) and phantom > 0):
        raise TableError(f"A phantom factor of {phantom} is not possible; give a number above 0.")
    else:
        ways["phantom factor"] = (phantom, 0.0)
    if reference is None:
        untold["reference group"] = (
            "no young people; pass reference= with simulate_cohort(..., ages=(20, 30)) on both scanners."
        )
        return ways, untold
    young, _ = _two_scanners(reference, column, (from_scanner, to_scanner), day, reader, None)
    young = people.sign * young[np.isfinite(young).all(axis=1)]
    if len(young) < 2 or not (young.std(axis=0, ddof=1) > 0).all():
        raise TableError(
            f"{len(young)} people of the reference group have {column} on both scanners; an SD needs 2 or more that differ."
        )
    (mean_a, mean_b), (sd_a, sd_b) = young.mean(axis=0), young.std(axis=0, ddof=1)
    ways["reference group"] = (float(sd_b / sd_a), float(mean_b - mean_a * sd_b / sd_a))
    return ways, untold


def _brought(
    people: _People, column: str, from_scanner: str, to_scanner: str, tags: Mapping[str, Tags]
) -> tuple[FloatArray | None, str]:
    """Scores of the second scanner brought to the first, nan where nobody drawn has such a score; or why not."""
    if column not in _TRAVELS:
        return None, "only VBQ-T1, VBQ-T2 and VBQ-STIR can travel."
    of = []
    for name in (from_scanner, to_scanner):
        if name not in tags and name not in SCANNERS:
            return None, f"the tags of '{name}' are not known; pass tags={{'{name}': Tags(...)}}."
        of.append(tags[name] if name in tags else tags_on(SCANNERS[name], _TRAVELS[column]))
    found = np.full(len(people.there), np.nan)
    for k, value in enumerate(people.sign * people.there):
        try:
            found[k] = people.sign * travel(float(value), of[1], to=of[0]).value
        except ScannerError:  # a score that no drawn person has
            continue
    if np.isfinite(found).sum() < len(found) / 2:
        return None, "hardly anybody of the drawn people has such scores under these tags."
    return found, ""


class _Halves:
    """The people parted by a seed: everybody is judged by a cut-off of the half they are not in."""

    def __init__(self, people: _People, seed: int, *, shuffled: bool) -> None:
        self._people = people
        self._ill = np.random.default_rng([seed, 1]).permutation(people.ill) if shuffled else people.ill
        self._half = np.zeros(len(self._ill), dtype=bool)
        rng = np.random.default_rng([seed, 0])
        for group in (np.flatnonzero(self._ill), np.flatnonzero(~self._ill)):
            self._half[rng.permutation(group)[: len(group) // 2]] = True

    def judged(
        self, ways: Mapping[str, tuple[float, float]], rate: float | None, confidence: float
    ) -> dict[str, dict[str, Any]]:
        """By way: cut-off, who is found, and how many."""
        here, there = (self._cutoffs(values, rate) for values in (self._people.here, self._people.there))
        found = {CARRIED[0]: self._called(self._people.here, here, confidence)}
        found |= {
            way: self._called(self._people.there, [slope * cutoff + offset for cutoff in here], confidence)
            for way, (slope, offset) in ways.items()
        }
        if self._people.brought is not None:
            found[CARRIED[4]] = self._called(self._people.brought, here, confidence)
        return found | {CARRIED[5]: self._called(self._people.there, there, confidence)}

    def _cutoffs(self, values: FloatArray, rate: float | None) -> list[float]:
        return [_chosen(values[train], self._ill[train], rate) for train in (self._half, ~self._half)]

    def _called(self, values: FloatArray, cutoffs: Sequence[float], confidence: float) -> dict[str, Any]:
        first, second = cutoffs
        called, judged = values >= np.where(self._half, second, first), np.isfinite(values)
        lost = int((~judged).sum())
        return _rates(called[judged], self._ill[judged], confidence) | {
            "cutoff": self._people.sign * float(np.mean(cutoffs)) if np.isfinite(cutoffs).all() else math.nan,
            "n_missing": self._people.missing + lost,
            "note": f"{lost} scores are such that no drawn person has them" if lost else "",
        }


def _chosen(values: FloatArray, ill: Mask, rate: float | None) -> float:
    """The cut-off that these people like best; infinite (nobody is positive) where none is better than chance."""
    outcome = ill.astype(int)
    if rate is None:
        found = best_cutoff(
            values, outcome, positive="high", criterion="youden", n_bootstrap=100, rng=np.random.default_rng(0)
        )
    else:
        found = cutoff_for_rate(values, outcome, positive="high", sensitivity=rate, interval="clopper-pearson")
    cutoff = float(found["estimate"].iloc[0])
    if math.isfinite(cutoff):
        return cutoff
    return math.inf if rate is None else -math.inf


def _rates(called: Mask, ill: Mask, confidence: float) -> dict[str, Any]:
    row: dict[str, Any] = {"n_case": int(ill.sum()), "n_control": int((~ill).sum())}
    for name, right in (("sensitivity", called[ill]), ("specificity", ~called[~ill])):
        exact = proportion(int(right.sum()), len(right), method="clopper-pearson", confidence=confidence).iloc[0]
        row |= {name: exact["estimate"], f"{name}_low": exact["ci_low"], f"{name}_high": exact["ci_high"]}
    return row | {"youden": row["sensitivity"] + row["specificity"] - 1.0}
