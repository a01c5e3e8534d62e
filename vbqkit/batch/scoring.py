"""One study of many scored: a flat row, whatever becomes of it, and no one's name in it."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import vbqkit
from vbqkit.batch.choosing import volumes_and_rois, volumes_to_score, waiting_rois
from vbqkit.batch.todo import StudyToDo, exam_digest, reason_without
from vbqkit.errors import FormatError, ScoreError, VbqkitError
from vbqkit.formats.roi_file import RoiFile
from vbqkit.image import Volume
from vbqkit.propose import propose_rois
from vbqkit.propose.places import RoiKind
from vbqkit.protocol_words import safe_text
from vbqkit.roi import Coverage
from vbqkit.scores.case import CaseScores, score_case
from vbqkit.scores.jitter import Jitter
from vbqkit.scores.levels import LevelRule, rule_for_missing
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.marrow_to_noise import ReferenceGroup
from vbqkit.scores.propagation import case_uncertainty
from vbqkit.scores.registry import SCORES, load_once, score_definition, use_scores
from vbqkit.scores.result import Refusal, Score
from vbqkit.study import Study

OUTCOMES = ("scored", "refused", "failed", "left out")
"""At least one score; none, for the reason that is given; the study could not be read; it is there already."""

FIRST_COLUMNS = ("id", "outcome", "scanner", "field_t", "weightings", "aggregate", "levels")
LAST_COLUMNS = ("cautions", "reason", "rois", "files", "exam", "settings")
PROPOSED = "proposed"
"""What stands in the column ``rois`` where nobody placed them."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How each study of a cohort is scored: the same for all, or the numbers could not be compared.

    Attributes
    ----------
    scores : tuple of str
        Names in :data:`vbqkit.scores.SCORES`; empty: all that need no reference group, and with one all.
    aggregate : {"median", "mean"}
        Of the levels, for scores that have the choice: median in Cui 2025 and Chen 2023, mean in Huang 2026.
    rule : {"all four", "leave out", "replace"}
        For levels without a ROI; see :func:`vbqkit.scores.choose_levels`.
    coverage : {"center", "area"}
        Which pixels count.
    reference : ReferenceGroup or None
        For the M-score.
    rayleigh_correction : bool
        For SNR.
    intervals : bool
        Whether each score has its 95 % interval, as ``<score>_low`` and ``<score>_high``.
    jitter : Jitter
        How far placements are thought to vary, for the intervals.
    propose : {"fixed", "ellipse"} or None
        Propose the ROIs, and score them although no reader has seen them. Every row says so.
    accept_proposed : bool
        Score ROIs of a file that were proposed and that no reader has accepted. Every row says so.
    plane, accept_derived, link_frames
        As for :func:`vbqkit.formats.read_study`.
    also : tuple of str
        Published variants to put into use, as :func:`vbqkit.scores.use_scores` does.
    plugins : tuple of str
        Python files or modules that bring scores of their own; workers load them too, and must see the same paths.
    """

    scores: tuple[str, ...] = ()
    aggregate: Aggregate = "median"
    rule: LevelRule = "all four"
    coverage: Coverage = "center"
    reference: ReferenceGroup | None = None
    rayleigh_correction: bool = False
    intervals: bool = False
    jitter: Jitter = field(default_factory=partial(Jitter, shift_mm=1.0, size_percent=0.0))
    propose: RoiKind | None = None
    accept_proposed: bool = False
    plane: str | None = None
    accept_derived: bool = False
    link_frames: bool = False
    also: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()

    def make_known(self) -> None:
        """Bring the plug-ins and variants into this process; those that it has stay as they are.

        Raises
        ------
        ScoreError
            If one cannot be used.
        """
        load_once(self.plugins)
        use_scores(*self.also)

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of the scores, in the order of the registry.

        Raises
        ------
        ScoreError
            If there is no such score, or one needs a reference group and there is none.
        """
        for name in self.scores:
            if score_definition(name).against_reference and self.reference is None:
                raise ScoreError(f"{name} needs a reference group of the same scanner: --reference-snr MEAN,SD,N.")
        by_itself = (name for name, d in SCORES.items() if self.reference is not None or not d.against_reference)
        return tuple(name for name in SCORES if name in self.scores) if self.scores else tuple(by_itself)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a row, in order: those of the scores have the names that cohort tables know."""
        own = [SCORES[name].column for name in self.wanted]
        with_limits = [
            f"{column}{end}" for column in own for end in (("", "_low", "_high") if self.intervals else ("",))
        ]
        return (*FIRST_COLUMNS, *with_limits, *LAST_COLUMNS)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that a number depends on besides the files, as plain values."""
        own = {"plugins": [_plugin_in_words(name) for name in self.plugins]}
        return asdict(self) | {"scores": list(self.wanted), "vbqkit": vbqkit.__version__} | own

    @property
    def digest(self) -> str:
        """Eight digits of the settings: rows with others are not mixed."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _plugin_in_words(name: str) -> str:
    """A file by what is in it, so that numbers of another version are not mixed; its folder is nobody's business."""
    path = Path(name)
    if not path.is_file():
        return name
    return f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreJob:
    """A study to score, as it is sent to a worker.

    Attributes
    ----------
    todo : StudyToDo
        The study.
    rois : Path or None
        Its ROI file; None: they are proposed, or there is none.
    rois_digest : str
        A fingerprint of that file, or ``"proposed"``.
    problem : str
        Why it cannot be scored, as far as that is known before it is read.
    """

    todo: StudyToDo
    rois: Path | None = None
    rois_digest: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ScoreWork:
    """What a worker does with each job: ``work(job) -> row``. It can be sent to another process or machine.

    Attributes
    ----------
    plan : Plan
        How studies are scored.
    modules : tuple of str
        Modules that make scores known which vbqkit itself does not have.
    version : str
        Of the vbqkit that sends the work.
    """

    plan: Plan
    modules: tuple[str, ...] = ()
    version: str = vbqkit.__version__

    def __call__(self, job: ScoreJob) -> Row:
        """Score one study."""
        if vbqkit.__version__ != self.version:
            raise FormatError(
                f"A worker has vbqkit {vbqkit.__version__}, this computer {self.version}. Install the same version on both."
            )
        self.plan.make_known()
        for module in self.modules:
            importlib.import_module(module)
        return score_one(job, self.plan)


