// The open photographs, what was asked for each, and the work with the server.

import * as api from "./api.js";
import { bodyOf, followed, UNTOUCHED } from "./edits.js";
import { History } from "./history.js";
import { LatestQueue } from "./queue.js";
import { converted, whole } from "./reading.js";
import { stepWords, t } from "./words.js";

const PREVIEW_QUALITY = 0.9;
const SETTLE_MS = 500;
let paintings = 0;

/** Steps of sliders, which tell screen readers where they stand. */
const SAY_THEMSELVES = new Set(
  ["vividness", "likeness", "warmth", "tint", "strength", "hintReach"].map((name) => `step.${name}`),
);

/** A file that the server knows under an id, and gets again should it forget. */
export class Upload {
  #sending = null;

  constructor(file, info = null) {
    this.file = file;
    this.info = info;
    this.onSent = () => {}; // gets the share that has been sent
    this.damaged = false; // whether to take what is left of a broken file
  }

  async ready(signal) {
    if (this.info) return this.info.id;
    this.#sending ??= this.#send(signal);
    try {
      this.info = await this.#sending;
    } finally {
      this.#sending = null;
    }
    return this.info.id;
  }

  async #send(signal) {
    const file = await whole(this.file);
    try {
      return await api.upload(file, { signal, damaged: this.damaged, onSent: this.onSent });
    } catch (error) {
      if (error.kind !== "pictureread") throw error;
      const readable = await converted(file); // HEIC on a Mac, a bitmap of Windows
      if (!readable) throw error;
      const info = await api.upload(readable, { signal });
      info.notes = [...(info.notes ?? []), t("open.converted")];
      return info;
    }
  }

  forget() {
    if (this.info) api.forget(this.info.id).catch(() => {});
    this.info = null;
  }

  /**
   * Do something with the id; if the server has forgotten the picture, send it once more.
   *
   * @param {(id: string) => Promise<any>} work
   * @param {{signal?: AbortSignal, others?: Upload[]}} options other pictures that it needs
   */
  async use(work, { signal, others = [] } = {}) {
    try {
      return await work(this.info?.id ?? (await this.ready(signal))); // at once where it can be
    } catch (error) {
      if (!(error instanceof api.ProblemError) || error.status !== 404) throw error;
      this.info = null;
      for (const other of others) other.info = null;
      return work(await this.ready(signal));
    }
  }
}

export class Photo {
  constructor(file, info = null) {
    this.upload = new Upload(file, info);
    this.name = file.name || t("open.unnamed");
    this.history = new History(UNTOUCHED);
    this.size = info && { width: info.width, height: info.height };
    this.preview = info?.preview ?? null;
    this.info = info;
    this.localUrl = URL.createObjectURL(file);
    this.beforeUrl = null;
    this.afterUrl = null;
    this.canvas = null; // what was painted since, while it is shown
    this.thumbnailUrl = null;
    this.painted = null; // the edit that is shown
    this.sharp = null; // the edit that is shown at full size, if one is
    this.asked = 0; // paint requests sent, and the number of the one that is shown
    this.shown = 0;
    this.error = null;
    this.batch = [this]; // what was opened together with it
    this.alternatives = null;
    this.alternativesOf = []; // what was asked for beside them
    this.usual = null; // a small canvas of how it is without an alternative
    this.previews = { before: null, after: null }; // what the URLs show
    this.waitingEdits = null; // of a project or the last visit, taken once the size is known
    this.keptAs = null; // under which key the last visit kept it
    this.snapshots = []; // edits to come back to
  }

  get edit() {
    return this.history.present;
  }

  get isPainted() {
    return this.painted === this.edit;
  }

  /** What is shown of it in color: a canvas, or the address of a file. */
  get after() {
    return this.canvas ?? this.afterUrl;
  }

  /** Take what was painted: a file, or bitmaps from top to bottom that become one when hands rest. */
  take(painted) {
    this.sharp = null;
    if (painted instanceof Blob) {
      this.canvas = null;
      this.#setAfter(painted);
      return;
    }
    this.canvas ??= document.createElement("canvas");
    const context = this.canvas.getContext("2d", { alpha: false });
    const width = painted[0].width;
    const height = painted.reduce((sum, one) => sum + one.height, 0);
    if (this.canvas.width !== width || this.canvas.height !== height)
      Object.assign(this.canvas, { width, height });
    let top = 0;
    for (const stripe of painted) {
      context.drawImage(stripe, 0, top);
      top += stripe.height;
      stripe.close();
    }
    paintings += 1;
    this.canvas.dataset.painting = String(paintings);
  }

  /** Make a file of the canvas; resolves to whether there was something to do. */
  async settle() {
    const { canvas } = this;
    const { painting } = canvas?.dataset ?? {};
    if (!painting || painting === this.#settled) return false;
    const blob = await new Promise((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", PREVIEW_QUALITY);
    });
    if (!blob || canvas !== this.canvas || painting !== canvas.dataset.painting) return false;
    this.#settled = painting;
    this.#setAfter(blob);
    return true;
  }

  #settled = null; // the painting of which the file is

  #setAfter(blob) {
    if (this.afterUrl) retire(this.afterUrl);
    this.afterUrl = URL.createObjectURL(blob);
    this.previews.after = blob;
    this.thumbnailUrl = this.afterUrl;
  }

  release() {
    for (const url of [this.localUrl, this.beforeUrl, this.afterUrl]) if (url) retire(url);
    this.upload.forget();
  }
}

