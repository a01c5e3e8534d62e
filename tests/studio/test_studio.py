"""The Python side of the studio: what it shows, what it refuses, what it says."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import comm
import numpy as np
import pytest
from comm import DummyComm
from PIL import Image

from tests.page.pictures import pictures_in
from tests.studio.in_node import STATIC, node
from tests.studio.spine import placed as on_the_spine
from tests.studio.spine import spine
from vbqkit.errors import FormatError, RoiError
from vbqkit.formats.rois import write_rois
from vbqkit.image import Volume, stack_affine
from vbqkit.page import javascript
from vbqkit.roi import Ellipse, Polygon, Rectangle
from vbqkit.scores import Refusal, Score, vbq
from vbqkit.studio import RoiStudio
from vbqkit.studio.drawn_roi import from_wire
from vbqkit.studio.views import open_views, pixels_for_browser
from vbqkit.study import Study, make_series

AFFINE = stack_affine((-8, 0, 0), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))


def make_volume(pixels: Any = None, affine: Any = AFFINE, **acquisition: Any) -> Volume:
    rng = np.random.default_rng(3)
    made = rng.integers(90, 140, (5, 80, 60)).astype("uint16") if pixels is None else np.asarray(pixels)
    return Volume(made, affine).with_acquisition(**{"weighting": "T1", **acquisition})


def placed(volume: Volume) -> list[Any]:
    image = volume.slice(2)
    rois: list[Any] = [Rectangle.on(image, (10 + 15 * k, 20), 6, 5, label=f"L{k + 1}") for k in range(4)]
    return [*rois, Ellipse.on(image, (40, 45), 4, 9, label="CSF")]


def test_an_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        RoiStudio(make_volume(), colour="red")  # type: ignore[call-arg] # that is the test


def test_the_page_hears_of_a_studio_once_and_of_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that draws between the first message and the next must not find a studio without options or views."""
    told: list[tuple[str, str, Any]] = []

    class Channel(DummyComm):  # type: ignore[misc] # comm is untyped for mypy
        def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **__: Any) -> None:
            told.append((self.comm_id, msg_type, data))

    monkeypatch.setattr(comm, "create_comm", Channel)
    volume = spine()
    studio = RoiStudio(volume, rois=on_the_spine(volume))
    ours = [(kind, data) for name, kind, data in told if name == studio.model_id]
    assert [kind for kind, _ in ours] == ["comm_open"], "what follows the first message may come after the drawing"
    state = ours[0][1]["state"]
    assert state["_options"]["files"]["save"]
    assert state["_views"]
    assert state["_measured"]
    assert len(state["_state"]["rois"]) == len(studio.rois)


def test_a_studio_that_cannot_be_made_leaves_nothing_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    def noted(**given: Any) -> DummyComm:
        opened.append(given["data"]["state"])
        return DummyComm(**given)

    monkeypatch.setattr(comm, "create_comm", noted)
    box = Rectangle.on(make_volume().slice(2), (20, 20), 6, 5, label="L3")
    with pytest.raises(RoiError, match="too many"):
        RoiStudio(make_volume(), rois=[box] * 2000)
    assert not [state for state in opened if "_views" in state]


def test_scores_are_those_of_the_scores_package() -> None:
    volume = spine()
    studio = RoiStudio(volume, rois=on_the_spine(volume))
    m = studio.measurements
    expected = vbq(m, m["CSF"], weighting="T1", aggregate="median")
    score = studio.scores["VBQ-T1 (median)"]
    assert isinstance(score, Score)
    assert score == expected
    assert isinstance(studio.scores["M-score"], Refusal)


def test_assigning_rois_measures_them_and_calls_back() -> None:
    volume = make_volume()
    studio = RoiStudio(volume)
    told: list[int] = []
    studio.on_change(lambda s: told.append(len(s.rois)))
    studio.rois = placed(volume)
    assert told == [5]
    assert repr(studio.measurements["L2"]) == repr(studio.rois[1].measure(volume))  # nan is not nan


def moved_in_the_browser(studio: RoiStudio, label: str, mm: float) -> dict[str, Any]:
    """What the browser sends when a hand has moved one ROI along y."""
    rois = [
        {**wire, "center": [wire["center"][0], wire["center"][1] + mm, wire["center"][2]]}
        if wire["label"] == label
        else wire
        for wire in studio._state["rois"]
    ]
    return {**studio._state, "revision": studio._state["revision"] + 1, "rois": rois}


