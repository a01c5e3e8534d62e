"""Table 1 of a paper: who was studied, group by group."""

from __future__ import annotations

import html
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy

from vbqkit.cohort.columns import column
from vbqkit.cohort.reading import Cohort
from vbqkit.errors import TableError
from vbqkit.stats import chi_square, counts_tests, fisher_exact, mann_whitney, one_way_anova, t_test

_LEFT_OUT = ("id", "patient", "reader")
_NOT_CATEGORIES = 12
"""A text column with more different entries than this is not a category."""

_QUARTILES: dict[int, tuple[Literal["linear", "weibull"], str]] = {
    7: ("linear", "type 7, as R and Excel"),
    6: ("weibull", "type 6, as SPSS"),
}
"""Definitions of a quartile, by their number in Hyndman and Fan (1996) doi:10.2307/2684934: NumPy's name, and ours."""

_EXACT_TABLES = 200_000
"""Tables of counts that an exact test may look through."""


@dataclass(frozen=True, slots=True, repr=False)
class Description:
    """A described cohort: tidy rows for programs, a table for people.

    Attributes
    ----------
    rows : DataFrame
        One row per variable, level and group ("all" first): variable, level, unit, group, n, n_missing, shown ("mean",
        "median" or "count"), mean, sd, median, q1, q3, count, percent, p, test, normal_p (smallest Shapiro-Wilk p of
        the groups).
    groups : tuple of str
        "all" and the groups, in order.
    sizes : tuple of int
        Rows in each of them.
    by : str
        The column of groups; ``""`` for none.
    alpha : float
        Below this normal_p, median and quartiles are shown.
    quartile_type : {7, 6}
        Which definition of a quartile.
    """

    rows: pd.DataFrame
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    by: str
    alpha: float
    quartile_type: int = 7

    def table(self) -> pd.DataFrame:
        """Table 1 as people read it: one row per variable and level; a column per group, then p and test, as text."""
        lines = []
        for (variable, level), part in self.rows.groupby(["variable", "level"], sort=False):
            by_group = {str(row["group"]): row for row in part.to_dict("records")}
            first = by_group["all"]
            unit = f", {first['unit']}" if first["unit"] else ""
            title = f"{column(str(variable)).title}{unit}"
            line: dict[str, str] = {"Variable": f"{title}: {level}" if level else title}
            digits = max((_digits(r["sd"], r["median"]) for r in by_group.values() if r["n"]), default=0)
            for group, size in zip(self.groups, self.sizes, strict=True):
                line[f"{group} (n = {size})"] = _cell(by_group[group], digits)
            line |= {"p": _p(float(first["p"])), "Test": str(first["test"])} if self.by else {}
            line["Missing"] = str(first["n_missing"])
            lines.append(line)
        return pd.DataFrame(lines)

    @property
    def note(self) -> str:
        """What the numbers are."""
        return (
            f"Mean ± SD where no group departs from normality (Shapiro-Wilk, p ≥ {self.alpha:g}), else median (quartiles, {_QUARTILES[self.quartile_type][1]}); "
            "count (percent of those known) for categories. p values are not corrected for their number."
        )

    def to_html(self) -> str:
        """Table 1 as an HTML table."""
        table = self.table()
        head = "".join(f'<th scope="col">{html.escape(str(name))}</th>' for name in table.columns)
        body = ""
        for line in table.itertuples(index=False, name=None):
            cells = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in line[1:])
            body += f'<tr><th scope="row">{html.escape(str(line[0]))}</th>{cells}</tr>\n'
        return (
            '<table class="vbqkit-table1" style="white-space:nowrap">\n'
            f"<caption>Table 1. Characteristics{f' by {html.escape(column(self.by).title.lower())}' if self.by else ''}</caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n"
            f'<tfoot><tr><td colspan="{len(table.columns)}" style="white-space:normal;text-align:left">{html.escape(self.note)}</td></tr></tfoot>\n</table>'
        )

    def to_csv(self, path: str | Path | None = None) -> str:
        """Table 1 as CSV text (UTF-8, commas), also written to `path` where one is given."""
        text = self.table().to_csv(index=False, lineterminator="\n")
        if path is not None:
            Path(path).write_text(text, encoding="utf-8-sig", newline="")
        return text

    def __repr__(self) -> str:
        return self.table().to_string(index=False)

    def _repr_html_(self) -> str:
        return self.to_html()


