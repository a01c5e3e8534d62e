"""How far a travelling score gets: the same virtual people on several machines, a null model, and printed pairs.

``python -m vbqkit.validation.travelling`` runs all of it and prints the tables of ``validation/travelling.md``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vbqkit.anatomy.reader_model import draw_reader
from vbqkit.errors import ScannerError
from vbqkit.roi.labels import CSF, SCORED_LEVELS
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.travelling import Tags, fat_fraction, travel
from vbqkit.scanner.visit import draw_day
from vbqkit.validation.ordinary_protocols import (
    STIR_TE_MS,
    STIR_TI_MS,
    STIR_TR_MS,
    STIR_TRAIN,
    T1_TE_MS,
    T1_TR_MS,
    T1_TRAIN,
    T2_TE_MS,
    T2_TR_MS,
    T2_TRAIN,
)
from vbqkit.validation.quick_cohort import drawn_person, signals_of

FloatArray = npt.NDArray[np.float64]

MACHINES = ("generic-1.5t", "philips-achieva-3t", "generic-1.5t-plain", "hitachi-1.2t", "ge-hdx-1.5t")
WEIGHTINGS = ("T1", "T2", "STIR")
PAIRS = (
    ("generic-1.5t", "philips-achieva-3t"),
    ("philips-achieva-3t", "generic-1.5t"),
    ("generic-1.5t", "generic-1.5t-plain"),
    ("generic-1.5t-plain", "philips-achieva-3t"),
    ("hitachi-1.2t", "generic-1.5t"),
)
_AGES = (45.0, 85.0)

Task = tuple[int, int]


def tags_on(scanner: Scanner, weighting: str) -> Tags:
    """What the header of a series of a preset would say, and whether its brightness is even."""
    timing = scanner.protocol(weighting).timing
    even = scanner.coil is None or scanner.uniformity_correction >= 0.5
    return Tags(
        weighting=weighting,
        field_t=scanner.field_t,
        tr_ms=timing.tr_ms,
        te_ms=timing.te_ms,
        ti_ms=timing.ti_ms,
        echo_train_length=timing.echo_train_length,
        corrected=even,
    )


def measured_on_all(task: Task) -> list[dict[str, Any]]:
    """One woman on a day of her own on every machine, by one reader: one row a machine."""
    seed, number = task
    rng = np.random.default_rng([seed, number])
    patient, phantom = drawn_person(rng, sex="F", age_range=_AGES, fractured=False)
    reader, rows = draw_reader(np.random.default_rng(seed)), []
    for name in MACHINES:
        scanner = scanner_named(name)
        found = {
            r["weighting"]: r
            for r in signals_of(phantom, scanner, draw_day(rng, scanner.protocols[0]), reader, rng=rng)
        }
        row: dict[str, Any] = {
            "person": number,
            "machine": name,
            "pdff": float(np.mean(patient.pdff)),
            "osteoporosis": int(patient.t_score <= -2.5),
        }
        for w in WEIGHTINGS:
            row[w] = float(np.median([found[w][level] for level in SCORED_LEVELS]) / found[w][CSF])
        rows.append(row)
    return rows


def travelling_cohort(n: int, *, seed: int, spread: Callable[..., Iterable[Any]] = map) -> pd.DataFrame:
    """Women of 45 to 85 years on five machines, with the truth: one row a woman and machine.

    Columns person, machine, pdff (mean of L1 to L4, 0 to 1), osteoporosis, and the ratios T1, T2, STIR.
    """
    return pd.DataFrame([row for rows in spread(measured_on_all, [(seed, k) for k in range(n)]) for row in rows])


def travelled_rows(cohort: pd.DataFrame, *, swapped: bool = False) -> pd.DataFrame:
    """For each pair of machines: VBQ-T1 of the one brought to the other, against what the other measured.

    Columns from, to, n, plain_percent and travelled_percent (mean of measured over untravelled, and over travelled,
    less 100), sd_percent (of the latter), coverage (of the 95 % intervals). `swapped`: the null model, tags of the two
    machines exchanged.
    """
    rows = []
    for a, b in PAIRS:
        of_a, of_b = tags_on(scanner_named(a), "T1"), tags_on(scanner_named(b), "T1")
        here, there = (_of(cohort, m, "T1") for m in (a, b))
        told, to = (of_b, of_a) if swapped else (of_a, of_b)
        found = [_try(travel, x, told, to=to) for x in here]
        kept = [(t, x, y) for t, x, y in zip(found, here, there, strict=True) if t is not None and math.isfinite(y)]
        error = np.array([100.0 * (y / t.value - 1.0) for t, _, y in kept])
        rows.append(
            {
                "from": a,
                "to": b,
                "n": len(kept),
                "plain_percent": float(np.mean([100.0 * (y / x - 1.0) for _, x, y in kept])),
                "travelled_percent": float(error.mean()),
                "sd_percent": float(error.std(ddof=1)),
                "coverage": float(np.mean([t.holds(y) for t, _, y in kept])),
            }
        )
    return pd.DataFrame(rows)


def cutoff_rows(cohort: pd.DataFrame) -> pd.DataFrame:
    """A cut-off of one machine on another one: as it is, with travelled scores, and the other machine's own."""
    rows = []
    for a, b in PAIRS:
        of_a, of_b = tags_on(scanner_named(a), "T1"), tags_on(scanner_named(b), "T1")
        sick = _of(cohort, a, "osteoporosis").astype(int)
        here, there = (_of(cohort, m, "T1") for m in (a, b))
        back = np.array([t.value if (t := _try(travel, x, of_b, to=of_a)) else math.nan for x in there])
        cut, own = _youden(here, sick), _youden(there, sick)
        for how, values, limit in (("as it is", there, cut), ("travelled", back, cut), ("its own", there, own)):
            known = np.isfinite(values)
            positive = values[known] >= limit
            ill = sick[known] == 1
            rows.append(
                {
                    "cut-off of": a,
                    "on": b,
                    "how": how,
                    "sensitivity": float(positive[ill].mean()),
                    "specificity": float((~positive[~ill]).mean()),
                    "n": int(known.sum()),
                }
            )
    return pd.DataFrame(rows)


