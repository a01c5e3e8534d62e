"""Each named switch: what it does where it should act, and what it says where it does not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.scanner.test_saturation_band import body
from vbqkit.anatomy.phantom import LEVEL_OF_CODE, Phantom
from vbqkit.anatomy.sample_patients import sample_patient
from vbqkit.anatomy.tissues import tissue_named
from vbqkit.errors import ScannerError
from vbqkit.roi import Rectangle
from vbqkit.scanner.coils import CoilArray
from vbqkit.scanner.cross_talk import shared_with_neighbors
from vbqkit.scanner.field_map import measured_pixels, transmit_factor
from vbqkit.scanner.forward_model import acquire
from vbqkit.scanner.machine import SLICE_EDGE, Protocol, Scanner
from vbqkit.scanner.prepared import prepare
from vbqkit.scanner.presets import scanner_named
from vbqkit.scanner.protons import flow_void_map
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.switches import SWITCHES, Switch, switch_effects
from vbqkit.scores.reconstruction import check_reconstruction
from vbqkit.validation.roi_signals import measured_rois, slab_at

PROTOCOL = Protocol(
    weighting="T1",
    timing=Timing(tr_ms=500, te_ms=10),
    fov_mm=120,
    matrix=96,
    acquired=(96, 96),
    slices=3,
    thickness_mm=4,
    gap_mm=0.4,
)
IDEAL = Scanner(
    name="ideal",
    vendor="no one",
    model="ideal",
    field_t=1.5,
    protocols=(PROTOCOL,),
    coil=None,
    noise=0.0,
    apodisation=0.0,
    csf_flow_per_s=0.0,
)


def middle(scanner: Scanner, protocol: Protocol, phantom: Phantom) -> np.ndarray:
    slow = np.asarray(
        acquire(phantom, scanner, protocol, rng=np.random.default_rng(0), gain=1.0, slices=[1]).pixels[0], dtype=float
    )
    fast = prepare(phantom, scanner, protocol, rng=np.random.default_rng(0), slices=[1]).image().pixels
    assert np.abs(np.asarray(fast, float) - slow).max() <= 1
    return slow


def test_a_gap_keeps_the_pulses_of_neighbors_out():
    shares = [shared_with_neighbors(gap, edge_ratio=SLICE_EDGE) for gap in (0.0, 0.1, 0.2, 0.5)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(0.1, abs=0.01)  # both edges of the pulses: 2 x thickness / (8 x 2.5)
    assert shares[-1] < 1e-6


@pytest.mark.parametrize("name", ["csf", "subcutaneous_fat"])
def test_cross_talk_takes_more_from_tissue_with_long_t1(name):
    bottle = Phantom.uniform(name, shape=(18, 120, 120), spacing_mm=(1.0, 1.0, 1.0))
    close = replace(PROTOCOL, gap_mm=0.0)
    lost = (
        1 - middle(IDEAL, replace(close, slice_crosstalk=True), bottle)[48, 48] / middle(IDEAL, close, bottle)[48, 48]
    )
    share = shared_with_neighbors(0.0, edge_ratio=SLICE_EDGE)
    if name == "csf":
        assert lost == pytest.approx(share / 2, rel=0.1)  # half a TR gives half the signal
    else:
        assert 0 < lost < share / 3


def test_cross_talk_that_does_not_fit_is_refused():
    with pytest.raises(ScannerError, match="needs several slices"):
        replace(PROTOCOL, slices=1, slice_crosstalk=True)
    train = Timing(tr_ms=200, te_ms=10, echo_train_length=12, echo_spacing_ms=10)
    with pytest.raises(ScannerError, match="slices that interleave within TR"):
        replace(train, shared=0.1)


def test_b1_of_the_right_size_changes_nothing_and_uneven_b1_darkens_the_rim():
    center = np.zeros(3)
    points = np.array([[0.0, 0.0, 50.0], [0.0, 120.0 / np.sqrt(2), 0.0], [0.0, 120.0, 0.0]])
    factor = transmit_factor(points, body_center_mm=center, spread=0.3)
    assert factor[1] == pytest.approx(1.0)  # where B1+ is as it should be
    assert factor[0] == pytest.approx(np.sin(np.radians(90 * 1.15)) ** 3)
    assert factor[2] == pytest.approx(np.sin(np.radians(90 * 0.85)) ** 3)
    assert np.all(transmit_factor(points, body_center_mm=center, spread=0.0) == 1.0)


def test_uneven_b1_is_in_the_picture_and_uniformity_correction_does_not_know_it():
    bottle = Phantom.uniform("muscle", shape=(18, 240, 240), spacing_mm=(1.0, 1.0, 1.0))
    wide = replace(PROTOCOL, fov_mm=240)
    for scanner in (IDEAL, replace(IDEAL, coil=CoilArray(rows=2, length_mm=120), uniformity_correction=1.0)):
        even, uneven = middle(scanner, wide, bottle), middle(replace(scanner, b1_spread=0.3), wide, bottle)
        ratio = uneven[48, 8:88] / even[48, 8:88]
        assert ratio.min() < 0.97
        assert ratio.max() == pytest.approx(1.0, abs=0.02)
    with pytest.raises(ScannerError, match=r"cannot spread by 0\.9"):
        replace(IDEAL, b1_spread=0.9)


def _sac(*, levels: bool) -> Phantom:
    """A sac of 20 mm in muscle, beside T12 (above) and L4 (below)."""
    bottle = Phantom.uniform("muscle", shape=(18, 120, 120), spacing_mm=(1.0, 1.0, 1.0))
    tissue, level = bottle.tissue.copy(), bottle.level.copy()
    tissue[:, :, 60:81] = tissue_named("csf").code
    if levels:
        level[:, 10:31, 20:50], level[:, 85:106, 20:50] = (LEVEL_OF_CODE.index(name) for name in ("T12", "L4"))
    return replace(bottle, tissue=tissue, level=level, pdff=np.where(tissue == tissue[0, 0, 70], 0.0, bottle.pdff))


def test_the_flow_void_lies_beside_the_cord_and_not_in_the_distal_sac():
    where = flow_void_map(_sac(levels=True))
    assert where[20, 70] == pytest.approx(1.0)  # the middle of the sac, at T12
    assert where[57, 70] == pytest.approx(0.5, abs=0.02)
    assert np.all(where[96:] == 0)
    assert where[20, 61] < 0.2
    assert np.all(where[:, :60] == 0)
    assert np.all(flow_void_map(_sac(levels=False))[:, 70] == 1.0)


def test_a_flow_void_takes_signal_by_echo_time_and_needs_flow():
    streaming = replace(IDEAL, csf_flow_per_s=0.4)
    late = replace(
        PROTOCOL, timing=Timing(tr_ms=4000, te_ms=100), weighting="T2", fov_mm=110, matrix=88, acquired=(88, 88)
    )
    body = _sac(levels=False)
    even = middle(streaming, late, body)
    void = middle(replace(streaming, csf_void=30.0), late, body)
    assert void[44, 52] / even[44, 52] == pytest.approx(np.exp(-0.4 * 0.1 * 30), abs=0.05)
    assert void[44, 20] == pytest.approx(even[44, 20], abs=1)  # muscle
    with pytest.raises(ScannerError, match="needs such a loss, and csf_flow_per_s is 0"):
        replace(IDEAL, csf_void=30.0)


def test_rois_without_a_picture_refuse_a_flow_void():
    body, scanner = _sac(levels=True), replace(IDEAL, csf_flow_per_s=0.4, csf_void=30.0)
    slab = slab_at(body, PROTOCOL, index=1, rng=np.random.default_rng(1))
    with pytest.raises(ScannerError, match=r"a flow void \(csf_void 30\), which ROIs without a picture do not see"):
        measured_rois(slab, rois(), scanner, PROTOCOL, rng=np.random.default_rng(1))


def test_a_corrected_warp_leaves_curved_wedges_of_exact_zeros_at_the_edges_only():
    at = (np.arange(300) - 149.5) * 1.0
    inside = measured_pixels(at, fov_mm=300.0)
    wedge = np.argmax(inside, axis=0)[20:280]  # first measured row of each column
    assert wedge[130] < wedge[10]  # deeper away from the axis: curved
    assert 4 <= wedge[130] <= 12
    assert inside[40:260, 40:260].all()
    bottle = Phantom.uniform("muscle", shape=(18, 300, 300), spacing_mm=(1.0, 1.0, 1.0))
    wide = replace(PROTOCOL, fov_mm=280)
    picture = middle(replace(IDEAL, warp_correction=True, noise=0.01), wide, bottle)
    assert np.all(picture[0] == 0)
    assert np.all(picture[20:76, 20:76] > 0)
    volume = acquire(bottle, replace(IDEAL, warp_correction=True), wide, rng=np.random.default_rng(0), slices=[1])
    assert "DIS2D" in volume.acquisition.image_type


@pytest.mark.parametrize(("name", "word"), [("PURE", "PURE"), ("CLEAR", "CLEAR"), ("Prescan Normalize", "NORM")])
def test_the_vendors_name_of_a_uniformity_correction_is_in_the_header_and_cautions_snr(name, word):
    scanner = replace(IDEAL, coil=CoilArray(), uniformity_correction=1.0, uniformity_name=name)
    volume = acquire(body(), scanner, PROTOCOL, rng=np.random.default_rng(0), slices=[1])
    assert word in volume.acquisition.image_type
    codes = [caution.code for caution in check_reconstruction(volume.acquisition).cautions]
    assert "reconstruction-uniformity" in codes


def test_a_name_that_no_vendor_uses_and_a_name_without_correction_are_refused():
    with pytest.raises(ScannerError, match="'Flatten'; the names are PURE, CLEAR, Prescan Normalize"):
        replace(IDEAL, uniformity_correction=1.0, uniformity_name="Flatten")
    with pytest.raises(ScannerError, match="PURE corrects the coil's brightness, and uniformity_correction is 0"):
        replace(IDEAL, uniformity_name="PURE")
    assert scanner_named("ge-hdx-1.5t").uniformity_name == "PURE"
    assert scanner_named("philips-achieva-3t").uniformity_name == "CLEAR"


def rois() -> list[Rectangle]:
    volume = acquire(body(), IDEAL, PROTOCOL, rng=np.random.default_rng(0), slices=[1])
    image = volume.slice(0)
    at = {"L1": 20, "L2": 40, "L3": 60, "L4": 80}
    placed = [Rectangle.on(image, (row, 58), 8, 8, label=label) for label, row in at.items()]
    return [
        *placed,
        Rectangle.on(image, (50, 80), 8, 8, label="CSF"),
        Rectangle.on(image, (50, 8), 8, 8, label="noise"),
    ]


def test_the_effect_of_a_switch_is_the_difference_between_two_scans_with_the_same_noise():
    noisy = replace(IDEAL, noise=0.01)
    table = switch_effects(
        body(), noisy, seed=3, rois=rois(), switches=[s for s in SWITCHES if s.name == "magnetization transfer"]
    )
    assert list(table.columns) == ["switch", "weighting", "score", "without", "with", "change_percent"]
    assert list(table["score"]) == ["VBQ", "SNR"]
    snr = table[table["score"] == "SNR"].iloc[0]
    assert snr["change_percent"] < -1  # three slices; muscle stands for marrow here; macromolecules darken it
    nothing = Switch("nothing", lambda s: s, lambda s: s)
    same = switch_effects(body(), noisy, seed=3, rois=rois(), switches=[nothing])
    assert list(same["change_percent"]) == [0.0, 0.0]


def test_a_switch_that_does_not_fit_is_named_and_so_are_missing_rois():
    single = replace(IDEAL, protocols=(replace(PROTOCOL, slices=1),))
    crosstalk = [s for s in SWITCHES if s.name == "slice cross-talk"]
    with pytest.raises(ScannerError, match="The switch 'slice cross-talk' does not fit scanner 'ideal'"):
        switch_effects(body(), single, seed=1, rois=rois(), switches=crosstalk)
    with pytest.raises(ScannerError, match="No ROI for L1, L2, L3, L4, CSF, noise"):
        switch_effects(body(), IDEAL, seed=1)


@pytest.mark.slow
def test_every_switch_runs_on_a_routine_scanner_and_the_coil_moves_vbq_most():

    phantom = sample_patient("case02").phantom(in_plane_mm=0.8, plane_mm=2.2)
    table = switch_effects(phantom, scanner_named("generic-1.5t"), seed=1, weightings=["T1"])
    vbq = table[table["score"] == "VBQ"].set_index("switch")["change_percent"].abs()
    assert set(vbq.index) == {s.name for s in SWITCHES}
    assert vbq.idxmax().startswith("uniformity correction")
    assert vbq["saturation band"] < 1.0
    assert vbq["warp correction"] < 0.1  # rounding after another pre-scan