def describe_cohort(
    table: pd.DataFrame | Cohort,
    *,
    by: str | None = None,
    columns: Sequence[str] | None = None,
    order: Sequence[Any] | None = None,
    alpha: float = 0.05,
    quartile_type: Literal[7, 6] = 7,
    continuity: bool = True,
) -> Description:
    """Describe a cohort as the "Table 1" of a paper does.

    Numbers: mean ± SD with Welch's t test (two groups) or one-way ANOVA (more), if no group departs from normality by
    the Shapiro-Wilk test; else median (quartiles) with Mann-Whitney (exact without ties and up to 49 in a group) or
    Kruskal-Wallis. Categories: count (percent) with chi-square without correction; where an expected count is below 5,
    Fisher's exact test of a 2 x 2 table or Fisher, Freeman and Halton's of a larger one with two groups or two
    categories.

    Parameters
    ----------
    table : DataFrame or Cohort
        One row per patient, such as ``read_cohort(...)`` or its ``table``.
    by : str, optional
        Column of groups; rows without a group are counted under "all" only.
    columns : sequence of str, optional
        What to describe; when left out, every column but codes and texts with more than 12 different entries.
    order : sequence, optional
        Groups in their order; as they come when left out.
    alpha : float
        Level of the normality test. With few patients it misses departures, with many it finds harmless ones.
    quartile_type : {7, 6}
        Definition of a quartile: 7 as R and Excel, 6 as SPSS. With few patients they differ a good deal.
    continuity : bool
        Continuity correction of a normal Mann-Whitney p: R has it on, SPSS off.

    Returns
    -------
    Description

    Raises
    ------
    TableError
        If the table is empty, a column is missing, there are fewer than two groups, or the quartile type is not known.

    References
    ----------
    Shapiro and Wilk (1965) doi:10.1093/biomet/52.3-4.591; Kruskal and Wallis (1952) doi:10.2307/2280779.

    Examples
    --------
    >>> table = pd.DataFrame({"age_years": [61, 58, 66, 70], "fracture": [True, False, False, True]})
    >>> describe_cohort(table, by="fracture").table().iloc[0, :4].tolist()
    ['Age, years', '63.5 (60.2–67.0)', '65.5 (63.2–67.8)', '62.0 (60.0–64.0)']
    """
    if quartile_type not in _QUARTILES:
        raise TableError(f"quartile_type is {quartile_type!r}; 7 (R, Excel) or 6 (SPSS) was expected. Say one of them.")
    if isinstance(table, Cohort):
        table = table.table
    if table.empty:
        raise TableError("The table has no rows, so there is nothing to describe. Read a cohort first.")
    named = [*([by] if by else []), *(columns or [])]
    missing = [name for name in named if name not in table.columns]
    if missing:
        raise TableError(
            f"The table has no column {', '.join(missing)}; it has: {', '.join(map(str, table.columns))}. Name those."
        )
    chosen = (
        list(columns)
        if columns is not None
        else [str(c) for c in table.columns if c != by and _describable(table, str(c))]
    )
    masks, labels = _groups(table, by, order)
    rows: list[dict[str, Any]] = []
    for name in chosen:
        if _is_number(table[name]):
            rows += _number_rows(table, name, by, masks, alpha, quartile_type, continuity=continuity)
        else:
            rows += _category_rows(table, name, by, masks)
    sizes = tuple(int(mask.sum()) for mask in masks.values())
    return Description(pd.DataFrame(rows), ("all", *labels), sizes, by or "", alpha, quartile_type)


