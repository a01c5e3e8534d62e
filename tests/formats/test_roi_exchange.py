"""ROIs to and from ImageJ, CSV and masks: by ImageJ's documented bytes, by other libraries, and round trips."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
import roifile
from hypothesis import given, settings
from hypothesis import strategies as st

from vbqkit.errors import FormatError, RoiError
from vbqkit.formats import imagej
from vbqkit.formats.imagej import read_imagej, write_imagej
from vbqkit.formats.masks import label_mask, mask_polygon, read_masks, write_masks
from vbqkit.formats.roi_table import read_roi_table, roi_table, write_roi_table
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Polygon, Rectangle

C, S = np.cos(0.2), np.sin(0.2)
AFFINE = stack_affine((-8, 5, 30), (4 * C, 4 * S, 0), (0, 0, -0.8), (-0.6 * S, 0.6 * C, 0))


@pytest.fixture
def volume() -> Volume:
    return Volume(np.zeros((5, 40, 50), np.uint16), AFFINE)


def imagej_bytes(kind: int, box: tuple[int, int, int, int], *, position: int = 0) -> bytes:
    """A .roi file as ImageJ's RoiDecoder describes it.

    Offsets 0 magic, 4 version, 6 type, 8 top, 10 left, 12 bottom, 14 right, 56 position.
    """
    data = bytearray(64)
    data[0:4] = b"Iout"
    struct.pack_into(">hB", data, 4, 227, kind)
    struct.pack_into(">hhhh", data, 8, *box)
    struct.pack_into(">i", data, 56, position)
    return bytes(data)


def test_an_imagej_rectangle_covers_the_pixels_that_imagej_says(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "a.roi"
    path.write_bytes(imagej_bytes(1, (10, 20, 16, 30), position=3))  # rows 10 to 15, columns 20 to 29, third slice
    (roi,) = read_imagej(path, image=volume)
    expected = np.zeros((40, 50), bool)
    expected[10:16, 20:30] = True
    assert roi.slice_of(volume).index == 2
    assert (roi.mask(volume) == expected).all()


def test_an_imagej_oval_lies_in_its_box(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "a.roi"
    path.write_bytes(imagej_bytes(2, (10, 20, 16, 30), position=1))
    (roi,) = read_imagej(path, image=volume)
    rows, cols = np.nonzero(roi.mask(volume))
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (10, 15, 20, 29)
    assert roi.area_mm2 == pytest.approx(np.pi / 4 * 6 * 10 * volume.slice(0).pixel_area_mm2)


def test_what_is_written_for_imagej_has_its_coordinates(volume: Volume, tmp_path: Path) -> None:
    image = volume.slice(2)
    box = Rectangle.on(image, (12.5, 24.5), 10 * image.spacing_mm[1], 6 * image.spacing_mm[0], label="L3")
    write_imagej(tmp_path / "a.roi", [box], image=volume)
    data = (tmp_path / "a.roi").read_bytes()
    assert data[6] == 1
    assert struct.unpack_from(">hhhh", data, 8) == (10, 20, 16, 30)
    assert struct.unpack_from(">i", data, 56) == (3,)
    assert struct.unpack_from(">ffff", data, 18) == pytest.approx((20, 10, 10, 6), abs=1e-4)


def test_imagej_round_trip_of_every_shape(volume: Volume, tmp_path: Path) -> None:
    image = volume.slice(3)
    rois = [
        Rectangle.on(image, (10.2, 15.3), 6.1, 5.3, label="L1"),
        Ellipse.on(image, (20.7, 30.1), 9.2, 4.4, label="CSF"),
        Polygon(points=image.to_patient_mm([(5.1, 6.2), (18.4, 9.1), (12.2, 22.3)]), label="L2"),
        Rectangle.on(image, (25, 20), 8, 6, angle_deg=30, label="L4"),
    ]
    write_imagej(tmp_path / "a.zip", rois, image=volume)
    back = read_imagej(tmp_path / "a.zip", image=volume)
    assert [roi.label for roi in back] == ["L1", "CSF", "L2", "L4"]
    for ours, theirs in zip(rois, back, strict=True):
        assert theirs.area_mm2 == pytest.approx(ours.area_mm2, rel=1e-4)
        assert theirs.center_mm == pytest.approx(ours.center_mm, abs=1e-3)


def test_imagej_files_that_cannot_be_used_are_refused_in_words(volume: Volume, tmp_path: Path) -> None:
    (tmp_path / "bad.roi").write_bytes(b"nonsense")
    with pytest.raises(FormatError, match="cannot be read as an ImageJ ROI"):
        read_imagej(tmp_path / "bad.roi", image=volume)
    with pytest.raises(FormatError, match="cannot be read: it is not there"):
        read_imagej(tmp_path / "none.roi", image=volume)
    (tmp_path / "free.roi").write_bytes(imagej_bytes(1, (1, 1, 5, 5)))
    with pytest.raises(FormatError, match="names no slice"):
        read_imagej(tmp_path / "free.roi", image=volume)
    assert read_imagej(tmp_path / "free.roi", image=volume, slice_index=4)[0].slice_of(volume).index == 4
    (tmp_path / "far.roi").write_bytes(imagej_bytes(1, (1, 1, 5, 5), position=9))
    with pytest.raises(FormatError, match="lies on slice 9"):
        read_imagej(tmp_path / "far.roi", image=volume)
    (tmp_path / "empty.roi").write_bytes(imagej_bytes(1, (5, 5, 5, 5), position=1))
    with pytest.raises(FormatError, match="half axes"):
        read_imagej(tmp_path / "empty.roi", image=volume)
    roifile.ImagejRoi(roitype=roifile.ROI_TYPE.LINE, position=1).tofile(tmp_path / "line.roi")
    with pytest.raises(FormatError, match="encloses no area"):
        read_imagej(tmp_path / "line.roi", image=volume)


def test_imagej_files_that_cannot_be_written_are_refused_in_words(volume: Volume, tmp_path: Path) -> None:
    box = Rectangle.on(volume.slice(2), (12, 24), 5, 5)
    with pytest.raises(FormatError, match=r"a \.roi file holds one"):
        write_imagej(tmp_path / "a.roi", [box, box], image=volume)
    with pytest.raises(FormatError, match=r"use the ending \.zip"):
        write_imagej(tmp_path / "a.txt", [box], image=volume)
    with pytest.raises(FormatError, match="cannot be written"):
        write_imagej(tmp_path / "no" / "a.zip", [box], image=volume)


def test_a_mask_lies_where_another_library_sees_it(volume: Volume, tmp_path: Path) -> None:
    box = Rectangle.on(volume.slice(2), (12, 24), 6, 5, label="L3")
    write_masks(tmp_path / "m.nii.gz", [box], image=volume)
    picture = nibabel.load(tmp_path / "m.nii.gz")
    where = np.argwhere(np.asarray(picture.dataobj) == 1)
    ras = nibabel.affines.apply_affine(picture.affine, where).mean(axis=0)
    lps = volume.slice(2).to_patient_mm(np.argwhere(box.mask(volume))).mean(axis=0)
    assert ras * (-1, -1, 1) == pytest.approx(lps, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_mask_becomes_a_polygon_that_covers_the_same_pixels(seed: int) -> None:
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    blob = ndimage.gaussian_filter(rng.random((14, 14)), 1.5) > 0.5
    pieces, count = ndimage.label(blob)
    if count == 0:
        return
    sizes = np.bincount(pieces.ravel())[1:]
    piece = ndimage.binary_fill_holes(pieces == 1 + int(np.argmax(sizes)))
    image = Volume(np.zeros((1, 14, 14)), AFFINE)
    try:
        polygon = mask_polygon(piece[None], image=image)
    except RoiError as error:
        pytest.fail(f"{error}\n{piece.astype(int)}")
    assert (polygon.mask(image) == piece).all()


def test_masks_that_do_not_fit_are_refused_in_words(volume: Volume, tmp_path: Path) -> None:
    box = Rectangle.on(volume.slice(2), (12, 24), 6, 5, label="L3")
    with pytest.raises(FormatError, match="use one of"):
        write_masks(tmp_path / "m.xyz", [box], image=volume)
    with pytest.raises(FormatError, match="cannot be written"):
        write_masks(tmp_path / "no" / "m.nii.gz", [box], image=volume)
    write_masks(tmp_path / "m.mha", [box], image=volume)
    smaller = Volume(np.zeros((5, 20, 50)), AFFINE)
    with pytest.raises(FormatError, match="has the shape"):
        read_masks(tmp_path / "m.mha", image=smaller)
    moved = np.array(AFFINE)
    moved[0, 3] += 3
    with pytest.raises(FormatError, match="mm off the series"):
        read_masks(tmp_path / "m.mha", image=Volume(np.zeros((5, 40, 50)), moved))
    (tmp_path / "b.nii").write_bytes(b"x")
    with pytest.raises(FormatError, match="cannot be read"):
        read_masks(tmp_path / "b.nii", image=volume)
    (tmp_path / "m.labels.json").write_text("[")
    with pytest.raises(FormatError, match="label names"):
        read_masks(tmp_path / "m.mha", image=volume)
    assert read_masks(tmp_path / "m.mha", image=volume, labels={1: "L5"})[0].label == "L5"
    with pytest.raises(RoiError, match="is empty"):
        mask_polygon(np.zeros((5, 40, 50), bool), image=volume)
    sheared = stack_affine((0, 0, 0), (4, 2, 0), (0, 0, -1), (0, 1, 0))
    with pytest.raises(FormatError, match="sheared"):
        write_masks(tmp_path / "s.nii", [], image=Volume(np.zeros((2, 9, 9)), sheared))


def test_later_rois_lie_over_earlier_ones_in_a_mask(volume: Volume) -> None:
    big = Rectangle.on(volume.slice(2), (12, 24), 8, 8)
    small = Rectangle.on(volume.slice(2), (12, 24), 3, 3)
    mask = label_mask([big, small], image=volume)
    assert (mask == 2).sum() == small.measure(volume).n
    assert (mask == 1).sum() == big.measure(volume).n - small.measure(volume).n


def test_a_table_gives_back_the_same_rois(volume: Volume, tmp_path: Path) -> None:
    image = volume.slice(1)
    rois = [
        Rectangle.on(image, (10.2, 15.3), 6.1, 5.3, angle_deg=17, label="L1"),
        Ellipse.on(image, (20.7, 30.1), 9.2, 4.4, label=""),
        Polygon(points=image.to_patient_mm([(5.1, 6.2), (18.4, 9.1), (12.2, 22.3)]), label='comma, "quote"'),
    ]
    write_roi_table(tmp_path / "a.csv", rois)
    back = read_roi_table(tmp_path / "a.csv")
    assert [type(roi) for roi in back] == [type(roi) for roi in rois]
    assert [roi.label for roi in back] == [roi.label for roi in rois]
    for ours, theirs in zip(rois, back, strict=True):
        assert np.array_equal(ours.outline_mm(), theirs.outline_mm())
    assert roi_table(rois)["area_cm2"].tolist() == [roi.area_mm2 / 100 for roi in rois]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("rectangle", "star"), "is unknown; use one of rectangle"),
        (("half_width_x_mm", "other"), "half_width_x_mm are missing"),
        (("L1,rectangle,", "L1,rectangle,x"), "row 2"),
    ],
)
def test_tables_that_make_no_sense_are_refused_in_words(
    volume: Volume, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    path = tmp_path / "a.csv"
    write_roi_table(path, [Rectangle.on(volume.slice(1), (10, 15), 6, 5, label="L1")])
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(FormatError, match=words):
        read_roi_table(path)


def test_tables_that_cannot_be_read_or_written_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read: it is not there"):
        read_roi_table(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="cannot be written"):
        write_roi_table(tmp_path / "no" / "a.csv", [])


def test_an_imagej_file_that_breaks_off_anywhere_is_refused_in_words(volume: Volume, tmp_path: Path) -> None:
    whole = imagej_bytes(1, (10, 20, 16, 30), position=3)
    for keep in range(4, 40):
        (tmp_path / "cut.roi").write_bytes(whole[:keep])
        with pytest.raises(FormatError, match=r"cut\.roi"):
            read_imagej(tmp_path / "cut.roi", image=volume)


def test_an_imagej_file_that_may_not_be_read_is_named(
    volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "locked.roi").write_bytes(imagej_bytes(1, (10, 20, 16, 30), position=3))
    monkeypatch.setattr(Path, "read_bytes", forbidden)
    with pytest.raises(FormatError, match=r"locked\.roi cannot be opened: Permission denied"):
        read_imagej(tmp_path / "locked.roi", image=volume)


def test_without_roifile_it_is_said_how_to_get_it(
    volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_: bytes) -> None:
        raise ModuleNotFoundError("No module named 'roifile'", name="roifile")

    monkeypatch.setattr(imagej, "roifile", SimpleNamespace(ImagejRoi=SimpleNamespace(frombytes=absent)))
    (tmp_path / "a.roi").write_bytes(imagej_bytes(1, (10, 20, 16, 30), position=3))
    with pytest.raises(FormatError, match="pip install roifile"):
        read_imagej(tmp_path / "a.roi", image=volume)
