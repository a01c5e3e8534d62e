"""From a study or a series to proposed ROIs: the one function that users call."""

from __future__ import annotations

from collections.abc import Callable

from vbqkit.errors import ProposalError, kind_of
from vbqkit.image import Volume
from vbqkit.propose.agreement import propose_on_volumes
from vbqkit.propose.placement import propose_on_volume
from vbqkit.propose.places import RoiKind
from vbqkit.propose.proposal import Proposal
from vbqkit.study import Series, Study

ORDER_OF_CHOICE = ("T1", "T2", "STIR", "PD", "unknown")
"""Of several series that can be scored, ROIs are proposed on the first of these; the others must agree."""


def propose_rois(
    study: Study | Volume,
    *,
    series: int | None = None,
    kind: RoiKind = "fixed",
    check_other_series: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Proposal:
    """Propose ROIs for L1 to L4 and their neighbors, CSF and noise; a reader must confirm each.

    A network of 0.92 million parameters, trained on virtual patients alone, finds bodies, sac and the center of each
    body on sagittal slices of 1.5 mm. Names are counted from S1 and given where this count is likelier than the next by
    a margin; else there is a question and the ROIs are called ``"body 1"``, ``"body 2"`` ... from above.

    Parameters
    ----------
    study : Study or Volume
        Of a study the first of T1, T2, STIR that can be scored; the others in the same frame of reference must agree on
        places and names, see :func:`vbqkit.propose.agreement.agreed`.
    series : int or None
        Row of the series to use instead.
    kind : {"fixed", "ellipse"}
        0.40 cm2 (Košice group 2025), or an ellipse of 40 % of the area of the body's marrow.
    check_other_series : bool
        Whether the other series are looked at.
    progress : callable or None
        ``progress(done, total)`` in series.

    Returns
    -------
    Proposal
        To be looked at, not to be measured unseen.

    Raises
    ------
    ProposalError
        If the series is not what the network was made for, or no chain of bodies is found: the message says why.

    Examples
    --------
    >>> import numpy as np
    >>> from vbqkit.image import Volume
    >>> blank = Volume(np.zeros((3, 200, 200)), np.diag([4.0, 1.5, 1.5, 1.0])[[0, 2, 1, 3]])
    >>> propose_rois(blank)
    Traceback (most recent call last):
    ...
    vbqkit.errors.ProposalError: The pixels of this series are all the same...
    """
    if isinstance(study, Volume):
        return propose_on_volume(study, kind=kind)
    if not isinstance(study, Study):
        raise ProposalError(f"A study or a volume is needed, such as read_study(path) gives; got {kind_of(study)}.")
    chosen, others = _chosen_series(study, series)
    rows = [chosen, *(others if check_other_series else ())]
    return propose_on_volumes([study.series[i].volume for i in rows], numbers=rows, kind=kind, progress=progress)


def _chosen_series(study: Study, number: int | None) -> tuple[int, tuple[int, ...]]:
    """Row of the series to propose on, and the rows of those that must agree."""
    if number is not None and not 0 <= number < len(study):
        raise ProposalError(f"There is no series {number}: the study has series 0 to {len(study) - 1}.")
    able = [i for i, s in enumerate(study) if s.scorable and s.plane in ("sagittal", None)]
    able.sort(key=lambda i: ORDER_OF_CHOICE.index(study.series[i].acquisition.weighting))
    if number is None and not able:
        raise ProposalError(
            f"No series of {study.source or 'the study'} can have ROIs proposed: {'; '.join(map(_why_not, study)) or 'there is none'}. "
            "A sagittal MRI of the lumbar spine without contrast agent is needed."
        )
    chosen = able[0] if number is None else number
    weightings = {study.series[chosen].acquisition.weighting}
    others = []
    for i in able:
        weighting = study.series[i].acquisition.weighting
        if i != chosen and weighting not in weightings and weighting != "unknown":
            weightings.add(weighting)
            others.append(i)
    return chosen, tuple(others)


def _why_not(series: Series) -> str:
    return f"{series.acquisition.weighting} {series.plane or 'of unknown plane'}: {series.refusal or 'not sagittal'}"
