"""SPIDER: lumbar MRI of 218 patients with segmentations, published under CC BY 4.0.

Vertebrae are numbered from below (1 is the lowest lumbar one, taken for L5), 100 is the spinal canal, 101 to 125 are
vertebrae that are cut off by the edge, and discs begin at 201. A transitional vertebra shifts the names: they are a
count, not an anatomical finding.

References
----------
van der Graaf JW et al. Lumbar spine segmentation in MR images: a dataset and a public benchmark. Sci Data 2024;11:264.
doi:10.1038/s41597-024-03090-w. Data: doi:10.5281/zenodo.10159290, CC BY 4.0.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vbqkit.datasets.downloads import ZENODO, Progress, fetch, record_files
from vbqkit.datasets.erosion import MARGIN_MM, rois_of_labels
from vbqkit.errors import FormatError, VbqkitError, shown
from vbqkit.formats import read_study, write_rois
from vbqkit.formats.files import user_path
from vbqkit.formats.masks import read_label_array
from vbqkit.formats.sidecars import STATED
from vbqkit.formats.table_file import replacing

RECORD = 10159290
SPIDER = (
    "SPIDER, van der Graaf JW et al., Sci Data 2024;11:264, doi:10.1038/s41597-024-03090-w; data doi:10.5281/zenodo.10159290, CC BY 4.0. "
    "Cite both when you use it."
)
"""What to cite."""

CANAL = 100
BODIES: Mapping[int, str] = {1: "L5", 2: "L4", 3: "L3", 4: "L2", 5: "L1", 6: "T12"}
"""Number in the masks to level."""

_ARCHIVES = ("images.zip", "masks.zip")
_OVERVIEW = "overview.csv"
_WANTED = (_OVERVIEW, "radiological_gradings.csv", "masks.zip", "images.zip")
_MEMBER = re.compile(r"(?:.*/)?(\d{1,6})_(t1|t2|t2_SPACE)\.mha", re.IGNORECASE)
_WEIGHTINGS = {"t1": "T1", "t2": "T2"}
_TIMES = ("RepetitionTime", "EchoTime", "InversionTime")
_NUMBERS = (
    "FlipAngle",
    "MagneticFieldStrength",
    "PixelBandwidth",
    "EchoTrainLength",
    "SliceThickness",
    "SpacingBetweenSlices",
)
_TEXTS = {
    "Manufacturer": "Manufacturer",
    "ManufacturerModelName": "ManufacturersModelName",
    "SeriesDescription": "SeriesDescription",
}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiderData:
    """What :func:`get_spider` laid out.

    Attributes
    ----------
    studies, masks, rois : Path
        A folder a patient with its T1 and T2 series; a mask a series; a ROI file a patient.
    patients : int
        How many there are.
    with_rois : int
        How many of them have ROIs.
    without : tuple of (str, str)
        Patients without, and why.
    synthetic : bool
        Whether nobody real is in it.
    """

    studies: Path
    masks: Path
    rois: Path
    patients: int
    with_rois: int
    without: tuple[tuple[str, str], ...] = ()
    synthetic: bool = False


def get_spider(
    folder: str | os.PathLike[str],
    *,
    server: str = ZENODO,
    margin_mm: float = MARGIN_MM,
    loading: Callable[[str], Progress | None] | None = None,
    progress: Progress | None = None,
) -> SpiderData:
    """Download the data set, check it, and lay it out for ``vbqkit cohort score``.

    ``studies/12/12_t1.mha`` and ``12_t2.mha`` are the series of patient 12, with what ``overview.csv`` says of TR, TE
    and scanner beside them as JSON; ``rois/12.vbqkit.json`` holds ROIs drawn in from the masks by
    :func:`~vbqkit.datasets.rois_of_labels`. Series of the SPACE sequence are left in the archive. What is there is not
    done again.

    Parameters
    ----------
    folder : path-like
        Where to; about 8 GB are needed.
    server : str
        Zenodo, or a mirror with the same interface.
    margin_mm : float
        How far ROIs are drawn in from the edge of a body.
    loading, progress : callable, optional
        ``loading(name)`` gives the progress of a download; ``progress(done, total)`` is called for each patient.

    Returns
    -------
    SpiderData

    Raises
    ------
    FormatError
        If the record cannot be read or states no checksums, a download breaks off, a checksum is another one, or the
        disk is full.
    """
    home = user_path(folder)
    listed = record_files(RECORD, server=server)
    missing = [name for name in _WANTED if name not in listed]
    if missing:
        raise FormatError(
            f"The record {RECORD} on {server} holds no {', '.join(missing)}: it has changed. Look at its page."
        )
    for name in _WANTED:
        fetch(listed[name], home / "download", progress=None if loading is None else loading(name))
    try:
        _lay_out(home)
        return draw_rois(home, margin_mm=margin_mm, progress=progress)
    except OSError as error:
        raise FormatError(
            f"{home} cannot be written to ({error.strerror or error}). Make room, and run it again."
        ) from error


def _lay_out(home: Path) -> None:
    """Each series of each patient in a folder of its own, and its mask."""
    about = _overview(home / "download" / _OVERVIEW)
    for archive, place in zip(_ARCHIVES, ("studies", "masks"), strict=True):
        for member, patient, kind, packed in _members(home / "download" / archive):
            stem = f"{patient}_{kind}"
            target = home / place / patient / f"{stem}.mha" if place == "studies" else home / place / f"{stem}.mha"
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or target.stat().st_size != member.file_size:
                with replacing(target) as draft, packed.open(member) as source, draft.open("wb") as written:
                    shutil.copyfileobj(source, written)
            if place == "studies":
                write_sidecar(target, about.get(stem.lower(), {}), _WEIGHTINGS[kind])


def write_sidecar(series: Path, known: Mapping[str, object], weighting: str) -> None:
    """What is known of a series, as JSON beside it: times in seconds, and the weighting that its name gives it."""
    with replacing(series.with_suffix(".json")) as draft:
        draft.write_text(json.dumps({**known, STATED: weighting}, indent=1), encoding="utf-8")


def _members(archive: Path) -> Iterator[tuple[zipfile.ZipInfo, str, str, zipfile.ZipFile]]:
    try:
        with zipfile.ZipFile(archive) as packed:
            for member in packed.infolist():
                found = _MEMBER.fullmatch(member.filename)
                if found is not None and found[2].lower() in _WEIGHTINGS:
                    yield member, str(int(found[1])), found[2].lower(), packed
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise FormatError(
            f"{archive} is damaged ({shown(error)}) although its checksum was right. Delete it, and run the same command again."
        ) from error


def _overview(path: Path) -> dict[str, dict[str, object]]:
    """What the table of the data set says of each series, as a sidecar says it: times in seconds."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = file.read()
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    found = {}
    for row in csv.DictReader(text.splitlines(), delimiter=delimiter):
        values: dict[str, object] = {}
        for key in (*_TIMES, *_NUMBERS):
            number = _number(row.get(key))
            if number is not None:
                values[key] = number / 1000.0 if key in _TIMES else int(number) if key == "EchoTrainLength" else number
        values |= {name: text for key, name in _TEXTS.items() if (text := (row.get(key) or "").strip())}
        codes = re.findall(r"[A-Z]{2}", row.get("ScanningSequence") or "")
        if codes:
            values["ScanningSequence"] = codes
        found[(row.get("new_file_name") or "").strip().lower()] = values
    return found


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < 1e6 else None


