"""Small DICOM files, made for one question each."""

import pytest

from tests.privacy.small_files import save, tiny


@pytest.fixture
def image(tmp_path):
    """Write a small image: ``image("a.dcm", PatientName="Doe^Jane")``; its folder is ``tmp_path / "in"``."""

    def make(name="IM0001.dcm", **tags):
        return save(tiny(**tags), tmp_path / "in" / name)

    return make
