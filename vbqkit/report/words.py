"""What every kind of report says in the same words: rows of tables and sentences, without layout."""

from __future__ import annotations

from dataclasses import dataclass

from vbqkit.report.case_values import SYNTHETIC, CaseReport, ReportedScore
from vbqkit.report.protocol_check import lights_by_topic
from vbqkit.report.protocol_light import SIGNS
from vbqkit.roi import SCORED_LEVELS
from vbqkit.scores.result import Refusal, Score

KEY = "Signs: ✓ fine, ○ nothing found, ! look, ✕ refused. A header that says nothing proves nothing."
"""How to read the protocol table."""

_SHORT = {"fine": "fine", "nothing found": "nothing", "look": "look", "refused": "refused"}

FOREST_NOTE = (
    "Nearest setting first (field, vendor, TR, TE). ◇ with a line: this case with its interval. | with a short line: cut-off, and the side that "
    "it calls positive. × with a line: mean ± SD of a published group. There is no default cut-off; which applies is for the reader to judge."
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
    numbers = " ".join(f"[{number}]" for number in one.cautions)
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


def protocol_findings(report: CaseReport) -> tuple[str, ...]:
    """What to look at, with the consequence; what several series have in common is said once."""
    together: dict[tuple[str, str, str], list[str]] = {}
    follows: dict[tuple[str, str, str], list[str]] = {}
    for one in report.protocol:
        if one.status in ("look", "refused"):
            key = (SIGNS[one.status], one.topic, one.found)
            together.setdefault(key, []).append(one.weighting)
            follows.setdefault(key, []).append(one.consequence)
    known = {caution.message: number for number, caution in enumerate(report.cautions, start=1)}
    lines = []
    for key, weightings in together.items():
        sign, topic, found = key
        said = f"see [{known[found]}]." if found in known else found
        lines.append(
            f"{sign} {topic} ({', '.join(dict.fromkeys(weightings))}): {said} {'; '.join(dict.fromkeys(follows[key]))}."
        )
    return tuple(lines)


def measured(report: CaseReport) -> tuple[str, ...]:
    """How it was measured: choices, series, formulas and papers."""
    lines = [f"{name}: {value}." for name, value in report.settings]
    lines += [f"{weighting}: {text}." for weighting, text in report.series]
    given = [one.result for one in report.scores if isinstance(one.result, Score)]
    lines += [f"{score.key} = {score.formula} ({score.source})." for score in given]
    cited = papers(report)
    return (*lines, *([f"Papers: {'; '.join(cited)}."] if cited else []))


def papers(report: CaseReport) -> tuple[str, ...]:
    """The papers whose cut-offs or groups the report shows: authors, year and DOI."""
    from vbqkit.literature import published_sources  # noqa: PLC0415 - loads pandas

    compared = [one for one in report.scores if one.cutoffs]
    used = {cutoff.source for one in compared for cutoff in one.cutoffs}
    used |= {group.source for one in compared for group in one.groups}
    table = published_sources()
    lines = []
    for row in table[table["source"].isin(used)].to_dict("records"):
        where = f", doi {row['doi']}" if row["doi"] else ""
        authors = str(row["authors"])
        first = authors.split(",", maxsplit=1)[0] + (" et al." if "," in authors else "")
        lines.append(f"{row['source']}: {first} {row['year']}{where} ({str(row['known_from']).split(';')[0]})")
    return tuple(lines)


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


def verdicts(report: CaseReport) -> tuple[str, ...]:
    """How the papers differ on each score."""
    return tuple(one.verdicts for one in report.scores if one.verdicts)
