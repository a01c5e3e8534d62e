/** Everything by keyboard: one table makes the keys work and fills the help sheet. */
import { add, boxBetween, norm, rotated, times } from "./geometry.js";
import { SHAPES } from "./tools.js";

const DIGITS = ["T12", "L1", "L2", "L3", "L4", "L5", "S1"];

/** @typedef {{store: import("./store.js").Store, view: import("./view.js").View, tools: import("./tools.js").Tools, studio: any, event: KeyboardEvent}} Press */
/** @type {[string, string, string, (press: Press) => void][]} group, keys (separated by spaces), what it does, how */
export const KEYS = [
  ["Tools", "v", "select and move", ({ store }) => store.setTool("select")],
  ["Tools", "b", "box", ({ store }) => store.setTool("box")],
  ["Tools", "e", "ellipse", ({ store }) => store.setTool("ellipse")],
  ["Tools", "o", "circle", ({ store }) => store.setTool("circle")],
  ["Tools", "p", "polygon: click corners, double click or Enter to close", ({ store }) => store.setTool("polygon")],
  ["Tools", "f", "freehand", ({ store }) => store.setTool("freehand")],
  ["Tools", "w", "window and level by dragging", ({ store }) => store.setTool("window")],
  ["Tools", "h", "hand: drag the image (or hold Space)", ({ store }) => store.setTool("hand")],
  ["Tools", "x", "fixed area on or off", ({ studio }) => studio.toggleFixed()],
  [
    "Tools",
    "g",
    "magnifier while dragging, on or off",
    ({ store, studio }) => (
      (store.magnifier = !store.magnifier), studio.changed(`Magnifier ${store.magnifier ? "on" : "off"}`)
    ),
  ],
  ["ROI", "Enter", "place a ROI in the middle of the view; close a polygon", (press) => enter(press)],
  ["ROI", ". ,", "next, previous ROI", ({ store, event }) => cycle(store, event.key === "." ? 1 : -1)],
  [
    "ROI",
    "ArrowLeft ArrowRight ArrowUp ArrowDown",
    "move by a pixel; Shift: by a tenth; with nothing selected: change slice",
    (press) => arrow(press),
  ],
  [
    "ROI",
    "Ctrl+ArrowLeft Ctrl+ArrowRight Ctrl+ArrowUp Ctrl+ArrowDown",
    "narrower, wider, taller, lower by a pixel; Shift: by a tenth",
    (press) => resize(press),
  ],
  ["ROI", "Alt+ArrowLeft Alt+ArrowRight", "turn by 1 degree; Shift: by a tenth", (press) => turn(press)],
  ["ROI", "t", "choose a corner of the polygon: arrows then move it", ({ store }) => corner(store)],
  ["ROI", "i", "insert a corner after the chosen one", ({ store }) => insert(store)],
  ["ROI", "Delete Backspace", "delete the chosen corner, or the ROI", (press) => remove(press)],
  [
    "ROI",
    "0 1 2 3 4 5 6",
    "label it by the level strip: T12 L1 L2 L3 L4 L5 S1",
    ({ studio, store, event }) => studio.label(store.levels[+event.key] ?? DIGITS[+event.key]),
  ],
  ["ROI", "c n", "label it CSF, noise", ({ studio, event }) => studio.label(event.key === "c" ? "CSF" : "noise")],
  ["ROI", "d", "duplicate", ({ studio }) => studio.duplicate()],
  ["ROI", "l", "lock or unlock", ({ studio }) => studio.toggle("locked")],
  [
    "ROI",
    "y",
    "hide or show; Shift: all",
    ({ studio, event, store }) =>
      event.shiftKey
        ? ((store.hideAll = !store.hideAll), studio.changed(store.hideAll ? "All ROIs hidden" : "ROIs shown"))
        : studio.toggle("hidden"),
  ],
  ["ROI", "k", "bring it to the slice shown", ({ studio }) => studio.bringHere()],
  [
    "ROI",
    "j",
    "move on this series only, on or off (or hold Alt while dragging)",
    ({ store, studio }) => (
      (store.seriesOnly = !store.seriesOnly),
      studio.changed(store.seriesOnly ? "Moves now count for this series only" : "Moves count for every series")
    ),
  ],
  ["ROI", "Ctrl+z", "undo", ({ store }) => store.undo()],
  ["ROI", "Ctrl+Shift+z Ctrl+y", "redo", ({ store }) => store.undo(true)],
  [
    "Image",
    "PageUp PageDown",
    "slice back, forward",
    ({ store, view, event }) => store.goTo(view.index, store.slices[view.index] + (event.key === "PageUp" ? -1 : 1)),
  ],
  [
    "Image",
    "Home End",
    "first, last slice",
    ({ store, view, event }) => store.goTo(view.index, event.key === "Home" ? 0 : view.view.planes - 1),
  ],
  [
    "Image",
    "+ = -",
    "zoom in, out",
    ({ view, event }) => view.zoomAt(view.size[0] / 2, view.size[1] / 2, event.key === "-" ? 0.8 : 1.25),
  ],
  [
    "Image",
    "[ ]",
    "window narrower, wider; Shift: level down, up",
    ({ store, view, event }) => windowStep(store, view, event),
  ],
  ["Image", "a", "auto window", ({ studio }) => studio.preset(0)],
  ["Image", "s", "next window preset", ({ studio }) => studio.preset()],
  ["Image", "r", "reset zoom, position and window (or double click)", ({ view }) => view.reset()],
  [
    "Image",
    "u",
    "smooth or square pixels",
    ({ store, studio }) => (
      (store.smooth = !store.smooth), studio.changed(store.smooth ? "Smooth pixels" : "Square pixels")
    ),
  ],
  ["Image", "m", "next view", ({ studio }) => studio.nextView()],
  [
    "",
    "Escape",
    "give up what is being drawn; deselect",
    ({ tools, store }) =>
      void (tools.cancel() || (store.tool !== "select" ? store.setTool("select") : store.select(null))),
  ],
  ["", "?", "this sheet", ({ studio }) => studio.help()],
];

