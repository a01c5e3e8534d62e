"""What a study did, as data: its groups, what it measured them against, and the numbers that it printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from vbqkit.errors import TableError
from vbqkit.literature import printed_numbers
from vbqkit.literature.printed import EXACT, Range, printed_range


@dataclass(frozen=True, slots=True)
class Printed:
    """One number that a study printed.

    Attributes
    ----------
    source, key : str
        The study, and the key of the number in ``vbqkit.literature.printed_numbers``.
    place : str
        Section, table or figure.
    text : str
        As printed.
    range : Range
        Every value that it can stand for.
    """

    source: str
    key: str
    place: str
    text: str
    range: Range

    @property
    def value(self) -> float:
        """The number."""
        return self.range.value


def printed(source: str, key: str) -> Printed:
    """A number of a study, by its key in :func:`vbqkit.literature.printed_numbers`.

    Raises
    ------
    TableError
        If there is no such number.

    Examples
    --------
    >>> number = printed("Huang 2026", "abstract.t1.auc")
    >>> number.value, number.place
    (0.641, 'Abstract')
    """
    found = _inventory().get((source, key))
    if found is None:
        raise TableError(f"'{source}' prints no number with the key '{key}'; see vbqkit.literature.printed_numbers().")
    return found


@cache
def _inventory() -> Mapping[tuple[str, str], Printed]:
    return {
        (row["source"], row["key"]): Printed(
            source=row["source"],
            key=row["key"],
            place=row["place"],
            text=row["printed"],
            range=printed_range(row["printed"], exact=row["statistic"] in EXACT),
        )
        for row in printed_numbers().to_dict("records")
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One group of a study.

    Attributes
    ----------
    name : str
        As the study calls it.
    pool : str
        Its people in :data:`vbqkit.validation.study_groups.STUDY_GROUPS`; empty: no virtual people are like them.
    n : str
        Key of the printed number of patients.
    """

    name: str
    pool: str
    n: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One comparison that a study printed.

    Attributes
    ----------
    name : str
        Such as ``"VBQ-T1 for fracture"``.
    kind : str
        ``"correlation"``, ``"discrimination"`` or ``"accuracy"`` (share of right answers).
    score : str
        What is judged.
    arms : tuple of str
        Names of the groups that it is made of.
    against : str
        What the score is held against: ``"bmd"``, ``"tbs"``, ``"t_score"``, ``"qct"``, ``"qct_t"``.
    ranks : bool
        Spearman's correlation instead of Pearson's.
    cases : tuple of str
        Groups that have the condition.
    case_below : float or None
        Everybody below this limit of `against` has the condition.
    printed : mapping of str to str
        Statistic to the key of its printed number.
    ci : tuple of str
        Keys of the lower and upper limit of the printed AUC; empty: none is printed.
    means : tuple of (str, str)
        Keys of mean and SD of the cases, then of the controls.
    case_count : str
        Key of the number of cases, or of their share in %, where cases are no group of their own.
    note : str
        What the replica does otherwise than the study, or takes for granted.
    """

    name: str
    kind: str
    score: str
    arms: tuple[str, ...]
    against: str = ""
    ranks: bool = False
    cases: tuple[str, ...] = ()
    case_below: float | None = None
    printed: Mapping[str, str] = field(default_factory=dict)
    ci: tuple[str, ...] = ()
    means: tuple[tuple[str, str], ...] = ()
    case_count: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyDesign:
    """A published study as it can be run again.

    Attributes
    ----------
    name : str
        Authors and year, as everywhere in this package.
    question : str
        What it wanted to know.
    machine : str
        Scanner and protocol: what is printed, and what is drawn because it is not.
    standard : str
        Reference standard.
    inclusion : str
        Who was in it, as printed.
    arms : tuple of Arm
        Its groups.
    matched : bool
        Whether each patient of the first group has a partner of the same sex and age in the second.
    analyses : tuple of Analysis
        What it printed.
    virtual : bool
        Whether virtual patients can take its place.
    """

    name: str
    question: str
    machine: str
    standard: str
    inclusion: str
    arms: tuple[Arm, ...]
    analyses: tuple[Analysis, ...]
    matched: bool = False
    virtual: bool = True

    def arm(self, name: str) -> Arm:
        """The group of this name."""
        return next(arm for arm in self.arms if arm.name == name)

    def n_of(self, name: str) -> int:
        """Patients in a group, as printed."""
        return int(printed(self.name, self.arm(name).n).value)

    @property
    def n(self) -> int:
        """All patients."""
        return sum(self.n_of(arm.name) for arm in self.arms)

    def analysis(self, name: str) -> Analysis:
        """The comparison of this name.

        Raises
        ------
        TableError
            If there is none.
        """
        for analysis in self.analyses:
            if analysis.name == name:
                return analysis
        known = ", ".join(f"'{a.name}'" for a in self.analyses)
        raise TableError(f"{self.name} has no comparison '{name}'; it has {known}.")

    def cases_of(self, analysis: Analysis) -> int:
        """Number of patients with the condition, where the study prints it or it follows from a printed share."""
        if analysis.cases:
            return sum(self.n_of(name) for name in analysis.cases)
        number = printed(self.name, analysis.case_count)
        n = self.patients_of(analysis)
        return round(number.value * n / 100.0) if "." in number.text else int(number.value)

    def patients_of(self, analysis: Analysis) -> int:
        """Number of patients in a comparison."""
        return sum(self.n_of(name) for name in analysis.arms)
