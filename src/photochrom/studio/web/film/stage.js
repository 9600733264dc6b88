// One frame of the film, and the hints on it: markers to grab, and a cross for the keyboard.

import { nameOf } from "../color.js";
import { byId, make } from "../dom.js";
import { spoken, t } from "../words.js";

/**
 * @import { Hint, Spot } from "./marks.js"
 * @typedef {{ left: number, top: number, width: number, height: number }} Place
 * @typedef {{ spot: { point: number[] }, open: { spot: Spot }, delete: { spot: Spot },
 *   move: { spot: Spot, point: number[] } }} StageEvents
 */

const STEP_PX = 12;
const FINE_PX = 2;

export class FilmStage extends /** @type {Telling<StageEvents>} */ (EventTarget) {
  /** @type {HTMLElement} */
  #stage = byId("stage");
  /** @type {HTMLElement} */
  #frame = byId("film-frame");
  /** @type {Place} which part of the frame is shown, in its pixels */
  #place = { left: 0, top: 0, width: 1, height: 1 };
  /** @type {number[] | null} in pixels of the frame */
  #cross = null;
  /** Whether a color is asked for at the cross. */
  #isAsked = false;
  #marked = "";

  constructor() {
    super();
    this.#frame.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest(".marker")) return;
      this.#tell("spot", { point: this.#at(event) });
    });
    this.#stage.addEventListener("keydown", (event) => this.#key(event));
    for (const type of ["focus", "blur"]) this.#stage.addEventListener(type, () => this.#showCross());
  }

  /** @param {Place} place */
  lay(place) {
    this.#place = place;
    this.#cross = null;
    this.#frame.hidden = true;
  }

  /** @param {string} address of the picture to show */
  async show(address) {
    const image = new Image();
    image.alt = "";
    image.draggable = false; // or the browser drags it where a marker has been
    image.src = address;
    await image.decode();
    this.#frame.style.setProperty("--aspect", String(image.naturalWidth / image.naturalHeight));
    this.#frame.hidden = false;
    byId("film-image").replaceChildren(image);
    this.#showCross();
  }

  /** Show where a color is asked for; null: nowhere. @param {number[] | null} point */
  ghost(point) {
    this.#isAsked = point !== null;
    if (point) this.#cross = point;
    this.#showCross();
  }

  /** @param {{ hint: Hint, spot: Spot }[]} hints on this frame */
  mark(hints) {
    // What is there already stays: somebody may be dragging it.
    const marked = JSON.stringify([hints, this.#place, spoken()]);
    if (marked === this.#marked) return;
    this.#marked = marked;
    const markers = hints.map(({ hint, spot }, at) => {
      const marker = make("button", {
        class: "marker",
        type: "button",
        "data-spot": `${spot.entry}.${spot.hint}`,
        "aria-label": t("hints.marker", { number: at + 1, color: nameOf(hint.color) }),
      });
      marker.style.setProperty("--color", hint.color);
      this.#put(marker, [hint.x, hint.y]);
      this.#follow(marker, hint, spot);
      return marker;
    });
    const { activeElement } = document;
    const held = activeElement instanceof HTMLElement ? activeElement.dataset.spot : undefined;
    byId("markers").replaceChildren(...markers);
    markers.find((one) => held && one.dataset.spot === held)?.focus({ preventScroll: true });
  }

  /** @param {Spot} spot */
  focus({ entry, hint }) {
    const marker = byId("markers").querySelector(`[data-spot="${entry}.${hint}"]`);
    (marker ?? this.#stage).focus({ preventScroll: true });
  }

  /** @param {string} type @param {object} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {MouseEvent} event @returns {number[]} in pixels of the frame */
  #at(event) {
    const box = this.#frame.getBoundingClientRect();
    return this.#inside([
      this.#place.left + ((event.clientX - box.left) / box.width) * this.#place.width,
      this.#place.top + ((event.clientY - box.top) / box.height) * this.#place.height,
    ]);
  }

  /** @param {number[]} point */
  #inside([x, y]) {
    const { left, top, width, height } = this.#place;
    return [Math.min(left + width, Math.max(left, x)), Math.min(top + height, Math.max(top, y))];
  }

  /** @param {HTMLElement} element @param {number[]} point */
  #put(element, [x, y]) {
    element.style.left = `${(100 * (x - this.#place.left)) / this.#place.width}%`;
    element.style.top = `${(100 * (y - this.#place.top)) / this.#place.height}%`;
  }

  /** @param {KeyboardEvent} event @returns {number[] | null} */
  #step(event) {
    const scale = this.#place.width / Math.max(1, this.#frame.getBoundingClientRect().width);
    const step = (event.shiftKey ? FINE_PX : STEP_PX) * scale;
    if (event.key === "ArrowLeft") return [-step, 0];
    if (event.key === "ArrowRight") return [step, 0];
    if (event.key === "ArrowUp") return [0, -step];
    return event.key === "ArrowDown" ? [0, step] : null;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.#stage || this.#frame.hidden) return;
    const { left, top, width, height } = this.#place;
    const from = this.#cross ?? [left + width / 2, top + height / 2];
    const step = this.#step(event);
    if (step) this.#cross = this.#inside([from[0] + step[0], from[1] + step[1]]);
    else if (event.key === "Enter") this.#tell("spot", { point: from });
    else return;
    event.preventDefault();
    this.#showCross();
  }

  #showCross() {
    const { left, top, width, height } = this.#place;
    const cross = byId("cross");
    const shown = document.activeElement === this.#stage && this.#stage.matches(":focus-visible");
    cross.classList.toggle("shown", (shown || this.#isAsked) && !this.#frame.hidden);
    this.#put(cross, this.#cross ?? [left + width / 2, top + height / 2]);
  }

  /** @param {HTMLElement} marker @param {Hint} hint @param {Spot} spot */
  #follow(marker, hint, spot) {
    /** @type {number[] | null} */
    let to = null;
    let held = false;
    marker.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      marker.setPointerCapture(event.pointerId);
      held = true;
      to = null;
    });
    marker.addEventListener("pointermove", (event) => {
      if (!held) return;
      const point = this.#at(event);
      const box = this.#frame.getBoundingClientRect();
      const far = Math.hypot(point[0] - hint.x, point[1] - hint.y) * (box.width / this.#place.width);
      if (!to && far < 4) return;
      to = point;
      this.#put(marker, to);
    });
    marker.addEventListener("pointercancel", () => {
      held = false;
    });
    marker.addEventListener("click", () => {
      held = false;
      if (to) this.#tell("move", { spot, point: to });
      else this.#tell("open", { spot });
      to = null;
    });
    marker.addEventListener("keydown", (event) => {
      const step = this.#step(event);
      if (step) this.#tell("move", { spot, point: this.#inside([hint.x + step[0], hint.y + step[1]]) });
      else if (event.key === "Delete" || event.key === "Backspace") this.#tell("delete", { spot });
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