def fat_rows(cohort: pd.DataFrame, *, rng: np.random.Generator | None = None) -> pd.DataFrame:
    """Fat fraction from T1, T2 and STIR together and from T1 alone, against the truth, on each machine.

    Columns machine, series, n, bias, rmse (points of PDFF), r, coverage, and null_rmse: of the mean of all people. With
    `rng` the null model: the signals of another woman.
    """
    rows = []
    for machine in MACHINES:
        table = cohort[cohort["machine"] == machine].reset_index(drop=True)
        truth = table["pdff"].to_numpy()
        who = np.arange(len(table)) if rng is None else rng.permutation(len(table))
        for series in dict.fromkeys((WEIGHTINGS, WEIGHTINGS[:1], WEIGHTINGS[:2])):
            tags = {w: tags_on(scanner_named(machine), w) for w in series}
            found = [_try(fat_fraction, {tags[w]: float(table.loc[k, w]) for w in series}) for k in who]
            kept = [(t, x) for t, x in zip(found, truth, strict=True) if t is not None]
            error = np.array([100.0 * (t.value - x) for t, x in kept])
            true = np.array([x for _, x in kept])
            rows.append(
                {
                    "machine": machine,
                    "series": " + ".join(series),
                    "n": len(kept),
                    "not given": len(found) - len(kept),
                    "bias": float(error.mean()),
                    "rmse": float(np.sqrt((error**2).mean())),
                    "r": float(np.corrcoef(true, [t.value for t, _ in kept])[0, 1]),
                    "coverage": float(np.mean([t.holds(x) for t, x in kept])),
                    "null_rmse": float(100.0 * true.std()),
                }
            )
    return pd.DataFrame(rows)


def ordinary_tags(weighting: str, field_t: float, rng: np.random.Generator) -> Tags:
    """Tags of a study that does not print its times, drawn from the ordinary range."""
    tr, te, train = {
        "T1": (T1_TR_MS, T1_TE_MS, T1_TRAIN),
        "T2": (T2_TR_MS, T2_TE_MS, T2_TRAIN),
        "STIR": (STIR_TR_MS, STIR_TE_MS, STIR_TRAIN),
    }[weighting]
    return Tags(
        weighting=weighting,
        field_t=field_t,
        tr_ms=float(rng.uniform(*tr)),
        te_ms=float(rng.uniform(*te)),
        ti_ms=float(rng.uniform(*STIR_TI_MS)) if weighting == "STIR" else None,
        echo_train_length=int(rng.integers(train[0], train[1] + 1)),
        corrected=None,
    )


