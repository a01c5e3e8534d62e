"""Several series of one study look at the same bodies: whether they find the same places and the same names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.image import Volume
from vbqkit.propose.answer import body_number, with_names
from vbqkit.propose.naming import LEAST_MARGIN
from vbqkit.propose.placement import propose_on_volume
from vbqkit.propose.places import RoiKind
from vbqkit.propose.proposal import Proposal, ProposedRoi
from vbqkit.roi import Roi
from vbqkit.roi.labels import SPINE_LEVELS

SAME_BODY_MM = 12.0
"""Two places in the sagittal plane up to this far apart are of one body: less than half the step from one level to the
next, which is at least 25 mm."""

SAME_PLACE_MM = 5.0
"""Farther apart, one of the two series has misplaced the ROI: on real images the center of a body is found with an
error of 1.2 mm (median), 2.9 mm (90 %) in one series."""

_SIDEWAYS_SLICES = 1.5  # the middle may be rounded to either of two slices
_MARGIN_OF_PICTURE_MM = 15.0  # a body nearer to the edge of the other picture than this need not be found there


@dataclass(frozen=True, slots=True)
class _Body:
    """One body of one series: its number from above, its likely name and its ROI."""

    number: int
    name: str
    roi: ProposedRoi


def propose_on_volumes(
    volumes: Sequence[Volume | Callable[[], Volume]],
    *,
    numbers: Sequence[int] | None = None,
    kind: RoiKind = "fixed",
    progress: Callable[[int, int], None] | None = None,
) -> Proposal:
    """Propose ROIs on the first of several volumes, after asking the others: they must agree on places and names.

    Parameters
    ----------
    volumes : sequence of Volume or callable
        The first is the one whose proposal is given. A callable is called when its turn comes.
    numbers : sequence of int, optional
        What each is called in ``series_index``; 0, 1 ... if not said.
    kind : {"fixed", "ellipse"}
        As for :func:`vbqkit.propose.propose_rois`.
    progress : callable or None
        ``progress(done, total)`` in volumes; what it raises ends the work.

    Raises
    ------
    ProposalError
        As :func:`vbqkit.propose.propose_rois`, of the first volume. Another on which nothing can be proposed is named
        in a remark.
    """
    found, remarks = [], []
    for done, given in enumerate(volumes):
        number = done if numbers is None else numbers[done]
        try:
            volume = given if isinstance(given, Volume) else given()
            found.append(replace(propose_on_volume(volume, kind=kind), series_index=number))
        except VbqkitError as error:
            if not done:
                raise
            remarks.append(f"Series {number} could not be asked: {error}")
        if progress is not None:
            progress(done + 1, len(volumes))
    result = agreed(found)
    return replace(result, remarks=(*result.remarks, *remarks))


def agreed(proposals: Sequence[Proposal]) -> Proposal:
    """The first proposal, as far as the others agree with it.

    Bodies are matched by their place in the sagittal plane, in patient coordinates. Only series of the same frame of
    reference are compared; the others are named in a remark.

    - **Names.** Series that give names must give the same. If they do not, there are no names, and the question says
      which series says what. A series without names takes those of the others, and a remark says so; not where it asks
      because of a transitional vertebra, or where its own likely names are others.
    - **Places.** A body more than 5 mm away on another series, or not found there although the picture shows that
      place, is doubtful.
    - **Confidence.** Where a body is found at the same place, the highest of the series: two looks have found it. Where
      it is not, the lowest. A rule, not a probability.

    Parameters
    ----------
    proposals : sequence of Proposal
        At least one.

    Returns
    -------
    Proposal
        Of the series of the first.

    Examples
    --------
    >>> from vbqkit.image import Volume
    >>> alone = Proposal(volume=Volume(np.zeros((3, 8, 8)), np.eye(4)))
    >>> agreed([alone]) is alone
    True
    """
    first, *rest = proposals
    comparable = [other for other in rest if _same_frame(first.volume, other.volume)]
    apart = [_title(other, proposals) for other in rest if other not in comparable]
    remarks = [f"Not compared, as no common frame of reference is stated: {', '.join(apart)}."] if apart else []
    if not comparable:
        return replace(first, remarks=(*first.remarks, *remarks)) if remarks else first
    titles = {id(one): _title(one, proposals) for one in (first, *comparable)}
    named, said = _agreed_names(first, comparable, titles)
    placed, also = _agreed_places(named, comparable, titles, titles[id(first)])
    return replace(placed, remarks=(*placed.remarks, *said, *also, *remarks))


def as_the_reader_counts(proposal: Proposal, placed: Iterable[Roi]) -> Proposal:
    """The proposal with names that follow from levels that the reader has placed; unchanged where there are none.

    Parameters
    ----------
    proposal : Proposal
        Named or not.
    placed : iterable of Roi
        The reader's ROIs, in the same frame of reference.

    Returns
    -------
    Proposal
        Where the reader's names and the count from the sacrum differ, the reader's are given, and a remark says so.
        Where the reader's names do not follow each other like the bodies, there are no names, and a question.
    """
    bodies = _bodies(proposal)
    said: dict[int, str] = {}
    for roi in placed:
        near = min(bodies, key=lambda body: _between_mm(body.roi.roi, roi), default=None)
        if roi.label in SPINE_LEVELS and near is not None and _between_mm(near.roi.roi, roi) <= SAME_BODY_MM:
            said.setdefault(near.number, roi.label)
    if not said:
        return proposal
    if len({SPINE_LEVELS.index(level) - number for number, level in said.items()}) > 1:
        each = ", ".join(f"{level} on body {number}" for number, level in sorted(said.items()))
        return _without_names(
            proposal,
            f"Your ROIs do not count like the bodies: {each} from above. Say which level one of the bodies is.",
        )
    number, level = min(said.items())
    own = next(body for body in bodies if body.number == number).name
    if proposal.named and own == level:
        return proposal
    named = with_names(_without_names(proposal, "?"), f"body {number}", level, because="you have placed it")
    doubt = f"Names follow from your {level}, which would be {own} if counted from the sacrum: check the count."
    return replace(named, remarks=(*proposal.remarks, doubt)) if proposal.named else named


def _agreed_names(
    first: Proposal, others: Sequence[Proposal], titles: Mapping[int, str]
) -> tuple[Proposal, tuple[str, ...]]:
    """The first proposal with names, or without and a question; and what the reader should know of it."""
    sayings = {titles[id(one)]: _names_at(first, one) for one in (first, *others) if one.named}
    clash = _clash(first, sayings)
    if clash:
        return _without_names(first, f"{clash} Say which level one of the bodies is."), ()
    asking = [one for one in (first, *others) if not one.named]
    sure = [one for one in (first, *others) if one.named]
    if not asking or not sure:
        return first, ()
    stands = next((one for one in asking if one.margin >= LEAST_MARGIN), None)
    if stands is not None:  # it asks for another reason than a narrow count
        question = stands.question if stands is first else f"On {titles[id(stands)]}: {stands.question}"
        return _without_names(first, question), ()
    names = sayings[titles[id(sure[0])]]
    for one in asking:
        likely = _names_at(first, one) if one.margin > 0 else {}
        if any(likely[k] != names[k] for k in likely.keys() & names.keys()):
            number = next(k for k in sorted(likely) if k in names and likely[k] != names[k])
            return _without_names(
                first,
                f"Body {number} from above is {names[number]} on {titles[id(sure[0])]} and more likely {likely[number]} on "
                f"{titles[id(one)]}, which alone does not decide. Say which level one of the bodies is.",
            ), ()
    by = ", ".join(f"{titles[id(one)]} (log-likelihood {one.margin:.1f} above the next count)" for one in sure)
    silent = ", ".join(titles[id(one)] for one in asking)
    said = f"Names are by {by}. Not enough to decide alone: {silent}."
    if first.named:
        return first, (said,)
    if not names:
        return first, ()
    number = min(names)
    named = with_names(first, f"body {number}", names[number], because=f"{titles[id(sure[0])]} shows")
    return replace(named, remarks=first.remarks), (said,)


def _clash(first: Proposal, sayings: Mapping[str, Mapping[int, str]]) -> str:
    """Which series says what of one body, where they do not say the same; empty where they do."""
    for number in sorted({number for names in sayings.values() for number in names}):
        said = {title: names[number] for title, names in sayings.items() if number in names}
        if len(set(said.values())) > 1:
            count = len(first.likely_names)
            each = ", ".join(f"{name} on {title}" for title, name in said.items())
            return f"The series do not agree: body {number} of {count} from above is {each}."
    return ""


def _agreed_places(
    first: Proposal, others: Sequence[Proposal], titles: Mapping[int, str], own: str
) -> tuple[Proposal, tuple[str, ...]]:
    """The first proposal with doubts where the others find a body elsewhere or not at all."""
    rois: list[ProposedRoi] = []
    distances: dict[str, list[float]] = {titles[id(other)]: [] for other in others}
    for one in first.rois:
        if not _is_body(one.roi.label):
            rois.append(one)
            continue
        confidences, doubts = [one.confidence], []
        for other in others:
            title, same = titles[id(other)], _nearest(other, one)
            if same is not None:
                distances[title].append(_apart_mm(same, one))
                confidences.append(same.confidence)
            if same is None and _pictured(other.volume, one):
                doubts.append(f"no body was found there on {title}")
            elif same is not None and distances[title][-1] > SAME_PLACE_MM:
                doubts.append(f"on {title} the same body lies {distances[title][-1]:.0f} mm away")
        rois.append(
            replace(
                one,
                confidence=min(confidences) if doubts else max(confidences),
                doubt="; ".join(filter(None, [one.doubt, *doubts])),
            )
        )
    remarks = []
    for other in others:
        title, side = titles[id(other)], _sideways_mm(first, other)
        if not distances[title]:
            remarks.append(f"No body lies at the same place on {title}: was the patient moved?")
        elif side > _SIDEWAYS_SLICES * first.volume.spacing_mm[0]:
            remarks.append(
                f"The middle of the bodies on {title} lies {side:.0f} mm to the side of the slice proposed here."
            )
    near = [title for title, apart in distances.items() if apart and max(apart) <= SAME_PLACE_MM]
    if near:
        farthest = max(max(distances[title]) for title in near)
        remarks.append(
            f"Bodies on {own} and {', '.join(near)} lie at the same places, at most {farthest:.1f} mm apart."
        )
    return replace(first, rois=tuple(rois)), tuple(remarks)


def _names_at(first: Proposal, other: Proposal) -> dict[int, str]:
    """Number of a body of the first series to what another series calls it, given or likely."""
    if other is first:
        return {body.number: body.name for body in _bodies(first)}
    found = {}
    theirs = _bodies(other)
    for body in _bodies(first):
        near = min(theirs, key=lambda b: _apart_mm(b.roi, body.roi), default=None)
        if near is not None and _apart_mm(near.roi, body.roi) <= SAME_BODY_MM:
            found[body.number] = near.name
    return found


def _bodies(proposal: Proposal) -> list[_Body]:
    """The bodies that have a ROI, with their numbers in the chain."""
    found = []
    for one in proposal.rois:
        label = one.roi.label
        number = body_number(label)
        if number is None and label in proposal.likely_names:
            number = proposal.likely_names.index(label) + 1
        if number is not None and number <= len(proposal.likely_names):
            found.append(_Body(number, proposal.likely_names[number - 1], one))
    return found


def _is_body(label: str) -> bool:
    return label in SPINE_LEVELS or body_number(label) is not None


def _nearest(other: Proposal, one: ProposedRoi) -> ProposedRoi | None:
    bodies = [p for p in other.rois if _is_body(p.roi.label)]
    near = min(bodies, key=lambda p: _apart_mm(p, one), default=None)
    return near if near is not None and _apart_mm(near, one) <= SAME_BODY_MM else None


def _apart_mm(one: ProposedRoi, other: ProposedRoi) -> float:
    return _between_mm(one.roi, other.roi)


def _between_mm(one: Roi, other: Roi) -> float:
    """Distance in the sagittal plane: across it, series are cut at different places."""
    (_, y, z), (_, v, w) = one.center_mm, other.center_mm
    return float(np.hypot(y - v, z - w))


def _pictured(volume: Volume, one: ProposedRoi) -> bool:
    """Whether a series shows the place of a ROI, well within its picture."""
    image = volume.nearest_slice(one.roi.center_mm)
    place = np.asarray(image.to_rows_cols(one.roi.center_mm))
    to_edges = np.minimum(place, np.array(image.shape) - 1 - place) * np.array(image.spacing_mm)
    return float(to_edges.min()) > _MARGIN_OF_PICTURE_MM


def _sideways_mm(one: Proposal, other: Proposal) -> float:
    """Distance of the proposed slice of one series from that of another, across the slices."""
    place = other.volume.slice(other.slice_index).origin_mm
    return abs(float(one.volume.slice(one.slice_index).distance_mm(place)))


def _same_frame(one: Volume, other: Volume) -> bool:
    a, b = one.acquisition, other.acquisition
    if a.frame_of_reference_uid is None or b.frame_of_reference_uid is None:
        return False
    return a.frame_of_reference_uid in (b.frame_of_reference_uid, *b.linked_frames) or (
        b.frame_of_reference_uid in a.linked_frames
    )


def _without_names(proposal: Proposal, question: str) -> Proposal:
    """The same ROIs under their numbers from above."""
    if not proposal.named:
        return replace(proposal, question=question)
    numbers = {body.roi.roi.label: body.number for body in _bodies(proposal)}
    rois = []
    for one in proposal.rois:
        number = numbers.get(one.roi.label)
        rois.append(one if number is None else replace(one, roi=one.roi.with_label(f"body {number}")))
    return replace(proposal, rois=tuple(rois), question=question)


def _title(one: Proposal, among: Sequence[Proposal]) -> str:
    """The weighting of a series, with its number where another has the same."""
    weighting = one.volume.acquisition.weighting
    same = [other for other in among if other.volume.acquisition.weighting == weighting]
    return weighting if len(same) < 2 else f"{weighting} (series {one.series_index})"
