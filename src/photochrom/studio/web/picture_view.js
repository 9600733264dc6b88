// The photograph on its table: zoom, pan, before and after. Positions on the stage are CSS
// pixels, positions in the photograph are its own pixels.

import { byId, reducedMotion } from "./dom.js";
import { onLanguage, percent, t } from "./words.js";

const MARGIN_PX = 28;
const MOST_ZOOM = 8;
const SWEEP_MS = 1100;

/** @type {(value: number, low: number, high: number) => number} */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** @typedef {HTMLImageElement | HTMLCanvasElement} Picture */

export class PictureView extends /** @type {Telling<{ move: object }>} */ (EventTarget) {
  stage = byId("stage");
  /** @type {Size | null} */
  size = null;
  split = 0.5; // of what is seen of the photograph; left of it lies the original
  comparing = true;
  scale = 1; // CSS pixels to a pixel of the photograph
  x = 0;
  y = 0;
  #fitted = true;
  /** @type {Picture | null} */
  #before = null;
  /** @type {Picture | null} */
  #after = null;
  #sweep = 0;
  /** @type {Record<string, number>} */
  #turns = { before: 0, after: 0 };

  constructor() {
    super();
    new ResizeObserver(() => this.#resized()).observe(this.stage);
    this.#followDivider();
    onLanguage(() => this.#place());
  }

  /**
   * Put a photograph of that size on the table, without pictures yet.
   * @type {(size: Size | null) => void}
   */
  lay(size) {
    this.size = size;
    this.clear();
    byId("frame").hidden = size === null;
    byId("divider").hidden = true;
    for (const id of ["tag-before", "tag-after"]) byId(id).classList.remove("shown");
    if (size) this.fit();
  }

  clear() {
    this.#turns.before += 1;
    this.#turns.after += 1;
    this.#before = null;
    this.#after = null;
    byId("images").replaceChildren();
  }

  /** @type {(url: string, options?: { gray?: boolean }) => Promise<void>} */
  async showBefore(url, { gray = false } = {}) {
    const image = await this.#decoded("before", url);
    if (!image) return;
    if (gray) image.classList.add("made-gray");
    this.#before = this.#put(image, this.#before);
    this.#place();
  }

  /**
   * `after` is a canvas, or the address of a file.
   * @type {(after: HTMLCanvasElement | string) => Promise<void>}
   */
  async showAfter(after) {
    const isCanvas = after instanceof HTMLCanvasElement;
    if (isCanvas && after === this.#after) return;
    const image = isCanvas ? this.#drawn(after) : await this.#decoded("after", after);
    if (!image) return;
    this.#after = this.#put(image, this.#after);
    this.#place();
  }

  /** @type {(canvas: HTMLCanvasElement) => Picture} */
  #drawn(canvas) {
    this.#turns.after += 1;
    canvas.className = "after";
    return canvas;
  }

  /**
   * An image that can be shown without a flicker; null if a later one was asked for.
   * @type {(kind: string, url: string) => Promise<Picture | null>}
   */
  async #decoded(kind, url) {
    this.#turns[kind] += 1;
    const turn = this.#turns[kind];
    const image = new Image();
    image.className = kind;
    image.alt = "";
    image.draggable = false;
    image.src = url;
    try {
      await image.decode();
    } catch {
      return null; // not a format for browsers
    }
    return turn === this.#turns[kind] ? image : null;
  }

  /** What is shown in color; null where nothing is yet. */
  get after() {
    return this.#after;
  }

  get hasAfter() {
    return this.#after !== null;
  }

  /** @type {(image: Picture, earlier: Picture | null) => Picture} */
  #put(image, earlier) {
    if (earlier?.isConnected) earlier.replaceWith(image);
    else byId("images").append(image);
    return image;
  }

  /* zoom and pan */

