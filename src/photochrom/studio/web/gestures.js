// Pointers on the stage: taps and strokes for hints, drags and pinches for the view.

const SLOP_PX = { mouse: 4, pen: 6, touch: 9 };

/**
 * @param view the PictureView
 * @param isHand whether the tool moves the view
 * @param act has tap(point), stroke(points), strokeEnd(points) and strokeCancel(), in pixels of
 *   the photograph
 */
export function followPointers(view, isHand, act) {
  const { stage } = view;
  const down = new Map(); // pointer id -> place on the stage
  let mode = null; // "wait", "stroke", "pan", "pinch"
  let start = null;
  let path = [];
  let spaceHeld = false;

  const within = ([x, y]) => [
    Math.min(view.size.width - 1, Math.max(0, x)),
    Math.min(view.size.height - 1, Math.max(0, y)),
  ];

  const pinched = () => {
    const [[ax, ay], [bx, by]] = [...down.values()];
    return { middle: [(ax + bx) / 2, (ay + by) / 2], apart: Math.hypot(ax - bx, ay - by) };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (!view.size || event.target.closest(".marker, .divider, .failure")) return;
    const at = view.at(event);
    down.set(event.pointerId, at);
    stage.setPointerCapture(event.pointerId);
    if (down.size === 2) {
      if (mode === "stroke") act.strokeCancel();
      mode = "pinch";
      start = pinched();
      return;
    }
    start = at;
    const panning = event.button === 1 || spaceHeld || isHand();
    if (event.button > 1) return;
    if (panning) event.preventDefault();
    mode = panning || !view.holds(view.toPicture(at)) ? "pan" : "wait";
    path = [within(view.toPicture(at))];
    stage.classList.toggle("panning", mode === "pan");
  });

  stage.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) return;
    const at = view.at(event);
    const [lastX, lastY] = down.get(event.pointerId);
    down.set(event.pointerId, at);
    if (mode === "pan") {
      view.panBy(at[0] - lastX, at[1] - lastY);
    } else if (mode === "pinch" && down.size === 2) {
      const now = pinched();
      view.panBy(now.middle[0] - start.middle[0], now.middle[1] - start.middle[1]);
      view.zoomBy(now.apart / Math.max(1, start.apart), now.middle);
      start = now;
    } else if (mode === "wait") {
      const moved = Math.hypot(at[0] - start[0], at[1] - start[1]);
      if (moved > (SLOP_PX[event.pointerType] ?? 6)) mode = "stroke";
    }
    if (mode === "stroke") {
      const point = within(view.toPicture(at));
      const [px, py] = path.at(-1);
      if (Math.hypot(point[0] - px, point[1] - py) * view.scale > 5) path.push(point);
      act.stroke(path);
    }
  });

  const lift = (event) => {
    if (!down.delete(event.pointerId)) return;
    const ended = mode;
    if (down.size > 0) return;
    mode = null;
    stage.classList.remove("panning");
    if (event.type === "pointercancel") {
      if (ended === "stroke") act.strokeCancel();
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
    if (event.key !== " " || event.target.closest("button, input, textarea, select, [role=slider]")) return;
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
