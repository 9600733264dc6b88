// The hints that are moved and deleted together, and the bar that says how many they are.

import { announce, byId } from "./dom.js";
import { withoutHints } from "./edits.js";
import { t } from "./words.js";

export class HintSelection extends /** @type {Telling<{ change: object }>} */ (EventTarget) {
  #session;
  /** @type {Set<string>} */
  #keys = new Set();

  /**
   * @param {PictureView} view
   * @param {Session} session
   */
  constructor(view, session) {
    super();
    this.#session = session;
    byId("selection-delete").addEventListener("click", () => this.delete());
    byId("selection-done").addEventListener("click", () => this.take([]));
    byId("select-all").addEventListener("click", () => this.takeAll());
    for (const id of ["selection-delete", "selection-done"])
      byId(id).addEventListener("click", () => view.stage.focus({ preventScroll: true }));
  }

  get size() {
    return this.#keys.size;
  }

  /** @type {(key: string) => boolean} */
  has(key) {
    return this.#keys.has(key);
  }

  /**
   * The hints that go with one: those that are selected, if it is, or it alone.
   * @type {(key: string) => Set<string>}
   */
  with(key) {
    return this.has(key) ? this.#keys : new Set([key]);
  }

  /**
   * Select these hints and no others, and say how many there are.
   * @type {(keys: Iterable<string>) => void}
   */
  take(keys) {
    const before = this.size;
    this.#keys = new Set(keys);
    if (!this.size && !before) return;
    announce(t("hints.selected", { number: this.size }));
    this.dispatchEvent(new Event("change"));
  }

  takeAll() {
    this.take(this.#hints.map((hint) => hint.key));
  }

  /**
   * Select the hints in a rectangle between two corners.
   * @type {(corner: Point, other: Point) => void}
   */
  takeWithin([x1, y1], [x2, y2]) {
    const isIn = (/** @type {Point} */ [x, y]) =>
      x >= Math.min(x1, x2) && x <= Math.max(x1, x2) && y >= Math.min(y1, y2) && y <= Math.max(y1, y2);
    this.take(this.#hints.filter((hint) => hint.points.some(isIn)).map((hint) => hint.key));
  }

  /** @type {(key: string) => void} */
  toggle(key) {
    const keys = new Set(this.#keys);
    if (!keys.delete(key)) keys.add(key);
    this.take(keys);
  }

  /**
   * Delete what goes with a hint; without one, all that are selected.
   * @type {(key?: string | null) => void}
   */
  delete(key = null) {
    const { current } = this.#session;
    const keys = new Set(key === null ? this.#keys : this.with(key));
    if (!current || !keys.size) return;
    const next = withoutHints(current.edit, (hint) => keys.has(hint.key));
    this.#session.change(next, keys.size > 1 ? "step.hintsDeleted" : "step.hintDeleted");
    announce(keys.size > 1 ? t("hints.allDeleted", { number: keys.size }) : t("hints.deleted"));
  }

  /** Forget hints that are gone, and show how many are left. */
  show() {
    const present = new Set(this.#hints.map((hint) => hint.key));
    for (const key of this.#keys) if (!present.has(key)) this.#keys.delete(key);
    const isNew = this.size > 0 && byId("selection").hidden;
    byId("selection").hidden = this.size === 0;
    if (isNew) byId("selection").scrollIntoView({ block: "nearest" }); // where the page scrolls, as at 400 % zoom
    byId("selection-count").textContent = t("hints.selectedCount", { number: this.size });
    byId("select-all").hidden = present.size < 2;
  }

  get #hints() {
    return this.#session.current?.edit.hints ?? [];
  }
}
