"""Each way in which a file once ended the process, hung, or raised something else: now it is refused in words."""

import contextlib
import gc
import json
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from pydicom.fileset import FileSet

from vbqkit import read_rois, read_study, write_rois
from vbqkit.errors import FormatError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Rectangle
from vbqkit.studio.casefile import read_case

ROOT = Path(__file__).parents[2]


@pytest.fixture
def volume():
    return Volume(np.ones((5, 24, 20)), stack_affine((-8, 5, 30), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0)))


@pytest.fixture
def rois(volume, tmp_path):
    """A ROI file of any ending, as bytes."""

    def made(ending):
        path = tmp_path / f"whole{ending}"
        write_rois(
            path, [Rectangle.on(volume.slice(2), (8.0, 9.0), 4.0, 4.0, label=f"L{k}") for k in (1, 2)], image=volume
        )
        return path.read_bytes()

    return made


def in_a_process(paths):
    """What reading each file says, in a process of its own that may die or hang."""
    code = (
        "import sys\nfrom vbqkit import read_study\nfor path in sys.argv[1:]:\n"
        "    try: print([s.volume() for s in read_study(path)])\n"
        "    except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, f"the process ended with {done.returncode} after {done.stdout}"
    return done.stdout.splitlines()


def test_what_ended_the_process_or_never_came_back_is_refused(tmp_path):
    """Each of these headers killed or hung the library that used to read it, and Jupyter's kernel with it."""
    for number, (ending, old, new) in enumerate(
        [
            (".mha", b"NDims = 3", b"NDims = -1"),
            (".mha", b"NDims = 3", b"NDims = 100"),
            (".nrrd", b"space directions: (1,0,0)", b"space directions: (1,0,0)" + b"y" * 4000),
            (".nii", b"", b""),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        content = bytearray(image(folder, ending).read_bytes().replace(old, new, 1))
        if ending == ".nii":
            struct.pack_into("<f", content, 300, np.inf)
        (folder / f"v{ending}").write_bytes(content)
    said = in_a_process(sorted(tmp_path.rglob("v.*")))
    assert [line.split()[0] for line in said] == ["FormatError"] * 4


def image(path, ending):
    sitk.WriteImage(sitk.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5)), str(path / f"v{ending}"))
    return path / f"v{ending}"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"NDims = 3", b"NDims = " + b"9" * 400, "is not made of numbers"),
        (b"DimSize = 5 4 3", b"DimSize = 2147483648 2147483648 2147483648", "has the sizes"),
        (b"DimSize = 5 4 3", b"DimSize = -5 4 3", "has the sizes"),
        (b"DimSize = 5 4 3", b"DimSize = 5 4", "has the sizes"),
        (b"ElementSpacing = 1 1 1", b"ElementSpacing = nan 1 1", "is not made of numbers"),
        (b"ElementSpacing = 1 1 1", b"ElementSpacing = 0 1 1", "every spacing must be above 0"),
        (b"Offset = 0 0 0", b"Offset = inf 0 0", "is not made of numbers"),
        (b"TransformMatrix = 1 0 0", b"TransformMatrix = " + b"1" * 5000, "has a line of more than"),
        (b"DimSize = 5 4 3", b"DimSize = 500 4 3", "more than the file can hold"),
        (b"Offset = 0 0 0", b"Offset = 0 0", "numbers in 'offset'"),
        (b"NDims = 3", b"NDims = -1", "dimensions are read"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = /etc/hostname", "not in its own folder"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = ../secret.raw", "not in its own folder"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = LIST", "spreads its values over several files"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = s%d.raw 1 3 1", "spreads its values over several files"),
    ],
)
def test_headers_of_mha_that_are_impossible_or_hostile_are_refused(tmp_path, old, new, words):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(120))
    path = image(folder, ".mha")
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(FormatError, match=words):
        read_study(path).series[0].volume()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"space directions: ", b"space directions: " + b"x" * 4000, "has a line of more than"),
        (b"space directions: (1,0,0)", b"space directions: (inf,0,0)", "is not made of numbers"),
        (b"space directions: (1,0,0)", b"space directions: (1e999,0,0)", "is out of any range"),
        (b"space directions: (1,0,0)", b"space directions: (1,0,0,1)", "numbers in 'space directions'"),
        (b"sizes: 5 4 3", b"sizes: 50 40 30", "more than the file can hold"),
        (b"dimension: 3", b"dimension: -1", "dimensions are read"),
        (b"dimension: 3", b"dimension: 17", "dimensions are read"),
        (b"sizes: 5 4 3", b"sizes: 2147483648 2147483648 2147483648", "has the sizes"),
        (b"sizes: 5 4 3", b"sizes: 5 4 0", "has the sizes"),
        (b"encoding: ", b"data file: /etc/hostname\nencoding: ", "not in its own folder"),
        (b"encoding: ", b"data file: ../secret.raw\nencoding: ", "not in its own folder"),
        (b"encoding: ", b"datafile: ../secret.raw\nencoding: ", "not in its own folder"),
        (b"encoding: ", b"data file: v.raw\ndata file: ../secret.raw\nencoding: ", "names two data files"),
        (b"encoding: ", b"data file: LIST\nencoding: ", "has the encoding"),
        (b"encoding: ", b"data file: s%d.raw 1 3 1\nencoding: ", "spreads its values over several files"),
        (b"encoding: ", b"byte skip: -7\nencoding: ", "has 'byte skip: -7'"),
        (b"encoding: ", b"content: " + b"y" * 5000 + b"\nencoding: ", "has a line of more than"),
    ],
)
def test_headers_of_nrrd_that_are_impossible_or_hostile_are_refused(tmp_path, old, new, words):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(120))
    path = image(folder, ".nrrd")
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(FormatError, match=words):
        read_study(path).series[0].volume()


