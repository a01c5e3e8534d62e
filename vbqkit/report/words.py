"""What every kind of report says in the same words: rows of tables and sentences, without layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vbqkit.report.case_values import SYNTHETIC, CaseReport, ReportedScore
from vbqkit.report.forest import MOST_CUTOFFS, MOST_GROUPS
from vbqkit.report.protocol_check import lights_by_topic
from vbqkit.report.protocol_light import SIGNS
from vbqkit.roi import SCORED_LEVELS
from vbqkit.scores.result import Refusal, Score

NOTHING_PROVED = "A header that says nothing proves nothing."
"""How to read the protocol check."""

_SHORT = {"fine": "fine", "nothing found": "nothing", "look": "look", "refused": "refused"}

FOREST_NOTE = (
    "Nearest setting first (field, vendor, TR, TE). ◇ with a line: this case with its interval. | with a short line: cut-off, and the side that "
    "it calls positive. × with a line: mean ± SD of a published group. No cut-off is a default; which applies is for the reader to judge."
)
"""How to read the forest plot."""

DIGESTS_NOTE = "SHA-256 of one file is its own; of several, of their digests, sorted, one a line: sha256sum FILES | cut -c1-64 | sort | sha256sum."
"""How to check a digest."""


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One row of the table of scores: what it is, its value or the refusal, its interval, unit, levels and cautions."""

    name: str
    value: str
    interval: str
    unit: str
    levels: str
    cautions: str
    refused: str | None = None


def score_line(one: ReportedScore) -> ScoreLine:
    """A score as the table shows it; four digits, as on the command line."""
    result = one.result
    if isinstance(result, Refusal):
        return ScoreLine(result.name, "not given", "", "", "", "", result.reason)
    limits = one.limits
    interval = f"{limits[0]:.4g} to {limits[1]:.4g}" if limits else "none: its noise is doubtful"
    if limits is None and one.interval is not None and one.interval.missing:
        interval = "none, see cautions"
    numbers = f"[{', '.join(map(str, one.cautions))}]" if one.cautions else ""
    unit = result.unit if result.overruled is None else f"{result.unit}; OVERRULED"
    levels = "L1–L4" if result.levels == SCORED_LEVELS else " ".join(result.levels)
    return ScoreLine(result.key, f"{result.value:.4g}", interval, unit, levels, numbers)


def directions(report: CaseReport) -> tuple[str, ...]:
    """Which way is bad, once for each score that is given, those of one direction together."""
    found: dict[str, list[str]] = {}
    for one in report.scores:
        if isinstance(one.result, Score):
            names = found.setdefault(one.result.direction, [])
            names += [one.result.name] if one.result.name not in names else []
    return tuple(f"{', '.join(names)}: {direction}." for direction, names in found.items())


def banners(report: CaseReport) -> tuple[str, ...]:
    """What nobody may overlook: that images are synthetic, and that a refusal was overruled."""
    found = [SYNTHETIC] if report.synthetic else []
    reasons = {o for one in report.scores if isinstance(one.result, Score) and (o := one.result.overruled)}
    return (*found, *(f"OVERRULED. {reason}" for reason in sorted(reasons)))


def meta(report: CaseReport) -> tuple[tuple[str, str], ...]:
    """Whose case, who read it and when."""
    said = (("Case", report.code), ("Reader", report.reader), ("Read on", report.read_on.isoformat()))
    return (*said, *report.identity)


def protocol_columns(report: CaseReport) -> tuple[str, ...]:
    """The series of the protocol table, in order."""
    return tuple(dict.fromkeys(f"{light.weighting} ({light.series})" for light in report.protocol))


