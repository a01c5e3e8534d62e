/**
 * Watches whether Python answers a lesson, and says on the page what happened and what to press. One for all questions,
 * exercises and labs that one kernel has made; it has no view of its own.
 */

import { say } from "../../page/static/banner.js";
import { companion } from "../../page/static/companion.js";
import { _ } from "../../page/static/words.js";

/**
 * @import { Model } from "../../page/static/anywidget.js"
 * @typedef {{ _of: string, _mark: string }} WatchTraits
 * @typedef {Model<WatchTraits> & { comm_live?: boolean }} Watched
 * @typedef {Model<WatchTraits> & { widget_manager: { get_model(id: string): Promise<Watched> } }} WatchModel
 */

const PATIENCE_MS = 6000;
const LOOK_MS = 1000;

/** What the page says, by whether Python can still answer. @param {boolean} live */
export const words = (live) =>
  live
    ? _`Python has not answered for ${PATIENCE_MS / 1000} s: it is busy. What you pressed is answered as soon as it is done.`
    : _`Python was stopped or restarted, so questions, sliders and Check do not answer. Choose Run → Run All Cells: your answers and what you placed come back.`;

/** A time of Python's computer as the reader's clock has it; what is no time stays. @param {Element} time */
function onThisClock(time) {
  time.setAttribute("data-here", "");
  const at = new Date(time.getAttribute("datetime") ?? "");
  if (!Number.isNaN(at.getTime()))
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

/** What a translated lesson shows is in the language that its text says. @param {Element | null} notebook */
function sayLanguage(notebook) {
  const lang = notebook?.querySelector(".jp-RenderedMarkdown [lang]")?.getAttribute("lang");
  if (!lang) return;
  for (const shown of notebook?.querySelectorAll(".jp-Cell-outputArea:not([lang])") ?? [])
    shown.setAttribute("lang", lang);
}

class Watch {
  /** @param {WatchModel} model @param {Watched} own the same model as the page keeps it, which knows of its comm */
  constructor(model, own) {
    this.model = model;
    this.own = own;
    this.mark = `.${model.get("_mark")}`;
    this.asked = 0; // when something was pressed that Python has not heard of
    this.pressed = (/** @type {Event} */ e) => {
      const button = e.target instanceof Element ? e.target.closest("button") : null;
      if (!button?.closest(this.mark) || button.closest(".vbq-studio") || this.own.comm_live === false) return;
      this.asked ||= Date.now();
      model.send({ type: "pressed" });
    };
    this.heard = () => {
      this.asked = 0;
      this.look();
    };
    document.addEventListener("click", this.pressed, true);
    model.on("msg:custom", this.heard);
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  dispose() {
    clearInterval(this.timer);
    document.removeEventListener("click", this.pressed, true);
    this.model.off("msg:custom", this.heard);
    say(this, "");
  }

  look() {
    const live = this.own.comm_live !== false;
    const late = this.asked > 0 && Date.now() - this.asked > PATIENCE_MS;
    say(this, (!live || late) && document.querySelector(this.mark) ? words(live) : "");
    for (const time of document.querySelectorAll(".vbq-back time:not([data-here])")) onThisClock(time);
    for (const widget of document.querySelectorAll(this.mark)) sayLanguage(widget.closest(".jp-Notebook"));
  }
}

export default companion((/** @type {WatchModel} */ model, own) => new Watch(model, own), Number.POSITIVE_INFINITY);
