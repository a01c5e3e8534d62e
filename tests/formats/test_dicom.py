"""Classic DICOM: order, geometry, syntaxes and rescaling, against SimpleITK and against what was written."""

import itertools
import pickle

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from pydicom import uid

from vbqkit.errors import FormatError, GeometryError
from vbqkit.formats import headers, read_study, write_rois
from vbqkit.roi import Rectangle

OBLIQUE = np.linalg.qr(np.array([[0.1, 1.0, 0.05], [0.02, -0.06, -1.0], [1.0, 0.1, 0.0]]).T)[0].T
OBLIQUE *= np.sign([OBLIQUE[0, 1], -OBLIQUE[1, 2], 1.0])[:, None]


def _read_by_simpleitk(folder):
    reader = sitk.ImageSeriesReader()
    (series,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
    return reader.Execute()


@pytest.mark.parametrize("orientation", [OBLIQUE[:2], ((0, 1, 0), (0, 0, -1))], ids=["oblique", "straight"])
def test_slices_are_ordered_by_position_and_placed_as_simpleitk_places_them(tmp_path, scan, orientation):
    made = scan(slices=6, orientation=orientation)
    for k, instance in enumerate([4, 1, 6, 3, 5, 2]):
        made.slices[k].InstanceNumber = instance
    made.write(tmp_path, names=["f.dcm", "b.dcm", "e.dcm", "a.dcm", "d.dcm", "c.dcm"])
    (series,) = read_study(tmp_path)
    volume, image = series.volume(), _read_by_simpleitk(tmp_path)
    assert np.array_equal(volume.pixels, made.pixels)
    assert np.array_equal(volume.pixels, sitk.GetArrayFromImage(image))
    for plane, row, col in itertools.product((0, 5), (0, 9), (0, 7)):
        expected = image.TransformIndexToPhysicalPoint((col, row, plane))
        assert np.allclose(volume.affine @ (plane, row, col, 1), (*expected, 1), atol=1e-6)
    assert volume.plane == series.plane == "sagittal"
    assert np.allclose(series.spacing_mm, (4.4, 0.7, 0.5))
    assert volume.thickness_mm == 4.0


SYNTAXES = [
    uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless,
]  # fmt: skip


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_pixels_come_back_as_written_in_every_lossless_syntax(tmp_path, scan, syntax, signed):
    pixels = np.random.default_rng(1).integers(-2000 if signed else 0, 2047, (3, 64, 48))
    made = scan(slices=3, pixels=pixels.astype(np.int16 if signed else np.uint16), BitsStored=12, HighBit=11)
    made.write(tmp_path, syntax=syntax)
    (series,) = read_study(tmp_path)
    volume = series.volume()
    assert np.array_equal(volume.pixels, pixels)
    assert volume.max_storable == (2047 if signed else 4095)
    assert volume.zero_value == 0.0
    assert volume.pixels.dtype.isnative


def test_files_without_preamble_and_meta_header_are_read(tmp_path, scan):
    made = scan(slices=2)
    for k, path in enumerate(made.write(tmp_path / "whole", syntax=uid.ImplicitVRLittleEndian)):
        content = path.read_bytes()
        start = content.index(b"\x08\x00\x08\x00", 200)  # ImageType: the first element of the data set
        (tmp_path / f"bare{k}").write_bytes(content[start:])
        path.unlink()
    (tmp_path / "whole").rmdir()
    (series,) = read_study(tmp_path)
    assert np.array_equal(series.volume().pixels, made.pixels)


def test_overlay_bits_above_the_stored_bits_are_not_signal(tmp_path, scan):
    made = scan(BitsStored=12, HighBit=11)
    signal = made.pixels.copy() & 0x0FFF
    made.pixels |= 0xF000
    made.write(tmp_path)
    assert np.array_equal(read_study(tmp_path).series[0].volume().pixels, signal)


def test_padding_after_the_pixels_is_passed_over(tmp_path, scan, save_dicom):
    made = scan(slices=1)
    padded = np.append(made.pixels[0].ravel(), np.zeros(64, dtype=np.uint16))
    save_dicom(made.slices[0], padded, tmp_path / "a.dcm")
    assert np.array_equal(read_study(tmp_path).series[0].volume().pixels, made.pixels)


def test_slope_and_intercept_are_applied_to_pixels_zero_and_clipping_value(tmp_path, scan):
    made = scan(RescaleSlope=2.5, RescaleIntercept=-100, BitsStored=12, HighBit=11)
    made.write(tmp_path)
    (series,) = read_study(tmp_path)
    volume = series.volume()
    assert np.array_equal(volume.pixels, made.pixels * 2.5 - 100)
    assert volume.zero_value == -100
    assert volume.max_storable == 4095 * 2.5 - 100
    assert (volume.acquisition.rescale_slope, volume.acquisition.rescale_intercept) == (2.5, -100)
    (caution,) = [c for c in volume.cautions if c.code == "rescale-intercept"]
    assert "RescaleIntercept (0028,1052) is -100, not 0" in caution.message


def test_an_intercept_of_rounding_size_is_no_caution(tmp_path, scan):
    scan(RescaleSlope=3.774114, RescaleIntercept=0.000061).write(tmp_path)
    assert "rescale-intercept" not in {c.code for c in read_study(tmp_path).series[0].cautions}


def test_a_slope_that_differs_between_slices_is_applied_slice_by_slice_with_a_caution(tmp_path, scan):
    made = scan(RescaleIntercept=0)
    slopes = [1.0, 2.0, 3.0, 4.0]
    for header, slope in zip(made.slices, slopes, strict=True):
        header.RescaleSlope = slope
    made.write(tmp_path)
    volume = read_study(tmp_path).series[0].volume()
    assert np.array_equal(volume.pixels, made.pixels * np.array(slopes)[:, None, None])
    assert "rescale-varies" in {c.code for c in volume.cautions}
    assert volume.max_storable is None
    assert volume.zero_value == 0.0


def test_one_zero_value_is_not_made_up_where_intercepts_differ(tmp_path, scan):
    made = scan(RescaleSlope=1)
    for k, header in enumerate(made.slices):
        header.RescaleIntercept = k
    made.write(tmp_path)
    assert np.isnan(read_study(tmp_path).series[0].volume().zero_value)


@pytest.mark.parametrize("slope", [0, -1])
def test_an_impossible_slope_names_file_and_tag(tmp_path, scan, slope):
    scan(RescaleSlope=slope, RescaleIntercept=0).write(tmp_path)
    with pytest.raises(
        FormatError, match=rf"IM999\.dcm has RescaleSlope \(0028,1053\) {slope}; a finite number above 0"
    ):
        read_study(tmp_path).series[0].volume()


def test_one_missing_slice_is_named_by_its_position_and_the_way_out_works(tmp_path, scan):
    made = scan(slices=8)
    paths = made.write(tmp_path)
    paths[2].unlink()
    (series,) = read_study(tmp_path)
    assert not series.scorable
    assert (series.plane, series.acquisition.weighting) == ("sagittal", "T1")
    words = r"1 of 8 slices are missing .* ImagePositionPatient \(0020,0032\) \(-16\.8, -30\.0, 60\.0\) mm.*on_gap='longest'"
    with pytest.raises(GeometryError, match=words):
        series.volume()
    (series,) = read_study(tmp_path, on_gap="longest")
    assert np.array_equal(series.volume().pixels, made.pixels[3:])
    assert "slices-left-out" in {c.code for c in series.cautions}


def test_uneven_slices_are_refused_with_their_gaps(tmp_path, scan):
    made = scan(slices=5)
    made.slices[2].ImagePositionPatient = [-8.0 - 2 * 4.4 - 1.0, -30, 60]
    made.write(tmp_path)
    with pytest.raises(GeometryError, match=r"not equally spaced: gaps run from 3\.40 to 5\.40 mm.*\(0020,0032\)"):
        read_study(tmp_path).series[0].volume()


def test_rounded_positions_are_equally_spaced_enough(tmp_path, scan):
    made = scan(slices=15, distance=4.37777)
    for header in made.slices:
        header.ImagePositionPatient = [round(float(v), 1) for v in header.ImagePositionPatient]
    made.write(tmp_path)
    assert read_study(tmp_path).series[0].volume().shape == (15, 10, 8)


def test_a_single_slice_is_a_volume_of_one(tmp_path, scan):
    made = scan(slices=1).drop("SliceThickness")
    made.write(tmp_path)
    (series,) = read_study(tmp_path)
    assert series.volume().shape == (1, 10, 8)
    assert series.volume().slice(0).depth_mm is None
    assert "slice-distance-unknown" in {c.code for c in series.cautions}
    assert np.isnan(series.spacing_mm[0])
    assert np.isnan(series.volume().spacing_mm[0])
    assert "1 slice, 10 x 8" in repr(series.volume())
    box = Rectangle.on(series.volume().slice(0), (4, 4), 1.5, 2.0, label="L1")
    with pytest.raises(FormatError, match="needs the thickness of the slice"):
        write_rois(tmp_path / "m.nrrd", [box], image=series.volume())
    scan(slices=1).write(tmp_path / "thick")
    assert read_study(tmp_path / "thick").series[0].volume().spacing_mm[0] == 4.0


@pytest.mark.parametrize(
    ("keyword", "words"),
    [
        (
            "PixelSpacing",
            r"no usable PixelSpacing \(0028,0030\).*read_study\(\.\.\., pixel_spacing_mm=\(rows, columns\)\)",
        ),
        ("ImageOrientationPatient", r"no usable ImageOrientationPatient \(0020,0037\).*Export the series again"),
        ("ImagePositionPatient", r"no usable ImagePositionPatient \(0020,0032\).*Export the series again"),
    ],
)
def test_geometry_that_was_stripped_is_named_and_the_other_series_stay_usable(tmp_path, scan, keyword, words):
    scan(number=1, name="T1").drop(keyword).write(tmp_path, prefix="A")
    whole = scan(number=2, name="T2")
    whole.write(tmp_path, prefix="B")
    bad, good = read_study(tmp_path)
    assert bad.refusal
    with pytest.raises(GeometryError, match=rf"A99\d\.dcm has {words}"):
        bad.volume()
    assert np.array_equal(good.volume().pixels, whole.pixels)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 1, 0, 0), (0, 0, 0, 0, 0, 0), (2, 0, 0, 0, 1, 0)])
