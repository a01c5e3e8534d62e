"""SPIDER from a server of this computer that speaks as Zenodo does, with files of its layout made here.

What Zenodo itself holds was not downloaded: its record, names and numbers are as others describe them.
"""

import hashlib
import json
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import SimpleITK

from vbqkit.cli import main
from vbqkit.datasets import fetch, get_spider, record_files, rois_of_labels
from vbqkit.datasets.spider import BODIES, RECORD
from vbqkit.errors import FormatError, RoiError
from vbqkit.image import Volume, stack_affine

SHAPE = (5, 260, 90)  # slices 4 mm apart, 1 mm pixels
OVERVIEW = (
    "new_file_name,subset,num_vertebrae,EchoTime,RepetitionTime,MagneticFieldStrength,Manufacturer,ScanningSequence\n"
    "1_t1,training,6,9.2,600,1.5,Philips,\"['SE']\"\n1_t2,training,6,110,3000,1.5,Philips,\"['SE']\"\n2_t1,validation,6,,,,,\n"
)


def labels():
    """From below: bodies 1 to 6 with spinous processes behind the canal, a body that is cut off, discs between."""
    mask = np.zeros(SHAPE, np.int16)
    mask[1:4, :, 44:60] = 100
    for number in range(1, 7):
        top = SHAPE[1] - 20 - 38 * number
        mask[:, top : top + 30, 10:44] = number
        mask[1:4, top + 8 : top + 16, 60:75] = number
        mask[:, top + 30 : top + 38, 10:44] = 200 + number
    mask[:, :10, 10:44] = 107
    return mask


def signal(marrow, csf):
    rng = np.random.default_rng(1)
    mask, pixels = labels(), rng.normal(100, 2, SHAPE)
    pixels[mask == 100] += csf - 100
    pixels[(mask > 0) & (mask < 100)] += marrow - 100
    return pixels.astype(np.int16)


def mha(path, array):
    image = SimpleITK.GetImageFromArray(array[:, ::-1])  # stored from the feet up
    image.SetSpacing((1.0, 1.0, 4.0))
    image.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    image.SetOrigin((-8.0, -40.0, -100.0))
    SimpleITK.WriteImage(image, str(path), useCompression=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spider")
    kinds = {"1_t1": (300, 100), "1_t2": (150, 400), "2_t1": (250, 100), "2_t2_SPACE": (150, 400)}
    for archive in ("images", "masks"):
        with zipfile.ZipFile(folder / f"{archive}.zip", "w") as packed:
            for stem, signals in kinds.items():
                path = folder / f"{stem}.mha"
                mha(path, signal(*signals) if archive == "images" else labels())
                packed.write(path, f"{archive}/{stem}.mha")
            packed.writestr("../evil.mha", b"x")
    (folder / "overview.csv").write_text(OVERVIEW)
    (folder / "radiological_gradings.csv").write_text("Patient,IVD label\n1,1\n")
    names = ("images.zip", "masks.zip", "overview.csv", "radiological_gradings.csv")
    return {name: (folder / name).read_bytes() for name in names}


class Zenodo:
    """A server, what it was asked, and what goes wrong on it."""

    def __init__(self, files):
        self.files, self.asked, self.break_after, self.ranges = dict(files), [], {}, True
        self.record = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, to):
        name = to.path.split("/")[-2] if to.path.endswith("/content") else None
        begin = int(to.headers.get("Range", "bytes=0-")[6:-1]) if self.ranges else 0
        self.asked.append((name or "record", begin))
        if name is None:
            body = json.dumps(self.record if self.record is not None else self.listing()).encode()
        else:
            body = self.files[name][begin:]
        to.send_response(206 if begin else 200)
        if begin:
            to.send_header("Content-Range", f"bytes {begin}-{begin + len(body) - 1}/{begin + len(body)}")
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body[: self.break_after.pop(name, len(body))])

    def listing(self):
        return {
            "files": [
                {
                    "key": name,
                    "size": len(content),
                    "checksum": f"md5:{hashlib.md5(content).hexdigest()}",
                    "links": {"self": f"{self.url}/api/records/{RECORD}/files/{name}/content"},
                }
                for name, content in self.files.items()
            ]
        }


@pytest.fixture
def zenodo(files):
    found = Zenodo(files)
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_one_line_gets_it_and_one_line_scores_it(zenodo, tmp_path, capsys):
    out = tmp_path / "spider"
    assert main(["get", "spider", "--out", str(out), "--server", zenodo.url]) == 0
    said = capsys.readouterr().out
    assert "doi:10.5281/zenodo.10159290, CC BY 4.0" in said
    assert sorted(path.relative_to(out / "studies").as_posix() for path in out.rglob("studies/*/*")) == [
        "1/1_t1.json",
        "1/1_t1.mha",
        "1/1_t2.json",
        "1/1_t2.mha",
        "2/2_t1.json",
        "2/2_t1.mha",
    ]
    assert not list(tmp_path.rglob("evil*"))
    line = [
        "cohort",
        "score",
        str(out / "studies"),
        "--rois",
        str(out / "rois"),
        "--keep-names",
        "--workers",
        "0",
        "--json",
    ]
    main([*line, "--score", "VBQ-T1", "--score", "VBQ-T2", "--out", str(tmp_path / "t.csv")])
    one, two = json.loads(capsys.readouterr().out)
    assert (one["id"], one["weightings"], one["field_t"], one["levels"]) == ("1", "T1 T2", 1.5, "L1 L2 L3 L4")
    assert one["vbq_t1"] == pytest.approx(3.0, rel=0.01)
    assert one["vbq_t2"] == pytest.approx(150 / 400, rel=0.02)
    assert (two["weightings"], two["vbq_t1"]) == ("T1", pytest.approx(2.5, rel=0.01))
    before = len(zenodo.asked)
    assert main(["get", "spider", "--out", str(out), "--server", zenodo.url]) == 0
    assert [name for name, _ in zenodo.asked[before:]] == ["record"]


