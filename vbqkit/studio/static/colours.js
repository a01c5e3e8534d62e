/** Colour and dash of ROIs. */
import colours from "../../page/static/colours.js";

/** @type {Map<string, string[]>} */
const styles = new Map(Object.entries(colours.rois));

/** Colour and dash of a label. @param {string} label @returns {string[]} */
export const style = (label) => styles.get(label) ?? colours.other_roi;
