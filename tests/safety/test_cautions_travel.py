"""Whatever the readers find odd about a file is on the score that comes from it: one row for each caution they know."""

from __future__ import annotations

import ast
import gc
import io
import json
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet

from vbqkit import read_rois, read_study, write_rois
from vbqkit.cli import main
from vbqkit.scores import score_case
from vbqkit.study import Study

ROOT = Path(__file__).parents[2]
CASE = ROOT / "sample_data" / "case04"
SOURCES = (
    *(ROOT / "vbqkit" / "formats").glob("*.py"),
    *(ROOT / "vbqkit").glob("*.py"),
    ROOT / "vbqkit/scores/series_cautions.py",
)


@pytest.fixture(scope="module")
def rois():
    """On the middle slice."""
    return read_rois(CASE / "reference_rois.vbqkit.json")


def folder_of(slices, folder, change=lambda dataset, k: None, *, keep=range(100), name="IM"):
    folder.mkdir(exist_ok=True)
    for k, original in enumerate(slices):
        if k in keep:
            dataset = pydicom.dcmread(io.BytesIO(_bytes(original)))
            change(dataset, k)
            dataset.save_as(folder / f"{name}{k:02d}.dcm")
    return folder


def _bytes(dataset):
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def setting(**tags):
    def change(dataset, _):
        for keyword, value in tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)

    return change


def pixels(of):
    def change(dataset, k):
        new = of(dataset.pixel_array.astype(np.int64), k)
        dataset.PixelData = new.astype(np.uint16).tobytes()

    return change


def philips(dataset, _):
    dataset.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.0021)


def turned(dataset, _):
    top = (1 << dataset.BitsStored) - 1
    dataset.PixelData = (top - dataset.pixel_array.astype(np.int64)).astype(np.uint16).tobytes()
    dataset.PhotometricInterpretation = "MONOCHROME1"


def wrapped(dataset, _):
    dataset.PixelData = (dataset.pixel_array.astype(np.uint16) * 4).tobytes()
    dataset.BitsStored, dataset.HighBit = 12, 11


def floats(dataset, _):
    values = dataset.pixel_array.astype(np.float32)
    values[0, 0] = np.nan
    for keyword in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(dataset, keyword)
    dataset.BitsAllocated, dataset.FloatPixelData = 32, values.tobytes()


