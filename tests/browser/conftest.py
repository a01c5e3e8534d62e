"""A real browser on a real Jupyter server: started once, on a free port, with settings of their own."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import sync_playwright

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


def find_chromium() -> str | None:
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    executable = find_chromium()
    if executable is None:
        message = "no Chromium or Chrome on PATH; name one in the variable CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=FLAGS, ignore_default_args=["--headless"])
        yield opened
        opened.close()


class Server:
    """A Jupyter server with JupyterLab, Notebook and Voila, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "work"
        self.root.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
            environment[f"JUPYTER_{name}"] = str(folder / name.lower())
        environment |= {
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        settings = folder / "settings" / "@jupyterlab"
        for extension, values in {
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
            "docmanager-extension/plugin": {"autosave": False},
        }.items():
            path = settings / f"{extension}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        options = [
            "--no-browser",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            "--ServerApp.disable_check_xsrf=True",
        ]
        options += [f"--ServerApp.port={self.port}", f"--ServerApp.root_dir={self.root}", "--ServerApp.allow_root=True"]
        options += [
            "--LabApp.expose_app_in_browser=True",
            "--ServerApp.port_retries=0",
            "--ServerApp.allow_unauthenticated_access=True",
        ]
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=self.root,
            env=environment,
            stdout=self.log,
            stderr=self.log,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status", timeout=2):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        raise RuntimeError(f"Jupyter did not start:\n{(folder / 'server.log').read_text()[-3000:]}")

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; returns its name."""
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nb, self.root / name)
        return name

    def close_kernels(self) -> None:
        """End every kernel, so that a long run does not fill the machine with them."""
        with urllib.request.urlopen(f"{self.url}/api/kernels", timeout=20) as answer:
            kernels = json.load(answer)
        for kernel in kernels:
            request = urllib.request.Request(f"{self.url}/api/kernels/{kernel['id']}", method="DELETE")
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=20):
                pass

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


@pytest.fixture(scope="session")
def server(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("jupyter"))
    yield started
    started.stop()


WAITING = r"""() => [...document.querySelectorAll('.jp-CodeCell')].slice(1).some(cell =>
    cell.querySelector('.cm-content')?.textContent.trim()
    && /^\[\s*\]:$/.test(cell.querySelector('.jp-InputPrompt')?.textContent ?? ''))"""
"""Whether a cell below the first that holds code has neither run nor been sent."""

INSIDE = """([box, parts]) => {
    const page = document.querySelector('.jp-WindowedPanel-outer');
    const within = (r, frame) => r.top >= frame.top - 1 && r.bottom <= frame.bottom + 1
        && r.left >= frame.left - 1 && r.right <= frame.right + 1;
    const seen = e => {
        const r = e.getBoundingClientRect();
        if (!r.width || !within(r, page.getBoundingClientRect())) return false;
        for (let p = e.parentElement; p !== page; p = p.parentElement) {
            const style = getComputedStyle(p);
            if (style.overflowY !== 'visible' && style.display !== 'contents'
                && !within(r, p.getBoundingClientRect())) return false;
        }
        return true;
    };
    return parts.filter(part => ![...document.querySelectorAll(`${box} ${part}`)].some(seen));
}"""
"""The parts of a box that are not wholly on the screen, or are cut off by what they lie in."""

PROJECTOR, ENLARGED = {"width": 1280, "height": 720}, {"width": 853, "height": 480}
"""A projector's screen, and the same with its page enlarged by a half, CSS pixels."""

CUT_OFF = """box => {
    const edge = document.querySelector('.jp-WindowedPanel-outer').getBoundingClientRect().right;
    const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
    const inScroller = e => {
        for (let p = e.parentElement; !p.matches(box); p = p.parentElement) if (scrolls(p)) return true;
    };
    return [...document.querySelectorAll(`${box} *`)].filter(e => e.checkVisibility({ visibilityProperty: true })
        && ((e.matches('div:not(.vbq-scroll)') && scrolls(e) || e.matches('.widget-label'))
                && e.scrollWidth > e.clientWidth + 1
            || e.matches('img, canvas:first-child, button, input, select, table, p') && !inScroller(e)
                && !e.closest('.vbq-stage') && e.getBoundingClientRect().right > edge + 1))
        .map(e => `${e.tagName} ${e.className}`);
}"""
"""What of a box can be scrolled sideways, sticks out of the page, or is a label that ends in dots; a wide table may
scroll within its own frame."""

FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def settle_after_input(page: Any) -> None:
    """After each click, key, wheel or release, wait until the page has drawn what it did.

    The studio draws once per animation frame; a test that reads the page sooner reads the picture before.
    """

    def settled(act: Any) -> Any:
        def act_and_settle(*args: Any, **options: Any) -> None:
            act(*args, **options)
            with contextlib.suppress(BrowserError):  # the page may be on its way to another one
                page.evaluate(FRAMES)

        return act_and_settle

    for device, names in ((page.mouse, ("up", "click", "dblclick", "wheel")), (page.keyboard, ("press", "type"))):
        for name in names:
            setattr(device, name, settled(getattr(device, name)))


def new_page(browser: Any, **options: Any) -> Any:
    opened = browser.new_context(viewport={"width": 1500, "height": 1000}, **options).new_page()
    settle_after_input(opened)
    opened.problems = []
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    return opened


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = new_page(browser)
    yield opened
    opened.context.close()


def unpacked(text: str) -> str:
    """Lower-case text with embedded files, and streams of a PDF, as what they hold.

    In base64, and in the base 85 of a PDF, any four letters stand somewhere by chance.
    """

    def held(packed: re.Match[str]) -> str:
        return base64.b64decode(packed.group(1) + "===").decode("latin-1")

    def streamed(packed: re.Match[str]) -> str:
        return zlib.decompress(base64.a85decode(packed.group(1))).decode("latin-1")

    text = re.sub(r"(?<=stream)\s+([!-uz\s]+)~>(?=\s*endstream)", streamed, text)
    return re.sub(r"base64,([A-Za-z0-9+/]+)=*", held, text).casefold()


def unfolded(notebook: Any) -> Any:
    """The notebook with its code shown: a folded cell has no number on the page by which to see that it has run."""
    for cell in notebook.cells:
        cell.metadata.pop("jupyter", None)
    return notebook


PHANTOM = """
import numpy as np
from vbqkit import Rectangle, Ellipse, Polygon, Volume
from vbqkit.image import stack_affine
from vbqkit.studio import RoiStudio
rng = np.random.default_rng(7)
pixels = rng.normal(20, 4, (5, 200, 160)).clip(1)
pixels[:, 20:180, 30:140] = 120 + rng.normal(0, 6, (5, 160, 110))
for k in range(5):
    pixels[:, 30 + 28 * k:52 + 28 * k, 60:95] = 300 + 12 * k + rng.normal(0, 9, (5, 22, 35))
pixels[:, 20:180, 105:118] = 80 + rng.normal(0, 5, (5, 160, 13))
affine = stack_affine((-8, -50, 60), (4, 0, 0), (0, 0, -0.8), (0, 0.6, 0))
volume = Volume(np.round(pixels).astype("uint16"), affine, thickness_mm=3.5)
volume = volume.with_acquisition(weighting="T1", synthetic=True)
image = volume.slice(2)
rois = [Rectangle.on(image, (41 + 28 * k, 77), 10, 8, label=f"L{k + 1}") for k in range(4)]
rois += [Ellipse.on(image, (100, 111), 5, 20, label="CSF"), Rectangle.on(image, (100, 12), 8, 14, label="noise")]
"""


