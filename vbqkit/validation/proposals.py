"""Automatic ROIs against the truth of virtual patients that the network never saw. All synthetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vbqkit.anatomy import LEVEL_OF_CODE, Phantom, make_phantom
from vbqkit.anatomy.canvas import CODE
from vbqkit.errors import VbqkitError
from vbqkit.image import Volume
from vbqkit.propose import Proposal, propose_rois
from vbqkit.propose.places import RoiKind
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS, SPINE_LEVELS
from vbqkit.scanner import SCANNERS, draw_day
from vbqkit.validation.proposal_patients import UNSEEN_FROM, draw_case

COLUMNS = (
    "seed", "scanner", "weighting", "findings", "outcome", "likely_right", "margin", "levels",
    "inside", "whole", "center_mm", "slice_mm",
    "vbq_percent", "csf_percent", "csf_inside", "doubtful", "noise", "reason",
)  # fmt: skip
"""One row per series. ``outcome``: ``right``, ``wrong`` (names given, one of them false), ``asked``, ``refused``.

``levels``: how many of L1 to L4 have a ROI on their body, whatever it is called; ``inside``: mean share of these ROIs
that lies within the true body; ``whole``: how many lie wholly within; ``center_mm``: mean distance of a ROI from the
middle of the true body on its plane (0.40 cm2 is meant to lie 3.5 mm in front of it); ``likely_right``: whether the
likely names are true, given or not; ``vbq_percent``, ``csf_percent``: against the reference ROIs, right names only."""

_GRID: Mapping[str, Any] = {"in_plane_mm": 1.0, "plane_mm": 2.0}
_CROP_MM = (170.0, 320.0)
_POINTS = 15

LEAST_LEVELS = 3
"""Levels that both must have for a VBQ to be compared; an expert leaves out a fractured one."""


def simulate_proposals(seeds: Iterable[int], *, kind: RoiKind = "fixed") -> Iterator[dict[str, Any]]:
    """Scan unseen patients on drawn machines and days, propose, and compare: one row per series.

    Parameters
    ----------
    seeds : iterable of int
        Counted from :data:`~vbqkit.validation.proposal_patients.UNSEEN_FROM`.
    kind : str
        As of :func:`~vbqkit.propose.propose_rois`.
    """
    for number in seeds:
        seed = UNSEEN_FROM + number
        rng = np.random.default_rng([15, seed])
        patient, findings = draw_case(seed)
        phantom = make_phantom(patient, seed=seed, findings=findings, **_GRID)
        scanner = list(SCANNERS.values())[int(rng.integers(len(SCANNERS)))]
        day = draw_day(rng, scanner.protocols[0])
        study = day.scan(phantom, scanner, rng=rng)
        told = " + ".join(sorted({f.kind for f in findings})) or "none"
        rows_mm = float(rng.uniform(*_CROP_MM)) if rng.random() < 0.5 else None
        shift = float(rng.uniform(-0.5, 0.5))
        for series in study:
            volume = series.volume()
            if rows_mm is not None:
                volume = cropped(volume, rows_mm, shift=shift)
            row: dict[str, Any] = {
                "seed": seed, "scanner": scanner.name, "weighting": volume.acquisition.weighting, "findings": told,
            }  # fmt: skip
            yield row | compare_proposal(volume, phantom, kind=kind)


def cropped(volume: Volume, rows_mm: float, *, shift: float) -> Volume:
    """The same series with fewer rows, as a smaller field of view from head to foot; shift from -0.5 to 0.5."""
    rows = volume.shape[1]
    keep = min(rows, max(64, round(rows_mm / volume.spacing_mm[1])))
    first = int(np.clip(round((rows - keep) * (0.5 + shift)), 0, rows - keep))
    affine = volume.affine.copy()
    affine[:3, 3] += first * affine[:3, 1]
    return replace(volume, pixels=volume.pixels[:, first : first + keep], affine=affine)


def compare_proposal(volume: Volume, phantom: Phantom, *, kind: RoiKind = "fixed") -> dict[str, Any]:
    """What was proposed on one series against the truth: a row without its first four columns."""
    try:
        proposal = propose_rois(volume, kind=kind)
    except VbqkitError as error:
        return {"outcome": "refused", "reason": str(error)[:60]}
    truth = _Truth(phantom)
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
    row["levels"] = len({name for _, name in scored})
    row["inside"] = round(float(np.mean(shares)), 4) if shares else None
    row["whole"] = sum(share > 0.999 for share in shares)
    row["doubtful"] = sum(p.doubtful for p, _ in scored)
    row["center_mm"] = round(float(np.mean([truth.off_center_mm(p.roi, n) for p, n in scored])), 2) if scored else None
    row["slice_mm"] = round(abs(float(volume.slice(proposal.slice_index).origin_mm[0]) - truth.middle_x_mm()), 2)
    csf = proposal.find(CSF)
    row["csf_inside"] = None if csf is None else round(truth.in_sac(csf.roi), 3)
    if row["outcome"] == "right":
        row |= _against_reader(volume, proposal, phantom)
    return row


def _against_reader(volume: Volume, proposal: Proposal, phantom: Phantom) -> dict[str, Any]:
    """VBQ (median over the levels that both have) and CSF against those of the reference ROIs, in percent."""
    reference = {roi.label: roi for roi in phantom.reference_rois}
    proposed = {p.roi.label: p.roi for p in proposal.rois}
    levels = [level for level in SCORED_LEVELS if level in reference and level in proposed]
    found: dict[str, Any] = {}
    try:
        marrow = [np.median([rois[level].measure(volume).mean for level in levels]) for rois in (proposed, reference)]
        csf = [rois[CSF].measure(volume).mean for rois in (proposed, reference)]
    except (VbqkitError, KeyError):  # a reference ROI beyond the edge of a smaller picture, or no CSF
        return found
    if len(levels) >= LEAST_LEVELS:
        found["vbq_percent"] = round(100.0 * float(marrow[0] / csf[0] / (marrow[1] / csf[1]) - 1.0), 2)
    found["csf_percent"] = round(100.0 * (csf[0] / csf[1] - 1.0), 2)
    return found


class _Truth:
    """The level map and the sac of a phantom at places in patient coordinates."""

    def __init__(self, phantom: Phantom) -> None:
        self.phantom = phantom
        self.inverse = np.linalg.inv(phantom.affine)
        codes = np.unique(phantom.level)
        self.level = phantom.level
        self.codes = {LEVEL_OF_CODE[c]: int(c) for c in codes if c}
        self.sac = [CODE[name] for name in ("csf", "nerve_root", "spinal_cord")]

    def _index(self, points_mm: npt.ArrayLike) -> tuple[npt.NDArray[np.intp], ...]:
        points = np.atleast_2d(np.asarray(points_mm, dtype=np.float64))
        at = np.rint(np.c_[points, np.ones(len(points))] @ self.inverse.T)[:, :3].astype(np.intp)
        limits = np.array(self.level.shape) - 1
        return tuple(np.clip(at, 0, limits).T)

    def level_at(self, point_mm: npt.ArrayLike) -> str:
        """Level of the body at a place, ``""`` where there is none."""
        return LEVEL_OF_CODE[int(self.level[self._index(point_mm)][0])]

    def inside(self, roi: Roi, level: str) -> float:
        """Share of a ROI that lies within the true body."""
        return float((self.level[self._index(_points(roi))] == self.codes[level]).mean())

    def in_sac(self, roi: Roi) -> float:
        """Share of a ROI that lies within the true dural sac."""
        return float(np.isin(self.phantom.tissue[self._index(_points(roi))], self.sac).mean())

    def off_center_mm(self, roi: Roi, level: str) -> float:
        """Distance of the ROI's center from the middle of the true body on that plane, mm."""
        plane = int(self._index(roi.center_mm)[0][0])
        rows, cols = np.nonzero(self.level[plane] == self.codes[level])
        middle = self.phantom.affine @ np.array([plane, rows.mean(), cols.mean(), 1.0])
        return float(np.linalg.norm((np.array(roi.center_mm) - middle[:3])[1:]))

    def middle_x_mm(self) -> float:
        """LPS x of the middle of L1 to L4."""
        counts = sum((self.level == self.codes[name]).sum(axis=(1, 2)) for name in SCORED_LEVELS if name in self.codes)
        weights = np.asarray(counts, dtype=np.float64)
        mean = float(weights @ np.arange(len(weights)) / weights.sum())
        return float(self.phantom.affine[0, 3] + mean * self.phantom.affine[0, 0])


