// The color picker: what the network finds likely at a spot, recent colors, any color.

import { hexToLch, lchToHex, nameOf, parseHex } from "./color.js";
import { byId, closest, make } from "./dom.js";
import { reachAt, wayOf, wordsFor } from "./reach.js";
import { thingsAt } from "./things.js";
import { t } from "./words.js";

const RECENT = 8;
const STORE = "photochrom-recent";

/**
 * @typedef {{
 *   choose: { color: string }, reach: { reach: number | null }, reached: object, delete: object, close: object,
 * }} PickerEvents
 */
/**
 * @typedef {{
 *   color: string | null, likely: Promise<LikelyColor[]>, reach: number | null, returnTo: () => void,
 * }} Asked
 */

export class Picker extends /** @type {Telling<PickerEvents>} */ (EventTarget) {
  #box = byId("picker");
  #light = 60;
  /** @type {string | null} */
  #color = null;
  #opened = 0;
  /** @type {(() => void) | null} */
  #returnTo = null;

  /** @param {import("./eyedropper.js").Eyedropper | null} eyedropper null: the page has none */
  constructor(eyedropper) {
    super();
    byId("reach").addEventListener("input", () => {
      this.#showReach();
      this.#usual = Number(byId("reach").value);
      this.#emit("reach", { reach: this.reach });
    });
    byId("reach").addEventListener("change", () => this.#emit("reached"));
    byId("eyedropper").addEventListener("click", () => {
      if (!eyedropper) return;
      if (eyedropper.isActive) {
        eyedropper.stop();
        return;
      }
      eyedropper.start((color) => {
        if (!this.isOpen) return;
        this.#choose(color);
        this.#remember();
      });
    });
    for (const id of ["picker-hue", "picker-chroma"]) {
      byId(id).addEventListener("input", () => {
        this.#choose(lchToHex(this.#light, this.#chroma, this.#hue), { keepSliders: true });
      });
      byId(id).addEventListener("change", () => this.#remember());
    }
    byId("picker-hex").addEventListener("change", () => this.#typed());
    byId("picker-close").addEventListener("click", () => this.close());
    byId("picker-delete").addEventListener("click", () => this.#emit("delete"));
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.isOpen && !closest(event, ".picker, .marker, .stage, .hint-list")) this.close();
    });
  }

  get isOpen() {
    return !this.#box.hidden;
  }

  /**
   * How far the hint reaches: above 0, or null for as far as the model takes it.
   */
  get reach() {
    return reachAt(Number(byId("reach").value));
  }

  #usual = Number(byId("reach").value);

  /** The reach that a new hint has. */
  get usualReach() {
    return reachAt(this.#usual);
  }

  #showReach() {
    byId("reach-value").textContent = wordsFor(this.reach);
    byId("reach").setAttribute("aria-valuetext", wordsFor(this.reach));
  }

  get #hue() {
    return Number(byId("picker-hue").value);
  }

