/** The ROI studio on the page: puts the parts together. All state belongs to one render() and goes with it. */

import { _ } from "../../page/static/words.js";
import { html, setText } from "./dom.js";
import { area, withArea } from "./geometry.js";
import { KEYS, press, SWITCHES } from "./keyboard.js";
import { fixed } from "./numbers.js";
import { describe, unnamed, waits } from "./origin.js";
import { Panel } from "./panel.js";
import { Store } from "./store.js";
import { Toolbar } from "./toolbar.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

/**
 * @import { Rendering } from "../../page/static/anywidget.js"
 * @import { Switch } from "./keyboard.js"
 * @import { Later } from "./later.js"
 * @import { StudioModel, Traits } from "./wire.js"
 */

const COMING = _`Python sends this tool …`;

/**
 * Whether a letter or digit typed outside of a studio is for it, and not for JupyterLab, where X cuts the cell: the
 * pointer is over it, or a lesson says to press keys and its studio is in sight.
 * @param {KeyboardEvent} e @param {HTMLElement} root
 */
function meant(e, root) {
  const { ctrlKey, metaKey, altKey, key, target } = e;
  if (ctrlKey || metaKey || altKey || key === " " || key.length > 1 || !(target instanceof Element)) return false;
  if (target.closest(":read-write, .vbq-studio, .jp-Dialog, .lm-Menu")) return false;
  const { top, bottom } = root.getBoundingClientRect();
  const over = document.querySelector(".vbq-studio:hover");
  return over
    ? over === root
    : !!root.closest(".vbq-lesson") && top < innerHeight && bottom > 0 && root.checkVisibility();
}

