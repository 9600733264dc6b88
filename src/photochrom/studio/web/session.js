// The open photographs, and the work with the engine.

import * as api from "./api.js";
import { bodyOf, followed } from "./edits.js";
import { LatestQueue } from "./queue.js";
import { isAbort, kindOf } from "./thrown.js";
import { stepWords, t } from "./words.js";

const SETTLE_MS = 500;

/** Steps of sliders, which tell screen readers where they stand. */
const SAY_THEMSELVES = new Set(
  ["vividness", "likeness", "warmth", "tint", "strength", "hintReach"].map((name) => `step.${name}`),
);

/**
 * @typedef {{
 *   list: object, select: object, ready: { photo: Photo }, sent: { photo: Photo, share: number },
 *   before: { photo: Photo }, busy: { photo: Photo }, painted: { photo: Photo }, failed: { photo: Photo },
 *   opened: { photos: Photo[] }, model: object, lost: { error: unknown },
 *   refused: { photo: Photo, error: unknown }, edit: { said?: string },
 * }} SessionEvents
 */

export class Session extends /** @type {Telling<SessionEvents>} */ (EventTarget) {
  #queue = new LatestQueue();
  #pumping = false;

  /** @type {Photo[]} */
  photos = [];
  /** @type {Photo | null} */
  current = null;
  /** @type {Pick<Model, "name" | "sha256" | "cannot">} the engine's own model */
  own = { name: "", sha256: "", cannot: {} };
  /** @type {Pick<Model, "name" | "sha256" | "cannot"> | null} another one that paints in its place */
  #chosen = null;

  /** @type {(photos: Photo[]) => void} */
  add(photos) {
    for (const photo of photos) photo.batch = photos;
    this.photos.push(...photos);
    this.#emit("list");
    this.select(photos[0]);
  }

  /** @type {(photo: Photo) => void} */
  select(photo) {
    if (this.current === photo) return;
    this.#queue.clear();
    if (this.current) this.#settle(this.current);
    this.current = photo;
    this.#emit("select");
    this.pump();
  }

  /**
   * Move forward by a number of photographs, wrapping around at the ends.
   * @type {(by: number) => void}
   */
  step(by) {
    const { length } = this.photos;
    const at = this.current ? this.photos.indexOf(this.current) : 0;
    if (length > 1) this.select(this.photos[(at + by + length) % length]);
  }

  /** @type {(photo: Photo) => void} */
  remove(photo) {
    const at = this.photos.indexOf(photo);
    this.photos.splice(at, 1);
    photo.release();
    if (this.current === photo) {
      this.#queue.clear();
      this.current = null;
      const next = this.photos[Math.min(at, this.photos.length - 1)];
      if (next) this.select(next);
      else this.#emit("select");
    }
    this.#emit("list");
  }

  /**
   * Change what is asked for the current photograph, as one step to undo.
   * @type {(next: Edit, label: StepLabel, merge?: string | null) => void}
   */
  change(next, label, merge = null) {
    if (this.current) this.changeOf(this.current, next, label, merge);
  }

