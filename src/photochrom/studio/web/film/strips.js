// The shots of the film as a strip, and eight frames of one shot above it.

import { byId, make, refill } from "../dom.js";
import { number, t } from "../words.js";
import { knows } from "./marks.js";
import { addressOf } from "./server.js";

/**
 * @import { Marks, Shot } from "./marks.js"
 * @import { FilmState, Glimpse } from "./server.js"
 */

/**
 * A time of the film, such as "1:02:03.4".
 *
 * @param {number} seconds
 * @param {number} [digits] of a second; two tell frames apart
 */
export function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const ticks = Math.round(unit * seconds);
  const two = { minimumIntegerDigits: 2 };
  const hours = Math.floor(ticks / (3600 * unit));
  const minutes = Math.floor(ticks / (60 * unit)) % 60;
  const rest = number((ticks % (60 * unit)) / unit, { ...two, minimumFractionDigits: digits });
  return hours ? `${number(hours)}:${number(minutes, two)}:${rest}` : `${number(minutes)}:${rest}`;
}

/** Arrow keys go along a list of buttons; the tab key passes by all but the current one. @param {HTMLElement} list */
function followArrows(list) {
  list.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.findIndex((one) => one.matches(":focus"));
    const on = document.dir === "rtl" ? -1 : 1;
    /** @type {Record<string, number>} */
    const ways = { ArrowRight: at + on, ArrowLeft: at - on, Home: 0, End: buttons.length - 1 };
    const to = ways[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    buttons[Math.min(buttons.length - 1, Math.max(0, to))].focus();
  });
}

/**
 * @param {(shot: number) => void} choose
 * @returns {{ show: (film: FilmState, current: number, known: Marks) => void,
 *   paint: (shot: Shot, glimpse: Glimpse) => void }} shows the shots; gives one the colors of a glimpse
 */
export function followShots(choose) {
  /** @type {Map<number, { item: HTMLElement, button: HTMLElement }>} by the shot's first frame */
  const shown = new Map();
  let filmId = "";
  let inView = "";
  followArrows(byId("shots"));

  /** @param {string} id @param {number} first */
  const add = (id, first) => {
    const image = make("img", { src: addressOf.thumbnail(id, first), alt: "", loading: "lazy" });
    const button = make("button", { class: "film-pick", type: "button" }, image);
    const label = make("small", { "aria-hidden": "true" });
    const item = make("li", { class: "film shot" }, button, label);
    button.addEventListener("click", () => choose(Number(button.dataset.shot)));
    return { item, button };
  };

  /** @param {FilmState} film @param {number} current @param {Marks} known */
  const show = (film, current, known) => {
    if (film.id !== filmId) shown.clear();
    filmId = film.id;
    const items = film.shots.map((shot) => {
      const one = shown.get(shot.first_frame) ?? add(film.id, shot.first_frame);
      shown.set(shot.first_frame, one);
      const { item, button } = one;
      button.dataset.shot = String(shot.number);
      const times = { start: clock(shot.start_s), end: clock(shot.end_s), number: shot.number };
      const isKnown = knows(known, film.rate, shot);
      item.classList.toggle("known", isKnown);
      const named = t("films.shotNamed", times);
      const words = isKnown ? t("films.shotKnown", { shot: named }) : named;
      if (button.getAttribute("aria-label") !== words) button.setAttribute("aria-label", words);
      button.tabIndex = shot.number === current ? 0 : -1;
      if (shot.number === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      const label = item.querySelector("small");
      if (label) label.textContent = t("films.shotAt", times);
      return item;
    });
    refill(byId("shots"), items);
    // Only once: people scroll along while the film is looked through, or colored.
    if (inView === `${film.id} ${current}`) return;
    inView = `${film.id} ${current}`;
    byId("shots").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  /** @param {Shot} shot @param {Glimpse} glimpse */
  const paint = (shot, glimpse) => {
    const middle = shot.first_frame + Math.floor(shot.frames / 2) - glimpse.first_frame;
    const image = shown.get(shot.first_frame)?.item.querySelector("img");
    if (!image || middle < 0 || middle >= glimpse.times.length) return;
    /** @param {{ number: number }} one */
    const far = (one) => Math.abs(one.number - glimpse.first_frame - middle);
    const small = glimpse.frames.filter((one) => !one.large).sort((one, other) => far(one) - far(other));
    if (small.length) image.src = small[0].data;
  };
  return { show, paint };
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
          "aria-label": t("films.frameAt", { time: clock(time, 2) }),
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
