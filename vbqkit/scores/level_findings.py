"""What each paper does with a vertebra or canal that is not as it should be: the rules for leaving something out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vbqkit.errors import ScoreError
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scores.levels import LevelRule

STENOSIS = "stenosis at L3"
"""The finding that moves the CSF ROI."""

PAPER_000 = "Clin Osteol 2025;30(1):36-40"
PAPER_001 = "Huang 2026, doi 10.1177/21925682251339995"
PAPER_003 = "Cui 2025, doi 10.3969/j.issn.1672-5131.2025.05.049"
PAPER_004 = "Chen 2023, doi 10.1186/s13018-023-03746-0"


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFinding:
    """A finding and what the papers do about it.

    Attributes
    ----------
    name : str
        Such as ``"fracture"``.
    acts_on : {"level", "CSF"}
        What is left out, or moved.
    rule : str
        What the papers do, each cited.
    papers_exclude_patient : bool
        Whether every paper that mentions it leaves the whole patient out: no published cut-off is from such people.
    """

    name: str
    acts_on: Literal["level", "CSF"]
    rule: str
    papers_exclude_patient: bool = False


LEVEL_FINDINGS: Mapping[str, LevelFinding] = {
    one.name: one
    for one in (
        LevelFinding(
            name="fracture",
            acts_on="level",
            rule=f"T12 and/or L5 take the place of up to two fractured levels, more leave the patient out ({PAPER_001}); a collapsed level is left out and the "
            f"others are used, with fewer than two in L1-L4 ({PAPER_004}); patients with an injury of the spine are left out ({PAPER_000}).",
        ),
        LevelFinding(
            name="haemangioma",
            acts_on="level",
            rule=f"The ROI is placed beside it ({PAPER_000}; {PAPER_001}; 'the lesion', {PAPER_004}). Where there is no room beside it, leave the level out; no "
            "paper says so.",
        ),
        LevelFinding(
            name="Modic change",
            acts_on="level",
            rule=f"Subchondral changes and sclerosis are kept out of the ROI ({PAPER_000}; {PAPER_001}). One level of high grade: the median lessens it; several: "
            f"the score may not suit ({PAPER_004}). Where the ROI cannot avoid it, leave the level out; no paper says so.",
        ),
        LevelFinding(
            name="metal",
            acts_on="level",
            rule=f"Patients with instrumented or any earlier surgery of the lumbar spine are left out ({PAPER_001}; {PAPER_003}; {PAPER_004}): metal changes the "
            "signal far around it.",
            papers_exclude_patient=True,
        ),
        LevelFinding(
            name=STENOSIS,
            acts_on="CSF",
            rule=f"CSF is measured at an adjacent level ({PAPER_001}; where the CSF is wholly obstructed, {PAPER_004}). All four vertebrae stay.",
        ),
    )
}
"""Name to finding, in the order in which they are asked for."""


def rules_for(excluded: Mapping[str, str]) -> tuple[str, ...]:
    """What the papers do with levels like these; reasons of other names have no rule.

    Parameters
    ----------
    excluded : mapping of str to str
        Level to reason, as for :func:`vbqkit.scores.score_case`.

    Examples
    --------
    >>> rules_for({"L2": "fracture"})[0][:40]
    'L2: fracture. T12 and/or L5 take the pla'
    """
    found = []
    for name, one in LEVEL_FINDINGS.items():
        at = [level for level, reason in excluded.items() if reason == name]
        if at and one.acts_on == "level":
            found.append(f"{', '.join(at)}: {name}. {one.rule}")
            if one.papers_exclude_patient:
                found.append("No published cut-off was found on such patients: compare the score with none of them.")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What a reader leaves out of a case, and why.

    Attributes
    ----------
    levels : mapping of str to str
        Level to the name of its finding.
    rule : {"all four", "leave out", "replace"}
        What happens to these levels; see :func:`vbqkit.scores.choose_levels`.
    stenosis : bool
        Whether the CSF ROI was placed away from L3.
    """

    levels: Mapping[str, str]
    rule: LevelRule = "all four"
    stenosis: bool = False

    def __post_init__(self) -> None:
        for level, name in self.levels.items():
            found = LEVEL_FINDINGS.get(name)
            if level not in SCORED_LEVELS or found is None or found.acts_on != "level":
                known = ", ".join(k for k, one in LEVEL_FINDINGS.items() if one.acts_on == "level")
                raise ScoreError(f"{level}: {name} is not a finding of L1 to L4. Known are: {known}.")
        if self.levels and self.rule == "all four":
            raise ScoreError(
                f"{', '.join(self.levels)} cannot be used: say whether they are left out ('leave out', {PAPER_004}) or replaced by T12 or L5 ('replace', {PAPER_001})."
            )

    @property
    def lines(self) -> tuple[str, ...]:
        """For the report: each exclusion with the papers' rule."""
        moved = LEVEL_FINDINGS[STENOSIS]
        return (*rules_for(self.levels), *((f"{moved.name}. {moved.rule}",) if self.stenosis else ()))

    @property
    def options(self) -> dict[str, object]:
        """As :func:`vbqkit.scores.score_case` takes them: rule and excluded."""
        return {"rule": self.rule, "excluded": dict(self.levels)} if self.levels else {}
