// Light or dark, and the sheets with more to say.

import { byId } from "./dom.js";

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
  darkness.addEventListener("change", show);
  show();

  byId("help").addEventListener("click", () => byId("help-sheet").showModal());
  for (const sheet of document.querySelectorAll("dialog")) {
    sheet.addEventListener("click", (event) => {
      if (event.target === sheet || event.target.closest("[data-close]")) sheet.close();
    });
  }
}
