/** Making and filling elements. */

/** @typedef {Record<string, unknown>} Attributes values; functions for events, whose names begin with "on" */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {...(Node|string)} children
 */
export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag @param {Attributes} [attributes] @param {...(Node|string)} children
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** @template {Element} E @param {E} element @param {Attributes} attributes @param {(Node|string)[]} children */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), (event) => value(event));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * Change an attribute only if it is another; no element, nothing to do.
 * @param {Element|undefined} element @param {Attributes} attributes
 */
export function set(element, attributes) {
  if (!element) return;
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}

/**
 * Make children by name, unless those of these names are there.
 * @param {HTMLElement} element @param {string[]} names @param {(name: string, i: number) => Node} make
 */
export function fillAnew(element, names, make) {
  if (element.dataset.names === names.join()) return;
  element.dataset.names = names.join();
  element.replaceChildren(...names.map(make));
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  const node = element.firstChild;
  if (node instanceof Text && !node.nextSibling) {
    if (node.data !== text) node.data = text;
  } else if (element.textContent !== text) element.textContent = text;
}

/**
 * Make a row of controls one stop of the Tab key: arrows go on from there.
 * @param {HTMLElement} row
 */
export function oneStop(row) {
  const controls = () =>
    /** @type {HTMLElement[]} */ ([...row.querySelectorAll(":is(button, select, input):enabled:not([hidden])")]);
  const stop = (/** @type {EventTarget|null|undefined} */ at) => {
    for (const one of controls()) one.tabIndex = one === at ? 0 : -1;
  };
  row.addEventListener("focusin", (e) => stop(e.target));
  row.addEventListener("keydown", (e) => {
    const by = +(e.key === "ArrowRight") - +(e.key === "ArrowLeft");
    const all = controls();
    if (by) all.at((all.indexOf(/** @type {HTMLElement} */ (e.target)) + by) % all.length)?.focus();
    if (by) e.preventDefault();
  });
  return () => stop(controls().find((one) => one.tabIndex === 0 && one.matches("[tabindex]")) ?? controls()[0]);
}

/** What draws on a canvas. @param {HTMLCanvasElement} canvas */
export function context2d(canvas) {
  const context = canvas.getContext("2d", { alpha: false });
  if (!context)
    throw new Error("This browser draws on no canvas, so the studio cannot show an image. Use another browser.");
  return context;
}
