// The list of hints, and the tabs of the narrow layout.

import { nameOf } from "./color.js";
import { byId, closest, icon, make, refill } from "./dom.js";
import { withoutHints, withoutLock } from "./edits.js";
import { shownColor } from "./hints_layer.js";
import { onLanguage, t } from "./words.js";

/** @typedef {{ choose?: Listeners, drop: () => void, what: string }} Does what a row does */

/** @type {(session: Session, layer: HintsLayer, open: (key: string) => void) => (edit: Edit) => void} */
export function followHintList(session, layer, open) {
  const list = byId("hint-list");

  /** @type {(label: string, unwanted: (hint: Hint) => boolean) => void} */
  const remove = (label, unwanted) => {
    if (session.current) session.change(withoutHints(session.current.edit, unwanted), label);
  };

  /** @type {(swatches: string[], label: string, detail: string, does: Does) => HTMLElement} */
  const row = (swatches, label, detail, { choose, drop, what }) => {
    const face = make(
      "span",
      { class: "hint-face", "aria-hidden": "true" },
      ...swatches.map((color) => {
        const dot = make("span", { class: "dot" });
        dot.style.setProperty("--color", color);
        return dot;
      }),
    );
    const words = make("span", { class: "hint-words" }, make("span", {}, label), make("small", {}, detail));
    return make(
      "li",
      {},
      choose
        ? make("button", { class: "hint-row", type: "button", on: choose }, face, words)
        : make("span", { class: "hint-row" }, face, words),
      make(
        "button",
        {
          class: "quiet small",
          type: "button",
          "aria-label": what,
          title: t("hints.delete"),
          on: { click: drop },
        },
        icon("trash"),
      ),
    );
  };

  /** @type {WeakMap<Hint, HTMLElement>} */
  let rows = new WeakMap(); // by hint

  /** @type {(hint: Hint) => HTMLElement} */
  const rowOf = (hint) => {
    const color = shownColor(hint);
    const [x, y] = hint.points[0].map(Math.round);
    return row(
      [color],
      nameOf(color),
      t(hint.points.length > 1 ? "hints.strokeFrom" : "hints.at", { x, y }),
      {
        choose: {
          click: () => open(hint.key),
          pointerenter: () => layer.select(hint.key),
          pointerleave: () => layer.select(null),
        },
        drop: () => remove("step.hintDeleted", (one) => one.key === hint.key),
        what: t("hints.deleteOne", { color: nameOf(color), x, y }),
      },
    );
  };

  /** @type {(hint: Hint) => HTMLElement} */
  const keptRowOf = (hint) => {
    const kept = rows.get(hint) ?? rowOf(hint);
    rows.set(hint, kept);
    return kept;
  };

  /** @type {Hint[] | null} */
  let shown = null;
  /** @type {KeptLock[] | null} */
  let shownLock = null;
  onLanguage(() => {
    rows = new WeakMap();
    shown = null;
  });
  return function show({ hints, lock }) {
    if (shown === hints && shownLock === lock) return;
    shown = hints;
    shownLock = lock;
    const grouped = hints.filter((hint) => hint.group);
    const given = grouped[0]?.group?.number ?? 0;
    const own = hints.filter((hint) => !hint.group);
    const all = own.map(keptRowOf);
    if (grouped.length) {
      all.unshift(
        row(
          [shownColor(grouped[0])],
          t("alternatives.one", { number: given }),
          t("hints.spots", { count: grouped.length }),
          {
            drop: () => remove("step.alternativeLeft", (one) => one.group !== null),
            what: t("hints.deleteAlternative", { number: given }),
          },
        ),
      );
    }
    for (const one of lock) {
      const [x, y] = one.points[0].map(Math.round);
      all.push(
        row([], t("hints.kept"), t("hints.around", { x, y }), {
          drop: () => {
            const photo = session.current;
            if (photo) session.change(withoutLock(photo.edit, one.key), "step.keptRemoved");
          },
          what: t("hints.deleteKept", { x, y }),
        }),
      );
    }
    refill(list, all);
    list.hidden = all.length === 0;
    byId("hints-empty").hidden = all.length > 0;
    byId("hints-open").hidden = all.length > 0;
  };
}

export function followTabs() {
  const panel = byId("panel");
  byId("tabs").addEventListener("click", (event) => {
    const chosen = closest(event, "button")?.dataset.tab;
    if (!chosen) return;
    panel.dataset.tab = chosen;
    for (const tab of byId("tabs").children) {
      if (tab.dataset.tab === chosen) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
    panel.scrollTop = 0; // on a phone; elsewhere the sections scroll
    for (const sections of panel.querySelectorAll(".sections")) sections.scrollTop = 0;
  });
}
