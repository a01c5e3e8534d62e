"""Nothing on the command line ends in a traceback: odd paths, odd numbers, odd terminals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vbqkit.cli import main

CASE = Path(__file__).parents[2] / "sample_data" / "case04"
ROIS = str(CASE / "reference_rois.vbqkit.json")


@pytest.mark.parametrize(
    "arguments",
    [
        ["series", "a" * 300],
        ["series", "a\0b"],
        ["series", "~nobody-of-that-name/x"],
        ["series", str(CASE), "--max-unpacked-mib", "inf"],
        ["series", str(CASE), "--max-unpacked-mib", "nan"],
        ["series", str(CASE), "--max-unpacked-mib", "-1"],
        ["series", str(CASE), "--pixel-spacing", "nan,inf"],
        ["score", "a" * 300, "--rois", ROIS],
        ["score", str(CASE), "--rois", "a" * 300],
        ["score", str(CASE), "--rois", "~nobody-of-that-name/x.json"],
        ["score", str(CASE), "--rois", str(CASE)],
        ["score", str(CASE), "--rois", ROIS, "--series", "T1=²"],
        ["score", str(CASE), "--rois", ROIS, "--series", "T1=-1"],
        ["score", str(CASE), "--rois", ROIS, "--series", "T1=99999999999999999999"],
        ["score", str(CASE), "--rois", ROIS, "--reference-snr", "47.6,5.4,nan"],
        ["score", str(CASE), "--rois", ROIS, "--reference-snr", "47.6,5.4,inf"],
        ["score", str(CASE), "--rois", ROIS, "--reference-snr", "47.6,5.4,5.7"],
        ["score", str(CASE), "--rois", ROIS, "--reference-snr", "nan,inf,5"],
        ["score", str(CASE), "--rois", ROIS, "--jitter", "nan,inf"],
        ["score", str(CASE), "--rois", ROIS, "--jitter", "1e9,0"],
        ["score", str(CASE), "--rois", ROIS, "--exclude", "L9=fracture"],
        ["score", str(CASE), "--rois", ROIS, "--overrule", " "],
        ["score", str(CASE), "--rois", ROIS, "--exclude", "L2= "],
        ["series", ""],
        ["series", " "],
        ["score", "", "--rois", ROIS],
        ["score", str(CASE), "--rois", ""],
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_one_sentence(arguments, capsys):
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"vbqkit {arguments[0]}: ")
    assert "Traceback" not in captured.err


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_description_that_the_terminal_cannot_show_is_no_error(tmp_path, scan, encoding, options):
    folder = tmp_path / os.fsdecode(b"\xff\xfe")  # a name that is not UTF-8
    scan(slices=2, SpecificCharacterSet="ISO_IR 192", SeriesDescription="矢状位 T1 Ž").write(tmp_path / "plain")
    (tmp_path / "plain").rename(folder)
    done = subprocess.run(
        [sys.executable, "-m", "vbqkit.cli", "series", *options, folder],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if options:
        assert json.loads(done.stdout.decode(encoding))[0]["description"] == "矢状位 T1 Ž"
