"""The app with a real browser: a study dropped on its page, from a patient's name to a report without."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.browser.conftest import unpacked

ROOT = Path(__file__).parents[2]
NAMED = {"PatientName": "ZWIRNOVSKA^OLGA", "PatientID": "5052316789", "PatientBirthDate": "19500202"}
PLANTED = ("zwirnovska", "olga", "5052316789", "19500202", "1950-02-02")
MOST_CLICKS, MOST_S = 25, 300


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "ZWIRNOVSKA_OLGA"
    for weighting in ("T1", "T2"):
        shutil.copytree(ROOT / "sample_data" / "case04" / weighting, folder / weighting)
    for path in folder.rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        for keyword, value in NAMED.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)
    return folder


class App:
    """The app on a folder, and what its page asks for."""

    def __init__(self, home: Path, address: str, page: Any, process: int) -> None:
        self.home, self.page, self.clicks, self.asked = home, page, 0, set[str]()
        self.process = process
        page.on("request", lambda request: self.asked.add(request.url))
        page.goto(address)
        page.locator(".vbq-drop").wait_for(timeout=90_000)
        self.case = page.locator(".vbq-own-case")

    def drop(self, path: Path) -> None:
        """Drop a file or folder on the page, as a file manager does."""
        self.drag(path, "dragEnter", "dragOver", "drop")
        self.clicks += 1

    def drag(self, path: Path, *events: str) -> None:
        box = self.page.locator(".vbq-drop").bounding_box()
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        session = self.page.context.new_cdp_session(self.page)
        for event in events:
            place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 20}
            session.send("Input.dispatchDragEvent", {"type": event, "data": data, **place})

    def kernels(self) -> list[int]:
        command = ["ps", "--ppid", str(self.process), "-o", "pid="]
        return [int(pid) for pid in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()]

    def press(self, name: str) -> None:
        button = self.case.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed(timeout=60_000)
        button.click()
        self.clicks += 1

    def agree(self) -> None:
        box = self.case.get_by_role("checkbox").first
        box.wait_for(timeout=60_000)
        box.check()
        self.clicks += 1


@pytest.fixture
def app(page: Any, tmp_path: Path) -> Iterator[App]:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "vbqkit.cli", "app", str(home), "--no-browser"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environ, cwd=tmp_path) as process,
    ):
        try:
            assert process.stdout is not None
            found = next(filter(None, (re.search(r"http://\S+", line) for line in process.stdout)), None)
            assert found, (tmp_path / "log").read_text()
            yield App(home, found[0], page, process.pid)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_from_a_dropped_folder_with_a_name_to_a_report_without_in_few_clicks(app: App, study: Path) -> None:
    began = time.monotonic()
    app.drop(study)
    app.agree()
    assert "Identifiable" in app.case.inner_text()
    assert not app.case.locator(".vbq-stage").count(), "no picture before it was said that it may be seen"
    app.press("Show the images")
    app.press("Use these series")
    app.press("Propose ROIs")
    app.case.locator(".vbq-waiting-list > li[data-label=L4]").wait_for(timeout=60_000)
    app.press("Accept all")
    app.case.locator(".vbq-table tr[data-label=L4]").wait_for(timeout=20_000)
    app.case.locator(".vbq-panel[data-source=python]").wait_for(timeout=20_000)
    reader = app.case.get_by_label("Reader")
    reader.scroll_into_view_if_needed()
    reader.fill("AB")
    reader.press("Tab")
    app.case.get_by_label("Write as").select_option([".html", ".pdf", ".sr.dcm", ".seg.dcm"])
    app.clicks += 4
    app.press("Write the report")
    app.case.get_by_text("Written: ").first.wait_for(timeout=120_000)
    took = time.monotonic() - began
    print(f"{app.clicks} clicks, {took:.0f} s")
    assert app.clicks < MOST_CLICKS
    assert took < MOST_S
    kept = {path.name for path in app.home.iterdir()}
    written_as = {f"case1{ending}" for ending in (".html", ".pdf", ".sr.dcm", ".seg.dcm")}
    assert kept == written_as | {"case1.rois.vbqkit.json", "case1.vbqkit.json", "case1.study"}
    for kind in ("sr", "seg"):  # for the archive that holds the study: they name its patient as the images do
        dataset = pydicom.dcmread(app.home / f"case1.{kind}.dcm")
        assert (dataset.Modality, dataset.PatientID) == (kind.upper(), "5052316789")
    assert all(re.fullmatch(r"\d{6}\.dcm", path.name) for path in (app.home / "case1.study").iterdir())
    told = [path for path in app.home.iterdir() if path.is_file() and path.suffix != ".dcm"]
    written = [path.read_bytes().decode("latin-1") for path in told]
    for text in (app.page.locator("body").inner_text(), *written):
        assert not [word for word in PLANTED if word in unpacked(text)]
    own = {f"{app.page.url}", "blob:", "data:"}
    assert not [url for url in app.asked if not url.startswith(tuple(own))], "nothing comes from the network"


def test_a_zip_archive_is_taken_and_gone_on_with_after_the_page_was_loaded_again(
    app: App, study: Path, tmp_path: Path
) -> None:
    hostile = tmp_path / "hostile.zip"
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("../../evil.dcm", b"x")
    app.drop(hostile)
    app.page.get_by_text("paths that climb out").wait_for(timeout=30_000)
    assert list(app.home.iterdir()) == []
    packed = shutil.make_archive(str(tmp_path / "ZWIRNOVSKA"), "zip", study)
    app.drop(Path(packed))
    app.agree()
    assert "paths that climb out" not in app.case.inner_text()
    app.page.reload()
    app.page.locator(".vbq-drop").wait_for(timeout=90_000)
    app.press("Go on")
    app.agree()
    app.press("Show the images")
    app.press("Use these series")
    app.case.locator(".vbq-stage").first.wait_for(timeout=60_000)
    assert len(app.kernels()) == 1, "that of the page before has ended"
    assert "zwirnovska" not in app.page.locator("body").inner_text().casefold()


def test_what_was_placed_when_the_kernel_died_is_taken_over_after_the_page_was_loaded_again(
    app: App, study: Path, tools: Any
) -> None:
    app.drop(study)
    app.agree()
    app.press("Show the images")
    app.press("Use these series")
    lab = tools.Lab(app.page, None)
    lab.wait_for_studio()
    lab.key("b", "Enter", "1")
    lab.sees((app.home / "case1.vbqkit.json").exists, True)
    for kernel in app.kernels():
        os.kill(kernel, signal.SIGKILL)
    banner = app.page.locator(".vbq-unanswered")
    lab.key("b", "Enter", "2")
    lab.drag(lab.middle("L2"), (0, 60))
    banner.wait_for(timeout=30_000)
    assert "load the page again and go on with the case" in banner.inner_text()
    app.page.reload()
    app.page.locator(".vbq-drop").wait_for(timeout=90_000)
    app.press("Go on")
    app.agree()
    app.press("Show the images")
    app.press("Use these series")
    lab.wait_for_studio()
    lab.sees(lambda: sorted(lab.labels()), ["L1", "L2"])
    assert "has been taken over" in app.page.locator(".vbq-notes").inner_text()


def test_taking_in_a_study_can_be_stopped_and_leaves_nothing(app: App, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.mkdir()
    for number in range(3):
        with (large / str(number)).open("wb") as file:
            file.truncate(300 * 2**20)
    app.drag(large, "dragEnter", "dragOver")
    assert app.page.locator(".vbq-drop.vbq-over").count(), "it shows where to let go"
    app.drag(large, "drop")
    app.page.get_by_text(re.compile(r"Taking in 3 files: [1-9]\d* MiB")).wait_for(timeout=30_000)
    app.page.get_by_role("button", name="Stop", exact=True).click()
    app.page.get_by_text("Stopped. Nothing was kept.").wait_for(timeout=30_000)
    deadline = time.monotonic() + 20
    while list(app.home.iterdir()) and time.monotonic() < deadline:
        app.page.wait_for_timeout(100)
    assert list(app.home.iterdir()) == []
    app.page.get_by_role("button", name="Choose a folder").wait_for(timeout=10_000)  # the next study is asked for