export const MOUSE = [
  ["wheel", "slice"],
  ["Ctrl + wheel", "zoom at the pointer"],
  ["right or middle drag", "window (sideways) and level (up, down)"],
  ["Space + drag", "move the image"],
  ["double click", "reset the view; on a corner: remove it"],
  ["drag a small dot between corners", "add a corner"],
  ["Shift while drawing or resizing", "square, circle, same proportions"],
  ["Alt + drag a ROI", "move it on this series only"],
  ["one finger", "draw, or change slice beside a ROI"],
  ["two fingers", "zoom and move the image"],
];

const byKey = new Map(KEYS.flatMap(([, keys, , run]) => keys.split(" ").map((key) => [key.toLowerCase(), run])));

/** Runs what a key stands for; true if it stands for something. @param {KeyboardEvent} event @param {Omit<Press, "event">} context */
export function press(event, context) {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const plain = { "{": "[", "}": "]", Y: "y" }[event.key] ?? key;
  const name = control
    ? `ctrl+${event.shiftKey && key === "z" ? "shift+" : ""}${key}`
    : event.altKey
      ? `alt+${key}`
      : plain;
  const run = byKey.get(name);
  if (!run) return false;
  run({ ...context, event });
  return true;
}

function enter(/** @type {Press} */ { tools, store, view }) {
  if (tools.gesture?.kind === "polygon") return tools.closePolygon();
  const [r, c] = view.toImage(view.size[0] / 2, view.size[1] / 2);
  const plane = view.plane();
  const [dr, dc] = [5 / norm(plane.row_step), 5 / norm(plane.col_step)];
  const kind = SHAPES[store.tool] ?? "rectangle";
  const round = store.tool === "circle" ? 1 : 0.8;
  const box = boxBetween(plane, [r - dr * round, c - dc], [r + dr * round, c + dc], { kind });
  if (kind === "polygon") {
    const { center: m, half_width: u, half_height: v } = box;
    const points = [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ].map(([s, t]) => add(m, add(times(u, s), times(v, t))));
    tools.place({ id: "", label: "", kind, points });
  } else tools.place({ ...box, id: "", label: "" });
}