def test_a_drag_is_answered_with_what_a_fresh_studio_measures_and_only_the_moved_roi_is_measured() -> None:
    volume = make_volume()
    studio = RoiStudio(volume, rois=placed(volume))
    before = studio.measurements
    studio.set_state({"_state": moved_in_the_browser(studio, "L2", 1.8)})
    after = studio.measurements
    assert repr(after) == repr(RoiStudio(volume, rois=studio.rois).measurements)
    assert after["L2"] != before["L2"]
    assert [label for label in after if after[label] is not before[label]] == ["L2"]


def test_a_drag_is_answered_before_it_is_told_to_other_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_volume()
    studio = RoiStudio(volume, rois=placed(volume))
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(studio, "_send", lambda message, buffers=None: sent.append(message))
    state = moved_in_the_browser(studio, "L2", 1.8)

    async def hear() -> None:  # in a loop, as in a notebook: the slow checks wait
        studio.set_state({"_state": state})

    asyncio.run(hear())
    assert [(m["method"], list(m["state"])) for m in sent] == [("update", ["_measured"]), ("update", ["_state"])]
    assert sent[0]["state"]["_measured"]["revision"] == state["revision"]
    assert sent[1]["state"]["_state"] == state


def test_the_same_rois_lie_on_every_linked_series_and_can_be_shifted_on_one() -> None:
    t1 = make_volume(frame_of_reference_uid="1.2", series_uid="1.2.1")
    t2 = make_volume(
        np.full((5, 40, 30), 7.0),
        AFFINE @ np.diag([1, 2, 2, 1]),
        weighting="T2",
        frame_of_reference_uid="1.2",
        series_uid="1.2.2",
    )
    studio = RoiStudio([t1, t2], rois=placed(t1))
    assert studio.measurements_on(1)["L3"].mean == 7.0
    state = studio._state
    wire = {**state["rois"][0], "shifts": {studio._opened[1].key: [0.0, 3.0, 0.0]}}
    studio._state = {**state, "revision": state["revision"] + 1, "rois": [wire, *state["rois"][1:]]}
    assert np.subtract(studio.rois_on(1)[0].center_mm, studio.rois_on(0)[0].center_mm).tolist() == pytest.approx(
        [0, 3, 0]
    )


def test_another_frame_of_reference_warns_and_carries_nothing_over() -> None:
    t1 = make_volume(frame_of_reference_uid="1.2")
    t2 = make_volume(weighting="T2", frame_of_reference_uid="9.9")
    studio = RoiStudio([t1, t2], rois=placed(t1))
    assert any("another frame of reference" in text for text in map(str, studio.messages))
    assert studio._views[1]["linked"] is False
    assert studio.measurements_on(1) == {}


def test_a_tilted_series_warns_and_is_not_linked() -> None:
    axial = stack_affine((0, 0, 0), (0, 0, 4), (0, 0.6, 0), (0.6, 0, 0))
    studio = RoiStudio(
        [make_volume(frame_of_reference_uid="1"), make_volume(None, axial, weighting="T2", frame_of_reference_uid="1")]
    )
    assert any("tilted by 90 degrees" in text for text in map(str, studio.messages))
    assert studio._views[1]["linked"] is False


def test_a_missing_frame_of_reference_is_said() -> None:
    studio = RoiStudio([make_volume(), make_volume(weighting="T2")])
    assert any("No frame of reference is stated" in text for text in map(str, studio.messages))


def test_a_study_shows_what_can_be_scored_and_names_the_rest() -> None:
    good, bad = make_series(make_volume()), make_series(make_volume(weighting="T2"), refusal="contrast agent")
    studio = RoiStudio(Study((good, bad)))
    assert len(studio.volumes) == 1
    assert any("contrast agent" in text for text in map(str, studio.messages))
    nothing = RoiStudio(Study((bad,)))
    assert nothing.volumes == ()
    assert any("no series that can be scored" in text for text in map(str, nothing.messages))
    assert nothing.measurements == {}
    assert nothing.scores == {}


def test_something_that_is_no_image_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a Volume, a Series, a Study"):
        RoiStudio(["x"])  # type: ignore[list-item] # that is the test


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((2, 8, 8), np.nan), "not finite numbers"),
        (np.full((2, 8, 8), 5.0), "the image is constant"),
        (np.linspace(-3, 4, 128).reshape(2, 8, 8), "no negative values"),
    ],
)
def test_odd_pixels_are_said_in_place(pixels: Any, words: str) -> None:
    studio = RoiStudio(make_volume(pixels))
    assert any(words in text for text in map(str, studio.messages))


