"""Every score the package knows: data plus a function. The one place that knows scores.

A new score is one :func:`register_score`, or one function under :func:`vbqkit.scores.score`; it then appears wherever
scores are computed, listed or charted. Installed packages bring theirs by entry points (:mod:`vbqkit.scores.plugins`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal, cast

from vbqkit.acquisition import Acquisition
from vbqkit.cohort.columns import Column, plain, register_column, unregister_column
from vbqkit.errors import Caution, ScoreError
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scores.definition import ScoreDefinition, ScoreInputs
from vbqkit.scores.marrow_to_csf import AGGREGATES, SOURCE_VBQ, Aggregate, vbq, vbq_t2_stir
from vbqkit.scores.marrow_to_noise import SOURCE_M_SCORE, SOURCE_SNR, m_score, snr
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.plugins import Register, load_entry_points, load_plugin
from vbqkit.scores.result import HIGHER_IS_POORER, NO_DIRECTION, Refusal, Score
from vbqkit.scores.variants import VARIANTS

AggregateChoice = Literal["median", "mean", "both"]
"""One way to make one number of several levels, or both; the papers differ."""


def _snr(inputs: ScoreInputs) -> Score:
    return snr(
        inputs.measured["T1"],
        inputs.on("T1", NOISE),
        rayleigh_correction=inputs.rayleigh_correction,
        rule=inputs.rule,
        excluded=inputs.excluded,
        noise_cautions=inputs.noise.get("T1", NoiseCheck(None, ())).cautions,
    )


def _m_score(inputs: ScoreInputs) -> Score:
    measured_snr = _snr(inputs)
    if inputs.reference is None:
        raise ScoreError(
            "no reference group: an M-score needs mean and SD of SNR(L1-L4) in young healthy women on the same scanner with the same "
            "protocol. Give ReferenceGroup(mean=..., sd=..., n=...), or use VBQ."
        )
    return m_score(measured_snr, inputs.reference)


def _vbq_on(weighting: Literal["T1", "T2", "STIR"]) -> Callable[[ScoreInputs], Score]:
    def compute(inputs: ScoreInputs) -> Score:
        csf = inputs.on(weighting, CSF)
        return vbq(
            inputs.measured[weighting],
            csf,
            weighting=weighting,
            aggregate=cast("Aggregate", inputs.aggregate),  # vbq refuses None in words
            rule=inputs.rule,
            excluded=inputs.excluded,
        )

    return compute


def _vbq_t2_stir(inputs: ScoreInputs) -> Score:
    for weighting in ("T2", "STIR"):
        inputs.on(weighting, CSF)
    return vbq_t2_stir(
        inputs.measured["T2"],
        inputs.measured["STIR"],
        acquisition_t2=inputs.acquisitions.get("T2", Acquisition()),
        acquisition_stir=inputs.acquisitions.get("STIR", Acquisition()),
        rule=inputs.rule,
        excluded=inputs.excluded,
    )


def _vbq(weighting: Literal["T1", "T2", "STIR"], *, direction: str) -> ScoreDefinition:
    return ScoreDefinition(
        name=f"VBQ-{weighting}",
        title=f"Marrow over CSF on {weighting}",
        weightings=(weighting,),
        regions=SCORED_LEVELS,
        divisor="CSF",
        aggregates=AGGREGATES,
        unit="ratio",
        direction=direction,
        source=SOURCE_VBQ[weighting],
        formula="median or mean of the level means / CSF mean",
        compute=_vbq_on(weighting),
    )


_BUILT_IN = (
    ScoreDefinition(
        name="SNR",
        title="Signal-to-noise ratio of the marrow, L1-L4",
        weightings=("T1",),
        regions=SCORED_LEVELS,
        divisor="noise",
        unit="dimensionless",
        direction=HIGHER_IS_POORER,
        source=SOURCE_SNR,
        formula="mean over levels of (ROI mean / SD of noise ROI)",
        compute=_snr,
        verified="the printed SNR(L1-L4) of the Košice group 2025, Tables 1 and 2",
    ),
    ScoreDefinition(
        name="M-score",
        title="SNR against young women on the same scanner",
        weightings=("T1",),
        regions=SCORED_LEVELS,
        divisor="noise",
        against_reference=True,
        unit="SD of the reference group",
        direction=HIGHER_IS_POORER,
        source=SOURCE_M_SCORE,
        formula="(SNR(L1-L4) - mean_ref) / SD_ref",
        compute=_m_score,
    ),
    _vbq("T1", direction=HIGHER_IS_POORER),
    _vbq("T2", direction=HIGHER_IS_POORER),
    _vbq("STIR", direction=NO_DIRECTION),
    ScoreDefinition(
        name="VBQ-T2-STIR",
        title="T2 minus STIR, marrow over CSF",
        weightings=("T2", "STIR"),
        regions=SCORED_LEVELS,
        divisor="CSF",
        unit="ratio",
        direction=HIGHER_IS_POORER,
        source=SOURCE_VBQ["T2"],
        formula="mean over levels of (T2 mean - STIR mean) / (CSF T2 mean - CSF STIR mean)",
        compute=_vbq_t2_stir,
    ),
)
_KNOWN = {definition.name: definition for definition in _BUILT_IN}


class _Scores(Mapping[str, ScoreDefinition]):
    """What is known, once installed plug-ins have had their say."""

    def __getitem__(self, name: str) -> ScoreDefinition:
        load_plugins()
        return _KNOWN[name]

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(tuple(_KNOWN))

    def __len__(self) -> int:
        load_plugins()
        return len(_KNOWN)

    def __repr__(self) -> str:
        return f"SCORES({', '.join(self)})"


SCORES: Mapping[str, ScoreDefinition] = _Scores()
"""Name to definition, in the order in which they are shown; :func:`register_score` adds one."""

_loaded: list[tuple[Caution, ...]] = []  # what entry points brought wrong; empty until they were loaded


def load_plugins(*, again: bool = False) -> tuple[Caution, ...]:
    """Register the scores that installed packages bring, once; every use of the registry asks for it.

    Parameters
    ----------
    again : bool
        Look again, for a package that was installed while Python runs.

    Returns
    -------
    tuple of Caution
        ``plugin-broken`` for each that could not be loaded, by name; they travel with every case.
    """
    if again:
        _loaded.clear()
    if not _loaded:
        _loaded.append(())  # a plug-in that asks for the scores while it is loaded finds those that are there
        _loaded[0] = load_entry_points(_REGISTER)
    return _loaded[0]


def add_plugin(name: str) -> tuple[str, ...]:
    """Register the scores of a Python file or a module, by name; see :func:`vbqkit.scores.plugins.load_plugin`.

    Returns
    -------
    tuple of str
        The scores that came.

    Raises
    ------
    ScoreError
        Naming it, if it cannot be loaded or brings no score.
    """
    return load_plugin(name, _REGISTER)


_loaded_plugins: set[str] = set()


def load_once(plugins: Iterable[str]) -> None:
    """:func:`add_plugin` for each that this process has not loaded by this name, such as a worker of a cohort.

    Raises
    ------
    ScoreError
        As :func:`add_plugin`.
    """
    for name in plugins:
        if name not in _loaded_plugins:
            add_plugin(name)
            _loaded_plugins.add(name)


def use_scores(*names: str) -> None:
    """Put published variants into use (:data:`~vbqkit.scores.variants.VARIANTS`): beside the scores of the package.

    One that is in use already stays.

    Raises
    ------
    ScoreError
        If there is no such variant; then none is added.

    Examples
    --------
    >>> use_scores("S1-VBQ")
    >>> "S1-VBQ" in SCORES
    True
    >>> unregister_score("S1-VBQ")
    """
    unknown = [name for name in names if name not in VARIANTS and name not in _KNOWN]
    if unknown:
        raise ScoreError(f"There is no variant {unknown[0]!r}; there are: {', '.join(VARIANTS)}. Name one of them.")
    for name in names:
        if name not in _KNOWN:
            register_score(VARIANTS[name])


def register_score(definition: ScoreDefinition) -> None:
    """Make a score known to :func:`score_case`, the command line, the studio, intervals, charts and cohort tables.

    Its name in a cohort table is its name in small letters with underscores: ``"Marrow/fat"`` is the column
    ``marrow_fat``; title, unit and direction come from the definition.

    Parameters
    ----------
    definition : ScoreDefinition
        The score. Its ROIs may have any label.

    Raises
    ------
    ScoreError
        If the definition is not whole, or a score or a column of cohort tables already has its name.

    Examples
    --------
    >>> from vbqkit.scores import example_measurement, score_tables
    >>> register_score(
    ...     ScoreDefinition(
    ...         name="Marrow/fat",
    ...         title="Marrow of L3 over subcutaneous fat",
    ...         weightings=("T1",),
    ...         regions=("L3", "fat"),
    ...         unit="ratio",
    ...         direction=HIGHER_IS_POORER,
    ...         source="an example",
    ...         formula="L3 mean / fat mean",
    ...         compute=lambda inputs: inputs.on("T1", "L3").mean / inputs.on("T1", "fat").mean,
    ...     )
    ... )
    >>> table = {"L3": example_measurement("L3", mean=240.0), "fat": example_measurement("fat", mean=600.0)}
    >>> score_tables({"T1": table}, aggregate="median").score("Marrow/fat").value
    0.4
    >>> unregister_score("Marrow/fat")
    """
    if not isinstance(definition, ScoreDefinition):
        raise ScoreError(f"{definition!r} is not a ScoreDefinition. Give ScoreDefinition(name=..., ...).")
    definition.check()
    taken = next((name for name in _KNOWN if plain(name) == plain(definition.name)), None)
    if taken is not None:
        raise ScoreError(
            f"The name {definition.name!r} is taken by the score {taken!r}. Choose another one, or unregister_score({taken!r}) first."
        )
    register_column(
        Column(
            definition.column,
            definition.title,
            definition.unit,
            worse=definition.worse,
            aliases=(definition.name, definition.title),
        )
    )
    _KNOWN[definition.name] = definition


def unregister_score(name: str) -> None:
    """Forget a score that :func:`register_score` made known.

    Raises
    ------
    ScoreError
        If there is no such score, or it is one of the package's own.
    """
    definition = score_definition(name)
    if definition in _BUILT_IN:
        raise ScoreError(f"{name} is one of the package's own scores and stays. Only registered ones can be removed.")
    del _KNOWN[name]
    unregister_column(definition.column)


_REGISTER = Register(add=register_score, forget=unregister_score, known=lambda: tuple(_KNOWN))


def score_definition(name: str) -> ScoreDefinition:
    """The registry's entry of a score.

    Raises
    ------
    ScoreError
        If there is no such score.
    """
    broken = load_plugins()
    if name in _KNOWN:
        return _KNOWN[name]
    if name in VARIANTS:
        raise ScoreError(f"{name} is a published variant that is not in use. Say so: use_scores('{name}').")
    listed = ", ".join(_KNOWN)
    missing = f" {len(broken)} plug-ins could not be loaded: {' '.join(c.message for c in broken)}" if broken else ""
    raise ScoreError(f"There is no score '{name}'; there are: {listed}. Name one of them.{missing}")


def scored_weightings() -> tuple[str, ...]:
    """Weightings that some score is defined on, in the order of the registry; T1, T2 and STIR if it is empty."""
    return tuple(dict.fromkeys(w for definition in SCORES.values() for w in definition.weightings))


def noise_weightings() -> tuple[str, ...]:
    """Weightings on which some score is divided by noise, so that their noise ROI has to be checked."""
    return tuple(dict.fromkeys(w for d in SCORES.values() if d.divisor == NOISE for w in d.weightings))


def compute_scores(inputs: ScoreInputs, *, aggregate: AggregateChoice) -> tuple[Score | Refusal, ...]:
    """Every score that the series at hand allow, and for the others the reason why not.

    A score whose series are not there at all is not mentioned; the M-score and SNR go with T1.

    Parameters
    ----------
    inputs : ScoreInputs
        Measurements, acquisitions and options.
    aggregate : {"median", "mean", "both"}
        For scores that have the choice; with both, each of these is given twice.

    Returns
    -------
    tuple of Score or Refusal
        In the order of `SCORES`; with both aggregates median first.

    Raises
    ------
    ScoreError
        If the aggregate is unknown.
    """
    if aggregate not in (*AGGREGATES, "both"):
        raise ScoreError(
            f"Aggregate '{aggregate}' is unknown; use 'median' (Cui 2025, Chen 2023), 'mean' (Huang 2026), or 'both'."
        )
    results: list[Score | Refusal] = []
    for definition in SCORES.values():
        if not all(weighting in inputs.measured for weighting in definition.weightings):
            continue
        wanted: list[Aggregate | None] = [one for one in definition.aggregates if aggregate in (one, "both")]
        results += [definition.result(replace(inputs, aggregate=one)) for one in wanted or [None]]
    return tuple(results)
