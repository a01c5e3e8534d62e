// What the browser's own modules make of annotations and slices: node annotations.mjs FOLDER_OF_MODULES CASES.json
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}`).href);
const { angleDeg, cobbDeg, COUNTED, cut, lengthMm, levelAt, marrowWindow, words } = await load("annotations.js");
const { slicePlane, toPatient } = await load("geometry.js");
const { KEYS } = await load("keyboard.js");

const { lengths, angles, cobbs, cuts, levels, medians, keys } = JSON.parse(readFileSync(file, "utf8"));
const answer = {
  lengths: lengths?.map(({ view, index, from, to }) => {
    const plane = slicePlane(view, index);
    const points = [from, to].map(([r, c]) => toPatient(plane, r, c));
    return [lengthMm(...points), words({ kind: "ruler", points })];
  }),
  angles: angles?.map((points) => [angleDeg(...points), words({ kind: "angle", points })]),
  cobbs: cobbs?.map((points) => cobbDeg(points)),
  cuts: cuts?.map(([one, k, other, j]) => cut(slicePlane(one, k), slicePlane(other, j))),
  levels: levels?.map(({ view, index, bodies }) => levelAt(slicePlane(view, index), bodies)),
  windows: medians?.map((values) => marrowWindow(values)),
  counted: COUNTED,
  keys: keys && KEYS.map(([group, names, what]) => [group, names, what]),
};
process.stdout.write(JSON.stringify(answer));
