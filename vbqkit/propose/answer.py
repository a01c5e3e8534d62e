"""The reader's answer where no names are given: one body is named, and the others follow by counting."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from vbqkit.errors import ProposalError
from vbqkit.propose.proposal import Proposal, ProposedRoi
from vbqkit.roi.labels import CSF, SPINE_LEVELS

UNNAMED_CSF = "as no level has a name"
"""What the doubt of a CSF ROI ends with while the level beside it has no name."""

_BODY = re.compile(r"body (\d+)")


def body_number(label: str) -> int | None:
    """Number of a body without a name, from above; None for any other label.

    Examples
    --------
    >>> body_number("body 3"), body_number("L3")
    (3, None)
    """
    found = _BODY.fullmatch(label)
    return None if found is None else int(found[1])


def names_by_counting(labels: Iterable[str], body: str, level: str) -> dict[str, str]:
    """What each body is called when one of them is named.

    Parameters
    ----------
    labels : iterable of str
        ``"body 1"``, ``"body 2"`` ... from above; a number that is missing is counted, other labels are not.
    body : str
        The body that the reader names.
    level : str
        What it is, one of T11 to S2.

    Returns
    -------
    dict of str to str
        By body; those above T11 or below S2 are not in it.

    Raises
    ------
    ProposalError
        If there is no such body or level.

    Examples
    --------
    >>> names_by_counting(["body 1", "body 2", "body 4", "CSF"], "body 2", "L3")
    {'body 1': 'L2', 'body 2': 'L3', 'body 4': 'L5'}
    """
    numbers = {label: number for label in labels if (number := body_number(label)) is not None}
    if body not in numbers:
        raise ProposalError(
            f"There is no '{body}' to be named. Without names are: {', '.join(numbers) or 'none, every level has a name'}."
        )
    if level not in SPINE_LEVELS:
        raise ProposalError(f"'{level}' is no level that can be counted from. Use one of {', '.join(SPINE_LEVELS)}.")
    first = SPINE_LEVELS.index(level) - numbers[body]
    return {
        label: SPINE_LEVELS[first + number]
        for label, number in numbers.items()
        if 0 <= first + number < len(SPINE_LEVELS)
    }


def with_names(proposal: Proposal, body: str, level: str, *, because: str = "") -> Proposal:
    """The proposal with names counted from one body that the reader has named; its question is answered.

    Parameters
    ----------
    proposal : Proposal
        One that asks.
    body : str
        Such as ``"body 3"``.
    level : str
        What it is.
    because : str
        Who says so, for the remark; ``"the reader"`` if not said.

    Returns
    -------
    Proposal
        Bodies above T11 and below S2 are left out. The margin stays that of the network.

    Raises
    ------
    ProposalError
        As :func:`names_by_counting`.
    """
    names = names_by_counting((p.roi.label for p in proposal.rois), body, level)
    remarks = [f"Names follow from {body}, which is {level} as {because or 'the reader says'}."]
    rois: list[ProposedRoi] = []
    for one in proposal.rois:
        label = one.roi.label
        if body_number(label) is None:
            doubt = named_doubt(one.doubt, names) if label == CSF else one.doubt
            rois.append(replace(one, doubt=doubt))
        elif label in names:
            rois.append(replace(one, roi=one.roi.with_label(names[label])))
    return replace(proposal, rois=tuple(rois), question="", remarks=(*proposal.remarks, *remarks))


def named_doubt(doubt: str, names: dict[str, str]) -> str:
    """A doubt about CSF, once the level beside it has a name: empty where that is L3, the usual place.

    Examples
    --------
    >>> named_doubt("at body 4, as no level has a name", {"body 4": "L2"})
    'beside L2; L3 is the usual place'
    """
    if not doubt.endswith(UNNAMED_CSF):
        return doubt
    level = next((name for body, name in names.items() if f"at {body}," in doubt), "")
    return "" if level in ("", "L3") else f"beside {level}; L3 is the usual place"
