"""The interval of an M-score from the size of its reference group alone."""

from __future__ import annotations

import math

import scipy

from vbqkit.errors import ScoreError


def m_score_interval(value: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of an M-score from the size of the reference group alone: mean and SD of n women are uncertain too.

    With x the patient's SNR, ``sqrt(n) (mean_ref - x) / SD_ref`` has a noncentral t distribution with n - 1 degrees of
    freedom and noncentrality ``-sqrt(n) M_true``; the interval is found by inverting it. It is exact for a normally
    distributed reference group.

    Parameters
    ----------
    value : float
        The M-score.
    n : int
        Women in the reference group, at least 2.
    confidence : float
        Such as 0.95.

    Returns
    -------
    tuple of 2 floats

    Raises
    ------
    ScoreError
        If n is below 2, the value is not finite, or the confidence is not between 0 and 1.

    References
    ----------
    Crawford and Garthwaite 2002, Neuropsychologia 40:1196-1208, doi 10.1016/S0028-3932(01)00224-X.

    Examples
    --------
    An M-score of 5.5 against five women, as in the Košice group 2025:

    >>> [round(v, 1) for v in m_score_interval(5.5, 5)]
    [1.8, 9.3]
    """
    check_confidence(confidence)
    if n < 2 or not math.isfinite(value):
        raise ScoreError(
            f"An M-score of {value} against n = {n} women has no interval; a finite score and at least 2 women are needed."
        )
    t, root = math.sqrt(n) * value, math.sqrt(n)
    spread = math.sqrt(1.0 / n + value**2 / (2.0 * (n - 1)))

    def limit(probability: float) -> float:
        def off(m: float) -> float:
            below = float(scipy.special.nctdtr(n - 1, root * m, t))
            # SciPy gives nan where the probability is 0 or 1 to all its digits.
            return (float(t > root * m) if math.isnan(below) else below) - probability

        width = 2.0 * spread
        while off(value - width) < 0 or off(value + width) > 0:
            width *= 1.5
        # special.nctdtrinc, the inverse, gives 5 digits only
        return float(scipy.optimize.brentq(off, value - width, value + width, xtol=1e-13 * spread, rtol=1e-14))

    tail = (1 - confidence) / 2
    return limit(1 - tail), limit(tail)


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not a number between 0 and 1.

    Raises
    ------
    ScoreError
        Then.
    """
    if not 0 < confidence < 1:
        raise ScoreError(f"A confidence of {confidence} is not possible; give a number between 0 and 1, such as 0.95.")
