"""Studies by the signal equations alone, and one change at a time with all chance as it was."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy import VirtualPatient
from vbqkit.cli import main
from vbqkit.roi.labels import CSF, NOISE
from vbqkit.scanner import scanner_named, tissue_signal
from vbqkit.validation import CAUSE_COLUMNS, causes, find_causes
from vbqkit.validation.bare_signals import bare_signals, no_body
from vbqkit.validation.causes import CHANGES
from vbqkit.validation.replications import Setup, simulated_studies

FRACTURE = "Huang 2026: VBQ-T1, fracture against non-fracture, difference"
BARE = Setup(bare=True, null=False, draw=no_body)
PATIENT = VirtualPatient(age=60, sex="F", bmi=24.0, pdff=(0.4, 0.45, 0.5, 0.55), t_score=-1.0, qct_mg_cm3=134.0)


def test_bare_signals_are_the_signal_equation_of_a_voxel():
    scanner = scanner_named("ge-hdx-1.5t")
    for protocol in scanner.protocols:
        found = bare_signals(PATIENT, scanner, protocol)
        for name, pdff, label in (("marrow", 0.45, "L2"), ("marrow", 0.55, "L4"), ("csf", 0.0, CSF)):
            expected = tissue_signal(
                name, protocol.timing, field_t=1.5, pdff=pdff, saturation_per_s=protocol.saturation_per_s
            )
            assert found[label].mean == pytest.approx(expected)  # QCT 134 mg/cm3 is the bone volume of the table
        assert found[NOISE].sd == scanner.noise_sd(protocol)
    denser = bare_signals(replace(PATIENT, qct_mg_cm3=244.0), scanner, scanner.protocol("T1"))
    assert denser["L2"].mean / bare_signals(PATIENT, scanner, scanner.protocol("T1"))["L2"].mean == pytest.approx(
        (1 - 0.24) / (1 - 0.14)
    )


def test_a_change_moves_no_chance():
    plain, changed = (
        simulated_studies(4, seed=(1, 2), studies=["Cui 2025"], setup=setup)["as built"]["Cui 2025"]
        for setup in (BARE, replace(CHANGES["TR of T1 400 ms"].setup, bare=True, null=False, draw=no_body))
    )
    same = ["group", "person", "age", "t_score", "qct"]
    assert plain[same].equals(changed[same])
    assert not np.allclose(plain["VBQ-T1"], changed["VBQ-T1"])


@pytest.mark.slow
def test_a_reader_and_a_day_move_no_chance_of_whoever_comes_next():
    found = [
        simulated_studies(2, seed=(1, 2), studies=["Cui 2025"], setup=replace(CHANGES[name].setup, null=False))
        for name in ("as built", "reference reader", "every day the same")
    ]
    people = [of["as built"]["Cui 2025"][["person", "age", "qct"]] for of in found]
    assert people[0].equals(people[1])
    assert people[0].equals(people[2])
    scores = [of["as built"]["Cui 2025"]["VBQ-T1"].to_numpy() for of in found]
    assert not np.allclose(scores[0], scores[1])
    by_reader = found[1]["as built"]["Cui 2025"].pivot_table(index="person", columns="reader", values="T1 L2")
    assert np.allclose(by_reader[0], by_reader[1], rtol=0.05)  # noise alone


@pytest.fixture
def only_001(monkeypatch):
    """One study instead of six."""
    monkeypatch.setattr(causes, "STUDIES", {"Huang 2026": causes.STUDIES["Huang 2026"]})


def test_more_fat_in_fractures_raises_the_effect_of_fracture_and_the_coil_is_left_out(monkeypatch, only_001):
    wanted = ("as built", "4.5 points more fat in fractures of women too", "coil not corrected")
    monkeypatch.setattr(causes, "CHANGES", {name: CHANGES[name] for name in wanted})
    rows = {(row["key"], row["change"]): row for row in find_causes(people=6, replications=2, seed=3)}
    row = rows[FRACTURE, "4.5 points more fat in fractures of women too"]
    assert row["ratio_changed"] > row["ratio_as_built"] + 0.2
    assert row["difference_error"] < 0.2
    assert tuple(row) == CAUSE_COLUMNS
    assert not any(change == "coil not corrected" for _, change in rows)


def test_the_command_writes_the_causes(monkeypatch, only_001, tmp_path, capsys):
    monkeypatch.setattr(
        causes, "CHANGES", {name: CHANGES[name] for name in ("as built", "TE of STIR 30 ms", "TR of T1 850 ms")}
    )
    out = tmp_path / "causes.csv"
    assert main(["validate-scanner", "--patients", "4", "--seeds", "2", "--causes", str(out)]) == 0
    assert "no change is kept" in capsys.readouterr().out
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert {row["change"] for row in rows} == {"TE of STIR 30 ms", "TR of T1 850 ms"}
    (stir,) = [row for row in rows if row["key"] == "Huang 2026: VBQ-STIR, fracture, level" and "STIR" in row["change"]]
    assert math.isfinite(float(stir["ratio_changed"]))
