"""The report of a case as PDF: text that can be selected, fonts that travel with it, no identity in its metadata."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

import vbqkit
from vbqkit.errors import FormatError
from vbqkit.page.colours import PAGE
from vbqkit.page.drawing import Line, Words
from vbqkit.page.slice_picture import LABEL_PX
from vbqkit.report.case_values import NO_DIAGNOSIS, CaseReport
from vbqkit.report.forest import SIZE, Forest, forests, in_two_columns
from vbqkit.report.picture import key_drawing, no_picture, picture_words
from vbqkit.report.words import (
    DIGESTS_NOTE,
    FOREST_NOTE,
    NOTHING_PROVED,
    banners,
    caution_lines,
    digest_lines,
    directions,
    measured,
    meta,
    protocol_agreed,
    protocol_apart,
    protocol_findings,
    roi_note,
    score_line,
    used_rois,
    verdict_counts,
)

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

FONT, BOLD = "vbqkit-sans", "vbqkit-sans-bold"
PAGE_PT = (595.28, 841.89)
"""A4, points."""

_MARGIN_PT, _BELOW_PT, _FOOT_PT = 20.0, 26.0, 16.0
_LETTER_HEIGHT_PT = 792.0
_WIDTH_PT = PAGE_PT[0] - 2 * _MARGIN_PT
_HEIGHT_PT = _LETTER_HEIGHT_PT - _MARGIN_PT - _BELOW_PT  # what A4 and Letter have in common: neither cuts anything
_SIZE_PT, _LEADING_PT = 7.0, 7.7
"""Nothing in the report is printed smaller than 7 points."""

_PICTURES_PT = (156.0, 130.0)
"""Heights of the key image: the first one with which the report fits one page."""

_LEFT = 0.285
"""Share of the width that the key image and the table of ROIs have."""


def report_pdf(report: CaseReport) -> bytes:
    """The whole report as PDF on A4; what is printed lies within Letter paper too.

    A usual case (three series, four levels, about twelve cautions) fits one page; a longer one flows onto more.

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
    register_fonts()
    from reportlab.platypus.doctemplate import LayoutError  # noqa: PLC0415 - optional

    png = _png(report)
    try:
        tall, *smaller = _PICTURES_PT
        made, pages = _built(report, png, tall)
        for height in smaller if pages > 1 else ():
            tight, n = _built(report, png, height)
            if n == 1:
                return tight
        return made if pages == 1 else _built(report, png, tall, of=pages)[0]
    except LayoutError:  # a refusal so long that the first block does not fit a page
        _, pages = _built(report, png, tall, side_by_side=False)
        return _built(report, png, tall, of=pages, side_by_side=False)[0]


def _png(report: CaseReport) -> bytes:
    """The key image, its labels no smaller than the text where it is printed smallest; empty without one."""
    if report.image is None:
        return b""
    return key_drawing(report, report.image, size_px=round(_PICTURES_PT[-1] * LABEL_PX / _SIZE_PT), part=True).png()


def register_fonts() -> None:
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
    for name, file in ((FONT, "DejaVuSansCondensed.ttf"), (BOLD, "DejaVuSansCondensed-Bold.ttf")):
        pdfmetrics.registerFont(ttfonts.TTFont(name, io.BytesIO((folder / file).read_bytes())))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)


def _built(
    report: CaseReport, png: bytes, picture_pt: float, *, of: int = 1, side_by_side: bool = True
) -> tuple[bytes, int]:
    """The file, and how many pages it has; they are numbered as so many of ``of``."""
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
    bottom = (PAGE_PT[1] - _LETTER_HEIGHT_PT) / 2 + _BELOW_PT
    frame = Frame(
        _MARGIN_PT,
        bottom,
        _WIDTH_PT,
        _HEIGHT_PT,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
        id="page",
    )
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=lambda canvas, _: _foot(canvas, report, of))])
    document.build(_story(report, png, picture_pt, side_by_side=side_by_side))
    return file.getvalue(), document.page


def _foot(canvas: Canvas, report: CaseReport, of: int) -> None:
    bottom = (PAGE_PT[1] - _LETTER_HEIGHT_PT) / 2 + _FOOT_PT
    canvas.setFont(FONT, _SIZE_PT)
    words = [report.title, *(["SYNTHETIC"] if report.synthetic else []), "no diagnosis"]
    canvas.drawString(_MARGIN_PT, bottom, " · ".join(words))
    canvas.drawRightString(_MARGIN_PT + _WIDTH_PT, bottom, f"page {canvas.getPageNumber()} of {of}")


def _story(report: CaseReport, png: bytes, picture_pt: float, *, side_by_side: bool) -> list[Any]:
    left = [*_picture(report, png, picture_pt), *_rois(report)]
    right = [*_scores(report), *_protocol(report)]
    who = _text("\u00a0\u00a0 ".join(f"<b>{_safe(k)}:</b> {_safe(v)}" for k, v in meta(report)), raw=True)
    title = _text(report.title, size=11.0, bold=True)
    story: list[Any] = [title, who] if report.identity else [_columns([title], [who], 0.5)]
    story += [_banner(text) for text in banners(report)]
    story += [_text(NO_DIAGNOSIS, bold=True)]
    story += [_columns(left, right, _LEFT)] if side_by_side else [*left, *right]
    drawn = forests(report.scores)
    if drawn:
        story += [_heading("Published cut-offs and groups"), _text(f"{verdict_counts(report)} {FOREST_NOTE}")]
        left, right = ([_flowable(one, 0.5 * _WIDTH_PT - _GAP_PT) for one in half] for half in in_two_columns(drawn))
        story.append(_columns(left, right, 0.5))
    story += _section("Levels left out or replaced", report.exclusions)
    for one in report.sections:
        story += _section(one.title, one.lines)
    story += _section("Series that are not scored", [f"{name}: {why}" for name, why in report.not_scored])
    numbered = [f"[{n}] {line}" for n, line in enumerate(caution_lines(report), start=1)]
    said = [*_titled("Cautions", numbered), *_titled("How it was measured", measured(report))]
    said += _titled("Files and software", _files(report))
    return [*story, *([_newspaper(said)] if side_by_side else said)]


