/** One table makes the keys work and fills the help sheet. */
import { _ } from "../../page/static/words.js";
import { add, boxBetween, norm, outline, planeNormal, rotated, scaled, times, withCorner } from "./geometry.js";
import { waits } from "./origin.js";
import { accept, acceptAndGoOn, propose } from "./proposals.js";
import { SHAPES } from "./tools.js";

const DIGITS = ["T12", "L1", "L2", "L3", "L4", "L5", "S1"];

/**
 * @import { Studio } from "./studio.js"
 * @import { Store } from "./store.js"
 * @import { Tools } from "./tools.js"
 * @import { View } from "./view.js"
 * @typedef {{store: Store, view: View, tools: Tools, studio: Studio, event: KeyboardEvent}} Press
 */

/** What of a store is on or off, and its name. */
export const SWITCHES = {
  magnifier: _`Magnifier`,
  hideAll: _`All hidden`,
  seriesOnly: _`Moves on this series only`,
  smooth: _`Smooth pixels`,
  inverted: _`Inverted grey scale`,
  zoomLinked: _`Linked zoom`,
  lines: _`Reference lines`,
};
/** @typedef {keyof typeof SWITCHES} Switch */

/**
 * Group, keys (separated by spaces), what it does, how: a tool, a switch, or something else. A button is named by the
 * words before the first comma or the like, and by the first key.
 * @type {[string, string, string, string | ((press: Press) => void)][]}
 */
export const KEYS = [
  ["Tools", "v", _`select and move`, "select"],
  ["Tools", "b", _`box`, "box"],
  ["Tools", "e", _`ellipse`, "ellipse"],
  ["Tools", "o", _`circle`, "circle"],
  ["Tools", "p", _`polygon: click corners, double click or Enter to close`, "polygon"],
  ["Tools", "f", _`freehand`, "freehand"],
  ["Tools", "w", _`window and level by dragging`, "window"],
  ["Tools", "h", _`move the image by dragging (or hold Space)`, "hand"],
  ["Tools", "x", _`fixed area on or off`, ({ studio }) => studio.toggleFixed()],
  ["Tools", "g", _`magnifier while dragging, on or off`, "magnifier"],
  ["Annotations", "Shift+R", _`ruler: two points, mm`, "ruler"],
  ["Annotations", "Shift+A", _`angle: three points`, "angle"],
  ["Annotations", "Shift+C", _`Cobb angle: two lines, 0 to 90 degrees`, "cobb"],
  ["Annotations", "Shift+P", _`probe: signal and place; other series go there`, "probe"],
  ["Annotations", "Shift+S", _`count levels from S1 upward: click each body`, "count"],
  ["Annotations", "Ctrl+Delete Ctrl+Backspace", _`clear all annotations`, ({ store }) => store.annotate([])],
  ["Proposed", "q", _`propose ROIs; again: stop`, ({ store }) => propose(store)],
  ["Proposed", "Shift+Enter", _`accept all (Enter: the selected one)`, ({ store }) => accept(store)],
  [
    "Proposed",
    "Shift+Delete Shift+Backspace",
    _`reject all (Delete: the selected one)`,
    ({ store }) => store.model.send({ type: "reject" }),
  ],
  [
    "ROI",
    "Enter",
    _`place a ROI in the middle of the view; close a polygon; accept the proposed ROI that is selected`,
    (press) => enter(press),
  ],
  ["ROI", ". ,", _`next, previous ROI`, ({ store, event }) => cycle(store, event.key === "." ? 1 : -1)],
  [
    "ROI",
    "ArrowLeft ArrowRight ArrowUp ArrowDown",
    _`move by a pixel; Shift: by a tenth; with nothing selected: change slice`,
    (press) => arrow(press),
  ],
  [
    "ROI",
    "Ctrl+ArrowLeft Ctrl+ArrowRight Ctrl+ArrowUp Ctrl+ArrowDown",
    _`narrower, wider, taller, lower by a pixel; Shift: by a tenth`,
    (press) => resize(press),
  ],
  ["ROI", "Alt+ArrowLeft Alt+ArrowRight", _`turn by 1 degree; Shift: by a tenth`, (press) => turn(press)],
  ["ROI", "t", _`choose a corner of the polygon: arrows then move it`, ({ store }) => corner(store)],
  ["ROI", "i", _`insert a corner after the chosen one`, ({ store }) => insert(store)],
  [
    "ROI",
    "Delete Backspace",
    _`delete the chosen corner, or the ROI; else the last annotation`,
    (press) => remove(press),
  ],
  [
    "ROI",
    "0 1 2 3 4 5 6",
    _`label it by the level strip: T12 L1 L2 L3 L4 L5 S1`,
    ({ studio, store, event }) => studio.label(store.levels[+event.key] ?? DIGITS[+event.key]),
  ],
  ["ROI", "c n", _`label it CSF, noise`, ({ studio, event }) => studio.label(event.key === "c" ? "CSF" : "noise")],
  ["ROI", "d", _`duplicate`, ({ studio }) => studio.later((later) => later.duplicate())],
  ["ROI", "l", _`lock or unlock`, ({ studio }) => studio.toggle("locked")],
  [
    "ROI",
    "y",
    _`hide or show; Shift: all`,
    ({ event, studio }) => (event.shiftKey ? studio.flip("hideAll") : studio.toggle("hidden")),
  ],
  ["ROI", "k", _`bring it to the slice shown`, ({ studio }) => studio.later((later) => later.bringHere())],
  ["ROI", "j", _`move ROIs on this series only (or hold Alt while dragging)`, "seriesOnly"],
  ["ROI", "Ctrl+z", _`undo`, ({ store }) => store.undo()],
  ["ROI", "Ctrl+Shift+z Ctrl+y", _`redo`, ({ store }) => store.undo(true)],
  [
    "Image",
    "PageUp PageDown",
    _`slice back, forward`,
    ({ store, view, event }) => store.goTo(view.index, store.slices[view.index] + (event.key === "PageUp" ? -1 : 1)),
  ],
  [
    "Image",
    "Home End",
    _`first, last slice`,
    ({ store, view, event }) => store.goTo(view.index, event.key === "Home" ? 0 : view.view.planes - 1),
  ],
  [
    "Image",
    "+ = -",
    _`zoom in, out`,
    ({ view, event }) => view.zoomAt(view.size[0] / 2, view.size[1] / 2, event.key === "-" ? 0.8 : 1.25),
  ],
  [
    "Image",
    "[ ]",
    _`window narrower, wider; Shift: level down, up`,
    ({ store, view, event }) => windowStep(store, view, event),
  ],
  ["Image", "a", _`auto window`, ({ studio }) => studio.preset(0)],
  ["Image", "s", _`next window preset`, ({ studio }) => studio.preset()],
  ["Image", "r", _`reset the view: zoom, position and window (or double click)`, ({ view }) => view.reset()],
  ["Image", "u", _`smooth pixels on or off`, "smooth"],
  ["Image", "Shift+I", _`invert the grey scale`, "inverted"],
  ["Image", "z", _`zoom and move linked series together, or each alone`, "zoomLinked"],
  ["Image", "Shift+X", _`reference lines on or off`, "lines"],
  ["Image", "Shift+F", _`play the slices; any input stops it`, ({ studio }) => studio.later((later) => later.play())],
  ["Image", "m", _`next view`, ({ studio }) => studio.nextView()],
  [
    "",
    "Escape",
    _`cancel what is being drawn; deselect`,
    ({ tools, store }) =>
      void (tools.cancel() || (store.tool !== "select" ? store.setTool("select") : store.select(null))),
  ],
  ["", "?", _`help: this sheet`, ({ studio }) => studio.help()],
];

