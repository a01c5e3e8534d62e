"""From DICOM tags to an :class:`~vbqkit.acquisition.Acquisition`: what the header says, and what in it is odd."""

from __future__ import annotations

from dataclasses import replace

from pydicom.dataset import Dataset

from vbqkit.acquisition import Acquisition, Weighting
from vbqkit.errors import Caution
from vbqkit.formats.headers import Frame
from vbqkit.formats.tags import integer, number, positive, tag_text, text, word, words
from vbqkit.weighting import may_show_contrast, weighting_hint, weighting_with_reason

HIGHEST_FIELD_T = 15.0
"""No magnet for people is stronger; a larger number in the header is in another unit, or wrong."""

_NEGLIGIBLE = 1e-2  # of one stored step: an intercept this small is rounding in the scanner's arithmetic

_NO_AGENT = {"", "NO", "NONE", "N", "0", "WITHOUT", "NO CONTRAST", "NON CONTRAST", "UNKNOWN"}
_SEQUENCES = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}
_LOSSY_SYNTAXES = {
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.81": "JPEG-LS near-lossless",
}
_MR_CLASSES = {"1.2.840.10008.5.1.4.1.1.4"} | {f"1.2.840.10008.5.1.4.1.1.4.{kind}" for kind in (1, 3, 4)}


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
    agent = _contrast_agent(frame)
    manufacturer, image_type = text(dataset, "Manufacturer"), _image_type(dataset)
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
        model=text(dataset, "ManufacturerModelName"),
        coil=text(dataset, "ReceiveCoilName"),
        scanning_sequence=_scanning_sequence(dataset),
        sequence_variant=words(dataset, "SequenceVariant"),
        scan_options=words(dataset, "ScanOptions"),
        sequence_name=text(dataset, "PulseSequenceName") or text(dataset, "SequenceName"),
        fat_suppressed=_fat_suppressed(dataset),
        contrast_agent=agent,
        image_type=image_type,
        body_part=text(dataset, "BodyPartExamined"),
        series_number=integer(dataset, "SeriesNumber"),
        series_description=text(dataset, "SeriesDescription") or text(dataset, "ProtocolName"),
        series_uid=word(dataset, "SeriesInstanceUID"),
        study_uid=word(dataset, "StudyInstanceUID"),
        frame_of_reference_uid=word(dataset, "FrameOfReferenceUID"),
        synthetic=(manufacturer or "").lower().startswith("vbqkit") or "SYNTHETIC" in {v.upper() for v in image_type},
    )
    slope, intercept = rescale_of(frame)
    acquisition = replace(acquisition, rescale_slope=slope, rescale_intercept=intercept)
    if weighting is not None:
        acquisition = replace(acquisition, weighting=weighting, weighting_reason="stated by the user")
    else:
        kind, reason = weighting_with_reason(acquisition)
        acquisition = replace(acquisition, weighting=kind, weighting_reason=reason)
    return acquisition, (*cautions, *_oddities(frame, acquisition))


def rescale_of(frame: Frame) -> tuple[float, float]:
    """Rescale slope and intercept of a frame; 1 and 0 where the header has none."""
    slope, intercept = number(frame.dataset, "RescaleSlope"), number(frame.dataset, "RescaleIntercept")
    return (1.0 if slope is None else slope), (0.0 if intercept is None else intercept)


def _modality(dataset: Dataset) -> str | None:
    modality = word(dataset, "Modality")
    if modality is None and word(dataset, "SOPClassUID") in _MR_CLASSES:
        return "MR"
    return modality


def _image_type(dataset: Dataset) -> tuple[str, ...]:
    frame_type = words(dataset, "FrameType")
    return frame_type or words(dataset, "ImageType")


def _scanning_sequence(dataset: Dataset) -> tuple[str, ...]:
    classic = words(dataset, "ScanningSequence")
    if classic:
        return classic
    sequence = _SEQUENCES.get(word(dataset, "EchoPulseSequence") or "", ())
    if word(dataset, "InversionRecovery") == "YES":
        sequence = (*sequence, "IR")
    return (*sequence, "EP") if word(dataset, "EchoPlanarPulseSequence") == "YES" else sequence


def _fat_suppressed(dataset: Dataset) -> bool | None:
    spectral = word(dataset, "SpectrallySelectedSuppression")
    if spectral is not None:
        water_only = word(dataset, "SpectrallySelectedExcitation") == "WATER"
        return water_only or spectral in ("FAT", "FAT_AND_WATER", "SILICON_GEL_FAT")
    options = words(dataset, "ScanOptions")
    return "FS" in options if options else None


def _contrast_agent(frame: Frame) -> str | None:
    agent = text(frame.dataset, "ContrastBolusAgent")
    if agent is not None and agent.upper() not in _NO_AGENT:
        return agent
    usage = frame.header.dataset.get("ContrastBolusAgentSequence")
    return "named in ContrastBolusAgentSequence (0018,0012)" if usage else None


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
    if scale not in (None, 1.0) and (a.vendor or "").lower().startswith("philips"):
        found.append(
            Caution(
                "philips-scale",
                f"{tag_text('PhilipsScaleSlope')} is {scale:.4g} and is not applied: ratios within this series (VBQ, SNR) are free of "
                "it, signals of two series (VBQ-T2-STIR) are not on one scale.",
            )
        )
    lossy = _LOSSY_SYNTAXES.get(frame.header.transfer_syntax)
    if lossy or word(frame.dataset, "LossyImageCompression") == "01":
        found.append(
            Caution(
                "lossy",
                f"The image went through lossy compression ({lossy or tag_text('LossyImageCompression') + ' is 01'}): "
                "noise is changed, so SNR and M-score are not to be trusted. Ask for the original.",
            )
        )
    hint = weighting_hint(a)
    if a.weighting != "unknown" and hint not in (None, a.weighting):
        found.append(
            Caution(
                "weighting-disagrees",
                f"The description '{a.series_description}' says {hint}, but it is taken as {a.weighting}: {a.weighting_reason}.",
            )
        )
    if may_show_contrast(a):
        found.append(
            Caution(
                "contrast-hint",
                f"The description '{a.series_description}' speaks of contrast agent, the header does not: check before scoring.",
            )
        )
    return found
