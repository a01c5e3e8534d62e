"""What a score is: a value that carries its definition, parts, options, direction, source and cautions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vbqkit.errors import Caution
from vbqkit.values import ByContent

HIGHER_IS_POORER = "higher = more marrow fat, on average poorer bone (the opposite of T-score and BMD)"
LOWER_IS_POORER = "lower = poorer bone (as T-score and BMD)"
NO_DIRECTION = "no direction established"


def _key(name: str, aggregate: str | None) -> str:
    return name if aggregate is None else f"{name} ({aggregate})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score(ByContent):
    """One score with everything needed to read it.

    Attributes
    ----------
    name : str
        ``"VBQ-T1"``, ``"M-score"`` ...
    value : float
        The number.
    unit : str
        Its unit in words.
    formula : str
        How it was computed, with the aggregate that was used.
    direction : str
        Which way is bad.
    source : str
        Where the definition comes from.
    levels : tuple of str
        Vertebral levels that went in, in order.
    parts : tuple of (str, float)
        The numbers it was made of, named.
    options : tuple of (str, str)
        Every choice that was made, named.
    cautions : tuple of Caution
        What its reader must know.
    aggregate : str or None
        ``"median"`` or ``"mean"``, for a score that has the choice.
    regions : tuple of str
        Labels of all ROIs that went in: levels, divisor and others.
    """

    name: str
    value: float
    unit: str
    formula: str
    direction: str
    source: str
    levels: tuple[str, ...] = ()
    parts: tuple[tuple[str, float], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    cautions: tuple[Caution, ...] = ()
    aggregate: str | None = field(default=None, compare=False)  # set by the registry, as are the regions
    regions: tuple[str, ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        """The name with the aggregate, for a score that has the choice: ``"VBQ-T1 (median)"``; ``"SNR"``."""
        return _key(self.name, self.aggregate)

    @property
    def overruled(self) -> str | None:
        """What stands against this score, if its series must not be scored and the user overruled that."""
        return "; ".join(caution.message for caution in self.cautions if caution.code == "overruled") or None

    def part(self, name: str) -> float:
        """One of the numbers the score was made of.

        Raises
        ------
        KeyError
            If it has no such part.
        """
        return dict(self.parts)[name]

    def as_row(self) -> dict[str, Any]:
        """One flat table row; a part ``"L3 mean"`` becomes the column ``part_L3_mean``."""
        row: dict[str, Any] = {
            "score": self.name,
            "value": self.value,
            "unit": self.unit,
            "refused": None,
            "overruled": self.overruled,
            "formula": self.formula,
            "direction": self.direction,
            "source": self.source,
            "levels": " ".join(self.levels),
        }
        row |= {f"part_{name.replace(' ', '_')}": value for name, value in self.parts}
        row |= {f"option_{name}": value for name, value in self.options}
        row["cautions"] = "; ".join(map(str, self.cautions)) or None
        return row

    def __str__(self) -> str:
        return f"{self.name} = {self.value:.3g} ({self.unit}; {self.direction})" + said_of(self)


def said_of(score: Score) -> str:
    """What every line that names the number must add: nothing, or that its series was scored against a refusal."""
    return "" if score.overruled is None else f"; {score.overruled}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A score that is not given, and why.

    Attributes
    ----------
    name : str
        The score.
    reason : str
        What is missing or wrong, and the way out.
    aggregate : str or None
        As in :class:`Score`.
    """

    name: str
    reason: str
    aggregate: str | None = None

    @property
    def key(self) -> str:
        """As in :class:`Score`."""
        return _key(self.name, self.aggregate)

    def as_row(self) -> dict[str, Any]:
        """One flat table row with ``value`` None and the reason in ``refused``."""
        return {"score": self.name, "value": None, "refused": self.reason, "overruled": None}

    def __str__(self) -> str:
        return f"{self.name} is not given: {self.reason}"