  get #room() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const narrow = width < 560;
    return { width, height, margin: narrow ? 12 : MARGIN_PX };
  }

  get fitScale() {
    const { width, height, margin } = this.#room;
    const size = this.size ?? { width, height };
    return Math.max(
      1e-3,
      Math.min((width - 2 * margin) / size.width, (height - 2 * margin) / size.height, 2),
    );
  }

  /** Screen pixels to a pixel of the photograph. */
  get zoom() {
    return this.scale * devicePixelRatio;
  }

  get isFitted() {
    return this.#fitted;
  }

  fit() {
    if (!this.size) return;
    this.#fitted = true;
    this.scale = this.fitScale;
    this.#place();
  }

  /** One pixel of the photograph is one of the screen. */
  actual() {
    this.zoomTo(1 / devicePixelRatio);
  }

  /** @type {(scale: number, at?: Point | null) => void} */
  zoomTo(scale, at = null) {
    if (!this.size) return;
    const { width, height } = this.#room;
    const [sx, sy] = at ?? [width / 2, height / 2];
    const [px, py] = this.toPicture([sx, sy]);
    const least = Math.min(this.fitScale, 1 / devicePixelRatio);
    this.scale = clamp(scale, least, Math.max(MOST_ZOOM / devicePixelRatio, this.fitScale));
    this.#fitted = Math.abs(this.scale / this.fitScale - 1) < 0.005;
    this.x = sx - px * this.scale;
    this.y = sy - py * this.scale;
    this.#place();
  }

  /** @type {(factor: number, at?: Point | null) => void} */
  zoomBy(factor, at = null) {
    this.zoomTo(this.scale * factor, at);
  }

  /** @type {(dx: number, dy: number) => void} */
  panBy(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.#place();
  }

  /** @type {(place: Point) => Point} */
  toPicture([sx, sy]) {
    return [(sx - this.x) / this.scale, (sy - this.y) / this.scale];
  }

  /** @type {(point: Point) => Point} */
  toStage([px, py]) {
    return [px * this.scale + this.x, py * this.scale + this.y];
  }

  /**
   * A pointer's place on the stage.
   * @type {(event: MouseEvent) => Point}
   */
  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @type {(point: Point) => boolean} */
  holds([px, py]) {
    const { width, height } = this.size ?? { width: 0, height: 0 };
    return px >= 0 && py >= 0 && px < width && py < height;
  }

  /**
   * Move the view so that a place of the photograph is seen.
   * @type {(point: Point) => void}
   */
  reveal(point) {
    const { width, height, margin } = this.#room;
    const [sx, sy] = this.toStage(point);
    this.panBy(clamp(sx, margin, width - margin) - sx, clamp(sy, margin, height - margin) - sy);
  }

  #resized() {
    if (!this.size) return;
    if (this.#fitted) this.fit();
    else this.#place();
  }

  #place() {
    if (!this.size) return;
    const { width, height, margin } = this.#room;
    const [w, h] = [this.size.width * this.scale, this.size.height * this.scale];
    // A photograph smaller than the stage is centred; a larger one can't be lost from sight.
    this.x = w <= width - 2 * margin ? (width - w) / 2 : clamp(this.x, width - margin - w, margin);
    this.y = h <= height - 2 * margin ? (height - h) / 2 : clamp(this.y, height - margin - h, margin);
    const frame = byId("frame");
    frame.style.width = `${w}px`;
    frame.style.height = `${h}px`;
    frame.style.transform = `translate(${this.x}px, ${this.y}px)`;
    frame.classList.toggle("pixels", this.zoom > 2.5);
    this.#placeSplit();
    this.dispatchEvent(new Event("move"));
  }

  /* before and after */

  /** The part of the stage where the photograph is seen. */
  get seen() {
    const { width, height } = this.#room;
    const size = this.size ?? { width: 0, height: 0 };
    return {
      left: Math.max(0, this.x),
      top: Math.max(0, this.y),
      right: Math.min(width, this.x + size.width * this.scale),
      bottom: Math.min(height, this.y + size.height * this.scale),
    };
  }

  /** @type {(value: boolean) => void} */
  setComparing(value) {
    this.comparing = value;
    this.#place();
  }

  /** @type {(split: number) => void} */
  setSplit(split) {
    cancelAnimationFrame(this.#sweep);
    this.#setSplit(split);
  }

  /** @type {(split: number) => void} */
  #setSplit(split) {
    this.split = clamp(split, 0, 1);
    this.#placeSplit();
  }

  get splitX() {
    const { left, right } = this.seen;
    return left + this.split * (right - left);
  }

  #placeSplit() {
    if (!this.size) return;
    const both = this.#before !== null && this.#after !== null;
    const divided = both && this.comparing;
    const { left, top, right, bottom } = this.seen;
    const divider = byId("divider");
    divider.hidden = !divided;
    divider.style.transform = `translate(${this.splitX}px, ${top}px)`;
    divider.style.height = `${Math.max(0, bottom - top)}px`;
    byId("divider-knob").setAttribute("aria-valuenow", String(Math.round(100 * this.split)));
    byId("divider-knob").setAttribute("aria-valuetext", t("stage.dividerAt", { share: percent(this.split) }));
    if (this.#before) {
      const cut = divided ? this.splitX - this.x : 0;
      const width = this.size.width * this.scale;
      const shown = this.#after === null ? width : cut;
      this.#before.style.clipPath = `inset(0 ${Math.max(0, width - shown)}px 0 0)`;
    }
    /** @type {[string, number, number][]} */
    const tags = [
      ["tag-before", left, this.splitX - left],
      ["tag-after", right, right - this.splitX],
    ];
    for (const [id, x, room] of tags) {
      const tag = byId(id);
      tag.classList.toggle("shown", divided && room > 96);
      tag.style.transform = `translate(${x}px, ${top}px)`;
    }
  }

  /**
   * Reveal the colors from the right, like a print that is being developed.
   * @type {(to?: number) => void}
   */
  sweep(to = this.split) {
    if (reducedMotion() || !this.comparing) {
      this.#setSplit(to);
      return;
    }
    const began = performance.now();
    /** @type {(now: number) => void} */
    const step = (now) => {
      const t = clamp((now - began) / SWEEP_MS, 0, 1);
      this.#setSplit(1 + (to - 1) * (1 - (1 - t) ** 3));
      if (t < 1) this.#sweep = requestAnimationFrame(step);
    };
    cancelAnimationFrame(this.#sweep);
    this.#setSplit(1);
    this.#sweep = requestAnimationFrame(step);
  }

  #followDivider() {
    const divider = byId("divider");
    /** @type {(event: MouseEvent) => void} */
    const follow = (event) => {
      const { left, right } = this.seen;
      this.setSplit((this.at(event)[0] - left) / Math.max(1, right - left));
    };
    divider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      event.stopPropagation();
      divider.setPointerCapture(event.pointerId);
      byId("divider-knob").focus({ preventScroll: true, focusVisible: false });
      divider.addEventListener("pointermove", follow);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      divider.addEventListener(end, () => divider.removeEventListener("pointermove", follow));
    }
    byId("divider-knob").addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.01 : 0.05;
      /** @type {Record<string, number>} */
      const steps = {
        ArrowLeft: this.split - step,
        ArrowDown: this.split - step,
        ArrowRight: this.split + step,
        ArrowUp: this.split + step,
        Home: 0,
        End: 1,
        PageDown: this.split - 0.2,
        PageUp: this.split + 0.2,
      };
      const to = steps[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.setSplit(to);
    });
  }
}
