/**
 * One strip at the foot of the page for what must not be overlooked, shared by all that watch whether Python answers:
 * each script has a copy of this module, so the document itself keeps the strip.
 */
import meanings from "./meanings.js";

/** @typedef {Document & { vbqBanner?: { element: HTMLElement, said: Map<object, string> } }} Page */

/** Say something, or with no words nothing any more; the same words stand there once. @param {object} who @param {string} text */
export function say(who, text) {
  const page = /** @type {Page} */ (document);
  page.vbqBanner ??= { element: made(), said: new Map() };
  const { element, said } = page.vbqBanner;
  if (text) said.set(who, text);
  else said.delete(who);
  const lines = [...new Set(said.values())].join("\n");
  if (element.textContent !== lines) element.textContent = lines;
  if (!lines) element.remove();
  else if (!element.isConnected) document.body.append(element);
}

function made() {
  const element = document.createElement("div");
  element.className = "vbq-unanswered";
  element.setAttribute("role", "alert");
  const { banner, on_colour } = meanings.page;
  element.style.cssText = `position:fixed;left:0;right:0;bottom:0;z-index:10000;padding:8px 16px;background:${banner};color:${on_colour};font:14px/1.4 sans-serif;white-space:pre-line`;
  return element;
}
