// One open photograph: its file, which the engine knows under an id, and what is shown of it.

import * as api from "./api.js";
import { UNTOUCHED } from "./edits.js";
import { History } from "./history.js";
import { contextOf, PREVIEW_QUALITY } from "./local/pixels.js";
import { converted, folderOf, whole } from "./reading.js";
import { kindOf } from "./thrown.js";
import { t } from "./words.js";

let paintings = 0;

/** A file that the server knows under an id, and gets again should it forget. */
export class Upload {
  /** @type {Promise<Opened> | null} */
  #sending = null;

  /**
   * @param {File} file
   * @param {Opened | null} info
   */
  constructor(file, info = null) {
    this.file = file;
    this.info = info;
    /** @type {(share: number) => void} gets the share that has been sent */
    this.onSent = () => {};
    this.damaged = false; // whether to take what is left of a broken file
  }

  /** @type {(signal?: AbortSignal) => Promise<string>} */
  async ready(signal) {
    if (this.info) return this.info.id;
    this.#sending ??= this.#send(signal);
    try {
      this.info = await this.#sending;
      return this.info.id;
    } finally {
      this.#sending = null;
    }
  }

  /** @type {(signal?: AbortSignal) => Promise<Opened>} */
  async #send(signal) {
    const file = await whole(this.file);
    try {
      return await api.upload(file, { signal, damaged: this.damaged, onSent: this.onSent });
    } catch (error) {
      if (kindOf(error) !== "pictureread") throw error;
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
   * @template Value
   * @param {(id: string) => Promise<Value>} work
   * @param {{signal?: AbortSignal, others?: Upload[]}} options other pictures that it needs
   * @returns {Promise<Value>}
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
  /**
   * @param {File} file
   * @param {Opened | null} info
   */
  constructor(file, info = null) {
    this.upload = new Upload(file, info);
    this.name = file.name || t("open.unnamed");
    this.folder = folderOf(file);
    /** @type {History<Edit>} */
    this.history = new History(UNTOUCHED);
    /** @type {Size | null} */
    this.size = info && { width: info.width, height: info.height };
    this.preview = info?.preview ?? null;
    this.info = info;
    this.localUrl = URL.createObjectURL(file);
  }

  /** @type {string | null} */
  beforeUrl = null;
  /** @type {string | null} */
  afterUrl = null;
  /** @type {string | null} */
  thumbnailUrl = null;
  /** @type {{ before: Blob | null, after: Blob | null }} what the URLs show */
  previews = { before: null, after: null };
  /** @type {HTMLCanvasElement | null} what was painted since, while it is shown */
  canvas = null;
  /** @type {Edit | null} the one that is shown */
  painted = null;
  /** @type {Edit | null} the one that is shown at full size, if one is */
  sharp = null;
  asked = 0; // paint requests sent, and the number of the one that is shown
  shown = 0;
  /** @type {unknown} why it can't be opened; null where it can */
  error = null;
  /** @type {Photo[]} what is opened together with it, until that is done */
  batch = [this];
  /** @type {Alternative[] | "asked" | null} */
  alternatives = null;
  /** @type {unknown[]} what was asked for beside the alternatives */
  alternativesOf = [];
  /** @type {HTMLCanvasElement | null} a small one of how it is without an alternative */
  usual = null;
  /** @type {Promise<import("./region.js").Traits> | null} by what its regions are told apart */
  traits = null;
  /** @type {{ name: string, text: string } | null} a file of hints, taken once the size is known */
  waitingHints = null;
  /** @type {{ text: string, reference: Upload | null } | null} of a project or the last visit, likewise */
  waitingEdits = null;
  /** @type {string | null} under which key the last visit kept it */
  keptAs = null;
  /** @type {Edit[]} to come back to */
  snapshots = [];

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

  /**
   * Take what was painted: a file, or bitmaps from top to bottom that become one when hands rest.
   * @type {(painted: Painted) => void}
   */
  take(painted) {
    this.sharp = null;
    if (painted instanceof Blob) {
      this.canvas = null;
      this.#setAfter(painted);
      return;
    }
    this.canvas ??= document.createElement("canvas");
    const context = contextOf(this.canvas, { alpha: false });
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
    const painting = canvas?.dataset.painting;
    if (!canvas || !painting || painting === this.#settled) return false;
    /** @type {Blob | null} */
    const blob = await new Promise((resolve) => {
      canvas.toBlob(resolve, "image/jpeg", PREVIEW_QUALITY);
    });
    if (!blob || canvas !== this.canvas || painting !== canvas.dataset.painting) return false;
    this.#settled = painting;
    this.#setAfter(blob);
    return true;
  }

  /** @type {string | null} */
  #settled = null; // the painting of which the file is

  /** @type {(blob: Blob) => void} */
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

/**
 * Free a picture's memory when nothing shows it any more.
 * @type {(url: string) => void}
 */
function retire(url) {
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
