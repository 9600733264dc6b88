// How far hints reach: the slider, and what a hint would take, shown while the pointer rests.

import * as api from "./api.js";
import { byId, closest } from "./dom.js";
import { contextOf } from "./local/pixels.js";
import { regionOf, unpack } from "./region.js";
import { t } from "./words.js";

/** @typedef {import("./region.js").Traits} Traits */

const REST_MS = 160;
/** @type {[number, number, number]} */
const TINT = [255, 122, 60];
const MOST = 0.5; // of the tint

/**
 * The slider's way, 0..100, as a reach; its end is none: as far as the model takes a hint.
 * @type {(way: number) => number | null}
 */
export const reachAt = (way) => (way >= 100 ? null : 2 ** ((way - 50) / 25));
/** @type {(reach: number | null | undefined) => number} */
export const wayOf = (reach) =>
  reach === null || reach === undefined
    ? 100
    : Math.min(99, Math.max(0, Math.round(50 + 25 * Math.log2(reach))));

/** @type {(reach: number | null) => string} */
export function wordsFor(reach) {
  if (reach === null) return t("reach.model");
  if (reach < 0.6) return t("reach.part");
  if (reach < 1.6) return t("reach.thing");
  return t("reach.like");
}

export class RegionPreview {
  #view;
  #session;
  #canvas = byId("region");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resting;
  #wanted = 0;

  /**
   * @param {PictureView} view
   * @param {Session} session
   * @param {() => boolean} mayShow whether a hint could be placed now
   */
  constructor(view, session, mayShow) {
    this.#view = view;
    this.#session = session;
    const { stage } = view;
    stage.addEventListener("pointermove", (event) => {
      clearTimeout(this.#resting);
      if (this.#pinned) return;
      this.hide();
      if (event.pointerType !== "mouse" || event.buttons || !view.size || !mayShow()) return;
      const point = view.toPicture(view.at(event));
      if (!closest(event, ".marker, .divider") && view.holds(point))
        this.#resting = setTimeout(() => this.show([point]), REST_MS);
    });
    stage.addEventListener("pointerleave", () => {
      clearTimeout(this.#resting);
      if (!this.#pinned) this.hide();
    });
  }

  #pinned = false;

  /**
   * Show what a hint at these points would take, until it is let go.
   * @type {(points: Point[], reach: number | null) => void}
   */
  pin(points, reach) {
    this.#pinned = true;
    this.show(points, reach);
  }

  release() {
    this.#pinned = false;
    this.hide();
  }

  hide() {
    this.#wanted += 1;
    this.#canvas.hidden = true;
  }

  /** @type {(points: Point[], reach?: number | null) => Promise<void>} */
  async show(points, reach = reachAt(Number(byId("reach").value))) {
    const photo = this.#session.current;
    const size = photo?.size;
    if (!photo || !size || !this.#view.hasAfter) return;
    this.#wanted += 1;
    const turn = this.#wanted;
    const traits = await traitsOf(photo);
    if (turn !== this.#wanted || !traits || photo !== this.#session.current) return;
    if (reach === null) {
      this.#canvas.hidden = true;
      return;
    }
    const step = Math.max(1, Math.ceil(points.length / 16));
    const masks = points.filter((_, at) => at % step === 0).map((point) => regionOf(traits, point, reach));
    this.#draw(traits, masks, size);
  }

  /** @type {(traits: Traits, masks: Float32Array[], size: Size) => void} */
  #draw({ width, height, place }, masks, size) {
    const canvas = this.#canvas;
    Object.assign(canvas, { width, height });
    const context = contextOf(canvas);
    const pixels = context.createImageData(width, height);
    for (let at = 0; at < width * height; at += 1) {
      const most = Math.max(...masks.map((mask) => mask[at]));
      pixels.data.set([...TINT, Math.round(255 * MOST * most)], 4 * at);
    }
    context.putImageData(pixels, 0, 0);
    /** @type {(value: number, whole: number) => string} */
    const share = (value, whole) => `${(100 * value) / whole}%`;
    canvas.style.left = share(place[0], size.width);
    canvas.style.top = share(place[1], size.height);
    canvas.style.width = share(place[3], size.width);
    canvas.style.height = share(place[2], size.height);
    canvas.hidden = false;
  }
}

/**
 * A photograph's traits, asked for once; null where the engine has none.
 * @type {(photo: Photo) => Promise<Traits | null>}
 */
export async function traitsOf(photo) {
  photo.traits ??= photo.upload.use((id) => api.traits(id)).then(unpack);
  try {
    return await photo.traits;
  } catch {
    photo.traits = null;
    return null;
  }
}
