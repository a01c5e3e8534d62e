/** What mouse, pen and fingers do on a view. One gesture at a time; Escape gives it up. */
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
  rotated,
  simplified,
  sub,
  times,
  toPatient,
  toRowCol,
  toSegment,
  unit,
  withArea,
} from "./geometry.js";

const GRAB_PX = 9;
const WHEEL_PX = 40; // a mouse wheel click is about 100, a touchpad sends many small ones
export const SHAPES = {
  box: "rectangle",
  ellipse: "ellipse",
  circle: "ellipse",
  polygon: "polygon",
  freehand: "polygon",
};

/** @typedef {import("./view.js").View} View @typedef {import("./geometry.js").Roi} Roi */

export class Tools {
  /** @param {View} view */
  constructor(view) {
    this.view = view;
    this.store = view.store;
    this.gesture = /** @type {any} */ (null);
    this.touches = /** @type {Map<number, number[]>} */ (new Map());
    this.space = false;
    this.wheeled = 0;
    const s = view.stage;
    const on = (/** @type {string} */ name, /** @type {(e: any) => void} */ f, options = {}) =>
      s.addEventListener(name, f, options);
    on("pointerdown", (e) => this.down(e));
    on("pointermove", (e) => this.move(e));
    on("pointerup", (e) => this.up(e));
    on("pointercancel", (e) => this.up(e, true));
    on("pointerleave", () => !this.gesture && this.hover(null));
    on("dblclick", (e) => this.double(e));
    on("contextmenu", (e) => (e.preventDefault(), e.stopPropagation()));
    on("auxclick", (e) => e.preventDefault());
    on("wheel", (e) => this.wheel(e), { passive: false });
    on("lostpointercapture", (e) => this.gesture?.pointer === e.pointerId && this.up(e));
    this.store.on("tool", () => this.cursor());
    this.cursor();
  }

  cursor(over = "") {
    const { tool } = this.store;
    this.view.stage.dataset.cursor =
      this.space || tool === "hand" ? "hand" : tool in SHAPES ? "draw" : tool === "window" ? "window" : over;
  }

  at(/** @type {MouseEvent} */ e) {
    const box = this.view.stage.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }

  hover(/** @type {number[]|null} */ p) {
    this.view.pointer = p;
    this.view.redraw();
  }

  wheel(/** @type {WheelEvent} */ e) {
    e.preventDefault();
    e.stopPropagation();
    const pixels = e.deltaMode === 1 ? e.deltaY * WHEEL_PX : e.deltaY;
    const [x, y] = this.at(e);
    if (e.ctrlKey || e.metaKey) return this.view.zoomAt(x, y, Math.exp(-pixels / 400));
    if (Math.abs(pixels) >= WHEEL_PX) this.wheeled = Math.sign(pixels) * WHEEL_PX;
    else this.wheeled += pixels;
    if (Math.abs(this.wheeled) < WHEEL_PX) return;
    this.store.goTo(this.view.index, this.store.slices[this.view.index] + Math.sign(this.wheeled));
    this.wheeled = 0;
  }

  /** What lies under a screen point: a grip of the selected ROI, a ROI, or nothing. */
  pick(/** @type {number[]} */ [x, y], reach = GRAB_PX) {
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
      let inside = false;
      let near = Infinity;
      p.forEach((a, i) => {
        const b = p[(i + 1) % p.length];
        if (a[1] <= y !== b[1] <= y && x < a[0] + ((y - a[1]) * (b[0] - a[0])) / (b[1] - a[1])) inside = !inside;
        near = Math.min(near, toSegment([x, y], a, b).distance);
      });
      if (inside || near <= reach - 3) return { roi, grip: null };
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
    if (this.gesture?.kind === "polygon") return this.addCorner(p, e);
    if (this.gesture) return;
    e.preventDefault();
    this.view.stage.setPointerCapture(e.pointerId);
    this.hover(p);
    const { tool } = this.store;
    const base = { pointer: e.pointerId, from: p, last: p, touch: e.pointerType === "touch" };
    if (this.space || tool === "hand") this.gesture = { ...base, kind: "pan" };
    else if (e.button === 1 || e.button === 2 || tool === "window")
      this.gesture = { ...base, kind: "window", window: this.store.windows[this.view.index] };
    else if (e.button !== 0) return;
    else if (tool in SHAPES) this.startDrawing(p, base, e);
    else this.startEditing(p, base, e);
    if (!this.gesture) return;
    this.view.stage.dataset.gesture = this.gesture.kind;
    this.store.hand(true);
  }