function cycle(/** @type {any} */ store, /** @type {number} */ step) {
  const { rois } = store;
  if (!rois.length) return;
  const i = rois.findIndex((/** @type {any} */ roi) => roi.id === store.selected);
  const next = rois[i < 0 ? (step > 0 ? 0 : rois.length - 1) : (i + step + rois.length) % rois.length];
  store.select(next.id);
  store.goTo(store.active, store.sliceOf(next, store.active));
  store.say(`${next.label || "ROI without label"} selected`);
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The selected ROI if it may be changed. @param {any} store */
function editable(store) {
  const roi = store.roi();
  if (roi?.locked) store.say(`${roi.label || "ROI"} is locked`);
  return roi && !roi.locked ? roi : null;
}

function arrow(/** @type {Press} */ { store, view, event }) {
  const [x, y] = STEPS[event.key];
  if (!store.roi()) return store.goTo(view.index, store.slices[view.index] + (x + y));
  const roi = editable(store);
  if (!roi) return;
  const size = event.shiftKey ? 0.1 : 1;
  const shift = add(times(view.view.col_step, x * size), times(view.view.row_step, y * size));
  const f = (/** @type {any} */ old) =>
    old.kind === "polygon" && store.vertex >= 0
      ? {
          ...old,
          points: old.points.map((/** @type {any} */ p, /** @type {number} */ i) =>
            i === store.vertex ? add(p, shift) : p,
          ),
        }
      : store.shifted(old, shift, view.index);
  store.commit(store.changed(roi.id, f));
}

function resize(/** @type {Press} */ { store, view, event }) {
  const roi = editable(store);
  if (!roi) return;
  const [x, y] = STEPS[event.key];
  const size = (event.shiftKey ? 0.1 : 1) / 2;
  const spacing = [norm(view.view.col_step), norm(view.view.row_step)];
  const grow = (/** @type {any} */ old) => {
    const half = [norm(old.half_width), norm(old.half_height)];
    const wanted = [half[0] + x * size * spacing[0], half[1] - y * size * spacing[1]];
    if (Math.min(...wanted) <= 0.05) return old;
    if (store.fixedArea) wanted[x ? 1 : 0] = (half[0] * half[1]) / wanted[x ? 0 : 1];
    return {
      ...old,
      half_width: times(old.half_width, wanted[0] / half[0]),
      half_height: times(old.half_height, wanted[1] / half[1]),
    };
  };
  const scale = (/** @type {any} */ old) => {
    const factor = 1 + (x - y) * (event.shiftKey ? 0.002 : 0.02);
    const middle = old.points.reduce(add).map((/** @type {number} */ v) => v / old.points.length);
    return {
      ...old,
      points: old.points.map((/** @type {any} */ p) => p.map((v, i) => middle[i] + (v - middle[i]) * factor)),
    };
  };
  if (roi.kind === "polygon" && store.fixedArea) return store.say("The area is fixed: press X to free it");
  store.commit(store.changed(roi.id, roi.kind === "polygon" ? scale : grow));
}

function turn(/** @type {Press} */ { store, view, event }) {
  const roi = editable(store);
  if (!roi) return;
  const degrees = (event.key === "ArrowRight" ? 1 : -1) * (event.shiftKey ? 0.1 : 1);
  store.commit(store.changed(roi.id, (old) => rotated(old, (degrees * Math.PI) / 180, view.axes().through)));
}

function corner(/** @type {any} */ store) {
  const roi = store.roi();
  if (roi?.kind !== "polygon") return store.say("Choose a polygon first");
  store.vertex = (store.vertex + 1) % roi.points.length;
  store.say(`Corner ${store.vertex + 1} of ${roi.points.length}`);
  store.emit("selection");
}

function insert(/** @type {any} */ store) {
  const roi = editable(store);
  if (roi?.kind !== "polygon" || store.vertex < 0) return store.say("Choose a corner with T first");
  const points = [...roi.points];
  const at = store.vertex;
  points.splice(at + 1, 0, times(add(points[at], points[(at + 1) % points.length]), 0.5));
  store.vertex = at + 1;
  store.commit(store.changed(roi.id, (/** @type {any} */ old) => ({ ...old, points })));
}

function remove(/** @type {Press} */ { store, tools }) {
  const roi = editable(store);
  if (!roi) return;
  if (roi.kind === "polygon" && store.vertex >= 0) return tools.removeVertex(roi, store.vertex);
  store.commit(store.rois.filter((other) => other.id !== roi.id));
  store.say(`${roi.label || "ROI"} deleted`);
}

function windowStep(/** @type {any} */ store, /** @type {any} */ view, /** @type {KeyboardEvent} */ event) {
  const [level, width] = store.windows[view.index];
  const up = event.key === "]" || event.key === "}";
  if (event.shiftKey) store.setWindow(view.index, level + (up ? 0.05 : -0.05) * width, width);
  else store.setWindow(view.index, level, width * (up ? 1.1 : 1 / 1.1));
}