CHANGED = {
    "not-finite": floats,
    "missing-tags": setting(Manufacturer=None),
    "joined": lambda d, k: setattr(d, "EchoNumbers", k % 2),
    "rescale-varies": lambda d, k: (setattr(d, "RescaleSlope", 1.0 + 0.01 * k), setattr(d, "RescaleIntercept", 0)),
    "rescale-intercept": setting(RescaleSlope=1, RescaleIntercept=-20),
    "field-strength": setting(MagneticFieldStrength=15000),
    "philips-scale": philips,
    "lossy": setting(LossyImageCompression="01"),
    "weighting-disagrees": setting(SeriesDescription="SAG T2"),
    "contrast-hint": setting(SeriesDescription="SAG T1 POST"),
    "fat-suppression-hint": setting(SeriesDescription="SAG T1 FS"),
    "content-hint": setting(SeriesDescription="SAG T1 map"),
    "protocol-unusual": setting(MagneticFieldStrength=7),
    "image-type-unknown": setting(ImageType=["ORIGINAL", "PRIMARY", "M", "QWERTY"]),
    "dixon-in-phase": setting(ImageType=["ORIGINAL", "PRIMARY", "DIXON", "IN_PHASE"]),
    "monochrome1": turned,
    "bits-above-stored": wrapped,
    "few-gray-levels": pixels(lambda p, k: p * 255 // 4096),
    "clipped": pixels(lambda p, k: np.minimum(p, np.percentile(p, 97))),
}
OPTIONS = {
    "derived-accepted": (setting(ImageType=["DERIVED", "SECONDARY", "M"]), {"accept_derived": True}),
    "pixel-spacing-stated": (setting(PixelSpacing=None), {"pixel_spacing_mm": "own"}),
    "weighting-stated-against-header": (setting(SeriesDescription="SAG T2"), {"weighting": "T1"}),
}


def check(code, study, rois):
    """The caution stands on every score, in its row, and on its volume."""
    series = next(s for s in study if s.acquisition.weighting in ("T1", "unknown") and s.plane == "sagittal")
    volume = series.volume().with_acquisition(weighting="T1")
    assert code in {c.code for c in volume.cautions}, [c.code for c in volume.cautions]
    case = score_case({"T1": volume}, rois.rois, aggregate="median", overrule="the test")
    score = case.score("VBQ-T1")
    assert code in {c.code for c in score.cautions}
    assert f"{code}: " in score.as_row()["cautions"]
    assert all(f"{code}: " in row["cautions"] for row in case.measurement_rows())


@pytest.mark.parametrize("code", CHANGED)
def test_what_one_header_or_its_pixels_show_is_on_the_score(code, slices, rois, tmp_path):
    check(code, read_study(folder_of(slices, tmp_path, CHANGED[code])), rois)


@pytest.mark.parametrize("code", OPTIONS)
def test_what_the_user_stated_is_on_the_score(code, slices, rois, tmp_path):
    change, options = OPTIONS[code]
    if options.get("pixel_spacing_mm"):
        options = {"pixel_spacing_mm": tuple(float(v) for v in slices[0].PixelSpacing)}
    check(code, read_study(folder_of(slices, tmp_path, change), **options), rois)


def _gap(slices, folder):
    return read_study(folder_of(slices, folder, keep=[0, *range(2, 12)]), on_gap="longest")


def _second_echo(slices, folder):
    folder_of(slices, folder)
    folder_of(
        slices, folder, lambda d, k: (setattr(d, "EchoTime", 90), setattr(d, "SOPInstanceUID", f"1.2.{k}")), name="SE"
    )
    return read_study(folder)


def _one_thick(slices, folder):
    return read_study(folder_of(slices, folder, setting(SliceThickness=None, SpacingBetweenSlices=None), keep=[5]))


def _another(**tags):
    def made(slices, folder):
        folder_of(slices, folder)
        tags.setdefault("SeriesInstanceUID", "1.2.3.4.5")

        def change(dataset, k):
            setting(**tags, SeriesNumber=99)(dataset, k)
            dataset.SOPInstanceUID = f"1.2.3.99.{k}"
            dataset.PixelData = bytes(reversed(dataset.PixelData))

        folder_of(slices, folder, change, name="OTHER")
        return read_study(folder)

    return made


def _with(write):
    def made(slices, folder):
        folder.mkdir()
        folder_of(slices, folder / "T1")
        write(folder)
        return read_study(folder)

    return made


def _copy(folder):
    (folder / "again.dcm").write_bytes((folder / "T1" / "IM03.dcm").read_bytes())


def _link(folder):
    elsewhere = folder.parent / f"{folder.name}-elsewhere"
    elsewhere.mkdir()
    (folder / "T2").symlink_to(elsewhere, target_is_directory=True)


def _climbing_zip(slices, folder):
    folder_of(slices, folder)
    target = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
        archive.writestr("../evil.dcm", b"x")
    return read_study(target)


def _on_cd(slices, folder):
    folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cd = FileSet()
        for path in sorted(folder_of(slices, folder / "in").iterdir()):
            cd.add(path)
        cd.write(folder / "cd")
        del cd
        gc.collect()  # its temporary folder warns when it goes: let it go here
    return folder / "cd" / "DICOMDIR"


def _cd_with_a_file_missing(slices, folder):
    directory = _on_cd(slices, folder)
    records = pydicom.dcmread(directory).DirectoryRecordSequence
    last = max(slices, key=lambda d: d.ImagePositionPatient[0]).SOPInstanceUID
    record = next(r for r in records if r.get("ReferencedSOPInstanceUIDInFile") == last)
    directory.parent.joinpath(*record.ReferencedFileID).unlink()
    return read_study(directory)


def _cd_that_climbs(slices, folder):
    directory = _on_cd(slices, folder)
    dataset = pydicom.dcmread(directory)
    last = max(slices, key=lambda d: d.ImagePositionPatient[0]).SOPInstanceUID
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom knows that this is no name of a file
        for record in dataset.DirectoryRecordSequence:
            if record.get("ReferencedSOPInstanceUIDInFile") == last:
                record.ReferencedFileID = ["..", "X"]
        dataset.save_as(directory)
    return read_study(directory)


def _own_frames(**tags):
    def made(slices, folder):
        _another(FrameOfReferenceUID="1.2.3.777", ImageType=["ORIGINAL", "PRIMARY", "M"], **tags)(slices, folder)
        return read_study(folder, link_frames=True)

    return made


def _elsewhere(slices, folder):
    folder_of(slices, folder)

    def change(dataset, k):
        setting(FrameOfReferenceUID="1.2.3.777", SeriesInstanceUID="1.2.3.4.5", SeriesNumber=99)(dataset, k)
        dataset.SOPInstanceUID = f"1.2.3.99.{k}"
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x + 1.9, y, z]

    folder_of(slices, folder, change, name="OTHER")
    study = read_study(folder, link_frames=True)
    return Study(tuple(reversed(study.series)))


