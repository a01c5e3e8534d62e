// What the browser would call the next ROI: node labels.mjs FOLDER_OF_MODULES CASES.json
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const { proposeLabel, SPINE_LEVELS } = await import(pathToFileURL(`${folder}/labels.js`).href);
const names = JSON.parse(readFileSync(file, "utf8")).map(({ at, rois, start }) => proposeLabel(at, rois, start));
process.stdout.write(JSON.stringify({ names, levels: SPINE_LEVELS }));
