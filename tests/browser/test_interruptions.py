"""What goes wrong while one measures: nothing that was placed is lost, and the page says what to do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

STUDIO = "studio = RoiStudio(volume, rois=rois, case_file={case!r}, height=400)\nstudio"
EXECUTE = "code => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }); }"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


def banner(lab: Any) -> str:
    """What the banner says, read in one look, for it may go at any moment."""
    return "".join(lab.page.locator(".vbq-unanswered").all_inner_texts())


def kept(lab: Any, name: str) -> dict[str, list[float]]:
    """Center of each ROI in the case file, by label."""
    content = json.loads((lab.server.root / name).read_text(encoding="utf-8"))
    return {roi["label"]: roi["center"] for roi in content["rois"]}


def test_what_was_dragged_after_a_restart_is_taken_over_when_the_cell_is_run_again(lab: Any, phantom: str) -> None:
    lab.open("restarted.ipynb", phantom, STUDIO.format(case="restarted.json"))
    lab.wait_for_studio()
    lab.drag(lab.middle("L2"), (12, 0))
    lab.wait_for_python()
    lab.page.evaluate(RESTART)
    lab.sees(lambda: "Python was stopped or restarted" in banner(lab), True)
    assert "Run the cell again" in banner(lab)
    before = kept(lab, "restarted.json")
    lab.drag(lab.middle("L3"), (20, 0))
    place = lab.middle("L3")
    lab.run_all()
    lab.wait_for_studio()
    lab.sees(lambda: "has been taken over" in lab.page.locator(".vbq-notes").inner_text(), True)
    lab.sees(lambda: banner(lab), "")
    after = kept(lab, "restarted.json")
    moved = after.pop("L3")[1] - before.pop("L3")[1]
    assert moved > 5, "in millimetres: the drag after the restart"
    assert after == before
    assert lab.middle("L3")[0] - lab.stage().bounding_box()["x"] > 0
    assert abs(lab.middle("L3")[0] - place[0]) < 2


def test_a_kernel_killed_while_it_measures_leaves_the_file_with_the_last_drag(lab: Any, phantom: str) -> None:
    slow = "import os, time\nstudio.on_change(lambda _: time.sleep(30))\nprint('pid', os.getpid())"
    lab.open("killed.ipynb", phantom, STUDIO.format(case="killed.json"), slow)
    lab.wait_for_studio()
    pid = int(re.search(r"pid (\d+)", lab.page.locator(".jp-Notebook").inner_text())[1])
    lab.drag(lab.middle("L2"), (12, 0))
    lab.sees((lab.server.root / "killed.json").exists, True)
    before = kept(lab, "killed.json")
    lab.drag(lab.middle("L3"), (20, 0))  # Python is busy with the one before
    lab.sees(lambda: "Python has not answered" in banner(lab), True)
    assert "killed.json as soon as it answers" in banner(lab)
    os.kill(pid, 9)
    lab.sees(lambda: "Python was stopped or restarted" in banner(lab), True)
    dialog = lab.page.locator(".jp-Dialog button")
    dialog.last.click(timeout=20_000)
    lab.run_all()
    lab.wait_for_studio()
    lab.sees(lambda: kept(lab, "killed.json")["L3"] != before["L3"], True)
    assert kept(lab, "killed.json")["L2"] == before["L2"]


def test_a_page_loaded_again_while_the_kernel_is_busy_comes_back_and_works(lab: Any, phantom: str) -> None:
    lab.open("reloaded.ipynb", phantom, STUDIO.format(case="reloaded.json"))
    lab.wait_for_studio()
    lab.drag(lab.middle("L2"), (12, 0))
    lab.wait_for_python()
    lab.save()
    lab.page.evaluate(EXECUTE, "import time; time.sleep(9)")
    lab.drag(lab.middle("L3"), (20, 0))  # on its way when the page goes
    lab.page.reload()
    lab.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
    lab.wait_for_studio()
    place = kept(lab, "reloaded.json")["L3"]
    before = lab.shown("mean", "L4")
    lab.drag(lab.middle("L4"), (20, 0))
    lab.sees(lambda: lab.shown("mean", "L4") != before, True)
    lab.wait_for_python()
    assert banner(lab) == ""
    assert kept(lab, "reloaded.json")["L3"] == place


def test_a_slice_whose_pixels_were_lost_on_the_way_is_asked_for_again(lab: Any, phantom: str) -> None:
    lost = (
        "answer, asked = studio._answer, []\n"
        "def forgetful(content, buffers):\n"
        "    if content.get('type') == 'slice' and not (asked.append(content['index']) or asked.count(content['index']) > 1):\n"
        "        return\n"
        "    answer(content, buffers)\n"
        "studio._answer = forgetful"
    )
    lab.open("lost.ipynb", phantom, "studio = RoiStudio(volume, rois=rois, height=400)", lost, "studio")
    lab.page.wait_for_selector(".vbq-stage", timeout=90_000)
    assert lab.page.locator(".vbq-waiting").is_visible()
    lab.sees(lambda: "Python has not answered" in banner(lab), True)
    lab.sees(lambda: lab.page.locator(".vbq-waiting").is_visible(), False)
    lab.sees(lambda: banner(lab), "")
    # the browser may paint an old style: what counts is whether the pixels are there
    lab.page.locator(".vbq-waiting").evaluate("e => e.style.setProperty('display', 'block', 'important')")
    lab.page.wait_for_timeout(8500)
    assert banner(lab) == ""


def test_a_studio_that_the_page_has_not_reached_yet_is_not_missed(lab: Any, phantom: str) -> None:
    below = [f"print('line\\n' * 60, {n})" for n in range(12)]  # Run All leaves the page at the last of them
    lab.open("below.ipynb", phantom, "studio = RoiStudio(volume, rois=rois, height=400)", "studio", *below)
    lab.page.wait_for_selector(".vbq-stage", timeout=90_000, state="attached")
    skipped = "e => !e.checkVisibility({ contentVisibilityAuto: true })"
    lab.sees(lambda: lab.page.locator(".vbq-stage").evaluate(skipped), True)
    lab.sees(lambda: lab.page.locator(".vbq-waiting").evaluate("e => e.hidden"), True)
    lab.page.wait_for_timeout(8500)
    assert banner(lab) == ""


def test_a_second_window_on_a_case_says_so_and_neither_replaces_the_other(
    lab: Any, phantom: str, browser: Any, tools: Any
) -> None:
    lab.open("first.ipynb", phantom, STUDIO.format(case="both.json"))
    lab.wait_for_studio()
    lab.drag(lab.middle("L2"), (12, 0))
    lab.wait_for_python()
    assert "open in another window" not in lab.page.locator(".vbq-notes").inner_text()
    second = tools.Lab(tools.new_page(browser), lab.server)
    second.open("second.ipynb", phantom, STUDIO.format(case="both.json"))
    second.wait_for_studio()
    assert "both.json is open in another window or notebook too" in second.page.locator(".vbq-notes").inner_text()
    second.drag(second.middle("L3"), (20, 0))
    second.wait_for_python()
    theirs = kept(lab, "both.json")["L3"]
    lab.drag(lab.middle("L4"), (16, 0))
    lab.sees(lambda: "both.json was changed by another window" in lab.page.locator(".vbq-notes").inner_text(), True)
    lab.wait_for_python()
    assert kept(lab, "both.json")["L3"] == theirs
    assert len(lab.labels()) == 6
    second.page.context.close()


def test_a_full_disk_and_a_folder_that_may_not_be_written_are_said_and_the_rois_stay(lab: Any, phantom: str) -> None:
    full = (
        "import errno, pathlib\n"
        "write = globals().get('write') or pathlib.Path.replace\n"
        "def full(self, target):\n"
        "    raise OSError(errno.{error}, os.strerror(errno.{error}))\n"
        "pathlib.Path.replace = full"
    )
    lab.open("full.ipynb", phantom, STUDIO.format(case="full.json"))
    lab.wait_for_studio()
    notes = lab.page.locator(".vbq-notes")
    for error, words in (("ENOSPC", "No space left on device"), ("EACCES", "Permission denied")):
        lab.page.evaluate(EXECUTE, "import os\n" + full.format(error=error))
        place = lab.middle("L3")
        lab.drag(place, (6, 0))
        lab.sees(lambda words=words: words in notes.inner_text(), True)
        assert "The ROIs stay in the studio" in notes.inner_text()
        assert lab.middle("L3")[0] > place[0] + 3
    lab.page.evaluate(EXECUTE, "pathlib.Path.replace = write")
    lab.drag(lab.middle("L3"), (9, 0))
    lab.sees((lab.server.root / "full.json").exists, True)
    lab.sees(lambda: "cannot be written" in notes.inner_text(), False)
    assert "kept in full.json again" in notes.inner_text()
    assert not list(Path(lab.server.root).glob("*.tmp"))
    assert [roi["label"] for roi in json.loads((lab.server.root / "full.json").read_text())["rois"]] == lab.labels()
