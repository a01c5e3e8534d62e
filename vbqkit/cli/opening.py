"""How commands open a study: the options that they share, and reading it with a progress bar."""

from __future__ import annotations

import argparse
from typing import Any

from vbqkit.cli.progress_bar import progress_bar
from vbqkit.formats import read_study
from vbqkit.study import Study


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """The study, and what its headers may be wrong about."""
    parser.add_argument("path", metavar="PATH", help="folder, file, ZIP archive or DICOMDIR")
    parser.add_argument(
        "--plane",
        choices=["sagittal", "coronal", "axial"],
        help="the plane of the stored slices, where the header of a NIfTI, MHA or NRRD file is wrong",
    )
    parser.add_argument(
        "--accept-derived",
        action="store_true",
        help="read series tagged DERIVED or SECONDARY as originals, as old archives tag them",
    )
    parser.add_argument(
        "--link-frames",
        action="store_true",
        help="take series of different frames of reference for one where their slices lie at the same places, as anonymisers leave them",
    )
    parser.add_argument(
        "--identify",
        action="store_true",
        help="show patient numbers, whole descriptions and names of files as they are; masked unless you ask for it",
    )


def open_study(args: argparse.Namespace, **options: Any) -> Study:
    """Read the study that a command names; `options` as in :func:`vbqkit.formats.read_study`."""
    with progress_bar("Reading headers") as progress:
        return read_study(
            args.path,
            plane=args.plane,
            accept_derived=args.accept_derived,
            link_frames=args.link_frames,
            progress=progress,
            **options,
        )
