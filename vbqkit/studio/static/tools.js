/** What mouse, pen and fingers do on a view. One gesture at a time; Escape cancels it. */
import { _ } from "../../page/static/words.js";
import { set } from "./dom.js";
import {
  add,
  area,
  boxBetween,
  center,
  cross,
  crossesItself,
  dot,
  norm,
  onSeries,
  outline,
  planeNormal,
  resized,
  rotated,
  simplified,
  sub,
  toPatient,
  toRowCol,
  toSegment,
  withArea,
  withCorner,
} from "./geometry.js";
import { describe, waits } from "./origin.js";
import { inPolygon } from "./statistics.js";

const GRAB_PX = 9;
const WHEEL_PX = 40; // a mouse wheel click is about 100, a touchpad sends many small ones
/** What a tool draws. @type {Map<string, Shape["kind"]>} */
export const SHAPES = new Map([
  ["box", "rectangle"],
  ["ellipse", "ellipse"],
  ["circle", "ellipse"],
  ["polygon", "polygon"],
  ["freehand", "polygon"],
]);

/** Tools for what is kept beside the ROIs and never scored: later.js. */
export const ANNOTATES = new Set(["ruler", "angle", "cobb", "probe", "count"]);

/**
 * @import { Draft, Drawing, Editing, Gesture, Grip, Hold, Outlining, Spread, Windowing } from "./gestures.js"
 * @import { View } from "./view.js"
 * @import { Kept, Point, Roi, RowCol, Shape } from "./wire.js"
 */

export class Tools {
  /** @param {View} view */
  constructor(view) {
    this.view = view;
    this.store = view.store;
    /** @type {Gesture|null} */
    this.gesture = null;
    this.touches = /** @type {Map<number, Point>} */ (new Map());
    this.space = false;
    this.wheeled = 0;
    const { stage } = view;
    stage.addEventListener("pointerdown", (e) => this.down(e));
    stage.addEventListener("pointermove", (e) => this.move(e));
    stage.addEventListener("pointerup", (e) => this.up(e));
    stage.addEventListener("pointercancel", (e) => this.up(e, true));
    stage.addEventListener("pointerleave", () => !this.gesture && this.hover(null));
    stage.addEventListener("dblclick", (e) => this.double(e));
    stage.addEventListener("contextmenu", (e) => {
      e.preventDefault();
      e.stopPropagation();
    });
    stage.addEventListener("auxclick", (e) => e.preventDefault());
    stage.addEventListener("wheel", (e) => this.wheel(e), { passive: false });
    stage.addEventListener("lostpointercapture", (e) => this.holds(e) && this.up(e));
    this.store.on("tool", () => this.cursor());
    this.cursor();
  }

  cursor(over = "") {
    const { tool } = this.store;
    this.view.stage.dataset.cursor = this.space ? "hand" : tool === "select" ? over : tool;
  }

  /** Whether the gesture is this pointer's. */
  holds(/** @type {PointerEvent} */ e) {
    const g = this.gesture;
    return g !== null && g.kind !== "pinch" && g.pointer === e.pointerId;
  }

  /** @returns {Point} */
  at(/** @type {MouseEvent} */ e) {
    const box = this.view.stage.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }

  hover(/** @type {Point|null} */ p) {
    this.view.pointer = p;
    this.view.redraw();
  }

  wheel(/** @type {WheelEvent} */ e) {
    const zooms = e.ctrlKey || e.metaKey;
    if (!zooms && !this.view.element.parentElement?.contains(document.activeElement)) return; // it scrolls the page
    e.preventDefault();
    e.stopPropagation();
    const pixels = e.deltaMode === 1 ? e.deltaY * WHEEL_PX : e.deltaY;
    const [x, y] = this.at(e);
    if (zooms) return this.view.zoomAt(x, y, Math.exp(-pixels / 400));
    if (Math.abs(pixels) >= WHEEL_PX) this.wheeled = Math.sign(pixels) * WHEEL_PX;
    else this.wheeled += pixels;
    if (Math.abs(this.wheeled) < WHEEL_PX) return;
    this.store.goTo(this.view.index, this.store.slices[this.view.index] + Math.sign(this.wheeled));
    this.wheeled = 0;
  }

