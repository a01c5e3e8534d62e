"""From ROIs on the series of one patient to every score they allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vbqkit.errors import Caution, RoiError, ScoreError
from vbqkit.image import Volume
from vbqkit.roi import Coverage, Measurement, Roi
from vbqkit.roi.labels import NOISE, SCORED_LEVELS
from vbqkit.scores.levels import LevelRule
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.noise import NoiseCheck, check_noise, no_free_air
from vbqkit.scores.registry import ScoreInputs, compute_scores
from vbqkit.scores.result import Refusal, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScores:
    """The scores of one patient, with every measurement behind them.

    Attributes
    ----------
    results : tuple of Score or Refusal
        In the order of the registry.
    measured : mapping
        Weighting to label to Measurement.
    cautions : tuple of Caution
        About ROIs that could not be measured on a series; cautions about a score travel with the score.
    """

    results: tuple[Score | Refusal, ...]
    measured: Mapping[str, Mapping[str, Measurement]]
    cautions: tuple[Caution, ...] = ()

    def score(self, name: str) -> Score:
        """One score by name.

        Raises
        ------
        ScoreError
            With the reason, if it is refused or its series is not there.
        """
        for result in self.results:
            if result.name == name:
                if isinstance(result, Score):
                    return result
                raise ScoreError(str(result))
        raise ScoreError(f"{name} was not computed: the case has no series for it, only {', '.join(self.measured)}.")

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a score, refused ones with the reason."""
        return [result.as_row() for result in self.results]

    def measurement_rows(self) -> list[dict[str, Any]]:
        """One flat row a ROI and series."""
        return [
            {"weighting": weighting} | m.as_row() for weighting, table in self.measured.items() for m in table.values()
        ]


@dataclass(slots=True)
class _Measured:
    table: dict[str, Measurement] = field(default_factory=dict)
    cautions: list[Caution] = field(default_factory=list)


def score_case(
    volumes: Mapping[str, Volume],
    rois: Iterable[Roi],
    *,
    aggregate: Aggregate,
    reference: ReferenceGroup | None = None,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
    rayleigh_correction: bool = False,
    coverage: Coverage = "center",
) -> CaseScores:
    """Measure the same ROIs on each series and compute every score that this allows.

    Parameters
    ----------
    volumes : mapping of str to Volume
        Weighting (``"T1"``, ``"T2"``, ``"STIR"``) to the sagittal series of that weighting.
    rois : iterable of Roi
        Labelled L1 to L4, CSF, noise (and T12, L5 where a rule needs them); one ROI a label; others are measured too.
    aggregate : {"median", "mean"}
        For VBQ; the papers differ, so there is no default.
    reference : ReferenceGroup, optional
        For the M-score.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.
    rayleigh_correction : bool
        For SNR; off in paper 000.
    coverage : {"center", "area"}
        Which pixels count.

    Returns
    -------
    CaseScores

    Raises
    ------
    ScoreError
        If two ROIs have the same label, or a weighting is not one that scores exist for.
    """
    rois = tuple(rois)
    labels = [roi.label for roi in rois]
    double = sorted({label for label in labels if labels.count(label) > 1})
    if double:
        raise ScoreError(
            f"Two ROIs are labelled {', '.join(map(repr, double))}; a score needs one ROI a label. Rename or delete one."
        )
    unknown = sorted(set(volumes) - {"T1", "T2", "STIR"})
    if unknown:
        raise ScoreError(f"No score is defined on {', '.join(unknown)} series; there are scores for T1, T2 and STIR.")
    measured = {weighting: _measure_all(volume, rois, coverage, weighting) for weighting, volume in volumes.items()}
    noise = _noise_check(volumes.get("T1"), rois, measured.get("T1"))
    inputs = ScoreInputs(
        measured={weighting: m.table for weighting, m in measured.items()},
        acquisitions={weighting: volume.acquisition for weighting, volume in volumes.items()},
        reference=reference,
        aggregate=aggregate,
        rule=rule,
        excluded=dict(excluded or {}),
        rayleigh_correction=rayleigh_correction,
        noise_refusal=noise.refusal,
        noise_cautions=noise.cautions,
    )
    return CaseScores(
        results=compute_scores(inputs),
        measured=inputs.measured,
        cautions=tuple(caution for m in measured.values() for caution in m.cautions),
    )


def _measure_all(volume: Volume, rois: tuple[Roi, ...], coverage: Coverage, weighting: str) -> _Measured:
    found = _Measured()
    for roi in rois:
        try:
            found.table[roi.label] = roi.measure(volume, coverage=coverage)
        except RoiError as error:
            found.cautions.append(Caution("roi-not-measured", f"On the {weighting} series: {error}"))
    return found


def _noise_check(volume: Volume | None, rois: tuple[Roi, ...], measured: _Measured | None) -> NoiseCheck:
    """Look at the noise ROI on the T1 series; where there is none, say whether the picture has room for one."""
    if volume is None or measured is None:
        return NoiseCheck(None, ())
    marrow = [measured.table[level].mean for level in SCORED_LEVELS if level in measured.table]
    for roi in rois:
        if roi.label == NOISE and NOISE in measured.table:
            return check_noise(roi, roi.slice_of(volume), marrow_mean=sum(marrow) / len(marrow) if marrow else None)
    slices = [m.slice_index for label, m in measured.table.items() if label in SCORED_LEVELS]
    reason = no_free_air(volume.slice(max(set(slices), key=slices.count))) if slices else None
    return NoiseCheck(None if reason is None else f"no noise ROI, and {reason}", ())
