"""The course for people without git: copied whole, checked, and never over what a student wrote."""

import errno
import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from vbqkit.cli import main
from vbqkit.datasets import FIRST_LESSON, course, write_course
from vbqkit.errors import FormatError

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """A package with a course of three files."""
    source = tmp_path / "course_files"
    files = {FIRST_LESSON: "{}", Path("notebooks/glossary.ipynb"): "{ }", Path("sample_data/bone.csv"): "a,b\n"}
    for name, content in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(content, encoding="utf-8")
    monkeypatch.setattr(course, "course_source", lambda: source)
    monkeypatch.setattr(course, "_recorded", dict)
    return source


def test_a_checkout_holds_the_course_and_nothing_that_jupyter_left_there():
    assert course.course_source() == ROOT
    names = [path.relative_to(ROOT).as_posix() for path in course._files(ROOT)]
    assert "notebooks/00_start_here.ipynb" in names
    assert "sample_data/bone.csv" in names
    assert not [name for name in names if "checkpoint" in name]


def test_it_is_copied_and_the_second_time_nothing_is_written(packed, tmp_path):
    first = write_course(tmp_path / "mine")
    assert (first.written, first.same, first.yours) == (3, 0, ())
    assert first.first_lesson.read_text(encoding="utf-8") == "{}"
    assert write_course(tmp_path / "mine").same == 3


def test_what_a_student_wrote_is_never_replaced(packed, tmp_path, capsys):
    mine = write_course(tmp_path / "mine").first_lesson
    mine.write_text("answers", encoding="utf-8")
    assert main(["course", str(tmp_path / "mine"), "--json"]) == 0
    assert mine.read_text(encoding="utf-8") == "answers"
    assert json.loads(capsys.readouterr().out)[0]["yours"] == 1
    assert main(["course", str(tmp_path / "mine")]) == 0
    assert "Left as you changed them: notebooks/00_start_here.ipynb" in " ".join(capsys.readouterr())


def test_a_damaged_installation_is_refused_and_the_right_one_is_not(packed, tmp_path, monkeypatch):
    digest = urlsafe_b64encode(hashlib.sha256(b"a,b\n").digest()).rstrip(b"=").decode()
    monkeypatch.setattr(course, "_recorded", lambda: {"vbqkit/course_files/sample_data/bone.csv": digest})
    assert write_course(tmp_path / "mine").written == 3
    (packed / "sample_data" / "bone.csv").write_bytes(b"a,c\n")
    with pytest.raises(FormatError, match="not as it was installed"):
        write_course(tmp_path / "again")


def test_a_checkout_is_copied_as_it_is_whatever_was_installed(packed, tmp_path, monkeypatch):
    checkout = packed.rename(tmp_path / "checkout")
    monkeypatch.setattr(course, "course_source", lambda: checkout)
    monkeypatch.setattr(course, "_recorded", lambda: {"vbqkit/course_files/sample_data/bone.csv": "of another day"})
    assert write_course(tmp_path / "mine").written == 3


def test_a_full_disk_leaves_no_half_file_and_the_next_run_goes_on(packed, tmp_path, monkeypatch):
    write_bytes = Path.write_bytes

    def full(path, content):
        if "glossary" in path.name:
            write_bytes(path, content[:1])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(FormatError, match=r"glossary\.ipynb cannot be written \(No space left on device\)"):
            write_course(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine" / "notebooks").iterdir()] == [FIRST_LESSON.name]
    assert (write_course(tmp_path / "mine").written, write_course(tmp_path / "mine").same) == (2, 3)


def test_an_installation_without_a_course_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(course.vbqkit, "__file__", str(tmp_path / "vbqkit" / "__init__.py"))
    with pytest.raises(FormatError, match="holds no course"):
        course.course_source()


def test_lab_opens_the_first_lesson_where_the_course_is(packed, tmp_path, monkeypatch, capsys):
    ran = []
    monkeypatch.setattr("subprocess.run", lambda command, **where: ran.append((command, where["cwd"])) or Ended(0))
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "--no-browser", "--port", "8123"]) == 0
    command, where = ran[0]
    assert (Path(where) / FIRST_LESSON).is_file()
    assert command[1:3] == ["-m", "jupyterlab"]
    assert {"--no-browser", "--ServerApp.port=8123", FIRST_LESSON.as_posix()} <= set(command)
    monkeypatch.chdir(tmp_path / "vbqkit-course")
    assert main(["lab"]) == 0
    assert ran[1][1] == Path()


def test_lab_says_what_is_missing_and_that_it_failed(packed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["lab", str(tmp_path / "mine")]) == 1
    assert "pip install 'vbqkit[lab]'" in capsys.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: Ended(3))
    assert main(["lab", str(tmp_path / "mine")]) == 1
    assert "ended with the status 3" in capsys.readouterr().err


class Ended:
    def __init__(self, returncode):
        self.returncode = returncode
