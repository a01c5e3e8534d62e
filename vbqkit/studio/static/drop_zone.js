/**
 * A place to drop a study on: a folder, a ZIP archive or files. They go to Python in pieces, which Python acknowledges,
 * so that neither side holds more than a few of them; names go with the offer and are kept nowhere.
 */

import { _ } from "../../page/static/words.js";
import { html, setText } from "./dom.js";

/**
 * @import { Model, Rendering } from "../../page/static/anywidget.js"
 * @typedef {{ most_files: number, phase: string, text: string, done: number, total: number }} Zone
 * @typedef {{ _zone: Zone }} ZoneTraits
 * @typedef {{ path: string, file: File }} Dropped
 */

const PIECE = 2 ** 20; // bytes in a message; Jupyter's servers take ten times as many
const MOST_PIECES = 200; // files in a message
const IN_FLIGHT = 3; // messages that are not acknowledged yet
const PATIENCE_MS = 30_000;
const SILENT = _`Python does not answer: it is busy, or it was stopped. Nothing was kept. Wait or restart it, and drop the study again.`;

/** The files of what was dropped, folders with all they hold; no more than one above the limit. */
export async function collect(/** @type {DataTransfer} */ data, /** @type {number} */ most) {
  /** @type {Dropped[]} */
  const found = [];
  // all entries before the first wait: the list is empty afterwards
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  /** @param {FileSystemEntry | File | null} entry @param {string} path */
  const walk = async (entry, path) => {
    if (!entry || found.length > most) return;
    if (entry instanceof File) return void found.push({ path: entry.name, file: entry });
    const here = path ? `${path}/${entry.name}` : entry.name;
    if (entry.isFile) {
      const file = /** @type {File} */ (
        await settled((done, failed) => /** @type {FileSystemFileEntry} */ (entry).file(done, failed))
      );
      return void found.push({ path: here, file });
    }
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    for (;;) {
      const some = /** @type {FileSystemEntry[]} */ (await settled((done, failed) => reader.readEntries(done, failed)));
      if (!some.length) return;
      for (const child of some) await walk(child, here);
    }
  };
  for (const entry of entries) await walk(entry, "");
  return found;
}

/** @template T @param {(done: (value: T) => void, failed: (error: unknown) => void) => void} start @returns {Promise<T>} */
const settled = (start) => new Promise(start);