_GAP_PT = 8.0


def _newspaper(said: Sequence[Any]) -> Any:
    """Two columns of the same height: short lines are read with less effort, and less of the last ones is empty."""
    from reportlab.platypus import BalancedColumns  # noqa: PLC0415 - optional

    return BalancedColumns(
        list(said), nCols=2, needed=24, leftPadding=0, rightPadding=0, innerPadding=_GAP_PT, topPadding=0
    )


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
    return escape(text).replace("\n", "<br/>")


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
        allowWidows=0,
        allowOrphans=0,
        spaceAfter=0.6,
        **options,
    )
    return Paragraph(text if raw else _safe(text), style)


def _heading(text: str) -> Any:
    heading = _text(text, size=8.2, bold=True)
    heading.style.spaceBefore, heading.style.keepWithNext = 2.5, 1
    return heading


def _banner(text: str) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    table = Table([[_text(text, bold=True)]], colWidths=[_WIDTH_PT])
    table.setStyle([("BOX", (0, 0), (-1, -1), 1.2, PAGE["ink"]), *_padding(1.0)])
    return table


def _padding(points: float) -> list[tuple[Any, ...]]:
    """What every table has: the same room on four sides, and the font."""
    sides = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
    font = ("FONT", (0, 0), (-1, -1), FONT)  # else a table names Helvetica, which no page uses and no file holds
    return [font, *((side, (0, 0), (-1, -1), points) for side in sides)]


def _columns(left: Sequence[Any], right: Sequence[Any], share: float) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    table = Table([[list(left), list(right)]], colWidths=[share * _WIDTH_PT, (1 - share) * _WIDTH_PT])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0.0), ("LEFTPADDING", (1, 0), (1, 0), _GAP_PT)])
    return table


def _table(rows: Sequence[Sequence[Any]], widths: Sequence[float], *, head: bool = True) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    table = Table(rows, colWidths=list(widths), repeatRows=int(head), hAlign="LEFT")
    lines: list[tuple[Any, ...]] = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, PAGE["rule"]),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    table.setStyle([*lines, *_padding(0.5)])
    return table


def _section(title: str, lines: Iterable[str]) -> list[Any]:
    said = [_text(line) for line in lines]
    return [_heading(title), *said] if said else []


def _titled(title: str, lines: Iterable[str]) -> list[Any]:
    """A section whose heading cannot be left behind by its first line, as a column ends."""
    first, *others = [*lines, ""]
    opening = f'<font name="{BOLD}" size="8.2">{_safe(title)}</font><br/>{_safe(first)}'
    return [_text(opening, raw=True), *(_text(line) for line in others[:-1])] if first else []


def _picture(report: CaseReport, png: bytes, height_pt: float) -> list[Any]:
    from reportlab.lib.utils import ImageReader  # noqa: PLC0415 - optional
    from reportlab.platypus import Image  # noqa: PLC0415 - optional

    if report.image is None:
        return [_text(no_picture(report))]
    cols, rows = ImageReader(io.BytesIO(png)).getSize()
    height = min(_LEFT * _WIDTH_PT * rows / cols, height_pt)
    note = f"{picture_words(report.image)}.{' Synthetic.' if report.image.acquisition.synthetic else ''}"
    return [Image(io.BytesIO(png), width=height * cols / rows, height=height), _text(note)]


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
    shares = [1.0, *([1.5] if origins else []), 0.9, *(1.1 for _ in weightings)]
    widths = [_LEFT * _WIDTH_PT * share / sum(shares) for share in shares]
    return [_table(rows, widths), _text(roi_note(report))]


def _scores(report: CaseReport) -> list[Any]:
    if not report.scores:
        return [_text("No score is given. Below stands why, series by series.", bold=True)]
    from reportlab.platypus import Table  # noqa: PLC0415 - optional

    width = (1.0 - _LEFT) * _WIDTH_PT - _GAP_PT
    widths = [share * width for share in (0.205, 0.095, 0.19, 0.255, 0.09, 0.165)]
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
        [("LINEBELOW", (0, 0), (-1, -1), 0.3, PAGE["rule"]), ("VALIGN", (0, 0), (-1, -1), "TOP"), *_padding(0.5)]
    )
    return [*([table] if len(rows) > 1 else []), *refused, *map(_text, directions(report))]


def _protocol(report: CaseReport) -> list[Any]:
    return _section(
        "Protocol",
        [*protocol_agreed(report), *protocol_apart(report), *protocol_findings(report), NOTHING_PROVED]
        if report.protocol
        else [],
    )


def _files(report: CaseReport) -> Iterator[str]:
    lines = digest_lines(report)
    if lines:
        yield "\n".join(lines)
        yield DIGESTS_NOTE
    yield ", ".join(f"{name} {number}" for name, number in report.versions) + "."


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
    font, size = BOLD if words.bold else FONT, SIZE
    canvas.setFont(font, size)
    draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}[words.anchor]
    _safe(words.text)
    draw(words.x, height - words.y, words.text)
