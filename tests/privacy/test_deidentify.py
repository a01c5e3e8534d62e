"""``deidentify``: nothing that identifies is in the copy, everything that a score needs is."""

import csv
import datetime as dt
import errno
import json
import shutil
import subprocess
import warnings

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from tests.privacy.planted import NAME, SAMPLE, SOUGHT, forms, plant_study, survivors
from tests.privacy.small_files import save, tiny, with_name_on_the_body, written
from vbqkit import read_rois, read_study
from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.privacy import check_privacy, deidentify
from vbqkit.privacy.described import clean_agent, clean_codes, clean_description
from vbqkit.privacy.people import People
from vbqkit.privacy.replacing import Replacements


def copied(folder):
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.fixture
def planted(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return plant_study(tmp_path / "in", series=("T1",), slices=1, scorable=False)


def test_nothing_planted_survives_in_any_encoding_anywhere(planted, tmp_path):
    assert {text for text, _ in survivors(planted)} == set(SOUGHT)  # the search itself finds them
    done = deidentify(planted, tmp_path / "out")
    assert survivors(tmp_path / "out") == set()
    assert (done.images, done.report.verdict) == (1, "clean")
    assert "files that are not DICOM" in done.left_out


def test_the_search_for_survivors_knows_every_encoding():
    import base64

    for raw in (b"x" + base64.b64encode(b"ab" + NAME.encode()), NAME.encode("utf-16-be"), NAME.upper().encode()):
        assert any(form in raw for form in forms(NAME))


def test_the_original_is_only_read(planted, tmp_path):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in planted.rglob("*") if path.is_file()}
    deidentify(planted, tmp_path / "out")
    assert before == {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in planted.rglob("*") if path.is_file()
    }


