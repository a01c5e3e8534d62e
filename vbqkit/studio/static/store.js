/**
 * The state of one studio on the page. Python's traits are the truth; this holds what the page needs between two
 * messages.
 *
 * @import { Later } from "./later.js"
 * @import { Pixels } from "./pixels.js"
 * @import { Annotation, Kept, Message, Roi, Row, Shape, StudioModel, Vec, Window } from "./wire.js"
 */
import { _ } from "../../page/static/words.js";
import { add, center, dot, nearestSlice, onSeries, planeNormal, slicePlane, times, withArea } from "./geometry.js";
import { History } from "./history.js";
import { proposeLabel, UNSURE } from "./labels.js";
import { corrected, waits } from "./origin.js";
import { decoded, SliceCache } from "./pixels.js";
import { MAX_TILT_DEG, measure, scores } from "./statistics.js";

export const EXTRA_LABELS = ["CSF", "noise"];
const PATIENCE_MS = 60; // longer than Python usually takes, too short to be seen

/**
 * @typedef {(text: string) => void} Listener the words of a `say`; nothing for other events
 * @typedef {{from: number, k: number, at: Vec}} Look of a view: screen pixels per mm, and what is in its middle
 */

export class Store {
  /** @param {StudioModel} model */
  constructor(model) {
    this.model = model;
    this.views = model.get("_views").map((view) => ({ ...view }));
    this.identity = /** @type {Map<number, string[]>} */ (new Map()); // by view; for the screen, so no trait holds it
    this.options = model.get("_options");
    const { rois, levels, revision, annotations = [] } = model.get("_state");
    this.annotations = annotations;
    this.rois = rois;
    this.levels = levels;
    this.revision = revision;
    this.base = revision;
    this.kept = rois;
    this.slices = [...model.get("slices")];
    this.windows = copied(model.get("windows"));
    this.history = new History({ rois, levels, annotations });
    this.selected = /** @type {string|null} */ (null);
    this.vertex = -1;
    this.active = 0;
    this.tool = "select";
    this.label = /** @type {string|null} */ (null); // chosen for the next ROI; else its place names it
    this.fixedArea = this.options.fixed_area_cm2;
    this.seriesOnly = false;
    this.hideAll = false;
    this.magnifier = true;
    this.smooth = true;
    this.inverted = false;
    this.zoomLinked = true;
    this.lines = true;
    this.look = /** @type {Look|null} */ (null); // what the view last zoomed or moved shows
    this.later = /** @type {Later|null} */ (null); // the tools that no first picture needs
    this.arrived = (/** @type {DataView<ArrayBuffer>} */ _) => {};
    this.busy = false;
    this.looking = /** @type {{done: number, total: number}|null} */ (null); // Python looks for ROIs to propose
    this.patience = 0; // timers
    this.saving = 0;
    this.listeners = /** @type {Map<string, Set<Listener>>} */ (new Map());
    this.air = /** @type {Map<string, Pixels|null>} */ (new Map());
    this.marks = /** @type {WeakMap<Roi, string[][]>} */ (new WeakMap());
    this.results = /** @type {WeakMap<Roi, Row[]>} */ (new WeakMap());
    this.cache = new SliceCache((view, index) => model.send({ type: "slice", view, index }));
    this.handlers = {
      "change:_state": () => this.fromPython(),
      "change:_measured": () => {
        clearTimeout(this.patience);
        this.emit("measured");
        this.patience = setTimeout(() => this.emit("rois"), 17); // the number first
      },
      "change:_messages": () => this.emit("messages"),
      "change:_about_proposal": () => this.emit("about"),
      "change:_views": () => {
        model.get("_views").forEach((view, i) => void Object.assign(this.views[i], view));
        this.emit("views");
      },
      "change:_options": () => {
        this.options = model.get("_options");
        this.emit("rois");
      },
      "change:slices": () => {
        if (!this.saving) this.takeSlices(model.get("slices"));
      },
      "change:windows": () => {
        if (this.saving) return;
        this.windows = copied(model.get("windows"));
        this.emit("window");
      },
      "msg:custom": (/** @type {Message} */ message, /** @type {DataView<ArrayBuffer>[]} */ buffers) =>
        this.receive(message, buffers),
    };
    for (const [event, handler] of Object.entries(this.handlers)) model.on(event, handler);
    for (const view of this.views.keys()) model.send({ type: "identity", view });
  }

  dispose() {
    for (const [event, handler] of Object.entries(this.handlers)) this.model.off(event, handler);
    this.listeners.clear();
    clearTimeout(this.patience);
  }

