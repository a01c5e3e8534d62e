"""The main job in a real browser: drag the L3 ROI, and the VBQ on the page becomes what Python computes."""

from __future__ import annotations

from typing import Any

import pytest


def test_dragging_l3_changes_vbq_to_what_python_computes(lab: Any, phantom: str) -> None:
    lab.open(
        "first_light.ipynb",
        phantom,
        "studio = RoiStudio(volume, rois=rois, reference=(23.4, 3.7, 10))\nstudio",
        "from pathlib import Path\n"
        "def tell(studio):\n"
        "    roi = {roi.label: roi for roi in studio.rois}\n"
        "    signal = {label: roi[label].measure(volume).mean for label in ('L1', 'L2', 'L3', 'L4', 'CSF')}\n"
        "    vbq = float(np.median([signal[f'L{k}'] for k in (1, 2, 3, 4)]) / signal['CSF'])\n"
        "    Path('telling.txt').write_text(f'{vbq!r} {signal[\"L3\"]!r}')\n"
        "    Path('telling.txt').replace('told.txt')\n"
        "studio.on_change(tell)",
    )
    lab.wait_for_studio()
    before, signal_before = lab.shown("VBQ-T1 (median)"), lab.shown("mean", "L3")
    assert before is not None
    during: list[float | None] = []
    x, y = lab.middle("L3")
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    for step in range(1, 15):
        lab.page.mouse.move(x + 3 * step, y)
        lab.page.wait_for_timeout(30)
        during.append(lab.shown("mean", "L3"))
        assert lab.page.locator(".vbq-panel").get_attribute("data-source") == "browser"
    lab.page.mouse.up()
    assert len(set(during)) > 5, "the readout follows while the mouse moves"
    lab.wait_for_python(before)
    told = lab.server.root / "told.txt"
    lab.sees(told.exists, True)
    vbq, signal = (float(x) for x in told.read_text().split())
    assert lab.shown("VBQ-T1 (median)") == pytest.approx(vbq, rel=1e-12)
    assert lab.shown("mean", "L3") == pytest.approx(signal, rel=1e-12)
    assert during[-1] == pytest.approx(signal, rel=1e-9)
    assert signal != signal_before
    assert vbq != before
    assert not lab.page.problems
