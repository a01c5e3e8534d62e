"""Statistics: tables in, tables out; one row per result; every estimate with its interval and its method.

What goes in
    Columns as lists, arrays or Series; or, with ``data=table``, the names of columns of one DataFrame.
    A missing value (None, nan, a masked value, an empty label, a text such as "n/a") leaves its row out; ``n_missing``
    counts such rows and ``note`` says so. Labels are compared as values: 1, 1.0 and "1" are one. A covariate may have
    any name.

What comes out
    Always a pandas DataFrame of scalars, one row per result (``.iloc[0]`` for a single one). Columns in common:
    ``estimate``, ``ci_low``, ``ci_high``, ``confidence``, ``p`` (two-sided), ``method`` (what was computed, and how its
    interval), ``n`` (rows used), ``n_missing``, ``note`` (what a reader must know; empty if nothing). A docstring
    lists the rest.

What cannot be computed
    Input that cannot be meant (a column that does not exist, text among numbers, two lengths, one class of patients)
    raises `vbqkit.errors.TableError`. A statistic without a value for proper input (a constant column, two patients)
    is nan in its row, and ``note`` begins with ``undefined:``.

What a paper must state has no default: the positive direction of a score, a cut-off, the kind of interval of a rate,
the form of a test. Every other option is named in ``method``, and what SPSS and R do differently can be chosen:
continuity correction, Levene's center, the variance of Spearman's interval, the test of an AUC. What is drawn at
random takes ``rng``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
