"""A measurement made up for examples."""

from vbqkit.roi import Measurement


def example_measurement(label: str, *, mean: float, sd: float = 10.0, n: int = 117) -> Measurement:
    """A measurement made up from a mean and an SD, for examples and for numbers copied from a workstation.

    The ROI has the area of the Košice group 2025 (0.40 cm2); the median is set to the mean.

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
