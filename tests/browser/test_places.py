"""Where the studio runs: JupyterLab, Notebook 7, Voila; restarted, in two windows, beside other series, no kernel."""

from __future__ import annotations

import json
import re
from typing import Any

import nbformat
import pytest

STUDIO = "studio = RoiStudio(volume, rois=rois, case_file={case!r})\nstudio"


def test_notebook_7_drags_a_roi_and_shows_pythons_number(lab: Any, phantom: str) -> None:
    lab.open("in_notebook.ipynb", phantom, STUDIO.format(case=None), app="notebooks")
    lab.wait_for_studio()
    before = lab.shown("VBQ-T1 (median)")
    lab.drag(lab.middle("L3"), (30, 0))
    lab.wait_for_python(before)
    cells = lab.page.locator(".jp-CodeCell").count()
    lab.key("b", "Escape")
    assert lab.page.locator(".jp-CodeCell").count() == cells, "keys stay in the studio"
    # Notebook 7.6 itself throws these two at its start, with any notebook
    its_own = ("schema", "filebrowser:open-path")
    assert [text for text in lab.page.problems if not any(words in text for words in its_own)] == []


def test_voila_drags_a_roi_and_shows_pythons_number(lab: Any, phantom: str) -> None:
    name = lab.server.notebook("in_voila.ipynb", phantom, STUDIO.format(case=None))
    lab.page.goto(f"{lab.server.url}/voila/render/{name}", timeout=120_000)
    lab.wait_for_studio()
    before = lab.shown("VBQ-T1 (median)")
    lab.drag(lab.middle("L3"), (30, 0))
    lab.wait_for_python(before)
    assert not lab.page.locator(".vbqkit-static").first.is_visible(), "the still picture hides where the studio lives"


def test_a_busy_kernel_does_not_turn_the_slice_back(lab: Any, phantom: str) -> None:
    slow = "import time\nstudio = RoiStudio(volume, rois=rois)\nstudio.on_change(lambda _: time.sleep(1.5))\nstudio"
    lab.open("busy.ipynb", phantom, slow)
    lab.wait_for_studio()
    lab.page.mouse.click(*lab.middle("L3"))
    lab.page.mouse.move(*lab.at(0.5, 0.5))
    lab.key("ArrowRight")  # the kernel is busy now
    lab.wheel(100)
    lab.page.wait_for_timeout(300)  # slice 4 is on its way to the kernel
    for turn in range(40):  # faster than slices are told, so the echo of slice 4 comes while the hand goes on
        lab.wheel(-100 if turn % 2 == 0 else 100)
        assert lab.slice() == (3 if turn % 2 == 0 else 4)


def test_python_hears_when_a_hand_scrolls_and_when_it_rests(lab: Any, phantom: str) -> None:
    told: list[bytes] = []

    def hear(frame: bytes | str) -> None:
        data = frame if isinstance(frame, bytes) else frame.encode()
        told.extend(re.findall(rb'"type":"hand","busy":(true|false)', data))

    lab.page.on("websocket", lambda socket: socket.on("framesent", hear))
    lab.open("scrolled.ipynb", phantom, STUDIO.format(case=None))
    lab.wait_for_studio()
    lab.stage().focus()  # as a click on it does: until then the wheel scrolls the page
    lab.page.mouse.move(*lab.at(0.5, 0.5))
    assert told == []
    lab.wheel(100, times=2)
    lab.sees(lambda: told[:1] + told[-1:], [b"true", b"false"])


def test_while_the_kernel_is_busy_a_drag_ends_on_the_page_and_its_number_comes_later(lab: Any, phantom: str) -> None:
    busy = "import time\nstudio.on_change(lambda _: time.sleep(3))"
    lab.open("late.ipynb", phantom, STUDIO.format(case=None), busy)
    lab.wait_for_studio()
    lens, panel = lab.page.locator(".vbq-lens"), lab.page.locator(".vbq-panel")
    lab.key("b", "Enter", "Delete")  # the kernel is busy now
    before = lab.shown("mean", "L3")
    lab.drag(lab.middle("L3"), (30, 0))
    lab.sees(lens.is_visible, False, timeout_s=1)
    assert panel.get_attribute("data-source") == "browser"
    there = lab.shown("mean", "L3")
    assert there != before
    lab.wait_for_python()
    assert lab.shown("mean", "L3") == there


