"""Which vertebral levels go into a score: the papers' rules for levels that are fractured or cannot be measured."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Literal

from vbqkit.errors import Caution, ScoreError
from vbqkit.roi import Measurement
from vbqkit.roi.labels import SCORED_LEVELS

LevelRule = Literal["all four", "leave out", "replace"]
"""``"all four"``: L1 to L4, nothing else (Košice group 2025, Cui 2025). ``"leave out"``: use the rest (Chen 2023).
``"replace"``: by T12 and/or L5 (Huang 2026)."""

_RULES: dict[str, tuple[str, int]] = {
    "all four": ("Košice group 2025 and Cui 2025", 0),
    "leave out": ("Chen 2023: one level may be left out, two or more stop the measurement", 1),
    "replace": ("Huang 2026: T12 and/or L5 replace up to two levels, more stop the measurement", 2),
}
_AREA_TOLERANCE = 0.05
_SUBSTITUTES = {"L1": ("T12", "L5"), "L2": ("T12", "L5"), "L3": ("L5", "T12"), "L4": ("L5", "T12")}


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """The levels that go into a score, their measurements, and what was said about the others."""

    measurements: tuple[Measurement, ...]
    cautions: tuple[Caution, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the levels, in order."""
        return tuple(m.label for m in self.measurements)


def choose_levels(
    measured: Mapping[str, Measurement], *, rule: LevelRule = "all four", excluded: Mapping[str, str] | None = None
) -> LevelChoice:
    """Choose the levels for a score by one of the papers' rules; nothing is ever filled in silently.

    Parameters
    ----------
    measured : mapping of str to Measurement
        Measurements by label; L1 to L4, and T12 or L5 where the rule may need them.
    rule : {"all four", "leave out", "replace"}
        What happens to a level in `excluded`.
    excluded : mapping of str to str, optional
        Level to reason, for instance ``{"L2": "fracture"}``.

    Returns
    -------
    LevelChoice
        With a caution for each level left out or replaced.

    Raises
    ------
    ScoreError
        If a level has no ROI and is not excluded, or the rule allows no such exclusion.
    """
    excluded = dict(excluded or {})
    if rule not in _RULES:
        raise ScoreError(f"Level rule '{rule}' is unknown; use one of: {', '.join(map(repr, _RULES))}.")
    unknown = sorted(set(excluded) - set(SCORED_LEVELS))
    if unknown:
        raise ScoreError(f"{', '.join(unknown)} cannot be excluded: the score uses L1 to L4 only.")
    missing = [level for level in SCORED_LEVELS if level not in measured and level not in excluded]
    if missing:
        raise ScoreError(
            f"No ROI for {', '.join(missing)}; the score needs L1 to L4. Place the ROI, or, if the level is fractured or "
            "outside the scan, say so (excluded={'L4': 'outside the scan'}) and choose the rule 'leave out' or 'replace'."
        )
    source, allowed = _RULES[rule]
    if len(excluded) > allowed:
        listed = ", ".join(f"{level} ({reason})" for level, reason in sorted(excluded.items()))
        raise ScoreError(f"{len(excluded)} levels cannot be used: {listed}. The rule '{rule}' ({source}) stops here.")
    cautions = []
    chosen = [level for level in SCORED_LEVELS if level not in excluded]
    for level, reason in sorted(excluded.items()):
        if rule == "leave out":
            cautions.append(
                Caution(
                    "level-left-out",
                    f"{level} was left out ({reason}); the score uses {len(chosen)} levels ({source}).",
                )
            )
            continue
        substitute = next((s for s in _SUBSTITUTES[level] if s in measured and s not in chosen), None)
        if substitute is None:
            raise ScoreError(
                f"{level} ({reason}) needs a ROI on T12 or L5 to replace it ({source}). Place one, or use the rule 'leave out'."
            )
        chosen.append(substitute)
        cautions.append(Caution("level-replaced", f"{level} ({reason}) was replaced by {substitute} ({source})."))
    order = ("T12", *SCORED_LEVELS, "L5")
    measurements = tuple(measured[level] for level in sorted(chosen, key=order.index))
    refuse_forbidden(*measurements)
    of_series = dict.fromkeys(caution for m in measurements for caution in m.cautions)
    return LevelChoice(measurements, (*cautions, *_roi_cautions(measurements), *of_series))


def refuse_forbidden(*measurements: Measurement) -> None:
    """Raise where a measurement is of a series that must not be scored.

    Raises
    ------
    ScoreError
        With the reason, and the way out.
    """
    for m in measurements:
        if m.refusal is not None:
            raise ScoreError(
                f"The series of ROI '{m.label}' cannot be scored: {m.refusal}. If you know better, use score_case() with "
                "overrule='your reason'."
            )


def rule_for_missing(labels: Container[str]) -> tuple[LevelRule, dict[str, str]]:
    """The rule and the excluded levels where some levels have no ROI: replaced if there is T12 or L5, else left out.

    Examples
    --------
    >>> rule_for_missing(["L1", "L2", "L4", "CSF"])
    ('leave out', {'L3': 'no ROI'})
    """
    excluded = {level: "no ROI" for level in SCORED_LEVELS if level not in labels}
    if not excluded:
        return "all four", {}
    return ("replace" if "T12" in labels or "L5" in labels else "leave out"), excluded


def _roi_cautions(measurements: tuple[Measurement, ...]) -> list[Caution]:
    cautions = []
    areas = [m.area_mm2 for m in measurements]
    if max(areas) > (1 + _AREA_TOLERANCE) * min(areas):
        cautions.append(
            Caution(
                "roi-areas-differ",
                f"ROI areas go from {min(areas) / 100:.2f} to {max(areas) / 100:.2f} cm2; Košice group 2025 and Chen 2023 use one size for "
                "every level. Give all ROIs the same area.",
            )
        )
    clipped = [m.label for m in measurements if m.fraction_clipped > 0]
    if clipped:
        cautions.append(
            Caution(
                "signal-clipped",
                f"{', '.join(clipped)}: pixels reach the largest value the file can hold; the true signal was higher.",
            )
        )
    return cautions
