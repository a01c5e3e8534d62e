/**
 * Slices in the browser: asked for when needed, kept up to a limit, painted through a window.
 *
 * @typedef {Uint8Array|Uint16Array|Int16Array|Int32Array|Float32Array|Float64Array} Pixels
 * @typedef {keyof typeof ARRAYS} ArrayName
 */

const ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};
export const CACHE_BYTES = 128 * 2 ** 20;

/**
 * The kernel's bytes as numbers. A copy: the view may start at an odd byte.
 * @param {ArrayName} name @param {DataView|ArrayBuffer} data @returns {Pixels}
 */
export function decoded(name, data) {
  const [buffer, from, size] =
    data instanceof ArrayBuffer ? [data, 0, data.byteLength] : [data.buffer, data.byteOffset, data.byteLength];
  /** @type {new (bytes: ArrayBufferLike) => Pixels} */
  const Kind = ARRAYS[name];
  return new Kind(buffer.slice(from, from + size));
}

/** Slices by view and index: the least recently used go first when the limit is reached. */
export class SliceCache {
  /** @param {(view: number, index: number) => void} ask @param {number} [limit] bytes */
  constructor(ask, limit = CACHE_BYTES) {
    this.ask = ask;
    this.limit = limit;
    this.bytes = 0;
    this.kept = /** @type {Map<string, Pixels>} */ (new Map());
    this.asked = /** @type {Set<string>} */ (new Set());
  }

  /** The pixels, or undefined while they are on their way. @param {number} view @param {number} index */
  get(view, index) {
    const key = `${view}/${index}`;
    const pixels = this.kept.get(key);
    if (pixels) {
      this.kept.delete(key);
      this.kept.set(key, pixels);
    } else if (!this.asked.has(key)) {
      this.asked.add(key);
      this.ask(view, index);
    }
    return pixels;
  }

  /** @param {number} view @param {number} index @param {Pixels} pixels */
  put(view, index, pixels) {
    const key = `${view}/${index}`;
    this.asked.delete(key);
    this.bytes += pixels.byteLength - (this.kept.get(key)?.byteLength ?? 0);
    this.kept.delete(key);
    this.kept.set(key, pixels);
    for (const [old, value] of this.kept) {
      if (this.bytes <= this.limit || old === key) break;
      this.kept.delete(old);
      this.bytes -= value.byteLength;
    }
  }

  /**
   * Ask for the nearest slice not yet here, one at a time, as long as half the limit is free.
   * @param {number} view @param {number} at @param {number} planes
   */
  prefetch(view, at, planes) {
    if (this.asked.size || this.bytes > this.limit / 2) return;
    for (let d = 1; d < planes; d++)
      for (const index of [at + d, at - d])
        if (index >= 0 && index < planes && !this.kept.has(`${view}/${index}`)) return void this.get(view, index);
  }
}

/**
 * Paints slices through a window. Keeps its table from value to grey: 65,536 entries anew for each slice would be most
 * of the work.
 */
export class Painter {
  constructor() {
    this.table = new Uint32Array(0);
    this.drawn = "";
  }

  /**
   * Grey values into 32-bit RGBA. Values that are not numbers are magenta.
   * @param {Pixels} pixels @param {number} level @param {number} width @param {Uint32Array} out
   */
  paint(pixels, level, width, out) {
    const scale = 255 / width;
    const offset = (width / 2 - level) * scale + 0.5;
    const grey = (/** @type {number} */ x) => {
      const g = x * scale + offset;
      return g <= 0 ? 0xff000000 : g >= 255 ? 0xffffffff : 0xff000000 | ((g | 0) * 0x10101);
    };
    if (pixels.BYTES_PER_ELEMENT > 2) {
      for (let i = 0; i < pixels.length; i++) out[i] = Number.isNaN(pixels[i]) ? 0xffff00ff : grey(pixels[i]);
      return;
    }
    const low = pixels instanceof Int16Array ? -32768 : 0;
    const wanted = [pixels.BYTES_PER_ELEMENT, low, level, width].join();
    if (wanted !== this.drawn) {
      const size = 256 ** pixels.BYTES_PER_ELEMENT;
      if (this.table.length !== size) this.table = new Uint32Array(size);
      for (let i = 0; i < size; i++) this.table[i] = grey(i + low);
      this.drawn = wanted;
    }
    const { table } = this;
    for (let i = 0; i < pixels.length; i++) out[i] = table[pixels[i] - low];
  }
}