def open_spider(folder: str | os.PathLike[str]) -> SpiderData:
    """The data set where :func:`get_spider` laid it out before; ROIs that are missing are drawn.

    Parameters
    ----------
    folder : path-like
        What ``vbqkit get spider --out`` was given.

    Returns
    -------
    SpiderData

    Raises
    ------
    FormatError
        If it is not there.
    """
    home = user_path(folder)
    if not ((home / "studies").is_dir() and (home / "masks").is_dir()):
        raise FormatError(
            f"{home} holds no 'studies' and 'masks', so SPIDER is not there. Give the folder that 'vbqkit get spider --out FOLDER' was given."
        )
    return draw_rois(home, margin_mm=MARGIN_MM)


def draw_rois(home: Path, *, margin_mm: float, progress: Progress | None = None) -> SpiderData:
    """ROIs of each patient from its mask; those that are there are left as they are."""
    named = (path for path in (home / "studies").iterdir() if path.is_dir() and path.name.isdecimal())
    patients = sorted(named, key=lambda path: int(path.name))
    rois = home / "rois"
    rois.mkdir(exist_ok=True)
    without: list[tuple[str, str]] = []
    for done, patient in enumerate(patients, start=1):
        target = rois / f"{patient.name}.vbqkit.json"
        if not target.exists():
            try:
                _draw_one(patient, home / "masks", target, margin_mm)
            except VbqkitError as error:
                without.append((patient.name, str(error)))
        if progress is not None:
            progress(done, len(patients))
    return SpiderData(
        studies=home / "studies",
        masks=home / "masks",
        rois=rois,
        patients=len(patients),
        with_rois=len(patients) - len(without),
        without=tuple(without),
    )


def _draw_one(patient: Path, masks: Path, target: Path, margin_mm: float) -> None:
    """ROIs on T1 where it has a mask, else on T2; in patient coordinates they fit both."""
    series = next((path for kind in ("t1", "t2") if (path := patient / f"{patient.name}_{kind}.mha").is_file()), None)
    mask = None if series is None else masks / series.name
    if series is None or mask is None or not mask.is_file():
        raise FormatError(f"Patient {patient.name} has no series with a mask.")
    volume = read_study(series).series[0].volume()
    labels = read_label_array(mask, image=volume)
    found = rois_of_labels(labels, image=volume, bodies=BODIES, canal=CANAL, margin_mm=margin_mm)
    if not found:
        raise FormatError(f"The mask of patient {patient.name} holds no body that is large enough.")
    write_rois(target, found, image=volume)
