/** What makes a ROI bad, in words, as it happens. */
import { area, onSeries, slicePlane } from "./geometry.js";
import { covered } from "./statistics.js";

export const FEW_PIXELS = 20; // below this the SD itself is uncertain by more than 16 %: 1 / sqrt(2 (n - 1))
export const EDGE_SHARE = 0.05;
export const EDGE_STEP = 0.25;
const AREA_TOLERANCE = 0.01;
const LEVEL = /^[TLS]\d+$/;

/** @typedef {import("./geometry.js").Roi} Roi @typedef {import("./store.js").Store} Store */

/** Share of a ROI's pixels where the signal changes by more than a quarter of its mean within one pixel. */
export function edgeShare(
  /** @type {number[]} */ where,
  /** @type {ArrayLike<number>} */ pixels,
  /** @type {number} */ cols,
  /** @type {number} */ mean,
) {
  const inside = new Set(where);
  let steep = 0;
  for (const i of where) {
    const slope = (/** @type {number} */ a, /** @type {number} */ b) =>
      inside.has(a) && inside.has(b)
        ? (pixels[b] - pixels[a]) / 2
        : inside.has(b)
          ? pixels[b] - pixels[i]
          : inside.has(a)
            ? pixels[i] - pixels[a]
            : 0;
    steep += +(Math.hypot(slope(i - 1, i + 1), slope(i - cols, i + cols)) > EDGE_STEP * Math.abs(mean));
  }
  return steep / where.length;
}

/** Everything that is wrong with a ROI on a view. @param {Store} store @param {Roi} roi @param {number} index @returns {string[]} */
export function marks(store, roi, index) {
  const result = store.measured(roi, index);
  if (!result) return [];
  const found = [...pixelMarks(store, roi, index, result)];
  const { labels, usual, known } = siblings(store);
  const twins = labels.get(roi.label) ?? 0;
  if (twins > 1 && roi.label) found.push(`${twins} ROIs are called ${roi.label}: the first one counts`);
  if (!roi.label) found.push("has no label: press a digit, C or N");
  if (LEVEL.test(roi.label) && known > 2 && Math.abs(area(roi) / usual - 1) > AREA_TOLERANCE)
    found.push(`area ${(area(roi) / 100).toFixed(2)} cm², its siblings have ${(usual / 100).toFixed(2)} cm²`);
  const at = store.sliceOf(roi, index);
  if (at !== store.slices[index]) found.push(`not on this slice: it lies on slice ${at + 1}`);
  return found;
}

/** How often each label is there, and the area that ROIs of levels usually have: once for each state of the ROIs. */
function siblings(/** @type {Store} */ store) {
  if (store.siblings?.of !== store.rois) {
    const labels = new Map();
    for (const { label } of store.rois) labels.set(label, 1 + (labels.get(label) ?? 0));
    const areas = store.rois
      .filter((roi) => LEVEL.test(roi.label))
      .map(area)
      .sort((a, b) => a - b);
    store.siblings = { of: store.rois, labels, usual: areas[areas.length >> 1], known: areas.length };
  }
  return store.siblings;
}

/** The marks that depend on the pixels only: kept as long as the ROI is the same. */
function pixelMarks(
  /** @type {Store} */ store,
  /** @type {Roi} */ roi,
  /** @type {number} */ index,
  /** @type {any} */ result,
) {
  if (result.error) return [result.error];
  if (!store.marks.has(roi)) store.marks.set(roi, []);
  const known = store.marks.get(roi);
  if (known[index]) return known[index];
  const view = store.views[index];
  const pixels = store.cache.get(index, result.slice_index);
  if (!pixels) return [];
  const where = covered(onSeries(roi, view.key), slicePlane(view, result.slice_index));
  const found = [];
  const percent = (/** @type {number} */ x) => `${(100 * x).toFixed(x < 0.1 ? 1 : 0)} %`;
  if (result.n < FEW_PIXELS) found.push(`only ${result.n} pixels: the SD is uncertain`);
  if (result.fraction_zero > 0)
    found.push(`${percent(result.fraction_zero)} of the pixels are exactly zero: masked, not measured`);
  if (result.fraction_clipped > 0) found.push(`${percent(result.fraction_clipped)} of the pixels are clipped`);
  if (roi.label !== "noise") {
    const share = edgeShare(where, pixels, view.cols, result.mean);
    if (share > EDGE_SHARE) found.push(`lies over an edge: steep gradient in ${percent(share)} of its pixels`);
  }
  const mask = store.airOn(index, result.slice_index);
  if (mask) {
    const outside = where.reduce((n, i) => n + mask[i], 0) / where.length;
    if (roi.label === "noise" && outside < 1)
      found.push(`noise ROI is not all in free air: ${percent(1 - outside)} lies in the body or in artefact`);
    if (roi.label !== "noise" && outside > 0) found.push(`${percent(outside)} lies outside the body`);
  }
  return (known[index] = found);
}
