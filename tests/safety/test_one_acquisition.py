"""One acquisition is one series, whatever UIDs, numbers and rounding do; and nothing is passed over without a word."""

import gzip
import os
import shutil

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, generate_uid

from vbqkit import read_study
from vbqkit.errors import FormatError


def codes(thing):
    return [caution.code for caution in thing.cautions]


def per_slice(**values):
    """Tags that differ from slice to slice: ``per_slice(EchoTime=lambda k: 11 + k / 1000)``."""

    def change(scan):
        for k, header in enumerate(scan.slices):
            for keyword, value in values.items():
                setattr(header, keyword, value(k))

    return change


def one_has(keyword, value):
    def change(scan):
        setattr(scan.slices[2], keyword, value)

    return change


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (per_slice(EchoTime=lambda k: (11, 11.001)[k % 2]), None),
        (per_slice(PixelSpacing=lambda k: ([0.729167] * 2, [0.72917] * 2)[k % 2]), None),
        (per_slice(InversionTime=lambda k: (150, 150.1)[k % 2]), None),
        (per_slice(SeriesInstanceUID=lambda k: f"1.2.3.{k}"), "series UID"),
        (per_slice(SeriesInstanceUID=lambda k: f"1.2.3.{k}", SeriesNumber=lambda k: 100 + k), "series UID"),
        (per_slice(FrameOfReferenceUID=lambda k: f"1.2.3.{k}"), "frame of reference"),
        (per_slice(TemporalPositionIdentifier=lambda k: k + 1), "temporal position"),
        (per_slice(EchoNumbers=lambda k: k + 1), "echo number"),
        (one_has("ImageType", ["ORIGINAL", "PRIMARY", "M", "NORM"]), "image type"),
        (one_has("EchoNumbers", 1), "echo number"),
    ],
)
def test_slices_that_make_one_stack_are_one_series(tmp_path, scan, change, differs):
    made = scan(slices=6)
    change(made)
    made.write(tmp_path)
    (series,) = read_study(tmp_path)
    assert series.scorable
    assert (series.volume().pixels == made.pixels).all()
    joined = [caution.message for caution in series.volume().cautions if caution.code == "joined"]
    assert [f"differ in {differs}," in message for message in joined] == ([] if differs is None else [True])


@pytest.mark.parametrize(
    "tags", [{"EchoTime": 90}, {"EchoTime": 13}, {"ImageType": ["ORIGINAL", "PRIMARY", "W"]}, {"InversionTime": 150}]
)
def test_images_of_another_kind_are_not_joined(tmp_path, scan, tags):
    made = scan(slices=6)
    for header in made.slices[1::2]:
        for keyword, value in tags.items():
            setattr(header, keyword, value)
    made.write(tmp_path)
    assert len(read_study(tmp_path)) == 2


def test_two_series_of_one_number_are_not_joined_where_they_overlap(tmp_path, scan):
    for uid in ("1.2.3.1", "1.2.3.2"):
        made = scan(slices=4, SeriesInstanceUID=uid)
        made.pixels += int(uid[-1])
        for header in made.slices:
            header.SOPInstanceUID = generate_uid()
        made.write(tmp_path / uid)
    assert len(read_study(tmp_path)) == 2


AGAIN = {
    "SOP instance": {},
    "series": {"SeriesInstanceUID": "1.2.3.4"},
    "instance number": {"InstanceNumber": 0},
    "acquisition number": {"InstanceNumber": 0, "AcquisitionNumber": 7},
    "study": {"StudyInstanceUID": "1.2.3.5", "SeriesInstanceUID": "1.2.3.4", "FrameOfReferenceUID": "1.2.3.6"},
}


@pytest.mark.parametrize("sent_again", [[1, 3], [0, 1, 2, 3, 4, 5]])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless])
@pytest.mark.parametrize("tags", AGAIN)
def test_slices_sent_again_under_new_uids_make_no_second_series(tmp_path, scan, sent_again, tags, syntax):
    made = scan(slices=6)
    made.write(tmp_path / "b")
    again = made.copy()
    again.slices, again.pixels = [again.slices[k] for k in sent_again], again.pixels[sent_again]
    for header in again.slices:
        header.SOPInstanceUID = generate_uid()
        for keyword, value in AGAIN[tags].items():
            setattr(header, keyword, header.InstanceNumber + 100 if keyword == "InstanceNumber" else value)
    again.write(tmp_path / "a", syntax=syntax)
    study = read_study(tmp_path)
    (series,) = study
    assert (series.volume().pixels == made.pixels).all()
    assert f"{len(sent_again)} files hold the same pixels as others under another UID" in str(study.cautions)


