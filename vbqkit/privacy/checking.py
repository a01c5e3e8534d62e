"""``check_privacy``: what in the files of a study identifies the person, without showing it."""

from __future__ import annotations

import gzip
import io
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from pydicom.dataset import Dataset

from vbqkit.errors import Caution, FormatError, VbqkitError
from vbqkit.formats.content import MR_CLASSES
from vbqkit.formats.files import Entry
from vbqkit.formats.headers import read_header
from vbqkit.formats.pixels import check_pixels, photometric, stored_values
from vbqkit.formats.tags import integer
from vbqkit.privacy.burnt_in import text_marks, text_on_body
from vbqkit.privacy.elements import findings_in, statement_of
from vbqkit.privacy.file_names import findings_in_name
from vbqkit.privacy.people import NOBODY, People, people_of
from vbqkit.privacy.profile import rule_of
from vbqkit.privacy.record import RECORD_NAMES
from vbqkit.privacy.report import PrivacyFinding, PrivacyReport, masked
from vbqkit.privacy.roi_copies import is_roi_file
from vbqkit.privacy.whole_files import FileReader, WholeStudy, is_dicom, parse, whole_study
from vbqkit.protocol_words import protocol_words
from vbqkit.study import Study

Progress = Callable[[int, int], None]

_DOCUMENTS = (
    "1.2.840.10008.5.1.4.1.1.104",
    "1.2.840.10008.5.1.4.1.1.88",
    "1.2.840.10008.5.1.4.1.1.11",
    "1.2.840.10008.1.3.10",
)
_SCREENSHOTS = "1.2.840.10008.5.1.4.1.1.7"
_NIFTI = (b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"\x1c\x02\0\0", b"\0\0\x02\x1c")
_ITK_TAG = re.compile(rb"^\s*([0-9A-Fa-f]{4})\|([0-9A-Fa-f]{4})\s*:?=\s*(.*)$", re.MULTILINE)
_HEADER_BYTES = 65536
_UIDS_OF_ROIS = re.compile(rb'"(?:study_uid|series_uid|frame_of_reference_uid)"\s*:\s*"([^"]{1,80})"')


@dataclass(slots=True)
class _Tally:
    """Findings by what they are, with the number of files that have them."""

    found: dict[tuple[str, ...], PrivacyFinding] = field(default_factory=dict)
    files: dict[tuple[str, ...], int] = field(default_factory=dict)

    def add(self, findings: Iterator[PrivacyFinding] | list[PrivacyFinding]) -> None:
        """Count the findings of one file."""
        seen = set()
        for one in findings:
            key = (one.level, one.kind, one.tag, one.keyword)
            self.found.setdefault(key, one)
            seen.add(key)
        for key in seen:
            self.files[key] = self.files.get(key, 0) + 1

    def listed(self, of_files: int) -> tuple[PrivacyFinding, ...]:
        order = {"identifies": 0, "attention": 1}
        every = [replace(one, files=self.files[key], of_files=of_files) for key, one in self.found.items()]
        return tuple(sorted(every, key=lambda one: (order.get(one.level, 2), one.kind, one.tag, one.keyword)))


def check_privacy(
    path: str | os.PathLike[str], *, pixels: bool = True, progress: Progress | None = None
) -> PrivacyReport:
    """What identifies the person in a file, a folder or a ZIP archive.

    Every element of every file is compared with the Basic Application Level Confidentiality Profile (DICOM PS3.15,
    table E.1-1), nested ones, private ones and what stands around the header too; texts with words that no protocol
    knows; names of files and folders; and the pixels with a search for text in the air. No value is shown, only its
    first letter and length. ``"clean"`` means that nothing was found, not that nothing is there: text on the body,
    faces and rare findings are not looked for.

    Parameters
    ----------
    path : path-like
        File, folder, ZIP archive or DICOMDIR.
    pixels : bool
        Search the pixels for text.
    progress : callable, optional
        Called as ``progress(files_done, files_in_all)``.

    Returns
    -------
    PrivacyReport
        ``verdict``, ``findings``, ``as_rows()``.

    Raises
    ------
    FormatError
        If nothing is there, or an archive is damaged or locked.
    """
    return check_files(whole_study(path), pixels=pixels, progress=progress)


