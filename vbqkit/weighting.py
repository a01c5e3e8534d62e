"""What a series shows, decided from how it was acquired: its contrast weighting, and whether a score may be read from it.

Both rules look at the physics (TR, TE, TI, scanning sequence, contrast agent, fat suppression). The series description
is free text that technicians copy from protocol to protocol: it is quoted as a hint, and never decides a weighting.
"""

from __future__ import annotations

import re

from vbqkit.acquisition import Acquisition, Weighting

T1_TR_MAX_MS = 1000.0
T1_TE_MAX_MS = 30.0
T2_TR_MIN_MS = 1800.0
T2_TE_MIN_MS = 60.0
PD_TE_MAX_MS = 40.0
STIR_TI_MS = (80.0, 260.0)
"""Inversion times that null fat: T1 of fat times ln 2, from 0.2 T to 3 T, with the spread of clinical protocols."""

_DERIVED_VALUES = {
    "PROJECTION IMAGE", "MIP", "MINIP", "ADC", "FA", "TRACEW", "SUBTRACTION", "PHASE MAP", "T1 MAP", "T2 MAP",
    "RESAMPLED", "MOSAIC",
}  # fmt: skip
_NOT_MAGNITUDE = {"P": "phase", "PHASE": "phase", "R": "real part", "REAL": "real part", "I": "imaginary part"}
_NOT_MAGNITUDE |= {"IMAGINARY": "imaginary part"}
_LOCALIZER_WORDS = re.compile(r"\b(loc|localis\w*|localiz\w*|scout|survey|pilot|3[- ]?plane)\b", re.IGNORECASE)
_CONTRAST_WORDS = re.compile(r"(\+\s*c\b|\+\s*gd\b|\bpost[ -]?(con|gd|gad)|\bgad\b|\bgd\b|\bce\b)", re.IGNORECASE)
_HINTS: tuple[tuple[Weighting, re.Pattern[str]], ...] = (
    ("STIR", re.compile(r"\b(stir|tirm)", re.IGNORECASE)),
    ("T1", re.compile(r"(?<![a-z0-9])t1", re.IGNORECASE)),
    ("T2", re.compile(r"(?<![a-z0-9])t2", re.IGNORECASE)),
    ("PD", re.compile(r"(?<![a-z0-9])pd", re.IGNORECASE)),
)


def weighting_with_reason(acquisition: Acquisition) -> tuple[Weighting, str]:
    """Contrast weighting from the physics tags, and the reason in words.

    Spin echo (single or train): T1 for TR up to 1000 ms with TE up to 30 ms; T2 for TR from 1800 ms with TE from 60 ms;
    PD for TR from 1800 ms with TE up to 40 ms; between these limits unknown. Inversion recovery with TI 80 to 260 ms
    is STIR. Gradient echo, echo-planar, fat-suppressed spin echo and any other inversion stay ``"unknown"``: the
    published scores are defined on none of them.

    Parameters
    ----------
    acquisition : Acquisition
        Times in ms; ``scanning_sequence`` in DICOM's terms (SE, IR, GR, EP, RM).

    Returns
    -------
    weighting : str
        ``"T1"``, ``"T2"``, ``"STIR"``, ``"PD"`` or ``"unknown"``.
    reason : str
        Why; for ``"unknown"`` also what the series description hints at.

    References
    ----------
    Bernstein MA, King KF, Zhou XJ. Handbook of MRI Pulse Sequences. 2004. Chapters 14 and 16.
    Protocols within the limits: paper 000 (T1: TR 700, TE 12), paper 004 (T1: TR 600, TE 20; T2: TR 2500, TE 100).

    Examples
    --------
    >>> weighting_with_reason(Acquisition(tr_ms=600.0, te_ms=12.0, scanning_sequence=("SE",)))
    ('T1', 'spin echo with TR 600 ms and TE 12 ms')
    >>> weighting_with_reason(Acquisition(series_description="T2 SAG"))[0]
    'unknown'
    """
    weighting, reason = _from_physics(acquisition)
    hint = weighting_hint(acquisition)
    if weighting == "unknown" and hint is not None:
        reason += f"; the description '{acquisition.series_description}' hints at {hint}: state it if that is right"
    return weighting, reason


def weighting_hint(acquisition: Acquisition) -> Weighting | None:
    """What the series description hints at; None where it names no weighting. A hint never decides.

    Examples
    --------
    >>> weighting_hint(Acquisition(series_description="SAG T2 TSE"))
    'T2'
    """
    text = _description(acquisition)
    return next((weighting for weighting, pattern in _HINTS if pattern.search(text)), None)


def _from_physics(a: Acquisition) -> tuple[Weighting, str]:
    missing = [
        name
        for name, value in (
            ("RepetitionTime (0018,0080)", a.tr_ms),
            ("EchoTime (0018,0081)", a.te_ms),
            ("ScanningSequence (0018,0020)", a.scanning_sequence or None),
        )
        if value is None
    ]
    sequence = set(a.scanning_sequence)
    if "EP" in sequence:
        return "unknown", "echo-planar imaging: none of the scores is defined on it"
    if a.ti_ms is not None and ("IR" in sequence or not sequence):
        return _from_inversion(a, a.ti_ms)
    if "IR" in sequence:
        return "unknown", "inversion recovery without InversionTime (0018,0082)"
    if "GR" in sequence:
        return (
            "unknown",
            "gradient echo: its contrast depends on the flip angle, and the scores are defined on spin echo",
        )
    if missing:
        return "unknown", "the header lacks " + ", ".join(missing)
    return _from_spin_echo(a, float(a.tr_ms or 0.0), float(a.te_ms or 0.0))


