"""Virtual patients to practise on, drawn by a seed: a class gets different ones, and a teacher can make each again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from vbqkit.anatomy.assembly import make_phantom
from vbqkit.anatomy.findings.finding import Finding
from vbqkit.anatomy.findings.registry import FINDINGS
from vbqkit.anatomy.patients import draw_patients
from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.sample_patients import sample_patient
from vbqkit.errors import VbqkitError
from vbqkit.image import FloatArray, Slice, Volume
from vbqkit.roi import Roi
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.forward_model import acquire, affine_from, make_geometry, slices_with
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.visit import Day, draw_day

_FINDING_OF_KIND: Mapping[str, type[Finding]] = {f.teaching_kind: f for f in FINDINGS if f.teaching_kind}

Kind = str
"""Kind of a practice case: one of :data:`KINDS`."""

KINDS: tuple[Kind, ...] = ("plain", "young", *_FINDING_OF_KIND)
"""A woman of 45 to 80, a woman of 22 to 35, or the finding to be seen."""

PRACTICE_SCANNER = "generic-1.5t"
"""Preset of the practice cases: its air holds noise, so that SNR can be measured."""

_WIDTH_MM, _WIDE_MM = 26.4, 66.0
"""Five slices of 4.4 mm and room for their profiles; the wide body of a scoliosis, mm."""
_SLICES = 5
_MIDDLE_MM = 15.4
"""Wide enough for the middle slice and its thickness, mm."""
_PLANE_MM = 1.1
_ROOM_MM, _DRAWS = 12.0, 100
"""Least distance of the center of a reference ROI to the edge of the picture, mm: a ROI of 0.40 cm2 fits with room for
a careful hand; and how often a day is drawn until it is kept."""
_COARSE_PLANE_MM = 2.2
"""Two planes a slice: for pictures, where no fine truth is asked for, and for the wide body of a scoliosis."""

DAYS_IN_ONE_PLACE = 4
"""Days 0 to 3, as earlier versions drew them: the patient's coordinates are the same on each, and noise is drawn slice
after slice. From here on the patient lies elsewhere and has other coordinates each day (:data:`_LANDMARK_MM`), and each
slice has noise of its own, so that it can be scanned alone."""

_LANDMARK_MM = (100.0, 400.0)
"""How far from the middle the origin of the coordinates may lie, mm, from front to back and along the spine: a
technologist sets the landmark anew each day. Not every patient has room in the picture to lie elsewhere, so this must
tell days apart: of pairs of days, 3 in 10,000 lie within 4 mm."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class TeachingCase:
    """A virtual patient, scanned. Synthetic.

    What lies under each pixel and where an expert would measure is not among its attributes: a student who completes
    ``case.`` in a notebook does not meet the answer. Graders take it by :func:`truth_of`, teachers by
    :mod:`vbqkit.teacher`.

    Attributes
    ----------
    name : str
        Such as ``"plain-7"``: kind and seed, all that is needed to make it again.
    volumes : mapping of str to Volume
        Weighting to series.
    scanner : Scanner
        The machine it was scanned on.
    """

    name: str
    volumes: Mapping[str, Volume] = field(repr=False)
    scanner: Scanner = field(repr=False)
    _phantom: Phantom = field(repr=False)

    def middle_slice(self, weighting: str = "T1") -> Slice:
        """The slice that shows the sac where CSF is measured."""
        csf = next(roi for roi in self._phantom.reference_rois if roi.label == "CSF")
        return self.volumes[weighting].nearest_slice(csf.center_mm)

    def __repr__(self) -> str:
        return f"<TeachingCase {self.name}: {', '.join(self.volumes)} on {self.scanner.model}; synthetic>"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SampleCase:
    """A synthetic patient of ``sample_data`` to practise on: the images; :func:`truth_of` grows the body.

    Attributes
    ----------
    name : str
        ``"case01"`` to ``"case07"``.
    volumes : mapping of str to Volume
        Weighting to series, as read.
    """

    name: str
    volumes: Mapping[str, Volume] = field(repr=False)

    def middle_slice(self, weighting: str = "T1") -> Slice:
        """The slice in the middle of the patient."""
        return self.volumes[weighting].nearest_slice((0.0, 0.0, 0.0))


def truth_of(case: TeachingCase | SampleCase) -> Phantom:
    """The body of a practice case, with its findings and reference ROIs: what placements are graded against.

    Parameters
    ----------
    case : TeachingCase or SampleCase
        The body of a patient of ``sample_data`` takes some seconds the first time.

    Returns
    -------
    Phantom
    """
    return case._phantom if isinstance(case, TeachingCase) else _sample_body(case.name)