FOLDERS = {
    "slices-left-out": _gap,
    "separated": _second_echo,
    "slice-distance-unknown": _one_thick,
    "several-patients": _another(PatientID="SOMEBODY-ELSE"),
    "several-studies": _another(StudyInstanceUID="1.2.3.4"),
    "copies": _with(_copy),
    "unreadable-file": _with(lambda folder: (folder / "IM99.dcm").write_bytes(b"half a file" * 40)),
    "empty-file": _with(lambda folder: (folder / "IM99").write_bytes(b"")),
    "packed-file": _with(lambda folder: (folder / "T2.zip").write_bytes(b"PK\x03\x04")),
    "linked-folder": _with(_link),
    "hidden-folder": _with(lambda folder: (folder / ".more").mkdir()),
    "zip-path": _climbing_zip,
    "dicomdir-missing": _cd_with_a_file_missing,
    "dicomdir-path": _cd_that_climbs,
    "frame-linked": _own_frames(),
    "frame-not-linked": _elsewhere,
}


@pytest.mark.parametrize("code", FOLDERS)
def test_what_the_study_as_a_whole_shows_is_on_the_score(code, slices, rois, tmp_path):
    check(code, FOLDERS[code](slices, tmp_path / "study"), rois)


def test_what_is_odd_about_the_roi_file_is_on_the_score(rois, tmp_path):
    volume = read_study(CASE).find("T1").volume()
    write_rois(tmp_path / "a.json", rois.rois, image=volume)
    for code, drawn in {
        "frame-of-reference": replace(rois, frame_of_reference_uid=None),
        "other-study": replace(read_rois(tmp_path / "a.json"), study_uid="1.2.3"),
    }.items():
        score = score_case({"T1": volume}, drawn, aggregate="median").score("VBQ-T1")
        assert code in {c.code for c in score.cautions}
    write_rois(tmp_path / "RoiSet.zip", rois.rois, image=volume)
    with zipfile.ZipFile(tmp_path / "RoiSet.zip", "a") as archive:
        archive.writestr("half.roi", b"Ib")
    drawn = read_rois(tmp_path / "RoiSet.zip", image=volume)
    score = score_case({"T1": volume}, drawn, aggregate="median").score("VBQ-T1")
    assert "damaged-rois" in {c.code for c in score.cautions}


def test_what_only_the_comparison_of_series_shows_is_on_the_score(rois):
    study = read_study(CASE)
    t1, t2 = study.find("T1").volume(), study.find("T2").volume()
    for code, changed in {
        "several-studies": t2.with_acquisition(study_uid="1.2.3"),
        "several-frames": t2.with_acquisition(frame_of_reference_uid="1.2.3"),
    }.items():
        case = score_case({"T1": t1, "T2": changed}, rois.rois, aggregate="median")
        assert all(code in {c.code for c in case.score(name).cautions} for name in ("VBQ-T1", "VBQ-T2"))
        assert code not in {
            c.code for c in score_case({"T1": t1}, rois.rois, aggregate="median").score("VBQ-T1").cautions
        }


