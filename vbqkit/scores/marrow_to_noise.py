"""Signal-to-noise ratio and M-score.

Marrow signal against background noise, and against young women on the same scanner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from vbqkit.errors import Caution, ScoreError
from vbqkit.roi import Measurement
from vbqkit.scores.levels import LevelRule, choose_levels, refuse_forbidden
from vbqkit.scores.result import HIGHER_IS_POORER, Score

RAYLEIGH_SD_FACTOR = 0.655
"""SD of magnitude noise in air over the SD of the noise in each channel: sqrt(2 - pi/2), single channel (Gudbjartsson
and Patz, Magn Reson Med 1995;34:910-914, doi 10.1002/mrm.1910340618)."""

SOURCE_SNR = "Košice group 2025 (Clin Osteol 2025;30(1):36-40)"
SOURCE_M_SCORE = f"{SOURCE_SNR}; Bandirali 2015, doi 10.1007/s00330-015-3699-y"
SMALL_REFERENCE = 20
"""Fewer people in a reference group leave its SD, and every M-score, very uncertain: by 16 % (1 SE) with 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceGroup:
    """SNR(L1-L4) of young healthy women on one scanner with one protocol.

    Parameters
    ----------
    mean, sd : float
        Of SNR(L1-L4) in the group; dimensionless; sd with ddof = 1.
    n : int
        Women in the group; at least 2.
    scanner : str
        Scanner and protocol they were measured on, in words.
    source : str
        Where the numbers come from.
    agrees : bool
        Whether scanner, coil and protocol were compared with those of the scan, header with header, and agree.
    cautions : tuple of Caution
        What is doubtful about the group; they travel with every M-score.

    Examples
    --------
    >>> ReferenceGroup(mean=47.6, sd=5.4, n=5, scanner="1.2 T open").n
    5
    """

    mean: float
    sd: float
    n: int
    scanner: str = "not stated"
    source: str = "not stated"
    agrees: bool = False
    cautions: tuple[Caution, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in (("mean", float), ("sd", float), ("n", int)):  # numbers from a table are numpy's
            object.__setattr__(self, name, kind(getattr(self, name)))
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.mean > 0 and self.sd > 0):
            raise ScoreError(f"A reference group needs a mean and an SD above 0; got mean {self.mean}, SD {self.sd}.")
        if self.n < 2:
            raise ScoreError(f"A reference group of n = {self.n} has no SD; at least 2 persons are needed.")


def level_snr(level: Measurement, noise: Measurement, *, rayleigh_correction: bool = False) -> float:
    """SNR of one ROI: mean signal over the SD of the noise ROI.

    ``S / sigma``; with `rayleigh_correction` ``0.655 S / sigma``, which turns the SD of magnitude noise in air into
    the SD of the noise in each channel (single receive channel only). Higher = stronger signal or less noise; it
    depends on coil, bandwidth, voxel size and every filter.

    Parameters
    ----------
    level, noise : Measurement
        From the same series.
    rayleigh_correction : bool
        Off in the Košice group 2025.

    Raises
    ------
    ScoreError
        If the SD of the noise ROI is 0 or undefined.

    Examples
    --------
    >>> from vbqkit.scores import example_measurement
    >>> level_snr(example_measurement("L3", mean=240.0), example_measurement("noise", mean=8.0, sd=4.0))
    60.0
    """
    refuse_forbidden(level, noise)
    if not noise.sd > 0:
        raise ScoreError(
            f"The noise ROI '{noise.label}' has an SD of {noise.sd:g} over {noise.n} pixels, so no SNR exists: the background is "
            "masked, or the ROI is a single pixel. Place it in air that holds noise; if there is none, use VBQ, which needs no noise."
        )
    factor = RAYLEIGH_SD_FACTOR if rayleigh_correction else 1.0
    return factor * level.mean / noise.sd


