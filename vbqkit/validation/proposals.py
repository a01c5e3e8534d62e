"""Automatic ROIs against the truth of virtual patients that the network never saw. All synthetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from vbqkit.errors import VbqkitError
from vbqkit.image import Volume
from vbqkit.propose import Proposal
from vbqkit.propose.placement import look_at_series, place_rois
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS
from vbqkit.validation.proposal_scans import AS_SCANNED, HARD_SETTINGS, UnseenScan, hardened, scan_unseen
from vbqkit.validation.proposal_truth import Truth

COLUMNS = (
    "seed", "scanner", "weighting", "findings", "setting", "outcome", "likely_right", "margin", "levels",
    "inside", "whole", "ellipse_whole", "center_mm", "slice_mm",
    "vbq", "vbq_reference", "vbq_ellipse", "vbq_percent", "ellipse_percent", "csf_percent",
    "csf_level", "csf_inside", "doubtful", "noise", "reason",
)  # fmt: skip
"""One row per series. ``outcome``: ``right``, ``wrong`` (names given, one of them false), ``asked``, ``refused``.

``levels``: how many of L1 to L4 have a ROI on their body, whatever it is called; ``inside``: mean share of these ROIs
(0.40 cm2) that lies within the true body; ``whole``: how many lie wholly within; ``ellipse_whole``: the same of
ellipses of 40 % of the body; ``center_mm``: mean distance of a ROI from the middle of the true body on its plane (0.40
cm2 is meant to lie 3.5 mm in front of it); ``likely_right``: whether the likely names are true, given or not; ``vbq``
and ``vbq_ellipse`` as proposed, slice chosen too, and ``vbq_reference`` with the reference ROIs: medians over the
levels that all have, right names only; ``vbq_percent``, ``ellipse_percent``, ``csf_percent``: differences from it;
``csf_level``: level of the body that is nearest to the CSF ROI."""

WHOLE = 0.999
"""Share of a ROI within the true body from which it lies wholly within."""

LEAST_LEVELS = 3
"""Levels that both must have for a VBQ to be compared; an expert leaves out a fractured one."""


def simulate_proposals(seeds: Iterable[int], *, hard: bool = False) -> Iterator[dict[str, Any]]:
    """Scan unseen patients on drawn machines and days, propose, and compare: one row per series.

    Parameters
    ----------
    seeds : iterable of int
        Counted from :data:`~vbqkit.validation.proposal_patients.UNSEEN_FROM`.
    hard : bool
        In every setting of :data:`~vbqkit.validation.proposal_scans.HARD_SETTINGS` instead of as scanned.
    """
    for number in seeds:
        scan = scan_unseen(number)
        for setting in HARD_SETTINGS if hard else (AS_SCANNED,):
            yield from compare_scan(scan if setting == AS_SCANNED else hardened(scan, setting), setting=setting)


def compare_scan(scan: UnseenScan, *, setting: str = AS_SCANNED) -> Iterator[dict[str, Any]]:
    """What was proposed on each series of one patient against the truth: rows of :data:`COLUMNS`."""
    truth = Truth(scan.phantom)
    for volume in scan.volumes:
        row: dict[str, Any] = {
            "seed": scan.seed, "scanner": scan.scanner, "weighting": volume.acquisition.weighting,
            "findings": scan.findings, "setting": setting,
        }  # fmt: skip
        yield row | compare_proposal(volume, truth)


def compare_proposal(volume: Volume, truth: Truth) -> dict[str, Any]:
    """What was proposed on one series against the truth: a row without its first columns."""
    try:
        middle = look_at_series(volume)
        proposal = place_rois(volume, middle)
        ellipses = place_rois(volume, middle, kind="ellipse")
    except VbqkitError as error:
        return {"outcome": "refused", "reason": str(error)[:60]}
    bodies = [p for p in proposal.rois if p.roi.label not in (CSF, NOISE)]
    true_names = [truth.level_at(p.roi.center_mm) for p in bodies]
    given = [p.roi.label for p in bodies]
    row: dict[str, Any] = {"margin": round(proposal.margin, 2), "noise": proposal.find(NOISE) is not None}
    row["outcome"] = "asked" if not proposal.named else "right" if given == true_names else "wrong"
    likely = [n for n in proposal.likely_names if not proposal.named or n in SPINE_LEVELS]
    row["likely_right"] = likely == true_names
    row["reason"] = f"lowest called {given[-1]}, is {true_names[-1] or 'none'}" if row["outcome"] == "wrong" else ""
    scored = [(p, name) for p, name in zip(bodies, true_names, strict=True) if name in SCORED_LEVELS]
    shares = [truth.inside(p.roi, name) for p, name in scored]
    round_ones = [(ellipses.find(p.roi.label), name) for p, name in scored]
    row["levels"] = len({name for _, name in scored})
    row["inside"] = round(float(np.mean(shares)), 4) if shares else None
    row["whole"] = sum(share > WHOLE for share in shares)
    row["ellipse_whole"] = sum(e is not None and truth.inside(e.roi, name) > WHOLE for e, name in round_ones)
    row["doubtful"] = sum(p.doubtful for p, _ in scored)
    row["center_mm"] = round(float(np.mean([truth.off_center_mm(p.roi, n) for p, n in scored])), 2) if scored else None
    row["slice_mm"] = round(abs(float(volume.slice(proposal.slice_index).origin_mm[0]) - truth.middle_x_mm()), 2)
    csf = proposal.find(CSF)
    if csf is not None:
        row["csf_inside"] = round(truth.in_sac(csf.roi), 3)
        row["csf_level"] = truth.level_beside(csf.roi.center_mm)
    if row["outcome"] == "right":
        row |= _against_reader(volume, proposal, ellipses, truth)
    return row


def _against_reader(volume: Volume, proposal: Proposal, ellipses: Proposal, truth: Truth) -> dict[str, Any]:
    """VBQ (median over the levels that all have) and CSF against those of the reference ROIs."""
    reference = {roi.label: roi for roi in truth.reference_rois}
    rois = [{p.roi.label: p.roi for p in found.rois} for found in (proposal, ellipses)]
    levels = [level for level in SCORED_LEVELS if level in reference and all(level in one for one in rois)]
    found: dict[str, Any] = {}
    try:
        marrow = [_median(volume, one, levels) for one in (*rois, reference)]
        csf = [one[CSF].measure(volume).mean for one in (rois[0], reference)]
    except (VbqkitError, KeyError):  # a reference ROI beyond the edge of a smaller picture, or no CSF
        return found
    if len(levels) >= LEAST_LEVELS:
        vbq, ellipse, expected = marrow[0] / csf[0], marrow[1] / csf[0], marrow[2] / csf[1]
        found = {"vbq": round(vbq, 4), "vbq_ellipse": round(ellipse, 4), "vbq_reference": round(expected, 4)}
        found["vbq_percent"] = round(100.0 * (vbq / expected - 1.0), 2)
        found["ellipse_percent"] = round(100.0 * (ellipse / expected - 1.0), 2)
    found["csf_percent"] = round(100.0 * (csf[0] / csf[1] - 1.0), 2)
    return found


def _median(volume: Volume, rois: dict[str, Any], levels: Sequence[str]) -> float:
    return float(np.median([rois[level].measure(volume).mean for level in levels]))