def _from_inversion(a: Acquisition, ti_ms: float) -> tuple[Weighting, str]:
    if STIR_TI_MS[0] <= ti_ms <= STIR_TI_MS[1]:
        if "GR" in a.scanning_sequence:
            return "unknown", f"gradient echo with inversion (TI {ti_ms:g} ms)"
        return "STIR", f"inversion recovery with TI {ti_ms:g} ms, which nulls fat"
    if "GR" in a.scanning_sequence:
        return "unknown", f"gradient echo prepared by inversion (TI {ti_ms:g} ms): the scores are defined on spin echo"
    return "unknown", f"inversion recovery with TI {ti_ms:g} ms: neither spin echo T1 or T2 nor STIR (TI 80 to 260 ms)"


def _from_spin_echo(a: Acquisition, tr_ms: float, te_ms: float) -> tuple[Weighting, str]:
    timing = f"spin echo with TR {tr_ms:g} ms and TE {te_ms:g} ms"
    if not {"SE", "RM"} & set(a.scanning_sequence):
        return "unknown", f"scanning sequence {'/'.join(a.scanning_sequence)} is not a spin echo"
    if "SE" not in a.scanning_sequence and (a.echo_train_length or 0) < 2:
        return "unknown", "scanning sequence RM (research mode) without an echo train may be spin or gradient echo"
    weighting: Weighting = "unknown"
    if tr_ms <= T1_TR_MAX_MS and te_ms <= T1_TE_MAX_MS:
        weighting = "T1"
    elif tr_ms >= T2_TR_MIN_MS and te_ms >= T2_TE_MIN_MS:
        weighting = "T2"
    elif tr_ms >= T2_TR_MIN_MS and te_ms <= PD_TE_MAX_MS:
        weighting = "PD"
    if weighting == "unknown":
        return weighting, f"{timing}: between the limits of T1, T2 and PD"
    if a.fat_suppressed:
        return "unknown", f"{timing} ({weighting}) with fat suppression: the marrow fat that VBQ measures is removed"
    return weighting, timing


def refusal_reason(acquisition: Acquisition, plane: str | None) -> str | None:
    """Why no score may be read from a series; None where nothing in its header forbids it.

    Refused: anything but MR, contrast agent, localisers, derived images, phase or real-part images, echo-planar and
    diffusion series, and every plane but sagittal. A sagittal series of unknown weighting is not refused: its
    weighting can be stated by the user.

    Parameters
    ----------
    acquisition : Acquisition
        From the header.
    plane : str or None
        ``"sagittal"``, ``"coronal"``, ``"axial"``, or None where the header gives no orientation.

    Examples
    --------
    >>> refusal_reason(Acquisition(modality="CT"), "axial")
    'CT, not MR: the scores are defined on MR signal'
    >>> refusal_reason(Acquisition(modality="MR"), "sagittal") is None
    True
    """
    a = acquisition
    values = {value.upper() for value in a.image_type}
    derived = ("DERIVED" in values or "SECONDARY" in values) or bool(values & _DERIVED_VALUES)
    component = next((_NOT_MAGNITUDE[value] for value in a.image_type[2:] if value.upper() in _NOT_MAGNITUDE), None)
    image_type = "\\".join(a.image_type)
    scout = _LOCALIZER_WORDS.search(_description(a))
    rules: tuple[tuple[bool, str], ...] = (
        (a.modality not in (None, "MR"), f"{a.modality}, not MR: the scores are defined on MR signal"),
        (bool(a.contrast_agent), f"contrast agent given ({a.contrast_agent}): it changes marrow and CSF signal"),
        ("LOCALIZER" in values, f"localiser (ImageType {image_type})"),
        (scout is not None, f"localiser (description '{a.series_description}')"),
        ("EP" in a.scanning_sequence, "echo-planar imaging (diffusion or functional MRI)"),
        (bool(values & {"DIFFUSION", "DWI", "ADC", "TRACEW"}), f"diffusion (ImageType {image_type})"),
        (derived, f"derived image (ImageType {image_type}): its signal was computed, not received"),
        (component is not None, f"{component} image (ImageType {image_type}): the scores are defined on magnitude"),
        (plane is None, "the header gives no orientation, so the plane is unknown"),
        (plane not in (None, "sagittal"), f"{plane}: the scores are defined on sagittal slices"),
    )
    return next((reason for applies, reason in rules if applies), None)


def may_show_contrast(acquisition: Acquisition) -> bool:
    """Whether the description speaks of a contrast agent although the header names none.

    Examples
    --------
    >>> may_show_contrast(Acquisition(series_description="T1 SAG +C"))
    True
    """
    return not acquisition.contrast_agent and bool(_CONTRAST_WORDS.search(_description(acquisition)))


def _description(acquisition: Acquisition) -> str:
    return (acquisition.series_description or "").replace("_", " ")
