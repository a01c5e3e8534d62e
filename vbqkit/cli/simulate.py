"""``vbqkit simulate``: a sample patient on a named scanner, as DICOM with ROIs and truth."""

from __future__ import annotations

import argparse

from vbqkit import anatomy, scanner
from vbqkit.cli.report import Report
from vbqkit.errors import ScannerError

HELP = "scan a virtual patient on a named machine, with CT and DEXA: DICOM, reference ROIs, bone measurements, the truth; synthetic"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options of the command."""
    parser.add_argument("--case", metavar="NAME", help="a sample patient, case01 to case08; see --list")
    parser.add_argument("--scanner", metavar="NAME", help="a machine; see --list")
    parser.add_argument("--out", metavar="DIR", help="folder to write to; new or empty")
    parser.add_argument(
        "--dixon", action="store_true", help="write a Dixon scan too: in and opposed phase, water, fat and fat fraction"
    )
    parser.add_argument("--list", action="store_true", help="list the sample patients and the scanners, then stop")


def run(args: argparse.Namespace) -> Report:
    """Simulate and write, or list what there is.

    Raises
    ------
    ScannerError
        If an option is missing, a name is unknown or the folder cannot be written.
    """
    if args.list:
        samples, machines = anatomy.SAMPLE_PATIENTS.values(), scanner.SCANNERS.values()
        listed = [{"kind": "case", "name": p.name, "what": p.title} for p in samples]
        listed += [{"kind": "scanner", "name": s.name, "what": f"{s.model}. {s.note}"} for s in machines]
        return Report(rows=listed)
    missing = [f"--{name}" for name in ("case", "scanner", "out") if getattr(args, name) is None]
    if missing:
        raise ScannerError(
            f"{', '.join(missing)} missing: say which sample patient, which scanner and where to write (--list shows the choices)."
        )
    from vbqkit.sample_data import write_case  # noqa: PLC0415 - loads pydicom and pandas: only to scan something

    sample, machine = anatomy.sample_patient(args.case), scanner.scanner_named(args.scanner)
    files = write_case(sample, machine, args.out, dixon=args.dixon)
    rows = [
        {
            "case": sample.name,
            "scanner": machine.name,
            "series": p.weighting,
            "slices": p.slices,
            "matrix": p.matrix,
            "tr_ms": p.timing.tr_ms,
            "te_ms": p.timing.te_ms,
            "ti_ms": p.timing.ti_ms,
            "folder": str(files[0].parents[1] / p.weighting),
        }
        for p in machine.protocols
    ]
    dixon = " (Dixon series too)" if args.dixon else ""
    remarks = (
        f"{len(files)} files in {args.out}: DICOM of MR{dixon}, CT and DEXA, reference ROIs, bone.csv, bone_levels.csv, truth.csv. All synthetic.",
        f"{machine.name}: {machine.note}",
    )
    return Report(rows=rows, remarks=remarks)
