"""How property tests run everywhere: a busy computer is not a fault of the code under test."""

import sys
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

collect_ignore = [
    "reference/tptbox/make.py",  # made the digits beside it, with TPTBox; that is not installed for the tests
]
if sys.version_info >= (3, 14) and find_spec("highdicom") is None:  # as in the conftest above
    collect_ignore.append("report/test_dicom.py")
