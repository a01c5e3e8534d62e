"""A score that travels: VBQ brought to a stated protocol, and marrow fat, from the tags and the signal equation.

Many people and machines that fit the tags are drawn. What the tags do not say is drawn too, each from a stated range:
the fat fraction, relaxation times of people and of the tissue table, bone, roots among CSF, echo spacing, refocusing
angle, number of slices, flow, and what the coil's brightness and its correction do. Those that give the measured
signals count, by how near they come; how far they disagree is the interval. Nothing is fitted to a score of anybody.
How far it gets: ``validation/travelling.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vbqkit.acquisition import Acquisition
from vbqkit.anatomy.own_times import PDFF_SD_PERCENT, WATER_T2_PDFF_PERCENT, OwnTimes, draw_own_times
from vbqkit.anatomy.tissues import FAT_SPIN_ECHO, Tissue, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.scanner.magnetization_transfer import bound_saturation_per_s
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import fat_signal, water_signals_of

FloatArray = npt.NDArray[np.float64]

DRAWS = 1500
"""People and machines that are drawn for each set of tags."""

READING_SD = {"T1": 0.06, "T2": 0.07, "STIR": 0.10}
"""How far one scan and reading of a ratio lies from the signal equation, SD of its logarithm. Model assumption: where
the ROIs lie, their size, the place of CSF and noise scatter VBQ-T1 by 2, 3, 5 and 2 % (``validation.check_score``)."""

AGAIN_SD = 0.05
"""By how much a second scan and reading of the same person differs, SD of the logarithm of VBQ; model assumption."""

BARE_COIL, BARE_COIL_SD = math.log(0.73), 0.08
"""Logarithm of VBQ under an uncorrected spine array over that under an even coil, and its SD between coils: -21 and +8
% about a machine with a correction of 0.8 (``validation.check_score("VBQ-T1")``). Model assumption."""

SPACING_MS = (8.5, 12.5)
"""Between the echoes of a long train: no standard tag says it."""

_LONG_TRAIN = 5  # a shorter train of a T1 is read from its first echo
_ROOTS = (0.0, 0.2)  # share of a CSF ROI; see vbqkit.anatomy.reference_rois.ROOTS_ALLOWED
_SLICES, _GAPS, _REFOCUSING_DEG = (11, 13, 15, 17, 19), (0.0, 0.1, 0.2, 0.3), (180.0, 180.0, 150.0, 120.0)
_BONE_SD = 0.03
_FLOW_PER_S, _FLOW_SHAPE = 0.4, 2.0
_LEAST_SHARE, _MOST_SHARE = 0.04, 0.82  # PDFF of the 260 people
_ENOUGH = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What the header says of one series, as far as the signal equation asks.

    Attributes
    ----------
    weighting : str
        ``"T1"``, ``"T2"`` or ``"STIR"``.
    field_t, tr_ms, te_ms : float
        Field (tesla), repetition and echo time (ms).
    ti_ms : float or None
        Inversion time of a STIR, ms.
    echo_train_length : int
        1 for a plain spin echo.
    corrected : bool or None
        Whether the coil's brightness was corrected (PURE, CLEAR, Prescan Normalize) or the coil receives evenly; None:
        not known, which makes the interval wider.
    """

    weighting: str
    field_t: float
    tr_ms: float
    te_ms: float
    ti_ms: float | None = None
    echo_train_length: int = 1
    corrected: bool | None = None

    def __post_init__(self) -> None:
        if self.weighting not in READING_SD:
            raise ScannerError(
                f"A {self.weighting} series cannot travel; {', '.join(READING_SD)} can. Give one of these."
            )
        if (self.weighting == "STIR") != (self.ti_ms is not None):
            raise ScannerError(
                f"A {self.weighting} series with TI {self.ti_ms}: STIR has a TI, the others none. Correct it."
            )
        self.timing(self.te_ms if self.echo_train_length < _LONG_TRAIN else SPACING_MS[0])  # refuses what cannot be

    def timing(self, spacing_ms: float, refocusing_deg: float = 180.0) -> Timing:
        """The sequence with what the tags leave open filled in."""
        train = self.echo_train_length
        return Timing(
            tr_ms=self.tr_ms,
            te_ms=self.te_ms,
            ti_ms=self.ti_ms,
            echo_train_length=train,
            echo_spacing_ms=spacing_ms if train > 1 else None,
            refocusing_deg=refocusing_deg if train > 1 else 180.0,
        )