def test_one_pixel_is_an_image_too() -> None:
    studio = RoiStudio(make_volume(np.array([[[7.0]]])))
    assert studio._views[0]["window"][1] > 0


def test_a_roi_that_cannot_be_measured_says_why_and_the_others_count() -> None:
    volume = make_volume()
    outside = Rectangle.on(volume.slice(2), (200, 20), 6, 5, label="L2")
    studio = RoiStudio(volume, rois=[*placed(volume)[:1], outside])
    assert set(studio.measurements) == {"L1"}
    assert "beyond the image" in studio._measured["views"][0][1]["error"]


@pytest.mark.parametrize("area", [0, -1, float("nan")])
def test_an_impossible_fixed_area_is_refused(area: float) -> None:
    with pytest.raises(RoiError, match="fixed area"):
        RoiStudio(make_volume(), fixed_area_cm2=area)


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "uint16", "int16", "int32", "int64", "uint64", "float16", "float32", "float64", ">i2", ">f4"],
)
def test_pixels_reach_the_browser_with_every_digit(dtype: str) -> None:
    rng = np.random.default_rng(0)
    pixels = (rng.random((7, 5)) * (1 if dtype == "bool" else 200)).astype(dtype)
    name, data = pixels_for_browser(pixels)
    assert np.frombuffer(data, name).reshape(7, 5).tolist() == pixels.astype(float).tolist()


def test_a_large_study_sends_no_pixels_until_asked_and_one_slice_at_a_time() -> None:
    volumes = [
        make_volume(np.zeros((30, 1024, 1024), np.uint16) + 3, frame_of_reference_uid="1", weighting=w)
        for w in ("T1", "T2", "STIR")
    ]
    studio = RoiStudio(volumes)
    sent: list[Any] = []
    studio.send = lambda content, buffers=None: sent.append((content, buffers))
    assert sum(len(repr(value)) for value in studio.get_state().values()) < 200_000
    studio._on_message(studio, {"type": "slice", "view": 2, "index": 7}, [])
    ((content, buffers),) = sent
    assert content == {"type": "slice", "view": 2, "index": 7, "array": "uint8"}
    assert len(buffers[0]) == 1024 * 1024


def test_wires_that_make_no_sense_are_refused_in_words() -> None:
    with pytest.raises(RoiError, match="use one of rectangle, ellipse, polygon"):
        from_wire({"kind": "star", "label": "L1"})
    with pytest.raises(RoiError, match="cannot be read"):
        from_wire({"kind": "rectangle", "label": "L1"})


def test_a_shape_from_the_browser_that_cannot_be_is_said_and_the_rest_kept() -> None:
    volume = make_volume()
    studio = RoiStudio(volume, rois=placed(volume))
    state = studio._state
    bad = {"id": "b", "kind": "polygon", "label": "X", "points": [[0, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1]]}
    studio._state = {**state, "revision": state["revision"] + 1, "rois": [*state["rois"], bad]}
    assert any(
        "crosses itself" in text or "encloses no area" in text or "enclose no area" in text
        for text in map(str, studio.messages)
    )
    assert len(studio.rois) == 5


def test_a_saved_notebook_holds_no_pixels_of_a_patient_unless_allowed() -> None:
    volume = make_volume()
    assert "image/png" not in decoded(RoiStudio(volume, rois=placed(volume))._static_html())
    assert "image/png" in decoded(RoiStudio(volume, save_pixels=True)._static_html())
    assert "image/png" in decoded(RoiStudio(volume.with_acquisition(synthetic=True))._static_html())


def decoded(html: str) -> str:
    return "".join(pictures_in(html))


def test_a_snapshot_has_picture_outlines_table_and_scores(tmp_path: Path) -> None:
    volume = spine()
    shot = RoiStudio(volume, rois=on_the_spine(volume)).snapshot()
    assert shot.svg.count("<path") >= 11  # halo and line of each ROI, and the scale
    assert "data:image/png" in shot.svg
    assert "VBQ-T1 (median) =" in shot.html
    assert "95 % interval" in shot.html
    assert shot.save(tmp_path / "a.svg").read_text() == shot.svg
    assert "<table>" in shot.save(tmp_path / "a.html").read_text()
    with pytest.raises(FormatError, match=r"Use \.png, \.svg, \.html"):
        shot.save(tmp_path / "a.bmp")
    with pytest.raises(FormatError, match="cannot be written"):
        shot.save(tmp_path / "no" / "a.svg")
    with pytest.raises(FormatError, match="no image"):
        RoiStudio([]).snapshot()


