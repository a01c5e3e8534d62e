/** The row of tools and the strip of levels. */
import { _ } from "../../page/static/words.js";
import { style } from "./colours.js";
import { fillAnew, html, oneStop, set, setText, svg } from "./dom.js";
import { KEYS, perform, SWITCHES } from "./keyboard.js";
import { SPINE_LEVELS } from "./labels.js";
import { proposeButton } from "./proposals.js";
import { EXTRA_LABELS } from "./store.js";

/**
 * @import { Attributes } from "./dom.js"
 * @import { Switch } from "./keyboard.js"
 * @import { Store } from "./store.js"
 * @import { Studio } from "./studio.js"
 */

/** Outlines and signs, by the key that does the same. @type {Record<string, string>} */
const ICONS = {
  v: "M5 3l12 9-5 1 3 6-2 1-3-6-5 4z",
  b: "M4 6h16v12H4z",
  e: "M12 6c5 0 9 3 9 6s-4 6-9 6-9-3-9-6 4-6 9-6z",
  o: "M12 4a8 8 0 110 16 8 8 0 010-16z",
  p: "M12 3l9 7-4 11H7L3 10z",
  f: "M4 15C4 6 10 4 14 6s7 1 6 7-6 8-10 6-6 0-6-4z",
  w: "M12 3a9 9 0 100 18 9 9 0 000-18zM12 3v18M12 7h6M12 11h8M12 15h7",
  h: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
  "Shift+R": "mm",
  "Shift+A": "∠",
  "Shift+C": "Cobb",
  "Shift+P": "+",
  "Shift+S": "S1↑",
  "Ctrl+Delete": "✕",
  "Ctrl+z": "M8 5L4 9l4 4M4 9h9a6 6 0 010 12h-3",
  "Ctrl+Shift+z": "M16 5l4 4-4 4M20 9h-9a6 6 0 000 12h3",
  a: "M4 20L10 4h4l6 16M7 14h10",
  "Shift+I": "◐",
  r: "M5 12a7 7 0 107-7H7M10 2L7 5l3 3",
  "Shift+F": "▶",
  j: "M3 5h8v14H3zM14 5h7M14 12h7M14 19h7",
  z: "⇄",
  "Shift+X": "┼",
  "?": "?",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
};

/** @param {string} name @param {string} title @param {(event: KeyboardEvent) => void} onclick @param {Attributes} [more] */
function iconButton(name, title, onclick, more) {
  const d = ICONS[name];
  const drawn = () =>
    svg("svg", { viewBox: "0 0 24 24", class: "vbq-icon", "aria-hidden": "true" }, svg("path", { d }));
  const face = d.length > 5 ? drawn() : d;
  return html("button", { type: "button", class: "vbq-button", title, "aria-label": title, onclick, ...more }, face);
}

