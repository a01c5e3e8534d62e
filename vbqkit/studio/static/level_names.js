/** Other names for levels: the whole count moved up or down, or one level renamed on its chip. */
import { _ } from "../../page/static/words.js";
import { html } from "./dom.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { Roi } from "./wire.js"
 */

/** Move the count along the strip: every level's label goes one up or down. @param {Studio} studio @param {number} by */
export function recount(studio, by) {
  const { store } = studio;
  const { levels, rois } = store;
  const counted = (/** @type {Roi} */ { label }) =>
    levels.includes(label) ? levels[levels.indexOf(label) + by] : label;
  const last = rois.find((roi) => counted(roi) === undefined);
  if (last) return studio.say(_`${last.label} is at the end of the strip: rename it first`);
  store.commit(rois.map((roi) => (counted(roi) === roi.label ? roi : { ...roi, label: counted(roi) })));
  studio.say(by < 0 ? _`Counted one level higher` : _`Counted one level lower`);
}

/** Give a level of the strip another name, and its ROIs too. @param {Studio} studio @param {number} i @param {string} name */
function rename(studio, i, name) {
  const { store } = studio;
  const old = store.levels[i];
  store.commit(
    store.rois.map((roi) => (roi.label === old ? { ...roi, label: name } : roi)),
    store.levels.map((level, j) => (j === i ? name : level)),
  );
  studio.say(_`${old} is now called ${name}`);
}

/** A field in the place of a level's chip. @param {Studio} studio @param {HTMLElement} chip @param {number} i */
export function askName(studio, chip, i) {
  const { strip } = studio.toolbar;
  const old = studio.store.levels[i];
  const input = html("input", {
    class: "vbq-rename",
    value: old,
    size: 4,
    "aria-label": _`New name of ${old}`,
    maxlength: 12,
  });
  let open = true;
  const done = (/** @type {boolean} */ keep) => {
    if (!open) return;
    open = false;
    const name = input.value.trim();
    strip.chips.dataset.names = "";
    if (keep && name && name !== old) rename(studio, i, name);
    strip.draw();
  };
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    e.stopPropagation();
    if (e.key === "Enter") done(true);
    if (e.key === "Escape") done(false);
  });
  input.addEventListener("blur", () => done(true), { once: true });
  chip.replaceWith(input);
  input.focus();
  input.select();
}
