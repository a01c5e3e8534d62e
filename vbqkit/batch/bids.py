"""A BIDS dataset scored in place: its derivatives, with what they are made from and by.

``derivatives/vbqkit/scores.tsv`` is the table of the run; ``phenotype/vbqkit.tsv`` holds the scores by participant and
session, as BIDS keeps measurements of participants, with a data dictionary beside it.

References
----------
BIDS specification, "Derived dataset and pipeline description" and "Phenotypic and assessment data",
bids-specification.readthedocs.io.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import vbqkit
from vbqkit.batch.cohort_scores import CohortScores, score_cohort
from vbqkit.batch.scoring import Plan, Row
from vbqkit.errors import FormatError
from vbqkit.formats.files import user_path
from vbqkit.formats.sidecars import DATASET_FILE
from vbqkit.formats.table_file import replacing, write_table
from vbqkit.scores.registry import SCORES

DERIVATIVES = "derivatives/vbqkit"
"""Where the derivatives of a dataset lie."""

BIDS_VERSION = "1.9.0"
_MISSING = "n/a"
_TOLD: dict[str, str] = {
    "participant_id": "The subject, as in the dataset.",
    "session_id": "The session; n/a where a subject has none.",
    "outcome": "scored; refused or failed, for the reason that is given; left out, where the study is there already.",
    "scanner": "Vendor and model, as the sidecars say.",
    "field_t": "Field strength.",
    "weightings": "Series that were scored.",
    "aggregate": "How the levels were made one number.",
    "levels": "Vertebral levels that went in.",
    "cautions": "Codes of what a reader of the numbers must know.",
    "reason": "Why a score is not given.",
    "rois": "Fingerprint of the ROI file; 'proposed' where ROIs were placed automatically and nobody has looked at them.",
}


def write_derivatives(root: str | os.PathLike[str], *, plan: Plan, **options: Any) -> CohortScores:
    """Score a BIDS dataset into its own ``derivatives/vbqkit``.

    Parameters
    ----------
    root : path-like
        The dataset.
    plan, **options
        As for :func:`~vbqkit.batch.score_cohort`.

    Returns
    -------
    CohortScores
        Its table is ``derivatives/vbqkit/scores.tsv``.

    Raises
    ------
    VbqkitError
        As :func:`~vbqkit.batch.score_cohort`.
    """
    home = user_path(root) / DERIVATIVES
    try:
        (home / "phenotype").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(
            f"The derivatives cannot be made in {home} ({error.strerror}). Let --out name a table elsewhere."
        ) from error
    _write_json(home / DATASET_FILE, _description(plan))
    (home / ".bidsignore").write_text("scores.tsv\n", encoding="utf-8")
    found = score_cohort(root, out=home / "scores.tsv", plan=plan, **options)
    scores = [name for name in found.columns if name not in _TOLD and name not in ("id", "files", "exam", "settings")]
    columns = ["participant_id", "session_id", *(n for n in found.columns if n in _TOLD or n in scores)]
    write_table(
        home / "phenotype" / "vbqkit.tsv", columns, [_by_participant(r, columns) for r in found.rows], delimiter="\t"
    )
    _write_json(home / "phenotype" / "vbqkit.json", _dictionary(columns))
    return found


def _by_participant(row: Row, columns: list[str]) -> Row:
    subject, _, session = str(row["id"]).partition("_ses-")
    own = {"participant_id": subject, "session_id": f"ses-{session}" if session else None}
    return {name: _MISSING if value is None else value for name in columns for value in [{**row, **own}[name]]}


def _description(plan: Plan) -> dict[str, Any]:
    return {
        "Name": "Scores of lumbar MRI by vbqkit",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "vbqkit",
                "Version": vbqkit.__version__,
                "Description": "vbqkit cohort score. It screens and teaches; it does not diagnose.",
            }
        ],
        "SourceDatasets": [{"URL": "../.."}],
        "VbqkitSettings": json.loads(json.dumps(plan.settings, default=str)),
    }


def _dictionary(columns: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: {"Description": _TOLD[name]} for name in columns if name in _TOLD}
    found["field_t"]["Units"] = "T"
    for definition in SCORES.values():
        limits = {"": "", "_low": ": lower limit of the 95 % interval", "_high": ": upper limit of the 95 % interval"}
        for end, said in limits.items():
            if f"{definition.column}{end}" in columns:
                found[f"{definition.column}{end}"] = {
                    "LongName": definition.name,
                    "Description": f"{definition.title}{said}. {definition.formula}. {definition.direction}. {definition.source}",
                    "Units": definition.unit,
                }
    return found


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as draft:
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
