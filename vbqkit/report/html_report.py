"""The report of a case as one HTML file: complete in itself, for the screen and for A4 or Letter paper."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from vbqkit.report.case_values import NO_DIAGNOSIS, CaseReport
from vbqkit.report.forest import forests, in_two_columns
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

_STYLE = """
@page{margin:11mm 12mm}
*{box-sizing:border-box}
html{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{font:9.5px/1.32 "DejaVu Sans",Verdana,Arial,sans-serif;color:#111;background:#fff;max-width:186mm;
margin:4mm auto;padding:0 2mm}
h1{font-size:15px;margin:0 0 2px}
h2{font-size:11px;margin:7px 0 2px;border-bottom:1px solid #999;break-after:avoid}
p{margin:2px 0}ul,ol{margin:2px 0;padding-left:18px}li{margin:1px 0;overflow-wrap:anywhere}
.banner{border:2px solid #000;padding:2px 6px;font-weight:700;margin:3px 0}
.no{font-weight:700}.meta span{margin-right:14px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:1px 5px 1px 0;border-bottom:1px solid #ddd;vertical-align:top}
th{font-weight:700}.name{white-space:nowrap}.n{text-align:right;padding-right:8px;white-space:nowrap}
.refused{color:#444}
.two{display:grid;grid-template-columns:33% 1fr;gap:10px;align-items:start}
.halves{display:grid;grid-template-columns:1fr 1fr;gap:14px;align-items:start}
.halves.wide{grid-template-columns:54% 1fr}.whole td{white-space:nowrap}
.two>div,.halves>div{min-width:0}.two img{max-height:105mm;width:auto!important}
img,svg{max-width:100%;height:auto;display:block}
.mono{font-family:"DejaVu Sans Mono",Consolas,monospace;font-size:8px;overflow-wrap:anywhere}
tr,li,svg,img{break-inside:avoid}
@media print{body{margin:0;padding:0;max-width:none;font-size:8.9px}}
"""


def report_html(report: CaseReport) -> str:
    """The whole report; nothing in it is loaded from elsewhere.

    Parameters
    ----------
    report : CaseReport
        From :func:`vbqkit.report.case_report`.

    Returns
    -------
    str
        HTML.
    """
    parts = [
        f"<h1>{escape(report.title)}</h1>",
        *(f"<p class='banner'>{escape(text)}</p>" for text in banners(report)),
        f"<p class='no'>{escape(NO_DIAGNOSIS)}</p>",
        "<p class='meta'>" + "".join(f"<span><b>{escape(k)}:</b> {escape(v)}</span>" for k, v in meta(report)) + "</p>",
        f"<div class='two'><div>{_picture(report)}{_rois(report)}</div><div>{_scores(report)}</div></div>",
        _section("Published cut-offs and groups", _forests(report)),
        _section("Levels left out or replaced", _list(report.exclusions)) if report.exclusions else "",
        *(_section(one.title, _list(one.lines)) for one in report.sections),
        _section("Series that are not scored", _list(f"{name}: {why}" for name, why in report.not_scored)),
        _section("Protocol", _protocol(report)),
        _section("Cautions", _list((f"{c.code}: {c.message}" for c in report.cautions), kind="ol")),
        _section("How it was measured", _list(measured(report))),
        _section("Files and software", _files(report)),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def _list(lines: Iterable[str], *, kind: str = "ul") -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<{kind}>{items}</{kind}>" if items else ""


def _picture(report: CaseReport) -> str:
    if report.image is None:
        return f"<p>{escape(no_picture(report))}</p>"
    caption = f"{picture_words(report.image)}.{' Synthetic.' if report.image.acquisition.synthetic else ''}"
    drawing = key_drawing(report, report.image, size_px=330)
    return f"{drawing.img()}<p>{escape(caption)}</p>"


def _rois(report: CaseReport) -> str:
    if not report.rois:
        return ""
    weightings = list(dict.fromkeys(w for roi in report.rois for w, _, _ in roi.signals))
    with_origin = any(roi.origin for roi in report.rois)
    head = ["ROI", *(["origin"] if with_origin else []), "cm²", *weightings]
    rows = []
    for roi in (roi for roi in report.rois if roi.label in used_rois(report)):
        signals = {w: f"{mean:.4g}" for w, mean, _ in roi.signals}
        cells = [f"<td>{escape(roi.label)}</td>", *([f"<td>{escape(roi.origin)}</td>"] if with_origin else [])]
        cells += [f"<td class='n'>{roi.area_cm2:.2f}</td>"]
        cells += [f"<td class='n'>{signals.get(w, '–')}</td>" for w in weightings]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    titles = "".join(
        f"<th scope=col{' class=n' if k > int(with_origin) else ''}>{escape(t)}</th>" for k, t in enumerate(head)
    )
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f"{table}<p>{escape(roi_note(report))}</p>"


def _scores(report: CaseReport) -> str:
    rows = []
    for one in report.scores:
        line = score_line(one)
        if line.refused is not None:
            text = f"<b>not given:</b> {escape(line.refused)}"
            rows.append(f"<tr class='refused'><td>{escape(line.name)}</td><td colspan='5'>{text}</td></tr>")
            continue
        cells = (line.unit, line.levels, line.cautions)
        keep = "" if one.limits is None else " class='name'"
        rows.append(
            f"<tr><td class='name'><b>{escape(line.name)}</b></td><td class='n'><b>{escape(line.value)}</b></td>"
            f"<td{keep}>{escape(line.interval)}</td>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        )
    if not rows:
        return "<p><b>No score is given.</b> Below stands why, series by series.</p>"
    head = "".join(
        f"<th scope='col'>{t}</th>" for t in ("Score", "Value", "95 % interval", "Unit", "Levels", "Cautions")
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return table + "".join(f"<p>{escape(text)}</p>" for text in directions(report))


def _forests(report: CaseReport) -> str:
    drawn = forests(report.scores)
    if not drawn:
        return ""
    said = " ".join(verdicts(report))
    columns = "".join(f"<div>{''.join(forest.svg() for forest in half)}</div>" for half in in_two_columns(drawn))
    return f"<p>{escape(said)}</p><div class='halves'>{columns}</div><p>{escape(FOREST_NOTE)}</p>"


def _protocol(report: CaseReport) -> str:
    columns = protocol_columns(report)
    if not columns:
        return ""
    head = "<th scope='col'>Topic</th>" + "".join(f"<th scope='col'>{escape(c)}</th>" for c in columns)
    rows = "".join(
        f"<tr><td>{escape(topic)}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for topic, cells in protocol_rows(report)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    halves = f"<div class='whole'>{table}</div><div>{_list(protocol_findings(report))}</div>"
    return f"<p>{escape(KEY)}</p><div class='halves wide'>{halves}</div>"


def _files(report: CaseReport) -> str:
    rows = "".join(
        f"<tr><td>{escape(d.what)}</td><td class='n'>{d.count}</td><td class='mono'>{d.sha256}</td></tr>"
        for d in report.digests
    )
    head = "".join(f"<th scope='col'>{title}</th>" for title in ("What", "Files", "SHA-256"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    software = ", ".join(f"{name} {number}" for name, number in report.versions)
    return (f"{table}<p>{escape(DIGESTS_NOTE)}</p>" if rows else "") + f"<p>{escape(software)}.</p>"
