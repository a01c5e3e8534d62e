"""The ROIs of a report as a DICOM segmentation, on the grid of the series that the key image is of."""

from __future__ import annotations

import numpy as np
from highdicom import AlgorithmIdentificationSequence, seg
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

import vbqkit
from vbqkit.errors import FormatError, RoiError
from vbqkit.report.case_values import SYNTHETIC, CaseReport
from vbqkit.report.dicom.codes import place_code
from vbqkit.report.dicom.images import source_images
from vbqkit.roi import Roi
from vbqkit.roi.labels import CSF, NOISE

SERIES_NUMBER = 9902
_DESCRIPTION = "ROIs as drawn, no outlines of organs; see the structured report for what they measure"


def segmentation(report: CaseReport) -> Dataset:
    """One segment for each ROI: the pixels whose centers lie in it, as the scores count them.

    Parameters
    ----------
    report : CaseReport
        Of DICOM images.

    Returns
    -------
    Dataset

    Raises
    ------
    FormatError
        If there is no picture, no ROI lies on it, or the images are no DICOM files.
    """
    if report.image is None or report.evidence is None:
        raise FormatError(
            "There is no key image on whose series ROIs could be marked: none could be scored, or its pixels name the patient. Write .html or .pdf."
        )
    weighting = report.image.acquisition.weighting
    volume = report.evidence.volumes[weighting]
    stored = source_images(report, weighting)
    order = sorted(stored)
    shape = (int(stored[order[0]].dataset.Rows), int(stored[order[0]].dataset.Columns))
    if shape != volume.shape[1:]:
        raise FormatError(
            f"The {weighting} files hold pictures of {shape}, not {volume.shape[1:]} as read. Read the study again."
        )
    planes: list[tuple[Roi, int, np.ndarray]] = []
    for roi in report.drawn:
        try:
            image = roi.slice_of(volume)
            if image.index in stored:
                planes.append((roi, image.index, np.asarray(roi.mask(image), dtype=np.uint8)))
        except RoiError:  # off this series; the report says so
            continue
    if not planes:
        raise FormatError(f"No ROI lies on the {weighting} series. Draw some, or write .html or .pdf.")
    multi = stored[order[0]].frame is not None
    frames = sorted((image.frame or 0, index) for index, image in stored.items()) if multi else [(0, i) for i in order]
    rows = {index: row for row, (_, index) in enumerate(frames)}
    total = int(stored[order[0]].dataset.NumberOfFrames) if multi else len(frames)
    if total != len(frames):
        raise FormatError(
            "A file of several frames holds more than this series, so a segmentation cannot refer to it as a whole."
        )
    pixels = np.zeros((total, *shape, len(planes)), dtype=np.uint8)
    for number, (_, index, mask) in enumerate(planes):
        pixels[rows[index], :, :, number] = mask
    origins = {roi.label: roi.origin for roi in report.rois}
    made = seg.Segmentation(
        source_images=[stored[order[0]].dataset] if multi else [stored[index].dataset for index in order],
        pixel_array=pixels,
        segmentation_type=seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _segment(number, roi, origins.get(roi.label, "")) for number, (roi, _, _) in enumerate(planes, start=1)
        ],
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer="vbqkit",
        manufacturer_model_name="vbqkit",
        software_versions=vbqkit.__version__,
        device_serial_number="none",
        content_label="VBQKIT_ROIS",
        content_description=(SYNTHETIC if report.synthetic else _DESCRIPTION)[:64],
        omit_empty_frames=True,
    )
    made.SeriesDescription = "SYNTHETIC vbqkit ROIs" if report.synthetic else "vbqkit ROIs"
    return made


def _segment(number: int, roi: Roi, origin: str) -> seg.SegmentDescription:
    category = codes.SCT.AnatomicalStructure
    if roi.label == CSF:
        category = codes.SCT.BodySubstance
    elif roi.label == NOISE:
        category = codes.SCT.SpatialAndRelationalConcept
    kind = {"accepted": "AUTOMATIC", "corrected": "SEMIAUTOMATIC"}.get(origin, "MANUAL")
    algorithm = None
    if kind != "MANUAL":
        algorithm = AlgorithmIdentificationSequence(
            name="vbqkit.propose", family=codes.DCM.ArtificialIntelligence, version=vbqkit.__version__
        )
    return seg.SegmentDescription(
        segment_number=number,
        segment_label=roi.label[:64] or f"ROI {number}",
        segmented_property_category=category,
        segmented_property_type=place_code(roi.label),
        algorithm_type=kind,
        algorithm_identification=algorithm,
        tracking_uid=generate_uid(prefix=None),
        tracking_id=roi.label[:64] or f"ROI {number}",
    )
