"""A button that checks scores on virtual patients and shows what moves them, as a picture and a table."""

from __future__ import annotations

from vbqkit.charts import plot_score_check
from vbqkit.charts.live import live_figure, save_buttons
from vbqkit.lessons.beginning import Beginning, Shown, begin
from vbqkit.lessons.showing import show_table
from vbqkit.validation import check_score

_COLUMNS = ["factor", "changed", "verdict", "mean_percent", "ci_low", "ci_high", "note"]
_HEAD = ("factor", "what is changed", "verdict", "mean change (%)", "from", "to", "note")


def show_score_check(*names: str, patients: int = 4) -> Beginning:
    """A button; when pressed it checks each score and draws the changes; see :func:`vbqkit.validation.check_score`.

    Parameters
    ----------
    *names : str
        Scores that are known, such as ``"VBQ-T1"``.
    patients : int
        Virtual patients for each; some seconds for every two.

    Returns
    -------
    Beginning
        The last line of a cell.
    """

    def make() -> tuple[Shown, ...]:
        checks = {name: check_score(name, patients=patients) for name in names}
        chart = plot_score_check(checks)
        tables = (show_table(table[_COLUMNS], head=_HEAD, digits=1) for table in checks.values())
        return (live_figure(chart), save_buttons(chart), *tables)

    return begin(make, f"Check {' and '.join(names)} on {patients} virtual patients")
