/**
 * Shapes and planes in patient millimetres (DICOM LPS). Pure functions; the same formulas as vbqkit/roi and
 * vbqkit/image.py.
 *
 * @import { Box, Plane, Polygon, Roi, RowCol, Shape, Sides, Vec, ViewOf } from "./wire.js"
 */

/** @type {(a: Vec, b: Vec) => Vec} */
export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
/** @type {(a: Vec, b: Vec) => Vec} */
export const sub = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
/** @type {(a: Vec, k: number) => Vec} */
export const times = (a, k) => [a[0] * k, a[1] * k, a[2] * k];
/** @type {(a: Vec, b: Vec) => number} */
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
/** @type {(a: Vec, b: Vec) => Vec} */
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
/** @type {(a: Vec) => number} */
export const norm = (a) => Math.sqrt(dot(a, a));
/** @type {(a: Vec) => Vec} */
export const unit = (a) => times(a, 1 / norm(a));

/** Pixel decisions are made on numbers rounded to 1e-9, so that rounding noise decides none (as in Python). */
export const snap = (/** @type {number} */ x) => Math.round(x * 1e9) / 1e9;

/** Slice `index` of a view. @param {ViewOf} view @param {number} index @returns {Plane} */
export function slicePlane(view, index) {
  const { row_step, col_step, rows, cols, reach_mm } = view;
  return { origin: add(view.origin, times(view.plane_step, index)), row_step, col_step, rows, cols, reach_mm, index };
}

/**
 * Slice whose plane is nearest to a point, and the unclipped index. Midway, to 0.001 mm, it is the one towards the
 * right, the front or the feet, as in Python (image.py). @param {ViewOf} view @param {Vec} p
 */
export function nearestSlice(view, p) {
  const d = sub(p, view.origin);
  const rc = cross(view.row_step, view.col_step);
  const step = view.plane_step;
  const exact = dot(d, rc) / dot(step, rc);
  const below = Math.floor(exact);
  const midway = Math.abs(exact - below - 0.5) * Math.hypot(...step) <= 1e-3;
  const largest = step.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  const nearest = below + Number(midway ? largest < 0 : exact - below >= 0.5);
  return { exact, index: Math.min(view.planes - 1, Math.max(0, nearest)) };
}

/** @param {Plane} plane @param {number} row @param {number} col @returns {Vec} */
export const toPatient = (plane, row, col) =>
  add(plane.origin, add(times(plane.row_step, row), times(plane.col_step, col)));

/** A vector in mm as steps in rows and columns. @param {Plane} plane @param {Vec} v @returns {RowCol} */
export const vectorToRowCol = (plane, v) => [
  dot(v, plane.row_step) / dot(plane.row_step, plane.row_step),
  dot(v, plane.col_step) / dot(plane.col_step, plane.col_step),
];

/** @param {Plane} plane @param {Vec} p @returns {RowCol} */
export const toRowCol = (plane, p) => vectorToRowCol(plane, sub(p, plane.origin));

/** @param {Plane} plane @returns {Vec} */
export const planeNormal = (plane) => unit(cross(plane.col_step, plane.row_step));

/** Area vector of a polygon: its length is the area. @param {Vec[]} points @returns {Vec} */
function areaVector(points) {
  /** @type {Vec} */
  let total = [0, 0, 0];
  for (let i = 0; i < points.length; i++)
    total = add(total, cross(sub(points[i], points[0]), sub(points[(i + 1) % points.length], points[0])));
  return times(total, 0.5);
}

/** Area in mm2. @param {Shape} roi */
export function area(roi) {
  if (roi.kind === "polygon") return norm(areaVector(roi.points));
  const sides = 4 * norm(roi.half_width) * norm(roi.half_height);
  return roi.kind === "rectangle" ? sides : (Math.PI * sides) / 4;
}

