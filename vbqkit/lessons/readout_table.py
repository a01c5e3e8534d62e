"""The table beside the sliders of the scanner lab: every signal and score, its change, and the interval of VBQ."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping

import numpy as np

from vbqkit.language import marked, number, translated

NOISE_SD = marked("noise SD")
"""Not a signal: it has two decimals, as the scores do."""

SHIFT_MM = 1.0
"""The interval of VBQ: each ROI could as well lie up to this far elsewhere, mm."""


def readout_html(
    now: Mapping[str, float],
    *,
    first: Mapping[str, float],
    scores: Collection[str],
    intervals: Mapping[str, tuple[float, float]],
) -> str:
    """What was measured, with the change in percent against the start, as an HTML table.

    Parameters
    ----------
    now, first : mapping of str to float
        Signals (a.u.) and scores (ratio) by name: as the sliders stand, and at the start.
    scores : collection of str
        Which of them are scores: in bold, with two decimals.
    intervals : mapping of str to (float, float)
        Of the scores that have one.
    """
    rows = []
    for name, value in now.items():
        begun = first[name]
        percent = 100 * (value / begun - 1) if begun else float("nan")
        change = f"{percent:+.0f} %".replace("-", "−") if np.isfinite(percent) else ""
        score = name in scores
        shown = number(value, 2 if score or name == NOISE_SD else 0)
        weight = "font-weight:700;border-top:1px solid" if score else ""
        rows.append(
            f"<tr data-name='{html.escape(name)}' data-value='{value!r}' style='{weight}'><th scope='row' style='text-align:left;padding:1px 10px 1px 0'>"
            f"{html.escape(translated(name))}</th><td style='text-align:right;padding:1px 10px'>{shown}</td><td style='text-align:right'>{change}</td></tr>"
        )
        if name in intervals:
            low, high = intervals[name]
            rows.append(
                f"<tr><td></td><td colspan='2' style='padding:0 0 0 10px'>[{number(low, 2)}, {number(high, 2)}]</td></tr>"
            )
    head = f"<tr><th style='text-align:left'>{translated('signal (a.u.)')}</th><th style='padding:1px 10px'>{translated('now')}</th><th>{translated('change')}</th></tr>"
    note = f"<div style='font-size:11px;line-height:1.25;max-width:200px;padding:2px 0 6px'>{translated('[ ]: 95 % if each ROI could lie up to {mm} mm elsewhere, with new noise.', mm=f'{SHIFT_MM:g}')}</div>"
    return (
        f"<table class='vbq-readout' style='font-size:13px;line-height:1.4;border-collapse:collapse'>{head}{''.join(rows)}</table>"
        + (note if intervals else "")
    )