export class Toolbar {
  /** @param {Store} store @param {Studio} studio */
  constructor(store, studio) {
    this.store = store;
    /** What a key does. @param {string} key @param {Attributes} [more] */
    const button = (key, more) => {
      const [, , words, what] = KEYS.find(([, keys]) => keys.split(" ")[0] === key) ?? KEYS[0];
      const name = words[0].toUpperCase() + words.slice(1).split(/[:;,，：；（]| by | \(/)[0];
      const title = `${name} (${key.replace(/\b[a-z]$/, (letter) => letter.toUpperCase())})`;
      const context = () => ({ store, studio, view: studio.view(), tools: studio.tools[store.active] });
      const made = iconButton(key, title, (event) => perform(what, { ...context(), event }), more);
      if (typeof what !== "string") return made;
      this.pressed.set(what, made);
      made.dataset.tool = what;
      return made;
    };
    const buttons = (/** @type {string} */ keys) => keys.split(" ").map((key) => button(key));
    this.pressed = /** @type {Map<string, HTMLElement>} */ (new Map());
    this.fixed = html("input", { type: "checkbox", onchange: () => studio.toggleFixed(this.fixed.checked) });
    this.areaBox = html("input", {
      type: "number",
      min: "0.01",
      max: "100",
      step: "0.05",
      value: store.fixedArea ?? store.options.usual_area_cm2,
      "aria-label": _`Fixed area in cm2`,
      onchange: () => studio.toggleFixed(this.fixed.checked),
    });
    this.presets = html("select", {
      "aria-label": _`Window preset`,
      title: _`Window preset (S)`,
      onchange: () => studio.preset(this.presets.selectedIndex - 1),
    });
    this.undo = button("Ctrl+z", { "data-action": "undo" });
    this.redo = button("Ctrl+Shift+z", { "data-action": "redo" });
    this.play = button("Shift+F");
    this.file = html(
      "select",
      {
        "aria-label": _`File`,
        title: _`Save or load ROIs`,
        onchange: () => {
          const [kind, ending] = this.file.value.split(" ");
          this.file.selectedIndex = 0;
          if (kind === "save") store.model.send({ type: "export", ending });
          else this.picker.click();
        },
      },
      html("option", { value: "" }, _`File …`),
      html("option", { value: "load" }, _`Load ROIs …`),
      ...store.options.files.save.map(([name, ending]) =>
        html("option", { value: `save ${ending}` }, _`Save as ${name} (${ending})`),
      ),
    );
    this.picker = html("input", {
      type: "file",
      hidden: true,
      accept: store.options.files.pick.join(),
      onchange: async () => {
        const [chosen] = this.picker.files ?? [];
        if (chosen) store.model.send({ type: "import", name: chosen.name }, undefined, [await chosen.arrayBuffer()]);
        this.picker.value = "";
      },
    });
    this.weighting = html("select", {
      "aria-label": _`Weighting of this series`,
      title: _`What this series shows: as its header says, or as you state it`,
      onchange: () => store.model.send({ type: "weighting", view: store.active, weighting: this.weighting.value }),
    });
    this.link = html(
      "button",
      { type: "button", class: "vbq-word", onclick: () => store.model.send({ type: "link", view: store.active }) },
      _`link by position`,
    );
    const group = (/** @type {HTMLElement[]} */ ...items) => html("div", { class: "vbq-group" }, ...items);
    this.element = html(
      "div",
      { class: "vbq-toolbar", role: "toolbar", "aria-label": _`Tools` },
      group(...buttons("v b e o p f w h")),
      group(...buttons("Shift+R Shift+A Shift+C Shift+P Shift+S Ctrl+Delete")),
      group(
        html("label", { class: "vbq-fixed", title: _`Give every ROI this area (X)` }, this.fixed, _`fix area`),
        this.areaBox,
        html("span", {}, "cm²"),
      ),
      group(this.undo, this.redo),
      group(this.presets, ...buttons("a Shift+I r"), this.play),
      ...(store.views.length ? [group(this.weighting, this.link)] : []),
      ...(store.views.length > 1 ? [group(...buttons("j z Shift+X"))] : []),
      group(this.file, this.picker, button("?", { class: "vbq-button vbq-help-button" })),
    );
    this.stop = oneStop(this.element);
    this.strip = new Strip(store, studio);
    store.on("tool rois active window views", () => this.draw());
    this.draw();
  }

  draw() {
    const { store } = this;
    for (const [what, made] of this.pressed)
      set(made, {
        "aria-pressed": String(what in SWITCHES ? store[/** @type {Switch} */ (what)] : what === store.tool),
      });
    this.fixed.checked = store.fixedArea != null;
    this.undo.disabled = !store.history.past.length;
    this.redo.disabled = !store.history.future.length;
    const names = [_`Window …`, ...(store.views[store.active]?.presets ?? []).map(([name]) => name)];
    fillAnew(this.presets, names, (name, i) => html("option", { disabled: i === 0 }, name));
    this.drawWeighting();
    this.stop();
    const [level, width] = store.windows[store.active] ?? [];
    this.presets.selectedIndex =
      1 + (store.views[store.active]?.presets ?? []).findIndex((p) => p[1] === level && p[2] === width);
  }

  /** What the series is by its header, and what can be stated instead. */
  drawWeighting() {
    const view = this.store.views[this.store.active];
    if (!view) return;
    const by = view.header === "unknown" ? _`weighting unknown` : _`${view.header} (header)`;
    const others = this.store.options.weightings.filter((name) => name !== view.header);
    fillAnew(this.weighting, [by, ...others], (name, i) =>
      i ? html("option", { value: name }, _`stated: ${name}`) : html("option", { value: "" }, name),
    );
    this.weighting.value = view.stated ?? "";
    const [first] = this.store.views;
    const title = _`${view.title} has another frame of reference. If the patient did not move, its ROIs and slices go with ${first.title}`;
    set(this.link, { hidden: view.frame === first.frame, title });
  }
}

/** The level strip: what the next ROI is called, which levels have one, and the count moved up or down. */
class Strip {
  /** @param {Store} store @param {Studio} studio */
  constructor(store, studio) {
    this.store = store;
    this.studio = studio;
    this.propose = store.views.length && store.options.propose ? proposeButton(store) : null;
    this.chips = html("div", { class: "vbq-chips", role: "group", "aria-label": _`Label` });
    this.hint = html("span", { class: "vbq-hint" });
    this.element = html(
      "div",
      { class: "vbq-strip" },
      ...(this.propose ? [this.propose] : []),
      this.chips,
      html(
        "div",
        { class: "vbq-group", title: _`If the count is off` },
        iconButton("up", _`Count one level higher: L1 becomes T12`, () => studio.later((later) => later.recount(-1))),
        iconButton("down", _`Count one level lower: T12 becomes L1`, () => studio.later((later) => later.recount(1))),
      ),
      this.hint,
    );
    this.stop = oneStop(this.element);
    store.on("tool rois selection", () => this.draw());
    this.draw();
  }

  draw() {
    const { store } = this;
    const labels = [...store.levels, ...EXTRA_LABELS];
    fillAnew(this.chips, labels, (label, i) => this.chip(label, i));
    const now = store.roi()?.label ?? store.label;
    const first = !store.counted.some((roi) => SPINE_LEVELS.includes(roi.label));
    setText(
      this.hint,
      store.label !== null
        ? _`the next ROI is called ${store.label}`
        : first
          ? _`the first level is called ${store.start()}: choose another to start there, such as S1`
          : _`the next ROI is named by its place; double click a level to rename it`,
    );
    labels.forEach((label, i) => {
      const placed = store.counted.some((roi) => roi.label === label);
      set(this.chips.children[i], { "aria-pressed": String(label === now), "data-placed": String(placed) });
    });
    this.stop();
  }

  chip(/** @type {string} */ label, /** @type {number} */ i) {
    const key = i < this.store.levels.length ? String(i) : label[0].toUpperCase();
    const rename = () => i < this.store.levels.length && this.studio.later((later) => later.askName(chip, i));
    const chip = html(
      "button",
      {
        type: "button",
        class: "vbq-chip",
        "data-label": label,
        title: _`${label} (key ${key})`,
        onclick: () => this.studio.label(label),
        ondblclick: () => rename(),
        onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === "F2" && rename(),
      },
      label,
    );
    chip.style.setProperty("--vbq-colour", style(label)[0]);
    return chip;
  }
}
