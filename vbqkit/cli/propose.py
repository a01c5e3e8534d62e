"""``vbqkit propose``: automatic ROIs for a study, or for each study of a folder, to be confirmed by a reader."""

from __future__ import annotations

import argparse

from vbqkit.cli.opening import add_study_options, open_study
from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.proposal_file import write_proposal
from vbqkit.cli.propose_folder import is_for_folders, overlay_png, run_folder
from vbqkit.cli.report import Report
from vbqkit.errors import FormatError
from vbqkit.formats.files import user_path
from vbqkit.propose import Proposal, propose_rois

HELP = "Propose ROIs for L1 to L4, CSF and noise, to be confirmed by a reader; names only where the count is sure."

_COLUMNS = ("label", "confidence", "doubt", "slice", "area_cm2", "x_mm", "y_mm", "z_mm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    add_study_options(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="ROI file to write: .json, .csv, .zip (ImageJ) or a mask. A folder: each folder, archive or volume file in PATH is a study "
        "then and gets a ROI file there, and proposals.csv says how each ended; what is done is not done again",
    )
    parser.add_argument(
        "--overlay",
        metavar="PNG",
        help="write the slice with the proposed ROIs to this picture (many studies: to pictures in this folder)",
    )
    parser.add_argument(
        "--keep-names",
        action="store_true",
        help="many studies: call rows and ROI files after the studies' folders, which must hold nobody's name; else after a fingerprint",
    )
    parser.add_argument(
        "--with-uids",
        action="store_true",
        help="write the UIDs of the images into a JSON file: they lead to the patient",
    )
    parser.add_argument(
        "--series", type=int, metavar="NUMBER", help="row of 'vbqkit series' to propose on, counted from 0"
    )
    parser.add_argument(
        "--roi",
        choices=["fixed", "ellipse"],
        default="fixed",
        help="fixed: 0.40 cm2, as in the Košice group 2025 (default); ellipse: 40 %% of the body's area",
    )


def run(args: argparse.Namespace) -> Report:
    """Propose ROIs and write them.

    Raises
    ------
    VbqkitError
        If nothing can be proposed, or a file cannot be written.
    """
    if is_for_folders(args.out):
        if args.series is not None:
            raise FormatError("--series is for one study. For many, leave it out: the series is chosen in each.")
        return run_folder(args)
    study = open_study(args)
    with progress_bar("Looking at the series") as progress:
        proposal = propose_rois(study, series=args.series, kind=args.roi, progress=progress)
    said = write_proposal(args.out, proposal, identify=args.with_uids)
    if args.overlay:
        write_overlay(proposal, args.overlay)
    return Report(
        rows=proposal.as_rows(),
        columns=_COLUMNS,
        remarks=(*_remarks(proposal, args), *said),
        status=int(not proposal.named),
    )


def write_overlay(proposal: Proposal, path: str) -> None:
    """Write the proposed slice with its ROIs as PNG; a doubtful ROI has a question mark behind its label."""
    target = user_path(path)
    try:
        target.write_bytes(overlay_png(proposal))
    except OSError as error:
        raise FormatError(f"The picture {target} cannot be written ({error}). Choose another place.") from error


def _remarks(proposal: Proposal, args: argparse.Namespace) -> list[str]:
    volume = proposal.volume
    where = f"series {proposal.series_index} ({volume.acquisition.weighting}), slice {proposal.slice_index}"
    found = [
        f"Proposed on {where}; written to {args.out}. Open the study in the ROI studio with this file to accept or correct each."
    ]
    if proposal.named:
        found.append(f"Names counted from S1; log-likelihood {proposal.margin:.1f} above the next-best count.")
    else:
        found.append(f"NO NAMES: {proposal.question}")
    found += [f"! {p.roi.label}: {p.doubt}" for p in proposal.rois if p.doubt]
    found += [f"! {remark}" for remark in proposal.remarks]
    found.append("Trained on virtual patients alone. A proposal, to be confirmed by a reader; it does not diagnose.")
    return found
