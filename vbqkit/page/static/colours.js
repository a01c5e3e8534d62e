/**
 * Colours that people with every kind of colour vision tell apart (Okabe and Ito), and what the ROIs are drawn with:
 * colour and dash, a dash where a colour comes back. Python reads this file too (vbqkit/page/colours.py): what is
 * exported is JSON.
 */
export default {
  "okabe_ito": {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7"
  },
  "rois": {
    "T12": ["#56B4E9", "6 3"],
    "L1": ["#E69F00", ""],
    "L2": ["#56B4E9", ""],
    "L3": ["#009E73", ""],
    "L4": ["#F0E442", ""],
    "L5": ["#E69F00", "6 3"],
    "S1": ["#009E73", "6 3"],
    "CSF": ["#CC79A7", ""],
    "noise": ["#D55E00", ""]
  },
  "other_roi": ["#FFFFFF", "2 2"]
};