/** Free a picture's memory when nothing shows it any more. */
function retire(url) {
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export class Session extends EventTarget {
  #queue = new LatestQueue();
  #pumping = false;

  photos = [];
  current = null;
  own = { name: "", sha256: "", cannot: {} }; // the engine's own model
  #chosen = null; // another one that paints in its place

  add(photos) {
    for (const photo of photos) photo.batch = photos;
    this.photos.push(...photos);
    this.#emit("list");
    this.select(photos[0]);
  }

  select(photo) {
    if (this.current === photo) return;
    this.#queue.clear();
    if (this.current) this.#settle(this.current);
    this.current = photo;
    this.#emit("select");
    this.pump();
  }

  /** Go to the photograph so many places further on, around the ends. */
  step(by) {
    const { length } = this.photos;
    if (length > 1) this.select(this.photos[(this.photos.indexOf(this.current) + by + length) % length]);
  }

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

  /** Change what is asked for the current photograph, as one step to undo. */
  change(next, label, merge = null) {
    if (this.current) this.changeOf(this.current, next, label, merge);
  }

  /** The same for any of them. */
  changeOf(photo, next, label, merge = null) {
    if (!photo.size) return;
    photo.history.commit(next, label, merge);
    if (photo !== this.current) return; // it is painted when its turn comes
    this.repaint(); // first: the engine works while the page shows what is asked for
    this.#emit(
      "edit",
      SAY_THEMSELVES.has(label) ? {} : { said: t("stage.done", { step: stepWords(label) }) },
    );
  }

  /** Try once more to open a photograph. */
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

  /** Go to a step of the current photograph's history. */
  goTo(index) {
    this.current.history.goTo(index);
    this.#emit("edit");
    this.repaint();
  }

  #travel(way, key) {
    const label = this.current?.history[way]();
    if (!label) return;
    this.#emit("edit", { said: t(key, { step: stepWords(label) }) });
    this.repaint();
  }

  /** Paint the current photograph as it is asked for now. */
  repaint() {
    const photo = this.current;
    if (!photo?.upload.info && !photo?.size) return;
    this.#queue.push((signal) => this.#paintOrSay(photo, signal));
  }

  /** The name of the model that was chosen in place of the engine's own; null: that one paints. */
  get model() {
    return this.#chosen?.name ?? null;
  }

  /** What the model that paints can't do, and why. */
  get cannot() {
    return (this.#chosen ?? this.own).cannot;
  }

  /** Who paints, for files: a name and a file's hash; null while that isn't known. */
  get painter() {
    const { name, sha256 } = this.#chosen ?? this.own;
    return name ? { name, sha256 } : null;
  }

  /** Let another model paint from now on, everything anew; null: the engine's own. */
  useModel(model) {
    this.#chosen = model;
    api.useModel(this.model);
    for (const photo of this.photos)
      Object.assign(photo, { painted: null, sharp: null, alternatives: null, traits: null });
    this.#emit("model");
    this.repaint();
    this.pump();
  }

  /** Whether an error is that the chosen model can't be used any more; the engine's own paints then. */
  #hasLost(error) {
    if (error.kind !== "model" || this.model === null) return false;
    this.useModel(null);
    this.#emit("lost", { error });
    return true;
  }

  /**
   * Call the server with the body for a photograph's present edit, but for what a model can't do.
   *
   * @param {Photo} photo
   * @param {(id: string, body: object, signal: AbortSignal) => Promise<any>} door
   * @param {{[name: string]: any}} more
   * @param {AbortSignal} [signal]
   * @param {{[what: string]: string}} cannot
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

  #nextUnready() {
    const unready = (photo) =>
      !photo.error && (!photo.afterUrl || !photo.beforeUrl || (photo !== this.current && !photo.isPainted));
    return this.current && unready(this.current) ? this.current : this.photos.find(unready);
  }

  async #begin(photo) {
    try {
      photo.upload.onSent = (share) => this.#emit("sent", { photo, share });
      await photo.upload.ready();
      photo.info = photo.upload.info;
      photo.size = { width: photo.info.width, height: photo.info.height };
      photo.preview = photo.info.preview;
      this.#emit("ready", { photo });
      if (!photo.afterUrl || !photo.isPainted) await this.#paint(photo);
      // The colours first: until this is here, the page shows the file itself in grey.
      if (!photo.beforeUrl) {
        photo.previews.before = await photo.upload.use((id) => api.original(id));
        photo.beforeUrl = URL.createObjectURL(photo.previews.before);
        this.#emit("before", { photo });
      }
    } catch (error) {
      if (error instanceof api.OfflineError) throw error;
      if (this.#hasLost(error)) return; // it is begun again
      photo.error = error;
      this.#emit("failed", { photo });
    }
    this.#emit("list");
    if (photo.batch.every((one) => one.error || one.beforeUrl)) this.#emit("opened", { photos: photo.batch });
  }

  async #paintOrSay(photo, signal) {
    try {
      await this.#paint(photo, signal);
    } catch (error) {
      if (error.name === "AbortError" || error instanceof api.OfflineError) return;
      if (!this.#hasLost(error)) this.#emit("refused", { photo, error });
    }
  }

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

  #resting;

  /** Let a photograph's painting become a file, and let go of the pixels of those not shown. */
  async #settle(photo) {
    const { canvas } = photo;
    if (await photo.settle()) this.#emit("list");
    if (photo !== this.current && canvas === photo.canvas) photo.canvas = null;
  }

  #emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