class DropZone {
  /** @param {Model<ZoneTraits>} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.sending = 0; // which transfer; another number ends it
    this.last = 0;
    this.acknowledged = /** @type {(() => void) | null} */ (null);
    this.flying = 0;
    this.patience = 0;
    const pick = (/** @type {Record<string, string>} */ how) => {
      const input = /** @type {HTMLInputElement} */ (
        html("input", { type: "file", class: "vbq-pick", tabindex: "-1", ...how })
      );
      input.addEventListener("change", () => {
        this.offer([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
        input.value = "";
      });
      return input;
    };
    const folder = pick({ webkitdirectory: "", "aria-label": _`Folder` });
    const files = pick({ multiple: "", "aria-label": _`ZIP archive or files` });
    const button = (/** @type {string} */ text, /** @type {() => void} */ act) => {
      const made = html("button", { type: "button", class: "vbq-choose" }, text);
      made.addEventListener("click", act);
      return made;
    };
    this.stop = button(_`Stop`, () => this.end(_`Stopped. Nothing was kept.`));
    this.choose = [
      button(_`Choose a folder`, () => folder.click()),
      button(_`Choose a ZIP archive or files`, () => files.click()),
    ];
    this.words = html("div", { class: "vbq-drop-words", role: "status", "aria-live": "polite" });
    this.bar = /** @type {HTMLProgressElement} */ (html("progress", { "aria-label": _`Study taken in` }));
    this.root = html(
      "div",
      { class: "vbq-drop" },
      html("div", { class: "vbq-drop-title" }, _`Drop the study here: a folder or a ZIP archive`),
      html("div", {}, ...this.choose, this.stop),
      this.bar,
      this.words,
      folder,
      files,
    );
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
      this.root.addEventListener(kind, (event) => {
        event.preventDefault();
        event.stopPropagation();
        this.root.classList.toggle("vbq-over", kind === "dragenter" || kind === "dragover");
      });
    this.root.addEventListener("drop", (event) => {
      const data = /** @type {DragEvent} */ (event).dataTransfer;
      if (data && !this.stop.checkVisibility()) void this.take(data);
    });
    this.handlers = {
      "change:_zone": () => {
        if (this.sending) this.wait();
        this.show();
      },
      "msg:custom": (/** @type {{ type: string, sending: number, wanted: number[] }} */ message) =>
        this.receive(message),
      comm_live_update: () => this.end(SILENT),
    };
    for (const [event, handler] of Object.entries(this.handlers)) model.on(event, handler);
    el.append(this.root);
    this.show();
  }

  dispose() {
    if (this.sending) this.model.send({ type: "stop", sending: this.sending });
    this.sending = 0;
    clearTimeout(this.patience);
    for (const [event, handler] of Object.entries(this.handlers)) this.model.off(event, handler);
    this.root.remove();
  }

  show(/** @type {string} */ said = "") {
    const { phase, text, done, total } = this.model.get("_zone");
    const busy = this.sending > 0 || phase === "taking";
    this.stop.hidden = !busy;
    this.bar.hidden = !busy;
    for (const button of this.choose) button.hidden = busy;
    if (phase === "taking" && total) {
      this.bar.max = total;
      this.bar.value = done;
    }
    setText(this.words, said || text);
  }

  async take(/** @type {DataTransfer} */ data) {
    try {
      this.offer(await collect(data, this.model.get("_zone").most_files));
    } catch {
      this.show(_`A file could not be read. Check that it is still there and that you may read it.`);
    }
  }

  /** Say what there is; Python answers which of it to send, or says why not. @param {Dropped[]} dropped */
  offer(dropped) {
    this.dropped = dropped;
    this.last += 1;
    this.sending = this.last;
    this.model.send({
      type: "offer",
      sending: this.sending,
      files: dropped.map(({ path, file }) => [path, file.size]),
    });
    this.show(_`Looking at what was dropped …`);
    this.wait();
  }

  /** @param {{ type: string, sending: number, wanted: number[] }} message */
  receive(message) {
    if (message.sending !== this.sending) return;
    clearTimeout(this.patience);
    if (message.type === "go") void this.send(message.wanted, message.sending);
    else if (message.type === "taken") {
      this.flying -= 1;
      this.acknowledged?.();
      if (this.flying) this.wait();
    } else {
      this.sending = 0;
      this.acknowledged?.();
      this.show();
    }
  }

  wait() {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.end(SILENT), PATIENCE_MS);
  }

  /** @param {string} text */
  end(text) {
    if (!this.sending && this.model.get("_zone").phase !== "taking") return;
    this.model.send({ type: "stop", sending: this.last });
    this.sending = 0;
    clearTimeout(this.patience);
    this.acknowledged?.();
    this.show(text);
  }

  /** @param {number[]} wanted @param {number} sending */
  async send(wanted, sending) {
    const files = this.dropped ?? [];
    this.flying = 0;
    let pieces = /** @type {[number, number][]} */ ([]);
    let parts = /** @type {Blob[]} */ ([]);
    let bytes = 0;
    const flush = async () => {
      const buffer = await new Blob(parts).arrayBuffer();
      while (this.flying >= IN_FLIGHT && this.sending === sending)
        await new Promise((done) => (this.acknowledged = () => done(null)));
      if (this.sending !== sending) return;
      this.model.send({ type: "pieces", sending, pieces }, undefined, [buffer]);
      this.flying += 1;
      this.wait();
      [pieces, parts, bytes] = [[], [], 0];
    };
    try {
      for (const number of wanted) {
        const { file } = files[number];
        for (let at = 0; at < file.size && this.sending === sending; ) {
          const piece = file.slice(at, at + PIECE - bytes);
          pieces.push([number, piece.size]);
          parts.push(piece);
          bytes += piece.size;
          at += piece.size;
          if (bytes >= PIECE || pieces.length >= MOST_PIECES) await flush();
        }
        if (this.sending !== sending) return;
      }
      if (pieces.length) await flush();
    } catch {
      return this.end(
        _`A file could not be read. Check that it is still there and that you may read it. Nothing was kept.`,
      );
    }
    if (this.sending !== sending) return;
    this.model.send({ type: "end", sending });
    this.wait();
  }
}

export default {
  render(/** @type {Rendering<ZoneTraits>} */ { model, el }) {
    const zone = new DropZone(model, el);
    return () => zone.dispose();
  },
};
