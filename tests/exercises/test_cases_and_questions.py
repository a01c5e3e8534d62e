from dataclasses import replace

import numpy as np
import pytest

from vbqkit.anatomy.reference_rois import ROOTS_ALLOWED
from vbqkit.errors import FormatError, VbqkitError
from vbqkit.exercises import (
    KINDS,
    case_seed,
    check_consequence,
    check_placement,
    check_placements,
    choices,
    make_case,
    question,
    seal_answer,
)
from vbqkit.exercises.cases import _later_day, findings_of, scan_body
from vbqkit.exercises.questions import NUMBERS, _choice
from vbqkit.exercises.truth import tissue_masks, tissue_signals
from vbqkit.teacher import reference_rois, truth_of


@pytest.fixture(scope="module")
def case():
    return make_case(7, slices=3)


@pytest.mark.slow
def test_the_reference_rois_of_a_real_case_pass_and_do_not_move_the_score(case):
    grades = check_placements(reference_rois(case), truth_of(case), image=case.volumes["T1"])
    assert [g.label for g in grades if not g.passed] == []
    assert min(g.purity for g in grades if g.label != "CSF") > 0.99
    held = dict(next(g.shares for g in grades if g.label == "CSF"))
    assert held["CSF"] + (roots := held.get("nerve root", 0.0)) > 0.99
    assert roots < ROOTS_ALLOWED / 2  # roots hang in every sac: few here
    result = check_consequence(
        reference_rois(case),
        truth_of(case),
        volumes=case.volumes,
        score="VBQ-T1",
        aggregate="median",
        rng=np.random.default_rng(1),
        draws=8,
    )
    assert result.shift == 0.0
    assert 0 < result.spread < 0.2 * result.reference


def test_pushing_the_csf_roi_into_what_lies_behind_lowers_vbq_and_is_blamed(case):
    rois = [roi.moved((0, 6.0, 0)) if roi.label == "CSF" else roi for roi in reference_rois(case)]
    grades = {g.label: g for g in check_placements(rois, truth_of(case), image=case.volumes["T1"])}
    assert not grades["CSF"].passed
    result = check_consequence(
        rois,
        truth_of(case),
        volumes=case.volumes,
        score="VBQ-T1",
        aggregate="median",
        rng=np.random.default_rng(1),
        draws=8,
    )
    assert result.shift < 0
    assert result.worst == "CSF"


@pytest.mark.slow
def test_the_same_seed_makes_the_same_case_and_another_seed_another(case):
    again = make_case(7, slices=3)
    assert np.array_equal(again.volumes["T1"].pixels, case.volumes["T1"].pixels)
    assert case_seed("7", "a") != case_seed("7", "b")


def test_the_slices_that_are_needed_are_the_same_scanned_without_the_others(case):
    body = truth_of(case)
    whole, part = (scan_body(body, kind="plain", slices=3, day=9, around=around).volumes["T1"] for around in (None, ()))
    assert np.array_equal(part.pixels[1], whole.pixels[1])
    assert not part.pixels[[0, 2]].any()
    assert np.array_equal(part.affine, whole.affine), "the middle slice lies midway between two planes of the body"
    aside = [reference_rois(case)[1].moved((4.4, 0.0, 0.0))]
    further = scan_body(body, kind="plain", slices=3, day=9, around=aside).volumes["T1"]
    assert [bool(further.pixels[k].any()) for k in range(3)] == [False, True, True]
    assert np.array_equal(further.pixels[2], whole.pixels[2])


