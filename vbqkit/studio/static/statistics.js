/**
 * What the pixels under a ROI say, and the scores: by the rules of vbqkit/roi and vbqkit/scores. Pure functions.
 *
 * @import { Box, Measured, Plane, Roi, Row, RowCol } from "./wire.js"
 */
import { _ } from "../../page/static/words.js";
import { area, center, dot, normal, outline, planeNormal, snap, sub, toRowCol, vectorToRowCol } from "./geometry.js";
import { fixed } from "./numbers.js";

export const MAX_TILT_DEG = 5;

/** Why a ROI does not lie on a plane, or "" if it does. @param {Roi} roi @param {Plane} plane */
export function offPlane(roi, plane) {
  const n = planeNormal(plane);
  const tilt = (Math.acos(Math.min(1, Math.abs(dot(normal(roi), n)))) * 180) / Math.PI;
  if (tilt > MAX_TILT_DEG) return _`on another plane: tilted by ${fixed(tilt, 1)} degrees`;
  const distance = Math.abs(dot(sub(center(roi), plane.origin), n));
  return distance > plane.reach_mm + 1e-3 ? _`${fixed(distance, 1)} mm from this slice` : "";
}

/** Why a ROI cannot be measured on a plane, or "" if it can be. @param {Roi} roi @param {Plane} plane */
export function refusal(roi, plane) {
  const reason = offPlane(roi, plane);
  if (reason) return reason;
  let beyond = 0;
  for (const p of outline(roi, 256)) {
    const [r, c] = toRowCol(plane, p);
    beyond = Math.max(beyond, -0.5 - r, -0.5 - c, r - plane.rows + 0.5, c - plane.cols + 0.5);
  }
  return beyond > 1e-6 ? _`reaches ${fixed(beyond, 1)} pixels beyond the image` : "";
}

/**
 * Indices (row * cols + col) of the pixels whose center is inside the ROI.
 * @param {Roi} roi @param {Plane} plane @returns {number[]}
 */
export function covered(roi, plane) {
  const corners = outline(roi, 256).map((p) => toRowCol(plane, p));
  const [rs, cs] = [corners.map((p) => p[0]), corners.map((p) => p[1])];
  const first = (/** @type {number[]} */ x) => Math.max(0, Math.floor(Math.min(...x) + 0.5 - 1e-9));
  const last = (/** @type {number[]} */ x, /** @type {number} */ size) =>
    Math.min(size, Math.ceil(Math.max(...x) + 0.5 + 1e-9));
  const [r0, r1, c0, c1] = [first(rs), last(rs, plane.rows), first(cs), last(cs, plane.cols)];
  /** @type {number[]} */
  const found = [];
  const inside = roi.kind === "polygon" ? inPolygon(corners) : inBox(roi, plane);
  for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) if (inside(r, c)) found.push(r * plane.cols + c);
  return found;
}

/** @param {Box} roi @param {Plane} plane */
function inBox(roi, plane) {
  const [row0, col0] = toRowCol(plane, roi.center);
  const [[ur, uc], [vr, vc]] = [vectorToRowCol(plane, roi.half_width), vectorToRowCol(plane, roi.half_height)];
  const det = ur * vc - uc * vr;
  return (/** @type {number} */ r, /** @type {number} */ c) => {
    const [dr, dc] = [r - row0, c - col0];
    const [s, t] = [snap((dr * vc - dc * vr) / det), snap((dc * ur - dr * uc) / det)];
    return roi.kind === "ellipse" ? snap(s * s + t * t) <= 1 : s >= -1 && s < 1 && t >= -1 && t < 1;
  };
}

/** Even-odd rule, half open, so that shared sides count once. @param {RowCol[]} corners */
export function inPolygon(corners) {
  const p = corners.map(([r, c]) => [snap(r), snap(c)]);
  return (/** @type {number} */ r, /** @type {number} */ c) => {
    let inside = false;
    for (let i = 0; i < p.length; i++) {
      const [[ra, ca], [rb, cb]] = [p[i], p[(i + 1) % p.length]];
      if (ra <= r !== rb <= r && c < ca + (r - ra) * ((cb - ca) / (rb - ra))) inside = !inside;
    }
    return inside;
  };
}

/** @param {ArrayLike<number>} sorted */
const middle = (sorted) => {
  const k = sorted.length >> 1;
  return sorted.length % 2 ? sorted[k] : (sorted[k - 1] + sorted[k]) / 2;
};

