"""``vbqkit series``."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from vbqkit import read_study
from vbqkit.cli import main
from vbqkit.cli.progress_bar import progress_bar

REAL = Path(__file__).parents[3] / "shared" / "real"
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"no real images at {REAL}")


@pytest.fixture
def stack(tmp_path):
    """A thick stack with an identity header, as software writes that knows no orientation."""
    import SimpleITK as sitk  # noqa: N813 - its usual name

    image = sitk.GetImageFromArray(np.arange(5 * 60 * 20, dtype=np.int16).reshape(5, 60, 20))
    image.SetSpacing((0.7, 0.7, 4.0))
    sitk.WriteImage(image, str(tmp_path / "stack.mha"))
    return tmp_path / "stack.mha"


@real
def test_every_series_of_the_real_folder_is_listed_as_flat_json_with_its_refusal(capsys):
    assert main(["series", str(REAL / "dicom"), "--identify", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    # a picture in several codings is one series
    (copies,) = [c for c in read_study(REAL / "dicom").cautions if "same pixels as others under another" in c.message]
    assert len(rows) + int(copies.message.split()[0]) > 80
    assert [row["series"] for row in rows] == list(range(len(rows)))
    assert all(not isinstance(value, (list, dict)) for row in rows for value in row.values())
    assert all(row["scorable"] == (row["refusal"] is None) for row in rows)
    by_source = {Path(row["source"]).name: row for row in rows}
    assert "CT, not MR" in by_source["rle.dcm"]["refusal"]
    assert "12-bit JPEG extended" in by_source["MR2_JPLY"]["refusal"]
    assert "breaks off" in by_source["MR_truncated.dcm"]["refusal"]
    assert all(
        "echo-planar" in row["refusal"] for row in rows if "/ge/dti" in row["source"] or "/fmri" in row["source"]
    )


@real
def test_the_pseudonym_is_printed_in_its_own_place_and_names_and_birth_dates_never(capsys):
    """A reader must see whose images a row is about; PatientID is what pseudonymised files have for that."""
    import pydicom

    main(["series", str(REAL / "dicom"), "--identify", "--json"])
    rows = json.loads(capsys.readouterr().out)
    pseudonyms, others = set(), set()
    for path in (REAL / "dicom" / "nema_enhanced").iterdir():
        header = pydicom.dcmread(path, stop_before_pixels=True)
        pseudonyms.add(str(header.PatientID))
        others |= {str(header.get(name, "")) for name in ("PatientName", "PatientBirthDate", "AccessionNumber")}
    assert pseudonyms <= {row["patient"] for row in rows}
    elsewhere = repr([{key: value for key, value in row.items() if key != "patient"} for row in rows])
    assert not [text for text in (pseudonyms | others) - {""} if text in elsewhere]


def test_people_see_a_table_the_reasons_and_the_way_out(stack, capsys):
    assert main(["series", str(stack)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("series  plane  weighting")
    assert "not scorable: axial" in shown
    assert "! orientation-doubtful: The header has no orientation of its own" in shown


def test_plane_and_weighting_can_be_said_by_hand(stack, capsys):
    assert main(["series", str(stack), "--plane", "sagittal", "--weighting", "T1", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["plane"], row["weighting"], row["weighting_reason"], row["scorable"]) == (
        "sagittal", "T1", "stated by the user", True,
    )  # fmt: skip


def test_what_is_refused_is_said_on_standard_error_without_a_traceback(tmp_path, capsys):
    assert main(["series", str(tmp_path / "nowhere")]) == 1
    assert "vbqkit series: There is nothing at" in capsys.readouterr().err
    assert main(["series", str(tmp_path), "--pixel-spacing", "wide"]) == 1
    assert "--pixel-spacing wide is not understood; write ROWS,COLS" in capsys.readouterr().err


def test_a_pixel_size_can_be_stated_and_an_impossible_one_is_refused(stack, capsys):
    assert main(["series", str(stack), "--pixel-spacing", "0.7,0.7", "--json"]) == 0
    assert main(["series", str(stack), "--pixel-spacing", "0.7,0"]) == 1
    assert "pixel_spacing_mm=(0.7, 0.0) is not possible" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_progress_bar_shows_counts_on_a_terminal_and_wipes_itself_away(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = iter(range(100))
    monkeypatch.setattr("vbqkit.cli.progress_bar.time.monotonic", lambda: float(next(clock)))
    with progress_bar("Reading") as progress:
        progress(1, 4)
        progress(4, 4)
    assert "1 of 4" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")
    assert terminal.getvalue().split("\r")[-2].strip() == ""


def test_there_is_no_progress_bar_where_nobody_looks(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress_bar("Reading") as progress:
        assert progress is None
