"""What a scanner calls one series may be several stacks: each comes out as a series of its own."""

import shutil

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vbqkit.errors import FormatError, GeometryError
from vbqkit.formats import read_study


def _separated_by(study):
    texts = [c.message for series in study for c in series.cautions if c.code == "separated"]
    assert len(texts) == len(study)
    return texts[0].split("separated by ")[1]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"EchoTime": 90}, "echo time"),
        ({"EchoNumbers": 2}, "echo number"),
        ({"InversionTime": 150}, "inversion time"),
        ({"DiffusionBValue": 800.0}, "b-value"),
        ({"TemporalPositionIdentifier": 2}, "temporal position"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "W"]}, "content of the image, image type"),
        ({"FrameOfReferenceUID": "1.2.3.4"}, "frame of reference"),
        ({"PixelSpacing": [0.9, 0.9]}, "pixel size"),
    ],
)
def test_frames_that_differ_in_kind_become_two_series(tmp_path, scan, changes, kind):
    first, second = scan(), scan(**changes)
    second.pixels = second.pixels + 1
    first.write(tmp_path, prefix="A")
    for header in second.slices:
        header.SOPInstanceUID += ".2"
    second.write(tmp_path, prefix="B")
    study = read_study(tmp_path)
    assert len(study) == 2
    assert np.array_equal(study.series[0].volume().pixels, first.pixels)
    assert np.array_equal(study.series[1].volume().pixels, second.pixels)
    assert _separated_by(study) == f"{kind}."


def test_three_orientations_of_a_localiser_become_three_series(tmp_path, scan):
    planes = {
        "sagittal": ((0, 1, 0), (0, 0, -1)),
        "coronal": ((1, 0, 0), (0, 0, -1)),
        "axial": ((1, 0, 0), (0, 1, 0)),
    }
    for name, orientation in planes.items():
        made = scan(slices=2, orientation=orientation)
        for header in made.slices:
            header.SOPInstanceUID += f".{len(name)}"
        made.write(tmp_path, prefix=name)
    study = read_study(tmp_path)
    assert {series.plane for series in study} == set(planes)
    assert _separated_by(study) == "orientation."
    assert all(series.volume().shape == (2, 10, 8) for series in study)


def test_nearly_parallel_slices_stay_together(tmp_path, scan):
    made = scan()
    made.slices[1].ImageOrientationPatient = [0.0002, 1.0, 0.0, 0.0, 0.0, -1.0]
    made.write(tmp_path)
    assert len(read_study(tmp_path)) == 1


def test_repeated_positions_are_dealt_out_in_order_of_time(tmp_path, scan):
    made = [scan() for _ in range(3)]
    for repeat, one in enumerate(made):
        one.pixels = one.pixels + repeat
        for header in one.slices:
            header.SOPInstanceUID += f".{repeat}"
            header.InstanceNumber += 100 * (3 - repeat)
            header.AcquisitionNumber = repeat + 1
        one.write(tmp_path, prefix=f"R{9 - repeat}")
    study = read_study(tmp_path)
    assert len(study) == 3
    for series, one in zip(study, made, strict=True):
        assert np.array_equal(series.volume().pixels, one.pixels)
    assert _separated_by(study) == "repeated position."


def test_two_stations_beside_each_other_are_not_mixed(tmp_path, scan):
    upper, lower = scan(origin=(-8.0, -30.0, 300.0)), scan(origin=(-8.0, -30.0, 60.0))
    lower.pixels = lower.pixels + 1
    for header in lower.slices:
        header.SOPInstanceUID += ".2"
    upper.write(tmp_path, prefix="U")
    lower.write(tmp_path, prefix="L")
    study = read_study(tmp_path)
    by_height = sorted(study, key=lambda series: -series.volume().affine[2, 3])
    assert np.array_equal(by_height[0].volume().pixels, upper.pixels)
    assert np.array_equal(by_height[1].volume().pixels, lower.pixels)


