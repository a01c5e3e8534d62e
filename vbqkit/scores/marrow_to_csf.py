"""The VBQ family: marrow signal over CSF signal. Free of every factor that both share, such as the receiver's gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median
from typing import Literal

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, ScoreError
from vbqkit.roi import Measurement
from vbqkit.scores.levels import LevelRule, choose_levels, refuse_forbidden
from vbqkit.scores.result import HIGHER_IS_POORER, NO_DIRECTION, Score

Aggregate = Literal["median", "mean"]
"""How L1 to L4 become one number: ``"median"`` in Cui 2025 and Chen 2023, ``"mean"`` in Huang 2026."""

AGGREGATES: tuple[Aggregate, ...] = ("median", "mean")
_AGGREGATES: dict[str, Callable[[list[float]], float]] = {"median": median, "mean": fmean}
_AGGREGATE_SOURCE = {"median": "Cui 2025 and Chen 2023", "mean": "Huang 2026"}
SOURCE_VBQ = {
    "T1": "Ehresman 2020, doi 10.1016/j.spinee.2019.10.018; Huang 2026, Cui 2025, Chen 2023",
    "T2": "Huang 2026 (doi 10.1177/21925682251339995)",
    "STIR": "Huang 2026 (doi 10.1177/21925682251339995)",
}
_DIRECTION = {
    "T1": HIGHER_IS_POORER,
    "T2": HIGHER_IS_POORER,
    "STIR": f"{NO_DIRECTION}: STIR hides fat, and Huang 2026 found no difference with fracture (0.318 against 0.316, p = 0.83)",
}
CSF_UNEVEN = 0.25
"""SD over mean in the CSF ROI: up to 0.09 on the sample cases and the real T1 series."""

_DEPENDS = Caution(
    "vbq-scanner",
    "VBQ is free of what marrow and CSF share, such as the receiver's gain: field strength, TR, TE, TI, bandwidth and coil profile change it. Compare it with a "
    "published cut-off only if the protocol is like the paper's.",
)


def aggregated(means: Sequence[float], aggregate: Aggregate) -> float:
    """Median or mean of the mean signals of several ROIs."""
    return float(_AGGREGATES[aggregate](list(means)))


def _checked_aggregate(aggregate: str) -> None:
    if aggregate not in _AGGREGATES:
        raise ScoreError(
            f"Aggregate '{aggregate}' is unknown; use 'median' (Cui 2025, Chen 2023) or 'mean' (Huang 2026)."
        )


def _checked_csf(csf: Measurement) -> float:
    refuse_forbidden(csf)
    if not csf.mean > 0:
        raise ScoreError(
            f"The CSF ROI '{csf.label}' has a mean signal of {csf.mean:g}, so no ratio exists. Place it in the dural sac at L3, or at "
            "the next level with CSF if the canal is narrow there."
        )
    return csf.mean


def vbq(
    measured: Mapping[str, Measurement],
    csf: Measurement,
    *,
    weighting: Literal["T1", "T2", "STIR"],
    aggregate: Aggregate,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
) -> Score:
    """VBQ-T1, VBQ-T2 or VBQ-STIR: ``aggregate(S_L1 to S_L4) / S_CSF``.

    Higher VBQ-T1 and VBQ-T2 = more marrow fat, on average poorer bone; for VBQ-STIR no direction is established.

    Parameters
    ----------
    measured : mapping of str to Measurement
        Levels by label, from one series without contrast agent.
    csf : Measurement
        ROI in the dural sac at L3 (or beside a stenosis), same series.
    weighting : {"T1", "T2", "STIR"}
        Of that series.
    aggregate : {"median", "mean"}
        Of the level means; the papers differ, so there is no default.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.

    Returns
    -------
    Score
        A ratio.

    Raises
    ------
    ScoreError
        If the CSF signal is 0, a level is missing, or an option is unknown.

    References
    ----------
    Ehresman et al 2020, doi 10.1016/j.spinee.2019.10.018; Huang et al 2025, doi 10.1177/21925682251339995.

    Examples
    --------
    >>> from vbqkit.scores import example_measurement as m
    >>> levels = {f"L{k}": m(f"L{k}", mean=s) for k, s in zip(range(1, 5), (200.0, 210.0, 230.0, 260.0))}
    >>> vbq(levels, m("CSF", mean=100.0), weighting="T1", aggregate="median").value
    2.2
    >>> vbq(levels, m("CSF", mean=100.0), weighting="T1", aggregate="mean").value
    2.25
    """
    if weighting not in SOURCE_VBQ:
        raise ScoreError(
            f"VBQ is defined on T1, T2 and STIR; the series is '{weighting}'. If you know its weighting, set it yourself: weighting='T1'."
        )
    _checked_aggregate(aggregate)
    divisor = _checked_csf(csf)
    choice = choose_levels(measured, rule=rule, excluded=excluded)
    means = [m.mean for m in choice.measurements]
    return Score(
        name=f"VBQ-{weighting}",
        value=_AGGREGATES[aggregate](means) / divisor,
        unit="ratio",
        formula=f"{aggregate} of the level means / CSF mean",
        direction=_DIRECTION[weighting],
        source=SOURCE_VBQ[weighting],
        levels=choice.labels,
        parts=(*((f"{m.label} mean", m.mean) for m in choice.measurements), (f"{csf.label} mean", csf.mean)),
        options=(("aggregate", f"{aggregate} ({_AGGREGATE_SOURCE[aggregate]})"), ("level_rule", rule)),
        cautions=(*choice.cautions, *_csf_cautions(csf), _DEPENDS),
    )


def segmental_vbq(
    measured: Mapping[str, Measurement], csf: Measurement, *, weighting: Literal["T1", "T2", "STIR"]
) -> dict[str, float]:
    """Each level's own ratio ``S_k / S_CSF`` (Cui 2025), for the levels that were measured, from T12 to L5.

    Higher on T1 = more marrow fat at that level; a ratio.

    Raises
    ------
    ScoreError
        If the CSF signal is 0 or the weighting is unknown.

    References
    ----------
    Cui et al 2025, doi 10.3969/j.issn.1672-5131.2025.05.049 (Cui 2025).

    Examples
    --------
    >>> from vbqkit.scores import example_measurement as m
    >>> segmental_vbq({"L2": m("L2", mean=210.0)}, m("CSF", mean=100.0), weighting="T1")
    {'L2': 2.1}
    """
    if weighting not in SOURCE_VBQ:
        raise ScoreError(
            f"VBQ is defined on T1, T2 and STIR; the series is '{weighting}'. If you know its weighting, set it yourself."
        )
    divisor = _checked_csf(csf)
    return {
        level: measured[level].mean / divisor for level in ("T12", "L1", "L2", "L3", "L4", "L5") if level in measured
    }


def vbq_t2_stir(
    t2: Mapping[str, Measurement],
    stir: Mapping[str, Measurement],
    *,
    csf: str = "CSF",
    acquisition_t2: Acquisition,
    acquisition_stir: Acquisition,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
) -> Score:
    """VBQ-T2-STIR: ``mean_k(S_k,T2 - S_k,STIR) / (S_CSF,T2 - S_CSF,STIR)``.

    Higher = more marrow fat, on average poorer bone (Huang 2026). A difference of two series: unlike the
    ratios on one series it is NOT free of the receiver's gain, if the two series have different gains or rescale
    slopes.

    Parameters
    ----------
    t2, stir : mapping of str to Measurement
        The same ROIs, at the same patient positions, on the T2 and the STIR series; both with `csf`.
    csf : str
        Label of the CSF ROI.
    acquisition_t2, acquisition_stir : Acquisition
        Of the two series; their rescale slopes are compared.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.

    Raises
    ------
    ScoreError
        If a ROI is missing, or CSF on T2 is not brighter than on STIR.

    References
    ----------
    Huang et al 2025, doi 10.1177/21925682251339995 (Huang 2026).
    """
    missing = [name for name, table in (("T2", t2), ("STIR", stir)) if csf not in table]
    if missing:
        raise ScoreError(f"No ROI '{csf}' on {' and '.join(missing)}. Place it in the dural sac at L3 on both series.")
    on_t2, on_stir = choose_levels(t2, rule=rule, excluded=excluded), choose_levels(stir, rule=rule, excluded=excluded)
    if on_t2.labels != on_stir.labels:
        raise ScoreError(
            f"T2 has levels {', '.join(on_t2.labels)}, STIR has {', '.join(on_stir.labels)}; they must be the same."
        )
    divisor = t2[csf].mean - stir[csf].mean
    if not divisor > 0:
        raise ScoreError(
            f"CSF is not brighter on T2 ({t2[csf].mean:g}) than on STIR ({stir[csf].mean:g}), so the ratio has no meaning: the two "
            "series have different gains, or one is not what its name says. Use VBQ-T2."
        )
    differences = [a.mean - b.mean for a, b in zip(on_t2.measurements, on_stir.measurements, strict=True)]
    return Score(
        name="VBQ-T2-STIR",
        value=fmean(differences) / divisor,
        unit="ratio",
        formula="mean over levels of (T2 mean - STIR mean) / (CSF T2 mean - CSF STIR mean)",
        direction=HIGHER_IS_POORER,
        source=SOURCE_VBQ["T2"],
        levels=on_t2.labels,
        parts=(
            *((f"{m.label} T2 mean", m.mean) for m in on_t2.measurements),
            *((f"{m.label} STIR mean", m.mean) for m in on_stir.measurements),
            (f"{csf} T2 mean", t2[csf].mean),
            (f"{csf} STIR mean", stir[csf].mean),
        ),
        options=(("aggregate", "mean (Huang 2026)"), ("level_rule", rule)),
        cautions=(*on_t2.cautions, *_gain_cautions(acquisition_t2, acquisition_stir), _DEPENDS),
    )


def _gain_cautions(t2: Acquisition, stir: Acquisition) -> tuple[Caution, ...]:
    if (t2.rescale_slope, t2.rescale_intercept) != (stir.rescale_slope, stir.rescale_intercept):
        return (
            Caution(
                "series-rescale-differs",
                f"T2 and STIR are stored with different scales (slope {t2.rescale_slope:g} and {stir.rescale_slope:g}, intercept "
                f"{t2.rescale_intercept:g} and {stir.rescale_intercept:g}): their difference depends on gain. Do not read this score.",
            ),
        )
    return (
        Caution(
            "series-gain-unknown",
            "T2 minus STIR is free of gain only if both series had the same receiver gain. The scales stored in the headers are equal, "
            "but DICOM has no tag for the gain itself: ask the scanner's operator before you trust it.",
        ),
    )


def uneven_csf(share: float) -> str:
    """What a CSF ROI with this SD over mean may hold."""
    return (
        f"The CSF ROI varies by {100 * share:.0f} % (SD over mean), even CSF by less than {100 * CSF_UNEVEN:.0f} %: a root, cord, fat or the "
        "wall of the sac may be in it, or CSF flows."
    )


def _csf_cautions(csf: Measurement) -> tuple[Caution, ...]:
    if csf.n > 1 and csf.sd > CSF_UNEVEN * csf.mean:
        return (Caution("csf-not-even", f"{uneven_csf(csf.sd / csf.mean)} Make it smaller or move it."),)
    return ()
