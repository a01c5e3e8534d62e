/** What waits for the reader: asked for and accepted. */
import { _ } from "../../page/static/words.js";
import { html, set, setText } from "./dom.js";
import { unnamed } from "./origin.js";

/**
 * @import { Store } from "./store.js"
 * @import { Roi } from "./wire.js"
 */

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
    title: _`Levels, CSF and noise on the middle slice; nothing counts until you accept it (Q)`,
    onclick: () => propose(store),
  });
  const draw = () => {
    const { looking } = store;
    const part = looking && looking.total > 1 ? _` ${looking.done + 1} of ${looking.total}` : "";
    setText(button, looking ? _`Looking${part} … stop` : _`Propose ROIs`);
    set(button, { "aria-busy": String(!!looking) });
  };
  store.on("proposing", draw);
  draw();
  return button;
}
