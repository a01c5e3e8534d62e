"""Reading never leaves the page behind: what Python answers is what the browser has been told."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vbqkit.image import Volume, stack_affine
from vbqkit.roi import Ellipse, Rectangle
from vbqkit.roi.labels import CSF, NOISE, SCORED_LEVELS
from vbqkit.scores import Refusal
from vbqkit.studio import RoiStudio

WRITES = {"export_rois", "import_rois", "on_change"}
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
    rng = np.random.default_rng(3)
    pixels = rng.normal(20, 4, (3, 160, 120)).clip(1)
    pixels[:, 10:150, 20:100] = rng.normal(300, 15, (3, 140, 80))
    pixels[:, 10:150, 70:82] = rng.normal(90, 5, (3, 140, 12))
    affine = stack_affine((-4, 0, 0), (4, 0, 0), (0, 0, -1), (0, 1, 0))
    volume = Volume(pixels.round().astype("uint16"), affine).with_acquisition(weighting="T1", synthetic=True)
    image = volume.slice(1)
    rois: list[Any] = [
        Rectangle.on(image, (25 + 32 * k, 48), 10, 8, label=level) for k, level in enumerate(SCORED_LEVELS)
    ]
    rois += [Ellipse.on(image, (70, 76), 4, 20, label=CSF), Rectangle.on(image, (90, 90), 8, 8, label=NOISE)]
    return RoiStudio(volume, rois=rois)


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