def check_files(
    study: WholeStudy, *, people: People = NOBODY, pixels: bool = True, progress: Progress | None = None
) -> PrivacyReport:
    """As :func:`check_privacy`, of files that are listed already; `people` are looked for too."""
    tally = _Tally()
    images = 0
    with study.opened() as reader:
        people = people.with_others(_everybody(study, reader))
        names = study.root.name if study.entries and study.entries[0].member is not None else ""
        if names:
            tally.add(list(findings_in_name(names, people)))
        for done, entry in enumerate(study.entries, start=1):
            found, searched = _of_file(study, reader, entry, people, pixels=pixels)
            tally.add(found)
            images += searched
            if progress is not None:
                progress(done, len(study.entries))
    cautions = tuple(_safe_caution(caution) for caution in study.cautions)
    return PrivacyReport(
        findings=tally.listed(len(study.entries)), files=len(study.entries), images=images, cautions=cautions
    )


def check_study(study: Study, *, pixels: bool = True, progress: Progress | None = None) -> PrivacyReport:
    """As :func:`check_privacy`, of the files that an opened study was read from.

    Raises
    ------
    FormatError
        If the study was made in memory, or its files are no longer there.
    """
    if not study.source:
        raise FormatError("The study was made in memory, so there are no files to check. Check the files it came from.")
    return check_privacy(study.source, pixels=pixels, progress=progress)


def _safe_caution(caution: Caution) -> Caution:
    return Caution(caution.code, "Something in the folder or archive was not opened, so it was not checked.")


def _everybody(study: WholeStudy, reader: FileReader) -> People:
    people = People()
    for entry in study.entries:
        try:
            content = reader.read(entry)
            if is_dicom(content):
                people = people.with_others(people_of(parse(content)))
        except FormatError:
            continue  # the second pass says so
    return people


def _of_file(
    study: WholeStudy, reader: FileReader, entry: Entry, people: People, *, pixels: bool
) -> tuple[list[PrivacyFinding], int]:
    """Findings in one file, and frames that were searched for text."""
    found = list(findings_in_name(study.label(entry), people)) if entry.path.name not in RECORD_NAMES else []
    try:
        content = reader.read(entry)
    except FormatError:
        return [*found, _unreadable("file")], 0
    if not is_dicom(content):
        return [*found, *_other_file(entry, content, people)], 0
    try:
        dataset = parse(content)
    except FormatError:
        return [*found, _unreadable("DICOM file")], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found += list(findings_in(dataset, people))
        found += list(_kind_of_file(dataset))
        if not pixels:
            return found, 0
        more, searched = _pixels(content, entry)
    return [*found, *more], searched


def _unreadable(what: str) -> PrivacyFinding:
    return PrivacyFinding(
        level="attention",
        kind="unreadable",
        keyword=what,
        advice="It is damaged and could not be checked. Look at it yourself, or leave it out.",
    )


def _kind_of_file(dataset: Dataset) -> Iterator[PrivacyFinding]:
    try:
        sop_class = str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    except Exception:  # pydicom raises many types for values that are damaged
        return
    if sop_class.startswith(_DOCUMENTS):
        yield PrivacyFinding(
            level="attention",
            kind="document",
            tag="(0008,0016)",
            keyword="report, presentation state or DICOMDIR",
            advice="Such files hold texts about the patient. Leave them out; vbqkit deidentify does not copy them.",
        )
    elif sop_class.startswith(_SCREENSHOTS):
        yield PrivacyFinding(
            level="attention",
            kind="pixels",
            tag="(0008,0016)",
            keyword="screenshot (secondary capture)",
            advice="Screenshots often show the name. Look at it, or leave it out.",
        )
    elif sop_class not in MR_CLASSES and not statement_of(dataset).removed and not dataset.get("Rows"):
        yield PrivacyFinding(
            level="attention",
            kind="document",
            tag="(0008,0016)",
            keyword="object without an image",
            advice="What it holds was not understood. Leave it out if it is not needed.",
        )


def _pixels(content: bytes, entry: Entry) -> tuple[list[PrivacyFinding], int]:
    """Whether text stands in the air of a picture, and how many frames were searched."""
    try:
        header = read_header(io.BytesIO(content), Entry("image", entry.path, entry.member, len(content)))
        if header is None:
            return [], 0
        if check_pixels(header) is not None:
            return [_not_searched()], 0
        values = stored_values(header, lambda _: io.BytesIO(content))
    except VbqkitError:
        return [_not_searched()], 0
    sign = -1.0 if photometric(header) == "MONOCHROME1" else 1.0
    if (integer(header.dataset, "SamplesPerPixel") or 1) > 1:
        return [], len(values)
    pictures = [sign * plane.astype(np.float64) for plane in values]
    if any(text_marks(picture) is not None for picture in pictures):
        keyword, then = "text in the picture", "--blank-text paints it over, --leave-out-text leaves the image out"
    elif any(map(text_on_body, pictures)):
        keyword, then = "text on the body", "--leave-out-text leaves the image out: painting over would change it"
    else:
        return [], len(values)
    advice = f"Look at it. vbqkit deidentify {then}."
    return [PrivacyFinding(level="attention", kind="pixels", keyword=keyword, advice=advice)], len(values)


