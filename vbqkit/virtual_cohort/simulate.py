"""Virtual cohorts as tables: one row a patient, scanner, day and reader."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pandas as pd

import vbqkit
from vbqkit.anatomy.reader_model import Reader
from vbqkit.errors import ScannerError, ScoreError
from vbqkit.roi.labels import NOISE
from vbqkit.scanner.forward_model import acquisition_of
from vbqkit.scanner.machine import Scanner
from vbqkit.scores.definition import ScoreDefinition, ScoreInputs
from vbqkit.scores.levels import rule_for_missing
from vbqkit.scores.marrow_to_csf import AGGREGATES, Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.result import Refusal
from vbqkit.virtual_cohort.design import (
    FURTHER,
    PLACED_BY_READERS,
    CohortDesign,
    Progress,
    checked_count,
    checked_readers,
    checked_scanners,
    checked_scores,
)
from vbqkit.virtual_cohort.person import CohortReading, Person, simulate_person

COHORT_COLUMNS = (
    *("id", "age_years", "sex", "bmi_kg_m2", "pdff_percent", "tbs"),
    *("true_bmd_g_cm2", "true_t_score", "true_hu", "true_qct_mg_cm3"),
    *("bmd_g_cm2", "t_score", "hu", "qct_mg_cm3", "osteoporosis_dexa", "osteoporosis_qct", "fracture"),
    *("scanner", "day", "reader"),
)
"""What stands before the scores; see :func:`simulate_cohort`."""

_TRIED = 8
"""Patients after whom a score that was given to none of them is given up."""


def simulate_cohort(
    n: int,
    scanners: str | Scanner | Sequence[str | Scanner] = "generic-1.5t",
    scores: str | Sequence[str] = "VBQ-T1",
    reader: Reader | Sequence[Reader] | int | None = None,
    *,
    seed: int,
    workers: int = 1,
    days: int = 1,
    ages: tuple[float, float] = (20.0, 80.0),
    sex: str | None = None,
    fractured: bool | None = None,
    aggregate: Aggregate = "median",
    reference: ReferenceGroup | Mapping[str, ReferenceGroup] | None = None,
    signals: bool = False,
    pictures: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Draw virtual patients, scan each on every scanner, and score what every reader measures. All synthetic.

    Relaxation times, dural sac, wear of the spine, the day at each scanner and the places of the ROIs differ as between
    people; a fractured person has an old fracture. Only the pixels under the ROIs are made
    (:mod:`vbqkit.validation.roi_signals`): levels, CSF and VBQ agree with the full simulation within 2 %.

    A patient's rows depend on the seed and the patient's number alone: they are the same for any number of workers,
    with more or fewer patients, and with other scanners or scores beside. Interrupted, nothing is left running.

    Parameters
    ----------
    n : int
        How many people.
    scanners : str, Scanner, or a sequence of them
        Names in :data:`vbqkit.scanner.SCANNERS`, or machines of your own.
    scores : str or sequence of str
        Names of scores that are known: of the package, a variant in use, a plug-in, or one of your own (`@score`).
    reader : Reader, sequence of Reader, int or None
        Who measures: given, or that many drawn (:func:`vbqkit.anatomy.draw_reader`); None: one.
    seed : int
        Where all chance starts.
    workers : int
        Processes. A script that asks for more than 1 must be importable (``if __name__ == "__main__":``).
    days : int
        Visits of each person to each scanner; the second is a rescan, with marrow as it was.
    ages, sex, fractured
        Who is drawn: years, ``"F"``, ``"M"`` or None for both, and only with or without a fracture.
    aggregate : {"median", "mean"}
        Of several levels, for a score that has the choice.
    reference : ReferenceGroup, or mapping of scanner name to ReferenceGroup
        For the M-score.
    signals : bool
        Whether the mean signals are given too, for a formula of your own: ``T1_L1`` and so on, T12 to L5, CSF and what
        else the scores ask for, on their series (a.u.); and ``T1_noise``, the SD of the noise.
    pictures : bool
        Measure on pictures, of which the slices with ROIs are made: for a score of single pixels, or a scanner with a
        flow void; a scanner and day then takes about three times as long.
    progress : callable
        ``progress(done, n)`` after every patient.

    Returns
    -------
    DataFrame
        One row a person, scanner, day and reader, in this order. id, age_years, sex, bmi_kg_m2; what is true:
        pdff_percent (mean of L1 to L4), tbs, true_bmd_g_cm2, true_t_score, true_hu (L1), true_qct_mg_cm3; what DEXA and
        CT measured on one visit: bmd_g_cm2, t_score, hu, qct_mg_cm3
        (:data:`~vbqkit.virtual_cohort.person.DEXA_CV_PERCENT`, :data:`~vbqkit.virtual_cohort.person.CT_CV_PERCENT`);
        outcomes, 0 or 1: osteoporosis_dexa (measured T-score at or below -2.5), osteoporosis_qct (measured QCT below 80
        mg/cm3), fracture; scanner, day and reader (1, 2, ...); one column a score, named as in cohort tables
        (``VBQ-T1`` is vbq_t1), nan where it is not given; not_given: which and why; origin: synthetic, version and
        seed.

    Raises
    ------
    ScannerError
        If a scanner is unknown, n is below 1, a reader does not say how it errs, or a worker ended.
    ScoreError
        If a score is unknown, needs what virtual patients or the quick way do not have, or is given to nobody.

    Examples
    --------
    >>> table = simulate_cohort(2, ("generic-1.5t", "philips-achieva-3t"), "VBQ-T1", seed=1)
    >>> table[["id", "scanner"]].values.tolist()[:2]
    [['V00001', 'generic-1.5t'], ['V00001', 'philips-achieva-3t']]
    >>> bool(table["vbq_t1"].between(1, 10).all())
    True
    """
    n = checked_count(n, "The number of patients")
    machines = checked_scanners(scanners, pictures=pictures)
    definitions = checked_scores(scores, machines)
    if aggregate not in AGGREGATES:
        raise ScoreError(f"Aggregate '{aggregate}' is unknown; use {' or '.join(map(repr, AGGREGATES))}.")
    labels = {label for definition in definitions for label in definition.labels}
    design = CohortDesign(
        seed=checked_count(seed, "The seed", least=0),
        scanners=machines,
        readers=checked_readers(reader, seed),
        days=checked_count(days, "The number of days"),
        weightings=tuple(dict.fromkeys(w for definition in definitions for w in definition.weightings)),
        further=tuple(label for label in FURTHER if label in labels),
        ages=ages,
        sex=sex,
        fractured=fractured,
        pictures=pictures,
    )
    scoring = _Scoring(design, definitions, aggregate, reference, signals=signals)
    people: dict[int, list[dict[str, Any]]] = {}
    for person in simulated(design, n, workers=checked_count(workers, "The number of workers")):
        people[person.number] = scoring.rows(person)
        scoring.give_up(len(people) == min(n, _TRIED))
        if progress is not None:
            progress(len(people), n)
    rows = [row for number in sorted(people) for row in people[number]]
    measured = [f"{w}_{label}" for w in design.weightings for label in (*PLACED_BY_READERS, *design.further)]
    of_scores = [*(definition.column for definition in definitions), *(measured if signals else ())]
    columns = [*COHORT_COLUMNS, *of_scores, "not_given", "origin"]
    origin = f"synthetic: vbqkit {vbqkit.__version__}, seed {design.seed}"
    return pd.DataFrame([row | {"origin": origin} for row in rows], columns=columns)


