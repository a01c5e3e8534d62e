/** One view: the image on a canvas, the ROIs in SVG on top, and what a radiologist reads in the corners. */

import { _ } from "../../page/static/words.js";
import { look } from "./colours.js";
import { context2d, html, set, setText, svg } from "./dom.js";
import { add, center, onSeries, outline, times, toPatient, toRowCol } from "./geometry.js";
import { fixed, short } from "./numbers.js";
import { waits } from "./origin.js";
import { Painter } from "./pixels.js";
import { offPlane } from "./statistics.js";

/**
 * @import { Draft, Grip } from "./gestures.js"
 * @import { Store } from "./store.js"
 * @import { Plane, Point, Roi, RowCol, Side, Vec } from "./wire.js"
 * @typedef {ReturnType<View["transform"]>} Transform
 * @typedef {object} Nodes what stands for one ROI on the page
 * @property {SVGGElement} group
 * @property {SVGPathElement} line
 * @property {SVGTextElement} text
 * @property {SVGGElement} [grips] once it has been selected
 * @property {SVGTextElement} [where]
 */

/** @type {[number, number][]} */
const HANDLES = [
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
];
/** @type {Side[]} */
const SIDES = ["left", "right", "top", "bottom"];
const ROTATE_PX = 22;
// handles keep this distance from the middle, so that a small ROI can still be taken hold of and moved
const CLEAR_PX = 14;

