"""The ROI studio in a real browser, with real mouse events: against an empty SVG drag and against plotly's FigureWidget.

All on the same machine, in the same run, in JupyterLab with headless Chromium, on 15 slices of 512 x 512. Times are from
the browser's own clock: from the event (its time stamp) to the change of the page that shows its result.
"""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

DRAGS = 12
STEPS = 15

_VOLUME = """
import numpy as np
from vbqkit import Rectangle, Volume
from vbqkit.image import stack_affine
rng = np.random.default_rng(7)
pixels = rng.integers(50, 400, (15, 512, 512)).astype("uint16")
volume = Volume(pixels, stack_affine((-28, -150, 150), (4, 0, 0), (0, 0, -0.6), (0, 0.6, 0))).with_acquisition(weighting="T1", synthetic=True)
"""

_STUDIO = """
from vbqkit.widgets import RoiStudio
rois = [Rectangle.on(volume.slice(7), (120 + 70 * k, 250), 20, 16, label=f"L{k + 1}") for k in range(4)]
RoiStudio(volume, rois=[*rois, Rectangle.on(volume.slice(7), (250, 330), 8, 30, label="CSF")])
"""

_PLOTLY = """
import ipywidgets, plotly.graph_objects as go
from IPython.display import display
figure = go.FigureWidget(go.Heatmap(z=pixels[7], colorscale="Greys", showscale=False))
figure.update_layout(height=560, width=700, title_text="mean", yaxis_autorange="reversed", dragmode="pan")
figure.add_shape(type="rect", x0=235, x1=268, y0=245, y1=272, line_color="orange", fillcolor="rgba(255,160,0,.2)", editable=True)
figure._config = {"editable": True}
def told(layout, shapes):
    s = shapes[0]
    part = pixels[7][round(s.y0):round(s.y1), round(s.x0):round(s.x1)]
    figure.layout.title.text = f"mean {part.mean():.6f}"
figure.layout.on_change(told, "shapes")
slider = ipywidgets.IntSlider(7, 0, 14, description="slice")
def go_to(change):
    figure.data[0].z = pixels[change["new"]]
slider.observe(go_to, "value")
display(slider, figure)
"""

_SVG = """<svg width="600" height="600"><rect x="200" y="200" width="80" height="60" fill="none" stroke="red"/></svg><script>
const r = document.querySelector("rect"); let held = false, x = 0, y = 0, waiting = 0;
addEventListener("pointerdown", () => held = true); addEventListener("pointerup", () => held = false);
addEventListener("pointermove", e => { if (!held) return; [x, y] = [e.clientX, e.clientY];
  waiting ||= requestAnimationFrame(() => { waiting = 0; r.setAttribute("x", x - 40); r.setAttribute("y", y - 30); }); });
</script>"""

# From the last event of a kind to a change of what a selector finds: one number a change.
_WATCH = """([events, selector, attribute, text]) => {
  window.seen = []; let from = null;
  for (const name of events) window.addEventListener(name, e => { from = e.timeStamp; }, true);
  const target = document.querySelector(selector);
  window.watching?.disconnect();
  window.watching = new MutationObserver(() => {
    if (from === null || (attribute && target.getAttribute(attribute) !== text)) return;
    window.seen.push(performance.now() - from); from = null;
  });
  window.watching.observe(target, { attributes: true, childList: true, characterData: true, subtree: true });
}"""


