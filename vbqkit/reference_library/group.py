"""A reference group as it was measured: its members, what they amount to, and how sure that is."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, replace

from vbqkit.errors import Caution, FormatError, ScoreError, shown
from vbqkit.scan_protocol import ScanProtocol
from vbqkit.scores.marrow_to_noise import SMALL_REFERENCE, ReferenceGroup
from vbqkit.stats.from_summary import mean_interval
from vbqkit.stats.outliers import extreme_deviates
from vbqkit.stats.reliability import sd_interval

YOUNG_YEARS = (20.0, 30.0)
"""Ages of a young group; the women of the Košice group 2025 were 23 +- 2. Others are taken, and it is said."""

STALE_MONTHS = 12
"""After so many months without a new member or check nothing says that the group stands for today's scanner. The ACR's
quality control measures coils once a year (ACR MRI Quality Control Manual, 2015)."""

_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person of a group, or one scan of a phantom for its control chart.

    Attributes
    ----------
    code : str
        A pseudonym: letters, digits, - and _; no name. Of a check: what was scanned.
    age_years : float or None
        At the scan; None for a check.
    scanned_on : str
        ``"2026-03-14"``, or ``"2026-03"`` where the day is not to be kept.
    snr : float
        SNR(L1-L4) of a person; any SNR of a phantom, measured the same way each time.
    images : str
        One-way hash of the series, to notice one that is there already; empty where it is not known.
    """

    code: str
    scanned_on: str
    snr: float
    age_years: float | None = None
    images: str = ""

    def __post_init__(self) -> None:
        if _CODE.fullmatch(self.code) is None:
            raise FormatError(
                f"The code {shown(self.code)!r} of a member is not possible: use 1 to 40 letters, digits, - and _, and no name."
            )
        day_of(self.scanned_on)
        if not (math.isfinite(self.snr) and self.snr > 0):
            raise ScoreError(f"The SNR of {self.code} is {self.snr}; a number above 0 was expected. Measure again.")
        if self.age_years is not None and not 0 < self.age_years < 120:
            raise FormatError(f"The age of {self.code} is {self.age_years:g} years, which is not possible. Correct it.")