/** Signs that keys give with Shift, and the keys. */
const SHIFTED = new Map([
  ["{", "["],
  ["}", "]"],
]);

const byKey = new Map(KEYS.flatMap(([, keys, , what]) => keys.split(" ").map((key) => [key.toLowerCase(), what])));

/**
 * Runs what a key stands for; true if it stands for something.
 * @param {KeyboardEvent} event @param {Omit<Press, "event">} context
 */
export function press(event, context) {
  if (context.store.later?.key(event, context.view)) return true;
  const before = event.ctrlKey || event.metaKey ? "ctrl+" : event.altKey ? "alt+" : "";
  const key = SHIFTED.get(event.key) ?? event.key.toLowerCase();
  const shifted = `${before}shift+${key}`;
  const name = event.shiftKey && byKey.has(shifted) ? shifted : before + key;
  const what = byKey.get(name);
  if (what) perform(what, { ...context, event });
  return !!what;
}

/** @param {string | ((press: Press) => void)} what @param {Press} press */
export function perform(what, press) {
  if (typeof what !== "string") what(press);
  else if (what in SWITCHES) press.studio.flip(/** @type {Switch} */ (what));
  else press.store.setTool(what);
}

function enter(/** @type {Press} */ { tools, store, view }) {
  if (tools.gesture?.kind === "polygon") return tools.closePolygon(tools.gesture);
  const proposed = store.roi();
  if (proposed && waits(proposed)) return acceptAndGoOn(store, proposed);
  const [r, c] = view.toImage(view.size[0] / 2, view.size[1] / 2);
  const plane = view.plane();
  const [dr, dc] = [5 / norm(plane.row_step), 5 / norm(plane.col_step)];
  const kind = SHAPES.get(store.tool) ?? "rectangle";
  const round = store.tool === "circle" ? 1 : 0.8;
  const box = boxBetween(plane, [r - dr * round, c - dc], [r + dr * round, c + dc]);
  tools.place(kind === "polygon" ? { kind, points: outline({ kind: "rectangle", ...box }) } : { kind, ...box });
}

