"""Proposed ROIs count for nothing until the reader accepts them, and say ever after where they come from."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.studio.in_node import STATIC, node
from vbqkit.errors import ProposalError
from vbqkit.formats import read_rois, read_study
from vbqkit.image import Volume
from vbqkit.propose import Proposal, propose_on_volumes
from vbqkit.propose.agreement import _without_names
from vbqkit.roi import Roi
from vbqkit.scores import Refusal, Score
from vbqkit.studio import RoiStudio, proposals
from vbqkit.studio.casefile import CaseFile

SAMPLE = Path(__file__).parents[2] / "sample_data" / "case05"
LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5", "S1")


@cache
def t1() -> Volume:
    return read_study(SAMPLE / "T1").series[0].volume()


@cache
def found() -> Proposal:
    return propose_on_volumes([t1()])


@pytest.fixture(autouse=True)
def _looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network has looked at this series already; the studio does not know."""

    def known(volumes: Any, **_: Any) -> Proposal:
        return replace(found(), volume=volumes[0])

    monkeypatch.setattr(proposals, "propose_on_volumes", known)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network sees neither L5 nor S1."""
    monkeypatch.setattr(proposals, "propose_on_volumes", lambda *_, **__: _without_names(found(), "Which level is it?"))


def waiting(studio: RoiStudio) -> list[str]:
    return [one.roi.label for one in studio.proposed]


def in_the_browser(studio: RoiStudio, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """What a hand does: each ROI as the function gives it back, or taken away."""
    state = json.loads(json.dumps(studio._state))
    rois = [new for wire in state["rois"] if (new := change(wire)) is not None]
    studio.set_state({"_state": {**state, "revision": state["revision"] + 1, "rois": rois}})


def accepted_in_the_browser(wire: dict[str, Any]) -> dict[str, Any]:
    return {**wire, "proposal": {**wire["proposal"], "accepted": True}} if "proposal" in wire else wire


def moved_in_the_browser(label: str, mm: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def move(wire: dict[str, Any]) -> dict[str, Any]:
        if wire["label"] != label:
            return wire
        x, y, z = wire["center"]
        return accepted_in_the_browser({**wire, "center": [x, y, z + mm]})

    return move


def numbers(studio: RoiStudio) -> list[Any]:
    return [name for name, score in studio.scores.items() if isinstance(score, Score)]


def test_what_is_proposed_is_shown_on_its_slice_and_counts_for_nothing(tmp_path: Path) -> None:
    studio = RoiStudio(t1(), case_file=tmp_path / "case.json")
    studio.slices = [0]
    assert studio.propose() == studio.proposed
    assert waiting(studio) == [*LEVELS, "CSF", "noise"]
    assert studio.slices == [found().slice_index]
    assert studio.rois == ()
    assert studio.measurements == {}
    assert studio.rois_on(0) == ()
    assert numbers(studio) == []
    assert studio.intervals == {}
    assert studio._measured["views"] == [[]]
    assert len(read_rois(studio.export_rois(tmp_path / "out.json"))) == 0
    assert read_rois(tmp_path / "out.json").proposed == ()


def test_a_doubtful_roi_says_why_and_every_one_how_sure_it_is() -> None:
    studio = RoiStudio(t1())
    doubtful = {one.roi.label: one.doubt for one in studio.propose() if one.doubtful}
    assert doubtful["L2"] == "the body is 18 mm high, the others 24: a fracture?"
    assert all(0 <= wire["proposal"]["confidence"] <= 1 for wire in studio._state["rois"])
    assert all(wire["proposal"]["doubt"] for wire in studio._state["rois"] if wire["label"] in doubtful)


def test_accepting_all_measures_and_scores_them_as_if_they_were_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "propose_on_volumes", propose_on_volumes)
    unbroken = read_study(SAMPLE.parent / "case02" / "T1").series[0].volume()
    studio = RoiStudio(unbroken)
    studio.propose()
    assert studio.accept_proposed() == (*LEVELS, "CSF", "noise")
    assert studio.proposed == ()
    plain = RoiStudio(unbroken, rois=studio.rois)
    ours, theirs = studio.scores["VBQ-T1 (median)"], plain.scores["VBQ-T1 (median)"]
    assert isinstance(ours, Score)
    assert isinstance(theirs, Score)
    assert ours.value == theirs.value
    assert any("accepted unchanged: T12, L1, L2, L3" in caution.message for caution in ours.cautions)
    assert not any(caution.code == "proposed-rois" for caution in theirs.cautions)


def test_a_collapsed_body_that_was_accepted_with_its_doubt_gives_no_score() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.accept_proposed()
    score = studio.scores["VBQ-T1 (median)"]
    assert isinstance(score, Refusal)
    assert "L2 seems to lie on a disc, or in a collapsed body" in score.reason


def test_the_browser_accepts_one_and_the_others_still_wait() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    in_the_browser(studio, lambda wire: accepted_in_the_browser(wire) if wire["label"] == "L3" else wire)
    assert [roi.label for roi in studio.rois] == ["L3"]
    assert "L3" not in waiting(studio)
    assert len(studio.proposed) == 8
    assert list(studio.measurements) == ["L3"]
    assert studio.origins == {"L3": "accepted"}


def test_moving_one_accepts_it_as_corrected_and_says_how_far() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    in_the_browser(studio, moved_in_the_browser("L4", 2.5))
    assert studio.origins == {"L4": "corrected: moved 2.5 mm"}
    (row,) = studio._measured["views"][0]
    assert row["origin"] == "corrected: moved 2.5 mm"


def test_taking_it_back_in_the_browser_makes_it_wait_again() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    before = json.loads(json.dumps(studio._state["rois"]))
    in_the_browser(studio, moved_in_the_browser("L4", 2.5))
    in_the_browser(studio, lambda wire: next(old for old in before if old["id"] == wire["id"]))
    assert studio.rois == ()
    assert "L4" in waiting(studio)


def test_rejecting_takes_away_and_python_can_name_which() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.reject_proposed(["noise"])
    assert "noise" not in waiting(studio)
    in_the_browser(studio, lambda wire: None if wire["label"] == "CSF" else wire)
    assert waiting(studio) == list(LEVELS)
    studio.accept_proposed("L1")
    with pytest.raises(
        ProposalError, match=r"L1 is not proposed. Proposed and not accepted are: T12, L2, L3, L4, L5, S1"
    ):
        studio.accept_proposed(["L1", "L2"])
    studio.reject_proposed()
    assert studio.proposed == ()
    assert [roi.label for roi in studio.rois] == ["L1"]


def test_the_browser_asks_and_python_knows_which_may_count() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.rois = [moved(place_of("L3"), "L3", 3.0)]  # placed meanwhile
    l3 = next(one for one in studio._waiting_rois if one.roi.label == "L3")
    studio._on_message(studio, {"type": "accept", "id": l3.id}, [])
    assert studio.origins == {"L3": "placed"}
    studio._on_message(studio, {"type": "accept", "id": None}, [])
    assert waiting(studio) == ["L3"], "two ROIs of one label would be one too many"
    assert studio.origins["L3"] == "placed"
    studio._on_message(studio, {"type": "reject"}, [])
    assert waiting(studio) == []
    studio._on_message(studio, {"type": "accept", "id": None}, [])
    assert len(studio.rois) == 9


def moved(roi: Roi, label: str, mm: float = 1.0) -> Roi:
    return roi.with_label(label).moved((0.0, mm, 0.0))


def place_of(label: str) -> Roi:
    one = found().find(label)
    assert one is not None
    return one.roi


def test_what_the_reader_has_placed_is_left_alone_and_that_is_said() -> None:
    own = [moved(place_of("L3"), "L3"), moved(place_of("CSF"), "CSF")]
    studio = RoiStudio(t1(), rois=own)
    studio.propose()
    assert not {"L3", "CSF"} & set(waiting(studio))
    assert any("Not proposed, as you have placed them: L3, CSF" in str(message) for message in studio.messages)
    studio.accept_proposed()
    assert studio.rois[:2] == tuple(own)
    assert studio.origins["L3"] == "placed"
    assert studio.origins["L4"] == "accepted"


def test_proposing_again_replaces_what_waits_and_nothing_else() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.accept_proposed(["L1"])
    studio.propose()
    assert sorted([*waiting(studio), *(roi.label for roi in studio.rois)]) == sorted([*LEVELS, "CSF", "noise"])


def test_assigning_rois_leaves_what_waits() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.rois = [moved(place_of("L5"), "fat")]
    assert [roi.label for roi in studio.rois] == ["fat"]
    assert len(studio.proposed) == 9


def test_a_level_of_the_readers_names_the_others_and_a_difference_is_said() -> None:
    studio = RoiStudio(t1(), rois=[moved(place_of("L3"), "L4")])
    studio.propose()
    below = next(one for one in studio.proposed if one.roi.center_mm == place_of("L4").center_mm)
    assert below.roi.label == "L5"
    assert "would be L3 if counted from the sacrum: check the count" in " ".join(studio._about_proposal["remarks"])


@pytest.mark.usefixtures("asking")
def test_bodies_without_names_are_asked_about_and_one_answer_names_them_all() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    assert waiting(studio)[:3] == ["body 1", "body 2", "body 3"]
    assert studio.question == "Which level is it?"
    with pytest.raises(ProposalError, match=r"body 1.*cannot be accepted without a name"):
        studio.accept_proposed()
    assert studio.rois == ()
    studio._on_message(studio, {"type": "name", "body": "body 5", "level": "L3"}, [])
    assert waiting(studio) == [*LEVELS, "CSF", "noise"]
    assert studio.question == ""
    assert studio.rois == ()
    studio.accept_proposed()
    assert set(studio.origins.values()) == {"accepted"}


@pytest.mark.usefixtures("asking")
def test_a_level_that_the_reader_has_placed_answers_the_question() -> None:
    studio = RoiStudio(t1(), rois=[moved(place_of("L2"), "L2")])
    studio.propose()
    assert waiting(studio) == ["T12", "L1", "L3", "L4", "L5", "S1", "CSF", "noise"]


@pytest.mark.usefixtures("asking")
def test_levels_of_the_readers_that_do_not_follow_each_other_answer_nothing() -> None:
    studio = RoiStudio(t1(), rois=[moved(place_of("L2"), "L2"), moved(place_of("L4"), "L3")])
    studio.propose()
    assert "Your ROIs do not count like the bodies: L2 on body 4, L3 on body 6" in studio.question


@pytest.mark.usefixtures("asking")
def test_a_body_that_was_moved_before_it_had_a_name_is_named_too() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    in_the_browser(studio, moved_in_the_browser("body 5", 2.0))
    assert [roi.label for roi in studio.rois] == ["body 5"]
    studio.name_proposed("body 4", "L2")
    assert [roi.label for roi in studio.rois] == ["L3"]
    assert studio.origins == {"L3": "corrected: moved 2.0 mm"}


def test_a_restart_keeps_what_was_proposed_accepted_and_corrected_apart(tmp_path: Path) -> None:
    path = tmp_path / "case.vbqkit.json"
    studio = RoiStudio(t1(), case_file=path)
    studio.propose()
    studio.accept_proposed(["L1", "CSF"])
    in_the_browser(studio, moved_in_the_browser("L2", -3.0))
    again = RoiStudio(t1(), case_file=path)
    assert again.origins == {"L1": "accepted", "CSF": "accepted", "L2": "corrected: moved 3.0 mm"}
    assert again.proposed == studio.proposed
    assert {one.id for one in again._all} == {one.id for one in studio._all}
    assert again._measured["views"] == studio._measured["views"]
    assert again._about_proposal == studio._about_proposal
    assert numbers(again) == []
    read = read_rois(path, image=t1())
    assert dict(zip([roi.label for roi in read], read.origins, strict=True)) == {
        "L1": "accepted",
        "CSF": "accepted",
        "L2": "corrected",
    }
    assert {roi.label for roi, _ in read.proposed} == set(waiting(studio))


@pytest.mark.usefixtures("asking")
def test_a_restart_keeps_the_question(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    RoiStudio(t1(), case_file=path).propose()
    again = RoiStudio(t1(), case_file=path)
    assert again.question == "Which level is it?"
    assert again._about_proposal["question"] == "Which level is it?"


@pytest.mark.parametrize("about", [{"remarks": 3, "view": 99, "question": None}, [], "text"])
def test_what_a_file_says_of_a_proposal_cannot_break_the_page(tmp_path: Path, about: Any) -> None:
    path = tmp_path / "case.json"
    RoiStudio(t1(), case_file=path).propose()
    content = json.loads(path.read_text())
    content["studio"]["proposal"] = about
    path.write_text(json.dumps(content))
    again = RoiStudio(t1(), case_file=path)
    assert len(again.proposed) == 9
    assert again._about_proposal["title"] == "Proposed"
    assert again._about_proposal["remarks"] == []
    assert "view" not in again._about_proposal
    assert again._about_proposal["question"] == ""


def test_two_studios_on_one_case_see_each_others_proposals(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    one, other = RoiStudio(t1(), case_file=path), RoiStudio(t1(), case_file=path)
    one.propose()
    assert waiting(other) == waiting(one)
    other.accept_proposed(["L4"])
    assert one.origins == {"L4": "accepted"}
    assert CaseFile(path, t1()).read().proposal["series"] == "T1"


def test_a_file_keeps_the_origins_and_another_studio_reads_them(tmp_path: Path) -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.accept_proposed(["L1"])
    in_the_browser(studio, moved_in_the_browser("L2", 1.5))
    path = studio.export_rois(tmp_path / "rois.json")
    other = RoiStudio(t1())
    other.import_rois(path)
    assert other.origins == {"L1": "accepted", "L2": "corrected: moved 1.5 mm"}
    assert RoiStudio(t1(), rois=read_rois(path)).origins == other.origins
    assert not any("proposed automatically" in str(message) for message in other.messages)


def test_the_snapshot_and_the_saved_notebook_say_which_are_which() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    for text in (studio.snapshot().html, studio._static_html()):
        assert "Proposed automatically and not accepted, so neither shown nor measured: T12, L1" in text
        assert "with ROIs none" in text
    studio.accept_proposed(["L1"])
    in_the_browser(studio, moved_in_the_browser("L2", 1.5))
    for text in (studio.snapshot().html, studio._static_html()):
        assert "ROIs proposed automatically and accepted unchanged: L1." in text
        assert "ROIs proposed automatically and corrected: L2 (moved 1.5 mm)." in text
        assert "<td>accepted</td>" in text
        assert "with ROIs L1, L2" in text


def test_a_series_that_cannot_be_used_is_refused_in_words_and_the_button_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = replace(t1(), refusal="contrast agent was given")
    studio = RoiStudio(refused)
    monkeypatch.setattr(proposals, "propose_on_volumes", propose_on_volumes)
    told: list[Any] = []
    monkeypatch.setattr(studio, "send", lambda content, buffers=None: told.append(content))
    studio._on_message(studio, {"type": "propose", "view": 0}, [])
    assert told[-1]["busy"] is False
    assert any("No ROIs are proposed on this series: contrast agent was given" in str(m) for m in studio.messages)
    with pytest.raises(ProposalError, match="contrast agent"):
        studio.propose(view=0)
    with pytest.raises(ProposalError, match="no view 3"):
        studio.propose(view=3)


def test_another_view_is_used_where_the_one_under_the_pointer_cannot_be() -> None:
    refused = replace(t1(), refusal="contrast agent was given")
    studio = RoiStudio([refused, t1()])
    studio._on_message(studio, {"type": "propose", "view": 0}, [])
    assert studio._about_proposal["title"] == "Proposed on T1 (2)"
    assert studio._about_proposal["view"] == 1
    assert waiting(studio) == [*LEVELS, "CSF", "noise"]


def test_a_series_without_weighting_has_rois_proposed_and_stating_one_leaves_them() -> None:
    studio = RoiStudio(t1().with_acquisition(weighting="unknown"))
    studio.propose()
    before = studio.proposed
    studio.state_weighting("T1")
    assert studio.proposed == before


def in_a_notebook(studio: RoiStudio, told: list[Any], *messages: dict[str, Any]) -> None:
    """What the browser asks while an event loop runs, until the button is free."""

    async def run() -> None:
        for message in messages:
            studio._on_message(studio, message, [])
        for _ in range(500):
            await asyncio.sleep(0.01)
            if told and told[-1] == {"type": "proposing", "busy": False, "done": 0, "total": 0}:
                return
        raise AssertionError(f"the button stayed busy: {told}")

    asyncio.run(run())


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> tuple[RoiStudio, list[Any]]:
    studio, told = RoiStudio(t1()), []
    monkeypatch.setattr(studio, "send", lambda content, buffers=None: told.append(content))
    return studio, told


def test_in_a_notebook_the_look_is_taken_beside_everything_else(heard: tuple[RoiStudio, list[Any]]) -> None:
    studio, told = heard
    in_a_notebook(studio, told, {"type": "propose", "view": 0}, {"type": "propose", "view": 0})
    assert told[0] == {"type": "proposing", "busy": True, "done": 0, "total": 1}
    assert waiting(studio) == [*LEVELS, "CSF", "noise"]


def test_it_can_be_stopped(heard: tuple[RoiStudio, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    studio, told = heard

    def slow(volumes: Any, progress: Any) -> Proposal:
        for _ in range(100):
            time.sleep(0.01)
            progress(1, 2)
        return found()

    monkeypatch.setattr(proposals, "propose_on_volumes", slow)
    in_a_notebook(studio, told, {"type": "propose", "view": 0}, {"type": "stop-proposing"})
    assert studio.proposed == ()
    assert any("Proposing was stopped" in str(message) for message in studio.messages)


def test_an_error_nobody_thought_of_frees_the_button(
    heard: tuple[RoiStudio, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio, told = heard

    def broken(volumes: Any, progress: Any) -> Proposal:
        raise ZeroDivisionError

    monkeypatch.setattr(proposals, "propose_on_volumes", broken)
    in_a_notebook(studio, told, {"type": "propose", "view": 0})
    assert studio._looking is None
    with pytest.raises(ZeroDivisionError):
        studio._look_task.result()


def test_where_the_placing_is_graded_nothing_is_proposed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    studio = RoiStudio(t1(), propose=False)
    assert studio._options["propose"] is False
    studio._on_message(studio, {"type": "propose", "view": 0}, [])
    assert studio.proposed == ()
    assert any("Proposing is off here" in str(message) for message in studio.messages)
    with pytest.raises(ProposalError, match="place the ROIs yourself"):
        studio.propose()


def test_what_is_proposed_has_no_place_among_a_scores_refusals() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    refusal = studio.scores["VBQ-T1 (median)"]
    assert isinstance(refusal, Refusal)
    assert "no ROI 'CSF'" in str(refusal) or "L1" in str(refusal)


def test_a_proposal_that_the_browser_garbles_is_refused_in_words() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    in_the_browser(studio, lambda wire: {**wire, "proposal": {"kind": "rectangle"}} if wire["label"] == "L1" else wire)
    assert any("what was proposed for it cannot be read" in str(message) for message in studio.messages)
    assert "L1" not in [roi.label for roi in studio.rois]


IN_THE_STORE = """
const { Store } = await import('./store.js');
const heard = {};
const traits = { _views: [], _options: { fixed_area_cm2: null }, _messages: [], _measured: {}, slices: [], windows: [],
  _state: { rois: ROIS, levels: [], revision: 1, base: 1 } };
