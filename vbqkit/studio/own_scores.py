"""The part of the page with the scores between published values: nearest settings, and what each paper would say."""

from __future__ import annotations

import html
from collections.abc import Sequence

from vbqkit.html_table import notes_html, table_html
from vbqkit.page.colours import PAGE
from vbqkit.report.case_values import CaseReport, ReportedScore
from vbqkit.report.forest import forests
from vbqkit.report.words import FOREST_NOTE, papers, score_line
from vbqkit.scores.result import Score
from vbqkit.studio.own_widgets import words

_NEAREST = 3


def scores_html(report: CaseReport, about_reference: Sequence[str]) -> str:
    """Scores with intervals, the nearest published settings, and a forest plot of how the verdict differs.

    Parameters
    ----------
    report : CaseReport
        Of the case.
    about_reference : sequence of str
        Which reference group was used, or why there is none.
    """
    rows = {}
    for one in report.scores:
        line = score_line(one)
        rows[line.name] = [line.value, line.interval or (line.refused or ""), line.levels, line.cautions]
    table = table_html(rows, head=("score", "value", "95 % interval, or why it is not given", "levels", "cautions"))
    cautions = "".join(f"<li>{html.escape(f'{c.code}: {c.message}')}</li>" for c in report.cautions)
    told = (
        f"<details><summary>{len(report.cautions)} cautions</summary><ol>{cautions}</ol></details>" if cautions else ""
    )
    near = {
        f"{one.result.name}, {cutoff.source}: {cutoff.threshold:g}": [cutoff.setting, cutoff.target, cutoff.verdict]
        for one in _first_of_each(report.scores)
        for cutoff in one.cutoffs[:_NEAREST]
    }
    head = ("score, paper: cut-off", "setting", "for", "this case")
    nearest = (
        f"<p><b>Nearest published settings</b> (field, vendor, TR, TE)</p>{table_html(near, head=head)}" if near else ""
    )
    drawn = "".join(
        f"<div style='width:480px;max-width:100%;background:{PAGE['paper']}'>{one.svg()}</div>"
        for one in forests(report.scores)
    )
    verdicts = [one.verdicts for one in report.scores if one.verdicts]
    flow = f"<div style='display:flex;flex-wrap:wrap;gap:16px'>{drawn}</div>{words(FOREST_NOTE)}" if drawn else ""
    cited = words("Papers: " + "; ".join(papers(report)) + ".") if near else ""
    parts = (table, told, notes_html([*about_reference]), nearest, notes_html(verdicts), flow, cited)
    return f"<div class='vbq-own-scores'>{''.join(parts)}</div>"


def _first_of_each(scores: Sequence[ReportedScore]) -> list[ReportedScore]:
    """One for each score; the median where it is given with both."""
    found: dict[str, ReportedScore] = {}
    for one in scores:
        if isinstance(one.result, Score) and one.cutoffs:
            found.setdefault(one.result.name, one)
    return list(found.values())
