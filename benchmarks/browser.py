"""The ROI studio in a real browser with real mouse events, beside plotly's FigureWidget and Cornerstone3D (anywidget).

All on the same machine, in the same run and in turns, in JupyterLab with headless Chromium without a graphics card, on
15 slices of 512 x 512 with five ROIs. A time goes from the event (its own time stamp) to the end of the frame that
shows its result, by the browser's clock. Cornerstone3D comes from the npm registry while this runs and is not kept.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import cornerstone

ROUNDS, DRAGS, STEPS, TURNS = 6, 4, 15, 8
FRAME_MS = 1000 / 60

READOUT = "readout while dragging"
ANSWER = "drag end to Python's number"
SLICE = "slice change"
WINDOW = "window change"
LOAD = "load"
OPENING = "kB to open"
PER_DRAG = "kB a drag"
WHAT = {READOUT: "ms", ANSWER: "ms", SLICE: "ms", WINDOW: "ms", LOAD: "s", OPENING: "", PER_DRAG: ""}

EMPTY, STUDIO, CORNERSTONE, PLOTLY = "empty SVG drag", "ROI studio", "Cornerstone3D", "plotly FigureWidget"

DRAGGED, WINDOWED, LET_GO = "e.buttons === 1", "e.buttons === 2", "e.button === 0"

_VOLUME = """
import numpy as np
from vbqkit import Rectangle, Volume
from vbqkit.image import stack_affine
rng = np.random.default_rng(7)
pixels = rng.integers(50, 400, (15, 512, 512)).astype("uint16")
affine = stack_affine((-28, -150, 150), (4, 0, 0), (0, 0, -0.6), (0, 0.6, 0))
volume = Volume(pixels, affine).with_acquisition(weighting="T1", synthetic=True)
middle = {f"L{k + 1}": (120 + 70 * k, 250) for k in range(4)} | {"CSF": (250, 330)}
rois = [Rectangle.on(volume.slice(7), middle[f"L{k + 1}"], 20, 16, label=f"L{k + 1}") for k in range(4)]
rois.append(Rectangle.on(volume.slice(7), middle["CSF"], 8, 30, label="CSF"))
"""

_STARTED = "import time; print('started', time.time())\n"

_STUDIO = "from vbqkit.studio import RoiStudio\nRoiStudio(volume, rois=rois)\n"

_PLOTLY = """
import ipywidgets, plotly.graph_objects as go
from IPython.display import display
figure = go.FigureWidget(go.Heatmap(z=pixels[7], colorscale="Greys", showscale=False, zmin=50, zmax=400))
figure.update_layout(height=560, width=700, title_text="mean", yaxis_autorange="reversed", dragmode="pan")
look = {"line_color": "orange", "fillcolor": "rgba(255,160,0,.2)", "editable": True}
figure.add_shape(type="rect", x0=233, x1=267, y0=247, y1=273, **look)
figure._config = {"editable": True}
def told(layout, shapes):
    s = shapes[0]
    part = pixels[7][round(s.y0):round(s.y1), round(s.x0):round(s.x1)]
    figure.layout.title.text = f"mean {part.mean():.6f}"
figure.layout.on_change(told, "shapes")
slider = ipywidgets.IntSlider(7, 0, 14, description="slice")
window = ipywidgets.IntSlider(400, 100, 600, description="window")
def go_to(change):
    figure.data[0].z = pixels[change["new"]]
def show(change):
    figure.data[0].zmax = change["new"]
slider.observe(go_to, "value")
window.observe(show, "value")
display(slider, window, figure)
"""

_SVG = """<svg width="600" height="600"><rect x="200" y="200" width="80" height="60" fill="none" stroke="red"/></svg>
<script>
const r = document.querySelector("rect"); let held = false, x = 0, y = 0, waiting = 0;
addEventListener("pointerdown", () => held = true); addEventListener("pointerup", () => held = false);
addEventListener("pointermove", e => { if (!held) return; [x, y] = [e.clientX, e.clientY];
  waiting ||= requestAnimationFrame(() => {
    waiting = 0; r.setAttribute("x", x - 40); r.setAttribute("y", y - 30); }); });
