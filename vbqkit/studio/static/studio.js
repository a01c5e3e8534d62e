/** The ROI studio on the page: puts the parts together. All state belongs to one render() and goes with it. */

import { html, setText } from "./dom.js";
import { add, area, center, dot, planeNormal, sub, times, withArea } from "./geometry.js";
import { KEYS, press, SWITCHES } from "./keyboard.js";
import { describe, unnamed, waits } from "./origin.js";
import { Panel } from "./panel.js";
import { Store } from "./store.js";
import { Toolbar } from "./toolbar.js";
import { ANNOTATES, Tools } from "./tools.js";
import { View } from "./view.js";

/**
 * @import { Rendering } from "../../page/static/anywidget.js"
 * @import { Switch } from "./keyboard.js"
 * @import { Later } from "./later.js"
 * @import { Roi, StudioModel, Traits } from "./wire.js"
 */

export class Studio {
  /** @param {StudioModel} model @param {HTMLElement} el */
  constructor(model, el) {
    this.store = new Store(model);
    this.model = model;
    const { store } = this;
    this.views = store.views.map((_, i) => new View(store, i));
    this.tools = this.views.map((view) => new Tools(view));
    this.toolbar = new Toolbar(store, this);
    this.panel = new Panel(store);
    this.notes = html("div", { class: "vbq-notes", role: "status", tabindex: "0", "aria-label": "Messages" });
    this.status = html("div", { class: "vbq-status", "aria-live": "polite" });
    const stages = html("div", { class: "vbq-views" }, ...this.views.map((view) => view.element));
    if (!this.views.length) stages.append(html("p", { class: "vbq-nothing" }, "No image to show."));
    // the still picture for a notebook without a kernel
    const hide = html("style", {}, `.vbqkit-static-${store.options.id}{display:none}`);
    // JupyterLab's own shortcuts would take the keys: this attribute makes Lumino leave them
    this.root = html(
      "div",
      { class: "vbq-studio", "data-lm-suppress-shortcuts": "true", style: `--vbq-height:${store.options.height}px` },
      hide,
      this.toolbar.element,
      this.toolbar.strip.element,
      this.notes,
      html("div", { class: "vbq-main" }, stages, this.panel.element),
      this.status,
    );
    // on the window and first of all: Notebook 7 would otherwise take keys before they come here
    this.onKey = (/** @type {KeyboardEvent} */ e) => this.root.contains(/** @type {Node} */ (e.target)) && this.key(e);
    window.addEventListener("keydown", this.onKey, true);
    this.root.addEventListener(
      "focusin",
      (e) => !this.root.contains(/** @type {Node} */ (e.relatedTarget)) && model.send({ type: "refresh" }),
    );
    this.root.addEventListener("keyup", (e) => e.key === " " && this.space(false));
    store.on("say", (text) => this.say(text));
    store.on("messages", () => this.showNotes());
    store.on("selection", () => {
      const roi = store.roi();
      if (roi) this.say(waits(roi) ? describe(roi) : `${roi.label || "ROI without label"} selected`);
    });
    store.on("proposing", () => {
      if (store.looking || !store.waiting.length) return;
      store.setActive(model.get("_about_proposal").view ?? store.active);
      if (document.activeElement === this.toolbar.strip.propose) this.view().stage.focus({ preventScroll: true }); // for the keys
    });
    store.on("tool rois views", () => this.needsMore());
    this.needsMore();
    this.showNotes();
    this.say(
      store.options.case_file
        ? `Kept in ${store.options.case_file}`
        : "Not kept in a file: give case_file=... to keep the ROIs",
    );
    this.wide = new ResizeObserver(([entry]) =>
      this.root.classList.toggle("vbq-narrow", entry.contentRect.width < 760 + 260 * (this.views.length - 1)),
    );
    this.wide.observe(this.root);
    el.append(this.root);
  }

  dispose() {
    window.removeEventListener("keydown", this.onKey, true);
    this.wide.disconnect();
    this.store.later?.stop();
    for (const view of this.views) view.dispose();
    this.panel.dispose();
    this.store.dispose();
    this.root.remove();
  }