  /**
   * What lies under a screen point: a grip of the selected ROI, a ROI, or nothing.
   * @returns {{roi: Roi, grip: Grip|null}|null}
   */
  pick(/** @type {Point} */ [x, y], reach = GRAB_PX) {
    const selected = this.store.roi();
    const t = this.view.transform();
    const visible = this.view
      .visible()
      .filter((roi) => this.view.onSlice(roi))
      .reverse();
    if (selected && !selected.locked && visible.includes(selected)) {
      const grip = this.view
        .grips(selected)
        .map((g) => ({ g, d: Math.hypot(g.x - x, g.y - y) - (g.kind === "middle" ? 0 : 0.5) }))
        .sort((a, b) => a.d - b.d)[0];
      const [cx, cy] = this.view.toScreen(
        toRowCol(this.view.plane(), center(onSeries(selected, this.view.view.key))),
        t,
      );
      if (grip && grip.d <= Math.min(reach, Math.hypot(cx - x, cy - y))) return { roi: selected, grip: grip.g };
    }
    for (const roi of selected ? [selected, ...visible] : visible) {
      if (!visible.includes(roi)) continue;
      const p = this.view.path(roi, t);
      const near = p.map((a, i) => toSegment([x, y], a, p[(i + 1) % p.length]));
      if (inPolygon(p)(x, y) || Math.min(...near) <= reach - 3) return { roi, grip: null };
    }
    return null;
  }

  down(/** @type {PointerEvent} */ e) {
    const p = this.at(e);
    this.store.setActive(this.view.index);
    this.view.stage.focus({ preventScroll: true });
    if (e.pointerType === "touch") {
      this.touches.set(e.pointerId, p);
      if (this.touches.size === 2) return this.pinchStart();
    }
    if (this.gesture?.kind === "polygon") return this.addCorner(this.gesture, p, e);
    if (this.gesture) return;
    e.preventDefault();
    this.view.stage.setPointerCapture(e.pointerId);
    this.hover(p);
    const { tool } = this.store;
    /** @type {Hold} */
    const base = { pointer: e.pointerId, from: p, last: p, touch: e.pointerType === "touch" };
    if (this.space || tool === "hand") this.gesture = { ...base, kind: "pan" };
    else if (e.button === 1 || e.button === 2 || tool === "window")
      this.gesture = { ...base, kind: "window", window: this.store.windows[this.view.index] };
    else if (e.button !== 0) return;
    else if (SHAPES.has(tool)) this.startDrawing(p, base, e);
    else if (ANNOTATES.has(tool)) {
      this.gesture = { ...base, kind: "none" };
      this.view.magnify = true;
      this.store.later?.down(p);
    } else this.startEditing(p, base, e);
    if (!this.gesture) return;
    this.view.stage.dataset.gesture = this.gesture.kind;
    this.store.hand(true);
  }

  startDrawing(/** @type {Point} */ p, /** @type {Hold} */ base, /** @type {PointerEvent} */ e) {
    const { tool } = this.store;
    const start = this.view.toImage(p[0], p[1]);
    const { frame } = this.view.view;
    /** @type {Kept} */
    const draft = { id: "draft", label: "", frame, locked: false, hidden: false, shifts: {} };
    if (tool === "polygon" || tool === "freehand") {
      this.gesture = { ...base, kind: tool, corners: [start], draft };
      if (tool === "polygon" && e.pointerId != null) this.view.stage.releasePointerCapture(e.pointerId);
    } else {
      const shape = tool === "box" ? "rectangle" : "ellipse";
      this.gesture = { ...base, kind: "draw", shape, start, draft, even: tool === "circle" };
    }
    this.store.select(null);
    this.view.magnify = true;
  }

