"""The data set of lesson 96: real patients where they lie on this computer, else virtual ones in such files."""

from __future__ import annotations

import html
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ipywidgets
import pandas as pd
from IPython.display import HTML

from vbqkit.batch import Plan, score_cohort
from vbqkit.charts import plot_bland_altman, plot_groups
from vbqkit.charts.live import live_figure
from vbqkit.datasets import (
    SPIDER,
    SpiderData,
    compare_with_masks,
    count_series,
    get_spider,
    make_spider_like,
    open_spider,
    spider_series,
)
from vbqkit.errors import VbqkitError
from vbqkit.exercises.progress import state_dir
from vbqkit.formats.files import user_path
from vbqkit.lessons.awake import Awake
from vbqkit.lessons.beginning import Shown
from vbqkit.lessons.showing import show_notes, show_table
from vbqkit.stats import bland_altman

FOLDER_VARIABLE = "VBQKIT_SPIDER"
"""Environment variable that names the folder with SPIDER."""

DOWNLOAD = "3.8 GB"
WHAT_IT_TAKES = f"{DOWNLOAD} from Zenodo, 8 GB on disk"
LICENCE = "CC BY 4.0"

_SCORES = ("VBQ-T1", "VBQ-T2")
_LEAST_FOR_LIMITS = 3
_NO_READER = "The files of this page, real and virtual, are read with SimpleITK, which is not installed here. "
_HOW_TO_GET_IT = "Write %pip install SimpleITK into a cell of its own and run it, then choose Kernel, Restart Kernel and Run All Cells."
_NOT_IN_A_BROWSER = "In a browser it cannot be had: open this lesson in an installed JupyterLab. The text and the questions need no files."
_WORKERS_OF_REAL: int | None = None  # one a core; five virtual patients are done before a process has begun


