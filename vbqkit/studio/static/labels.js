/**
 * What to call the next ROI: from its place among the ROIs that are there, by the rules of vbqkit/scores/level_names.py.
 * Pure functions; tests/studio/test_labels.py compares the two.
 *
 * @import { Roi, Vec } from "./wire.js"
 * @typedef {[number, number]} Place behind and below the origin, mm
 * @typedef {[number, Place]} Level number from head to foot, and place
 */
import { center } from "./geometry.js";

/** Vertebrae from head to foot, as in vbqkit/roi/labels.py. */
export const SPINE_LEVELS = ["T11", "T12", "L1", "L2", "L3", "L4", "L5", "S1", "S2"];
/** Proposed where the place does not decide: the reader must say. */
export const UNSURE = "?";

const STEP_MM = [25, 45];
const BETWEEN_SHARE = 0.3;
const BEHIND_MM = [12, 45];
const NEXT_SHARE = [0.7, 1.4];
const WIDEST_GAP = 3;
const SACRUM_BACK_MM = 17;
const AWAY_MM = 60;

const distance = (/** @type {Place} */ a, /** @type {Place} */ b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Neighbours in a list. @template T @param {T[]} list @returns {[T, T][]} */
const pairs = (list) => list.slice(1).map((item, k) => [list[k], item]);

/**
 * The label of the next ROI. `start` is what the first level is called, as the reader says: nothing in its place tells.
 * @param {Vec} at @param {Roi[]} rois @param {string} [start] @returns {string}
 */
export function proposeLabel(at, rois, start = UNSURE) {
  const used = new Set(rois.map((roi) => roi.label));
  const free = (/** @type {string} */ label) => (used.has(label) ? UNSURE : label);
  const levels = rois
    .filter((roi) => SPINE_LEVELS.includes(roi.label))
    .map((roi) => {
      const c = center(roi);
      return /** @type {Level} */ ([SPINE_LEVELS.indexOf(roi.label), [c[1], -c[2]]]);
    })
    .sort((a, b) => a[0] - b[0] || a[1][0] - b[1][0] || a[1][1] - b[1][1]);
  /** @type {Place} */
  const place = [at[1], -at[2]];
  if (!levels.length) return free(start);
  if (pairs(levels).some(([a, b]) => a[0] === b[0] || a[1][1] >= b[1][1])) return UNSURE;
  const [behind, isBeside] = beside(place, levels);
  if (Math.abs(behind) > AWAY_MM) return free("noise");
  if (isBeside && BEHIND_MM[0] < behind && behind < BEHIND_MM[1]) return free("CSF");
  if (!isBeside && behind > BEHIND_MM[0] && !used.has("CSF")) return UNSURE; // a level or, some levels further on, the sac
  const number = levelNumber(place, levels);
  return number === null || !SPINE_LEVELS[number] ? UNSURE : free(SPINE_LEVELS[number]);
}

/** How far a place lies behind the line through the levels, and whether it is beside them. @param {Place} place @param {Level[]} levels @returns {[number, boolean]} */
function beside([back, down], levels) {
  const [[first, top], [last, bottom]] = [levels[0], levels[levels.length - 1]];
  const sacrum = SPINE_LEVELS.indexOf("S1");
  if (down <= top[1]) {
    const behind = back - top[0];
    return [behind + SACRUM_BACK_MM * Math.max(0, first - sacrum + 1), Math.abs(behind) > top[1] - down];
  }
  if (down >= bottom[1]) {
    const behind = back - bottom[0];
    return [behind - SACRUM_BACK_MM * Number(last >= sacrum - 1), Math.abs(behind) > down - bottom[1]];
  }
  for (const [[number, above], [other, below]] of pairs(levels)) {
    if (above[1] <= down && down <= below[1]) {
      const share = (down - above[1]) / (below[1] - above[1]);
      return [back - (above[0] + share * (below[0] - above[0])), other - number <= WIDEST_GAP];
    }
  }
  return [0, false];
}

/** Number of the level at a place; null where it is ambiguous. @param {Place} place @param {Level[]} levels @returns {number|null} */
function levelNumber(place, levels) {
  const [[first, top], [last, bottom]] = [levels[0], levels[levels.length - 1]];
  if (place[1] < top[1]) return isNext(distance(place, top), levels) ? first - 1 : null;
  if (place[1] > bottom[1]) return isNext(distance(place, bottom), levels) ? last + 1 : null;
  for (const [[number, above], [other, below]] of pairs(levels)) {
    if (above[1] <= place[1] && place[1] <= below[1]) {
      const share = ((place[1] - above[1]) / (below[1] - above[1])) * (other - number);
      const steps = Math.floor(share + 0.5);
      const near = Math.abs(share - steps) <= BETWEEN_SHARE && other - number <= WIDEST_GAP;
      return near && steps > 0 && steps < other - number ? number + steps : null;
    }
  }
  return null;
}

/** Whether a place beyond the last level is one step from it. @param {number} mm @param {Level[]} levels */
function isNext(mm, levels) {
  if (levels.length === 1) return STEP_MM[0] <= mm && mm <= STEP_MM[1];
  const steps = pairs(levels).map(([a, b]) => distance(a[1], b[1]) / (b[0] - a[0]));
  const step = steps.reduce((sum, each) => sum + each, 0) / steps.length;
  return NEXT_SHARE[0] * step <= mm && mm <= NEXT_SHARE[1] * step;
}