def test_exact_copies_of_files_are_left_out_with_a_caution(tmp_path, scan):
    made = scan()
    for path in made.write(tmp_path / "a"):
        (tmp_path / "b").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "b" / path.name)
    study = read_study(tmp_path)
    assert len(study) == 1
    assert np.array_equal(study.series[0].volume().pixels, made.pixels)
    assert [c.message for c in study.cautions] == ["4 files are exact copies of others and were left out."]


def test_series_without_any_uid_are_told_apart_by_folder_and_number(tmp_path, scan):
    uids = ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
    for folder, number in (("x", 1), ("x", 2), ("y", 1)):
        made = scan(number=number).drop(*uids)
        for header in made.slices:
            header.SOPInstanceUID += f".{ord(folder)}"
        made.pixels += ord(folder)  # else one is a copy of the other
        made.write(tmp_path / folder, prefix=f"N{number}")
    study = read_study(tmp_path)
    assert [series.shape for series in study] == [(4, 10, 8)] * 3
    assert [series.acquisition.series_number for series in study] == [1, 1, 2]


def test_series_come_in_the_order_of_their_numbers_and_unnumbered_ones_last(tmp_path, scan):
    for number in (11, 2, 30):
        scan(number=number).write(tmp_path, prefix=f"N{number}")
    scan(number=5).drop("SeriesNumber").write(tmp_path, prefix="A")
    assert [series.acquisition.series_number for series in read_study(tmp_path)] == [2, 11, 30, None]


def _group(keyword, **values):
    group, item = Dataset(), Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    setattr(group, keyword, [item])
    return group


def _enhanced(scan, *, echoes=(12.0,), stacks=(((0, 1, 0), (0, 0, -1)),), slices=3):
    """One Enhanced MR header with frames out of order, and the pixels of each (stack, echo)."""
    base = scan(slices=1).slices[0]
    shared, frames, expected, pixels = Dataset(), [], {}, []
    rng = np.random.default_rng(4)
    for keyword, values in {
        "PixelMeasuresSequence": {"PixelSpacing": [0.7, 0.5], "SliceThickness": 4},
        "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 600.0, "FlipAngle": 90, "RFEchoTrainLength": 3},
        "PixelValueTransformationSequence": {"RescaleSlope": 2, "RescaleIntercept": 0, "RescaleType": "US"},
    }.items():
        shared.update(_group(keyword, **values))
    for stack, (along_row, along_col) in enumerate(stacks):
        normal = np.cross(along_row, along_col)
        for echo in echoes:
            values = rng.integers(0, 900, (slices, 10, 8)).astype(np.uint16)
            expected[stack, echo] = values
            for k in reversed(range(slices)):
                frame = Dataset()
                at = [float(v) for v in np.array((-8, -30, 60)) + 4.4 * k * normal]
                frame.update(_group("PlanePositionSequence", ImagePositionPatient=at))
                orientation = [float(v) for v in (*along_row, *along_col)]
                frame.update(_group("PlaneOrientationSequence", ImageOrientationPatient=orientation))
                frame.update(_group("MREchoSequence", EffectiveEchoTime=echo))
                frame.update(_group("FrameContentSequence", StackID=str(stack + 1), InStackPositionNumber=k + 1))
                frames.append(frame)
                pixels.append(values[k])
    for keyword in ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "EchoTime", "RepetitionTime"):
        delattr(base, keyword)
    for keyword in ("ScanningSequence", "SequenceVariant", "ScanOptions", "SliceThickness"):
        delattr(base, keyword)
    base.SOPClassUID, base.EchoPulseSequence, base.NumberOfFrames = "1.2.840.10008.5.1.4.1.1.4.1", "SPIN", len(frames)
    base.SharedFunctionalGroupsSequence, base.PerFrameFunctionalGroupsSequence = [shared], frames
    return base, np.array(pixels), expected


