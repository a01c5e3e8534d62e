"""The parts of the page of one's own case that are there where they are needed: levels, cut-offs, readings, a prior."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ipywidgets

from vbqkit.errors import VbqkitError
from vbqkit.image import Volume
from vbqkit.page.message import alert_html as alert
from vbqkit.privacy.showing import Place
from vbqkit.report import case_report
from vbqkit.report.case_values import ReportSection
from vbqkit.roi import Roi
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.studio.own_levels import LevelsPanel
from vbqkit.studio.own_prior import PriorPanel
from vbqkit.studio.own_readings import ReadingsPanel, Stage
from vbqkit.studio.own_reference import find_reference
from vbqkit.studio.own_scores import scores_html
from vbqkit.studio.own_widgets import button
from vbqkit.studio.studio import RoiStudio
from vbqkit.study import Series, Study

TITLES = (
    "Levels that cannot be used",
    "Scores between published values",
    "Second reading",
    "Earlier study of this patient",
)


class OwnParts:
    """What belongs to one choice of series.

    Parameters
    ----------
    folder, code
        Of the case.
    study : Study
        It.
    volumes : mapping of str to Volume
        The chosen series.
    reference : ReferenceGroup, path-like or None
        See :func:`vbqkit.studio.own_reference.find_reference`.
    coil : str
        The coil, where the header is silent.
    place : Place
        Where the program runs.
    series : Series
        One of the chosen series, for whose it is and when.
    studio : callable
        The studio of the page.
    remake : callable
        Make the studio anew, with other levels left out.
    stage : callable
        See :data:`vbqkit.studio.own_readings.Stage`.

    Raises
    ------
    FormatError
        If the library of reference groups is damaged.
    """

    def __init__(
        self,
        *,
        folder: Path,
        code: str,
        study: Study,
        volumes: Mapping[str, Volume],
        reference: ReferenceGroup | str | Path | None,
        coil: str,
        place: Place,
        series: Series,
        studio: Callable[[], RoiStudio | None],
        remake: Callable[[], None],
        stage: Stage,
    ) -> None:
        self._study, self._volumes, self._code, self._studio = study, volumes, code, studio
        self.reference, self.about_reference = find_reference(reference, folder, volumes, coil=coil)
        self.levels = LevelsPanel(remake)
        self.readings = ReadingsPanel(
            folder=folder, code=code, volumes=volumes, options=self.score_options, studio=studio, stage=stage
        )
        self.prior = PriorPanel(
            folder=folder,
            volumes=volumes,
            series=series,
            rois=self._rois,
            options=self.score_options,
            place=place,
            coil=coil,
        )
        self._scores = ipywidgets.HTML()
        scores = ipywidgets.VBox(
            [button("Show the scores", self.show_scores, "With intervals and published values"), self._scores]
        )
        self.accordion = ipywidgets.Accordion(
            [self.levels, scores, self.readings, self.prior], titles=TITLES, selected_index=None
        )

    def _rois(self) -> tuple[Roi, ...]:
        studio = self._studio()
        return studio.rois if studio is not None else ()

    def score_options(self) -> dict[str, Any]:
        """Reference, rule and excluded, as :func:`vbqkit.scores.score_case` takes them."""
        return {"reference": self.reference, **self.levels.exclusions.options}

    def sections(self) -> tuple[ReportSection, ...]:
        """What the report says beside the scores."""
        return tuple(self._sections())

    def _sections(self) -> Iterator[ReportSection]:
        found = (
            ("Reference group", self.about_reference),
            ("What the papers do with such levels", self.levels.exclusions.lines),
            ("Second reading", self.readings.lines()),
            ("Earlier study of this patient", self.prior.lines()),
        )
        for title, lines in found:
            if lines:
                yield ReportSection(title, lines)

    def show_scores(self) -> None:
        """Scores, nearest settings and the forest plot, of the ROIs as they lie now."""
        try:
            made = case_report(
                self._study, self._rois(), reader="-", code=self._code, volumes=self._volumes, **self.score_options()
            )
        except VbqkitError as error:
            self._scores.value = alert(str(error))
            return
        self._scores.value = scores_html(made, self.about_reference)