def score_one(job: ScoreJob, plan: Plan) -> Row:
    """Score one study of many: a row with the columns of the plan.

    Nothing but a stop by the user ends the whole run: what goes wrong in one study becomes the reason in its row.
    """
    row = blank_row(job, plan)
    try:
        row |= _scored(job, plan)
        return row | {"reason": reason_without(row["reason"], _hidden(job)) if row["reason"] else None}
    except VbqkitError as error:
        return row | {"outcome": "refused", "reason": reason_without(str(error), _hidden(job))}
    except Exception as error:  # the other studies must go on; the row says what happened
        return row | {"outcome": "failed", "reason": reason_without(f"{type(error).__name__}: {error}", _hidden(job))}


def blank_row(job: ScoreJob, plan: Plan, **values: Any) -> Row:
    """The row of a study of which nothing is known but its fingerprints."""
    row: Row = dict.fromkeys(plan.columns)
    row |= {"id": job.todo.key, "files": job.todo.files, "rois": job.rois_digest, "settings": plan.digest}
    return row | values


def _hidden(job: ScoreJob) -> tuple[str, ...]:
    if not job.todo.hidden or job.rois is None:
        return job.todo.hidden
    return (*job.todo.hidden, str(job.rois), job.rois.name, job.rois.name.split(".")[0])


