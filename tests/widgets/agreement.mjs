// Measures every case of a file by the browser's own modules: node agreement.mjs STATIC_FOLDER CASES.json
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, cases] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}`).href);
const { measure, covered, scores } = await load("statistics.js");
const { nearestSlice, slicePlane, center, onSeries } = await load("geometry.js");
const answers = JSON.parse(readFileSync(cases, "utf8")).map(({ view, roi, pixels }) => {
  const lying = onSeries(roi, view.key);
  const { index } = nearestSlice(view, center(lying));
  const plane = slicePlane(view, index);
  const result = measure(lying, plane, pixels[index], view);
  return { ...result, where: result.error ? [] : covered(lying, plane) };
});
void scores;
process.stdout.write(JSON.stringify(answers, (_, x) => (typeof x === "number" && !Number.isFinite(x) ? null : x)));