  startDrawing(/** @type {number[]} */ p, /** @type {any} */ base, /** @type {PointerEvent} */ e) {
    const { tool, label } = this.store;
    const rc = this.view.toImage(p[0], p[1]);
    const draft = {
      id: "draft",
      kind: SHAPES[tool],
      label,
      frame: this.view.view.frame,
      locked: false,
      hidden: false,
      shifts: {},
    };
    if (tool === "polygon" || tool === "freehand") {
      this.gesture = { ...base, kind: tool, corners: [rc], draft };
      if (tool === "polygon" && e.pointerId != null) this.view.stage.releasePointerCapture(e.pointerId);
    } else this.gesture = { ...base, kind: "draw", start: rc, draft, tool };
    this.store.select(null);
    this.view.magnify = true;
  }

  startEditing(/** @type {number[]} */ p, /** @type {any} */ base, /** @type {PointerEvent} */ e) {
    const hit = this.pick(p, base.touch ? 22 : GRAB_PX);
    if (!hit) {
      this.store.select(null);
      this.gesture = { ...base, kind: base.touch ? "scroll" : "none", slice: this.store.slices[this.view.index] };
      return;
    }
    this.store.select(hit.roi.id);
    if (hit.roi.locked) return this.store.say(`${hit.roi.label || "ROI"} is locked`);
    const { grip } = hit;
    if (grip?.kind === "vertex") {
      this.store.vertex = grip.at;
      if (e.altKey) return this.removeVertex(hit.roi, grip.at);
    }
    let roi = hit.roi;
    if (grip?.kind === "middle") {
      const points = [...roi.points];
      points.splice(grip.at + 1, 0, times(add(points[grip.at], points[(grip.at + 1) % points.length]), 0.5));
      roi = { ...roi, points };
      this.store.vertex = grip.at + 1;
    }
    const kind = !grip ? "move" : grip.kind === "middle" ? "vertex" : grip.kind;
    const [x, y] = grip?.own ?? (grip ? [grip.x, grip.y] : p);
    this.gesture = {
      ...base,
      kind,
      roi,
      off: [p[0] - x, p[1] - y],
      at: grip?.kind === "middle" ? grip.at + 1 : grip?.at,
      only: e.altKey || this.store.seriesOnly,
    };
    this.view.magnify = true;
  }

  move(/** @type {PointerEvent} */ e) {
    const p = this.at(e);
    if (this.touches.has(e.pointerId)) this.touches.set(e.pointerId, p);
    if (this.gesture?.kind === "pinch") return this.pinch();
    this.hover(p);
    const g = this.gesture;
    if (!g) return this.cursor(this.pick(p)?.grip?.kind ?? (this.pick(p) ? "move" : ""));
    if (g.kind === "polygon") return this.showCorners(p);
    if (e.pointerId !== g.pointer) return;
    const [dx, dy] = [p[0] - g.last[0], p[1] - g.last[1]];
    g.moved ||= Math.hypot(p[0] - g.from[0], p[1] - g.from[1]) > (g.touch ? 6 : 1);
    g.last = p;
    if (!g.moved) return;
    if (g.kind === "pan") this.view.panBy(dx, dy);
    else if (g.kind === "window") this.window(g, p);
    else if (g.kind === "scroll") this.store.goTo(this.view.index, g.slice + Math.round((p[1] - g.from[1]) / 18));
    else if (g.kind === "draw") this.view.draft = this.drawn(g, p, e.shiftKey);
    else if (g.kind === "freehand") this.trace(g, p);
    else if (g.kind !== "none")
      this.store.preview(this.store.changed(g.roi.id, () => (g.result = this.edited(g, p, e.shiftKey))));
  }

  /** Right drag: sideways width, up and down level, as fine as the window is wide. */
  window(/** @type {any} */ g, /** @type {number[]} */ p) {
    const [level, width] = g.window;
    const step = width / 250;
    this.store.setWindow(this.view.index, level + (p[1] - g.from[1]) * step, width + (p[0] - g.from[0]) * step * 1.5);
  }

  drawn(/** @type {any} */ g, /** @type {number[]} */ p, /** @type {boolean} */ even) {
    const plane = this.view.plane();
    const rc = this.view.toImage(p[0], p[1]);
    const [dy, dx] = [norm(plane.row_step), norm(plane.col_step)];
    let [dr, dc] = [(rc[0] - g.start[0]) * dy, (rc[1] - g.start[1]) * dx];
    if (even || g.tool === "circle") {
      const side = Math.max(Math.abs(dr), Math.abs(dc));
      [dr, dc] = [Math.sign(dr || 1) * side, Math.sign(dc || 1) * side];
    }
    const roi = boxBetween(plane, g.start, [g.start[0] + dr / dy, g.start[1] + dc / dx], g.draft);
    return this.store.fixedArea ? withArea(roi, this.store.fixedArea * 100) : roi;
  }