def test_on_each_day_the_patient_lies_elsewhere_at_other_coordinates(case):
    body = truth_of(case)
    days = [scan_body(body, kind="plain", slices=3, day=day) for day in (9, 10)]
    pictures = [day.volumes["T1"] for day in days]
    in_picture = [truth_of(day).center_mm - day.volumes["T1"].affine[:3, 3] for day in days]
    assert np.linalg.norm(in_picture[0] - in_picture[1]) > 1.0, "it lies elsewhere in the picture"
    assert not np.array_equal(pictures[0].pixels, pictures[1].pixels)
    away = truth_of(days[1]).center_mm - truth_of(days[0]).center_mm
    assert np.linalg.norm(away) > 1.0
    for one, other in zip(reference_rois(days[0]), reference_rois(days[1]), strict=True):
        assert np.allclose(other.center_mm, one.center_mm + away)
        assert other.measure(pictures[1]).mean == pytest.approx(one.measure(pictures[0]).mean, rel=0.1), one.label
    assert pictures[0].acquisition.frame_of_reference_uid != pictures[1].acquisition.frame_of_reference_uid
    before = [scan_body(body, kind="plain", slices=3, day=day) for day in (0, 1)]
    assert reference_rois(before[0]) == reference_rois(before[1]), "as earlier versions drew it"


def test_every_reference_roi_stays_in_the_picture_on_every_day(case):
    """In a body so deep that noise, behind the back, would leave the picture on some of the days as they are drawn."""
    body, protocol = truth_of(case), case.scanner.protocol("T1")
    reach = protocol.fov_mm / 2.0 - 16.0 + body.center_mm[1]
    deep = replace(
        body,
        reference_rois=tuple(
            roi.moved((0.0, reach - roi.center_mm[1], 0.0)) if roi.label == "noise" else roi
            for roi in body.reference_rois
        ),
    )

    def inside(day):
        away = np.abs([np.subtract(roi.center_mm, day.center_mm(deep)) for roi in deep.reference_rois])
        return bool((away <= protocol.fov_mm / 2.0 - 12.0).all())

    kept = [_later_day(7, day, protocol, in_view=deep) for day in range(4, 104)]
    assert all(map(inside, kept))
    assert not all(inside(_later_day(7, day, protocol)) for day in range(4, 104))
    assert len({day.offset_mm for day in kept}) == len(kept)


@pytest.mark.parametrize("label", ["L3", "CSF", "noise"])
def test_wherever_in_the_picture_a_roi_is_put_it_is_judged_and_away_from_its_place_it_fails(case, label):
    """Beside T9 and S4 too, which no ROI can be named after."""
    truth, image = truth_of(case), case.volumes["T1"]
    roi = next(roi for roi in truth.reference_rois if roi.label == label)
    plane = roi.slice_of(image)
    rows, cols = plane.shape
    for row in np.linspace(20, rows - 21, 9):
        for col in np.linspace(20, cols - 21, 9):
            there = roi.moved(plane.to_patient_mm([row, col]) - np.array(roi.center_mm))
            grade = check_placement(there, truth, image=image)
            away = np.linalg.norm(np.subtract(there.center_mm, roi.center_mm)) > 40.0
            assert label == "noise" or not away or not grade.passed, (row, col)


def test_on_every_later_day_the_coordinates_are_others_also_where_the_body_cannot_lie_elsewhere(case):
    """A reference ROI lies so far out that no day that is drawn has it in the picture."""
    body, fov_mm = truth_of(case), case.scanner.protocol("T1").fov_mm
    beyond = body.center_mm[1] + fov_mm
    filling = replace(
        body,
        reference_rois=tuple(
            roi.moved((0.0, beyond - roi.center_mm[1], 0.0)) if roi.label == "noise" else roi
            for roi in body.reference_rois
        ),
    )
    days = [scan_body(filling, kind="plain", slices=3, day=day, around=()) for day in (4, 5, 6)]
    lie = np.array([truth_of(day).center_mm for day in days])
    middles = np.array([day.volumes["T1"].affine[:3, 3] for day in days]) - lie
    assert np.ptp(middles, axis=0) == pytest.approx(0.0, abs=1e-9), "in the picture it lies in one place"
    assert min(np.linalg.norm(lie[a] - lie[b]) for a in range(3) for b in range(a)) > 6.0
    assert len({day.volumes["T1"].acquisition.frame_of_reference_uid for day in days}) == 3
    levels = [{r.label: r.measure(day.volumes["T1"]).mean for r in truth_of(day).reference_rois[:3]} for day in days]
    for label, first in levels[0].items():
        assert [day[label] for day in levels] == pytest.approx([first] * 3, rel=0.1)