def _not_searched() -> PrivacyFinding:
    return PrivacyFinding(
        level="attention",
        kind="pixels",
        keyword="pixels that cannot be searched",
        advice="They are damaged or in colours. Look at them yourself.",
    )


def _other_file(entry: Entry, content: bytes, people: People) -> Iterator[PrivacyFinding]:
    """Files that are not DICOM."""
    name = (entry.member or entry.path.name).rpartition("/")[2]
    if name in RECORD_NAMES or not content:
        return
    if is_roi_file(content):
        if any(uid for uid in _UIDS_OF_ROIS.findall(content)):
            yield PrivacyFinding(
                level="attention",
                kind="UID",
                keyword="UIDs in a ROI file",
                advice="They lead to the patient in the archive. Save the ROIs again with this version.",
            )
        if people.named_in(content.decode("utf-8", errors="replace")):
            yield _other(
                "identifies", "ROI file", "It holds the patient's name or number. Change the labels of its ROIs."
            )
        return
    unpacked = _unpacked(content) if content[:2] == b"\x1f\x8b" else content
    if unpacked[:4] in _NIFTI:
        yield from _nifti(unpacked, people)
        return
    if name.lower().endswith((".mha", ".mhd", ".nrrd", ".nhdr")):
        yield from _itk_header(unpacked[:_HEADER_BYTES], people)
        return
    if people.named_in(unpacked[: 16 * _HEADER_BYTES].decode("utf-8", errors="replace")):
        yield _other("identifies", "file that is not DICOM", "It holds the patient's name or number. Leave it out.")
        return
    yield _other("attention", "file that is not DICOM", "It was not understood. Look at it, or leave it out.")


def _unpacked(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return file.read(16 * _HEADER_BYTES)
    except Exception:  # gzip, zlib and EOF errors of a damaged file
        return b""


def _other(level: str, keyword: str, advice: str) -> PrivacyFinding:
    return PrivacyFinding(
        level="identifies" if level == "identifies" else "attention", kind="other file", keyword=keyword, advice=advice
    )


def _nifti(header: bytes, people: People) -> Iterator[PrivacyFinding]:
    """The texts that a NIfTI header has room for: data type, name, description, auxiliary file, intent."""
    first = header[:4] in _NIFTI[:2]
    places = ((4, 14), (14, 32), (148, 228), (228, 252), (328, 344)) if first else ((240, 320), (320, 344), (508, 524))
    text = " ".join(header[a:b].split(b"\0")[0].decode("latin-1") for a, b in places).strip()
    if people.named_in(text):
        yield _other(
            "identifies", "NIfTI header", "A text in it holds the patient's name or number. Write it again without."
        )
    elif text and protocol_words(text) != text:
        yield _other("attention", "NIfTI header", "It holds a text. Read it, or write the file again without.")
    extension = 348 if first else 540
    if header[extension : extension + 1] not in (b"", b"\0"):
        yield _other("attention", "NIfTI extension", "It may hold a DICOM header. Write the file again without.")


def _itk_header(header: bytes, people: People) -> Iterator[PrivacyFinding]:
    """MHA and NRRD files that carry DICOM elements along, as ITK writes them."""
    for group, element, raw in _ITK_TAG.findall(header):
        tag = int(group, 16) << 16 | int(element, 16)
        rule, value = rule_of(tag), raw.decode("latin-1").strip()
        if rule is not None and value:
            level = "identifies" if group == b"0010" and element in (b"0010", b"0020", b"0030") else "attention"
            yield replace(
                _other(level, rule.name, "The file carries a DICOM element along. Write it again without."),
                masked=masked(value),
                action=rule.action,
            )
    if people.named_in(header.split(b"ElementDataFile")[0][:_HEADER_BYTES].decode("latin-1")):
        yield _other("identifies", "MHA or NRRD header", "It holds the patient's name or number.")