def day_of(text: str) -> dt.date:
    """The day of a date; the first of the month where it holds no day.

    Raises
    ------
    FormatError
        If it is no date.

    Examples
    --------
    >>> day_of("2026-03")
    datetime.date(2026, 3, 1)
    """
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            return dt.date(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        pass
    raise FormatError(f"The date {shown(text)!r} is not understood; write it like 2026-03-14, or 2026-03.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatistics:
    """What a group amounts to.

    Attributes
    ----------
    n : int
        Members.
    mean, mean_low, mean_high : float
        Mean of SNR with its interval: ``mean ± t(n - 1) SD / sqrt(n)``.
    sd, sd_low, sd_high : float
        SD (n - 1) with its interval: ``SD sqrt((n - 1) / chi2)``. It is the unit of every M-score.
    confidence : float
        Of both intervals, which hold for normally distributed SNR.
    ages, dates : tuple of 2
        Youngest and oldest; first and last scan. Ages are None where nobody's is known.
    outliers : tuple of str
        Codes of members far from the others; they stay in until you take them out.
    """

    n: int
    mean: float
    mean_low: float
    mean_high: float
    sd: float
    sd_low: float
    sd_high: float
    confidence: float
    ages: tuple[float, float] | None
    dates: tuple[str, str]
    outliers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredGroup:
    """Young healthy people on one scanner, with one coil and one protocol.

    Attributes
    ----------
    name : str
        What you call it: letters, digits, - and _; part of the file's name.
    protocol : ScanProtocol
        Scanner, coil and protocol that all members share.
    members : tuple of Member
        In the order in which they were added.
    checks : tuple of Member
        Scans of a phantom, or of one volunteer again and again: for the control chart only.
    rayleigh_correction : bool
        Whether SNR was multiplied by 0.655.
    """

    name: str
    protocol: ScanProtocol
    members: tuple[Member, ...] = ()
    checks: tuple[Member, ...] = ()
    rayleigh_correction: bool = False

    def __post_init__(self) -> None:
        if _CODE.fullmatch(self.name) is None:
            raise FormatError(
                f"The group cannot be called {shown(self.name)!r}: its name becomes a file name. Use 1 to 40 letters, digits, - and _."
            )

    def with_member(self, member: Member) -> MeasuredGroup:
        """The group with one more person.

        Raises
        ------
        FormatError
            If the code or the images are there already, or no age is given.
        """
        if member.age_years is None:
            raise FormatError(f"The age of {member.code} is not given; a group is of young people. Say it in years.")
        self._refuse_double(member)
        if any(one.code == member.code for one in self.members):
            raise FormatError(
                f"Group {self.name} has a member {member.code} already. Each person counts once: give another code, or leave it."
            )
        return replace(self, members=(*self.members, member))

    def with_check(self, check: Member) -> MeasuredGroup:
        """The group with one more scan of a phantom or volunteer.

        Raises
        ------
        FormatError
            If these images, or a check of this code and day, are there already.
        """
        self._refuse_double(check)
        if any((one.code, one.scanned_on) == (check.code, check.scanned_on) for one in self.checks):
            raise FormatError(
                f"Group {self.name} has a check {check.code} of {check.scanned_on} already. Give the day of this one, or leave it."
            )
        return replace(self, checks=(*self.checks, check))

    def _refuse_double(self, new: Member) -> None:
        same = next((one for one in (*self.members, *self.checks) if new.images and one.images == new.images), None)
        if same is not None:
            raise FormatError(
                f"The images of {new.code} are in group {self.name} already, as {same.code}. A scan counts once: choose another series."
            )

    def statistics(self, *, confidence: float = 0.95) -> GroupStatistics:
        """Mean, SD, their intervals, ages, dates and outliers.

        Raises
        ------
        ScoreError
            With fewer than 2 members, or if all have the same SNR: there is no SD then.
        """
        values = [one.snr for one in self.members]
        n = len(values)
        mean = math.fsum(values) / n if n else math.nan
        variance = math.fsum((v - mean) ** 2 for v in values) / (n - 1) if n > 1 else 0.0
        if not variance > 0:
            raise ScoreError(
                f"Group {self.name} has {n} member{'' if n == 1 else 's'}{' with one and the same SNR' if n > 1 else ''}, so it has no SD. Add "
                f"members: {SMALL_REFERENCE} or more are wanted."
            )
        sd = math.sqrt(variance)
        of_mean = mean_interval(mean, sd, n, confidence=confidence).iloc[0]
        sd_low, sd_high = sd_interval(variance, n - 1, confidence)
        ages = sorted(one.age_years for one in self.members if one.age_years is not None)
        dates = sorted((one.scanned_on for one in self.members), key=day_of)
        far = extreme_deviates(values).to_dict("records") if n > 2 else []
        odd = [self.members[row["position"]].code for row in far if row["outlier"]]
        return GroupStatistics(
            n=n,
            mean=mean,
            mean_low=float(of_mean.ci_low),
            mean_high=float(of_mean.ci_high),
            sd=sd,
            sd_low=sd_low,
            sd_high=sd_high,
            confidence=confidence,
            ages=(ages[0], ages[-1]) if ages else None,
            dates=(dates[0], dates[-1]),
            outliers=tuple(odd),
        )

    def cautions(self, *, today: dt.date) -> tuple[Caution, ...]:
        """What a reader of an M-score against this group must know: few members, outliers, ages, and how old it is."""
        found = []
        n = len(self.members)
        if n < SMALL_REFERENCE:
            found.append(
                Caution(
                    "reference-small",
                    f"Group {self.name} has {n} member{'' if n == 1 else 's'}; {SMALL_REFERENCE} or more are wanted.",
                )
            )
        if n > 1 and len({one.snr for one in self.members}) > 1 and (odd := self.statistics().outliers):
            found.append(
                Caution(
                    "reference-outlier",
                    f"{', '.join(odd)} of group {self.name} lie{'s' if len(odd) == 1 else ''} far from the others (Rosner's test, 5 %), which widens "
                    "the SD that M-scores are counted in. Look at the scan and its ROIs; nothing is left out for you.",
                )
            )
        old = [one.code for one in self.members if one.age_years is not None and not _young(one.age_years)]
        if old:
            found.append(
                Caution(
                    "reference-age",
                    f"{len(old)} of {n} members of group {self.name} are not {YOUNG_YEARS[0]:g} to {YOUNG_YEARS[1]:g} years old: {', '.join(old)}. "
                    "Marrow grows fatter with age, and the M-score lower for it.",
                )
            )
        last = max((day_of(one.scanned_on) for one in (*self.members, *self.checks)), default=None)
        if last is not None and (months := _months(last, today)) >= STALE_MONTHS:
            found.append(
                Caution(
                    "reference-stale",
                    f"The last scan of group {self.name} is {months} months old: nothing shows that the scanner is still as it was. Scan a member "
                    "or a phantom again (vbqkit reference add --check) and look at vbqkit reference drift.",
                )
            )
        return tuple(found)

    def as_reference(self, *, today: dt.date) -> ReferenceGroup:
        """What an M-score is counted against, with what its reader must know.

        Raises
        ------
        ScoreError
            As :meth:`statistics`.
        """
        s = self.statistics()
        return ReferenceGroup(
            mean=s.mean,
            sd=s.sd,
            n=s.n,
            scanner=f"group {self.name}: {self.protocol}",
            source=f"own library, scanned {s.dates[0]} to {s.dates[1]}",
            agrees=True,
            cautions=tuple(c for c in self.cautions(today=today) if c.code != "reference-small"),  # the score says it
        )


def _young(age_years: float) -> bool:
    return YOUNG_YEARS[0] <= age_years <= YOUNG_YEARS[1]


def _months(first: dt.date, last: dt.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
