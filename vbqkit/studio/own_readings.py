"""The part of the page for a second reading: blinded to the first, kept apart from it, never averaged with it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.formats import read_rois
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Volume
from vbqkit.page.message import alert_html as alert
from vbqkit.repeats.agreement import FEWEST_FOR_ICC, ICC_MODEL, reading_agreement, readings_table
from vbqkit.repeats.picture import bland_altman_svg
from vbqkit.repeats.readings import CaseReading, CaseReadings, add_reading, read_readings, readings_path
from vbqkit.roi.origin import origin_of
from vbqkit.scores.case import score_case
from vbqkit.scores.result import Score
from vbqkit.studio.own_widgets import button, words
from vbqkit.studio.studio import RoiStudio

Stage = Callable[[Sequence[Any] | None], None]
"""Show these widgets instead of everything else; None: what was there before."""


class ReadingsPanel(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """Closes a reading, and leads through a second one in which nothing of the first is seen.

    Parameters
    ----------
    folder : Path
        Of the cases.
    code : str
        Of this one.
    volumes : mapping of str to Volume
        The series.
    options : callable
        What the scores are computed with.
    studio : callable
        The studio of the first reading.
    stage : callable
        See :data:`Stage`.

    Attributes
    ----------
    second : RoiStudio or None
        While the second reading goes on.
    """

    def __init__(
        self,
        *,
        folder: Path,
        code: str,
        volumes: Mapping[str, Volume],
        options: Callable[[], Mapping[str, Any]],
        studio: Callable[[], RoiStudio | None],
        stage: Stage,
    ) -> None:
        self._folder, self._code, self._volumes = folder, code, volumes
        self._options, self._studio, self._stage = options, studio, stage
        self.second: RoiStudio | None = None
        self._reader = ipywidgets.Text(description="Read by", placeholder="name or initials")
        self._told, self._shown = ipywidgets.HTML(), ipywidgets.HTML()
        self._close = button(
            "Close this reading", self.close_first, "Keep it as the first reading; it is not changed any more"
        )
        self._begin = button("Begin the second reading", self.begin_second, "Nothing of the first reading is shown")
        super().__init__(
            [
                ipywidgets.HTML(
                    words(
                        "Read the case twice, best on another day (Huang 2026 waited over 4 weeks). When the first reading is closed, a second one starts on an "
                        "empty picture, without the first one's ROIs, numbers or slice, and without proposals. Both are kept apart and never averaged."
                    )
                ),
                self._reader,
                ipywidgets.HBox([self._close, self._begin]),
                self._told,
                self._shown,
            ]
        )
        self._refresh()

    @property
    def readings(self) -> CaseReadings:
        """The closed readings of this case.

        Raises
        ------
        FormatError
            If their file is damaged.
        """
        path = readings_path(self._folder, self._code)
        return read_readings(path)[0] if path.exists() else CaseReadings(self._code)

    def lines(self) -> tuple[str, ...]:
        """For the report: both readings and how far they differ; empty without a second one."""
        closed = self.readings
        one, two = closed.reading(1), closed.reading(2)
        if one is None or two is None:
            return ()
        found = [
            f"{name}: {value:.4g} (first, {one.reader}), {two.scores[name]:.4g} (second, {two.reader}, blinded to it), difference {value - two.scores[name]:+.3g}."
            for name, value in one.scores.items()
            if name in two.scores
        ]
        apart = (dt.date.fromisoformat(two.read_on) - dt.date.fromisoformat(one.read_on)).days
        found.append(
            f"{apart} days between the readings. They are not averaged: the scores of this report are of the ROIs that it shows."
        )
        if one.proposed:
            found.append(
                f"{one.proposed} ROIs of the first reading were proposed automatically and accepted; the second was placed unaided."
            )
        return tuple(found)

    def close_first(self) -> None:
        """Keep the first reading."""
        studio = self._studio()
        if studio is None:
            return
        self._told.value = ""
        try:
            self._keep(1, studio)
        except VbqkitError as error:
            self._told.value = alert(str(error))
        self._refresh()

    def begin_second(self) -> None:
        """Start on an empty picture; what is on the page goes away until this reading is closed."""
        self._told.value = ""
        try:
            self.start_second()
        except VbqkitError as error:
            self._told.value = alert(str(error))

    def start_second(self) -> None:
        """As :meth:`begin_second`, but a refusal is raised.

        Raises
        ------
        FormatError
            If the first reading is not closed, or the second one is.
        """
        closed = self.readings
        if closed.reading(1) is None:
            raise FormatError("Close the first reading before you begin the second.")
        if closed.reading(2) is not None:
            raise FormatError("The second reading of this case is closed already.")
        choices = {k: v for k, v in self._options().items() if k in ("rule", "excluded")}
        self.second = RoiStudio(
            list(self._volumes.values()),
            case_file=self._folder / f"{self._code}.reading2.vbqkit.json",
            blind=True,
            propose=False,
            **choices,
        )
        self._reader.value = ""
        title = ipywidgets.HTML(
            "<h3>Second reading</h3>"
            + words(
                "Choose the slice and place L1 to L4, CSF and noise as if you had never seen this case. No signals and no scores are shown until you close it."
            )
        )
        close = button("Close the second reading", self.close_second, "Keep it")
        self._stage([title, self.second, self._reader, close, self._told])

    def close_second(self) -> None:
        """Keep the second reading and go back."""
        if self.second is None:
            return
        self._told.value = ""
        try:
            self._keep(2, self.second)
        except VbqkitError as error:
            self._told.value = alert(str(error))
            return
        self.second.close()
        self.second = None
        self._stage(None)
        self._refresh()

    def _keep(self, number: int, studio: RoiStudio) -> None:
        if self.readings.reading(number) is not None:
            raise FormatError(f"Reading {number} of this case is closed already and is not changed.")
        if not self._reader.value.strip():
            raise FormatError("Say who read it: name or initials.")
        path = self._folder / f"{self._code}.reading{number}.rois.vbqkit.json"
        drawn = read_rois(studio.export_rois(path))
        scored = score_case(self._volumes, drawn, aggregate="both", **self._options())
        scores = {one.key: one.value for one in scored.results if isinstance(one, Score)}
        if not scores:
            why = "; ".join(dict.fromkeys(str(one) for one in scored.results))
            raise FormatError(f"This reading gives no score yet and stays open. {why}")
        reading = CaseReading(
            number=number,
            reader=self._reader.value.strip(),
            read_on=dt.datetime.now().astimezone().date().isoformat(),
            scores=scores,
            rois=path.name,
            proposed=sum(origin_of(roi, place) == "accepted" for roi, place in drawn.with_places),
        )
        add_reading(self._folder, self._code, reading)

    def _refresh(self) -> None:
        try:
            closed = self.readings
            cases = read_readings(self._folder)
        except VbqkitError as error:
            self._told.value = alert(str(error))
            return
        has = [closed.reading(number) is not None for number in (1, 2)]
        self._close.disabled, self._begin.disabled = has[0], not has[0] or has[1]
        said = ["The first reading is closed." if has[0] else "No reading of this case is closed."]
        said += list(self.lines()) if has[1] else []
        self._shown.value = notes_html(said) + agreement_html(cases)


def agreement_html(cases: Sequence[CaseReadings]) -> str:
    """Agreement of the readings over all cases of the folder, as a table."""
    table = readings_table(cases)
    n = table["code"].nunique()
    if not n:
        return words(f"No case in this folder has two readings yet. An ICC is given from {FEWEST_FOR_ICC} on.")
    found = reading_agreement(table)
    rows: dict[str, list[str]] = {}
    remarks: set[str] = set()
    for (score, kind), of in found.groupby(["score", "kind"], sort=False):
        by = of.set_index("quantity")
        low, high = (_number(by.loc[name]) for name in ("lower limit", "upper limit"))
        name = f"{score}, {kind}, {by['n'].iloc[0]} cases"
        rows[name] = [_number(by.loc["bias"]), low, high, _number(by.loc["SEM"]), _number(by.loc["ICC(A,1)"])]
        remarks |= {f"{quantity}: {note}." for quantity, note in by["note"].items() if note}
    head = ("over the cases of this folder", "bias", "lower limit", "upper limit", "SEM", "ICC(A,1)")
    pictures = "".join(bland_altman_svg(table, score) for score in dict.fromkeys(table["score"]))
    return (
        f"<p><b>{n} case{'' if n == 1 else 's'} with two readings</b></p>{table_html(rows, head=head)}"
        + notes_html(sorted(remarks))
        + f"<div style='display:flex;flex-wrap:wrap;gap:16px'>{pictures}</div>"
        + words(
            "With 95 % intervals. Bias and limits of agreement: Bland and Altman, first minus second reading, exact intervals (Carkeet 2015). SEM: by agreement. "
            f"{ICC_MODEL}."
        )
    )


def _number(row: Any) -> str:
    """An estimate with its interval; a dash where it is not given."""
    if math.isnan(row["estimate"]):
        return "–"
    interval = "" if math.isnan(row["ci_low"]) else f" ({row['ci_low']:.3g} to {row['ci_high']:.3g})"
    return f"{row['estimate']:.3g}{interval}"