def test_a_case_is_synthetic_and_says_so(case):
    assert "synthetic" in repr(case)
    assert case.volumes["T1"].acquisition.synthetic
    assert case.volumes["T1"].acquisition.frame_of_reference_uid.startswith("2.25.")


def test_signals_of_the_tissues_follow_the_physics_of_t1(case):
    table = tissue_signals(truth_of(case), case.middle_slice()).set_index("structure")
    assert table.mean_signal["marrow"] > table.mean_signal["CSF"]
    assert table.mean_signal["epidural fat"] > table.mean_signal["CSF"]
    assert table.mean_signal["endplate"] < table.mean_signal["marrow"]
    masks = tissue_masks(truth_of(case), case.middle_slice())
    assert not (masks["marrow"] & masks["CSF"]).any()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_case_has_the_finding_it_names(kind):
    words = {"fracture": "fracture", "haemangioma": "haemangioma", "modic": "modic", "schmorl": "Schmorl node",
             "stenosis": "canal stenosis", "scoliosis": "scoliosis"}  # fmt: skip
    found = [f.kind for f in findings_of(kind, np.random.default_rng(1))]
    assert found == ([words[kind]] if kind in words else [])


def test_an_unknown_kind_is_refused():
    with pytest.raises(VbqkitError, match="no kind of case 'dog'"):
        make_case(1, kind="dog")


@pytest.mark.parametrize("name", list(choices()))
def test_each_choice_has_exactly_one_right_answer_and_something_to_say_to_each(name):
    asked = question(name)
    right = [key for key, _ in asked.options if asked.check(key).right]
    assert len(right) == 1
    for key, text in asked.options:
        feedback = asked.check(key).feedback
        assert len(feedback) > 20
        assert text


@pytest.mark.parametrize("name", list(NUMBERS))
def test_each_number_question_accepts_its_answer_and_no_hint_is_within_its_tolerance(name):
    for seed in range(30):
        asked = question(name, seed=seed)
        assert asked.check(f"{asked.expected:.4g}").right
        wrong = [
            value for value, _ in asked.hints if abs(value - asked.expected) > asked.tolerance * abs(asked.expected)
        ]
        for value in wrong:
            assert not asked.check(value).right
    assert question(name, seed=1).text != question(name, seed=2).text


def test_the_numbers_are_right_on_paper():
    """Worked out from the text of the question alone."""
    import re

    m = question("30-m-score", seed=3)
    snr, mean, sd = (float(x) for x in re.search(r"= (\d+\.\d)\. .* have (\d+\.\d) ± (\d+\.\d)", m.text).groups())
    assert m.check((snr - mean) / sd).right
    v = question("40-vbq", seed=3)
    *levels, csf = (int(x) for x in re.findall(r"= (\d+)", v.text))
    assert v.check(sorted(levels)[1] / 2 / csf + sorted(levels)[2] / 2 / csf).right
    b = question("30-bandwidth", seed=3)
    snr, narrow, wide = (int(x) for x in re.findall(r"(\d+)(?: at| Hz)", b.text))
    assert b.check(snr * (narrow / wide) ** 0.5).right
    p = question("60-ppv", seed=3)
    sensitivity, specificity, ill = (int(x) / 100 for x in re.findall(r"(\d+) (?:%|of 100)", p.text))
    positive = sensitivity * ill + (1 - specificity) * (1 - ill)
    assert p.check(f"{100 * sensitivity * ill / positive:.1f} %").right
    limits = question("70-limits", seed=3)
    bias, sd = (float(x) for x in re.findall(r"(\d\.\d) %", limits.text))
    assert limits.check(bias + 1.96 * sd).right


def test_the_answers_are_not_in_the_question_file():
    from importlib.resources import files

    text = (files("vbqkit.exercises") / "data" / "questions.toml").read_text(encoding="utf-8")
    assert "?" not in [line.split('"')[1][:1] for line in text.splitlines() if line.startswith("sealed")]
    assert text.count("sealed =") == len(choices())


def test_an_unknown_question_is_refused():
    with pytest.raises(VbqkitError, match="no question '99-x'"):
        question("99-x")


