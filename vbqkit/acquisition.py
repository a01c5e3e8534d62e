"""How a series was acquired: the physics tags of an MR series, in the field's words and units."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal

from vbqkit.protocol_words import is_code, safe_text

Weighting = Literal["T1", "T2", "STIR", "PD", "unknown"]
"""Contrast weighting of a series; ``"unknown"`` stays unknown until physics or the user says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Acquisition:
    """What the header says about one series. ``None`` (or empty) means that the header does not say.

    Times are in milliseconds, field strength in tesla, lengths in millimetres, bandwidth in hertz per pixel,
    angles in degrees. Nothing here is guessed: a value that a reader had to distrust is ``None`` and has a caution.

    ``fat_hint`` and ``contrast_hint`` are words of the header that speak of fat suppression or contrast agent, where no
    element states either. ``not_signal`` says why the values are not the magnitude of received signal, where an
    element other than ImageType says so.

    ``matrix`` is rows and columns of the stored picture, ``acquired_matrix`` those that were measured;
    ``parallel_factor`` is the reduction in plane (1: none); ``processing`` quotes what vendors' own tags say of
    filters and corrections.

    ``tube_kv`` is the tube voltage of a CT, kV.

    ``patient_digest`` tells the patients of series apart without naming them: see :func:`same_patient`.
    ``linked_frames`` are frames of reference that the user stated to be the same as ``frame_of_reference_uid``.
    """

    modality: str | None = None
    weighting: Weighting = "unknown"
    weighting_reason: str = "nothing in the header decides it"
    tr_ms: float | None = None
    te_ms: float | None = None
    ti_ms: float | None = None
    echo_train_length: int | None = None
    flip_angle_deg: float | None = None
    field_t: float | None = None
    bandwidth_hz_per_px: float | None = None
    averages: float | None = None
    slice_thickness_mm: float | None = None
    spacing_between_slices_mm: float | None = None
    vendor: str | None = None
    model: str | None = None
    coil: str | None = None
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    sequence_name: str | None = None
    fat_suppressed: bool | None = None
    fat_hint: str | None = None
    contrast_agent: str | None = None
    contrast_hint: str | None = None
    not_signal: str | None = None
    image_type: tuple[str, ...] = ()
    body_part: str | None = None
    series_number: int | None = None
    series_description: str | None = None
    protocol_name: str | None = None
    series_uid: str | None = None
    study_uid: str | None = None
    frame_of_reference_uid: str | None = None
    rescale_slope: float = 1.0
    rescale_intercept: float = 0.0
    synthetic: bool = False
    matrix: tuple[int, int] | None = None
    acquired_matrix: tuple[int, int] | None = None
    parallel_technique: str | None = None
    parallel_factor: float | None = None
    processing: tuple[str, ...] = ()
    tube_kv: float | None = None
    patient_digest: str = field(default="", repr=False)
    linked_frames: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """What is known, without UIDs, and texts without words that could be names: cells print it, and are saved."""
        shown = {f.name: getattr(self, f.name) for f in fields(self) if f.repr and f.name not in _UIDS}
        known = {name: value for name, value in shown.items() if value not in (None, ())}
        safe = {name: _safe(name, value) for name, value in known.items()}
        return f"Acquisition({', '.join(f'{name}={value!r}' for name, value in safe.items())})"

    def missing(self) -> tuple[str, ...]:
        """Names of the fields a reader of a score would want and the header does not give.

        Examples
        --------
        >>> Acquisition(tr_ms=600.0, te_ms=12.0, field_t=1.5).missing()
        ('vendor',)
        """
        wanted = ("tr_ms", "te_ms", "field_t", "vendor")
        return tuple(f.name for f in fields(self) if f.name in wanted and getattr(self, f.name) is None)


_UIDS = ("series_uid", "study_uid", "frame_of_reference_uid", "linked_frames")
_REASONS = (
    "weighting",
    "weighting_reason",
    "not_signal",
    "contrast_agent",
    "contrast_hint",
)  # made of safe words already


def _safe(name: str, value: object) -> object:
    if isinstance(value, str) and name not in _REASONS:
        return safe_text(value)
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return tuple(safe_text(one) if name == "processing" or not is_code(one) else one for one in value)
    return value


def same_patient(one: Acquisition, other: Acquisition) -> bool | None:
    """Whether two series are of one patient, by PatientID; None where that cannot be known.

    Digests of identities can be compared only if the same process made them: the key is thrown away with it.

    Examples
    --------
    >>> same_patient(Acquisition(patient_digest="k.1"), Acquisition(patient_digest="k.2"))
    False
    >>> same_patient(Acquisition(patient_digest="k.1"), Acquisition()) is None
    True
    """
    (key, dot, _), (other_key, other_dot, _) = (a.patient_digest.partition(".") for a in (one, other))
    if not (dot and other_dot) or key != other_key:
        return None
    return one.patient_digest == other.patient_digest