def test_the_record_says_what_was_done_without_identity(planted, tmp_path):
    done = deidentify(planted, tmp_path / "out")
    record = json.loads((tmp_path / "out" / "deidentification.json").read_text())
    assert record["patients"] == list(done.patients)
    assert record["checked"] == "clean"
    with (tmp_path / "out" / "deidentification.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"PatientName", "InstitutionName", "private element"} <= {row["keyword"] for row in rows}
    assert main(["check", str(tmp_path / "out")]) == 0


def test_the_copy_states_its_method(planted, tmp_path):
    deidentify(planted, tmp_path / "out")
    (copy,) = copied(tmp_path / "out")
    assert (copy.PatientIdentityRemoved, copy.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    codes = {item.CodeValue for item in copy.DeidentificationMethodCodeSequence}
    assert codes == {"113100", "113105", "113107", "113111"}
    assert copy.preamble == bytes(128)
    assert (copy.BurnedInAnnotation, copy.PatientBirthDate) == ("NO", "")
    assert str(copy.PatientName) == copy.PatientID
    assert copy.PatientID.startswith("VBQ-")


def test_pixels_are_the_same_whatever_they_were_compressed_with(tmp_path, image):
    path = image()
    packed = pydicom.dcmread(path)
    packed.compress(RLELossless, generate_instance_uid=False)
    packed.SOPInstanceUID = packed.file_meta.MediaStorageSOPInstanceUID = "2.25.12"
    packed.save_as(path.with_name("IM2.dcm"))
    deidentify(path.parent, tmp_path / "out")
    arrays = [copy.pixel_array for copy in copied(tmp_path / "out")]
    assert len(arrays) == 2
    assert all(np.array_equal(array, pydicom.dcmread(path).pixel_array) for array in arrays)


def test_uids_are_the_same_within_a_run_and_others_in_the_next(tmp_path, image):
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = tiny().SOPClassUID, "2.25.12"
    image("a.dcm", ReferencedImageSequence=[reference])
    image("b.dcm", SOPInstanceUID="2.25.12", InstanceNumber=2, SeriesInstanceUID="2.25.22")
    deidentify(tmp_path / "in", tmp_path / "one")
    deidentify(tmp_path / "in", tmp_path / "two")
    first, second = copied(tmp_path / "one")
    assert first.ReferencedImageSequence[0].ReferencedSOPInstanceUID == second.SOPInstanceUID
    assert first.ReferencedImageSequence[0].ReferencedSOPClassUID == tiny().SOPClassUID
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    again = copied(tmp_path / "two")[0]
    assert {first.StudyInstanceUID, first.SOPInstanceUID}.isdisjoint({again.StudyInstanceUID, again.SOPInstanceUID})
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in (first.SOPInstanceUID, first.FrameOfReferenceUID))


def test_intervals_between_the_studies_of_a_patient_stay(tmp_path, image):
    moments = [("20240228", "233000"), ("20240301", "003000.25"), ("20250301", "120000")]
    for k, (date, clock) in enumerate(moments):
        when = {"StudyDate": date, "StudyTime": clock, "AcquisitionDateTime": date + clock}
        image(f"{k}.dcm", PatientID="4711", StudyInstanceUID=f"2.25.{k + 50}", **when)
    image("other.dcm", PatientID="0815X", StudyInstanceUID="2.25.99", StudyDate="20240301", StudyTime="120000")
    done = deidentify(tmp_path / "in", tmp_path / "out")
    assert len(done.patients) == 2
    copies = copied(tmp_path / "out")
    moved = [dt.datetime.strptime(c.StudyDate + c.StudyTime, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC) for c in copies]
    assert moved[1] - moved[0] == dt.timedelta(days=1, hours=1)
    assert moved[2] - moved[1] == dt.timedelta(days=365, hours=11, minutes=30)
    assert moved[0].year < 2024
    assert copies[0].AcquisitionDateTime == copies[0].StudyDate + copies[0].StudyTime
    assert copies[3].PatientID != copies[0].PatientID


def test_dates_can_be_left_out(tmp_path, image):
    image(StudyDate="20240228", StudyTime="2330", AcquisitionDateTime="20240228", ContrastBolusStartTime="1200")
    deidentify(tmp_path / "in", tmp_path / "out", dates="remove")
    (copy,) = copied(tmp_path / "out")
    assert (copy.StudyDate, copy.StudyTime, copy.AcquisitionDateTime) == ("", "", "")
    assert copy.ContrastBolusStartTime  # it says that agent was given: the caution about it must not be lost
    assert copy.LongitudinalTemporalInformationModified == "REMOVED"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("t1_tse_sag_NOVAK", "t1_tse_sag"),
        ("NOVAK T1 post contrast", "T1 post contrast"),
        ("T1 +C Novak", "T1 +C"),
        ("T1 sag (Novak) KM", "T1 sag KM"),
        ("Novak", ""),
        ("T2 SPAIR Novakova", "T2 SPAIR"),
        ("T1 Gadsby", "T1 +KM"),
        ("矢状面 T1 增强 诺瓦克", "矢状面 T1 增强"),
        ("T1 ohne KM, Herr Novak", "T1 ohne KM"),
        ("19480312 stir", "stir"),
        ("Localizer Novak", "Localizer"),
        ("T1 tse 0905 123 456", "T1 tse"),
    ],
)
def test_descriptions_lose_names_and_keep_what_refuses_or_doubts_a_score(text, cleaned):
    assert clean_description(text) == cleaned


def test_the_patients_own_name_goes_even_where_it_is_a_word_of_protocols():
    assert clean_description("T1 sag Long Spine", People(frozenset({"long"}))) == "T1 sag Spine"
    assert clean_codes(["HEAD"], People(frozenset({"head"}))) == ["OTHER"]


@pytest.mark.parametrize(
    ("agent", "cleaned"),
    [
        ("Gadovist", "Gadovist"),
        ("Novakin", "CONTRAST AGENT"),
        ("none", "none"),
        ("?", "UNKNOWN"),
        ("unbekannt", "unbekannt"),
        ("", ""),
    ],
)
def test_an_agent_stays_one_or_none_or_unknown(agent, cleaned):
    assert clean_agent(agent) == cleaned