def _points(roi: Roi) -> npt.NDArray[np.float64]:
    """Points that fill a rectangle or an ellipse, LPS mm, shape (n, 3)."""
    outline = roi.outline_mm(48)
    center = np.array(roi.center_mm)
    if len(outline) == 4:
        corners = outline - center
        u, v = (corners[2] - corners[3]) / 2.0, (corners[2] - corners[1]) / 2.0
        s = np.linspace(-0.98, 0.98, _POINTS)
        away = s[:, None, None] * u + s[None, :, None] * v
    else:
        away = np.linspace(0.05, 0.99, _POINTS)[:, None, None] * (outline - center)
    filled: npt.NDArray[np.float64] = center + away.reshape(-1, 3)
    return filled


def summary_rows(rows: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
    """The table of the report: one row for each value of `key` (``findings`` counts a series for each of its own).

    Columns: ``group, series, refused_percent, asked_percent, wrong_percent, levels, whole_percent, csf_in_sac,
    slice_mm_p90, vbq_median, vbq_p90, csf_median``; the last three are absolute differences in percent, of series with
    the right names.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        values = str(row[key]).split(" + ") if key == "findings" else [str(row[key])]
        for value in values:
            groups.setdefault(value, []).append(row)
    return [_summary(name, group) for name, group in sorted(groups.items())] + [_summary("all", rows)]


def _summary(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    def values(column: str) -> npt.NDArray[np.float64]:
        found = [row[column] for row in rows if row.get(column) not in (None, "")]
        return np.abs(np.array(found, dtype=np.float64))

    def share(outcome: str) -> float:
        return 100.0 * len([row for row in rows if row["outcome"] == outcome]) / max(1, len(rows))

    levels, vbq, csf = values("levels").sum(), values("vbq_percent"), values("csf_percent")
    return {
        "group": name,
        "series": len(rows),
        "refused_percent": share("refused"),
        "asked_percent": share("asked"),
        "wrong_percent": share("wrong"),
        "levels": int(levels),
        "whole_percent": 100.0 * values("whole").sum() / max(1.0, levels),
        "csf_in_sac": float(values("csf_inside").mean()) if values("csf_inside").size else float("nan"),
        "slice_mm_p90": float(np.percentile(values("slice_mm"), 90)) if values("slice_mm").size else float("nan"),
        "vbq_median": float(np.median(vbq)) if vbq.size else float("nan"),
        "vbq_p90": float(np.percentile(vbq, 90)) if vbq.size else float("nan"),
        "csf_median": float(np.median(csf)) if csf.size else float("nan"),
    }