export class Studio {
  /** @param {StudioModel} model @param {HTMLElement} el */
  constructor(model, el) {
    this.store = new Store(model);
    this.model = model;
    const { store } = this;
    this.views = store.views.map((_, i) => new View(store, i));
    this.tools = this.views.map((view) => new Tools(view));
    this.arriving = /** @type {Promise<void>|undefined} */ (undefined); // what later.js holds
    this.toolbar = new Toolbar(store, this);
    this.panel = new Panel(store);
    this.notes = html("div", { class: "vbq-notes", role: "status", tabindex: "0", "aria-label": _`Messages` });
    this.status = html("div", { class: "vbq-status", "aria-live": "polite" });
    const stages = html("div", { class: "vbq-views" }, ...this.views.map((view) => view.element));
    if (!this.views.length) stages.append(html("p", { class: "vbq-nothing" }, _`No image to show.`));
    // the still picture for a notebook without a kernel
    const hide = html("style", {}, `.vbqkit-static-${store.options.id}{display:none}`);
    // JupyterLab's own shortcuts would take the keys: this attribute makes Lumino leave them
    this.root = html(
      "div",
      {
        class: "vbq-studio",
        lang: _`en`,
        "data-lm-suppress-shortcuts": "true",
        style: `--vbq-wanted:${store.options.height}px`,
      },
      hide,
      this.toolbar.element,
      this.toolbar.strip.element,
      this.notes,
      html("div", { class: "vbq-main" }, stages, this.panel.element),
      this.status,
    );
    // on the window and first of all: Notebook 7 would otherwise take keys before they come here
    this.onKey = (/** @type {KeyboardEvent} */ e) => {
      if (this.root.contains(/** @type {Node} */ (e.target))) return this.key(e);
      if (!this.views.length || !meant(e, this.root)) return;
      this.view().stage.focus({ preventScroll: true });
      this.key(e, this.view().stage);
      e.preventDefault(); // a key that is none of the studio's neither
      e.stopImmediatePropagation();
    };
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
      if (roi) this.say(waits(roi) ? describe(roi) : _`${roi.label || "ROI"} selected`);
    });
    store.on("proposing", () => {
      if (store.looking || !store.waiting.length) return;
      store.setActive(model.get("_about_proposal").view ?? store.active);
      if (document.activeElement === this.toolbar.strip.propose) this.view().stage.focus({ preventScroll: true }); // for the keys
    });
    // there when it is wanted, were Python stopped meanwhile
    store.on("pixels", () => this.arriving || requestIdleCallback(() => this.later(), { timeout: 2000 }));
    this.showNotes();
    this.say(
      store.options.case_file
        ? _`Kept in ${store.options.case_file}`
        : _`Not kept in a file: give case_file=... to keep the ROIs`,
    );
    this.wide = new ResizeObserver(([entry]) => {
      const width = entry.contentRect.width - 260 * (this.views.length - 1);
      this.root.classList.toggle("vbq-narrow", width < 760);
      this.root.classList.toggle("vbq-tight", width < 560);
    });
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
    this.changed(`${SWITCHES[what]}: ${this.store[what] ? _`on` : _`off`}`);
  }

  /**
   * Do something with the tools that no first picture needs (later.js). Python sends them once there is one.
   * @param {(later: Later) => void} [use]
   */
  later(use) {
    const { store } = this;
    if (store.later) return use?.(store.later);
    const says = (/** @type {string} */ text) => use && !store.later && this.say(text);
    says(COMING);
    setTimeout(() => says(_`Python does not answer, so this is not here: run the cell again`), 6000);
    if (use || !this.arriving) this.model.send({ type: "tools" }); // again, if it got lost
    this.arriving ??= new Promise((arrived) => Object.assign(store, { arrived })).then(async (bytes) => {
      const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
      const { default: Tools } = await import(url);
      URL.revokeObjectURL(url);
      if (this.status.textContent === COMING) this.say(""); // and no word of anything else
      store.later = new Tools(this);
      store.emit("display");
    });
    this.arriving.then(() => store.later && use?.(store.later));
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

  key(/** @type {KeyboardEvent} */ event, target = /** @type {HTMLElement} */ (event.target)) {
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
    else if (roi.locked) return this.say(_`${roi.label || "ROI"} is locked`);
    else if (waits(roi) && unnamed(roi.label))
      return this.model.send({ type: "name", body: roi.label, level: label }); // the others follow by counting
    else store.commit(store.changed(roi.id, (old) => ({ ...old, label })));
    store.emit("tool");
    this.say(roi ? _`Labelled ${label}` : store.label ? _`Next ROI: ${store.label}` : _`Next ROI: named by its place`);
  }

  toggle(/** @type {"locked"|"hidden"} */ what) {
    const { store } = this;
    const roi = store.roi();
    if (!roi) return this.say(_`Select a ROI first`);
    store.commit(store.changed(roi.id, (old) => ({ ...old, [what]: !old[what] })));
    const name = roi.label || "ROI";
    const states = {
      locked: [_`${name} is unlocked`, _`${name} is locked`],
      hidden: [_`${name} is shown`, _`${name} is hidden`],
    };
    this.say(states[what][+!roi[what]]);
  }

  toggleFixed(on = this.store.fixedArea == null) {
    const { store } = this;
    const wanted = +this.toolbar.areaBox.value;
    store.fixedArea = on && wanted > 0 ? wanted : null;
    const roi = store.roi();
    if (store.fixedArea && roi && !roi.locked && Math.abs(area(roi) / 100 / wanted - 1) > 1e-9)
      store.commit(store.changed(roi.id, (old) => withArea(old, wanted * 100)));
    this.changed(store.fixedArea ? _`Every ROI gets ${fixed(wanted, 2)} cm²` : _`Any area`);
  }

  /** A window preset by its number, or the next one. @param {number} [i] */
  preset(i) {
    const { store } = this;
    const { presets } = store.views[store.active];
    const [level, width] = store.windows[store.active];
    const now = presets.findIndex((p) => p[1] === level && p[2] === width);
    const chosen = presets[i ?? (now + 1) % presets.length];
    if (chosen[3]) return this.later((later) => later.marrow(chosen, i === undefined));
    const [name, l, w] = chosen;
    store.setWindow(store.active, l, w);
    this.say(_`Window: ${name}`);
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