  /** The ROIs that count: placed, accepted or corrected by the reader. */
  get counted() {
    return parts(this.rois)[0];
  }

  /** Those that were proposed and wait for the reader. */
  get waiting() {
    return parts(this.rois)[1];
  }

  /** @param {string} events separated by spaces @param {Listener} listener */
  on(events, listener) {
    for (const event of events.split(" ")) {
      const known = this.listeners.get(event) ?? new Set();
      this.listeners.set(event, known.add(listener));
    }
  }

  /** @param {string} event @param {string} [text] */
  emit(event, text = "") {
    for (const listener of this.listeners.get(event) ?? []) listener(text);
  }

  /** For the screen reader and the status line. @param {string} text */
  say(text) {
    this.emit("say", text);
  }

  receive(/** @type {Message} */ message, /** @type {DataView<ArrayBuffer>[]} */ buffers) {
    if (message.type === "download") return download(message.name, buffers[0]);
    if (message.type === "proposing") {
      this.looking = message.busy ? message : null;
      this.emit("proposing");
    }
    if (message.type === "said") this.say(message.text);
    if (message.type === "tools") this.arrived(buffers[0]);
    if (message.type === "identity") {
      this.identity.set(message.view, message.lines);
      this.emit("views");
    }
    if (message.type === "air") {
      this.air.set(`${message.view}/${message.index}`, decoded("uint8", buffers[0]));
      this.marks = new WeakMap();
      this.emit("rois");
    }
    if (message.type !== "slice") return;
    this.cache.put(message.view, message.index, decoded(message.array, buffers[0]));
    this.emit("pixels");
    const { view } = message;
    this.cache.prefetch(view, this.slices[view], this.views[view].planes);
  }

  fromPython() {
    const { rois, levels, revision, base, annotations = [] } = this.model.get("_state");
    // what a hand did here, or before
    if (revision === this.revision || (revision !== base && revision < this.revision)) return;
    Object.assign(this, { rois, levels, annotations, revision, base: revision, kept: rois });
    this.history.push({ rois, levels, annotations });
    if (!this.roi()) this.select(null);
    this.emit("rois");
  }

  roi(id = this.selected) {
    return this.rois.find((roi) => roi.id === id) ?? null;
  }

  /** What the first level is called, if nothing else is chosen. */
  start() {
    return this.options.levels?.[0] ?? UNSURE;
  }

  /**
   * What a new ROI is called: as chosen, else by its place among those that are there; "" where that does not decide.
   * @param {Shape} shape
   */
  labelFor(shape) {
    if (this.label !== null) return this.label;
    const { key } = this.views[this.active];
    const others = this.counted.filter((roi) => this.belongs(roi, this.active)).map((roi) => onSeries(roi, key));
    const label = proposeLabel(center(shape), others, this.start());
    return label === UNSURE ? "" : label;
  }

  select(/** @type {string|null} */ id) {
    if (id === this.selected) return;
    this.selected = id;
    this.vertex = -1;
    this.emit("selection");
  }

  /** Select a ROI, and go to its slice. @param {Roi} roi */
  show(roi) {
    this.select(roi.id);
    this.goTo(this.active, this.sliceOf(roi, this.active));
  }

  setTool(/** @type {string} */ tool) {
    this.tool = tool;
    this.emit("tool");
  }

  setActive(/** @type {number} */ view) {
    if (view === this.active) return;
    this.active = view;
    this.emit("active");
  }

  /** Show other ROIs without keeping them: while something is dragged. @param {Roi[]} rois */
  preview(rois) {
    this.rois = rois;
    this.emit("rois");
  }

  /**
   * Keep a change: undoable, and sent to Python. What the page shows already is drawn again with Python's answer, or
   * after a while without one: a frame in between would hold the answer up.
   * @param {Roi[]} changed @param {string[]} [levels]
   * @param {boolean} [shown] the outlines are on the page as they are now
   */
  commit(changed, levels = this.levels, shown = false) {
    const rois = corrected(changed, this.kept);
    this.history.push({ rois, levels, annotations: this.annotations });
    this.tell(rois, levels, shown);
    const now = rois.find((roi, i) => roi !== changed[i]);
    if (now) this.say(_`${now.label} counts from now on, as corrected`);
  }

