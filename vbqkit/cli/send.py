"""``vbqkit send``: DICOM files to another node, such as the report and the segmentation of a case to the PACS."""

from __future__ import annotations

import argparse

from vbqkit import node
from vbqkit.cli.report import Report

HELP = "Send DICOM files to another node by C-STORE; they name the patient as they do."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="DICOM files, such as case.sr.dcm and case.seg.dcm")
    parser.add_argument("--to", required=True, metavar="AE@HOST:PORT", help="where to, such as ORTHANC@127.0.0.1:4242")
    parser.add_argument("--ae", default="VBQKIT", metavar="TITLE", help="what this sender calls itself (VBQKIT)")


def run(args: argparse.Namespace) -> Report:
    """Send, and say what arrived.

    Raises
    ------
    VbqkitError
        If a file cannot be read or did not arrive.
    """
    peer = node.Peer.parse(args.to)
    sent = node.send_files(args.files, peer, ae_title=args.ae)
    return Report(
        rows=[{"file": str(path), "to": str(peer), "sent": True} for path in sent],
        remarks=(f"{peer} has taken {len(sent)} of {len(args.files)} files.",),
    )