def test_a_data_file_beside_the_header_is_read_and_a_link_out_of_the_folder_is_not(tmp_path):
    path = image(tmp_path, ".mhd")
    assert read_study(path).series[0].volume().pixels.size == 60
    (tmp_path / "out").mkdir()
    (tmp_path / "v.raw").rename(tmp_path / "out" / "v.raw")
    (tmp_path / "v.raw").symlink_to(tmp_path / "out" / "v.raw")
    with pytest.raises(FormatError, match="which is not beside it"):
        read_study(path)


@pytest.mark.parametrize("at", [76, 80, 256, 268, 280, 300, 304, 308])
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_an_orientation_of_nifti_that_is_no_number_is_refused(tmp_path, at, value):
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 5, 6), np.int16), np.diag([4, 0.8, 0.6, 1])), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<f", content, at, value)
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(FormatError, match="has an orientation that is not a number"):
        read_study(tmp_path / "a.nii")


@pytest.mark.parametrize("sizes", [(3, 32767, 32767, 32767), (3, -4, 5, 6), (0, 4, 5, 6), (9, 4, 5, 6), (3, 0, 5, 6)])
def test_sizes_of_nifti_that_the_file_cannot_hold_are_refused(tmp_path, sizes):
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 5, 6), np.int16), np.eye(4)), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<4h", content, 40, *sizes)
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(FormatError, match=r"its sizes are|more than the file can hold"):
        read_study(tmp_path / "a.nii")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_one_bad_byte_in_a_packed_study_costs_one_file(tmp_path, scan, method):
    paths = scan(slices=4).write(tmp_path / "t1")
    with zipfile.ZipFile(tmp_path / "s.zip", "w", method) as archive:
        for path in paths:
            archive.write(path, path.name)
        archive.write(paths[0], "whole/" + paths[0].name)
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        start = archive.infolist()[0].header_offset + 60
    content = bytearray((tmp_path / "s.zip").read_bytes())
    content[start : start + 40] = b"\xff" * 40
    (tmp_path / "s.zip").write_bytes(content)
    study = read_study(tmp_path / "s.zip")
    assert study.series[0].volume().shape == (4, 10, 8)
    assert "cannot be unpacked" in str(study.cautions)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_a_damaged_dicomdir_is_refused_in_words(tmp_path, scan, part):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its temporary folder, which it leaves to the collector
        files = FileSet()
        for path in scan(slices=2).write(tmp_path / "t1"):
            files.add(path)
        files.write(tmp_path / "cd")
        del files
        gc.collect()
    path = tmp_path / "cd" / "DICOMDIR"
    content = bytearray(path.read_bytes())
    places = [k for k in range(len(content) - 2) if content[k : k + 2] in (b"CS", b"UL", b"US", b"UI", b"SQ")]
    for k in places[part::20]:
        content[k : k + 2] = b"FD"
    path.write_bytes(content)
    with contextlib.suppress(FormatError):  # anything else fails the test
        read_study(path)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_coordinate_of_hundreds_of_digits_is_refused(tmp_path, rois, digits):
    content = json.loads(rois(".json"))
    content["rois"][0]["center"][0] = "HERE"
    text = json.dumps(content).replace('"HERE"', "9" * digits)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError):
        read_rois(tmp_path / "a.json")
    table = rois(".csv").decode().splitlines()
    cells = table[1].split(",")
    cells[2] = "9" * digits
    (tmp_path / "a.csv").write_text("\n".join([table[0], ",".join(cells)]))
    with pytest.raises(FormatError):
        read_rois(tmp_path / "a.csv")


