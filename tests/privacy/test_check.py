"""``check_privacy``: what it finds, what it calls it, and that it never shows a value."""

import contextlib
import json
import shutil
import struct
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from benchmarks.fuzz import damaged
from tests.privacy.planted import SAMPLE, SOUGHT, plant_study
from tests.privacy.small_files import save, tiny, with_name_on_the_body, written
from vbqkit import read_study
from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.privacy import check_privacy, check_study
from vbqkit.privacy.profile import kept_elements, rule_of
from vbqkit.privacy.report import masked
from vbqkit.study import Study


def found(path, **options):
    return {(f.level, f.keyword) for f in check_privacy(path, **options)}


def test_the_table_is_that_of_the_standard():
    """Rows as PS3.15 2026c prints them; what the table names is never kept as it is."""
    printed = {
        0x00100010: "Z",
        0x00100020: "Z/D",
        0x00080018: "U",
        0x0020000D: "U",
        0x00080020: "Z",
        0x00081030: "X",
        0x0008103E: "X",
        0x00181030: "X/D",
        0x00080080: "X/Z/D",
        0x00181000: "X/Z/D",
        0x00204000: "X",
        0xFFFCFFFC: "X",
        0x00081140: "X/Z/U*",
        0x00080050: "Z",
        0x00100040: "Z",
        0x00101010: "X",
        0x60003000: "X",
        0x50021234: "X",
    }
    assert {tag: rule_of(tag).action for tag in printed} == printed
    assert not [tag for tag in kept_elements() if rule_of(tag) is not None]


def test_an_image_that_names_nobody_is_clean_but_for_its_uids(image, tmp_path):
    image()
    assert found(tmp_path / "in") == {
        ("attention", name)
        for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
    }
    assert check_privacy(tmp_path / "in").verdict == "needs attention"


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({"PatientName": "Novak^Jana"}, ("identifies", "PatientName")),
        ({"PatientID": "450312/123"}, ("identifies", "PatientID")),
        ({"PatientBirthDate": "19480312"}, ("identifies", "PatientBirthDate")),
        ({"AccessionNumber": "A55123"}, ("identifies", "AccessionNumber")),
        ({"ReferringPhysicianName": "House^Gregory"}, ("attention", "ReferringPhysicianName")),
        ({"StudyDate": "20260102"}, ("attention", "StudyDate")),
        ({"SeriesDescription": "T1 Novakova"}, ("attention", "SeriesDescription")),
        ({"PatientName": "Novak^Jana", "ProtocolName": "t1 Nováková, novak"}, ("identifies", "ProtocolName")),
        ({"BurnedInAnnotation": "YES"}, ("attention", "BurnedInAnnotation")),
        ({"PatientAge": "078Y"}, ("attention", "PatientAge")),
        ({"AlgorithmName": "by Novak"}, ("attention", "AlgorithmName")),
        ({"BodyPartExamined": "NOVAKOVA"}, ("attention", "BodyPartExamined")),
    ],
)
def test_what_identifies_is_found(image, tmp_path, tags, wanted):
    image(**tags)
    assert wanted in found(tmp_path / "in")


def test_what_is_nested_is_found(image, tmp_path):
    inner, outer = Dataset(), Dataset()
    inner.PatientTelephoneNumbers = "0905 123 456"
    outer.PurposeOfReferenceCodeSequence = [inner]
    image(ReferencedImageSequence=[outer])
    assert ("identifies", "PatientTelephoneNumbers") in found(tmp_path / "in")


@pytest.mark.parametrize("name", ["ANON^0012", "VIRTUAL^CASE01", "VBQ-7K2Q4X", "P001", ""])
def test_pseudonyms_are_nobody(image, tmp_path, name):
    image(PatientName=name, PatientID=name)
    assert not [keyword for _, keyword in found(tmp_path / "in") if keyword.startswith("Patient")]


def test_a_name_in_a_file_that_says_it_was_removed_still_identifies(image, tmp_path):
    image(PatientName="Novak^Jana", PatientIdentityRemoved="YES")
    assert check_privacy(tmp_path / "in").verdict == "identifiable"


