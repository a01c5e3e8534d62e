"""Folders, ZIP archives and DICOMDIRs."""

import gc
import struct
import warnings
import zipfile

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its usual name
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import MediaStorageDirectoryStorage

from vbqkit.errors import FormatError
from vbqkit.formats import read_study, zip_members
from vbqkit.formats.files import Entry, climbs


@pytest.fixture
def made(scan):
    return scan()


def _zip(path, files, **options):
    with zipfile.ZipFile(path, "w", **({"compression": zipfile.ZIP_DEFLATED} | options)) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _contents(paths):
    return {f"export/IMG/{path.name}": path.read_bytes() for path in paths}


def test_an_archive_reads_as_its_folder_does(tmp_path, made):
    paths = made.write(tmp_path / "folder")
    archive = _zip(tmp_path / "export.zip", _contents(paths) | {"__MACOSX/._IM.dcm": b"junk", "./README": b"x"})
    (series,) = read_study(archive)
    assert np.array_equal(series.volume().pixels, made.pixels)
    assert np.array_equal(series.volume().affine, read_study(tmp_path / "folder").series[0].volume().affine)
    assert series.source.endswith("(4 files)")


def test_nothing_is_unpacked_beside_the_archive(tmp_path, made):
    (tmp_path / "in").mkdir()
    archive = _zip(tmp_path / "in" / "a.zip", _contents(made.write(tmp_path / "f")))
    read_study(archive).series[0].volume()
    assert list((tmp_path / "in").iterdir()) == [archive]


@pytest.mark.parametrize(
    "name", ["../../evil.dcm", "/etc/evil.dcm", "C:\\evil.dcm", "a/../../evil.dcm", "..\\evil.dcm"]
)
def test_paths_that_climb_out_of_an_archive_are_left_out_and_said(tmp_path, made, name):
    contents = _contents(made.write(tmp_path / "folder"))
    first = next(iter(contents.values()))
    study = read_study(_zip(tmp_path / "a.zip", contents | {name: first}))
    assert study.series[0].shape == (4, 10, 8)
    (caution,) = study.cautions
    assert caution.code == "zip-path"
    assert "1 entries of" in caution.message
    assert "evil.dcm') and were left out: such an archive is broken or hostile" in caution.message
    with pytest.raises(FormatError, match=r"holds no files .*climb out of the archive"):
        read_study(_zip(tmp_path / "b.zip", {name: first}))


def test_a_name_with_two_dots_that_stays_inside_is_no_climbing():
    assert not climbs("series..2/a..dcm")


def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused_unread(tmp_path, made):
    contents = _contents(made.write(tmp_path / "folder")) | {"zeros": bytes(3 * 1024**2)}
    archive = _zip(tmp_path / "bomb.zip", contents)
    assert archive.stat().st_size < 100_000
    with pytest.raises(FormatError, match=r"bomb\.zip unpacks to 3 MiB; the limit is 2 MiB.*state max_unpacked_bytes"):
        read_study(archive, max_unpacked_bytes=2 * 1024**2)
    assert len(read_study(archive, max_unpacked_bytes=4 * 1024**2)) == 1


def test_an_archive_that_lies_about_its_size_cannot_unpack_to_more(tmp_path, made):
    contents = _contents(made.write(tmp_path / "folder")) | {"zeros.dcm": b"\0" * 128 + b"DICM" + bytes(3 * 1024**2)}
    archive = _zip(tmp_path / "lie.zip", contents)
    true, false = struct.pack("<I", 3 * 1024**2 + 132), struct.pack("<I", 1000)
    data = archive.read_bytes()
    assert data.count(true) == 2
    archive.write_bytes(data.replace(true, false))
    study = read_study(archive, max_unpacked_bytes=1024**2)
    assert len(study) == 1
    assert all("zeros.dcm" in caution.message for caution in study.cautions)