def test_an_impossible_orientation_is_refused(tmp_path, scan, orientation):
    scan(ImageOrientationPatient=list(orientation)).write(tmp_path)
    with pytest.raises(GeometryError, match="no usable ImageOrientationPatient"):
        read_study(tmp_path).series[0].volume()


def test_a_stated_pixel_size_fills_in_for_a_missing_one_and_never_replaces_one(tmp_path, scan):
    scan(number=1).drop("PixelSpacing").write(tmp_path, prefix="A")
    scan(number=2).write(tmp_path, prefix="B")
    first, second = read_study(tmp_path, pixel_spacing_mm=(0.9, 0.8))
    assert first.volume().spacing_mm[1:] == pytest.approx((0.9, 0.8))
    assert second.volume().spacing_mm[1:] == pytest.approx((0.7, 0.5))
    assert "pixel-spacing-stated" in {c.code for c in first.cautions}


def test_numbers_that_are_no_numbers_count_as_missing(tmp_path, scan):
    scan(slices=1).write(tmp_path)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    assert content.count(b"0.7\\0.5 ") == 1
    path.write_bytes(content.replace(b"0.7\\0.5 ", b"0.7\\abc "))
    assert "no usable PixelSpacing" in read_study(tmp_path).series[0].refusal


def test_headers_are_read_first_and_pixels_only_when_asked_for(tmp_path, scan):
    made = scan()
    paths = made.write(tmp_path)
    (series,) = read_study(tmp_path)
    for path in paths:
        path.unlink()
    assert series.shape == (4, 10, 8)
    with pytest.raises(
        FormatError, match=r"\.dcm cannot be opened: No such file or directory. Check that it is still there"
    ):
        series.volume()


