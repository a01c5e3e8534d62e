"""Reference groups: young healthy women scanned on one machine, whose SNR an M-score starts from. Synthetic here.

The SD of the group is the unit of an M-score, so what makes the women differ is in it: their bodies and relaxation
times, the day of each at the scanner, and where the reader put the ROIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.reader_model import draw_reader
from vbqkit.anatomy.wear import draw_wear
from vbqkit.errors import TableError
from vbqkit.image import Volume
from vbqkit.roi import Roi
from vbqkit.roi.labels import NOISE
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.visit import Day, draw_day
from vbqkit.scores import ReferenceGroup, Score, score_case

__all__ = ["AGE_RANGE", "reference_group", "scan_reference_group"]

AGE_RANGE = (20.0, 30.0)
"""Ages of the young women, years; the Košice group's were 23 +- 2."""

_WIDTH_MM, _WIDE_MM = 16.0, 22.0  # the middle slices only: all that the ROIs lie on, or that a reader may choose
_BACK_MM = (
    0.0,
    5.0,
    10.0,
    15.0,
    20.0,
    25.0,
    30.0,
    40.0,
    50.0,
)  # how far the noise ROI is moved from the skin, to try in turn


def scan_reference_group(
    scanner: Scanner,
    *,
    n: int,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
    as_in_practice: bool = True,
) -> pd.DataFrame:
    """Scan young healthy virtual women and measure SNR(L1-L4), by this package's own score.

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
    as_in_practice : bool
        Whether one reader with habits and errors measures, each woman lies as on a day of her own, and relaxation
        times and wear of the spine differ; False: reference ROIs, everyone alike in all of these.

    Returns
    -------
    DataFrame
        One row a woman: scanner, id, age_years, snr (dimensionless).
    """
    rows = []
    protocol = scanner.protocol("T1")
    women = draw_patients(n, rng=rng, sex="F", age_range=AGE_RANGE, fractured=False, own_times=as_in_practice)
    reader = draw_reader(rng) if as_in_practice else None
    for done, woman in enumerate(women, start=1):
        findings = draw_wear(woman, rng) if as_in_practice else ()
        width_mm = _WIDE_MM if as_in_practice else _WIDTH_MM
        body = make_phantom(woman, seed=int(rng.integers(2**31)), findings=findings, width_mm=width_mm)
        day, rois, middle = Day(), body.reference_rois, protocol.slices // 2
        if reader is not None:
            day = draw_day(rng, protocol)
            rois = reader.place(body, rng=rng, slices_x_mm=day.slices_x_mm(body, protocol))
            middle = day.slice_with(rois[0], body, protocol)
        near = range(middle - 1, middle + 2)
        score = _snr(acquire(body, scanner, protocol, rng=rng, slices=near, center_mm=day.center_mm(body)), rois)
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
