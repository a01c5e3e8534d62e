"""Which group of a library a scan may be counted against: the one whose scanner, coil and protocol agree, or none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from vbqkit.errors import ScoreError
from vbqkit.image import Volume
from vbqkit.reference_library.group import MeasuredGroup
from vbqkit.scan_protocol import ScanProtocol
from vbqkit.scores.marrow_to_noise import ReferenceGroup

_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a library has for a scan.

    Attributes
    ----------
    reference : ReferenceGroup or None
        For the M-score; None where no group agrees.
    group : MeasuredGroup or None
        The group behind it.
    lines : tuple of str
        Which group, with n, mean and SD and their intervals; or, for every group, what differs.
    """

    reference: ReferenceGroup | None
    group: MeasuredGroup | None
    lines: tuple[str, ...]


def match_group(
    groups: Sequence[MeasuredGroup],
    volume: Volume,
    *,
    coil: str = "",
    name: str | None = None,
    rayleigh_correction: bool = False,
    today: dt.date | None = None,
) -> Match:
    """The group that a scan may be counted against.

    Scanner, coil and protocol must agree in every point that either header states
    (:data:`vbqkit.scan_protocol.ITEMS`); numbers within 2 %. Nothing is chosen because it is near.

    Parameters
    ----------
    groups : sequence of MeasuredGroup
        From :func:`read_library`.
    volume : Volume
        The T1 series.
    coil : str
        The coil, where the header is silent or you know it better.
    name : str, optional
        Which group, where several agree: two machines of one model have the same header.
    rayleigh_correction : bool
        Whether the SNR of the case is multiplied by 0.655.
    today : date, optional
        For how old the group is.

    Returns
    -------
    Match
        Without a reference where none agrees; the lines then say why not.
    """
    own = ScanProtocol.of(volume, coil=coil)
    missing = own.missing()
    if not groups:
        return _none("The library holds no reference group.")
    if missing:
        help_ = " State the coil." if "coil" in missing else ""
        return _none(f"The header does not state {', '.join(missing)}, so no group can be chosen.{help_}")
    asked = [one for one in groups if name in (None, one.name)]
    if not asked:
        return _none(f"The library has no group {name}; it has {', '.join(one.name for one in groups)}.")
    fitting = [one for one in asked if not own.differences(one.protocol)]
    if not fitting:
        return _none(*(f"Group {one.name} is of another scan. {_differs(own, one)}" for one in asked))
    if len(fitting) > 1:
        names = ", ".join(one.name for one in fitting)
        return _none(f"Groups {names} agree with this scan: the header does not tell their machines apart. Name one.")
    group = fitting[0]
    if group.rayleigh_correction != rayleigh_correction:
        had = "with" if group.rayleigh_correction else "without"
        return _none(
            f"The SNR of group {group.name} was measured {had} the Rayleigh correction. Measure the case the same way."
        )
    when = today or dt.datetime.now().astimezone().date()
    try:
        s, reference = group.statistics(), group.as_reference(today=when)
    except ScoreError as error:
        return _none(str(error))
    said = (
        f"Group {group.name} agrees with this scan in scanner, coil and protocol: n = {s.n}, mean SNR {s.mean:.4g} (95 % interval {s.mean_low:.4g} to "
        f"{s.mean_high:.4g}), SD {s.sd:.3g} ({s.sd_low:.3g} to {s.sd_high:.3g}), scanned {s.dates[0]} to {s.dates[1]}."
    )
    return Match(reference=reference, group=group, lines=(said, *(c.message for c in group.cautions(today=when))))


def _none(*why: str) -> Match:
    return Match(
        reference=None,
        group=None,
        lines=(*why, "There is no M-score without a group of the same scanner, coil and protocol."),
    )


def _differs(own: ScanProtocol, group: MeasuredGroup) -> str:
    found = [str(one).replace(" there", f" in {group.name}") for one in own.differences(group.protocol)]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"It differs in {'; '.join(found[:_SHOWN])}{more}."
