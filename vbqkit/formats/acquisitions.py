"""From DICOM tags to an :class:`~vbqkit.acquisition.Acquisition`: what the header says, and what in it is odd."""

from __future__ import annotations

import re
from dataclasses import replace

from pydicom.dataset import Dataset

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import Caution, shown
from vbqkit.formats.content import MR_CLASSES, not_signal, read_contrast
from vbqkit.formats.described import described_oddities
from vbqkit.formats.header_hints import header_hints
from vbqkit.formats.header_words import fat_word
from vbqkit.formats.headers import Frame
from vbqkit.formats.reconstruction_tags import reconstruction_of
from vbqkit.formats.tags import integer, number, numbers, positive, tag_text, text, word, words
from vbqkit.protocol_words import safe_codes
from vbqkit.weighting import stated_against, weighting_with_reason

HIGHEST_FIELD_T = 15.0
"""No magnet for people is stronger; a larger number in the header is in another unit, or wrong."""

_NEGLIGIBLE = 1e-2  # of one stored step: an intercept this small is rounding in the scanner's arithmetic

_LONGEST_CODE = 16
_MOST_CODES = 32

_SEQUENCES = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}
_LOSSY_WORDS = re.compile(r"\blossy|jpe?g(?!.*lossless)", re.IGNORECASE)
_SPECTRAL = ("FAT", "WATER", "FAT_AND_WATER", "SILICON_GEL_FAT")
LOSSY_SYNTAXES = {
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.81": "JPEG-LS near-lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.203": "high-throughput JPEG 2000",
}


def acquisition_of(frame: Frame, *, weighting: Weighting | None = None) -> tuple[Acquisition, tuple[Caution, ...]]:
    """What the header of a frame says about its series, and what is odd about it.

    Parameters
    ----------
    frame : Frame
        Any frame of the stack: the values that differ between the series of a study are the same in all of them.
    weighting : str, optional
        Stated by the user; replaces the rule.
    """
    dataset = frame.dataset
    cautions: list[Caution] = []
    manufacturer, image_type = _said(dataset, "Manufacturer"), _image_type(dataset)
    contrast = read_contrast(frame)
    acquisition = Acquisition(
        modality=_modality(dataset),
        tr_ms=positive(dataset, "RepetitionTime"),
        te_ms=positive(dataset, "EffectiveEchoTime") or positive(dataset, "EchoTime"),
        ti_ms=positive(dataset, "InversionTimes") or positive(dataset, "InversionTime"),
        echo_train_length=integer(dataset, "RFEchoTrainLength") or integer(dataset, "EchoTrainLength") or None,
        flip_angle_deg=positive(dataset, "FlipAngle"),
        field_t=_field_t(frame, cautions),
        bandwidth_hz_per_px=positive(dataset, "PixelBandwidth"),
        averages=positive(dataset, "NumberOfAverages"),
        slice_thickness_mm=positive(dataset, "SliceThickness"),
        spacing_between_slices_mm=positive(dataset, "SpacingBetweenSlices"),
        vendor=manufacturer,
        model=_said(dataset, "ManufacturerModelName"),
        coil=_said(dataset, "ReceiveCoilName"),
        scanning_sequence=_scanning_sequence(dataset),
        sequence_variant=_codes(dataset, "SequenceVariant"),
        scan_options=_codes(dataset, "ScanOptions"),
        sequence_name=_said(dataset, "PulseSequenceName") or _said(dataset, "SequenceName"),
        fat_suppressed=_fat_suppressed(dataset),
        fat_hint=_fat_hint(dataset),
        contrast_agent=contrast.agent,
        contrast_hint=contrast.hint,
        not_signal=not_signal(frame),
        image_type=image_type,
        body_part=_said(dataset, "BodyPartExamined"),
        series_number=integer(dataset, "SeriesNumber"),
        series_description=_said(dataset, "SeriesDescription") or _said(dataset, "ProtocolName"),
        protocol_name=_said(dataset, "ProtocolName"),
        series_uid=word(dataset, "SeriesInstanceUID"),
        study_uid=word(dataset, "StudyInstanceUID"),
        frame_of_reference_uid=word(dataset, "FrameOfReferenceUID"),
        tube_kv=positive(dataset, "KVP"),
        patient_digest=frame.patient_digest,
        synthetic=(manufacturer or "").lower().startswith("vbqkit") or "SYNTHETIC" in {v.upper() for v in image_type},
    )
    slope, intercept = rescale_of(frame)
    acquisition = replace(acquisition, rescale_slope=slope, rescale_intercept=intercept, **reconstruction_of(dataset))
    if weighting is not None:
        against = stated_against(acquisition, weighting)
        cautions += [against] if against is not None else []
        acquisition = replace(acquisition, weighting=weighting, weighting_reason="stated by the user")
    else:
        kind, reason = weighting_with_reason(acquisition)
        acquisition = replace(acquisition, weighting=kind, weighting_reason=reason)
    return acquisition, (*cautions, *_oddities(frame, acquisition))


def _said(dataset: Dataset, keyword: str) -> str | None:
    """Free text as it may be shown."""
    value = text(dataset, keyword)
    return shown(value) if value else None


