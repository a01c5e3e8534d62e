"""Statistics: tables in, tables out; one row per result; every estimate with its interval and its method.

What goes in
    Columns as lists, arrays or Series; or, with ``data=table``, the names of columns of one DataFrame.
    A missing value (None, nan, an empty label) leaves its row out; ``n_missing`` counts such rows and ``note`` says so.

What comes out
    Always a pandas DataFrame of scalars, one row per result (``.iloc[0]`` for a single one). Columns in common:
    ``estimate``, ``ci_low``, ``ci_high``, ``confidence``, ``p`` (two-sided), ``method`` (what was computed, and how its
    interval), ``n`` (rows used), ``n_missing``, ``note`` (what a reader must know; empty if nothing). A docstring lists the rest.

What cannot be computed
    Input that cannot be meant (a column that does not exist, text among numbers, two lengths, one class of patients) raises
    `vbqkit.errors.TableError`. A statistic without a value for proper input (a constant column, two patients) is nan in its
    row, and ``note`` begins with ``undefined:``.

What a paper must state has no default: the positive direction of a score, a cut-off, the kind of interval of a rate, the
form of a test. Every other option is named in ``method``. What is drawn at random takes ``rng``.
"""

from vbqkit.stats.ancova import ancova
from vbqkit.stats.bland_altman import bland_altman, bland_altman_repeated
from vbqkit.stats.contingency import chi_square, counts_table, counts_tests, fisher_exact
from vbqkit.stats.correlation import correlations, kendall, partial_correlation, pearson, spearman
from vbqkit.stats.cutoff import accuracy_at_cutoff, best_cutoff, cutoff_optimism
from vbqkit.stats.delong import compare_paired_aucs, compare_unpaired_aucs
from vbqkit.stats.group_summaries import anova_from_summary, pooled_from_summary, tukey_from_summary
from vbqkit.stats.groups import mann_whitney, one_way_anova, t_test, tukey_hsd
from vbqkit.stats.icc import icc, measurement_error, ratings_from_rows
from vbqkit.stats.kappa import cohen_kappa
from vbqkit.stats.logistic import logistic_regression, univariate_logistic
from vbqkit.stats.matching import match_pairs
from vbqkit.stats.power import (
    power_for_auc,
    power_for_means,
    sample_size_for_auc,
    sample_size_for_means,
)
from vbqkit.stats.rates import (
    count_behind_percentage,
    odds_ratio_from_counts,
    predictive_values,
    proportion,
    proportion_test,
    youden_from_rates,
)
from vbqkit.stats.regression import linear_regression, regression_band
from vbqkit.stats.roc import auc, partial_auc, roc_band, roc_curve
from vbqkit.stats.summary import (
    binormal_auc,
    correlation_from_summary,
    hanley_mcneil,
    mean_interval,
    mean_sd_from_quartiles,
    t_test_from_summary,
)
from vbqkit.stats.wald import interval_from_p, p_from_interval

__all__ = [
    "accuracy_at_cutoff",
    "ancova",
    "anova_from_summary",
    "auc",
    "best_cutoff",
    "binormal_auc",
    "bland_altman",
    "bland_altman_repeated",
    "chi_square",
    "cohen_kappa",
    "compare_paired_aucs",
    "compare_unpaired_aucs",
    "correlation_from_summary",
    "correlations",
    "count_behind_percentage",
    "counts_table",
    "counts_tests",
    "cutoff_optimism",
    "fisher_exact",
    "hanley_mcneil",
    "icc",
    "interval_from_p",
    "kendall",
    "linear_regression",
    "logistic_regression",
    "mann_whitney",
    "match_pairs",
    "mean_interval",
    "mean_sd_from_quartiles",
    "measurement_error",
    "odds_ratio_from_counts",
    "one_way_anova",
    "p_from_interval",
    "partial_auc",
    "partial_correlation",
    "pearson",
    "pooled_from_summary",
    "power_for_auc",
    "power_for_means",
    "predictive_values",
    "proportion",
    "proportion_test",
    "ratings_from_rows",
    "regression_band",
    "roc_band",
    "roc_curve",
    "sample_size_for_auc",
    "sample_size_for_means",
    "spearman",
    "t_test",
    "t_test_from_summary",
    "tukey_from_summary",
    "tukey_hsd",
    "univariate_logistic",
    "youden_from_rates",
]