def test_a_damaged_archive_or_member_is_named(tmp_path, made):
    archive = _zip(tmp_path / "a.zip", _contents(made.write(tmp_path / "folder")), compression=zipfile.ZIP_STORED)
    content = archive.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[:500])
    with pytest.raises(
        FormatError, match=r"The ZIP archive .*cut\.zip is damaged: .*Copy it again, or give the unpacked folder"
    ):
        read_study(tmp_path / "cut.zip")
    broken = bytearray(content)
    broken[content.index(b"DICM") + 40] ^= 0xFF
    (tmp_path / "bad.zip").write_bytes(broken)
    study = read_study(tmp_path / "bad.zip")
    assert [c.code for c in study.cautions] == ["unreadable-file"]
    assert "cannot be unpacked: Bad CRC-32" in study.cautions[0].message


def test_a_locked_archive_says_so(tmp_path, made):
    archive = _zip(tmp_path / "a.zip", _contents(made.write(tmp_path / "folder")))
    content = bytearray(archive.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(signature, at + 4)
    archive.write_bytes(content)
    with pytest.raises(FormatError, match=r"is locked with a password \(4 of 4 files\)"):
        read_study(archive)


def test_an_empty_archive_says_so(tmp_path):
    with pytest.raises(FormatError, match=r"The ZIP archive .* holds no files"):
        read_study(_zip(tmp_path / "a.zip", {}))


def test_a_volume_file_in_an_archive_is_read_and_one_in_two_parts_is_explained(tmp_path):
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 5, 4))
    sitk.WriteImage(image, str(tmp_path / "a.nii.gz"))
    contents = {"x/a.nii.gz": (tmp_path / "a.nii.gz").read_bytes(), "x/b.nhdr": b"NRRD0004\n"}
    study = read_study(_zip(tmp_path / "a.zip", contents))
    assert study.series[0].volume().pixels.sum() == np.arange(60).sum()
    (caution,) = study.cautions
    assert "keeps its pixels in a second file. Unpack the archive and give the folder" in caution.message


def _dicomdir(folder, paths):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = FileSet()
        for path in paths:
            files.add(path)
        files.write(folder)
        del files
        gc.collect()  # its temporary folder warns when it goes: let it go here
    return folder / "DICOMDIR"


def test_a_dicomdir_gives_the_series_it_lists(tmp_path, made, scan):
    paths = made.write(tmp_path / "a") + scan(number=9).write(tmp_path / "b")
    study = read_study(_dicomdir(tmp_path / "cd", paths))
    assert [series.shape for series in study] == [(4, 10, 8)] * 2
    assert np.array_equal(study.series[0].volume().pixels, made.pixels)
    assert len(read_study(tmp_path / "cd")) == 2


def test_files_that_a_dicomdir_lists_but_the_copy_lacks_are_said(tmp_path, made):
    dicomdir = _dicomdir(tmp_path / "cd", made.write(tmp_path / "a"))
    images = [path for path in (tmp_path / "cd").rglob("*") if path.is_file() and path.name != "DICOMDIR"]
    images[0].unlink()
    study = read_study(dicomdir)
    assert study.cautions[0].code == "dicomdir-missing"
    assert "1 files that the DICOMDIR" in study.cautions[0].message
    for path in images[1:]:
        path.unlink()
    with pytest.raises(
        FormatError, match=r"None of the 4 files that the DICOMDIR .* refers to is there. Copy the whole CD"
    ):
        read_study(dicomdir)


def test_a_dicomdir_copied_with_names_in_lower_case_still_works(tmp_path, made):
    dicomdir = _dicomdir(tmp_path / "cd", made.write(tmp_path / "a"))
    for path in sorted((tmp_path / "cd").rglob("*"), reverse=True):
        if path.name != "DICOMDIR":
            path.rename(path.with_name(path.name.lower()))
    assert read_study(dicomdir).series[0].shape == (4, 10, 8)


