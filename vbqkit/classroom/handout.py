"""A handout of a lesson as PDF, from the lesson's own notebook: words, questions to tick, pictures and tables."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.exercises.cases import case_seed
from vbqkit.exercises.questions import Choice, question
from vbqkit.exercises.student import UNNUMBERED
from vbqkit.page.colours import PAGE
from vbqkit.report.pdf_report import BOLD, FONT, PAGE_PT, register_fonts

_ASKED = re.compile(r"\bask\(\s*[\"']([0-9]{2}-[a-z0-9-]+)[\"']")
_IMAGE = re.compile(r"<img[^>]*?\bsrc=[\"']data:(image/[a-z+]+);base64,([A-Za-z0-9+/=]+)[\"']")
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_MARGIN_PT = 50.0
_WIDTH_PT = PAGE_PT[0] - 2 * _MARGIN_PT
_TALLEST_PT = 300.0
_SIZE_PT, _LEADING_PT = 10.0, 14.0
_MOST_ROWS = 40
_FONTS = {"bold": BOLD, "plain": FONT}


def handout_pdf(notebook: Mapping[str, Any], *, home: Path = Path(), title: str = "") -> bytes:
    """A lesson on A4.

    Parameters
    ----------
    notebook : mapping
        Cells with ``source`` as one text, and ``outputs`` where it was run: its slices and tables are printed then.
    home : Path
        Folder that the pictures of its text are named from.
    title : str
        For the file's metadata.

    Returns
    -------
    bytes
        PDF. Choice questions have boxes to tick and number questions a line, without their answers; the numbers of a
        number question are those of student 1.

    Raises
    ------
    FormatError
        If reportlab or mistune is not installed.
    """
    register_fonts()
    from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415 - optional

    story = [flowable for cell in notebook["cells"] for flowable in _of_cell(cell, home)]
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=PAGE_PT,
        leftMargin=_MARGIN_PT,
        rightMargin=_MARGIN_PT,
        topMargin=_MARGIN_PT,
        bottomMargin=_MARGIN_PT,
        title=title,
        author="vbqkit",
        invariant=True,
    )
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return file.getvalue()


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(FONT, 8)
    canvas.drawString(
        _MARGIN_PT, 28, "vbqkit. Virtual patients, synthetic. The software screens and teaches; it does not diagnose."
    )
    canvas.drawRightString(PAGE_PT[0] - _MARGIN_PT, 28, str(document.page))


def _of_cell(cell: Mapping[str, Any], home: Path) -> Iterator[Any]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield from _of_markdown(source, home)
        return
    for name in _ASKED.findall(source):
        yield from _of_question(name)
    for output in cell.get("outputs", ()):
        page = "".join(output.get("data", {}).get("text/html", ""))
        if "☐" not in page and not _ASKED.search(source):
            yield from _of_html(page)


def _style(name: str, **changed: Any) -> Any:
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 - optional

    settings = {"fontName": FONT, "fontSize": _SIZE_PT, "leading": _LEADING_PT, "spaceAfter": 5.0}
    return ParagraphStyle(name, **settings | changed)


def _paragraph(markup: str, **changed: Any) -> Any:
    from reportlab.platypus import Paragraph  # noqa: PLC0415 - optional

    return Paragraph(markup, _style("text", **changed))


def _of_question(name: str) -> Iterator[Any]:
    from reportlab.platypus import KeepTogether  # noqa: PLC0415 - optional

    try:
        asked = question(name, seed=case_seed(UNNUMBERED, name))
    except VbqkitError:  # of a teacher's own bank, which only the lesson knows
        return
    lines = [_paragraph(escape(asked.text), fontName=BOLD, spaceBefore=6.0)]
    if isinstance(asked, Choice):
        lines += [_paragraph(f"☐ {escape(text)}", leftIndent=14.0) for _, text in asked.options]
    else:
        lines.append(_paragraph(f"Answer: ____________________ {escape(asked.unit)}", leftIndent=14.0))
    yield KeepTogether(lines)


# Words


def _of_markdown(text: str, home: Path) -> Iterator[Any]:
    try:
        import mistune  # noqa: PLC0415 - optional
    except ImportError as error:
        raise FormatError("A handout needs mistune, which is not installed. Run: pip install 'vbqkit[lab]'") from error
    tokens: Any = mistune.create_markdown(renderer="ast", plugins=["table", "strikethrough"])(text)
    for token in tokens:
        yield from _of_block(token, home)


def _of_block(token: Mapping[str, Any], home: Path) -> Iterator[Any]:
    kind = token["type"]
    if kind == "heading":
        size = {1: 20.0, 2: 14.0}.get(token["attrs"]["level"], 11.5)
        words = _inline(token["children"])
        yield _paragraph(
            words, fontName=BOLD, fontSize=size, leading=1.25 * size, spaceBefore=0.7 * size, keepWithNext=1
        )
    elif kind == "paragraph":
        words = _inline(token["children"])
        if words.strip():
            yield _paragraph(words)
        yield from _pictures(token["children"], home)
    elif kind == "list":
        yield from _of_list(token, home)
    elif kind == "table":
        yield from _of_table(token)
    elif kind == "block_code":
        from reportlab.platypus import Preformatted  # noqa: PLC0415 - optional

        yield Preformatted(token["raw"].rstrip(), _style("code", fontSize=8.5, leading=11.0, leftIndent=12.0))
    elif kind in ("block_quote", "block_text"):
        for child in token["children"]:
            yield from _of_block(child, home)


def _of_list(token: Mapping[str, Any], home: Path, *, depth: int = 0) -> Iterator[Any]:
    for number, item in enumerate(token["children"], start=token.get("attrs", {}).get("start") or 1):
        mark = f"{number}." if token.get("attrs", {}).get("ordered") else "•"
        indent = 16.0 * (depth + 1)
        for child in item["children"]:
            if child["type"] == "list":
                yield from _of_list(child, home, depth=depth + 1)
            elif child["type"] in ("block_text", "paragraph"):
                words = f"<bullet>{mark}</bullet>{_inline(child['children'])}"
                yield _paragraph(words, leftIndent=indent, bulletIndent=indent - 13.0, spaceAfter=2.0)
                mark = ""
            else:
                yield from _of_block(child, home)


def _of_table(token: Mapping[str, Any]) -> Iterator[Any]:
    rows = []
    for part in token["children"]:
        lines = [part] if part["type"] == "table_head" else part["children"]
        rows += [[_inline(cell["children"]) for cell in line["children"]] for line in lines]
    yield from _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[Any]:
    from reportlab.platypus import Spacer, Table  # noqa: PLC0415 - optional

    width = max((len(row) for row in rows), default=0)
    if not width:
        return
    small = {"fontSize": 8.5, "leading": 11.0, "spaceAfter": 0.0}
    cells = [
        [
            _paragraph(cell, **small | ({"fontName": BOLD} if k == 0 else {}))
            for cell in (*row, *[""] * (width - len(row)))
        ]
        for k, row in enumerate(rows[: _MOST_ROWS + 1])
    ]
    yield Table(
        cells,
        colWidths=_widths(rows, width),
        repeatRows=1,
        hAlign="LEFT",
        style=[("LINEBELOW", (0, 0), (-1, -1), 0.3, PAGE["rule"]), ("VALIGN", (0, 0), (-1, -1), "TOP")],
    )
    if len(rows) > _MOST_ROWS + 1:
        yield _paragraph(f"{len(rows) - _MOST_ROWS - 1} more rows are in the lesson.", fontSize=8.5)
    yield Spacer(1, 6)


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[float]:
    """Columns as wide as their words ask for, and no narrower than a short word."""
    wanted = [
        min(60, max((len(re.sub(r"<[^>]+>", "", row[k])) for row in rows if k < len(row)), default=1)) + 3
        for k in range(width)
    ]
    whole = min(_WIDTH_PT, 5.2 * sum(wanted))
    return [max(whole * letters / sum(wanted), min(30.0, _WIDTH_PT / width)) for letters in wanted]


_AROUND = {"strong": "b", "emphasis": "i", "strikethrough": "strike"}


def _inline(tokens: Sequence[Mapping[str, Any]]) -> str:
    """Words with reportlab's marks; a link is its words: paper has none."""
    parts = []
    for token in tokens:
        kind = token["type"]
        if kind in ("text", "codespan"):
            parts.append(escape(token["raw"]))
        elif kind in ("softbreak", "linebreak"):
            parts.append(" " if kind == "softbreak" else "<br/>")
        elif kind in _AROUND:
            parts.append(f"<{_AROUND[kind]}>{_inline(token['children'])}</{_AROUND[kind]}>")
        elif kind == "link":
            parts.append(_inline(token["children"]))
    return "".join(parts)  # of inline HTML, such as <kbd>, the words between the tags are text of their own


