// What is laid over the preview when there is time: single pixels, and the confidence map.

import * as api from "./api.js";
import { byId, tell } from "./dom.js";
import { contextOf } from "./local/pixels.js";
import { isAbort } from "./thrown.js";
import { t } from "./words.js";

const SETTLED_MS = 450;
const MOST_PIXELS = 60e6;

/**
 * When the view is closer than the preview is sharp, fetch the full size and show that.
 * @type {(view: PictureView, session: Session) => { settle: () => void, stop: () => void }}
 */
export function followSharpness(view, session) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** @type {AbortController | null} */
  let asked = null;

  const stop = () => {
    clearTimeout(waiting);
    asked?.abort();
    asked = null;
  };

  const fetchFull = async () => {
    const photo = session.current;
    if (!photo) return;
    const { edit } = photo;
    const abort = new AbortController();
    asked = abort;
    try {
      /** @type {Order} */
      const more = { size: "full", format: "jpeg" };
      const blob = await session.ask(photo, api.paint, more, abort.signal);
      if (!(blob instanceof Blob) || photo !== session.current || photo.edit !== edit) return;
      const url = URL.createObjectURL(blob);
      await view.showAfter(url);
      photo.sharp = edit;
      setTimeout(() => URL.revokeObjectURL(url), 10000);
      await view.showBefore(photo.localUrl, { gray: true });
    } catch (error) {
      if (!isAbort(error) && !(error instanceof api.OfflineError)) {
        tell(error, { title: t("paint.pixelsRefused") });
      }
    } finally {
      if (asked === abort) asked = null;
    }
  };

  const settle = () => {
    clearTimeout(waiting);
    const photo = session.current;
    if (!photo?.preview || !photo.size || !photo.isPainted || asked || photo.sharp === photo.edit) return;
    const { width, height } = photo.size;
    if (photo.preview.width >= width || width * height > MOST_PIXELS) return;
    if (view.zoom * width < 1.1 * photo.preview.width) return;
    waiting = setTimeout(fetchFull, SETTLED_MS);
  };

  return { settle, stop };
}

/** Where the network is least sure: the photograph in gray, the uncertain parts in the accent. */
export class ConfidenceMap {
  #session;
  /** @type {AbortController | null} */
  #asked = null;
  #shown = false;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  toggle() {
    this.#shown = !this.#shown;
    byId("next-uncertain").hidden = true;
    this.#places = [];
    byId("confidence").setAttribute("aria-pressed", String(this.#shown));
    byId("stage").classList.toggle("with-confidence", this.#shown);
    byId("tag-after").textContent = t(this.#shown ? "stage.confidence" : "stage.after");
    byId("confidence-map").hidden = !this.#shown;
    if (this.#shown) this.refresh();
  }

  hide() {
    if (this.#shown) this.toggle();
  }

  async refresh() {
    const photo = this.#session.current;
    if (!this.#shown || !photo?.size) return;
    this.#asked?.abort();
    const abort = new AbortController();
    this.#asked = abort;
    try {
      const blob = await this.#session.ask(photo, api.confidence, { size: "preview" }, abort.signal);
      const bitmap = await createImageBitmap(blob, { resizeWidth: Math.min(640, photo.size.width) });
      if (!abort.signal.aborted) this.#draw(bitmap);
    } catch (error) {
      if (isAbort(error) || error instanceof api.OfflineError) return;
      tell(error, { title: t("paint.confidenceRefused") });
      this.hide();
    }
  }

  /** @type {Point[]} */
  #places = []; // [x, y] in shares of the sides, the least certain first
  #next = 0;

  /**
   * The next uncertain place, in pixels of the photograph; null where there is none.
   * @type {() => Point | null}
   */
  next() {
    const size = this.#session.current?.size;
    if (!size || !this.#places.length) return null;
    const [x, y] = this.#places[this.#next % this.#places.length];
    this.#next += 1;
    return [x * size.width, y * size.height];
  }

  /** @type {(bitmap: ImageBitmap) => void} */
  #draw(bitmap) {
    const canvas = byId("confidence-map");
    const { width, height } = bitmap;
    Object.assign(canvas, { width, height });
    const context = contextOf(canvas, { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, width, height);
    const { data } = pixels;
    const levels = data.filter((_, at) => at % 4 === 0).sort();
    const [least, most] = [0.02, 0.9].map((share) => levels[Math.floor(share * levels.length)]);
    const range = Math.max(24, most - least);
    for (let at = 0; at < data.length; at += 4) {
      const doubt = Math.min(1, Math.max(0, (most - data[at]) / range));
      data.set([255, 150 - 70 * doubt, 60 - 20 * doubt, Math.round(170 * doubt ** 1.5)], at);
    }
    context.putImageData(pixels, 0, 0);
    this.#places = placesOf(data, width, height);
    this.#next = 0;
    byId("next-uncertain").hidden = this.#places.length === 0;
  }
}

const CELLS = 12; // along the longer side
const PLACES = 8;

/**
 * Where a map is densest: middles of cells that are no neighbours, the densest first.
 * @type {(data: Uint8ClampedArray, width: number, height: number) => Point[]}
 */
function placesOf(data, width, height) {
  const side = Math.ceil(Math.max(width, height) / CELLS);
  const cells = [];
  for (let top = 0; top < height; top += side) {
    for (let left = 0; left < width; left += side) {
      let sum = 0;
      const [right, bottom] = [Math.min(width, left + side), Math.min(height, top + side)];
      for (let y = top; y < bottom; y += 1)
        for (let x = left; x < right; x += 1) sum += data[4 * (y * width + x) + 3];
      const mean = sum / ((right - left) * (bottom - top));
      cells.push({ x: (left + right) / 2, y: (top + bottom) / 2, mean });
    }
  }
  cells.sort((one, other) => other.mean - one.mean);
  /** @type {typeof cells} */
  const chosen = [];
  for (const cell of cells) {
    if (chosen.length === PLACES || cell.mean < 40) break;
    if (chosen.every((one) => Math.hypot(one.x - cell.x, one.y - cell.y) > 1.6 * side)) chosen.push(cell);
  }
  return chosen.map(({ x, y }) => [x / width, y / height]);
}