def test_a_dicomdir_that_points_out_of_its_folder_is_not_followed(tmp_path, made):
    paths = made.write(tmp_path / "a")
    dicomdir = _dicomdir(tmp_path / "cd", paths)
    content = dicomdir.read_bytes()
    (folder,) = [path.name for path in (tmp_path / "cd").iterdir() if path.is_dir()]
    old, new = f"{folder}\\".encode(), ("..".ljust(len(folder)) + "\\").encode()
    assert content.count(old) == 4
    dicomdir.write_bytes(content.replace(old, new, 1))
    study = read_study(dicomdir)
    assert study.cautions[0].code == "dicomdir-path"
    assert "climb out of its folder" in study.cautions[0].message


def test_a_damaged_dicomdir_says_what_to_give_instead(tmp_path, made):
    dicomdir = _dicomdir(tmp_path / "cd", made.write(tmp_path / "a"))
    dicomdir.write_bytes(dicomdir.read_bytes()[:420])
    with pytest.raises(
        FormatError, match=r"The DICOMDIR .*/cd/DICOMDIR lists no images, or breaks off\. Give the folder beside it"
    ):
        read_study(dicomdir)


def test_what_is_neither_file_nor_folder_is_refused(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="is neither a file nor a folder"):
        read_study(tmp_path / "pipe")


def test_an_archive_of_one_file_is_no_dicomdir(tmp_path, made):
    (path, *_) = made.write(tmp_path / "f")
    assert read_study(_zip(tmp_path / "a.zip", {"one": path.read_bytes()})).series[0].shape == (1, 10, 8)


def test_a_dangling_link_is_a_caution(tmp_path, made):
    made.write(tmp_path)
    (tmp_path / "z.dcm").symlink_to(tmp_path / "gone")
    (caution,) = read_study(tmp_path).cautions
    assert "z.dcm cannot be opened: No such file or directory" in caution.message


def test_a_file_that_may_not_be_read_is_named(tmp_path, made, monkeypatch):
    (path, *_) = made.write(tmp_path)

    def forbidden(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", forbidden)
    with pytest.raises(FormatError, match=r"\.dcm cannot be opened: Permission denied\. Check that you may read it"):
        read_study(path)


def test_the_kind_of_a_file_is_told_by_its_ending_in_any_case(tmp_path):
    assert Entry("a.b.NII.gz", tmp_path / "a.b.NII.gz").ends_with(".nii", ".nii.gz")
    assert not Entry("nii.gz.txt", tmp_path / "nii.gz.txt").ends_with(".nii", ".nii.gz")


def test_a_dicomdir_without_a_table_of_contents_says_what_to_give_instead(tmp_path, save_dicom):
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = MediaStorageDirectoryStorage, "1.2.3"
    save_dicom(header, None, tmp_path / "DICOMDIR")
    with pytest.raises(FormatError, match=r"The DICOMDIR .* cannot be read .*Give the folder beside it instead"):
        read_study(tmp_path / "DICOMDIR")


def test_an_archive_that_changed_after_it_was_listed_is_refused_in_words(tmp_path, made):
    archive = _zip(tmp_path / "export.zip", _contents(made.write(tmp_path / "folder")))
    (series,) = read_study(archive)
    archive.write_bytes(b"overwritten by a copy that broke off")
    with pytest.raises(FormatError, match=r"export\.zip cannot be opened: .*Copy it again"):
        series.volume()


def test_an_archive_of_rois_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_members, "MAX_BYTES", 2 * 1024**2)
    archive = _zip(tmp_path / "rois.zip", {"a.roi": bytes(1024**2), "b.roi": bytes(2 * 1024**2)})
    with pytest.raises(FormatError, match=r"rois\.zip unpacks to more than 2 MiB"):
        zip_members.read_members(archive)


def test_an_archive_of_rois_that_is_gone_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"gone\.zip cannot be opened: No such file"):
        zip_members.read_members(tmp_path / "gone.zip")
