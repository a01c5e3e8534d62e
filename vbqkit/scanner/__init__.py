"""The virtual scanner: lumbar spines with known truth, scanned by physics on named machines."""

from vbqkit.scanner.acquire import acquire, scan
from vbqkit.scanner.anatomy import make_phantom
from vbqkit.scanner.cases import CASES, case_named
from vbqkit.scanner.dicom_out import Identity, write_dicom
from vbqkit.scanner.dixon import pdff_map
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.patients import VirtualPatient, draw_patients
from vbqkit.scanner.phantom import Phantom
from vbqkit.scanner.prepare import prepare
from vbqkit.scanner.presets import SCANNERS, scanner_named
from vbqkit.scanner.sequences import Timing, tissue_signal
from vbqkit.scanner.tissues import TISSUES, tissue_named

__all__ = [
    "CASES",
    "SCANNERS",
    "TISSUES",
    "Identity",
    "Phantom",
    "Protocol",
    "Scanner",
    "Timing",
    "VirtualPatient",
    "acquire",
    "case_named",
    "draw_patients",
    "make_phantom",
    "pdff_map",
    "prepare",
    "scan",
    "scanner_named",
    "tissue_named",
    "tissue_signal",
    "write_dicom",
]
