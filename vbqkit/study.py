"""A study and its series: what one examination holds, with pixels on demand. Frozen values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from vbqkit.acquisition import Acquisition
from vbqkit.errors import Caution, FormatError
from vbqkit.html_table import notes_html, table_html
from vbqkit.image import Volume
from vbqkit.protocol_words import is_pseudonym, safe_text
from vbqkit.values import ByContent, same


@dataclass(frozen=True, eq=False)
class Series(ByContent):
    """One series of a study: its headers now, its pixels when asked for.

    Two are equal if their headers and their source say the same, and their pixels where they are in memory already.

    Parameters
    ----------
    acquisition : Acquisition
        What the header says.
    shape : tuple of 3 ints or None
        Planes, rows, columns; None where the headers do not agree.
    spacing_mm : tuple of 3 floats or None
        Between slices (nan: a single slice of unknown thickness), rows and columns.
    plane : str or None
        Sagittal, coronal, axial; None where no orientation is given.
    read : callable
        ``read() -> Volume``; raises VbqkitError.
    source : str
        File or folder it came from, for messages.
    cautions : tuple of Caution
        What is odd; shown beside every number from this series.
    refusal : str or None
        Why this series cannot be scored (contrast agent, localiser, derived, axial, not MR ...); None if it can.
    patient_id : str or None
        Pseudonym or number of the patient, as the header has it, so that a listing shows whose images these are. Never
        the name; volumes, ROI files and case files do not hold it.
    study_date : str or None
        Such as ``"2026-01-02"``.
    study_cautions : tuple of Caution
        What is odd about the study as a whole (a file that could not be read, an empty one ...). A listing shows them
        once; a volume carries them with its own, so that they reach every number.
    """

    acquisition: Acquisition
    shape: tuple[int, int, int] | None
    spacing_mm: tuple[float, float, float] | None
    plane: str | None
    read: Callable[[], Volume] = field(repr=False, compare=False)
    source: str = ""
    cautions: tuple[Caution, ...] = ()
    refusal: str | None = None
    patient_id: str | None = None
    study_date: str | None = None
    study_cautions: tuple[Caution, ...] = ()

    def __eq__(self, other: object) -> bool:
        alike = super().__eq__(other)
        return alike if alike is not True else same(_in_memory(self), _in_memory(other))

    __hash__ = ByContent.__hash__

    @property
    def scorable(self) -> bool:
        """Whether a score may be computed from this series."""
        return self.refusal is None

    def volume(self) -> Volume:
        """Read the pixels. The volume carries every caution that is known (of the study, the series and the pixels).

        And the refusal of the series, whoever stated it.
        """
        volume = self.read()
        codes = {caution.code for caution in volume.cautions}
        more = [caution for caution in self.cautions if caution not in volume.cautions]
        more += [caution for caution in self.study_cautions if caution.code not in codes]
        refusal = volume.refusal or self.refusal
        if not more and refusal == volume.refusal:
            return volume
        return replace(volume, cautions=(*volume.cautions, *more), refusal=refusal)

    def __repr__(self) -> str:
        a = self.acquisition
        size = "size unknown" if self.shape is None else " x ".join(map(str, self.shape))
        note = "" if self.refusal is None else f"; not scorable: {self.refusal}"
        named = f" '{safe_text(a.series_description)}'" if a.series_description else ""
        whose = "".join(f"; {what}" for what in (self._patient, self.study_date) if what)
        return f"<Series {a.series_number or '-'}{named} {self.plane or 'plane unknown'} {a.weighting}, {size}{whose}{note}>"

    def _repr_html_(self) -> str:
        """What the repr says, as a table; no pixel and no name, for a notebook saves it."""
        return table_html(_facts(self)) + notes_html(_said(self))

    @property
    def _patient(self) -> str | None:
        """As a listing may show it: a number that is not made up leads to the patient."""
        if self.patient_id is None:
            return None
        return f"patient {self.patient_id}" if is_pseudonym(self.patient_id) else "patient not pseudonymised"


@dataclass(frozen=True, eq=False)
class Study(ByContent):
    """The series of one patient's examination.

    Parameters
    ----------
    series : tuple of Series
        In the order of their series numbers.
    source : str
        Where it was read from.
    cautions : tuple of Caution
        What is odd about the study as a whole: files that could not be read, several patients.
    not_read : tuple of str
        Files that hold no image, such as reports and read-me files: a listing says how many, no score does.
    """

    series: tuple[Series, ...]
    source: str = ""
    cautions: tuple[Caution, ...] = ()
    not_read: tuple[str, ...] = ()

    @property
    def not_read_note(self) -> str | None:
        """How many files hold no image, in a sentence for a listing; None where each does."""
        if not self.not_read:
            return None
        return self._not_read(self.not_read[0])

    def _not_read(self, first: str) -> str:
        count = len(self.not_read)
        files = "1 file holds" if count == 1 else f"{count} files hold"
        return f"{files} no image and {'was' if count == 1 else 'were'} not read, the first is {first}."

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def find(self, weighting: str, *, plane: str = "sagittal") -> Series:
        """The one scorable series of this weighting and plane.

        Raises
        ------
        FormatError
            If there is none or more than one: the message lists what there is, so that the caller can choose.
        """
        found = [s for s in self.series if s.scorable and s.acquisition.weighting == weighting and s.plane == plane]
        if len(found) == 1:
            return found[0]
        listing = "\n".join(f"  {i}: {s!r}" for i, s in enumerate(self.series)) or "  (no series)"
        raise FormatError(
            f"{len(found)} scorable {plane} {weighting} series in {self.source or 'the study'}; exactly one is needed. "
            f"Choose by number with study.series[i]:\n{listing}"
        )

    def __repr__(self) -> str:
        lines = [f"<Study of {len(self.series)} series{'' if self.source else ' from memory'}"]
        lines += [f"  {i}: {s!r}" for i, s in enumerate(self.series)]
        first = safe_text(re.split(r"[\\/:]", self.not_read[0])[-1]) if self.not_read else ""
        lines += [f"  {self._not_read(first)}"] if self.not_read else []
        return "\n".join(lines) + ">"

    def _repr_html_(self) -> str:
        """One row a series, and what is odd about each; no pixel and no name, for a notebook saves it."""
        listed = [{"series": number, **_facts(series)} for number, series in enumerate(self.series)]
        notes = [f"Series {number}: {said}" for number, series in enumerate(self.series) for said in _said(series)]
        notes += [f"Of the study: {caution.code}" for caution in dict.fromkeys(self.cautions)]
        first = safe_text(re.split(r"[\\/:]", self.not_read[0])[-1]) if self.not_read else ""
        notes += [self._not_read(first)] if self.not_read else []
        notes += [] if listed else ["There is no series."]
        rows = {str(row["series"]): list(row.values())[1:] for row in listed}
        table = table_html(rows, head=tuple(listed[0])) if listed else ""
        return table + notes_html(notes)


def _facts(series: Series) -> dict[str, object]:
    a = series.acquisition
    return {
        "description": safe_text(a.series_description) if a.series_description else None,
        "plane": series.plane,
        "weighting": a.weighting,
        "planes x rows x columns": None if series.shape is None else " x ".join(map(str, series.shape)),
        "between slices, rows, columns, mm": None
        if series.spacing_mm is None
        else " x ".join(f"{mm:.3g}" for mm in series.spacing_mm),
        "TR, ms": a.tr_ms,
        "TE, ms": a.te_ms,
        "TI, ms": a.ti_ms,
        "field, T": a.field_t,
        "can be scored": series.scorable,
    }


def _said(series: Series) -> list[str]:
    """Why it is refused, and the codes of its cautions: their messages name files, and a name can be a patient's."""
    refusal = [] if series.refusal is None else [f"Not scorable: {series.refusal}"]
    codes = ", ".join(dict.fromkeys(caution.code for caution in series.cautions))
    return refusal + ([f"Read its cautions ({codes}): series.cautions"] if codes else [])


def make_series(volume: Volume, *, source: str = "memory", refusal: str | None = None) -> Series:
    """A series around a volume that is already in memory, such as a simulated one."""
    kept = volume if refusal is None else replace(volume, refusal=refusal)
    return Series(
        acquisition=kept.acquisition,
        shape=kept.shape,
        spacing_mm=kept.spacing_mm,
        plane=kept.plane,
        read=partial(_same, kept),
        source=source,
        cautions=kept.cautions,
        refusal=kept.refusal,
    )


def _same(volume: Volume) -> Volume:
    return volume


def _in_memory(series: object) -> Volume | None:
    """The volume of a series that has its pixels; None of one that reads them from files."""
    read = getattr(series, "read", None)
    return read.args[0] if isinstance(read, partial) and read.func is _same else None
