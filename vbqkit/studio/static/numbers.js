/** Numbers for people. */
import { _ } from "../../page/static/words.js";

const local = (/** @type {string} */ digits) => digits.replace(".", _`.`);

/** A number for people with so many decimals. @param {number} x @param {number} decimals */
export const fixed = (x, decimals) => local(x.toFixed(decimals));

/** A number for people: 4 figures, no exponent where it can be avoided. @param {number|null|undefined} x */
export function short(x) {
  if (x == null || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return "∞";
  const size = Math.abs(x);
  if (size >= 1e6 || (size < 1e-3 && size > 0)) return local(x.toExponential(2));
  return fixed(x, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}
