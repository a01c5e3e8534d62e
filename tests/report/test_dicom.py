"""DICOM of a report: the digits of score_case after a round trip, the places, the references; no errors by dciodvfy."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest

from tests.report.conftest import CASE, N_DRAWS, REFERENCE, ROIS
from vbqkit import read_rois, read_study
from vbqkit.errors import FormatError
from vbqkit.formats.roi_file import RoiFile
from vbqkit.report import case_report, read_report, write_report
from vbqkit.report.dicom.codes import PLACES
from vbqkit.roi import Ellipse, Polygon
from vbqkit.scores import Score, score_case
from vbqkit.study import Study, make_series

pytestmark = pytest.mark.slow  # highdicom takes seconds to load
KINDS = ("sr", "seg", "sc")
MISSING = shutil.which("dciodvfy") is None


@pytest.fixture(scope="module")
def files(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    return {kind: write_report(report, folder / f"case.{kind}.dcm") for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(MISSING, reason="dciodvfy (dicom3tools) is not installed: the objects were not validated by it")
def test_dciodvfy_finds_no_error(files, kind):
    done = subprocess.run(["dciodvfy", str(files[kind])], capture_output=True, text=True, errors="replace", check=False)
    said = done.stdout + done.stderr
    assert {"sr": "Comprehensive3DSR", "seg": "Segmentation", "sc": "SCImage"}[kind] in said
    assert [line for line in said.splitlines() if line.startswith("Error")] == []


def test_what_the_structured_report_says_is_what_score_case_says_to_the_last_bit(report, files):
    saved = read_report(files["sr"])
    scores = [one for one in report.scores if isinstance(one.result, Score)]
    assert len(scores) == 4
    for one in scores:
        assert saved.value(one.result.key) == one.result.value
        [number] = [number for number in saved.numbers if number.of == one.result.key]
        if one.limits:
            assert (number.ci_low, number.ci_high) == pytest.approx(one.limits, rel=1e-15)
        else:
            assert (number.ci_low, number.ci_high) == (None, None)
    for label, m in report.case.measured["T1"].items():
        signals = {
            d: saved.value(f"{label} on T1", d) for d in ("Mean", "Median", "Standard Deviation", "Minimum", "Maximum")
        }
        assert list(signals.values()) == [m.mean, m.median, m.sd, m.min, m.max]


def test_the_rois_of_the_structured_report_give_the_same_scores(report, files, study):
    drawn = read_rois(files["sr"])
    assert drawn.frame_of_reference_uid == study.find("T1").acquisition.frame_of_reference_uid
    case = score_case({"T1": study.find("T1").volume()}, drawn, aggregate="both", reference=REFERENCE)
    assert [r.value for r in case.results] == [one.result.value for one in report.scores]


def test_pydicom_alone_finds_levels_with_codes_of_snomed_units_and_images(files, study):
    dataset = pydicom.dcmread(files["sr"])
    groups = next(
        i for i in dataset.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "126010"
    ).ContentSequence
    sites = {}
    for group in groups:
        items = {i.ConceptNameCodeSequence[0].CodeValue: i for i in group.ContentSequence}
        label = items["112039"].TextValue
        if label.endswith(" on T1"):
            sites[label.removesuffix(" on T1")] = items["363698007"].ConceptCodeSequence[0]
            assert items["111030"].ReferencedFrameOfReferenceUID == study.find("T1").acquisition.frame_of_reference_uid
    published = {"L1": "66794005", "L2": "14293000", "L3": "36470004", "L4": "11994002", "CSF": "65216001"}
    assert {label: sites[label].CodeValue for label in published} == published
    assert {sites[label].CodingSchemeDesignator for label in published} == {"SCT"}
    units = {m.MeasurementUnitsCodeSequence[0].CodingSchemeDesignator for m in every(dataset, "MeasuredValueSequence")}
    assert units == {"UCUM"}
    images = {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID) for p in (CASE / "T1").glob("*.dcm")}
    referenced = {str(item.ReferencedSOPInstanceUID) for item in every(dataset, "ReferencedSOPSequence")}
    assert referenced
    assert referenced <= images


def every(dataset, keyword):
    for element in dataset.iterall():
        if element.keyword == keyword:
            yield from element.value


def test_codes_of_places_are_those_of_the_dictionary_that_pydicom_ships():
    from pydicom.sr.codedict import codes

    for level in ("T12", "L1", "L2", "L3", "L4", "L5"):
        assert PLACES[level].meaning == f"{level} vertebra"
        assert getattr(codes.SCT, f"{level}Vertebra").value == PLACES[level].value


def test_highdicom_reads_the_report_and_the_segmentation_back(report, files, study):
    import highdicom

    content = highdicom.sr.srread(files["sr"]).content
    groups = content.get_planar_roi_measurement_groups()
    assert len(groups) == len(report.drawn)
    volume = study.find("T1").volume()
    seg = highdicom.seg.segread(files["seg"])
    masks = seg.get_pixels_by_source_instance(source_sop_instance_uids=sources(volume), combine_segments=False)
    for number, roi in enumerate(report.drawn):
        assert seg.get_segment_description(number + 1).segment_label == roi.label
        image = roi.slice_of(volume)
        expected = np.zeros(volume.shape, dtype=bool)
        expected[image.index] = roi.mask(image)
        assert np.array_equal(masks[..., number].astype(bool), expected), roi.label


def sources(volume):
    """SOPInstanceUID of each slice, in the order of the volume."""
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in sorted((CASE / "T1").glob("*.dcm"))]
    by_place = {
        tuple(np.round(np.array(h.ImagePositionPatient, dtype=float), 3)): str(h.SOPInstanceUID) for h in headers
    }
    return [by_place[tuple(np.round(image.origin_mm, 3))] for image in volume]


@pytest.mark.parametrize("kind", KINDS)
def test_each_object_is_of_the_study_and_patient_has_new_uids_and_says_that_it_is_synthetic(files, kind):
    made, source = pydicom.dcmread(files[kind]), pydicom.dcmread(CASE / "T1" / "0001.dcm", stop_before_pixels=True)
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert (made.PatientID, made.PatientName) == (source.PatientID, source.PatientName)
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.SeriesDescription.startswith("SYNTHETIC")
    assert made.SOPInstanceUID.startswith("2.25.")
    others = {pydicom.dcmread(path).SOPInstanceUID for path in files.values()}
    assert len(others) == len(files)


def test_the_key_image_is_a_picture_without_identity(files):
    made = pydicom.dcmread(files["sc"])
    assert made.BurnedInAnnotation == "NO"
    assert made.pixel_array.shape == (1024, 1024, 3)
    assert "Not for measuring" in made.DerivationDescription
    study = read_study(files["sc"])
    assert all(series.refusal for series in study)


def test_cut_offs_and_the_reference_group_stand_beside_the_scores(report, files):
    dataset = pydicom.dcmread(files["sr"])
    texts = [str(e.value) for e in dataset.iterall() if e.keyword == "TextValue"]
    assert any("Published cut-offs, no limits of what is normal" in text for text in texts)
    assert any(f"SNR of {REFERENCE.n} young healthy women; scanner: {REFERENCE.scanner}" in text for text in texts)
    saved = read_report(files["sr"])
    assert any("no diagnosis" in text for text in saved.comments)
    assert any("SYNTHETIC" in text for text in saved.comments)
    for caution in report.cautions:
        assert str(caution) in saved.comments


def test_ellipses_and_polygons_come_back_as_they_were_drawn(study, tmp_path):
    volume = study.find("T1").volume()
    image = volume.slice(5)
    drawn = read_rois(ROIS)
    ellipse = Ellipse.on(image, (150, 130), 9.0, 6.0, angle_deg=20, label="fat")
    triangle = Polygon(points=image.to_patient_mm([(200.3, 100.2), (201.1, 130.7), (220.6, 110.4)]), label="x")
    rois = (*(roi for roi in drawn if roi.label not in ("fat", "x")), ellipse, triangle)
    made = case_report(
        study,
        RoiFile(rois=rois, frame_of_reference_uid=drawn.frame_of_reference_uid, study_uid=drawn.study_uid),
        reader="AB",
        volumes={"T1": volume},
        aggregate="median",
        n_draws=N_DRAWS,
    )
    back = {roi.label: roi for roi in read_rois(write_report(made, tmp_path / "x.sr.dcm"))}
    assert np.allclose(back["x"].points, triangle.points, atol=1e-4)
    assert isinstance(back["fat"], Ellipse)
    for label in ("fat", "x"):
        before = next(roi for roi in rois if roi.label == label)
        assert np.array_equal(back[label].mask(image), before.mask(image))


def test_the_origin_of_a_roi_decides_how_its_segment_says_it_was_made(report, tmp_path):
    kinds = {"L1": "accepted", "L2": "corrected", "L3": "placed"}
    rois = tuple(replace(roi, origin=kinds.get(roi.label, "placed")) for roi in report.rois)
    made = pydicom.dcmread(write_report(replace(report, rois=rois), tmp_path / "x.seg.dcm"))
    said = {s.SegmentLabel: s.SegmentAlgorithmType for s in made.SegmentSequence}
    assert (said["L1"], said["L2"], said["L3"]) == ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")


def test_rois_that_were_proposed_come_back_from_the_structured_report_with_a_caution(report, tmp_path):
    kinds = {"L1": "accepted", "L2": "corrected", "L3": "placed"}
    rois = tuple(replace(roi, origin=kinds.get(roi.label, "placed")) for roi in report.rois)
    back = read_rois(write_report(replace(report, rois=rois), tmp_path / "x.sr.dcm"))
    said = [caution.message for caution in back.cautions if caution.code == "proposed-rois"]
    assert len(said) == 2
    assert said[0].startswith("L1 were proposed automatically and accepted")
    assert said[1].startswith("L2 were proposed automatically and corrected")


@pytest.mark.parametrize("kind", KINDS)
def test_images_that_are_no_dicom_are_refused_in_words(study, kind, tmp_path):
    volume = study.find("T1").volume()
    memory = Study(series=(make_series(volume),))
    made = case_report(memory, read_rois(ROIS), reader="AB", aggregate="median", n_draws=N_DRAWS)
    with pytest.raises(FormatError, match="no DICOM files"):
        write_report(made, tmp_path / f"x.{kind}.dcm")
    assert list(tmp_path.iterdir()) == []


def test_elements_that_an_anonymiser_removed_are_written_empty(t1_study, tmp_path):
    for path in t1_study.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword in ("PatientSex", "PatientBirthDate", "StudyTime", "AccessionNumber"):
            del dataset[keyword]
        dataset.save_as(path)
    study = read_study(t1_study)
    options = {"volumes": {"T1": study.series[0].volume()}, "aggregate": "median", "n_draws": N_DRAWS}
    made = case_report(study, read_rois(ROIS), reader="AB", **options)
    for kind in KINDS:
        assert pydicom.dcmread(write_report(made, tmp_path / f"x.{kind}.dcm")).PatientSex in ("", None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_without_scores_has_no_dicom(report, kind, tmp_path):
    nothing = replace(report, case=None, image=None)
    with pytest.raises(FormatError, match=r"Nothing was measured|There is no key image"):
        write_report(nothing, tmp_path / f"x.{kind}.dcm")


def test_a_damaged_structured_report_is_refused_in_words(files, tmp_path):
    content = files["sr"].read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(content[: len(content) // 3])
    with pytest.raises(FormatError, match="breaks off"):
        read_rois(cut)
    dataset = pydicom.dcmread(files["sr"])
    item = next(i for i in every(dataset, "ContentSequence") if i.get("ValueType") == "SCOORD3D")
    item.GraphicType = "MULTIPOINT"
    dataset.save_as(tmp_path / "odd.dcm")
    with pytest.raises(FormatError, match="MULTIPOINT; a polygon or an ellipse was expected"):
        read_rois(tmp_path / "odd.dcm")
    with pytest.raises(FormatError, match="no measurement groups"):
        read_report(files["seg"])
