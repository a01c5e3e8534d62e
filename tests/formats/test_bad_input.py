"""Files that are damaged, foreign or incomplete: a clear message, and everything else stays usable."""

import pickle
import random

import numpy as np
import pytest
from pydicom import dcmread, uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.formats import read_rois, read_study
from vbqkit.formats.jpeg_lossless import stream_fault
from vbqkit.formats.jpeg_ls import header_fault
from vbqkit.formats.tags import numbers


def test_nothing_at_the_path_says_where_it_looked(tmp_path):
    with pytest.raises(FormatError, match=r"There is nothing at .*nowhere\. Check the path; relative paths start at"):
        read_study(tmp_path / "nowhere")


@pytest.mark.parametrize("read", [read_study, read_rois], ids=["study", "ROIs"])
@pytest.mark.parametrize("name", ["x" * 300, "a\0b"], ids=["too long", "null"])
def test_a_name_that_no_file_can_have_is_called_impossible(tmp_path, read, name):
    with pytest.raises(FormatError, match=r"no possible name \((File name too long|.*null)"):
        read(tmp_path / name)


def test_an_empty_folder_says_what_to_give_instead(tmp_path):
    (tmp_path / "inner").mkdir()
    with pytest.raises(FormatError, match=r"holds no files\. Give the folder that the scanner or PACS exported"):
        read_study(tmp_path)


def test_a_folder_without_an_image_lists_what_is_there(tmp_path):
    (tmp_path / "report.txt").write_text("no findings")
    with pytest.raises(
        FormatError, match=r"No image among the 1 files of .*report\.txt.*DICOM, NIfTI, MHA/MHD and NRRD"
    ):
        read_study(tmp_path)


def test_a_file_that_only_claims_to_be_dicom_is_named(tmp_path):
    (tmp_path / "a.dcm").write_text("not really")
    with pytest.raises(FormatError, match=r"a\.dcm is not a DICOM file"):
        read_study(tmp_path / "a.dcm")


