/**
 * What no first picture needs: annotations, reference lines, cine, the help sheet, the list of proposals, other names
 * for levels, copies of ROIs. A script of its own, which Python sends over the widget's channel once the first picture
 * is there, or as soon as the page wants any of it (studio.js).
 */
import { _ } from "../../page/static/words.js";
import { COUNTED, cut, lengthMm, levelAt, marrowWindow, POINTS, SAME_BODY_MM, words } from "./annotations.js";
import { bringHere, duplicate } from "./copies.js";
import { html, set, svg } from "./dom.js";
import { center, dot, nearestSlice, planeNormal, sub, toPatient, toRowCol } from "./geometry.js";
import { helpSheet } from "./help.js";
import { drawLens } from "./lens.js";
import { askName, recount } from "./level_names.js";
import { short } from "./numbers.js";
import { Proposals } from "./proposal_list.js";

/**
 * @import { KEYS } from "./keyboard.js"
 * @import { Studio } from "./studio.js"
 * @import { View } from "./view.js"
 * @import { Annotation, Point, Vec } from "./wire.js"
 * @typedef {Annotation["kind"]} Kind
 */

/** What an annotation tool asks for next. @type {Record<Kind, string[]>} */
const ASKS = {
  probe: [_`Click a place: its signal stays on the picture, and other series go there`],
  ruler: [_`Ruler: click or drag from one end`, _`to the other`],
  angle: [_`Angle: click one side`, _`the corner`, _`the other side`],
  cobb: [
    _`Cobb angle: click one end of the first line`,
    _`its other end`,
    _`one end of the second line`,
    _`its other end`,
  ],
  count: [_`Count: click the middle of S1, then each body upward`],
};
const FPS = 5;

/** @param {string} kind @returns {kind is Kind} */
const isKind = (kind) => kind in POINTS;

export class Later {
  /** @param {Studio} studio */
  constructor(studio) {
    this.studio = studio;
    this.store = studio.store;
    this.layers = /** @type {WeakMap<View, SVGGElement>} */ (new WeakMap());
    this.drawn = /** @type {WeakMap<View, unknown[]>} */ (new WeakMap());
    /** The annotation being made, the slice and the view it lies on. @type {{kind: Kind, points: Vec[], view: number, slice: number}|null} */
    this.draft = null;
    this.pressed = /** @type {Point|null} */ (null);
    this.tool = ""; // what the words were about
    /** The point that is dragged. @type {{id: string, i: number, moved: boolean}|null} */
    this.held = null;
    this.timer = 0; // cine
    this.speed = /** @type {HTMLInputElement|null} */ (null);
    this.stopping = (/** @type {Event} */ e) => this.control(e) || this.stop();
    studio.panel.element.prepend(new Proposals(this.store).element);
    this.store.on("tool", () => this.chosen());
    this.chosen();
  }

  /** The tool, if it is one of these. @returns {Kind|null} */
  kind() {
    const { tool } = this.store;
    return isKind(tool) ? tool : null;
  }

  chosen() {
    const kind = this.kind();
    if (this.tool === this.store.tool) return;
    this.tool = this.store.tool;
    this.draft = null;
    if (kind) this.store.say(ASKS[kind][0]);
  }

  // -- making ---------------------------------------------------------------------------------------------------------

  /** The pointer is pressed: a point is set when it is let go, as a second finger may make it a pinch. @param {Point} p */
  down(p) {
    this.pressed = p;
  }

  /** @param {View} view @param {Point} p */
  drag(view, p) {
    const { held, pressed, store } = this;
    const kind = this.kind();
    if (held) {
      held.moved = true;
      const at = this.place(view, p);
      store.annotations = store.annotations.map((one) =>
        one.id === held.id ? { ...one, points: one.points.map((old, i) => (i === held.i ? at : old)) } : one,
      );
      return view.redraw();
    }
    if (!kind || !pressed || (this.draft?.points.length ?? 0) + 1 >= POINTS[kind]) return;
    this.add(kind, view, pressed); // a drag sets two points
    this.pressed = null;
  }

  /** @param {View} view @param {Point} p @param {boolean} moved */
  up(view, p, moved) {
    const [kind, kept, at] = [this.kind(), this.held?.moved, moved ? p : this.pressed];
    this.held = this.pressed = null;
    if (kept) this.store.annotate(this.store.annotations);
    else if (kind && at) this.add(kind, view, at);
  }

  /** @param {View} view @param {Point} p */
  place(view, p) {
    return toPatient(view.plane(), ...view.toImage(p[0], p[1]));
  }

