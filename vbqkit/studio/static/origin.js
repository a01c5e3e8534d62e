/** Which ROIs wait for the reader, and which count. Pure functions. @import { Roi } from "./wire.js" */
import { _ } from "../../page/static/words.js";
import { fixed } from "./numbers.js";

/** Whether a ROI waits for the reader. @param {Roi} roi */
export const waits = (roi) => !!roi.proposal && !roi.proposal.accepted;

/** Whether a label is that of a body without a name. @param {string} label */
export const unnamed = (label) => /^body \d+$/.test(label);

const PLACE = ["center", "half_width", "half_height", "points", "shifts"];

/**
 * ROIs after a change: one that waited and was moved, resized or turned counts from now on.
 * @param {Roi[]} rois @param {Roi[]} before
 */
export function corrected(rois, before) {
  return rois.map((roi) => {
    const { id, proposal } = roi;
    if (!proposal || proposal.accepted) return roi;
    const now = new Map(Object.entries(roi));
    const old = Object.entries(before.find((one) => one.id === id) ?? {});
    const moved = old.some(([key, value]) => PLACE.includes(key) && now.get(key) !== value);
    return moved ? { ...roi, proposal: { ...proposal, accepted: true } } : roi;
  });
}

/** A ROI that waits, in words. @param {Roi} roi */
export function describe(roi) {
  const { confidence, doubt } = roi.proposal ?? { confidence: 0, doubt: "" };
  return _`${roi.label}, proposed with confidence ${fixed(confidence, 2)}` + (doubt && _`. Look twice: ${doubt}`);
}
