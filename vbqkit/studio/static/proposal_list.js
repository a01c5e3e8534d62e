/** The list of what waits for the reader: named, accepted or rejected. */
import { _ } from "../../page/static/words.js";
import { html, set, setText } from "./dom.js";
import { fixed } from "./numbers.js";
import { describe, unnamed } from "./origin.js";
import { accept } from "./proposals.js";

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

/** The list beside the picture. */
export class Proposals {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.shown = /** @type {Roi[]} */ ([]);
    this.head = html("b");
    this.all = word(_`Accept all`, "accept-all", () => accept(store));
    const none = word(_`Reject all`, "reject-all", () => store.model.send({ type: "reject" }), {
      title: "Shift+Delete",
    });
    this.question = html("p", { class: "vbq-question", role: "alert" });
    this.list = html("ul", { class: "vbq-waiting-list" });
    this.remarks = html("p", { class: "vbq-remarks" });
    this.element = html(
      "div",
      { class: "vbq-proposals", role: "group", "aria-label": _`Proposed ROIs` },
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
    setText(this.head, _`${title}: not measured until accepted`);
    set(this.all, { disabled: asks, title: asks ? _`Name a body first` : "Shift+Enter" });
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
        "aria-label": _`${label} is`,
        onchange: () => store.model.send({ type: "name", body: label, level: level.value }),
      },
      html("option", { value: "" }, _`is level …`),
      ...store.levels.map((value) => html("option", { value }, _`is ${value}`)),
    );
    const yes = word(_`✓ accept`, "accept", () => accept(store, roi), {
      title: "Enter",
      "aria-label": _`Accept ${label}`,
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
          fixed(confidence, 2),
        ),
        unnamed(label) ? level : yes,
        word("✕", "reject", () => store.remove(roi), { title: "Delete", "aria-label": _`Reject ${label}` }),
      ),
      ...(doubt ? [html("p", {}, doubt)] : []),
    );
  }
}
