"""The same image in another file format gives the same number, and what lies where is read from voxel positions."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name

from vbqkit import read_rois, read_study, write_rois
from vbqkit.errors import FormatError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Rectangle
from vbqkit.scores import check_midway

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
SAGITTAL = np.array([[0, 0, 4.4, -18], [-0.8, 0, 0, 40], [0, 0.8, 0, -30], [0, 0, 0, 1.0]])  # as dcm2niix writes it


def codes(thing):
    return [caution.code for caution in thing.cautions]


@pytest.fixture(scope="module")
def sample():
    return read_study(CASE).find("T1").volume()


def as_file(volume, path, *, backwards=False):
    """The volume through SimpleITK, with its slices in order or backwards."""
    pixels, affine = volume.pixels, volume.affine.copy()
    if backwards:
        pixels = pixels[::-1]
        affine[:3, 3] += (len(volume) - 1) * affine[:3, 0]
        affine[:3, 0] *= -1
    picture = sitk.GetImageFromArray(np.ascontiguousarray(pixels))
    steps = affine[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    picture.SetSpacing(spacing.tolist())
    picture.SetDirection((steps / spacing).ravel().tolist())
    picture.SetOrigin(affine[:3, 3].tolist())
    sitk.WriteImage(picture, str(path))
    return read_study(path, weighting="T1").series[0].volume()


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("ending", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_the_sample_has_one_vbq_in_every_format(sample, tmp_path, ending, backwards):
    between = sample.affine[:3, 0] / 2  # midway between two slices, where the last bit of an affine decides
    rois = [roi.moved(between) for roi in read_rois(CASE / "reference_rois.vbqkit.json").rois]
    assert sample.midway_caution(rois[0].center_mm) is not None
    there = as_file(sample, tmp_path / f"t1{ending}", backwards=backwards)

    def value(volume):
        measured = {roi.label: roi.measure(volume) for roi in rois if roi.label != "noise"}
        return np.median([measured[f"L{k}"].mean for k in (1, 2, 3, 4)]) / measured["CSF"].mean

    assert round(value(sample), 3) == 3.691
    assert value(there) == value(sample)


@pytest.mark.parametrize(("csf_percent", "code"), [(0, "midway-slight"), (3, "midway-slight"), (4, "midway")])
def test_midway_is_loud_only_where_the_other_slice_gives_another_vbq(csf_percent, code):
    pixels = np.full((4, 60, 60), 300.0)
    pixels[:, :, 40:] = 100.0
    pixels[1, :, 40:] += csf_percent  # the other slice: the tie goes to the right, which is slice 2
    volume = Volume(pixels, stack_affine((0, 0, 0), (-4, 0, 0), (0, 0, -1), (0, 1, 0)))
    volume = volume.with_acquisition(weighting="T1")
    rois = [
        Rectangle(center=(-6, col, -row), half_width=(0, 3, 0), half_height=(0, 0, -3), label=label)
        for label, row, col in (("L1", 10, 20), ("L2", 30, 20), ("L3", 50, 20), ("CSF", 30, 50))
    ]
    (check,) = check_midway(volume, rois)
    assert check.code == code
    assert check.shift_percent == pytest.approx((csf_percent, csf_percent))
    assert ("less than 1 %" in check.message) == (csf_percent == 0)


@pytest.mark.parametrize(("other_sd", "code"), [(10.0, "midway-slight"), (14.0, "midway")])
def test_a_midway_noise_roi_is_loud_only_where_the_other_slice_has_another_noise(other_sd, code):
    rng = np.random.default_rng(5)
    pixels = rng.normal(100, 10, (4, 60, 60))
    pixels[1] = rng.normal(100, other_sd, (60, 60))
    volume = Volume(pixels, stack_affine((0, 0, 0), (-4, 0, 0), (0, 0, -1), (0, 1, 0)))
    box = Rectangle(center=(-6, 30, -30), half_width=(0, 8, 0), half_height=(0, 0, -8), label="noise")
    (check,) = check_midway(volume, [box])
    assert check.code == code
    assert "SNR" in check.message


@pytest.mark.parametrize("step", [(4.0, 0, 0), (-4.0, 0, 0), (0, 4.0, 0), (0, -4.0, 0), (0, 0, 4.0), (0, 0, -4.0)])
@pytest.mark.parametrize("shift_mm", [-1e-4, -1e-6, 0.0, 1e-6, 1e-4])
def test_midway_the_slice_towards_right_front_or_feet_is_taken(step, shift_mm):
    rows, cols = {0: ((0, 0, -1), (0, 1, 0)), 1: ((0, 0, -1), (1, 0, 0)), 2: ((0, 1, 0), (1, 0, 0))}[
        int(np.argmax(np.abs(step)))
    ]
    volume = Volume(np.zeros((4, 5, 5)), stack_affine((0, 0, 0), step, rows, cols))
    middle = np.array(step) * (1.5 + shift_mm / 4.0)
    chosen = volume.nearest_slice(middle)
    assert sum(chosen.origin_mm) == min(sum(volume.slice(k).origin_mm) for k in (1, 2))
    assert volume.midway_caution(middle).code == "midway"
    assert volume.midway_caution(np.array(step) * 1.4) is None
    assert volume.nearest_slice(np.array(step) * 1.49).index == 1
    assert volume.nearest_slice(np.array(step) * 1.51).index == 2


def nifti(path, affine=SAGITTAL, *, values=None, qform=None, **codes_of):
    shape = (40, 60, 9)
    values = np.arange(np.prod(shape)).reshape(shape).astype(np.int16) if values is None else values
    image = nibabel.Nifti1Image(values, affine)
    image.set_sform(affine, codes_of.get("sform_code", 1))
    image.set_qform(affine if qform is None else qform, codes_of.get("qform_code", 1))
    nibabel.save(image, path)
    return path


def test_a_mask_with_the_header_of_the_image_fits_and_what_is_written_has_its_grid(tmp_path):
    mask = np.zeros((40, 60, 9), np.uint8)
    mask[10:20, 20:30, 4] = 20
    volume = read_study(nifti(tmp_path / "image.nii.gz")).series[0].volume()
    (roi,) = read_rois(nifti(tmp_path / "mask.nii.gz", values=mask), image=volume)
    assert roi.label == "20"
    values = np.arange(40 * 60 * 9).reshape(40, 60, 9)[10:20, 20:30, 4]
    assert roi.measure(volume).mean == pytest.approx(values.mean())
    write_rois(tmp_path / "out.nii.gz", [roi], image=volume)
    written = nibabel.load(tmp_path / "out.nii.gz")
    assert np.allclose(written.affine, SAGITTAL, atol=1e-4)
    assert (np.asarray(written.dataobj) > 0).tolist() == (mask > 0).tolist()


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
@pytest.mark.parametrize("flips", [(), (0,), (1,), (0, 2)])
def test_a_mask_in_another_order_of_axes_is_matched_by_voxel_positions(tmp_path, axes, flips):
    volume = read_study(nifti(tmp_path / "image.nii.gz")).series[0].volume()
    mask = np.zeros((40, 60, 9), np.uint8)
    mask[10:20, 20:32, 4] = 1
    affine = SAGITTAL.copy()
    for axis in flips:
        mask = np.flip(mask, axis)
        affine[:3, 3] += (mask.shape[axis] - 1) * affine[:3, axis]
        affine[:3, axis] *= -1
    turned = nifti(tmp_path / "m.nii.gz", affine[:, [*axes, 3]], values=np.ascontiguousarray(mask.transpose(axes)))
    (roi,) = read_rois(turned, image=volume)
    values = np.arange(40 * 60 * 9).reshape(40, 60, 9)[10:20, 20:32, 4]
    assert roi.measure(volume).n == 120
    assert roi.measure(volume).mean == pytest.approx(values.mean())


def test_where_sform_and_qform_disagree_the_sform_counts_with_a_caution(tmp_path):
    other = SAGITTAL.copy()
    other[:3, 3] += (30, -20, 15)
    path = nifti(tmp_path / "t1.nii.gz", other, qform=SAGITTAL)
    (series,) = read_study(path)
    assert "sform-qform" in codes(series.volume())
    corner = series.volume().affine @ [0, 0, 0, 1]
    voxels = np.array([[i, j, k, 1] for i in (0, 39) for j in (0, 59) for k in (0, 8)])
    lps = voxels @ (np.diag([-1, -1, 1, 1]) @ nibabel.load(path).affine).T
    assert np.abs(lps - corner).max(axis=1).min() < 1e-3
    assert "sform-qform" not in codes(read_study(nifti(tmp_path / "same.nii.gz")).series[0])


@pytest.mark.parametrize("kind", ["nifti2", "pair", "gzip named .nii", "plain named .nii.gz"])
def test_nifti_in_its_other_forms_is_read_by_content(tmp_path, kind):
    plain = nifti(tmp_path / "plain.nii")
    folder = tmp_path / "other"
    folder.mkdir()
    image = nibabel.load(plain)
    if kind == "nifti2":
        nibabel.save(nibabel.Nifti2Image(np.asarray(image.dataobj), image.affine), folder / "a.nii")
    elif kind == "pair":
        nibabel.save(nibabel.Nifti1Pair(np.asarray(image.dataobj), image.affine, image.header), folder / "a.hdr")
    elif kind == "gzip named .nii":
        (folder / "a.nii").write_bytes(gzip.compress(plain.read_bytes()))
    else:
        (folder / "a.nii.gz").write_bytes(plain.read_bytes())
    expected, there = (read_study(p).series[0].volume() for p in (plain, folder))
    assert (there.pixels == expected.pixels).all()
    assert np.allclose(there.affine, expected.affine, atol=1e-4)


def test_analyze_is_refused_in_words(tmp_path):
    nibabel.save(nibabel.AnalyzeImage(np.ones((4, 5, 6), np.int16), np.eye(4)), tmp_path / "a.img")
    with pytest.raises(FormatError, match=r"is an ANALYZE 7\.5 header, which does not say where left and right are"):
        read_study(tmp_path)


@pytest.mark.parametrize(("skew", "fine"), [(1e-4, True), (8e-4, True), (2e-3, False)])
def test_axes_a_little_off_the_right_angle_are_read_and_more_names_a_way_out(tmp_path, skew, fine):
    affine = SAGITTAL.copy()
    affine[2, 0] = 0.8 * skew
    path = nifti(tmp_path / "a.nii", affine, qform_code=0)
    if fine:
        assert read_study(path).series[0].volume().shape == (9, 60, 40)
        return
    with pytest.raises(
        FormatError, match=r"not at right angles .*state the plane of the stored slices: plane='sagittal'"
    ):
        read_study(path)
    assert read_study(path, plane="sagittal").series[0].plane == "sagittal"


def test_volume_files_caution_for_what_their_headers_lack(tmp_path):
    volume = read_study(nifti(tmp_path / "a.nii")).series[0].volume()
    assert "missing-tags" in codes(volume)
    small = nifti(tmp_path / "b.nii", values=np.random.default_rng(0).integers(0, 255, (40, 60, 9)).astype(np.uint8))
    assert "few-gray-levels" in codes(read_study(small).series[0].volume())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16"])
@pytest.mark.parametrize(("separator", "comma"), [(",", "."), (";", ","), ("\t", ","), (";", ".")])
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_a_roi_table_saved_again_by_a_spreadsheet_is_read(tmp_path, encoding, separator, comma, first):
    box = Rectangle(center=(-10, 0.5, 0), half_width=(0, 4.25, 0), half_height=(0, 0, -3), label="L1")
    write_rois(tmp_path / "rois.csv", [box])
    text = (tmp_path / "rois.csv").read_text().replace(",", separator).replace(".", comma)
    (tmp_path / "again.csv").write_text(first.format(separator) + text, encoding=encoding)
    assert read_rois(tmp_path / "again.csv").rois == (box,)


def test_a_roi_file_with_a_byte_order_mark_is_read(tmp_path):
    box = Rectangle(center=(-10, 0.5, 0), half_width=(0, 4.25, 0), half_height=(0, 0, -3), label="L1")
    write_rois(tmp_path / "rois.json", [box])
    (tmp_path / "bom.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "rois.json").read_bytes())
    assert read_rois(tmp_path / "bom.json").rois == (box,)


def test_rois_of_another_examination_with_the_same_frame_of_reference_caution(tmp_path, sample):
    box = Rectangle.on(sample.slice(5), (200, 200), 8, 6, label="L1")
    write_rois(tmp_path / "rois.json", [box], image=sample.with_acquisition(study_uid="1.2.3"))
    (caution,) = read_rois(tmp_path / "rois.json").check(sample)
    assert caution.code == "other-study"
