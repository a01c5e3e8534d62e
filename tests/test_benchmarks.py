"""The benchmarks run, compare with whom they say, and tell a wrong name."""

import pytest

from benchmarks import import_time, listing, reading, slices, timing
from benchmarks.__main__ import main, names


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


def test_a_ratio_over_the_limit_is_called_that(capsys):
    timing.print_ratios("x", {"a": 2.0, "b": 1.0, "c": 4.0}, ours="a", limits={"b": 1.2, "c": 1.0})
    shown = capsys.readouterr().out
    assert "2.00 x b (1000.0 ms); OVER the limit of 1.2 x" in shown
    assert "0.50 x c (4000.0 ms); within the limit of 1 x" in shown