  get #chroma() {
    return Number(byId("picker-chroma").value);
  }

  /**
   * @param color of the hint, or null where there is none yet
   * @param likely a promise of [{ color, share }]
   * @param reach of the hint
   * @type {(at: Asked) => Promise<void>}
   */
  async open({ color, likely, reach, returnTo }) {
    this.#opened += 1;
    const turn = this.#opened;
    this.#returnTo = returnTo;
    this.#box.hidden = false;
    byId("picker-title").textContent = t(color ? "picker.hint" : "picker.spot");
    byId("picker-delete").hidden = color === null;
    byId("reach").value = String(wayOf(reach));
    this.#showReach();
    this.#showRecent();
    this.#setSliders(color ?? "#9a7b66");
    this.#color = color;
    byId("picker-likely").replaceChildren(
      ...[1, 2, 3, 4].map(() => make("span", { class: "swatch waiting" })),
    );
    byId("picker-likely").setAttribute("aria-busy", "true");
    byId("picker-close").focus({ preventScroll: true, focusVisible: false });
    const found = await likely.catch(() => /** @type {LikelyColor[]} */ ([]));
    if (turn !== this.#opened || !this.isOpen) return;
    this.#showLikely(found);
    if (!color && found.length) this.#setSliders(found[0].color);
    const first = byId("picker-likely").querySelector("button");
    if (first && this.#box.contains(document.activeElement)) first.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    const held = this.#box.contains(document.activeElement);
    this.#box.hidden = true;
    this.#opened += 1;
    this.#emit("close");
    if (held) this.#returnTo?.();
  }

  /** @type {(found: LikelyColor[]) => void} */
  #showLikely(found) {
    const part = byId("picker-likely");
    part.removeAttribute("aria-busy");
    if (!found.length) {
      part.replaceChildren(make("p", { class: "note" }, t("picker.unknown")));
      return;
    }
    part.replaceChildren(
      ...found.map(({ color, share }, index) => {
        const words = t(index === 0 ? "picker.mostLikely" : likelihood(share));
        const button = this.#swatch(color, t("picker.named", { color: nameOf(color), likelihood: words }));
        return make("span", { class: "likely-one" }, button, make("small", { "aria-hidden": "true" }, words));
      }),
    );
    [this.#light] = hexToLch(found[0].color);
    this.#paintSliders();
    this.#showThings();
  }

  #showThings() {
    byId("picker-things").replaceChildren(
      ...thingsAt(Math.min(88, Math.max(18, this.#light))).map(({ key, color }) => {
        const name = t(key);
        const button = this.#swatch(color, name);
        button.classList.add("thing");
        button.append(make("span", {}, name));
        return button;
      }),
    );
  }

  #showRecent() {
    const colors = recent();
    byId("picker-recent-part").hidden = colors.length === 0;
    byId("picker-recent").replaceChildren(...colors.map((color) => this.#swatch(color, nameOf(color))));
  }

  /** @type {(color: string, label: string) => HTMLButtonElement} */
  #swatch(color, label) {
    const button = make("button", {
      class: "swatch",
      type: "button",
      "aria-label": label,
      title: label,
      "data-color": color,
      "aria-pressed": String(color === this.#color),
      on: {
        click: () => {
          this.#choose(color);
          this.#remember();
        },
      },
    });
    button.style.setProperty("--color", color);
    return button;
  }

  /** @type {(color: string, options?: { keepSliders?: boolean }) => void} */
  #choose(color, { keepSliders = false } = {}) {
    this.#color = color;
    if (!keepSliders) this.#setSliders(color);
    byId("picker-hex").value = color;
    this.#judgeHex(true);
    byId("picker-delete").hidden = false;
    this.#paintSliders();
    for (const swatch of this.#box.querySelectorAll("button.swatch")) {
      swatch.setAttribute("aria-pressed", String(swatch.dataset.color === color));
    }
    this.#emit("choose", { color });
  }

  #typed() {
    const color = parseHex(byId("picker-hex").value);
    this.#judgeHex(color !== null);
    if (!color) return;
    this.#choose(color);
    this.#remember();
  }

  /** @type {(isColor: boolean) => void} */
  #judgeHex(isColor) {
    byId("picker-hex").setAttribute("aria-invalid", String(!isColor));
    byId("hex-wanted").hidden = isColor;
  }

  /** @type {(color: string) => void} */
  #setSliders(color) {
    const [light, chroma, hue] = hexToLch(color);
    this.#light = light;
    byId("picker-hue").value = String(Math.round(hue));
    byId("picker-chroma").value = String(Math.round(Math.min(100, chroma)));
    byId("picker-hex").value = color;
    this.#judgeHex(true);
    this.#paintSliders();
  }

  /** Draw what the sliders would choose, at the lightness of the spot. */
  #paintSliders() {
    /** @type {(colors: string[]) => string} */
    const ramp = (colors) => `linear-gradient(var(--along), ${colors.join(", ")})`;
    const light = Math.min(88, Math.max(25, this.#light));
    const hues = Array.from({ length: 13 }, (_, step) => lchToHex(light, 55, 30 * step));
    const chromas = Array.from({ length: 6 }, (_, step) => lchToHex(light, 20 * step, this.#hue));
    byId("picker-hue").style.setProperty("--track", ramp(hues));
    byId("picker-chroma").style.setProperty("--track", ramp(chromas));
    byId("picker-hue").setAttribute("aria-valuetext", nameOf(lchToHex(light, 55, this.#hue)));
    byId("picker-chroma").setAttribute("aria-valuetext", nameOf(lchToHex(light, this.#chroma, this.#hue)));
  }

  #remember() {
    const colors = [this.#color, ...recent().filter((color) => color !== this.#color)];
    try {
      localStorage.setItem(STORE, JSON.stringify(colors.slice(0, RECENT)));
    } catch {
      // Without storage, colors are recent for as long as they are seen.
    }
  }

  /** @type {(type: string, detail?: object) => void} */
  #emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * The key of the word for a share of what the network finds possible.
 * @type {(share: number) => string}
 */
function likelihood(share) {
  if (share >= 0.2) return "picker.alsoLikely";
  return share >= 0.04 ? "picker.possible" : "picker.rare";
}

/**
 * Colors that were used before, the latest first.
 * @type {() => string[]}
 */
function recent() {
  try {
    return (JSON.parse(localStorage.getItem(STORE) ?? "[]") ?? []).filter((/** @type {string} */ color) =>
      parseHex(color),
    );
  } catch {
    return [];
  }
}