def test_progress_counts_every_file_up_to_all_of_them(tmp_path, scan):
    scan().write(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkInt16), str(tmp_path / "z.mha"))
    calls = []
    read_study(tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(k, 6) for k in range(1, 7)]


def test_slices_of_different_storage_are_brought_together(tmp_path, scan):
    unsigned, signed = scan(slices=4), scan(slices=4, PixelRepresentation=1)
    unsigned.pixels[:2] = 50000
    expected = np.concatenate([unsigned.pixels[:2].astype(int), signed.pixels[2:].astype(int)])
    unsigned.write(tmp_path / "u")
    for k, path in enumerate(signed.write(tmp_path / "s")):
        if k < 2:
            path.unlink()
    for path in sorted((tmp_path / "u").iterdir())[:2]:
        path.unlink()
    assert np.array_equal(read_study(tmp_path).series[0].volume().pixels, expected)


def test_pixels_of_eight_and_thirty_two_bits_are_read(tmp_path, scan):
    for bits, dtype in ((8, np.uint8), (32, np.uint32)):
        pixels = np.random.default_rng(2).integers(0, 200, (3, 10, 8)).astype(dtype)
        made = scan(slices=3, pixels=pixels, BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1)
        made.write(tmp_path / str(bits))
        assert np.array_equal(read_study(tmp_path / str(bits)).series[0].volume().pixels, pixels)


def test_a_study_goes_to_another_process(tmp_path, scan):
    scan().write(tmp_path)
    there, here = (pickle.loads(pickle.dumps(read_study(tmp_path))), read_study(tmp_path))
    assert (there.series[0].volume().pixels == here.series[0].volume().pixels).all()


@pytest.mark.parametrize("before_rows", [True, False], ids=["early", "late"])
@pytest.mark.parametrize("bytes_more", [*range(-14, 16, 2), 5000, 200_000])
def test_a_header_that_ends_near_or_beyond_the_first_bytes_in_memory_is_read_whole(
    tmp_path, scan, bytes_more, before_rows
):
    """However long a private element before or after the geometry is."""

    def write(folder, length):
        made = scan(slices=2)
        for header in made.slices:
            header.add_new(0x00090010 if before_rows else 0x00290010, "LO", "ACME")
            header.add_new(0x00091001 if before_rows else 0x00291001, "OB", bytes(length))
        made.write(folder)
        return made

    write(tmp_path / "short", 2)
    ends = min(path.read_bytes().index(b"\xe0\x7f\x10\x00") for path in (tmp_path / "short").iterdir())
    made = write(tmp_path / "long", headers._WINDOW_BYTES - ends + 2 + bytes_more)
    (series,) = read_study(tmp_path / "long")
    assert np.array_equal(series.volume().pixels, made.pixels)