const store = new Store({
  get: (k) => traits[k], set: (k, v) => (traits[k] = v), save_changes() {},
  on: (k, f) => (heard[k] = f), off() {}, send() {},
});
const words = (rois) => rois.map((roi) => roi.label).join(' ');
const seen = [[words(store.counted), words(store.waiting)]];
const change = (label, f) => {
  store.commit(store.rois.map((roi) => (roi.label === label ? f(roi) : roi)), [], true);
  seen.push([words(store.counted), words(store.waiting)]);
};
change('L1', (roi) => ({ ...roi, hidden: true }));
change('L1', (roi) => ({ ...roi, label: 'T12' }));
change('L2', (roi) => ({ ...roi, center: [0, 1, 2] }));
change('L3', (roi) => ({ ...roi, half_width: [0, 9, 0] }));
change('L4', (roi) => ({ ...roi, shifts: { T2: [0, 1, 0] } }));
store.undo();
store.undo();
seen.push([words(store.counted), words(store.waiting)]);
process.stdout.write(JSON.stringify(seen));
store.dispose();
"""


def test_on_the_page_what_is_moved_counts_and_what_is_hidden_or_renamed_waits() -> None:
    studio = RoiStudio(t1())
    studio.propose()
    studio.reject_proposed(["T12", "L5", "S1", "CSF", "noise"])
    script = IN_THE_STORE.replace("ROIS", json.dumps(studio._state["rois"]))
    done = subprocess.run(
        [node(), "--input-type=module", "-e", script], capture_output=True, text=True, cwd=STATIC, check=False
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [
        ["", "L1 L2 L3 L4"],
        ["", "L1 L2 L3 L4"],
        ["", "T12 L2 L3 L4"],
        ["L2", "T12 L3 L4"],
        ["L2 L3", "T12 L4"],
        ["L2 L3 L4", "T12"],
        ["L2", "T12 L3 L4"],
    ]