class OpenData(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Which patients a page works with, and a button that downloads the real ones; nothing is downloaded unasked.

    Parameters
    ----------
    folder : path-like
        Where SPIDER lies or shall lie; empty: what the environment variable ``VBQKIT_SPIDER`` says.

    Attributes
    ----------
    real : bool
        Whether the real data set is used; without it five virtual patients are made when they are first needed.
    """

    def __init__(self, folder: str | os.PathLike[str] = "") -> None:
        chosen = os.fspath(folder) or os.environ.get(FOLDER_VARIABLE, "")
        self._data: SpiderData | None = None
        self._said = ipywidgets.HTML()
        self._place = ipywidgets.Text(
            value=chosen or "~/spider", description="Folder", layout={"width": "420px", "max_width": "100%"}
        )
        self._button = ipywidgets.Button(
            description=f"Download SPIDER ({DOWNLOAD})",
            tooltip="From zenodo.org/records/10159290, into the folder named above",
            layout={"width": "max-content", "max_width": "100%"},
        )
        self._takes = ipywidgets.HTML(f"{WHAT_IT_TAKES}; {LICENCE}.")
        self._button.on_click(lambda _: self.download())
        super().__init__([self._said])
        self.add_class("vbq-open-data")
        try:
            self._data = open_spider(chosen) if chosen and (user_path(chosen) / "studies").is_dir() else None
        except VbqkitError as error:
            self._tell(str(error))
        else:
            missing = f"There is no SPIDER in {chosen}. " if chosen and self._data is None else ""
            self._tell(missing + self._in_words())

    @property
    def real(self) -> bool:
        """Whether the real data set is used."""
        return self._data is not None and not self._data.synthetic

    @property
    def data(self) -> SpiderData:
        """Where the files lie; virtual patients are made the first time, which takes half a minute."""
        if self._data is None:
            self._data = make_spider_like(state_dir() / "spider-synthetic")
        return self._data

    @property
    def source(self) -> str:
        """Below charts: where the patients come from."""
        return "SPIDER, van der Graaf 2024" if self.real else "SYNTHETIC: five virtual patients in SPIDER's layout"

    def still_html(self) -> str:
        """Which patients."""
        return f"<p>{html.escape(self._in_words())}</p>"

    def download(self) -> None:
        """Download the data set into the folder that is named, and use it; what broke off goes on the next time."""
        if self.real:
            return
        self._button.disabled = True
        try:
            folder = user_path(self._place.value)
            self._data = get_spider(folder, loading=self._loading, progress=self._progress("Patients", 1))
        except VbqkitError as error:
            self._tell(str(error))
        except KeyboardInterrupt:
            self._tell("Interrupted. Press the button again: it goes on from there.")
        else:
            self._tell(f"{self._in_words()} Run the cells below again.")
        finally:
            self._button.disabled = False

    def series(self) -> HTML:
        """How many series there are, and whether their times say what their names say."""
        names = (
            "series, by its name",
            "patients",
            "there",
            "times say the same",
            "times say another",
            "times not known",
        )
        return show_table(pd.DataFrame(count_series(spider_series(self.data))), head=names)

    def scores(self) -> pd.DataFrame:
        """VBQ-T1 and VBQ-T2 of each patient with the ROIs from the masks; rows that are done are not done again."""
        data = self.data
        found = score_cohort(
            data.studies,
            rois=data.rois,
            out=Path(data.studies).parent / "lesson96_scores.csv",
            plan=Plan(scores=_SCORES),
            workers=_WORKERS_OF_REAL if self.real else 0,
            keep_names=True,
        )
        table = pd.DataFrame(found.rows)
        return table.assign(
            **{name: pd.to_numeric(table[name]) for name in ("vbq_t1", "vbq_t2")},
            scanner=table.scanner.fillna("not stated"),
        )

    def spread(self) -> tuple[Shown, ...]:
        """VBQ-T1 by scanner as a chart, both scores in a table, and why some have none."""
        table = self.scores()
        rows = [
            {"score": name} | _described(table[column])
            for name, column in zip(_SCORES, ("vbq_t1", "vbq_t2"), strict=True)
        ]
        head = ("score", "patients", "without", "median", "lowest", "highest", "SD / mean (%)")
        chart = plot_groups(table, value="vbq_t1", by="scanner", source=self.source)
        reasons = table.reason.dropna().value_counts()
        notes = [f"{count} of {len(table)}: {reason}" for reason, count in reasons.items()]
        return (live_figure(chart), show_table(pd.DataFrame(rows), head=head), show_notes(*notes))

    def agreement(self, first: int | None = None) -> tuple[Shown, ...]:
        """Proposed ROIs against those from the masks: marrow, CSF and score of each patient; a Bland-Altman plot."""
        rows = pd.DataFrame(compare_with_masks(self.data, first=first))
        told = rows.assign(names=rows.names.fillna("nothing to compare"))
        counts = ", ".join(f"{count} {name}" for name, count in told.names.value_counts().items())
        compared = rows[(rows.names == "as in the masks") & rows.vbq_percent.notna()]
        columns = ["patient", "weighting", "inside_percent", "marrow_percent", "csf_percent", "vbq_percent"]
        head = ("patient", "on", "in a body (%)", "marrow (%)", "CSF (%)", "VBQ (%)")
        shown: list[Shown] = [
            show_notes(f"Names of the levels: {counts}."),
            show_table(_medians(compared) if len(compared) > 12 else compared[columns], head=head, digits=1),
        ]
        t1 = compared[compared.weighting == "T1"].rename(columns={"vbq_proposed": "proposed", "vbq_masks": "masks"})
        if len(t1) >= _LEAST_FOR_LIMITS:
            limits = bland_altman("proposed", "masks", data=t1, scale="percent", limits_interval="exact")
            options: dict[str, Any] = {"a": "proposed", "b": "masks", "quantity": "VBQ-T1", "source": self.source}
            shown.append(live_figure(plot_bland_altman(t1, agreement=limits, **options)))
        return tuple(shown)

    def _in_words(self) -> str:
        if find_spec("SimpleITK") is None:
            return _NO_READER + (_NOT_IN_A_BROWSER if sys.platform == "emscripten" else _HOW_TO_GET_IT)
        if self._data is not None and self.real:
            return f"Real patients: SPIDER, {self._data.patients} of them, {self._data.with_rois} with ROIs. {SPIDER}"
        return (
            "SYNTHETIC: five virtual patients in files of SPIDER's layout, made on this computer when they are first "
            f"needed. The real ones are {WHAT_IT_TAKES}, {LICENCE} (van der Graaf 2024, doi:10.5281/zenodo.10159290). "
            "Nothing is downloaded unless you press the button."
        )

    def _loading(self, name: str) -> Any:
        return self._progress(f"Download of {name}", 1e6, "MB")

    def _progress(self, what: str, unit: float, word: str = "") -> Any:
        last = -1

        def show(done: int, total: int) -> None:
            nonlocal last
            percent = int(100 * done / max(total, 1))
            if percent != last:  # a message a percent, not one a chunk
                last = percent
                self._tell(f"{what}: {done / unit:.0f} of {total / unit:.0f} {word}. To stop: Kernel, Interrupt.")

        return show

    def _tell(self, text: str) -> None:
        self._said.value = (
            f"<div role='status' aria-live='polite' style='max-width:760px;line-height:1.45'>{html.escape(text)}</div>"
        )
        self.children = (self._said,) if self.real else (self._said, self._place, self._button, self._takes)


def _described(values: pd.Series) -> dict[str, Any]:
    known = values.dropna()
    spread = 100.0 * known.std() / known.mean() if len(known) > 1 else float("nan")
    return {
        "patients": len(known),
        "without": len(values) - len(known),
        "median": known.median(),
        "lowest": known.min(),
        "highest": known.max(),
        "spread": spread,
    }


def _medians(compared: pd.DataFrame) -> pd.DataFrame:
    """Median of each weighting, where there are too many patients for a line each."""
    numbers = ["inside_percent", "marrow_percent", "csf_percent", "vbq_percent"]
    found = compared.groupby("weighting")[numbers].median().reset_index()
    n = compared.weighting.value_counts()
    return found.assign(patient=[f"median of {n[weighting]}" for weighting in found.weighting])[
        ["patient", "weighting", *numbers]
    ]
