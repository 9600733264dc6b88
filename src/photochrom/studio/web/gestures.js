// Pointers on the stage: taps and strokes for hints, drags and pinches for the view.

import { closest } from "./dom.js";

/**
 * @typedef {{
 *   tap: (point: Point, isFinger: boolean) => void, stroke: (points: Point[]) => void,
 *   strokeEnd: (points: Point[]) => void, strokeCancel: () => void,
 *   mayBand: () => boolean, band: (from: Point, to: Point) => void, bandEnd: (from: Point, to: Point) => void,
 * }} Act
 */

/** @type {Record<string, number>} */
const SLOP_PX = { mouse: 4, pen: 6, touch: 9 };

/**
 * How far a pointer may move until a press is a drag, in pixels of the screen.
 * @type {(event: PointerEvent) => number}
 */
export const slopOf = ({ pointerType }) => SLOP_PX[pointerType] ?? 6;

const HOLD_MS = 500;
const SIGN_PX = 16; // half the side of the frame that says that holding was noticed

/**
 * Do something once a finger or a pen has rested where it was put down; what is returned calls it off.
 * @type {(event: PointerEvent, act: () => void) => () => void}
 */
export function onHold({ pointerType }, act) {
  if (pointerType === "mouse") return () => {};
  const waiting = setTimeout(() => {
    navigator.vibrate?.(10);
    act();
  }, HOLD_MS);
  return () => clearTimeout(waiting);
}

/**
 * @param view the PictureView
 * @param isHand whether the tool moves the view
 * @param act what taps and strokes do, in pixels of the photograph
 * @type {(view: PictureView, isHand: () => boolean, act: Act) => void}
 */
export function followPointers(view, isHand, act) {
  const { stage } = view;
  /** @type {Map<number, Point>} */
  const down = new Map(); // pointer id -> place on the stage
  /** @type {"wait" | "stroke" | "pan" | "pinch" | "band" | null} */
  let mode = null; // "wait", "stroke", "pan", "pinch"
  /** @type {Point} */
  let start = [0, 0]; // of a press
  let grip = { middle: start, apart: 1 }; // of two fingers
  /** @type {Point[]} */
  let path = [];
  let spaceHeld = false;
  let stopHolding = () => {};
  let isFinger = false;

  /** @type {(point: Point) => Point} */
  const within = ([x, y]) => {
    const { width, height } = view.size ?? { width: 1, height: 1 };
    return [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
  };

  /** @type {() => { middle: Point, apart: number }} */
  const pinched = () => {
    const [[ax, ay], [bx, by]] = [...down.values()];
    return { middle: [(ax + bx) / 2, (ay + by) / 2], apart: Math.hypot(ax - bx, ay - by) };
  };

  /** Holding a finger still begins a frame, as a press with Shift does. */
  const hold = () => {
    if (mode !== "wait" || !act.mayBand()) return;
    mode = "band";
    const [[x, y], far] = [path[0], SIGN_PX / view.scale];
    act.band(within([x - far, y - far]), within([x + far, y + far]));
  };

  stage.addEventListener(
    "pointerdown",
    ({ pointerType }) => {
      isFinger = pointerType !== "mouse";
    },
    { capture: true },
  );
  // Browsers take a drag after holding for scrolling, and would swallow the tap that comes next.
  stage.addEventListener(
    "touchmove",
    (event) => {
      if (!closest(event, ".failure")) event.preventDefault();
    },
    { passive: false },
  );
  stage.addEventListener("contextmenu", (event) => {
    if (isFinger) event.preventDefault(); // holding is ours
  });

  stage.addEventListener("pointerdown", (event) => {
    if (!view.size || closest(event, ".marker, .divider, .failure")) return;
    const at = view.at(event);
    down.set(event.pointerId, at);
    stage.setPointerCapture(event.pointerId);
    stopHolding();
    if (down.size === 2) {
      if (mode === "stroke" || mode === "band") act.strokeCancel();
      mode = "pinch";
      grip = pinched();
      return;
    }
    start = at;
    const panning = event.button === 1 || spaceHeld || isHand();
    if (event.button > 1) return;
    if (panning) event.preventDefault();
    mode = panning || !view.holds(view.toPicture(at)) ? "pan" : "wait";
    if (!panning && event.shiftKey && act.mayBand()) mode = "band";
    path = [within(view.toPicture(at))];
    stage.classList.toggle("panning", mode === "pan");
    if (mode === "wait") stopHolding = onHold(event, hold);
  });

  stage.addEventListener("pointermove", (event) => {
    const last = down.get(event.pointerId);
    if (!last) return;
    const at = view.at(event);
    const [lastX, lastY] = last;
    down.set(event.pointerId, at);
    if (mode === "pan") {
      view.panBy(at[0] - lastX, at[1] - lastY);
    } else if (mode === "pinch" && down.size === 2) {
      const now = pinched();
      view.panBy(now.middle[0] - grip.middle[0], now.middle[1] - grip.middle[1]);
      view.zoomBy(now.apart / Math.max(1, grip.apart), now.middle);
      grip = now;
    }
    const isFar = Math.hypot(at[0] - start[0], at[1] - start[1]) > slopOf(event);
    if (mode === "wait" && isFar) mode = "stroke";
    if (mode === "band" && isFar) act.band(path[0], within(view.toPicture(at)));
    if (mode === "stroke") {
      const point = within(view.toPicture(at));
      const [px, py] = path[path.length - 1];
      if (Math.hypot(point[0] - px, point[1] - py) * view.scale > 5) path.push(point);
      act.stroke(path);
    }
  });

  /** @type {(event: PointerEvent) => void} */
  const lift = (event) => {
    if (!down.delete(event.pointerId)) return;
    stopHolding();
    const ended = mode;
    if (down.size > 0) return;
    mode = null;
    stage.classList.remove("panning");
    if (event.type === "pointercancel") {
      if (ended === "stroke" || ended === "band") act.strokeCancel();
    } else if (ended === "band") {
      act.bandEnd(path[0], within(view.toPicture(view.at(event))));
    } else if (ended === "wait") {
      act.tap(path[0], event.pointerType !== "mouse");
    } else if (ended === "stroke") {
      act.strokeEnd(path);
    }
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);

  stage.addEventListener(
    "wheel",
    (event) => {
      if (!view.size) return;
      event.preventDefault();
      if (event.shiftKey) {
        view.panBy(-(event.deltaX || event.deltaY), 0);
      } else {
        const pace = event.ctrlKey ? 0.01 : 0.0016;
        view.zoomBy(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 20 : 1) * pace), view.at(event));
      }
    },
    { passive: false },
  );

  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || closest(event, "button, input, textarea, select, [role=slider]")) return;
    if (view.size) event.preventDefault();
    spaceHeld = true;
    stage.classList.add("hand");
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    spaceHeld = false;
    stage.classList.toggle("hand", isHand());
  });
}