AXIAL = ((1, 0, 0), (0, 1, 0))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"], ids=["explicit", "RLE"])
def test_enhanced_stacks_and_echoes_are_separated_and_ordered_by_position(tmp_path, scan, save_dicom, syntax):
    header, pixels, expected = _enhanced(scan, echoes=(12.0, 90.0), stacks=(((0, 1, 0), (0, 0, -1)), AXIAL))
    save_dicom(header, pixels, tmp_path / "e.dcm", syntax=syntax)
    study = read_study(tmp_path)
    assert len(study) == 4
    planes = ("sagittal", "axial")
    for series in study:
        volume = series.volume()
        assert np.array_equal(volume.pixels, 2 * expected[planes.index(series.plane), volume.acquisition.te_ms])
        assert np.allclose(volume.spacing_mm, (4.4, 0.7, 0.5))
    first = study.series[0].acquisition
    assert (first.tr_ms, first.echo_train_length, first.scanning_sequence) == (600.0, 3, ("SE",))
    assert {series.acquisition.weighting for series in study if series.acquisition.te_ms == 12} == {"T1"}
    assert first.slice_thickness_mm == 4
    assert _separated_by(study) == "echo time, stack."


def test_a_multi_frame_file_without_frame_positions_is_refused(tmp_path, scan, save_dicom):
    header, pixels, _ = _enhanced(scan)
    del header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence
    save_dicom(header, pixels, tmp_path / "e.dcm")
    (series,) = read_study(tmp_path)
    with pytest.raises(GeometryError, match=r"e\.dcm \(frame 1\) has no usable"):
        series.volume()


def test_fewer_functional_groups_than_frames_are_refused(tmp_path, scan, save_dicom):
    header, pixels, _ = _enhanced(scan)
    header.PerFrameFunctionalGroupsSequence = list(header.PerFrameFunctionalGroupsSequence)[:2]
    save_dicom(header, pixels, tmp_path / "e.dcm")
    with pytest.raises(
        FormatError, match=r"e\.dcm has NumberOfFrames \(0028,0008\) 3, but functional groups for 2 frames"
    ):
        read_study(tmp_path)


def test_multi_frame_files_without_positions_stay_apart(tmp_path, scan, save_dicom):
    header, pixels, _ = _enhanced(scan)
    for frame in header.PerFrameFunctionalGroupsSequence:
        del frame.PlanePositionSequence
    for k in range(2):
        header.SOPInstanceUID = f"1.2.3.{k}"
        save_dicom(header, pixels + k, tmp_path / f"{k}.dcm")
    study = read_study(tmp_path)
    assert [series.shape for series in study] == [(3, 10, 8)] * 2
    assert all("ImagePositionPatient" in series.refusal for series in study)


def test_inversion_is_read_from_the_enhanced_header(tmp_path, scan, save_dicom):
    header, pixels, _ = _enhanced(scan, echoes=(40.0,))
    modifier = _group("MRModifierSequence", InversionRecovery="YES", InversionTimes=[160.0])
    header.SharedFunctionalGroupsSequence[0].update(modifier)
    save_dicom(header, pixels, tmp_path / "e.dcm")
    acquisition = read_study(tmp_path).series[0].acquisition
    assert (acquisition.scanning_sequence, acquisition.ti_ms) == (("SE", "IR"), 160.0)
    assert acquisition.weighting == "STIR"


@pytest.mark.parametrize("element", [b"\x20\x00\x13\x91SQ", b"\x00\x52\x30\x92SQ"], ids=["plane", "per frame"])
def test_damaged_functional_groups_are_named(tmp_path, scan, save_dicom, element):
    header, pixels, _ = _enhanced(scan)
    save_dicom(header, pixels, tmp_path / "e.dcm")
    content = (tmp_path / "e.dcm").read_bytes()
    assert element in content
    (tmp_path / "e.dcm").write_bytes(content.replace(element, element[:4] + b"OX", 1))
    with pytest.raises(
        FormatError,
        match=r"e\.dcm.*(functional groups .* are damaged|inside its DICOM header|groups for 1 frames only)",
    ):
        read_study(tmp_path)
