// What was done to a photograph, step by step, and snapshots to come back to.

import { announce, byId, make } from "./dom.js";
import { spoken, stepWords, t } from "./words.js";

/** @type {(session: Session) => () => void} */
export function followHistory(session) {
  /** @type {(text: string) => string} */
  const capital = (text) => text[0].toLocaleUpperCase(spoken()) + text.slice(1);

  byId("snapshot").addEventListener("click", () => {
    const photo = session.current;
    if (!photo?.size) return;
    photo.snapshots.push(photo.edit);
    announce(t("history.kept", { number: photo.snapshots.length }));
    show();
  });

  /** @type {(label: string, isPresent: boolean, go: () => void) => HTMLElement} */
  const row = (label, isPresent, go) =>
    make(
      "li",
      {},
      make(
        "button",
        { class: "step", type: "button", "aria-current": isPresent ? "true" : null, on: { click: go } },
        label,
      ),
    );

  function show() {
    const photo = session.current;
    if (!photo || !byId("history").open) return;
    byId("snapshots").replaceChildren(
      ...photo.snapshots.map((edit, at) =>
        row(t("history.snapshot", { number: at + 1 }), edit === photo.edit, () =>
          session.change(edit, ["step.snapshot", { number: at + 1 }]),
        ),
      ),
    );
    byId("steps").replaceChildren(
      ...photo.history.steps.map(({ label, isPresent }, at) =>
        row(label ? capital(stepWords(label)) : t("history.opened"), isPresent, () => session.goTo(at)),
      ),
    );
  }

  byId("history").addEventListener("toggle", show);
  return show;
}
