// Hints on the photograph: markers to grab, strokes to see, the cross for the keyboard.

import { labToHex, nameOf } from "./color.js";
import { byId, make } from "./dom.js";
import { moved } from "./edits.js";
import { onHold, slopOf } from "./gestures.js";
import { spoken, t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * The color to show for a hint; one that is given as a*, b* appears at a middling lightness.
 * @type {(hint: Hint) => string}
 */
export const shownColor = (hint) => hint.color ?? labToHex([62, ...hint.ab]);

/**
 * Where a hint's marker sits: on the point in the middle of its way.
 * @type {(hint: Hint) => Point}
 */
const anchorOf = (hint) => hint.points[Math.floor(hint.points.length / 2)];

/** @typedef {{ open: { key: string }, spot: { points: Point[] } }} LayerEvents */

export class HintsLayer extends /** @type {Telling<LayerEvents>} */ (EventTarget) {
  #view;
  #session;
  /** @type {Map<string, HTMLElement>} */
  #markers = new Map();
  #selection;
  /** @type {WeakMap<HTMLElement, string>} */
  #places = new WeakMap(); // by marker where it was put
  /** @type {WeakMap<HTMLElement, string>} */
  #shown = new WeakMap(); // by marker what it shows
  /** @type {Point[] | null} */
  #ghost = null;
  /** @type {Point | null} */
  #cross = null; // in pixels of the photograph
  /** @type {string | null} */
  selected = null;
  /** @type {Point[] | null} of a lasso, or of a band round hints: closed */
  #outline = null;

  /**
   * @param {PictureView} view
   * @param {Session} session
   * @param {HintSelection} selection
   */
  constructor(view, session, selection) {
    super();
    this.#view = view;
    this.#session = session;
    this.#selection = selection;
    selection.addEventListener("change", () => this.render());
    view.addEventListener("move", () => this.#place());
    this.#followKeys();
  }

  /** Show the hints of the current edit. */
  render() {
    const hints = this.#session.current?.edit.hints ?? [];
    const keys = new Set(hints.map((hint) => hint.key));
    for (const [key, marker] of this.#markers) {
      if (keys.has(key)) continue;
      if (marker === document.activeElement) this.#view.stage.focus({ preventScroll: true });
      marker.remove();
      this.#markers.delete(key);
    }
    this.#selection.show();
    hints.forEach((hint, index) => {
      const marker = this.#markers.get(hint.key) ?? this.#makeMarker(hint.key);
      this.#dress(marker, hint, index + 1);
      // Only where it must move: a marker that is put anew loses its focus and its pointer.
      const { children } = byId("markers");
      if (children[index] !== marker) byId("markers").insertBefore(marker, children[index] ?? null);
    });
    if (this.selected && !keys.has(this.selected)) this.selected = null;
    this.#place();
  }

  /**
   * Give a marker its color and its name.
   * @type {(marker: HTMLElement, hint: Hint, number: number) => void}
   */
  #dress(marker, hint, number) {
    const isSelected = this.#selection.has(hint.key);
    const color = shownColor(hint);
    const shown = [number, color, isSelected, hint.group !== null, hint.points.length > 1, spoken()].join();
    if (this.#shown.get(marker) === shown) return;
    this.#shown.set(marker, shown);
    const name = hint.points.length > 1 ? "hints.strokeMarker" : "hints.marker";
    const label = t(name, { number, color: nameOf(color) });
    marker.setAttribute("aria-label", isSelected ? t("hints.inSelection", { hint: label }) : label);
    marker.style.setProperty("--color", color);
    marker.classList.toggle("of-alternative", hint.group !== null);
    marker.classList.toggle("grouped", isSelected);
  }

  /**
   * Show where a hint would be, before it has a color; null: nowhere.
   * @type {(points: Point[] | null) => void}
   */
  ghost(points) {
    this.#ghost = points;
    this.#place();
  }

  /**
   * Show a closed line; null: none.
   * @type {(points: Point[] | null) => void}
   */
  outline(points) {
    this.#outline = points;
    this.#place();
  }

  get #hints() {
    return this.#session.current?.edit.hints ?? [];
  }

  /** @type {(key: string | null) => void} */
  select(key) {
    this.selected = key;
    this.#place();
  }

  /** @type {(key: string) => void} */
  focus(key) {
    this.#markers.get(key)?.focus({ preventScroll: true });
  }

  /** @type {(key: string) => HTMLElement} */
  #makeMarker(key) {
    const marker = make("button", { class: "marker", type: "button" });
    this.#markers.set(key, marker);
    this.#followDrag(marker, key);
    marker.addEventListener("click", ({ shiftKey }) => {
      const isFinger = this.#byFinger && this.#selection.size > 0;
      if (shiftKey || isFinger) {
        this.#selection.toggle(key);
        return;
      }
      if (!this.#selection.has(key)) this.#selection.take([]);
      this.#emit("open", { key });
    });
    marker.addEventListener("keydown", (event) => this.#markerKey(event, key));
    marker.addEventListener("focus", () => {
      const hint = this.#hint(key);
      if (hint && marker.matches(":focus-visible")) this.#view.reveal(anchorOf(hint));
    });
    return marker;
  }

  /** @type {(key: string) => Hint | undefined} */
  #hint(key) {
    return this.#hints.find((hint) => hint.key === key);
  }

  /** @type {(key: string, by: Point, merge: string) => void} */
  #move(key, by, merge) {
    const { current } = this.#session;
    if (!current?.size) return;
    const keys = this.#selection.with(key);
    const step = keys.size > 1 ? "step.hintsMoved" : "step.hintMoved";
    this.#session.change(moved(current.edit, keys, by, current.size), step, merge);
  }

  #byFinger = false; // whether a finger or a pen has pressed the latest marker

  /** @type {(marker: HTMLElement, key: string) => void} */
  #followDrag(marker, key) {
    /** @type {Point | null} */
    let last = null;
    /** @type {string | null} */
    let merge = null;
    let isHeld = false;
    let stopHolding = () => {};
    marker.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      marker.setPointerCapture(event.pointerId);
      last = this.#view.at(event);
      merge = null;
      isHeld = false;
      this.#byFinger = event.pointerType !== "mouse";
      stopHolding = onHold(event, () => {
        isHeld = true;
        this.#selection.toggle(key);
      });
    });
    marker.addEventListener("pointermove", (event) => {
      if (!last) return;
      const at = this.#view.at(event);
      const far = Math.hypot(at[0] - last[0], at[1] - last[1]);
      if (merge === null && far < slopOf(event)) return;
      stopHolding();
      merge ??= `move ${key} ${performance.now()}`;
      const { scale } = this.#view;
      this.#move(key, [(at[0] - last[0]) / scale, (at[1] - last[1]) / scale], merge);
      last = at;
    });
    for (const end of ["pointerup", "pointercancel"])
      marker.addEventListener(end, () => {
        last = null;
        stopHolding();
      });
    marker.addEventListener("click", (event) => {
      if (merge !== null || isHeld) event.stopImmediatePropagation(); // it was a drag, or selected it
      merge = null;
      isHeld = false;
    });
  }

  /** @type {(event: KeyboardEvent, key: string) => void} */
  #markerKey(event, key) {
    const step = arrowStep(event, this.#view);
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      this.#move(key, step, `keys ${key}`);
      const hint = this.#hint(key);
      if (hint) this.#view.reveal(anchorOf(hint));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      event.stopPropagation();
      this.#selection.delete(key);
    } else if (event.shiftKey && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      event.stopPropagation();
      this.#selection.toggle(key);
    }
  }

  /* the cross */

  #followKeys() {
    const { stage } = this.#view;
    stage.addEventListener("keydown", (event) => {
      const { size } = this.#view;
      if (event.target !== stage || !size) return;
      const step = arrowStep(event, this.#view);
      if (step) {
        event.preventDefault();
        const { width, height } = size;
        const [x, y] = this.#cross ?? [width / 2, height / 2];
        this.#cross = [
          Math.min(width - 1, Math.max(0, x + step[0])),
          Math.min(height - 1, Math.max(0, y + step[1])),
        ];
        this.#view.reveal(this.#cross);
        this.#place();
      } else if (event.key === "Enter") {
        event.preventDefault();
        const { width, height } = size;
        this.#cross ??= [width / 2, height / 2];
        this.#emit("spot", { points: [this.#cross] });
      }
    });
    stage.addEventListener("focus", () => this.#place());
    stage.addEventListener("blur", () => this.#place());
  }

  /**
   * Put the cross somewhere, for the keyboard to go on from there.
   * @type {(point: Point) => void}
   */
  putCross(point) {
    this.#cross = point;
    this.#view.stage.focus({ preventScroll: true, focusVisible: true });
    this.#place();
  }

  forgetCross() {
    this.#cross = null;
  }

  #place() {
    const view = this.#view;
    if (!view.size) return;
    const hints = this.#session.current?.edit.hints ?? [];
    for (const hint of hints) {
      const marker = this.#markers.get(hint.key);
      if (!marker) continue;
      const [x, y] = view.toStage(anchorOf(hint));
      const place = `translate(${x}px, ${y}px)`;
      if (this.#places.get(marker) !== place) marker.style.transform = place;
      this.#places.set(marker, place);
      marker.classList.toggle("selected", hint.key === this.selected);
    }
    /** @type {[Point[], string | null][]} */
    const lines = hints
      .filter((hint) => hint.points.length > 1)
      .map((hint) => [hint.points, shownColor(hint)]);
    if (this.#ghost) lines.push([this.#ghost, null]);
    const outline = this.#outline ? this.#closed(this.#outline) : [];
    const locks = this.#session.current?.edit.lock ?? [];
    byId("strokes").replaceChildren(
      ...locks.flatMap((lock) => this.#lockStroke(lock)),
      ...lines.flatMap(([points, color]) => this.#stroke(points, color)),
      ...outline,
    );
    const cross = byId("cross");
    const shown = document.activeElement === view.stage && view.stage.matches(":focus-visible");
    cross.classList.toggle("shown", shown);
    if (shown) {
      const { width, height } = view.size;
      const [x, y] = view.toStage(this.#cross ?? [width / 2, height / 2]);
      cross.style.transform = `translate(${x}px, ${y}px)`;
    }
  }

  /** @type {(points: Point[], name: string) => SVGPathElement} */
  #path(points, name) {
    const places = points.map((point) =>
      this.#view
        .toStage(point)
        .map((v) => v.toFixed(1))
        .join(" "),
    );
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", `M${places.join("L")}${places.length === 1 ? "h0.01" : ""}`);
    return path;
  }

  /** @type {(points: Point[], color: string | null) => SVGPathElement[]} */
  #stroke(points, color) {
    return ["stroke-rim", color ? "stroke" : "stroke ghost"].map((name) => {
      const path = this.#path(points, name);
      if (color && name === "stroke") path.style.stroke = color;
      return path;
    });
  }

  /** @type {(points: Point[]) => SVGPathElement[]} */
  #closed(points) {
    return ["outline-rim", "outline"].map((name) => {
      const path = this.#path(points, name);
      path.setAttribute("d", `${path.getAttribute("d")}Z`);
      return path;
    });
  }

  /** @type {(lock: KeptLock) => SVGPathElement[]} */
  #lockStroke({ points, radius_px }) {
    return ["lock-stroke rim", "lock-stroke"].map((name, at) => {
      const path = this.#path(points, name);
      path.style.strokeWidth = `${2 * radius_px * this.#view.scale + (at ? 0 : 3)}px`;
      return path;
    });
  }

  /** @type {(type: string, detail: unknown) => void} */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/**
 * How far an arrow key goes, in pixels of the photograph: 12 on the screen, 2 with Shift.
 * @type {(event: KeyboardEvent, view: PictureView) => Point | undefined}
 */
function arrowStep(event, view) {
  const step = (event.shiftKey ? 2 : 12) / view.scale;
  /** @type {Record<string, Point>} */
  const steps = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  return steps[event.key];
}