  trace(/** @type {any} */ g, /** @type {number[]} */ p) {
    const last = this.view.toScreen(g.corners[g.corners.length - 1]);
    if (Math.hypot(p[0] - last[0], p[1] - last[1]) >= 2) g.corners.push(this.view.toImage(p[0], p[1]));
    this.view.draft = this.outlined(g, g.corners, true);
  }

  outlined(/** @type {any} */ g, /** @type {any[]} */ corners, open = false) {
    const plane = this.view.plane();
    return { ...g.draft, open, points: corners.map(([r, c]) => toPatient(plane, r, c)) };
  }

  addCorner(/** @type {number[]} */ p, /** @type {MouseEvent} */ e) {
    e.preventDefault();
    const g = this.gesture;
    const first = this.view.toScreen(g.corners[0]);
    if (g.corners.length > 2 && Math.hypot(p[0] - first[0], p[1] - first[1]) < GRAB_PX) return this.closePolygon();
    const last = this.view.toScreen(g.corners[g.corners.length - 1]);
    if (Math.hypot(p[0] - last[0], p[1] - last[1]) > 3) g.corners.push(this.view.toImage(p[0], p[1]));
    this.showCorners(p);
  }

  showCorners(/** @type {number[]} */ p) {
    this.view.draft = this.outlined(this.gesture, [...this.gesture.corners, this.view.toImage(p[0], p[1])], true);
    this.view.redraw();
  }

  closePolygon() {
    const g = this.gesture;
    this.end();
    this.keepOutline(g, g.corners);
  }

  keepOutline(/** @type {any} */ g, /** @type {any[]} */ corners) {
    const { k } = this.view.transform();
    const plane = this.view.plane();
    const mm = corners.map(([r, c]) => [r * norm(plane.row_step), c * norm(plane.col_step)]);
    if (corners.length < 3) return this.store.say("An outline needs three corners");
    if (crossesItself(mm)) return this.store.say("The outline crosses itself: draw it again without a loop");
    const roi = this.outlined(g, corners);
    delete roi.open;
    if (area(roi) * k * k < 9) return this.store.say("The outline encloses no area");
    this.place(roi);
  }

  place(/** @type {any} */ roi) {
    const { id, label, ...shape } = roi;
    this.store.place(shape);
    this.store.setTool("select");
  }

  /** The ROI with its grip at a screen point. */
  edited(/** @type {any} */ g, /** @type {number[]} */ p, /** @type {boolean} */ even) {
    const { roi, kind } = g;
    const plane = this.view.plane();
    const [here, from] = [p, g.from].map(([x, y]) =>
      toPatient(plane, ...this.view.toImage(x - g.off[0], y - g.off[1])),
    );
    if (kind === "move") return this.store.shifted(roi, sub(here, from), this.view.index, g.only);
    const lying = onSeries(roi, this.view.view.key);
    const c = center(lying);
    if (kind === "vertex") {
      const points = [...roi.points];
      points[g.at] = add(points[g.at], sub(here, lying.points[g.at]));
      return { ...roi, points };
    }
    if (kind === "rotate") {
      const { through } = this.view.axes();
      const [a, b] = [sub(from, c), sub(here, c)];
      let angle = Math.atan2(dot(cross(a, b), through), dot(a, b));
      if (even) angle = (Math.round((angle * 180) / Math.PI / 15) * 15 * Math.PI) / 180;
      return rotated(roi, angle, through);
    }
    return resized(roi, lying, g.at, here, even, this.store.fixedArea);
  }

  up(/** @type {PointerEvent} */ e, cancelled = false) {
    this.touches.delete(e.pointerId);
    const g = this.gesture;
    if (!g || g.kind === "polygon") return;
    if (g.kind === "pinch") return void (this.touches.size || this.end());
    if (e.pointerId !== g.pointer) return;
    this.end(cancelled || !g.result);
    if (cancelled) return this.store.preview(this.store.kept);
    if (g.kind === "draw" && g.moved) this.keepBox(g);
    else if (g.kind === "draw" && this.store.fixedArea) this.keepFixed(g);
    else if (g.kind === "freehand") this.keepOutline(g, simplified(g.corners, 0.75 / this.view.transform().kx));
    else if (g.result) this.keepEdit(g);
    if (g.touch) this.hover(null);
  }

  keepBox(/** @type {any} */ g) {
    const { k } = this.view.transform();
    const roi = this.drawn(g, g.last, false);
    if (area(roi) * k * k >= 16) this.place(roi);
  }