  /** One point more. @param {Kind} kind @param {View} view @param {Point} p */
  add(kind, view, p) {
    const { store } = this;
    if (kind === "count") return this.count(view, p);
    const slice = store.slices[view.index];
    if (this.draft?.view !== view.index || this.draft.slice !== slice)
      this.draft = { kind, points: [], view: view.index, slice };
    const { points } = this.draft;
    points.push(this.place(view, p));
    if (points.length < POINTS[kind]) return store.say(`${ASKS[kind][points.length]} ${_`(Escape: give up)`}`);
    this.draft = null;
    this.keep(kind, view, points);
    if (kind === "probe") this.goTo(view, points[0]);
    const last = store.annotations[store.annotations.length - 1];
    store.say(kind === "probe" ? this.probed(view, points[0]) : words(last));
  }

  /** @param {Kind} kind @param {View} view @param {Vec[]} points */
  keep(kind, view, points) {
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.store.annotate([...this.store.annotations, { id, kind, frame: view.view.frame, points }]);
  }

  /** The other views of the frame to the slice through a place. @param {View} view @param {Vec} at */
  goTo(view, at) {
    const { store } = this;
    store.views.forEach((other, i) => {
      if (i !== view.index && other.frame === view.view.frame && !store.together(i, view.index))
        store.goTo(i, nearestSlice(other, at).index);
    });
  }

  /** One body more, from S1 upward. @param {View} view @param {Point} p */
  count(view, p) {
    const { store } = this;
    const at = this.place(view, p);
    const old = store.annotations.find(({ kind, frame }) => kind === "count" && frame === view.view.frame);
    if (!old) {
      this.keep("count", view, [at]);
      return store.say(_`S1. Now the body above: L5`);
    }
    const { points } = old;
    const name = COUNTED[points.length];
    if (!name) return store.say(_`Counted up to T1`);
    if (at[2] <= points[points.length - 1][2])
      return store.say(
        _`${name} lies above ${COUNTED[points.length - 1]}: click further up, or Delete takes the last back`,
      );
    store.annotate(store.annotations.map((one) => (one === old ? { ...one, points: [...points, at] } : one)));
    store.say(
      _`${name}, ${points.length} above S1, ${lengthMm(at, points[points.length - 1]).toFixed(0)} mm from the last`,
    );
  }

  /** Take hold of a point that is there. @param {View} view @param {Point} p @param {number} reach */
  grab(view, p, reach) {
    const here = this.here(view).flatMap(({ one, at }) =>
      at.map(([x, y], i) => ({ id: one.id, i, d: Math.hypot(x - p[0], y - p[1]) })),
    );
    const [nearest] = here.filter(({ d }) => d <= reach).sort((a, b) => a.d - b.d);
    this.held = nearest ? { ...nearest, moved: false } : null;
    return !!nearest;
  }

