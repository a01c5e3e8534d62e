"""The protocol check: a traffic light for each topic and series, before anyone trusts a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, ScoreError, VbqkitError
from vbqkit.image import Volume
from vbqkit.report.protocol_light import (
    NOT_CONCERNED,
    NOT_GIVEN,
    OVERRULED,
    SET_APART,
    WITH_CAUTION,
    NearestCutoff,
    ProtocolLight,
    Status,
)
from vbqkit.report.protocol_topics import TOPICS, Seen, Topic
from vbqkit.roi.labels import NOISE
from vbqkit.scores.noise_findings import NoiseCheck
from vbqkit.scores.registry import SCORES, scored_weightings
from vbqkit.study import Series

OTHERS = "anything else"
"""The topic of what belongs to no other one."""

NO_NOISE = "no score on this series is divided by noise"


def check_protocol(
    series: Series,
    *,
    number: int = 0,
    volume: Volume | None = None,
    noise: NoiseCheck | None = None,
    read_pixels: bool = True,
    overruled: bool = False,
) -> tuple[ProtocolLight, ...]:
    """What header and picture of a series say about each point of its protocol, and what follows for each score.

    A light is a view of the refusals and cautions that travel with the scores anyway, and of what is known to be fine.
    Every caution of the series is in exactly one light, and a refused series has at least one that says ``"refused"``.

    Parameters
    ----------
    series : Series
        Of a study.
    number : int
        Its number in the study, from 0.
    volume : Volume, optional
        Its pixels, with the weighting as the user states it; read here if it is scorable and they are not given.
    noise : NoiseCheck, optional
        What :func:`vbqkit.scores.check_series_noise` found about a noise ROI; without one, whether the middle slice has
        room for it.
    read_pixels : bool
        False: look at the headers alone.
    overruled : bool
        The series is scored although it is refused; the light stays red, the consequence says so.

    Returns
    -------
    tuple of ProtocolLight
        One a topic, in a fixed order; the last, ``"anything else"``, only where there is something to say.

    Examples
    --------
    >>> import numpy as np
    >>> from vbqkit.study import make_series
    >>> affine = np.diag([4.0, 0.7, 0.7, 1.0])[[0, 2, 1, 3]]
    >>> t1 = Volume(np.zeros((3, 8, 6)), affine, acquisition=Acquisition(weighting="T1", parallel_factor=2.0))
    >>> lights = {light.topic: light for light in check_protocol(make_series(t1))}
    >>> lights["parallel imaging"].status, lights["parallel imaging"].consequence
    ('look', 'SNR, M-score: given with this caution; VBQ-T1: not concerned')
    """
    problem: Caution | None = None
    if volume is None and read_pixels and series.scorable:
        try:
            volume = series.volume()
        except VbqkitError as error:
            problem = Caution("pixels-unreadable", str(error))
    seen = Seen(series=series, volume=volume, noise=noise, overruled=overruled)
    return (*(_light(topic, seen, number) for topic in TOPICS), *_others(seen, number, problem))


def nearest_cutoffs(acquisition: Acquisition) -> tuple[NearestCutoff, ...]:
    """For each score of a series, the published cut-off whose setting is nearest; scores without one are left out.

    It sorts and permits nothing: there is no default cut-off.

    Parameters
    ----------
    acquisition : Acquisition
        Field, vendor, TR and TE are compared.

    Examples
    --------
    >>> found = nearest_cutoffs(Acquisition(weighting="T1", field_t=3.0, vendor="Philips", tr_ms=600.0, te_ms=20.0))
    >>> [(one.score, one.source, one.threshold) for one in found if one.score == "VBQ-T1"]
    [('VBQ-T1', 'Chen 2023', 2.56)]
    """
    from vbqkit.literature import thresholds_for  # noqa: PLC0415 - loads pandas

    a, found = acquisition, []
    for name in _scores_on(a.weighting):
        try:
            table = thresholds_for(name, field_t=a.field_t, vendor=a.vendor, tr_ms=a.tr_ms, te_ms=a.te_ms)
        except ScoreError:  # no cut-off of it is published
            continue
        first = table.iloc[0]
        found.append(
            NearestCutoff(
                score=name,
                source=str(first["source"]),
                target=str(first["target"]),
                threshold=float(first["threshold"]),
                distance=float(first["distance"]),
                not_stated=str(first["not_stated"]),
                sources=int(table["source"].nunique()),
            )
        )
    return tuple(found)


def _scores_on(weighting: str) -> tuple[str, ...]:
    """Scores that need a series of this weighting; all of them where it is not one that scores exist for."""
    found = tuple(name for name, definition in SCORES.items() if weighting in definition.weightings)
    return found or tuple(SCORES)


def _light(topic: Topic, seen: Seen, number: int) -> ProtocolLight:
    names = _scores_on(seen.acquisition.weighting)
    over_noise = {name for name in names if SCORES[name].divisor == NOISE}
    cautions = [c for c in seen.cautions if c.code in topic.codes]
    of_noise = [c for c in seen.noise_check.cautions if _belongs(c.code, topic.noise_codes)]
    refused, noise_refused = topic.refused(seen), topic.noise_refused(seen)
    against = [text for text in (refused, noise_refused if over_noise else None) if text]
    look = [c.message for c in (*cautions, *(of_noise if over_noise else ()))]
    look += [text for text in (topic.look(seen),) if text]
    unconcerned = [] if over_noise else [c.message for c in of_noise] + ([noise_refused] if noise_refused else [])
    status: Status = "refused" if against else "look" if look else "fine"
    good = f"{NO_NOISE}: {' '.join(unconcerned)}" if unconcerned else topic.fine(seen)
    if status == "fine" and good is None:
        status, good = "nothing found", topic.nothing
    nothing_given = seen.acquisition.weighting not in scored_weightings()
    follows: list[tuple[str, str]] = []
    for name in names if against or look else ():
        of_series = bool(cautions) or topic.look(seen) is not None
        if noise_refused and name in over_noise:
            follows.append((name, NOT_GIVEN))
        elif refused or seen.refusal is not None or nothing_given:
            follows.append((name, OVERRULED if seen.overruled and not nothing_given else NOT_GIVEN))
        elif of_series or (of_noise and name in over_noise):
            follows.append((name, WITH_CAUTION))
        else:
            follows.append((name, SET_APART if topic.moves_ratios else NOT_CONCERNED))
    return ProtocolLight(
        series=number,
        weighting=seen.acquisition.weighting,
        topic=topic.name,
        status=status,
        found=" ".join(dict.fromkeys(map(_sentence, (*against, *look)))) or str(good),
        consequences=tuple(follows),
        codes=tuple(dict.fromkeys(c.code for c in (*cautions, *of_noise))),
    )


def _belongs(code: str, codes: Iterable[str]) -> bool:
    return any(code == one or (one.endswith("-") and code.startswith(one)) for one in codes)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _others(seen: Seen, number: int, problem: Caution | None) -> Iterator[ProtocolLight]:
    """What no topic has shown: the rest of the refusal, and cautions of other codes."""
    refusal = seen.refusal or ""
    for text in filter(None, (topic.refused(seen) for topic in TOPICS)):
        refusal = refusal.replace(text, "")
    refusal = refusal.strip("; ")
    codes = {code for topic in TOPICS for code in topic.codes}
    rest = [problem] if problem is not None else []
    rest += [caution for caution in seen.cautions if caution.code not in codes]
    rest += [c for c in seen.noise_check.cautions if not any(_belongs(c.code, t.noise_codes) for t in TOPICS)]
    if not refusal and not rest:
        return
    unknown = seen.acquisition.weighting not in scored_weightings()
    given = OVERRULED if seen.overruled and not unknown else NOT_GIVEN
    not_given = bool(seen.refusal) or problem is not None or unknown
    yield ProtocolLight(
        series=number,
        weighting=seen.acquisition.weighting,
        topic=OTHERS,
        status="refused" if refusal or problem is not None else "look",
        found=" ".join(map(_sentence, filter(None, (refusal, *(caution.message for caution in rest))))),
        consequences=tuple(
            (name, given if not_given else WITH_CAUTION) for name in _scores_on(seen.acquisition.weighting)
        ),
        codes=tuple(dict.fromkeys(caution.code for caution in rest)),
    )


def lights_by_topic(lights: Iterable[ProtocolLight]) -> Mapping[str, dict[int, ProtocolLight]]:
    """Topic to series number to light, in the order of the topics; a topic that a series lacks is not in it."""
    found: dict[str, dict[int, ProtocolLight]] = {name: {} for name in (*(topic.name for topic in TOPICS), OTHERS)}
    for light in lights:
        found[light.topic][light.series] = light
    return {topic: row for topic, row in found.items() if row}
