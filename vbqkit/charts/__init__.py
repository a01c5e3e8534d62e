"""Charts: data in, plotly figure out. Colour-blind-safe, units on every axis, nothing leaves the computer.

The functions draw and compute nothing: intervals, bands and tests come as tables from :mod:`vbqkit.stats`.
"""

from vbqkit.charts.against_dexa import plot_against_dexa
from vbqkit.charts.agreement import plot_bland_altman
from vbqkit.charts.correlations import plot_correlations
from vbqkit.charts.cutoffs import plot_cutoffs, plot_score
from vbqkit.charts.groups import plot_groups, plot_levels
from vbqkit.charts.look import CONFIG, OKABE_ITO, Chart, show
from vbqkit.charts.roc import plot_roc

__all__ = [
    "CONFIG",
    "OKABE_ITO",
    "Chart",
    "plot_against_dexa",
    "plot_bland_altman",
    "plot_correlations",
    "plot_cutoffs",
    "plot_groups",
    "plot_levels",
    "plot_roc",
    "plot_score",
    "show",
]
