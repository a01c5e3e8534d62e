"""The lessons as nbgrader's assignments, against the schema that nbgrader itself checks them with."""

import json
import re
from pathlib import Path

import jsonschema
import nbformat
import pytest

from vbqkit.classroom import HandIn, points_handed_in, write_hand_in, write_nbgrader
from vbqkit.classroom.nbgrader import possible_points, with_nbgrader_marks
from vbqkit.errors import FormatError
from vbqkit.exercises import Attempt, lessons

ROOT = Path(__file__).parents[2]
SCHEMA = jsonschema.Draft4Validator(
    json.loads((ROOT / "tests" / "reference" / "nbgrader_cell_v3.json").read_text(encoding="utf-8"))
)
"""nbgrader/nbgraderformat/v3.json of nbgrader 0.9.6 (BSD-3-Clause, Project Jupyter), as it is."""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    return folder, write_nbgrader(folder, notebooks=ROOT / "notebooks")


def marks(path):
    """Of a notebook's cells that nbgrader knows, with what its validator asks besides the schema."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [(cell, cell.metadata["nbgrader"]) for cell in notebook.cells if "nbgrader" in cell.metadata]


def test_every_lesson_is_an_assignment_with_its_points(course):
    _, rows = course
    assert [row["lesson"] for row in rows] == [lesson.number for lesson in lessons()]
    for row in rows:
        found = marks(row["file"])
        for _, mark in found:
            SCHEMA.validate(mark)
        ids = [mark["grade_id"] for _, mark in found]
        assert len({*ids}) == len(ids) > 0
        graded = [(cell, mark) for cell, mark in found if mark["grade"]]
        assert [mark["points"] for _, mark in graded] == [row["points"]]
        assert graded[0][0].source.endswith(f'points_handed_in("{row["lesson"]}")')
        assert 'hand_in_button("' in "".join(cell.source for cell, _ in found)
    assert {row["lesson"]: row["points"] for row in rows}["20"] == possible_points("20") == 5


def test_what_is_the_students_to_change_is_not_locked(course):
    _, rows = course
    for row in rows:
        notebook = nbformat.read(row["file"], as_version=4)
        yours = [cell for cell in notebook.cells if "yours" in cell.metadata.get("tags", [])]
        assert not [cell for cell in yours if "nbgrader" in cell.metadata]


def test_what_a_lesson_reads_lies_beside_it(course):
    for row in course[1]:
        folder = Path(row["file"]).parent
        text = "\n".join(cell.source for cell in nbformat.read(row["file"], as_version=4).cells)
        assert "../sample_data" not in text
        read = re.findall(r'"(sample_data/[^"{]+?)"', text) + re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
        assert [name for name in read if not (folder / name).exists()] == []


def test_a_metadata_that_nbgrader_would_refuse_is_found():
    cell = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None, "id": "a"}
    marked = with_nbgrader_marks({"cells": [cell]}, "20")["cells"][0]["metadata"]["nbgrader"]
    SCHEMA.validate(marked)
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(marked | {"grade_id": "with a space"})
    with pytest.raises(jsonschema.ValidationError):
        SCHEMA.validate(marked | {"schema_version": 2})


def test_points_are_those_of_the_hand_in_beside_the_notebook(tmp_path):
    assert points_handed_in("10", tmp_path) == 0.0
    for minute, right in ((1, True), (2, False)):
        tries = [
            Attempt(lesson="10", exercise=name, passed=right, at=f"2026-03-02T11:0{minute}:00+00:00", student="17")
            for name in ("10-fat", "10-t2")
        ]
        made = HandIn(student="17", lesson="10", made_at=tries[0].at, attempts=tuple(tries), readings=())
        (tmp_path / str(minute)).mkdir()
        write_hand_in(made, tmp_path / str(minute))
    assert points_handed_in("10", tmp_path / "1") == 2.0
    assert points_handed_in("10", tmp_path) == 0.0, "the latest counts"
    assert points_handed_in("30", tmp_path) == 0.0


def test_a_folder_without_lessons_says_where_it_looked(tmp_path):
    with pytest.raises(FormatError, match=re.escape(str(tmp_path))):
        write_nbgrader(tmp_path / "out", notebooks=tmp_path)
