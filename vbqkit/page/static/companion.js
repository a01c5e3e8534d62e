/**
 * A script that runs beside a model of the page and has no view of its own: it begins once that model is there, which
 * may be later than its own, and ends with its own.
 */

/**
 * @template T
 * @typedef {import("./anywidget.js").Model<T> & { widget_manager: { get_model(id: string): Promise<any> } }} OwnModel
 */

const LOOK_MS = 500;

/**
 * What anywidget calls. The model to watch is named by `_of` of the script's own.
 * @template T
 * @param {(model: OwnModel<T>, watched: any) => { dispose(): void }} begin
 * @param {number} tries how often to look for it, half a second apart
 */
export const companion = (begin, tries) => ({
  /** @param {{ model: OwnModel<T> }} given */
  initialize({ model }) {
    let begun = /** @type {{ dispose(): void } | null} */ (null);
    let ended = false;
    const look = async () => {
      for (let k = 0; k < tries && !begun && !ended; k++) {
        const id = /** @type {any} */ (model).get("_of");
        try {
          const watched = id ? await model.widget_manager.get_model(id) : null;
          if (watched && !begun && !ended) begun = begin(model, watched);
        } catch {
          // it is not there yet
        }
        if (!begun) await new Promise((done) => setTimeout(done, LOOK_MS));
      }
    };
    void look();
    return () => {
      ended = true;
      begun?.dispose();
    };
  },
});