  /** Keep other annotations, undoably: rulers and the like, which nothing measures or scores. @param {Annotation[]} annotations */
  annotate(annotations) {
    if (!annotations.length) this.say(this.annotations.length ? _`Annotations cleared` : _`No annotations`);
    if (!annotations.length && !this.annotations.length) return;
    this.annotations = annotations;
    this.commit(this.kept, this.levels, true);
    this.emit("display");
  }

  /** @param {Roi[]} rois @param {string[]} levels */
  tell(rois, levels, shown = false) {
    this.revision += 1;
    Object.assign(this, { rois, levels, kept: rois, busy: false });
    if (!this.roi()) this.select(null);
    const { revision, base, annotations } = this;
    this.model.set("_state", { revision, base, rois, levels, annotations });
    this.model.save_changes();
    clearTimeout(this.patience);
    if (shown) this.patience = setTimeout(() => this.emit("rois"), PATIENCE_MS);
    else this.emit("rois");
  }

  /** @param {Roi} roi */
  remove(roi) {
    this.commit(this.rois.filter((other) => other.id !== roi.id));
    this.say(waits(roi) ? _`${roi.label} rejected` : _`${roi.label || "ROI"} deleted`);
  }

  /** Replace one ROI by f(roi). @param {string} id @param {(roi: Roi) => Roi} f */
  changed(id, f) {
    return this.rois.map((roi) => (roi.id === id ? f(roi) : roi));
  }

  undo(forward = false) {
    const state = forward ? this.history.redo() : this.history.undo();
    if (!state) return this.say(forward ? _`Nothing to redo` : _`Nothing to undo`);
    this.annotations = state.annotations;
    this.tell(state.rois, state.levels);
    this.say(forward ? _`Redone` : _`Undone`);
  }

  /**
   * Add a ROI, under the label that was chosen or that its place gives it.
   * @param {Shape & Partial<Kept>} shape
   */
  place(shape) {
    /** @type {Roi} */
    const full = {
      id: crypto.getRandomValues(new Uint32Array(2)).join("-"),
      frame: this.views[this.active].frame,
      locked: false,
      hidden: false,
      shifts: {},
      label: this.labelFor(shape),
      ...shape,
    };
    this.label = null;
    this.commit([...this.rois, this.fixedArea ? withArea(full, this.fixedArea * 100) : full]);
    this.select(full.id);
    if (!full.label) this.say(_`Its place does not decide its name: press a digit, C or N`);
    this.emit("tool");
  }

  /**
   * Move a ROI: everywhere, or on one series only.
   * @param {Roi} roi @param {Vec} shift @param {number} view @returns {Roi}
   */
  shifted(roi, shift, view, seriesOnly = this.seriesOnly) {
    const { key } = this.views[view];
    if (seriesOnly) return { ...roi, shifts: { ...roi.shifts, [key]: add(roi.shifts[key] ?? [0, 0, 0], shift) } };
    if (roi.kind === "polygon") return { ...roi, points: roi.points.map((p) => add(p, shift)) };
    return { ...roi, center: add(roi.center, shift) };
  }

  /** The plane shown in a view. @param {number} view */
  plane(view) {
    return slicePlane(this.views[view], this.slices[view]);
  }

  /** Whether a ROI belongs on a view at all. @param {Roi} roi @param {number} view */
  belongs(roi, view) {
    return roi.frame === this.views[view].frame;
  }

  /** The slice of a view that a ROI lies on. @param {Roi} roi @param {number} view */
  sliceOf(roi, view) {
    return nearestSlice(this.views[view], center(onSeries(roi, this.views[view].key))).index;
  }

  /** Whether slices of two views are parallel and in one frame: they scroll, zoom and move together. @param {number} a @param {number} b */
  together(a, b) {
    const [one, other] = [this.views[a], this.views[b]];
    const [m, n] = [this.plane(a), this.plane(b)].map(planeNormal);
    return one.frame === other.frame && Math.abs(dot(m, n)) >= Math.cos((MAX_TILT_DEG * Math.PI) / 180);
  }

  /** Show a slice; linked views follow by patient position. @param {number} view @param {number} index */
  goTo(view, index) {
    const target = this.views[view];
    const slices = [...this.slices];
    slices[view] = Math.min(target.planes - 1, Math.max(0, index));
    const middle = add(
      slicePlane(target, slices[view]).origin,
      add(times(target.row_step, (target.rows - 1) / 2), times(target.col_step, (target.cols - 1) / 2)),
    );
    this.views.forEach((other, i) => {
      if (i !== view && this.together(i, view)) slices[i] = nearestSlice(other, middle).index;
    });
    if (slices.every((s, i) => s === this.slices[i])) return;
    this.takeSlices(slices);
    this.saveSoon();
    setTimeout(() => this.hand(true)); // not before the picture
  }

