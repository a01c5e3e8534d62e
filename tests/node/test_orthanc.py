"""A whole round with Orthanc, a server that nobody here wrote: images come, report and segmentation go back."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pydicom
import pytest

from vbqkit.errors import NodeError
from vbqkit.node import Peer, check_peer, send_files

pytestmark = [
    pytest.mark.slow,  # starts two servers
    # pynetdicom leaves the socket of an association that was refused to the garbage collector
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
CASE = Path(__file__).parents[2] / "sample_data" / "case04"
ROIS = CASE / "reference_rois.vbqkit.json"
SR, SEG = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.66.4"
PATIENCE_S = 120


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Orthanc:
    """Orthanc of Debian on free ports, with a folder of its own, and its REST interface."""

    def __init__(self, program, folder, vbqkit_port):
        self.dicom, self.http = free_ports(2)
        settings = {
            "Name": "test",
            "StorageDirectory": str(folder / "storage"),
            "IndexDirectory": str(folder / "storage"),
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomPort": self.dicom,
            "DicomAet": "ORTHANC",
            "DicomCheckCalledAet": True,
            "Plugins": [],
            "DicomModalities": {"vbqkit": ["VBQKIT", "127.0.0.1", vbqkit_port]},
        }
        (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
        log = (folder / "orthanc.log").open("wb")
        with log:
            self.process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
        self.peer = Peer("ORTHANC", "127.0.0.1", self.dicom)

    def ask(self, path, data=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data=data)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read()

    def wait(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            assert self.process.poll() is None, "Orthanc ended"
            with contextlib.suppress(NodeError):
                return check_peer(self.peer)
            time.sleep(0.5)
        raise AssertionError("Orthanc does not listen")

    def instances(self, kind):
        listed = json.loads(self.ask("/instances"))
        alike = [one for one in listed if self.ask(f"/instances/{one}/metadata/SopClassUid").decode() == kind]
        return [self.ask(f"/instances/{one}/file") for one in alike]


@pytest.fixture
def orthanc(tmp_path):
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        assert not os.environ.get("CI"), "Orthanc is missing; CI installs it"
        pytest.skip("Orthanc is not installed (apt-get install orthanc): the round with a real server was not tested")
    [port] = free_ports(1)
    server = Orthanc(program, tmp_path, port)
    server.vbqkit_port = port
    try:
        server.wait()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(PATIENCE_S)


def numbers(dataset):
    """Each score of a structured report with its value, as pydicom alone reads it."""
    found = {}
    for group in walk(dataset, "125007"):
        name = [item.TextValue for item in group.ContentSequence if code(item) == "112039"]
        for item in group.ContentSequence:
            if item.ValueType == "NUM" and name:
                value = item.MeasuredValueSequence[0]
                found.setdefault(name[0], []).append(float(value.get("FloatingPointValue", value.NumericValue)))
    return found


def code(item):
    return item.ConceptNameCodeSequence[0].CodeValue if "ConceptNameCodeSequence" in item else ""


def walk(dataset, wanted):
    for item in dataset.get("ContentSequence", []):
        if code(item) == wanted:
            yield item
        yield from walk(item, wanted)


def test_images_come_from_orthanc_and_report_and_segmentation_go_back(orthanc, tmp_path):
    images = sorted(path for weighting in ("T1", "T2", "STIR") for path in (CASE / weighting).glob("*.dcm"))
    assert len(send_files(images, orthanc.peer)) == 33
    command = [sys.executable, "-m", "vbqkit.cli", "serve", str(tmp_path / "in"), "--port", str(orthanc.vbqkit_port)]
    command += [
        "--idle",
        "3",
        "--studies",
        "1",
        "--score",
        str(ROIS),
        "--reader",
        "AB",
        "--to",
        str(orthanc.peer),
        "--json",
    ]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "Listening as VBQKIT at 127.0.0.1" in serving.stderr.readline()
        [study] = json.loads(orthanc.ask("/studies"))
        orthanc.ask("/modalities/vbqkit/store", study.encode())
        out, err = serving.communicate(timeout=PATIENCE_S)
    finally:
        serving.kill()
    [row] = json.loads(out)
    assert row["problem"] is None, err
    assert (row["study"], row["files"], row["sent_to"]) == ("study-0001", 33, str(orthanc.peer))
    came = sorted((tmp_path / "in" / "study-0001").glob("*.dcm"))
    sent = {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path) for path in images}
    for path in came:
        dataset = pydicom.dcmread(path)
        assert dataset.PixelData == sent[dataset.SOPInstanceUID].PixelData

    [report], [segmentation] = orthanc.instances(SR), orthanc.instances(SEG)
    (tmp_path / "back.sr.dcm").write_bytes(report)
    (tmp_path / "back.seg.dcm").write_bytes(segmentation)
    score = [sys.executable, "-m", "vbqkit.cli", "score", str(CASE), "--rois", str(ROIS), "--json"]
    rows = json.loads(subprocess.run(score, capture_output=True, text=True, check=True).stdout)
    digits = numbers(pydicom.dcmread(tmp_path / "back.sr.dcm"))
    given = [row for row in rows if row.get("value") is not None]
    assert len(given) >= 7
    for row in given:
        values = [value for key, found in digits.items() if key.split(" (")[0] == row["score"] for value in found]
        assert row["value"] in values, row["score"]
    labels = {item.SegmentLabel for item in pydicom.dcmread(tmp_path / "back.seg.dcm").SegmentSequence}
    assert {"L1", "L2", "L3", "L4", "CSF"} <= labels
    from vbqkit import read_rois

    assert {roi.label for roi in read_rois(tmp_path / "back.sr.dcm").rois} >= {"L1", "L2", "L3", "L4", "CSF"}


def test_orthanc_refuses_a_wrong_title_in_words(orthanc):
    with pytest.raises(NodeError, match="refused the association: it is not called PACS"):
        check_peer(Peer("PACS", "127.0.0.1", orthanc.dicom))
