"""Writing what the virtual scanner saw as DICOM MR files: complete headers, deterministic UIDs, marked as synthetic."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, RLELossless

from vbqkit.anatomy.tissues import PROTON_MHZ_PER_T
from vbqkit.errors import ScannerError
from vbqkit.image import Slice, Volume
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.study import Study

SYNTHETIC_COMMENT = "SYNTHETIC: made by the vbqkit virtual scanner. No real person was scanned."
"""What ImageComments says in every file."""

STUDY_DATE = "20250115"
"""Date in every virtual study; a fixed one, so that files are the same whenever they are made."""

_UID_ROOT = "2.25."  # a UID from 128 bits, PS3.5 B.2
_BITS_STORED = 12

COORDINATE_DECIMALS = 6
"""Positions are written to a millionth of a millimeter: what is beyond says nothing and differs between machines."""

_RATIO_DECIMALS = 9  # of what is multiplied by hundreds of pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a virtual patient is in the header.

    Attributes
    ----------
    case : str
        Letters, digits and hyphens, such as ``"CASE03"``; the patient's name becomes ``VIRTUAL^CASE03``.
    sex : str
        ``"F"`` or ``"M"``.
    age : float
        Years at the study.
    bmi : float
        Body mass index, kg/m2: decides the weight in the header, at 1.62 m (women) or 1.75 m (men).
    study : str
        Tells apart several studies of one patient.
    """

    case: str
    sex: str
    age: float
    bmi: float
    study: str = "1"

    def __post_init__(self) -> None:
        if not self.case or not self.case.replace("-", "").isalnum() or not self.case.isascii() or len(self.case) > 32:
            raise ScannerError(
                f"The case name {self.case!r} cannot go into a DICOM header; use up to 32 letters, digits and hyphens."
            )

    @property
    def patient_name(self) -> str:
        """``VIRTUAL^`` and the case, in capitals."""
        return f"VIRTUAL^{self.case.upper()}"

    def uid(self, *parts: object) -> str:
        """The UID of something in this study: the same whenever it is made from the same words.

        Examples
        --------
        >>> who = Identity(case="CASE03", sex="F", age=61, bmi=26)
        >>> who.uid("series", 1) == who.uid("series", 1) != who.uid("series", 2)
        True
        """
        words = "|".join(map(str, ("vbqkit", self.case.upper(), self.study, *parts)))
        return _UID_ROOT + str(int.from_bytes(hashlib.sha256(words.encode()).digest()[:16], "big"))


