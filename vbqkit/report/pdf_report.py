"""The report of a case as PDF: text that can be selected, fonts that travel with it, no identity in its metadata."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

import vbqkit
from vbqkit.errors import FormatError
from vbqkit.page.drawing import Line, Words
from vbqkit.report.case_values import NO_DIAGNOSIS, CaseReport
from vbqkit.report.forest import LABEL_WIDTH, Forest, forests, in_two_columns
from vbqkit.report.picture import key_drawing, no_picture, picture_words
from vbqkit.report.words import (
    DIGESTS_NOTE,
    FOREST_NOTE,
    KEY,
    banners,
    directions,
    measured,
    meta,
    protocol_columns,
    protocol_findings,
    protocol_rows,
    roi_note,
    score_line,
    used_rois,
    verdicts,
)

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

FONT, BOLD = "vbqkit-sans", "vbqkit-sans-bold"
PAGE_PT = (595.28, 841.89)
"""A4, points."""

_MARGIN_PT = 34.0
_LETTER_HEIGHT_PT = 792.0
_WIDTH_PT = PAGE_PT[0] - 2 * _MARGIN_PT
_HEIGHT_PT = _LETTER_HEIGHT_PT - 2 * _MARGIN_PT  # what A4 and Letter have in common, so that neither cuts anything
_SIZE_PT, _LEADING_PT = 7.1, 8.6


def report_pdf(report: CaseReport) -> bytes:
    """The whole report as PDF on A4; what is printed lies within Letter paper too.

    Parameters
    ----------
    report : CaseReport
        From :func:`vbqkit.report.case_report`.

    Returns
    -------
    bytes
        PDF. Title and author in its metadata are the case's code and the package.

    Raises
    ------
    FormatError
        If reportlab is not installed, or the report holds a letter that its font has not.
    """
    _ready()
    from reportlab.platypus.doctemplate import LayoutError  # noqa: PLC0415 - optional

    try:
        return _built(report, side_by_side=True)
    except LayoutError:  # a refusal so long that the first block does not fit a page
        return _built(report, side_by_side=False)


def _ready() -> None:
    """Register the fonts that travel with the package."""
    try:
        from reportlab.pdfbase import pdfmetrics, ttfonts  # noqa: PLC0415 - optional
    except ImportError as error:
        raise FormatError(
            "A PDF needs reportlab, which is not installed. Install it with: pip install 'vbqkit[report]'; or write .html."
        ) from error
    if FONT in pdfmetrics.getRegisteredFontNames():
        return
    folder = resources.files("vbqkit.report") / "fonts"
    for name, file in ((FONT, "DejaVuSans.ttf"), (BOLD, "DejaVuSans-Bold.ttf")):
        pdfmetrics.registerFont(ttfonts.TTFont(name, io.BytesIO((folder / file).read_bytes())))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)


def _built(report: CaseReport, *, side_by_side: bool) -> bytes:
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate  # noqa: PLC0415 - optional

    file = io.BytesIO()
    document = BaseDocTemplate(
        file,
        pagesize=PAGE_PT,
        title=report.title,
        author="vbqkit",
        subject=NO_DIAGNOSIS,
        creator=f"vbqkit {vbqkit.__version__}",
        lang="en",
        initialFontName=FONT,
    )
    bottom = (PAGE_PT[1] - _HEIGHT_PT) / 2
    frame = Frame(
        _MARGIN_PT, bottom, _WIDTH_PT, _HEIGHT_PT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=lambda canvas, _: _foot(canvas, report, bottom))])
    document.build(_story(report, side_by_side=side_by_side))
    return file.getvalue()


def _foot(canvas: Canvas, report: CaseReport, bottom: float) -> None:
    canvas.setFont(FONT, 6.5)
    words = [report.title, *(["SYNTHETIC"] if report.synthetic else []), "no diagnosis"]
    canvas.drawString(_MARGIN_PT, bottom - 10, " · ".join(words))
    canvas.drawRightString(_MARGIN_PT + _WIDTH_PT, bottom - 10, f"page {canvas.getPageNumber()}")


def _story(report: CaseReport, *, side_by_side: bool) -> list[Any]:
    from reportlab.platypus import Spacer  # noqa: PLC0415 - optional

    left, right = [*_picture(report), *_rois(report)], _scores(report)
    story: list[Any] = [_text(report.title, size=12.0, bold=True)]
    story += [_banner(text) for text in banners(report)]
    story += [_text(NO_DIAGNOSIS, bold=True)]
    story += [
        _text("\u00a0\u00a0 ".join(f"<b>{_safe(k)}:</b> {_safe(v)}" for k, v in meta(report)), raw=True),
        Spacer(1, 3),
    ]
    story += [_columns(left, right, 0.36)] if side_by_side else [*left, *right]
    drawn = forests(report.scores)
    if drawn:
        story += [_heading("Published cut-offs and groups"), _text(" ".join(verdicts(report)))]
        left, right = ([_flowable(one, 0.48 * _WIDTH_PT) for one in half] for half in in_two_columns(drawn))
        story += [_columns(left, right, 0.5), _text(FOREST_NOTE)]
    story += _section("Levels left out or replaced", report.exclusions)
    for one in report.sections:
        story += _section(one.title, one.lines)
    story += _section("Series that are not scored", [f"{name}: {why}" for name, why in report.not_scored])
    if report.protocol:
        story += [_heading("Protocol"), _text(KEY), _protocol(report)]
        story += [_text(text) for text in protocol_findings(report)]
    numbered = [f"[{n}] {c.code}: {c.message}" for n, c in enumerate(report.cautions, start=1)]
    story += _section("Cautions", numbered)
    story += _section("How it was measured", measured(report))
    story += [_heading("Files and software"), *_files(report)]
    return story


def _safe(text: str) -> str:
    """Text as reportlab's paragraphs take it.

    Raises
    ------
    FormatError
        If the font lacks a letter: a box in its place could be read as something else.
    """
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 - optional

    known = pdfmetrics.getFont(FONT).face.charToGlyph
    missing = next((letter for letter in text if ord(letter) not in known and letter not in "\n\t"), None)
    if missing is not None:
        raise FormatError(
            f"The font of the PDF has no letter {missing!r} (in {text[:40]!r}). Write the report as .html, or use Latin, Greek or Cyrillic "
            "letters."
        )
    return escape(text)


def _text(text: str, *, size: float = _SIZE_PT, bold: bool = False, raw: bool = False, right: bool = False) -> Any:
    from reportlab.lib.enums import TA_RIGHT  # noqa: PLC0415 - optional
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 - optional
    from reportlab.platypus import Paragraph  # noqa: PLC0415 - optional

    options = {"alignment": TA_RIGHT} if right else {}
    style = ParagraphStyle(
        "report",
        fontName=BOLD if bold else FONT,
        fontSize=size,
        leading=size * _LEADING_PT / _SIZE_PT,
        splitLongWords=1,
        spaceAfter=1.0,
        **options,
    )
    return Paragraph(text if raw else _safe(text), style)


def _heading(text: str) -> Any:
    heading = _text(text, size=8.6, bold=True)
    heading.style.spaceBefore, heading.style.keepWithNext = 4.0, 1
    return heading


def _banner(text: str) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    table = Table([[_text(text, bold=True)]], colWidths=[_WIDTH_PT])
    table.setStyle([("BOX", (0, 0), (-1, -1), 1.2, "#000000"), *_padding(2.0)])
    return table


def _padding(points: float) -> list[tuple[Any, ...]]:
    """What every table has: the same room on four sides, and the font."""
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    font = ("FONT", (0, 0), (-1, -1), FONT)  # else a table names Helvetica, which no page uses and no file holds
    return [font, *((side, (0, 0), (-1, -1), points) for side in sides)]


def _columns(left: Sequence[Any], right: Sequence[Any], share: float) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    table = Table([[list(left), list(right)]], colWidths=[share * _WIDTH_PT, (1 - share) * _WIDTH_PT])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0.0), ("LEFTPADDING", (1, 0), (1, 0), 8.0)])
    return table


def _table(rows: Sequence[Sequence[Any]], widths: Sequence[float], *, head: bool = True) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    table = Table(rows, colWidths=list(widths), repeatRows=int(head), hAlign="LEFT")
    lines: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, "#bbbbbb"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    table.setStyle([*lines, *_padding(0.8)])
    return table


def _section(title: str, lines: Iterable[str]) -> list[Any]:
    said = [_text(line) for line in lines]
    return [_heading(title), *said] if said else []


def _picture(report: CaseReport) -> list[Any]:
    from reportlab.lib.utils import ImageReader  # noqa: PLC0415 - optional
    from reportlab.platypus import Image  # noqa: PLC0415 - optional

    if report.image is None:
        return [_text(no_picture(report))]
    image = report.image
    about = picture_words(image)
    drawing = key_drawing(report, image, size_px=330)
    width = 0.36 * _WIDTH_PT
    height = min(width * drawing.height / drawing.width, 330.0)
    png = io.BytesIO(drawing.png(scale=2.0))
    ImageReader(png)  # reads it once, so that a picture that cannot be read is an error here
    png.seek(0)
    note = f"{about}.{' Synthetic.' if image.acquisition.synthetic else ''}"
    return [Image(png, width=height * drawing.width / drawing.height, height=height), _text(note)]


def _rois(report: CaseReport) -> list[Any]:
    used = [roi for roi in report.rois if roi.label in used_rois(report)]
    if not used:
        return []
    weightings = list(dict.fromkeys(w for roi in used for w, _, _ in roi.signals))
    origins = any(roi.origin for roi in used)
    head = ["ROI", *(["origin"] if origins else []), "cm²", *weightings]
    rows = [[_text(title, bold=True) for title in head]]
    for roi in used:
        signals = {w: f"{mean:.4g}" for w, mean, _ in roi.signals}
        cells = [
            roi.label,
            *([roi.origin] if origins else []),
            f"{roi.area_cm2:.2f}",
            *(signals.get(w, "–") for w in weightings),
        ]
        rows.append([_text(cell) for cell in cells])
    width = 0.36 * _WIDTH_PT / len(head)
    return [_table(rows, [width] * len(head)), _text(roi_note(report))]


def _scores(report: CaseReport) -> list[Any]:
    if not report.scores:
        return [_text("No score is given. Below stands why, series by series.", bold=True)]
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    width = 0.64 * _WIDTH_PT - 8.0
    widths = [share * width for share in (0.25, 0.11, 0.21, 0.20, 0.09, 0.14)]
    titles = ("Score", "Value", "95 % interval", "Unit", "Levels", "Cautions")
    rows: list[list[Any]] = [[_text(title, bold=True) for title in titles]]
    refused: list[Any] = []
    for one in report.scores:
        line = score_line(one)
        if line.refused is not None:
            refused.append(_text(f"{_safe(line.name)} <b>not given:</b> {_safe(line.refused)}", raw=True))
            continue
        cells = (line.interval, line.unit, line.levels, line.cautions)
        rows.append([_text(line.name, bold=True), _text(line.value, bold=True), *map(_text, cells)])
    table = Table(rows, colWidths=widths, repeatRows=1, hAlign="LEFT")
    table.setStyle(
        [("LINEBELOW", (0, 0), (-1, -1), 0.3, "#bbbbbb"), ("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0.8)]
    )
    return [*([table] if len(rows) > 1 else []), *refused, *map(_text, directions(report))]


def _protocol(report: CaseReport) -> Any:
    """Two columns of topics, so that the table takes half the height."""
    columns, rows = protocol_columns(report), protocol_rows(report)
    half = (len(rows) + 1) // 2
    cells = [[_text(text, bold=True) for text in ("Topic", *columns)] * 2]
    blank = ("", ("",) * len(columns))
    for a, b in zip(rows[:half], [*rows[half:], blank], strict=False):
        cells.append([_text(text) for topic, said in (a, b) for text in (topic, *said)])
    topic = 0.165 * _WIDTH_PT
    each = (0.5 * _WIDTH_PT - topic) / max(1, len(columns))
    if len(columns) > 4:  # many series: one below the other
        cells = [[_text(text, bold=True) for text in ("Topic", *columns)]]
        cells += [[_text(text) for text in (name, *said)] for name, said in rows]
        return _table(cells, [topic, *[(_WIDTH_PT - topic) / len(columns)] * len(columns)])
    return _table(cells, [topic, *[each] * len(columns)] * 2)


def _files(report: CaseReport) -> list[Any]:
    found: list[Any] = []
    if report.digests:
        rows = [[_text(t, bold=True) for t in ("What", "Files", "SHA-256")]]
        rows += [[_text(d.what), _text(str(d.count)), _text(d.sha256)] for d in report.digests]
        found += [_table(rows, [0.18 * _WIDTH_PT, 0.1 * _WIDTH_PT, 0.72 * _WIDTH_PT]), _text(DIGESTS_NOTE)]
    return [*found, _text(", ".join(f"{name} {number}" for name, number in report.versions) + ".")]


def _flowable(forest: Forest, width: float) -> Any:
    """A forest as lines and words of the page, not as a picture: it can be searched and enlarged."""
    from reportlab.platypus import Flowable  # noqa: PLC0415 - optional

    k = width / forest.width

    class Drawn(Flowable):  # type: ignore[misc] # reportlab has no types
        def __init__(self) -> None:
            super().__init__()
            self.width, self.height = width, forest.height * k

        def draw(self) -> None:
            self.canv.saveState()
            self.canv.scale(k, k)
            for part in forest.parts:
                if isinstance(part, Line):
                    _draw_line(self.canv, part, forest.height)
                else:
                    _draw_words(self.canv, part, forest.height)
            self.canv.restoreState()

    return Drawn()


def _draw_line(canvas: Canvas, line: Line, height: float) -> None:
    canvas.setStrokeColor(line.colour, alpha=line.opacity)
    canvas.setLineWidth(line.width)
    canvas.setDash(list(line.dash))
    points = np.vstack([line.points, line.points[:1]]) if line.closed else line.points
    path = canvas.beginPath()
    path.moveTo(float(points[0, 0]), height - float(points[0, 1]))
    for x, y in points[1:]:
        path.lineTo(float(x), height - float(y))
    canvas.drawPath(path)


def _draw_words(canvas: Canvas, words: Words, height: float) -> None:
    canvas.setFillColor(words.colour)
    font, size = BOLD if words.bold else FONT, 8.2
    if words.anchor == "start":
        size *= min(1.0, LABEL_WIDTH / canvas.stringWidth(words.text, font, size))
    canvas.setFont(font, size)
    draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}[words.anchor]
    _safe(words.text)
    draw(words.x, height - words.y, words.text)
