/** Undo and redo over immutable states. Statistics follow from the state, so they come back with it. @template T */
export class History {
  /** @param {T} state @param {number} [limit] */
  constructor(state, limit = 500) {
    this.past = /** @type {T[]} */ ([]);
    this.future = /** @type {T[]} */ ([]);
    this.now = state;
    this.limit = limit;
  }

  /** A new state after the present one. @param {T} state */
  push(state) {
    this.past.push(this.now);
    if (this.past.length > this.limit) this.past.shift();
    this.future = [];
    this.now = state;
  }

  /** One step back; null if there is none. @returns {T | null} */
  undo() {
    return this.step(this.past, this.future);
  }

  /** One step forward again; null if there is none. @returns {T | null} */
  redo() {
    return this.step(this.future, this.past);
  }

  /** @param {T[]} from @param {T[]} to */
  step(from, to) {
    if (!from.length) return null;
    const state = from[from.length - 1];
    from.length -= 1;
    to.push(this.now);
    this.now = state;
    return state;
  }
}
