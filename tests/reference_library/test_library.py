"""A library of reference groups: nothing lost, nothing doubled, and no M-score against another scanner."""

import datetime as dt
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import scipy

from tests.scans_of_one_machine import scan
from vbqkit.errors import FormatError, ScoreError
from vbqkit.reference_library import (
    MeasuredGroup,
    Member,
    add_check,
    add_member,
    drift_svg,
    group_drift,
    match_group,
    read_library,
)
from vbqkit.scan_protocol import ITEMS, ScanProtocol
from vbqkit.scores import m_score
from vbqkit.scores.result import Score

TODAY = dt.date(2026, 11, 29)
KOSICE_WOMEN = (48.3, 49.5, 47.9, 44.8, 47.6, 55.0)


def member(code="W1", snr=47.6, on="2026-03-14", age=24.0, images=""):
    return Member(code=code, snr=snr, scanned_on=on, age_years=age, images=images)


def group(values=KOSICE_WOMEN, **more):
    people = tuple(member(f"W{k}", v, f"2026-{1 + k % 10:02d}") for k, v in enumerate(values))
    return MeasuredGroup(name="spine", protocol=ScanProtocol.of(scan()), members=people, **more)


def fill(folder, values=KOSICE_WOMEN, **kwargs):
    for k, value in enumerate(values):
        made = add_member(folder, member(f"W{k}", value), ScanProtocol.of(scan()), group="spine", **kwargs)
    return made


def test_mean_and_sd_have_the_intervals_of_student_and_chi_square():
    found = group().statistics()
    x = np.array(KOSICE_WOMEN)
    t = scipy.stats.t.interval(0.95, 5, x.mean(), x.std(ddof=1) / math.sqrt(6))
    assert (found.mean_low, found.mean_high) == pytest.approx(t)
    chi = scipy.stats.chi2.ppf([0.975, 0.025], 5)
    assert [found.sd_low, found.sd_high] == pytest.approx(x.std(ddof=1) * np.sqrt(5 / chi))


def test_the_interval_of_the_mean_is_that_of_the_nist_handbook():
    half = 0.02278881  # 195 values with the mean and SD of ZARR13.DAT, as printed in 1.3.5.2
    x = [9.261460 + half * s for s in (1, -1)] * 97 + [9.261460]
    found = group(tuple(x)).statistics()
    assert found.sd == pytest.approx(0.02278881, rel=1e-6)
    assert (found.mean_low, found.mean_high) == pytest.approx((9.258242, 9.264679), abs=1e-6)


def test_what_was_added_is_read_back_and_can_be_read_by_people(tmp_path):
    made = fill(tmp_path / "library")
    (back,) = read_library(tmp_path / "library")
    assert back == made
    assert read_library(tmp_path / "library" / "spine.reference.json") == (made,)
    lines = (tmp_path / "library" / "spine.reference.json").read_text(encoding="utf-8").splitlines()
    assert '  {"code": "W0", "age_years": 24.0, "scanned_on": "2026-03-14", "snr": 48.3},' in lines
    assert [p.name for p in (tmp_path / "library").iterdir()] == ["spine.reference.json"]


def test_a_member_or_its_images_count_once(tmp_path):
    protocol = ScanProtocol.of(scan())
    add_member(tmp_path, member(images="sha256:1"), protocol, group="spine")
    with pytest.raises(FormatError, match="has a member W1 already"):
        add_member(tmp_path, member(), protocol)
    with pytest.raises(FormatError, match=r"images of W2 are in group spine already, as W1"):
        add_member(tmp_path, member("W2", images="sha256:1"), protocol)
    with pytest.raises(FormatError, match=r"images of W2 are in group spine already"):
        add_member(tmp_path, member("W2", images="sha256:1"), ScanProtocol.of(scan(tr_ms=700.0)), group="other")
    with pytest.raises(FormatError, match="images of P are in group"):
        add_check(tmp_path, Member(code="P", snr=50.0, scanned_on="2026-03", images="sha256:1"), protocol)
    assert len(read_library(tmp_path)[0].members) == 1