def test_two_windows_on_one_kernel_show_each_others_drags(lab: Any, phantom: str) -> None:
    lab.open("twice.ipynb", phantom, STUDIO.format(case=None))
    lab.wait_for_studio()
    lab.save()
    window = lab.page.context.new_page()
    window.goto(f"{lab.server.url}/lab/workspaces/other/tree/twice.ipynb")
    second = type(lab)(window, lab.server)
    second.wait_for_studio()
    for one, other, by in ((lab, second, 30), (second, lab, 12), (lab, second, -20)):
        one.page.bring_to_front()
        one.drag(one.middle("L3"), (by, 0))
        one.wait_for_python()
        there = one.shown("mean", "L3")
        other.page.bring_to_front()
        lab.sees(lambda window=other: window.shown("mean", "L3"), there)


def test_rois_come_back_after_the_kernel_was_killed_and_the_browser_closed(
    lab: Any, phantom: str, browser: Any, tools: Any
) -> None:
    lab.open("kept.ipynb", phantom, STUDIO.format(case="kept.vbqkit.json"))
    lab.wait_for_studio()
    before = lab.shown("mean", "L3")
    lab.drag(lab.middle("L3"), (40, 0))
    lab.wait_for_python()
    moved = lab.shown("mean", "L3")
    assert moved != before
    lab.page.context.close()
    kernels = f"{lab.server.url}/api/kernels"
    other = tools.new_page(browser)
    for kernel in other.request.get(kernels).json():
        other.request.delete(f"{kernels}/{kernel['id']}")
    again = tools.Lab(other, lab.server)
    again.open("kept_again.ipynb", phantom, STUDIO.format(case="kept.vbqkit.json"))
    again.wait_for_studio()
    assert again.shown("mean", "L3") == moved
    other.context.close()


def test_two_studios_on_one_case_see_each_others_rois(lab: Any, phantom: str) -> None:
    second = "other = RoiStudio(volume, case_file='shared.json', height=380)\nother"
    lab.open("two.ipynb", phantom, "RoiStudio(volume, rois=rois[:2], case_file='shared.json', height=380)", second)
    lab.page.wait_for_function("() => document.querySelectorAll('.vbq-stage').length === 2", timeout=90_000)
    lab.wait_for_studio()
    lab.key("b", "Enter", view=0)
    rows = "() => [...document.querySelectorAll('.vbq-studio')].map(s => s.querySelectorAll('tbody tr').length).join()"
    lab.page.wait_for_function(f"() => ({rows})() === '3,3' || ({rows})() === '1,1'", timeout=20_000)
    lab.key("b", "Enter", view=1)
    lab.page.wait_for_function(
        "() => { const n = [...document.querySelectorAll('.vbq-studio')].map(s => s.querySelectorAll('tbody tr').length);"
        " return n[0] === n[1] && n[0] >= 2 }",
        timeout=20_000,
    )
    kept = json.loads((lab.server.root / "shared.json").read_text())
    assert len(kept["rois"]) == lab.page.locator(".vbq-studio").first.locator("tbody tr").count()


def test_exact_zeros_and_clipped_pixels_are_marked_while_dragging(lab: Any, phantom: str) -> None:
    odd = (
        "pixels = volume.pixels.copy(); pixels[:, 86:108, 100:104] = 0; pixels[:, 86:108, 56:60] = 4095\n"
        "odd = Volume(pixels, affine, max_storable=4095.0).with_acquisition(weighting='T1', synthetic=True)\n"
        "RoiStudio(odd, rois=rois)"
    )
    lab.open("odd.ipynb", phantom, odd)
    lab.wait_for_studio()
    faults = lab.page.locator(".vbq-faults")
    x, y = lab.middle("L3")
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    for by, words in ((55, "of the pixels are exactly zero: masked, not measured"), (-55, "of the pixels are clipped")):
        lab.page.mouse.move(x + by, y, steps=8)
        lab.settle()
        assert words in faults.inner_text()
        assert lab.page.locator(".vbq-panel").get_attribute("data-source") == "browser", "said while dragging"
    lab.page.mouse.move(x, y, steps=4)
    lab.page.mouse.up()
    lab.wait_for_python()
    assert "zero" not in faults.inner_text()