  view() {
    return this.views[this.store.active];
  }

  say(/** @type {string} */ text) {
    setText(this.status, text);
  }

  changed(/** @type {string} */ text) {
    this.say(text);
    this.store.emit("display");
    this.store.emit("tool");
  }

  /** Turn something on or off, and say what it is now. @param {Switch} what */
  flip(what) {
    this.store[what] = !this.store[what];
    this.changed(`${SWITCHES[what]}: ${this.store[what] ? "on" : "off"}`);
  }

  /**
   * Do something with the tools that no first picture needs (later.js). Python sends them when the first is wanted.
   * @param {(later: Later) => void} [use]
   */
  later(use) {
    const { store, model } = this;
    if (!this.arriving) {
      const coming = "Python sends this tool …";
      if (use) this.say(coming);
      const text = new Promise((arrived) => Object.assign(store, { arrived }));
      this.arriving = text.then(async (bytes) => {
        const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
        const { default: Tools } = await import(url);
        URL.revokeObjectURL(url);
        if (this.status.textContent === coming) this.say(""); // and no word of anything else
        store.later = new Tools(this);
        store.emit("display");
      });
      model.send({ type: "tools" });
    }
    this.arriving.then(() => store.later && use?.(store.later));
  }

  /** Whether a tool of those is chosen, or the pictures need one: annotations, or slices that cut each other. */
  needsMore() {
    const { store } = this;
    const crossed = store.views.some(({ frame }, i) => frame === store.views[0].frame && !store.together(i, 0));
    if (!this.arriving && (ANNOTATES.has(store.tool) || store.annotations.length || store.waiting.length || crossed))
      this.later();
  }

  showNotes() {
    const notes = this.model.get("_messages").map(({ text, weight, series }) => {
      const about = series ? [html("b", {}, `${series}: `)] : [];
      return html("p", { class: `vbq-note vbq-is-${weight}` }, ...about, text);
    });
    this.notes.hidden = !notes.length;
    this.notes.replaceChildren(...notes);
    this.notes.scrollTop = 0; // the weightiest first
  }