REFERENCE_TAGS = Tags(weighting="T1", field_t=1.5, tr_ms=600.0, te_ms=12.0, corrected=True)
"""What VBQ-T1 is brought to: a plain spin echo at 1.5 T, TR 600, TE 12 ms, received evenly. A convention."""


def tags_of(acquisition: Acquisition, *, corrected: bool | None = None) -> Tags:
    """The tags of a series.

    Raises
    ------
    ScannerError
        Naming what the header does not say.
    """
    a = acquisition
    missing = [name for name in ("field_t", "tr_ms", "te_ms") if getattr(a, name) is None]
    if a.weighting == "STIR" and a.ti_ms is None:
        missing.append("ti_ms")
    if missing or a.field_t is None or a.tr_ms is None or a.te_ms is None:
        raise ScannerError(
            f"The header of the {a.weighting} series does not say {', '.join(missing)}, so its score cannot travel. Ask the scanner's operator, "
            "and give them as Tags(...)."
        )
    return Tags(
        weighting=a.weighting,
        field_t=a.field_t,
        tr_ms=a.tr_ms,
        te_ms=a.te_ms,
        ti_ms=a.ti_ms if a.weighting == "STIR" else None,
        echo_train_length=a.echo_train_length or 1,
        corrected=corrected,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Travelled:
    """A number that came from somewhere else, with the interval that what is not known leaves it.

    Attributes
    ----------
    value, ci_low, ci_high : float
        Median and limits.
    confidence : float
        Such as 0.95.
    draws : float
        How many of the drawn people count: Kish's effective number.
    """

    value: float
    ci_low: float
    ci_high: float
    confidence: float
    draws: float

    def holds(self, truth: float) -> bool:
        """Whether a value lies in the interval."""
        return self.ci_low <= truth <= self.ci_high


def travel(
    vbq: float, tags: Tags, *, to: Tags = REFERENCE_TAGS, confidence: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Travelled:
    """The VBQ that the same person would have under another protocol.

    ``vbq * model(to) / model(tags)``, over people and machines whose model agrees with `vbq`; the interval is for one
    scan and reading there. It says which way, and roughly how far, a protocol moves a score; printed pairs of scanners
    differ by more than it says, so never carry a published cut-off to a patient with it.

    Parameters
    ----------
    vbq : float
        Marrow over CSF on the series of `tags`: VBQ-T1, VBQ-T2 or VBQ-STIR.
    tags : Tags
        Of the series it was measured on.
    to : Tags
        The protocol to bring it to; :data:`REFERENCE_TAGS` unless said. Of the same weighting.
    confidence : float
        Of the interval.
    draws, seed : int
        How many people are drawn, and where chance starts: the same seed gives the same digits.

    Returns
    -------
    Travelled
        A ratio, read as VBQ is.

    Raises
    ------
    ScannerError
        If the score is one that no drawn person has, or the weightings differ.

    References
    ----------
    Its own: nobody has published it. Judged in ``validation/travelling.md``.

    Examples
    --------
    >>> at_3t = Tags(weighting="T1", field_t=3.0, tr_ms=600, te_ms=20, corrected=True)
    >>> found = travel(2.8, at_3t, draws=300)
    >>> found.ci_low < found.value < found.ci_high
    True
    """
    if tags.weighting != to.weighting:
        raise ScannerError(f"A score on {tags.weighting} cannot be brought to {to.weighting}: it is another score.")
    _check(vbq, confidence)
    _, ratios = _drawn((tags, to), draws, seed)
    weights = _weights(ratios[:, :1], {0: vbq}, (tags,))
    again = AGAIN_SD * np.random.default_rng([seed, 1]).standard_normal(draws)
    return _summary(vbq * np.exp(ratios[:, 1] - ratios[:, 0]), weights, confidence, spread=np.exp(again))


def fat_fraction(
    vbqs: Mapping[Tags, float], *, confidence: float = 0.95, draws: int = 2 * DRAWS, seed: int = 0
) -> Travelled:
    """Marrow fat fraction (PDFF), 0 to 1, from VBQ on T1, T2 and STIR together, or on some of them.

    The fat fractions of the drawn people who agree with all of the given scores. Before any is given they spread as
    those of 260 adults (median 36.8 %, SD 13.8 points; Ruschke et al. 2021): with little said by the scores the
    estimate stays near there.

    Parameters
    ----------
    vbqs : mapping of Tags to float
        The series and the marrow over CSF on each.
    confidence, draws, seed
        As for :func:`travel`.

    Returns
    -------
    Travelled
        Higher = more marrow fat = poorer bone.

    Raises
    ------
    ScannerError
        If nothing is given, or no drawn person has these scores.

    References
    ----------
    Ruschke et al., NMR Biomed 2021;34:e4439, doi:10.1002/nbm.4439. The estimate is nobody's but this package's; judged
    in ``validation/travelling.md``.

    Examples
    --------
    >>> t1 = Tags(weighting="T1", field_t=3.0, tr_ms=600, te_ms=20, corrected=True)
    >>> low, high = (fat_fraction({t1: vbq}, draws=400).value for vbq in (2.2, 3.2))
    >>> low < high
    True
    """
    if not vbqs:
        raise ScannerError("No score is given, so there is nothing to estimate fat from. Give {Tags(...): vbq}.")
    tags = tuple(vbqs)
    for vbq in vbqs.values():
        _check(vbq, confidence)
    fat, ratios = _drawn(tags, draws, seed)
    return _summary(fat, _weights(ratios, dict(enumerate(vbqs.values())), tags), confidence)


def _check(vbq: float, confidence: float) -> None:
    if not (math.isfinite(vbq) and vbq > 0):
        raise ScannerError(f"A VBQ of {vbq} cannot travel; it must be above 0.")
    if not 0 < confidence < 1:
        raise ScannerError(f"A confidence of {confidence} is not possible; give one between 0 and 1, such as 0.95.")


def _weights(ratios: FloatArray, vbqs: Mapping[int, float], tags: tuple[Tags, ...]) -> FloatArray:
    """How much each drawn person counts: by how near their scores come to the measured ones."""
    away = np.zeros(len(ratios))
    for k, vbq in vbqs.items():
        away += ((math.log(vbq) - ratios[:, k]) / READING_SD[tags[k].weighting]) ** 2
    weights = np.exp(-0.5 * away)
    total = float(weights.sum())
    effective = total**2 / float((weights**2).sum()) if total > 0 else 0.0
    if effective < _ENOUGH:
        said = ", ".join(f"{tags[k].weighting} {vbq:.3g}" for k, vbq in vbqs.items())
        usual = ", ".join(f"{t.weighting} {math.exp(np.median(ratios[:, k])):.2g}" for k, t in enumerate(tags))
        raise ScannerError(
            f"Hardly anybody of {len(ratios)} drawn people has VBQ of {said} under these tags (the middle one has {usual}). Look at the tags, at "
            "the ROIs, and whether the coil's brightness was corrected."
        )
    found: FloatArray = weights / total
    return found


def _summary(values: FloatArray, weights: FloatArray, confidence: float, spread: FloatArray | float = 1.0) -> Travelled:
    tail = (1.0 - confidence) / 2.0
    spreading = values * spread
    low, high = (_quantile(spreading, weights, q) for q in (tail, 1.0 - tail))
    return Travelled(
        value=_quantile(values, weights, 0.5),
        ci_low=low,
        ci_high=high,
        confidence=confidence,
        draws=float(1.0 / (weights**2).sum()),
    )


def _quantile(values: FloatArray, weights: FloatArray, q: float) -> float:
    order = np.argsort(values)
    places = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(q, places, values[order]))


@lru_cache(maxsize=64)
def _drawn(tags: tuple[Tags, ...], draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Fat fractions, shape (draws,), and logarithms of marrow over CSF under each of the tags, (draws, tags)."""
    rng = np.random.default_rng([seed, draws])
    fat, ratios = np.empty(draws), np.empty((draws, len(tags)))
    for k in range(draws):
        fat[k] = _fat_share(rng)
        ratios[k] = _one_person(fat[k], tags, rng)
    for array in (fat, ratios):
        array.flags.writeable = False
    return fat, ratios


def _fat_share(rng: np.random.Generator) -> float:
    while True:
        share = rng.normal(WATER_T2_PDFF_PERCENT[1], PDFF_SD_PERCENT) / 100.0
        if _LEAST_SHARE < share < _MOST_SHARE:
            return float(share)


def _one_person(fat: float, tags: tuple[Tags, ...], rng: np.random.Generator) -> list[float]:
    """One person in one machine a field, on every series: what is the same on two series is drawn once."""
    own = draw_own_times(rng, sex="F" if rng.random() < 0.5 else "M", pdff=fat)
    at_field = {False: _as_the_table_may_be(own, 0, rng), True: _as_the_table_may_be(own, 1, rng)}
    roots, bone = rng.uniform(*_ROOTS), _BONE_SD * rng.standard_normal()
    bare = BARE_COIL + BARE_COIL_SD * rng.standard_normal()
    coil = {known: (1.0 - c) * bare for known, c in ((True, rng.uniform(0.8, 1.0)), (False, 0.0), (None, rng.random()))}
    found = []
    for one in tags:
        spacing = one.te_ms if one.echo_train_length < _LONG_TRAIN else rng.uniform(*SPACING_MS)
        timing = one.timing(spacing, float(rng.choice(_REFOCUSING_DEG)))
        times, flow = at_field[one.field_t > 2.25], rng.gamma(_FLOW_SHAPE, 1.0 / _FLOW_SHAPE)
        slices, gap = int(rng.choice(_SLICES)), float(rng.choice(_GAPS))
        saturation = bound_saturation_per_s(timing, slices=slices, gap_ratio=gap)
        marrow_water, csf_water, root = water_signals_of(
            ("marrow", "csf", "nerve_root"), timing, one.field_t, saturation_per_s=saturation, own=times
        ).tolist()
        fat_part = fat * tissue_named("marrow").proton_density * fat_signal(timing, one.field_t, own=times)
        marrow = abs(fat_part + (1.0 - fat) * marrow_water)
        csf = abs(csf_water) * math.exp(-_FLOW_PER_S * one.te_ms / 1000.0 * flow)
        csf = (1.0 - roots) * csf + roots * abs(root)
        found.append(math.log(marrow / csf) + bone + coil[one.corrected])
    return found


def _as_the_table_may_be(own: OwnTimes, field: int, rng: np.random.Generator) -> OwnTimes:
    """A person's times with each T1 of the table as uncertain as its cited range at one field (0: 1.5 T, 1: 3 T).

    Normal about the table's value; the cited range counts as four SDs.
    """

    def factor(tissue: Tissue) -> float:
        low, high = tissue.ranges[1 + field]
        value = tissue.t1_3t_ms if field else tissue.t1_ms
        return 1.0 + (high - low) / 4.0 / value * float(np.clip(rng.standard_normal(), -3.0, 3.0))

    return replace(
        own,
        marrow_t1=own.marrow_t1 * factor(tissue_named("marrow")),
        csf_t1=own.csf_t1 * factor(tissue_named("csf")),
        fat_t1=own.fat_t1 * factor(FAT_SPIN_ECHO),
    )
