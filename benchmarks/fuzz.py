"""Damaged and hostile files: 20,000 mutated inputs of every kind, each read to its end or refused with a VbqkitError.

Every input follows from its number alone, so a failure can be made again: ``python -m benchmarks.fuzz 1234``. The files
are read in processes of their own, because the fault to find may be the end of the process.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from vbqkit.errors import VbqkitError
from vbqkit.formats import read_rois, read_study, write_rois
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Polygon, Rectangle
from vbqkit.studio.casefile import read_case

FILES = 20_000
AT_ONCE = 250
SLOW_SECONDS = 5.0

Reader = Callable[[Path], object]


def _volume() -> Volume:
    pixels = np.arange(5 * 24 * 20, dtype=np.uint16).reshape(5, 24, 20)
    return Volume(pixels, stack_affine((-8, 5, 30), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0)))


def _dicom(position: float) -> Dataset:
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid(entropy_srcs=[str(position)])
    header.Modality, header.Manufacturer, header.PatientID, header.PatientName = "MR", "Acme", "4711", "Doe^Jane"
    header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = "1.2.3", "1.2.3.4", "1.2.3.5"
    header.StudyID, header.StudyDate, header.StudyTime, header.SeriesNumber = "1", "20260102", "030405", 1
    header.InstanceNumber, header.ImageType = int(position) + 20, ["ORIGINAL", "PRIMARY", "M"]
    header.SeriesDescription, header.ScanningSequence, header.SequenceVariant = "SAG T1", "SE", "SK"
    header.RepetitionTime, header.EchoTime, header.SliceThickness = 600, 12, 4
    header.ImageOrientationPatient, header.ImagePositionPatient = [0, 1, 0, 0, 0, -1], [position, 0, 0]
    header.PixelSpacing, header.Rows, header.Columns = [0.8, 0.6], 24, 20
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 12, 11, 0
    header.PixelData = np.arange(480, dtype=np.uint16).tobytes()
    header["PixelData"].VR = "OW"
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    return header


def _read_all(path: Path) -> None:
    study = read_study(path)
    for series in study:
        with contextlib.suppress(VbqkitError):
            repr(series.volume())
    repr(study)


@cache
def originals() -> dict[str, tuple[str, bytes, Reader]]:
    """Kind -> file name, content and reader of an undamaged file."""
    made: dict[str, tuple[str, bytes, Reader]] = {}
    image = _volume()
    rois = (
        Rectangle.on(image.slice(2), (8.0, 9.0), 4.0, 4.0, label="L1"),
        Ellipse.on(image.slice(2), (15.0, 9.0), 4.0, 4.0, label="CSF"),
        Polygon(points=image.slice(2).to_patient_mm([(3, 3), (3, 9), (9, 5)]), label="L2"),
    )

    def of_image(path: Path) -> object:
        return read_rois(path, image=image)

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = Path(folder)
        for k in range(3):
            _dicom(4.0 * k).save_as(place / f"{k}.dcm", enforce_file_format=True)
        made["dicom"] = ("a.dcm", (place / "0.dcm").read_bytes(), _read_all)
        for kind, method in (("zip", zipfile.ZIP_DEFLATED), ("zip-lzma", zipfile.ZIP_LZMA)):
            with zipfile.ZipFile(place / f"{kind}.zip", "w", method) as archive:
                for k in range(3):
                    archive.write(place / f"{k}.dcm", f"{k}.dcm")
            made[kind] = ("study.zip", (place / f"{kind}.zip").read_bytes(), _read_all)
        files = FileSet()
        files.add(place / "0.dcm")
        files.write(place / "cd")
        del files
        gc.collect()  # its temporary folder goes now, while the warning about that is not heard
        made["dicomdir"] = ("DICOMDIR", (place / "cd" / "DICOMDIR").read_bytes(), _read_all)
        picture = SimpleITK.GetImageFromArray(image.pixels)
        for ending in ("mha", "nrrd"):
            SimpleITK.WriteImage(picture, str(place / f"v.{ending}"), useCompression=ending == "mha")
            made[ending] = (f"v.{ending}", (place / f"v.{ending}").read_bytes(), _read_all)
        for ending in ("nii", "nii.gz"):
            nibabel.save(
                nibabel.Nifti1Image(image.pixels.T.astype(np.int16), np.diag([4, 0.8, 0.6, 1])), place / f"v.{ending}"
            )
            made[ending] = (f"v.{ending}", (place / f"v.{ending}").read_bytes(), _read_all)
        for ending in ("json", "csv", "zip", "nrrd", "nii.gz"):
            write_rois(place / f"r.{ending}", rois, image=image)
            made[f"rois.{ending}"] = (f"r.{ending}", (place / f"r.{ending}").read_bytes(), of_image)
        write_rois(place / "r.roi", rois[2:], image=image)
        made["rois.roi"] = ("r.roi", (place / "r.roi").read_bytes(), of_image)
        text = (place / "r.json").read_text().rstrip().removesuffix("}").rstrip()
        text += (
            ', "studio": {"levels": ["L1"], "rois": ['
            + ",".join(['{"frame": 0, "locked": false, "shifts": {"a": [0, 0, 1]}}'] * 3)
            + "]}}"
        )
        made["case"] = ("c.json", text.encode(), lambda path: read_case(path, image))
    return made


def damaged(number: int) -> tuple[str, str, bytes, Reader]:
    """Kind, file name, content and reader of input `number`."""
    rng = np.random.default_rng(number)
    kinds = list(originals())
    kind = kinds[number % len(kinds)]
    name, content, reader = originals()[kind]
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        if data:
            _damage(data, rng)
    return kind, name, bytes(data), reader


_PHRASES = (
    b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\x00\x00\x80\x7f", b"\x00\x00\xc0\x7f", b"-1", b"1e999", b"nan", b"inf",
    b"2147483648", b"9" * 400, b"x" * 4000, b"/etc/hostname", b"../x", b"LIST", b"%d", b"\n", b"\r\n\r\n", b"{}", b"[]",
    b"null", b'"', b"\x00", b"\xff\xfe", b"Iout", b"PK\x03\x04", b"(1,0,0)", b" ",
)  # fmt: skip


def _damage(data: bytearray, rng: np.random.Generator) -> None:
    head = int(rng.integers(0, min(len(data), 600))) if rng.random() < 0.7 else int(rng.integers(0, len(data)))
    match int(rng.integers(0, 6)):
        case 0:
            data[head] ^= 1 << int(rng.integers(0, 8))
        case 1:
            data[head] = int(rng.integers(0, 256))
        case 2:
            del data[int(rng.integers(0, len(data))) :]
        case 3:
            phrase = _PHRASES[int(rng.integers(0, len(_PHRASES)))]
            data[head : head + (len(phrase) if rng.random() < 0.5 else 0)] = phrase
        case 4:
            del data[head : head + int(rng.integers(1, 40))]
        case _:
            end = head + int(rng.integers(1, 40))
            data[head:head] = data[head:end]


def outcome(number: int) -> str:
    """What reading input `number` came to: ``ok``, ``refused``, ``slow``, or the exception that should not be."""
    kind, name, content, reader = damaged(number)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        started = time.perf_counter()
        try:
            reader(path)
            result = "ok"
        except VbqkitError:
            result = "refused"
        except Exception as error:  # the very thing that is looked for
            return f"{kind}: {type(error).__name__}: {error}"
        return "slow" if time.perf_counter() - started > SLOW_SECONDS else result


def _in_a_process(first: int, count: int) -> list[tuple[int, str]]:
    """Outcomes of `count` inputs, read in a process of their own; a process that dies names its last input."""
    code = "from benchmarks.fuzz import report; report({}, {})"
    done = subprocess.run(
        [sys.executable, "-c", code.format(first, count)], capture_output=True, text=True, check=False, timeout=600
    )
    lines = [line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line]
    found = [(int(number), result) for number, result in lines]
    if done.returncode != 0 and len(found) < count:
        dead = first + len(found)
        found.append((dead, f"{damaged(dead)[0]}: the process ended with {done.returncode}"))
        if dead + 1 < first + count:
            found += _in_a_process(dead + 1, first + count - dead - 1)
    return found


def report(first: int, count: int) -> None:
    """Print a line for each input: its number and what came of it."""
    warnings.simplefilter("ignore")
    for number in range(first, first + count):
        with contextlib.redirect_stderr(io.StringIO()):
            result = outcome(number)
        print(f"{number}\t{' '.join(result.split())[:200]}", flush=True)


def main(files: int = FILES) -> None:
    """Read the inputs and say what came of them."""
    counts: Counter[str] = Counter()
    for first in range(0, files, AT_ONCE):
        for number, result in _in_a_process(first, min(AT_ONCE, files - first)):
            counts[result if result in ("ok", "refused", "slow") else "failed"] += 1
            if result not in ("ok", "refused"):
                print(f"input {number}: {result}")
    summary = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"fuzz: {sum(counts.values())} damaged files: {summary} ({os.cpu_count()} cores)")


if __name__ == "__main__":
    report(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
