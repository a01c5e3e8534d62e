"""Writing virtual CT and DEXA as DICOM: CT Image and Digital X-Ray, complete headers, marked as synthetic."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, DigitalXRayImageStorageForPresentation

from vbqkit.errors import ScannerError
from vbqkit.image import Slice, Volume
from vbqkit.scanner.ct import TUBE_KV
from vbqkit.scanner.dexa import DexaImage
from vbqkit.scanner.dicom_out import (
    STUDY_DATE,
    SYNTHETIC_COMMENT,
    Identity,
    image_geometry,
    image_pixels,
    new_dataset,
    patient_and_study,
    save_dataset,
    whole_folder,
)

DEXA_UNIT_G_CM2 = 0.001
"""Areal density of one stored unit of a written DEXA image, g/cm2."""

_CT, _DEXA = "virtual-ct", "virtual-dexa"  # what the machines are called in UIDs and headers
_SERIES_NUMBERS = {_CT: 11, _DEXA: 12}  # behind the MR series of the same study
_CT_INTERCEPT = -1024


def write_ct(
    volume: Volume,
    identity: Identity,
    folder: str | os.PathLike[str],
    *,
    study_of: str = _CT,
    compress: bool = True,
) -> tuple[Path, ...]:
    """Write a virtual CT, one file a slice (``0001.dcm`` ...).

    Parameters
    ----------
    volume : Volume
        From :func:`vbqkit.scanner.ct.scan_ct`.
    identity : Identity
        Whose it is.
    folder : path
        New or empty; it appears complete or not at all.
    study_of : str
        Name of the machine of whose study it is a part; by default a study of its own.
    compress : bool
        RLE, lossless. False: uncompressed.

    Returns
    -------
    tuple of Path
        The files, in order.

    Raises
    ------
    ScannerError
        If the volume is no virtual CT, or the folder is not empty or cannot be written.
    """
    if volume.acquisition.modality != "CT" or not volume.acquisition.synthetic:
        raise ScannerError(
            "This volume was not made by the virtual CT; only synthetic images are written as DICOM here."
        )
    with whole_folder(folder) as work:
        for image in volume:
            save_dataset(_ct_dataset(image, identity, study_of), work / _slice_name(image), compress=compress)
    return tuple(Path(folder) / _slice_name(image) for image in volume)


def _slice_name(image: Slice) -> str:
    return f"{image.index + 1:04d}.dcm"


def _ct_dataset(image: Slice, identity: Identity, study_of: str) -> Any:
    stored = (np.asarray(image.pixels, dtype=np.int32) - _CT_INTERCEPT).astype(np.uint16)
    a = image.acquisition
    tags = {
        "ImageType": list(a.image_type),
        "SliceThickness": f"{image.thickness_mm:g}",
        "SpacingBetweenSlices": f"{image.thickness_mm:g}",
        "FrameOfReferenceUID": identity.uid("frame of reference", _CT),
        "PositionReferenceIndicator": "",
        "KVP": f"{TUBE_KV:g}",
        "AcquisitionNumber": 1,
        "ConvolutionKernel": "STANDARD",
        "RescaleIntercept": f"{_CT_INTERCEPT}",
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "WindowCenter": "300",
        "WindowWidth": "1500",
        "PatientPosition": "HFS",
    }
    tags |= patient_and_study(identity, study_of, "LUMBAR SPINE SYNTHETIC") | _series(identity, _CT, "CT", image.index)
    tags |= {"SeriesDescription": a.series_description, "BodyPartExamined": "LSPINE"}
    tags |= image_geometry(image) | image_pixels(stored)
    return new_dataset(CTImageStorage, identity.uid("instance", _CT, 1, image.index), tags)


def _series(identity: Identity, machine: str, modality: str, index: int) -> dict[str, Any]:
    return {
        "Modality": modality,
        "SeriesInstanceUID": identity.uid("series", machine, 1),
        "SeriesNumber": _SERIES_NUMBERS[machine],
        "SeriesDate": STUDY_DATE,
        "SeriesTime": "110000",
        "AcquisitionDate": STUDY_DATE,
        "AcquisitionTime": "110010",
        "ContentDate": STUDY_DATE,
        "ContentTime": "110030",
        "InstanceNumber": index + 1,
        "Manufacturer": "vbqkit",
        "ManufacturerModelName": machine,
        "InstitutionName": "vbqkit (synthetic)",
        "StationName": "VIRTUAL",
        "DeviceSerialNumber": machine,
        "SoftwareVersions": "vbqkit virtual scanner 1",
        "ImageComments": SYNTHETIC_COMMENT,
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
    }


def write_dexa(image: DexaImage, identity: Identity, path: str | os.PathLike[str], *, study_of: str = _DEXA) -> Path:
    """Write a virtual DEXA as one Digital X-Ray image: areal density in steps of 0.001 g/cm2, the patient facing you.

    The patient's right is at the left of the picture. A stored value times 0.001 is g/cm2; below 0 is stored as 0.
    `study_of` is the name of the machine of whose study it is a part; by default a study of its own.

    Raises
    ------
    ScannerError
        If the file cannot be written or is there already.
    """
    target = Path(path)
    if target.exists():
        raise ScannerError(f"{target} is already there; nothing was written. Choose another name.")
    stored = np.clip(np.rint(image.density_g_cm2 / DEXA_UNIT_G_CM2), 0, 4095).astype(np.uint16)
    spacing = [f"{abs(float(axis[1] - axis[0])):.6g}" for axis in (image.row_mm, image.col_mm)]
    tags: dict[str, Any] = patient_and_study(identity, study_of, "LUMBAR SPINE SYNTHETIC")
    tags |= _series(identity, _DEXA, "DX", 0)
    tags |= {
        "ImageType": ["DERIVED", "PRIMARY", ""],
        "SeriesDescription": "DEXA AP G/CM2 SYNTHETIC",
        "PresentationIntentType": "FOR PRESENTATION",
        "DerivationDescription": f"Areal density of mineral; 1 is {DEXA_UNIT_G_CM2:g} g/cm2",
        "BodyPartExamined": "LSPINE",
        "ImageLaterality": "U",
        "PatientOrientation": ["L", "F"],
        "PixelSpacing": spacing,
        "ImagerPixelSpacing": spacing,
        "PixelSpacingCalibrationType": "GEOMETRY",
        "PixelSpacingCalibrationDescription": "parallel beam through the virtual body",
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": 1,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY",
        "WindowCenter": "800",
        "WindowWidth": "1600",
        "DetectorType": "DIRECT",
        "PositionerType": "NONE",
        "ViewPosition": "AP",
        "AcquisitionContextSequence": [],
        "AnatomicRegionSequence": [_code("122496007", "SCT", "Lumbar spine")],
        "ViewCodeSequence": [_view()],
    }
    tags |= image_pixels(stored)
    dataset = new_dataset(DigitalXRayImageStorageForPresentation, identity.uid("instance", _DEXA, 1, 0), tags)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        save_dataset(dataset, target, compress=True)
    except OSError as error:
        raise ScannerError(f"{target} cannot be written: {error.strerror}. Choose another folder.") from error
    return target


def _code(value: str, scheme: str, meaning: str, extra: Mapping[str, Any] | None = None) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    for keyword, content in (extra or {}).items():
        setattr(item, keyword, content)
    return item


def _view() -> Dataset:
    return _code("399348003", "SCT", "Antero-posterior", {"ViewModifierCodeSequence": []})
