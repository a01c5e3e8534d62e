"""A published study run again on the page: a few times when the lesson opens, a thousand times at a button."""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets

from vbqkit.charts import plot_study_replicas
from vbqkit.charts.live import live_figure, save_buttons
from vbqkit.errors import VbqkitError
from vbqkit.lessons.awake import Awake
from vbqkit.lessons.beginning import Beginning, begin
from vbqkit.lessons.showing import show_table
from vbqkit.study_replicas import PatientsNeeded, StudyReplicas, design_named, patients_needed, replicate_study
from vbqkit.study_replicas.needed import MOST

FEW, MANY = 100, 1000


class RunAgain(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """One number of a study as its replicas scatter; see :func:`run_again`.

    Attributes
    ----------
    replicas : tuple of StudyReplicas
        What is drawn, one a population.
    """

    def __init__(self, study: str, comparison: str, statistic: str, populations: Sequence[str]) -> None:
        self._asked = (study, comparison, statistic)
        self._populations = tuple(populations)
        self.replicas: tuple[StudyReplicas, ...] = ()
        self._button = ipywidgets.Button(
            description=f"Run it {MANY:,} times",
            button_style="primary",
            tooltip="Other patients each time",
            layout={"width": "max-content"},
        )
        self._button.on_click(lambda _: self.run(MANY))
        self._status = ipywidgets.HTML()
        self._place = ipywidgets.VBox()
        super().__init__([ipywidgets.HBox([self._button, self._status]), self._place])
        self.add_class("vbq-run-again")
        self.run(FEW)

    def still_html(self) -> str:
        """What was found so far."""
        return f"<p>{html.escape(self._words())}</p>"

    def run(self, times: int) -> None:
        """Run the study so many times in each population, and draw it. Interrupted, it leaves what was drawn."""
        study, comparison, statistic = self._asked
        self._button.disabled = True
        self._say("<progress aria-label='working'></progress> Some seconds.")
        try:
            self.replicas = tuple(
                replicate_study(study, times=times, population=p, other_pools=False) for p in self._populations
            )
        except VbqkitError as error:
            self._say(html.escape(str(error)))
        except KeyboardInterrupt:
            self._say("Interrupted. Press the button to run it again.")
        else:
            chart = plot_study_replicas(*self.replicas, comparison=comparison, statistic=statistic)
            self._place.children = (live_figure(chart), save_buttons(chart))
            self._say(html.escape(self._words()))
        finally:
            self._button.disabled = False

    def _words(self) -> str:
        _, comparison, statistic = self._asked
        said = []
        for each in self.replicas:
            table = each.predicted()
            (row,) = table[(table["comparison"] == comparison) & (table["statistic"] == statistic)].to_dict("records")
            said.append(f"{each.population}: {_signed(row['low'])} to {_signed(row['high'])}")
        return f"95 of 100 replicas, {'; '.join(said)}. Run {self.replicas[0].times if self.replicas else 0} times."

    def _say(self, text: str) -> None:
        self._status.value = f"<div role='status' aria-live='polite'>{text}</div>"


def run_again(study: str, comparison: str, statistic: str, *populations: str) -> RunAgain:
    """A published study run 100 times, and 1,000 times at a button: how one of its numbers scatters. Synthetic.

    Parameters
    ----------
    study, comparison, statistic : str
        Such as ``"Huang 2026"``, ``"VBQ-T1 for fracture"``, ``"AUC"``; see :mod:`vbqkit.study_replicas`.
    *populations : str
        Whose patients, one or several of :data:`vbqkit.study_replicas.POPULATIONS`.

    Returns
    -------
    RunAgain
        The last line of a cell.

    Examples
    --------
    >>> run_again("Cui 2025", "VBQ-T1 with QCT", "r", "as printed").replicas[0].times
    100
    """
    return RunAgain(study, comparison, statistic, populations)


def show_patients_needed(*asked: tuple[str, str], half_width: float, power: float = 0.8) -> Beginning:
    """A button; when pressed it looks for the patients that each comparison would have taken, if its number is true.

    Parameters
    ----------
    *asked : tuple of (str, str)
        Study and comparison.
    half_width : float
        Precision of r or the AUC.
    power : float
        For p below 0.05.

    Returns
    -------
    Beginning
        The last line of a cell.
    """

    def make() -> ipywidgets.HTML:
        rows: dict[str, list[float | str]] = {}
        for study, comparison in asked:
            row: list[float | str] = [design_named(study).patients_of(design_named(study).analysis(comparison))]
            row.append(_in_words(patients_needed(study, comparison, power=power, population="as printed", times=400)))
            row.append(
                _in_words(patients_needed(study, comparison, half_width=half_width, population="as printed", times=400))
            )
            rows[f"{study}: {comparison}"] = row
        head = ("study", "it had", f"for power {power:g}", f"to know it within ± {half_width:g}")
        return show_table(rows, head=head, digits=0)

    return begin(make, "How many patients would it have taken?")


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _in_words(found: PatientsNeeded) -> str:
    if found.patients is None:
        return f"more than {MOST:,}"
    return f"{found.patients} ({found.low:.0f} to {found.high:.0f})"
