"""Where hand-ins come from: folders, archives of learning platforms, nbgrader; and what people put there besides."""

import zipfile

import pytest

from vbqkit.classroom import HandIn, collect_hand_ins
from vbqkit.classroom.collecting import sender
from vbqkit.classroom.hand_in import hand_in_text
from vbqkit.errors import FormatError
from vbqkit.exercises import Attempt


def text(student="17", *, made_at="2026-03-02T11:00:00+00:00", lesson="10", passed=True):
    tries = Attempt(lesson=lesson, exercise="10-fat", passed=passed, at=made_at, student=student)
    return hand_in_text(HandIn(student=student, lesson=lesson, made_at=made_at, attempts=(tries,), readings=()))


def states(collected):
    return sorted((row["state"], row["student"]) for row in collected.rows)


MOODLE = {
    "José Kováč_20411_assignsubmission_file_/lesson_10_17.handin.json": text("17"),
    "Anna_Maria Nagy_20412_assignsubmission_file_lesson_10_18.handin.json": text("18"),
    "Li_20413_assignsubmission_onlinetext_/onlinetext.html": "<p>done</p>",
}
CANVAS = {
    "kovacjose_4711_99801_lesson_10_17.handin.json": text("17"),
    "nagyanna_LATE_4712_99802_lesson_10_18.handin-1.json": text("18"),
}


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "senders", "others"),
    [(MOODLE, ["José Kováč", "Anna_Maria Nagy"], 1), (CANVAS, ["kovacjose", "nagyanna"], 0)],
    ids=["Moodle", "Canvas"],
)
def test_an_archive_of_a_learning_platform_is_read_as_it_is(members, senders, others, tmp_path):
    found = collect_hand_ins([archive(tmp_path / "submissions.zip", members)])
    assert states(found) == [("counts", "17"), ("counts", "18")]
    assert [row["by"] for row in found.rows] == senders
    assert found.others == others


def test_the_submitted_folder_of_nbgrader_is_read_as_it_is(tmp_path):
    for student in ("eva", "ben"):
        folder = tmp_path / "course" / "submitted" / student / "lesson_10"
        folder.mkdir(parents=True)
        (folder / f"lesson_10_{student}.handin.json").write_text(text(student), encoding="utf-8")
        (folder / "timestamp.txt").write_text("2026-03-02 11:00:00 UTC", encoding="utf-8")
    found = collect_hand_ins([tmp_path / "course"])
    assert [(row["by"], row["student"]) for row in found.rows] == [("ben", "ben"), ("eva", "eva")]
    assert found.others == 2
    assert sender("ex/course/inbound/eva+lesson_10+2026-03-02 11:00:00 UTC+cbf1/lesson_10_eva.handin.json") == "eva"


def test_of_several_the_latest_counts_and_the_others_are_named(tmp_path):
    for number, hour in enumerate((11, 13, 12)):
        content = text(made_at=f"2026-03-02T{hour}:00:00+00:00")
        (tmp_path / f"lesson_10_17 ({number}).handin.json").write_text(content, encoding="utf-8")
        (tmp_path / f"lesson_10_17.handin ({number}).json").write_text(content, encoding="utf-8")
    found = collect_hand_ins([tmp_path])
    assert [one.hand_in.made_at[11:13] for one in found.counted] == ["13"]
    assert [row["state"] for row in found.rows].count("earlier") == 5
    assert all(row["reason"] for row in found.rows if row["state"] == "earlier")


def test_one_number_from_two_senders_is_pointed_out(tmp_path):
    members = {f"{name}_1_assignsubmission_file_/lesson_10_1.handin.json": text("1") for name in ("Ada", "Ben")}
    found = collect_hand_ins([archive(tmp_path / "all.zip", members)])
    assert len(found.counted) == 1
    assert [row["reason"] for row in found.rows if row["state"] == "counts"] == [
        "The number 1 came from 2 senders: Ada, Ben. Ask them."
    ]


def test_what_is_broken_costs_one_row_with_the_reason(tmp_path):
    good = text()
    for name, content in {
        "a.handin.json": good,
        "b.handin.json": good[:200],
        "c.handin.json": good.replace('"passed": true', '"passed": false'),
        "d.handin.json": "",
        "notes.txt": "hello",
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and so on")
    archive(tmp_path / "outer.zip", {"inner.zip": b"PK"})
    found = collect_hand_ins([tmp_path])
    assert len(found.counted) == 1
    assert {row["file"].rpartition("/")[2]: row["reason"].partition(".")[0] for row in found.rows} == {
        "a.handin.json": "",
        "b.handin.json": "It is damaged or cut off",
        "c.handin.json": "It was changed after it was made, at try 1 ('10-fat') or before",
        "d.handin.json": "It is damaged or cut off",
        "broken.zip": "The ZIP archive is damaged",
        "outer.zip: inner.zip": "It is a ZIP archive in another",
    }
    assert found.others == 1


def test_an_archive_made_to_fill_a_disk_fills_neither_disk_nor_memory(tmp_path, monkeypatch):
    """300 MB of zeros pack to 0.3 MB; of a member named like a hand-in 4 MiB are read, of the others nothing."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("lesson_10_17.handin.json", "other.bin"):
            with packed.open(name, "w", force_zip64=True) as member:
                for _ in range(40):
                    member.write(bytes(2**20))
        packed.writestr("../../lesson_10_18.handin.json", text("18"))
    asked = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(zipfile.ZipExtFile, "read", lambda self, n=-1: asked.append((self.name, n)) or read(self, n))
    found = collect_hand_ins([path])
    assert [row["state"] for row in found.rows] == ["refused", "counts"]
    assert "bytes; a hand-in has far fewer" in found.rows[0]["reason"]
    assert "other.bin" not in {name for name, _ in asked}
    assert all(0 < n <= 4 * 2**20 + 1 for _, n in asked)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["bomb.zip"], "nothing was unpacked"


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vbqkit.classroom.collecting.LIMITS", type("Few", (), {"files": 3}))
    found = collect_hand_ins([archive(tmp_path / "many.zip", {str(k): "" for k in range(4)})])
    assert "holds 4 files" in found.rows[0]["reason"]
    for k in range(4):
        (tmp_path / str(k)).touch()
    with pytest.raises(FormatError, match="more than 3 files"):
        collect_hand_ins([tmp_path])


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text(text(), encoding="utf-8")
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "lesson_10_17.handin.json").symlink_to(tmp_path / "secret.txt")
    assert collect_hand_ins([folder]).rows == ()


def test_a_path_that_is_not_there_says_where_it_looked(tmp_path):
    with pytest.raises(FormatError, match=f"nothing at '{tmp_path}/nowhere'"):
        collect_hand_ins([tmp_path / "nowhere"])
