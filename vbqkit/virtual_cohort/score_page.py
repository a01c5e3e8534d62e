"""What was found out about a score, on one page to keep: an HTML file that holds everything and loads nothing."""

from __future__ import annotations

import html
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

import vbqkit
from vbqkit import charts, stats
from vbqkit.charts.words import alt_html
from vbqkit.errors import TableError
from vbqkit.html_table import table_html
from vbqkit.page.colours import css_variables
from vbqkit.report.writing import check_target, write_whole
from vbqkit.scores.definition import ScoreDefinition
from vbqkit.scores.registry import score_definition
from vbqkit.virtual_cohort.transport import CARRIED, MODELS

SYNTHETIC = (
    "SYNTHETIC: virtual patients, virtual scanners, virtual readers. Nobody's record, and no evidence about people."
)
NO_DIAGNOSIS = "It screens and teaches; it does not diagnose. No cut-off on this page may be carried to a patient."

_CITED = (
    "Marrow fat by age and sex: Baum et al., Front Endocrinol 2018;9:141. DEXA: NHANES in Front Endocrinol 2026;17:1748490.",
    "HU of L1: Jang et al., Radiology 2019;291:360. Fractures: O'Neill et al., J Bone Miner Res 1996;11:1010.",
    "Every other number of the virtual patients has its source in vbqkit.anatomy.patients.",
    "Precision of DEXA: Shepherd et al., J Clin Densitom 2006;9:31. Of CT: J Comput Assist Tomogr 1993;17:915.",
    "Area under the ROC curve: DeLong et al., Biometrics 1988;44:837. Exact intervals: Clopper and Pearson, Biometrika 1934;26:404.",
    "Cut-off: Youden, Cancer 1950;3:32. That it must be validated elsewhere: TRIPOD, Collins et al., BMJ 2015;350:g7594.",
    "How far virtual scanner and travelling score can be trusted: validation/README.md and validation/travelling.md of the package.",
)
_STYLE = (
    css_variables()
    + """
body{font:15px/1.45 Arial,Helvetica,sans-serif;color:var(--vbq-page-ink);background:var(--vbq-page-paper);
max-width:1050px;margin:1.5em auto;padding:0 1em}
h1{font-size:1.6em;margin:0 0 .3em}h2{font-size:1.2em;margin:1.4em 0 .3em}
.banner{border:2px solid var(--vbq-page-ink);padding:.3em .6em;font-weight:700;margin:.4em 0}
table{border-collapse:collapse;margin:.4em 0}th,td{border-bottom:1px solid var(--vbq-page-rule);vertical-align:top}
.scroll{overflow-x:auto}
@media print{h2{break-after:avoid}}
"""
)
_CSP = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; font-src data:"


def write_score_page(
    path: str | os.PathLike[str],
    *,
    score: str,
    cohort: pd.DataFrame,
    transport: pd.DataFrame | None = None,
    check: pd.DataFrame | None = None,
    outcome: str = "osteoporosis_dexa",
    overwrite: bool = False,
) -> Path:
    """Write the summary of a score as one HTML file that works offline: what it is, what moves it, and whom it finds.

    Parameters
    ----------
    path : path-like
        The file, ending in ``.html``.
    score : str
        A score that is known.
    cohort : DataFrame
        From :func:`simulate_cohort`, with this score.
    transport : DataFrame, optional
        From :func:`transport_cutoff`.
    check : DataFrame, optional
        From :func:`vbqkit.validation.check_score`.
    outcome : str
        Column of 0 and 1 that the ROC curves are drawn for.
    overwrite : bool
        Replace a file that exists.

    Returns
    -------
    Path
        The file: whole, or not there.

    Raises
    ------
    TableError
        If a column is missing.
    ScoreError
        If there is no such score.
    FormatError
        If the file exists or cannot be written.
    """
    check_target(path, overwrite=overwrite)
    page = score_page_html(score=score, cohort=cohort, transport=transport, check=check, outcome=outcome)
    return write_whole(path, page.encode("utf-8"), overwrite=overwrite)


def score_page_html(
    *,
    score: str,
    cohort: pd.DataFrame,
    transport: pd.DataFrame | None = None,
    check: pd.DataFrame | None = None,
    outcome: str = "osteoporosis_dexa",
) -> str:
    """The page of :func:`write_score_page` as text."""
    definition = score_definition(score)
    needed = ("id", "scanner", definition.column, outcome, "origin")
    missing = [name for name in needed if name not in cohort.columns]
    if missing:
        raise TableError(
            f"The cohort has no column {', '.join(missing)}; it has {', '.join(map(str, cohort.columns))}. Give a table of simulate_cohort."
        )
    first = _first_readings(cohort)
    roc, areas = _roc(first, definition, outcome)
    drawn: list[Any] = []
    parts = [
        f"<h1>{html.escape(definition.name)}: what moves it, and whom it finds</h1>",
        *(f"<p class='banner'>{html.escape(text)}</p>" for text in (SYNTHETIC, NO_DIAGNOSIS)),
        _section("The score", _table(dict(_about(definition)))),
        _section("What moves it", *_moves(definition.name, check, drawn)) if check is not None else "",
        _section("The cohort", _table(_people(first, definition, outcome)), _list(_counted(cohort))),
        _section("ROC curve", _figure(roc, drawn), _table(areas)) if roc is not None else _section("ROC curve", areas),
        _section("The cut-off on another scanner", *_carried(transport, drawn)) if transport is not None else "",
        _section("Citations", _list((f"{definition.name}: {definition.source}", *_CITED))),
        _section("Software and chance", _list(_made_with(cohort))),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_CSP}">'
        f"<title>{html.escape(definition.name)} (synthetic)</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _first_readings(cohort: pd.DataFrame) -> pd.DataFrame:
    """One row a person and scanner: the first day and reader."""
    order = [name for name in ("day", "reader") if name in cohort.columns]
    found = cohort.sort_values(order) if order else cohort
    return found.drop_duplicates(["id", "scanner"])