def test_linked_series_scroll_together_and_a_roi_can_be_moved_on_one(lab: Any, phantom: str) -> None:
    second = (
        "same = dict(frame_of_reference_uid='1.2.3')\n"
        "t2 = Volume(volume.pixels[:, ::2, ::2], affine @ np.diag([1, 2, 2, 1.0])).with_acquisition(weighting='T2', **same)\n"
        "foreign = volume.with_acquisition(weighting='STIR', frame_of_reference_uid='9')\n"
        "RoiStudio([volume.with_acquisition(**same), t2, foreign], rois=rois)"
    )
    lab.open("linked.ipynb", phantom, second)
    lab.wait_for_studio()
    assert "another frame of reference" in lab.page.locator(".vbq-notes").inner_text()
    assert lab.stage(2).locator("g[data-label]").count() == 0, "nothing is carried over to another frame of reference"
    lab.stage(0).focus()
    lab.page.mouse.move(*lab.at(0.5, 0.5, 0))
    lab.wheel(100)
    assert [lab.slice(view) for view in (0, 1, 2)] == [4, 4, 3]
    lab.wheel(-100)
    here, there = lab.middle("L3", 0), lab.middle("L3", 1)
    lab.page.keyboard.down("Alt")
    lab.drag(there, (12, 0))
    lab.page.keyboard.up("Alt")
    assert lab.middle("L3", 0) == pytest.approx(here, abs=1)
    assert lab.middle("L3", 1)[0] == pytest.approx(there[0] + 12, abs=1.5)
    lab.drag(lab.middle("L2", 0), (10, 0))
    assert lab.middle("L2", 1)[0] == pytest.approx(lab.middle("L3", 1)[0] - 2, abs=3), "moved everywhere"


def saved_html(lab: Any) -> str:
    saved = nbformat.read(lab.server.root / "saved.ipynb", as_version=4)
    return "".join(o["data"].get("text/html", "") for cell in saved.cells for o in cell.outputs if "data" in o)


def test_a_saved_notebook_without_a_kernel_shows_picture_and_table(lab: Any, phantom: str) -> None:
    lab.open("saved.ipynb", phantom, STUDIO.format(case=None))
    lab.wait_for_studio()
    lab.drag(lab.middle("L3"), (30, 0))
    lab.wait_for_python()
    mean = lab.shown("mean", "L3")
    told = "words => document.querySelector('.vbqkit-static')?.textContent.includes(words)"
    lab.page.wait_for_function(told, arg=f"{mean:.4g}", timeout=20_000)
    lab.save(holds=lambda: f"<td>{mean:.4g}</td>" in saved_html(lab))
    saved = nbformat.read(lab.server.root / "saved.ipynb", as_version=4)
    name = "without_kernel.ipynb"
    saved.metadata["kernelspec"] = {"name": "gone", "display_name": "gone", "language": "python"}
    nbformat.write(saved, lab.server.root / name)
    lab.page.goto(f"{lab.server.url}/lab/workspaces/gone/tree/{name}")
    lab.page.wait_for_selector(
        ".jp-RenderedHTMLCommon .vbqkit-static img, .vbqkit-static img", timeout=60_000, state="attached"
    )
    picture = lab.page.locator(".vbqkit-static img").first
    assert picture.evaluate("i => i.complete && i.naturalWidth") > 100
    assert "L3" in lab.page.locator(".vbqkit-static table").first.inner_text()


def test_bad_pixels_leave_a_living_studio_that_says_what_is_wrong(lab: Any, phantom: str) -> None:
    lab.open(
        "bad.ipynb",
        phantom,
        "import ipywidgets\n"
        "bad = np.full((2, 40, 30), np.nan); bad[:, 5:9, 5:9] = -3.5\n"
        "signed = np.linspace(-3.5, 4.25, 1200).reshape(1, 40, 30)\n"
        "odd = (bad, np.array([[[7.0]]]), np.full((1, 9, 9), 4), signed)\n"
        "studios = [RoiStudio(Volume(pixels, affine), height=220) for pixels in odd]\n"
        "ipywidgets.VBox([*studios, RoiStudio([])])",
    )
    lab.page.wait_for_function("() => document.querySelectorAll('.vbq-studio').length === 5", timeout=90_000)
    notes = lab.page.locator(".vbq-notes").all_inner_texts()
    assert "not finite numbers" in notes[0]
    assert "the image is constant" in notes[2]
    assert "A magnitude image has no negative values" in notes[3]
    assert lab.page.locator(".vbq-nothing").inner_text() == "No image to show."
    for view in range(4):
        lab.key("b", "Enter", view=view)
    details = lab.page.locator(".vbq-detail")
    lab.sees(lambda: "not finite" in details.nth(0).inner_text(), True)
    lab.sees(lambda: "mean" in details.nth(3).inner_text(), True)
    row = lab.page.locator(".vbq-studio").nth(3).locator("td[data-key=mean]")
    lab.sees(lambda: -3.5 < float(row.get_attribute("data-value") or "nan") < 4.25, True)
    assert not lab.page.problems
