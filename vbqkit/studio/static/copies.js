/** A ROI once more beside itself, or on another slice. */
import { _ } from "../../page/static/words.js";
import { add, center, dot, planeNormal, sub, times } from "./geometry.js";

/** @import { Studio } from "./studio.js" */

/** The selected ROI once more, beside itself. @param {Studio} studio */
export function duplicate(studio) {
  const { store } = studio;
  const roi = store.roi();
  if (!roi) return studio.say(_`Select a ROI first`);
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
  studio.say(_`Duplicated as ${store.roi()?.label || "ROI"}`);
}

/** The selected ROI onto the slice shown, along the normal. @param {Studio} studio */
export function bringHere(studio) {
  const { store } = studio;
  const roi = store.roi();
  if (!roi || roi.locked) return studio.say(roi ? _`${roi.label} is locked` : _`Select a ROI first`);
  const plane = store.plane(store.active);
  const n = planeNormal(plane);
  const shift = times(n, -dot(sub(center(roi), plane.origin), n));
  store.commit(store.changed(roi.id, (old) => store.shifted(old, shift, store.active, false)));
  studio.say(_`${roi.label || "ROI"} brought to slice ${store.slices[store.active] + 1}`);
}