def test_dicom_without_an_image_is_passed_over(tmp_path, scan, save_dicom):
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID, report.Modality = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3", "SR"
    save_dicom(report, None, tmp_path / "report.dcm")
    with pytest.raises(FormatError, match="No image among the 1 files"):
        read_study(tmp_path)
    scan().write(tmp_path)
    assert len(read_study(tmp_path)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weighting": "T3"}, "weighting='T3' is unknown; use one of T1, T2, STIR, PD, unknown"),
        ({"plane": "oblique"}, "plane='oblique' is unknown; use one of sagittal, coronal, axial"),
        ({"on_gap": "fill"}, "on_gap='fill' is unknown; use 'refuse' or 'longest'"),
        ({"pixel_spacing_mm": (0, 1)}, r"pixel_spacing_mm=\(0, 1\) is not possible; give two lengths above 0"),
        ({"plane": "sagittal"}, "holds no NIfTI, MHA or NRRD file: DICOM slices carry their own orientation"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, scan, options, words):
    scan().write(tmp_path)
    with pytest.raises(FormatError, match=words):
        read_study(tmp_path, **options)


def test_ct_is_refused_as_not_mr(tmp_path, scan):
    scan(Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2").write(tmp_path)
    assert read_study(tmp_path).series[0].refusal == "CT, not MR: the scores are defined on MR signal"


def test_a_single_axial_series_is_refused_by_its_plane(tmp_path, scan):
    scan(orientation=((1, 0, 0), (0, 1, 0))).write(tmp_path)
    study = read_study(tmp_path)
    assert study.series[0].refusal == "axial: the scores are defined on sagittal slices"
    with pytest.raises(FormatError, match="0 scorable sagittal T1 series"):
        study.find("T1")


def test_several_patients_are_told_apart_without_naming_them(tmp_path, scan):
    scan(number=1).write(tmp_path, prefix="A")
    scan(number=1, name="other", PatientID="0815", PatientName="Roe^Richard").write(tmp_path, prefix="B")
    study = read_study(tmp_path)
    assert len(study) == 2
    (caution,) = study.cautions
    assert "belong to 2 patients, by PatientID (0010,0020)" in caution.message
    said = [c.message for series in study for c in series.cautions if c.code == "several-patients"]
    assert ["patient 1 of 2" in said[0], "patient 2 of 2" in said[1]] == [True, True]
    listed = repr(study) + "".join(map(repr, study))
    assert listed.count("patient not pseudonymised") == 4  # a listing shows pseudonyms alone ...
    said = repr([c for s in study for c in s.cautions]) + repr(study.cautions) + repr([s.acquisition for s in study])
    assert not [secret for secret in ("Doe", "Roe", "Richard") if secret in listed + said]  # ... and never by name
    assert not [secret for secret in ("4711", "0815") if secret in listed + said]


def test_one_patient_whose_name_is_spelt_in_two_ways_is_one_patient(tmp_path, scan):
    scan(number=1).write(tmp_path, prefix="A")
    scan(number=2, PatientName="DOE^JANE^^DR").write(tmp_path, prefix="B")
    assert not read_study(tmp_path).cautions


def test_a_volume_holds_nothing_of_the_patients_identity(tmp_path, scan):
    scan().write(tmp_path)
    kept = pickle.dumps(read_study(tmp_path).series[0].volume())
    assert b"4711" not in kept
    assert b"Doe" not in kept


def test_truncated_pixels_name_file_tag_and_bytes_and_spare_the_other_series(tmp_path, scan):
    paths = scan(number=1).write(tmp_path, prefix="A")
    whole = scan(number=2, EchoTime=15)
    whole.write(tmp_path, prefix="B")
    paths[1].write_bytes(paths[1].read_bytes()[:-40])
    bad, good = read_study(tmp_path)
    words = r"A998\.dcm breaks off: PixelData \(7fe0,0010\) has 120 of 160 bytes\. Copy or export it again"
    with pytest.raises(FormatError, match=words):
        bad.volume()
    assert "breaks off" in bad.refusal
    assert np.array_equal(good.volume().pixels, whole.pixels)


def test_a_file_that_shrinks_after_listing_is_still_noticed(tmp_path, scan):
    paths = scan().write(tmp_path)
    (series,) = read_study(tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-40])
    with pytest.raises(FormatError, match=r"IM997\.dcm breaks off: PixelData \(7fe0,0010\) has 120 of 160 bytes"):
        series.volume()
    paths[2].write_bytes(paths[2].read_bytes()[:-125])  # the last bytes of the header of PixelData are gone too
    with pytest.raises(FormatError, match=r"IM997\.dcm has no PixelData \(7fe0,0010\): it ends after its header"):
        series.volume()


def test_truncated_deflated_and_compressed_pixels_are_named(tmp_path, scan):
    for name, syntax in (("deflated", uid.DeflatedExplicitVRLittleEndian), ("rle", uid.RLELossless)):
        for path in scan(slices=1).write(tmp_path / name, syntax=syntax):
            path.write_bytes(path.read_bytes()[:-60])
        with pytest.raises(
            FormatError, match=r"IM999\.dcm.*(damaged|breaks off|cannot be decoded).*[Cc]opy or export it again"
        ):
            read_study(tmp_path / name).series[0].volume()


def test_a_header_that_breaks_off_is_a_caution_and_the_rest_is_read(tmp_path, scan):
    made = scan()
    paths = made.write(tmp_path, syntax=uid.DeflatedExplicitVRLittleEndian)
    whole = scan(number=8)
    whole.write(tmp_path, prefix="B")
    for path in paths:
        path.write_bytes(path.read_bytes()[:400])
    study = read_study(tmp_path)
    assert len(study) == 1
    assert [c.code for c in study.cautions] == ["unreadable-file"] * 4
    assert "IM996.dcm breaks off or is damaged inside its DICOM header" in study.cautions[0].message


def test_a_file_without_pixel_data_is_named(tmp_path, scan, save_dicom):
    save_dicom(scan().slices[0], None, tmp_path / "a.dcm")
    with pytest.raises(FormatError, match=r"a\.dcm breaks off: PixelData \(7fe0,0010\) has 0 of 160 bytes"):
        read_study(tmp_path).series[0].volume()
    header = scan().slices[0]
    save_dicom(header, None, tmp_path / "a.dcm", syntax=uid.DeflatedExplicitVRLittleEndian)
    with pytest.raises(FormatError, match=r"a\.dcm has no PixelData \(7fe0,0010\)"):
        read_study(tmp_path).series[0].volume()


def _with_syntax(path, syntax):
    """Change what a file says of its syntax, and nothing else."""
    content = path.read_bytes()
    old = dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    old, new = (value.encode() + b"\0" * (len(value) % 2) for value in (str(old), syntax))
    was, now = (b"\x02\x00\x10\x00UI" + len(v).to_bytes(2, "little") + v for v in (old, new))
    size = int.from_bytes(content[140:144], "little") + len(new) - len(old)
    assert content.count(was) == 1
    content = content[:140] + size.to_bytes(4, "little") + content[144:]
    path.write_bytes(content.replace(was, now))


def test_a_wrong_transfer_syntax_is_named_with_what_was_found(tmp_path, scan):
    (path,) = scan(slices=1).write(tmp_path)
    _with_syntax(path, uid.JPEG2000Lossless)
    words = r"TransferSyntaxUID \(0002,0010\) is 1\.2\.840\.10008\.1\.2\.4\.90 .*PixelData \(7fe0,0010\) is not stored that way"
    with pytest.raises(FormatError, match=words):
        read_study(path).series[0].volume()
    (path,) = scan(slices=1, rows=4, cols=4).write(tmp_path, syntax=uid.RLELossless)
    _with_syntax(path, uid.ExplicitVRLittleEndian)
    with pytest.raises(FormatError, match="is compressed, although the syntax says that it is not"):
        read_study(path).series[0].volume()


def test_a_syntax_that_no_decoder_reads_is_named(tmp_path, scan):
    (path,) = scan(slices=1).write(tmp_path, syntax=uid.RLELossless)
    _with_syntax(path, uid.MPEG2MPML)
    with pytest.raises(
        FormatError, match=r"is compressed as MPEG2 Main Profile .*which cannot be read here. Ask for it uncompressed"
    ):
        read_study(path).series[0].volume()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, r"colour picture \(PhotometricInterpretation \(0028,0004\) is RGB\)"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour picture"),
        ({"BitsAllocated": 12}, r"BitsAllocated \(0028,0100\) 12; 8, 16 or 32 can be read"),
        ({"BitsStored": 40000}, r"BitsStored \(0028,0101\) 40000, more than it has room for \(16 bits\)"),
        ({"Columns": 0}, r"has no Rows \(0028,0010\) or Columns"),
    ],
)  # fmt: skip
def test_pixels_that_are_no_signal_are_refused(tmp_path, scan, changes, words):
    scan(slices=1).write(tmp_path / "whole")
    made = scan(slices=1)
    for keyword, value in changes.items():
        setattr(made.slices[0], keyword, value)
    made.write(tmp_path / "odd")
    (series,) = read_study(tmp_path / "odd")
    with pytest.raises(FormatError, match=words):
        series.volume()
    assert read_study(tmp_path / "whole").series[0].volume().shape == (1, 10, 8)


