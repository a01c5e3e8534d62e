"""Which sentences of the core students meet, in translated lessons or in the studio: for the catalogue ``core``."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]

SPOKEN: dict[str, tuple[str, ...]] = {
    "anatomy/tissues.csv": (
        "water part, such",
        "T1 and T2 of normal discs",
        "spinal: Drake",
        "methylene, the main peak",
    ),
    "classroom/hand_in.py": ("Your number is", "There are tries", "There is nothing", "The ROI file", "'{1}' cannot"),
    "exercises/against_proposal.py": (
        *(
            "Nothing is proposed",
            "The bodies get",
            "{1} by the reference",
            "by the proposal",
            "by yours",
            "The proposal",
        ),
        *("no ROI", "passes: left"),
    ),
    "exercises/progress.py": (),
    "exercises/student.py": (),
    "formats/acquisitions.py": ("{1} says {2} T", "The header lacks", "{1} is {2}", "The image went", "{1} says so"),
    "formats/copies.py": (),
    "formats/described.py": (),
    "formats/dicom.py": (),
    "formats/gray_levels.py": (),
    "formats/header_hints.py": (),
    "formats/linked_frames.py": (),
    "formats/roi_file.py": (),
    "formats/sidecars.py": (*("the BIDS", "whoever", "stated by {1}", "The sidecar", "it holds no", "; BIDS gives"),),
    "formats/volumes.py": (
        *("The file format", "the file format", "The header", "Volume {1}", "; but its", "looks wrong", "may be"),
        *("stated by", "{1} voxels"),
    ),
    "image.py": ("The ROI lies", "stated by the user"),
    "propose/agreement.py": (),
    "propose/answer.py": ("Names follow", "the reader says", "as no level", "beside {1}"),
    "propose/doubts.py": (),
    "propose/miscounts.py": (),
    "propose/naming.py": (),
    "propose/placement.py": (),
    "propose/places.py": (),
    "propose/series.py": (),
    "propose/transitional.py": (),
    "roi/origin.py": ("ROIs proposed", "resized", "renamed"),
    "roi/shape.py": ("ROI '{1}' covers", "ROI '{1}' lies", "ROI '{1}' reaches"),
    "scanner/prepared.py": ("A noise",),
    "scanner/sequences.py": (*("TE ({1}", "{1} is {2} ms", "Inversion and", "Cross-talk needs", "An echo train"),),
    "scores/air.py": ("slice {1} has no free air",),
    "scores/case.py": (
        *("{1} was not computed", "overruled:", "Two ROIs", "No score is", "the series are", "{1} needs", "{1} cannot"),
        *("On the",),
    ),
    "scores/definition.py": (
        *("there is no {1} series", "no ROI", "the {1} series cannot", "its value", "overruled:", "the pixels under"),
    ),
    "scores/jitter.py": ("lengths up", "size as", "shifts up", "normal shifts"),
    "scores/levels.py": (
        *(
            "No ROI for",
            "ROI areas",
            "{1}: pixels reach",
            "{1} levels cannot",
            "{1} was left",
            "{1} ({2})",
            "{1} cannot be",
        ),
        *("Chen 2023:", "Huang 2026:", "leave out"),
    ),
    "scores/marrow_to_csf.py": (
        *("VBQ is free", "The CSF ROI", "CSF is not brighter", "T2 minus STIR is free", "Cui 2025 and Chen"),
        *("T2 and STIR are", "mean over levels of (T2", "No ROI '{1}' on", "T2 has levels", "{1}: STIR hides"),
    ),
    "scores/marrow_to_noise.py": (
        *("The noise ROI", "With n", "{1}; also higher", "Scanner, coil", "The M-score holds", "Reference group: n"),
        *("not stated", "Košice group 2025", "{1}; Bandirali"),
    ),
    "scores/noise.py": (),
    "scores/noise_agreement.py": (),
    "scores/noise_grain.py": (),
    "scores/places.py": (),
    "scores/propagation.py": (
        *(
            "t and chi-square",
            "n = {1}; noncentral",
            "percentiles of",
            "delta method",
            "{1}: no outline",
            "{1} ({2} % of",
        ),
        *("{1}: no other place",),
    ),
    "scores/reconstruction.py": (
        *(
            "the series was reconstructed",
            "The coil's",
            "parallel imaging",
            "The series was accelerated",
            "ScanOptions",
        ),
        *("The picture was", ": neighbours repeat", "{1} pixels (rows"),
    ),
    "scores/registry.py": (
        *("no reference group", "Signal-to-noise", "SNR against", "SD of the", "Marrow over", "T2 minus STIR, marrow"),
        *("mean over levels", "median or mean"),
    ),
    "scores/result.py": ("higher =", "lower =", "no direction", "{1} is not given"),
    "scores/roi_checks.py": ("{1} is {2} (median",),
    "scores/roi_csf.py": (),
    "scores/roi_geometry.py": (),
    "scores/roi_marrow.py": (),
    "scores/score_shift.py": (),
    "scores/series_cautions.py": (),
    "scores/uncertainty_budget.py": (),
    "studio/annotations.py": ("An annotation", "The annotation", "{1} are not", "{1} annotations"),
    "studio/case_folder.py": (),
    "studio/casefile.py": (),
    "studio/drawn_roi.py": (),
    "studio/intervals.py": ("No interval", "too many draws", "Of its variance", "Placement, assumed"),
    "studio/linking.py": (),
    "studio/proposals.py": (
        *("Not accepted", "Accepted", "Rejected", "Proposing", "The studio shows", "Not proposed", "Proposed on"),
        *("Nothing", "{1} ROIs proposed", ", {1} of them", "say which", "Shift+Enter", "the network is not sure"),
        *("{1} cannot be accepted",),
    ),
    "studio/readout.py": ("ROI '{1}' was drawn", "No score is defined", "HU are measured"),
    "studio/shared_rois.py": (),
    "studio/views.py": (
        *("This series", "Not shown", "The study has", "Every pixel", "The signal goes", "{1} pixels are", "No frame"),
        *("It has another", "It is tilted", "Lines show", "Full range", "Bright tissue", "Background", "Soft tissue"),
        *("{1} mm thick", "plane unknown"),
    ),
    "weighting.py": (
        *("phase image", "real part", "imaginary part", "water image", "fat image", "fraction map", "opposed-phase"),
        *(
            "quantitative map",
            "derived image",
            "echo-planar",
            "inversion recovery",
            "gradient echo",
            "fat suppression:",
        ),
        *("its ", "spin echo with", "scanning sequence", "(scanning sequence", "image of", "contrast agent given"),
        *("localiser", "the scores are", "the header", "{1}", "Stated"),
    ),
}
"""Module to the beginnings of its sentences that students meet; an empty tuple: all of them."""

_WORDS = re.compile(r"[^\W\d_]\S* \S*[^\W\d_]")


def spoken_of(name: str) -> Iterator[str]:
    """The sentences of a module of :data:`SPOKEN`, or of the sources in a table, that students meet.

    Examples
    --------
    >>> next(spoken_of("scores/jitter.py"))
    'lengths up to ±{1} %'
    """
    path = PACKAGE / name
    if path.suffix == ".csv":
        lines = (line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
        yield from (row["source"] for row in csv.DictReader(lines) if row["source"].startswith(SPOKEN[name]))
    else:
        yield from templates_of(path.read_text(encoding="utf-8"), SPOKEN[name])


def templates_of(source: str, starts: tuple[str, ...]) -> Iterator[str]:
    """The sentences in the source of a module, values as ``{1}``, ``{2}``; what begins so, or all.

    Examples
    --------
    >>> list(templates_of('x = f"{n} pixels are odd"', ()))
    ['{1} pixels are odd']
    """
    for text in _strings(ast.parse(source)):
        plain = text.strip()
        if _WORDS.search(plain) and (not starts or plain.startswith(starts)):
            yield plain


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"{{{values.index(part) + 1}}}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
        for part in values:
            yield from _strings(part.value)
        return
    for child in ast.iter_child_nodes(node):
        yield from _strings(child)
