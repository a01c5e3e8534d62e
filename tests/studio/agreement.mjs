// What the browser's own modules make of a file of cases: node agreement.mjs FOLDER_OF_MODULES CASES.json
// A case is one ROI to measure, or a set of ROIs on several series to score.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}`).href);
const { measure, covered, ratios, scores } = await load("statistics.js");
const { nearestSlice, slicePlane, center, onSeries } = await load("geometry.js");

function measured(view, roi, pixels) {
  const lying = onSeries(roi, view.key);
  const plane = slicePlane(view, nearestSlice(view, center(lying)).index);
  return { lying, plane, result: measure(lying, plane, pixels[plane.index], view) };
}

function one({ view, roi, pixels }) {
  const { lying, plane, result } = measured(view, roi, pixels);
  return { ...result, where: result.error ? [] : covered(lying, plane) };
}

function scored({ series, rois, reference, levels }, stacks) {
  const views = series.map(({ view, stack }) => ({
    weighting: view.weighting,
    rows: rois.map((roi) => measured(view, roi, stacks[stack]).result),
  }));
  const { rows } = views[0];
  const of = (label) => rows.find((row) => row.label === label && !row.error);
  return {
    scores: scores(views, reference, (key) => levels[key] ?? []),
    ratios: rows.map((row) => (row.error ? null : ratios(row, of("CSF")?.mean, of("noise")?.sd))),
  };
}

const { cases, stacks } = JSON.parse(readFileSync(file, "utf8"));
const answers = cases.map((each) => (each.series ? scored(each, stacks) : one(each)));
process.stdout.write(JSON.stringify(answers, (_, x) => (typeof x === "number" && !Number.isFinite(x) ? null : x)));
