"""A sequence that the package does not know: defined here, it is scanned, written as DICOM and changed with sliders."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pydicom
import pytest

from vbqkit.anatomy import Phantom, tissue_named
from vbqkit.errors import ScannerError
from vbqkit.scanner import Identity, Protocol, Scanner, acquire, prepare, scan, write_dicom
from vbqkit.scanner.forward_model import UNIT_GAIN
from vbqkit.scanner.sequences import Control, PulseSequence


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientEcho(PulseSequence):
    """A spoiled gradient echo in steady state, with T2 in the place of T2*."""

    angle_deg: float = 70.0
    controls: ClassVar = (*PulseSequence.controls, Control(name="angle_deg", description="", low=1, high=90, step=1))
    scanning_sequence: ClassVar = ("GR",)
    sequence_variant: ClassVar = ("SP",)
    sequence_name: ClassVar = "GRE"

    @property
    def flip_angle_deg(self) -> float:
        return self.angle_deg

    def excited(self, t1_ms: float) -> float:
        e1, angle = math.exp(-self.tr_ms / t1_ms), math.radians(self.angle_deg)
        return math.sin(angle) * (1.0 - e1) / (1.0 - math.cos(angle) * e1)


PROTOCOL = Protocol(
    weighting="T1",
    timing=GradientEcho(tr_ms=150, te_ms=5),
    fov_mm=100,
    matrix=64,
    acquired=(64, 64),
    slices=3,
    magnetization_transfer=False,
)
SCANNER = Scanner(
    name="small", vendor="no one", model="small", field_t=1.5, protocols=(PROTOCOL,), coil=None, noise=0.0,
    apodisation=0.0, csf_flow_per_s=0.0,
)  # fmt: skip


def bottle() -> Phantom:
    return Phantom.uniform("muscle", shape=(18, 60, 60), pdff=0.0, spacing_mm=(1.0, 1.0, 1.0))


def middle(pixels) -> float:
    return float(np.asarray(pixels, dtype=float)[24:40, 24:40].mean())


def expected(angle_deg: float) -> float:
    muscle, angle = tissue_named("muscle"), math.radians(angle_deg)
    e1 = math.exp(-150 / muscle.t1_ms)
    steady = math.sin(angle) * (1 - e1) / (1 - math.cos(angle) * e1)
    return UNIT_GAIN * muscle.proton_density * steady * math.exp(-5 / muscle.t2_ms)


def test_a_new_sequence_is_scanned_with_its_own_signal():
    volume = acquire(bottle(), SCANNER, "T1", rng=np.random.default_rng(0), gain=1.0, slices=[1])
    assert middle(volume.pixels[0]) == pytest.approx(expected(70.0), abs=1.0)


def test_a_new_sequence_says_its_own_header(tmp_path):
    study = scan(bottle(), SCANNER, rng=np.random.default_rng(0))
    files = write_dicom(study, SCANNER, Identity(case="BOTTLE", sex="F", age=30, bmi=22), tmp_path / "out")
    header = pydicom.dcmread(files[0])
    assert (header.ScanningSequence, header.SequenceVariant, header.SequenceName) == ("GR", "SP", "GRE")
    assert (header.FlipAngle, header.EchoTrainLength) == (70.0, 1)
    assert "InversionTime" not in header


def test_a_new_sequence_brings_its_own_sliders():
    ready = prepare(bottle(), SCANNER, "T1", rng=np.random.default_rng(0))
    assert list(ready.slices[0].controls)[:3] == ["tr_ms", "te_ms", "angle_deg"]
    assert ready.slices[0].settings["angle_deg"] == 70.0
    for angle in (70.0, 25.0):
        assert middle(ready.image(angle_deg=angle).pixels) == pytest.approx(expected(angle), abs=1.5)
    assert ready.image(angle_deg=25.0).acquisition.flip_angle_deg == 25.0
    with pytest.raises(TypeError, match="no setting 'ti_ms'; this sequence has tr_ms, te_ms, angle_deg"):
        ready.image(ti_ms=150.0)


def test_the_times_of_a_new_sequence_are_checked():
    with pytest.raises(ScannerError, match="TE is -1 ms"):
        replace(PROTOCOL.timing, te_ms=-1.0)