def test_names_of_files_archives_and_other_files_are_read(image, tmp_path):
    image("Novak_J/12.3.2026/IM1.dcm", PatientName="Novak^Jana")
    (tmp_path / "in" / "letter.txt").write_text("Dear Mrs Novak")
    (tmp_path / "in" / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM" + b"Novak")
    (tmp_path / "in" / ".hidden").mkdir()
    (tmp_path / "in" / ".hidden" / "7712345678.bin").write_bytes(b"x")
    keywords = found(tmp_path / "in")
    assert ("identifies", "name or number in a file name") in keywords
    assert ("attention", "date in a file name") in keywords
    assert ("attention", "long number in a file name") in keywords
    assert ("identifies", "file that is not DICOM") in keywords
    shutil.make_archive(str(tmp_path / "Novak"), "zip", tmp_path / "in")
    packed = check_privacy(tmp_path / "Novak.zip")
    assert ("identifies", "name or number in a file name") in {(f.level, f.keyword) for f in packed}
    with zipfile.ZipFile(tmp_path / "Novak.zip") as archive:
        assert packed.files == len([info for info in archive.infolist() if not info.is_dir()])


def test_texts_in_nifti_and_mha_headers_are_read(image, tmp_path):
    image(PatientName="Novak^Jana")
    header = bytearray(352)
    header[:4] = struct.pack("<i", 348)
    header[148:158] = b"Novak Jana"
    (tmp_path / "in" / "a.nii").write_bytes(bytes(header))
    (tmp_path / "in" / "b.mha").write_bytes(b"ObjectType = Image\n0010|0020 = 4711\nElementDataFile = LOCAL\n")
    keywords = found(tmp_path / "in")
    assert ("identifies", "NIfTI header") in keywords
    assert ("identifies", "Patient ID") in keywords


def test_text_on_the_body_is_found(tmp_path):
    save(tiny(with_name_on_the_body()), tmp_path / "in" / "IM1.dcm")
    assert ("attention", "text on the body") in found(tmp_path / "in")


def test_text_in_the_picture_is_found(tmp_path):
    picture = np.random.default_rng(1).rayleigh(10, (160, 200))
    picture[60:150, 40:190] += 700
    save(tiny(written(picture, 12).astype(np.uint16)), tmp_path / "in" / "IM1.dcm")
    assert ("attention", "text in the picture") in found(tmp_path / "in")
    assert ("attention", "text in the picture") not in found(tmp_path / "in", pixels=False)


def test_every_planted_element_is_found_and_no_value_is_printed(tmp_path, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = plant_study(tmp_path / "in", series=("T1",), slices=1, scorable=False)
    assert main(["check", str(folder)]) == 4
    assert main(["check", str(folder), "--json"]) == 4
    shown = capsys.readouterr()
    rows = json.loads(shown.out[shown.out.index("[\n") :])
    assert len(rows) > 90
    assert all(row["verdict"] == "identifiable" for row in rows)
    assert not [text for text in SOUGHT if text.lower() in (shown.out + shown.err).lower()]
    kinds = {row["kind"] for row in rows}
    assert {"name or number", "header", "private element", "file name", "other file", "date", "UID"} <= kinds


WORDS = st.text(st.sampled_from("QXZJVWqxzjvw"), min_size=6, max_size=24)


@settings(max_examples=25)
@given(
    word=WORDS, keyword=st.sampled_from(["PatientName", "SeriesDescription", "StationName", "ImageComments", "StudyID"])
)
def test_a_value_is_never_printed_whatever_it_is(tmp_path_factory, word, keyword):
    folder = tmp_path_factory.mktemp("any")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        item = Dataset()
        setattr(item, keyword, word)
        tags = {"PatientName": word, "ReferencedStudySequence": [item], keyword: word}
        save(tiny(**tags), folder / f"{word}.dcm")
    report = check_privacy(folder, pixels=False)
    said = repr(report.as_rows()) + repr(report) + repr(report.findings)
    assert word not in said
    assert word[1:] not in said


@given(text=st.text(max_size=40))
def test_a_masked_value_shows_one_letter_at_most(text):
    plain = text.strip(" \0")
    shown = masked(text).partition(",")[0]
    assert shown in ("empty", "***") or (shown == f"{plain[0]}***" and len(plain) > 3)


@pytest.mark.parametrize("part", range(3))
def test_damaged_files_are_checked_without_a_traceback(tmp_path, part):
    for number in range(part, 60, 3):
        _, name, content, _ = damaged(number)
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        path.write_bytes(content)
        with contextlib.suppress(FormatError):
            check_privacy(path)


def test_an_opened_study_can_be_checked_and_one_in_memory_cannot():
    assert check_study(read_study(SAMPLE / "T1"), pixels=False).verdict == "clean"
    with pytest.raises(FormatError, match="made in memory"):
        check_study(Study(()))
