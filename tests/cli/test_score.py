"""``vbqkit score``: the real T1 series, and simulated ones with every way to be misunderstood."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from vbqkit import Rectangle, write_rois
from vbqkit.cli import main
from vbqkit.formats import read_study
from vbqkit.scores import no_free_air

REAL = Path("../shared/real/lumbar_t1/lumbar_t1_sagittal.mha")
ROIS = Path(__file__).parent.parent / "reference" / "lumbar_t1_rois.json"
needs_real = pytest.mark.skipif(not REAL.exists(), reason="../shared/real is absent: the real T1 series was not scored")
PLACES = {"L1": (60, 75), "L2": (110, 75), "L3": (160, 75), "L4": (210, 75), "CSF": (160, 107), "noise": (150, 182)}


@pytest.fixture
def case(tmp_path):
    """A body in air with marrow 240, CSF 100 and noise of 3, as MHA, and its ROIs."""
    rng = np.random.default_rng(3)
    signal = np.zeros((3, 300, 200))
    signal[:, :, 40:160] = 180.0
    signal[:, :, 60:90] = 240.0
    signal[:, :, 100:115] = 100.0
    noisy = np.abs(signal + 3.0 * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape)))
    image = SimpleITK.GetImageFromArray(np.rint(noisy).astype(np.int16))
    image.SetDirection((0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0))
    image.SetSpacing((1.0, 1.0, 4.4))
    SimpleITK.WriteImage(image, str(tmp_path / "case.mha"))
    volume = read_study(tmp_path / "case.mha").series[0].volume()
    rois = [Rectangle.on(volume.slice(1), p, 6.3, 6.3, label=k).with_area() for k, p in PLACES.items()]
    write_rois(tmp_path / "rois.json", rois, image=volume.slice(1))
    return tmp_path


def run(capsys, *arguments):
    status = main([str(a) for a in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@needs_real
def test_the_real_series_has_a_vbq_with_its_parts_and_no_m_score(capsys):
    status, out, _ = run(capsys, "score", REAL, "--rois", ROIS, "--json")
    rows = json.loads(out)
    assert status == 0
    vbq = [row for row in rows if row["score"] == "VBQ-T1"]
    assert {row["aggregate"] for row in vbq} == {"median", "mean"}
    for row in vbq:
        levels = [row[f"part_{level}_mean"] for level in ("L1", "L2", "L3", "L4")]
        assert 1.5 < row["value"] < 5
        assert row["value"] == pytest.approx(getattr(np, row["aggregate"])(levels) / row["part_CSF_mean"])
    refused = {row["score"]: row["refused"] for row in rows if row["value"] is None}
    assert "has no free air" in refused["M-score"]
    for row in rows:
        assert all(isinstance(value, (str, int, float, type(None))) for value in row.values())


@needs_real
def test_the_dark_corner_of_the_real_crop_is_not_air():
    image = read_study(REAL).series[0].volume().slice(5)
    assert "has no free air" in no_free_air(image)


def test_scores_and_m_score_against_a_reference_group(case, capsys):
    arguments = (
        "score",
        case / "case.mha",
        "--rois",
        case / "rois.json",
        "--series",
        "T1=0",
        "--reference-snr",
        "80,10,30",
    )
    status, out, _ = run(capsys, *arguments, "--json")
    rows = {(row["score"], row["aggregate"]): row for row in json.loads(out)}
    assert status == 0
    assert rows["VBQ-T1", "median"]["value"] == pytest.approx(2.4, rel=0.02)
    snr = rows["SNR", "-"]["value"]
    assert rows["M-score", "-"]["value"] == pytest.approx((snr - 80) / 10)
    status, out, _ = run(capsys, *arguments)
    assert "it does not diagnose" in out
    assert "higher = more marrow fat" in out


def test_an_unknown_weighting_is_never_guessed(case, capsys):
    status, _, err = run(capsys, "score", case / "case.mha", "--rois", case / "rois.json")
    assert status == 1
    assert "nothing is guessed" in err
    status, _, err = run(capsys, "score", case / "case.mha", "--rois", case / "rois.json", "--series", "0")
    assert status == 1
    assert "set it: --series T1=0" in err


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--series", "T1=7"), "names no series"),
        (("--series", "FLAIR=0"), "names no series"),
        (("--series", "T1=0", "--reference-snr", "80;10"), "write MEAN,SD,N"),
        (("--series", "T1=0", "--reference-snr", "80,0,5"), "mean and an SD above 0"),
        (("--series", "T1=0", "--exclude", "L2"), "write it like --exclude L2=fracture"),
    ],
)
def test_what_is_not_understood_is_said(case, capsys, extra, words):
    status, out, err = run(capsys, "score", case / "case.mha", "--rois", case / "rois.json", *extra)
    assert status == 1
    assert words in err
    assert not out


def test_a_fractured_level_follows_the_rule_that_is_named(case, capsys):
    base = (
        "score",
        case / "case.mha",
        "--rois",
        case / "rois.json",
        "--series",
        "T1=0",
        "--exclude",
        "L2=fracture",
        "--json",
    )
    _, out, _ = run(capsys, *base)
    refused = [row["refused"] for row in json.loads(out) if row["score"] == "VBQ-T1"]
    assert "The rule 'all four' (Košice group 2025 and Cui 2025) stops here" in refused[0]
    _, out, _ = run(capsys, *base, "--rule", "leave out")
    rows = [row for row in json.loads(out) if row["score"] == "VBQ-T1"]
    assert {row["levels"] for row in rows} == {"L1 L3 L4"}
    assert "level-left-out" in rows[0]["cautions"]


def test_help_and_version(capsys):
    assert main(["--version"]) == 0
    assert main([]) == 2
    assert "score" in capsys.readouterr().out


@pytest.mark.slow
def test_a_reader_that_stops_early_sees_no_traceback():
    command = f"{sys.executable} -m vbqkit.cli ledger --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "["
    assert not done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_is_an_error_in_words(options):
    command = [sys.executable, "-m", "vbqkit.cli", "series", "sample_data/case01", *options]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("vbqkit series: the result could not be written (")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