  key(/** @type {KeyboardEvent} */ event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const inStage = target.classList.contains("vbq-stage");
    if (/INPUT|SELECT|TEXTAREA/.test(target.tagName) && event.key !== "Escape") return;
    if (!inStage && /BUTTON/.test(target.tagName) && /^( |Enter|Arrow.*)$/.test(event.key) && !event.shiftKey) return;
    if (!this.views.length || target.closest(".vbq-help")) return;
    const index = Math.max(
      0,
      this.views.findIndex((view) => view.stage === target),
    );
    const at = inStage ? index : this.store.active;
    this.store.setActive(at);
    if (event.key === " ") {
      event.preventDefault();
      return this.space(true);
    }
    if (press(event, { store: this.store, view: this.views[at], tools: this.tools[at], studio: this })) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.ctrlKey || event.metaKey) {
      delete this.root.dataset.lmSuppressShortcuts; // Ctrl+S and the like are JupyterLab's
      setTimeout(() => (this.root.dataset.lmSuppressShortcuts = "true"));
    }
  }

  space(/** @type {boolean} */ held) {
    for (const tools of this.tools) {
      tools.space = held;
      tools.cursor();
    }
  }

  /** Label the selected ROI, or the next one. @param {string} label */
  label(label) {
    const { store } = this;
    const roi = store.roi();
    if (!roi) store.label = store.label === label ? null : label;
    else if (roi.locked) return this.say(`${roi.label || "ROI"} is locked`);
    else if (waits(roi) && unnamed(roi.label))
      return this.model.send({ type: "name", body: roi.label, level: label }); // the others follow by counting
    else store.commit(store.changed(roi.id, (old) => ({ ...old, label })));
    store.emit("tool");
    this.say(roi ? `Labelled ${label}` : `Next ROI: ${store.label ?? "named by its place"}`);
  }

  /** Move the count along the strip: every level's label goes one up or down. @param {number} by */
  recount(by) {
    const { store } = this;
    const { levels, rois } = store;
    const counted = (/** @type {Roi} */ { label }) =>
      levels.includes(label) ? levels[levels.indexOf(label) + by] : label;
    const last = rois.find((roi) => counted(roi) === undefined);
    if (last) return this.say(`${last.label} is at the end of the strip: rename it first`);
    store.commit(rois.map((roi) => (counted(roi) === roi.label ? roi : { ...roi, label: counted(roi) })));
    this.say(by < 0 ? "Counted one level higher" : "Counted one level lower");
  }

  /** Give a level of the strip another name, and its ROIs too. @param {number} i @param {string} name */
  rename(i, name) {
    const { store } = this;
    const old = store.levels[i];
    store.commit(
      store.rois.map((roi) => (roi.label === old ? { ...roi, label: name } : roi)),
      store.levels.map((level, j) => (j === i ? name : level)),
    );
    this.say(`${old} is now called ${name}`);
  }

  toggle(/** @type {"locked"|"hidden"} */ what) {
    const { store } = this;
    const roi = store.roi();
    if (!roi) return this.say("Select a ROI first");
    store.commit(store.changed(roi.id, (old) => ({ ...old, [what]: !old[what] })));
    this.say(`${roi.label || "ROI"} ${roi[what] ? "not " : ""}${what}`);
  }

  duplicate() {
    const { store } = this;
    const roi = store.roi();
    if (!roi) return this.say("Select a ROI first");
    const { col_step, row_step } = store.views[store.active];
    const { id, label, proposal, ...shape } = store.shifted(
      roi,
      add(times(col_step, 6), times(row_step, 6)),
      store.active,
      false,
    );
    const kept = store.fixedArea;
    store.fixedArea = null;
    store.place({ ...shape, locked: false });
    store.fixedArea = kept;
    this.say(`Duplicated as ${store.roi()?.label || "ROI without label"}`);
  }

  /** The selected ROI onto the slice shown, along the normal. */
  bringHere() {
    const { store } = this;
    const roi = store.roi();
    if (!roi || roi.locked) return this.say(roi ? `${roi.label} is locked` : "Select a ROI first");
    const plane = store.plane(store.active);
    const n = planeNormal(plane);
    const shift = times(n, -dot(sub(center(roi), plane.origin), n));
    store.commit(store.changed(roi.id, (old) => store.shifted(old, shift, store.active, false)));
    this.say(`${roi.label || "ROI"} brought to slice ${store.slices[store.active] + 1}`);
  }

  toggleFixed(on = this.store.fixedArea == null) {
    const { store } = this;
    const wanted = +this.toolbar.areaBox.value;
    store.fixedArea = on && wanted > 0 ? wanted : null;
    const roi = store.roi();
    if (store.fixedArea && roi && !roi.locked && Math.abs(area(roi) / 100 / wanted - 1) > 1e-9)
      store.commit(store.changed(roi.id, (old) => withArea(old, wanted * 100)));
    this.changed(store.fixedArea ? `Every ROI gets ${wanted} cm²` : "Any area");
  }

  /** A window preset by its number, or the next one. @param {number} [i] */
  preset(i) {
    const { store } = this;
    const { presets } = store.views[store.active];
    const [level, width] = store.windows[store.active];
    const now = presets.findIndex((p) => p[1] === level && p[2] === width);
    const chosen = presets[i ?? (now + 1) % presets.length];
    if (chosen[0] === "Marrow") return this.later((later) => later.marrow(chosen, i === undefined));
    const [name, l, w] = chosen;
    store.setWindow(store.active, l, w);
    this.say(`Window: ${name}`);
  }

  nextView() {
    const { store } = this;
    store.setActive((store.active + 1) % this.views.length);
    this.view().stage.focus();
    this.say(store.views[store.active].title);
  }

  help() {
    this.later((later) => later.help(KEYS));
  }
}

export default {
  render(/** @type {Rendering<Traits>} */ { model, el }) {
    const studio = new Studio(model, el);
    return () => studio.dispose();
  },
};
