"""Larger noise ROIs, several, and the difference of two scans: right on average, and steadier than one small ROI."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import draw_patients
from vbqkit.anatomy.assembly import make_phantom
from vbqkit.errors import ScoreError
from vbqkit.image import Slice
from vbqkit.roi import Rectangle
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.presets import scanner_named
from vbqkit.scores.noise_methods import difference_sd, enlarged, in_a_row, pooled_sd

SHAPE, SD = (200, 200), 12.0


def picture(seed: int, *, level: float = 400.0, tilt: float = 0.0) -> Slice:
    """Tissue with a slope in brightness, and Gaussian noise of SD 12."""
    noise = np.random.default_rng(seed).normal(0.0, SD, SHAPE)
    slope = tilt * np.arange(SHAPE[0])[:, None]
    return Slice(level + slope + noise, (0.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))


def roi(row: float = 100.0) -> Rectangle:
    return Rectangle.on(picture(0), (row, 100.0), 8.0, 9.0, label="noise")


def scatter(values: list[float]) -> float:
    return float(np.std(values, ddof=1) / np.mean(values))


def test_more_pixels_scatter_less_and_no_method_is_biased_on_plain_noise():
    one, large, several, difference = [], [], [], []
    for seed in range(60):
        image, again = picture(seed), picture(1000 + seed)
        one.append(roi().measure(image).sd)
        large.append(enlarged(roi(), 5.0).measure(image).sd)
        several.append(pooled_sd(r.measure(image) for r in in_a_row(roi(), 5, step_mm=15.0)))
        difference.append(difference_sd(image, again, in_a_row(roi(), 5, step_mm=15.0)))
    assert scatter(one) == pytest.approx(1 / np.sqrt(2 * 71), rel=0.3)
    for found in (large, several, difference):
        assert np.mean(found) == pytest.approx(SD, rel=0.02)
        assert scatter(found) == pytest.approx(scatter(one) / np.sqrt(5), rel=0.35)


def test_the_difference_finds_the_noise_under_a_slope_that_a_roi_takes_for_noise():
    image, again = picture(1, tilt=4.0), picture(2, tilt=4.0)
    assert enlarged(roi(), 5.0).measure(image).sd > 3 * SD
    assert difference_sd(image, again, [enlarged(roi(), 5.0)]) == pytest.approx(SD, rel=0.15)


def test_rois_in_a_row_are_as_far_apart_as_asked_and_keep_their_size():
    row = in_a_row(roi(), 3, step_mm=20.0)
    assert [r.label for r in row] == ["noise-1", "noise-2", "noise-3"]
    assert row[1].center_mm == pytest.approx(roi().center_mm)
    assert np.linalg.norm(np.subtract(row[2].center_mm, row[0].center_mm)) == pytest.approx(40.0)
    assert [r.area_mm2 for r in row] == pytest.approx([roi().area_mm2] * 3)
    assert enlarged(roi(), 5.0).area_mm2 == pytest.approx(5 * roi().area_mm2)


def test_a_row_follows_the_back_and_stays_as_far_from_it():
    """Air on the right; the skin comes 30 columns nearer to the row in the lower part of the picture."""
    rng = np.random.default_rng(4)
    noise = np.abs(rng.normal(0.0, SD, SHAPE) + 1j * rng.normal(0.0, SD, SHAPE))
    skin = np.where(np.arange(SHAPE[0]) < 120, 100, 130)
    signal = np.where(np.arange(SHAPE[1])[None, :] < skin[:, None], 600.0 + noise, noise)
    image = Slice(signal, (0.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
    start = Rectangle.on(image, (80.0, 120.0), 8.0, 9.0, label="noise")
    straight, row = in_a_row(start, 3, step_mm=60.0), in_a_row(start, 3, step_mm=60.0, image=image)
    assert [r.center_mm for r in row[:2]] == [r.center_mm for r in straight[:2]]
    assert row[2].center_mm[2] == straight[2].center_mm[2]
    assert row[2].center_mm[1] == pytest.approx(straight[2].center_mm[1] + 30.0, abs=2.0)
    with pytest.raises(ScoreError, match="does not lie in free air"):
        in_a_row(Rectangle.on(image, (80.0, 50.0), 8.0, 9.0, label="noise"), 3, step_mm=20.0, image=image)
    with pytest.raises(ScoreError, match="No free air within 40 mm"):
        in_a_row(start, 3, step_mm=150.0, image=image)


def test_what_cannot_be_measured_is_refused_in_words():
    image = picture(1)
    with pytest.raises(ScoreError, match="same picture"):
        difference_sd(image, image, [roi()])
    with pytest.raises(ScoreError, match="do not match"):
        difference_sd(image, replace(picture(2), origin_mm=(5.0, 0.0, 0.0)), [roi()])
    with pytest.raises(ScoreError, match="no SD to pool"):
        pooled_sd([])
    with pytest.raises(ScoreError, match="0 ROIs"):
        in_a_row(roi(), 0, step_mm=5.0)
    with pytest.raises(ScoreError, match="cannot grow by -1"):
        enlarged(roi(), -1.0)


@pytest.mark.slow
def test_snr_of_a_woman_repeats_better_by_every_method_and_between_women_a_difference_scatters_least():
    """Twelve young women, each scanned three times, on a machine that corrects its coil.

    What the methods take away is chance, in which one woman's SNR differs from scan to scan. What they leave is of the
    women: noise behind the back and in the marrow changes with the distance from the coil. How much that is depends on
    who is drawn: with the bodies before these, one woman whose back lay almost on the coil made a third of the scatter
    of the small ROI. So bounds on the gain are bounds on chance.
    """
    scanner = scanner_named("generic-1.5t")
    women = draw_patients(12, rng=np.random.default_rng(20), sex="F", age_range=(20.0, 30.0), fractured=False)
    found: dict[str, list[list[float]]] = {"one": [], "large": [], "several": [], "difference": []}
    for k, woman in enumerate(women):
        body = make_phantom(woman, seed=k, in_plane_mm=0.8, plane_mm=2.2, width_mm=11.0)
        rois = {r.label: r for r in body.reference_rois}
        scans = [
            acquire(body, scanner, "T1", rng=np.random.default_rng((k, n)), slices=[7], gain=1.0).slice(0)
            for n in (0, 1, 2)
        ]
        levels, noise = [rois[level] for level in ("L1", "L2", "L3", "L4")], rois["noise"]
        for values in found.values():
            values.append([])
        for scan, again in zip(scans, scans[1:] + scans[:1], strict=True):
            marrow = float(np.mean([level.measure(scan).mean for level in levels]))
            row = in_a_row(noise, 5, step_mm=12.0, image=scan)
            found["one"][k].append(marrow / noise.measure(scan).sd)
            found["large"][k].append(marrow / enlarged(noise, 5.0).measure(scan).sd)
            found["several"][k].append(marrow / pooled_sd(r.measure(scan) for r in row))
            found["difference"][k].append(marrow / difference_sd(scan, again, levels))
    snr = {name: np.array(values) for name, values in found.items()}
    chance = {name: float(np.mean([scatter(woman) for woman in values])) for name, values in snr.items()}
    between = {name: float(np.mean([scatter(scan) for scan in values.T])) for name, values in snr.items()}
    # by chance 7 % with one ROI, 4 % with a large one and with five, 5 % with the difference
    assert chance["difference"] < 0.7 * chance["one"]
    assert chance["large"] < 0.7 * chance["one"]
    assert chance["several"] < 0.8 * chance["one"]
    # between women 32 % with one ROI, 26 % with a large one, 21 % with five, 12 % with the difference
    assert between["difference"] < min(between[name] for name in ("one", "large", "several"))
    assert chance["difference"] < 0.5 * between["difference"], "what is left is of the women"
