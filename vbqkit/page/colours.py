"""Colours that Python and the browser share: one palette, and what each ROI is drawn with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from vbqkit.language import translated_sheet


class RoiStyle(NamedTuple):
    """How a ROI is drawn: its colour, and the lengths drawn and left out by turns (none for a whole line)."""

    colour: str
    dash: tuple[float, ...]


def _style(colour: str, dash: str) -> RoiStyle:
    return RoiStyle(colour, tuple(map(float, dash.split())))


def _exported(name: str) -> dict[str, Any]:
    text = (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.partition("export default")[2].strip(" ;\n"))
    return found


_SHARED = _exported("colours.js")
_MEANINGS = _exported("meanings.js")

OKABE_ITO: dict[str, str] = _SHARED["okabe_ito"]
"""Eight colours that people with any kind of colour vision tell apart (Okabe & Ito 2008)."""

ROI_STYLES: dict[str, RoiStyle] = {label: _style(*style) for label, style in _SHARED["rois"].items()}
"""Of the ROIs that have a name of their own; see :func:`roi_style`."""

PAGE: dict[str, str] = _MEANINGS["page"]
"""What a colour stands for on a page: ink, rule, accent, good, wrong, warn, bad and the like."""

PICTURE: dict[str, str] = _MEANINGS["picture"]
"""What a colour stands for on a picture: ink, mark, note, reference and the like."""

STRUCTURES: dict[str, str] = _MEANINGS["structures"]
"""Colours of the truth of a virtual patient that the eight of Okabe and Ito do not cover."""

OTHER_ROI: RoiStyle = _style(*_SHARED["other_roi"])
"""Of every other ROI."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    OKABE_ITO[name] for name in ("black", "orange", "sky", "green", "yellow", "blue", "vermilion", "purple")
)


def css_variables() -> str:
    """The colours for a style sheet: ``--vbq-page-ink`` and so on, ``--vbq-picture-ink``, ``--vbq-dark-accent``.

    Examples
    --------
    >>> css_variables().split(";")[0]
    ':root {--vbq-page-ink: #111111'
    """
    groups = (("page", "page"), ("dark", "dark_page"), ("picture", "picture"))
    named = (
        f"--vbq-{short}-{name.replace('_', '-')}: {c}" for short, key in groups for name, c in _MEANINGS[key].items()
    )
    return f":root {{{'; '.join(named)}}}\n"


def style_sheet(path: Path) -> str:
    """A widget's style sheet with the colours that it names, and its words in the chosen language."""
    return css_variables() + translated_sheet(path.read_text(encoding="utf-8"))


def roi_style(label: str) -> RoiStyle:
    """How a ROI with this label is drawn, in the studio, in lessons and in every still picture.

    Examples
    --------
    >>> roi_style("L5")
    RoiStyle(colour='#E69F00', dash=(6.0, 3.0))
    """
    return ROI_STYLES.get(label, OTHER_ROI)
