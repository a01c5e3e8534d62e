"""Colours that Python and the browser share: one palette, and what each ROI is drawn with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class RoiStyle(NamedTuple):
    """How a ROI is drawn: its colour, and the lengths drawn and left out by turns (none for a whole line)."""

    colour: str
    dash: tuple[float, ...]


def _style(colour: str, dash: str) -> RoiStyle:
    return RoiStyle(colour, tuple(map(float, dash.split())))


_SHARED = json.loads(
    (Path(__file__).parent / "static" / "colours.js")
    .read_text(encoding="utf-8")
    .partition("export default")[2]
    .strip(" ;\n")
)

OKABE_ITO: dict[str, str] = _SHARED["okabe_ito"]
"""Eight colours that people with any kind of colour vision tell apart (Okabe & Ito 2008)."""

ROI_STYLES: dict[str, RoiStyle] = {label: _style(*style) for label, style in _SHARED["rois"].items()}
"""Of the ROIs that have a name of their own; see :func:`roi_style`."""

OTHER_ROI: RoiStyle = _style(*_SHARED["other_roi"])
"""Of every other ROI."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    OKABE_ITO[name] for name in ("black", "orange", "sky", "green", "yellow", "blue", "vermilion", "purple")
)


def roi_style(label: str) -> RoiStyle:
    """How a ROI with this label is drawn, in the studio, in lessons and in every still picture.

    Examples
    --------
    >>> roi_style("L5")
    RoiStyle(colour='#E69F00', dash=(6.0, 3.0))
    """
    return ROI_STYLES.get(label, OTHER_ROI)