  startEditing(/** @type {Point} */ p, /** @type {Hold} */ base, /** @type {PointerEvent} */ e) {
    const hit = this.pick(p, base.touch ? 22 : GRAB_PX);
    if (!hit) {
      this.store.select(null);
      const held = this.store.later?.grab(this.view, p, base.touch ? 22 : GRAB_PX);
      this.gesture =
        base.touch && !held
          ? { ...base, kind: "scroll", slice: this.store.slices[this.view.index] }
          : { ...base, kind: "none" };
      return;
    }
    const { roi, grip } = hit;
    this.store.select(roi.id);
    if (roi.locked) return this.store.say(_`${roi.label || "ROI"} is locked`);
    const [x, y] = !grip ? p : grip.kind === "handle" ? grip.own : [grip.x, grip.y];
    /** @type {Hold & {off: Point, only: boolean}} */
    const edit = { ...base, off: [p[0] - x, p[1] - y], only: e.altKey || this.store.seriesOnly };
    if (!grip) this.gesture = { ...edit, kind: "move", roi };
    else if (grip.kind === "rotate") this.gesture = { ...edit, kind: "rotate", roi };
    else if (grip.kind === "handle" && roi.kind !== "polygon")
      this.gesture = { ...edit, kind: "handle", roi, at: grip.at };
    else if (grip.kind !== "handle" && roi.kind === "polygon") {
      const added = grip.kind === "middle";
      const at = added ? grip.at + 1 : grip.at;
      this.store.vertex = at;
      if (!added && e.altKey) return this.removeVertex(roi, at);
      this.gesture = { ...edit, kind: "vertex", roi: added ? withCorner(roi, at) : roi, at };
    }
    this.view.magnify = true;
  }

  move(/** @type {PointerEvent} */ e) {
    const p = this.at(e);
    if (this.touches.has(e.pointerId)) this.touches.set(e.pointerId, p);
    if (this.gesture?.kind === "pinch") return this.pinch(this.gesture);
    this.hover(p);
    const g = this.gesture;
    if (!g) {
      const hit = this.pick(p);
      set(this.view.stage, { title: hit && waits(hit.roi) ? describe(hit.roi) : null });
      return this.cursor(hit?.grip?.kind ?? (hit ? "move" : ""));
    }
    if (g.kind === "polygon") return this.showCorners(g, p);
    if (e.pointerId !== g.pointer) return;
    const [dx, dy] = [p[0] - g.last[0], p[1] - g.last[1]];
    g.moved ||= Math.hypot(p[0] - g.from[0], p[1] - g.from[1]) > (g.touch ? 6 : 1);
    g.last = p;
    if (!g.moved) return;
    if (g.kind === "pan") this.view.panBy(dx, dy);
    else if (g.kind === "window") this.window(g, p);
    else if (g.kind === "scroll") this.store.goTo(this.view.index, g.slice + Math.round((p[1] - g.from[1]) / 18));
    else if (g.kind === "draw") {
      g.square = e.shiftKey;
      this.view.draft = this.drawn(g, p);
    } else if (g.kind === "freehand") this.trace(g, p);
    else if (g.kind === "none") this.store.later?.drag(this.view, p);
    else {
      const result = this.edited(g, p, e.shiftKey);
      g.result = result;
      this.store.preview(this.store.changed(g.roi.id, () => result));
    }
  }

  /** Right drag: sideways width, up and down level, as fine as the window is wide. */
  window(/** @type {Windowing} */ g, /** @type {Point} */ p) {
    const [level, width] = g.window;
    const step = width / 250;
    this.store.setWindow(this.view.index, level + (p[1] - g.from[1]) * step, width + (p[0] - g.from[0]) * step * 1.5);
  }

  /** @returns {Roi} */
  drawn(/** @type {Drawing} */ g, /** @type {Point} */ p) {
    const plane = this.view.plane();
    const rc = this.view.toImage(p[0], p[1]);
    const [dy, dx] = [norm(plane.row_step), norm(plane.col_step)];
    let [dr, dc] = [(rc[0] - g.start[0]) * dy, (rc[1] - g.start[1]) * dx];
    if (g.square || g.even) {
      const side = Math.max(Math.abs(dr), Math.abs(dc));
      [dr, dc] = [Math.sign(dr || 1) * side, Math.sign(dc || 1) * side];
    }
    const sides = boxBetween(plane, g.start, [g.start[0] + dr / dy, g.start[1] + dc / dx]);
    const roi = { ...g.draft, kind: g.shape, ...sides };
    roi.label = this.store.labelFor(roi);
    return this.store.fixedArea ? withArea(roi, this.store.fixedArea * 100) : roi;
  }

