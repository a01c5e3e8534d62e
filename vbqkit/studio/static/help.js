/** The sheet behind `?`, made from the table of keys itself. */
import { _ } from "../../page/static/words.js";
import { html } from "./dom.js";

/** @import { KEYS } from "./keyboard.js" */

const MOUSE = [
  [_`wheel`, _`scrolls the page; on an image that has been clicked: slice`],
  [_`Ctrl + wheel`, _`zoom at the pointer`],
  [_`right or middle drag`, _`window (sideways) and level (up, down)`],
  [_`Space + drag`, _`move the image`],
  [_`double click`, _`reset the view; on a corner: remove it`],
  [_`click or drag with a ruler or the like`, _`set its points; keys: arrows, Enter, Delete, Escape`],
  [_`drag the end of a ruler or the like`, _`move it (select tool)`],
  [_`drag a small dot between corners`, _`add a corner`],
  [_`Shift while drawing or resizing`, _`square, circle, same proportions`],
  [_`Alt + drag a ROI`, _`move it on this series only`],
  [_`one finger`, _`draw, or change slice beside a ROI`],
  [_`two fingers`, _`zoom and move the image`],
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
      "aria-label": _`Mouse, keys and touch`,
      tabindex: "-1",
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        e.stopPropagation();
        if (e.key === "Escape" || e.key === "?") close();
      },
    },
    html("button", { type: "button", class: "vbq-button vbq-close", "aria-label": _`Close`, onclick: close }, "✕"),
    html(
      "div",
      { class: "vbq-columns" },
      list(
        _`Mouse and touch`,
        MOUSE.map(([keys, what]) => [[keys], what]),
      ),
      list(_`Tools`, [...group("Tools"), ...group("")]),
      list("ROI", group("ROI")),
      list(_`Image`, group("Image")),
      list(_`Annotations: seen and kept, never scored`, group("Annotations")),
      list(_`Proposed ROIs`, group("Proposed")),
    ),
  );
  return sheet;
}