@pytest.mark.parametrize(
    "entry",
    [{}, {"text": "x", "sealed": "y", "options": {"a": ["only one"]}}, {"text": "x", "sealed": "y", "options": 3}],
)
def test_an_incomplete_question_is_refused(entry):
    with pytest.raises(FormatError, match="incomplete"):
        _choice("q", entry)


def test_a_sealed_answer_is_not_readable():
    assert seal_answer("q", "b") != "b"


def test_the_tables_of_the_lessons_are_complete():
    from vbqkit.exercises.six_scanners import COLUMNS, young_women
    from vbqkit.exercises.trial_cohort import virtual_cohort
    from vbqkit.scanner.presets import SCANNERS

    women = young_women()
    assert tuple(women.columns) == COLUMNS
    assert set(women.scanner) == set(SCANNERS)
    assert women.groupby("scanner").person.nunique().eq(12).all()
    assert women[women.scanner == "generic-3t"].snr.isna().all(), "a masked background gives no SNR"
    cohort = virtual_cohort()
    assert cohort.groupby("scanner").person.nunique().eq(60).all()
    assert cohort.age.between(50, 80).all()
    assert not cohort.isna().any().any()


@pytest.mark.slow
def test_rows_of_the_virtual_cohort_can_be_computed_again():
    """If this fails the virtual scanner has changed: `make example-tables` computes the tables again."""
    from vbqkit.exercises.trial_cohort import MACHINES, SEED, cohort_rows, virtual_cohort

    kept = virtual_cohort().set_index(["person", "scanner"])
    for number in np.random.default_rng(SEED).choice(60, 3, replace=False):
        rows = cohort_rows(int(number))
        assert [row["scanner"] for row in rows] == list(MACHINES)
        for row in rows:
            old = kept.loc[(row.pop("person"), row.pop("scanner"))]
            for name, value in row.items():
                assert value == pytest.approx(old[name], rel=0.02), name


@pytest.mark.slow
def test_the_example_readers_can_be_computed_again():
    """If this fails the virtual scanner has changed: `make example-tables` computes the tables again."""
    from vbqkit.exercises.example_readings import example_readers, make_example_readers

    for row, (_, old) in zip(make_example_readers(1), example_readers().iterrows(), strict=False):
        assert (row["reader"], row["case"]) == (old.reader, old.case)
        assert row["value"] == pytest.approx(old.value, rel=0.02)


@pytest.mark.slow
def test_the_first_woman_on_the_six_scanners_can_be_computed_again():
    """If this fails the virtual scanner has changed: `make example-tables` computes the tables again."""
    from vbqkit.exercises.six_scanners import make_young_women, young_women

    kept = young_women()
    for row, (_, old) in zip(make_young_women(1), kept.iterrows(), strict=False):
        assert row["scanner"] == old.scanner
        assert row["marrow"] == pytest.approx(old.marrow, rel=0.02)
        assert row["csf"] == pytest.approx(old.csf, rel=0.02)


def test_the_kept_tables_have_the_columns_and_the_first_line_that_their_one_writer_gives_them(tmp_path):
    """The rows themselves are computed again by the slow tests above."""
    from dataclasses import replace

    from vbqkit.exercises.example_tables import FOLDER, TABLES, write_example_tables

    without_rows = {name: replace(table, rows=list) for name, table in TABLES.items()}
    for path in write_example_tables(tmp_path, without_rows):
        kept = (FOLDER / path.name).read_text(encoding="utf-8").splitlines()
        assert kept[:2] == path.read_text(encoding="utf-8").splitlines()
    assert {path.name for path in FOLDER.glob("*.csv")} == set(TABLES)


def test_the_right_answer_cannot_be_told_by_its_length():
    """By chance alone the right one of three or four options is the longest in about a third of the questions."""
    longest = [
        asked.check(max(asked.options, key=lambda option: len(option[1]))[0]).right for asked in choices().values()
    ]
    assert sum(longest) <= 0.4 * len(longest)
    shortest = [
        asked.check(min(asked.options, key=lambda option: len(option[1]))[0]).right for asked in choices().values()
    ]
    assert sum(shortest) <= 0.5 * len(shortest)