@pytest.mark.parametrize(
    "tags",
    [
        {"ContrastBolusAgent": "Novakin"},
        {"ContrastBolusVolume": "15"},
        {"ContrastBolusStartTime": "120000"},
        {"ContrastBolusRoute": "Novak"},
        {"SeriesDescription": "Novak T1 post contrast"},
        {"ProtocolName": "T1 FS Novak"},
        {"ScanOptions": ["PFP", "FS"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "NOVAK"]},
        {"ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"]},
        {"SequenceName": "*fl2d1"},
        {"InversionTime": 160.0},
        {"RescaleIntercept": "-20", "RescaleSlope": "2"},
        {"LossyImageCompression": "01"},
        {"BodyPartExamined": "HEAD"},
        {"MagneticFieldStrength": "7"},
        {"Modality": "CT"},
        {"StudyDescription": "Lumbar spine with and without contrast, Novak"},
        {"DerivationDescription": "Novak filtered"},
        {"ParallelReductionFactorInPlane": 2.0},
        {"AcquisitionMatrix": [0, 20, 20, 0]},
        {"SAR": "0.1"},
    ],
)
def test_cautions_and_refusals_of_the_copy_are_those_of_the_original(tmp_path, image, tags):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(2):
            image(f"{k}.dcm", SOPInstanceUID=f"2.25.{k + 60}", ImagePositionPatient=[4.4 * k, 0, 0], **tags)
    deidentify(tmp_path / "in", tmp_path / "out")
    (before,), (after,) = read_study(tmp_path / "in"), read_study(tmp_path / "out")
    assert [caution.code for caution in after.cautions] == [caution.code for caution in before.cautions]
    assert (after.refusal is None) == (before.refusal is None)
    assert after.acquisition.weighting == before.acquisition.weighting
    assert after.acquisition.processing == before.acquisition.processing
    assert after.acquisition.parallel_factor == before.acquisition.parallel_factor
    assert after.acquisition.acquired_matrix == before.acquisition.acquired_matrix


def test_private_elements_that_scores_read_are_kept_by_their_creator_and_their_kind(tmp_path, image):
    path = image()
    dataset = pydicom.dcmread(path)
    philips = dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    philips.add_new(0x0E, "FL", 0.0125)
    philips.add_new(0x11, "CS", "NOVAK")
    philips.add_new(0x12, "LO", "Novak")
    other = dataset.private_block(0x2005, "Novak", create=True)
    other.add_new(0x0E, "FL", 2.0)
    ge = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
    ge.add_new(0x2D, "SH", "p+")
    ge.add_new(0x83, "DS", ["0.5", "1"])
    dataset.save_as(path)
    deidentify(path.parent, tmp_path / "out")
    (copy,) = copied(tmp_path / "out")
    private = {element.tag: element.value for element in copy if element.tag.is_private}
    assert private == {
        0x20050010: "Philips MR Imaging DD 001",
        0x2005100E: pytest.approx(0.0125),
        0x00430010: "GEMS_PARM_01",
        0x0043102D: "p+",
        0x00431083: [0.5, 1.0],
    }


@pytest.fixture
def with_text(tmp_path):
    """Two images, one with a name in the picture."""
    picture = np.random.default_rng(1).rayleigh(10, (160, 200))
    picture[60:150, 40:190] += 700
    save(tiny(written(picture, 12).astype(np.uint16)), tmp_path / "in" / "a.dcm")
    save(tiny(picture.astype(np.uint16), SOPInstanceUID="2.25.9"), tmp_path / "in" / "b.dcm")
    return tmp_path / "in"