def _lossless_jpeg(rows=2, cols=2):
    frame = b"\xff\xc3\x00\x0b\x08" + rows.to_bytes(2) + cols.to_bytes(2) + b"\x01\x01\x11\x00"
    table = b"\xff\xc4\x00\x15\x00" + bytes([2] + [0] * 15) + b"\x00\x01"
    scan_header = b"\xff\xda\x00\x08\x01\x01\x00\x01\x00\x00"
    return b"\xff\xd8" + frame + table + scan_header + b"\x15\xff\x00\x20" + b"\xff\xd9"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda s: s, None),
        (lambda s: s + b"\0", None),
        (lambda s: s[:2] + b"\xff\xdd\x00\x04\x00\x02" + s[2:].replace(b"\x15\xff\x00", b"\x15\xff\xd0"), None),
        (lambda s: s[1:], "no start of image"),
        (lambda s: s[:-2], "no end of image"),
        (lambda s: s[:10], "unexpected length at byte 2"),
        (lambda s: s.replace(b"\xff\xc3", b"\xff\xc0"), "unexpected marker at byte 2"),
        (lambda s: s[:2] + b"x" + s[3:], "no marker at byte 2"),
        (lambda s: s.replace(b"\x08\x00\x02\x00\x02", b"\x08\x00\x03\x00\x02"), "the frame header says 3 x 2"),
        (lambda s: s.replace(b"\x00\x0b\x08", b"\x00\x0a\x08"), "does not describe one component"),
        (lambda s: s.replace(b"\x15\x00\x02", b"\x15\x00\x03"), "a code table is impossible"),
        (lambda s: s.replace(b"\x00\x00\x01\xff\xda", b"\x00\x00\x63\xff\xda"), "a code table is impossible"),
        (
            lambda s: s.replace(b"\x08\x01\x01\x00\x01\x00\x00", b"\x08\x01\x01\x00\x09\x00\x00"),
            "the scan header is impossible",
        ),
        (lambda s: s.replace(b"\x15\xff\x00", b"\x15\xff\x33"), "a stray marker inside the coded pixels"),
        (lambda s: s.replace(b"\x15\xff\x00", b"\x15\xff\xd0"), "a stray marker inside the coded pixels"),
        (lambda s: s[:2] + s[s.index(b"\xff\xc4") :], "the frame header or the code table is missing"),
    ],
)  # fmt: skip
def test_a_damaged_lossless_jpeg_stream_is_noticed_before_it_reaches_the_decoder(damage, words):
    fault = stream_fault(damage(_lossless_jpeg()), rows=2, cols=2)
    assert fault is None if words is None else words in (fault or "")