def snr(
    measured: Mapping[str, Measurement],
    noise: Measurement,
    *,
    rayleigh_correction: bool = False,
    rule: LevelRule = "all four",
    excluded: Mapping[str, str] | None = None,
    noise_cautions: tuple[Caution, ...] = (),
) -> Score:
    """SNR(L1-L4): mean of the level SNRs.

    Parameters
    ----------
    measured : mapping of str to Measurement
        Levels by label, from one T1-weighted series.
    noise : Measurement
        ROI in air on the same series.
    rayleigh_correction : bool
        See :func:`level_snr`.
    rule, excluded
        See :func:`~vbqkit.scores.levels.choose_levels`.
    noise_cautions : tuple of Caution
        What :func:`~vbqkit.scores.noise.check_noise` found; they travel with the score.

    Returns
    -------
    Score
        Dimensionless. Higher = more marrow fat, on average poorer bone; higher also with a better coil or less noise.

    Raises
    ------
    ScoreError
        If a level is missing, or the noise ROI has no SD.

    References
    ----------
    Clin Osteol 2025;30(1):36-40 (Košice group 2025). Checked against its Table 1 and 2: the mean of the four level
    SNRs of each patient is the printed SNR(L1-L4).
    """
    choice = choose_levels(measured, rule=rule, excluded=excluded)
    values = [level_snr(m, noise, rayleigh_correction=rayleigh_correction) for m in choice.measurements]
    return Score(
        name="SNR",
        value=fmean(values),
        unit="dimensionless",
        formula="mean over levels of (ROI mean / SD of noise ROI)" + (" x 0.655" if rayleigh_correction else ""),
        direction=f"{HIGHER_IS_POORER}; also higher with a better coil or less noise",
        source=SOURCE_SNR,
        levels=choice.labels,
        parts=(
            *((f"{m.label} SNR", v) for m, v in zip(choice.measurements, values, strict=True)),
            *((f"{m.label} mean", m.mean) for m in choice.measurements),
            ("noise SD", noise.sd),
            ("noise zeros", noise.fraction_zero),
        ),
        options=(
            ("rayleigh_correction", "on (x 0.655)" if rayleigh_correction else "off (as the Košice group 2025)"),
            ("level_rule", rule),
        ),
        cautions=(*choice.cautions, *noise_cautions),
    )


def m_score(snr_l1_l4: Score, reference: ReferenceGroup) -> Score:
    """M-score: SNR(L1-L4) in SDs from the mean of young healthy women on the SAME scanner and protocol.

    ``(SNR - mean_ref) / SD_ref``. Higher = more marrow fat, on average poorer bone; 0 = like the young women. It means
    something only if the reference group was measured on this scanner with this protocol: noise does not cancel.

    Parameters
    ----------
    snr_l1_l4 : Score
        From :func:`snr`.
    reference : ReferenceGroup
        There is no default: an M-score against another scanner's women is not an M-score.

    Returns
    -------
    Score
        In SDs of the reference group.

    References
    ----------
    Clin Osteol 2025;30(1):36-40 (Košice group 2025); Bandirali et al 2015, doi 10.1007/s00330-015-3699-y.

    Examples
    --------
    >>> from vbqkit.scores.result import Score
    >>> patient_1 = Score(name="SNR", value=77.491, unit="", formula="", direction="", source="")
    >>> round(m_score(patient_1, ReferenceGroup(mean=47.625, sd=5.43, n=5)).value, 1)  # printed: 5.5
    5.5
    """
    proof = (
        "Scanner, coil and protocol agree by their headers, which cannot tell two machines of one model apart, nor what a service changed."
        if reference.agrees
        else "The M-score holds only if the scan was made on that scanner with that protocol; the header cannot prove it."
    )
    cautions = [
        Caution("reference-scanner", f"Reference group: n = {reference.n}, scanner: {reference.scanner}. {proof}"),
        *reference.cautions,
    ]
    if reference.n < SMALL_REFERENCE:
        spread = 100.0 / math.sqrt(2.0 * (reference.n - 1))
        cautions.append(
            Caution(
                "reference-small",
                f"With n = {reference.n} the SD of the reference group is itself uncertain by about {spread:.0f} % (1 SE), and so is "
                "every M-score computed from it.",
            )
        )
    return Score(
        name="M-score",
        value=(snr_l1_l4.value - reference.mean) / reference.sd,
        unit="SD of the reference group",
        formula="(SNR(L1-L4) - mean_ref) / SD_ref",
        direction=HIGHER_IS_POORER,
        source=SOURCE_M_SCORE,
        levels=snr_l1_l4.levels,
        parts=(
            ("SNR", snr_l1_l4.value),
            ("reference mean", reference.mean),
            ("reference SD", reference.sd),
            ("reference n", float(reference.n)),
        ),
        options=(*snr_l1_l4.options, ("reference", f"{reference.scanner} ({reference.source})")),
        cautions=(*snr_l1_l4.cautions, *cautions),
    )
