"""A report as a DICOM structured report (TID 1500): scores and signals with unit, place, method and interval."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from highdicom import sr
from highdicom.uid import UID
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

import vbqkit
from vbqkit.errors import FormatError
from vbqkit.formats.roi_sr import ORIGIN
from vbqkit.image import FloatArray
from vbqkit.report.case_values import NO_DIAGNOSIS, CaseReport, ReportedScore
from vbqkit.report.dicom.codes import (
    NO_UNIT,
    SCHEME,
    method_code,
    own_code,
    place_code,
    score_code,
    signal_code,
    unit_code,
)
from vbqkit.report.dicom.images import SourceImage, source_images
from vbqkit.report.words import banners
from vbqkit.roi import Ellipse, Measurement, Roi
from vbqkit.roi.labels import SPINE_LEVELS
from vbqkit.scores.result import Refusal, Score

SERIES_NUMBER = 9901
TITLE = "vbqkit marrow scores"
DEVICE_UID = "2.25.302874916605172836012917365501284716243"
"""Identifies the package as the observing device; a UUID that was drawn once."""


def structured_report(report: CaseReport) -> Dataset:
    """The report as a Comprehensive 3D SR of the study of its images.

    Each ROI is one measurement group for each series (TID 1410): its outline in patient millimetres, the image that it
    was measured on, and the mean, median, SD, least and largest signal. Each score is a group (TID 1501) with its
    interval, the published cut-offs beside it and, for the M-score, the reference group. Refusals, cautions and that
    it is no diagnosis are comments.

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
        If nothing was measured, the images are no DICOM files, or name no frame of reference.
    """
    if report.case is None or not report.case.measured:
        raise FormatError(
            "Nothing was measured, so there is nothing that a structured report could hold. Write .html or .pdf."
        )
    images = {w: source_images(report, w) for w in report.case.measured}
    groups = [*_roi_groups(report, images), *_score_groups(report, images)]
    content = sr.MeasurementReport(
        observation_context=_observers(report),
        procedure_reported=codes.cid100.MRIUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    for text in _comments(report):
        item = sr.TextContentItem(codes.DCM.Comment, text, sr.RelationshipTypeValues.CONTAINS)
        content[0].ContentSequence.append(item)
    used = {id(one.dataset): one.dataset for by_slice in images.values() for one in by_slice.values()}
    made = sr.Comprehensive3DSR(
        evidence=list(used.values()),
        content=content[0],
        series_instance_uid=generate_uid(prefix=None),
        series_number=SERIES_NUMBER,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer="vbqkit",
        is_complete=True,
        is_final=False,  # no one has signed it
        is_verified=False,
    )
    scheme = Dataset()
    scheme.CodingSchemeDesignator, scheme.CodingSchemeName = SCHEME, "Codes of vbqkit"
    scheme.CodingSchemeResponsibleOrganization = "The vbqkit developers"
    made.CodingSchemeIdentificationSequence = [*made.get("CodingSchemeIdentificationSequence", []), scheme]
    made.SeriesDescription = f"SYNTHETIC {TITLE}" if report.synthetic else TITLE
    made.ManufacturerModelName = "vbqkit"
    made.SoftwareVersions = vbqkit.__version__
    return made


def _observers(report: CaseReport) -> sr.ObservationContext:
    name = report.reader.replace("^", " ").replace("=", " ").replace("\\", " ")
    person = sr.ObserverContext(codes.DCM.Person, sr.PersonObserverIdentifyingAttributes(name=name))
    device = sr.ObserverContext(
        codes.DCM.Device,
        sr.DeviceObserverIdentifyingAttributes(
            uid=UID(DEVICE_UID), name="vbqkit", manufacturer_name="vbqkit", model_name=vbqkit.__version__
        ),
    )
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _comments(report: CaseReport) -> Iterator[str]:
    yield from banners(report)
    yield NO_DIAGNOSIS
    yield f"Case {report.code}, read on {report.read_on.isoformat()}."
    for one in report.scores:
        if isinstance(one.result, Refusal):
            yield str(one.result)
    yield from (str(caution) for caution in report.cautions)
    yield from (f"{name}: {value}." for name, value in report.settings)


def outline_3d(roi: Roi) -> tuple[sr.GraphicTypeValues3D, FloatArray]:
    """A ROI as graphic data: an ellipse by the ends of its axes, the longer first; else a closed polygon."""
    if isinstance(roi, Ellipse):
        center = np.array(roi.center_mm)
        axes = sorted((np.array(roi.half_width), np.array(roi.half_height)), key=lambda v: -float(v @ v))
        return sr.GraphicTypeValues3D.ELLIPSE, np.array([center + s * axis for axis in axes for s in (-1.0, 1.0)])
    points = roi.outline_mm()
    return sr.GraphicTypeValues3D.POLYGON, np.vstack([points, points[:1]])


def _roi_groups(
    report: CaseReport, images: dict[str, dict[int, SourceImage]]
) -> Iterator[sr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    assert report.case is not None
    assert report.evidence is not None
    origins = {roi.label: roi.origin for roi in report.rois}
    for weighting, table in report.case.measured.items():
        frame_uid = report.evidence.volumes[weighting].acquisition.frame_of_reference_uid
        if frame_uid is None:
            raise FormatError(
                f"The {weighting} series names no frame of reference (0020,0052), so coordinates in a report of its own would mean nothing. "
                "Write .html or .pdf."
            )
        for roi in report.drawn:
            measured = table.get(roi.label)
            image = images[weighting].get(measured.slice_index) if measured is not None else None
            if measured is None or image is None:
                continue
            origin = origins.get(roi.label, "")
            yield sr.PlanarROIMeasurementsAndQualitativeEvaluations(
                tracking_identifier=sr.TrackingIdentifier(
                    uid=generate_uid(prefix=None), identifier=f"{roi.label} on {weighting}"
                ),
                referenced_region=sr.ImageRegion3D(*outline_3d(roi), UID(frame_uid)),
                finding_type=place_code(roi.label),
                finding_sites=[sr.FindingSite(place_code(roi.label))],
                measurements=list(_signals(measured, weighting, image)),
                qualitative_evaluations=[
                    sr.QualitativeEvaluation(own_code(ORIGIN, "Origin of the ROI"), own_code(origin, origin))
                ]
                if origin
                else None,
            )


def _signals(m: Measurement, weighting: str, image: SourceImage) -> Iterator[sr.Measurement]:
    reference = sr.SourceImageForMeasurement(image.dataset.SOPClassUID, image.dataset.SOPInstanceUID, image.frames)
    derived = (
        (codes.SCT.Mean, m.mean),
        (codes.SCT.Median, m.median),
        (codes.SCT.StandardDeviation, m.sd),
        (codes.SCT.Minimum, m.min),
        (codes.SCT.Maximum, m.max),
    )
    for derivation, value in derived:
        if np.isfinite(value):
            yield sr.Measurement(
                signal_code(weighting), float(value), NO_UNIT, derivation=derivation, referenced_images=[reference]
            )
    yield sr.Measurement(codes.SCT.Area, float(m.area_mm2), codes.UCUM.SquareMillimeter, referenced_images=[reference])


def _score_groups(
    report: CaseReport, images: dict[str, dict[int, SourceImage]]
) -> Iterator[sr.MeasurementsAndQualitativeEvaluations]:
    assert report.case is not None
    for one in report.scores:
        score = one.result
        if not isinstance(score, Score):
            continue
        levels = [level for level in score.levels if level in SPINE_LEVELS]
        measurement = sr.Measurement(
            name=score_code(score),
            value=float(score.value),
            unit=unit_code(score),
            finding_sites=[sr.FindingSite(place_code(label)) for label in levels or score.regions],
            method=method_code(score),
            properties=_properties(report, one),
            algorithm_id=sr.AlgorithmIdentification("vbqkit.scores", vbqkit.__version__),
        )
        yield sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(uid=generate_uid(prefix=None), identifier=score.key),
            finding_type=codes.SCT.LumbarSpine,
            measurements=[measurement],
            source_images=list(_sources(score, report, images)),
        )


def _sources(
    score: Score, report: CaseReport, images: dict[str, dict[int, SourceImage]]
) -> Iterator[sr.SourceImageForMeasurementGroup]:
    """Images of the series that the score was measured on, each once."""
    from vbqkit.scores.registry import SCORES  # noqa: PLC0415 - beside its only use

    assert report.case is not None
    for weighting in SCORES[score.name].weightings:
        table = report.case.measured.get(weighting, {})
        slices = {table[label].slice_index for label in score.regions if label in table}
        for index in sorted(slices & set(images.get(weighting, {}))):
            image = images[weighting][index]
            yield sr.SourceImageForMeasurementGroup(
                image.dataset.SOPClassUID, image.dataset.SOPInstanceUID, image.frames
            )


def _properties(report: CaseReport, one: ReportedScore) -> sr.MeasurementProperties | None:
    score, limits = one.result, one.limits
    assert isinstance(score, Score)
    cutoffs = None
    if one.cutoffs:
        said = "; ".join(f"{c.source}: {c.threshold:g} for {c.target}: {c.verdict}" for c in one.cutoffs)
        cutoffs = sr.NormalRangeProperties(
            values=[
                sr.NumContentItem(
                    own_code(f"CUTOFF-{n}", f"Cut-off of {c.source} for {c.target}"),
                    c.threshold,
                    unit_code(score),
                    relationship_type=sr.RelationshipTypeValues.HAS_PROPERTIES,
                )
                for n, c in enumerate(one.cutoffs, start=1)
            ],
            description=f"Published cut-offs, no limits of what is normal; nearest setting first; there is no default. {said}.",
            authority="the papers that are named; tables of vbqkit.literature",
        )
    population = None
    assert report.case is not None
    group = report.case.inputs.reference
    if group is not None and score.name == "M-score":
        relation = sr.RelationshipTypeValues.HAS_PROPERTIES
        population = sr.MeasurementStatisticalProperties(
            values=[
                sr.NumContentItem(
                    codes.cid226.MeanValueOfPopulation, float(group.mean), NO_UNIT, relationship_type=relation
                ),
                sr.NumContentItem(
                    codes.cid226.StandardDeviationOfPopulation, float(group.sd), NO_UNIT, relationship_type=relation
                ),
            ],
            description=f"SNR of {group.n} young healthy women; scanner: {group.scanner}",
            authority=group.source or "given by the reader",
        )
    if limits is None and cutoffs is None and population is None:
        return None
    return sr.MeasurementProperties(
        normal_range_properties=cutoffs,
        measurement_statistical_properties=population,
        lower_measurement_uncertainty=None if limits is None else float(score.value - limits[0]),
        upper_measurement_uncertainty=None if limits is None else float(limits[1] - score.value),
    )
