// The shots of the film as a strip, and eight frames of one shot above it.

import { byId, make, refill } from "../dom.js";
import { number, t } from "../words.js";
import { addressOf } from "./server.js";

/** @import { FilmState, Glimpse } from "./server.js" */

/** A time of the film, such as "1:02:03.4". @param {number} seconds */
export function clock(seconds) {
  const tenths = Math.round(10 * seconds);
  const two = { minimumIntegerDigits: 2 };
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = number((tenths % 600) / 10, { ...two, minimumFractionDigits: 1 });
  return hours ? `${number(hours)}:${number(minutes, two)}:${rest}` : `${number(minutes)}:${rest}`;
}

/**
 * @param {(shot: number) => void} choose
 * @returns {(film: FilmState, current: number) => void} shows the shots
 */
export function followShots(choose) {
  /** @type {Map<number, { item: HTMLElement, button: HTMLElement }>} by the shot's first frame */
  const shown = new Map();
  let filmId = "";

  /** @param {string} id @param {number} first */
  const add = (id, first) => {
    const image = make("img", { src: addressOf.thumbnail(id, first), alt: "", loading: "lazy" });
    const button = make("button", { class: "film-pick", type: "button" }, image);
    const label = make("small", { "aria-hidden": "true" });
    const item = make("li", { class: "film shot" }, button, label);
    button.addEventListener("click", () => choose(Number(button.dataset.shot)));
    return { item, button };
  };

  return function show(film, current) {
    if (film.id !== filmId) shown.clear();
    filmId = film.id;
    const items = film.shots.map((shot) => {
      const one = shown.get(shot.first_frame) ?? add(film.id, shot.first_frame);
      shown.set(shot.first_frame, one);
      const { item, button } = one;
      button.dataset.shot = String(shot.number);
      const times = { start: clock(shot.start_s), end: clock(shot.end_s), number: shot.number };
      const words = t("films.shotNamed", times);
      if (button.getAttribute("aria-label") !== words) button.setAttribute("aria-label", words);
      if (shot.number === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      const label = item.querySelector("small");
      if (label) label.textContent = t("films.shotAt", times);
      return item;
    });
    refill(byId("shots"), items);
    byId("shots").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}

/**
 * @param {(frame: number) => void} choose
 * @returns {(glimpse: Glimpse, current: number | null) => void} shows eight frames
 */
export function followFrames(choose) {
  return function show(glimpse, current) {
    const small = glimpse.frames.filter((one) => !one.large);
    const items = small.map((one) => {
      const time = glimpse.times[one.number - glimpse.first_frame];
      const button = make(
        "button",
        {
          class: "film-pick",
          type: "button",
          "aria-label": t("films.frameAt", { time: clock(time) }),
          "aria-current": one.number === current ? "true" : null,
          on: { click: () => choose(one.number) },
        },
        make("img", { src: one.data, alt: "" }),
      );
      return make("li", { class: "film" }, button);
    });
    const list = byId("frames");
    const at = [...list.children].findIndex((one) => one.contains(document.activeElement));
    list.replaceChildren(...items);
    if (at >= 0) [...list.querySelectorAll("button")].at(at)?.focus({ preventScroll: true });
  };
}
