"""Reference groups: young healthy women scanned on one machine, whose SNR an M-score starts from. Synthetic here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.errors import TableError
from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.machine import Scanner
from vbqkit.scores import ReferenceGroup, Score, score_case

AGE_RANGE = (20.0, 30.0)
"""Ages of the young women, years; paper 000's were 23 +- 2."""

_WIDTH_MM = 16.0  # the middle slices only: all that the ROIs lie on
_BACK_MM = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)  # how far the noise ROI is moved from the skin, to try in turn


def scan_reference_group(
    scanner: Scanner, *, n: int, rng: np.random.Generator, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Scan young healthy virtual women and measure SNR(L1-L4) with the reference ROIs, by this package's own score.

    Parameters
    ----------
    scanner : Scanner
        The machine; its T1 protocol is used.
    n : int
        How many women, at least 2.
    rng : numpy.random.Generator
        The only source of chance.
    progress : callable, optional
        ``progress(done, n)``.

    Returns
    -------
    DataFrame
        One row a woman: scanner, id, age_years, snr (dimensionless).
    """
    rows = []
    women = draw_patients(n, rng=rng, sex="F", age_range=AGE_RANGE, fractured=False)
    for done, woman in enumerate(women, start=1):
        body = make_phantom(woman, seed=int(rng.integers(2**31)), width_mm=_WIDTH_MM)
        middle = scanner.protocol("T1").slices // 2
        t1 = acquire(body, scanner, "T1", rng=rng, slices=range(middle - 1, middle + 2))
        score = _snr(t1, body.reference_rois)
        rows.append({"scanner": scanner.name, "id": woman.name, "age_years": round(woman.age, 1), "snr": score.value})
        if progress is not None:
            progress(done, n)
    return pd.DataFrame(rows)


def _snr(t1: Volume, rois: Iterable[Roi]) -> Score:
    """SNR by the reference ROIs; a noise ROI that is refused is moved back until it is not, as a reader does.

    Behind a hollow back and after uniformity correction, noise near the skin is too bright to count as free air.
    """
    placed = {roi.label: roi for roi in rois}
    first = placed[NOISE]
    for back_mm in _BACK_MM:
        placed[NOISE] = first.moved((0.0, back_mm, 0.0))
        scored = score_case({"T1": t1}, placed.values(), aggregate="mean")
        if any(isinstance(result, Score) and result.name == "SNR" for result in scored.results):
            break
    return scored.score("SNR")


def reference_group(women: pd.DataFrame, scanner: str) -> ReferenceGroup:
    """The reference group of one scanner, from a table of women.

    Parameters
    ----------
    women : DataFrame
        Columns scanner and snr, one row a woman; from :func:`scan_reference_group`, a file of it, or your own scans.
    scanner : str
        Which scanner.

    Returns
    -------
    ReferenceGroup
        Mean and SD (ddof = 1) of SNR.

    Raises
    ------
    TableError
        If a column is missing, or there are fewer than two women of that scanner.

    Examples
    --------
    >>> women = pd.DataFrame({"scanner": ["A", "A", "B"], "snr": [40.0, 50.0, 90.0]})
    >>> reference_group(women, "A").mean
    45.0
    """
    missing = [name for name in ("scanner", "snr") if name not in women.columns]
    if missing:
        raise TableError(
            f"The table of women has no column {' and '.join(missing)}; it has {', '.join(map(str, women.columns))}."
        )
    snr = women.loc[women["scanner"] == scanner, "snr"].dropna()
    if len(snr) < 2:
        there = ", ".join(f"{name} (n = {count})" for name, count in women["scanner"].value_counts().items())
        raise TableError(
            f"{len(snr)} women with an SNR on scanner '{scanner}'; at least 2 are needed for an SD. The table has: {there}."
        )
    return ReferenceGroup(
        mean=float(snr.mean()),
        sd=float(snr.std(ddof=1)),
        n=len(snr),
        scanner=scanner,
        source=f"{len(snr)} women on this scanner",
    )