  trace(/** @type {Outlining} */ g, /** @type {Point} */ p) {
    const last = this.view.toScreen(g.corners[g.corners.length - 1]);
    if (Math.hypot(p[0] - last[0], p[1] - last[1]) >= 2) g.corners.push(this.view.toImage(p[0], p[1]));
    this.view.draft = this.outlined(g, g.corners, true);
  }

  /** @returns {Draft} */
  outlined(/** @type {Outlining} */ g, /** @type {RowCol[]} */ corners, open = false) {
    const plane = this.view.plane();
    /** @type {Draft} */
    const roi = { ...g.draft, kind: "polygon", open, points: corners.map(([r, c]) => toPatient(plane, r, c)) };
    return { ...roi, label: this.store.labelFor(roi) };
  }

  addCorner(/** @type {Outlining} */ g, /** @type {Point} */ p, /** @type {PointerEvent} */ e) {
    e.preventDefault();
    const first = this.view.toScreen(g.corners[0]);
    if (g.corners.length > 2 && Math.hypot(p[0] - first[0], p[1] - first[1]) < GRAB_PX) return this.closePolygon(g);
    const last = this.view.toScreen(g.corners[g.corners.length - 1]);
    if (Math.hypot(p[0] - last[0], p[1] - last[1]) > 3) g.corners.push(this.view.toImage(p[0], p[1]));
    this.showCorners(g, p);
  }

  showCorners(/** @type {Outlining} */ g, /** @type {Point} */ p) {
    this.view.draft = this.outlined(g, [...g.corners, this.view.toImage(p[0], p[1])], true);
    this.view.redraw();
  }

  closePolygon(/** @type {Outlining} */ g) {
    this.end();
    this.keepOutline(g.corners);
  }

  keepOutline(/** @type {RowCol[]} */ corners) {
    const { k } = this.view.transform();
    const plane = this.view.plane();
    const mm = corners.map(([r, c]) => /** @type {RowCol} */ ([r * norm(plane.row_step), c * norm(plane.col_step)]));
    if (corners.length < 3) return this.store.say(_`An outline needs three corners`);
    if (crossesItself(mm)) return this.store.say(_`The outline crosses itself: draw it again without a loop`);
    const points = corners.map(([r, c]) => toPatient(plane, r, c));
    if (area({ kind: "polygon", points }) * k * k < 9) return this.store.say(_`The outline encloses no area`);
    this.place({ kind: "polygon", points });
  }

  place(/** @type {Shape} */ shape) {
    this.store.place(shape);
    this.store.setTool("select");
  }

  /** The ROI with its grip at a screen point. @returns {Roi} */
  edited(/** @type {Editing} */ g, /** @type {Point} */ p, /** @type {boolean} */ even) {
    const { roi } = g;
    const plane = this.view.plane();
    const [here, from] = [p, g.from].map(([x, y]) =>
      toPatient(plane, ...this.view.toImage(x - g.off[0], y - g.off[1])),
    );
    if (g.kind === "move") return this.store.shifted(roi, sub(here, from), this.view.index, g.only);
    const lying = onSeries(roi, this.view.view.key);
    if (g.kind === "vertex") {
      const points = [...g.roi.points];
      points[g.at] = add(points[g.at], sub(here, outline(lying)[g.at]));
      return { ...g.roi, points };
    }
    if (g.kind === "rotate") {
      const c = center(lying);
      const through = planeNormal(plane);
      const [a, b] = [sub(from, c), sub(here, c)];
      let angle = Math.atan2(dot(cross(a, b), through), dot(a, b));
      if (even) angle = (Math.round((angle * 180) / Math.PI / 15) * 15 * Math.PI) / 180;
      return rotated(roi, angle, through);
    }
    return resized(g.roi, /** @type {typeof g.roi} */ (lying), g.at, here, even, this.store.fixedArea);
  }

