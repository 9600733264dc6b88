// The files that people give to the page: read whole before they are sent, folders walked.

import { t } from "./words.js";

export class FileError extends Error {}

const HINTS = /\.json$/i;
const PHOTOGRAPHS = /\.(jpe?g|png|tiff?|webp|avif|heic|heif|jxl|jp2|bmp|gif|ppm|pgm|pnm)$/i;
const inOrder = new Intl.Collator(undefined, { numeric: true });

/** A copy of a file in memory, so that what can't be read is known before it is sent. */
export async function whole(file) {
  let content;
  try {
    content = await file.arrayBuffer();
  } catch {
    throw new FileError(t("file.unreadable"));
  }
  if (content.byteLength === 0) throw new FileError(t("file.empty"));
  return new File([content], file.name, { type: file.type });
}

export const isHints = (file) => HINTS.test(file.name);

/** "flower" of "flower.jpg" and of "flower.hints.json". */
export const stemOf = (name) => name.replace(/(\.hints)?\.[^.]+$/i, "");

/**
 * Everything that is dropped, what lies in folders included, in the order of names.
 *
 * Called while the event is handled: afterwards the browser gives nothing any more.
 * @returns { Promise<{ files: File[], folders: string[] }> }
 */
export function dropped(transfer) {
  const entries = [...(transfer.items ?? [])]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? null);
  const folders = entries.filter((entry) => entry?.isDirectory);
  const files = [...transfer.files];
  if (!folders.length) return Promise.resolve({ files, folders: [] });
  return collect(entries.filter(Boolean)).then((found) => ({
    files: found,
    folders: folders.map((entry) => entry.name),
  }));
}

async function collect(entries) {
  const found = [];
  for (const entry of entries) {
    if (entry.isFile) found.push(await fileOf(entry));
    else for (const inner of await walk(entry)) found.push(inner);
  }
  return found;
}

async function walk(folder) {
  const entries = await entriesOf(folder);
  entries.sort((one, other) => inOrder.compare(one.name, other.name));
  const found = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (entry.isDirectory) found.push(...(await walk(entry)));
    else if (PHOTOGRAPHS.test(entry.name) || HINTS.test(entry.name)) found.push(await fileOf(entry));
  }
  return found;
}

/** A folder's entries; browsers give them out by the hundred. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (!some.length) return entries;
    entries.push(...some);
  }
}

const fileOf = (entry) =>
  new Promise((resolve) => {
    // One that can't be had stays in its place, and says so when its turn comes.
    entry.file(resolve, () => resolve(gone(entry.name)));
  });

function gone(name) {
  const file = new File([], name);
  file.arrayBuffer = () => Promise.reject(new Error("gone"));
  return file;
}

/** A picture that this browser can decode, as PNG at full size; null if it can't. */
export async function converted(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    canvas.getContext("2d").drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    return new File([blob], `${stemOf(file.name)}.png`, { type: "image/png" });
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