def protocol_rows(report: CaseReport) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each topic with a sign and word for each series."""
    found = []
    for topic, by_series in lights_by_topic(report.protocol).items():
        cells = {f"{one.weighting} ({one.series})": f"{one.sign} {_SHORT[one.status]}" for one in by_series.values()}
        found.append((topic, tuple(cells.get(column, "") for column in protocol_columns(report))))
    return tuple(found)


def protocol_agreed(report: CaseReport) -> tuple[str, ...]:
    """The topics on which all series have the same sign, together: a line a sign."""
    together: dict[str, list[str]] = {}
    for topic, said in protocol_rows(report):
        if len(set(said)) == 1:
            together.setdefault(said[0], []).append(topic)
    where = _and(_short_names(report).values())
    return tuple(f"{_LONG[sign]} on {where}: {', '.join(together[sign])}." for sign in _LONG if sign in together)


def protocol_apart(report: CaseReport) -> tuple[str, ...]:
    """The topics on which series differ and none is to be looked at: the sign of each."""
    lines = []
    for topic, said in protocol_rows(report):
        by_sign = _by_sign(dict(zip(_short_names(report).values(), said, strict=True)))
        if len(by_sign) > 1 and not any(sign.startswith((SIGNS["look"], SIGNS["refused"])) for sign in by_sign):
            lines.append(f"{topic} {', '.join(f'{_and(columns)} {sign}' for sign, columns in by_sign.items())}")
    return (f"Series differ: {'; '.join(lines)}.",) if lines else ()


def _by_sign(cells: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for column, cell in cells.items():
        found.setdefault(_LONG.get(cell, "not looked for"), []).append(column)
    return found


_LONG = {f"{SIGNS[status]} {short}": f"{SIGNS[status]} {status}" for status, short in _SHORT.items()}


def _short_names(report: CaseReport) -> dict[str, str]:
    """Columns of the protocol table without the number of the series, where no other has the weighting."""
    columns = protocol_columns(report)
    short = [column.rpartition(" (")[0] for column in columns]
    return {c: name if short.count(name) == 1 else c for c, name in zip(columns, short, strict=True)}


def _and(names: Iterable[str]) -> str:
    words = list(names)
    return ", ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def caution_lines(report: CaseReport) -> tuple[str, ...]:
    """Every caution with its code; a message that quotes others whole refers to their numbers instead."""
    numbers = _numbers(report)
    return tuple(
        f"{c.code}: {_referring(c.message, {said: n for said, n in numbers.items() if said != c.message})}"
        for c in report.cautions
    )


def _numbers(report: CaseReport) -> dict[str, int]:
    return {caution.message: n for n, caution in enumerate(report.cautions, start=1) if caution.message}


def _referring(message: str, numbers: Mapping[str, int]) -> str:
    """A message; cautions that it ends with, one or several, by their numbers."""
    quoted: list[int] = []
    while last := next((said for said in numbers if message.endswith(said)), ""):
        message = message.removesuffix(last).rstrip()
        quoted.insert(0, numbers[last])
    if not quoted:
        return message
    their = _and([f"[{number}]" for number in quoted])
    return f"{message} See {their}." if message else f"see {their}."


def protocol_findings(report: CaseReport) -> tuple[str, ...]:
    """What to look at, with the consequence, and the sign of the other series; what several share is said once."""
    together: dict[tuple[str, str, str], list[str]] = {}
    follows: dict[tuple[str, str, str], list[str]] = {}
    for one in report.protocol:
        if one.status in ("look", "refused"):
            key = (SIGNS[one.status], one.topic, one.found)
            together.setdefault(key, []).append(f"{one.weighting} ({one.series})")
            follows.setdefault(key, []).append(one.consequence)
    rows = {topic: dict(zip(protocol_columns(report), said, strict=True)) for topic, said in protocol_rows(report)}
    names, numbers, lines = _short_names(report), _numbers(report), []
    for key, columns in together.items():
        sign, topic, found = key
        said = _referring(found, numbers)
        others = _by_sign({names[column]: cell for column, cell in rows[topic].items() if column not in columns})
        where = "; ".join(
            [_and([names[column] for column in columns]), *(f"{_and(rest)} {other}" for other, rest in others.items())]
        )
        lines.append(f"{sign} {topic}, {where}: {said} {'; '.join(dict.fromkeys(follows[key]))}.")
    return tuple(lines)


def measured(report: CaseReport) -> tuple[str, ...]:
    """How it was measured: choices, series, formulas and papers."""
    lines = [" ".join(f"{name}: {value}." for name, value in report.settings)]
    lines += [" ".join(_series(report.series)), " ".join(_formulas(report))]
    cited = papers(report)
    return (*filter(None, lines), *([f"Papers: {'; '.join(cited)}."] if cited else []))


def _series(series: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Each series; what all of them have in common is said once."""
    parts = {name: text.split("; weighting: ", maxsplit=1) for name, text in series}
    said = {name: both[0].split(", ") for name, both in parts.items()}
    common = [part for part in next(iter(said.values()), []) if all(part in other for other in said.values())]
    shared = common if len(said) > 1 else []
    for name, both in parts.items():
        own = ", ".join(part for part in said[name] if part not in shared)
        yield f"{name}: {'; weighting: '.join(filter(None, (own, *both[1:])))}."
    if shared:
        yield f"Every series: {', '.join(shared)}."


