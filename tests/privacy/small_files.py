"""Small DICOM files, made for one question each."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

NAME_ON_PICTURE = "NOVAK JANA 12.03.1948"
MR = "1.2.840.10008.5.1.4.1.1.4"


def tiny(pixels=None, **tags):
    """A header of an MR image with a few pixels, and nothing that names anybody."""
    pixels = np.arange(1600, dtype=np.uint16).reshape(40, 40) if pixels is None else pixels
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID, header.Modality = MR, "2.25.11", "MR"
    header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = "2.25.1", "2.25.2", "2.25.3"
    header.ImageType, header.ScanningSequence = ["ORIGINAL", "PRIMARY", "M"], "SE"
    header.RepetitionTime, header.EchoTime, header.MagneticFieldStrength = 600, 12, 1.5
    header.SliceThickness, header.SeriesNumber, header.InstanceNumber = 4, 1, 1
    header.ImageOrientationPatient, header.ImagePositionPatient = [0, 1, 0, 0, 0, -1], [0, 0, 0]
    header.PixelSpacing, header.SeriesDescription, header.Manufacturer = [0.7, 0.7], "T1 TSE SAG", "Philips"
    header.Rows, header.Columns = pixels.shape
    header.SamplesPerPixel, header.PhotometricInterpretation, header.PixelRepresentation = 1, "MONOCHROME2", 0
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.PixelData = pixels.astype("<u2").tobytes()
    for keyword, value in tags.items():
        setattr(header, keyword, value)
    return header


def save(header, path):
    """Write it as a file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header.file_meta = FileMetaDataset()
    header.file_meta.MediaStorageSOPClassUID = header.get("SOPClassUID", MR)
    header.file_meta.MediaStorageSOPInstanceUID = header.get("SOPInstanceUID", "2.25.11")
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dcmwrite(path, header, enforce_file_format=True)
    return path


def with_name_on_the_body():
    """A body with a name across it, brighter than any tissue."""
    picture = np.random.default_rng(1).rayleigh(10, (160, 200))
    picture[20:150, 10:195] += 300
    layer = Image.new("L", (200, 160), 0)
    ImageDraw.Draw(layer).text((20, 70), NAME_ON_PICTURE, fill=255, font=ImageFont.load_default(size=12))
    picture[np.asarray(layer) > 100] = 900
    return picture.astype(np.uint16)


def written(picture, size, *, brightness=1.0, low=False):
    """A picture with a name in a corner, drawn by Pillow."""
    layer = Image.new("L", picture.shape[::-1], 0)
    top = picture.shape[0] - size - 6 if low else 4
    ImageDraw.Draw(layer).text((4, top), NAME_ON_PICTURE, fill=255, font=ImageFont.load_default(size=size))
    share = np.asarray(layer) / 255.0
    return picture * (1 - share) + share * brightness * picture.max()