def simulated(design: CohortDesign, n: int, *, workers: int) -> Iterator[Person]:
    """The people of a design, as they come.

    Raises
    ------
    ScannerError
        If a process ended.
    """
    tasks = ((design, number) for number in range(n))
    if workers == 1:
        yield from map(simulate_person, tasks)
        return
    from vbqkit.batch.running import Processes, WorkerLost, done_by  # noqa: PLC0415 - not every Python has processes

    for (_, number), answer in done_by(Processes(min(workers, n)), simulate_person, list(islice(tasks, n))):
        if isinstance(answer, WorkerLost):
            raise ScannerError(
                f"The process that simulated patient {number + 1} ended. Take fewer workers if memory is short; in a script, begin "
                "under 'if __name__ == \"__main__\":'."
            )
        yield answer


class _Scoring:
    """Scores what was measured, in this process: whatever is registered here is known."""

    def __init__(
        self,
        design: CohortDesign,
        definitions: Sequence[ScoreDefinition],
        aggregate: Aggregate,
        reference: ReferenceGroup | Mapping[str, ReferenceGroup] | None,
        *,
        signals: bool,
    ) -> None:
        self._signals = signals
        self._definitions = definitions
        self._aggregate = aggregate
        self._reference = reference
        self._acquisitions = {
            s.name: {w: acquisition_of(s, s.protocol(w)) for w in design.weightings} for s in design.scanners
        }
        self._never = {definition.name: "" for definition in definitions}

    def rows(self, person: Person) -> list[dict[str, Any]]:
        """One row a reading."""
        return [
            {**person.row, "scanner": reading.scanner, "day": reading.day, "reader": reading.reader}
            | self._scores(reading)
            | (_mean_signals(reading) if self._signals else {})
            for reading in person.readings
        ]

    def _scores(self, reading: CohortReading) -> dict[str, Any]:
        found: dict[str, Any] = {}
        reasons = []
        rule, excluded = rule_for_missing(next(iter(reading.measured.values())))
        by_scanner = self._reference if isinstance(self._reference, Mapping) else {}
        reference = self._reference if isinstance(self._reference, ReferenceGroup) else by_scanner.get(reading.scanner)
        for definition in self._definitions:
            inputs = ScoreInputs(
                measured=reading.measured,
                acquisitions=self._acquisitions[reading.scanner],
                aggregate=self._aggregate if definition.aggregates else None,
                reference=reference,
                rule=rule,
                excluded=excluded,
            )
            result = definition.result(inputs)
            if isinstance(result, Refusal):
                found[definition.column] = math.nan
                reasons.append(f"{definition.name}: {result.reason}")
                if definition.name in self._never:
                    self._never[definition.name] = result.reason
            else:
                found[definition.column] = result.value
                self._never.pop(definition.name, None)
        return found | {"not_given": " ".join(reasons)}

    def give_up(self, now: bool) -> None:
        """Stop where a score was given to nobody."""
        if not now or not self._never:
            return
        name, reason = next(iter(self._never.items()))
        hint = " Pass pictures=True, which makes full pictures and takes longer." if "are not at hand" in reason else ""
        raise ScoreError(f"{name} was given to nobody on any scanner: {reason}{hint}")


def _mean_signals(reading: CohortReading) -> dict[str, float]:
    return {
        f"{w}_{label}": m.sd if label == NOISE else m.mean
        for w, table in reading.measured.items()
        for label, m in table.items()
    }