@lru_cache(maxsize=1)
def _sample_body(name: str) -> Phantom:
    return sample_patient(name).phantom()


def case_seed(student: str, exercise: str) -> int:
    """The seed of a student's case: the same name and exercise always give the same number.

    Examples
    --------
    >>> case_seed("7", "placing") == case_seed(" 7 ", "placing"), case_seed("7", "placing") == case_seed("8", "placing")
    (True, False)
    """
    digest = hashlib.sha256(f"{student.strip().casefold()}|{exercise}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100_000


def make_case(
    seed: int,
    *,
    kind: Kind = "plain",
    weightings: Sequence[str] = ("T1",),
    scanner: str | Scanner = PRACTICE_SCANNER,
    slices: int = _SLICES,
    day: int = 0,
) -> TeachingCase:
    """Draw a patient, grow the body, and scan it.

    Parameters
    ----------
    seed : int
        The same seed, kind and scanner give the same case.
    kind : str
        ``"plain"`` (woman of 45 to 80), ``"young"`` (woman of 22 to 35), or the finding to be seen.
    weightings : sequence of str
        Series to scan.
    scanner : str or Scanner
        A preset's name, or a machine.
    slices : int
        How many slices about the middle, odd.
    day : int
        0, or the number of a later visit: the same patient in another place of the field of view, with other noise;
        from 4 on also at other coordinates (:data:`DAYS_IN_ONE_PLACE`).

    Returns
    -------
    TeachingCase

    Raises
    ------
    VbqkitError
        If there is no such kind.
    """
    body = draw_body(seed, kind=kind, slices=slices)
    return scan_body(body, kind=kind, weightings=weightings, scanner=scanner, slices=slices, day=day)


def draw_body(seed: int, *, kind: Kind = "plain", slices: int = _SLICES) -> Phantom:
    """Draw a patient and grow the body: most of the time that :func:`make_case` takes.

    Parameters
    ----------
    seed, kind, slices
        As :func:`make_case` takes them.

    Raises
    ------
    VbqkitError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise VbqkitError(f"There is no kind of case '{kind}'; choose one of {', '.join(KINDS)}.")
    people, form = (np.random.default_rng([seed, stream]) for stream in (1, 2))
    ages = (22.0, 35.0) if kind == "young" else (45.0, 80.0)
    shown = _FINDING_OF_KIND.get(kind, Finding)
    (patient,) = draw_patients(1, rng=people, sex="F", age_range=ages, fractured=shown.of_the_fractured)
    wide = shown.off_midline
    return make_phantom(
        patient.with_name(case_name(kind, seed)),
        seed=seed,
        findings=findings_of(kind, form),
        width_mm=_WIDE_MM if wide else max(_WIDTH_MM, slices * _WIDTH_MM / _SLICES),
        plane_mm=_COARSE_PLANE_MM if wide else _PLANE_MM,
    )


def scan_body(
    body: Phantom,
    *,
    kind: Kind,
    weightings: Sequence[str] = ("T1",),
    scanner: str | Scanner = PRACTICE_SCANNER,
    slices: int = _SLICES,
    day: int = 0,
    around: Sequence[Roi] | None = None,
) -> TeachingCase:
    """Scan a body on one day: with :func:`draw_body`, what :func:`make_case` does.

    Parameters
    ----------
    body : Phantom
        From :func:`draw_body`; several days of one patient share it.
    kind, weightings, scanner, slices, day
        As :func:`make_case` takes them; `kind` and `slices` as the body was drawn with.
    around : sequence of Roi, optional
        To save time, only the slices from the first to the last on which one of these or a reference ROI lies; the
        others stay black. What these ROIs hold is the same. Before the day :data:`DAYS_IN_ONE_PLACE` every slice is
        scanned, since noise was drawn slice after slice.
    """
    machine = scanner_named(scanner) if isinstance(scanner, str) else scanner
    seed, wide = body.seed, _FINDING_OF_KIND.get(kind, Finding).off_midline
    noise = np.random.default_rng([seed, 3, day] if day else [seed, 3])
    wanted = 9 if wide else slices
    moves = day >= DAYS_IN_ONE_PLACE
    landmark = _landmark(seed, day) if moves else np.zeros(3)
    phantom = body
    volumes = {}
    for number, weighting in enumerate(weightings):
        protocol = machine.protocol(weighting)
        first = (protocol.slices - wanted) // 2
        every = range(first, first + wanted)
        drawn = _later_day(seed, day, protocol, in_view=body if moves else None) if day else Day()
        if moves and number == 0:  # the middle of the field of view stays where it is: the patient lies elsewhere
            phantom = body.moved(-np.array(drawn.offset_mm))
        center = body.center_mm if moves else drawn.center_mm(body) if day else None
        chosen = every
        geometry = make_geometry(phantom, machine, protocol, center)
        if around is not None and moves:
            placed = [roi.moved(-landmark) for roi in around]
            lie = slices_with([*placed, *phantom.reference_rois], geometry)
            chosen = range(max(lie.start, every.start), min(lie.stop, every.stop)) or every
        volume = acquire(phantom, machine, protocol, rng=noise, slices=chosen, center_mm=center, apart=moves)
        if chosen != every:
            black = (chosen.start - every.start, every.stop - chosen.stop)
            pixels = np.pad(volume.pixels, (black, (0, 0), (0, 0)))
            volume = replace(volume, pixels=pixels, affine=affine_from(every.start, geometry))
        affine = volume.affine.copy()
        affine[:3, 3] += landmark
        volumes[weighting] = replace(
            volume,
            affine=affine,
            acquisition=replace(volume.acquisition, frame_of_reference_uid=_frame_uid(kind, seed, day)),
        )
    if moves:
        phantom = phantom.moved(landmark)
    return TeachingCase(name=case_name(kind, seed, day), volumes=volumes, scanner=machine, _phantom=phantom)


def middle_body(name: str) -> Phantom:
    """The middle of a sample patient, wide enough for one sagittal slice: made quickly, so that a lesson opens quickly.

    Parameters
    ----------
    name : str
        A sample patient, ``"case01"`` to ``"case08"``; the person is the same, the fine texture of the marrow is drawn
        anew.

    Returns
    -------
    Phantom
        With the reference ROIs.

    Raises
    ------
    ScannerError
        If there is no such patient.
    """
    sample = sample_patient(name)
    return make_phantom(
        sample.patient, seed=sample.seed, findings=sample.findings, width_mm=_MIDDLE_MM, plane_mm=_COARSE_PLANE_MM
    )


def findings_of(kind: Kind, rng: np.random.Generator) -> tuple[Finding, ...]:
    """What is to be seen in a case of this kind; where and how much is drawn."""
    level = str(rng.choice(list(SCORED_LEVELS)))
    return (_FINDING_OF_KIND[kind].for_teaching(level, rng),) if kind in _FINDING_OF_KIND else ()


def case_name(kind: str, seed: int, day: int = 0) -> str:
    """The name of a case, all that is needed to make it again.

    Examples
    --------
    >>> case_name("plain", 7), case_name("plain", 7, 1)
    ('plain-7', 'plain-7-day1')
    """
    return f"{kind}-{seed}" + (f"-day{day}" if day else "")


def _later_day(seed: int, day: int, protocol: Protocol, *, in_view: Phantom | None = None) -> Day:
    """A day drawn, with the slices through the same planes of the body: the reference ROIs lie on them.

    Drawn until every reference ROI of the body `in_view` lies in the picture, with room about it; where none does, as
    on day 0.
    """
    rng = np.random.default_rng([seed, 4, day])
    for _ in range(_DRAWS):
        drawn = Day((0.0, *draw_day(rng, protocol).offset_mm[1:]))
        if in_view is None or _in_view(in_view, drawn, protocol):
            return drawn
    return Day()


def _in_view(body: Phantom, day: Day, protocol: Protocol) -> bool:
    """Whether every reference ROI lies in the picture, no nearer to its edge than :data:`_ROOM_MM`."""
    away = np.array([roi.center_mm for roi in body.reference_rois]) - day.center_mm(body)
    return bool((np.abs(away[:, 1:]) <= protocol.fov_mm / 2.0 - _ROOM_MM).all())


def _landmark(seed: int, day: int) -> FloatArray:
    """Where the origin of the coordinates lies on a day, LPS mm."""
    return np.array([0.0, *np.random.default_rng([seed, 5, day]).uniform(-1.0, 1.0, 2) * _LANDMARK_MM])


def _frame_uid(kind: str, seed: int, day: int) -> str:
    """A UID that ties ROI files to the case (the 2.25 form: a number, here from the name of the case)."""
    named = f"vbqkit teaching case {kind} {seed}{f' {day}' if day else ''}"
    if day >= DAYS_IN_ONE_PLACE:
        named += " by landmark"  # for a while such days had the coordinates of the picture's middle
    digest = hashlib.sha256(named.encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"
