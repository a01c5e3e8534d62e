"""Series with one thing altered, as PACS, export scripts and anonymisers leave them."""

import pytest

from tests.formats.conftest import Scan
from tests.formats.conftest import save as save_dicom
from vbqkit import read_study


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
