/** The readout beside the image: a table of ROIs, the scores, the selected ROI with its histogram. */
import { _ } from "../../page/static/words.js";
import { style } from "./colours.js";
import { html, set, setText, svg } from "./dom.js";
import { onSeries, slicePlane } from "./geometry.js";
import { elsewhere, marks } from "./marks.js";
import { fixed, short } from "./numbers.js";
import { covered, histogram, ratios } from "./statistics.js";

/**
 * @import { Store } from "./store.js"
 * @import { Measured, Row, ScoreRow } from "./wire.js"
 * @typedef {ReturnType<Panel["makeLine"]> & {state?: unknown[]}} Line one row of the table, and what it was made of
 */

/** @type {[key: string, name: string, title: string][]} */
const COLUMNS = [
  ["mean", _`mean`, _`mean signal, UNIT`],
  ["median", _`median`, _`median signal, UNIT`],
  ["sd", "SD", _`standard deviation (n - 1), UNIT`],
  ["snr", "SNR", _`mean / SD of the noise ROI`],
  ["vbq", "VBQ", _`mean / mean of the CSF ROI`],
  ["area_cm2", "cm²", _`area as drawn`],
  ["n", "n", _`pixels whose center is inside`],
];

/** @type {("mean"|"median"|"sd"|"n")[]} numbers that the browser and Python must agree on */
const COMPARED = ["mean", "median", "sd", "n"];

/** The row itself if it was measured. @param {Row|undefined} row @returns {Measured|undefined} */
const measured = (row) => (row && row.error === undefined ? row : undefined);

/** @param {string} key @param {number} value */
const digits = (key, value) => (key === "n" ? String(value) : key === "area_cm2" ? fixed(value, 2) : short(value));

