"""A button that tries a score on a virtual cohort: two scanners, a cut-off carried between them, and a page to keep."""

from __future__ import annotations

import html
import os

from IPython.display import HTML

from vbqkit import charts, scores, validation, virtual_cohort
from vbqkit.charts.live import live_figure, save_buttons
from vbqkit.lessons.beginning import Beginning, Shown, begin
from vbqkit.lessons.showing import show_table

SEED = 95
_OUTCOME = "osteoporosis_dexa"
_COLUMNS = ["carried", "cutoff", "sensitivity", "specificity", "youden"]
_HEAD = ("cut-off", "mean value", "sensitivity", "specificity", "Youden's index")
_PROCESSES = 2


def show_score_trial(
    name: str,
    *,
    from_scanner: str = "generic-1.5t",
    to_scanner: str = "philips-achieva-3t",
    women: int = 80,
    young: int = 20,
) -> Beginning:
    """A button that draws women of 50 to 80, carries a cut-off from one scanner to another, and writes a page.

    What it does in Python: :func:`~vbqkit.virtual_cohort.simulate_cohort` (twice: young women are the reference group),
    :func:`~vbqkit.virtual_cohort.transport_cutoff`, :func:`vbqkit.validation.check_score` and
    :func:`~vbqkit.virtual_cohort.write_score_page`. The page replaces the one of an earlier try.

    Parameters
    ----------
    name : str
        A score that is known and has a direction, such as ``"VBQ-T1"``.
    from_scanner, to_scanner : str
        Names in :data:`vbqkit.scanner.SCANNERS`.
    women, young : int
        How many; about a third of a second each.

    Returns
    -------
    Beginning
        The last line of a cell.
    """
    total = women + young

    def make() -> tuple[Shown, ...]:
        machines, workers = (from_scanner, to_scanner), min(_PROCESSES, os.cpu_count() or 1)
        cohort = virtual_cohort.simulate_cohort(
            women,
            machines,
            name,
            seed=SEED,
            workers=workers,
            sex="F",
            ages=(50, 80),
            progress=lambda done, _: waiting.progress(done, total),
        )
        reference = virtual_cohort.simulate_cohort(
            young,
            machines,
            name,
            seed=SEED + 1,
            workers=workers,
            sex="F",
            ages=(20, 30),
            fractured=False,
            progress=lambda done, _: waiting.progress(women + done, total),
        )
        carried = virtual_cohort.transport_cutoff(
            cohort,
            score=name,
            from_scanner=from_scanner,
            to_scanner=to_scanner,
            outcome=_OUTCOME,
            phantom=virtual_cohort.phantom_factor(name, *machines),
            reference=reference,
        )
        page = virtual_cohort.write_score_page(
            f"{scores.score_definition(name).column}.html",
            score=name,
            cohort=cohort,
            transport=carried,
            check=validation.check_score(name, patients=4),
            outcome=_OUTCOME,
            overwrite=True,
        )
        chart = charts.plot_cutoff_transport(carried)
        shown = carried[(carried["model"] == "as measured") & (carried["criterion"] == "youden")]
        means = shown.groupby("carried", sort=False)[_COLUMNS[1:]].mean().reset_index()
        told = f"<p>Kept on one page, which needs no network: <b>{html.escape(page.name)}</b>, beside this notebook. Synthetic.</p>"
        return (live_figure(chart), save_buttons(chart), show_table(means, head=_HEAD), HTML(told))

    waiting = begin(make, f"Try {name} on {women} virtual women and two scanners")
    return waiting
