// The tools, and what a press on the photograph does with each.

import { announce, byId } from "./dom.js";
import { withLock } from "./edits.js";
import { followPointers } from "./gestures.js";
import { t } from "./words.js";

/** @typedef {"hint" | "keep" | "hand" | "lasso"} Tool */
/** @type {Tool[]} */
const BUTTONS = ["hint", "keep", "hand"];

/** The tool in hand; says "change" when another one is taken. */
export class Tools extends EventTarget {
  /** @type {Tool} */
  now = "hint";

  constructor() {
    super();
    for (const one of BUTTONS) byId(`tool-${one}`).addEventListener("click", () => this.take(one));
  }

  /** @param {Tool} name */
  take(name) {
    this.now = name;
    for (const one of BUTTONS) byId(`tool-${one}`).setAttribute("aria-pressed", String(one === name));
    byId("stage").classList.toggle("hand", name === "hand");
    byId("stage").classList.toggle("drawing", name === "lasso");
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @typedef {{
 *   tools: Tools, session: Session, view: PictureView, layer: HintsLayer, picker: Picker,
 *   selection: import("./selection.js").HintSelection,
 *   lassos: ReturnType<typeof import("./lasso.js").drawLassos>, tone: { show: () => void },
 *   canHint: () => boolean, brushPx: () => number, beginHint: (points: Point[]) => void,
 * }} Presses brushPx: half the width of the brush, in pixels of the photograph
 */

/** @type {(parts: Presses) => void} */
export function followPresses(parts) {
  const { tools, session, view, layer, selection, picker, lassos, tone, canHint, brushPx, beginHint } = parts;

  /** @type {(point: Point, isFinger?: boolean) => void} */
  function tap(point, isFinger = false) {
    if (tools.now === "keep") keep([point]);
    else if (tools.now === "lasso") lassos.tap(point);
    else {
      const hadSelected = selection.size > 0;
      selection.take([]);
      if (isFinger && hadSelected) return; // it has ended the selection
      if (picker.isOpen && innerWidth < 760) picker.close();
      beginHint([point]);
    }
  }

  followPointers(view, () => tools.now === "hand", {
    tap,
    stroke: (points) => {
      if (!view.hasAfter) return;
      if (tools.now === "lasso") lassos.stroke(points);
      else if (canHint()) layer.ghost([...points]);
    },
    strokeEnd: (points) => {
      if (tools.now === "keep") keep([...points]);
      else if (tools.now === "lasso") lassos.strokeEnd([...points]);
      else beginHint([...points]);
    },
    strokeCancel: () => {
      layer.ghost(null);
      tone.show();
    },
    mayBand: () => tools.now === "hint" && canHint() && Boolean(session.current?.edit.hints.length),
    band: ([x1, y1], [x2, y2]) => {
      layer.outline([
        [x1, y1],
        [x2, y1],
        [x2, y2],
        [x1, y2],
      ]);
    },
    bandEnd: (from, to) => {
      tone.show();
      selection.takeWithin(from, to);
    },
  });
  layer.addEventListener("spot", ({ detail }) => tap(detail.points[0]));

  /**
   * Lock what lies under a stroke: hints from elsewhere change nothing there.
   * @type {(points: Point[]) => void}
   */
  function keep(points) {
    layer.ghost(null);
    const photo = session.current;
    if (!photo?.size || !view.hasAfter) return;
    session.change(withLock(photo.edit, points, 2 * brushPx()), "step.kept");
    announce(t("stage.kept"));
  }
}
