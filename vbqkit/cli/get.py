"""``vbqkit get spider --out DIR``: a published data set, downloaded because you asked for it, checked and laid out."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack

from vbqkit.cli.progress_bar import progress_bar
from vbqkit.cli.report import Report
from vbqkit.datasets import SPIDER, SpiderData, get_spider
from vbqkit.datasets.downloads import ZENODO
from vbqkit.datasets.erosion import MARGIN_MM

HELP = "Download a published data set (SPIDER: lumbar MRI of 218 patients, 3.8 GB), check it, and lay it out with ROIs for 'cohort score'."
_MOST_NAMED = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("name", choices=["spider"], help="which data set")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for it; about 8 GB. A download that broke off goes on there"
    )
    parser.add_argument(
        "--margin",
        type=float,
        default=MARGIN_MM,
        metavar="MM",
        help=f"how far ROIs are drawn in from the edge of a segmented body; {MARGIN_MM:g} mm unless you say",
    )
    parser.add_argument("--server", default=ZENODO, metavar="URL", help=f"a mirror with the interface of {ZENODO}")


def run(args: argparse.Namespace) -> Report:
    """Download and lay out.

    Raises
    ------
    FormatError
        If the server cannot be reached, a file is another one than its record says, or the disk is full.
    """
    with ExitStack() as bars:

        def bar(title: str) -> Callable[[int, int], None] | None:
            bars.close()  # of the file before
            return bars.enter_context(progress_bar(title))

        found = get_spider(args.out, server=args.server, margin_mm=args.margin, loading=bar, progress=bar("Patients"))
    return Report(
        rows=[
            {
                "patients": found.patients,
                "with_rois": found.with_rois,
                "studies": str(found.studies),
                "rois": str(found.rois),
            }
        ],
        remarks=(*_without(found), *_said(found, args.out)),
        status=int(found.with_rois == 0),
    )


def _without(found: SpiderData) -> list[str]:
    listed = [f"Patient {name} has no ROIs: {why}" for name, why in found.without[:_MOST_NAMED]]
    more = len(found.without) - len(listed)
    return listed + ([f"So have {more} others."] if more > 0 else [])


def _said(found: SpiderData, out: str) -> list[str]:
    checked = "Each file has the checksum (MD5) that its record on Zenodo states now."
    return [
        SPIDER,
        f"{checked} Names of levels are a count from below: a transitional vertebra shifts them. The CSF ROI is the canal drawn in, with roots.",
        f"Score it: vbqkit cohort score {found.studies} --rois {found.rois} --keep-names --out {out}/scores.csv",
    ]
