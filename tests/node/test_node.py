"""Receiving and sending between vbqkit and peers made with pynetdicom: whole files, and why something did not work."""

import gc
import logging
import socket
import threading
from pathlib import Path

import pydicom
import pynetdicom
import pytest

from tests.privacy.small_files import save, tiny
from vbqkit.cli import main
from vbqkit.errors import NodeError
from vbqkit.node import Limits, Peer, check_peer, send_files, start_node
from vbqkit.node.receiving import warning_of

pytestmark = [
    pytest.mark.slow,  # each sets up servers and threads
    # pynetdicom leaves the socket of an association that was aborted to the garbage collector
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
MR, SR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.88.34"
IMPLICIT, JPEG_LS = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.80"
NAME = "ZWIRNOVSKA^QUINTILLA"


@pytest.fixture(autouse=True, scope="module")
def no_socket_is_left_to_other_tests():
    yield
    gc.collect()


@pytest.fixture
def node(tmp_path):
    with start_node(tmp_path / "in", port=0) as listening:
        yield listening


@pytest.fixture
def files(tmp_path):
    return [save(tiny(SOPInstanceUID=f"2.25.{n}", PatientName=NAME), tmp_path / "out" / f"{n}.dcm") for n in (11, 12)]


def reached(port):
    """Whether something listens there before long."""
    for _ in range(600):
        with socket.socket() as knock:
            if not knock.connect_ex(("127.0.0.1", port)):
                return True
        threading.Event().wait(0.1)
    return False


def address(node, title="VBQKIT"):
    return Peer(title, "127.0.0.1", node.port)


def received(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Other:
    """A node of somebody else, which answers what the test wants."""

    def __init__(self, kinds=(MR,), status=0x0000, syntaxes=None, title="OTHER"):
        entity = pynetdicom.AE(ae_title=title)
        entity.require_called_aet = True
        for kind in kinds:
            entity.add_supported_context(kind, syntaxes)
        self.got = []

        def store(event):
            if status is None:
                event.assoc.abort(block=False)
                return 0x0000
            self.got.append(event.dataset.SOPInstanceUID)
            return status

        handlers = [(pynetdicom.evt.EVT_C_STORE, store)]
        self.server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.peer = Peer(title, "127.0.0.1", self.server.server_address[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()


def test_what_is_sent_arrives_as_it_was(node, files, tmp_path):
    check_peer(address(node))
    assert send_files(files, address(node)) == tuple(files)
    assert received(tmp_path / "in") == ["study-0001/000001.dcm", "study-0001/000002.dcm"]
    for n, path in enumerate(files, start=1):
        here, there = pydicom.dcmread(tmp_path / "in" / "study-0001" / f"{n:06d}.dcm"), pydicom.dcmread(path)
        assert here == there
        assert here.file_meta.TransferSyntaxUID == there.file_meta.TransferSyntaxUID


def test_compressed_pixels_stay_compressed(node, files, tmp_path):
    dataset = pydicom.dcmread(files[0])
    dataset.compress(JPEG_LS, generate_instance_uid=False)
    dataset.save_as(files[0])
    send_files(files[:1], address(node))
    here = pydicom.dcmread(tmp_path / "in" / "study-0001" / "000001.dcm")
    assert here.file_meta.TransferSyntaxUID == JPEG_LS
    assert here.PixelData == dataset.PixelData


def test_a_sender_that_speaks_implicit_alone_is_understood(node, files, tmp_path):
    entity = pynetdicom.AE()
    entity.add_requested_context(MR, IMPLICIT)
    association = entity.associate("127.0.0.1", node.port, ae_title="VBQKIT")
    assert association.send_c_store(pydicom.dcmread(files[0])).Status == 0
    association.release()
    here = pydicom.dcmread(tmp_path / "in" / "study-0001" / "000001.dcm")
    assert here.file_meta.TransferSyntaxUID == IMPLICIT
    assert here.PixelData == pydicom.dcmread(files[0]).PixelData


def test_the_node_listens_on_the_loopback_alone_unless_asked(node):
    assert node.host == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for host in others:
        if not host.startswith("127."):
            with pytest.raises(OSError, match=r"refused|unreachable"):
                socket.create_connection((host, node.port), timeout=2).close()
    assert warning_of("127.0.0.1") is None
    assert "no password" in warning_of("0.0.0.0")


def test_a_caller_that_is_not_named_is_refused(tmp_path, files):
    with start_node(tmp_path / "in", port=0, callers=["PACS"]) as node:
        with pytest.raises(NodeError, match="refused the association: it does not know VBQKIT"):
            send_files(files, address(node))
        send_files(files, address(node), ae_title="PACS")


def test_a_port_that_is_taken_is_named(node, tmp_path):
    with pytest.raises(NodeError, match=rf"Port {node.port} at 127.0.0.1 is taken by another program"):
        start_node(tmp_path / "two", port=node.port)


def test_a_wrong_title_is_named(node, files):
    with pytest.raises(NodeError, match="refused the association: it is not called ORTHANC"):
        send_files(files, address(node, "ORTHANC"))


def test_nobody_there_is_said_in_words(files):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NodeError, match=f"Nobody listens at 127.0.0.1, port {port}"):
        send_files(files, Peer("ORTHANC", "127.0.0.1", port))
    with pytest.raises(NodeError, match=r"There is no machine 'nowhere\.invalid'"):
        send_files(files, Peer("ORTHANC", "nowhere.invalid", 104))


def test_a_machine_that_speaks_no_dicom_is_said_in_words(files):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            server.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(NodeError, match="may be no DICOM node"):
            send_files(files, Peer("WEB", "127.0.0.1", server.getsockname()[1]))


def test_a_kind_that_the_peer_does_not_take_is_named_before_anything_goes(files, tmp_path):
    report = save(tiny(SOPClassUID=SR, SOPInstanceUID="2.25.13"), tmp_path / "out" / "x.sr.dcm")
    with (
        Other() as other,
        pytest.raises(NodeError, match=r"does not take Comprehensive 3D SR Storage .*Nothing was sent"),
    ):
        send_files([report, *files], other.peer)
    with (
        Other(kinds=(SR,)) as other,
        pytest.raises(NodeError, match=r"does not take MR Image Storage .*Arrived before"),
    ):
        send_files([report, *files], other.peer)
    with (
        Other(kinds=("1.2.840.10008.1.1",)) as other,
        pytest.raises(NodeError, match="takes none of these objects: MR Image"),
    ):
        send_files(files, other.peer)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0xA700, r"out of resources: its disk may be full \(status A700\), at file 1 of 2"),
        (0xC123, r"cannot understand the object \(status C123\)"),
        (0x0110, r"it failed \(status 0110\)"),
    ],
)
def test_a_failure_of_the_peer_is_said_in_words(files, status, said):
    with Other(status=status) as other, pytest.raises(NodeError, match=said):
        send_files(files, other.peer)