/** Center (of a polygon: of its area). @param {Shape} roi @returns {Vec} */
export function center(roi) {
  if (roi.kind !== "polygon") return roi.center;
  const p = roi.points;
  const a = areaVector(p);
  const n = unit(a);
  let [total, weight] = [/** @type {Vec} */ ([0, 0, 0]), 0];
  for (let i = 0; i < p.length; i++) {
    const [u, v] = [sub(p[i], p[0]), sub(p[(i + 1) % p.length], p[0])];
    const w = dot(cross(u, v), n) / 2;
    total = add(total, times(add(u, v), w / 3));
    weight += w;
  }
  return weight ? add(p[0], times(total, 1 / weight)) : p[0];
}

/** Unit vector perpendicular to the shape. @param {Shape} roi @returns {Vec} */
export const normal = (roi) =>
  unit(roi.kind === "polygon" ? areaVector(roi.points) : cross(roi.half_width, roi.half_height));

/**
 * The ROI with every point p replaced by f(p) and every vector v by g(v).
 * @param {Roi} roi @param {(p: Vec) => Vec} f @param {(v: Vec) => Vec} g @returns {Roi}
 */
function mapped(roi, f, g) {
  if (roi.kind === "polygon") return { ...roi, points: roi.points.map(f) };
  return { ...roi, center: f(roi.center), half_width: g(roi.half_width), half_height: g(roi.half_height) };
}

/** @param {Roi} roi @param {Vec} shift @returns {Roi} */
export const moved = (roi, shift) =>
  mapped(
    roi,
    (p) => add(p, shift),
    (v) => v,
  );

/** @param {Roi} roi @param {number} factor @returns {Roi} */
export function scaled(roi, factor) {
  const c = center(roi);
  return mapped(
    roi,
    (p) => add(c, times(sub(p, c), factor)),
    (v) => times(v, factor),
  );
}

/** Scaled about its center to an area in mm2. @param {Roi} roi @param {number} mm2 @returns {Roi} */
export const withArea = (roi, mm2) => scaled(roi, Math.sqrt(mm2 / area(roi)));

/**
 * Turned about its center, around the axis n (Rodrigues' formula).
 * @param {Roi} roi @param {number} angle @param {Vec} n @returns {Roi}
 */
export function rotated(roi, angle, n) {
  const [c, s, k] = [Math.cos(angle), Math.sin(angle), center(roi)];
  const turn = (/** @type {Vec} */ v) => add(add(times(v, c), times(cross(n, v), s)), times(n, dot(n, v) * (1 - c)));
  return mapped(roi, (p) => add(k, turn(sub(p, k))), turn);
}

/** The ROI as it lies on one series. @param {Roi} roi @param {string} key @returns {Roi} */
export const onSeries = (roi, key) => (roi.shifts[key] ? moved(roi, roi.shifts[key]) : roi);

/** Outline points in mm; `n` for a curve. @param {Shape} roi @param {number} [n] @returns {Vec[]} */
export function outline(roi, n = 64) {
  if (roi.kind === "polygon") return roi.points;
  const { center: c, half_width: u, half_height: v } = roi;
  const at = (/** @type {number} */ s, /** @type {number} */ t) => add(c, add(times(u, s), times(v, t)));
  if (roi.kind === "rectangle") return [at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)];
  return Array.from({ length: n }, (_, i) => at(Math.cos((2 * Math.PI * i) / n), Math.sin((2 * Math.PI * i) / n)));
}

/** A box on a plane between two corners. @param {Plane} plane @param {RowCol} a @param {RowCol} b @returns {Sides} */
export function boxBetween(plane, a, b) {
  const half = (/** @type {number} */ x) => Math.max(Math.abs(x), 1e-3) / 2;
  return {
    center: toPatient(plane, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2),
    half_width: times(plane.col_step, half(b[1] - a[1])),
    half_height: times(plane.row_step, half(b[0] - a[0])),
  };
}

