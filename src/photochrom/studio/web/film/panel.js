// What is known of the film, as lists: hints and painted frames of a shot, and references.

import { nameOf } from "../color.js";
import { byId, icon, make, refill } from "../dom.js";
import { spoken, t } from "../words.js";
import { entriesBetween, shotsIn, textOf, timeOf } from "./marks.js";
import { addressOf } from "./server.js";
import { clock } from "./strips.js";

/**
 * @import { Entry, Marks, Shot, Spot } from "./marks.js"
 * @import { FilmState } from "./server.js"
 */

/**
 * @param {{ open: (spot: Spot, time: number) => void, remove: (spot: Spot) => void, removeEntry: (entry: number) => void, go: (time: number) => void }} acts
 * @returns {(film: FilmState, marks: Marks, shot: Shot | undefined) => void} shows what is known of a shot
 */
export function followKnown(acts) {
  let shown = "";
  return function show(film, marks, shot) {
    const found = shot ? entriesBetween(marks, film.rate, shot.start_s, shot.end_s) : [];
    // What is there already stays: somebody may be about to press it.
    const known = JSON.stringify([film.id, found, spoken()]);
    if (known === shown) return;
    shown = known;
    const rows = found.flatMap(({ entry, at }) => {
      const time = timeOf(entry, film.rate);
      if (entry.picture) return [pictureRow(film.id, entry, at, time)];
      return (entry.hints ?? []).map((hint, index) => hintRow(hint.color, { entry: at, hint: index }, time));
    });
    byId("known-empty").hidden = rows.length > 0;
    refill(byId("known"), rows);
  };

  /** @param {string} color @param {Spot} spot @param {number} time */
  function hintRow(color, spot, time) {
    const dot = make("span", { class: "dot" });
    dot.style.setProperty("--color", color);
    return row(
      [dot],
      nameOf(color),
      time,
      () => acts.open(spot, time),
      () => acts.remove(spot),
    );
  }

  /** @param {string} id @param {Entry} entry @param {number} at @param {number} time */
  function pictureRow(id, entry, at, time) {
    const image = make("img", { src: addressOf.picture(id, entry.picture ?? ""), alt: "" });
    const go = () => acts.go(time);
    return row([image], t("films.painted"), time, go, () => acts.removeEntry(at));
  }

  /** @param {HTMLElement[]} face @param {string} words @param {number} time @param {() => void} open @param {() => void} remove */
  function row(face, words, time, open, remove) {
    const when = t("films.frameAt", { time: clock(time, 2) });
    return make(
      "li",
      {},
      make(
        "button",
        { class: "hint-row", type: "button", on: { click: open } },
        make("span", { class: "hint-face" }, ...face),
        make("span", { class: "hint-words" }, make("span", {}, words), make("small", {}, when)),
      ),
      make(
        "button",
        {
          class: "quiet small",
          type: "button",
          "aria-label": t("films.remove", { name: `${words}, ${when}` }),
          on: { click: remove },
        },
        icon("trash"),
      ),
    );
  }
}

/**
 * @param {{ follow: (at: number, shots: number[]) => void, remove: (at: number) => void }} acts
 * @returns {(film: FilmState, marks: Marks) => void} shows the references
 */
export function followReferences(acts) {
  let shown = "";
  let most = 0;
  return function show(film, marks) {
    most = film.shots.length;
    // What is there already stays: somebody may be writing in it.
    const known = JSON.stringify([film.id, marks.references, spoken()]);
    if (known === shown) return;
    shown = known;
    const rows = marks.references.map((one, at) => {
      const field = make("input", {
        class: "hex shots-field",
        type: "text",
        value: textOf(one.shots),
        placeholder: t("films.allShots"),
        "aria-label": t("films.referenceShots", { name: one.picture }),
        autocomplete: "off",
        spellcheck: "false",
      });
      field.addEventListener("change", () => {
        const shots = shotsIn(field.value, most);
        field.setAttribute("aria-invalid", String(shots === null));
        if (shots) acts.follow(at, shots);
      });
      return make(
        "li",
        { class: "film-reference" },
        make("img", { src: addressOf.picture(film.id, one.picture), alt: "" }),
        make("label", {}, make("small", {}, t("films.shotsLabel")), field),
        make(
          "button",
          {
            class: "quiet small",
            type: "button",
            "aria-label": t("films.remove", { name: one.picture }),
            on: { click: () => acts.remove(at) },
          },
          icon("trash"),
        ),
      );
    });
    refill(byId("references"), rows);
  };
}
