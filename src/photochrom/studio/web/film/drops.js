// Files that are dropped on the page for films.

import { byId } from "../dom.js";
import { dropped } from "../reading.js";
import { t } from "../words.js";

const SHOWN_MS = 400;

/** @param {DragEvent} event */
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** @param {Event} event */
const targetOf = (event) => (event.target instanceof Element ? event.target : null);

/** Whether a file that is dropped there is a reference. @param {Element | null} target */
const isAside = (target) => target?.closest("#references-section") != null;

/**
 * @param {() => boolean} hasFilm
 * @param {(files: File[], aside: boolean) => void} take is given the files, and whether they are a reference
 */
export function followFilmDrops(hasFilm, take) {
  const sheet = byId("drop");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let leaving;
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const aside = hasFilm() && isAside(targetOf(event));
    sheet.hidden = false;
    sheet.classList.toggle("aside", aside);
    byId("drop-text").textContent = t(aside ? "drop.follow" : hasFilm() ? "films.dropPainted" : "drop.open");
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      sheet.hidden = true;
    }, SHOWN_MS);
  });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    sheet.hidden = true;
    const aside = isAside(targetOf(event));
    const { files } = await dropped(/** @type {DataTransfer} */ (event.dataTransfer));
    if (files.length) take(files, aside);
  });
}