def harness() -> Any:
    """The browser tests' own server and notebook, from their file."""
    path = Path(__file__).parent.parent / "tests" / "browser" / "conftest.py"
    spec = importlib.util.spec_from_file_location("browser_harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def watch(page: Any, events: list[str], selector: str, attribute: str = "", text: str = "") -> None:
    page.evaluate(_WATCH, [events, selector, attribute, text])


def drags(page: Any, x: float, y: float, pause_ms: int = 400) -> None:
    for k in range(DRAGS):
        sign = 1 if k % 2 == 0 else -1
        page.mouse.move(x, y)
        page.mouse.down()
        for _ in range(STEPS):
            x, y = x + 3 * sign, y + sign
            page.mouse.move(x, y)
            page.wait_for_timeout(20)
        page.mouse.up()
        page.wait_for_timeout(pause_ms)


def seen(page: Any) -> list[float]:
    return [float(t) for t in page.evaluate("window.seen")]


def measure_svg(page: Any) -> dict[str, list[float]]:
    page.set_content(_SVG)
    watch(page, ["pointermove"], "rect")
    drags(page, 240, 230, pause_ms=50)
    return {"readout while dragging": seen(page)}


def measure_studio(lab: Any) -> dict[str, list[float]]:
    page = lab.page
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data))))
    lab.open("bench_studio.ipynb", _VOLUME, _STUDIO)
    lab.wait_for_studio()
    page.wait_for_timeout(4000)  # the other slices come meanwhile
    found = {"bytes to open": [float(sum(sizes))]}
    x, y = lab.middle("L3")
    watch(page, ["pointermove"], ".vbq-table tr[data-label=L3] td[data-key=mean]")
    drags(page, x, y)
    found["readout while dragging"] = seen(page)
    watch(page, ["pointerup"], ".vbq-panel", "data-source", "python")
    drags(page, *lab.middle("L3"))
    found["drag end to Python's number"] = seen(page)
    watch(page, ["wheel"], ".vbq-stage .vbq-tr")
    page.mouse.move(*lab.at(0.2, 0.5))
    for k in range(20):
        page.mouse.wheel(0, 100 if k % 2 else -100)
        page.wait_for_timeout(80)
    found["slice change"] = seen(page)
    watch(page, ["pointermove"], ".vbq-stage .vbq-tr")
    page.mouse.down(button="right")
    for k in range(20):
        page.mouse.move(lab.at(0.2, 0.5)[0] + 4 * k, lab.at(0.2, 0.5)[1])
        page.wait_for_timeout(40)
    page.mouse.up(button="right")
    found["window change"] = seen(page)
    return found


def measure_plotly(lab: Any) -> dict[str, list[float]]:
    page = lab.page
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data))))
    lab.open("bench_plotly.ipynb", _VOLUME, _PLOTLY)
    page.wait_for_selector(".js-plotly-plot .shapelayer path", timeout=120_000, state="attached")
    page.wait_for_timeout(4000)
    found = {"bytes to open": [float(sum(sizes))]}
    box = page.locator(".js-plotly-plot .shapelayer path").first.bounding_box()
    watch(page, ["mouseup"], ".js-plotly-plot .infolayer")
    drags(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, pause_ms=1200)
    found["drag end to Python's number"] = seen(page)
    watch(page, ["keydown"], ".js-plotly-plot .heatmaplayer")
    page.locator(".noUi-handle").first.focus()
    for k in range(8):
        page.keyboard.press("ArrowRight" if k % 2 else "ArrowLeft")
        page.wait_for_timeout(1500)
    found["slice change"] = seen(page)
    return found


def main() -> None:
    """Print p50 and p95 of each, and the ratios the goals are about."""
    tools = harness()
    executable = tools.find_chromium()
    if executable is None or shutil.which("node") is None:
        print("browser: skipped, no Chromium on PATH (name one in the variable CHROMIUM)")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=executable, args=tools.FLAGS, ignore_default_args=["--headless"]
        )
        server = tools.Server(Path(folder))
        try:
            empty = measure_svg(tools.new_page(browser))
            studio = measure_studio(tools.Lab(tools.new_page(browser), server))
            plotly = measure_plotly(tools.Lab(tools.new_page(browser), server))
        finally:
            server.stop()
            browser.close()
    report({"empty SVG drag": empty, "ROI studio": studio, "plotly FigureWidget": plotly})


def report(results: dict[str, dict[str, list[float]]]) -> None:
    print(f"{'':32}{'what':22}{'p50':>10}{'p95':>10}{'seen':>7}")
    for what in dict.fromkeys(key for found in results.values() for key in found):
        for name, found in results.items():
            times = found.get(what)
            if times:
                p50, p95 = statistics.median(times), float(np.percentile(times, 95))
                print(f"{what:32}{name:22}{p50:>10.1f}{p95:>10.1f}{len(times):>7}")
    studio, plotly, empty = results["ROI studio"], results["plotly FigureWidget"], results["empty SVG drag"]

    def ratio(what: str, other: dict[str, list[float]], text: str) -> None:
        if other.get(what) and studio.get(what):
            print(f"{text}: {statistics.median(studio[what]) / statistics.median(other[what]):.2f} x")

    ratio("readout while dragging", empty, "readout while dragging / empty SVG drag")
    ratio("drag end to Python's number", plotly, "drag end to Python's number / plotly")
    ratio("slice change", plotly, "slice change / plotly")
    ratio("bytes to open", plotly, "bytes to open / plotly")


if __name__ == "__main__":
    main()
