// The way to the page for films, where the engine can color them; or why there is none.

import { byId, make, tell } from "./dom.js";
import { isFilm } from "./reading.js";
import { t } from "./words.js";

/**
 * @param {boolean} offered whether the engine colors films
 * @returns {(files: File[]) => File[]} says where films go, and gives the files that aren't films
 */
export function followFilms(offered) {
  if (offered) byId("films-link").href = "film.html";
  byId("films-link").hidden = !offered;
  byId("films-why").hidden = offered;

  return function apart(files) {
    const film = files.find(isFilm);
    if (film) {
      const way = make("a", { class: "text", href: byId("films-link").href }, t("films.open"));
      const words = offered
        ? t("films.elsewhere")
        : t("films.notInBrowser", { serve: byId("films-why").querySelector("code")?.textContent ?? "" });
      tell(words, { title: film.name, kind: "note", action: offered ? way : null });
    }
    return files.filter((file) => !isFilm(file));
  };
}
