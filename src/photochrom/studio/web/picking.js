// From a spot or a stroke on the photograph to a hint with a color.

import * as api from "./api.js";
import { tell } from "./dom.js";
import { makeHint, reaching, recolored, withHint, withoutHints } from "./edits.js";
import { t } from "./words.js";

/** @typedef {{ points: Point[], key: string | null, merge: string, photo: Photo }} Picked key: once there is a hint */
/**
 * @typedef {{
 *   session: Session, view: PictureView, layer: HintsLayer, picker: Picker, preview: RegionPreview,
 *   canHint: () => boolean, brush: () => number | null,
 * }} Picking brush: a hint's own radius in pixels of the photograph
 */

/**
 * From presses on the photograph to questions, and from answers to hints.
 * @type {(parts: Picking) => { beginHint: (points: Point[]) => void, openHint: (key: string) => void }}
 */
export function followPicking({ session, view, layer, picker, canHint, brush, preview }) {
  /** @type {Picked | null} */
  let picking = null;
  let picked = 0;

  /**
   * Whoever colors a spot wants to see it in color.
   * @type {(point: Point) => void}
   */
  const moveDividerAside = (point) => {
    if (!view.comparing) return;
    const { left, right } = view.seen;
    const [x] = view.toStage(point);
    if (x > view.splitX - 24) return;
    view.setSplit((x - 48 - left) / Math.max(1, right - left));
  };

  /**
   * @type {(at: { points: Point[], key?: string | null, color?: string | null, reach?: number | null })
   *   => void}
   */
  const open = ({ points, key = null, color = null, reach = picker.usualReach }) => {
    const photo = session.current;
    if (!photo) return;
    const middle = points[Math.floor(points.length / 2)];
    picked += 1;
    picking = { points, key, merge: `pick ${picked}`, photo };
    layer.ghost(key ? null : points);
    layer.select(key);
    moveDividerAside(middle);
    preview.pin(points, reach);
    picker.open({
      color,
      likely: photo.upload.use((id) => api.likelyColors(id, middle)).then((answer) => answer.colors),
      reach,
      returnTo: () => {
        if (picking?.key) layer.focus(picking.key);
        else view.stage.focus({ preventScroll: true });
      },
    });
  };

  picker.addEventListener("choose", ({ detail: { color } }) => {
    const now = picking;
    if (!now || now.photo !== session.current) return;
    const { edit } = now.photo;
    if (now.key && edit.hints.some((hint) => hint.key === now.key)) {
      session.change(recolored(edit, now.key, color), "step.hintColor", now.merge);
      return;
    }
    const radius_px = brush();
    const look = { color, ...(radius_px ? { radius_px } : {}), reach: picker.reach };
    const hint = makeHint(now.points, look);
    preview.release();
    now.key = hint.key;
    layer.ghost(null);
    session.change(withHint(edit, hint), "step.hint", now.merge);
    layer.select(hint.key);
  });

  picker.addEventListener("reach", ({ detail: { reach } }) => {
    const now = picking;
    if (!now || now.photo !== session.current) return;
    const { edit } = now.photo;
    if (now.key && edit.hints.some((hint) => hint.key === now.key))
      session.change(reaching(edit, now.key, reach), "step.hintReach", now.merge);
    preview.pin(now.points, reach);
  });

  picker.addEventListener("reached", () => {
    if (picking?.key) preview.release();
  });

  picker.addEventListener("delete", () => {
    const key = picking?.key;
    picker.close();
    if (!key || !session.current) return;
    session.change(
      withoutHints(session.current.edit, (hint) => hint.key === key),
      "step.hintDeleted",
    );
  });

  picker.addEventListener("close", () => {
    preview.release();
    layer.ghost(null);
    layer.select(null);
  });

  /**
   * Ask which color a new spot or stroke has.
   * @type {(points: Point[]) => void}
   */
  const beginHint = (points) => {
    if (!session.current?.size || !view.hasAfter) return;
    if (canHint()) open({ points });
    else tell(t("unguided.note"), { kind: "note" });
  };

  /**
   * Ask which other color a hint should have.
   * @type {(key: string) => void}
   */
  const openHint = (key) => {
    const hint = session.current?.edit.hints.find((one) => one.key === key);
    if (hint) open({ points: hint.points, key, color: hint.color ?? null, reach: hint.reach ?? null });
  };

  layer.addEventListener("open", ({ detail: { key } }) => openHint(key));
  return { beginHint, openHint };
}
