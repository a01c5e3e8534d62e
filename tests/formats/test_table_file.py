"""The one writer of CSV tables."""

from pathlib import Path

import pytest

from vbqkit.errors import FormatError
from vbqkit.formats.table_file import write_table


def test_a_table_is_the_same_bytes_everywhere(tmp_path: Path) -> None:
    rows = [{"id": "P1", "word": "a, b"}, {"id": "é"}]
    write_table(tmp_path / "t.csv", ("id", "word"), rows, comment="Made by a test.")
    assert (tmp_path / "t.csv").read_bytes() == '# Made by a test.\nid,word\nP1,"a, b"\né,\n'.encode()


def test_a_row_with_an_unknown_column_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"Row 2 of .*t\.csv has a column 'snr', which is not one of id"):
        write_table(tmp_path / "t.csv", ("id",), [{"id": 1}, {"id": 2, "snr": 3}])
    assert not (tmp_path / "t.csv").exists()


def test_a_table_that_cannot_be_written_says_where_and_why(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"t\.csv cannot be written: No such file or directory. Choose another file"):
        write_table(tmp_path / "nowhere" / "t.csv", ("id",), [])