def _scored(job: ScoreJob, plan: Plan) -> Row:
    if job.problem:
        raise FormatError(job.problem)
    study = job.todo.read()
    volumes, drawn = _volumes_and_rois(study, job, plan)
    labels = {roi.label for roi in drawn}
    excluded = {} if plan.rule == "all four" else rule_for_missing(labels)[1]
    options: dict[str, Any] = {
        "aggregate": plan.aggregate,
        "reference": plan.reference,
        "rule": plan.rule,
        "excluded": excluded,
        "rayleigh_correction": plan.rayleigh_correction,
        "coverage": plan.coverage,
    }
    case = score_case(volumes, drawn, **options)
    wanted = plan.wanted
    given = [result for result in case.results if isinstance(result, Score) and result.name in wanted]
    why = "; ".join(filter(None, (_without_series(plan, volumes), _not_given(case, wanted))))
    row: Row = _series(volumes) | _values(given) | {"reason": why or None}
    if not given:
        return row | {"outcome": "refused"}
    if plan.intervals:
        # the same study has the same interval in every run
        rng = np.random.default_rng(0)
        for one in case_uncertainty(volumes, drawn, jitter=plan.jitter, rng=rng, **options):
            if one.score.name in wanted:
                column = SCORES[one.score.name].column
                row |= {f"{column}_low": _finite(one.ci_low), f"{column}_high": _finite(one.ci_high)}
    return row | {"outcome": "scored", "aggregate": plan.aggregate, "cautions": _cautions(case, given) or None}


def _volumes_and_rois(study: Study, job: ScoreJob, plan: Plan) -> tuple[dict[str, Volume], RoiFile]:
    if plan.propose is None:
        assert job.rois is not None
        volumes, _, drawn = volumes_and_rois(study, job.rois, accept_proposed=plan.accept_proposed)
        return volumes, drawn
    volumes, _ = volumes_to_score(study, (), RoiFile(rois=()), overrule=None)
    proposal = propose_rois(study, kind=plan.propose)
    if not proposal.named:
        raise FormatError(f"no names for the proposed ROIs: {proposal.question}")
    return volumes, replace(waiting_rois(proposal).accepted(), source=PROPOSED)


def _series(volumes: Mapping[str, Volume]) -> Row:
    scanners = dict.fromkeys(_scanner(volume) for volume in volumes.values())
    fields = {v.acquisition.field_t for v in volumes.values() if v.acquisition.field_t is not None}
    exams = {v.acquisition.study_uid for v in volumes.values() if v.acquisition.study_uid}
    return {
        "scanner": "; ".join(filter(None, scanners)) or None,
        "field_t": fields.pop() if len(fields) == 1 else None,
        "weightings": " ".join(sorted(volumes)),
        "exam": exam_digest(exams.pop()) if len(exams) == 1 else None,
    }


def _scanner(volume: Volume) -> str:
    a = volume.acquisition
    return safe_text(" ".join(text for text in (a.vendor, a.model) if text))


def _values(given: list[Score]) -> Row:
    levels = dict.fromkeys(level for score in given for level in score.levels)
    return {SCORES[score.name].column: _finite(score.value) for score in given} | {"levels": " ".join(levels)}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _not_given(case: CaseScores, wanted: tuple[str, ...]) -> str:
    why: dict[str, list[str]] = {}
    for result in case.results:
        if isinstance(result, Refusal) and result.name in wanted:
            why.setdefault(result.reason, []).append(result.name)
    return "; ".join(f"{' and '.join(names)} not given: {reason}" for reason, names in why.items())


def _without_series(plan: Plan, volumes: Mapping[str, Volume]) -> str:
    """Scores that were asked for by name and have no series here; of all scores most have none, and nobody asked."""
    lacking = {name: [w for w in SCORES[name].weightings if w not in volumes] for name in plan.wanted if plan.scores}
    return "; ".join(f"{name} not given: no {' and no '.join(gone)} series" for name, gone in lacking.items() if gone)


def _cautions(case: CaseScores, given: list[Score]) -> str:
    """The codes of everything that the reader of these numbers must know."""
    return " ".join(dict.fromkeys(caution.code for caution in _all_cautions(case, given)))


def _all_cautions(case: CaseScores, given: list[Score]) -> Iterator[Any]:
    yield from case.cautions
    for score in given:
        yield from score.cautions
