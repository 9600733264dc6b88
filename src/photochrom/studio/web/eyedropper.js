// Takes a color from what is seen: this photograph, the reference, another open photograph.

import { announce, byId, closest } from "./dom.js";
import { contextOf } from "./local/pixels.js";
import { t } from "./words.js";

const REACH_PX = 2; // of the picture, around the spot

export class Eyedropper {
  #view;
  /** @type {((color: string) => void) | null} */
  #take = null;

  /**
   * @param {PictureView} view
   * @param {HintsLayer} layer where the keyboard chooses places of the photograph
   */
  constructor(view, layer) {
    this.#view = view;
    document.addEventListener("pointerdown", (event) => this.#pick(event), { capture: true });
    document.addEventListener("click", (event) => this.#click(event), { capture: true });
    layer.addEventListener("spot", (event) => {
      if (!this.#take) return;
      event.stopImmediatePropagation();
      this.#give(this.#colorIn(event.detail.points[0]));
    });
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Escape" || !this.#take) return;
        event.stopPropagation();
        this.stop();
      },
      { capture: true },
    );
  }

  #swallowing = false;

  get isActive() {
    return this.#take !== null;
  }

  /**
   * Call `take("#rrggbb")` with the color of the next picture that is pressed.
   * @type {(take: (color: string) => void) => void}
   */
  start(take) {
    this.#take = take;
    document.body.classList.add("picking-color");
    byId("eyedropper").setAttribute("aria-pressed", "true");
    announce(t("picker.eyedropperHelp"));
  }

  stop() {
    this.#take = null;
    document.body.classList.remove("picking-color");
    byId("eyedropper").setAttribute("aria-pressed", "false");
  }

  /** @type {(color: string | null) => void} */
  #give(color) {
    const take = this.#take;
    this.stop();
    if (color) take?.(color);
  }

  /** @type {(event: PointerEvent) => void} */
  #pick(event) {
    if (!this.#take || closest(event, "#picker")) return;
    event.preventDefault();
    event.stopPropagation();
    this.#swallowing = true;
    const image = imageIn(event);
    if (image) this.#give(colorAt(image, event));
    else this.#give(closest(event, ".stage") && this.#colorIn(this.#view.toPicture(this.#view.at(event))));
  }

  /**
   * Swallow the click of a press that took a color; take one where a picture is clicked by the keyboard.
   * @type {(event: Event) => void}
   */
  #click(event) {
    const image = this.#take && imageIn(event);
    if (!this.#swallowing && !image) return;
    if (image) this.#give(colorOf(image, 0.5, 0.5));
    this.#swallowing = false;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @type {(point: Point) => string | null} */
  #colorIn(point) {
    const { after, size } = this.#view;
    if (!after || !size || !this.#view.holds(point)) return null;
    return colorOf(after, point[0] / size.width, point[1] / size.height);
  }
}

/**
 * The picture of a button.
 * @type {(event: Event) => HTMLImageElement | null}
 */
function imageIn(event) {
  const image = closest(event, "button")?.querySelector("img");
  return image?.naturalWidth ? image : null;
}

/** @type {(image: HTMLImageElement, event: PointerEvent) => string} */
function colorAt(image, event) {
  // The image covers its box: what is wider or higher is cut off at both sides.
  const box = image.getBoundingClientRect();
  const scale = Math.max(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const x = (event.clientX - box.left - box.width / 2) / (scale * image.naturalWidth) + 0.5;
  const y = (event.clientY - box.top - box.height / 2) / (scale * image.naturalHeight) + 0.5;
  return colorOf(image, x, y);
}

/**
 * The mean color of an image around a place in shares of its sides.
 * @type {(image: HTMLImageElement | HTMLCanvasElement, x: number, y: number) => string}
 */
function colorOf(image, x, y) {
  const side = 2 * REACH_PX + 1;
  const canvas = new OffscreenCanvas(side, side);
  const context = contextOf(canvas, { willReadFrequently: true });
  const isFile = image instanceof HTMLImageElement;
  const [width, height] = isFile ? [image.naturalWidth, image.naturalHeight] : [image.width, image.height];
  const left = Math.min(width - side, Math.max(0, Math.round(x * width) - REACH_PX));
  const top = Math.min(height - side, Math.max(0, Math.round(y * height) - REACH_PX));
  context.drawImage(image, -left, -top);
  const { data } = context.getImageData(0, 0, side, side);
  const sums = [0, 0, 0];
  for (let at = 0; at < data.length; at += 4) for (const one of [0, 1, 2]) sums[one] += data[at + one];
  const codes = sums.map((sum) => Math.round(sum / (side * side)));
  return `#${codes.map((code) => code.toString(16).padStart(2, "0")).join("")}`;
}