def test_text_in_the_picture_is_refused_painted_over_or_left_out(with_text, tmp_path, capsys):
    assert main(["deidentify", str(with_text), str(tmp_path / "no")]) == 1
    assert "1 images hold text in the picture" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    assert main(["deidentify", str(with_text), str(tmp_path / "blank"), "--blank-text"]) == 0
    assert "painted over in 1 images" in capsys.readouterr().out
    first, second = copied(tmp_path / "blank")
    before = pydicom.dcmread(with_text / "a.dcm").pixel_array
    assert (first.pixel_array != before).any()
    assert np.array_equal(first.pixel_array[60:150], before[60:150])
    assert np.array_equal(second.pixel_array, pydicom.dcmread(with_text / "b.dcm").pixel_array)
    assert "113101" in {item.CodeValue for item in first.DeidentificationMethodCodeSequence}
    assert main(["deidentify", str(with_text), str(tmp_path / "less"), "--leave-out-text"]) == 0
    assert "Not copied: 1 images with text" in capsys.readouterr().out
    assert len(copied(tmp_path / "less")) == 1


def test_an_image_that_says_it_holds_text_is_never_copied(tmp_path, image):
    image("a.dcm", BurnedInAnnotation="YES")
    image("b.dcm", SOPInstanceUID="2.25.9")
    for choice in ("blank", "leave out"):
        done = deidentify(tmp_path / "in", tmp_path / choice.replace(" ", ""), on_text=choice)
        assert (done.images, dict(done.left_out)) == (1, {"images with text in the picture": 1})


def test_an_image_with_text_on_the_body_is_left_out_and_never_painted_over(tmp_path, image):
    save(tiny(with_name_on_the_body()), tmp_path / "in" / "a.dcm")
    image("b.dcm", SOPInstanceUID="2.25.9")
    for choice in ("blank", "leave out"):
        done = deidentify(tmp_path / "in", tmp_path / choice.replace(" ", ""), on_text=choice)
        assert (done.images, dict(done.left_out)) == (1, {"images with text in the picture": 1})
    with pytest.raises(FormatError, match="1 images hold text"):
        deidentify(tmp_path / "in", tmp_path / "no")


@pytest.mark.parametrize("where", ["in", "in/copy", "."])
def test_the_copy_cannot_lie_in_the_original_nor_around_it(tmp_path, image, where):
    image()
    with pytest.raises(FormatError, match="the original lies there, or would lie in it"):
        deidentify(tmp_path / "in", tmp_path / where)


def test_nothing_is_written_over(tmp_path, image):
    image()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(FormatError, match="nothing is written over"):
        deidentify(tmp_path / "in", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_full_disk_or_an_interruption_leaves_nothing(tmp_path, image, monkeypatch, error, capsys):
    image("a.dcm")
    image("b.dcm", SOPInstanceUID="2.25.9")
    written_files = []

    def failing(buffer, dataset, **options):
        if written_files:
            raise error
        written_files.append(1)
        pydicom.dcmwrite(buffer, dataset, **options)

    monkeypatch.setattr("vbqkit.privacy.copying.dcmwrite", failing)
    status = main(["deidentify", str(tmp_path / "in"), str(tmp_path / "out")])
    assert status == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert "No space left" in capsys.readouterr().err or status == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path, image):
    image()
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError, match="cannot be written"):
        deidentify(tmp_path / "in", tmp_path / "file" / "out")


