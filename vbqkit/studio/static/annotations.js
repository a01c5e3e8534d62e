/**
 * Lengths, angles and counts in patient millimetres (DICOM LPS): notes for the eye, which nothing scores. Pure functions;
 * tests/studio/test_annotations.py compares them with SimpleITK's physical points and with numpy.
 *
 * @import { Annotation, Plane, RowCol, Vec } from "./wire.js"
 */
import { add, cross, dot, norm, planeNormal, sub, times, toPatient, toRowCol, vectorToRowCol } from "./geometry.js";
import { fixed } from "./numbers.js";

/** How many points make one; a count has as many as there are bodies. */
export const POINTS = { probe: 1, ruler: 2, angle: 3, cobb: 4, count: 1 };

/** Levels in the order in which they are counted, from S1 towards the head. */
export const COUNTED = [
  "S1",
  ...[5, 4, 3, 2, 1].map((n) => `L${n}`),
  ...[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => `T${n}`),
];

/** A ROI this near to a counted body lies in it: less than half of the shortest step between levels, 25 mm. */
export const SAME_BODY_MM = 12;

/** Part of a step between two levels, from the middle of a body, that is still the body: the rest is the disc. */
const BODY_SHARE = 0.35;

/** Width of the window for marrow, by its level. */
const MARROW_WIDTH = 2.5;

/**
 * The window for marrow: the median of the medians of ROIs on the levels is mid-grey, and what has 2.25 times its signal
 * is white. Null without such a ROI. @param {number[]} medians @returns {[number, number] | null}
 */
export function marrowWindow(medians) {
  const sorted = [...medians].sort((a, b) => a - b);
  const k = sorted.length >> 1;
  const level = sorted.length % 2 ? sorted[k] : (sorted[k - 1] + sorted[k]) / 2;
  return level > 0 ? [level, MARROW_WIDTH * level] : null;
}

/** @param {Vec} a @param {Vec} b */
export const lengthMm = (a, b) => norm(sub(a, b));

/** Angle between two directions, 0 to 180 degrees. @param {Vec} u @param {Vec} v */
const betweenDeg = (u, v) => (Math.atan2(norm(cross(u, v)), dot(u, v)) * 180) / Math.PI;

/** Angle at b, between a and c. @param {Vec} a @param {Vec} b @param {Vec} c */
export const angleDeg = (a, b, c) => betweenDeg(sub(a, b), sub(c, b));

/** Angle between the lines a-b and c-d, 0 to 90 degrees, however they were drawn. @param {Vec[]} points */
export function cobbDeg([a, b, c, d]) {
  const angle = betweenDeg(sub(b, a), sub(d, c));
  return Math.min(angle, 180 - angle);
}

/** What an annotation says, once it has all its points; "" of probes and counts. @param {Pick<Annotation, "kind"|"points">} annotation */
export function words({ kind, points }) {
  const [a, b, c] = points;
  if (points.length < POINTS[kind]) return "";
  if (kind === "ruler") return `${fixed(lengthMm(a, b), 1)} mm`;
  if (kind === "angle") return `${fixed(angleDeg(a, b, c), 1)}°`;
  return kind === "cobb" ? `Cobb ${fixed(cobbDeg(points), 1)}°` : "";
}

/**
 * Where another slice cuts this one, within both pictures: the two ends in rows and columns of this one; null where it
 * does not. @param {Plane} plane @param {Plane} other @returns {[RowCol, RowCol] | null}
 */
export function cut(plane, other) {
  const n = planeNormal(other);
  // on this plane, the other one is where a * row + b * col + d = 0
  const [a, b] = [dot(plane.row_step, n), dot(plane.col_step, n)];
  const d = dot(sub(plane.origin, other.origin), n);
  const size = a * a + b * b;
  if (size < 1e-12) return null;
  /** @type {RowCol} */
  const start = [(-a * d) / size, (-b * d) / size];
  /** @type {RowCol} */
  const along = [-b, a];
  let [low, high] = [-Infinity, Infinity];
  /** Only where p + t * q >= 0. @param {number} p @param {number} q */
  const keep = (p, q) => {
    if (Math.abs(q) < 1e-12) high = p < 0 ? -Infinity : high;
    else if (q > 0) low = Math.max(low, -p / q);
    else high = Math.min(high, -p / q);
  };
  const step = add(times(plane.row_step, along[0]), times(plane.col_step, along[1]));
  const there = toRowCol(other, toPatient(plane, ...start));
  for (const [from, by, { rows, cols }] of /** @type {[RowCol, RowCol, Plane][]} */ ([
    [start, along, plane],
    [there, vectorToRowCol(other, step), other],
  ])) {
    [rows, cols].forEach((length, i) => {
      keep(from[i] + 0.5, by[i]);
      keep(length - 0.5 - from[i], -by[i]);
    });
  }
  /** @type {(t: number) => RowCol} */
  const at = (t) => [start[0] + t * along[0], start[1] + t * along[1]];
  return low < high ? [at(low), at(high)] : null;
}

/**
 * The level that a slice lies at, by the middles of bodies in their order along the spine: a body, the disc between two
 * of them ("L3/L4"), or "" beyond the last.
 * @param {Plane} plane @param {{label: string, at: Vec}[]} bodies
 */
export function levelAt(plane, bodies) {
  const n = planeNormal(plane);
  const sorted = [...bodies].sort((a, b) => b.at[2] - a.at[2]); // from the head
  const off = sorted.map(({ at }) => dot(sub(at, plane.origin), n));
  for (let i = 0; i + 1 < sorted.length; i++) {
    if (off[i] * off[i + 1] > 0) continue;
    const share = off[i] / (off[i] - off[i + 1] || 1);
    if (share <= BODY_SHARE) return sorted[i].label;
    return share >= 1 - BODY_SHARE ? sorted[i + 1].label : `${sorted[i].label}/${sorted[i + 1].label}`;
  }
  const nearest = off.findIndex((x) => Math.abs(x) <= SAME_BODY_MM);
  return nearest < 0 ? "" : sorted[nearest].label;
}
