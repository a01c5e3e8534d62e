"""What a series shows, decided from how it was acquired.

Its contrast weighting, and whether a score may be read from it.

Both rules look at the physics (TR, TE, TI, scanning sequence, contrast agent, fat suppression). The series description
is free text that technicians copy from protocol to protocol: it is quoted as a hint, and never decides a weighting.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import Caution
from vbqkit.protocol_words import safe_codes, safe_text

T1_TR_MAX_MS = 1000.0
T1_TE_MAX_MS = 30.0
T2_TR_MIN_MS = 1800.0
T2_TE_MIN_MS = 60.0
PD_TE_MAX_MS = 40.0
STIR_TI_MS = (80.0, 260.0)
"""Inversion times that null fat: T1 of fat times ln 2, from 0.2 T to 3 T, with the spread of clinical protocols."""

_MAGNITUDE = re.compile(r"M|M_\w+|MAG|MAGN|MAGNITUDE")
_PROCESSING = {
    "SE",
    "IR",
    "FFE",
    "TSE",
    "FSE",
    "NONE",
    "OTHER",
    "ND",
    "NORM",
    "PURE",
    "SCIC",
    "CLEAR",
    "DIS2D",
    "DIS3D",
    "FM",
    "FIL",
    "FIL2",
    "SH",
    "CC",
    "DRB",
    "DRG",
    "DRS",
    "RR",
    "SMS",
    "MFSPLIT",
    "PFP",
    "T1",
    "T2",
    "STIR",
    "PROTON_DENSITY",
    "FLUID_ATTENUATED",
    "VOLUME",
    "STATIC",
    "MULTIECHO",
    "NON_PARALLEL",
    "PARALLEL",
    "WHOLE_BODY",
    "MOTION",
    "PRE_CONTRAST",
    "IN",
    "IN_PHASE",
    "IP",
    "INPHASE",
    "IN_PHASE_IMAGE",
    "DIXON",
}
_NOT_SIGNAL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"P|PH|PHASE\w*|P_\w+|PHASE[ _]MAP|VELOCITY\w*|VELOCITY[ _]MAP"), "phase image"),
    (re.compile(r"R|REAL\w*|R_(?!2)\w+"), "real part image"),
    (re.compile(r"I|IMAG|IMAGINARY\w*|I_\w+"), "imaginary part image"),
    (re.compile(r"W|WATER\w*|W_\w+|WATER[ _].*"), "water image of a fat-water separation"),
    (re.compile(r"F|FAT|F_\w+|FAT_(?!FRAC)\w*"), "fat image of a fat-water separation"),
    (re.compile(r"FF|PDFF|FW|WF|\w*[ _]?FRACTION\w*|FRAC\w*"), "fraction map"),
    (re.compile(r"OUT|OPP|OP|OOP|OPP\w+|OUT_\w+|OPPOSED.*|OUT[ _]OF[ _]PHASE"), "opposed-phase image"),
    (re.compile(r"DIFFUSION\w*|DWI|TRACEW?|ISOTROPIC"), "diffusion"),
    (
        re.compile(
            r".*[ _]?MAP|ADC\w*|E?ADC_?\w*|EADC|FA|FA_\w+|R1|R2|R2[ _]?(?:STAR|\*|S)|T2[ _]?(?:STAR|\*|S)|B0|B1|QUANTITY|"
            r"CB[FV]|MTT|TTP|PERCENT\w*|CSI|B0_\w+|QSM|SWI|T[12]_?MAP\w*"
        ),
        "quantitative map",
    ),
    (
        re.compile(
            r"PROJECTION IMAGE|M(?:AX|IN)?_?IP|MINIP|(?:CSA )?M(?:PR|IP)|MPR\w*|RESAMPLED|REFORMAT\w*|SUBTRACTION|SUB|MEAN|"
            r"ADDITION|DIVISION|MULTIPLICATION|MAXIMUM|MINIMUM|MOSAIC|COMPOSED|MIXED|SECONDARY|SYNTH\w*(?:[ _].*)?"
        ),
        "derived image",
    ),
)
_MAPS_IN_PLACE_4 = {"T1", "T2", "PROTON_DENSITY", "PD"}  # there they name a map; in place 3 a weighting
_LOCALIZER_WORDS = re.compile(r"\b(loc|localis\w*|localiz\w*|scout|survey|pilot|3[- ]?plane)\b", re.IGNORECASE)
_HINTS: tuple[tuple[Weighting, re.Pattern[str]], ...] = (
    ("STIR", re.compile(r"\b(stir|tirm?\b|tir2d|tir3d)", re.IGNORECASE)),
    ("T1", re.compile(r"(?<![a-z0-9])t1", re.IGNORECASE)),
    ("T2", re.compile(r"(?<![a-z0-9])t2", re.IGNORECASE)),
    ("PD", re.compile(r"(?<![a-z0-9])pd", re.IGNORECASE)),
)


def weighting_with_reason(acquisition: Acquisition) -> tuple[Weighting, str]:
    """Contrast weighting from the physics tags, and the reason in words.

    Spin echo (single or train): T1 for TR up to 1000 ms with TE up to 30 ms; T2 for TR from 1800 ms with TE from 60 ms;
    PD for TR from 1800 ms with TE up to 40 ms; between these limits unknown. Inversion recovery with TI 80 to 260 ms
    is STIR, and a TI that is stated is never ignored, whatever the scanning sequence is called. Gradient echo,
    echo-planar, fat-suppressed spin echo and any other inversion stay ``"unknown"``: the published scores are defined
    on none of them.

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
    Protocols within the limits: Košice group 2025 (T1: TR 700, TE 12), Chen 2023 (T1: TR 600, TE 20; T2: TR
    2500, TE 100).

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
        said = safe_text(acquisition.series_description or "")
        reason = f"{reason}; the description '{said}' hints at {hint}: state it if that is right"
    return weighting, reason


