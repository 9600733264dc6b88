// From a spot or a stroke on the photograph to a hint with a colour.

import * as api from "./api.js";
import { tell } from "./dom.js";
import { makeHint, recolored, withHint, withoutHints } from "./edits.js";

const BESIDE_PX = 28; // from the spot to the picker
const NARROW_PX = 760; // below it the picker is a sheet, and CSS places it

export function followPicking({ session, view, layer, picker, canHint }) {
  let picking = null; // { points, key, merge, photo }; key: of the hint, once there is one
  let picked = 0;

  const place = (box, point) => {
    box.style.left = "";
    box.style.top = "";
    if (innerWidth < NARROW_PX) return;
    const stage = view.stage.getBoundingClientRect();
    const [x, y] = view.toStage(point);
    const { offsetWidth: width, offsetHeight: height } = box;
    const right = stage.left + x + BESIDE_PX;
    const fits = right + width < stage.right - 8;
    const left = fits ? right : stage.left + x - BESIDE_PX - width;
    const top = Math.min(innerHeight - height - 12, stage.top + y - height / 3);
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${Math.max(stage.top + 8, top)}px`;
  };

  /** Whoever colours a spot wants to see it in colour. */
  const moveDividerAside = (point) => {
    if (!view.comparing) return;
    const { left, right } = view.seen;
    const [x] = view.toStage(point);
    if (x > view.splitX - 24) return;
    view.setSplit((x - 48 - left) / Math.max(1, right - left));
  };

  const open = ({ points, key = null, color = null }) => {
    const photo = session.current;
    const middle = points[Math.floor(points.length / 2)];
    picked += 1;
    picking = { points, key, merge: `pick ${picked}`, photo };
    layer.ghost(key ? null : points);
    layer.select(key);
    moveDividerAside(middle);
    picker.open({
      color,
      likely: photo.upload.use((id) => api.likelyColors(id, middle)).then((answer) => answer.colors),
      place: (box) => place(box, middle),
      returnTo: () => {
        if (picking?.key) layer.focus(picking.key);
        else view.stage.focus({ preventScroll: true });
      },
    });
  };

  picker.addEventListener("choose", ({ detail: { color } }) => {
    if (!picking || picking.photo !== session.current) return;
    const { edit } = session.current;
    if (picking.key && edit.hints.some((hint) => hint.key === picking.key)) {
      session.change(recolored(edit, picking.key, color), "hint's colour", picking.merge);
      return;
    }
    const hint = makeHint(picking.points, { color });
    picking.key = hint.key;
    layer.ghost(null);
    session.change(withHint(edit, hint), "hint", picking.merge);
    layer.select(hint.key);
  });

  picker.addEventListener("delete", () => {
    const key = picking?.key;
    picker.close();
    if (!key) return;
    session.change(
      withoutHints(session.current.edit, (hint) => hint.key === key),
      "hint deleted",
    );
  });

  picker.addEventListener("close", () => {
    layer.ghost(null);
    layer.select(null);
  });

  /** Ask which colour a new spot or stroke has. */
  const beginHint = (points) => {
    if (!session.current?.size || !view.hasAfter) return;
    if (canHint()) open({ points });
    else tell("The model that runs paints by itself and takes no hints.", { kind: "note" });
  };

  /** Ask which other colour a hint should have. */
  const openHint = (key) => {
    const hint = session.current?.edit.hints.find((one) => one.key === key);
    if (hint) open({ points: hint.points, key, color: hint.color ?? null });
  };

  layer.addEventListener("open", ({ detail: { key } }) => openHint(key));
  layer.addEventListener("spot", ({ detail: { points } }) => beginHint(points));
  return { beginHint, openHint };
}
