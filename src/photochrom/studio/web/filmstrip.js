// The open photographs in a row.

import { about } from "./api.js";
import { byId, icon, make } from "./dom.js";
import { onLanguage, t } from "./words.js";

/** @typedef {{ item: HTMLElement, pick: HTMLElement, image: HTMLImageElement }} Frame */

/** @type {(session: Session, askMore: () => void) => () => void} */
export function followFilmstrip(session, askMore) {
  const strip = byId("filmstrip");
  /** @type {Map<Photo, Frame>} */
  const frames = new Map();
  onLanguage(() => frames.clear());

  /** @type {(photo: Photo) => Frame} */
  const frameOf = (photo) => {
    const image = make("img", {
      alt: "",
      on: {
        load: () => image.classList.remove("unread"),
        error: () => image.classList.add("unread"), // not a format for browsers
      },
    });
    const pick = make(
      "button",
      { class: "film-pick", type: "button", on: { click: () => session.select(photo) } },
      image,
      make("span", { class: "film-state", "aria-hidden": "true" }),
    );
    const remove = make(
      "button",
      {
        class: "film-remove",
        type: "button",
        "aria-label": t("film.close", { name: photo.name }),
        title: t("page.close"),
        on: { click: () => session.remove(photo) },
      },
      icon("close"),
    );
    return { item: make("li", {}, pick, remove), pick, image };
  };

  return function show() {
    const { photos, current } = session;
    strip.hidden = photos.length < 2;
    for (const photo of frames.keys()) if (!photos.includes(photo)) frames.delete(photo);
    const items = photos.map((photo) => {
      const frame = frames.get(photo) ?? frameOf(photo);
      frames.set(photo, frame);
      const { item, pick, image } = frame;
      const state = photo.error ? "failed" : photo.afterUrl ? "ready" : "waiting";
      item.className = `film ${state}`;
      const src = photo.thumbnailUrl ?? (about.grayFirst ? photo.beforeUrl : photo.localUrl);
      if (src && image.getAttribute("src") !== src) image.src = src;
      image.classList.toggle("made-gray", !photo.thumbnailUrl);
      const { name } = photo;
      const words = { failed: t("film.failed", { name }), waiting: t("film.waiting", { name }), ready: name };
      pick.setAttribute("aria-label", words[state]);
      if (photo === current) pick.setAttribute("aria-current", "true");
      else pick.removeAttribute("aria-current");
      return item;
    });
    const focused = document.activeElement;
    const more = make(
      "li",
      {},
      make(
        "button",
        {
          class: "film-add",
          type: "button",
          "aria-label": t("film.more"),
          title: t("film.moreShort"),
          on: { click: askMore },
        },
        icon("add"),
      ),
    );
    const list = strip.querySelector("ul") ?? strip.appendChild(make("ul"));
    list.replaceChildren(...items, more);
    if (focused && strip.contains(focused)) focused.focus({ preventScroll: true });
    if (current) frames.get(current)?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}
