"""A made-up classic MR series on disk, of the size of a clinical one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

_CLINICAL_TEXT = 40  # elements of text that a clinical header has besides those the reader needs


def write_series(folder: Path, *, slices: int, rows: int = 512, cols: int = 512, number: int = 1) -> None:
    """Write `slices` sagittal T1 files with the header of a clinical scan."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    series, study, frame = (generate_uid(entropy_srcs=[kind, str(number)]) for kind in ("series", "study", "frame"))
    for k in range(slices):
        header = Dataset()
        header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid()
        header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = study, series, frame
        header.Modality, header.Manufacturer, header.ManufacturerModelName = "MR", "Acme", "Benchmark"
        header.PatientName, header.PatientID, header.PatientBirthDate, header.PatientSex = "Doe^Jane", "1", "", "F"
        header.StudyDate, header.StudyTime, header.AccessionNumber, header.StudyID = "20260101", "120000", "", "1"
        header.ReferringPhysicianName, header.SeriesNumber, header.InstanceNumber = "", number, k + 1
        header.SeriesDescription, header.ImageType = "T1 SAG", ["ORIGINAL", "PRIMARY", "M"]
        header.ScanningSequence, header.SequenceVariant, header.ScanOptions = "SE", "SK", "PFP"
        header.RepetitionTime, header.EchoTime, header.MagneticFieldStrength, header.EchoTrainLength = 600, 12, 1.5, 3
        header.MRAcquisitionType, header.FlipAngle, header.SliceThickness, header.SpacingBetweenSlices = (
            "2D",
            90,
            4,
            4.4,
        )
        header.PositionReferenceIndicator, header.PatientPosition = "", "HFS"
        header.ImageOrientationPatient = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]
        header.ImagePositionPatient = [30.0 - 4.4 * k, -100.0, 150.0]
        header.PixelSpacing, header.Rows, header.Columns = [0.6, 0.6], rows, cols
        header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
        header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
        private = header.private_block(0x0029, "BENCHMARK", create=True)
        for offset in range(_CLINICAL_TEXT):
            private.add_new(offset, "LO", "text as vendors keep it")
        header.PixelData = rng.integers(0, 4096, (rows, cols)).astype("<u2").tobytes()
        header["PixelData"].VR = "OW"
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.save_as(folder / f"IM{k:05}.dcm", enforce_file_format=True)
