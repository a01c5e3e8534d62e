"""ROIs proposed on many studies: one flat row per study, whatever becomes of it, and no one's name in it."""

from __future__ import annotations

from typing import Any

from vbqkit.batch.todo import StudyToDo, exam_digest, reason_without
from vbqkit.errors import VbqkitError
from vbqkit.propose.places import RoiKind
from vbqkit.propose.proposal import Proposal
from vbqkit.propose.proposing import propose_rois
from vbqkit.roi.labels import SCORED_LEVELS, SPINE_LEVELS

OUTCOMES = ("named", "asked", "refused", "failed")
"""ROIs with names; ROIs without, and a question; no ROIs, for the reason that is given; the study could not be read."""

COLUMNS = (
    "number",
    "study",
    "outcome",
    "series",
    "weighting",
    "slice",
    "levels",
    "doubtful",
    "margin",
    "rois",
    "roi_kind",
    "model",
    "files",
    "exam",
    "reason",
)
"""``number``: place of the study in alphabetical order; ``levels``: how many bodies have a ROI; ``doubtful``: of all
ROIs; ``rois``: the file they were written to; ``model``: first digits of the checksum of the weights;
``files``: a fingerprint of the study's files; ``exam``: one of its StudyInstanceUID (0020,000d), empty without."""


def propose_one(todo: StudyToDo, *, kind: RoiKind = "fixed") -> tuple[dict[str, Any], Proposal | None]:
    """Propose ROIs on one study of many: a row (:data:`COLUMNS`, as far as known), and the proposal if there is one.

    Nothing but a stop by the user ends the whole run: what goes wrong in one study becomes the reason in its row.

    Parameters
    ----------
    todo : StudyToDo
        The study.
    kind : {"fixed", "ellipse"}
        As of :func:`~vbqkit.propose.propose_rois`.
    """
    row: dict[str, Any] = {"number": todo.number, "study": todo.key, "files": todo.files, "roi_kind": kind}
    try:
        proposal = propose_rois(todo.read(), kind=kind)
    except VbqkitError as error:
        return row | {"outcome": "refused", "reason": reason_without(str(error), todo.hidden)}, None
    except Exception as error:  # the other studies must go on; the row says what happened
        told = reason_without(f"{type(error).__name__}: {error}", todo.hidden)
        return row | {"outcome": "failed", "reason": told}, None
    return row | {
        "outcome": "named" if proposal.named else "asked",
        "exam": exam_digest(proposal.volume.acquisition.study_uid),
        "series": proposal.series_index,
        "weighting": proposal.volume.acquisition.weighting,
        "slice": proposal.slice_index,
        "levels": sum(p.roi.label in (SPINE_LEVELS if proposal.named else ()) for p in proposal.rois)
        or sum(p.roi.label.startswith("body") for p in proposal.rois),
        "doubtful": sum(p.doubtful for p in proposal.rois),
        "margin": round(proposal.margin, 2),
        "reason": proposal.question or _doubts(proposal),
    }, proposal


def _doubts(proposal: Proposal) -> str:
    """The doubts of the levels that are scored, and of CSF."""
    wanted = (*SCORED_LEVELS, "CSF")
    return "; ".join(f"{p.roi.label}: {p.doubt}" for p in proposal.rois if p.doubt and p.roi.label in wanted)
