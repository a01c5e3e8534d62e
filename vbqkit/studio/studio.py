"""The ROI studio: place ROIs on a study as in a clinical viewer, and read what they measure while you drag."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import traitlets
from IPython.display import display

from vbqkit.acquisition import Weighting
from vbqkit.errors import FormatError, RoiError, VbqkitError
from vbqkit.formats.files import readable_path
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.rois import write_rois
from vbqkit.image import Volume
from vbqkit.language import translated
from vbqkit.page import javascript
from vbqkit.page.colours import style_sheet
from vbqkit.roi import FIXED_AREA_CM2, Roi
from vbqkit.scores.air import free_air
from vbqkit.scores.definition import ScoreChoices
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.levels import LevelRule
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.registry import scored_weightings
from vbqkit.scores.result import Refusal
from vbqkit.studio.casefile import Drawn, drawn_from, file_of
from vbqkit.studio.intervals import IntervalOptions, report_line
from vbqkit.studio.linking import linked_by_position
from vbqkit.studio.measured_rois import levels_for
from vbqkit.studio.picture import Snapshot, StillHtml, origin_lines, static_html
from vbqkit.studio.proposals import PROPOSAL_MESSAGES, ProposedRois
from vbqkit.studio.readout import doubts_of
from vbqkit.studio.roi_transfer import file_menu, from_browser, read_roi_file, to_browser
from vbqkit.studio.shared_rois import check_number
from vbqkit.studio.views import View, Viewable, open_views, pixels_for_browser, restated

_JITTER = Jitter(shift_mm=1.0, size_percent=0.0)  # as `vbqkit score` assumes
_STATIC = Path(__file__).parent / "static"


class RoiStudio(ProposedRois):
    """A viewer for placing ROIs: rectangles, ellipses, polygons and freehand outlines in patient millimetres.

    While a ROI is dragged the browser computes its numbers; when it is let go Python measures it again with
    :meth:`vbqkit.roi.Roi.measure`, and that number stays. Press ``?`` in the studio for mouse, keyboard and touch.
    When the hand rests, each score gets its 95 % interval from :func:`vbqkit.scores.case_uncertainty`: pixel noise,
    ROI placement and the reference group, whose shares are one click away.

    A saved notebook shows the outlines and the numbers without a kernel. The pixels of the picture are saved with it
    only if the image is synthetic, or if you say ``save_pixels=True``: a notebook is easily sent on, with the patient
    in it.

    Parameters
    ----------
    image : Volume, Series, Study, or list of Volume and Series
        What to show. Several are linked by patient position: the same ROIs lie on all of them.
    rois : iterable of Roi
        ROIs to begin with; left out where the case file already has some. Of what :func:`vbqkit.read_rois` gives, the
        cautions about the file come with them.
    case_file : str or Path, optional
        JSON file that the ROIs are kept in: read at the start, written after every change. It holds no pixels and
        nothing about the patient. Without it the ROIs live as long as the kernel.
    reference : ReferenceGroup or tuple of (mean, sd, n), optional
        SNR of the reference group on the same scanner, for the M-score.
    rule, excluded, overrule : optional
        As for :func:`vbqkit.scores.score_case`: levels that cannot be used, and series that must not be scored.
    fixed_area_cm2 : float, optional
        Give every new ROI this area, as the Košice group 2025 does with 0.40 cm2. None: any area.
    jitter : Jitter
        How far placements are thought to vary, for the intervals: 1 mm and a fixed area, if not said.
    within : mapping of str to Roi, optional
        Label to the outline (marrow of a level, dural sac) that a placement must stay in, for the intervals.
    cutoffs : mapping, optional
        Score to a published cut-off and the side of it that means disease, such as ``{"VBQ-T1": (2.9, "high")}``, or
        to a row of :func:`vbqkit.literature.thresholds_for`: the verdict is beside the interval, ``indeterminate``
        while the cut-off lies within. There is no default.
    height : int
        Height of the picture in CSS pixels, at most: on a low screen it leaves room for the tools and what is below.
    save_pixels : bool
        Whether a saved notebook may hold the picture, not only outlines and numbers.
    propose : bool
        Whether ROIs can be proposed automatically; False where someone is to place them unaided.
    blind : bool
        Whether the page hides signals and scores: for a reading that must not aim at a number.

    Attributes
    ----------
    rois : tuple of Roi
        What lies in the studio now and counts; may be assigned.
    proposed : tuple of ProposedRoi
        What :meth:`propose` has proposed and nobody has accepted: neither measured nor exported.
    origins : dict of str to str
        Where each ROI comes from, by label: ``"placed"``, ``"accepted"``, ``"corrected: moved 2.1 mm"``.
    measurements : dict of str to Measurement
        By label, on the first view, by Python.
    scores : dict of str to Score or Refusal
        By name: ``"SNR"``, ``"M-score"``, ``"VBQ-T1 (median)"``, ``"VBQ-T1 (mean)"`` ...
    intervals : dict of str to Uncertainty
        By the same names, where a score is given.
    annotations : tuple of Annotation
        Rulers, angles, probes and the count of levels: kept with the case file, never measured or scored.

    Examples
    --------
    >>> from vbqkit import Rectangle, Volume
    >>> from vbqkit.image import stack_affine
    >>> rng = np.random.default_rng(1)
    >>> affine = stack_affine((0, 0, 0), (4, 0, 0), (0, 0, -0.5), (0, 0.5, 0))
    >>> volume = Volume(rng.integers(90, 110, (5, 64, 64)), affine).with_acquisition(weighting="T1")
    >>> box = Rectangle.on(volume.slice(2), (30, 30), 8.0, 5.0, label="L3")
    >>> studio = RoiStudio(volume, rois=[box], reference=(23.4, 3.7, 10))
    >>> studio.rois
    (<Rectangle 'L3': 8 x 5 mm at (8.0, 15.0, -15.0) mm>,)
    >>> studio.measurements["L3"].n
    160
    >>> print(studio.scores["VBQ-T1 (median)"])
    VBQ-T1 is not given: no ROI 'CSF' on the T1 series. Place it.
    """

    # in the language that is read when it is made
    _esm = property(lambda _: javascript.loader(_STATIC / "studio.js"))
    _css = property(lambda _: style_sheet(_STATIC / "studio.css"))

    _views = traitlets.List().tag(sync=True)
    _options = traitlets.Dict().tag(sync=True)
    slices = traitlets.List(traitlets.Int(), help="Slice shown in each view, from 0.").tag(sync=True)
    windows = traitlets.List(help="[level, width] of each view, in signal units.").tag(sync=True)

    def __init__(
        self,
        image: Viewable,
        *,
        rois: Iterable[Roi] = (),
        case_file: str | Path | None = None,
        reference: ReferenceGroup | tuple[float, float, int] | None = None,
        rule: LevelRule = "all four",
        excluded: Mapping[str, str] | None = None,
        overrule: str | None = None,
        fixed_area_cm2: float | None = None,
        jitter: Jitter = _JITTER,
        within: Mapping[str, Roi] | None = None,
        cutoffs: Mapping[str, Any] | None = None,
        height: int = 560,
        save_pixels: bool = False,
        propose: bool = True,
        blind: bool = False,
    ) -> None:
        if fixed_area_cm2 is not None and not fixed_area_cm2 > 0:
            raise RoiError(f"A fixed area of {fixed_area_cm2} cm2 is not possible; give a number above 0, or None.")
        group = _group(reference)
        views, messages = open_views(image)
        choices = ScoreChoices(reference=group, rule=rule, excluded=dict(excluded or {}), overrule=overrule)
        self._saved_output: Any = None
        self._save_pixels = save_pixels
        self._may_propose, self._blind = propose, blind
        super().__init__(views, choices, IntervalOptions.of(jitter, within or {}, cutoffs or {}))
        self._of_study, self._as_read = messages, self.volumes
        self._show(views)
        self.set_trait("slices", [len(view.volume) // 2 for view in self._opened])
        self.set_trait("windows", [view["window"] for view in self._views])
        given = drawn_from(rois)
        check_number(given)
        drawn, levels = self._open_case(case_file, given, self._opened[0].volume if self._opened else None)
        if isinstance(rois, RoiFile) and drawn is given and self._opened:
            self._take_cautions(rois.belongs(self._first_volume()))
        self.set_trait(
            "_options",
            {
                "id": uuid.uuid4().hex[:12],
                "reference": None if group is None else [group.mean, group.sd, group.n],
                "levels": levels_for(choices),
                "fixed_area_cm2": fixed_area_cm2,
                "usual_area_cm2": FIXED_AREA_CM2,
                "files": file_menu(),
                "weightings": list(scored_weightings()),
                "height": height,
                "case_file": None if self._case is None else self._case.path.name,
                "propose": propose,
                "blind": blind,
            },
        )
        self._show_slice_of(drawn)
        self._keep(drawn, levels)
        self.on_msg(self._on_message)
        self._complete = True
        self.open()

    # -- what a user reads and sets -------------------------------------------------------------------------------

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes that the views show."""
        return tuple(view.volume for view in self._opened)

    @property
    def rois(self) -> tuple[Roi, ...]:
        """What lies in the studio now and counts, in the order in which it was placed; nothing only proposed."""
        return tuple(drawn.roi for drawn in self._drawn)

    @rois.setter
    def rois(self, rois: Iterable[Roi]) -> None:
        self._change((*drawn_from(rois), *self._waiting_rois))

    def export_rois(self, path: str | Path) -> Path:
        """Write the ROIs to a file; its ending says how.

        ``.json``: the package's ROI file, which keeps where each ROI comes from. ROIs that are only proposed are not
        written. ``.csv``: one row a ROI. ``.zip`` (or ``.roi`` for one ROI): ImageJ, on the
        first view. ``.nii.gz``, ``.nii``, ``.mha``, ``.nrrd``: a mask with one number a ROI, on the first view.

        Raises
        ------
        FormatError
            If the ending is unknown or the file cannot be written.
        """
        self._refresh()  # what another window has kept meanwhile
        write_rois(path, self._exported(), image=self._first_volume())
        return Path(path)

    def import_rois(self, path: str | Path) -> tuple[Roi, ...]:
        """Add the ROIs of a file that :meth:`export_rois` or ImageJ wrote; returns what was added.

        Raises
        ------
        FormatError
            If it cannot be read or belongs to another frame of reference.
        """
        return self._add(read_roi_file(readable_path(path), self._first_volume()))

    def snapshot(self, *, view: int = 0, slice_index: int | None = None, pixels: bool = True) -> Snapshot:
        """A figure for a report: the slice with its ROIs, scale, orientation and numbers.

        Shown in a notebook or saved (``.png``, ``.svg``, ``.html``), it holds the pixels of the slice; with
        ``pixels=False`` the outlines only.

        Parameters
        ----------
        view : int
            Which view.
        slice_index : int, optional
            Which slice; the one shown, if not said.
        pixels : bool
            Whether the picture itself is in the figure.

        Raises
        ------
        FormatError
            If the studio shows no image.
        """
        if not self._opened:
            raise FormatError(
                "There is no image to take a snapshot of: nothing could be read. See the message in the studio."
            )
        index = self.slices[view] if slice_index is None else slice_index
        intervals, options = self.intervals, self._interval_options
        lines = []
        for name, score in self.scores.items():
            if isinstance(score, Refusal):
                lines.append(str(score).replace(score.name, name, 1))
                continue
            lines.append(report_line(name, score, intervals.get(name), options))
            lines += [f"⚠ {doubt}" for doubt in doubts_of(score)]
        if intervals:
            lines.append(f"Intervals assume placements that vary by {options.jitter}.")
        lines += origin_lines(self._drawn, self._waiting_rois)
        return Snapshot.of(
            self._opened[view], index, self._drawn, self._results[view], self.windows[view], lines=lines, pixels=pixels
        )

    def state_weighting(self, weighting: Weighting | None, *, view: int = 0) -> None:
        """Say what a view shows where the header does not say it, or says something else.

        What the header says against it stays with every score, as the caution ``weighting-stated-against-header``.

        Parameters
        ----------
        weighting : {"T1", "T2", "STIR", "PD", "unknown"} or None
            None: as the header says.
        view : int
            Which view.

        Raises
        ------
        FormatError
            If there is no such view or weighting.
        """
        self._check_view(view)
        known = get_args(Weighting)
        if weighting is not None and weighting not in known:
            raise FormatError(f"The weighting {weighting!r} is not known. Use one of {', '.join(known)}, or None.")
        volume = self._as_read[view]
        self._show(restated(self._opened, view, volume.with_acquisition(weighting=weighting) if weighting else volume))

    def link_series(self, view: int) -> None:
        """Take a view to lie in the frame of reference of the first one: scrolling and ROIs are then carried over.

        Some scanners and archives give each series a frame of reference of its own. Say so only if the patient did not
        move; every score of that view then carries the caution ``frame-linked``.

        Parameters
        ----------
        view : int
            Which view, from 1.

        Raises
        ------
        FormatError
            If there is no such view.
        GeometryError
            If its slices do not lie where those of the first view lie, or it is linked already.
        """
        self._check_view(view)
        views = linked_by_position(self._opened, view)
        frames = {old.frame: new.frame for old, new in zip(self._opened, views, strict=True)}
        self._as_read = tuple(
            new.volume if new.volume is not old.volume else volume
            for old, new, volume in zip(self._opened, views, self._as_read, strict=True)
        )
        self._show(views)
        self._keep(tuple(replace(one, frame=frames[one.frame]) for one in self._all), self._state["levels"])

    # -- answering the browser ------------------------------------------------------------------------------------

    def _check_view(self, view: int) -> None:
        if not 0 <= view < len(self._opened):
            raise FormatError(f"There is no view {view}; the studio shows {len(self._opened)}, counted from 0.")

    def _show(self, views: Sequence[View]) -> None:
        """Tell the browser what the views are, and what there is to know of them."""
        self._opened = tuple(views)
        overruled = self._choices.get("overrule") is not None
        self.set_trait("_views", [view.for_browser(overruled=overruled, blind=self._blind) for view in self._opened])
        of_study = {message.text for message in self._of_study}  # said once, though each series may carry it
        of_series = [m for view in self._opened for m in view.messages() if m.text not in of_study]
        self._say_of_images([*self._of_study, *of_series])
        self._start_again()

    def _add(self, file: RoiFile) -> tuple[Roi, ...]:
        """The ROIs of a file beside those that are there, and what is odd about the file."""
        cautions = file.belongs(self._first_volume())
        drawn = (*self._all, *drawn_from(file))
        check_number(drawn)
        self._take_cautions(cautions)
        self._change(drawn)
        return file.rois

    def _exported(self) -> RoiFile:
        """What counts, with where it comes from; nothing that is only proposed."""
        return file_of(self._drawn)

    def _first_volume(self) -> Volume:
        if not self._opened:
            raise FormatError("The studio shows no image, so positions cannot be given. See the message in it.")
        return self._opened[0].volume

    def _show_slice_of(self, drawn: Drawn) -> None:
        """Begin on the slice that most ROIs lie on."""
        if not drawn or not self._opened:
            return
        slices = []
        for view in self._opened:
            here = [view.volume.nearest_slice(one.on(view.key).center_mm).index for one in drawn]
            slices.append(max(set(here), key=here.count))
        self.set_trait("slices", slices)

    def _save_picture(self) -> None:
        if self._saved_output is not None:
            self._saved_output.update(StillHtml(self._static_html()))

    def _on_message(self, _widget: Any, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        try:
            self._answer(content, buffers)
        except VbqkitError as error:
            self._say(str(error))

    def _answer(self, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        kind = content.get("type")
        if kind in {"slice", "air", "identity", "tools", "export"}:
            self._send_what_is_asked(kind, content)
        elif kind == "rescued":
            self._rescue(content["known"], content["mine"])
        elif kind == "refresh":
            self._refresh()
        elif kind == "hand":
            self._hand(bool(content["busy"]))
        elif kind == "import":
            self._add(from_browser(str(content["name"]), bytes(buffers[0]), self._first_volume()))
        elif kind == "weighting":
            self.state_weighting(content["weighting"] or None, view=int(content["view"]))
        elif kind == "link":
            self.link_series(int(content["view"]))
        elif kind in PROPOSAL_MESSAGES:
            self._answer_about_proposals(content)

    def _send_what_is_asked(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "tools":
            self.send({"type": kind}, buffers=[javascript.loader(_STATIC / "later.js").encode()])
            return
        if kind == "export":
            name, data = to_browser(str(content["ending"]), self._exported(), self._first_volume())
            self.send({"type": "download", "name": name}, buffers=[data])
            return
        view = int(content["view"])
        shown = self._opened[view]
        if kind == "identity":
            self.send({"type": kind, "view": view, "lines": shown.identity()})
            return
        index = int(content["index"])
        if kind == "air":
            air = free_air(shown.volume.slice(index))
            self.send({"type": kind, "view": view, "index": index}, buffers=[air.astype(np.uint8).tobytes()])
            return
        name, data = pixels_for_browser(shown.volume.pixels[index])
        self.send({"type": kind, "view": view, "index": index, "array": name}, buffers=[data])

    # -- in a saved notebook --------------------------------------------------------------------------------------

    def _static_html(self) -> str:
        return static_html(
            self._options["id"],
            self._opened,
            self.slices,
            self._drawn,
            self._results,
            self._measured["scores"],
            self.windows,
            waiting=self._waiting_rois,
            save_pixels=self._save_pixels,
        )

    def _ipython_display_(self) -> None:
        """Show the studio, and under it what is left of it in a notebook without a kernel (hidden while it lives)."""
        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, None)
        words = {"text/plain": translated("ROI studio. Where it cannot be used, its picture and table follow.")}
        display(data | words, metadata=metadata, raw=True)
        self._saved_output = display(StillHtml(self._static_html()), display_id=True)


def _group(reference: ReferenceGroup | tuple[float, float, int] | None) -> ReferenceGroup | None:
    if reference is None or isinstance(reference, ReferenceGroup):
        return reference
    mean, sd, n = reference
    return ReferenceGroup(mean=mean, sd=sd, n=n)
