"""A function as a score: ``@score(...)`` above it, and it is one wherever scores are computed, listed or charted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from vbqkit.errors import ScoreError
from vbqkit.scores.definition import ScoreDefinition, ScoreInputs
from vbqkit.scores.marrow_to_csf import Aggregate
from vbqkit.scores.registry import SCORES, register_score, unregister_score
from vbqkit.scores.result import NO_DIRECTION, Score

Compute = TypeVar("Compute", bound=Callable[[ScoreInputs], Score | float])

_written: dict[str, tuple[str, str]] = {}
"""Score to the module and name of the function that it was made of."""


def score(
    name: str,
    *,
    regions: Sequence[str],
    source: str,
    weightings: Sequence[str] = ("T1",),
    divisor: Literal["CSF", "noise"] | None = None,
    aggregates: Sequence[Aggregate] = (),
    direction: str = NO_DIRECTION,
    unit: str = "ratio",
    title: str = "",
    formula: str = "",
    own_regions: Sequence[str] = (),
) -> Callable[[Compute], Compute]:
    """Register the function below as a score; see :class:`~vbqkit.scores.definition.ScoreDefinition` for each word.

    A cell of a notebook that is run again replaces the score that the same function made before.

    Parameters
    ----------
    name : str
        Such as ``"Marrow/fat"``.
    regions : sequence of str
        The ROIs that it needs, names in :data:`vbqkit.roi.REGIONS`; with `divisor` those of the numerator.
    source : str
        Where it comes from, in words: a citation, or whose idea it is.
    weightings : sequence of str
        The series that it needs: ``"T1"``, ``"T2"``, ``"STIR"``.
    divisor : {"CSF", "noise"}, optional
        The ROI in the denominator; a noise ROI is then checked.
    aggregates : sequence of str
        ``("median", "mean")`` to be given with each; ``inputs.signal(...)`` follows it.
    direction : str
        :data:`~vbqkit.scores.result.HIGHER_IS_POORER`, ``LOWER_IS_POORER``, or ``NO_DIRECTION``.
    unit, title, formula : str
        For axes and reports; title and formula are the first line of the docstring where they are not said.
    own_regions : sequence of str
        Labels in `regions` that the package does not know.

    Returns
    -------
    callable
        The function itself, as it was.

    Raises
    ------
    ScoreError
        As :func:`~vbqkit.scores.registry.register_score`.

    Examples
    --------
    >>> from vbqkit.scores import HIGHER_IS_POORER, example_measurement, score_tables
    >>> @score("L3 over fat", regions=("L3", "fat"), source="an example", direction=HIGHER_IS_POORER)
    ... def l3_over_fat(inputs):
    ...     "Marrow of L3 over subcutaneous fat."
    ...     return inputs.signal("T1", "L3") / inputs.signal("T1", "fat")
    >>> table = {"L3": example_measurement("L3", mean=240.0), "fat": example_measurement("fat", mean=600.0)}
    >>> score_tables({"T1": table}, aggregate="median").score("L3 over fat").value
    0.4
    >>> unregister_score("L3 over fat")
    """

    def registered(compute: Compute) -> Compute:
        said = (compute.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        definition = ScoreDefinition(
            name=name,
            title=title or said,
            unit=unit,
            direction=direction,
            source=source,
            formula=formula or said,
            weightings=_names(weightings),
            regions=_names(regions),
            divisor=divisor,
            aggregates=tuple(aggregates),
            compute=compute,
            own_regions=_names(own_regions),
        )
        if not definition.title:
            raise ScoreError(
                f"The score {name!r} has no title: write what it is into the first line of the docstring of {compute.__name__}, or give title=."
            )
        maker = (compute.__module__, compute.__qualname__)
        before = SCORES.get(name) if _written.get(name) == maker else None
        if before is not None:
            definition.check()  # before the old one goes
            unregister_score(name)
        register_score(definition)
        _written[name] = maker
        return compute

    return registered


def _names(given: Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
