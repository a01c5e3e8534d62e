"""``deidentify``: a copy of a study without identity, complete or not there at all."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from vbqkit.errors import FormatError, VbqkitError
from vbqkit.formats.acquisitions import LOSSY_SYNTAXES
from vbqkit.formats.content import MR_CLASSES
from vbqkit.formats.files import Entry, user_path
from vbqkit.formats.headers import Header, read_header
from vbqkit.formats.pixels import check_pixels, photometric, stored_values
from vbqkit.formats.tags import word
from vbqkit.privacy.burnt_in import text_marks, text_on_body
from vbqkit.privacy.checking import check_files
from vbqkit.privacy.cleaning import Cleaner
from vbqkit.privacy.people import People, people_of
from vbqkit.privacy.record import RECORD_NAMES, Deidentified, write_record
from vbqkit.privacy.replacing import Replacements
from vbqkit.privacy.roi_copies import copy_roi_file, is_roi_file
from vbqkit.privacy.whole_files import FileReader, WholeStudy, is_dicom, parse, whole_study

OnText = Literal["refuse", "blank", "leave out"]
Progress = Callable[[int, int], None]

_CT_CLASSES = {f"1.2.840.10008.5.1.4.1.1.2{more}" for more in ("", ".1", ".2")}
_XRAY_CLASSES = {"1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.1.1.1"}
_COPIED = MR_CLASSES | _CT_CLASSES | _XRAY_CLASSES
_MR_CLASS = "1.2.840.10008.5.1.4.1.1.4"
_IMPLEMENTATION = "2.25.188237149274650113924077406146208431263"
_METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113105", "Clean Descriptors Option"),
    ("113111", "Retain Safe Private Option"),
)
_DATES_METHOD = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
_PIXELS_METHOD = ("113101", "Clean Pixel Data Option")
_AROUND_LETTERS_PX = 3
_SHORTEST_SEARCHED = 4


@dataclass(slots=True)
class _Work:
    """What one run has seen and done."""

    study: WholeStudy
    on_text: OnText
    cleaner: Cleaner
    people_by_file: dict[str, bytes]
    folders: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    images: int = 0
    with_text: int = 0
    blanked: int = 0
    numbers: Counter[str] = field(default_factory=Counter)


def deidentify(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    pseudonym: str | None = None,
    dates: Literal["shift", "remove"] = "shift",
    on_text: OnText = "refuse",
    progress: Progress | None = None,
) -> Deidentified:
    """Write a copy of a study without what identifies the patient; the original is only read.

    Kept are the numbers, codes and words that describe the scan: everything a score, a caution or a refusal of this
    package is made from, and the pixels. Every UID is replaced, the same by the same. Dates are moved by one secret
    offset per patient, or left out. Descriptions keep words of protocols only. Every other element is left out: see
    :mod:`vbqkit.privacy.profile`. Copied are MR, CT and X-ray images; reports, screenshots, colour pictures and files
    that are not DICOM are not, except ROI files of this package, which get the new UIDs. Pixels are written
    uncompressed. The copy is checked by :func:`check_privacy` before it gets its name.

    Parameters
    ----------
    source : path-like
        Folder, ZIP archive, DICOMDIR or file.
    target : path-like
        A new or empty folder, outside of `source`.
    pseudonym : str, optional
        Stands for the patient; made up unless given. Several patients get ``-2``, ``-3`` ... behind it.
    dates : {"shift", "remove"}
        Move dates by a secret offset of 1 to 10 years, so that intervals stay; or leave them out.
    on_text : {"refuse", "blank", "leave out"}
        Where text stands in the air around the body: write nothing at all, paint it over, or leave these images out.
    progress : callable, optional
        Called as ``progress(files_done, files_in_all)``.

    Returns
    -------
    Deidentified
        What was done, without identity.

    Raises
    ------
    FormatError
        If nothing can be copied, text stands in the pixels, the folder cannot be used, or the copy would identify.
    """
    study, out = whole_study(source), user_path(target).absolute()
    _check_target(study.root, out)
    with study.opened() as reader:
        people, by_file = _who_is_named(study, reader)
        _check_pseudonym(pseudonym, people)
        if people.named_in(out.name):
            raise FormatError(
                "The name of the folder for the copy holds the patient's name or number. Give another one."
            )
        run = Replacements(pseudonym=pseudonym, shift_dates=dates == "shift")
        work = _Work(study, on_text, Cleaner(people, run), by_file)
        with _draft(out) as draft:
            for done, entry in enumerate(study.entries, start=1):
                _copy(work, reader, entry, draft)
                if progress is not None:
                    progress(done, len(study.entries))
            _check_work(work)
            _copy_rois(work, reader, draft)
            report = check_files(whole_study(draft), people=people)
            if report.verdict == "identifiable":
                raise FormatError(
                    "The copy would still identify the patient, so it was not kept: "
                    f"{', '.join(sorted({finding.keyword for finding in report if finding.level == 'identifies'}))}. "
                    "Report it to the developers of vbqkit, without the images."
                )
            result = Deidentified(
                target=str(target),
                patients=run.names,
                studies=len(work.folders),
                series=sum(len(series) for _, series in work.folders.values()),
                images=work.images,
                blanked=work.blanked,
                left_out=dict(work.left_out),
                dates=dates,
                actions=dict(work.cleaner.done),
                report=report,
            )
            write_record(draft, result)
    return result


def _check_target(root: Path, out: Path) -> None:
    source, target = root.resolve(), out.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise FormatError(
            f"The copy cannot be written to {out}: the original lies there, or would lie in it. Give a folder elsewhere."
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FormatError(
            f"{out} is there already, and nothing is written over. Give the name of a new or empty folder for the copy."
        )


def _check_pseudonym(pseudonym: str | None, people: People) -> None:
    if pseudonym is None:
        return
    plain = pseudonym.strip()
    if not plain or len(plain) > 60 or not plain.isascii() or not plain.isprintable() or set(plain) & set("\\^="):
        raise FormatError("The pseudonym must be 1 to 60 plain letters, digits or hyphens. Give another one.")
    if people.named_in(plain):
        raise FormatError("The pseudonym holds the patient's name or number. Give another one.")


def _who_is_named(study: WholeStudy, reader: FileReader) -> tuple[People, dict[str, bytes]]:
    """Everybody whom the files name, and the patient of every file."""
    people, by_file, study_of = People(), {}, {}
    for entry in study.entries:
        try:
            content = reader.read(entry)
            dataset = parse(content) if is_dicom(content) else None
        except FormatError:
            continue  # it is left out, and said, when it is to be copied
        if dataset is not None:
            people = people.with_others(people_of(dataset))
            by_file[entry.name] = str(dataset.get("PatientID") or dataset.get("PatientName") or "").upper().encode()
            study_of[entry.name] = str(dataset.get("StudyInstanceUID", ""))
    named = {study_of[name]: key for name, key in by_file.items() if key}
    return people, {name: key or named.get(study_of[name], b"") for name, key in by_file.items()}


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """A folder beside the target, which gets its name when everything is in it, or goes."""
    draft = out.with_name(f".{secrets.token_hex(4)}.incomplete")
    inside = draft / "copy"
    try:
        inside.mkdir(parents=True)
        yield inside
        if out.is_dir():
            out.rmdir()
        inside.rename(out)
    except OSError as error:
        raise FormatError(
            f"The copy cannot be written to {out}: {error.strerror}. Nothing of it was kept. Make room, or choose a folder that "
            "you may write to."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy(work: _Work, reader: FileReader, entry: Entry, draft: Path) -> None:
    """One file, if it is an image that can be copied; else why not is counted."""
    try:
        content = reader.read(entry)
    except FormatError:
        work.left_out["files that cannot be read"] += 1
        return
    if not is_dicom(content):
        if not is_roi_file(content) and entry.path.name not in RECORD_NAMES:
            work.left_out["files that are not DICOM"] += 1
        return
    made = _image(work, content, entry)
    if made is None:
        return
    dataset, study_uid, series_uid = made
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    if _names_somebody(buffer.getvalue(), dataset, work.cleaner.people):
        work.left_out["images in which a name or number was left"] += 1
        return
    number, series = work.folders.setdefault(study_uid, (len(work.folders) + 1, {}))
    place = draft / f"study{number:02d}" / f"series{series.setdefault(series_uid, len(series) + 1):02d}"
    place.mkdir(parents=True, exist_ok=True)
    work.numbers[series_uid] += 1
    with (place / f"image{work.numbers[series_uid]:04d}.dcm").open("xb") as file:
        file.write(buffer.getvalue())
    work.images += 1


def _image(work: _Work, content: bytes, entry: Entry) -> tuple[Dataset, str, str] | None:
    try:
        dataset = parse(content)
        header = read_header(io.BytesIO(content), Entry("image", entry.path, entry.member, len(content)))
    except FormatError:
        work.left_out["damaged DICOM files"] += 1
        return None
    if header is None:
        work.left_out["DICOM files without an image (reports, DICOMDIR, presentation states)"] += 1
        return None
    sop_class = word(header.dataset, "SOPClassUID") or _MR_CLASS
    if sop_class not in _COPIED:
        work.left_out["screenshots and images of other kinds than MR, CT and X-ray"] += 1
        return None
    try:
        values = None if check_pixels(header) else stored_values(header, lambda _: io.BytesIO(content))
    except VbqkitError:
        values = None
    if values is None:
        work.left_out["images whose pixels cannot be read, or are colours"] += 1
        return None
    blanked = _without_text(work, values, header, dataset)
    if blanked is None:
        return None
    who = work.cleaner.run.patient(work.people_by_file.get(entry.name, b""))
    clean = work.cleaner.clean(dataset, who)
    _add_pixels(clean, values, header)
    clean.SOPClassUID = sop_class
    folder = work.study.label(entry).rpartition("/")[0]
    missing = {"SOPInstanceUID": secrets.token_hex(8), "SeriesInstanceUID": folder, "StudyInstanceUID": who.name}
    for keyword, of_what in missing.items():  # what the original leaves open is one series in each folder
        if not clean.get(keyword):
            setattr(clean, keyword, work.cleaner.run.uid(f"{keyword} {of_what}"))
    clean.PatientName = clean.PatientID = who.name
    _state_method(clean, dates=who.offset is not None, pixels=blanked)
    clean.file_meta = FileMetaDataset()
    clean.file_meta.MediaStorageSOPClassUID = sop_class
    clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    clean.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    clean.file_meta.ImplementationClassUID = _IMPLEMENTATION
    clean.file_meta.ImplementationVersionName = "VBQKIT"
    clean.preamble = bytes(128)
    return clean, str(clean.StudyInstanceUID), str(clean.SeriesInstanceUID)


def _without_text(work: _Work, values: npt.NDArray[np.generic], header: Header, dataset: Dataset) -> bool | None:
    """Paint text over, where that is wanted; whether some was. None: the image is left out, or the run is refused."""
    marks = [text_marks(_bright(plane, header)) for plane in values]
    stated = str(dataset.get("BurnedInAnnotation", "")).strip().upper() == "YES"
    if not stated and all(mask is None for mask in marks):
        if not any(text_on_body(_bright(plane, header)) for plane in values):
            return False
        stated = True  # on the body: painted over, the picture would measure something else
    work.with_text += 1
    if work.on_text == "blank" and not stated:
        for plane, mask in zip(values, marks, strict=True):
            if mask is not None:
                wide = scipy.ndimage.binary_dilation(mask, iterations=_AROUND_LETTERS_PX)
                dark = _bright(plane, header)
                plane[wide] = plane.ravel()[int(dark.argmin())]
        left = (_bright(plane, header) for plane in values)
        if all(text_marks(picture) is None and not text_on_body(picture) for picture in left):
            work.blanked += 1
            return True
    if work.on_text != "refuse":
        work.left_out["images with text in the picture"] += 1
    return None


def _bright(plane: npt.NDArray[np.generic], header: Header) -> npt.NDArray[np.float64]:
    """A picture in which signal is bright."""
    values = plane.astype(np.float64)
    return -values if photometric(header) == "MONOCHROME1" else values


def _add_pixels(clean: Dataset, values: npt.NDArray[np.generic], header: Header) -> None:
    data = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes()
    if values.dtype.kind == "f":
        setattr(clean, "FloatPixelData" if values.dtype.itemsize == 4 else "DoubleFloatPixelData", data)
    else:
        clean.BitsAllocated = 8 * values.dtype.itemsize
        clean.BitsStored = min(int(clean.get("BitsStored") or clean.BitsAllocated), clean.BitsAllocated)
        clean.HighBit = clean.BitsStored - 1
        clean.add_new(0x7FE00010, "OB" if clean.BitsAllocated == 8 else "OW", data + b"\0" * (len(data) % 2))
    if header.transfer_syntax in LOSSY_SYNTAXES:
        clean.LossyImageCompression = "01"


def _state_method(clean: Dataset, *, dates: bool, pixels: bool) -> None:
    """What was done, in the words and codes of PS3.3 C.7.1.1 and CID 7050 of PS3.16."""
    clean.SpecificCharacterSet = "ISO_IR 192"
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = "vbqkit deidentify: PS3.15 Basic Profile, kept elements only"
    methods = [*_METHODS, *([_DATES_METHOD] if dates else []), *([_PIXELS_METHOD] if pixels else [])]
    items = []
    for value, meaning in methods:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    clean.DeidentificationMethodCodeSequence = items
    clean.LongitudinalTemporalInformationModified = "MODIFIED" if dates else "REMOVED"
    clean.BurnedInAnnotation = "NO"


def _names_somebody(content: bytes, dataset: Dataset, people: People) -> bool:
    """Whether a name or number stands anywhere in a file but in its pixels, in the encodings that texts have."""
    pixels = next((bytes(dataset[tag].value) for tag in (0x7FE00010, 0x7FE00008, 0x7FE00009) if tag in dataset), b"")
    plain = content.replace(pixels, b"") if pixels else content
    text = plain.decode("latin-1").lower()
    wide = plain.decode("utf-16-le", errors="replace").lower()
    for name in people.names:
        if len(name) >= _SHORTEST_SEARCHED and (_is_word(name, text) or _is_word(name, wide)):
            return True
    digits = text.replace("-", "").replace("/", "")
    return any(len(number) >= _LONG_NUMBER and number in digits for number in people.numbers)


_LONG_NUMBER = 6


def _is_word(name: str, text: str) -> bool:
    start = text.find(name)
    while start >= 0:
        before, after = text[max(0, start - 1) : start], text[start + len(name) : start + len(name) + 1]
        if not before.isalpha() and not after.isalpha():
            return True
        start = text.find(name, start + 1)
    return False


def _check_work(work: _Work) -> None:
    if work.with_text and work.on_text == "refuse":
        raise FormatError(
            f"{work.with_text} images hold text in the picture, or say so: it may be the patient's name, so nothing was "
            "written. Look at them, then say what to do: paint the text over (--blank-text) or leave these images out "
            "(--leave-out-text)."
        )
    if not work.images:
        why = "; ".join(f"{count} {reason}" for reason, count in work.left_out.items())
        raise FormatError(f"No image could be copied ({why}). Give a folder with MR, CT or X-ray images.")


def _copy_rois(work: _Work, reader: FileReader, draft: Path) -> None:
    """ROI files get the new UIDs, and labels that are names of levels."""
    number = 0
    for entry in work.study.entries:
        try:
            content = reader.read(entry) if entry.ends_with(".json") else b""
        except FormatError:
            continue
        if content and is_roi_file(content):
            number += 1
            copy_roi_file(content, draft / f"rois{number:02d}.vbqkit.json", work.cleaner)