def weighting_hint(acquisition: Acquisition) -> Weighting | None:
    """What the series description hints at; None where it names no weighting. A hint never decides.

    Examples
    --------
    >>> weighting_hint(Acquisition(series_description="SAG T2 TSE"))
    'T2'
    """
    written = (acquisition.series_description, acquisition.protocol_name, acquisition.sequence_name)
    texts = [(text or "").replace("_", " ") for text in written]
    if any(_HINTS[0][1].search(text) for text in texts):  # STIR and T2 often stand together: then it is a STIR
        return _HINTS[0][0]
    return next((weighting for text in texts for weighting, pattern in _HINTS if pattern.search(text)), None)


def _from_physics(a: Acquisition) -> tuple[Weighting, str]:
    sequence = set(a.scanning_sequence)
    if "EP" in sequence:
        return "unknown", "echo-planar imaging: none of the scores is defined on it"
    if a.ti_ms is not None:
        return _from_inversion(a, a.ti_ms)
    if "IR" in sequence:
        return "unknown", "inversion recovery without InversionTime (0018,0082)"
    if "GR" in sequence:
        return (
            "unknown",
            "gradient echo: its contrast depends on the flip angle, and the scores are defined on spin echo",
        )
    missing = _missing(a)
    if missing:
        return "unknown", f"the header lacks {', '.join(missing)}"
    return _from_spin_echo(a, float(a.tr_ms or 0.0), float(a.te_ms or 0.0))


_LACKS = "the header lacks "


def _missing(a: Acquisition) -> list[str]:
    wanted = (
        ("RepetitionTime (0018,0080)", a.tr_ms),
        ("EchoTime (0018,0081)", a.te_ms),
        ("ScanningSequence (0018,0020)", a.scanning_sequence or None),
    )
    return [name for name, value in wanted if value is None]


