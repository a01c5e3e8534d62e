"""DICOM files made for one question each: classic series and Enhanced multi-frame files, written by pydicom alone."""

import copy
from importlib.util import find_spec

import gdcm
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, JPEGLSLossless, generate_uid

MR_CLASS = "1.2.840.10008.5.1.4.1.1.4"
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))  # along the rows to posterior, along the columns to the feet
STUDY_UID = generate_uid(entropy_srcs=["study"])


class Scan:
    """A series about to be written: change ``slices[i]``, then :meth:`write`."""

    def __init__(
        self,
        *,
        slices=4,
        rows=10,
        cols=8,
        spacing=(0.7, 0.5),
        distance=4.4,
        orientation=SAGITTAL,
        origin=(-8.0, -30.0, 60.0),
        name="T1",
        number=3,
        pixels=None,
        **tags,
    ):
        along_row, along_col = (np.array(v, dtype=float) for v in orientation)
        normal = np.cross(along_row, along_col)
        rng = np.random.default_rng(number)
        self.pixels = rng.integers(1, 4000, (slices, rows, cols)).astype(np.uint16) if pixels is None else pixels
        self.slices = []
        for k in range(slices):
            header = Dataset()
            header.SOPClassUID, header.SOPInstanceUID = (
                MR_CLASS,
                generate_uid(entropy_srcs=[name, str(number), str(k)])[:50],
            )
            header.Modality, header.Manufacturer = "MR", "Acme"
            header.PatientName, header.PatientID = "Doe^Jane", "4711-X"
            header.StudyInstanceUID, header.StudyID = STUDY_UID, "1"
            header.StudyDate, header.StudyTime = "20260102", "030405"
            header.SeriesInstanceUID = generate_uid(entropy_srcs=["series", name, str(number)])
            header.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame"])
            header.SeriesNumber, header.InstanceNumber, header.SeriesDescription = number, k + 1, name
            header.ImageType = ["ORIGINAL", "PRIMARY", "M"]
            header.ScanningSequence, header.SequenceVariant, header.ScanOptions = "SE", "SK", "PFP"
            header.RepetitionTime, header.EchoTime, header.MagneticFieldStrength = 600, 12, 1.5
            header.SliceThickness = 4
            header.ImageOrientationPatient = [float(v) for v in (*along_row, *along_col)]
            header.ImagePositionPatient = [float(v) for v in np.array(origin) + k * distance * normal]
            header.PixelSpacing = list(spacing)
            header.Rows, header.Columns = self.pixels.shape[1:]
            header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
            header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
            header.PixelRepresentation = int(self.pixels.dtype.kind == "i")
            for keyword, value in tags.items():
                setattr(header, keyword, value)
            self.slices.append(header)

    def copy(self):
        return copy.deepcopy(self)

    def drop(self, *keywords):
        for header in self.slices:
            for keyword in keywords:
                delattr(header, keyword)
        return self

    def write(self, folder, *, syntax=ExplicitVRLittleEndian, names=None, prefix="IM"):
        """Write one file a slice; file names count down, so that they never are in order of position."""
        folder.mkdir(exist_ok=True, parents=True)
        paths = []
        for k, (header, pixels) in enumerate(zip(self.slices, self.pixels, strict=True)):
            path = folder / (names[k] if names else f"{prefix}{999 - k}.dcm")
            save(header, pixels, path, syntax=syntax)
            paths.append(path)
        return paths


def save(header, pixels, path, *, syntax=ExplicitVRLittleEndian):
    header = copy.deepcopy(header)
    syntax = UID(syntax)
    if pixels is not None:
        order = ">" if syntax == ExplicitVRBigEndian else "<"
        header.PixelData = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder(order)).tobytes()
        header["PixelData"].VR = "OW"
    header.file_meta = FileMetaDataset()
    header.file_meta.MediaStorageSOPClassUID = header.get("SOPClassUID", MR_CLASS)
    header.file_meta.MediaStorageSOPInstanceUID = header.get("SOPInstanceUID", "1.2.3")
    header.file_meta.TransferSyntaxUID = syntax
    if syntax.is_compressed and not syntax.is_deflated:
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        if syntax == JPEGLSLossless and find_spec("jpeg_ls") is None:
            _compress_by_gdcm(header, path)
        else:
            header.compress(syntax, generate_instance_uid=False)
    written = header.file_meta.TransferSyntaxUID
    dcmwrite(
        path,
        header,
        implicit_vr=written.is_implicit_VR,
        little_endian=written.is_little_endian,
        enforce_file_format=True,
    )


def _compress_by_gdcm(header, path):
    """JPEG-LS where pyjpegls has no wheels (Python 3.14): GDCM reads it there, and so it writes it for the tests."""
    dcmwrite(path, header, enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    change = gdcm.ImageChangeTransferSyntax()
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLSLossless))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    header.PixelData = dcmread(path).PixelData
    header["PixelData"].VR = "OB"
    header["PixelData"].is_undefined_length = True
    header.file_meta.TransferSyntaxUID = JPEGLSLossless


@pytest.fixture
def scan():
    """Make a series: ``scan(slices=5, EchoTime=90)``."""
    return Scan


@pytest.fixture
def save_dicom():
    """Write one header with its pixels."""
    return save