def test_a_copy_that_would_identify_is_not_kept(tmp_path, image, monkeypatch):
    image(PatientName="Novak^Jana")
    monkeypatch.setattr("vbqkit.privacy.copying._names_somebody", lambda *_: False)
    monkeypatch.setattr("vbqkit.privacy.cleaning.clean_description", lambda text, _: text)
    image("b.dcm", PatientName="Novak^Jana", SeriesDescription="T1 Novak")
    with pytest.raises(FormatError, match=r"would still identify the patient.*SeriesDescription"):
        deidentify(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_image_in_which_a_name_was_left_is_not_written(tmp_path, image, monkeypatch):
    image(PatientName="Novak^Jana", SeriesDescription="T1 Novak")
    image("b.dcm", PatientName="Novak^Jana", SOPInstanceUID="2.25.9")
    monkeypatch.setattr("vbqkit.privacy.cleaning.clean_description", lambda text, _: text)
    done = deidentify(tmp_path / "in", tmp_path / "out")
    assert dict(done.left_out) == {"images in which a name or number was left": 1}


@pytest.mark.parametrize("name", ["Novak", "NOVAK-1", "a^b", "", "ž"])
def test_a_pseudonym_that_names_the_patient_or_cannot_be_written_is_refused(tmp_path, image, name):
    image(PatientName="Novak^Jana")
    with pytest.raises(FormatError, match="pseudonym"):
        deidentify(tmp_path / "in", tmp_path / "out", pseudonym=name)


def test_a_folder_called_after_the_patient_is_refused(tmp_path, image):
    image(PatientName="Novak^Jana")
    with pytest.raises(FormatError, match="name of the folder"):
        deidentify(tmp_path / "in", tmp_path / "novak_copy")


def test_a_given_pseudonym_is_numbered_for_several_patients(tmp_path, image):
    image("a.dcm", PatientID="4711X")
    image("b.dcm", PatientID="0815X", SOPInstanceUID="2.25.9", StudyInstanceUID="2.25.8")
    done = deidentify(tmp_path / "in", tmp_path / "out", pseudonym="CASE")
    assert done.patients == ("CASE", "CASE-2")


def test_an_archive_is_read_and_what_is_no_image_is_counted(tmp_path, image):
    image()
    save(tiny(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", SOPInstanceUID="2.25.9"), tmp_path / "in" / "screen.dcm")
    (tmp_path / "in" / "note.txt").write_text("x")
    (tmp_path / "in" / "bad.dcm").write_bytes(bytes(128) + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0\x08")
    shutil.make_archive(str(tmp_path / "export"), "zip", tmp_path / "in")
    done = deidentify(tmp_path / "export.zip", tmp_path / "out")
    assert done.images == 1
    assert sum(done.left_out.values()) == 3
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "deidentification.csv",
        "deidentification.json",
        "study01",
    ]


def test_an_element_that_no_list_names_is_left_out_whatever_its_value(tmp_path, image):
    image(TriggerTime="5", PatientWeight="56", EchoTrainLength="3")
    deidentify(tmp_path / "in", tmp_path / "out")
    (copy,) = copied(tmp_path / "out")
    assert ("TriggerTime" in copy, "PatientWeight" in copy, "EchoTrainLength" in copy) == (False, False, True)


def test_folders_and_files_have_neutral_names(planted, tmp_path):
    deidentify(planted, tmp_path / "out")
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.dcm")}
    assert names == {"study01/series01/image0001.dcm"}


def test_secrets_are_never_shown():
    run = Replacements()
    run.uid("1.2.3")
    shown = repr(run) + repr(run.patient(b"x"))
    assert not [secret for secret in ("secret=", "offset=", "uids=", "1.2.3") if secret in shown]


@pytest.mark.slow
def test_scores_cautions_and_intervals_of_the_copy_are_those_of_the_original(tmp_path, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = plant_study(tmp_path / "in")
    assert main(["deidentify", str(folder), str(tmp_path / "out")]) == 0
    assert survivors(tmp_path / "out") == set()
    capsys.readouterr()
    rois = tmp_path / "out" / "rois01.vbqkit.json"
    tables = []
    for place, drawn in ((folder, folder / f"{NAME}.vbqkit.json"), (tmp_path / "out", rois)):
        assert main(["score", str(place), "--rois", str(drawn), "--json"]) == 0
        tables.append(json.loads(capsys.readouterr().out.replace(" ***", "")))  # where a message leaves a name out
    assert tables[0] == tables[1]
    assert len(tables[0]) > 5
    (t1, *_) = read_study(tmp_path / "out")
    assert read_rois(rois, image=t1.volume()).check(t1.volume()) == ()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
def test_the_copy_of_a_valid_file_gets_no_new_error(tmp_path):
    deidentify(SAMPLE, tmp_path / "out")
    for path in sorted((tmp_path / "out").rglob("image0001.dcm")):
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in done.stdout + done.stderr, (path, done.stderr)
    assert check_privacy(tmp_path / "out").verdict == "clean"
