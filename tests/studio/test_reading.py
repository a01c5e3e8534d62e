"""Reading never leaves the page behind: what Python answers is what the browser has been told."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.studio.spine import placed, spine
from vbqkit.roi import Rectangle
from vbqkit.roi.labels import NOISE
from vbqkit.scores import Refusal
from vbqkit.studio import RoiStudio

PROPOSALS = {"propose", "accept_proposed", "reject_proposed", "name_proposed"}
WRITES = {"export_rois", "import_rois", "on_change", "state_weighting", "link_series", *PROPOSALS}
"""Public methods that do something; every other one reads, and is tested."""


def own_names() -> list[str]:
    """Everything public that the package itself defines on the studio, but what writes."""
    classes = [kind for kind in RoiStudio.__mro__ if kind.__module__.startswith("vbqkit.")]
    return sorted({name for kind in classes for name in vars(kind) if not name.startswith("_")} - WRITES)


def read(studio: RoiStudio, name: str) -> Any:
    """A property's value, or what a method answers for the first view."""
    found = getattr(studio, name)
    if not inspect.ismethod(found):
        return found
    needed = [p for p in inspect.signature(found).parameters.values() if p.default is inspect.Parameter.empty]
    assert len(needed) <= 1, f"say in this test how {name} is called"
    return found(*[0] * len(needed))


def noise_on_tissue() -> RoiStudio:
    """A studio whose noise ROI is refused by the check that waits until the hand rests."""
    volume = spine()
    return RoiStudio(volume, rois=[*placed(volume), Rectangle.on(volume.slice(1), (90, 125), 8, 8, label=NOISE)])


def in_a_notebook(act: Callable[[], Any]) -> Any:
    """With an event loop, so that the slow checks wait for the hand."""

    async def run() -> Any:
        return act()

    return asyncio.run(run())


@pytest.mark.parametrize("name", own_names())
def test_what_is_read_is_what_the_page_has_been_told(name: str) -> None:
    def act() -> None:
        studio = noise_on_tissue()
        before = next(row for row in studio._measured["scores"] if row["key"] == "SNR")
        assert before["value"] is not None, "the check waits: else this tests nothing"
        read(studio, name)
        assert studio._measured == studio._as_told()

    in_a_notebook(act)


def test_a_refusal_that_python_reads_is_on_the_page_and_in_the_saved_notebook() -> None:
    def act() -> None:
        studio = noise_on_tissue()
        assert isinstance(studio.scores["SNR"], Refusal)
        assert [row["value"] for row in studio._measured["scores"] if row["key"] == "SNR"] == [None]
        assert "SNR: not given" in studio._static_html()

    in_a_notebook(act)


def test_an_interval_that_python_reads_is_on_the_page() -> None:
    def act() -> None:
        studio = noise_on_tissue()
        interval = studio.intervals["VBQ-T1 (mean)"]
        row = next(row for row in studio._measured["scores"] if row["key"] == "VBQ-T1 (mean)")
        assert row["interval"] == [interval.ci_low, interval.ci_high]

    in_a_notebook(act)