def test_blank_slices_at_the_ends_of_a_repeated_scan_are_no_copies(tmp_path, scan):
    made = scan(slices=5)
    made.pixels[[0, 4]] = 0
    made.write(tmp_path / "a")
    for header in made.slices:
        header.SOPInstanceUID = generate_uid()
        header.InstanceNumber += 100
    made.pixels[1:4] += 1
    made.write(tmp_path / "b")
    assert [s.shape[0] for s in read_study(tmp_path)] == [5, 5]


def test_slices_of_the_same_place_with_other_pixels_are_kept(tmp_path, scan):
    made = scan(slices=4)
    made.write(tmp_path / "a")
    for header in made.slices:
        header.SOPInstanceUID = generate_uid()
    made.pixels += 1
    made.write(tmp_path / "b")
    assert len(read_study(tmp_path)) == 2


def test_empty_files_are_named(tmp_path, scan):
    made = scan(slices=4).write(tmp_path)
    made[0].rename(tmp_path / "IM0")
    (tmp_path / "IM0").write_bytes(b"")
    study = read_study(tmp_path)
    assert len(study.series[0].volume()) == 3
    assert f"1 files are empty, the first is {tmp_path / 'IM0'}" in str(study.cautions)


def test_linked_folders_are_named_and_not_followed(tmp_path, scan):
    scan().write(tmp_path / "here")
    scan(number=4, name="T2").write(tmp_path / "elsewhere")
    (tmp_path / "here" / "T2").symlink_to(tmp_path / "elsewhere")
    study = read_study(tmp_path / "here")
    assert len(study) == 1
    assert codes(study) == ["linked-folder"]
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FormatError, match=r"holds no files .*is a link to the folder .*elsewhere and was not followed"):
        read_study(tmp_path / "only")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_in_a_folder_is_named_and_not_opened(tmp_path, scan):
    scan().write(tmp_path)
    os.mkfifo(tmp_path / "pipe.dcm")
    study = read_study(tmp_path)
    assert len(study) == 1
    assert codes(study) == ["special-file"]
    assert "pipe.dcm" in str(study.cautions)


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_packed_files_beside_a_series_are_named(tmp_path, scan, kind):
    paths = scan().write(tmp_path / "T1")
    if kind == "zip":
        shutil.make_archive(str(tmp_path / "T2"), "zip", tmp_path / "T1")
    else:
        (tmp_path / "IM.dcm.gz").write_bytes(gzip.compress(paths[0].read_bytes()))
    study = read_study(tmp_path)
    assert len(study) == 1
    assert codes(study) == ["packed-file"]


APPLEDOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(90)


@pytest.fixture(params=["folder", "archive"])
def study_of(request, tmp_path):
    """The study in a folder of slices with more files in it, as a folder and as an archive of it."""

    def read(scan, more=(), rename=None):
        folder = tmp_path / "folder"
        for k, path in enumerate(scan(slices=4).write(folder)):
            if rename:
                path.rename(path.with_name(rename(k)))
        for name, content in dict(more).items():
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_bytes(content)
        if request.param == "folder":
            return read_study(folder)
        return read_study(shutil.make_archive(tmp_path / "packed", "zip", folder))

    return read


@pytest.mark.parametrize("name", [".IM{}", ".hidden{}.dcm", "._{}.dcm", ".{}"])
def test_slices_whose_names_begin_with_a_dot_are_read(scan, study_of, name):
    study = study_of(scan, rename=lambda k: name.format(k) if k == 3 else f"IM{k}")
    (series,) = study
    assert (series.shape[0], codes(study)) == (4, [])


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "._0001.dcm",
        "._IM0001",
        "Thumbs.db",
        "desktop.ini",
        "__MACOSX/._0001.dcm",
        ".Spotlight-V100/a",
        ".git/config",
        ".localized",
    ],
)
def test_what_file_managers_leave_behind_is_left_out(scan, study_of, name):
    study = study_of(scan, {name: APPLEDOUBLE if "._" in name else b"\x00\x00\x00\x01Bud1"})
    (series,) = study
    assert (series.shape[0], codes(study), study.not_read) == (4, [], ())


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        (".hidden.dcm", b"x", "unreadable-file", ".hidden.dcm is not a DICOM file"),
        ("._0001.dcm", b"x", "unreadable-file", "._0001.dcm is not a DICOM file"),
        (".IM0009", b"", "empty-file", "the first is"),
        (".more/IM0009", b"x", "hidden-folder", "1 folders whose names begin with a dot were not opened"),
        (".more/deep/IM0009", b"x", "hidden-folder", ".more. Give that folder"),
        (".T2.zip", b"PK", "packed-file", ".T2.zip"),
    ],
)
def test_what_begins_with_a_dot_and_is_not_read_is_named(scan, study_of, name, content, code, words):
    (caution,) = study_of(scan, {name: content}).cautions
    assert caution.code == code
    assert words in caution.message


