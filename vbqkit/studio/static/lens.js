/** The magnifier beside what is dragged. */
import meanings from "../../page/static/meanings.js";
import { look } from "./colours.js";
import { context2d, set } from "./dom.js";

/** @import { View } from "./view.js" */

/** @param {View} view */
export function drawLens(view) {
  const shown = view.magnify && view.store.magnifier && view.pixels() ? view.pointer : null;
  set(view.lens, { hidden: !shown });
  if (!shown) return;
  const [px, py] = shown;
  const t = view.transform();
  const size = view.lens.width;
  const power = Math.max(3, 10 / t.kx);
  const context = context2d(view.lens);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = meanings.picture.ground;
  context.fillRect(0, 0, size, size);
  context.setTransform(power, 0, 0, power, size / 2 - px * power, size / 2 - py * power);
  context.imageSmoothingEnabled = false;
  context.drawImage(view.source, t.ox, t.oy, view.view.cols * t.kx, view.view.rows * t.ky);
  for (const roi of view.visible()) {
    if (roi !== view.draft && !view.onSlice(roi)) continue;
    context.strokeStyle = look(roi)[0];
    context.lineWidth = 1.5 / power;
    context.beginPath();
    for (const [x, y] of view.path(roi, t)) context.lineTo(x, y);
    if (!roi.open) context.closePath();
    context.stroke();
  }
  const left = px < view.size[0] / 2;
  view.lens.style.left = left ? "auto" : "8px";
  view.lens.style.right = left ? "8px" : "auto";
}