  /** A key while one of these tools is chosen; whether it was for it. @param {KeyboardEvent} event @param {View} view */
  key(event, view) {
    const kind = this.kind();
    const { store } = this;
    const back = /^(Delete|Backspace)$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (back && !store.roi() && (kind || store.annotations.length)) {
      this.takeBack();
      return true;
    }
    if (!kind || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Escape" && this.draft) {
      this.draft = null;
      store.say(ASKS[kind][0]);
      view.redraw();
      return true;
    }
    const t = view.transform();
    const [x, y] = view.pointer ?? [view.size[0] / 2, view.size[1] / 2];
    if (event.key === "Enter") this.add(kind, view, [x, y]);
    else if (event.key.startsWith("Arrow")) {
      const step = event.shiftKey ? 0.1 : 1;
      const [dx, dy] = /** @type {Record<string, Point>} */ ({
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, -1],
        ArrowDown: [0, 1],
      })[event.key];
      view.pointer = [x + dx * t.kx * step, y + dy * t.ky * step];
    } else return false;
    view.pointer ??= [x, y];
    view.redraw();
    return true;
  }

  /** The last point of what is being made or of a count, else the last annotation. */
  takeBack() {
    const { draft, store } = this;
    const { annotations } = store;
    if (draft) {
      draft.points.pop();
      if (!draft.points.length) this.draft = null;
      return store.emit("display");
    }
    const last = annotations[annotations.length - 1];
    if (!last) return store.say(_`No annotations`);
    const rest = annotations.slice(0, -1);
    if (last.kind === "count" && last.points.length > 1) rest.push({ ...last, points: last.points.slice(0, -1) });
    store.annotate(rest);
    store.say(last.kind === "count" ? _`Last body taken back` : _`Annotation deleted`);
  }

  cancel() {
    if (this.held) Object.assign(this.store, { annotations: this.store.history.now.annotations });
    this.held = this.pressed = null;
  }

  // -- drawing --------------------------------------------------------------------------------------------------------

  /** The annotations that lie on the slice shown, with their points on the screen. @param {View} view */
  here(view) {
    const { store } = this;
    if (store.hideAll || !store.annotations.length) return [];
    const plane = view.plane();
    const [n, t] = [planeNormal(plane), view.transform()];
    const near = (/** @type {Vec} */ p) => Math.abs(dot(sub(p, plane.origin), n)) <= plane.reach_mm + 1e-3;
    return store.annotations
      .filter(
        ({ kind, frame, points }) =>
          frame === view.view.frame && (kind === "count" ? points.some(near) : points.every(near)),
      )
      .map((one) => ({
        one,
        at: one.points.map((p) => view.toScreen(toRowCol(plane, p), t)),
        on: one.points.map(near),
      }));
  }

  /** @param {View} view */
  draw(view) {
    const known = this.layers.get(view);
    const nodes = [...this.lines(view), ...this.notes(view)];
    if (!nodes.length && !known?.childElementCount) return;
    const layer = known ?? view.overlay.appendChild(svg("g", { class: "vbq-annotations" }));
    this.layers.set(view, layer);
    layer.replaceChildren(...nodes);
  }

  /** @param {Point[]} points @param {string} [kind] */
  path(points, kind = "vbq-ink") {
    const d = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join("");
    return [svg("path", { d, class: "vbq-halo" }), svg("path", { d, class: kind })];
  }

  /** @param {string} text @param {Point} at @param {Record<string, unknown>} [more] */
  label(text, [x, y], more = {}) {
    return svg("text", { class: "vbq-tag", x: x.toFixed(1), y: y.toFixed(1), ...more }, text);
  }

  /** Where slices of other views cut this one. @param {View} view */
  lines(view) {
    const { store } = this;
    if (!store.lines || store.views.length < 2) return [];
    const plane = view.plane();
    return store.views.flatMap(({ frame, title }, i) => {
      if (i === view.index || frame !== view.view.frame || store.together(i, view.index)) return [];
      const ends = cut(plane, store.plane(i))?.map((end) => view.toScreen(end));
      if (!ends) return [];
      const [left] = [...ends].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const at = /** @type {Point} */ ([
        Math.min(Math.max(left[0], 0) + 6, view.size[0] - 90),
        Math.min(Math.max(left[1], 14) - 6, view.size[1] - 70) + (left[1] < 40 ? 60 : 0),
      ]);
      return [
        ...this.path(ends, "vbq-reference"),
        this.label(_`${title}, slice ${store.slices[i] + 1}`, at, { "data-of": i }),
      ];
    });
  }

  /** @param {View} view */
  notes(view) {
    const { draft } = this;
    const nodes = this.here(view).flatMap(({ one, at, on }) => this.note(view, one.kind, one.points, at, on));
    const kind = this.kind();
    if (draft?.view === view.index && draft.slice === this.store.slices[view.index]) {
      const free = view.pointer ? [this.place(view, view.pointer)] : [];
      const points = [...draft.points, ...free];
      const at = points.map((p) => view.toScreen(toRowCol(view.plane(), p)));
      nodes.push(...this.note(view, draft.kind, points, at));
    } else if (kind && view.pointer) nodes.push(...this.dot(view.pointer));
    return nodes;
  }

  /** @param {Point} at */
  dot([x, y]) {
    return this.path([
      [x - 4, y],
      [x + 4, y],
    ]).concat(
      this.path([
        [x, y - 4],
        [x, y + 4],
      ]),
    );
  }

  /**
   * @param {View} view @param {Kind} kind @param {Vec[]} points @param {Point[]} at on the screen
   * @param {boolean[]} [on] which of them lie here
   */
  note(view, kind, points, at, on = points.map(() => true)) {
    if (kind === "count") return points.flatMap((p, i) => (on[i] ? this.counted(p, i, at[i]) : []));
    const parts = kind === "cobb" ? [at.slice(0, 2), at.slice(2)] : [at];
    const text = kind === "probe" ? this.probed(view, points[0], "\n") : words({ kind, points });
    const far = at.reduce((a, b) => (b[0] > a[0] ? b : a));
    return [
      ...parts.filter((part) => part.length > 1).flatMap((part) => this.path(part)),
      ...at.flatMap((p) => this.dot(p)),
      ...text.split("\n").map((line, i) => this.label(line, [far[0] + 8, far[1] + 4 + 14 * i])),
    ];
  }

  /** A counted body, and whether a ROI there has another name. @param {Vec} p @param {number} i @param {Point} at */
  counted(p, i, at) {
    const name = COUNTED[i];
    const other = this.named().find(({ label, at: c }) => lengthMm(c, p) <= SAME_BODY_MM && label !== name);
    const text = `${name}${i ? ` · ${i}` : ""}${other ? _` ⚠ the ROI here is called ${other.label}` : ""}`;
    const more = { "data-count": name, class: `vbq-tag${other ? " vbq-doubted" : ""}` };
    return [...this.dot(at), this.label(text, [at[0] - 8, at[1] + 4], { ...more, "text-anchor": "end" })];
  }

  /** The ROIs of the levels, counted or waiting. */
  named() {
    return this.store.rois
      .filter(({ label }) => COUNTED.includes(label))
      .map((roi) => ({ label: roi.label, at: center(roi) }));
  }

  /** Signal and place. @param {View} view @param {Vec} p @param {string} [between] */
  probed(view, p, between = ", ") {
    return view.told(toRowCol(view.plane(), p)).replaceAll("\n", between);
  }

  /** The level that an axial slice lies at, by the count or else by the ROIs. @param {View} view */
  words(view) {
    const plane = view.plane();
    if (Math.abs(planeNormal(plane)[2]) < 0.7) return "";
    const { frame } = view.view;
    const count = this.store.annotations.find((one) => one.kind === "count" && one.frame === frame);
    const bodies = count ? count.points.map((at, i) => ({ label: COUNTED[i], at })) : this.named();
    const level = levelAt(plane, bodies);
    return level && (count ? _`\nlevel ${level}, by the count` : _`\nlevel ${level}, by the ROIs`);
  }

  /** The marrow window of the active view, by the ROIs on its levels, also those that wait. @param {[string, number, number, true?]} preset @param {boolean} next whether it was only the next one */
  marrow(preset, next) {
    const { store } = this;
    const rows = store.rois.map((roi) => COUNTED.includes(roi.label) && store.measured(roi, store.active));
    const window = marrowWindow(rows.flatMap((row) => (row && row.error === undefined ? [row.median] : [])));
    if (!window) {
      if (next) this.studio.preset(0);
      return store.say(_`Place a ROI on a level, or press Q: the marrow window is made from it`);
    }
    preset.splice(1, 2, ...window);
    store.setWindow(store.active, ...window);
    store.say(
      _`Window: Marrow, level ${short(window[0])} (the median of the levels), ${short(window[1] / window[0])} times as wide`,
    );
  }

  // -- cine -----------------------------------------------------------------------------------------------------------

  /** Whether an event is for the controls of cine themselves. @param {Event} e */
  control(e) {
    const key = e instanceof KeyboardEvent && e.shiftKey && /^(f|shift)$/i.test(e.key); // Shift comes before F
    const { target } = e;
    return (
      key || (target instanceof Node && [this.studio.toolbar.play, this.speed].some((one) => one?.contains(target)))
    );
  }

  play() {
    if (this.timer) return this.stop();
    const view = this.studio.view();
    const { store } = this;
    const { play } = this.studio.toolbar;
    if (view.view.planes < 2) return store.say(_`There is one slice only`);
    this.speed ??= html("input", {
      type: "number",
      min: 1,
      max: 30,
      value: FPS,
      title: _`Slices a second`,
      "aria-label": _`Slices a second`,
      onchange: () => this.timer && this.run(view),
    });
    play.after(this.speed);
    for (const kind of ["pointerdown", "wheel", "keydown"]) window.addEventListener(kind, this.stopping, true);
    set(play, { "aria-pressed": "true" });
    this.run(view);
  }

  /** @param {View} view */
  run(view) {
    const { store } = this;
    clearInterval(this.timer);
    const fps = Math.min(30, Math.max(1, +(this.speed?.value || FPS)));
    store.say(_`${fps} slices a second: any key, click or wheel stops`);
    this.timer = setInterval(() => {
      const next = (store.slices[view.index] + 1) % view.view.planes;
      if (document.hidden) this.stop();
      else if (store.cache.get(view.index, next)) store.goTo(view.index, next);
    }, 1000 / fps);
  }

  stop() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = 0;
    for (const kind of ["pointerdown", "wheel", "keydown"]) window.removeEventListener(kind, this.stopping, true);
    set(this.studio.toolbar.play, { "aria-pressed": "false" });
    this.store.say(_`Stopped`);
  }

  drawLens(/** @type {View} */ view) {
    drawLens(view);
  }

  duplicate() {
    duplicate(this.studio);
  }

  bringHere() {
    bringHere(this.studio);
  }

  recount(/** @type {number} */ by) {
    recount(this.studio, by);
  }

  askName(/** @type {HTMLElement} */ chip, /** @type {number} */ i) {
    askName(this.studio, chip, i);
  }

  /** @param {typeof KEYS} keys */
  help(keys) {
    const back = document.activeElement;
    const sheet = helpSheet(keys, () => {
      sheet.remove();
      /** @type {HTMLElement} */ (back)?.focus?.();
    });
    this.studio.root.append(sheet);
    sheet.focus();
  }
}

export default Later;