export class Panel {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.lines = /** @type {Map<string, Line>} */ (new Map());
    this.frame = 0;
    this.shownFaults = ""; // the faults on the page
    this.body = html("tbody");
    const { blind } = store.options;
    this.columns = blind ? COLUMNS.slice(-2) : COLUMNS; // no signal
    this.heads = this.columns.map(([, name]) => html("th", { scope: "col" }, name));
    this.table = html(
      "table",
      { class: "vbq-table" },
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "ROI"), ...this.heads)),
      this.body,
    );
    this.caption = html("div", { class: "vbq-caption" });
    this.empty = html(
      "p",
      { class: "vbq-empty" },
      store.options.propose
        ? _`No ROI yet. Choose a shape above and draw on the image, or press B and drag, or Q to have ROIs proposed.`
        : _`No ROI yet. Choose a shape above and draw on the image, or press B and drag.`,
    );
    this.none = html("p", { class: "vbq-empty vbq-why-none" });
    this.scoreList = html("div", { class: "vbq-scores", role: "group", "aria-label": _`Scores` });
    this.detail = html("div", { class: "vbq-detail", "aria-label": _`Selected ROI` });
    this.bars = svg("svg", { class: "vbq-histogram", viewBox: "0 0 240 56", role: "img", preserveAspectRatio: "none" });
    this.range = html("div", { class: "vbq-range" });
    this.numbers = html("div", { class: "vbq-numbers" });
    this.faults = html("ul", { class: "vbq-faults" });
    if (!blind) this.detail.append(this.numbers, this.bars, this.range);
    this.detail.append(this.faults);
    this.element = html(
      "div",
      { class: "vbq-panel", role: "region", "aria-label": _`Readout` },
      this.caption,
      html("div", { class: "vbq-scroll" }, this.table, this.empty),
      this.none,
      blind ? "" : this.scoreList,
      this.detail,
    );
    store.on("rois selection active tool views", () => this.redraw());
    store.on("slice pixels", () => requestAnimationFrame(() => this.redraw())); // the picture first
    store.on("measured", () => {
      // at once: there is time before the next frame
      this.dispose();
      this.frame = 0;
      this.draw();
    });
    this.redraw();
  }

  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  dispose() {
    cancelAnimationFrame(this.frame);
  }

  draw() {
    const { store } = this;
    if (!store.views.length) return;
    const browser = store.rows(store.active);
    const python = store.byPython();
    const byId = new Map((python?.views?.[store.active] ?? []).map((row) => [row.id, row]));
    const rows = browser.map((row) => measured(byId.get(row.id)) ?? row);
    this.element.dataset.source = python ? "python" : "browser";
    const { title, unit } = store.views[store.active];
    this.columns.forEach(([, , words], j) => {
      set(this.heads[j], { title: words.replace("UNIT", unit) });
    });
    const ofSignal = unit === "a.u."; // HU have neither noise nor CSF to be divided by
    setText(
      this.caption,
      `${title}${ofSignal ? "" : ` (${unit})`}: ${python ? _`measured by Python` : _`measured by the browser`}`,
    );
    this.empty.hidden = store.rois.length > 0;
    const find = (/** @type {string} */ label) => measured(rows.find((row) => row.label === label && measured(row)));
    this.drawRows(rows, ofSignal ? find("CSF")?.mean : undefined, ofSignal ? find("noise")?.sd : undefined);
    if (python) this.compare(byId, browser);
    const why = store.model.get("_measured").why_none ?? "";
    setText(this.none, why);
    this.none.hidden = !why;
    this.drawScores(store.scores());
    this.drawDetail(rows, browser);
  }

  drawRows(/** @type {Row[]} */ rows, /** @type {number|undefined} */ csf, /** @type {number|undefined} */ noise) {
    const found = new Set();
    rows.forEach((row, i) => {
      const roi = this.store.counted[i];
      found.add(roi.id);
      /** @type {Line} */
      const line = this.lines.get(roi.id) ?? this.makeLine(roi.id);
      this.lines.set(roi.id, line);
      if (this.body.children[i] !== line.row) this.body.insertBefore(line.row, this.body.children[i] ?? null);
      const [colour, dash] = style(roi.label);
      const faults = marks(this.store, roi, this.store.active);
      const state = [roi, row, csf, noise, roi.id === this.store.selected, faults.join()];
      if (line.state?.every((x, k) => x === state[k])) return;
      line.state = state;
      set(line.row, {
        "aria-selected": String(roi.id === this.store.selected),
        "data-label": roi.label,
        "data-roi": roi.id,
      });
      line.swatch.style.borderColor = colour;
      line.swatch.style.borderStyle = dash ? "dashed" : "solid";
      setText(line.name, (roi.label || "?") + (roi.locked ? " 🔒" : "") + (roi.hidden ? _` (hidden)` : ""));
      if (row.origin || !roi.proposal) {
        set(line.origin, { title: row.origin });
        setText(line.origin, row.origin?.split(":")[0] ?? "");
      }
      set(line.mark, { hidden: !faults.length, title: faults.join("\n"), "aria-label": faults.join(". ") });
      /** @type {Record<string, unknown>} */
      const values =
        row.error === undefined ? { ...row, ...ratios(row, csf, noise), area_cm2: row.area_mm2 / 100 } : {};
      this.columns.forEach(([key], j) => {
        const value = values[key];
        set(line.cells[j], { "data-key": key, "data-value": value ?? "", title: row.error ?? "" });
        setText(line.cells[j], typeof value === "number" ? digits(key, value) : "–");
      });
    });
    for (const [id, line] of this.lines)
      if (!found.has(id)) {
        line.row.remove();
        this.lines.delete(id);
      }
  }

  makeLine(/** @type {string} */ id) {
    const [swatch, name, origin, mark] = [
      html("span", { class: "vbq-swatch" }),
      html("span"),
      html("small", { class: "vbq-origin" }),
      html("span", { class: "vbq-mark", role: "img" }, "⚠"),
    ];
    const cells = this.columns.map(() => html("td"));
    const show = () => {
      const roi = this.store.roi(id);
      if (roi) this.store.show(roi);
    };
    const button = html("button", { type: "button", class: "vbq-pick", onclick: show }, swatch, name, origin);
    const row = html("tr", { onclick: show }, html("th", { scope: "row" }, button, mark), ...cells);
    return { row, swatch, name, origin, mark, cells };
  }

  /** The browser's numbers and Python's must be the same: say so if they are not. */
  compare(/** @type {Map<string, Row>} */ byId, /** @type {Row[]} */ browser) {
    const apart = (/** @type {number} */ a, /** @type {number} */ b) =>
      Math.abs(a - b) > 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-300);
    const bad = browser.find((row) => {
      const [here, exact] = [measured(row), measured(byId.get(row.id))];
      return here && exact && COMPARED.some((key) => exact[key] != null && apart(here[key], exact[key]));
    });
    this.caption.classList.toggle("vbq-apart", !!bad);
    if (bad)
      setText(
        this.caption,
        _`${bad.label}: browser and Python disagree. Python's number is shown; please report this.`,
      );
  }

  /** Each score with what it means one click away. */
  drawScores(/** @type {ScoreRow[]} */ rows) {
    const list = this.scoreList;
    const unchecked = !this.store.byPython()?.places; // nobody has looked yet where the ROIs lie now
    const said = new Set(); // each reason once: the same lines under every score would hide the others
    while (list.childElementCount > rows.length) list.lastElementChild?.remove();
    rows.forEach((score, i) => {
      const node =
        list.children[i] ??
        list.appendChild(
          html("details", {}, html("summary", {}, html("span"), html("output"), html("small"), html("p")), html("div")),
        );
      const [summary, words] = node.children;
      const [name, value, interval, why] = summary.children;
      const { shares = [], verdict, doubts = [], wrong = doubts.length > 0 } = score;
      const reasons = score.value == null ? [score.note] : doubts;
      const about = [...reasons, ...shares, ...score.about];
      setText(name, score.key);
      const told = reasons.join("\n");
      const fresh = reasons.filter((reason) => !said.has(reason));
      const more = fresh.length > 1 ? _` (and ${fresh.length - 1} more)` : "";
      const shown = [...(fresh.length < reasons.length ? [_`as above`] : []), ...fresh.slice(0, 1)];
      said.add(fresh[0]);
      set(why, { class: wrong ? "vbq-doubt" : "vbq-reason", hidden: !told, title: told });
      set(why, { style: score.live ? "visibility:hidden" : null }); // its room stays, or the panel would jump
      setText(why, shown.join("; ") + more);
      set(value, {
        "data-key": score.key,
        "data-value": score.value ?? "",
        class: score.value == null ? "vbq-none" : unchecked ? "vbq-unchecked" : "",
      });
      setText(
        value,
        score.value == null ? _`not given` : short(score.value) + (score.overruled ? _` (overruled)` : ""),
      );
      set(interval, { title: shares.join("\n"), "data-key": score.key });
      setText(interval, score.interval ? `95 %: ${score.interval.map(short).join(" – ")} ${verdict ?? ""}` : "");
      setText(words, about.join("\n"));
    });
    list.hidden = !rows.length;
  }

  drawDetail(/** @type {Row[]} */ rows, /** @type {Row[]} */ browser) {
    const i = this.store.counted.findIndex((roi) => roi.id === this.store.selected);
    this.detail.hidden = i < 0;
    if (i < 0) return;
    const [roi, row] = [this.store.counted[i], rows[i]];
    const faults = marks(this.store, roi, this.store.active);
    const hints = elsewhere(this.store, roi, this.store.active);
    const told = [...faults, ...hints].join();
    if (told !== this.shownFaults)
      this.faults.replaceChildren(
        ...faults.map((text) => html("li", {}, text)),
        ...hints.map((text) => html("li", { class: "vbq-quiet" }, text)),
      );
    this.shownFaults = told;
    const bad = browser[i].error ?? row.error;
    this.bars.style.display = bad ? "none" : "";
    this.range.style.display = bad ? "none" : "";
    if (row.error !== undefined || bad) return setText(this.numbers, `${roi.label || "ROI"}: ${bad}`);
    const [mean, middle, sd] = [row.mean, row.median, row.sd].map(short);
    const span = _`${short(row.min)} to ${short(row.max)}`;
    setText(this.numbers, _`${roi.label || "ROI"}: ${span}, mean ${mean}, median ${middle}, SD ${sd}`);
    const view = this.store.views[this.store.active];
    const plane = slicePlane(view, row.slice_index);
    const pixels = this.store.cache.get(this.store.active, row.slice_index);
    if (!pixels) return;
    const { low, high, counts } = histogram(covered(onSeries(roi, view.key), plane).map((k) => pixels[k]));
    const top = Math.max(...counts);
    const width = 240 / counts.length;
    while (this.bars.childElementCount < counts.length) this.bars.append(svg("rect"));
    counts.forEach((count, j) => {
      const height = (54 * count) / top;
      set(this.bars.children[j], {
        x: (j * width + 0.5).toFixed(1),
        y: (55 - height).toFixed(1),
        width: (width - 1).toFixed(1),
        height: height.toFixed(1),
      });
    });
    set(this.bars, {
      "aria-label": _`Histogram of ${roi.label}: ${row.n} pixels from ${short(low)} to ${short(high)}`,
      fill: style(roi.label)[0],
    });
    setText(this.range, _`${short(low)} – ${short(high)} ${view.unit}, highest bar ${top} of ${row.n} pixels`);
  }
}