def test_series_of_two_patients_give_no_number_though_read_apart(slices, rois, tmp_path):
    other = read_study(folder_of(slices, tmp_path / "b", setting(PatientID="SOMEBODY-ELSE"))).series[0].volume()
    t1 = read_study(folder_of(slices, tmp_path / "a")).series[0].volume()
    case = score_case({"T1": t1, "T2": other.with_acquisition(weighting="T2")}, rois.rois, aggregate="median")
    assert all(row["value"] is None and "different patients" in row["refused"] for row in case.rows())
    alone = score_case({"T1": t1}, rois.rois, aggregate="median")
    assert alone.score("VBQ-T1").value > 0


def test_nifti_and_its_kin_carry_their_cautions(rois, tmp_path):
    volume = read_study(CASE).find("T1").volume()
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    data = volume.pixels.astype(np.float32)
    data[0, :3, :3] = np.nan
    image = nibabel.Nifti1Image(data, ras)
    apart = ras.copy()
    apart[:3, 3] += (0, 20, 0)
    image.set_sform(ras, 2)
    image.set_qform(apart, 1)
    image.header.set_xyzt_units("micron")
    nibabel.save(image, tmp_path / "t1.nii.gz")
    study = read_study(tmp_path / "t1.nii.gz", weighting="T1")
    for code in ("not-finite", "sform-qform", "missing-tags", "length-unit"):
        check(code, study, rois)
    for code, sidecar in (("sidecar-value", '{"RepetitionTime": 600}'), ("sidecar-unreadable", "{")):
        (tmp_path / "t1.json").write_text(sidecar)
        check(code, read_study(tmp_path / "t1.nii.gz", weighting="T1"), rois)


def codes_in(path):
    """Every code of a caution in a source file."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    made = (call for call in calls if getattr(call.func, "id", "") == "Caution" and call.args)
    return {call.args[0].value for call in made if isinstance(call.args[0], ast.Constant)}


def test_no_caution_of_a_reader_is_without_its_row():
    elsewhere = {"frame-of-reference", "other-study", "damaged-rois", "several-frames", "sform-qform", "length-unit"}
    elsewhere |= {"sidecar-value", "sidecar-unreadable"}  # in the test above
    elsewhere |= {"special-file"}  # tests/safety/test_one_acquisition.py
    elsewhere |= {"proposed-rois"}  # tests/cli/test_score_origin.py
    never = {"orientation-doubtful"}  # only on series that are taken as axial, which have no score
    in_places = {"midway"}  # tests/safety/test_places_travel.py
    known = set(CHANGED) | set(OPTIONS) | set(FOLDERS) | elsewhere | never | in_places
    assert set().union(*map(codes_in, SOURCES)) == known


def test_the_command_line_prints_them_in_the_table_and_in_json(slices, rois, tmp_path, capsys):
    def change(dataset, k):
        CHANGED["rescale-varies"](dataset, k)
        CHANGED["lossy"](dataset, k)

    folder_of(slices, tmp_path / "T1", change)
    (tmp_path / "T1" / "IM99").write_bytes(b"")
    write_rois(tmp_path / "rois.json", rois.rois)
    command = ["score", str(tmp_path / "T1"), "--rois", str(tmp_path / "rois.json"), "--aggregate", "median"]
    assert main([*command, "--json"]) == 0
    (row,) = (row for row in json.loads(capsys.readouterr().out) if row["score"] == "VBQ-T1")
    assert main(command) == 0
    table = capsys.readouterr().out
    for code in ("rescale-varies", "lossy", "empty-file", "frame-of-reference"):
        assert f"{code}: " in row["cautions"]
        assert f"! {code}: " in table
