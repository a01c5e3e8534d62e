"""ROIs measured without pictures against the full simulation of the same body on the same machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import VirtualPatient, make_phantom
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scanner import scan, scanner_named
from vbqkit.validation.roi_signals import measured_rois, slab_at

LABELS = (*SCORED_LEVELS, CSF)


def body(seed: int, fat: float = 0.42):
    patient = VirtualPatient(
        age=60, sex="F", bmi=24.0, pdff=(fat, fat + 0.01, fat + 0.02, fat + 0.03), t_score=-1.5, qct_mg_cm3=95.0
    )
    own = patient.with_own_times(np.random.default_rng(seed))
    return make_phantom(own, seed=seed, in_plane_mm=0.8, plane_mm=2.2, width_mm=11.0)


def both_ways(phantom, scanner, seed=0):
    """Mean of each ROI relative to L3, and the SD in air over L3: by pictures, and without."""
    rng = np.random.default_rng(seed)
    rows = {}
    for series in scan(phantom, scanner, rng=rng, around=phantom.reference_rois):
        volume = series.volume()
        protocol = scanner.protocol(volume.acquisition.weighting)
        slab = slab_at(phantom, protocol, index=protocol.slices // 2, rng=rng)
        quick = measured_rois(slab, phantom.reference_rois, scanner, protocol, rng=rng)
        full = {roi.label: roi.measure(volume) for roi in phantom.reference_rois}
        rows[protocol.weighting] = [
            np.array([m[label].mean / m["L3"].mean for label in LABELS] + [m[NOISE].sd / m["L3"].mean])
            for m in (full, quick)
        ]
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ge-hdx-1.5t", "philips-achieva-3t", "hitachi-1.2t", "generic-1.5t-plain"])
def test_levels_and_csf_agree_with_the_full_simulation_without_noise(name):
    scanner = replace(scanner_named(name), noise=0.0, csf_flow_per_s=0.0, motion=0.0)
    for seed in (1, 2):
        for weighting, (full, quick) in both_ways(body(seed), scanner).items():
            assert quick[:-1] == pytest.approx(full[:-1], rel=0.02), (name, weighting)
            vbq = [np.median(found[: len(SCORED_LEVELS)]) / found[LABELS.index(CSF)] for found in (quick, full)]
            assert vbq[0] == pytest.approx(vbq[1], rel=0.02), (name, weighting)


@pytest.mark.slow
def test_noise_in_air_and_in_csf_agree_with_the_full_simulation():
    for name in ("hitachi-1.2t", "generic-1.5t-plain"):
        scanner = replace(scanner_named(name), csf_flow_per_s=0.0, motion=0.0, noise=0.03)
        phantom = body(1)
        pairs = np.array([both_ways(phantom, scanner, seed)["T1"] for seed in range(8)])
        full, quick = pairs.mean(axis=0)
        # eight noise ROIs of about 30 independent pixels: a standard error of 5 % each
        assert quick[-1] == pytest.approx(full[-1], rel=0.2), name
        assert quick[LABELS.index(CSF)] == pytest.approx(full[LABELS.index(CSF)], rel=0.05), name


def test_fat_shifts_the_signal_of_a_roi_beside_fat_and_not_one_within_marrow():
    scanner = replace(scanner_named("ge-hdx-1.5t"), noise=0.0, csf_flow_per_s=0.0)
    phantom, protocol = body(1), scanner.protocol("T1")
    wide = replace(protocol, bandwidth_hz_per_px=4000.0)
    narrow = replace(protocol, bandwidth_hz_per_px=60.0)
    rng = np.random.default_rng(0)
    slab = slab_at(phantom, protocol, index=protocol.slices // 2, rng=rng)
    beside = next(r for r in phantom.reference_rois if r.label == CSF).moved((0.0, 13.0, 0.0)).with_label("beside")
    inside = next(r for r in phantom.reference_rois if r.label == "L3")
    signals = [measured_rois(slab, (beside, inside), scanner, p, rng=rng) for p in (wide, narrow)]
    change = {label: abs(signals[1][label].mean / signals[0][label].mean - 1) for label in ("beside", "L3")}
    assert change["beside"] > 0.1
    assert change["L3"] < 0.5 * change["beside"], "marrow meets marrow, whose texture is all that changes"


def test_a_masked_background_holds_no_noise_and_a_roi_beyond_the_body_is_left_out():
    scanner = scanner_named("generic-3t")
    phantom, protocol, rng = body(1), scanner.protocol("T1"), np.random.default_rng(0)
    slab = slab_at(phantom, protocol, index=protocol.slices // 2, rng=rng)
    away = phantom.reference_rois[0].moved((0.0, 0.0, 900.0)).with_label("away")
    found = measured_rois(slab, (*phantom.reference_rois, away), scanner, protocol, rng=rng)
    assert found[NOISE].sd == 0.0
    assert "away" not in found