def _is_number(values: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _describable(table: pd.DataFrame, name: str) -> bool:
    values = table[name].dropna()
    return (
        name not in _LEFT_OUT
        and len(values) > 0
        and (_is_number(table[name]) or len(values.unique()) <= _NOT_CATEGORIES)
    )


def _groups(
    table: pd.DataFrame, by: str | None, order: Sequence[Any] | None
) -> tuple[dict[str, np.ndarray[Any, Any]], list[str]]:
    """Rows of "all" and of each group, by the name of the group."""
    masks = {"all": np.ones(len(table), dtype=bool)}
    if by is None:
        return masks, []
    found = list(table[by].dropna().unique()) if order is None else list(order)
    for group in found:
        masks[_group_name(by, group)] = (table[by] == group).fillna(value=False).to_numpy(dtype=bool)
    empty = [name for name, mask in masks.items() if not mask.any()]
    if len(found) < 2 or empty:
        raise TableError(
            f"'{by}' has {', '.join(map(str, found)) or 'no group'}{' of which ' + ', '.join(empty) + ' has no rows' if empty else ''}; two groups or more with rows are needed. Choose another column."
        )
    return masks, list(masks)[1:]


def _group_name(by: str, group: Any) -> str:
    if isinstance(group, (bool, np.bool_)):
        return f"{column(by).title}: {'yes' if group else 'no'}"
    return str(group)


def _number_rows(
    table: pd.DataFrame,
    name: str,
    by: str | None,
    masks: dict[str, np.ndarray[Any, Any]],
    alpha: float,
    quartile_type: int,
    *,
    continuity: bool,
) -> list[dict[str, Any]]:
    values = table[name].to_numpy(dtype="float64", na_value=math.nan)
    samples = {group: values[mask] for group, mask in masks.items()}
    tested = [s[~np.isnan(s)] for group, s in samples.items() if group != "all" or by is None]  # "all" mixes the groups
    normal_p = min((_normality(s) for s in tested), default=math.nan)
    normal = normal_p >= alpha
    p, test = _compare_numbers(values, masks, normal=normal, continuity=continuity) if by else (math.nan, "")
    rows = []
    for group, sample in samples.items():
        known = sample[~np.isnan(sample)]
        how = _QUARTILES[quartile_type][0]
        q1, median, q3 = np.quantile(known, [0.25, 0.5, 0.75], method=how) if known.size else (math.nan,) * 3
        shown = "mean" if normal else "median"  # one kind in a row, so that its cells can be compared
        rows.append(
            _row(name, "", group, known.size, sample.size - known.size, shown, p, test, normal_p)
            | {
                "mean": float(known.mean()) if known.size else math.nan,
                "sd": float(known.std(ddof=1)) if known.size > 1 else math.nan,
                "median": float(median),
                "q1": float(q1),
                "q3": float(q3),
            }
        )
    return rows


def _normality(sample: np.ndarray[Any, Any]) -> float:
    """Shapiro-Wilk p; 0 where a sample is too small or constant to call it normal."""
    if sample.size < 3 or np.ptp(sample) == 0:
        return 0.0
    if sample.size > 5000:  # beyond this the p of Shapiro and Wilk is not reliable
        return float(scipy.stats.normaltest(sample).pvalue)
    return float(scipy.stats.shapiro(sample).pvalue)


def _compare_numbers(
    values: np.ndarray[Any, Any], masks: dict[str, np.ndarray[Any, Any]], *, normal: bool, continuity: bool
) -> tuple[float, str]:
    groups = [name for name in masks if name != "all"]
    label = np.full(values.size, None, dtype=object)
    for name in groups:
        label[masks[name]] = name
    here = ~np.isnan(values) & np.array([v is not None for v in label])
    present = [name for name in groups if (here & masks[name]).any()]
    if len(present) < 2:
        return math.nan, "not compared: a group has no values"
    if len(groups) == 2:
        if normal:
            welch = t_test(values[here], label[here], equal_variances=False, first=groups[0])
            return float(welch["p"].iloc[0]), "Welch t"
        ranks = mann_whitney(values[here], label[here], first=groups[0], continuity=continuity).iloc[0]
        kind = (
            "exact"
            if "exact p" in ranks["method"]
            else f"normal, continuity correction {'on' if continuity else 'off'}"
        )
        return float(ranks["p"]), f"Mann-Whitney ({kind})"
    if normal:
        return float(one_way_anova(values[here], label[here])["p"].iloc[0]), "ANOVA"
    samples = [values[here & masks[name]] for name in present]
    if np.ptp(np.concatenate(samples)) == 0:
        return math.nan, "Kruskal-Wallis"
    return float(scipy.stats.kruskal(*samples).pvalue), "Kruskal-Wallis"


def _category_rows(
    table: pd.DataFrame, name: str, by: str | None, masks: dict[str, np.ndarray[Any, Any]]
) -> list[dict[str, Any]]:
    values = table[name]
    levels = sorted(values.dropna().unique(), key=str, reverse=pd.api.types.is_bool_dtype(values))
    p, test = _compare_categories(values, masks) if by else (math.nan, "")
    rows = []
    shown = [level for level in levels if not isinstance(level, (bool, np.bool_)) or level or len(levels) == 1]
    for level in shown:
        word = ("yes" if level else "no") if isinstance(level, (bool, np.bool_)) else str(level)
        for group, mask in masks.items():
            part = values[mask]
            known = int(part.notna().sum())
            count = int((part == level).sum())
            rows.append(
                _row(name, word, group, known, len(part) - known, "count", p, test, math.nan)
                | {"count": count, "percent": 100.0 * count / known if known else math.nan}
            )
    return rows


def _compare_categories(values: pd.Series[Any], masks: dict[str, np.ndarray[Any, Any]]) -> tuple[float, str]:
    label = np.full(len(values), None, dtype=object)
    for name, mask in masks.items():
        if name != "all":
            label[mask] = name
    here = values.notna().to_numpy() & np.array([v is not None for v in label])
    a, b = values.to_numpy(dtype=object)[here].astype(str), label[here].astype(str)
    counts = pd.crosstab(a, b).to_numpy()
    if min(counts.shape) < 2:
        return math.nan, "not compared: one category or one group"
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    if counts.shape == (2, 2) and expected.min() < 5:
        return float(fisher_exact(a, b, exposed=a[0], case=b[0])["p"].iloc[0]), "Fisher exact"
    if expected.min() < 5 and min(counts.shape) == 2:
        two = counts if counts.shape[0] == 2 else counts.T
        if math.prod(two.sum(axis=0)[:-1] + 1.0) <= _EXACT_TABLES:
            exact = counts_tests(two.tolist()).set_index("test")
            return float(exact["p"]["Fisher-Freeman-Halton"]), "Fisher-Freeman-Halton exact"
    few = ", expected counts below 5" if expected.min() < 5 else ""
    return float(chi_square(a, b, correction=False)["p"].iloc[0]), f"chi-square (uncorrected{few})"


def _row(
    variable: str, level: str, group: str, n: int, n_missing: int, shown: str, p: float, test: str, normal_p: float
) -> dict[str, Any]:
    empty = dict.fromkeys(("mean", "sd", "median", "q1", "q3", "count", "percent"), math.nan)
    return {
        "variable": variable,
        "level": level,
        "unit": column(variable).unit,
        "group": group,
        "n": n,
        "n_missing": n_missing,
        "shown": shown,
        **empty,
        "p": p,
        "test": test,
        "normal_p": normal_p,
    }


def _cell(row: Mapping[Hashable, Any], digits: int) -> str:
    if row["n"] == 0:
        return "–"
    if row["shown"] == "count":
        return f"{int(row['count'])} ({row['percent']:.1f} %)"
    if row["shown"] == "mean":
        return f"{_number(row['mean'], digits)} ± {_number(row['sd'], digits)}"
    return f"{_number(row['median'], digits)} ({_number(row['q1'], digits)}–{_number(row['q3'], digits)})"


def _digits(sd: float, value: float) -> int:
    """Decimals that show the SD with two digits; 0 for what has neither."""
    if math.isnan(sd) and math.isnan(value):
        return 0
    size = sd if math.isfinite(sd) and sd > 0 else abs(value) / 10
    return min(4, max(0, 1 - math.floor(math.log10(size)))) if size > 0 else 1


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"


def _p(p: float) -> str:
    if not math.isfinite(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
