"""The benchmarks run, compare with whom they say, and tell a wrong name."""

import pytest

from benchmarks import (
    browser,
    cohort,
    cohort_scores,
    cornerstone,
    import_time,
    listing,
    pass_rates,
    reading,
    slices,
    timing,
)
from benchmarks.__main__ import main, names
from vbqkit.exercises.shared_bodies import body_seed


def test_every_benchmark_that_the_project_needs_is_found_by_name():
    assert {"import_time", "listing", "reading"} <= set(names())
    assert "timing" not in names()


def test_an_unknown_name_is_refused_with_the_names_there_are(capsys):
    assert main(["nonsense"]) == 2
    assert "There is no benchmark nonsense; there are " in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("module", [reading, listing])
def test_each_limit_belongs_to_an_alternative_measured_in_the_same_run(tmp_path, module):
    slices.write_series(tmp_path, slices=3, rows=16, cols=16)
    seconds = module.measure(tmp_path, rounds=1)
    assert set(module.LIMITS) < set(seconds)
    assert min(seconds.values()) > 0


@pytest.mark.slow
def test_importing_the_package_is_measured_against_importing_what_it_stands_on():
    seconds = import_time.measure(rounds=1)
    assert set(import_time.LIMITS) < set(seconds)


@pytest.mark.slow
def test_rois_without_pictures_are_measured_against_the_full_simulation_on_the_same_cores():
    seconds = cohort.measure(patients=1, full=1, workers=(1,))
    assert 0 < seconds["1 workers"] < seconds["full simulation, 1 worker"]


def test_a_ratio_over_the_limit_is_called_that(capsys):
    timing.print_ratios("x", {"a": 2.0, "b": 1.0, "c": 4.0}, ours="a", limits={"b": 1.2, "c": 1.0})
    shown = capsys.readouterr().out
    assert "2.00 x b (1000.0 ms); OVER the limit of 1.2 x" in shown
    assert "0.50 x c (4000.0 ms); within the limit of 1 x" in shown


def times(readout, answer, turn):
    return {browser.READOUT: readout, browser.ANSWER: answer, browser.SLICE: turn, browser.WINDOW: turn}


def test_each_goal_of_the_browser_benchmark_is_within_or_over_its_limit_by_its_own_figure():
    results = {
        browser.EMPTY: {browser.READOUT: [10.0] * 20},
        browser.STUDIO: times([10.0] * 10 + [60.0] * 10, [30.0, 40.0, 50.0], [15.0, 16.0, 90.0]),
        browser.CORNERSTONE: times([5.0], [20.0], [5.0]),
        browser.PLOTLY: times([], [200.0], []),
    }
    found = {text: (value, value <= limit) for text, value, limit, _ in browser.goals(results)}
    assert found == {
        f"{browser.READOUT}, p95, over an empty SVG drag": (pytest.approx(50 * 60 / 1000), False),
        f"{browser.ANSWER} / Cornerstone3D": (2.0, False),
        f"{browser.ANSWER} / plotly FigureWidget": (0.2, True),
        f"{browser.SLICE}, p50": (16.0, True),
        f"{browser.WINDOW}, p50": (16.0, True),
    }


def test_without_npm_cornerstone_is_left_out_and_the_reason_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cornerstone.shutil, "which", lambda _: None)
    assert browser.Cornerstone not in browser.bundled(tmp_path)
    assert "Cornerstone3D: left out, there is no npm on PATH" in capsys.readouterr().out


def test_what_is_done_once_does_not_count_as_time_of_a_study():
    rows = [3.0, 3.1, 3.2, 3.3, 4.3, 5.3]  # two workers: the first four are those that waited while they began
    found = cohort_scores.phases(0.5, rows, 5.4, workers=2, processor_s=10.8)
    assert (found.looking_s, found.beginning_s, found.study_s) == pytest.approx((0.5, 2.5, 1.0))
    assert (found.end_s, found.cores) == pytest.approx((0.1, 2.0))


def test_a_cohort_that_gains_nothing_from_two_workers_says_why():
    def run(study_s, processor_s, whole_s):
        return cohort_scores.Phases(
            looking_s=0.0, beginning_s=1.0, study_s=study_s, end_s=0.0, whole_s=whole_s, processor_s=processor_s
        )

    quiet = cohort_scores.remarks({0: run(0.2, 10, 10), 1: run(0.2, 10, 10), 2: run(0.1, 10.5, 5.5)})
    assert quiet == [
        "Once begun, 2 workers do 2.00 x the studies of one.",
        "18 % of their run is done once, however many studies there are.",
    ]
    busy = cohort_scores.remarks({0: run(0.2, 10, 10), 1: run(0.2, 10, 10), 2: run(0.2, 15, 10)})
    assert busy[2:] == [
        "They take 1.50 x the processor time: threads, or memory.",
        "2 workers had 1.50 cores: others use this machine, or the disk is slow.",
    ]


@pytest.mark.slow
def test_a_cohort_is_measured_in_this_process_and_in_others():
    loop, again, found = cohort_scores.measure(studies=4, workers=(1,))
    assert 0 < again < loop
    assert {name: list(runs) for name, runs in found.items()} == {name: [0, 1] for name in cohort_scores.PLANS}
    assert all(run.study_s > 0 for runs in found.values() for run in runs.values())


@pytest.mark.slow
def test_careful_readings_pass_and_those_with_a_fault_do_not():
    counts = pass_rates.count_passes([("plain", body_seed(0, "placing"))], days=1, careful=2, careless=2)
    assert counts["careful"] == (2, 2)
    assert counts["careless"][1] == 2
    assert counts["fault"] == (0, len(pass_rates.FAULTS))