class Lab:
    """A notebook open in the browser, and the studio on it."""

    def __init__(self, page: Any, server: Server) -> None:
        self.page, self.server = page, server

    def open(self, name: str, *cells: str, app: str = "lab/tree") -> None:
        """Write a notebook, open it and run every cell."""
        if app == "lab/tree":  # a workspace of its own, or JupyterLab opens again what other tests had open
            app = f"lab/workspaces/{name.removesuffix('.ipynb')}/tree"
        self.page.goto(f"{self.server.url}/{app}/{self.server.notebook(name, *cells)}")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        self.run_all()

    def run_all(self) -> None:
        """Run every cell of the notebook that is open, once its kernel is there."""
        prompt = "document.querySelector('.jp-CodeCell .jp-InputPrompt')?.textContent ?? ''"
        for _ in range(20):  # a cell run before the kernel is connected is not run at all, or answered with a dialog
            dialog = self.page.locator(".jp-Dialog button")
            if dialog.count():
                with contextlib.suppress(TooLate):  # it may have closed itself meanwhile
                    dialog.last.click(timeout=3000)
                with contextlib.suppress(TooLate):
                    dialog.first.wait_for(state="detached", timeout=1000)
            try:  # a dialog may still come in between
                self.page.get_by_role("menuitem", name="Run", exact=True).click(timeout=3000)
                self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click(timeout=3000)
                self.page.wait_for_function(f"() => /[*0-9]/.test({prompt})", timeout=3000)
                # A star may stay for ever: a cell that was sent while the kernel came up, and got lost.
                self.page.wait_for_function(f"() => /[0-9]/.test({prompt})", timeout=30_000)
            except TooLate:
                continue
            # ... and so may all cells but the first: their prompts are empty again, without an error on the page.
            lost = (
                self.page.evaluate(WAITING)
                and not self.page.locator(".jp-RenderedText[data-mime-type*=stderr]").count()
            )
            if not dialog.count() and not lost:
                return
        raise AssertionError("the cells did not run")

    def wait_for_studio(self) -> None:
        try:
            self.page.wait_for_selector(".vbq-stage", timeout=90_000)
        except TooLate as late:
            cells = self.page.locator(".jp-CodeCell").all_inner_texts()
            raise AssertionError(f"no studio came; the cells say {cells}") from late
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.vbq-waiting')].some(e => e.hidden)", timeout=90_000
        )
        self.wait_for_python()
        toolbar, before = self.page.locator(".vbq-toolbar").first, None
        for _ in range(40):  # what stands above it, such as a question, may still take its height
            toolbar.evaluate("e => e.scrollIntoView()")
            self.page.wait_for_timeout(150)
            now = toolbar.evaluate("e => e.getBoundingClientRect().top")
            if now == before:
                return
            before = now

    def settle(self) -> None:
        """Until the page has drawn what it knows: the image in the next frame, the table after it."""
        self.page.evaluate(FRAMES)

    def save(self, holds: Callable[[], bool] = lambda: True) -> None:
        """Save the notebook until its file holds what is asked for and the page has nothing left to save.

        Python sends its still picture when the hand has rested: a notebook saved before is changed again.
        """

        def saved() -> bool:
            self.page.keyboard.press("Control+s")
            self.page.wait_for_timeout(200)
            return holds() and not self.page.locator(".jp-mod-dirty").count()

        self.sees(saved, True)

    def sees(self, read: Callable[[], Any], expected: Any, timeout_s: float = 60) -> None:
        """Until `read()` gives what is expected; for everything that waits for the kernel or for a wheel event."""
        deadline = time.monotonic() + timeout_s
        while (found := read()) != expected:
            assert time.monotonic() < deadline, f"{found!r} stayed, and {expected!r} did not come"
            self.page.wait_for_timeout(20)

    def roi(self, label: str, view: int = 0) -> dict[str, float]:
        """Where a ROI lies on the screen."""
        self.settle()
        line = self.page.locator(".vbq-stage").nth(view).locator(f"g[data-label='{label}'] path.vbq-line")
        box: dict[str, float] = line.bounding_box()
        return box

    def middle(self, label: str, view: int = 0) -> tuple[float, float]:
        box = self.roi(label, view)
        return (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def drag(
        self, start: tuple[float, float], by: tuple[float, float], *, steps: int = 12, button: str = "left"
    ) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down(button=button)
        for t in np.linspace(0, 1, steps + 1)[1:]:
            mouse.move(start[0] + t * by[0], start[1] + t * by[1])
        mouse.up(button=button)

    def shown(self, key: str, label: str | None = None) -> float | None:
        """The number on the page, all digits: of a score, or of a ROI's row."""
        self.settle()
        row = f".vbq-table tr[data-label='{label}'] td"
        where = ".vbq-scores output" if label is None else row
        text = self.page.locator(f"{where}[data-key='{key}']").first.get_attribute("data-value")
        return float(text) if text else None

    def key(self, *keys: str, view: int = 0) -> None:
        """Press keys on the image."""
        self.stage(view).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def wheel(self, by: int, times: int = 1) -> None:
        """Turn the wheel where the pointer is, once the page has taken the turn before."""
        for _ in range(times):
            heard = "new Promise(done => window.addEventListener('wheel', () => done(), { capture: true, once: true }))"
            turn = self.page.evaluate_handle(f"() => ({{ taken: {heard} }})")
            self.page.mouse.wheel(0, by)
            turn.evaluate("turn => turn.taken")
            self.settle()

    def stage(self, view: int = 0) -> Any:
        return self.page.locator(".vbq-stage").nth(view)

    def at(self, x: float, y: float, view: int = 0) -> tuple[float, float]:
        """A place on the screen, in shares of the image's width and height."""
        box = self.stage(view).bounding_box()
        return (box["x"] + x * box["width"], box["y"] + y * box["height"])

    def grip(self, kind: str, number: int = 0) -> tuple[float, float]:
        """A grip of the selected ROI."""
        self.settle()
        box = self.page.locator(f".vbq-selected .vbq-{kind}").nth(number).bounding_box()
        return (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def labels(self) -> list[str]:
        self.settle()
        rows = self.page.locator(".vbq-table tbody tr")
        read: list[str] = rows.evaluate_all(
            "rows => rows.map(row => row.dataset.label)"
        )  # in one go: none goes between
        return read

    def text(self, place: str, view: int = 0) -> str:
        """What a corner of a view says: tl, tr, bl, br."""
        self.settle()
        return str(self.stage(view).locator(f".vbq-{place}").text_content())

    def status(self) -> str:
        self.settle()
        return str(self.page.locator(".vbq-status").first.text_content())

    def slice(self, view: int = 0) -> int:
        return int(self.text("tr", view).split()[1])

    def picture(self) -> bytes:
        """The image as drawn, without what lies on it."""
        self.settle()
        url = self.stage().locator("canvas").first.evaluate("c => c.toDataURL()")
        return str(url).encode()

    def theme(self, name: str) -> None:
        """JupyterLab's own light or dark theme."""
        change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        self.page.evaluate(change, f"JupyterLab {name.title()}")
        light = "true" if name == "light" else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")
        self.page.wait_for_timeout(600)

    def fresh(self) -> None:
        """As it was when the notebook was opened: by undo and reset, so these are tested all the time."""
        self.page.keyboard.up("Space")
        if self.page.locator(".vbq-help").count():
            self.page.keyboard.press("Escape")
        self.key("Escape", "Escape", "Escape")
        undo = self.page.locator("[data-action=undo]").first
        for _ in range(200):
            if undo.is_disabled():
                break
            self.key("Control+z")
        self.key("Escape", "r", "Home", "PageDown", "PageDown")
        self.wait_for_python()

    def wait_for_python(self, before: float | None = None, key: str = "VBQ-T1 (median)") -> None:
        """Until Python's numbers for what is shown are on the page."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            source = self.page.locator(".vbq-panel").first.get_attribute("data-source")
            if source == "python" and (before is None or self.shown(key) != before):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError("Python's numbers did not come")


@pytest.fixture
def lab(page: Any, server: Server) -> Iterator[Lab]:
    yield Lab(page, server)
    page.close()
    server.close_kernels()


@pytest.fixture(scope="session")
def phantom() -> str:
    """A notebook cell that makes `volume` and `rois`: L1-L4, CSF and noise on a synthetic spine."""
    return PHANTOM


@pytest.fixture(scope="session")
def tools() -> Any:
    """The classes of this file, for fixtures of a wider scope."""
    return SimpleNamespace(Lab=Lab, new_page=new_page)


@pytest.fixture(scope="module")
def opened(request: pytest.FixtureRequest, browser: Any, server: Server, phantom: str) -> Iterator[Lab]:
    """One studio on the phantom for all tests of a module, whose `SHOW` is the cell that shows it."""
    page = new_page(browser)
    lab = Lab(page, server)
    lab.open(f"{request.path.stem}.ipynb", phantom, request.module.SHOW)
    lab.wait_for_studio()
    yield lab
    assert not page.problems
    page.context.close()


@pytest.fixture
def fresh_lab(request: pytest.FixtureRequest, opened: Lab) -> Lab:
    """The module's studio as it was when it was opened, with the ROIs `PLACED`."""
    opened.fresh()
    assert opened.labels() == request.module.PLACED
    return opened
