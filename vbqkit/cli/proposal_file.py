"""Proposed ROIs written to a file: as proposals where the format can say so."""

from __future__ import annotations

import os

from vbqkit.batch.choosing import waiting_rois
from vbqkit.formats import write_rois
from vbqkit.formats.rois import keeps_proposals
from vbqkit.propose import Proposal

CANNOT_SAY = "A file of this format cannot say that nobody has accepted these ROIs: other software takes them as placed. A .json file says it."


def write_proposal(path: str | os.PathLike[str], proposal: Proposal, *, identify: bool = False) -> tuple[str, ...]:
    """Write what was proposed; nothing in a JSON file counts as measured until a reader has accepted it.

    Returns
    -------
    tuple of str
        What to say about the file.

    Raises
    ------
    FormatError
        As :func:`vbqkit.formats.write_rois`.
    """
    if not keeps_proposals(path):
        write_rois(path, [p.roi for p in proposal.rois], image=proposal.volume)
        return (CANNOT_SAY,)
    write_rois(path, waiting_rois(proposal), image=proposal.volume, identify=identify)
    return ()
