"""A case of one's own on one page: privacy first, then the series, the protocol, the ROIs and a report."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from vbqkit.errors import VbqkitError
from vbqkit.formats import read_rois, read_study
from vbqkit.formats.intake import COPY_ENDING
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Volume
from vbqkit.page.message import alert_html as _alert
from vbqkit.page.still import Still
from vbqkit.privacy import PrivacyReport, check_privacy, may_show, where_it_runs
from vbqkit.repeats.readings import readings_path
from vbqkit.report import case_report, check_protocol, write_report
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.registry import scored_weightings
from vbqkit.studio.case_folder import make_folder
from vbqkit.studio.own_parts import OwnParts
from vbqkit.studio.own_widgets import button as _button
from vbqkit.studio.studio import RoiStudio
from vbqkit.studio.study_intake import StudyIntake, checked_code
from vbqkit.study import Series, Study

ENDINGS = (".html", ".pdf", ".sr.dcm", ".seg.dcm", ".sc.dcm")
"""What the report can be written as; see :func:`vbqkit.report.write_report`."""

_SHOWN_FINDINGS = 12
_NONE = -1


class OwnCase(Still, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """From a folder of DICOM files to a report: each step appears when the one before is done.

    1. **Privacy.** What identifies the patient is looked for before any pixel is shown. An identifiable study is opened
       only on the user's own computer and after they have said that they may see it.
    2. **Series.** Every series with its weighting and the reason for it; which to use is chosen here.
    3. **Protocol.** Traffic lights for what stands against a score, with the consequence for each.
    4. **ROIs.** The studio, which can propose them; nothing proposed counts before it is accepted.
    5. **Where it is needed.** Levels that cannot be used, scores between published values, a second reading blinded to
       the first, and an earlier study of the patient.
    6. **Report.** HTML, PDF or DICOM, without identity.

    Parameters
    ----------
    path : path-like, optional
        Folder, ZIP archive, DICOMDIR or file. Without it the page asks for one: a folder or ZIP archive to drop, which
        is copied into `folder`, or a path.
    folder : path-like
        Where the ROIs and reports are kept; made if it is not there. Nothing is written anywhere else.
    code : str
        What the case is called: a pseudonym, part of the file names.
    reference : ReferenceGroup or path-like, optional
        SNR of young women on the same scanner, for the M-score: as it is, or a library (``vbqkit reference``) whose
        group must agree in scanner, coil and protocol; without it the library ``reference_groups`` in `folder`, if
        there is one. Without a group there is no M-score.
    coil : str
        The receive coil, where the header is silent.
    environ : mapping of str to str, optional
        Environment variables that say where the program runs; those of this process unless given.
    only_inside : bool
        Whether a path that is typed must lie in `folder`, as in the app.

    Attributes
    ----------
    privacy : PrivacyReport or None
        What was found; None before the check.
    study : Study or None
        None until it may be shown.
    studio : RoiStudio or None
        None until the series are chosen.
    written : list of Path
        Reports that were written.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        folder: str | Path = "own_cases",
        code: str = "case1",
        reference: ReferenceGroup | str | Path | None = None,
        coil: str = "",
        environ: Mapping[str, str] | None = None,
        only_inside: bool = False,
    ) -> None:
        self._path, self._folder, self._code, self._reference = path or "", Path(folder), checked_code(code), reference
        self._coil = coil
        self._place = where_it_runs(environ)
        self.privacy: PrivacyReport | None = None
        self.study: Study | None = None
        self.studio: RoiStudio | None = None
        self._axial: tuple[Volume, ...] = ()
        self._about_axial: tuple[str, ...] = ()
        self._parts: OwnParts | None = None
        self._reader: Any = None
        self._set_aside: tuple[Any, ...] = ()
        self.written: list[Path] = []
        self._status = ipywidgets.HTML()
        self._steps = ipywidgets.VBox()
        self._begin = _button("Check this study", self.check, "Look for what identifies the patient")
        self._about_copy = ""
        self._asks = path is None
        self._only_inside = only_inside
        if self._asks:
            self._begin.layout.display = "none"
            self._ask_for_study()
        super().__init__([self._begin, self._status, self._steps])
        self.add_class("vbq-own-case")

    def still_html(self) -> str:
        """How to start it."""
        return "<p>Run the notebook and press <b>Check this study</b>. Nothing of the study is kept in this page.</p>"

    def _ask_for_study(self) -> None:
        self.privacy = None
        self._steps.children = (StudyIntake(self._folder, self._code, self._given, only_inside=self._only_inside),)

    def _given(self, path: Path, code: str, about_copy: str) -> None:
        """A study that was dropped, or whose path was typed: look at it as at any other."""
        self._path, self._code, self._about_copy = path, code, about_copy
        self.check()

    # -- 1. privacy ------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Look for what identifies the patient, and open the study if it may be shown."""
        bar = ipywidgets.IntProgress(description="Checking", max=1, layout={"width": "420px"})
        self._steps.children = (bar,)

        def progress(done: int, total: int) -> None:
            bar.max, bar.value = total, done

        found = self._try(lambda: check_privacy(self._path, progress=progress))
        self._steps.children = ()
        if found is None:
            if self._asks:
                self._ask_for_study()
            return
        self.privacy = found
        showing = may_show(found, self._place)
        self._begin.layout.display = "none"
        about_copy = notes_html([self._about_copy]) if self._about_copy else ""
        section = [ipywidgets.HTML(_privacy_html(found, showing.text) + about_copy)]
        if showing.ask:
            read = ipywidgets.Checkbox(
                description="I have read this, and I may see these images.", indent=False, layout={"width": "420px"}
            )
            show = _button("Show the images", self._open, "Open the study")
            show.disabled = True
            read.observe(lambda change: setattr(show, "disabled", not change["new"]), "value")
            section += [read, show]
        self._add("1. Privacy", section)
        if showing.allowed:
            self._open()

    # -- 2. series -------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self.privacy is None or self.study is not None:
            return
        if not may_show(self.privacy, self._place, acknowledged=True).allowed:
            return
        study = self._try(lambda: read_study(self._path))
        if study is None:
            if self._asks:
                self._ask_for_study()
            return
        self.study = study
        rows = {
            str(number): [
                series.acquisition.weighting,
                series.plane or "unknown",
                series.acquisition.weighting_reason,
                series.refusal or "",
            ]
            for number, series in enumerate(study)
        }
        head = ("series", "weighting", "plane", "why", "not scored, because")
        self._choices = {weighting: _choice(weighting, study) for weighting in scored_weightings()}
        use = _button("Use these series", self._use, "Check the protocol and open the studio")
        again = _button("Second reading", self._read_again, "Blinded to the first, which is closed")
        again.layout.display = "" if readings_path(self._folder, self._code).exists() else "none"
        notes = [str(caution) for caution in study.cautions]
        self._add(
            "2. Series",
            [ipywidgets.HTML(table_html(rows, head=head) + notes_html(notes)), *self._choices.values(), use, again],
        )

    # -- 3. protocol, 4. ROIs --------------------------------------------------------------------------------------

    def _use(self) -> None:
        if self._choose():
            self._show_case()

    def _read_again(self) -> None:
        if self._choose() and self._parts is not None:
            self._try(self._parts.readings.start_second)

    def _choose(self) -> bool:
        """Take the chosen series, and make the parts of the page that belong to them."""
        if self.study is None:
            return False
        chosen = {w: box.value for w, box in self._choices.items() if box.value != _NONE}
        if not chosen:
            self._say("Choose at least one series.")
            return False
        study = self.study
        volumes = self._try(lambda: {w: _as(study.series[row].volume(), w) for w, row in chosen.items()})
        if volumes is None or self._try(lambda: make_folder(self._folder)) is None:
            return False
        self._rows, self._volumes = chosen, volumes
        self._axial, self._about_axial = _axial_beside(next(iter(volumes.values())), study)
        self._parts = self._try(
            lambda: OwnParts(
                folder=self._folder,
                code=self._code,
                study=study,
                volumes=volumes,
                reference=self._reference,
                coil=self._coil,
                place=self._place,
                series=study.series[next(iter(chosen.values()))],
                studio=lambda: self.studio,
                remake=self._show_case,
                stage=self._stage,
            )
        )
        return self._parts is not None

    def _stage(self, widgets: Sequence[Any] | None) -> None:
        """Show these alone; None: what was there before, or the case, if it was not there yet."""
        if widgets is not None:
            self._set_aside, self._steps.children = self._steps.children, (ipywidgets.VBox(list(widgets)),)
            return
        self._steps.children = self._set_aside
        if self.studio is None:
            self._show_case()

    def _show_case(self) -> None:
        study, parts, volumes = self.study, self._parts, self._volumes
        if study is None or parts is None:
            return
        lights = [
            light
            for w, row in self._rows.items()
            for light in check_protocol(study.series[row], number=row, volume=volumes[w])
        ]
        told = {
            f"{light.sign} {light.topic} ({light.weighting})": [light.found, light.consequence]
            for light in lights
            if light.status in ("look", "refused")
        }
        fine = sum(light.status in ("fine", "nothing found") for light in lights)
        page = table_html(told, head=("topic", "found", "what follows")) if told else ""
        studio = self._try(
            lambda: RoiStudio(
                [*volumes.values(), *self._axial],
                case_file=self._folder / f"{self._code}.vbqkit.json",
                **parts.score_options(),
            )
        )
        if studio is None:
            return
        if self.studio is not None:
            self.studio.close()
        self.studio = studio
        self._steps.children = self._steps.children[:2]
        self._add(
            "3. Protocol",
            [
                ipywidgets.HTML(
                    page + notes_html([f"{fine} other points: nothing found against a score.", *parts.about_reference])
                )
            ],
        )
        hint = "Press Propose ROIs (Q), look at each, accept or correct it; count the levels from S1. Say below which levels cannot be used."
        hint = " ".join([hint, *self._about_axial])
        self._add("4. ROIs", [ipywidgets.HTML(f"<p>{hint}</p>"), studio])
        self._add("5. Where it is needed", [parts.accordion])
        self._ask_for_report()

    # -- 6. report -------------------------------------------------------------------------------------------------

    def _ask_for_report(self) -> None:
        said = self._reader.value if self._reader is not None else ""
        self._reader = ipywidgets.Text(value=said, description="Reader", placeholder="name or initials")
        self._endings = ipywidgets.SelectMultiple(
            options=ENDINGS, value=ENDINGS[:1], rows=len(ENDINGS), description="Write as"
        )
        self._again = ipywidgets.Checkbox(description="Replace files that exist", indent=False)
        self._told = ipywidgets.HTML()
        write = _button("Write the report", self.report, "Score the case and write the files")
        self._add("6. Report", [self._reader, self._endings, self._again, write, self._told])

    def report(self) -> None:
        """Score the case and write the report into the folder of the case."""
        if self.studio is None or self.study is None or self._parts is None:
            self._say("Choose the series and place the ROIs first.")
            return
        if not self._reader.value.strip():
            self._told.value = _alert("Say who placed or accepted the ROIs: name or initials.")
            return
        self._told.value = "<progress aria-label='working'></progress> Some seconds."
        written: list[Path] = []
        try:
            rois = read_rois(self.studio.export_rois(self._folder / f"{self._code}.rois.vbqkit.json"))
            made = case_report(
                self.study,
                rois,
                reader=self._reader.value.strip(),
                code=self._code,
                volumes=self._volumes,
                sections=self._parts.sections(),
                **self._parts.score_options(),
            )
            targets = [self._folder / f"{self._code}{ending}" for ending in self._endings.value]
            written.extend(write_report(made, target, overwrite=self._again.value) for target in targets)
        except VbqkitError as error:
            self.written += written
            before = f" Written before that: {', '.join(path.name for path in written)}." if written else ""
            self._told.value = _alert(self._without_path(str(error)) + before)
            return
        except KeyboardInterrupt:
            self._told.value = _alert("Interrupted. Nothing half-written is left; press the button again.")
            return
        self.written += written
        self._told.value = notes_html(
            [f"Written: {path}" for path in written]
            + [one.verdicts for one in made.scores if one.verdicts]
            + ["It screens and teaches; it does not diagnose. Cautions and sources stand in the report."]
        )

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _add(self, title: str, children: list[Any]) -> None:
        head = ipywidgets.HTML(f"<h3>{html.escape(title)}</h3>")
        self._steps.children = (*self._steps.children, ipywidgets.VBox([head, *children]))

    def _say(self, text: str) -> None:
        self._status.value = _alert(self._without_path(text)) if text else ""

    def _without_path(self, text: str) -> str:
        """A message without the place of the study: a folder may be called after its patient."""
        place = Path(self._path)
        if not self._path or place.suffix == COPY_ENDING:  # a copy is called after the code
            return text
        for part in sorted({str(place), str(place.absolute()), place.name, place.stem}, key=len, reverse=True):
            text = text.replace(part, "[your study]") if len(part) > 1 else text
        return text

    def _try(self, act: Callable[[], Any]) -> Any:
        """What it gives, or None with the reason on the page."""
        self._say("")
        try:
            return act()
        except VbqkitError as error:
            self._say(str(error))
        except KeyboardInterrupt:
            self._say("Interrupted. Press the button again.")
        return None


