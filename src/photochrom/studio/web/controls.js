// The buttons around the photograph, and the keys that do the same.

import { announce, byId, closest } from "./dom.js";
import { UNTOUCHED } from "./edits.js";
import { percent, t } from "./words.js";

/**
 * @typedef {{
 *   session: Session, view: PictureView, layer: HintsLayer, picker: Picker, tools: import("./tools.js").Tools,
 *   selection: import("./selection.js").HintSelection,
 *   confidence: import("./overlays.js").ConfidenceMap,
 *   sharpness: ReturnType<typeof import("./overlays.js").followSharpness>,
 * }} Controls
 */

/** @type {(parts: Controls) => void} */
export function followControls(parts) {
  const { session, view, layer, picker, tools, selection, confidence, sharpness } = parts;

  function nextUncertain() {
    const place = confidence.next();
    if (!place) return;
    view.reveal(place);
    layer.putCross(place);
    announce(t("stage.atUncertain"));
  }

  /** @type {(value: boolean) => void} */
  function setComparing(value) {
    view.setComparing(value);
    byId("compare").setAttribute("aria-pressed", String(value));
  }

  byId("next-uncertain").addEventListener("click", nextUncertain);
  byId("compare").addEventListener("click", () => setComparing(!view.comparing));
  byId("confidence").addEventListener("click", () => confidence.toggle());
  byId("zoom-in").addEventListener("click", () => view.zoomBy(1.5));
  byId("zoom-out").addEventListener("click", () => view.zoomBy(1 / 1.5));
  byId("zoom-level").addEventListener("click", () => (view.isFitted ? view.actual() : view.fit()));
  byId("undo").addEventListener("click", () => session.undo());
  byId("redo").addEventListener("click", () => session.redo());
  byId("reset").addEventListener("click", () => {
    picker.close();
    session.change(UNTOUCHED, "step.reset");
    announce(t("stage.wasReset"));
  });

  view.addEventListener("move", () => {
    const words = view.isFitted ? t("tools.fit") : percent(view.zoom);
    byId("zoom-level").textContent = words;
    byId("zoom-level").setAttribute("aria-label", t("tools.zoomAt", { zoom: words }));
    if (!view.stage.matches(".panning")) sharpness.settle();
  });

  /**
   * What single keys do, wherever the focus is but in text fields.
   * @type {Record<string, (event: KeyboardEvent) => void>}
   */
  const KEYS = {
    "+": () => view.zoomBy(1.5),
    "=": () => view.zoomBy(1.5),
    "-": () => view.zoomBy(1 / 1.5),
    0: () => view.fit(),
    1: () => view.actual(),
    c: () => setComparing(!view.comparing),
    u: () => {
      if (!session.cannot.confidence) confidence.toggle();
    },
    n: nextUncertain,
    "[": () => session.step(-1),
    "]": () => session.step(1),
  };

  /**
   * What keys do together with Ctrl or Command.
   * @type {Record<string, (event: KeyboardEvent) => void>}
   */
  const COMMANDS = {
    z: ({ shiftKey }) => (shiftKey ? session.redo() : session.undo()),
    y: () => session.redo(),
    a: () => selection.takeAll(),
  };

  function leave() {
    if (picker.isOpen) picker.close();
    else if (tools.now === "lasso") tools.take("hint");
    else selection.take([]);
  }

  document.addEventListener("keydown", (event) => {
    if (!session.current || event.altKey) return;
    if (closest(event, "input[type=text], textarea, dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (key === "escape") {
      leave();
    } else if (key === "delete" || key === "backspace") {
      if (!closest(event, ".picker")) selection.delete();
    } else {
      const acts = event.ctrlKey || event.metaKey ? COMMANDS : KEYS;
      if (!(key in acts)) return;
      event.preventDefault();
      acts[key](event);
    }
  });
}
