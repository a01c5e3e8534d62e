"""Series with one thing altered, as PACS, export scripts and anonymisers leave them."""

from pathlib import Path

import pydicom
import pytest

from tests.formats.conftest import Scan
from tests.formats.conftest import save as save_dicom
from vbqkit import read_study

SAMPLE_CASE = Path(__file__).parents[2] / "sample_data" / "case04"


@pytest.fixture
def scan():
    """Make a series: ``scan(slices=5, EchoTime=90)``."""
    return Scan


@pytest.fixture
def save():
    """Write one header with its pixels."""
    return save_dicom


@pytest.fixture
def series_of(tmp_path):
    """The one series of a folder with the altered slices: ``series_of(EchoTime=90)`` or ``series_of(change)``."""

    def made(change=None, **tags):
        scan = Scan(**{"slices": 3} | tags)
        for header in scan.slices if change else ():
            change(header)
        scan.write(tmp_path)
        (series,) = read_study(tmp_path)
        return series

    return made


@pytest.fixture(scope="module")
def slices():
    """The T1 slices of case04, uncompressed; a test that changes one works on a copy."""
    found = []
    for path in sorted((SAMPLE_CASE / "T1").iterdir()):
        dataset = pydicom.dcmread(path)
        dataset.decompress()
        found.append(dataset)
    return found
