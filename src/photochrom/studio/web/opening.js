// Ways in: drop, paste, the file dialog (the camera roll on phones), the samples.

import * as api from "./api.js";
import { byId, closest, make, reducedMotion, tell } from "./dom.js";
import { Photo } from "./photo.js";
import { dropped } from "./reading.js";
import { has, placeWords, t } from "./words.js";

/** @typedef {{ sample: Sample, paper: HTMLElement, info: Opened | null, file: File | null }} Print */

let readable = "image/*";

/**
 * Offer the formats that can be read, and no others; phones then convert what they keep in HEIC.
 * @type {(formats: Format[]) => void}
 */
export function offer(formats) {
  readable = formats.flatMap(({ media_type, suffixes }) => [media_type, ...suffixes]).join(",");
}

/**
 * Ask for files with the system's own dialog; an empty list if nothing was chosen.
 * @type {(options?: { several?: boolean, accept?: string }) => Promise<File[]>}
 */
export function askFile({ several = true, accept = readable } = {}) {
  const input = byId("file");
  input.value = "";
  input.multiple = several;
  input.accept = accept;
  return new Promise((resolve) => {
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}

/**
 * Call `take(files, target)` for what is dropped or pasted; target is the element under it.
 * @type {(take: (files: File[], target: { reference: boolean }) => void) => void}
 */
export function followDrops(take) {
  const sheet = byId("drop");
  /** @type {(event: DragEvent) => boolean} */
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  /** @type {(event: DragEvent) => boolean} */
  const asReference = (event) =>
    document.body.dataset.scene === "work" && closest(event, "#reference-section") !== null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let leaving;

  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    clearTimeout(leaving);
    sheet.hidden = false;
    sheet.classList.toggle("aside", asReference(event));
    byId("drop-text").textContent = t(asReference(event) ? "drop.follow" : "drop.open");
    leaving = setTimeout(() => {
      sheet.hidden = true;
    }, 400);
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    sheet.hidden = true;
    const reference = asReference(event);
    if (!event.dataTransfer) return;
    dropped(event.dataTransfer).then(({ files, folders }) => {
      if (folders.length) {
        tell(files.length ? t("drop.found", { count: files.length }) : t("drop.none"), {
          title: folders.join(", "),
          kind: files.length ? "good" : "note",
        });
      }
      if (files.length) take(files, { reference });
    });
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files, { reference: false });
  });
}

/**
 * Lay the samples out as prints, and let them come up in color one after the other.
 * @type {(open: (photo: Photo) => void) => Promise<void>}
 */
export async function showSamples(open) {
  const { samples } = await api.getSamples();
  byId("prints").replaceChildren(); // what has kept their place
  const prints = samples.map((sample) => {
    const gray = make("img", { src: sample.url, alt: "", class: "print-gray" });
    const paper = make("span", { class: "print-paper" }, gray);
    const key = `sample.${sample.name}`;
    const title = make("span", { class: "print-title", "data-t": has(key) ? key : null }, sample.title);
    /** @type {Print} */
    const print = { sample, paper, info: null, file: null };
    const button = make(
      "button",
      {
        class: "print",
        type: "button",
        on: { click: () => begin(print, button) },
      },
      paper,
      title,
    );
    byId("prints").append(make("li", {}, button));
    return print;
  });

  /** @type {(print: Print) => Promise<File>} */
  const fetched = async (print) => {
    if (print.file) return print.file;
    const blob = await api.getFile(print.sample.url);
    const name = /\.\w+$/.test(print.sample.name) ? print.sample.name : `${print.sample.name}.jpg`;
    print.file ??= new File([blob], name, { type: blob.type || "image/jpeg" });
    return print.file;
  };

  /** @type {(print: Print, button: HTMLButtonElement) => Promise<void>} */
  const begin = async (print, button) => {
    button.disabled = true;
    try {
      const file = await fetched(print);
      open(new Photo(file, print.info));
    } finally {
      button.disabled = false;
    }
  };

  placeWords(byId("prints"));
  byId("samples").hidden = samples.length === 0;
  for (const print of prints) {
    if (document.body.dataset.scene !== "welcome") return;
    try {
      await develop(print, await fetched(print));
    } catch {
      return; // the prints stay gray; opening one says what is wrong
    }
  }
}

/** @type {(print: Print, file: File) => Promise<void>} */
async function develop(print, file) {
  const info = await api.upload(file);
  print.info = info;
  const painted = await api.paint(info.id, { hints: [], palette: [], vividness: 1, size: "preview" });
  if (!(painted instanceof Blob)) return; // a sample's first preview comes as a file
  const color = make("img", { src: URL.createObjectURL(painted), alt: "", class: "print-color" });
  await color.decode();
  if (reducedMotion()) color.classList.add("developed");
  print.paper.append(color);
  requestAnimationFrame(() => requestAnimationFrame(() => color.classList.add("developed")));
}
