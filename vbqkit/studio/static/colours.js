/** Colours of ROIs: Okabe and Ito's set, which colour-blind readers tell apart; a dash where a colour comes back. */
const LEVEL = {
  T12: ["#56b4e9", "6 3"],
  L1: ["#e69f00", ""],
  L2: ["#56b4e9", ""],
  L3: ["#009e73", ""],
  L4: ["#f0e442", ""],
  L5: ["#e69f00", "6 3"],
  S1: ["#009e73", "6 3"],
  CSF: ["#cc79a7", ""],
  noise: ["#d55e00", ""],
};

/** Colour and dash of a label. @param {string} label @returns {string[]} */
export const style = (label) => LEVEL[label] ?? ["#ffffff", "2 2"];
