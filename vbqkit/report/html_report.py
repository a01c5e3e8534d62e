"""The report of a case as one HTML file: complete in itself, for the screen and for A4 or Letter paper."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib import resources

from vbqkit.page.colours import PAGE
from vbqkit.report.case_values import NO_DIAGNOSIS, CaseReport
from vbqkit.report.forest import forests, in_two_columns
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

_STYLE = """
@page{margin:7mm 7.5mm 9mm;@bottom-right{content:"page " counter(page) " of " counter(pages);font:7pt Arial,sans-serif}}
*{box-sizing:border-box}
html{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{font:12px/1.25 "vbqkit report","DejaVu Sans Condensed",Arial,sans-serif;color:var(--ink);background:var(--paper);
max-width:250mm;margin:4mm auto;padding:0 2mm}
h1{font-size:1.55em;margin:0}
h2{font-size:1.17em;margin:.55em 0 .1em;break-after:avoid}
p{margin:0 0 .1em}ul,ol{margin:0;padding:0}li{list-style:none;margin:0 0 .1em;overflow-wrap:anywhere}
header{display:flex;justify-content:space-between;align-items:baseline;flex-wrap:wrap}
.banner{border:1.5px solid var(--ink);padding:0 .4em;font-weight:700;margin:.15em 0}
.no{font-weight:700}.meta span{margin-left:1.5em}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.07em .5em .07em 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:700}.name{white-space:nowrap}.n{white-space:nowrap}
.refused{color:var(--soft-ink)}
.two{display:grid;grid-template-columns:28.5% 1fr;gap:1.1em;align-items:start}
.halves{display:grid;grid-template-columns:1fr 1fr;gap:1.1em;align-items:start}
.two>div,.halves>div{min-width:0}
.two img,svg{max-width:100%;height:auto;display:block}
svg{width:100%}
.columns{columns:2;column-gap:1.1em}
.hash{white-space:nowrap;letter-spacing:-.01em}
tr,svg,img{break-inside:avoid}
li{orphans:2;widows:2}
@media print{body{margin:0;padding:0;max-width:none;font-size:7pt;line-height:1.12}
h1{font-size:11pt}h2{font-size:8.2pt;margin:.25em 0 0}
.two img{height:138pt!important;width:auto!important}svg{width:268pt}
th,td{padding:0 .5em 0 0}p,li{margin-bottom:.05em}.columns h2:first-child{margin-top:0}}
@media screen and (max-width:700px){.two,.halves{grid-template-columns:1fr}.columns{columns:1}.hash{white-space:normal}}
"""


def _colours() -> str:
    """The colours that the style names."""
    named = ";".join(f"--{name.replace('_', '-')}:{PAGE[name]}" for name in ("ink", "soft_ink", "rule", "paper"))
    return f":root{{{named}}}"


@cache
def _font() -> str:
    """The letters travel with the page, so that it is laid out, and fits the paper, on every machine alike."""
    folder = resources.files("vbqkit.report") / "fonts"
    faces = []
    for weight, file in ((400, "DejaVuSansCondensed.ttf"), (700, "DejaVuSansCondensed-Bold.ttf")):
        data = base64.b64encode((folder / file).read_bytes()).decode("ascii")
        source = f'url(data:font/ttf;base64,{data}) format("truetype")'
        faces.append(f'@font-face{{font-family:"vbqkit report";font-weight:{weight};src:{source}}}')
    return "".join(faces)


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
        f"<header><h1>{escape(report.title)}</h1>{_meta(report)}</header>",
        *(f"<p class='banner'>{escape(text)}</p>" for text in banners(report)),
        f"<p class='no'>{escape(NO_DIAGNOSIS)}</p>",
        f"<div class='two'><div>{_picture(report)}{_rois(report)}</div>",
        f"<div>{_scores(report)}{_section('Protocol', _protocol(report))}</div></div>",
        _section("Published cut-offs and groups", _forests(report)),
        _section("Levels left out or replaced", _list(report.exclusions)) if report.exclusions else "",
        *(_section(one.title, _list(one.lines)) for one in report.sections),
        _section("Series that are not scored", _list(f"{name}: {why}" for name, why in report.not_scored)),
        "<div class='columns'>",
        _section("Cautions", _list(f"[{n}] {line}" for n, line in enumerate(caution_lines(report), start=1))),
        _section("How it was measured", _list(measured(report))),
        _section("Files and software", _files(report)),
        "</div>",
    ]
    body = "\n".join(part for part in parts if part)
    fonts = f"<style>{_font()}</style>"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'\">"
        f"<title>{escape(report.title)}</title><style>{_colours()}{_STYLE}</style></head>\n<body>\n{body}\n{fonts}</body></html>\n"
    )


def _meta(report: CaseReport) -> str:
    said = "".join(f"<span><b>{escape(k)}:</b> {escape(v)}</span>" for k, v in meta(report))
    return f"<p class='meta'>{said}</p>"


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _picture(report: CaseReport) -> str:
    if report.image is None:
        return f"<p>{escape(no_picture(report))}</p>"
    caption = f"{picture_words(report.image)}.{' Synthetic.' if report.image.acquisition.synthetic else ''}"
    drawing = key_drawing(report, report.image, size_px=240, part=True)
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
    columns = "".join(f"<div>{''.join(forest.svg() for forest in half)}</div>" for half in in_two_columns(drawn))
    return f"<p>{escape(verdict_counts(report))} {escape(FOREST_NOTE)}</p><div class='halves'>{columns}</div>"


def _protocol(report: CaseReport) -> str:
    if not report.protocol:
        return ""
    return _list([*protocol_agreed(report), *protocol_apart(report), *protocol_findings(report), NOTHING_PROVED])


def _files(report: CaseReport) -> str:
    said, *hashes = digest_lines(report) or ("",)
    listed = "".join(f"<br><span class='hash'>{escape(line)}</span>" for line in hashes)
    software = ", ".join(f"{name} {number}" for name, number in report.versions)
    return (
        f"<p>{escape(said)}{listed}</p><p>{escape(DIGESTS_NOTE)}</p>" if said else ""
    ) + f"<p>{escape(software)}.</p>"
