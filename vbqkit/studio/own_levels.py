"""The part of the page that asks which levels cannot be used, and says what the papers do about it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from vbqkit.errors import VbqkitError
from vbqkit.html_table import table_html
from vbqkit.page.message import alert_html as alert
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scores.level_findings import LEVEL_FINDINGS, Exclusions
from vbqkit.studio.own_widgets import button, words

USED = "use it"
_RULES = {"leave the level out (Chen 2023)": "leave out", "take T12 or L5 instead (Huang 2026)": "replace"}


class LevelsPanel(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Asks for the findings of L1 to L4.

    Parameters
    ----------
    on_apply : callable
        Called when other levels are left out than before.

    Attributes
    ----------
    exclusions : Exclusions
        What was applied last; nothing at first.
    """

    def __init__(self, on_apply: Callable[[], None]) -> None:
        self.exclusions = Exclusions({})
        self._on_apply = on_apply
        names = [USED, *(name for name, one in LEVEL_FINDINGS.items() if one.acts_on == "level")]
        self._levels = {
            level: ipywidgets.Dropdown(options=names, value=USED, description=level, layout={"width": "260px"})
            for level in SCORED_LEVELS
        }
        self._rule = ipywidgets.Dropdown(options=list(_RULES.items()), description="Then", layout={"width": "360px"})
        self._stenosis = ipywidgets.Checkbox(
            description="Canal stenosis at L3: the CSF ROI lies at another level",
            indent=False,
            layout={"width": "420px"},
        )
        self._told = ipywidgets.HTML()
        rules = table_html(
            {name: [one.rule] for name, one in LEVEL_FINDINGS.items()}, head=("finding", "what the papers do")
        )
        super().__init__(
            [
                ipywidgets.HTML(
                    words(
                        "Which of these cannot be measured? A level that is left out does not enter any score, and each score says so."
                    )
                ),
                ipywidgets.HBox(list(self._levels.values()), layout={"flex_flow": "row wrap"}),
                self._stenosis,
                self._rule,
                button("Leave these levels out", self.apply, "Score without them"),
                self._told,
                ipywidgets.HTML(rules),
            ]
        )

    def apply(self) -> None:
        """Take over what was chosen."""
        levels = {level: box.value for level, box in self._levels.items() if box.value != USED}
        try:
            chosen = Exclusions(levels, rule=self._rule.value if levels else "all four", stenosis=self._stenosis.value)
        except VbqkitError as error:
            self._told.value = alert(str(error))
            return
        self.exclusions = chosen
        self._told.value = words(*(chosen.lines or ("All four levels are used.",)))
        self._on_apply()
