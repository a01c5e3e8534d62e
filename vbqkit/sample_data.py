"""Cases on disk: MR, CT and DEXA as DICOM, reference ROIs, bone measurements and the truth; and the sample data.

``python -m vbqkit.sample_data FOLDER`` rebuilds the sample data from its seeds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vbqkit.anatomy.extra_rois import further_rois
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.sample_patients import SAMPLE_PATIENTS, SamplePatient, sample_patient
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import ScannerError, VbqkitError
from vbqkit.formats import write_rois
from vbqkit.formats.table_file import write_table
from vbqkit.reference_groups import scan_reference_group
from vbqkit.roi import rounded_roi
from vbqkit.roi.labels import SCORED_LEVELS
from vbqkit.scanner.bone_images import (
    CT_FOLDER,
    CT_PIXEL_MM,
    CT_ROI_FILE,
    CT_SLICE_MM,
    DEXA_FILE,
    DEXA_LINES_FILE,
    read_bone_images,
    write_bone_images,
)
from vbqkit.scanner.dicom_out import COORDINATE_DECIMALS, Identity, whole_folder, write_files
from vbqkit.scanner.dixon import scan_dixon, write_dixon
from vbqkit.scanner.forward_model import scan
from vbqkit.scanner.machine import Scanner
from vbqkit.scanner.presets import scanner_named
from vbqkit.study import Study

SAMPLE_SCANNERS: Mapping[str, str] = dict.fromkeys(SAMPLE_PATIENTS, "generic-1.5t") | {"case08": "philips-achieva-3t"}
"""Which machine each sample patient is scanned on: one for all, and another for the patient who is scanned again."""

SAMPLE_SLICES, SAMPLE_MATRIX = 11, 352
"""Slices and matrix of the sample data, so that all eight cases fit into 45 MB. The number of slices is odd: one of
them lies on the midline, where the reference ROIs are."""

ROI_FILE, BONE_FILE, TRUTH_FILE, REGISTRY_FILE = "reference_rois.vbqkit.json", "bone.csv", "truth.csv", "registry.txt"
WOMEN_FILE = "reference_women.csv"

REFERENCE_WOMEN = 16
"""Young healthy virtual women on each scanner of the sample data, for the M-score."""

_DECIMALS = {"bmd_g_cm2": 3, "t_score": 2, "z_score": 2, "hu": 1, "qct_mg_cm3": 1}
"""Measured columns, with their digits behind the point."""

BONE_COLUMNS = ("id", "age_years", "sex", "bmi_kg_m2", "scanner", "fracture", *_DECIMALS)
"""Columns of bone.csv: DEXA of L1-L4 (areal density, T- and Z-score), HU of L1, QCT of L1 and L2. All measured on the
CT and DEXA of the case, none given."""

LEVELS_FILE = "bone_levels.csv"

LEVEL_COLUMNS = ("id", "level", "bmd_g_cm2", "hu", "qct_mg_cm3")
"""Columns of bone_levels.csv: the same, one row a vertebra; empty where it is fractured or holds no clean place."""

TRUTH_COLUMNS = ("kind", "level", "name", "value")
"""Columns of truth.csv: ``pdff`` rows (mean fat fraction of a body's marrow, 0 to 1) and one row for each parameter of
each finding."""


def write_case(
    sample: SamplePatient, scanner: Scanner, out: str | os.PathLike[str], *, dixon: bool = False
) -> tuple[Path, ...]:
    """Scan a sample patient and write the case.

    ``T1``, ``T2``, ``STIR`` (MR), ``CT`` and ``DEXA`` of the same body as DICOM, reference ROIs, bone.csv (what is
    measured on CT and DEXA) and truth.csv.

    Parameters
    ----------
    sample : SamplePatient
        Who is scanned.
    scanner : Scanner
        The machine.
    out : path
        New or empty; it appears complete or not at all.
    dixon : bool
        Whether a Dixon scan is written too: in and opposed phase, water, fat and PDFF.

    Returns
    -------
    tuple of Path
        Every file, in order.

    Raises
    ------
    ScannerError
        If the folder is not empty or cannot be written.
    """
    with whole_folder(out) as work:  # first: a folder that cannot be is known before anything is computed
        phantom = sample.phantom()
        names, _ = _write_case_files(sample, phantom, scanner, work)
        if dixon:
            noise, protocol = np.random.default_rng([sample.seed, zlib.crc32(b"dixon")]), scanner.protocols[0]
            names += write_dixon(
                scan_dixon(phantom, scanner, protocol, rng=noise), scanner, protocol, _identity(sample), work
            )
    return tuple(Path(out) / name for name in names)


def _identity(sample: SamplePatient) -> Identity:
    patient = sample.patient
    return Identity(case=sample.name, sex=patient.sex, age=patient.age, bmi=patient.bmi)


def case_study(sample: SamplePatient, phantom: Phantom, scanner: Scanner) -> Study:
    """The scan of a sample patient, always with the same noise on the same scanner."""
    rng = np.random.default_rng([sample.seed, zlib.crc32(scanner.name.encode())])
    return scan(phantom, scanner, rng=rng)


def _write_case_files(
    sample: SamplePatient, phantom: Phantom, scanner: Scanner, folder: Path
) -> tuple[list[Path], dict[str, Any]]:
    """The files of a case in order, and its row of bone.csv."""
    identity = _identity(sample)
    study = case_study(sample, phantom, scanner)
    names = list(write_files(study, scanner, identity, folder))
    first = study.series[0].volume()
    placed = first.with_acquisition(
        frame_of_reference_uid=identity.uid("frame of reference", scanner.name),
        study_uid=identity.uid("study", scanner.name),
        series_uid=identity.uid("series", scanner.name, 1),
    )
    rois = (rounded_roi(roi, COORDINATE_DECIMALS) for roi in (*phantom.reference_rois, *further_rois(phantom)))
    write_rois(folder / ROI_FILE, rois, image=placed, identify=True)
    noise = np.random.default_rng([sample.seed, zlib.crc32(b"ct and dexa")])
    names += write_bone_images(phantom, identity, folder, study_of=scanner.name, rng=noise)
    bone, levels = _bone_rows(sample, phantom, scanner, folder)
    write_table(folder / BONE_FILE, BONE_COLUMNS, [bone])
    write_table(folder / LEVELS_FILE, LEVEL_COLUMNS, levels)
    write_table(folder / TRUTH_FILE, TRUTH_COLUMNS, _truth_rows(phantom))
    return [*names, *map(Path, (ROI_FILE, BONE_FILE, LEVELS_FILE, TRUTH_FILE))], bone


def _bone_rows(
    sample: SamplePatient, phantom: Phantom, scanner: Scanner, folder: Path
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Who it is, and what is measured on the CT and DEXA in the folder: the row of the case, and one a vertebra."""
    p = sample.patient
    left_out = {level for finding in phantom.findings for level in finding.levels_without_roi}
    levels = tuple(
        level for level in SCORED_LEVELS if level not in left_out
    )  # a crushed vertebra is denser, not stronger
    measured = read_bone_images(folder).measure(levels=levels)
    case = {
        "id": sample.name.upper(), "age_years": f"{p.age:g}", "sex": p.sex, "bmi_kg_m2": f"{p.bmi:g}",
        "scanner": scanner.name, "fracture": "yes" if p.fractured else "no",
    }  # fmt: skip
    case |= {name: _written(measured[name], digits) for name, digits in _DECIMALS.items()}
    rows = []
    for level in SCORED_LEVELS:
        found = {
            "bmd_g_cm2": measured.get(f"bmd_{level}_g_cm2"), "hu": measured.get(f"hu_{level}"),
            "qct_mg_cm3": measured.get(f"qct_{level}_mg_cm3"),
        }  # fmt: skip
        row = {"id": case["id"], "level": level}
        rows.append(row | {name: _written(value, _DECIMALS[name]) for name, value in found.items()})
    return case, rows


def _written(value: float | None, digits: int) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"


def _truth_rows(phantom: Phantom) -> list[dict[str, Any]]:
    rows = []
    is_marrow = phantom.tissue == tissue_named("marrow").code
    for code in range(1, len(LEVEL_OF_CODE)):
        here = is_marrow & (phantom.level == code)
        if here.any():
            value = float(phantom.pdff[here].mean(dtype=np.float64))
            rows.append({"kind": "pdff", "level": LEVEL_OF_CODE[code], "name": "marrow mean", "value": f"{value:.4f}"})
    for finding in phantom.findings:
        parameters = finding.as_row()
        kind, level = parameters.pop("kind"), parameters.pop("level", "")
        rows += [{"kind": kind, "level": level, "name": n, "value": str(v)} for n, v in parameters.items()]
    return rows


def sample_scanner(name: str) -> Scanner:
    """A preset with the slices and the matrix of the sample data.

    Examples
    --------
    >>> {(p.slices, p.matrix) for p in sample_scanner("philips-achieva-3t").protocols}
    {(11, 352)}
    """
    scanner = scanner_named(name)
    protocols = tuple(
        replace(p, slices=SAMPLE_SLICES, matrix=SAMPLE_MATRIX, thickness_mm=4.0, gap_mm=0.8) for p in scanner.protocols
    )
    return replace(scanner, protocols=protocols)


def write_sample_data(
    out: str | os.PathLike[str], *, cases: Sequence[str] = tuple(SAMPLE_PATIENTS), women: int = REFERENCE_WOMEN
) -> tuple[Path, ...]:
    """Make the sample data: the cases, bone measurements, young women on the same scanners, README.md and registry.txt.

    Parameters
    ----------
    out : path
        Where to; a sample data folder that is already there (one with a registry.txt) is replaced when the new one is
        complete.
    cases : sequence of str
        Names of the sample patients.
    women : int
        Young healthy women measured on each scanner, for the M-score.

    Returns
    -------
    tuple of Path
        Every file.

    Raises
    ------
    ScannerError
        If the folder holds something else, or a sample patient is unknown.
    """
    target = Path(out)
    wanted = [sample_patient(name) for name in cases]
    old = target.exists() and any(target.iterdir())
    if old and not (target / REGISTRY_FILE).is_file():
        raise ScannerError(
            f"{target} is not empty and holds no {REGISTRY_FILE}, so it is not sample data; nothing was written. Name "
            "another folder."
        )
    fresh = target.with_name(f".{target.name}-new") if old else target
    if old:
        shutil.rmtree(fresh, ignore_errors=True)
    with whole_folder(fresh) as work:
        bodies: dict[str, Phantom] = {}
        rows = []
        for sample in wanted:
            scanner = sample_scanner(SAMPLE_SCANNERS[sample.name])
            body = bodies.pop(sample.repeats, None) or sample.phantom()
            if any(other.repeats == sample.name for other in wanted):
                bodies[sample.name] = body
            folder = work / sample.name
            folder.mkdir()
            rows.append(_write_case_files(sample, body, scanner, folder)[1])
        write_table(work / BONE_FILE, BONE_COLUMNS, rows)
        _write_women(work / WOMEN_FILE, dict.fromkeys(SAMPLE_SCANNERS[sample.name] for sample in wanted), women)
        (work / "README.md").write_text(_readme(wanted), encoding="utf-8")
        _write_registry(work)
    if old:
        shutil.rmtree(target)
        fresh.rename(target)
    return tuple(sorted(p for p in target.rglob("*") if p.is_file()))


def _write_women(path: Path, scanners: Iterable[str], women: int) -> None:
    """SNR(L1-L4) of the same young women on each scanner, one row a woman and scanner.

    All alike but for their bodies, so that lessons compare machines; the cases beside them have reference ROIs too.
    """
    columns = ("scanner", "id", "age_years", "snr")
    rows: list[dict[str, Any]] = []
    for name in scanners:
        rng = np.random.default_rng(2025)
        table = scan_reference_group(sample_scanner(name), n=women, rng=rng, as_in_practice=False)
        rows += [{str(k): v for k, v in row.items()} | {"snr": f"{row['snr']:.3f}"} for row in table.to_dict("records")]
    write_table(path, columns, rows)


def _write_registry(folder: Path) -> None:
    """One line a file: its name and the sha256 of its bytes."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    lines = [f"{p.relative_to(folder).as_posix()} {hashlib.sha256(p.read_bytes()).hexdigest()}" for p in files]
    (folder / REGISTRY_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def check_registry(folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Names of the files that are missing or differ from registry.txt; empty if the sample data is whole.

    Raises
    ------
    ScannerError
        If there is no registry.txt.
    """
    root = Path(folder)
    registry = root / REGISTRY_FILE
    if not registry.is_file():
        raise ScannerError(f"{root} has no {REGISTRY_FILE}, so it is not sample data. Make it with: make sample-data.")
    wrong = []
    for line in registry.read_text(encoding="utf-8").splitlines():
        name, _, checksum = line.rpartition(" ")
        path = root / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != checksum:
            wrong.append(name)
    return tuple(wrong)


def _readme(samples: Sequence[SamplePatient]) -> str:
    listing = "\n".join(
        f"| `{p.name}` | {p.title} | {p.patient.sex}, {p.patient.age:g} | {SAMPLE_SCANNERS[p.name]} |" for p in samples
    )
    notes = "\n".join(
        f"- `{n}`: {scanner_named(n).note}" for n in dict.fromkeys(SAMPLE_SCANNERS[p.name] for p in samples)
    )
    return f"""# Sample data: synthetic lumbar spines

**All of this is synthetic.** No real person was scanned; every name, date and value is made up by the virtual scanner
of vbqkit. It is for learning and for testing software, not for drawing conclusions about people.

| folder | what | sex, age | scanner |
|---|---|---|---|
{listing}

Each folder holds

- `T1`, `T2` and `STIR`: sagittal DICOM MR, {SAMPLE_SLICES} slices of {SAMPLE_MATRIX} x {SAMPLE_MATRIX} pixels, \
12 bits. The middle slice lies on the midline;
- `{CT_FOLDER}`: sagittal DICOM CT of L1 to L4 and their neighbours, {CT_SLICE_MM:g} mm slices, pixels of \
{CT_PIXEL_MM:g} mm, native, 120 kV, with the rods of a QCT
  phantom (0 to 200 mg hydroxyapatite per cm3) behind the back;
- `{DEXA_FILE}`: DEXA as DICOM DX, anterior-posterior. A stored value times 0.001 is g/cm2;
- `{ROI_FILE}`: where an expert would measure on MR: L1 to L4, their neighbours T12, L5 and S1, CSF, noise, the \
endplates of L1 to L4 (without
  fractured ones and those with a lesion) and subcutaneous fat. All lie on the middle slice. Scores use L1 to L4, CSF \
and noise only;
- `{CT_ROI_FILE}`: where an expert would measure HU, and the rods; `{DEXA_LINES_FILE}`: the lines between the \
vertebrae of DEXA, mm below the first row, and the
  middle of the spine, mm from the first column;
- `{BONE_FILE}`: areal density, T- and Z-score (DEXA of L1 to L4), HU (L1) and QCT (L1 and L2); `{LEVELS_FILE}`: \
the same for each vertebra. **These are
  measured on the CT and DEXA images beside them**, with the ROIs and lines beside them; none is typed in. A fractured \
vertebra and one without a clean place
  are left out: its cells are empty, and the QCT of case05 is of L1 alone. `read_bone_images("case06").measure()` of \
`vbqkit.scanner` gives the same numbers
  (for case05 with `levels=("L1", "L3", "L4")`);
- `{TRUTH_FILE}`: what only a virtual patient can tell: the fat fraction of each vertebra's marrow, and every finding \
with its grade.

The `{BONE_FILE}` beside this file holds all cases in one table, and `{WOMEN_FILE}` the SNR of {REFERENCE_WOMEN} young \
healthy virtual women on the same
scanners: the reference group of the M-score.

All images are compressed without loss (RLE), which every DICOM reader understands, and marked as synthetic in their \
tags. Positions and ROIs are rounded to 0.000001 mm.

How it is made: a body is drawn from a seed (`vbqkit.anatomy.sample_patients`), its tissues have \
the relaxation times of one
table with its sources (`vbqkit/anatomy/tissues.csv`), and a named machine scans it \
by the signal equations, with partial
volume, limited resolution, water-fat shift, a surface coil and noise. The machines:

{notes}

`make sample-data` rebuilds everything from the seeds: bit for bit on one machine, to the same pixel values on another.
`{REGISTRY_FILE}` holds the SHA-256 of every file. `vbqkit simulate` makes more.

Licence: BSD-3-Clause, as the package.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuild the sample data; 0 if done, 1 if refused, 2 if not understood."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or given[0].startswith("-"):
        sys.stderr.write("usage: python -m vbqkit.sample_data FOLDER\n")
        return 2
    try:
        files = write_sample_data(given[0])
    except VbqkitError as error:
        sys.stderr.write(f"sample data: {error}\n")
        return 1
    size = sum(p.stat().st_size for p in files) / 1e6
    sys.stdout.write(f"{len(files)} files, {size:.1f} MB, in {given[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