@contextmanager
def whole_folder(out: str | os.PathLike[str]) -> Iterator[Path]:
    """A folder that appears under its name only when all is written; nothing is left behind otherwise.

    Raises
    ------
    ScannerError
        If the folder exists and is not empty, or cannot be made.
    """
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ScannerError(
            f"{target} is {'not empty' if target.is_dir() else 'a file'}; nothing was written. Name a folder that does not "
            "exist or is empty."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise ScannerError(f"{target} cannot be written: {error.strerror}. Choose another folder.") from error
    try:
        yield work
        work.chmod(0o755)
        if target.exists():
            target.rmdir()
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_dicom(
    study: Study, scanner: Scanner, identity: Identity, folder: str | os.PathLike[str], *, compress: bool = True
) -> tuple[Path, ...]:
    """Write a virtual study, one folder a series (``T1/0001.dcm`` ...), one file a slice.

    Parameters
    ----------
    study : Study
        From :func:`vbqkit.scanner.forward_model.scan`.
    scanner : Scanner
        The machine that made it.
    identity : Identity
        Whose it is.
    folder : path
        New or empty; it appears complete or not at all.
    compress : bool
        RLE, lossless: every DICOM reader has it, pydicom without any further package. False: uncompressed.

    Returns
    -------
    tuple of Path
        The files, in order.

    Raises
    ------
    ScannerError
        If the folder is not empty or cannot be written, or the study was not made by this scanner.
    """
    with whole_folder(folder) as work:
        names = write_files(study, scanner, identity, work, compress=compress)
    return tuple(Path(folder) / name for name in names)


def write_files(
    study: Study, scanner: Scanner, identity: Identity, folder: Path, *, compress: bool = True
) -> tuple[Path, ...]:
    """As :func:`write_dicom`, into a folder that is already there; returns the files' names within it."""
    names: list[Path] = []
    for series in study:
        names += _write_series(series.volume(), scanner, identity, folder, compress=compress)
    return tuple(names)


def _write_series(volume: Volume, scanner: Scanner, identity: Identity, work: Path, *, compress: bool) -> list[Path]:
    if not volume.acquisition.synthetic:
        raise ScannerError(
            "This series was not made by the virtual scanner; only synthetic images are written as DICOM here."
        )
    protocol = scanner.protocol(volume.acquisition.weighting)
    name = Path(volume.acquisition.weighting)
    (work / name).mkdir()
    written = []
    for image in volume:
        dataset = make_dataset(image, scanner, protocol, identity)
        path = name / f"{image.index + 1:04d}.dcm"
        save_dataset(dataset, work / path, compress=compress)
        written.append(path)
    return written


def save_dataset(dataset: Any, path: Path, *, compress: bool) -> None:
    """Write a dataset to a file, its pixels in RLE or uncompressed."""
    if compress:
        instance = dataset.SOPInstanceUID
        dataset.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
        assert dataset.SOPInstanceUID == instance
    dataset.save_as(path, enforce_file_format=True)


def make_dataset(image: Slice, scanner: Scanner, protocol: Protocol, identity: Identity) -> Any:
    """One slice as a pydicom dataset of the MR Image Storage class, uncompressed.

    Parameters
    ----------
    image : Slice
        Shown values; the stored ones are these divided by the scanner's rescale slope.
    scanner, protocol : Scanner, Protocol
        What made it.
    identity : Identity
        Whose it is.
    """
    stored = np.rint(np.asarray(image.pixels) / scanner.rescale_slope).astype(np.uint16)
    number = image.acquisition.series_number or 1
    tags = (
        patient_and_study(identity, scanner.name, "MR LUMBAR SPINE SYNTHETIC")
        | _series_and_equipment(image, scanner, identity, number)
        | _acquisition(image, scanner, protocol)
        | image_geometry(image)
        | _pixels(stored, scanner)
    )
    return new_dataset(MRImageStorage, identity.uid("instance", scanner.name, number, image.index), tags)


def new_dataset(sop_class: UID, instance_uid: str, tags: Mapping[str, Any]) -> Any:
    """A pydicom dataset with its file meta information, explicit little endian, holding these elements by keyword."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = instance_uid
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.ImplementationClassUID = _UID_ROOT + str(
        int.from_bytes(hashlib.sha256(b"vbqkit dicom writer").digest()[:16], "big")
    )
    dataset.file_meta.ImplementationVersionName = "VBQKIT"
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def patient_and_study(identity: Identity, machine: str, description: str) -> dict[str, Any]:
    """Elements of the patient and of the study on one machine."""
    height_m = 1.62 if identity.sex == "F" else 1.75
    return {
        "SpecificCharacterSet": "ISO_IR 100",
        "PatientName": identity.patient_name,
        "PatientID": f"VBQKIT-{identity.case.upper()}",
        "PatientBirthDate": f"{int(STUDY_DATE[:4]) - int(identity.age)}0101",
        "PatientSex": identity.sex,
        "PatientAge": f"{int(identity.age):03d}Y",
        "PatientSize": f"{height_m:.2f}",
        "PatientWeight": f"{identity.bmi * height_m**2:.1f}",
        "PatientComments": SYNTHETIC_COMMENT,
        "StudyInstanceUID": identity.uid("study", machine),
        "StudyDate": STUDY_DATE,
        "StudyTime": "100000",
        "ReferringPhysicianName": "",
        "StudyID": identity.study,
        "AccessionNumber": "",
        "StudyDescription": description,
    }


def _series_and_equipment(image: Slice, scanner: Scanner, identity: Identity, number: int) -> dict[str, Any]:
    a = image.acquisition
    return {
        "Modality": "MR",
        "SeriesInstanceUID": identity.uid("series", scanner.name, number),
        "SeriesNumber": number,
        "SeriesDate": STUDY_DATE,
        "SeriesTime": f"10{number:02d}00",
        "SeriesDescription": a.series_description,
        "ProtocolName": a.series_description,
        "BodyPartExamined": a.body_part,
        "PatientPosition": "HFS",
        "FrameOfReferenceUID": identity.uid("frame of reference", scanner.name),
        "PositionReferenceIndicator": "",
        "Manufacturer": a.vendor,
        "ManufacturerModelName": a.model,
        "InstitutionName": "vbqkit (synthetic)",
        "StationName": "VIRTUAL",
        "DeviceSerialNumber": scanner.name,
        "SoftwareVersions": "vbqkit virtual scanner 1",
    }


def _acquisition(image: Slice, scanner: Scanner, protocol: Protocol) -> dict[str, Any]:
    a = image.acquisition
    phase, frequency = protocol.acquired
    by_cols = protocol.phase_axis == "HF"
    number = a.series_number or 1
    tags = {
        "ImageType": list(a.image_type),
        "InstanceNumber": image.index + 1,
        "AcquisitionNumber": number,
        "AcquisitionDate": STUDY_DATE,
        "AcquisitionTime": f"10{number:02d}10",
        "ContentDate": STUDY_DATE,
        "ContentTime": f"10{number:02d}30",
        "ImageComments": SYNTHETIC_COMMENT,
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        "ScanningSequence": list(a.scanning_sequence),
        "SequenceVariant": list(a.sequence_variant),
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "SequenceName": a.sequence_name,
        "AngioFlag": "N",
        "RepetitionTime": f"{a.tr_ms:g}",
        "EchoTime": "" if a.te_ms is None else f"{a.te_ms:g}",  # made of several echoes
        "EchoTrainLength": a.echo_train_length,
        "EchoNumbers": 1,
        "FlipAngle": f"{a.flip_angle_deg:g}",
        "NumberOfAverages": f"{protocol.averages:g}",
        "ImagingFrequency": f"{PROTON_MHZ_PER_T * scanner.field_t:.4f}",
        "ImagedNucleus": "1H",
        "MagneticFieldStrength": f"{scanner.field_t:g}",
        "PixelBandwidth": f"{protocol.bandwidth_hz_per_px:g}",
        "NumberOfPhaseEncodingSteps": phase,
        "PercentSampling": f"{100.0 * phase / frequency:.1f}",
        "PercentPhaseFieldOfView": "100",
        "AcquisitionMatrix": [0, frequency, phase, 0] if by_cols else [frequency, 0, 0, phase],
        "InPlanePhaseEncodingDirection": "COL" if by_cols else "ROW",
        "ReceiveCoilName": a.coil,
        "TransmitCoilName": "BODY",
        "SliceThickness": f"{protocol.thickness_mm:g}",
        "SpacingBetweenSlices": f"{protocol.thickness_mm + protocol.gap_mm:g}",
    }
    if protocol.parallel_factor > 1:
        tags |= {
            "ParallelAcquisition": "YES",
            "ParallelAcquisitionTechnique": "SENSE",
            "ParallelReductionFactorInPlane": float(protocol.parallel_factor),
        }
    if a.ti_ms is not None:
        tags["InversionTime"] = f"{a.ti_ms:g}"
    return tags


def image_geometry(image: Slice) -> dict[str, Any]:
    """Elements of the place of a slice in the patient."""
    directions = [np.array(v) / np.linalg.norm(v) for v in (image.col_step_mm, image.row_step_mm)]
    dy, dx = image.spacing_mm
    return {
        "ImagePositionPatient": [_number(v, COORDINATE_DECIMALS) for v in image.origin_mm],
        "ImageOrientationPatient": [_number(v, _RATIO_DECIMALS) for v in np.concatenate(directions)],
        "PixelSpacing": [_number(dy, _RATIO_DECIMALS), _number(dx, _RATIO_DECIMALS)],
        "SliceLocation": _number(float(np.dot(image.origin_mm, image.normal)), COORDINATE_DECIMALS),
    }


def _number(value: float, decimals: int) -> str:
    """A rounded number as a decimal string: at most 16 characters up to 99,999, no trailing zeros, no -0."""
    return f"{float(_plain(round(float(value), decimals))):.15g}"


def _plain(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Values without the negative zeros that print as -0."""
    plain: npt.NDArray[np.float64] = np.asarray(values, dtype=np.float64) + 0.0
    return plain


def image_pixels(stored: npt.NDArray[np.uint16]) -> dict[str, Any]:
    """Elements of one uncompressed gray picture of 12 bits, brighter where the value is higher."""
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "BitsAllocated": 16,
        "BitsStored": _BITS_STORED,
        "HighBit": _BITS_STORED - 1,
        "PixelRepresentation": 0,
        "PixelData": stored.astype("<u2").tobytes(),
    }


def _pixels(stored: npt.NDArray[np.uint16], scanner: Scanner) -> dict[str, Any]:
    slope = scanner.rescale_slope
    high = max(float(np.percentile(stored, 99.5)) * slope, 2.0)
    tags = image_pixels(stored) | {"WindowCenter": f"{high / 2.0:.0f}", "WindowWidth": f"{high:.0f}"}
    if slope != 1.0:
        tags |= {"RescaleIntercept": "0", "RescaleSlope": f"{slope:.8g}", "RescaleType": "US"}
    return tags
