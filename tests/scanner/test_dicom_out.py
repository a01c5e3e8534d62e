"""Virtual studies as DICOM: valid by a validator no one here wrote, the same every time, and never half written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pydicom
import pytest

from vbqkit.anatomy.phantom import Phantom
from vbqkit.errors import ScannerError
from vbqkit.formats import read_study
from vbqkit.scanner.coils import CoilArray
from vbqkit.scanner.dicom_out import Identity, whole_folder, write_dicom
from vbqkit.scanner.forward_model import scan
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing
from vbqkit.study import Study, make_series

PROTOCOL = Protocol(
    weighting="T1", timing=Timing(tr_ms=500, te_ms=10), fov_mm=100, matrix=64, acquired=(48, 64), slices=3
)
STIR = replace(PROTOCOL, weighting="STIR", timing=Timing(tr_ms=3000, te_ms=40, ti_ms=150), phase_axis="AP")
SCANNER = Scanner(
    name="small", vendor="no one", model="small", field_t=1.5, protocols=(PROTOCOL, STIR), rescale_slope=1.25, coil=None
)
WHO = Identity(case="CASE03", sex="F", age=61.4, bmi=26.0)


def small_study() -> Study:
    body = Phantom.uniform("muscle", shape=(16, 50, 50), spacing_mm=(1.0, 1.0, 1.0))
    return scan(body, SCANNER, rng=np.random.default_rng(3))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom") / "out"
    return folder, write_dicom(small_study(), SCANNER, WHO, folder)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(written):
    for path in (written[1][0], written[1][-1]):
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        assert "MRImage" in done.stderr
        assert "Error" not in done.stderr + done.stdout


def test_every_file_says_in_several_places_that_it_is_synthetic(written):
    for path in written[1]:
        header = pydicom.dcmread(path)
        assert str(header.PatientName) == "VIRTUAL^CASE03"
        assert header.Manufacturer.startswith("vbqkit")
        assert "SYNTHETIC" in header.ImageComments
        assert "SYNTHETIC" in header.SeriesDescription
        assert header.BurnedInAnnotation == "NO"


def test_pixels_and_geometry_come_back_exactly(written):
    back = read_study(written[0])
    for series in small_study():
        original, read = series.volume(), back.find(series.acquisition.weighting).volume()
        assert np.array_equal(np.sort(original.pixels, axis=None), np.sort(read.pixels, axis=None))
        for image in original:
            same = read.nearest_slice(image.origin_mm)
            assert np.allclose(same.pixels, image.pixels)
            assert np.allclose(same.origin_mm, image.origin_mm, atol=1e-6)
            assert np.allclose(same.to_patient_mm((20, 30)), image.to_patient_mm((20, 30)), atol=1e-6)
        for name in ("tr_ms", "te_ms", "ti_ms", "field_t", "echo_train_length", "weighting"):
            assert getattr(read.acquisition, name) == getattr(series.acquisition, name)
        assert read.acquisition.synthetic


def test_compression_is_lossless_rle_and_writing_twice_gives_the_same_bytes(written, tmp_path):
    again = write_dicom(small_study(), SCANNER, WHO, tmp_path / "again")
    plain = write_dicom(small_study(), SCANNER, WHO, tmp_path / "plain", compress=False)
    assert pydicom.dcmread(again[0]).file_meta.TransferSyntaxUID.name == "RLE Lossless"
    for first, second, third in zip(written[1], again, plain, strict=True):
        assert first.read_bytes() == second.read_bytes()
        assert np.array_equal(pydicom.dcmread(first).pixel_array, pydicom.dcmread(third).pixel_array)


def test_uids_are_valid_and_differ_between_cases_series_and_slices(written):
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in written[1]]
    instances = {h.SOPInstanceUID for h in headers}
    assert len(instances) == len(headers)
    assert len({h.SeriesInstanceUID for h in headers}) == 2
    assert len({h.StudyInstanceUID for h in headers}) == 1
    assert all(pydicom.uid.UID(u).is_valid for u in instances)
    assert replace(WHO, case="CASE04").uid("study") != WHO.uid("study")


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(ScannerError, match="not empty; nothing was written"):
        write_dicom(small_study(), SCANNER, WHO, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(ScannerError, match="a file; nothing was written"):
        write_dicom(small_study(), SCANNER, WHO, tmp_path / "mine.txt")


def test_a_failure_leaves_nothing_half_written(tmp_path):
    def fail_midway() -> None:
        with whole_folder(tmp_path / "out") as work:
            (work / "first.dcm").write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail_midway()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScannerError, match="cannot be written"):
        write_dicom(small_study(), SCANNER, WHO, tmp_path / "file" / "out")


def test_real_images_are_never_written_as_virtual_ones(tmp_path):
    volume = small_study().find("T1").volume().with_acquisition(synthetic=False)
    with pytest.raises(ScannerError, match="not made by the virtual scanner"):
        write_dicom(Study(series=(make_series(volume),)), SCANNER, WHO, tmp_path / "out")


@pytest.mark.parametrize("case", ["", "Fräulein", "a^b", "x" * 40])
def test_case_names_that_dicom_cannot_hold_are_refused(case):
    with pytest.raises(ScannerError, match="cannot go into a DICOM header"):
        replace(WHO, case=case)


def test_the_header_says_what_the_machine_did_to_the_noise_and_the_reader_understands_it(tmp_path):
    protocol = replace(PROTOCOL, parallel_factor=2)
    machine = replace(SCANNER, protocols=(protocol,), uniformity_correction=1.0, coil=CoilArray(rows=2, columns=2))
    body = Phantom.uniform("muscle", shape=(16, 50, 50), spacing_mm=(1.0, 1.0, 1.0))
    study = scan(body, machine, rng=np.random.default_rng(3))
    write_dicom(study, machine, WHO, tmp_path / "out")
    series = read_study(tmp_path / "out").find("T1")
    assert series.refusal is None
    for a in (series.acquisition, study.find("T1").acquisition):
        assert "NORM" in a.image_type
        assert (a.parallel_technique, a.parallel_factor) == ("SENSE", 2.0)
        assert (a.matrix, a.acquired_matrix) == ((64, 64), (48, 64))


def test_a_plain_machine_states_no_correction(written):
    a = read_study(written[0]).find("T1").acquisition
    assert ("NORM" in a.image_type, a.parallel_technique) == (False, None)