def test_a_download_that_broke_off_goes_on_from_there(zenodo, tmp_path):
    zenodo.break_after["images.zip"] = 150_000
    with pytest.raises(FormatError, match=r"images\.zip broke off after 0\.1 of .* goes on from there"):
        get_spider(tmp_path, server=zenodo.url)
    part = tmp_path / "download" / ".images.zip.part"
    kept = part.stat().st_size
    assert 100_000 < kept <= 150_000 < len(zenodo.files["images.zip"])
    assert part.read_bytes() == zenodo.files["images.zip"][:kept]
    seen = []
    assert (
        get_spider(tmp_path, server=zenodo.url, loading=lambda name: lambda done, total: seen.append(done)).patients
        == 2
    )
    assert ("images.zip", kept) in zenodo.asked
    assert seen[-1] == len(zenodo.files["images.zip"])
    assert not part.exists()


def test_a_server_that_cannot_go_on_begins_anew(zenodo, tmp_path):
    zenodo.break_after["images.zip"] = 150_000
    zenodo.ranges = False
    one = record_files(RECORD, server=zenodo.url)["images.zip"]
    with pytest.raises(FormatError, match="broke off"):
        fetch(one, tmp_path)
    assert fetch(one, tmp_path).read_bytes() == zenodo.files["images.zip"]


def test_a_file_with_another_checksum_is_thrown_away(zenodo, tmp_path):
    one = record_files(RECORD, server=zenodo.url)["overview.csv"]
    zenodo.files["overview.csv"] = zenodo.files["overview.csv"].replace(b"Philips", b"Siemens")
    with pytest.raises(FormatError, match="not the file that the record describes"):
        fetch(one, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"files": [{"key": "images.zip", "size": 1}]},
        {"files": [{"key": "../x", "size": 1, "checksum": f"md5:{'0' * 32}"}]},
    ],
)
def test_a_record_without_checksums_or_with_strange_names_is_refused(zenodo, tmp_path, record):
    zenodo.record = record
    with pytest.raises(FormatError, match="nothing can be checked and nothing is downloaded"):
        get_spider(tmp_path, server=zenodo.url)


def test_a_record_that_has_changed_and_a_server_that_is_not_there_are_said(zenodo, tmp_path):
    del zenodo.files["masks.zip"]
    with pytest.raises(FormatError, match=r"holds no masks\.zip"):
        get_spider(tmp_path, server=zenodo.url)
    with pytest.raises(FormatError, match=r"cannot be read .* Check the connection"):
        get_spider(tmp_path, server="http://127.0.0.1:9")


# ROIs from masks


def volume():
    affine = stack_affine((-8, -40, 160), (4, 0, 0), (0, 0, -1), (0, 1, 0))
    return Volume(signal(300, 100), affine)


def test_a_roi_is_the_body_without_its_edge_and_without_the_spinous_process():
    rois = {roi.label: roi for roi in rois_of_labels(labels(), image=volume(), bodies=BODIES, canal=100)}
    assert set(rois) == {"L5", "L4", "L3", "L2", "L1", "T12", "CSF"}
    mask = labels()
    for number, level in BODIES.items():
        roi = rois[level]
        assert roi.slice_of(volume()).index == 2
        inside = roi.mask(volume())
        assert set(mask[2][inside]) == {number}
        rows, cols = np.nonzero(inside)
        assert (cols.min(), cols.max()) == (13, 40)  # 3 mm from 10 and 43
        assert rows.max() - rows.min() + 1 == 24  # 30 rows without 3 above and below
    heights = [rois[level].center_mm[2] for level in ("T12", "L1", "L2", "L3", "L4", "L5")]
    assert heights == sorted(heights, reverse=True)
    sac = rois["CSF"].mask(volume())
    assert set(mask[2][sac]) == {100}
    assert abs(rois["CSF"].center_mm[2] - rois["L3"].center_mm[2]) < 1


def test_the_margin_counts_in_millimetres_whatever_the_pixels():
    rois = rois_of_labels(labels(), image=volume(), bodies={1: "L5"}, canal=100, margin_mm=5)
    assert rois[0].area_mm2 == pytest.approx((34 - 10) * (30 - 10))
    assert rois_of_labels(labels(), image=volume(), bodies={1: "L5"}, canal=100, margin_mm=15) == ()
    [whole] = rois_of_labels(labels(), image=volume(), bodies={1: "L5"}, canal=100, margin_mm=0)
    assert whole.area_mm2 == pytest.approx(34 * 30)


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(RoiError, match="no spinal canal"):
        rois_of_labels(np.zeros(SHAPE, int), image=volume(), bodies=BODIES, canal=100)
    with pytest.raises(RoiError, match="Resample it"):
        rois_of_labels(labels()[1:], image=volume(), bodies=BODIES, canal=100)
    with pytest.raises(RoiError, match="margin of -1"):
        rois_of_labels(labels(), image=volume(), bodies=BODIES, canal=100, margin_mm=-1)


def test_downloads_without_pooch_say_what_to_install(monkeypatch, zenodo, tmp_path):
    one = record_files(RECORD, server=zenodo.url)["overview.csv"]
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(FormatError, match=r"pip install 'vbqkit\[datasets\]'"):
        fetch(one, tmp_path)
