"""The folder of received objects: whole files, names made here, limits, and no name of anybody in a message."""

import pytest

from tests.privacy.small_files import save, tiny
from vbqkit.errors import NodeError
from vbqkit.node import Inbox, Limits, NotStoredError, Peer

NAME = "ZWIRNOVSKA^QUINTILLA"


@pytest.fixture
def made(tmp_path):
    """An object as it arrives; its header would lead out of the folder, if it named files."""

    def make(instance="2.25.11", study="2.25.1", **tags):
        header = tiny(SOPInstanceUID=instance, StudyInstanceUID=study, PatientName=NAME, StudyID="../../etc", **tags)
        return save(header, tmp_path / "made" / "x.dcm").read_bytes()

    return make


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_study_has_a_folder_and_bytes_stay_as_they_came(made, tmp_path):
    inbox = Inbox(tmp_path / "in")
    contents = [made("2.25.11"), made("2.25.12"), made("2.25.13", study="2.25.2")]
    paths = [inbox.put(content) for content in contents]
    assert names(tmp_path / "in") == ["study-0001/000001.dcm", "study-0001/000002.dcm", "study-0002/000001.dcm"]
    assert [path.read_bytes() for path in paths] == contents


def test_an_object_that_comes_again_is_one_file_and_another_one_of_its_number_is_refused(made, tmp_path):
    inbox = Inbox(tmp_path / "in")
    assert inbox.put(made()) == inbox.put(made())
    with pytest.raises(NotStoredError, match="other content") as refused:
        inbox.put(made(EchoTime=99))
    assert refused.value.status == 0x0111
    assert names(tmp_path / "in") == ["study-0001/000001.dcm"]


def test_a_later_run_goes_on_with_a_study(made, tmp_path):
    Inbox(tmp_path / "in").put(made())
    later = Inbox(tmp_path / "in")
    later.put(made("2.25.12"))
    later.put(made())
    later.put(made("2.25.13", study="2.25.2"))
    assert names(tmp_path / "in") == ["study-0001/000001.dcm", "study-0001/000002.dcm", "study-0002/000001.dcm"]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"file_bytes": 100}, "An object may have 100 bytes"),
        ({"study_files": 1}, "A study may have 1 objects"),
        ({"total_bytes": 5000}, "The folder may hold 5000 bytes"),
    ],
)
def test_what_exceeds_a_limit_is_refused_and_what_is_there_stays(made, tmp_path, limits, said):
    Inbox(tmp_path / "in").put(made())
    inbox = Inbox(tmp_path / "in", limits=Limits(**limits))
    with pytest.raises(NotStoredError, match=said) as refused:
        inbox.put(made("2.25.12"))
    assert refused.value.status == 0xA700
    assert names(tmp_path / "in") == ["study-0001/000001.dcm"]


def test_a_full_disk_leaves_no_half_file(made, tmp_path, monkeypatch):
    inbox = Inbox(tmp_path / "in")
    inbox.put(made())

    def full(path, content):
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(NotStoredError, match="No space left") as refused:
        inbox.put(made("2.25.12"))
    assert refused.value.status == 0xA700
    assert names(tmp_path / "in") == ["study-0001/000001.dcm"]


@pytest.mark.parametrize("study", ["", "1" * 65, "\0"])
@pytest.mark.filterwarnings("ignore:Invalid value|The value length:UserWarning")  # pydicom warns where it writes it
def test_an_object_without_a_study_is_refused_without_quoting_it(made, tmp_path, study):
    inbox = Inbox(tmp_path / "in")
    with pytest.raises(NotStoredError, match="names no study") as refused:
        inbox.put(made(study=study))
    assert refused.value.status == 0xC000
    assert names(tmp_path / "in") == []


def test_what_is_no_dicom_is_refused_without_quoting_it(tmp_path):
    with pytest.raises(NotStoredError) as refused:
        Inbox(tmp_path / "in").put(NAME.encode() * 100)
    assert NAME not in str(refused.value)


def test_a_study_is_complete_once_when_nothing_came_for_a_while_and_again_when_more_came(made, tmp_path):
    now = [0.0]
    inbox = Inbox(tmp_path / "in", clock=lambda: now[0])
    inbox.put(made())
    assert inbox.complete(10) == ()
    now[0] = 10.0
    [study] = inbox.complete(10)
    assert (study.folder.name, study.files, study.refused) == ("study-0001", 1, 0)
    assert inbox.complete(10) == ()
    inbox.put(made("2.25.12"))
    now[0] = 25.0
    [study] = inbox.complete(10)
    assert study.files == 2


def test_the_folder_of_others_is_not_followed(made, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in" / "study-0001").symlink_to(tmp_path / "elsewhere")
    assert Inbox(tmp_path / "in").put(made()).parent.name == "study-0002"
    assert names(tmp_path / "elsewhere") == []


def test_a_folder_that_cannot_be_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(NodeError, match="cannot hold what is received"):
        Inbox(tmp_path / "file" / "in")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ORTHANC", "AE@host:port"),
        ("@h:1", "AE@host:port"),
        ("A@h", "AE@host:port"),
        ("A@h:0", "Port 0"),
        ("A@h:70000", "Port 70000"),
        ("A" * 17 + "@h:104", "AE title"),
        ("A\\B@h:104", "AE title"),
        ("Č@h:104", "AE title"),
    ],
)
def test_a_node_that_is_none_is_refused_in_words(text, said):
    with pytest.raises(NodeError, match=said):
        Peer.parse(text)


def test_nodes_are_written_as_they_are_read():
    for text in ("ORTHANC@127.0.0.1:4242", "A B@pacs.example.org:104", "X@[::1]:11112"):
        assert str(Peer.parse(text)) == text
