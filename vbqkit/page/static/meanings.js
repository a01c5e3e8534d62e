/**
 * What a colour stands for: on the page (ink, rules, good, wrong; others in the dark theme), on a picture (its letters,
 * notes, reference lines), and of structures of the body. No other file of the package names a colour by its number,
 * but colours.js beside this one. Python reads it too (vbqkit/page/colours.py): what is exported is JSON.
 */
export default {
  "page": {
    "ink": "#111111",
    "soft_ink": "#444444",
    "quiet": "#595959",
    "rule": "#BDBDBD",
    "soft_rule": "#E4E4E4",
    "paper": "#FFFFFF",
    "shade": "#EEEEEE",
    "accent": "#0B5CAD",
    "good": "#00694E",
    "wrong": "#A63C00",
    "warn": "#8A4B00",
    "bad": "#A3161C",
    "on_colour": "#FFFFFF",
    "chosen": "#FDE3B0",
    "banner": "#8A1C00"
  },
  "dark_page": { "accent": "#7CC0FF", "accent_ground": "#1F6FBF", "warn": "#FFC267", "bad": "#FF9C9C" },
  "structures": { "endplate": "#7F7F7F", "spinal cord": "#8B5A9F" },
  "picture": {
    "ground": "#000000",
    "ink": "#FFFFFF",
    "soft_ink": "#DDDDDD",
    "mark": "#FFD479",
    "focus": "#7CC0FF",
    "note": "#FFE97A",
    "reference": "#9AD0FF",
    "doubt": "#FF9C9C",
    "chosen": "#FF5C5C"
  }
};
