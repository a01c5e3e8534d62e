"""Refocusing below 180 degrees: extended phase graphs against many spins followed one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vbqkit.errors import ScannerError
from vbqkit.scanner.refocusing import echo_amplitudes
from vbqkit.scanner.sequences import Timing
from vbqkit.scanner.signals import fat_signal, tissue_signal, train_signal

T2 = Timing(tr_ms=3600, te_ms=99, echo_train_length=16, echo_spacing_ms=11)


def spin_by_spin(t1: float, t2: float, *, echoes: int, spacing: float, angle_deg: float) -> np.ndarray:
    """Echoes as the mean over spins that dephase by every angle between pulses; no recovery, which crushers hide."""
    dephasing = 2 * np.pi * np.arange(720) / 720
    m = np.tile([1.0, 0.0, 0.0], (720, 1))  # along x, which is where echoes form
    e1, e2 = np.exp(-spacing / 2 / t1), np.exp(-spacing / 2 / t2)

    def half(m):
        c, s = np.cos(dephasing), np.sin(dephasing)
        return np.stack([e2 * (c * m[:, 0] - s * m[:, 1]), e2 * (s * m[:, 0] + c * m[:, 1]), e1 * m[:, 2]], axis=1)

    read = []
    for echo in range(echoes):
        m = half(m)
        a = np.radians(90 + angle_deg / 2 if echo == 0 else angle_deg)
        y, z = m[:, 1].copy(), m[:, 2].copy()  # the pulse turns about x (CPMG)
        m[:, 1], m[:, 2] = np.cos(a) * y - np.sin(a) * z, np.sin(a) * y + np.cos(a) * z
        m = half(m)
        read.append(m[:, 0].mean())
    return np.array(read)


@pytest.mark.parametrize("angle", [180.0, 150.0, 120.0, 60.0])
@pytest.mark.parametrize(("t1", "t2"), [(900.0, 45.0), (4273.0, 1578.0), (240.0, 58.0)])
def test_extended_phase_graphs_agree_with_spins_followed_one_by_one(angle, t1, t2):
    [graph] = echo_amplitudes(np.array([t1]), np.array([t2]), echoes=12, spacing_ms=11.0, angle_deg=angle)
    assert np.allclose(graph, spin_by_spin(t1, t2, echoes=12, spacing=11.0, angle_deg=angle), atol=1e-6)


def test_at_180_degrees_nothing_changes_and_just_below_hardly_anything():
    almost = replace(T2, refocusing_deg=179.99)
    for t1, t2 in ((900.0, 45.0), (4273.0, 1578.0)):
        assert train_signal(t1, t2, almost) == pytest.approx(train_signal(t1, t2, T2), rel=1e-3)
    assert fat_signal(almost, 1.5) == pytest.approx(fat_signal(T2, 1.5), rel=1e-3)


def test_smaller_angles_make_marrow_brighter_against_csf_on_t2():
    """What is stored decays with T1, not with T2: tissue with short T2 gains."""
    ratio = [
        tissue_signal("muscle", t, field_t=1.5) / tissue_signal("csf", t, field_t=1.5)
        for t in (T2, replace(T2, refocusing_deg=140.0), replace(T2, refocusing_deg=100.0))
    ]
    assert ratio == sorted(ratio)
    assert ratio[2] > 1.05 * ratio[0]


def test_recovery_of_a_train_follows_the_angle():
    """Pulses of 90 degrees leave nothing along the field, pulses of 180 degrees turn it over."""
    train = Timing(tr_ms=600, te_ms=11, echo_train_length=2, echo_spacing_ms=11)
    end = 600 - 1.5 * 11
    assert replace(train, refocusing_deg=90.0).excited(900.0) == pytest.approx(1 - np.exp(-end / 900.0))


def test_an_impossible_angle_is_refused():
    with pytest.raises(ScannerError, match="refocusing angle of 200 degrees"):
        replace(T2, refocusing_deg=200.0)
