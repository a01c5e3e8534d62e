/** What makes a ROI bad, in words, as it happens. */
import { _ } from "../../page/static/words.js";
import { area, onSeries, slicePlane } from "./geometry.js";
import { fixed } from "./numbers.js";
import { covered } from "./statistics.js";

export const FEW_PIXELS = 20; // below this the SD itself is uncertain by more than 16 %: 1 / sqrt(2 (n - 1))
export const EDGE_SHARE = 0.05;
export const EDGE_STEP = 0.15;
const AREA_TOLERANCE = 0.01;
const LEVEL = /^[TLS]\d+$/;

/**
 * @import { Store } from "./store.js"
 * @import { Roi, Row } from "./wire.js"
 */

/**
 * Share of a ROI's pixels where the signal changes by more than a given part of its mean within one pixel. The signal is
 * first averaged over 3 x 3 pixels of the ROI: noise must not look like an edge.
 * @param {number[]} where @param {ArrayLike<number>} pixels @param {number} cols @param {number} mean
 */
export function edgeShare(where, pixels, cols, mean) {
  const columns = where.map((i) => i % cols);
  const left = columns.reduce((a, b) => Math.min(a, b)) - 1;
  const width = columns.reduce((a, b) => Math.max(a, b)) - left + 2;
  const top = Math.floor(where[0] / cols) - 1;
  const at = (/** @type {number} */ i) => (Math.floor(i / cols) - top) * width + (i % cols) - left;
  const size = at(where[where.length - 1]) + 2 * width;
  const [sum, count] = [new Float64Array(size), new Float64Array(size)];
  for (const i of where) {
    for (let row = -width; row <= width; row += width)
      for (let j = at(i) + row - 1; j <= at(i) + row + 1; j++) {
        sum[j] += pixels[i];
        count[j]++;
      }
  }
  const inside = new Uint8Array(size);
  for (const i of where) inside[at(i)] = 1;
  const slope = (/** @type {number} */ a, /** @type {number} */ b) =>
    inside[a] && inside[b] ? (sum[b] / count[b] - sum[a] / count[a]) / 2 : 0;
  let steep = 0;
  for (const i of where) {
    const j = at(i);
    steep += +(Math.hypot(slope(j - 1, j + 1), slope(j - width, j + width)) > EDGE_STEP * Math.abs(mean));
  }
  return steep / where.length;
}

/**
 * Everything that is wrong with a ROI on a view.
 * @param {Store} store @param {Roi} roi @param {number} index @returns {string[]}
 */
export function marks(store, roi, index) {
  const result = store.measured(roi, index);
  if (!result) return [];
  const found = [...placeMarks(store, roi, index), ...pixelMarks(store, roi, index, result)];
  const { labels, usual, count } = siblings(store.counted);
  const twins = labels.get(roi.label) ?? 0;
  if (twins > 1 && roi.label) found.push(_`${twins} ROIs are called ${roi.label}: the first one counts`);
  if (!roi.label) found.push(_`has no label: press a digit, C or N`);
  if (LEVEL.test(roi.label) && count > 2 && Math.abs(area(roi) / usual - 1) > AREA_TOLERANCE)
    found.push(_`area ${fixed(area(roi) / 100, 2)} cm², its siblings have ${fixed(usual / 100, 2)} cm²`);
  return found;
}

/** Where a ROI lies, if not on the slice shown. @param {Store} store @param {Roi} roi @param {number} index */
export function elsewhere(store, roi, index) {
  const at = store.sliceOf(roi, index);
  return at === store.slices[index] ? [] : [_`not on this slice: it lies on slice ${at + 1}`];
}

/** What Python found about the place of a ROI, unless it has been moved since. @param {Store} store @param {Roi} roi @param {number} index */
function placeMarks(store, roi, index) {
  const checks = store.byPython()?.places?.[index] ?? [];
  return checks.filter(({ labels }) => labels.includes(roi.label)).map(({ text }) => text);
}

/** @typedef {{labels: Map<string, number>, usual: number, count: number}} Siblings */

/** @type {WeakMap<Roi[], Siblings>} once for each state of the ROIs, which is never changed in place */
const memo = new WeakMap();

/**
 * How often each label is there, and the area that ROIs of levels usually have.
 * @param {Roi[]} rois @returns {Siblings}
 */
function siblings(rois) {
  const before = memo.get(rois);
  if (before) return before;
  const labels = new Map();
  for (const { label } of rois) labels.set(label, 1 + (labels.get(label) ?? 0));
  const areas = rois
    .filter((roi) => LEVEL.test(roi.label))
    .map(area)
    .sort((a, b) => a - b);
  const found = { labels, usual: areas[areas.length >> 1], count: areas.length };
  memo.set(rois, found);
  return found;
}

/**
 * The marks that depend on the pixels only: kept as long as the ROI is the same.
 * @param {Store} store @param {Roi} roi @param {number} index @param {Row} result
 */
function pixelMarks(store, roi, index, result) {
  if (result.error !== undefined) return [result.error];
  const kept = store.marks.get(roi) ?? [];
  store.marks.set(roi, kept);
  if (kept[index]) return kept[index];
  const view = store.views[index];
  const pixels = store.cache.get(index, result.slice_index);
  if (!pixels) return [];
  const where = covered(onSeries(roi, view.key), slicePlane(view, result.slice_index));
  const found = [];
  const percent = (/** @type {number} */ x) => `${fixed(100 * x, x < 0.1 ? 1 : 0)} %`;
  if (result.n < FEW_PIXELS) found.push(_`only ${result.n} pixels: the SD is uncertain`);
  if (result.fraction_zero > 0)
    found.push(_`${percent(result.fraction_zero)} of the pixels are exactly zero: masked, not measured`);
  if (result.fraction_clipped > 0) found.push(_`${percent(result.fraction_clipped)} of the pixels are clipped`);
  if (roi.label !== "noise" && !roi.label.endsWith(" endplate")) {
    // an endplate is an edge
    const share = edgeShare(where, pixels, view.cols, result.mean);
    if (share > EDGE_SHARE) found.push(_`lies over an edge: steep gradient in ${percent(share)} of its pixels`);
  }
  const mask = store.airOn(index, result.slice_index);
  if (mask) {
    const outside = where.reduce((n, i) => n + mask[i], 0) / where.length;
    if (roi.label === "noise" && outside < 1)
      found.push(_`noise ROI is not all in free air: ${percent(1 - outside)} lies in the body or in artefact`);
    if (roi.label !== "noise" && outside > 0) found.push(_`${percent(outside)} lies outside the body`);
  }
  kept[index] = found;
  return found;
}