export class View {
  /** @param {Store} store @param {number} index */
  constructor(store, index) {
    this.store = store;
    this.index = index;
    this.view = store.views[index];
    this.zoom = 1;
    this.frame = 0;
    this.described = -1; // the slice that the words are about
    /** @type {Point} */
    this.pan = [0, 0];
    /** @type {Point} */
    this.size = [0, 0];
    /** @type {Point|null} */
    this.pointer = null;
    /** @type {Draft|null} */
    this.draft = null;
    this.magnify = false;
    this.painted = /** @type {unknown[]} */ ([]); // what the picture was made of
    this.nodes = /** @type {Map<string, Nodes>} */ (new Map());
    const { letters, planes, cols, rows } = this.view;
    const text = (/** @type {string} */ place, content = "") =>
      html("div", { class: `vbq-text vbq-${place}` }, content);
    this.canvas = html("canvas", { "aria-hidden": "true" });
    this.halo = svg("path", { class: "vbq-halo" });
    this.overlay = svg("svg", { class: "vbq-overlay", "aria-hidden": "true" }, this.halo);
    this.lens = html("canvas", { class: "vbq-lens", width: 144, height: 144, hidden: true, "aria-hidden": "true" });
    this.corner = { tl: text("tl"), tr: text("tr"), br: text("br") };
    this.bar = html("div", { class: "vbq-bar" });
    this.stage = html(
      "div",
      {
        class: "vbq-stage",
        tabindex: "0",
        role: "application",
        "aria-roledescription": _`image viewer`,
      },
      this.canvas,
      this.overlay,
      html("div", { class: "vbq-words" }, ...Object.values(this.corner), this.bar),
      this.lens,
      ...SIDES.map((side) => text(`letter vbq-${side}`, letters[side])),
    );
    this.waiting = html("div", { class: "vbq-waiting" }, _`Loading slice`);
    this.stage.append(this.waiting);
    this.slider = html("input", {
      type: "range",
      min: 0,
      max: planes - 1,
      step: 1,
      class: "vbq-slider",
      oninput: () => this.store.goTo(this.index, +this.slider.value),
      disabled: planes < 2,
    });
    this.title = html("div", { class: "vbq-title" });
    this.element = html("div", { class: "vbq-view" }, this.title, this.stage, this.slider);
    this.whole = html("canvas", { width: cols, height: rows });
    this.source = this.whole; // the canvas that holds the image's own pixels
    this.image = new ImageData(cols, rows);
    this.painter = new Painter();
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.stage);
    store.on("rois selection tool slice window display pixels", () => this.redraw());
    store.on("look", () => this.follow());
    store.on("active", () => this.markActive());
    store.on("views", () => this.drawNames());
    this.drawNames();
    this.markActive();
  }

  /** What the series is, and whose. */
  drawNames() {
    const { title, planes, corner } = this.view;
    setText(this.title, title);
    setText(this.corner.tl, [...(this.store.identity.get(this.index) ?? []), ...corner].join("\n"));
    set(this.stage, { "aria-label": _`${title}, ${planes} slices. Press question mark for the keys.` });
    set(this.slider, { "aria-label": _`Slice of ${title}` });
  }

  dispose() {
    this.resizer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  markActive() {
    this.element.classList.toggle("vbq-active", this.store.active === this.index && this.store.views.length > 1);
  }

  resize() {
    const { clientWidth: w, clientHeight: h } = this.stage;
    if (!w || !h) return;
    this.size = [w, h];
    this.stage.classList.toggle("vbq-small", w <= 400);
    set(this.overlay, { viewBox: `0 0 ${w} ${h}` });
    if (this.index === (this.store.look?.from ?? 0)) this.looked();
    else this.follow();
    this.draw();
  }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Millimetres per row and column, screen pixels per millimetre, and where pixel corner (0, 0) is on the screen. */
  transform() {
    const { rows, cols, row_step, col_step } = this.view;
    const [dy, dx] = [Math.hypot(...row_step), Math.hypot(...col_step)];
    const k = Math.min(this.size[0] / (cols * dx), this.size[1] / (rows * dy)) * this.zoom;
    const [kx, ky] = [k * dx, k * dy];
    return {
      k,
      kx,
      ky,
      ox: this.size[0] / 2 + this.pan[0] - (cols * kx) / 2,
      oy: this.size[1] / 2 + this.pan[1] - (rows * ky) / 2,
    };
  }

  /** @param {RowCol} rc @returns {Point} */
  toScreen([r, c], t = this.transform()) {
    return [t.ox + (c + 0.5) * t.kx, t.oy + (r + 0.5) * t.ky];
  }

  /** @param {number} x @param {number} y @returns {RowCol} */
  toImage(x, y, t = this.transform()) {
    return [(y - t.oy) / t.ky - 0.5, (x - t.ox) / t.kx - 0.5];
  }

  plane() {
    return this.store.plane(this.index);
  }

  pixels() {
    return this.store.cache.get(this.index, this.store.slices[this.index]);
  }

  /** Zoom by a factor, the point (x, y) staying where it is. */
  zoomAt(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ factor) {
    const before = this.toImage(x, y);
    this.zoom = Math.min(40, Math.max(0.3, this.zoom * factor));
    const [nx, ny] = this.toScreen(before);
    this.panBy(x - nx, y - ny);
  }

  panBy(/** @type {number} */ dx, /** @type {number} */ dy) {
    this.pan = [this.pan[0] + dx, this.pan[1] + dy];
    this.looked();
  }

  /** This view was zoomed or moved: linked ones follow. */
  looked() {
    const at = toPatient(this.plane(), ...this.toImage(this.size[0] / 2, this.size[1] / 2));
    this.store.look = { from: this.index, k: this.transform().k, at };
    this.store.emit("look");
    this.redraw();
  }

  /** Show the same place at the same scale as the view that was zoomed or moved last, if it is linked with this one. */
  follow() {
    const { store, index, size } = this;
    const { from, k, at } = store.look ?? { from: index, k: 0, at: this.view.origin };
    if (from === index || !store.zoomLinked || !size[0] || !store.together(index, from)) return;
    this.zoom *= k / this.transform().k;
    const [x, y] = this.toScreen(toRowCol(this.plane(), at));
    this.pan = [this.pan[0] + size[0] / 2 - x, this.pan[1] + size[1] / 2 - y];
    this.redraw();
  }

  /** Whole image, first window. */
  reset() {
    [this.zoom, this.pan] = [1, [0, 0]];
    const [level, width] = this.view.window;
    this.store.setWindow(this.index, level, width);
    this.looked();
  }

  draw() {
    set(this.waiting, { hidden: !!this.pixels() }); // also where nothing is drawn yet: below the screen it has no size
    if (!this.size[0]) return;
    this.drawImage();
    this.drawRois();
    this.store.later?.draw(this);
    this.drawTexts();
    this.store.later?.drawLens(this);
  }

  /**
   * Enlarged by the page from the image's own pixels, which costs the least; made smaller here, which looks better.
   */
  drawImage() {
    const { canvas, view, store, size } = this;
    const pixels = this.pixels();
    const t = this.transform();
    const [level, width] = store.windows[this.index];
    const wanted = [pixels, level, width, store.smooth, store.inverted, devicePixelRatio, ...size, ...Object.values(t)];
    if (wanted.every((x, i) => x === this.painted[i])) return;
    this.painted = wanted;
    if (!pixels) return set(canvas, { style: "visibility:hidden" });
    const enlarged = Math.min(t.kx, t.ky) * devicePixelRatio >= 1;
    const [w, h] = enlarged ? [view.cols, view.rows] : size.map((length) => Math.round(length * devicePixelRatio));
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    this.source = enlarged ? canvas : this.whole;
    this.painter.paint(pixels, level, store.inverted ? -width : width, new Uint32Array(this.image.data.buffer));
    context2d(this.source).putImageData(this.image, 0, 0);
    const [kx, ky, ox, oy] = enlarged ? [t.kx, t.ky, t.ox, t.oy] : [size[0] / w, size[1] / h, 0, 0];
    set(canvas, {
      style: `transform:matrix(${kx},0,0,${ky},${ox},${oy});image-rendering:${store.smooth ? "auto" : "pixelated"}`,
    });
    if (enlarged) return;
    const context = context2d(canvas);
    context.setTransform(1 / kx, 0, 0, 1 / ky, 0, 0);
    context.clearRect(0, 0, size[0], size[1]);
    context.imageSmoothingEnabled = store.smooth;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.whole, t.ox, t.oy, view.cols * t.kx, view.rows * t.ky);
  }

  /** Screen outline of a ROI as it lies on this series. @param {Roi} roi */
  path(roi, t = this.transform(), plane = this.plane()) {
    return outline(onSeries(roi, this.view.key), 96).map((p) => this.toScreen(toRowCol(plane, p), t));
  }

  /** Whether a ROI lies on the slice shown. @param {Roi} roi */
  onSlice(roi) {
    return (
      this.store.belongs(roi, this.index) &&
      this.store.sliceOf(roi, this.index) === this.store.slices[this.index] &&
      !offPlane(onSeries(roi, this.view.key), this.plane())
    );
  }

  /** @returns {Draft[]} */
  visible() {
    const all = this.draft ? [...this.store.rois, this.draft] : this.store.rois;
    return this.store.hideAll ? [] : all.filter((roi) => !roi.hidden && this.store.belongs(roi, this.index));
  }

  drawRois() {
    const t = this.transform();
    const plane = this.plane();
    const kept = new Set();
    let d = ""; // the halo of all ROIs in one: the fewer elements, the quicker another slice is shown
    for (const roi of this.visible()) {
      kept.add(roi.id);
      const here = roi === this.draft || this.onSlice(roi);
      if (here || roi.id === this.store.selected) d += this.drawRoi(roi, here, t, plane);
      else set(this.nodes.get(roi.id)?.group, { visibility: "hidden" }); // to take it out and in again costs a layout
    }
    for (const [id, node] of this.nodes)
      if (!kept.has(id)) {
        node.group.remove();
        this.nodes.delete(id);
      }
    set(this.halo, { d });
  }

  /** The elements of a ROI, made when it is first drawn. @param {string} id @returns {Nodes} */
  nodesOf(id) {
    const known = this.nodes.get(id);
    if (known) return known;
    const [line, text] = [svg("path", { class: "vbq-line" }), svg("text", { class: "vbq-tag" })];
    const made = { line, text, group: svg("g", { "data-roi": id }, line, text) };
    this.overlay.append(made.group);
    this.nodes.set(id, made);
    return made;
  }

  /**
   * Draws it, and returns its outline if it lies here. Nodes are changed in place: rebuilding them under the pointer
   * would lose double clicks.
   * @param {Draft} roi @param {boolean} here @param {Transform} t @param {Plane} plane
   */
  drawRoi(roi, here, t, plane) {
    const node = this.nodesOf(roi.id);
    const points = this.path(roi, t, plane);
    const open = roi === this.draft && roi.open;
    const d =
      points.map((p, i) => `${i ? "L" : "M"}${p[0].toFixed(2)} ${p[1].toFixed(2)}`).join("") + (open ? "" : "Z");
    const [colour, dash] = look(roi);
    const selected = roi.id === this.store.selected;
    if (selected && !node.grips) {
      node.grips = svg("g");
      node.where = svg("text", { class: "vbq-tag" });
      node.group.append(node.grips, node.where);
    }
    set(node.group, {
      class: `vbq-roi${selected ? " vbq-selected" : ""}${here ? "" : " vbq-elsewhere"}${waits(roi) ? " vbq-proposed" : ""}`,
      "data-label": roi.label,
      visibility: null,
    });
    set(node.line, { d, stroke: colour, "stroke-dasharray": dash || null });
    const grips = selected && here && !roi.locked && !open ? this.grips(roi, t, plane) : [];
    const right = Math.max(...points.map(([x]) => x), ...grips.map(({ kind, x }) => (kind === "rotate" ? 0 : x + 3)));
    const top = Math.min(...points.map(([, y]) => y));
    const sign = waits(roi) ? (roi.proposal?.doubt ? " ⚠" : " ?") : "";
    const name = (roi.label || "?") + sign + (roi.locked ? " 🔒" : "");
    const say = (/** @type {Element|undefined} */ text, /** @type {string} */ words, /** @type {boolean} */ on) => {
      // both stay: to lay text out is dear
      set(
        text,
        on
          ? { visibility: null, x: (right + 6).toFixed(1), y: (top + 4).toFixed(1), fill: colour }
          : { visibility: "hidden" },
      );
      if (on && text) setText(text, words);
    };
    say(node.text, name, here);
    say(node.where, _`${name} (slice ${this.store.sliceOf(roi, this.index) + 1})`, !here);
    set(node.grips, { visibility: grips.length ? null : "hidden" });
    if (grips.length && node.grips) this.drawGrips(node.grips, grips);
    return here ? d : "";
  }

  drawGrips(/** @type {SVGGElement} */ group, /** @type {Grip[]} */ grips) {
    while (group.childElementCount > grips.length) group.lastElementChild?.remove();
    grips.forEach((grip, i) => {
      const node = group.children[i] ?? group.appendChild(svg("circle"));
      const active = grip.kind === "vertex" && grip.at === this.store.vertex;
      set(node, {
        class: `vbq-grip vbq-${grip.kind}${active ? " vbq-current" : ""}`,
        cx: grip.x.toFixed(2),
        cy: grip.y.toFixed(2),
        r: grip.kind === "middle" ? 3 : 4.5,
      });
    });
  }

  /** Where the selected ROI can be taken hold of, on the screen. @param {Roi} roi @returns {Grip[]} */
  grips(roi, t = this.transform(), plane = this.plane()) {
    const lying = onSeries(roi, this.view.key);
    const screen = (/** @type {Vec} */ p) => this.toScreen(toRowCol(plane, p), t);
    const distance = (/** @type {number[]} */ a, /** @type {number[]} */ b) =>
      Math.hypot(a[0] - b[0], a[1] - b[1]) || 1e-9;
    /** @type {Grip[]} */
    const grips = [];
    if (lying.kind === "polygon") {
      const points = lying.points.map(screen);
      points.forEach(([x, y], at) => void grips.push({ kind: "vertex", x, y, at }));
      points.forEach(([x, y], at) => {
        const [nx, ny] = points[(at + 1) % points.length];
        if (Math.hypot(nx - x, ny - y) > 28) grips.push({ kind: "middle", x: (x + nx) / 2, y: (y + ny) / 2, at });
      });
      const [cx] = screen(center(lying));
      grips.push({ kind: "rotate", x: cx, y: Math.min(...points.map((p) => p[1])) - ROTATE_PX });
      return grips;
    }
    const { center: c, half_width: u, half_height: v } = lying;
    const middle = screen(c);
    const out = [u, v].map((axis) => Math.max(1, CLEAR_PX / distance(screen(add(c, axis)), middle)));
    const at = (/** @type {number} */ s, /** @type {number} */ t) => screen(add(c, add(times(u, s), times(v, t))));
    const corners = out.some((factor) => factor > 1.5); // eight handles would hide what lies around a small ROI
    for (const [s, t] of HANDLES) {
      if (corners && !(s && t)) continue;
      const [x, y] = at(s * out[0], t * out[1]);
      grips.push({ kind: "handle", x, y, at: [s, t], own: at(s, t) });
    }
    const top = [at(0, -out[1]), at(0, out[1])].sort((a, b) => a[1] - b[1])[0];
    const turn = ROTATE_PX / distance(top, middle);
    grips.push({
      kind: "rotate",
      x: top[0] + (top[0] - middle[0]) * turn,
      y: top[1] + (top[1] - middle[1]) * turn,
    });
    return grips;
  }

  drawTexts() {
    const { store, view, index } = this;
    const s = store.slices[index];
    const [level, width] = store.windows[index];
    setText(
      this.corner.tr,
      `${_`slice ${s + 1} / ${view.planes}\nzoom ${Math.round(this.zoom * 100)} %`}\nL ${short(level)} W ${short(width)}${
        store.inverted ? _`\ninverted` : ""
      }${store.later?.words(this) ?? ""}`,
    );
    if (s === this.described) setText(this.corner.br, this.underPointer());
    else
      requestAnimationFrame(() => {
        // the picture first
        this.described = store.slices[index];
        this.slider.value = String(this.described);
        set(this.slider, { "aria-valuetext": _`slice ${this.described + 1} of ${view.planes}` });
        this.redraw();
      });
    const { k } = this.transform();
    const mm = [1, 2, 5, 10, 20, 50, 100].filter((x) => x * k <= this.size[0] / 3).pop() ?? 1;
    this.bar.style.width = `${mm * k}px`;
    setText(this.bar, `${mm} mm`);
  }

  /** Signal, pixel and position under the pointer. */
  underPointer() {
    return this.pointer ? this.told(this.toImage(...this.pointer)) : "";
  }

  /** @param {RowCol} place */
  told([r, c]) {
    const [row, col] = [Math.round(r), Math.round(c)];
    const { rows, cols } = this.view;
    if (row < 0 || col < 0 || row >= rows || col >= cols) return "outside the image";
    const value = this.pixels()?.[row * cols + col];
    const place = toPatient(this.plane(), r, c).map(
      (v, i) => `${"RLAPFH"[2 * i + +(v > -0.05)]} ${fixed(Math.abs(v), 1)}`,
    );
    const signal = this.store.options.blind ? "" : _`signal ${short(value)} ${this.view.unit}\n`;
    return `${signal}${_`row ${row}, col ${col}`}\n${place.join("  ")} mm`;
  }
}
