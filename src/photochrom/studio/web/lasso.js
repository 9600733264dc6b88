// Drawing lassos: freehand, or corner by corner, by pointer and by key.

import { announce } from "./dom.js";
import { makeLasso, withLasso } from "./edits.js";
import { t } from "./words.js";

const NEAR_PX = 12; // of the screen: as near, a corner is the same again

/**
 * What taps and strokes do while a lasso is drawn; `done` gets the key of the one that was drawn.
 *
 * @type {(
 *   session: Session, view: PictureView, layer: HintsLayer, done: (key: string) => void,
 * ) => { tap: (point: Point) => void, stroke: (points: Point[]) => void,
 *   strokeEnd: (points: Point[]) => void, cancel: () => void }}
 */
export function drawLassos(session, view, layer, done) {
  /** @type {Point[]} */
  let corners = [];

  const cancel = () => {
    corners = [];
    layer.ghost(null);
  };

  const close = (/** @type {Point[]} */ points) => {
    cancel();
    const photo = session.current;
    if (!photo) return;
    if (points.length < 3) {
      announce(t("lasso.tooFew"));
      return;
    }
    const lasso = makeLasso(points);
    session.change(withLasso(photo.edit, lasso), "step.lasso");
    done(lasso.key);
  };

  const isNear = (/** @type {Point | undefined} */ one, /** @type {Point} */ other) =>
    one !== undefined && Math.hypot(one[0] - other[0], one[1] - other[1]) * view.scale < NEAR_PX;

  /** Set a corner; one where the first or the last lies closes the lasso. */
  const tap = (/** @type {Point} */ point) => {
    if (isNear(corners[0], point) || isNear(corners.at(-1), point)) {
      if (corners.length > 2) close(corners);
      return;
    }
    corners = [...corners, point];
    layer.ghost(corners);
    announce(t("lasso.corner", { number: corners.length }));
  };

  return {
    tap,
    stroke: (points) => layer.ghost([...corners, ...points]),
    strokeEnd: (points) => close([...corners, ...points]),
    cancel,
  };
}