</script>"""

# bench(what, event, which, selector, state): each event of which that is true starts a clock; the next change of what
# `state` says of the element stops it, at the end of the frame that shows it: this frame, if the change came in an
# animation frame, else the next.
_CLOCK = """
window.seen = {}; window.inFrame = false;
const frame = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (f) => frame((t) => {
  window.inFrame = true;
  try { f(t); } finally { queueMicrotask(() => { window.inFrame = false; }); }
});
const soon = (f) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = f; port2.postMessage(0); };
const painted = (f) => window.inFrame ? soon(f) : frame(() => soon(f));
window.bench = (what, event, which, selector, state) => {
  const target = document.querySelector(selector);
  const [read, wanted] = [state, which].map((text) => new Function("e", "return " + text));
  const times = window.seen[what] = [];
  let [from, last] = [null, read(target)];
  window.addEventListener(event, (e) => { if (wanted(e)) from = e.timeStamp; }, true);
  new MutationObserver(() => {
    const now = read(target);
    if (now === last || now === null) return;
    last = now;
    if (from === null) return;
    const start = from;
    from = null;
    painted(() => times.push(performance.now() - start));
  }).observe(target, { attributes: true, childList: true, characterData: true, subtree: true });
};
"""


class Contestant:
    """One way to place ROIs, open on a page of its own, with clocks on what it shows."""

    name = EMPTY
    selector = "svg"
    ready = "!!document.querySelector('rect')"
    clocks: dict[str, tuple[str, str, str, str]] = {  # noqa: RUF012 - set once by each class, never changed
        READOUT: ("pointermove", DRAGGED, "rect", "e.getAttribute('x')"),
    }

    def __init__(self, tools: Any, browser: Any, server: Any) -> None:
        self.page = tools.new_page(browser)
        self.page.add_init_script(_CLOCK)
        self.lab = tools.Lab(self.page, server)
        self.bytes = 0
        self.numbers: dict[str, list[float]] = {}

    def cell(self) -> str:
        return ""

    def start(self) -> None:
        """Open it, and measure until it is ready and its bytes have come."""
        self.page.on("websocket", self.count)
        self.lab.open(
            f"bench_{type(self).__name__.lower()}_{time.monotonic_ns()}.ipynb", _VOLUME, _STARTED + self.cell()
        )
        ready = self.page.wait_for_function(
            f"() => ({self.ready}) && Date.now()", timeout=60_000, polling=20
        ).json_value()
        began = self.page.locator(".jp-OutputArea-output", has_text="started ").first.inner_text()
        self.numbers[LOAD] = [ready / 1000 - float(began.split()[1])]
        size = -1
        while size != self.bytes:
            size = self.bytes
            self.page.wait_for_timeout(1500)
        self.numbers[OPENING] = [size / 1000]
        self.page.locator(self.selector).first.evaluate("e => e.scrollIntoView()")
        self.page.wait_for_timeout(500)
        self.watch()

    def count(self, socket: Any) -> None:
        def add(data: str | bytes) -> None:
            self.bytes += len(data)

        socket.on("framereceived", add)
        socket.on("framesent", add)

    def watch(self) -> None:
        for what, clock in self.clocks.items():
            self.page.evaluate("a => window.bench(...a)", [what, *clock])

    def handle(self) -> tuple[float, float]:
        """Where to take hold of the ROI, on the screen."""
        return (240.0, 230.0)

    def drags(self) -> None:
        """Back and forth, so that the ROI ends where it was."""
        x, y = self.handle()
        before = self.bytes
        for k in range(DRAGS):
            sign = 1 if k % 2 == 0 else -1
            self.page.mouse.move(x, y)
            self.page.wait_for_timeout(60)
            self.page.mouse.down()
            for _ in range(STEPS):
                x, y = x + 3 * sign, y + sign
                self.page.mouse.move(x, y)
                self.page.wait_for_timeout(20)
            self.waited(ANSWER, self.page.mouse.up)
            self.page.wait_for_timeout(300)
        self.numbers.setdefault(PER_DRAG, []).append((self.bytes - before) / 1000 / DRAGS)

    def waited(self, what: str, act: Callable[[], None]) -> None:
        """Act, and wait until its clock has stopped; an answer that never comes is not counted."""
        if what not in self.clocks:
            act()
            return
        before = self.page.evaluate("what => window.seen[what].length", what)
        act()
        deadline = time.monotonic() + 2.5
        while time.monotonic() < deadline:
            self.page.wait_for_timeout(15)
            if self.page.evaluate("what => window.seen[what].length", what) > before:
                return

    def slices(self) -> None:
        self.page.mouse.move(*self.quiet())
        for k in range(TURNS):
            self.page.mouse.wheel(0, 100 if k % 2 else -100)
            self.page.wait_for_timeout(80)

    def window(self) -> None:
        x, y = self.quiet()
        self.page.mouse.move(x, y)
        self.page.mouse.down(button="right")
        for k in range(TURNS):
            self.page.mouse.move(x + 4 * (k + 1), y)
            self.page.wait_for_timeout(40)
        self.page.mouse.up(button="right")
        self.page.mouse.move(x, y)

    def quiet(self) -> tuple[float, float]:
        """A place on the image far from every ROI."""
        box = self.page.locator(self.selector).first.bounding_box()
        return (box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])

    def round(self) -> None:
        """One turn: drags, slices, windows."""
        self.page.bring_to_front()
        self.drags()
        if SLICE in self.clocks:
            self.slices()
            self.window()

    def found(self) -> dict[str, list[float]]:
        return self.numbers | {
            what: [float(t) for t in times] for what, times in self.page.evaluate("window.seen").items()
        }


class EmptyDrag(Contestant):
    """Nothing but a rectangle that follows the pointer: what the browser itself costs."""

    def start(self) -> None:
        self.page.goto("about:blank")
        self.page.set_content(_SVG)
        self.watch()


class Studio(Contestant):
    name = STUDIO
    selector = ".vbq-stage"
    ready = """document.querySelector('.vbq-waiting')?.hidden
        && document.querySelector('.vbq-panel')?.dataset.source === 'python'
        && document.querySelectorAll('.vbq-table tbody tr').length === 5"""
    clocks = {  # noqa: RUF012
        READOUT: ("pointermove", DRAGGED, ".vbq-table tr[data-label=L3] td[data-key=mean]", "e.dataset.value"),
        ANSWER: ("pointerup", LET_GO, ".vbq-panel", "e.dataset.source === 'python' ? e.textContent : null"),
        SLICE: ("wheel", "true", ".vbq-stage .vbq-tr", "e.textContent"),
        WINDOW: ("pointermove", WINDOWED, ".vbq-stage .vbq-tr", "e.textContent"),
    }

    def cell(self) -> str:
        return _STUDIO

    def handle(self) -> tuple[float, float]:
        at: tuple[float, float] = self.lab.middle("L3")
        return at


class Cornerstone(Contestant):
    name = CORNERSTONE
    selector = ".cornerstone-view"
    ready = "+document.querySelector('.cornerstone-view')?.dataset.rendered > 0 && !!document.querySelector('.cornerstone-view svg text')"
    clocks = {  # noqa: RUF012
        READOUT: (
            "pointermove",
            1,
            ".cornerstone-view svg",
            "[...e.querySelectorAll('text')].map((t) => t.textContent).join()",
        ),
        ANSWER: ("pointerup", LET_GO, ".cornerstone-python", "e.textContent"),
        SLICE: ("wheel", "true", ".cornerstone-view", "e.dataset.rendered"),
        WINDOW: ("pointermove", WINDOWED, ".cornerstone-view", "e.dataset.rendered"),
    }
    script = Path()

    def cell(self) -> str:
        return cornerstone.cell(self.script)

    def handle(self) -> tuple[float, float]:
        box, (x, y) = (
            self.page.locator(self.selector).bounding_box(),
            self.page.locator(self.selector).evaluate("e => [+e.dataset.x, +e.dataset.y]"),
        )
        return (box["x"] + x, box["y"] + y)


class Plotly(Contestant):
    name = PLOTLY
    selector = ".js-plotly-plot"
    ready = "!!document.querySelector('.js-plotly-plot .shapelayer path') && !!document.querySelector('.js-plotly-plot .heatmaplayer image')"
    clocks = {  # noqa: RUF012
        ANSWER: ("pointerup", LET_GO, ".js-plotly-plot", "e.querySelector('.gtitle')?.textContent ?? null"),
        SLICE: (
            "keydown",
            "true",
            ".js-plotly-plot",
            "e.querySelector('.heatmaplayer image')?.getAttribute('href') ?? null",
        ),
    }

    def cell(self) -> str:
        return _PLOTLY

    def watch(self) -> None:
        super().watch()
        self.turned = 0

    def handle(self) -> tuple[float, float]:
        box = self.page.locator(".js-plotly-plot .shapelayer path").first.bounding_box()
        return (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def slices(self) -> None:
        self.turn(0, SLICE)

    def window(self) -> None:
        """By its slider: the heat map has no window of its own. Same clock as for a slice, kept apart."""
        before = self.page.evaluate("what => window.seen[what].length", SLICE)
        self.turn(1, SLICE)
        taken = self.page.evaluate("([what, from]) => window.seen[what].splice(from)", [SLICE, before])
        self.numbers.setdefault(WINDOW, []).extend(float(t) for t in taken)

    def turn(self, slider: int, what: str) -> None:
        self.page.locator(".noUi-handle").nth(slider).focus()
        for k in range(TURNS // 2):
            self.waited(what, lambda key=("ArrowLeft", "ArrowRight")[k % 2]: self.page.keyboard.press(key))
            self.page.wait_for_timeout(100)


def harness() -> Any:
    """The browser tests' own server and notebook, from their file."""
    path = Path(__file__).parent.parent / "tests" / "browser" / "conftest.py"
    spec = importlib.util.spec_from_file_location("browser_harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bundled(folder: Path) -> list[type[Contestant]]:
    """The contestants there can be: without npm, all but Cornerstone3D."""
    try:
        Cornerstone.script = cornerstone.bundle(folder)
    except cornerstone.NotBundledError as error:
        print(f"{CORNERSTONE}: left out, {error}")
        return [EmptyDrag, Studio, Plotly]
    return [EmptyDrag, Studio, Cornerstone, Plotly]


def started(make: Callable[[], Contestant]) -> Contestant | None:
    """Open one, at the second try if need be; one of the others that does not open is left out, with the reason."""
    for last in (False, True):
        one = make()
        try:
            one.start()
        except Exception as error:
            reason = "; ".join(one.page.problems) or str(error).splitlines()[0]
            one.page.context.close()
            if not last:
                print(f"{one.name}: did not open at the first try: {reason}")
                continue
            if one.name in (EMPTY, STUDIO):
                raise
            print(f"{one.name}: left out, it did not open: {reason}")
        else:
            return one
    return None


def measure(tools: Any, executable: str) -> dict[str, dict[str, list[float]]]:
    """Every contestant's times, taken in turns."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        kinds = bundled(Path(folder) / "cornerstone")
        browser = playwright.chromium.launch(
            executable_path=executable, args=tools.FLAGS, ignore_default_args=["--headless"]
        )
        server = tools.Server(Path(folder))
        try:
            contestants = [one for kind in kinds if (one := started(partial(kind, tools, browser, server)))]
            for _ in range(ROUNDS):
                for one in contestants:
                    one.round()
            return {one.name: one.found() for one in contestants}
        finally:
            server.stop()
            browser.close()


def main() -> None:
    """Print p50 and p95 of each, and the ratios the goals are about."""
    tools = harness()
    executable = tools.find_chromium()
    if executable is None:
        print("browser: skipped, no Chromium on PATH (name one in the variable CHROMIUM)")
        return
    report(measure(tools, executable))


def report(results: dict[str, dict[str, list[float]]]) -> None:
    """Every figure, the ratios that the README gives, and each goal with its figure."""
    names = list(results)
    print(f"\n| p50 / p95 | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for what, unit in WHAT.items():
        cells = [_cell(results[name].get(what), unit) for name in names]
        print(f"| {what} | {' | '.join(cells)} |")
    others = [name for name in names if name not in (EMPTY, STUDIO)]
    print(f"\n| p50, {STUDIO} against | {' | '.join(others)} |\n|{'---|' * (len(others) + 1)}")
    for what in (ANSWER, SLICE, WINDOW, OPENING):
        ratios = [f"{_p50(results, STUDIO, what) / _p50(results, name, what):.2f}" for name in others]
        print(f"| {what} | {' | '.join(ratios)} |")
    print()
    for text, value, limit, sign in goals(results):
        print(f"{text}: {value:.2f} {sign}; {'within' if value <= limit else 'OVER'} the limit of {limit:g} {sign}")


def _cell(values: list[float] | None, unit: str) -> str:
    if not values:
        return "-"
    if len(values) == 1 or not unit:
        return f"{statistics.median(values):,.1f} {unit}".strip()
    return f"{statistics.median(values):.0f} / {np.percentile(values, 95):.0f} {unit} (n = {len(values)})"


def goals(results: dict[str, dict[str, list[float]]]) -> list[tuple[str, float, float, str]]:
    """What was aimed at: text, value, limit and unit."""
    studio = results[STUDIO]
    late = float(np.percentile(studio[READOUT], 95) - np.percentile(results[EMPTY][READOUT], 95)) / FRAME_MS
    found = [(f"{READOUT}, p95, over an {EMPTY}", late, 2.0, "frames")]
    for name, limit in ((CORNERSTONE, 1.0), (PLOTLY, 0.4)):
        if results.get(name, {}).get(ANSWER):
            ratio = _p50(results, STUDIO, ANSWER) / _p50(results, name, ANSWER)
            found.append((f"{ANSWER} / {name}", ratio, limit, "x"))
    found += [(f"{what}, p50", _p50(results, STUDIO, what), 20.0, "ms") for what in (SLICE, WINDOW)]
    return found


def _p50(results: dict[str, dict[str, list[float]]], name: str, what: str) -> float:
    return statistics.median(results[name].get(what) or [float("nan")])


if __name__ == "__main__":
    main()
