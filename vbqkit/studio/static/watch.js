/**
 * Watches whether Python answers a studio, says so where it does not, and keeps what was placed meanwhile for the next
 * kernel. It has no view of its own: it runs as long as the studio's model lives, and speaks in one banner of the page.
 */

import { say } from "../../page/static/banner.js";
import { companion } from "../../page/static/companion.js";
import { _ } from "../../page/static/words.js";

/**
 * @import { Model } from "../../page/static/anywidget.js"
 * @import { StudioModel } from "./wire.js"
 * @typedef {{ _of: string, _case: string, _file: string }} WatchTraits
 * @typedef {StudioModel & { comm_live?: boolean }} Watched
 * @typedef {Model<WatchTraits> & { widget_manager: { get_model(id: string): Promise<Watched> } }} WatchModel
 */

const PATIENCE_MS = 6000;
const LOOK_MS = 1000;
const TRIES = 20;
const PREFIX = "vbqkit-unanswered:";

/** What the page says, by whether Python can still answer. @param {boolean} live @param {string} file */
export function words(live, file) {
  if (live)
    return file
      ? _`Python has not answered for ${PATIENCE_MS / 1000} s: it is busy with something else. What you place stays on this page and goes into ${file} as soon as it answers.`
      : _`Python has not answered for ${PATIENCE_MS / 1000} s: it is busy with something else. What you place stays on this page.`;
  const how = _`Run the cell again, or in the app load the page again and go on with the case`;
  if (file)
    return _`Python was stopped or restarted, so nothing is measured. ${how}: what you placed since is then taken over into ${file}.`;
  return _`Python was stopped or restarted, so nothing is measured, and what you place now is not kept. ${how}.`;
}

class Watch {
  /** @param {WatchModel} model @param {Watched} studio */
  constructor(model, studio) {
    this.model = model;
    this.studio = studio;
    this.since = 0; // when the oldest thing was asked that has no answer
    this.asked = 0;
    this.known = studio.get("_state").rois;
    this.handlers = /** @type {Record<string, () => void>} */ ({
      "change:_state": () => this.changed(),
      "change:_measured": () => this.answered(),
      comm_live_update: () => this.look(),
    });
    for (const [event, handler] of Object.entries(this.handlers)) studio.on(event, handler);
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.rescue();
  }

  dispose() {
    clearInterval(this.timer);
    for (const [event, handler] of Object.entries(this.handlers)) this.studio.off(event, handler);
    say(this, "");
  }

  get key() {
    const name = this.model.get("_case");
    return name && PREFIX + name;
  }

  get waits() {
    const { revision } = this.studio.get("_state");
    return (this.studio.get("_measured").revision ?? 0) < revision;
  }

  /** The page has changed something, or Python has. */
  changed() {
    if (!this.waits) return this.answered();
    this.since ||= Date.now();
    const mine = this.studio.get("_state").rois;
    if (this.key) sessionStorage.setItem(this.key, JSON.stringify({ known: this.known, mine }));
    this.look();
  }

  answered() {
    if (this.waits) return;
    this.since = 0;
    this.known = this.studio.get("_state").rois;
    if (this.key) sessionStorage.removeItem(this.key);
    this.look();
  }

  /** Hand to Python what an earlier kernel did not take. */
  rescue() {
    const kept = this.key && sessionStorage.getItem(this.key);
    if (!kept) return;
    sessionStorage.removeItem(this.key);
    this.studio.send({ type: "rescued", ...JSON.parse(kept) });
  }

  /** Whether the studio is on the page: the one of an earlier run of the cell is not, and has nothing to say. */
  get shown() {
    const { id } = this.studio.get("_options");
    return [...document.querySelectorAll(".vbq-studio > style")].some((style) => style.textContent?.includes(id));
  }

  look() {
    const live = this.studio.comm_live !== false;
    const slice = [...document.querySelectorAll(".vbq-waiting:not([hidden])")].some(
      (e) => e.checkVisibility({ contentVisibilityAuto: true }), // not one that a long notebook keeps off the screen
    );
    if (slice) this.since ||= Date.now();
    else if (!this.waits) this.since = 0;
    const late = this.since > 0 && Date.now() - this.since > PATIENCE_MS;
    if (slice && late && live && Date.now() - this.asked > PATIENCE_MS) {
      this.asked = Date.now(); // a request may get lost while a page is loaded again
      this.studio.get("slices").forEach((index, view) => void this.studio.send({ type: "slice", view, index }));
    }
    say(this, (!live || late) && this.shown ? words(live, this.model.get("_file")) : "");
  }
}

export default companion((/** @type {WatchModel} */ model, studio) => new Watch(model, studio), TRIES);
