// What was done to a photograph, step by step, and snapshots to come back to.

import { announce, byId, make } from "./dom.js";

export function followHistory(session) {
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  byId("snapshot").addEventListener("click", () => {
    const photo = session.current;
    if (!photo?.size) return;
    photo.snapshots.push(photo.edit);
    announce(`Snapshot ${photo.snapshots.length} is kept.`);
    show();
  });

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
        row(`Snapshot ${at + 1}`, edit === photo.edit, () => session.change(edit, `snapshot ${at + 1}`)),
      ),
    );
    byId("steps").replaceChildren(
      ...photo.history.steps.map(({ label, isPresent }, at) =>
        row(label ? capital(label) : "As it was opened", isPresent, () => session.goTo(at)),
      ),
    );
  }

  byId("history").addEventListener("toggle", show);
  return show;
}
