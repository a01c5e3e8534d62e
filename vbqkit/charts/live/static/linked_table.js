/**
 * A table whose rows can be chosen: by click, with shift for a range, or by keyboard through the boxes.
 *
 * @import { Rendering } from "../../../page/static/anywidget.js"
 * @typedef {{columns: string[], rows: string[][], selected: number[]}} Traits
 */

/**
 * Rows chosen after a click: the row alone is turned on or off; with shift, everything from the last one to it is
 * turned on.
 * @param {number[]} selected
 * @param {number} row
 * @param {number | null} last
 * @param {boolean} range
 * @returns {number[]} in ascending order
 */
export function afterClick(selected, row, last, range) {
  const chosen = new Set(selected);
  if (range && last !== null) {
    for (let k = Math.min(row, last); k <= Math.max(row, last); k += 1) chosen.add(k);
  } else if (!chosen.delete(row)) {
    chosen.add(row);
  }
  return [...chosen].sort((a, b) => a - b);
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, string>} [attributes] @param {string} [text]
 */
function node(tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** @param {Rendering<Traits>} rendering */
function render({ model, el }) {
  let last = /** @type {number | null} */ (null);
  const box = node("div", { class: "vbq-linked" });
  const count = node("p", { "aria-live": "polite" });
  const clear = node("button", { type: "button" }, "Clear selection");
  const bar = node("div", { class: "vbq-linked-bar" });
  bar.append(count, clear);
  const scroll = node("div", { class: "vbq-linked-scroll", tabindex: "0", role: "region", "aria-label": "Table" });
  const table = node("table");
  scroll.append(table);
  box.append(bar, scroll);
  el.append(box);
  let lines = /** @type {{line: HTMLTableRowElement, tick: HTMLInputElement}[]} */ ([]);

  function choose(/** @type {number[]} */ rows) {
    model.set("selected", rows);
    model.save_changes();
    mark(false);
  }

  function build() {
    const head = node("thead");
    const top = node("tr");
    top.append(node("th", { scope: "col" }, "✓"));
    for (const column of model.get("columns")) top.append(node("th", { scope: "col" }, column));
    head.append(top);
    const body = node("tbody");
    lines = model.get("rows").map((cells, row) => {
      const line = node("tr");
      const tick = node("input", { type: "checkbox", "aria-label": `Select row ${row + 1}: ${cells[0]}` });
      const first = node("td");
      first.append(tick);
      line.append(first, ...cells.map((cell) => node("td", {}, cell)));
      line.addEventListener("click", (event) => {
        choose(afterClick(model.get("selected"), row, last, event.shiftKey));
        last = row;
      });
      body.append(line);
      return { line, tick };
    });
    table.replaceChildren(head, body);
    mark(false);
  }

  function mark(/** @type {boolean} */ jump) {
    const chosen = new Set(model.get("selected"));
    lines.forEach(({ line, tick }, row) => {
      line.setAttribute("aria-selected", String(chosen.has(row)));
      tick.checked = chosen.has(row);
    });
    count.textContent = `${chosen.size} of ${lines.length} rows selected`;
    clear.disabled = chosen.size === 0;
    const first = lines[Math.min(...chosen)];
    if (jump && first) scroll.scrollTop = first.line.offsetTop - (table.tHead?.offsetHeight ?? 0);
  }

  const follow = () => mark(true);
  clear.addEventListener("click", () => choose([]));
  model.on("change:rows", build);
  model.on("change:columns", build);
  model.on("change:selected", follow);
  build();
  return () => {
    model.off("change:rows", build);
    model.off("change:columns", build);
    model.off("change:selected", follow);
  };
}

export default { render };
