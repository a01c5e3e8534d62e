"""Damaged files of every kind are read or refused in words: a few in every run, many in ``make slow``."""

import warnings

import pytest

from benchmarks.fuzz import damaged, main, originals, outcome

FEW = 340


def test_the_undamaged_files_are_read(tmp_path):
    for name, content, reader in originals().values():
        (tmp_path / name).write_bytes(content)
        if name != "DICOMDIR":  # what it refers to is not beside it
            reader(tmp_path / name)


def test_every_kind_is_damaged_and_the_same_number_gives_the_same_file():
    assert {damaged(number)[0] for number in range(len(originals()))} == set(originals())
    assert damaged(7)[2] == damaged(7)[2] != damaged(7 + len(originals()))[2]


@pytest.mark.parametrize("part", range(4))
def test_damaged_files_are_read_or_refused_in_words(part):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, on values that are damaged on purpose
        bad = {k: result for k in range(part, FEW, 4) if (result := outcome(k)) not in ("ok", "refused")}
    assert bad == {}


@pytest.mark.slow
def test_many_damaged_files_in_processes_of_their_own(capsys):
    main(4000)
    shown = capsys.readouterr().out
    assert "failed" not in shown
    assert "slow" not in shown