  /**
   * The same for any of them.
   * @type {(photo: Photo, next: Edit, label: StepLabel, merge?: string | null) => void}
   */
  changeOf(photo, next, label, merge = null) {
    if (!photo.size) return;
    photo.history.commit(next, label, merge);
    if (photo !== this.current) return; // it is painted when its turn comes
    this.repaint(); // first: the engine works while the page shows what is asked for
    this.#emit(
      "edit",
      SAY_THEMSELVES.has(String(label)) ? {} : { said: t("stage.done", { step: stepWords(label) }) },
    );
  }

  /**
   * Try once more to open a photograph.
   * @type {(photo: Photo, options?: { damaged?: boolean }) => void}
   */
  retry(photo, { damaged = false } = {}) {
    photo.error = null;
    photo.upload.damaged = damaged;
    this.#emit("list");
    if (photo === this.current) this.#emit("select");
    else this.select(photo);
    this.pump();
  }

  undo() {
    this.#travel("undo", "stage.undone");
  }

  redo() {
    this.#travel("redo", "stage.redone");
  }

  /**
   * Go to a step of the current photograph's history.
   * @type {(index: number) => void}
   */
  goTo(index) {
    this.current?.history.goTo(index);
    this.#emit("edit");
    this.repaint();
  }

  /** @type {(way: "undo" | "redo", key: string) => void} */
  #travel(way, key) {
    const label = this.current?.history[way]();
    if (!label) return;
    this.#emit("edit", { said: t(key, { step: stepWords(label) }) });
    this.repaint();
  }

  /** Paint the current photograph as it is asked for now. */
  repaint() {
    const photo = this.current;
    if (!photo || (!photo.upload.info && !photo.size)) return;
    this.#queue.push((signal) => this.#paintOrSay(photo, signal));
  }

  /**
   * The name of the model that was chosen in place of the engine's own; null: that one paints.
   * @returns {string | null}
   */
  get model() {
    return this.#chosen?.name ?? null;
  }

  /** What the model that paints can't do, and why. */
  get cannot() {
    return (this.#chosen ?? this.own).cannot;
  }

  /**
   * Who paints, for files; null while that isn't known.
   * @returns {Painter | null}
   */
  get painter() {
    const { name, sha256 } = this.#chosen ?? this.own;
    return name ? { name, sha256 } : null;
  }

  /**
   * Let another model paint from now on, everything anew; null: the engine's own.
   * @type {(model: Pick<Model, "name" | "sha256" | "cannot"> | null) => void}
   */
  useModel(model) {
    this.#chosen = model;
    api.useModel(this.model);
    for (const photo of this.photos)
      Object.assign(photo, { painted: null, sharp: null, alternatives: null, traits: null });
    this.#emit("model");
    this.repaint();
    this.pump();
  }

  /**
   * Whether an error is that the chosen model can't be used any more; the engine's own paints then.
   * @type {(error: unknown) => boolean}
   */
  #hasLost(error) {
    if (kindOf(error) !== "model" || this.model === null) return false;
    this.useModel(null);
    this.#emit("lost", { error });
    return true;
  }

  /**
   * Call the server with the body for a photograph's present edit, but for what a model can't do.
   *
   * @template Value
   * @param {Pick<Photo, "edit" | "upload">} photo
   * @param {(id: string, body: Order, signal?: AbortSignal) => Promise<Value>} door
   * @param {Order} more
   * @param {AbortSignal} [signal]
   * @param {Cannot} cannot
   * @returns {Promise<Value>}
   */
  async ask(photo, door, more = {}, signal = undefined, cannot = this.cannot) {
    const edit = followed(photo.edit, cannot);
    const others = edit.reference ? [edit.reference] : [];
    return photo.upload.use(
      async (id) => {
        const reference = edit.reference
          ? (edit.reference.info?.id ?? (await edit.reference.ready(signal)))
          : null;
        return door(id, bodyOf(edit, { reference, ...more }), signal);
      },
      { signal, others },
    );
  }

  /** Send and paint whatever is open and not painted yet, the current one first. */
  async pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let photo = this.#nextUnready(); photo; photo = this.#nextUnready()) {
        await this.#begin(photo);
      }
    } catch (error) {
      if (!(error instanceof api.OfflineError)) throw error; // what is left goes on later
    } finally {
      this.#pumping = false;
    }
  }

  /** After the server was away: do what was left undone. */
  resume() {
    if (this.current?.size && !this.current.isPainted) this.repaint();
    this.pump();
  }

  /** @type {() => Photo | undefined} */
  #nextUnready() {
    /** @type {(photo: Photo) => boolean} */
    const unready = (photo) =>
      !photo.error && (!photo.afterUrl || !photo.beforeUrl || (photo !== this.current && !photo.isPainted));
    return this.current && unready(this.current) ? this.current : this.photos.find(unready);
  }

  /** @type {(photo: Photo) => Promise<void>} */
  async #begin(photo) {
    try {
      photo.upload.onSent = (share) => this.#emit("sent", { photo, share });
      await photo.upload.ready();
      const { info } = photo.upload;
      photo.info = info;
      photo.size = info && { width: info.width, height: info.height };
      photo.preview = info?.preview ?? null;
      this.#emit("ready", { photo });
      if (api.about.grayFirst) await this.#takeGray(photo);
      if (!photo.afterUrl || !photo.isPainted) await this.#paint(photo);
      await this.#takeGray(photo); // colors first, as the page shows the file itself in gray
    } catch (error) {
      if (error instanceof api.OfflineError) throw error;
      if (this.#hasLost(error)) return; // it is begun again
      photo.error = error;
      this.#emit("failed", { photo });
    }
    this.#emit("list");
    this.#sumUp(photo.batch);
  }

  /**
   * Say once what came of photographs that were opened together.
   * @type {(photos: Photo[]) => void}
   */
  #sumUp(photos) {
    if (!photos.every((one) => one.error || one.beforeUrl || !this.photos.includes(one))) return;
    for (const one of photos) one.batch = [];
    this.#emit("opened", { photos });
  }

  /** @type {(photo: Photo) => Promise<void>} */
  async #takeGray(photo) {
    if (photo.beforeUrl) return;
    const before = await photo.upload.use((id) => api.original(id));
    photo.previews.before = before;
    photo.beforeUrl = URL.createObjectURL(before);
    this.#emit("before", { photo });
  }

  /** @type {(photo: Photo, signal: AbortSignal) => Promise<void>} */
  async #paintOrSay(photo, signal) {
    try {
      await this.#paint(photo, signal);
    } catch (error) {
      if (isAbort(error) || error instanceof api.OfflineError) return;
      if (!this.#hasLost(error)) this.#emit("refused", { photo, error });
    }
  }

  /** @type {(photo: Photo, signal?: AbortSignal) => Promise<void>} */
  async #paint(photo, signal) {
    const { edit } = photo;
    const { model } = this;
    photo.asked += 1;
    const turn = photo.asked;
    this.#emit("busy", { photo });
    const painted = await this.ask(photo, api.paint, { size: "preview" }, signal);
    if (turn < photo.shown) return; // a later one was faster
    photo.shown = turn;
    photo.take(painted);
    photo.painted = model === this.model ? edit : null;
    this.#emit("painted", { photo });
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#settle(photo), SETTLE_MS);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;

  /**
   * Let a photograph's painting become a file, and let go of the pixels of those not shown.
   * @type {(photo: Photo) => Promise<void>}
   */
  async #settle(photo) {
    const { canvas } = photo;
    if (await photo.settle()) this.#emit("list");
    if (photo !== this.current && canvas === photo.canvas) photo.canvas = null;
  }

  /** @type {(type: keyof SessionEvents, detail?: object) => void} */
  #emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
