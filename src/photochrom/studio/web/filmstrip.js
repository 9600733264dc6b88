// The open photographs in a row.

import { byId, icon, make } from "./dom.js";
import { onLanguage, t } from "./words.js";

export function followFilmstrip(session, askMore) {
  const strip = byId("filmstrip");
  const frames = new Map();
  onLanguage(() => frames.clear());

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
    return make("li", {}, pick, remove);
  };

  return function show() {
    const { photos, current } = session;
    strip.hidden = photos.length < 2;
    for (const photo of frames.keys()) if (!photos.includes(photo)) frames.delete(photo);
    const items = photos.map((photo) => {
      if (!frames.has(photo)) frames.set(photo, frameOf(photo));
      const frame = frames.get(photo);
      const [pick] = frame.children;
      const state = photo.error ? "failed" : photo.afterUrl ? "ready" : "waiting";
      frame.className = `film ${state}`;
      const src = photo.thumbnailUrl ?? photo.localUrl;
      const image = pick.querySelector("img");
      if (image.getAttribute("src") !== src) image.src = src;
      image.classList.toggle("made-gray", !photo.thumbnailUrl);
      const { name } = photo;
      const words = { failed: t("film.failed", { name }), waiting: t("film.waiting", { name }), ready: name };
      pick.setAttribute("aria-label", words[state]);
      if (photo === current) pick.setAttribute("aria-current", "true");
      else pick.removeAttribute("aria-current");
      return frame;
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
    frames.get(current)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}