@pytest.mark.parametrize("keep", range(2, 12))
def test_a_row_of_a_roi_table_that_breaks_off_is_refused_by_its_number(tmp_path, rois, keep):
    table = rois(".csv").decode().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([*table[:2], ",".join(table[2].split(",")[:keep])]))
    if keep < 11:
        with pytest.raises(FormatError, match="row 3"):
            read_rois(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "extra",
    [
        {"frame": []},
        {"frame": "x"},
        {"frame": None},
        {"shifts": {"a": "x"}},
        {"shifts": [1]},
        {"shifts": {"a": [1, 2]}},
    ],
)
def test_a_case_file_whose_extras_are_damaged_is_refused(tmp_path, rois, volume, extra):
    content = json.loads(rois(".json"))
    content["studio"] = {"levels": ["L1"], "rois": [extra, {}]}
    (tmp_path / "c.json").write_text(json.dumps(content))
    with pytest.raises(FormatError, match="what the studio saved beside the ROIs is damaged"):
        read_case(tmp_path / "c.json", volume)


def test_a_case_file_without_a_frame_of_reference_carries_the_caution(tmp_path, rois, volume):
    (tmp_path / "c.json").write_bytes(rois(".json"))
    assert [caution.code for caution in read_case(tmp_path / "c.json", volume).cautions] == ["frame-of-reference"]


def test_an_image_is_no_mask(tmp_path, volume):
    picture = sitk.GetImageFromArray(np.arange(2400, dtype=np.uint16).reshape(5, 24, 20))
    steps = volume.affine[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    picture.SetSpacing(spacing.tolist())
    picture.SetDirection((steps / spacing).ravel().tolist())
    picture.SetOrigin(volume.affine[:3, 3].tolist())
    sitk.WriteImage(picture, str(tmp_path / "t1.nrrd"))
    with pytest.raises(FormatError, match="it is an image, not a mask"):
        read_rois(tmp_path / "t1.nrrd", image=volume)


def test_a_value_that_lost_its_length_does_not_print_the_patient(tmp_path, scan):
    (path,) = scan(slices=1).write(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(b"\x08\x00\x60\x00CS")
    content[at + 6 : at + 8] = (300).to_bytes(2, "little")
    path.write_bytes(content)
    try:
        said = repr(read_study(tmp_path)) + repr(read_study(tmp_path).series[0].acquisition)
    except FormatError as error:
        said = str(error)
    assert "Doe" not in said
    assert "4711" not in said
