"""Which series of a study are scored, and with which ROIs: one series a weighting, and nothing guessed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from vbqkit.errors import FormatError, ScoreError
from vbqkit.formats import read_rois
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.rois import counts_in_pixels
from vbqkit.image import Volume
from vbqkit.propose import Proposal
from vbqkit.roi.origin import ProposedPlace
from vbqkit.scores.registry import scored_weightings
from vbqkit.study import Series, Study


def volumes_and_rois(
    study: Study,
    rois: str | os.PathLike[str],
    *,
    choices: Sequence[str] = (),
    overrule: str | None = None,
    accept_proposed: bool = False,
) -> tuple[dict[str, Volume], set[int], RoiFile]:
    """The series to score, their rows, and the ROIs of a file, read on the image that they were drawn on.

    Parameters
    ----------
    study, choices, overrule
        As for :func:`volumes_to_score`.
    rois : path-like
        The ROI file.
    accept_proposed : bool
        Take ROIs that were proposed automatically and that no reader has accepted; every score then says so.

    Raises
    ------
    FormatError
        Also if the file holds nothing but proposals, and they are not taken.
    """
    if counts_in_pixels(rois):  # of the image they were drawn on, which comes first then
        volumes, used = volumes_to_score(study, choices, RoiFile(rois=()), overrule=overrule)
        drawn = read_rois(rois, image=next(iter(volumes.values())))
    else:
        drawn = read_rois(rois)
        volumes, used = volumes_to_score(study, choices, drawn, overrule=overrule)
    if accept_proposed:
        drawn = drawn.accepted()
    elif drawn.proposed and not drawn.rois:
        raise FormatError(
            f"The {len(drawn.proposed)} ROIs in {rois} were proposed automatically, and no reader has accepted them. Open the file in "
            "the ROI studio to accept or correct each, or score them as they are with --accept-proposed: every score then says so."
        )
    return volumes, used, drawn


def waiting_rois(proposal: Proposal) -> RoiFile:
    """What was proposed, as a ROI file in which nothing counts until a reader has accepted it."""
    places = [ProposedPlace(roi=p.roi, confidence=p.confidence, doubt=p.doubt) for p in proposal.rois]
    return RoiFile(rois=(), proposed=tuple((place.roi, place) for place in places))


def volumes_to_score(
    study: Study, choices: Sequence[str], drawn: RoiFile, *, overrule: str | None
) -> tuple[dict[str, Volume], set[int]]:
    """The series to score by weighting, and their rows; the rows of those that the user chose are not asked for.

    Parameters
    ----------
    study : Study
        The study.
    choices : sequence of str
        Rows of the listing, as ``"2"`` or ``"T1=2"``; empty: every scorable sagittal series of known weighting.
    drawn : RoiFile
        It may state the weighting of the series that it was drawn on.
    overrule : str or None
        Why a chosen series is scored although it must not be.

    Raises
    ------
    FormatError
        If the study is of several patients, has no such series, or several of one weighting: nothing is guessed.
    ScoreError
        If a chosen series cannot be scored, or two are of one weighting.
    """
    mixed = [caution for caution in study.cautions if caution.code == "several-patients"]
    if mixed:
        raise FormatError(f"{study.source} cannot be scored as one case. {mixed[0].message}")
    weightings = scored_weightings()
    if choices:
        chosen = [_chosen(study, choice, overrule=overrule) for choice in choices]
        names = [weighting for weighting, _ in chosen]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ScoreError(
                f"--series names {names.count(twice)} {twice} series; a score needs one. Leave the others out."
            )
        return dict(chosen), set()
    stated = _stated_in(drawn, study)
    scorable = [(i, s) for i, s in enumerate(study) if s.scorable and s.plane == "sagittal" and i != stated]
    known = [(i, s) for i, s in scorable if s.acquisition.weighting in weightings]
    names = [s.acquisition.weighting for _, s in known]
    if stated is not None and drawn.weighting not in names and len(set(names)) == len(names):
        said = f"stated in {drawn.source}"
        first = _chosen(study, f"{drawn.weighting}={stated}", said=said, overrule=overrule)
        volumes = dict([first, *((s.acquisition.weighting, s.volume()) for _, s in known)])
        return volumes, {stated, *(i for i, _ in known)}
    if not known or len(set(names)) < len(names):
        why = "no series with known weighting" if not known else "more than one series of a weighting"
        listing = "\n".join(f"  {i}: {s!r}" for i, s in enumerate(study))
        raise FormatError(
            f"{study.source} has {why}, and nothing is guessed. Choose by number and, where the header does not say it, by "
            f"weighting, for instance --series T1=0:\n{listing}"
        )
    return {s.acquisition.weighting: s.volume() for _, s in known}, {i for i, _ in known}


def _stated_in(drawn: RoiFile, study: Study) -> int | None:
    """Row of the series whose weighting the ROI file states: the one it was drawn on, or the only unknown one."""
    if drawn.weighting not in scored_weightings():
        return None
    for i, series in enumerate(study):
        a = series.acquisition
        if drawn.drawn_on(a.series_uid) and a.weighting != drawn.weighting:
            return i
    unknown = [i for i, s in enumerate(study) if s.acquisition.weighting == "unknown" and s.plane == "sagittal"]
    scorable = [i for i in unknown if study.series[i].scorable]
    return (scorable or unknown)[0] if len(scorable or unknown) == 1 else None


def _chosen(study: Study, choice: str, *, overrule: str | None, said: str = "set by you") -> tuple[str, Volume]:
    weighting, _, number = choice.rpartition("=")
    if not number.isdecimal() or int(number) >= len(study) or weighting not in ("", *scored_weightings()):
        raise FormatError(
            f"--series {choice} names no series: give a row of 'vbqkit series', 0 to {len(study) - 1}, such as --series T1=0."
        )
    series: Series = study.series[int(number)]
    if not series.scorable and overrule is None:
        raise ScoreError(
            f"Series {number} of {study.source} cannot be scored: {series.refusal}. If you know better, say why: "
            "--overrule REASON; every score then carries it."
        )
    volume = series.volume()
    if weighting:
        volume = volume.with_acquisition(weighting=weighting, weighting_reason=said)
    if volume.acquisition.weighting not in scored_weightings():
        raise ScoreError(
            f"The weighting of series {number} is {volume.acquisition.weighting} ({volume.acquisition.weighting_reason}). If you know it, "
            f"set it: --series T1={number}."
        )
    return volume.acquisition.weighting, volume