def test_a_snapshot_as_png_shows_the_slice_and_each_roi_in_its_colour_at_its_place(tmp_path: Path) -> None:
    volume = make_volume()
    path = RoiStudio(volume, rois=placed(volume)).snapshot().save(tmp_path / "a.png")
    shown = Image.open(path)
    assert "slice 3 of 5, with ROIs L1, L2, L3, L4, CSF" in shown.info["Description"]
    dots = np.asarray(shown).astype(int)
    assert dots.shape[:2] == (
        960,
        540,
    )  # 2 dots a unit; 80 rows of 0.8 mm are 480 units high, 60 columns of 0.6 mm 270 wide
    for colour, middle in (((0xE6, 0x9F, 0), (10, 20)), ((0, 0x9E, 0x73), (40, 20))):  # L1 and L3
        rows, cols = np.nonzero((abs(dots - colour) < 40).all(axis=2) & (np.indices(dots.shape[:2])[1] < 230))
        found = ((rows.min() + rows.max()) / 2, (cols.min() + cols.max()) / 2)
        assert found == pytest.approx([(x + 0.5) * k for x, k in zip(middle, (12, 9), strict=True)], abs=2)
    inside = dots[12 * 40 : 12 * 40 + 12, 9 * 5 : 9 * 5 + 9]
    assert (inside[..., 0] == inside[..., 1]).all(), "the image itself is grey"
    assert np.ptp(dots[..., 0]) > 200


def test_without_pillow_a_png_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(FormatError, match="needs Pillow"):
        RoiStudio(make_volume()).snapshot().save(tmp_path / "a.png")


@pytest.mark.parametrize("ending", [".json", ".csv", ".zip", ".nii.gz", ".mha"])
def test_rois_go_out_and_come_back(tmp_path: Path, ending: str) -> None:
    volume = make_volume()
    points = volume.slice(2).to_patient_mm([(50.2, 40.1), (50.2, 52.3), (60.7, 47.9)])
    studio = RoiStudio(volume, rois=[*placed(volume), Polygon(points=points, label="L5")])
    path = studio.export_rois(tmp_path / f"rois{ending}")
    other = RoiStudio(volume)
    other.import_rois(path)
    assert [roi.label for roi in other.rois] == [roi.label for roi in studio.rois]
    for ours, theirs in zip(studio.rois, other.rois, strict=True):
        assert (ours.mask(volume) == theirs.mask(volume)).all(), ours


def test_unknown_endings_are_refused_in_words(tmp_path: Path) -> None:
    studio = RoiStudio(make_volume())
    with pytest.raises(FormatError, match="its ending is not known"):
        studio.export_rois(tmp_path / "a.xyz")
    (tmp_path / "a.xyz").write_text("what is this?")
    with pytest.raises(FormatError, match="neither its ending nor its content is known"):
        studio.import_rois(tmp_path / "a.xyz")
    with pytest.raises(FormatError, match="shows no image"):
        RoiStudio([]).export_rois(tmp_path / "a.json")


def test_the_browser_can_save_and_load_files() -> None:
    volume = make_volume()
    studio = RoiStudio(volume, rois=placed(volume))
    sent: list[Any] = []
    studio.send = lambda content, buffers=None: sent.append((content, buffers))
    for ending in (".json", ".csv", ".zip", ".nii.gz"):
        studio._on_message(studio, {"type": "export", "ending": ending}, [])
    names = [content["name"] for content, _ in sent]
    assert names == ["rois.json", "rois.csv", "rois.zip", "rois-mask.zip"]
    studio._on_message(studio, {"type": "import", "name": "../rois.csv"}, [memoryview(sent[1][1][0])])
    assert len(studio.rois) == 10
    studio._on_message(studio, {"type": "import", "name": "broken.json"}, [memoryview(b"{")])
    assert any("is not a ROI file" in text for text in map(str, studio.messages))


def test_the_script_stays_small_and_loads_nothing_from_the_network() -> None:
    text = javascript.loader(STATIC / "studio.js")
    assert len(gzip.compress(text.encode())) < 45_000
    assert "https://" not in text
    assert text.replace("http://www.w3.org/2000/svg", "").count("http://") == 0


