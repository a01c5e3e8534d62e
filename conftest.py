"""What pytest passes over where a dependency has no wheels."""

import sys
from importlib.util import find_spec

# highdicom needs pyjpegls, which has no wheels for Python 3.14: what writes DICOM reports can be neither imported nor tested there.
WITHOUT_HIGHDICOM = sys.version_info >= (3, 14) and find_spec("highdicom") is None
collect_ignore = [f"vbqkit/report/dicom/{name}.py" for name in ("codes", "sc", "seg", "sr")] * WITHOUT_HIGHDICOM
