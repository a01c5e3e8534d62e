"""The scores: SNR, M-score and the VBQ family, as frozen values that carry their inputs, options, unit and source."""

from vbqkit.roi import Measurement
from vbqkit.scores.case import CaseScores, score_case
from vbqkit.scores.case_uncertainty import case_uncertainty
from vbqkit.scores.levels import LEVELS, LevelRule, choose_levels
from vbqkit.scores.noise import NoiseCheck, check_noise, free_air, no_free_air
from vbqkit.scores.pixel_noise import independent_share, pixel_noise_se
from vbqkit.scores.placement import Jitter
from vbqkit.scores.registry import SCORES, ScoreDefinition, ScoreInputs, compute_scores
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.snr import ReferenceGroup, level_snr, m_score, snr
from vbqkit.scores.uncertainty import Source, Uncertainty, m_score_interval, verdict
from vbqkit.scores.vbq import Aggregate, segmental_vbq, vbq, vbq_t2_stir

__all__ = [
    "LEVELS",
    "SCORES",
    "Aggregate",
    "CaseScores",
    "Jitter",
    "LevelRule",
    "NoiseCheck",
    "ReferenceGroup",
    "Refusal",
    "Score",
    "ScoreDefinition",
    "ScoreInputs",
    "Source",
    "Uncertainty",
    "case_uncertainty",
    "check_noise",
    "choose_levels",
    "compute_scores",
    "example_measurement",
    "free_air",
    "independent_share",
    "level_snr",
    "m_score",
    "m_score_interval",
    "no_free_air",
    "pixel_noise_se",
    "score_case",
    "segmental_vbq",
    "snr",
    "vbq",
    "vbq_t2_stir",
    "verdict",
]


def example_measurement(label: str, *, mean: float, sd: float = 10.0, n: int = 117) -> Measurement:
    """A measurement made up from a mean and an SD, for examples and for numbers copied from a workstation.

    The ROI has the area of paper 000 (0.40 cm2); the median is set to the mean.

    Examples
    --------
    >>> example_measurement("L3", mean=240.0).area_cm2
    0.4
    """
    return Measurement(
        label=label,
        n=n,
        area_mm2=40.0,
        weight_px=float(n),
        mean=mean,
        median=mean,
        sd=sd,
        min=mean - 2 * sd,
        max=mean + 2 * sd,
        fraction_zero=0.0,
        fraction_clipped=0.0,
        slice_index=0,
    )