LINKED = """
import { Blob } from "node:buffer";
const texts = [];
URL.createObjectURL = (blob) => `blob:${texts.push(blob.text()) - 1}`;
URL.revokeObjectURL = () => {};
globalThis.Blob = Blob;
const { readFileSync } = await import("node:fs");
const script = readFileSync(0, "utf8").replace("await import(", "await load(").replace(/^export default/m, "return");
const load = async (url) => ({ default: [url, await Promise.all(texts)] });
const run = new (Object.getPrototypeOf(async () => {}).constructor)("load", script);
process.stdout.write(JSON.stringify(await run(load)));
"""


def test_the_modules_in_the_one_script_import_each_other_by_their_addresses(tmp_path: Path) -> None:
    folder = tmp_path / "widget"
    folder.mkdir()
    (tmp_path / "shared.js").write_text('export const sign = "\\u2713 `$&`";\n')
    (folder / "part.js").write_text('import { sign } from "../shared.js";\nexport const part = sign;\n')
    (folder / "main.js").write_text(
        'import { part } from "./part.js";\nimport { sign } from "../shared.js";\nexport default part + sign;\n'
    )
    done = subprocess.run(
        [node(), "--input-type=module", "-e", LINKED],
        input=javascript.loader(folder / "main.js"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    entry, (shared, part, main) = json.loads(done.stdout)
    assert entry == "blob:2"
    assert shared.startswith('export const sign = "\\u2713 `$&`";\n')
    assert part.startswith('import { sign } from "blob:0";')
    assert main.startswith('import { part } from "blob:1";\nimport { sign } from "blob:0";\n')


LATE_WORDS = """
const { Store } = await import('./store.js');
const traits = { _views: [], _options: { fixed_area_cm2: null }, _messages: [], _measured: {}, slices: [], windows: [],
  _state: { rois: [], levels: [], revision: 4, base: 4 } };
const heard = {};
const store = new Store({
  get: (k) => traits[k], set: (k, v) => (traits[k] = v), save_changes() {},
  on: (k, f) => (heard[k] = f), off() {}, send() {},
});
const python = (revision, base, ids) => {
  traits._state = { revision, base, levels: [], rois: ids.map((id) => ({ id, label: id })) };
  heard['change:_state']();
  return [revision, store.rois.map((roi) => roi.id).join(' ')];
};
for (const id of ['a', 'b']) store.commit([...store.rois, { id, label: id }], [], true);
const seen = [
  python(5, 4, ['a']), python(6, 4, ['a', 'b']), python(7, 4, ['c']), python(8, 8, ['d']), python(2, 2, ['e']),
];
process.stdout.write(JSON.stringify(seen));
store.dispose();
"""


def test_the_page_keeps_its_newer_word_and_takes_the_words_of_others() -> None:
    """5 is its own word before the last, 6 its last, 7 another browser's, 8 and 2 (a new kernel's) are Python's own."""
    done = subprocess.run(
        [node(), "--input-type=module", "-e", LATE_WORDS],
        capture_output=True,
        text=True,
        cwd=STATIC,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [[5, "a b"], [6, "a b"], [7, "c"], [8, "d"], [2, "e"]]


def test_modules_that_import_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "b.js").write_text('import { a } from "./a.js";\n')
    with pytest.raises(ValueError, match=r"in a circle: a\.js -> b\.js -> a\.js"):
        javascript.import_order(tmp_path / "a.js")


def test_views_of_one_weighting_have_different_names() -> None:
    views, _ = open_views([make_volume(), make_volume()])
    assert [view.title for view in views] == ["T1", "T1 (2)"]


def test_more_rois_than_can_be_worked_with_are_refused_in_words_and_the_studio_lives(tmp_path: Path) -> None:
    volume = make_volume()
    box = placed(volume)[0]
    with pytest.raises(RoiError, match="1001 ROIs are too many for the studio; it holds 1000 at most"):
        RoiStudio(volume, rois=[box] * 1001)
    studio = RoiStudio(volume, rois=placed(volume))
    with pytest.raises(RoiError, match="too many"):
        studio.rois = [box] * 1001
    write_rois(tmp_path / "many.json", [box] * 1200, image=volume)
    content = (tmp_path / "many.json").read_bytes()
    studio._on_message(studio, {"type": "import", "name": "many.json"}, [memoryview(content)])
    assert any("1205 ROIs are too many" in text for text in map(str, studio.messages))
    assert len(studio.rois) == 5
    kept = RoiStudio(volume, rois=placed(volume), case_file=tmp_path / "many.json")
    assert any("1200 ROIs are too many" in text and "many-2" in text for text in map(str, kept.messages))
    assert (tmp_path / "many.json").read_bytes() == content, "what could not be shown is not written over"