# Pictures and tables


def _pictures(tokens: Sequence[Mapping[str, Any]], home: Path) -> Iterator[Any]:
    for token in tokens:
        if token["type"] == "image":
            path = home / token["attrs"]["url"]
            if path.suffix.lower() in (".png", ".jpg", ".jpeg") and path.is_file():
                yield from _bitmap(path.read_bytes())
                yield _paragraph(_inline(token["children"]), fontSize=8.5, leading=11.0)


def _of_html(page: str) -> Iterator[Any]:
    for kind, data in _IMAGE.findall(page):
        content = base64.b64decode(data)
        yield from _drawing(content) if kind == "image/svg+xml" else _bitmap(content)
    for table in _TABLE.findall(page):
        reader = _Rows()
        reader.feed(table)
        yield from _table(reader.rows)


class _Rows(HTMLParser):
    """The words of a table's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - as HTMLParser calls it
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += escape(data)


def _bitmap(content: bytes) -> Iterator[Any]:
    from reportlab.lib.utils import ImageReader  # noqa: PLC0415 - optional
    from reportlab.platypus import Image  # noqa: PLC0415 - optional

    try:
        width, height = ImageReader(io.BytesIO(content)).getSize()
    except Exception:  # a kind of picture that Pillow does not know
        return
    scale = min(_WIDTH_PT / width, _TALLEST_PT / height, 1.0)
    yield Image(io.BytesIO(content), width * scale, height * scale, hAlign="LEFT")


def _drawing(content: bytes) -> Iterator[Any]:
    """A slice as :meth:`vbqkit.page.drawing.Drawing.svg` writes it: one image, paths of straight lines, words."""
    from reportlab.platypus import Flowable, Spacer  # noqa: PLC0415 - optional

    root = ET.fromstring(content)
    tall = float(root.attrib["height"])
    wide = float(root.attrib["width"])
    k = min(_WIDTH_PT / wide, _TALLEST_PT / tall)

    class Slice(Flowable):  # type: ignore[misc] # reportlab is untyped for mypy
        """Drawn where it stands."""

        def __init__(self) -> None:
            super().__init__()
            self.width, self.height = wide * k, tall * k

        def draw(self) -> None:
            canvas = self.canv
            canvas.scale(k, k)
            for element in root:
                _draw(canvas, element, wide, tall)

    yield Slice()
    yield Spacer(1, 6)


def _draw(canvas: Any, element: ET.Element, wide: float, tall: float) -> None:
    from reportlab.lib.utils import ImageReader  # noqa: PLC0415 - optional

    kind, at = element.tag.rpartition("}")[2], element.attrib
    if kind == "rect":
        canvas.setFillColor(PAGE["ink"])
        canvas.rect(0, 0, wide, tall, stroke=0, fill=1)
    elif kind == "image":
        data = base64.b64decode(at["href"].partition(",")[2])
        canvas.drawImage(ImageReader(io.BytesIO(data)), 0, 0, wide, tall)
    elif kind == "path":
        canvas.setStrokeColor(at["stroke"])
        canvas.setLineWidth(float(at["stroke-width"]))
        canvas.setDash([float(v) for v in at.get("stroke-dasharray", "").split()])
        points = [tuple(map(float, pair.split())) for pair in at["d"].strip("MZ").split("L")]
        path = canvas.beginPath()
        path.moveTo(points[0][0], tall - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, tall - y)
        if at["d"].endswith("Z"):
            path.close()
        canvas.drawPath(path)
    elif kind == "text":
        canvas.setFillColor(at.get("fill", PAGE["paper"]))
        canvas.setFont(_FONTS["bold" if "font-weight" in at else "plain"], 12)
        place = (float(at["x"]), tall - float(at["y"]), element.text or "")
        write = {"middle": canvas.drawCentredString, "end": canvas.drawRightString}.get(
            at.get("text-anchor", ""), canvas.drawString
        )
        write(*place)
