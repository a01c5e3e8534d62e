/** Making and filling elements. */

/** @param {string} tag @param {Object<string, any>} [attributes] @param {...(Node|string)} children */
export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** @param {string} tag @param {Object<string, any>} [attributes] @param {...(Node|string)} children */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(
  /** @type {any} */ element,
  /** @type {Object<string, any>} */ attributes,
  /** @type {(Node|string)[]} */ children,
) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Change an attribute only if it is another; no element, nothing to do. @param {Element|undefined} element @param {Object<string, any>} attributes */
export function set(element, attributes) {
  if (!element) return;
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
  }
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  const node = element.firstChild;
  if (node instanceof Text && !node.nextSibling) node.data === text || (node.data = text);
  else if (element.textContent !== text) element.textContent = text;
}

/** A number for people: 4 figures, no exponent where it can be avoided. @param {number|null|undefined} x */
export function short(x) {
  if (x == null || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return "∞";
  const size = Math.abs(x);
  if (size >= 1e6 || (size < 1e-3 && size > 0)) return x.toExponential(2);
  return size >= 1000 ? x.toFixed(0) : x.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}