/**
 * Measure the signal under a ROI. SD with ddof = 1; NaN for one pixel.
 * @param {Roi} roi @param {Plane} plane @param {ArrayLike<number>} pixels
 * @param {{zero?: number, clip?: number|null}} [stored] the values that a stored 0 and the largest storable number have
 * @returns {Row}
 */
export function measure(roi, plane, pixels, stored = {}) {
  const { zero = 0, clip = null } = stored;
  const { id, label } = roi;
  const reason = refusal(roi, plane);
  if (reason) return { id, label, error: reason };
  const where = covered(roi, plane);
  if (!where.length) return { id, label, error: _`covers no pixel center: make it larger` };
  const values = Float64Array.from(where, (i) => pixels[i]);
  const n = values.length;
  let [sum, zeros, clipped, bad] = [0, 0, 0, 0];
  for (const x of values) {
    sum += x;
    zeros += +(x === zero);
    clipped += +(clip !== null && x >= clip);
    bad += +!Number.isFinite(x);
  }
  if (bad) return { id, label, error: _`covers ${bad} pixels that are not finite numbers` };
  const mean = sum / n;
  let squares = 0;
  for (const x of values) squares += (x - mean) ** 2;
  values.sort();
  return {
    id,
    label,
    n,
    mean,
    area_mm2: area(roi),
    median: middle(values),
    sd: n > 1 ? Math.sqrt(squares / (n - 1)) : NaN,
    min: values[0],
    max: values[n - 1],
    fraction_zero: zeros / n,
    fraction_clipped: clip === null ? NaN : clipped / n,
    slice_index: plane.index,
  };
}

/**
 * Counts in equal bins between the smallest and the largest value.
 * @param {ArrayLike<number>} values @param {number} [bins]
 */
export function histogram(values, bins = 24) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
  const counts = new Array(bins).fill(0);
  const width = (high - low) / bins || 1;
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i] - low) / width))]++;
  return { low, high, counts };
}

/** @param {number[]} x */
const median = (x) => middle([...x].sort((a, b) => a - b));
/** @param {number[]} x */
const average = (x) => x.reduce((a, b) => a + b, 0) / x.length;

/**
 * SNR of one ROI and its signal over that of CSF; null where it has none.
 * @param {{label: string, mean: number}} row
 * @param {number} [csf] mean of the CSF ROI @param {number} [noise] SD of the noise ROI
 */
export const ratios = ({ label, mean }, csf = NaN, noise = NaN) => ({
  snr: noise > 0 && label !== "noise" ? mean / noise : null,
  vbq: csf > 0 && label !== "CSF" && label !== "noise" ? mean / csf : null,
});

/**
 * The scores as they are known to the browser, by name; what cannot be computed is left out.
 * @param {{weighting: string, rows: Row[]}[]} views
 * @param {[mean: number, sd: number, ...rest: number[]] | null} reference of the M-score
 * @param {(key: string) => string[]} levels which levels go into a score
 */
export function scores(views, reference, levels) {
  /** @type {Map<string, Map<string, Measured>>} by weighting, then by label; the first of several counts */
  const tables = new Map();
  for (const { weighting, rows } of views) {
    if (tables.has(weighting)) continue;
    const table = new Map();
    for (const row of rows) if (row.error === undefined && !table.has(row.label)) table.set(row.label, row);
    tables.set(weighting, table);
  }
  const mean = (/** @type {string} */ weighting, /** @type {string} */ label) =>
    tables.get(weighting)?.get(label)?.mean ?? NaN;
  const means = (/** @type {string} */ weighting, /** @type {string} */ key) =>
    levels(key).map((level) => mean(weighting, level));
  /** @type {Record<string, number>} */
  const found = {};
  for (const weighting of ["T1", "T2", "STIR"]) {
    const [byMedian, byMean] = [`VBQ-${weighting} (median)`, `VBQ-${weighting} (mean)`];
    found[byMedian] = median(means(weighting, byMedian)) / mean(weighting, "CSF");
    found[byMean] = average(means(weighting, byMean)) / mean(weighting, "CSF");
  }
  found.SNR = average(means("T1", "SNR")) / (tables.get("T1")?.get("noise")?.sd ?? NaN);
  if (reference) found["M-score"] = (found.SNR - reference[0]) / reference[1];
  const key = "VBQ-T2-STIR";
  const marrow = average(means("T2", key)) - average(means("STIR", key));
  found[key] = marrow / (mean("T2", "CSF") - mean("STIR", "CSF"));
  return Object.fromEntries(Object.entries(found).filter(([, value]) => Number.isFinite(value)));
}