  up(/** @type {PointerEvent} */ e, cancelled = false) {
    this.touches.delete(e.pointerId);
    const g = this.gesture;
    if (!g || g.kind === "polygon") return;
    if (g.kind === "pinch") return void (this.touches.size || this.end());
    if (e.pointerId !== g.pointer) return;
    const result = "result" in g ? g.result : undefined;
    this.end(cancelled || !result);
    if (g.kind === "none") this.store.later?.[cancelled ? "cancel" : "up"](this.view, g.last, !!g.moved);
    if (cancelled) return this.store.preview(this.store.kept);
    if (g.kind === "draw" && g.moved) this.keepBox(g);
    else if (g.kind === "draw" && this.store.fixedArea) this.keepFixed(g);
    else if (g.kind === "freehand") this.keepOutline(simplified(g.corners, 0.75 / this.view.transform().kx));
    else if ("roi" in g && result) this.keepEdit(g, result);
    if (g.touch) this.hover(null);
  }

  keepBox(/** @type {Drawing} */ g) {
    const { k } = this.view.transform();
    const { id, label, ...roi } = this.drawn(g, g.last);
    if (area(roi) * k * k >= 16) this.place(roi);
  }

  /** One click with a fixed area: a square or circle of that area about the point. */
  keepFixed(/** @type {Drawing} */ g) {
    const plane = this.view.plane();
    const [r, c] = g.start;
    const [dr, dc] = [1 / norm(plane.row_step), 1 / norm(plane.col_step)];
    this.place({ kind: g.shape, ...boxBetween(plane, [r - dr, c - dc], [r + dr, c + dc]) });
  }

  keepEdit(/** @type {Editing} */ g, /** @type {Roi} */ edited) {
    let result = edited;
    let shown = true;
    if (result.kind === "polygon") {
      const plane = this.view.plane();
      const flat = result.points.map((p) => toRowCol(plane, p));
      if (crossesItself(flat)) {
        this.store.preview(this.store.kept);
        return this.store.say(_`The outline would cross itself: taken back`);
      }
      if (this.store.fixedArea && g.kind === "vertex")
        [result, shown] = [withArea(result, this.store.fixedArea * 100), false];
    }
    this.store.rois = this.store.kept; // not what it was at the start: Python may have spoken meanwhile
    this.store.commit(
      this.store.changed(g.roi.id, () => result),
      undefined,
      shown,
    );
  }

  removeVertex(/** @type {Roi} */ roi, /** @type {number} */ at) {
    if (roi.kind !== "polygon") return;
    if (roi.points.length < 4) return this.store.say(_`A polygon keeps at least three corners`);
    this.store.vertex = -1;
    this.store.commit(this.store.changed(roi.id, () => ({ ...roi, points: roi.points.filter((_, i) => i !== at) })));
  }

  double(/** @type {MouseEvent} */ e) {
    if (this.gesture?.kind === "polygon") return this.closePolygon(this.gesture);
    const hit = this.pick(this.at(e));
    if (hit?.grip?.kind === "vertex") return this.removeVertex(hit.roi, hit.grip.at);
    if (!hit && !SHAPES.has(this.store.tool) && !ANNOTATES.has(this.store.tool)) this.view.reset();
  }

  pinchStart() {
    if (this.gesture && this.gesture.kind !== "polygon") this.store.preview(this.store.kept);
    this.view.draft = null;
    this.store.later?.cancel();
    this.gesture = { kind: "pinch", ...this.spread() };
  }

  /** @returns {Spread} */
  spread() {
    const [[ax, ay], [bx, by]] = [...this.touches.values()];
    return { length: Math.hypot(bx - ax, by - ay) || 1, middle: [(ax + bx) / 2, (ay + by) / 2] };
  }

  pinch(/** @type {Spread} */ g) {
    if (this.touches.size < 2) return;
    const now = this.spread();
    this.view.panBy(now.middle[0] - g.middle[0], now.middle[1] - g.middle[1]);
    this.view.zoomAt(now.middle[0], now.middle[1], now.length / g.length);
    Object.assign(g, now);
  }

  end(redraw = true) {
    this.gesture = null;
    this.view.draft = null;
    this.view.magnify = false;
    delete this.view.stage.dataset.gesture;
    // after a change, which itself says that the hand has let go
    setTimeout(() => this.store.hand(this.gesture !== null));
    if (redraw) this.view.redraw();
  }

  /** Escape: cancel what is being done. Returns whether there was anything. */
  cancel() {
    const g = this.gesture;
    if (!g) return false;
    this.end();
    this.store.later?.cancel();
    this.store.preview(this.store.kept);
    return true;
  }
}
