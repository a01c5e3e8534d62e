/** The sheet behind `?`, made from the table of keys itself. */
import { html } from "./dom.js";

/** @import { KEYS } from "./keyboard.js" */

const MOUSE = [
  ["wheel", "scrolls the page; on an image that has been clicked: slice"],
  ["Ctrl + wheel", "zoom at the pointer"],
  ["right or middle drag", "window (sideways) and level (up, down)"],
  ["Space + drag", "move the image"],
  ["double click", "reset the view; on a corner: remove it"],
  ["click or drag with a ruler or the like", "set its points; keys: arrows, Enter, Delete, Escape"],
  ["drag the end of a ruler or the like", "move it (select tool)"],
  ["drag a small dot between corners", "add a corner"],
  ["Shift while drawing or resizing", "square, circle, same proportions"],
  ["Alt + drag a ROI", "move it on this series only"],
  ["one finger", "draw, or change slice beside a ROI"],
  ["two fingers", "zoom and move the image"],
];

/** @type {[string, string][]} */
const SIGNS = [
  ["ArrowLeft", "←"],
  ["ArrowRight", "→"],
  ["ArrowUp", "↑"],
  ["ArrowDown", "↓"],
];

/** @typedef {[keys: (Node|string)[], what: string]} Entry of the help sheet */

/** The sheet. @param {typeof KEYS} table @param {() => void} close */
export function helpSheet(table, close) {
  const keycaps = (/** @type {string} */ keys) =>
    keys.split(" ").flatMap((key, i) => {
      const name = SIGNS.reduce((text, [arrow, sign]) => text.replace(arrow, sign), key);
      return [...(i ? [" "] : []), html("kbd", {}, name.length === 1 ? name.toUpperCase() : name)];
    });
  const list = (/** @type {string} */ title, /** @type {Entry[]} */ rows) =>
    html(
      "section",
      {},
      html("h3", {}, title),
      html("dl", {}, ...rows.flatMap(([keys, what]) => [html("dt", {}, ...keys), html("dd", {}, what)])),
    );
  /** @type {(name: string) => Entry[]} */
  const group = (name) => table.filter(([g]) => g === name).map(([, keys, what]) => [keycaps(keys), what]);
  const sheet = html(
    "div",
    {
      class: "vbq-help",
      role: "dialog",
      "aria-modal": "true",
      "aria-label": "Mouse, keys and touch",
      tabindex: "-1",
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        e.stopPropagation();
        if (e.key === "Escape" || e.key === "?") close();
      },
    },
    html("button", { type: "button", class: "vbq-button vbq-close", "aria-label": "Close", onclick: close }, "✕"),
    html(
      "div",
      { class: "vbq-columns" },
      list(
        "Mouse and touch",
        MOUSE.map(([keys, what]) => [[keys], what]),
      ),
      list("Tools", [...group("Tools"), ...group("")]),
      list("ROI", group("ROI")),
      list("Image", group("Image")),
      list("Annotations: seen and kept, never scored", group("Annotations")),
      list("Proposed ROIs", group("Proposed")),
    ),
  );
  return sheet;
}
