"""Text in the air of a picture is found, and nothing else is taken for it."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.privacy.small_files import written
from vbqkit import read_study
from vbqkit.anatomy import SAMPLE_PATIENTS, sample_patient
from vbqkit.privacy.burnt_in import text_marks, text_on_body
from vbqkit.scanner import SCANNERS, scan, scanner_named

SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def middle():
    return middle_slices("case01")


def middle_slices(name):
    """The middle slices of a sample patient by weighting."""
    volumes = [series.volume() for series in read_study(f"{SAMPLES}/{name}") if series.acquisition.modality == "MR"]
    return {v.acquisition.weighting: v.pixels[len(v.pixels) // 2].astype(float) for v in volumes}


ONTO_THE_SACRUM = {("case01", "T1", 24), ("case01", "T2", 24)}
"""Names below whose last letters stand on the sacrum: painting those in the air over must not let the picture pass."""


@pytest.mark.parametrize("size", [8, 10, 12, 16, 24])
@pytest.mark.parametrize("low", [False, True])
def test_a_name_in_a_corner_is_found_at_every_size(middle, size, low):
    for case, pictures in (("case01", middle), ("case02", middle_slices("case02"))):
        for weighting, picture in pictures.items():
            marked = written(picture, size, low=low)
            marks = text_marks(marked)
            assert marks is not None
            if low and (case, weighting, size) in ONTO_THE_SACRUM:
                assert text_on_body(np.where(marks, 0, marked))
            rows = np.flatnonzero(marks.any(axis=1))
            assert rows.min() > picture.shape[0] - 40 if low else rows.max() < 40


def test_text_that_runs_downwards_is_found(middle):
    assert text_marks(np.rot90(written(np.rot90(middle["T1"]), 14), -1)) is not None


def test_colours_are_looked_through(middle):
    picture = written(middle["T1"], 14)
    assert text_marks(np.stack([picture, 0 * picture, picture], axis=-1)) is not None


def across_the_body(picture, size, share):
    layer = Image.new("L", picture.shape[::-1], 0)
    where = (0.25 * picture.shape[1], share * picture.shape[0])
    ImageDraw.Draw(layer).text(where, "NOVAK JANA 1948", fill=255, font=ImageFont.load_default(size=size))
    opaque = np.asarray(layer) / 255.0
    return picture * (1 - opaque) + opaque * picture.max()


@pytest.mark.parametrize(("size", "fewest"), [(12, 7), (18, 8), (24, 8), (36, 6)])
def test_most_names_across_the_body_are_found(middle, size, fewest):
    found = [
        text_on_body(across_the_body(picture, size, share)) for picture in middle.values() for share in (0.3, 0.5, 0.7)
    ]
    assert sum(found) >= fewest, "of 9"


def test_clean_slices_noise_ghosts_and_wedges_are_no_text(middle):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:256, :256]
    body = 600.0 * ((((y - 128) / 110) ** 2 + ((x - 150) / 70) ** 2) < 1) * (1 + 0.3 * np.sin(x / 3) * np.sin(y / 5))
    noise = np.abs(rng.normal(0, 10, (12, 256, 256)) + 1j * rng.normal(0, 10, (12, 256, 256)))
    ghosts = body + sum(np.roll(body, shift, 1) * 0.06 for shift in (32, 64, 96, 128))
    wedge = body.copy()
    for step in range(16):
        wedge[10 + 14 * step : 24 + 14 * step, 236:250] = 60 * step
    pictures = [
        *middle.values(),
        *noise[:4],
        *(ghosts + one for one in noise[4:8]),
        *(wedge + one for one in noise[8:]),
    ]
    assert [k for k, picture in enumerate(pictures) if text_marks(picture) is not None] == []
    assert [k for k, picture in enumerate(pictures) if text_on_body(picture)] == []


def test_a_bright_band_that_noise_cuts_into_pieces_is_no_text_but_pieces_far_apart_are():
    """CSF in front of the cord on T2 with much noise: five pieces of one height and brightness in a row."""
    band = np.full((60, 120), 20.0)
    band[:, :30] = 0
    band[24:30, 40:98] = 60
    for k in range(6):
        band[24:30, 40 + 10 * k : 48 + 10 * k] = 100
        band[26:28, 42 + 10 * k : 46 + 10 * k] = 60
    letters = np.where(band == 60, 20.0, band)
    assert not text_on_body(band)
    assert text_on_body(letters)


def test_pictures_that_cannot_hold_text_are_not_searched():
    assert text_marks(np.zeros((4, 4))) is None
    assert text_marks(np.full((50, 50), np.nan)) is None
    assert text_marks(np.zeros((60, 60))) is None


@pytest.mark.slow
def test_no_slice_of_the_eight_sample_patients_raises_an_alarm():
    alarms, slices = [], 0
    for case in SAMPLE_PATIENTS:
        for series in read_study(f"{SAMPLES}/{case}"):
            if series.acquisition.modality == "DX":
                continue
            for number, picture in enumerate(series.volume().pixels):
                slices += 1
                if text_marks(picture) is not None or text_on_body(picture):
                    alarms.append((case, series.acquisition.weighting, number))
    assert slices > 360
    assert alarms == []


@cache
def body_of_case03():
    return sample_patient("case03").phantom(in_plane_mm=0.8, plane_mm=2.2)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SCANNERS))
def test_no_scan_of_a_virtual_scanner_raises_an_alarm(name):
    """Ordinary noise and ten times as much, with the machine's own processing: masks, corrections, interpolation."""
    machine = scanner_named(name)
    body = body_of_case03()
    for series in scan(body, machine, rng=np.random.default_rng(5)):
        pixels = series.volume().pixels.astype(float)
        noisy = np.abs(pixels + np.random.default_rng(6).normal(0, 0.1 * pixels.max(), pixels.shape))
        for picture in (*pixels, *noisy):
            assert text_marks(picture) is None
            assert not text_on_body(picture)
