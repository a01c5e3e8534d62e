"""What would make a count from the sacrum wrong though the network is sure of it: then the reader is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from vbqkit.errors import shown
from vbqkit.propose.chain import Peak
from vbqkit.propose.network_input import GRID_MM

LEAST_STEP_SHARE = 0.72
"""Of the median distance between neighbors: two peaks closer than this may be the halves of one body. In 1,500 virtual
people of 20 to 90 years without fracture no two bodies lay closer than 0.86 of it; the halves of a body that 10 mm of
metal split lay at up to 0.71."""

_LUMBAR = re.compile(r"LUMB|LS|L.?SPINE|^SPINE|SACR|WHOLE|PELV|ABD|BACK|WIRBEL|LWS|TL", re.IGNORECASE)
_OTHER = re.compile(
    r"HEAD|BRAIN|SKULL|SCHAEDEL|NECK|HALS|^C.?SPINE|CERV|HWS|^T.?SPINE|THOR|BWS|CHEST|HEART|BREAST|"
    r"SHOULDER|KNEE|ANKLE|FOOT|HAND|WRIST|ELBOW",
    re.IGNORECASE,
)


def split_question(chain: Sequence[Peak]) -> str:
    """What to ask where two bodies lie far closer than the others; empty where none do.

    Metal or a cleft across a body splits it, and every level above would be called one too high. The uppermost step
    does not count: nothing is counted from it, and the body there is often cut by the edge.

    Parameters
    ----------
    chain : sequence of Peak
        Bodies from above.
    """
    places = np.array([[peak.row, peak.col] for peak in chain]) * GRID_MM
    steps = np.hypot(*np.diff(places, axis=0).T)
    if len(steps) < 3:
        return ""
    usual, least = float(np.median(steps)), float(steps[1:].min())
    if least >= LEAST_STEP_SHARE * usual:
        return ""
    return (
        f"Two bodies lie only {least:.0f} mm apart, the others {usual:.0f}: they may be one, split by metal or a cleft. Say which level "
        "one of the bodies is."
    )


def body_part_question(body_part: str | None) -> str:
    """What to ask where the header names another part of the body; empty where it does not.

    Headers are copied from protocol to protocol, so a wrong one must not stop a reader; but no level is named on trust
    in a picture that its own header calls another.

    Examples
    --------
    >>> body_part_question("LSPINE"), body_part_question(None)
    ('', '')
    >>> body_part_question("CSPINE")[:44]
    "The header calls this a picture of 'CSPINE',"
    """
    if not body_part or _LUMBAR.search(body_part) or not _OTHER.search(body_part):
        return ""
    return (
        f"The header calls this a picture of '{shown(body_part, 16)}', so the levels are not named. If it is the lumbar spine, say which "
        "level one of the bodies is."
    )
