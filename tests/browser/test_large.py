"""A study of 3 x 30 slices of 1024 x 1024: slices come when they are wanted, and neither side fills its memory with them."""

from __future__ import annotations

from typing import Any

MB = 2**20
STUDY_BYTES = 3 * 30 * 1024 * 1024 * 2
CACHE_BYTES = 128 * MB  # static/pixels.js

MAKE = """
import numpy as np
from pathlib import Path
from vbqkit import Ellipse, Rectangle, Volume
from vbqkit.image import stack_affine
from vbqkit.widgets import RoiStudio
affine = stack_affine((-58, -160, 160), (4, 0, 0), (0, 0, -0.3125), (0, 0.3125, 0))
base = np.random.default_rng(1).integers(400, 440, (1024, 1024), dtype=np.uint16)
def series(weighting, number):
    pixels = base[None] + (1000 * np.arange(30, dtype=np.uint16) + number)[:, None, None]
    return Volume(pixels, affine).with_acquisition(weighting=weighting, frame_of_reference_uid="1", series_uid=weighting)
volumes = [series(weighting, k) for k, weighting in enumerate(("T1", "T2", "STIR"))]
image = volumes[0].slice(15)
rois = [Rectangle.on(image, (200 + 160 * k, 500), 6.3, 6.3, label=f"L{k + 1}") for k in range(4)]
rois += [Ellipse.on(image, (500, 600), 5, 10, label="CSF")]
def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
"""
SHOW = """
studio = RoiStudio(volumes, rois=rois, height=420)
studio.on_change(lambda _: Path("resident.txt").write_text(f"{resident_mb():.0f} end"))
studio
"""


def browser_mb(page: Any) -> float:
    """Memory of the page's arrays of pixels, after the garbage was collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["backingStorageSize"] / MB
    session.detach()
    return float(used)


def kernel_mb(lab: Any, *keys: str) -> float:
    """Resident memory of the kernel, which it tells after a change of a ROI."""
    told = lab.server.root / "resident.txt"
    told.unlink(missing_ok=True)
    lab.key(*keys)
    lab.sees(lambda: told.exists() and told.read_text().endswith("end"), True)
    return float(told.read_text().split()[0])


def test_every_slice_is_reached_and_memory_stays_bounded_on_both_sides(lab: Any) -> None:
    received = [0]
    lab.page.on("websocket", lambda s: s.on("framereceived", lambda data: received.append(received.pop() + len(data))))
    lab.open("large.ipynb", MAKE, SHOW)
    lab.wait_for_studio()
    waiting = lab.page.locator(".vbq-waiting:not([hidden])")
    lab.sees(waiting.count, 0)
    before, at_first = browser_mb(lab.page), received[0]
    resident = kernel_mb(lab, ".", "ArrowRight")

    lab.key("Escape", "Home")
    lab.page.mouse.move(*lab.at(0.5, 0.5))
    for index in range(30):
        lab.sees(lambda: lab.slice(2), index + 1)
        lab.sees(waiting.count, 0)
        signal = float(lab.text("br").split()[1])
        assert 1000 * index + 400 <= signal < 1000 * index + 440, "the slice that is named is the one that is shown"
        if index < 29:
            lab.wheel(100)
    lab.wheel(-100, times=29)
    lab.sees(lambda: (lab.slice(0), waiting.count()), (1, 0))

    print(
        f"received {at_first / MB:.0f}, then {received[0] / MB:.0f} MB, browser {before:.0f} -> {browser_mb(lab.page):.0f} MB",
        end=", ",
    )
    print(f"kernel {resident:.0f} -> {kernel_mb(lab, '.', 'ArrowRight'):.0f} MB")
    assert at_first < STUDY_BYTES / 2, "what nobody has looked at is sent ahead within half the cache only"
    assert browser_mb(lab.page) < CACHE_BYTES / MB + 40
    grown = (
        kernel_mb(lab, "ArrowLeft") - resident
    )  # 36 and 66 MB were seen; kept copies of what is sent would be over 180
    assert grown < 0.6 * STUDY_BYTES / MB
    x, y = lab.middle("L3")
    value = lab.shown("mean", "L3")
    lab.drag((x, y), (15, 4))
    lab.sees(lambda: lab.shown("mean", "L3") != value, True)
    lab.wait_for_python()
    assert not lab.page.problems
