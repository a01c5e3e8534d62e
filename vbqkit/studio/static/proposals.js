/** What waits for the reader: asked for, listed, named, accepted or rejected. */
import { html, set, setText } from "./dom.js";
import { describe, unnamed } from "./origin.js";

/**
 * @import { Store } from "./store.js"
 * @import { Roi } from "./wire.js"
 */

const word = (
  /** @type {string} */ words,
  /** @type {string} */ action,
  /** @type {() => void} */ onclick,
  attributes = {},
) => html("button", { type: "button", class: "vbq-word", "data-action": action, onclick, ...attributes }, words);

/** Ask Python for a proposal on the active view, or stop it. @param {Store} store */
export function propose(store) {
  if (store.looking) return store.model.send({ type: "stop-proposing" });
  store.looking = { done: 0, total: 0 };
  store.emit("proposing");
  store.model.send({ type: "propose", view: store.active });
}

/** Let one ROI, or all, count. Python knows which may. @param {Store} store @param {Roi} [roi] */
export const accept = (store, roi) => store.model.send({ type: "accept", id: roi?.id });

/** Accept the selected one, and go on to the next. @param {Store} store @param {Roi} roi */
export function acceptAndGoOn(store, roi) {
  const { waiting } = store;
  accept(store, roi);
  const next = waiting[waiting.indexOf(roi) + 1];
  if (next && !unnamed(roi.label)) store.show(next);
}

/** Busy while Python looks; then it stops it. @param {Store} store */
export function proposeButton(store) {
  const button = html("button", {
    type: "button",
    class: "vbq-propose",
    title: "Levels, CSF and noise on the middle slice; nothing counts until you accept it (Q)",
    onclick: () => propose(store),
  });
  const draw = () => {
    const { looking } = store;
    const part = looking && looking.total > 1 ? ` ${looking.done + 1} of ${looking.total}` : "";
    setText(button, looking ? `Looking${part} … stop` : "Propose ROIs");
    set(button, { "aria-busy": String(!!looking) });
  };
  store.on("proposing", draw);
  draw();
  return button;
}

/** The list beside the picture. */
export class Proposals {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.shown = /** @type {Roi[]} */ ([]);
    this.head = html("b");
    this.all = word("Accept all", "accept-all", () => accept(store));
    const none = word("Reject all", "reject-all", () => store.model.send({ type: "reject" }), {
      title: "Shift+Delete",
    });
    this.question = html("p", { class: "vbq-question", role: "alert" });
    this.list = html("ul", { class: "vbq-waiting-list" });
    this.remarks = html("p", { class: "vbq-remarks" });
    this.element = html(
      "div",
      { class: "vbq-proposals", role: "group", "aria-label": "Proposed ROIs" },
      html("div", {}, this.head, this.all, none),
      this.question,
      this.list,
      this.remarks,
    );
    store.on("rois selection about", () => this.draw());
    this.draw();
  }

  draw() {
    const { waiting, selected, model } = this.store;
    this.element.hidden = !waiting.length;
    const asks = waiting.some((roi) => unnamed(roi.label));
    const { question, remarks = [], title } = model.get("_about_proposal");
    setText(this.head, `${title}: not measured until accepted`);
    set(this.all, { disabled: asks, title: asks ? "Name a body first" : "Shift+Enter" });
    this.question.hidden = !asks;
    setText(this.question, (asks && question) || "");
    setText(this.remarks, remarks.join("\n"));
    const { children } = this.list;
    const focused = [...children].findIndex((row) => row.contains(document.activeElement));
    waiting.forEach((roi, i) => {
      if (roi !== this.shown[i])
        this.list.replaceChild(this.row(roi), children[i] ?? this.list.appendChild(html("li")));
      set(children[i], { "aria-current": String(roi.id === selected) });
    });
    while (children.length > waiting.length) children[waiting.length].remove();
    this.shown = waiting;
    if (focused >= 0 && !this.list.contains(document.activeElement))
      (children[focused] ?? children[focused - 1])?.querySelector("button")?.focus(); // the row that had it is gone
  }

  row(/** @type {Roi} */ roi) {
    const { store } = this;
    const { label, proposal } = roi;
    const { confidence, doubt } = proposal ?? { confidence: 0, doubt: "" };
    const level = html(
      "select",
      {
        "aria-label": `${label} is`,
        onchange: () => store.model.send({ type: "name", body: label, level: level.value }),
      },
      html("option", { value: "" }, "is level …"),
      ...store.levels.map((value) => html("option", { value }, `is ${value}`)),
    );
    const yes = word("✓ accept", "accept", () => accept(store, roi), {
      title: "Enter",
      "aria-label": `Accept ${label}`,
    });
    return html(
      "li",
      { "data-label": label },
      html(
        "div",
        {},
        html(
          "button",
          {
            type: "button",
            class: "vbq-pick",
            onclick: () => store.show(roi),
            title: describe(roi),
            "aria-label": describe(roi),
          },
          html("b", {}, label),
          html("meter", { value: confidence, "aria-hidden": "true" }),
          confidence.toFixed(2),
        ),
        unnamed(label) ? level : yes,
        word("✕", "reject", () => store.remove(roi), { title: "Delete", "aria-label": `Reject ${label}` }),
      ),
      ...(doubt ? [html("p", {}, doubt)] : []),
    );
  }
}
