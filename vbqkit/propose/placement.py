"""From a study to proposed ROIs: the one function that users call, and its steps in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from vbqkit.errors import ProposalError, VbqkitError
from vbqkit.image import Volume
from vbqkit.propose.csf import BELOW_CONUS, CSF_IS_BRIGHT, CSF_LEVELS, csf_place
from vbqkit.propose.doubts import doubt_of_body, signal_doubts
from vbqkit.propose.miscounts import body_part_question, split_question
from vbqkit.propose.naming import LEAST_MARGIN, name_bodies
from vbqkit.propose.outlines import Outline, areas_mm2, outlines_of, territories
from vbqkit.propose.picture import Picture
from vbqkit.propose.places import RoiKind, body_roi, least_depth_mm, noise_roi
from vbqkit.propose.proposal import Proposal, ProposedRoi
from vbqkit.propose.series import Middle, check_series, find_middle
from vbqkit.propose.transitional import transitional_question
from vbqkit.roi.labels import SPINE_LEVELS

_MOST_BODIES_BELOW_CONUS = 2  # of a picture without names, from below
_NO_CSF = "No place for CSF: the dural sac is not seen with room for 2 x 10 mm at any level. Place it yourself."
_NO_CSF_WITHOUT_WEIGHTING = (
    "No place for CSF below the conus, and the weighting is not stated, so nothing tells CSF from cord further up. State it, or place "
    "CSF yourself."
)

_OFF_SLICES = 2  # a level whose own middle is this many slices away is proposed there


def propose_on_volume(volume: Volume, *, kind: RoiKind = "fixed") -> Proposal:
    """Propose ROIs on one series, whatever others say; see :func:`vbqkit.propose.propose_rois`."""
    return place_rois(volume, look_at_series(volume), kind=kind)


def look_at_series(volume: Volume) -> Middle:
    """The middle slice of one series and the chain of bodies on it: all that the network does.

    Parameters
    ----------
    volume : Volume
        The series.

    Raises
    ------
    ProposalError
        If the series is not what the network was made for, or no chain of bodies is found.
    """
    check_series(volume)
    _check_signal(volume)
    return find_middle(volume)


def place_rois(
    volume: Volume,
    middle: Middle,
    *,
    kind: RoiKind = "fixed",
    series_index: int = 0,
    least_margin: float = LEAST_MARGIN,
) -> Proposal:
    """ROIs of one series, from what :func:`look_at_series` found on it.

    Parameters
    ----------
    volume : Volume
        The series.
    middle : Middle
        Its middle slice and the chain of bodies.
    kind : {"fixed", "ellipse"}
        As of :func:`propose_rois`.
    series_index : int
        Its row in the study.
    least_margin : float
        As of :func:`~vbqkit.propose.naming.name_bodies`.

    Raises
    ------
    ProposalError
        If no body is large enough.
    """
    naming = name_bodies([peak.classes for peak in middle.chain], least_margin=least_margin)
    question = _question(volume, middle, naming.likely) if naming.names else ""
    if question:
        naming = replace(naming, names=(), question=question)
    labels = naming.names or tuple(f"body {k}" for k in range(1, len(middle.chain) + 1))
    bodies, remarks = _place_bodies(middle, labels, kind)
    if not bodies:
        raise ProposalError(
            "Vertebral bodies were seen, but none large enough for a ROI. Place the ROIs yourself, on a larger picture."
        )
    rois = [body for body, _outline in bodies]
    likely = dict(zip(labels, naming.likely, strict=True)) if naming.margin > 0 else {}
    more, said = _reference_rois(middle.picture, bodies, volume.acquisition.weighting, likely, named=bool(naming.names))
    return Proposal(
        volume=volume,
        series_index=series_index,
        slice_index=middle.index,
        rois=(*rois, *more),
        likely_names=naming.likely,
        margin=naming.margin,
        question=naming.question,
        remarks=(*middle.remarks, *remarks, *said),
    )


def _question(volume: Volume, middle: Middle, likely: Sequence[str]) -> str:
    """Why the reader is asked though the count is sure; empty: nothing speaks against it."""
    return (
        body_part_question(volume.acquisition.body_part)
        or split_question(middle.chain)
        or transitional_question(middle.picture.found, middle.chain, likely)
    )


def _check_signal(volume: Volume) -> None:
    finite = volume.pixels[np.isfinite(volume.pixels)] if volume.pixels.dtype.kind == "f" else volume.pixels
    if finite.size == 0 or finite.min() == finite.max():
        raise ProposalError(
            "The pixels of this series are all the same, or none is a number: there is nothing to place ROIs on. Read the series again."
        )


def _place_bodies(
    middle: Middle, labels: Sequence[str], kind: RoiKind
) -> tuple[list[tuple[ProposedRoi, Outline]], list[str]]:
    """A ROI for every body that a score could use, with its outline; on its own slice in scoliosis."""
    on_middle = outlines_of(middle.picture.found, middle.chain)
    own = _own_slices(middle)
    placed: list[tuple[ProposedRoi, Outline]] = []
    elsewhere = []
    for k, (peak, label) in enumerate(zip(middle.chain, labels, strict=True)):
        if not label.startswith("body") and label not in SPINE_LEVELS:
            continue
        picture, outline = middle.picture, on_middle[k]
        if abs(own[k] - middle.index) >= _OFF_SLICES:
            there = outlines_of(middle.pictures[own[k]].found, middle.chain)[k]
            if there is not None:
                picture, outline = middle.pictures[own[k]], there
                elsewhere.append(f"{label} on slice {own[k]}")
        if outline is None:
            continue
        roi = body_roi(picture, outline, label, kind=kind)
        confidence = peak.heat * _mean_under(picture, outline)
        proposed = ProposedRoi(
            roi=roi,
            confidence=float(np.clip(confidence, 0.0, 1.0)),
            doubt=doubt_of_body(
                outline, [o for o in on_middle if o is not None], least_depth_mm(picture, outline, roi)
            ),
            slice_index=picture.image.index,
        )
        placed.append((proposed, outline))
    remarks = [f"The spine bends sideways: {', '.join(elsewhere)}."] if elsewhere else []
    return signal_doubts(placed, middle.pictures), remarks


def _mean_under(picture: Picture, outline: Outline) -> float:
    """Mean probability of body within the outline, at most 1."""
    return float(np.clip(picture.found[1:5, outline.mask].sum(axis=0).mean(), 0.0, 1.0))


def _own_slices(middle: Middle) -> list[int]:
    """For every body the slice through its own middle: the mean slice weighted with its pixels."""
    indices = sorted(middle.pictures)
    nearest = territories(middle.chain, middle.picture.shape)
    areas = np.stack([areas_mm2(middle.pictures[i].found, nearest, len(middle.chain)) for i in indices])
    own = []
    for k in range(len(middle.chain)):
        above = np.maximum(areas[:, k] - 0.5 * areas[:, k].max(), 0.0)
        if above.sum() <= 0:
            own.append(middle.index)
            continue
        mean = float(above @ np.array(indices) / above.sum())
        own.append(min(indices, key=lambda i: abs(i - mean)))
    return own


def _reference_rois(
    picture: Picture,
    bodies: Sequence[tuple[ProposedRoi, Outline]],
    weighting: str,
    likely: Mapping[str, str],
    *,
    named: bool,
) -> tuple[list[ProposedRoi], list[str]]:
    """CSF and noise, and why one is missing."""
    found, remarks = [], []
    stated = weighting in CSF_IS_BRIGHT
    csf = csf_place(picture, _order_for_csf(bodies, likely, stated=stated), weighting=weighting)
    if csf is None:
        remarks.append(_NO_CSF if stated else _NO_CSF_WITHOUT_WEIGHTING)
    else:
        doubt = "" if csf.roi.width_mm > 3.9 else f"the sac is narrow: the ROI is {csf.roi.width_mm:.1f} mm wide"
        if not stated:
            doubt = "the weighting is not stated, so nothing tells CSF from roots or cord: state it"
        if not named:
            doubt = doubt or f"at {csf.level}, as no level has a name"
        elif csf.level != "L3":
            remarks.append(
                f"CSF is proposed at {csf.level}: at L3 the sac is narrow, or reads unlike the other levels."
            )
        found.append(ProposedRoi(roi=csf.roi, confidence=csf.inside, doubt=doubt, slice_index=picture.image.index))
    marrow = _mean_marrow(picture, bodies)
    rows = {body.roi.label: outline.row for body, outline in bodies}
    noise, why = noise_roi(picture, marrow_mean=marrow, level_row=rows.get("L3", float(np.mean(list(rows.values())))))
    if noise is None:
        remarks.append(f"No noise ROI: {why}")
    else:
        found.append(ProposedRoi(roi=noise, confidence=0.5 if why else 1.0, doubt=why, slice_index=picture.image.index))
    return found, remarks


def _order_for_csf(
    bodies: Sequence[tuple[ProposedRoi, Outline]], likely: Mapping[str, str], *, stated: bool
) -> list[tuple[str, Outline]]:
    """Levels beside which CSF may lie, in the order of choice, by their likely names.

    Without a weighting only levels below the conus are left. Where neither L5 nor S1 is seen, the picture ends above
    them: the lowest bodies are nearest to L3, then.
    """
    by_name = {likely[p.roi.label]: (p.roi.label, outline) for p, outline in bodies if p.roi.label in likely}
    if by_name:
        return [by_name[level] for level in (CSF_LEVELS if stated else BELOW_CONUS) if level in by_name]
    upwards = [(p.roi.label, outline) for p, outline in reversed(bodies)]
    return upwards if stated else upwards[:_MOST_BODIES_BELOW_CONUS]


def _mean_marrow(picture: Picture, bodies: Iterable[tuple[ProposedRoi, Outline]]) -> float:
    means = []
    for proposed, _outline in bodies:
        if proposed.slice_index == picture.image.index:
            try:
                means.append(proposed.roi.measure(picture.image).mean)
            except VbqkitError:
                continue
    return float(np.median(means)) if means else float("inf")