def against_header(acquisition: Acquisition, weighting: Weighting) -> str | None:
    """What the header says against a weighting that the user states; None where it says nothing against it.

    A header that lacks the tags says nothing; fat suppression, an inversion, a gradient echo, times of another
    weighting and a description that names another weighting all do.

    Examples
    --------
    >>> against_header(Acquisition(tr_ms=600.0, te_ms=12.0, scanning_sequence=("GR",)), "T1")
    'gradient echo: its contrast depends on the flip angle, and the scores are defined on spin echo'
    >>> against_header(Acquisition(), "T1") is None
    True
    """
    if weighting == "unknown":
        return None
    kind, reason = _from_physics(acquisition)
    says = []
    if kind not in (weighting, "unknown"):
        says.append(f"{kind} ({reason})")
    elif kind == "unknown" and not reason.startswith(_LACKS):
        says.append(reason)
    elif kind == "unknown" and acquisition.fat_suppressed:
        says.append("fat suppression: the marrow fat that VBQ measures is removed")
    hint = weighting_hint(acquisition)
    if hint not in (None, weighting):
        says.append(f"its description hints at {hint}")
    return "; ".join(says) or None


def stated_against(acquisition: Acquisition, weighting: Weighting) -> Caution | None:
    """The caution that travels with a weighting which the user stated and the header speaks against.

    Examples
    --------
    >>> print(stated_against(Acquisition(series_description="SAG T2"), "T1"))
    weighting-stated-against-header: Stated T1, but the header says: its description hints at T2. Check which is right.
    """
    against = against_header(acquisition, weighting)
    if against is None:
        return None
    return Caution(
        "weighting-stated-against-header", f"Stated {weighting}, but the header says: {against}. Check which is right."
    )


def _from_inversion(a: Acquisition, ti_ms: float) -> tuple[Weighting, str]:
    named = not a.scanning_sequence or "IR" in a.scanning_sequence
    unnamed = "" if named else f" (scanning sequence {safe_codes(a.scanning_sequence)} names none)"
    if STIR_TI_MS[0] <= ti_ms <= STIR_TI_MS[1]:
        if "GR" in a.scanning_sequence:
            return "unknown", f"gradient echo with inversion (TI {ti_ms:g} ms)"
        return "STIR", f"inversion recovery{unnamed} with TI {ti_ms:g} ms, which nulls fat"
    if "GR" in a.scanning_sequence:
        return "unknown", f"gradient echo prepared by inversion (TI {ti_ms:g} ms): the scores are defined on spin echo"
    return (
        "unknown",
        f"inversion recovery{unnamed} with TI {ti_ms:g} ms: neither spin echo T1 or T2 nor STIR (TI 80 to 260 ms)",
    )


def _from_spin_echo(a: Acquisition, tr_ms: float, te_ms: float) -> tuple[Weighting, str]:
    timing = f"spin echo with TR {tr_ms:g} ms and TE {te_ms:g} ms"
    if not {"SE", "RM"} & set(a.scanning_sequence):
        return "unknown", f"scanning sequence {safe_codes(a.scanning_sequence)} is not a spin echo"
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