def test_a_peer_that_goes_away_meanwhile_is_said_in_words(files):
    with Other(status=None) as other, pytest.raises(NodeError, match=r"no answer came, at file 1 of 2|broke off"):
        send_files(files, other.peer)


def test_a_full_disk_here_is_told_to_the_sender(node, files, tmp_path, monkeypatch):
    def full(_, __):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(NodeError, match="out of resources"):
        send_files(files, address(node))
    assert received(tmp_path / "in") == []


def test_an_object_too_large_for_memory_is_not_kept_until_it_is_complete(tmp_path):
    header = tiny(SOPInstanceUID="2.25.11")
    header.PixelData = bytes(8 << 20)
    large = save(header, tmp_path / "out" / "large.dcm")
    with start_node(tmp_path / "in", port=0, limits=Limits(file_bytes=1 << 20)) as node:
        with pytest.raises(NodeError, match=r"broke off|no answer came"):
            send_files([large], address(node))
        assert received(tmp_path / "in") == []
        check_peer(address(node))


@pytest.mark.parametrize("content", [b"", b"no DICOM", b"\0" * 128 + b"DICM"])
def test_a_file_that_is_none_is_not_sent(tmp_path, node, content):
    path = tmp_path / "x.dcm"
    path.write_bytes(content)
    with pytest.raises(NodeError, match="is no DICOM file that can be sent"):
        send_files([path], address(node))
    with pytest.raises(NodeError, match="cannot be read"):
        send_files([tmp_path / "none.dcm"], address(node))


def test_without_pynetdicom_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynetdicom", None)
    with pytest.raises(NodeError, match=r"pip install 'vbqkit\[node\]'"):
        start_node(tmp_path / "in", port=0)


def test_the_commands_send_and_receive_without_naming_anybody(tmp_path, files, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = []
    options = ["--port", str(port), "--idle", "0.5", "--studies", "1"]
    words = ["serve", str(tmp_path / "in"), *options]
    serving = threading.Thread(target=lambda: done.append(main(words)), daemon=True)
    serving.start()
    assert reached(port)
    assert main(["send", *map(str, files), "--to", f"VBQKIT@127.0.0.1:{port}"]) == 0
    serving.join(60)
    assert done == [0]
    said = "".join(capfd.readouterr()) + caplog.text
    assert "study-0001" in said
    assert "has taken 2 of 2 files" in said
    for secret in (*NAME.split("^"), "2.25.1"):
        assert secret not in said
    assert received(tmp_path / "in") == ["study-0001/000001.dcm", "study-0001/000002.dcm"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--score", "x.json"], "--score and --reader belong together"),
        (["--to", "A@h:104"], "Give both"),
        (["--idle", "0"], "must be above 0"),
        (["--port", "0x"], None),
        (["--ae", "much too long a title"], "is no AE title"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(tmp_path, capsys, options, said):
    if said is None:
        with pytest.raises(SystemExit):
            main(["serve", str(tmp_path / "in"), *options])
        return
    assert main(["serve", str(tmp_path / "in"), *options]) == 1
    assert said in capsys.readouterr().err
    assert not Path(tmp_path / "in" / "study-0001").exists()