def _about(definition: ScoreDefinition) -> Iterator[tuple[str, str]]:
    yield "What", definition.title
    yield "Formula", definition.formula
    yield "Unit", definition.unit
    yield "How to read it", definition.direction
    yield "Series", ", ".join(definition.weightings)
    yield "ROIs", ", ".join(definition.labels)
    yield "Checked against printed numbers", definition.verified or "no"


def _moves(name: str, check: pd.DataFrame, drawn: list[Any]) -> tuple[str, str]:
    columns = ["factor", "changed", "verdict", "mean_percent", "ci_low", "ci_high", "sd_percent", "n", "note"]
    head = ("factor", "what is changed", "verdict", "mean change (%)", "from", "to", "SD (%)", "n", "note")
    return _figure(charts.plot_score_check({name: check}), drawn), _table(check[columns], head=head)


def _people(first: pd.DataFrame, definition: ScoreDefinition, outcome: str) -> pd.DataFrame:
    rows = []
    for scanner, of in first.groupby("scanner", sort=False):
        values = of[definition.column]
        rows.append(
            {
                "scanner": scanner,
                "people": len(of),
                outcome.replace("_", " "): int(of[outcome].sum()),
                "women": int((of["sex"] == "F").sum()) if "sex" in of else "not said",
                "mean age (years)": float(of["age_years"].mean()) if "age_years" in of else "not said",
                f"mean {definition.name}": float(values.mean()),
                "SD": float(values.std(ddof=1)),
                "without the score": int(values.isna().sum()),
            }
        )
    return pd.DataFrame(rows)


def _counted(cohort: pd.DataFrame) -> Iterator[str]:
    for name, word in (("day", "days"), ("reader", "readers")):
        if name in cohort.columns:
            yield f"{cohort[name].nunique()} {word}; tables and curves on this page are of the first."
    if "not_given" in cohort.columns:
        for reason in list(dict.fromkeys(text for text in cohort["not_given"] if text))[:3]:
            yield f"Not given: {reason}"


def _roc(first: pd.DataFrame, definition: ScoreDefinition, outcome: str) -> tuple[Any, Any]:
    """A curve a scanner, and the areas; in words where there is none."""
    if not definition.worse:
        return None, f"<p>No direction is established for {html.escape(definition.name)}, so there is no curve.</p>"
    curves, areas, rows = {}, {}, []
    for scanner, of in first.groupby("scanner", sort=False):
        known = of[of[definition.column].notna()]
        if known[outcome].nunique() < 2:
            continue
        of_score: dict[str, Any] = {"positive": definition.worse, "data": known}
        name = f"{definition.name}, {scanner}"
        curves[name] = stats.roc_curve(definition.column, outcome, interval="wilson", **of_score)
        areas[name] = stats.auc(definition.column, outcome, **of_score)
        row = areas[name].iloc[0]
        rows.append({"curve": name} | {k: row[k] for k in ("estimate", "ci_low", "ci_high", "n_case", "n_control")})
    if not curves:
        return None, f"<p>Nobody, or everybody, has {html.escape(outcome)}, so there is no curve.</p>"
    table = pd.DataFrame(rows).set_axis(["curve", "AUC", "from", "to", "with", "without"], axis=1)
    return charts.plot_roc(curves, aucs=areas, source="virtual patients"), table


def _carried(transport: pd.DataFrame, drawn: list[Any]) -> Iterator[str]:
    for criterion in dict.fromkeys(transport["criterion"]):
        yield _figure(charts.plot_cutoff_transport(transport, criterion=str(criterion)), drawn)
        rows = []
        for model in MODELS:
            of = transport[(transport["criterion"] == criterion) & (transport["model"] == model)]
            for carried in CARRIED:
                way = of[of["carried"] == carried]
                rates = way[["cutoff", "sensitivity", "specificity", "youden"]].mean()
                rows.append(
                    {"people": model, "cut-off": carried, **rates.to_dict(), "note": next(iter(way["note"]), "")}
                )
        head = ("people", "cut-off", "mean value", "sensitivity", "specificity", "Youden's index", "note")
        yield _table(pd.DataFrame(rows), head=head)
    yield "<p>Means over the seeds. With the outcome shuffled nothing may be found: a Youden index of about 0.</p>"


def _made_with(cohort: pd.DataFrame) -> Iterator[str]:
    yield from dict.fromkeys(map(str, cohort["origin"]))
    packages = []
    for package in ("numpy", "scipy", "pandas", "plotly"):
        try:
            packages.append(f"{package} {version(package)}")
        except PackageNotFoundError:  # a source tree that was not installed
            continue
    yield f"vbqkit {vbqkit.__version__}, Python {platform.python_version()}, {', '.join(packages)}"
    yield "The same seed, scanners, scores and version give the same numbers, with any number of workers."


def _section(title: str, *bodies: str) -> str:
    return f"<h2>{html.escape(title)}</h2>{''.join(bodies)}"


def _table(table: Any, *, head: Sequence[str] = ()) -> str:
    return f"<div class='scroll'>{table_html(table, head=head)}</div>"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def _figure(figure: Any, drawn: list[Any]) -> str:
    """A chart; the first brings what draws all of them."""
    text = figure.to_html(full_html=False, include_plotlyjs=not drawn) + alt_html(figure)
    drawn.append(figure)
    return str(text)
