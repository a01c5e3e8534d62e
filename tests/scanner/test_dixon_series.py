"""The series of a Dixon scan: against closed forms, the known fat fraction, and as DICOM read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pydicom
import pytest

from vbqkit.anatomy.phantom import Phantom
from vbqkit.anatomy.tissues import FAT_PEAKS, fat_t1_ms, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.formats import read_study
from vbqkit.scanner.dicom_out import Identity
from vbqkit.scanner.dixon import (
    MAIN_PEAK,
    SERIES,
    dixon_echoes_ms,
    fat_turns,
    scan_dixon,
    split_water_and_fat,
    write_dixon,
)
from vbqkit.scanner.machine import Protocol, Scanner
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import dixon_signals

PROTOCOL = Protocol(
    weighting="PD", timing=Timing(tr_ms=500, te_ms=10), fov_mm=120, matrix=64, acquired=(64, 64), slices=3
)
SCANNER = Scanner(name="ideal", vendor="no one", model="ideal", field_t=3.0, coil=None, noise=0.0, apodisation=0.0)
CORE = (slice(24, 40), slice(24, 40))


def bottle(pdff: float, tissue: str = "marrow") -> Phantom:
    return Phantom.uniform(tissue, shape=(18, 60, 60), pdff=pdff, spacing_mm=(1.0, 2.0, 2.0))


def scanned(phantom: Phantom, scanner: Scanner = SCANNER, **options: object) -> dict[str, np.ndarray]:
    study = scan_dixon(phantom, scanner, PROTOCOL, rng=np.random.default_rng(1), slices=[1], **options)
    return {name: np.asarray(series.volume().pixels[0])[CORE] for name, series in zip(SERIES, study, strict=True)}


@pytest.mark.parametrize("field_t", [1.5, 3.0])
@pytest.mark.parametrize("pdff", [0.0, 0.1, 0.45, 0.8])
def test_the_fat_fraction_is_the_known_one(field_t, pdff):
    found = scanned(bottle(pdff), replace(SCANNER, field_t=field_t), flip_angle_deg=1.0)
    # what is left is T1: at 1 degree fat is 1 % brighter than at none
    assert found["PDFF"].mean() == pytest.approx(100 * pdff, abs=0.6)
    assert found["FAT"].mean() / (found["FAT"] + found["WATER"]).mean() == pytest.approx(pdff, abs=0.01)


def test_one_peak_of_fat_finds_too_little():
    six, one = (scanned(bottle(0.45), flip_angle_deg=1.0, peaks=p)["PDFF"].mean() for p in (FAT_PEAKS, MAIN_PEAK))
    # a seventh of fat lies beside water or far from the main peak
    assert one < six - 2.0


def test_in_and_opposed_phase_are_the_closed_form_of_all_peaks():
    found = scanned(bottle(0.45), tr_ms=30.0, flip_angle_deg=2.0)
    marrow, (opposed_ms, in_ms) = tissue_named("marrow"), dixon_echoes_ms(3.0)[:2]
    steady = {"tr_ms": 30.0, "flip_angle_deg": 2.0}
    water = 0.55 * dixon_signals(marrow.t1_3t_ms, **steady)

    def picture(te_ms: float) -> float:
        fat = sum(
            p.share
            * dixon_signals(p.t1_ratio * fat_t1_ms(3.0), **steady)
            * np.exp(2j * np.pi * (p.ppm - 4.7) * 42.577 * 3.0 * te_ms / 1000.0)
            for p in FAT_PEAKS
        )
        return abs(water + 0.45 * fat)

    assert found["OPPOSED"].mean() / found["IN"].mean() == pytest.approx(picture(opposed_ms) / picture(in_ms), rel=5e-3)
    assert found["OPPOSED"].mean() < 0.5 * found["IN"].mean()


def test_least_squares_takes_noise_evenly():
    rng = np.random.default_rng(3)
    turns = fat_turns(dixon_echoes_ms(1.5), 1.5)
    noise = rng.standard_normal((6, 20000, 2)).view(np.complex128)[..., 0]
    water, fat = split_water_and_fat((0.6 + 0.4 * turns)[:, None] + 0.02 * noise, turns)
    assert np.abs(water).mean() == pytest.approx(0.6, abs=0.002)
    assert np.abs(fat).mean() == pytest.approx(0.4, abs=0.002)
    # six echoes that are nearly a sum and a difference: the SD of each is that of one echo over the root of six
    assert water.real.std() == pytest.approx(0.02 / np.sqrt(6), rel=0.1)


def test_more_partitions_have_less_noise():
    sds = []
    for slices in (1, 16):
        protocol = replace(PROTOCOL, slices=slices, thickness_mm=1.0)
        study = scan_dixon(
            bottle(0.45), replace(SCANNER, noise=0.004), protocol, rng=np.random.default_rng(4), slices=[slices // 2]
        )
        values = np.asarray(study.series[4].volume().pixels[0])[CORE]
        sds.append(float(values.std()))
    assert sds[0] / sds[1] == pytest.approx(4.0, rel=0.3)


def test_a_repetition_shorter_than_its_echoes_is_refused():
    with pytest.raises(ScannerError, match=r"TR 5 ms ends before the last echo at 6\.9 ms \(3 T\); give more"):
        scanned(bottle(0.4), tr_ms=5.0)


def test_written_series_are_read_back_with_the_known_fat_fraction_and_are_not_scored(tmp_path):
    study = scan_dixon(bottle(0.45), replace(SCANNER, noise=0.001), PROTOCOL, rng=np.random.default_rng(2))
    who = Identity(case="BOTTLE", sex="F", age=50, bmi=24)
    names = write_dixon(study, SCANNER, PROTOCOL, who, tmp_path)
    assert len(names) == 3 * len(SERIES)
    read = read_study(tmp_path)
    found = {s.acquisition.series_description: s for s in read}
    assert set(found) == {f"SAG DIXON {name} SYNTHETIC" for name in SERIES}
    assert all(not s.scorable or s.acquisition.weighting == "unknown" for s in read), (
        "no score is named for any of them"
    )
    for name in ("WATER", "FAT", "PDFF"):
        assert not found[f"SAG DIXON {name} SYNTHETIC"].scorable
    percent = found["SAG DIXON PDFF SYNTHETIC"].volume()
    assert np.asarray(percent.pixels[1])[CORE].mean() == pytest.approx(45.0, abs=1.5)
    header = pydicom.dcmread(tmp_path / "DIXON_IN" / "0002.dcm")
    assert float(header.EchoTime) == pytest.approx(2 * 1000 / (2 * 3.4 * 42.577 * 3.0), abs=0.01)
    assert (list(header.ImageType)[2], header.MRAcquisitionType) == ("IN_PHASE", "3D")
    map_header = pydicom.dcmread(tmp_path / "DIXON_PDFF" / "0001.dcm")
    assert (map_header.RescaleType, float(map_header.RescaleSlope)) == ("PERCENT", 0.1)