  takeSlices(/** @type {number[]} */ slices) {
    this.slices = [...slices];
    this.emit("slice");
    this.views.forEach((view, i) => void this.cache.prefetch(i, slices[i], view.planes));
  }

  setWindow(/** @type {number} */ view, /** @type {number} */ level, /** @type {number} */ width) {
    const [low, high] = this.views[view].range;
    const smallest = Math.max((high - low) * 1e-4, 1e-9);
    this.windows[view] = [level, Math.max(width, smallest)];
    this.emit("window");
    this.saveSoon();
  }

  /**
   * Tell Python about slices and windows when the hand rests: not once per wheel click. The model has them only then:
   * an echo of what was sent before would otherwise take back what the hand has done since.
   */
  saveSoon() {
    clearTimeout(this.saving);
    this.saving = setTimeout(() => {
      this.model.set("slices", [...this.slices]);
      this.model.set("windows", copied(this.windows));
      this.saving = 0;
      this.hand(this.rois !== this.kept);
      this.model.save_changes();
    }, 150);
  }

  /**
   * What a ROI measures on a view now; null while its slice is on the way.
   * @param {Roi} roi @param {number} view @returns {Row | null}
   */
  measured(roi, view) {
    const kept = this.results.get(roi) ?? [];
    if (kept[view]) return kept[view];
    const { id, label } = roi;
    if (!this.belongs(roi, view)) return { id, label, error: "drawn in another frame of reference" };
    const target = this.views[view];
    const index = this.sliceOf(roi, view);
    const pixels = this.cache.get(view, index);
    if (!pixels) return null;
    kept[view] = measure(onSeries(roi, target.key), slicePlane(target, index), pixels, target);
    this.results.set(roi, kept);
    return kept[view];
  }

  /**
   * Where air is on a slice, as Python sees it; null while it is on the way.
   * @param {number} view @param {number} index
   */
  airOn(view, index) {
    const key = `${view}/${index}`;
    if (!this.air.has(key)) {
      this.air.set(key, null);
      this.model.send({ type: "air", view, index });
    }
    return this.air.get(key);
  }

  /** Measurements on a view of what counts, by the browser. @param {number} view @returns {Row[]} */
  rows(view) {
    return this.counted.map((roi) => this.measured(roi, view) ?? { id: roi.id, label: roi.label, error: "loading" });
  }

  /**
   * Python's scores, with the browser's numbers while something is dragged. Where Python has refused a score, it stays
   * refused until Python says otherwise, unless the ROI that is to blame is on its way to a better place. Neither
   * interval nor doubts meanwhile: they are of another place.
   */
  scores() {
    const rows = this.model.get("_measured").scores ?? [];
    if (this.byPython()) return rows;
    const live = scores(
      this.views.map((view, i) => ({ weighting: view.weighting, rows: this.rows(i) })),
      this.options.reference,
      (key) => rows.find((row) => row.key === key)?.levels ?? this.options.levels,
    );
    const moved = this.roi()?.label ?? "";
    return rows.map((row) =>
      row.value == null && !row.free?.includes(moved)
        ? row
        : {
            ...row,
            live: true,
            interval: null,
            verdict: "",
            shares: [],
            value: live[row.key] ?? null,
            note: row.note || _`when let go`,
          },
    );
  }

  /** Tell Python that a hand drags or rests: intervals wait. @param {boolean} busy */
  hand(busy) {
    if (busy === this.busy) return;
    this.busy = busy;
    this.model.send({ type: "hand", busy });
  }

  /** Python's numbers, if they belong to what is shown now. */
  byPython() {
    const measured = this.model.get("_measured");
    return measured?.revision === this.revision && this.rois === this.kept ? measured : null;
  }
}

/** @type {WeakMap<Roi[], Roi[][]>} once for each state of the ROIs */
const apart = new WeakMap();

/** @param {Roi[]} rois */
function parts(rois) {
  const known = apart.get(rois) ?? [rois.filter((roi) => !waits(roi)), rois.filter(waits)];
  apart.set(rois, known);
  return known;
}

/** @param {Window[]} pairs @returns {Window[]} */
const copied = (pairs) => pairs.map(([level, width]) => [level, width]);

/** Let the browser save a file. @param {string} name @param {DataView<ArrayBuffer>} data */
function download(name, data) {
  const url = URL.createObjectURL(new Blob([data]));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