def _formulas(report: CaseReport) -> Iterator[str]:
    """Formulas and their source, a line a source; scores of one formula together, mean and median too."""
    by_source: dict[str, dict[str, list[str]]] = {}
    given = [one.result for one in report.scores if isinstance(one.result, Score)]
    both = {name for name in (score.name for score in given) if sum(score.name == name for score in given) == 2}
    for score in given:
        formulas = by_source.setdefault(score.source, {})
        formula, name = score.formula, score.key
        if score.name in both and formula.startswith(f"{score.aggregate} of "):
            formula, name = f"median or mean of {formula.removeprefix(f'{score.aggregate} of ')}", score.name
        names = formulas.setdefault(formula, [])
        names += [name] if name not in names else []
    for source, formulas in by_source.items():
        said = "; ".join(f"{', '.join(names)} = {formula}" for formula, names in formulas.items())
        yield f"{said} ({source})."


def papers(report: CaseReport) -> tuple[str, ...]:
    """The papers whose cut-offs or groups the report shows: label, authors and year unless it names them, DOI."""
    from vbqkit.literature import published_sources  # noqa: PLC0415 - loads pandas

    compared = [one for one in report.scores if one.cutoffs]
    used = {cutoff.source for one in compared for cutoff in one.cutoffs[:MOST_CUTOFFS]}
    used |= {group.source for one in compared for group in one.groups[:MOST_GROUPS]}
    table = published_sources()
    return tuple(_paper(row) for row in table[table["source"].isin(used)].to_dict("records"))


def _paper(row: Mapping[Any, Any]) -> str:
    label, authors, year = str(row["source"]), str(row["authors"]), str(row["year"])
    first = authors.split(",", maxsplit=1)[0] + (" et al." if "," in authors else "")
    unnamed = authors.startswith("authors not ") or label.startswith(authors.split(maxsplit=1)[0])
    said = [*([] if unnamed else [first]), *([] if year in label else [year])]
    where = [f"doi {row['doi']}"] if row["doi"] else []
    name = f"{label}: {' '.join(said)}" if said else label
    return f"{', '.join((name, *where))} ({str(row['known_from']).split(';')[0]})"


def used_rois(report: CaseReport) -> tuple[str, ...]:
    """Labels of the ROIs that some score was made of; all of them where no score is given."""
    used = [label for one in report.scores if isinstance(one.result, Score) for label in one.result.regions]
    return tuple(dict.fromkeys(used)) or tuple(roi.label for roi in report.rois)


def roi_note(report: CaseReport) -> str:
    """What stands below the table of ROIs."""
    others = len(report.rois) - sum(roi.label in used_rois(report) for roi in report.rois)
    said = ["Mean signal, arbitrary units."]
    said += [f"{others} other ROIs are used by no score."] if others else []
    said += [] if any(roi.origin for roi in report.rois) else ["The ROI file does not say how they were placed."]
    return " ".join(said)


def digest_lines(report: CaseReport) -> tuple[str, ...]:
    """What was digested, then each digest with its name; empty where the files are unknown."""
    if not report.digests:
        return ()
    counts = (f"{one.what} ({one.count} file{'s' * (one.count != 1)})" for one in report.digests)
    hashes = (f"{one.what.removesuffix(' series').removesuffix(' file')} {one.sha256}" for one in report.digests)
    return (f"SHA-256 of {', '.join(counts)}:", *hashes)


def verdict_counts(report: CaseReport) -> str:
    """How the papers differ on every score, in a line."""
    told = [one for one in report.scores if one.verdicts]
    order = ("positive", "negative", "indeterminate")
    counts = {one.result.key: [sum(c.verdict == v for c in one.cutoffs) for v in order] for one in told}
    said = "; ".join(f"{key} {' / '.join(map(str, numbers))}" for key, numbers in counts.items())
    return f"Positive / negative / indeterminate by how many published cut-offs: {said}." if said else ""