def test_a_scan_with_another_protocol_is_refused_and_says_which(tmp_path):
    fill(tmp_path)
    before = (tmp_path / "spine.reference.json").read_bytes()
    other = ScanProtocol.of(scan(coil="Body", tr_ms=450.0))
    with pytest.raises(FormatError, match=r"Group spine has another .*coil: Body here, Spine 8 there; TR: 450 ms here"):
        add_member(tmp_path, member("X"), other, group="Spine")
    with pytest.raises(FormatError, match="Name a new one: --group NAME"):
        add_member(tmp_path, member("X"), other)
    with pytest.raises(FormatError, match="A check needs a group"):
        add_check(tmp_path, member("X"), other, group="new")
    with pytest.raises(FormatError, match="State the coil"):
        add_member(tmp_path, member("X"), ScanProtocol.of(scan(coil=None)))
    with pytest.raises(FormatError, match="without the Rayleigh correction"):
        add_member(tmp_path, member("X"), ScanProtocol.of(scan()), rayleigh_correction=True)
    assert (tmp_path / "spine.reference.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c | {"version": 2}, r"of version 2; this vbqkit reads version 1"),
        (lambda c: c | {"version": None}, r"of version None"),
        (lambda c: c | {"format": "x"}, "is no reference group"),
        (lambda c: c | {"members": 3}, "members are no list"),
        (lambda c: c | {"members": [{"code": "a", "scanned_on": "2026-03", "snr": "5"}]}, "SNR of a member"),
        (lambda c: c | {"members": [{"code": "a", "scanned_on": "soon", "snr": 5}]}, "date 'soon'"),
        (lambda c: c | {"protocol": 1}, "protocol is damaged"),
        (lambda c: [c], "is no reference group"),
    ],
)
def test_an_old_or_damaged_file_is_refused_in_words(tmp_path, change, words):
    fill(tmp_path)
    path = tmp_path / "spine.reference.json"
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    with pytest.raises(FormatError, match=words):
        read_library(tmp_path)
    with pytest.raises(FormatError, match=words):  # and never written over
        add_member(tmp_path, member("new"), ScanProtocol.of(scan()), group="spine")


def test_half_a_file_or_no_folder_is_said(tmp_path):
    fill(tmp_path)
    path = tmp_path / "spine.reference.json"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FormatError, match="is damaged"):
        read_library(tmp_path)
    with pytest.raises(FormatError, match="There is no library"):
        read_library(tmp_path / "nowhere")


def test_a_full_disk_changes_nothing(tmp_path, monkeypatch):
    fill(tmp_path)
    before = (tmp_path / "spine.reference.json").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FormatError, match="No space left"):
        add_member(tmp_path, member("X"), ScanProtocol.of(scan()))
    assert [p.name for p in tmp_path.iterdir()] == ["spine.reference.json"]
    assert (tmp_path / "spine.reference.json").read_bytes() == before


OTHER = {"field_t": 3.0, "tr_ms": 900.0, "te_ms": 30.0, "fat_suppressed": True, "acquired_matrix": (256, 200)}
TEXTS = {"vendor", "model", "coil", "sequence_name", "parallel_technique"}


@pytest.mark.parametrize("item", [i for i in ITEMS if i.name not in ("row_mm", "col_mm")], ids=lambda i: i.name)
def test_a_scan_that_differs_in_anything_has_no_group(item):
    codes = item.name in ("scanning_sequence", "sequence_variant", "scan_options", "processing")
    value = OTHER.get(item.name, "OTHER" if item.name in TEXTS else ("XX",) if codes else 7)
    found = match_group([group()], scan(**{item.name: value}), today=TODAY)
    assert found.reference is None
    assert f"differs in {item.words}: " in found.lines[0]
    assert "no M-score" in found.lines[-1]


def test_the_group_of_the_same_scanner_gives_the_m_score_with_what_is_doubtful():
    found = match_group([group()], scan(), today=TODAY)
    assert found.reference is not None
    snr = Score(name="SNR", value=60.0, unit="", formula="", direction="", source="")
    score = m_score(snr, found.reference)
    mean, sd = np.mean(KOSICE_WOMEN), np.std(KOSICE_WOMEN, ddof=1)
    assert score.value == pytest.approx((60 - mean) / sd)
    said = {c.code: c.message for c in score.cautions}
    assert set(said) == {"reference-scanner", "reference-small"}
    assert "cannot tell two machines of one model apart" in said["reference-scanner"]
    late = match_group([group()], scan(), today=TODAY.replace(year=2028)).reference
    assert "reference-stale" in {c.code for c in m_score(snr, late).cautions}


def test_two_groups_that_agree_are_not_chosen_between():
    both = [group(), MeasuredGroup(name="twin", protocol=ScanProtocol.of(scan()), members=group().members)]
    assert "does not tell their machines apart" in match_group(both, scan()).lines[0]
    assert match_group(both, scan(), name="twin").group.name == "twin"
    assert "no group nobody" in match_group(both, scan(), name="nobody").lines[0]
    assert "with the Rayleigh" not in match_group(both, scan(), rayleigh_correction=True, name="twin").lines[0]
    assert match_group(both, scan(), rayleigh_correction=True, name="twin").reference is None
    assert (
        "does not state coil, so no group can be chosen. State the coil." in match_group(both, scan(coil=None)).lines[0]
    )
    assert match_group(both[:1], scan(coil=None), coil="Spine 8").reference is not None
    assert match_group([], scan()).reference is None
    assert match_group([group((50.0,))], scan()).reference is None


