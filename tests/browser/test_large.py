"""A study of 3 x 30 slices of 1024 x 1024: slices come when wanted, and neither side fills its memory with them."""

from __future__ import annotations

from typing import Any

MB = 2**20
STUDY_BYTES = 3 * 30 * 1024 * 1024 * 2
CACHE_BYTES = 128 * MB  # static/pixels.js

MAKE = """
import ctypes
import gc
import numpy as np
from pathlib import Path
from vbqkit import Ellipse, Rectangle, Volume
from vbqkit.image import stack_affine
from vbqkit.studio import RoiStudio
affine = stack_affine((-58, -160, 160), (4, 0, 0), (0, 0, -0.3125), (0, 0.3125, 0))
base = np.random.default_rng(1).integers(400, 440, (1024, 1024), dtype=np.uint16)
def series(weighting, number):
    pixels = base[None] + (1000 * np.arange(30, dtype=np.uint16) + number)[:, None, None]
    names = {"weighting": weighting, "frame_of_reference_uid": "1", "series_uid": weighting}
    return Volume(pixels, affine).with_acquisition(**names)
volumes = [series(weighting, k) for k, weighting in enumerate(("T1", "T2", "STIR"))]
image = volumes[0].slice(15)
rois = [Rectangle.on(image, (200 + 160 * k, 500), 6.3, 6.3, label=f"L{k + 1}") for k in range(4)]
rois += [Ellipse.on(image, (500, 600), 5, 10, label="CSF")]
def resident_mb():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # or what was freed is counted too: the C library keeps it for later
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
"""
SHOW = "studio = RoiStudio(volumes, rois=rois, height=420)\nstudio"
IN_KERNEL = """async (expression) => {
    const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const asked = { code: "", silent: false, store_history: false, user_expressions: { answer: expression } };
    const late = new Promise((_, fail) =>
        setTimeout(() => fail(new Error("the kernel did not answer in 60 s")), 60_000));
    const reply = await Promise.race([kernel.requestExecute(asked).done, late]);
    return reply.content.user_expressions.answer.data["text/plain"];
}"""


def browser_mb(page: Any) -> float:
    """Memory of the page's arrays of pixels, after the garbage was collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["backingStorageSize"] / MB
    session.detach()
    return float(used)


def kernel_mb(lab: Any) -> float:
    """Resident memory of the kernel, the least of some readings: what is being sent or worked out is not kept."""
    readings = []
    for _ in range(6):
        readings.append(float(lab.page.evaluate(IN_KERNEL, "resident_mb()")))
        lab.page.wait_for_timeout(200)
    return min(readings)


def look_at_every_slice(lab: Any) -> None:
    """From the first to the last, each once its pixels are there."""
    waiting = lab.page.locator(".vbq-waiting:not([hidden])")
    lab.key("Escape", "Home")
    lab.page.mouse.move(*lab.at(0.5, 0.5))
    for index in range(30):
        lab.sees(lambda: (lab.slice(0), lab.slice(2), waiting.count()), (index + 1, index + 1, 0))
        signal = float(lab.text("br").split()[1])
        assert 1000 * index + 400 <= signal < 1000 * index + 440, "the slice that is named is the one that is shown"
        if index < 29:
            lab.wheel(100)


def test_every_slice_is_reached_and_memory_stays_bounded_on_both_sides(lab: Any) -> None:
    received = [0]
    lab.page.on("websocket", lambda s: s.on("framereceived", lambda data: received.append(received.pop() + len(data))))
    lab.open("large.ipynb", MAKE, SHOW)
    lab.wait_for_studio()
    lab.sees(lab.page.locator(".vbq-waiting:not([hidden])").count, 0)
    at_first, before = received[0], browser_mb(lab.page)
    assert at_first < STUDY_BYTES / 2, "what nobody has looked at is sent ahead within half the cache only"

    resident, grown, sent = kernel_mb(lab), [], []
    for _ in range(2):
        look_at_every_slice(lab)
        sent.append(received[0] / MB)
        grown.append(kernel_mb(lab) - resident)
    print(f"sent {at_first / MB:.0f}, then up to {', '.join(f'{mb:.0f}' for mb in sent)} MB", end=", ")
    print(
        f"browser {before:.0f} -> {browser_mb(lab.page):.0f} MB, kernel {resident:.0f} + {[round(mb) for mb in grown]} MB"
    )
    assert browser_mb(lab.page) < CACHE_BYTES / MB + 40
    assert sent[1] - sent[0] > 0.8 * STUDY_BYTES / MB, "more slices than the browser keeps, so they are sent again"
    assert grown[0] < 0.5 * STUDY_BYTES / MB
    assert grown[1] - grown[0] < 20, "nothing that was sent is kept"

    lab.wheel(-100, times=14)
    lab.sees(lambda: (lab.slice(0), lab.page.locator(".vbq-waiting:not([hidden])").count()), (16, 0))
    x, y = lab.middle("L3")
    value = lab.shown("mean", "L3")
    lab.drag((x, y), (15, 4))
    lab.sees(lambda: lab.shown("mean", "L3") != value, True)
    lab.wait_for_python()
    assert not lab.page.problems
