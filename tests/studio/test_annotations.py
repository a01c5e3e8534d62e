"""Rulers, angles, counts and reference lines: right in millimetres, kept with the case file, never measured."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK

from tests.studio.in_node import STATIC, node
from vbqkit import Rectangle, Volume
from vbqkit.errors import RoiError
from vbqkit.image import stack_affine
from vbqkit.roi.labels import SPINE_LEVELS
from vbqkit.studio import RoiStudio
from vbqkit.studio.annotations import MOST_ANNOTATIONS, Annotation, merged_annotations, read_annotations
from vbqkit.studio.casefile import CaseFile
from vbqkit.studio.views import titled

HERE = Path(__file__).parent
AFFINE = stack_affine((-8.0, -30.0, 60.0), (4.0, 0.0, 0.0), (0.0, 0.0, -0.8), (0.0, 1.1, 0.0))
RULER = {"id": "r1", "kind": "ruler", "frame": 0, "points": [[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]]}


def in_browser(folder: Path, **cases: Any) -> dict[str, Any]:
    file = folder / "cases.json"
    file.write_text(json.dumps(cases))
    done = subprocess.run([node(), HERE / "annotations.mjs", STATIC, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def oblique(rng: np.random.Generator) -> tuple[dict[str, Any], SimpleITK.Image]:
    """A stack in any direction with unequal spacing: as the page has it, and as SimpleITK has it."""
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    axes[:, 2] *= np.sign(np.linalg.det(axes))
    cols, rows, planes = (int(n) for n in rng.integers([20, 20, 3], [90, 120, 12]))
    dx, dy, dz = (float(x) for x in rng.uniform([0.4, 0.4, 3.0], [1.5, 1.5, 6.0]))
    image = SimpleITK.Image(cols, rows, planes, SimpleITK.sitkUInt8)
    image.SetSpacing((dx, dy, dz))
    image.SetDirection(axes.ravel().tolist())
    image.SetOrigin(rng.uniform(-40, 10, 3).tolist())
    view = {
        "rows": rows,
        "cols": cols,
        "planes": planes,
        "origin": list(image.GetOrigin()),
        "col_step": (axes[:, 0] * dx).tolist(),
        "row_step": (axes[:, 1] * dy).tolist(),
        "plane_step": (axes[:, 2] * dz).tolist(),
        "reach_mm": dz / 2,
    }
    return view, image


def physical(image: SimpleITK.Image, plane: float, row: float, col: float) -> npt.NDArray[np.float64]:
    return np.array(image.TransformContinuousIndexToPhysicalPoint((col, row, plane)))


def test_a_ruler_measures_what_simpleitk_has_between_the_points_whatever_the_spacing(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cases, expected = [], []
    for _ in range(60):
        view, image = oblique(rng)
        index = int(rng.integers(view["planes"]))
        from_, to = ((rng.uniform(0, view["rows"]), rng.uniform(0, view["cols"])) for _ in range(2))
        cases.append({"view": view, "index": index, "from": from_, "to": to})
        expected.append(float(np.linalg.norm(physical(image, index, *to) - physical(image, index, *from_))))
    answer = in_browser(tmp_path, lengths=cases)["lengths"]
    assert [mm for mm, _ in answer] == pytest.approx(expected, rel=1e-6)
    assert [text for _, text in answer] == [f"{mm:.1f} mm" for mm in expected]
    pixels = [
        abs(np.hypot(*np.subtract(case["to"], case["from"])) - mm) for case, mm in zip(cases, expected, strict=True)
    ]
    assert max(pixels) > 10, "a length in pixels would be another"


def test_angles_are_those_of_the_patient_and_a_cobb_angle_does_not_depend_on_how_its_lines_are_drawn(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(6)
    angles, cobbs, between = [], [], []
    for _ in range(60):
        view, image = oblique(rng)
        places = [physical(image, 0, rng.uniform(0, view["rows"]), rng.uniform(0, view["cols"])) for _ in range(4)]
        angles.append([p.tolist() for p in places[:3]])
        order = rng.permutation(4).reshape(2, 2)[0] % 2  # either line from either end
        a, b, c, d = places
        cobbs.append([p.tolist() for p in ((a, b) if order[0] else (b, a)) + ((c, d) if order[1] else (d, c))])
        u, v = a - b, c - d
        between.append(float(np.degrees(np.arccos(abs(u @ v) / np.linalg.norm(u) / np.linalg.norm(v)))))
    answer = in_browser(tmp_path, angles=angles, cobbs=cobbs)
    corner = []
    for a, b, c in np.array(angles):
        sides = [np.linalg.norm(x - y) for x, y in ((a, b), (c, b), (a, c))]  # the law of cosines
        corner.append(
            float(np.degrees(np.arccos((sides[0] ** 2 + sides[1] ** 2 - sides[2] ** 2) / 2 / sides[0] / sides[1])))
        )
    assert [deg for deg, _ in answer["angles"]] == pytest.approx(corner, abs=1e-5)
    assert answer["angles"][0][1] == f"{corner[0]:.1f}°"
    assert answer["cobbs"] == pytest.approx(between, abs=1e-5)
    assert max(between) < 90 < max(corner)


def test_a_reference_line_is_where_both_slices_are_by_simpleitk(tmp_path: Path) -> None:
    """Each end lies in both slices and on the edge of one picture; no point sampled beyond it is in both."""
    rng = np.random.default_rng(7)
    pairs = [(oblique(rng), oblique(rng)) for _ in range(150)]
    chosen = [(int(rng.integers(one["planes"])), int(rng.integers(other["planes"]))) for (one, _), (other, _) in pairs]
    cases = [[one, k, other, j] for ((one, _), (other, _)), (k, j) in zip(pairs, chosen, strict=True)]
    lines = in_browser(tmp_path, cuts=cases)["cuts"]
    found = 0
    for ((one, a), (other, b)), (k, j), line in zip(pairs, chosen, lines, strict=True):
        n, m = (np.cross(view["col_step"], view["row_step"]) for view in (one, other))
        origins = [physical(a, k, 0, 0), physical(b, j, 0, 0)]
        along = np.cross(n, m)
        point, *_ = np.linalg.lstsq(
            np.array([n, m, along]), np.array([n @ origins[0], m @ origins[1], 0.0]), rcond=None
        )
        samples = [point + t * along / np.linalg.norm(along) for t in np.linspace(-400, 400, 3201)]
        inside = [p for p in samples if within(a, k, p) and within(b, j, p)]
        if line is None:
            assert len(inside) <= 1
            continue
        found += 1
        ends = [physical(a, k, *end) for end in line]
        for end in ends:
            c, r, plane = b.TransformPhysicalPointToContinuousIndex(end.tolist())
            assert plane == pytest.approx(j, abs=1e-6)
            edges = [*(at(image, axis, end) for image in (a, b) for axis in (0, 1))]
            assert min(edges) == pytest.approx(0, abs=1e-6), "on an edge"
            assert -0.5 - 1e-6 <= r <= other["rows"] - 0.5 + 1e-6
            assert -0.5 - 1e-6 <= c <= other["cols"] - 0.5 + 1e-6
        assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(0.25 * len(inside), abs=0.51)
    assert 20 < found < 150, "some cut each other, others do not"
    parallel = [cases[0][0], 0, cases[0][0], 1]
    assert in_browser(tmp_path, cuts=[parallel])["cuts"] == [None]


def at(image: SimpleITK.Image, axis: int, p: npt.NDArray[np.float64]) -> float:
    """How far a point is from the nearest of two edges of a picture, pixels."""
    index = image.TransformPhysicalPointToContinuousIndex(p.tolist())[axis]
    return min(abs(index + 0.5), abs(index - image.GetSize()[axis] + 0.5))


def within(image: SimpleITK.Image, plane: int, p: npt.NDArray[np.float64]) -> bool:
    col, row, k = image.TransformPhysicalPointToContinuousIndex(p.tolist())
    width, height, _ = image.GetSize()
    return abs(k - plane) < 1e-6 and -0.5 <= col <= width - 0.5 and -0.5 <= row <= height - 0.5


def test_an_axial_slice_is_named_by_the_bodies_or_the_disc_it_goes_through(tmp_path: Path) -> None:
    view = {"rows": 9, "cols": 9, "planes": 200, "origin": [0, 0, 0], "reach_mm": 1}
    view |= {"col_step": [1, 0, 0], "row_step": [0, 1, 0], "plane_step": [0, 0, 1]}
    bodies = [{"label": name, "at": [0, 0, z]} for name, z in (("L5", 40), ("L3", 110), ("L4", 75))]
    heights = {
        40: "L5",
        51: "L5",
        57: "L4/L5",
        63: "L4",
        75: "L4",
        92: "L3/L4",
        109: "L3",
        118: "L3",
        140: "",
        30: "L5",
        5: "",
    }
    cases = [{"view": view, "index": z, "bodies": bodies} for z in heights]
    answer = in_browser(tmp_path, levels=[*cases, {"view": view, "index": 40, "bodies": []}])
    assert dict(zip(heights, answer["levels"], strict=False)) == heights
    assert answer["levels"][-1] == ""
    below = [name for name in SPINE_LEVELS if name != "S2"]
    assert answer["counted"][: len(below)] == below[::-1], "counted from S1 to the head by the names of the ROIs"


def test_the_marrow_window_is_the_median_of_the_levels_and_two_and_a_half_times_as_wide(tmp_path: Path) -> None:
    medians = [[310.0], [300.0, 320.0], [280.0, 310.0, 900.0], [], [-5.0]]
    answer = in_browser(tmp_path, medians=medians)["windows"]
    assert answer == [[310.0, 775.0], [310.0, 775.0], [310.0, 775.0], None, None]


# -- Python keeps them


def volume(affine: Any = AFFINE) -> Volume:
    rng = np.random.default_rng(3)
    made = Volume(rng.integers(90, 140, (5, 80, 60)).astype("uint16"), affine)
    return made.with_acquisition(weighting="T1", frame_of_reference_uid="1.2.3")


def annotated(studio: RoiStudio, *annotations: dict[str, Any]) -> None:
    """As the page reports a change."""
    state = studio._state
    studio.set_state({"_state": state | {"revision": state["revision"] + 1, "annotations": list(annotations)}})


def boxes(image: Volume) -> list[Rectangle]:
    return [Rectangle.on(image.slice(2), (10 + 15 * k, 20), 6, 5, label=f"L{k + 1}") for k in range(4)]


def test_annotations_are_kept_with_the_case_file_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "case.vbqkit.json"
    studio = RoiStudio(volume(), rois=boxes(volume()), case_file=path)
    annotated(studio, RULER)
    assert studio.annotations == (Annotation("r1", "ruler", ((0.0, 0.0, 0.0), (0.0, 3.0, 4.0))),)
    again = RoiStudio(volume(), case_file=path)
    assert again.annotations == studio.annotations
    assert again._state["annotations"] == [RULER]
    assert len(again.rois) == 4
    annotated(again)
    assert RoiStudio(volume(), case_file=path).annotations == ()


def test_for_an_annotation_no_score_changes_and_no_interval_is_worked_out_again() -> None:
    studio = RoiStudio(volume(), rois=boxes(volume()))
    before = {k: str(v) for k, v in studio.scores.items()}
    studio._intervals = {"worked out": None}
    annotated(studio, RULER)
    assert {k: str(v) for k, v in studio.scores.items()} == before
    assert "worked out" in studio._intervals
    assert studio._measured["revision"] == studio._state["revision"], "or the page would wait for Python's numbers"


def test_of_two_studios_on_one_case_neither_loses_an_annotation(tmp_path: Path) -> None:
    path = tmp_path / "case.vbqkit.json"
    one, other = (RoiStudio(volume(), rois=boxes(volume()), case_file=path) for _ in range(2))
    annotated(one, RULER)
    assert [a.id for a in other.annotations] == ["r1"], "told at once"
    state = other._state
    late = state | {"revision": state["revision"] + 1, "base": state["base"] - 1, "annotations": [RULER | {"id": "r2"}]}
    other.set_state({"_state": late})  # its page had not heard of r1 when it sent r2
    assert {a.id for a in other.annotations} == {a.id for a in one.annotations} == {"r1", "r2"}
    annotated(one, RULER | {"id": "r2"})
    assert [a.id for a in other.annotations] == ["r2"], "taken away by one who had seen it"


def test_what_another_kernel_wrote_is_taken_in_before_the_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "case.vbqkit.json"
    studio = RoiStudio(volume(), rois=boxes(volume()), case_file=path)
    annotated(studio, RULER)
    other = CaseFile(path, volume())
    case = other.read()
    other.write(case.drawn, case.levels, annotations=(*case.annotations, Annotation("r9", "probe", ((9.0, 9.0, 9.0),))))
    annotated(studio, RULER, RULER | {"id": "r2"})
    assert {one.id for one in studio.annotations} == {"r1", "r2", "r9"}
    assert {one["id"] for one in studio._state["annotations"]} == {"r1", "r2", "r9"}, "the page gets them"


def test_what_one_side_moved_stays_and_what_one_cleared_is_gone() -> None:
    old, still = Annotation("a", "probe", ((0, 0, 0),)), Annotation("b", "probe", ((1, 1, 1),))
    moved, new = Annotation("a", "probe", ((5, 0, 0),)), Annotation("c", "probe", ((2, 2, 2),))
    assert merged_annotations((old, still), (moved, still), (old,)) == (moved,)
    assert merged_annotations((old, still), (), (moved, still)) == (moved,)
    assert merged_annotations((old,), (old, new), (old, still)) == (old, still, new)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": [[0, 0, 0]]}, "'ruler' has 1 points, which makes none"),
        ({"points": [[0, 0, 0], [0, float("nan"), 0]]}, "not three finite numbers"),
        ({"kind": "arrow"}, "of the kind 'arrow' is not known"),
        ({"points": None}, "cannot be read"),
        ({"kind": "count", "points": [[0, 0, z] for z in range(19)]}, "'count' has 19 points"),
    ],
)
def test_an_annotation_that_makes_none_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RoiError, match=words):
        Annotation.from_wire(RULER | change)
    studio = RoiStudio(volume())
    annotated(studio, RULER | change, RULER | {"id": "good"})
    assert [one.id for one in studio.annotations] == ["good"]
    assert any(re.search(words, str(message)) for message in studio.messages)
    assert [one["id"] for one in studio._state["annotations"]] == ["good"], "the page gets them"


def test_too_many_or_no_list_is_said() -> None:
    found, problems = read_annotations([RULER | {"id": str(k)} for k in range(MOST_ANNOTATIONS + 1)])
    assert len(found) == MOST_ANNOTATIONS
    assert "are too many" in problems[0]
    assert read_annotations({"a": 1}) == (
        (),
        ("The annotations (rulers and the like) are not a list; they are left out.",),
    )


# -- the page


def test_an_axial_series_is_named_so_and_lines_are_promised_where_the_frame_is_one() -> None:
    axial = stack_affine((-20.0, -30.0, 10.0), (0.0, 0.0, 4.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
    other = volume(axial).with_acquisition(frame_of_reference_uid="9")
    first, second, third = titled([(volume(), ()), (volume(axial), ()), (other, ())])
    assert [first.title, second.title, third.title] == ["T1", "T1 axial", "T1 axial (2)"]
    assert "Lines show where its slice and theirs cut each other." in " ".join(second.warnings)
    assert "Lines show" not in " ".join(third.warnings)


def test_a_blinded_reader_is_offered_no_window_made_from_the_signal() -> None:
    names = [[preset[0] for preset in RoiStudio(volume(), blind=blind)._views[0]["presets"]] for blind in (False, True)]
    assert "Marrow" in names[0]
    assert "Marrow" not in names[1]


def test_each_key_is_there_once_each_button_has_one_and_the_readme_names_them_as_the_help_sheet_does(
    tmp_path: Path,
) -> None:
    keys = in_browser(tmp_path, keys=True)["keys"]
    every = [key.lower() for _, names, _ in keys for key in names.split(" ")]
    assert len(every) == len(set(every))
    toolbar = (STATIC / "toolbar.js").read_text()
    shown = {key for names in re.findall(r'buttons?\("([^"]+)"', toolbar) for key in names.split(" ")}
    assert shown >= {"Shift+R", "Shift+A", "Shift+C", "Shift+P", "Shift+S", "Shift+I", "Shift+F", "Shift+X", "z", "?"}
    first = {names.split(" ")[0] for _, names, _ in keys}
    assert shown <= first, "a button without a key would be named as the first"
    groups = set(re.findall(r'group\("(\w*)"\)', (STATIC / "help.js").read_text()))
    assert {group for group, _, _ in keys} == groups, "a group that the sheet leaves out would be in no help"
    readme = (HERE.parents[1] / "README.md").read_text()
    table = readme.split("| Key in the studio | What it does |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)
    assert len(rows) >= 9
    told = {names: what for _, names, what in keys}
    assert {names: told.get(names) for names, _ in rows} == dict(rows)
