"""One door for ROI files: read_rois and write_rois know every format, by what a file holds and by its ending."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import roifile

from vbqkit import read_rois, write_rois
from vbqkit.cli import main
from vbqkit.errors import FormatError
from vbqkit.formats import rois as roi_formats
from vbqkit.formats.imagej import read_imagej
from vbqkit.formats.roi_file import RoiFile
from vbqkit.formats.rois import ROI_FORMATS, RoiFormat
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Rectangle

ENDINGS = [ending for one in ROI_FORMATS for ending in one.endings]


@pytest.fixture
def volume() -> Volume:
    affine = stack_affine((-8, 5, 30), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
    return Volume(np.arange(10_000, dtype=np.uint16).reshape(5, 40, 50), affine)


@pytest.fixture
def box(volume: Volume) -> Rectangle:
    return Rectangle.on(volume.slice(3), (20.0, 25.0), 9.0, 8.0, label="L1")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_comes_back_as_it_was_written(volume: Volume, box: Rectangle, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"case{ending}"
    write_rois(path, [box], image=volume)
    file = read_rois(path, image=volume)
    assert isinstance(file, RoiFile)
    (roi,) = file
    assert roi.label == "L1"
    assert (roi.mask(volume) == box.mask(volume)).all()
    assert roi.measure(volume).median == box.measure(volume).median


@pytest.mark.parametrize(("ending", "lie"), [(".csv", ".json"), (".json", ".csv"), (".zip", ".roi"), (".roi", ".zip")])
def test_what_a_file_holds_decides_where_its_ending_lies(
    volume: Volume, box: Rectangle, tmp_path: Path, ending: str, lie: str
) -> None:
    write_rois(tmp_path / f"case{ending}", [box], image=volume)
    shutil.copy(tmp_path / f"case{ending}", tmp_path / f"copy{lie}")
    (roi,) = read_rois(tmp_path / f"copy{lie}", image=volume)
    assert (roi.mask(volume) == box.mask(volume)).all()


@pytest.mark.parametrize("ending", [".roi", ".zip", ".nii.gz", ".mha"])
def test_a_file_that_counts_in_pixels_asks_for_its_image(
    volume: Volume, box: Rectangle, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"case{ending}"
    with pytest.raises(FormatError, match=r"no image was given. Give that volume, for instance image=study.find"):
        write_rois(path, [box])
    write_rois(path, [box], image=volume)
    with pytest.raises(FormatError, match=r"no image was given. Give that volume, for instance image=study.find"):
        read_rois(path)
    with pytest.raises(FormatError, match="a single slice was given"):
        read_rois(path, image=volume.slice(3))


def test_a_file_without_a_frame_of_reference_cautions(volume: Volume, box: Rectangle, tmp_path: Path) -> None:
    write_rois(tmp_path / "case.csv", [box], image=volume)
    (caution,) = read_rois(tmp_path / "case.csv").check(volume)
    assert caution.code == "frame-of-reference"


def test_names_that_no_file_can_have_are_refused_in_words(tmp_path: Path) -> None:
    for name in ("a" * 300 + ".json", "a\0b.json", "~nobody-of-that-name/rois.json", ""):
        with pytest.raises(FormatError):
            read_rois(tmp_path / name if not name.startswith("~") else name)


def test_a_new_format_is_one_row(monkeypatch: pytest.MonkeyPatch, box: Rectangle, tmp_path: Path) -> None:
    row = RoiFormat(
        name="one circle",
        endings=(".circle",),
        is_content=lambda start, _: start.startswith(b"circle"),
        read=lambda path, _: RoiFile(rois=(Ellipse(center=(0, 0, 0), half_width=(0, 2, 0), half_height=(0, 0, 2)),)),
        write=lambda path, rois, _: (path.write_text("circle"), None)[1],
        in_pixels=False,
    )
    monkeypatch.setattr(roi_formats, "ROI_FORMATS", (*ROI_FORMATS, row))
    write_rois(tmp_path / "a.circle", [box])
    assert len(read_rois(tmp_path / "a.circle")) == 1


@pytest.mark.parametrize("ending", [".csv", ".zip", ".nrrd"])
def test_the_command_line_scores_with_every_format(
    scan, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    from vbqkit import read_study

    scan(slices=3, rows=60, cols=60).write(tmp_path / "t1")
    volume = read_study(tmp_path / "t1").series[0].volume()
    places = {"L1": 8, "L2": 20, "L3": 32, "L4": 44, "CSF": 52}
    rois = [Rectangle.on(volume.slice(1), (row, 20.0), 8.0, 5.0, label=label) for label, row in places.items()]
    values = []
    for kind in (".json", ending):
        write_rois(tmp_path / f"rois{kind}", rois, image=volume)
        assert (
            main(["score", str(tmp_path / "t1"), "--rois", str(tmp_path / f"rois{kind}"), "--aggregate", "median"]) == 0
        )
        values.append([line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("VBQ-T1")])
    assert values[0] == values[1] != []


def test_a_damaged_archive_of_rois_keeps_what_is_whole(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "rois.zip"
    rois = [Rectangle.on(volume.slice(2), (10.0 + 7 * k, 20.0), 6.0, 4.0, label=f"L{k}") for k in (1, 2, 3)]
    write_rois(path, rois, image=volume)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"0003-L3.roi", 0, whole.index(b"PK\x01\x02")) + 30])  # in the third ROI
    file = read_rois(path, image=volume)
    assert [roi.label for roi in file] == ["L1", "L2"]
    assert [roi.mask(volume).sum() for roi in file] == [roi.mask(volume).sum() for roi in rois[:2]]
    assert [caution.code for caution in file.check(volume)] == ["damaged-rois", "frame-of-reference"]
    path.write_bytes(whole[:60])
    with pytest.raises(FormatError, match="holds no ImageJ ROI that is whole"):
        read_rois(path, image=volume)


@pytest.mark.parametrize("at", ["second member", "table of contents", "end of the table"])
def test_an_archive_of_rois_that_breaks_off_between_two_says_that_some_may_be_missing(
    volume: Volume, tmp_path: Path, at: str
) -> None:
    path = tmp_path / "rois.zip"
    rois = [Rectangle.on(volume.slice(2), (10.0 + 7 * k, 20.0), 6.0, 4.0, label=f"L{k}") for k in (1, 2)]
    write_rois(path, rois, image=volume)
    whole = path.read_bytes()
    cut = {"second member": whole.index(b"PK\x03\x04", 4), "table of contents": whole.index(b"PK\x01\x02")}
    path.write_bytes(whole[: cut.get(at, len(whole) - 10)])
    file = read_rois(path, image=volume)
    assert [roi.label for roi in file] == (["L1"] if at == "second member" else ["L1", "L2"])
    (caution,) = file.cautions
    assert caution.code == "damaged-rois"
    assert "breaks off before its table of contents: ROIs may be missing" in caution.message
    with pytest.raises(FormatError, match=r"ROIs may be missing\. .*read_rois\(\) reads what is whole"):
        read_imagej(path, image=volume)


def test_one_wrong_byte_in_an_archive_of_rois_costs_one_roi(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "rois.zip"
    write_rois(path, [Rectangle.on(volume.slice(2), (20.0, 20.0), 6.0, 4.0, label=name) for name in "AB"], image=volume)
    content = bytearray(path.read_bytes())
    content[content.index(b"0001-A.roi") + 20] ^= 0xFF
    path.write_bytes(content)
    assert [roi.label for roi in read_rois(path, image=volume)] == ["B"]


def test_what_a_mac_adds_to_an_archive_is_passed_over(volume: Volume, box: Rectangle, tmp_path: Path) -> None:
    write_rois(tmp_path / "rois.zip", [box], image=volume)
    with zipfile.ZipFile(tmp_path / "rois.zip", "a") as archive:
        archive.writestr("__MACOSX/._0001-L1.roi", b"\x00\x05\x16\x07" + bytes(60))
        archive.writestr("._0001-L1.roi", b"\x00\x05\x16\x07" + bytes(60))
    file = read_rois(tmp_path / "rois.zip", image=volume)
    assert [roi.label for roi in file] == ["L1"]
    assert file.cautions == ()


def imagej(**values) -> roifile.ImagejRoi:
    one = roifile.ImagejRoi()
    one.version, one.name, one.position, one.roitype = 228, "L1", 3, roifile.ROI_TYPE.RECT
    one.left = one.top = 10
    one.right = one.bottom = 30
    for name, value in values.items():
        setattr(one, name, value)
    return one


def test_composites_and_round_corners_are_refused(volume: Volume, tmp_path: Path) -> None:
    corners = [0, 10, 10, 1, 20, 10, 1, 20, 20, 4, 0, 25, 25, 1, 29, 25, 1, 29, 29, 4]
    composite = imagej(multi_coordinates=np.array(corners, np.float32), shape_roi_size=len(corners))
    for one, words in [
        (composite, "is a composite of several areas. Split it"),
        (imagej(rounded_rect_arc_size=20), "has rounded corners"),
        (imagej(subtype=roifile.ROI_SUBTYPE.TEXT), "is an ImageJ text, not an area"),
        (imagej(subtype=roifile.ROI_SUBTYPE.IMAGE), "is an ImageJ image, not an area"),
    ]:
        one.tofile(tmp_path / "a.roi")
        with pytest.raises(FormatError, match=words):
            read_rois(tmp_path / "a.roi", image=volume)
    imagej().tofile(tmp_path / "a.roi")
    assert read_rois(tmp_path / "a.roi", image=volume).rois[0].mask(volume).sum() == 400