def field_pair(*, seed: int = 0, times: int = 40) -> tuple[float, float, float]:
    """VBQ-T1 of 2.769 at 1.5 T brought to 3 T, times of both unknown: median and 95 % limits of the factor.

    Printed: 2.199 at 3 T, factor 0.794 (J Orthop Surg Res 2023, doi:10.1186/s13018-023-04268-5; one hospital, 1,200
    people at each field, not the same people; times are not in the abstract).
    """
    rng, factors = np.random.default_rng(seed), []
    for _ in range(times):
        found = _try(travel, 2.769, ordinary_tags("T1", 1.5, rng), to=ordinary_tags("T1", 3.0, rng))
        if found is not None:
            factors += [found.value / 2.769, found.ci_low / 2.769, found.ci_high / 2.769]
    middle = factors[::3]
    return float(np.median(middle)), float(np.median(factors[1::3])), float(np.median(factors[2::3]))


def printed_fat(*, seed: int = 0, times: int = 40) -> pd.DataFrame:
    """Fat fraction from printed means of groups: Huang 2026 (T1, T2, STIR; no times) and Chen 2023 (T1, its times)."""
    rng, rows = np.random.default_rng(seed), []
    for group, vbqs in (
        ("Huang 2026, fracture", {"T1": 4.4, "T2": 0.601, "STIR": 0.318}),
        ("Huang 2026, no fracture", {"T1": 4.1, "T2": 0.548, "STIR": 0.316}),
    ):
        found = [
            _try(fat_fraction, {ordinary_tags(w, 1.5, rng): v for w, v in vbqs.items()}, draws=1500)
            for _ in range(times)
        ]
        rows.append(_group(group, [one for one in found if one is not None], times))
    achieva = Tags(weighting="T1", field_t=3.0, tr_ms=600.0, te_ms=20.0, corrected=None)
    for group, vbq in (("Chen 2023, degenerative", 2.9), ("Chen 2023, control", 2.8)):
        rows.append(_group(group, [fat_fraction({achieva: vbq})], 1))
    return pd.DataFrame(rows)


def _group(name: str, found: list[Any], tried: int) -> dict[str, Any]:
    return {
        "group": name,
        "given": f"{len(found)} of {tried}",
        "pdff_percent": 100.0 * float(np.median([t.value for t in found])) if found else math.nan,
        "ci_low": 100.0 * float(np.median([t.ci_low for t in found])) if found else math.nan,
        "ci_high": 100.0 * float(np.median([t.ci_high for t in found])) if found else math.nan,
    }


def _of(cohort: pd.DataFrame, machine: str, what: str) -> FloatArray:
    values: FloatArray = cohort[cohort["machine"] == machine].sort_values("person")[what].to_numpy(dtype=np.float64)
    return values


def _try(compute: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return compute(*args, **options)
    except ScannerError:  # a score that no drawn person has: counted as not given
        return None


def _youden(values: FloatArray, sick: npt.NDArray[np.int_]) -> float:
    """The cut-off with the largest sensitivity + specificity."""
    candidates = np.unique(values)
    worth = [(values[sick == 1] >= c).mean() + (values[sick == 0] < c).mean() for c in candidates]
    return float(candidates[int(np.argmax(worth))])


def report(seeds: Iterable[int] = (1, 2, 3), n: int = 40) -> Iterator[str]:
    """The tables of ``validation/travelling.md``, as text."""
    for seed in seeds:
        cohort = travelling_cohort(n, seed=seed)
        yield f"\nseed {seed}, {n} women, {int(cohort['osteoporosis'].sum() / len(MACHINES))} with osteoporosis"
        for title, table in (
            ("travelled", travelled_rows(cohort)),
            ("null: tags exchanged", travelled_rows(cohort, swapped=True)),
            ("cut-offs", cutoff_rows(cohort)),
            ("fat", fat_rows(cohort)),
            ("null: another woman", fat_rows(cohort, rng=np.random.default_rng(seed))),
        ):
            yield f"{title}\n{table.round(3).to_string(index=False)}"
    yield "\nfactor from 1.5 to 3 T {:.3f} [{:.3f}, {:.3f}], printed 0.794".format(*field_pair())
    yield printed_fat().round(1).to_string(index=False)


if __name__ == "__main__":
    for part in report():
        sys.stdout.write(f"{part}\n")