def test_a_damaged_lossless_jpeg_file_is_refused_by_name(tmp_path, scan, save_dicom):
    header = scan(slices=1, rows=2, cols=2, BitsAllocated=8, BitsStored=8, HighBit=7).slices[0]
    header.Rows = header.Columns = 2
    save_dicom(header, None, tmp_path / "a.dcm")
    dataset = dcmread(tmp_path / "a.dcm")
    dataset.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1
    dataset.PixelData = encapsulate([_lossless_jpeg()[:-2] + b"\xff\x33"])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(tmp_path / "a.dcm")
    assert get_frame(dcmread(tmp_path / "a.dcm").PixelData, 0, number_of_frames=1)
    with pytest.raises(
        FormatError, match=r"a\.dcm: PixelData .* cannot be decoded as JPEG Lossless.*\(no end of image\)"
    ):
        read_study(tmp_path).series[0].volume()


_JPEG_LS = bytes.fromhex("ffd8 fff7000b10000a000801011100 ffda0008010100000000 00ffd9")  # 10 x 8 pixels, 16 bits


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (0, 0, "no start of image"),
        (2, 0x33, "no marker at byte 2"),
        (3, 0xF8, "not one frame header before the scan"),
        (4, 0xFF, "unexpected length at byte 2"),
        (5, 0x0A, "the frame header does not describe one component"),
        (6, 17, "the frame header says 10 x 8 with 17 bits and 1 components"),
        (8, 1, "the frame header says 1 x 8"),
        (11, 3, "16 bits and 3 components"),
        (19, 2, "the scan header is impossible"),
    ],
)
def test_impossible_headers_of_a_jpeg_ls_stream_are_found(place, value, words):
    assert header_fault(_JPEG_LS, rows=10, cols=8) is None
    damaged = bytearray(_JPEG_LS)
    damaged[place] = value
    assert words in (header_fault(bytes(damaged), rows=10, cols=8) or "")


def test_more_bits_than_a_pixel_has_do_not_end_the_process_where_gdcm_alone_reads_jpeg_ls(tmp_path, scan, monkeypatch):
    decoder = get_decoder(uid.JPEGLSLossless)
    monkeypatch.setattr(decoder, "_available", {name: f for name, f in decoder._available.items() if name == "gdcm"})
    made = scan(slices=1)
    (path,) = made.write(tmp_path, syntax=uid.JPEGLSLossless)
    assert np.array_equal(read_study(path).series[0].volume().pixels, made.pixels)
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\xd8\xff\xf7") + 6] = 162
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"cannot be decoded as JPEG-LS.* with 162 bits"):
        read_study(path).series[0].volume()


@pytest.mark.parametrize(
    "syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless]
)
def test_whatever_bytes_are_damaged_the_message_is_ours(tmp_path, scan, syntax):
    """No exception of a library gets through, whichever byte of a file is wrong."""
    (path,) = scan(slices=1).write(tmp_path, syntax=syntax)
    whole = path.read_bytes()
    rng = random.Random(str(syntax))
    outcomes = {"read": 0, "refused": 0}
    for _ in range(120):
        content = bytearray(whole)
        if rng.random() < 0.3:
            del content[rng.randrange(len(content)) :]
        for _ in range(rng.choice([1, 3, 20])):
            if len(content) > 132:
                content[rng.randrange(132, len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            for series in read_study(path):
                series.volume()
            outcomes["read"] += 1
        except VbqkitError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5


def test_several_damaged_files_are_listed_together(tmp_path):
    for name in ("a.dcm", "b.dcm"):
        (tmp_path / name).write_text("not really")
    with pytest.raises(
        FormatError, match=r"(?s)None of the 2 files in .* could be read:.*a\.dcm is not.*b\.dcm is not"
    ):
        read_study(tmp_path)


def test_a_deflated_file_with_fewer_pixels_than_its_header_says_is_named(tmp_path, scan, save_dicom):
    made = scan(slices=1)
    save_dicom(made.slices[0], made.pixels[0][:5], tmp_path / "a.dcm", syntax=uid.DeflatedExplicitVRLittleEndian)
    with pytest.raises(FormatError, match=r"a\.dcm breaks off: PixelData \(7fe0,0010\) has 80 of 160 bytes"):
        read_study(tmp_path).series[0].volume()


def test_compressed_pixel_data_of_an_impossible_type_is_named(tmp_path, scan):
    (path,) = scan(slices=1).write(tmp_path, syntax=uid.RLELossless)
    content = path.read_bytes()
    assert content.count(b"\xe0\x7f\x10\x00OB") == 1
    path.write_bytes(content.replace(b"\xe0\x7f\x10\x00OB", b"\xe0\x7f\x10\x00O\xf3"))
    with pytest.raises(FormatError, match=r"IM999\.dcm breaks off or is damaged"):
        read_study(tmp_path).series[0].volume()


def test_text_where_a_number_belongs_counts_as_missing():
    header = Dataset()
    header.SeriesDescription = "twelve"
    assert numbers(header, "SeriesDescription") == ()
