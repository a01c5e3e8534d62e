"""The key image of a report as a DICOM secondary capture, with its ROIs and without a word about the patient."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from highdicom.sc import SCImage
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

import vbqkit
from vbqkit.errors import FormatError
from vbqkit.page.colours import PICTURE
from vbqkit.page.drawing import Words
from vbqkit.report.case_values import SYNTHETIC, CaseReport
from vbqkit.report.dicom.images import source_images
from vbqkit.report.picture import key_drawing

SERIES_NUMBER = 9903


def secondary_capture(report: CaseReport) -> Dataset:
    """The key image as it is shown, in colour; for looking at, not for measuring.

    Raises
    ------
    FormatError
        If there is no picture, or the images are no DICOM files.
    """
    image = report.image
    if image is None:
        raise FormatError(
            "There is no key image: no series could be scored, or its pixels name the patient. Write .html or .pdf."
        )
    weighting = image.acquisition.weighting
    stored = source_images(report, weighting)
    reference = stored.get(image.index) or next(iter(stored.values()))
    drawing = key_drawing(report, image, size_px=512)
    if report.synthetic:
        marked = Words(x=8, y=16, text="SYNTHETIC", colour=PICTURE["mark"], bold=True)
        drawing = replace(drawing, parts=[*drawing.parts, marked])
    pixels = np.asarray(Image.open(io.BytesIO(drawing.png(scale=2.0))).convert("RGB"), dtype=np.uint8)
    letters = image.edge_letters
    made = SCImage.from_ref_dataset(
        ref_dataset=reference.dataset,
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer="vbqkit",
        patient_orientation=(letters["right"], letters["bottom"]),
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    made.ImageType = ["DERIVED", "SECONDARY", *(["SYNTHETIC"] if report.synthetic else [])]
    made.SeriesDescription = "SYNTHETIC vbqkit key image" if report.synthetic else "vbqkit key image"
    made.DerivationDescription = "Windowed to 8 bits, with ROIs drawn on it. Not for measuring."
    made.ImageComments = SYNTHETIC if report.synthetic else "Not for measuring"
    made.BurnedInAnnotation = "NO"
    made.BodyPartExamined = reference.dataset.get("BodyPartExamined") or "LSPINE"
    made.ManufacturerModelName = "vbqkit"
    made.SoftwareVersions = vbqkit.__version__
    return made
