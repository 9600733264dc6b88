// Light or dark, the language, and the sheets with more to say.

import { byId, closest, make } from "./dom.js";
import { LANGUAGES, onLanguage, speak, spoken } from "./words.js";

export function followAppearance() {
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const { theme } = document.documentElement.dataset;
    return theme ? theme === "dark" : darkness.matches;
  };
  const show = () => byId("theme").setAttribute("aria-pressed", String(isDark()));

  byId("theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("photochrom-theme", theme);
    } catch {
      // It lasts as long as the page, then.
    }
    show();
  });
  followLanguage();
  darkness.addEventListener("change", show);
  show();

  byId("help").addEventListener("click", () => byId("help-sheet").showModal());
  for (const sheet of document.querySelectorAll("dialog")) {
    sheet.addEventListener("click", (event) => {
      if (event.target === sheet || closest(event, "[data-close]")) sheet.close();
    });
  }
}

/** Fill the menus of languages, and speak the one that is chosen. */
function followLanguage() {
  /** @type {NodeListOf<HTMLSelectElement>} */
  const menus = document.querySelectorAll("select.languages");
  const show = () => {
    for (const menu of menus) menu.value = spoken();
  };
  for (const menu of menus) {
    menu.append(
      ...Object.entries(LANGUAGES).map(([code, name]) => make("option", { value: code, lang: code }, name)),
    );
    menu.addEventListener("change", () => speak(menu.value));
  }
  onLanguage(show);
  show();
}