def _codes(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Code strings, which have 16 letters at most, as they may be shown."""
    return tuple(shown(value, _LONGEST_CODE) for value in words(dataset, keyword)[:_MOST_CODES])


def rescale_of(frame: Frame) -> tuple[float, float]:
    """Rescale slope and intercept of a frame; 1 and 0 where the header has none."""
    slope, intercept = number(frame.dataset, "RescaleSlope"), number(frame.dataset, "RescaleIntercept")
    return (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)


def _modality(dataset: Dataset) -> str | None:
    modality = next(iter(_codes(dataset, "Modality")), None) or None
    if modality is None and word(dataset, "SOPClassUID") in MR_CLASSES:
        return "MR"
    return modality


def _image_type(dataset: Dataset) -> tuple[str, ...]:
    return _codes(dataset, "FrameType") or _codes(dataset, "ImageType")


def _scanning_sequence(dataset: Dataset) -> tuple[str, ...]:
    classic = _codes(dataset, "ScanningSequence")
    if classic:
        return classic
    sequence = _SEQUENCES.get(word(dataset, "EchoPulseSequence") or "", ())
    if word(dataset, "InversionRecovery") == "YES":
        sequence = (*sequence, "IR")
    return (*sequence, "EP") if word(dataset, "EchoPlanarPulseSequence") == "YES" else sequence


def _fat_suppressed(dataset: Dataset) -> bool | None:
    spectral = word(dataset, "SpectrallySelectedSuppression")
    excitation = word(dataset, "SpectrallySelectedExcitation")
    if spectral in _SPECTRAL or excitation in ("WATER", "FAT"):
        return True
    options = (*words(dataset, "ScanOptions"), *words(dataset, "SequenceVariant"))
    if fat_word(options) is not None:
        return True
    return False if options or spectral is not None else None


def _fat_hint(dataset: Dataset) -> str | None:
    names = ("SeriesDescription", "ProtocolName", "SequenceName", "PulseSequenceName")
    found = fat_word(text(dataset, name) for name in names)
    return None if found is None else shown(found)


def _field_t(frame: Frame, cautions: list[Caution]) -> float | None:
    field_t = number(frame.dataset, "MagneticFieldStrength")
    if field_t is None or 0 < field_t <= HIGHEST_FIELD_T:
        return field_t
    cautions.append(
        Caution(
            "field-strength",
            f"{tag_text('MagneticFieldStrength')} says {field_t:g} T, which no scanner has; it is treated as missing. "
            "(Some old files give gauss: 10000 gauss are 1 T.) State it yourself if you know it.",
        )
    )
    return None


def _oddities(frame: Frame, a: Acquisition) -> list[Caution]:
    found: list[Caution] = []
    wanted = {
        "Modality": a.modality if word(frame.dataset, "Modality") else None,
        "SOPClassUID": word(frame.dataset, "SOPClassUID"),
        "RepetitionTime": a.tr_ms,
        "EchoTime": a.te_ms,
        "ScanningSequence": a.scanning_sequence or None,
        "MagneticFieldStrength": number(frame.dataset, "MagneticFieldStrength"),
        "Manufacturer": a.vendor,
    }
    absent = [tag_text(keyword) for keyword, value in wanted.items() if value is None]
    if absent:
        found.append(
            Caution(
                "missing-tags", f"The header lacks {', '.join(absent)}: whatever depends on them must be set by you."
            )
        )
    if abs(a.rescale_intercept) > _NEGLIGIBLE * abs(a.rescale_slope):
        found.append(
            Caution(
                "rescale-intercept",
                f"{tag_text('RescaleIntercept')} is {a.rescale_intercept:g}, not 0: an offset was added to the signal, so "
                "ratios such as VBQ are not free of the receiver's gain. Ask for the series without it.",
            )
        )
    scale = number(frame.dataset, "PhilipsScaleSlope")
    if scale not in (None, 1.0):
        found.append(
            Caution(
                "philips-scale",
                f"{tag_text('PhilipsScaleSlope')} is {scale:.4g} and is not applied: ratios within this series (VBQ, SNR) are free of "
                "it, signals of two series (VBQ-T2-STIR) are not on one scale.",
            )
        )
    lossy = _lossy(frame)
    if lossy is not None:
        found.append(
            Caution(
                "lossy",
                f"The image went through lossy compression ({lossy}): noise is changed, so SNR and M-score are not to be "
                "trusted. Ask for the original.",
            )
        )
    found += described_oddities(a)
    found += header_hints(frame.dataset, a)
    return found


def _lossy(frame: Frame) -> str | None:
    """What says that the image went through lossy compression: the syntax, a flag, a method or a ratio."""
    dataset = frame.header.dataset
    by_syntax = LOSSY_SYNTAXES.get(frame.header.transfer_syntax)
    if by_syntax is not None:
        return by_syntax
    if word(dataset, "LossyImageCompression") == "01":
        return f"{tag_text('LossyImageCompression')} is 01"
    method = word(dataset, "LossyImageCompressionMethod")
    if method:
        return f"{tag_text('LossyImageCompressionMethod')} is {safe_codes((method,))}"
    if _LOSSY_WORDS.search(text(dataset, "DerivationDescription") or ""):
        return f"{tag_text('DerivationDescription')} says so"
    ratio = max(numbers(dataset, "LossyImageCompressionRatio"), default=1.0)
    return f"{tag_text('LossyImageCompressionRatio')} is {ratio:g}" if ratio > 1.0 else None
