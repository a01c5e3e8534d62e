"""The scanner lab: sliders that scan one slice of a virtual patient again at once, and the ROI readings that follow."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from vbqkit.errors import ScoreError, VbqkitError
from vbqkit.image import Slice
from vbqkit.lessons.awake import Awake
from vbqkit.page.slice_picture import slice_html, usual_window
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner.prepared import PreparedPatient
from vbqkit.scores.case import score_value

BRIGHTEST = 2.0
"""White is at most this many times the brightest mean of a ROI."""


_NAME_WIDTH = "118px"
_FITS = "<style>.vbq-lab .widget-html-content { min-width: 0 }</style>"  # the picture gets smaller on a narrow page
_SIDE = {"flex": "1 1 320px", "min_width": "0", "max_width": "470px", "padding": "0 0 0 14px"}
"""Beside the picture on a screen of 1280 pixels with its list of files open, under it where that is too narrow."""


class ScanLab(Awake, ipywidgets.VBox):  # type: ignore[misc] # ipywidgets is untyped for mypy
    """A slice of a virtual patient with sliders. Synthetic.

    Parameters
    ----------
    prepared : PreparedPatient or mapping of str to PreparedPatient
        What to scan; if there are several, such as two coils, a menu offers them by name.
    rois : iterable of Roi
        Labelled L1 to L4 and CSF, and noise for the SNR; drawn on the picture and measured.
    controls : sequence of str
        Which sliders: what the sequence offers (``tr_ms``, ``te_ms``, ``ti_ms``), ``field_t``, ``bandwidth_hz_per_px``,
        ``gain`` and ``noise``.
    readout : sequence of str
        Which scores: any name of :data:`vbqkit.scores.SCORES`, such as ``"SNR"``, or ``"VBQ"`` for the one of the
        weighting that is scanned; with the median of the levels where there is the choice.
    fixed_window : bool
        Keep black and white where they were at the start, so that the effect of gain is visible; otherwise each
        picture has its own.
    settings : float
        Values to start from, such as ``ti_ms=150``; the others are those of the protocol.

    Attributes
    ----------
    values : dict of str to float
        The scores that are shown.
    image : Slice
        The slice that is shown.
    """

    def __init__(
        self,
        prepared: PreparedPatient | Mapping[str, PreparedPatient],
        *,
        rois: Iterable[Roi],
        controls: Sequence[str],
        readout: Sequence[str] = ("VBQ",),
        fixed_window: bool = False,
        menu_name: str = "Machine",
        **settings: float,
    ) -> None:
        self._machines = {"": prepared} if isinstance(prepared, PreparedPatient) else dict(prepared)
        offered = next(iter(self._machines.values())).slices[0].controls
        unknown = sorted({*controls, *settings} - set(offered))
        if unknown:
            raise TypeError(f"no slider '{unknown[0]}'; choose from {', '.join(offered)}")
        self._rois, self._readout, self._fixed = tuple(rois), tuple(readout), settings
        self._menu = ipywidgets.Dropdown(
            options=list(self._machines),
            description=menu_name,
            style={"description_width": _NAME_WIDTH},
            layout={"width": "auto"},
        )
        self._sliders = {name: self._slider(name, settings) for name in controls}
        self._picture = ipywidgets.HTML(layout={"flex": "0 1 auto", "min_width": "0"})
        self._table = ipywidgets.HTML()
        reset = ipywidgets.Button(description="Back to the start", tooltip="All sliders as they were")
        reset.on_click(self._reset)
        self._start = {name: slider.value for name, slider in self._sliders.items()}
        self._first_machine = self._menu.value
        self.image = self._scan()
        self._first = self._measured(self.image)
        self._window = self._shown(self.image, self._first) if fixed_window else None
        self.values: dict[str, float] = {}
        for control in (self._menu, *self._sliders.values()):
            control.observe(self._update, "value")
        menu = [self._menu] if len(self._machines) > 1 else []
        side = ipywidgets.VBox([*menu, *self._sliders.values(), reset, self._table], layout=_SIDE)
        super().__init__([ipywidgets.HBox([self._picture, side], layout={"flex_flow": "row wrap"})])
        self.add_class("vbq-lab")
        self._update()

    def still_html(self) -> str:
        """The picture, the settings and the table as they are when the cell is run."""
        settings = ", ".join(f"{slider.description} {slider.value:g}" for slider in self._sliders.values())
        return f"{self._picture.value}<p>Sliders: {html.escape(settings)}</p>{self._table.value}"

    def _slider(self, name: str, settings: Mapping[str, float]) -> Any:
        first = next(iter(self._machines.values())).slices[0]
        control = first.controls[name]
        value = settings.get(name, first.settings[name])
        if value is None:
            raise TypeError(
                f"'{name}' needs a value to start from, because this protocol has none; say for instance {name}=150"
            )
        slider = ipywidgets.FloatSlider(
            value=value,
            description=control.description,
            min=control.low,
            max=control.high,
            step=control.step,
            continuous_update=True,
            readout_format=".2f" if control.step < 1 else ".0f",
            style={"description_width": _NAME_WIDTH},
            layout={"width": "auto"},
        )
        slider.add_class(f"vbq-slider-{name}")
        return slider

    def _reset(self, _: Any) -> None:
        self._menu.value = self._first_machine
        for name, slider in self._sliders.items():
            slider.value = self._start[name]

    def _scan(self) -> Slice:
        chosen = {name: slider.value for name, slider in self._sliders.items()}
        return self._machines[self._menu.value].image(**(self._fixed | chosen))

    def _measured(self, image: Slice) -> dict[str, float]:
        found = {roi.label: roi.measure(image) for roi in self._rois}
        signals = {label: m.mean for label, m in found.items() if label != NOISE}
        if NOISE in found:
            signals["noise SD"] = found[NOISE].sd
        return signals | {name: self._score(name, image) for name in self._readout}

    def _score(self, name: str, image: Slice) -> float:
        """A score of the slice; nan where it has none, so that the sliders go on."""
        full = f"VBQ-{image.acquisition.weighting}" if name == "VBQ" else name
        try:
            return score_value(image, self._rois, full, aggregate="median")
        except ScoreError:
            return float("nan")

    def _shown(self, image: Slice, signals: Mapping[str, float]) -> tuple[float, float]:
        """The signals shown as black and as white; fat next to a coil may be white, so that the spine is bright."""
        low, high = usual_window(image)
        measured = max(signals[roi.label] for roi in self._rois if roi.label != NOISE)
        return low, min(high, BRIGHTEST * measured) if measured > 0 else high

    def _update(self, _: Any = None) -> None:
        try:
            self.image = self._scan()
            now = self._measured(self.image)
        except VbqkitError as error:
            self._table.value = f"<div role='status' aria-live='polite' class='vbq-refused'><b>Not possible:</b> {html.escape(str(error))}</div>"
            return
        self.values = {name: now[name] for name in self._readout}
        t = self.image.acquisition
        times = f"TR {t.tr_ms:g}, TE {t.te_ms:g} ms" + (f", TI {t.ti_ms:g} ms" if t.ti_ms else "")
        levels = np.mean([now[k] for k in SCORED_LEVELS if k in now]) / (now[CSF] or np.nan)
        alt = f"Sagittal slice of a virtual lumbar spine, {times}, {t.field_t:g} T. Marrow is {levels:.2g} times as bright as CSF."
        self._picture.value = _FITS + slice_html(
            self.image,
            alt=alt,
            rois=self._rois,
            window=self._window or self._shown(self.image, now),
            height_px=430,
            caption=f"{t.field_t:g} T, {times}.",
        )
        self._table.value = self._table_html(now)

    def _table_html(self, now: Mapping[str, float]) -> str:
        rows = []
        for name, value in now.items():
            first = self._first[name]
            change = f"{100 * (value / first - 1):+.0f} %" if first and np.isfinite(first * value) else ""
            score = name in self._readout
            shown = f"{value:.2f}" if score or name == "noise SD" else f"{value:.0f}"
            weight = "font-weight:700;border-top:1px solid" if score else ""
            rows.append(
                f"<tr data-name='{html.escape(name)}' data-value='{value!r}' style='{weight}'><th scope='row' style='text-align:left;padding:1px 14px 1px 0'>"
                f"{html.escape(name)}</th><td style='text-align:right;padding:1px 12px'>{shown}</td><td style='text-align:right'>{change}</td></tr>"
            )
        head = "<tr><th style='text-align:left'>mean signal (a.u.)</th><th style='padding:1px 12px'>now</th><th>against the start</th></tr>"
        return f"<table class='vbq-readout' style='font-size:14px;line-height:1.5;border-collapse:collapse'>{head}{''.join(rows)}</table>"