def test_a_member_is_not_added_to_one_of_two_groups_that_agree(tmp_path):
    for name in ("a", "b"):
        add_member(tmp_path, member(name), ScanProtocol.of(scan()), group=name)
    with pytest.raises(FormatError, match="Groups a, b have this scanner, coil and protocol"):
        add_member(tmp_path, member("c"), ScanProtocol.of(scan()))


def test_few_old_and_far_members_are_said():
    odd = group((*KOSICE_WOMEN, 95.0)).cautions(today=TODAY)
    assert {c.code for c in odd} == {"reference-small", "reference-outlier"}
    assert "W6 of group spine lies far" in next(c.message for c in odd if c.code == "reference-outlier")
    old = MeasuredGroup(name="g", protocol=ScanProtocol.of(scan()), members=(member(age=44.0),))
    assert {c.code for c in old.cautions(today=TODAY)} == {"reference-small", "reference-age"}
    assert not group(tuple(np.linspace(40, 60, 20))).cautions(today=TODAY)
    with pytest.raises(ScoreError, match="has no SD"):
        group((47.0, 47.0)).statistics()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "Jana Nováková"}, "The code"),
        ({"snr": 0.0}, "SNR of"),
        ({"age": 400.0}, "age of"),
        ({"on": "14.3.2026"}, "date"),
        ({"on": "2026-13"}, "date"),
    ],
)
def test_a_member_that_cannot_be_is_refused(changes, words):
    with pytest.raises((FormatError, ScoreError), match=words):
        member(**changes)


def test_a_member_needs_an_age_and_a_group_a_name_for_a_file(tmp_path):
    with pytest.raises(FormatError, match="age of W1 is not given"):
        add_member(tmp_path, member(age=None), ScanProtocol.of(scan()), group="g")
    with pytest.raises(FormatError, match="becomes a file name"):
        add_member(tmp_path, member(), ScanProtocol.of(scan()), group="../g")


def weekly(values):
    return tuple(
        Member(code="phantom", snr=v, scanned_on=str(dt.date(2026, 1, 5) + dt.timedelta(days=7 * k)))
        for k, v in enumerate(values)
    )


def test_a_scanner_that_changed_is_said_with_the_day():
    steady = 100 + np.random.default_rng(4).normal(0, 1, 30)
    kept, moved = weekly(steady), weekly([*steady[:24], *(steady[24:] - 6.0)])
    _, chart = group_drift(group(checks=kept), today=TODAY)
    assert not chart.changed
    assert "no Western Electric rule is broken in 30 scans" in chart.lines[0]
    _, chart = group_drift(group(checks=moved), today=TODAY)
    assert chart.changed
    assert "may no longer stand for today's scanner" in chart.lines[0]
    assert f"from {moved[24].scanned_on} on" in chart.lines[0]
    svg = drift_svg(chart)
    assert svg.count('Z"') == 30
    assert "+3 sigma" in svg
    assert moved[0].scanned_on in svg


def test_members_are_charted_by_date_and_an_old_group_is_said():
    people = tuple(member(f"W{k}", v, f"2026-{10 - k:02d}") for k, v in enumerate(KOSICE_WOMEN))
    late = MeasuredGroup(name="spine", protocol=ScanProtocol.of(scan()), members=people)
    (chart,) = group_drift(late, today=TODAY.replace(year=2028))
    assert chart.table["scanned_on"].is_monotonic_increasing
    assert "months old" in chart.lines[-1]
    (none,) = group_drift(group((50.0,)), today=TODAY)
    assert none.table.empty
    assert "No control chart" in none.lines[0]
    assert drift_svg(none) == ""


def test_checks_do_not_enter_mean_and_sd(tmp_path):
    made = fill(tmp_path)
    check = Member(code="phantom", snr=200.0, scanned_on="2026-05-01")
    after = add_check(tmp_path, check, ScanProtocol.of(scan()))
    assert after.statistics() == made.statistics()
    with pytest.raises(FormatError, match="check phantom of 2026-05-01 already"):
        add_check(tmp_path, check, ScanProtocol.of(scan()))


def test_the_shipped_docs_name_the_files_as_they_are():
    text = (Path(__file__).parents[2] / "docs" / "reference-groups.md").read_text(encoding="utf-8")
    for word in (".reference.json", "reference_groups", "vbqkit reference add", "vbqkit reference drift", "--check"):
        assert word in text