/** Whether two sides of a closed outline that are not neighbours properly cross. @param {RowCol[]} p */
export function crossesItself(p) {
  const flat = 1e-12 * Math.max(...p.flatMap(([r, c]) => [Math.abs(r - p[0][0]), Math.abs(c - p[0][1])])) ** 2;
  const side = (/** @type {RowCol} */ a, /** @type {RowCol} */ b, /** @type {RowCol} */ x) => {
    const area = (b[0] - a[0]) * (x[1] - a[1]) - (b[1] - a[1]) * (x[0] - a[0]);
    return Math.abs(area) <= flat ? 0 : Math.sign(area);
  };
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i], p[(i + 1) % p.length]];
    for (let j = i + 1; j < p.length; j++) {
      const [c, d] = [p[j], p[(j + 1) % p.length]];
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
  }
  return false;
}

/**
 * Fewer points along a drawn line, none further than `tolerance` from it (Douglas and Peucker).
 * @param {RowCol[]} p @param {number} tolerance @returns {RowCol[]}
 */
export function simplified(p, tolerance) {
  if (p.length < 3) return p;
  const [a, b] = [p[0], p[p.length - 1]];
  const [dr, dc] = [b[0] - a[0], b[1] - a[1]];
  const length = Math.hypot(dr, dc);
  let [far, where] = [-1, 0];
  for (let i = 1; i < p.length - 1; i++) {
    const [r, c] = [p[i][0] - a[0], p[i][1] - a[1]];
    const d = length ? Math.abs(dr * c - dc * r) / length : Math.hypot(r, c);
    if (d > far) [far, where] = [d, i];
  }
  if (far <= tolerance) return [a, b];
  return [...simplified(p.slice(0, where + 1), tolerance).slice(0, -1), ...simplified(p.slice(where), tolerance)];
}

/**
 * A polygon with one corner more: number `at`, in the middle of a side.
 * @param {Polygon} roi @param {number} at @returns {Polygon}
 */
export function withCorner(roi, at) {
  const points = [...roi.points];
  points.splice(at, 0, times(add(points[at - 1], points[at % points.length]), 0.5));
  return { ...roi, points };
}

/** Distance of point x from the segment a-b. */
export function toSegment(/** @type {number[]} */ x, /** @type {number[]} */ a, /** @type {number[]} */ b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const t = Math.min(1, Math.max(0, ((x[0] - a[0]) * dx + (x[1] - a[1]) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x[0] - a[0] - t * dx, x[1] - a[1] - t * dy);
}

/**
 * A box with the handle `at` at a point, the opposite side staying; with a fixed area the other axis gives way.
 * @param {Box} roi the ROI as kept @param {Box} lying as it lies on the series
 * @param {[number, number]} at -1, 0, 1 on each axis @param {Vec} here
 * @param {boolean} [even] keeping its proportions @param {number|null} [fixedArea] cm2
 * @returns {Box}
 */
export function resized(roi, lying, at, here, even = false, fixedArea = null) {
  const { center: c, half_width: u, half_height: v } = lying;
  const smallest = 0.05;
  const axes = [u, v].map((axis) => ({ half: norm(axis), direction: unit(axis) }));
  const sizes = axes.map(({ half, direction }, i) => {
    if (!at[i]) return { half, shift: 0 };
    const reach = at[i] * dot(sub(here, c), direction);
    const grown = Math.max(smallest, (reach + half) / 2);
    return { half: grown, shift: at[i] * (grown - half) };
  });
  const circle = lying.kind === "ellipse" && Math.abs(axes[0].half - axes[1].half) < 1e-9 * axes[0].half;
  if (even || (circle && at[0] && at[1])) {
    const factor = Math.max(...[0, 1].filter((i) => at[i]).map((i) => sizes[i].half / axes[i].half));
    axes.forEach(({ half }, i) => {
      sizes[i] = { half: half * factor, shift: at[i] * half * (factor - 1) };
    });
  }
  if (fixedArea) {
    const i = at[0] ? 0 : 1;
    const product = (axes[0].half * axes[1].half * fixedArea * 100) / area(lying);
    sizes[1 - i] = { half: product / sizes[i].half, shift: 0 };
  }
  const [across, down] = axes.map(({ direction }, i) => times(direction, sizes[i].shift));
  return {
    ...roi,
    center: add(roi.center, add(across, down)),
    half_width: times(axes[0].direction, sizes[0].half),
    half_height: times(axes[1].direction, sizes[1].half),
  };
}
