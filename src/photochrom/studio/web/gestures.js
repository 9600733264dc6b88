// Pointers on the stage: taps and strokes for hints, drags and pinches for the view.

import { closest } from "./dom.js";

/**
 * @typedef {{
 *   tap: (point: Point) => void, stroke: (points: Point[]) => void,
 *   strokeEnd: (points: Point[]) => void, strokeCancel: () => void,
 *   mayBand: () => boolean, band: (from: Point, to: Point) => void, bandEnd: (from: Point, to: Point) => void,
 * }} Act
 */

/** @type {Record<string, number>} */
const SLOP_PX = { mouse: 4, pen: 6, touch: 9 };

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

  stage.addEventListener("pointerdown", (event) => {
    if (!view.size || closest(event, ".marker, .divider, .failure")) return;
    const at = view.at(event);
    down.set(event.pointerId, at);
    stage.setPointerCapture(event.pointerId);
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
    } else if (mode === "wait") {
      const moved = Math.hypot(at[0] - start[0], at[1] - start[1]);
      if (moved > (SLOP_PX[event.pointerType] ?? 6)) mode = "stroke";
    }
    if (mode === "band") act.band(path[0], within(view.toPicture(at)));
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
    const ended = mode;
    if (down.size > 0) return;
    mode = null;
    stage.classList.remove("panning");
    if (event.type === "pointercancel") {
      if (ended === "stroke" || ended === "band") act.strokeCancel();
    } else if (ended === "band") {
      act.bandEnd(path[0], within(view.toPicture(view.at(event))));
    } else if (ended === "wait") {
      act.tap(path[0]);
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
