"""Every score the package knows: data plus a function.

A new score is one more entry in `SCORES`, and appears wherever scores are computed, listed or charted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, ScoreError
from vbqkit.roi import Measurement
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.scores.levels import LevelRule
from vbqkit.scores.marrow_to_csf import Aggregate, vbq, vbq_t2_stir
from vbqkit.scores.marrow_to_noise import ReferenceGroup, m_score, snr
from vbqkit.scores.result import HIGHER_IS_POORER, NO_DIRECTION, Refusal, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreInputs:
    """All that scores are computed from.

    Attributes
    ----------
    measured : mapping
        Weighting (``"T1"``, ``"T2"``, ``"STIR"``) to label to Measurement; labels L1 to L4, T12, L5, CSF, noise.
    acquisitions : mapping
        Weighting to Acquisition.
    reference : ReferenceGroup or None
        For the M-score.
    aggregate : {"median", "mean"}
        For VBQ on one series.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.
    rayleigh_correction : bool
        For SNR.
    noise_refusal : str or None
        Why the noise ROI must not be used, from :func:`~vbqkit.scores.noise.check_noise`.
    noise_cautions : tuple of Caution
        From the same check.
    """

    measured: Mapping[str, Mapping[str, Measurement]]
    acquisitions: Mapping[str, Acquisition] = field(default_factory=dict)
    reference: ReferenceGroup | None = None
    aggregate: Aggregate
    rule: LevelRule = "all four"
    excluded: Mapping[str, str] = field(default_factory=dict)
    rayleigh_correction: bool = False
    noise_refusal: str | None = None
    noise_cautions: tuple[Caution, ...] = ()

    def on(self, weighting: str, label: str) -> Measurement:
        """One measurement; ScoreError saying what to place where, if it is not there."""
        table = self.measured.get(weighting)
        if table is None:
            raise ScoreError(
                f"there is no {weighting} series with ROIs. Load one, or say by hand that a series is {weighting}."
            )
        if label not in table:
            raise ScoreError(f"no ROI '{label}' on the {weighting} series. Place it.")
        return table[label]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreDefinition:
    """A score as data.

    Attributes
    ----------
    name, title : str
        Short name and what it is in words.
    weightings : tuple of str
        Series it needs.
    unit, direction : str
        How to read it.
    compute : callable
        ``compute(inputs) -> Score``; raises ScoreError with the reason why not.
    """

    name: str
    title: str
    weightings: tuple[str, ...]
    unit: str
    direction: str
    compute: Callable[[ScoreInputs], Score]


def _snr(inputs: ScoreInputs) -> Score:
    noise = None if inputs.noise_refusal else inputs.on("T1", NOISE)
    if noise is None:
        raise ScoreError(str(inputs.noise_refusal))
    return snr(
        inputs.measured["T1"],
        noise,
        rayleigh_correction=inputs.rayleigh_correction,
        rule=inputs.rule,
        excluded=inputs.excluded,
        noise_cautions=inputs.noise_cautions,
    )


def _m_score(inputs: ScoreInputs) -> Score:
    measured_snr = _snr(inputs)
    if inputs.reference is None:
        raise ScoreError(
            "no reference group: an M-score needs mean and SD of SNR(L1-L4) in young healthy women on the same scanner with the same "
            "protocol. Give ReferenceGroup(mean=..., sd=..., n=...) (on the command line --reference-snr MEAN,SD,N), or use VBQ."
        )
    return m_score(measured_snr, inputs.reference)


def _vbq_on(weighting: str) -> Callable[[ScoreInputs], Score]:
    def compute(inputs: ScoreInputs) -> Score:
        csf = inputs.on(weighting, CSF)
        return vbq(
            inputs.measured[weighting],
            csf,
            weighting=weighting,  # type: ignore[arg-type]  # only called below with the three literals
            aggregate=inputs.aggregate,
            rule=inputs.rule,
            excluded=inputs.excluded,
        )

    return compute


def _vbq_t2_stir(inputs: ScoreInputs) -> Score:
    for weighting in ("T2", "STIR"):
        inputs.on(weighting, CSF)
    return vbq_t2_stir(
        inputs.measured["T2"],
        inputs.measured["STIR"],
        acquisition_t2=inputs.acquisitions.get("T2", Acquisition()),
        acquisition_stir=inputs.acquisitions.get("STIR", Acquisition()),
        rule=inputs.rule,
        excluded=inputs.excluded,
    )


SCORES: dict[str, ScoreDefinition] = {
    definition.name: definition
    for definition in (
        ScoreDefinition(name="SNR", title="Signal-to-noise ratio of the marrow, L1-L4", weightings=("T1",), unit="dimensionless", direction=HIGHER_IS_POORER, compute=_snr),
        ScoreDefinition(name="M-score", title="SNR against young women on the same scanner", weightings=("T1",), unit="SD of the reference group", direction=HIGHER_IS_POORER, compute=_m_score),
        ScoreDefinition(name="VBQ-T1", title="Marrow over CSF on T1", weightings=("T1",), unit="ratio", direction=HIGHER_IS_POORER, compute=_vbq_on("T1")),
        ScoreDefinition(name="VBQ-T2", title="Marrow over CSF on T2", weightings=("T2",), unit="ratio", direction=HIGHER_IS_POORER, compute=_vbq_on("T2")),
        ScoreDefinition(name="VBQ-STIR", title="Marrow over CSF on STIR", weightings=("STIR",), unit="ratio", direction=NO_DIRECTION, compute=_vbq_on("STIR")),
        ScoreDefinition(name="VBQ-T2-STIR", title="T2 minus STIR, marrow over CSF", weightings=("T2", "STIR"), unit="ratio", direction=HIGHER_IS_POORER, compute=_vbq_t2_stir),
    )
}  # fmt: skip
"""Name to definition, in the order in which they are shown."""


def compute_scores(inputs: ScoreInputs) -> tuple[Score | Refusal, ...]:
    """Every score that the series at hand allow, and for the others the reason why not.

    A score whose series are not there at all is not mentioned; the M-score and SNR go with T1.

    Parameters
    ----------
    inputs : ScoreInputs
        Measurements, acquisitions and options.

    Returns
    -------
    tuple of Score or Refusal
        In the order of `SCORES`.
    """
    results: list[Score | Refusal] = []
    for definition in SCORES.values():
        if not all(weighting in inputs.measured for weighting in definition.weightings):
            continue
        try:
            results.append(definition.compute(inputs))
        except ScoreError as error:
            results.append(Refusal(definition.name, str(error)))
    return tuple(results)