def _axial_beside(volume: Volume, study: Study) -> tuple[tuple[Volume, ...], tuple[str, ...]]:
    """The first axial series in the frame of reference of a volume, for the lines where slices cut each other."""
    frame = volume.acquisition.frame_of_reference_uid
    for series in study.series:
        if frame is not None and series.plane == "axial" and series.acquisition.frame_of_reference_uid == frame:
            try:
                return (series.volume(),), (
                    "Lines show where the slices and those of the axial series cut each other.",
                )
            except VbqkitError:
                return (), ("The axial series could not be read as one stack of slices: no lines are shown.",)
    return (), ()


def _privacy_html(report: PrivacyReport, text: str) -> str:
    head = ("level", "what", "files", "value, masked", "what to do")
    rows = {
        f"{number}": [f.level, f.keyword or f.kind, f"{f.files} of {f.of_files}", f.masked, f.advice]
        for number, f in enumerate(report.findings[:_SHOWN_FINDINGS], start=1)
    }
    more = len(report.findings) - _SHOWN_FINDINGS
    notes = [text] if text else []
    notes += [f"{more} more findings: vbqkit check lists them."] if more > 0 else []
    table = table_html(rows, head=("", *head)) if rows else ""
    return f"<p><b>{html.escape(report.verdict.capitalize())}.</b></p>{notes_html(notes)}{table}"


def _choice(weighting: str, study: Study) -> Any:
    """Which series to use for a weighting: those that can be scored, and none."""
    able = [(n, s) for n, s in enumerate(study) if s.scorable and s.plane in ("sagittal", None)]
    own = [(n, s) for n, s in able if s.acquisition.weighting == weighting]
    unknown = [(n, s) for n, s in able if s.acquisition.weighting == "unknown"]
    options = [(_series_words(n, s), n) for n, s in (*own, *unknown)]
    value = own[0][0] if len(own) == 1 else _NONE
    return ipywidgets.Dropdown(
        options=[("none", _NONE), *options], value=value, description=weighting, layout={"width": "520px"}
    )


def _series_words(number: int, series: Series) -> str:
    a = series.acquisition
    times = ", ".join(f"{name} {ms:g}" for name, ms in (("TR", a.tr_ms), ("TE", a.te_ms), ("TI", a.ti_ms)) if ms)
    size = "" if series.shape is None else f", {series.shape[0]} slices"
    return f"series {number}: {a.weighting}{size}{', ' + times + ' ms' if times else ''}"


def _as(volume: Volume, weighting: str) -> Volume:
    if volume.acquisition.weighting == weighting:
        return volume
    return volume.with_acquisition(weighting=weighting)
