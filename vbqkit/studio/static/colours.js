/** Colour and dash of ROIs. */
import colours from "../../page/static/colours.js";
import { waits } from "./origin.js";

/** @import { Roi } from "./wire.js" @type {Map<string, string[]>} */
const styles = new Map(Object.entries(colours.rois));

/** Colour and dash of a label. @param {string} label @returns {string[]} */
export const style = (label) => styles.get(label) ?? colours.other_roi;

/** Colour and dash of a ROI: white while it waits, dashed where it is doubtful. @param {Roi} roi @returns {string[]} */
export const look = (roi) => (waits(roi) ? [colours.other_roi[0], roi.proposal?.doubt ? "5 4" : ""] : style(roi.label));