function cycle(/** @type {Store} */ store, /** @type {number} */ step) {
  const { rois } = store;
  if (!rois.length) return;
  const i = rois.findIndex((roi) => roi.id === store.selected);
  store.show(rois[i < 0 ? (step > 0 ? 0 : rois.length - 1) : (i + step + rois.length) % rois.length]);
}

/** To the right and down. */
function step(/** @type {string} */ key) {
  const [x, y] = [+(key === "ArrowRight") - +(key === "ArrowLeft"), +(key === "ArrowDown") - +(key === "ArrowUp")];
  return [x, y];
}

/** The selected ROI if it may be changed. @param {Store} store */
function editable(store) {
  const roi = store.roi();
  if (roi?.locked) store.say(_`${roi.label || "ROI"} is locked`);
  return roi && !roi.locked ? roi : null;
}

function arrow(/** @type {Press} */ { store, view, event }) {
  const [x, y] = step(event.key);
  if (!store.roi()) return store.goTo(view.index, store.slices[view.index] + (x + y));
  const roi = editable(store);
  if (!roi) return;
  const size = event.shiftKey ? 0.1 : 1;
  const shift = add(times(view.view.col_step, x * size), times(view.view.row_step, y * size));
  const at = store.vertex;
  const changed =
    roi.kind === "polygon" && at >= 0
      ? { ...roi, points: roi.points.map((p, i) => (i === at ? add(p, shift) : p)) }
      : store.shifted(roi, shift, view.index);
  store.commit(store.changed(roi.id, () => changed));
}

function resize(/** @type {Press} */ { store, view, event }) {
  const roi = editable(store);
  if (!roi) return;
  const [x, y] = step(event.key);
  const size = (event.shiftKey ? 0.1 : 1) / 2;
  const spacing = [norm(view.view.col_step), norm(view.view.row_step)];
  if (roi.kind === "polygon") {
    if (store.fixedArea) return store.say(_`The area is fixed: press X to free it`);
    const factor = 1 + (x - y) * (event.shiftKey ? 0.002 : 0.02);
    return store.commit(store.changed(roi.id, () => scaled(roi, factor)));
  }
  const half = [norm(roi.half_width), norm(roi.half_height)];
  const wanted = [half[0] + x * size * spacing[0], half[1] - y * size * spacing[1]];
  if (Math.min(...wanted) > 0.05) {
    if (store.fixedArea) wanted[x ? 1 : 0] = (half[0] * half[1]) / wanted[x ? 0 : 1];
    const half_width = times(roi.half_width, wanted[0] / half[0]);
    const half_height = times(roi.half_height, wanted[1] / half[1]);
    store.commit(store.changed(roi.id, () => ({ ...roi, half_width, half_height })));
  }
}

function turn(/** @type {Press} */ { store, view, event }) {
  const roi = editable(store);
  if (!roi) return;
  const degrees = (event.key === "ArrowRight" ? 1 : -1) * (event.shiftKey ? 0.1 : 1);
  store.commit(store.changed(roi.id, (old) => rotated(old, (degrees * Math.PI) / 180, planeNormal(view.plane()))));
}

function corner(/** @type {Store} */ store) {
  const roi = store.roi();
  if (roi?.kind !== "polygon") return store.say(_`Choose a polygon first`);
  store.vertex = (store.vertex + 1) % roi.points.length;
  store.say(_`Corner ${store.vertex + 1} of ${roi.points.length}`);
  store.emit("selection");
}

function insert(/** @type {Store} */ store) {
  const roi = editable(store);
  if (roi?.kind !== "polygon" || store.vertex < 0) return store.say(_`Choose a corner with T first`);
  store.vertex += 1;
  const changed = withCorner(roi, store.vertex);
  store.commit(store.changed(roi.id, () => changed));
}

function remove(/** @type {Press} */ { store, tools }) {
  const roi = editable(store);
  if (!roi) return;
  if (roi.kind === "polygon" && store.vertex >= 0) return tools.removeVertex(roi, store.vertex);
  store.remove(roi);
}

function windowStep(/** @type {Store} */ store, /** @type {View} */ view, /** @type {KeyboardEvent} */ event) {
  const [level, width] = store.windows[view.index];
  const up = event.key === "]" || event.key === "}";
  if (event.shiftKey) store.setWindow(view.index, level + (up ? 0.05 : -0.05) * width, width);
  else store.setWindow(view.index, level, width * (up ? 1.1 : 1 / 1.1));
}
