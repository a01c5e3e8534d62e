"""The scanner lab: sliders that scan one slice of a virtual patient again; curve, picture and score move along."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from vbqkit.errors import RoiError, ScoreError, VbqkitError
from vbqkit.image import Slice
from vbqkit.language import digits, marked, said, translated
from vbqkit.lessons.awake import Awake
from vbqkit.lessons.coming_back import ComingBack, within
from vbqkit.lessons.guess import DOWN, STAYS, UP, Guess, seen_against
from vbqkit.lessons.lab_layout import SIDE_PX, SIDE_WITH_GUESSES_PX, laid_out, picture_px
from vbqkit.lessons.readout_table import NOISE_SD, SHIFT_MM, readout_html
from vbqkit.lessons.scan_curve import BUDGET_S, MARROW, RoiReader, ScanCurve, drawn_from
from vbqkit.page.colours import BLUE, PURPLE, VERMILION
from vbqkit.page.linked_chart import Panel, is_log, linked_chart_html
from vbqkit.page.slice_picture import crop_around_all, slice_html, usual_window
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, FAT, NOISE, SCORED_LEVELS
from vbqkit.scanner.prepared import PreparedPatient
from vbqkit.scores import shift_interval
from vbqkit.scores.case import score_value

BRIGHTEST = 2.0
"""White is at most this many times the brightest mean of a ROI."""

_MARGIN_MM = (24.0, 22.0)  # of the picture around the centers of the ROIs
_CHART_PX = 330  # width
_COLOURS = {MARROW: BLUE, CSF: PURPLE, FAT: VERMILION}
_OF_READING = {MARROW: marked("marrow"), CSF: marked("the signal of CSF"), FAT: marked("the signal of fat")}
_SLIDERS = (marked("Field (T)"), marked("Bandwidth (Hz/px)"), marked("Receiver gain"), marked("Noise (x)"))


class ScanLab(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """A slice of a virtual patient with sliders; curve, picture and score follow them together. Synthetic.

    Parameters
    ----------
    prepared : PreparedPatient or mapping of str to PreparedPatient
        What to scan; if there are several, such as two coils, a menu offers them by name.
    rois : iterable of Roi
        Labelled L1 to L4 and CSF, fat, and noise for the SNR; drawn on the picture and measured.
    controls : sequence of str
        Which sliders: what the sequence offers (``tr_ms``, ``te_ms``, ``ti_ms``), ``field_t``, ``bandwidth_hz_per_px``,
        ``gain`` and ``noise``.
    readout : sequence of str
        Which scores: any name of :data:`vbqkit.scores.SCORES`, such as ``"SNR"``, or ``"VBQ"`` for the one of the
        weighting that is scanned; with the median of the levels where there is the choice. The first is drawn along
        the slider; VBQ has its interval (:func:`vbqkit.scores.shift_interval`, shifts up to 1 mm).
    fixed_window : bool
        Keep black and white where they were at the start, so that the effect of gain is visible; otherwise each
        picture has its own.
    predict : str, optional
        A score of `readout`, or ``"marrow"``, ``"CSF"``, ``"fat"``: each slider is locked until the student has guessed
        what happens to it when the slider is moved up.
    ask_first : pair of str and sequence of str, optional
        A question and its answers: everything is locked until one is chosen.
    keep : str, optional
        A name such as ``"10-null"``, under which guesses and sliders are kept and come back when the cell is run again;
        see :func:`vbqkit.exercises.kept_views.keep_view`.
    settings : float
        Values to start from, such as ``ti_ms=150``; the others are those of the protocol.

    Attributes
    ----------
    values : dict of str to float
        The scores that are shown.
    intervals : dict of str to (float, float)
        Of the scores that have one.
    image : Slice
        The slice that is shown.
    guesses : dict of str to Guess
        By slider; ``""`` for the question that is asked first.
    """

    def __init__(
        self,
        prepared: PreparedPatient | Mapping[str, PreparedPatient],
        *,
        rois: Iterable[Roi],
        controls: Sequence[str],
        readout: Sequence[str] = ("VBQ",),
        fixed_window: bool = False,
        menu_name: str = marked("Machine"),
        predict: str | None = None,
        ask_first: tuple[str, Sequence[str]] | None = None,
        keep: str | None = None,
        **settings: float,
    ) -> None:
        self._machines = {"": prepared} if isinstance(prepared, PreparedPatient) else dict(prepared)
        offered = self._first_slice.controls
        unknown = sorted({*controls, *settings} - set(offered))
        if unknown:
            raise TypeError(f"no slider '{unknown[0]}'; choose from {', '.join(offered)}")
        if predict is not None and predict not in (*readout, *_OF_READING):
            raise TypeError(f"no reading '{predict}' to predict; choose from {', '.join((*readout, *_OF_READING))}")
        self._rois, self._readout, self._fixed, self._predict = tuple(rois), tuple(readout), settings, predict
        self._menu = ipywidgets.Dropdown(
            options=list(self._machines),
            description=translated(menu_name),
            style={"description_width": "128px"},
            layout={"width": "310px"},
        )
        self._sliders = {name: self._slider(name, settings) for name in controls}
        self._picture, self._table, self._chart = (ipywidgets.HTML() for _ in range(3))
        reset = ipywidgets.Button(
            description=translated("Back to the start"), tooltip=translated("All sliders as they were")
        )
        reset.on_click(self._reset)
        self._start = {name: slider.value for name, slider in self._sliders.items()}
        self._first_machine = self._menu.value
        self.image = self._scan()
        self._reader = RoiReader(self._rois, self.image)
        self._first = self._measured(self.image)
        self._window = self._shown(self.image, self._first) if fixed_window else None
        self.values: dict[str, float] = {}
        self.intervals: dict[str, tuple[float, float]] = {}
        self._active = controls[0]
        self._from: tuple[float, float] = (self._start[self._active], self._reading(self._first))
        self._curves: dict[Any, ScanCurve] = {}
        self._quiet = False
        self._seen: dict[str, float] = {}
        self._back = ComingBack(keep)
        self.guesses = self._asked(ask_first)
        for name, control in (("", self._menu), *self._sliders.items()):
            control.observe(lambda change, name=name: self._moved(name, change), "value")
        self._lock()
        parts = {"picture": self._picture, "chart": self._chart, "table": self._table, "reset": reset}
        super().__init__([laid_out(self._controls(), **parts, side_px=self._side_px)])
        self.add_class("vbq-lab")
        self._update()
        if self._back.before:
            self._come_back()

    def _come_back(self) -> None:
        """Guesses and sliders as this student left them."""
        before, given, seen = self._back.before, self._back.part("guesses"), self._back.part("seen")
        self._quiet = True
        for name, guess in self.guesses.items():
            guess.give_again(given.get(name))
        if str(before.get("machine")) in self._machines and not self._menu.disabled:
            self._menu.value = before["machine"]
        for name in self._sliders:
            self._put(name, self._back.part("sliders").get(name))
        active = str(before.get("active"))
        if active in self._sliders and not self._sliders[active].disabled:
            self._put(active, before.get("from"))
            with contextlib.suppress(VbqkitError):  # what the scanner refuses now is said below
                self.image = self._scan()
                self._take_up(active)
            self._put(active, self._back.part("sliders").get(active))
        for name, percent in seen.items():
            if (
                name in self._sliders
                and name in self.guesses
                and self.guesses[name].given
                and within(percent, -1e9, 1e9) is not None
            ):
                self._show_seen(name, percent)
        self._quiet = False
        self._update()
        if self._open:
            self._draw_chart(self._readings_of(self.image), budget_s=float("inf"))

    def _put(self, name: str, value: Any) -> None:
        """A slider at a place that was kept, if it is open and has that place."""
        slider = self._sliders[name]
        place = within(value, slider.min, slider.max)
        if place is not None and not slider.disabled:
            slider.value = place

    def _keep(self) -> None:
        untouched = all(slider.value == self._start[name] for name, slider in self._sliders.items())
        if untouched and not any(guess.given for guess in self.guesses.values()):
            return  # as it is when the cell is run: what was kept before comes back then
        self._back.keep(
            {
                "guesses": {name: guess.number for name, guess in self.guesses.items() if guess.given},
                "seen": self._seen,
                "sliders": {name: slider.value for name, slider in self._sliders.items()},
                "machine": self._menu.value,
                "active": self._active,
                "from": self._from[0],
            }
        )

    @property
    def _first_slice(self) -> Any:
        return next(iter(self._machines.values())).slices[0]

    def still_html(self) -> str:
        """The picture, the settings and the table as they are when the cell is run."""
        settings = ", ".join(f"{slider.description} {digits(slider.value, 'g')}" for slider in self._sliders.values())
        return f"{self._picture.value}<p>{translated('Sliders:')} {html.escape(settings)}</p>{self._table.value}"

    def _slider(self, name: str, settings: Mapping[str, float]) -> Any:
        control = self._first_slice.controls[name]
        value = settings.get(name, self._first_slice.settings[name])
        if value is None:
            raise TypeError(
                f"'{name}' needs a value to start from, because this protocol has none; say for instance {name}=150"
            )
        slider = ipywidgets.FloatSlider(
            value=value,
            description=translated(control.description),
            min=control.low,
            max=control.high,
            step=control.step,
            continuous_update=True,
            readout_format=".2f" if control.step < 1 else ".0f",
            style={"description_width": "128px"},
            layout={"width": "310px"},
        )
        slider.add_class(f"vbq-slider-{name}")
        return slider

    def _controls(self) -> list[Any]:
        """Sliders with their guesses."""
        rows = [self.guesses[""]] if "" in self.guesses else []
        rows += [self._menu] if len(self._machines) > 1 else []
        for name, slider in self._sliders.items():
            rows.append(ipywidgets.HBox([slider, self.guesses[name]]) if name in self.guesses else slider)
        return rows

    @property
    def _side_px(self) -> int:
        return SIDE_PX if self._predict is None else SIDE_WITH_GUESSES_PX

    def _asked(self, ask_first: tuple[str, Sequence[str]] | None) -> dict[str, Guess]:
        asked = {}
        if ask_first is not None:
            asked[""] = Guess(*ask_first, on_given=lambda: self._guessed(self._active))
        if self._predict is not None:
            what = translated(_OF_READING.get(self._predict, self._predict))
            for name in self._sliders:
                given = partial(self._guessed, name)
                asked[name] = Guess(
                    translated("If raised, {what}", what=what),
                    [translated(w) for w in (DOWN, STAYS, UP)],
                    on_given=given,
                    kept="",
                )
        return asked

    def _guessed(self, name: str) -> None:
        self._lock()
        if self._quiet:
            return
        self._take_up(name)
        self._draw_chart(self._readings_of(self.image), budget_s=float("inf"))
        self._keep()

    def _lock(self) -> None:
        """Lock what nobody has guessed about yet."""
        first = "" in self.guesses and not self.guesses[""].given
        self._menu.disabled = first
        for name, slider in self._sliders.items():
            slider.disabled = first or (name in self.guesses and not self.guesses[name].given)

    @property
    def _open(self) -> bool:
        """Whether the slider that was moved last may show its curve."""
        return not self._sliders[self._active].disabled

    def _reset(self, _: Any) -> None:
        self._quiet = True
        self._menu.value = self._first_machine
        for name, slider in self._sliders.items():
            slider.value = self._start[name]
        self._quiet = False
        self._from = (self._start[self._active], self._reading(self._first))
        self._update()

    def _moved(self, name: str, change: Mapping[str, Any]) -> None:
        if self._quiet:
            return
        if name and name != self._active:
            self._take_up(name, float(change["old"]))
        self._update()

    def _take_up(self, name: str, start: float | None = None) -> None:
        """From here on this slider is the one that is moved: what it changes is counted from what is shown now."""
        self._active = name
        self._from = (self._sliders[name].value if start is None else start, self._reading(self._measured(self.image)))

    def _settings(self) -> dict[str, Any]:
        return self._fixed | {name: slider.value for name, slider in self._sliders.items()}

    def _scan(self) -> Slice:
        return self._machines[self._menu.value].image(**self._settings())

    def _measured(self, image: Slice) -> dict[str, float]:
        found = self._reader.means(image)
        signals = {(NOISE_SD if label == NOISE else label): value for label, value in found.items()}
        return signals | {name: self._score(name, image) for name in self._readout}

    def _readings_of(self, image: Slice) -> dict[str, float]:
        return drawn_from(self._reader.means(image), self._readout[0])

    def _reading(self, now: Mapping[str, float]) -> float:
        """The reading that is predicted, of what was measured."""
        if self._predict == MARROW:
            return float(np.mean([now[k] for k in SCORED_LEVELS if k in now]))
        return now.get(self._predict or self._readout[0], float("nan"))

    def _score(self, name: str, image: Slice) -> float:
        """A score of the slice; nan where it has none, so that the sliders go on."""
        full = f"VBQ-{image.acquisition.weighting}" if name == "VBQ" else name
        try:
            return score_value(image, self._rois, full, aggregate="median")
        except ScoreError:
            return float("nan")

    def _interval(self, name: str, value: float) -> tuple[float, float] | None:
        labels = {roi.label for roi in self._rois}
        if not name.startswith("VBQ") or not np.isfinite(value) or not {*SCORED_LEVELS, CSF} <= labels:
            return None
        try:
            return shift_interval(self.image, self._rois, shift_mm=SHIFT_MM, aggregate="median")
        except RoiError:
            return None

    def _shown(self, image: Slice, signals: Mapping[str, float]) -> tuple[float, float]:
        """The signals shown as black and as white; fat next to a coil may be white, so that the spine is bright."""
        low, high = usual_window(image)
        measured = max(signals[roi.label] for roi in self._rois if roi.label not in (NOISE, FAT))
        return low, min(high, BRIGHTEST * measured) if measured > 0 else high

    def _update(self) -> None:
        try:
            self.image = self._scan()
            now = self._measured(self.image)
        except VbqkitError as error:
            self._table.value = f"<div role='status' aria-live='polite' class='vbq-refused'><b>{translated('Not possible:')}</b> {html.escape(said(str(error)))}</div>"
            return
        self.values = {name: now[name] for name in self._readout}
        found = {name: self._interval(name, value) for name, value in self.values.items()}
        self.intervals = {name: interval for name, interval in found.items() if interval is not None}
        t = self.image.acquisition
        times = f"TR {digits(t.tr_ms, 'g')}, TE {digits(t.te_ms, 'g')} ms" if t.tr_ms and t.te_ms else ""
        times += f", TI {digits(t.ti_ms, 'g')} ms" if t.ti_ms else ""
        field = digits(t.field_t, "g") if t.field_t else ""
        levels = np.mean([now[k] for k in SCORED_LEVELS if k in now]) / (now[CSF] or np.nan)
        alt = translated(
            "Sagittal slice of a virtual lumbar spine, {times}, {field} T. Marrow is {ratio} times as bright as CSF.",
            times=times,
            field=field,
            ratio=digits(float(levels), ".2g"),
        )
        crop = crop_around_all(self.image, self._rois, margin_mm=_MARGIN_MM)
        self._picture.value = slice_html(
            self.image,
            alt=alt,
            rois=self._rois,
            window=self._window or self._shown(self.image, now),
            height_px=picture_px(self.image, crop, side_px=self._side_px),
            crop=crop,
            caption=f"{field} T, {times}.",
        )
        self._table.value = readout_html(now, first=self._first, scores=self._readout, intervals=self.intervals)
        self._draw_chart(self._readings_of(self.image), budget_s=BUDGET_S)
        self._say_what_is_seen(now)
        self._keep()

    def _say_what_is_seen(self, now: Mapping[str, float]) -> None:
        guess, (start, before) = self.guesses.get(self._active), self._from
        moved, after = self._sliders[self._active].value - start, self._reading(now)
        if guess is None or not guess.given or not moved or not before or not np.isfinite(after / before):
            return
        percent = 100 * (after / before - 1)
        self._show_seen(self._active, percent if moved > 0 else -percent)

    def _show_seen(self, name: str, percent: float) -> None:
        self._seen[name] = percent
        self.guesses[name].show_seen(seen_against(self.guesses[name].given, percent))

    def _draw_chart(self, now: Mapping[str, float], *, budget_s: float) -> None:
        """The curve along the slider that was moved last, with the points where it stands."""
        control, score = self._first_slice.controls[self._active], self._readout[0]
        curve = self._curve()
        if self._open:
            curve.measure(budget_s)
        known = curve.values() if self._open else {}
        signals = {k: v for k, v in now.items() if k != score}
        at = float(self._sliders[self._active].value)
        told = ", ".join(f"{translated(name)} {digits(value, '.3g')}" for name, value in now.items())
        self._chart.value = linked_chart_html(
            curve.x,
            [
                Panel(
                    y_title=translated("signal (a.u.)"), curves=known_of(known, signals), now=signals, colours=_COLOURS
                ),
                Panel(
                    y_title=translated("{score} (ratio)", score=score),
                    curves=known_of(known, [score]),
                    now={score: now[score]} if score in now else {},
                    interval=self.intervals.get(score),
                ),
            ],
            at=at,
            x_title=translated(control.description)
            + ("" if self._open else ": " + translated("guess first, then the curve comes")),
            alt=translated(
                "Signals and {score} against {what}, now at {at}: {told}.",
                score=score,
                what=translated(control.description),
                at=digits(at, "g"),
                told=told,
            ),
            log=is_log(control.low, control.high),
            width_px=_CHART_PX,
        )

    def _curve(self) -> ScanCurve:
        """Of the slider that was moved last, with the others as they stand; kept for as long as they do."""
        machine, name = self._machines[self._menu.value], self._active
        others = {k: v for k, v in self._settings().items() if k != name}
        key = (self._menu.value, name, *sorted(others.items()))
        if key not in self._curves:

            def read(value: float) -> dict[str, float]:
                return self._readings_of(machine.image(**(others | {name: value})))

            self._curves[key] = ScanCurve(self._first_slice.controls[name], read)
        return self._curves[key]


def known_of(curves: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The curves that go by some names, as far as they are known."""
    return {name: curves[name] for name in names if name in curves}
