"""From a study and its ROIs to everything that the report of the case says."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vbqkit.errors import Caution, FormatError, ScoreError, shown
from vbqkit.formats.roi_file import RoiFile
from vbqkit.image import Slice, Volume
from vbqkit.report.case_values import (
    CaseReport,
    ComparedCutoff,
    PublishedGroup,
    ReportedRoi,
    ReportedScore,
    ReportSection,
)
from vbqkit.report.private_words import PrivateWords
from vbqkit.report.protocol_check import check_protocol
from vbqkit.report.protocol_light import ProtocolLight
from vbqkit.report.provenance import digests, versions
from vbqkit.report.source_files import (
    Evidence,
    SourceFile,
    files_of_series,
    files_of_study,
    has_burned_in_text,
    identity_of,
)
from vbqkit.roi import SCORED_LEVELS, Roi
from vbqkit.scores.case import CaseScores, score_case
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.propagation import case_uncertainty
from vbqkit.scores.registry import scored_weightings
from vbqkit.scores.result import Refusal, Score
from vbqkit.scores.series_cautions import cautions_of
from vbqkit.scores.uncertainty_budget import Uncertainty
from vbqkit.study import Study, make_series

LONGEST_NAME = 80
"""Letters of a reader's name or a case's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who read the case, when, and how the report may name it.

    Attributes
    ----------
    reader : str
        Name or initials.
    code : str
        Pseudonym of the case.
    read_on : date
        Today unless stated.
    identity : bool
        Whether the report names the patient as the headers do.
    """

    reader: str
    code: str = "case"
    read_on: dt.date
    identity: bool = False

    def __post_init__(self) -> None:
        for what, text in (("reader", self.reader), ("code of the case", self.code)):
            if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
                raise FormatError(
                    f"The {what} is {shown(text)!r}; a report needs 1 to {LONGEST_NAME} printable letters. Say who read the case, and what to "
                    "call it."
                )


def case_report(
    study: Study,
    rois: RoiFile | Iterable[Roi],
    *,
    reader: str,
    code: str = "case",
    read_on: dt.date | None = None,
    identity: bool = False,
    volumes: Mapping[str, Volume] | None = None,
    jitter: Jitter | None = None,
    n_draws: int = 1000,
    aggregate: Any = "both",
    sections: Iterable[ReportSection] = (),
    **options: Any,
) -> CaseReport:
    """Score a case and collect everything that its report says.

    Parameters
    ----------
    study : Study
        As :func:`vbqkit.read_study` gave it: its files are digested.
    rois : RoiFile or iterable of Roi
        As :func:`vbqkit.read_rois` gave it, whole.
    reader : str
        Who placed or accepted the ROIs: name or initials.
    code : str
        What the case is called; a pseudonym, since the report holds no identity.
    read_on : date, optional
        Date of the reading; today.
    identity : bool
        Put name, number, date of birth and date of examination into the report, as the headers have them, and do not
        leave out descriptions and paths from messages. Such a report is a document about a person: keep it as one.
    volumes : mapping of str to Volume, optional
        Weighting to series; by default every weighting of which the study has one scorable sagittal series.
    jitter : Jitter, optional
        How far placements are thought to vary; 1 mm and fixed area.
    n_draws : int
        Random draws behind the intervals.
    sections : iterable of ReportSection
        What else the report is to say: a second reading, an earlier study, why no reference group fits.
    aggregate, **options
        As for :func:`vbqkit.scores.score_case`: reference, rule, excluded, rayleigh_correction, coverage, overrule.

    Returns
    -------
    CaseReport

    Raises
    ------
    VbqkitError
        If the case cannot be scored at all, or reader or code are empty.
    """
    when = read_on or dt.datetime.now().astimezone().date()
    reading = Reading(reader=reader, code=code, read_on=when, identity=identity)
    images = dict(volumes) if volumes is not None else _only_series(study)
    drawn = rois if isinstance(rois, RoiFile) else RoiFile(rois=tuple(rois))
    spread = jitter or Jitter(shift_mm=1.0, size_percent=0.0)
    case = score_case(images, drawn, aggregate=aggregate, **options)
    intervals = case_uncertainty(
        images,
        drawn,
        jitter=spread,
        rng=np.random.default_rng(0),
        n_draws=n_draws,
        aggregate=aggregate,
        **options,
    )
    return assemble_report(
        study, images, drawn, case, intervals, reading=reading, jitter=spread, options=options, sections=sections
    )


def _only_series(study: Study) -> dict[str, Volume]:
    counts: Counter[str] = Counter(s.acquisition.weighting for s in study if s.scorable and s.plane == "sagittal")
    double = next((w for w in scored_weightings() if counts[w] > 1), None)
    if double is not None:
        study.find(double)  # says which there are
    return {w: study.find(w).volume() for w in scored_weightings() if counts[w] == 1}


def assemble_report(
    study: Study,
    volumes: Mapping[str, Volume],
    drawn: RoiFile,
    case: CaseScores | None,
    intervals: Sequence[Uncertainty],
    *,
    reading: Reading,
    jitter: Jitter,
    options: Mapping[str, Any],
    sections: Iterable[ReportSection] = (),
) -> CaseReport:
    """The report of a case that is scored already; without any series, one that says why nothing is given.

    Parameters
    ----------
    study, volumes, drawn
        What was scored.
    case, intervals
        What :func:`vbqkit.scores.score_case` and :func:`vbqkit.scores.case_uncertainty` gave; None and empty where no
        series could be scored.
    reading : Reading
        Who, when, and under which name.
    jitter, options
        As the scores were computed with.
    sections : iterable of ReportSection
        What else it says.
    """
    files = files_of_study(study.source)
    numbers = {w: _number(study, volume) for w, volume in volumes.items()}
    sources = {w: study.series[n].source for w, n in numbers.items() if n is not None}
    mine = files_of_series(files, volumes, sources)
    plain = _plainly(study, drawn, files) if not reading.identity else str
    burned = not reading.identity and has_burned_in_text(f for listed in mine.values() for f in listed)
    cautions = (*((_BURNED,) if burned else ()), *_cautions(case, intervals, volumes, drawn, plain))
    order = {(c.code, c.message): n for n, c in enumerate(cautions, start=1)}
    image = None if burned else _key_image(volumes, case)
    return CaseReport(
        code=reading.code,
        reader=reading.reader,
        read_on=reading.read_on,
        synthetic=any(v.acquisition.synthetic for v in volumes.values()) or any(s.acquisition.synthetic for s in study),
        identity=identity_of(files) if reading.identity else (),
        series=tuple((w, plain(_acquired(v))) for w, v in volumes.items()),
        not_scored=tuple((name, plain(why)) for name, why in _not_scored(study, set(numbers.values()))),
        scores=tuple(_scores(case, intervals, volumes, order, plain)),
        rois=tuple(_rois(drawn, case)),
        cautions=cautions,
        protocol=tuple(_protocol(study, volumes, numbers, case, plain)),
        exclusions=tuple(c.message for c in cautions if c.code in ("level-left-out", "level-replaced")),
        sections=tuple(ReportSection(one.title, tuple(map(plain, one.lines))) for one in sections),
        settings=tuple(_settings(case, jitter, options)),
        versions=tuple(versions()),
        digests=tuple(digests(mine, drawn)),
        image=image,
        drawn=tuple(drawn.rois),
        case=case,
        evidence=Evidence(volumes=volumes, files=mine),
    )


_BURNED = Caution(
    "burned-in-text",
    "The headers say that the pixels hold text about the patient, by BurnedInAnnotation (0028,0301): the key image is left out. Ask for it "
    "together with the identity (identity=True, --identity).",
)

Plainly = Callable[[str], str]
"""A text without words that may lead to the patient."""


def _plainly(study: Study, drawn: RoiFile, files: Sequence[SourceFile]) -> Plainly:
    paths = [study.source, drawn.source, *(f.entry.name for f in files), *(f.entry.member or "" for f in files)]
    whose = {text for _, text in identity_of(files)} | {s.patient_id or "" for s in study}
    private = PrivateWords.of((s.acquisition for s in study), filter(None, paths), filter(None, whose))
    return private.taken_from


def _number(study: Study, volume: Volume) -> int | None:
    """The row of a scored series in the study."""
    a = volume.acquisition
    for number, series in enumerate(study):
        b = series.acquisition
        if a.series_uid is not None and (a.series_uid, a.series_number) == (b.series_uid, b.series_number):
            return number
    same = [n for n, s in enumerate(study) if s.shape == volume.shape and s.acquisition.series_uid is None]
    return same[0] if len(same) == 1 else None


def _acquired(volume: Volume) -> str:
    a = volume.acquisition
    known = (
        ("TR {:g} ms", a.tr_ms),
        ("TE {:g} ms", a.te_ms),
        ("TI {:g} ms", a.ti_ms),
        ("{:g} T", a.field_t),
        ("{}", a.vendor),
        ("{}", a.model),
    )
    planes, rows, cols = volume.shape
    spacing = volume.spacing_mm
    said = [text.format(value) for text, value in known if value is not None]
    said.append(f"{planes} slices of {rows} x {cols}, {spacing[1]:.3g} x {spacing[2]:.3g} mm")
    return f"{', '.join(said)}; weighting: {a.weighting_reason}"


def _not_scored(study: Study, used: set[int | None]) -> Iterator[tuple[str, str]]:
    for number, series in enumerate(study):
        a = series.acquisition
        if number in used or a.modality not in (None, "MR"):
            continue
        name = f"series {number} ({series.plane or 'plane unknown'}, {a.weighting})"
        if series.refusal is not None:
            yield name, series.refusal
        elif series.plane == "sagittal" and a.weighting not in scored_weightings():
            yield name, f"its weighting is {a.weighting}: {a.weighting_reason}"


def _cautions(
    case: CaseScores | None,
    intervals: Sequence[Uncertainty],
    volumes: Mapping[str, Volume],
    drawn: RoiFile,
    plain: Plainly,
) -> tuple[Caution, ...]:
    """Each once: those of the scores first, then of intervals, ROIs and series."""
    found: list[Caution] = []
    for result in case.results if case is not None else ():
        found += result.cautions if isinstance(result, Score) else ()
    found += [caution for one in intervals for caution in one.cautions]
    found += case.cautions if case is not None else ()
    found += [caution for cautions in cautions_of(volumes, drawn).values() for caution in cautions]
    return tuple(dict.fromkeys(Caution(c.code, plain(c.message)) for c in found))


def _scores(
    case: CaseScores | None,
    intervals: Sequence[Uncertainty],
    volumes: Mapping[str, Volume],
    order: Mapping[tuple[str, str], int],
    plain: Plainly,
) -> Iterator[ReportedScore]:
    known = {one.score.key: one for one in intervals}
    told: set[tuple[str, str]] = set()
    for result in case.results if case is not None else ():
        if isinstance(result, Refusal):
            if (result.name, result.reason) not in told:  # for the same reason with both aggregates
                told.add((result.name, result.reason))
                yield ReportedScore(result=replace(result, reason=plain(result.reason)))
            continue
        interval = known.get(result.key)
        cautions = (*result.cautions, *(interval.cautions if interval is not None else ()))
        yield ReportedScore(
            result=result,
            interval=interval,
            cautions=tuple(sorted({order[c.code, plain(c.message)] for c in cautions})),
            cutoffs=tuple(_cutoffs(result, interval, volumes)),
            groups=tuple(_groups(result)),
        )


def _cutoffs(score: Score, interval: Uncertainty | None, volumes: Mapping[str, Volume]) -> Iterator[ComparedCutoff]:
    from vbqkit.literature import thresholds_for  # noqa: PLC0415 - loads pandas

    a = volumes[_weighting_of(score.name, volumes)].acquisition
    try:
        table = thresholds_for(score.name, field_t=a.field_t, vendor=a.vendor, tr_ms=a.tr_ms, te_ms=a.te_ms)
    except ScoreError:  # none is published
        return
    for row in table.to_dict("records"):
        yield ComparedCutoff(
            source=row["source"],
            target=row["target"],
            threshold=float(row["threshold"]),
            positive=row["positive"],
            verdict="indeterminate" if interval is None else interval.verdict(row),
            distance=float(row["distance"]),
            setting=_setting(row),
            population=row["population"],
            n=None if math.isnan(row["n"]) else int(row["n"]),
            doi=row["doi"],
            known_from=row["known_from"],
        )


def _groups(score: Score) -> Iterator[PublishedGroup]:
    from vbqkit.literature import published_groups  # noqa: PLC0415 - loads pandas

    table = published_groups()
    for row in table[table["quantity"] == score.name].to_dict("records"):
        yield PublishedGroup(
            source=row["source"],
            group=row["group"],
            mean=float(row["mean"]),
            sd=None if math.isnan(row["sd"]) else float(row["sd"]),
            n=None if math.isnan(row["n"]) else int(row["n"]),
            setting=_setting(row),
        )


def _setting(row: Mapping[Any, Any]) -> str:
    named = (("{:g} T", row["field_t"]), ("TR {:g}", row["tr_ms"]), ("TE {:g}", row["te_ms"]))
    times = [text.format(float(value)) for text, value in named if not math.isnan(float(value))]
    said = [*times[:1], *([row["vendor"]] if row["vendor"] else []), *times[1:]]
    return ", ".join(said) or "setting not stated"


def _weighting_of(name: str, volumes: Mapping[str, Volume]) -> str:
    from vbqkit.scores.registry import SCORES  # noqa: PLC0415 - beside its only use

    return next(w for w in SCORES[name].weightings if w in volumes)


def _rois(drawn: RoiFile, case: CaseScores | None) -> Iterator[ReportedRoi]:
    origins: Sequence[str] = getattr(drawn, "origins", ()) or ("",) * len(drawn.rois)
    measured = case.measured if case is not None else {}
    for roi, origin in zip(drawn.rois, origins, strict=True):
        signals = ((w, table[roi.label]) for w, table in measured.items() if roi.label in table)
        yield ReportedRoi(
            label=roi.label,
            origin=origin,
            area_cm2=roi.area_mm2 / 100.0,
            signals=tuple((w, m.mean, m.sd) for w, m in signals),
        )


def _protocol(
    study: Study,
    volumes: Mapping[str, Volume],
    numbers: Mapping[str, int | None],
    case: CaseScores | None,
    plain: Plainly,
) -> Iterator[ProtocolLight]:
    noise = case.inputs.noise if case is not None else {}
    overruled = case is not None and case.inputs.overrule is not None
    lights: list[ProtocolLight] = []
    for place, (w, volume) in enumerate(volumes.items()):
        number = numbers[w]
        series = make_series(volume) if number is None else study.series[number]
        shown_as = place if number is None else number
        lights += check_protocol(series, number=shown_as, volume=volume, noise=noise.get(w), overruled=overruled)
    if not volumes:
        sagittal = [n for n, s in enumerate(study) if s.plane == "sagittal"] or range(len(study))
        for number in sagittal:
            lights += check_protocol(study.series[number], number=number, read_pixels=False)
    for light in lights:
        yield replace(light, found=plain(light.found))


def _settings(case: CaseScores | None, jitter: Jitter, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if case is None:
        return
    inputs = case.inputs
    counted = "by their center" if options.get("coverage", "center") == "center" else "weighed by covered area"
    yield "Levels", f"rule '{inputs.rule}'"
    yield "Pixels", counted
    yield "Intervals", f"95 %, from pixel noise, ROI placement ({jitter}, assumed) and reference group"
    group = inputs.reference
    if group is not None:
        yield "Reference group", f"SNR {group.mean:g} ± {group.sd:g}, n = {group.n}, {group.scanner}"
    yield "Rayleigh correction of SNR", "yes" if inputs.rayleigh_correction else "no (as the Košice group 2025)"
    if inputs.overrule is not None:
        yield "Overruled because", inputs.overrule


def _key_image(volumes: Mapping[str, Volume], case: CaseScores | None) -> Slice | None:
    """The slice on which most levels were measured, of the first series."""
    for weighting, volume in volumes.items():
        table = case.measured.get(weighting, {}) if case is not None else {}
        levels = [table[level].slice_index for level in SCORED_LEVELS if level in table]
        slices = levels or [m.slice_index for m in table.values()]
        return volume.slice(max(set(slices), key=slices.count) if slices else len(volume) // 2)
    return None