  /** One click with a fixed area: a square or circle of that area about the point. */
  keepFixed(/** @type {any} */ g) {
    const plane = this.view.plane();
    const [r, c] = g.start;
    const [dr, dc] = [1 / norm(plane.row_step), 1 / norm(plane.col_step)];
    this.place(boxBetween(plane, [r - dr, c - dc], [r + dr, c + dc], g.draft));
  }

  keepEdit(/** @type {any} */ g) {
    let { result } = g;
    let shown = true;
    if (result.kind === "polygon") {
      const plane = this.view.plane();
      const flat = result.points.map((/** @type {any} */ p) => toRowCol(plane, p));
      if (crossesItself(flat)) {
        this.store.preview(this.store.kept);
        return this.store.say("The outline would cross itself: taken back");
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
    if (roi.points.length < 4) return this.store.say("A polygon keeps at least three corners");
    this.store.vertex = -1;
    this.store.commit(this.store.changed(roi.id, () => ({ ...roi, points: roi.points.filter((_, i) => i !== at) })));
  }

  double(/** @type {MouseEvent} */ e) {
    if (this.gesture?.kind === "polygon") return this.closePolygon();
    const hit = this.pick(this.at(e));
    if (hit?.grip?.kind === "vertex") return this.removeVertex(hit.roi, hit.grip.at);
    if (!hit && !(this.store.tool in SHAPES)) this.view.reset();
  }

  pinchStart() {
    if (this.gesture && this.gesture.kind !== "polygon") this.store.preview(this.store.kept);
    this.view.draft = null;
    this.gesture = { kind: "pinch", ...this.spread() };
  }

  spread() {
    const [[ax, ay], [bx, by]] = [...this.touches.values()];
    return { length: Math.hypot(bx - ax, by - ay) || 1, middle: [(ax + bx) / 2, (ay + by) / 2] };
  }

  pinch() {
    if (this.touches.size < 2) return;
    const now = this.spread();
    const g = this.gesture;
    this.view.panBy(now.middle[0] - g.middle[0], now.middle[1] - g.middle[1]);
    this.view.zoomAt(now.middle[0], now.middle[1], now.length / g.length);
    Object.assign(g, now);
  }

  end(redraw = true) {
    this.gesture = null;
    this.view.draft = null;
    this.view.magnify = false;
    delete this.view.stage.dataset.gesture;
    setTimeout(() => this.store.hand(this.gesture !== null)); // after a change, which itself says that the hand has let go
    if (redraw) this.view.redraw();
  }

  /** Escape: give up what is being done. Returns whether there was anything. */
  cancel() {
    const g = this.gesture;
    if (!g) return false;
    this.end();
    this.store.preview(this.store.kept);
    return true;
  }
}

/**
 * A box with the handle `at` at a point, the opposite side staying; with a fixed area the other axis gives way.
 * @param {Roi} roi the ROI as kept @param {Roi} lying as it lies on the series @param {number[]} at -1, 0, 1 on each axis
 */
export function resized(roi, lying, at, here, even = false, fixedArea = null) {
  const { center: c, half_width: u, half_height: v } = lying;
  const smallest = 0.05;
  const axes = [u, v].map((axis) => ({ half: norm(axis), direction: unit(axis) }));
  const sizes = axes.map(({ half, direction }, i) => {
    if (!at[i]) return { half, shift: 0 };
    const reach = at[i] * dot(sub(here, c), direction);
    const grown = Math.max(smallest, (reach + half) / 2);
    return { half: grown, shift: at[i] * (grown - half) };
  });
  const circle = lying.kind === "ellipse" && Math.abs(axes[0].half - axes[1].half) < 1e-9 * axes[0].half;
  if (even || (circle && at[0] && at[1])) {
    const factor = Math.max(...[0, 1].filter((i) => at[i]).map((i) => sizes[i].half / axes[i].half));
    axes.forEach(({ half }, i) => (sizes[i] = { half: half * factor, shift: at[i] * half * (factor - 1) }));
  }
  if (fixedArea) {
    const i = at[0] ? 0 : 1;
    const product = (axes[0].half * axes[1].half * fixedArea * 100) / area(lying);
    sizes[1 - i] = { half: product / sizes[i].half, shift: 0 };
  }
  let shift = [0, 0, 0];
  axes.forEach(({ direction }, i) => (shift = add(shift, times(direction, sizes[i].shift))));
  return {
    ...roi,
    center: add(roi.center, shift),
    half_width: times(axes[0].direction, sizes[0].half),
    half_height: times(axes[1].direction, sizes[1].half),
  };
}
