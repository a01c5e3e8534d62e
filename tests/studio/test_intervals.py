"""The interval of a score in the studio: what vbqkit.scores says, computed in the background, given up for a hand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vbqkit.errors import ScoreError
from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Rectangle
from vbqkit.scores import Jitter, ReferenceGroup, case_uncertainty
from vbqkit.studio import RoiStudio
from vbqkit.studio.intervals import N_DRAWS, Background, Found

AFFINE = stack_affine((-8, 0, 0), (4, 0, 0), (0, 0, -1.8), (0, 0.8, 0))
LEVELS = ("L1", "L2", "L3", "L4")


def volume(weighting: str = "T1", csf: float = 100.0) -> Volume:
    rng = np.random.default_rng(3)
    pixels = rng.normal(400, 20, (3, 80, 60))
    pixels[:, :, 36:] = rng.normal(csf, 8, (3, 80, 24))
    pixels[:, 19:75:18] *= 0.3  # endplates
    acquisition: Any = {"weighting": weighting, "frame_of_reference_uid": "1", "series_uid": weighting}
    return Volume(pixels.round().astype("uint16"), AFFINE).with_acquisition(**acquisition)


def placed(image: Volume) -> list[Any]:
    middle = image.slice(1)
    rois: list[Any] = [Rectangle.on(middle, (10 + 18 * k, 15), 6, 5, label=level) for k, level in enumerate(LEVELS)]
    return [*rois, Ellipse.on(middle, (40, 48), 6, 9, label="CSF")]


def test_the_interval_is_that_of_the_scores_package() -> None:
    image = volume()
    jitter = Jitter(shift_mm=0.5, size_percent=5)
    studio = RoiStudio(image, rois=placed(image), jitter=jitter)
    expected = case_uncertainty(
        {"T1": image}, placed(image), aggregate="mean", jitter=jitter, rng=np.random.default_rng(0), n_draws=N_DRAWS
    )
    assert set(studio.intervals) == {"VBQ-T1 (median)", "VBQ-T1 (mean)"}
    found = studio.intervals["VBQ-T1 (mean)"]
    assert (found.ci_low, found.ci_high) == (expected[0].ci_low, expected[0].ci_high)
    assert [s.share for s in found.components if s.share == s.share] == [
        s.share for s in expected[0].components if s.share == s.share
    ]


def test_a_score_of_two_series_has_an_interval_unless_a_roi_was_moved_on_one_of_them() -> None:
    t2, stir = volume("T2", csf=700), volume("STIR", csf=650)
    studio = RoiStudio([t2, stir], rois=placed(t2))
    assert "VBQ-T2-STIR" in studio.intervals
    state = studio._state
    wire = {**state["rois"][0], "shifts": {studio._opened[1].key: [0.0, 1.0, 0.0]}}
    studio._state = {**state, "revision": state["revision"] + 1, "rois": [wire, *state["rois"][1:]]}
    assert set(studio.intervals) == {f"VBQ-{w} ({a})" for w in ("T2", "STIR") for a in ("median", "mean")}


def test_a_verdict_stands_beside_the_interval_and_is_indeterminate_near_the_cutoff() -> None:
    image = volume()
    value = 4.0
    for cutoff, expected in ((value, "indeterminate"), (value - 1, "positive"), (value + 1, "negative")):
        studio = RoiStudio(image, rois=placed(image), cutoffs={"VBQ-T1": (cutoff, "high")})
        assert studio.intervals
        studio._publish()
        row = next(row for row in studio._measured["scores"] if row["key"] == "VBQ-T1 (median)")
        assert row["verdict"] == expected
        assert row["shares"][0] == f"Against {cutoff:g} (disease above): {expected}"


@pytest.mark.parametrize("cutoffs", [{"VBQ": (2.9, "high")}, {"VBQ-T1": (float("nan"), "above")}, {"SNR": (1.0, "up")}])
def test_a_cutoff_that_makes_no_sense_is_refused(cutoffs: Any) -> None:
    with pytest.raises(ScoreError, match="is not understood"):
        RoiStudio(volume(), cutoffs=cutoffs)


def test_a_roi_of_a_quarter_of_the_image_has_an_interval_like_any_other() -> None:
    rng = np.random.default_rng(4)
    affine = stack_affine((-8, 0, 0), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
    image = Volume(rng.normal(300, 20, (1, 500, 500)).round().astype("uint16"), affine).with_acquisition(weighting="T1")
    middle = image.slice(0)
    rois: list[Any] = [Rectangle.on(middle, (60 + 100 * k, 60), 20, 24, label=v) for k, v in enumerate(LEVELS)]
    studio = RoiStudio(
        image, rois=[*rois, Rectangle.on(middle, (250, 350), 0.6 * 250, 0.8 * 250, label="CSF")], overrule="no body"
    )
    assert studio.measurements["CSF"].n == 62500
    found = studio.intervals["VBQ-T1 (mean)"]
    assert found.method == f"percentiles of {N_DRAWS} draws of all sources together"
    # 4 x 1000 independent pixels of SD 20 about 300: the mean is known to 1.96 x 20 / sqrt(4000); placement adds as
    # much
    assert 2 < (found.ci_high - found.ci_low) * 300 / (1.96 * 20 / np.sqrt(4000)) < 4


def in_a_loop(work: Callable[[], Any], until: Callable[[], bool]) -> None:
    async def run() -> None:
        work()
        for _ in range(400):
            if until():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("it did not come")

    asyncio.run(run())


def test_in_a_notebook_the_interval_comes_by_itself_after_the_number() -> None:
    image = volume()
    reference = ReferenceGroup(mean=20, sd=2, n=10)
    studios: list[RoiStudio] = []
    rows: Callable[[], list[Any]] = lambda: studios[0]._measured["scores"]  # noqa: E731

    def work() -> None:
        studios.append(RoiStudio(image, rois=placed(image), reference=reference))
        assert not any(row.get("interval") for row in rows())

    in_a_loop(work, lambda: all(row.get("interval") for row in rows() if row["value"] is not None))
    row = next(row for row in rows() if row["key"] == "VBQ-T1 (median)")
    assert row["interval"][0] < row["value"] < row["interval"][1]
    assert any("pixel noise" in line and "ROI placement" in line for line in row["shares"])
    assert "95 % interval" in studios[0]._static_html()


def test_no_interval_is_begun_while_a_hand_drags_and_it_comes_when_it_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbqkit.studio.studio._REST_S", 0.05)
    image = volume()
    studios: list[RoiStudio] = []
    known: Callable[[], bool] = lambda: bool(studios[0]._intervals)  # noqa: E731

    async def run() -> None:
        studios.append(RoiStudio(image, rois=placed(image)))
        studios[0]._on_message(studios[0], {"type": "hand", "busy": True}, [])
        await asyncio.sleep(0.5)
        assert not known()
        studios[0]._on_message(studios[0], {"type": "hand", "busy": False}, [])
        for _ in range(400):
            await asyncio.sleep(0.02)
            if known():
                return
        raise AssertionError("it did not come")

    asyncio.run(run())


def test_a_hand_that_changed_nothing_has_nothing_done_again_when_it_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vbqkit.studio.studio._REST_S", 0.02)
    monkeypatch.setattr("vbqkit.studio.studio._SETTLE_S", 0.02)
    asked: list[Any] = []
    monkeypatch.setattr("vbqkit.studio.studio.pieces", lambda *some: asked.append(some) or [_without_interval])
    image = volume()
    saved: list[Any] = []

    async def rest(studio: RoiStudio, until: int = 0) -> tuple[int, int]:
        for busy in (True, False):
            studio._on_message(studio, {"type": "hand", "busy": busy}, [])
        for _ in range(400):
            if len(saved) >= until:
                break
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # for what should not come
        return len(saved), len(asked)

    async def run() -> list[tuple[int, int]]:
        studio = RoiStudio(image)
        studio._saved_output = SimpleNamespace(update=saved.append)
        placing, scrolling = await rest(studio, until=2), await rest(studio)
        studio.rois = placed(image)
        return [placing, scrolling, await rest(studio, until=4)]

    assert asyncio.run(run()) == [(2, 1), (2, 1), (4, 2)]


def _without_interval(checkpoint: Callable[[], None] = lambda: None) -> Found:
    raise ScoreError("no interval")


def test_what_was_given_up_is_never_told() -> None:
    background, told, begun = Background(), [], threading.Event()
    waiting = threading.Event()

    def slow(checkpoint: Callable[[], None] = lambda: None) -> Found:
        begun.set()
        waiting.wait(5)
        return {}

    async def run() -> None:
        background.begin([slow, slow], lambda found, last: told.append(last))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        background.give_up()
        waiting.set()
        await asyncio.sleep(0.1)

    asyncio.run(run())
    assert told == []


def test_what_was_given_up_is_not_worked_out_to_its_end() -> None:
    background, told, begun, interrupted = Background(), [], threading.Event(), []

    def long(checkpoint: Callable[[], None] = lambda: None) -> Found:
        begun.set()
        for _ in range(400):
            try:
                checkpoint()
            except Exception:
                interrupted.append(True)
                raise
            threading.Event().wait(0.005)
        return {}

    async def run() -> None:
        background.begin([long], lambda found, last: told.append(last))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        background.give_up()

    asyncio.run(run())  # which waits for its threads
    assert interrupted
    assert told == []