def not_magnitude(image_type: Sequence[str]) -> str | None:
    """Why an image type is not that of received magnitude; None where it is.

    Only values that are known to mean magnitude, or steps of processing that keep it, are let through. A value that
    is not known is let through only where another value says that this is magnitude.

    Parameters
    ----------
    image_type : sequence of str
        ImageType (0008,0008) or FrameType (0008,9007), all values.

    Examples
    --------
    >>> not_magnitude(("ORIGINAL", "PRIMARY", "M", "ND", "NORM")) is None
    True
    >>> not_magnitude(("ORIGINAL", "PRIMARY", "OTHER", "NORM", "CLEAR")) is None  # brightness of the coil evened out
    True
    >>> not_magnitude(("ORIGINAL", "PRIMARY", "DIXON", "WATER"))
    'water image of a fat-water separation'
    """
    values = [value.upper() for value in image_type]
    for place, value in enumerate(values):
        if place == 0 and value == "MIXED":
            return "image of mixed content"
        if place < 2:
            continue
        if place > 2 and value in _MAPS_IN_PLACE_4:
            return "quantitative map"
        found = next((what for pattern, what in _NOT_SIGNAL if pattern.fullmatch(value)), None)
        if found is not None:
            return found
    unknown = unknown_content(image_type)
    if unknown and not any(_MAGNITUDE.fullmatch(value) for value in values[2:]):
        return f"image of a kind that is not known to be magnitude ('{safe_codes(unknown[:1])}')"
    if "DIXON" in values and not {"IN", "IN_PHASE", "IP", "INPHASE"} & set(values):
        return "image of a fat-water separation that does not say which"
    return None


def unknown_content(image_type: Sequence[str]) -> tuple[str, ...]:
    """Values of an image type, from the third on, of which it is not known what they mean."""
    later = [value.upper() for value in image_type[2:] if value]
    return tuple(v for v in later if v not in _PROCESSING and not _MAGNITUDE.fullmatch(v))


def refusal_reason(acquisition: Acquisition, plane: str | None, *, accept_derived: bool = False) -> str | None:
    """Why no score may be read from a series; None where nothing in its header forbids it.

    Refused: anything but MR, contrast agent, localisers, derived images, whatever is not magnitude (phase, real part,
    water and fat images, maps), echo-planar and diffusion series, and every plane but sagittal. A sagittal series of
    unknown weighting is not refused: its weighting can be stated by the user.

    Parameters
    ----------
    acquisition : Acquisition
        From the header.
    plane : str or None
        ``"sagittal"``, ``"coronal"``, ``"axial"``, or None where the header gives no orientation.
    accept_derived : bool
        Do not refuse for DERIVED or SECONDARY alone: the user states that these are originals.

    Examples
    --------
    >>> refusal_reason(Acquisition(modality="CT"), "axial")
    'CT, not MR: the scores are defined on MR signal'
    >>> refusal_reason(Acquisition(modality="MR"), "sagittal") is None
    True
    """
    a = acquisition
    values = {value.upper() for value in a.image_type}
    derived = bool(values & {"DERIVED", "SECONDARY"}) and not accept_derived
    content = not_magnitude(a.image_type)
    image_type = safe_codes(a.image_type)
    scout = _LOCALIZER_WORDS.search(_description(a))
    why = {
        "derived image": "its signal was computed, not received",
        "diffusion": "its signal is not spin echo contrast",
    }
    rules: tuple[tuple[bool, str], ...] = (
        (
            a.modality not in (None, "MR"),
            f"{safe_codes((a.modality or '',))}, not MR: the scores are defined on MR signal",
        ),
        (
            bool(a.contrast_agent),
            f"contrast agent given ({a.contrast_agent}): it changes marrow and CSF signal",
        ),
        ("LOCALIZER" in values, f"localiser (ImageType {image_type})"),
        (scout is not None, f"localiser (description '{safe_text(a.series_description or '')}')"),
        ("EP" in a.scanning_sequence, "echo-planar imaging (diffusion or functional MRI)"),
        (derived, f"derived image (ImageType {image_type}): its signal was computed, not received"),
        (
            content is not None,
            f"{content} (ImageType {image_type}): {why.get(content or '', 'the scores are defined on magnitude')}",
        ),
        (a.not_signal is not None, f"{a.not_signal}: the scores are defined on received magnitude"),
        (plane is None, "the header gives no orientation, so the plane is unknown"),
        (plane not in (None, "sagittal"), f"{plane}: the scores are defined on sagittal slices"),
    )
    return next((reason for applies, reason in rules if applies), None)


def _description(acquisition: Acquisition) -> str:
    return (acquisition.series_description or "").replace("_", " ")