@pytest.mark.parametrize("name", ["README.txt", "report.pdf", ".profile", "LICENSE"])
def test_files_without_an_image_are_counted_in_the_listing_and_not_on_numbers(scan, study_of, name):
    study = study_of(scan, {name: b"no image"})
    assert codes(study) == []
    assert "1 file holds no image and was not read, the first is" in repr(study)
    assert name in study.not_read_note


@pytest.mark.parametrize("name", ["IM{}", "{}.1.2.840", "I{}.img1"])
def test_a_slice_whose_first_bytes_are_lost_is_named(scan, study_of, name):
    damaged = {name.format(9): b"\x01" * 4000}
    (caution,) = study_of(scan, damaged, rename=name.format).cautions
    assert caution.code == "unreadable-file"
    assert "1 files lie beside images" in caution.message


def test_series_of_two_examinations_are_told_apart(tmp_path, scan):
    scan().write(tmp_path / "a")
    scan(number=4, name="T2", StudyInstanceUID="1.2.3.4").write(tmp_path / "b")
    study = read_study(tmp_path)
    assert codes(study) == ["several-studies"]
    assert all("several-studies" in codes(series) for series in study)
    assert "examination 1 of 2" in str(study.series[0].volume().cautions)


def test_a_folder_name_that_is_not_utf8_is_read(tmp_path, scan):
    folder = os.fsencode(tmp_path) + b"/\xff\xfe"
    scan().write(tmp_path / "plain")
    (tmp_path / "plain").rename(os.fsdecode(folder))
    assert len(read_study(os.fsdecode(folder))) == 1


def test_an_array_of_pixels_is_not_touched_by_joining(tmp_path, scan):
    made = scan(slices=3)
    made.write(tmp_path)
    assert np.array_equal(read_study(tmp_path).series[0].volume().pixels, made.pixels)


def _numbered(uid):
    def change(header):
        for keyword in uid:
            setattr(header, keyword, f"1.2.3.{len(keyword)}.{header.InstanceNumber}")

    return change


HASHED = (
    ("StudyInstanceUID",),
    ("StudyInstanceUID", "SeriesInstanceUID"),
    ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
)


@pytest.mark.parametrize("uids", HASHED)
def test_uids_that_an_anonymiser_writes_anew_for_each_file_make_no_series(tmp_path, scan, uids):
    made = scan(slices=6)
    for header in made.slices:
        _numbered(uids)(header)
    made.write(tmp_path)
    study = read_study(tmp_path)
    assert [s.shape[0] for s in study] == [6]
    (caution,) = study.series[0].cautions
    assert caution.code == "joined"
    assert "study UID" in caution.message
    assert not study.cautions  # one examination, not six


def test_two_single_slices_of_two_examinations_stay_apart(tmp_path, scan):
    for number, study in enumerate(("1.2.3", "1.2.4")):
        made = scan(slices=1, origin=(4.4 * number, -30.0, 60.0), number=number, StudyInstanceUID=study)
        made.write(tmp_path, prefix=f"S{number}")
    assert len(read_study(tmp_path)) == 2


@pytest.mark.parametrize("change", [{"StudyDate": "20260103"}, {"PatientID": "another"}, {"SeriesDescription": "T1 b"}])
def test_slices_of_another_day_patient_or_name_are_not_joined_over_studies(tmp_path, scan, change):
    made = scan(slices=6)
    for header in made.slices:
        _numbered(HASHED[1])(header)
    for keyword, value in change.items():
        setattr(made.slices[3], keyword, value)
    made.write(tmp_path)
    assert len(read_study(tmp_path)) > 1


@pytest.mark.parametrize(("keyword", "name"), [("EchoTime", "echo time"), ("PatientID", "patient ID")])
@pytest.mark.parametrize("which", [0, 3, 5])
def test_what_one_slice_lacks_does_not_part_it_from_its_series(tmp_path, scan, keyword, name, which):
    made = scan(slices=6)
    delattr(made.slices[which], keyword)
    made.write(tmp_path)
    (series,) = read_study(tmp_path)
    assert series.shape[0] == 6
    assert series.acquisition.weighting == "T1"
    assert series.refusal is None
    (caution,) = series.cautions
    assert caution.code == "joined"
    assert name in caution.message


def test_an_echo_that_lacks_its_time_stays_apart_where_its_place_is_taken(tmp_path, scan):
    first, second = scan(slices=4), scan(slices=4)
    for k, header in enumerate(second.slices):
        del header.EchoTime
        header.SOPInstanceUID = f"1.2.9.{k}"
    second.pixels = second.pixels[::-1]
    first.write(tmp_path, prefix="A")
    second.write(tmp_path, prefix="B")
    assert [s.shape[0] for s in read_study(tmp_path)] == [4, 4]
