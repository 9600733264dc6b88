// The files that people give to the page: read whole before they are sent, folders walked.

import { contextOf } from "./local/pixels.js";
import { t } from "./words.js";

export class FileError extends Error {}

const HINTS = /\.json$/i;
const PHOTOGRAPHS = /\.(jpe?g|png|tiff?|webp|avif|heic|heif|jxl|jp2|bmp|gif|ppm|pgm|pnm)$/i;
const FILMS = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|m2ts|mts|ts|vob|wmv|asf|flv|ogv|3gp|dv|mxf|y4m)$/i;
const inOrder = new Intl.Collator(undefined, { numeric: true });

/** @returns {entry is FileSystemDirectoryEntry} */
const isFolder = (/** @type {FileSystemEntry} */ entry) => entry.isDirectory;
/** @returns {entry is FileSystemFileEntry} */
const isFile = (/** @type {FileSystemEntry} */ entry) => entry.isFile;

/**
 * A copy of a file in memory, so that what can't be read is known before it is sent.
 * @type {(file: File) => Promise<File>}
 */
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

/** @type {(file: File) => boolean} */
export const isHints = (file) => HINTS.test(file.name);

/** Whether a file is a film, by its name or type. @param {File} file */
export const isFilm = (file) => file.type.startsWith("video/") || FILMS.test(file.name);

/**
 * "flower" of "flower.jpg" and of "flower.hints.json".
 * @type {(name: string) => string}
 */
export const stemOf = (name) => name.replace(/(\.hints)?\.[^.]+$/i, "");

/**
 * The photograph that a file of hints is for: of its name, and of its folder if there are several.
 * @type {<One extends { name: string, folder: string }>(file: File, photos: One[]) => One | undefined}
 */
export function photographOf(file, photos) {
  const named = photos.filter((photo) => stemOf(photo.name) === stemOf(file.name));
  return named.find((photo) => photo.folder === folderOf(file)) ?? named[0];
}

/**
 * Everything that is dropped, what lies in folders included, in the order of names.
 *
 * Called while the event is handled: afterwards the browser gives nothing any more.
 * @type {(transfer: DataTransfer) => Promise<{ files: File[], folders: string[] }>}
 */
export function dropped(transfer) {
  const entries = [...(transfer.items ?? [])]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? null)
    .filter((entry) => entry !== null);
  const folders = entries.filter(isFolder);
  const files = [...transfer.files];
  if (!folders.length) return Promise.resolve({ files, folders: [] });
  return collect(entries).then((found) => ({
    files: found,
    folders: folders.map((entry) => entry.name),
  }));
}

/** @type {(entries: FileSystemEntry[]) => Promise<File[]>} */
async function collect(entries) {
  /** @type {File[]} */
  const found = [];
  for (const entry of entries) {
    if (isFile(entry)) found.push(await fileOf(entry));
    else if (isFolder(entry)) for (const inner of await walk(entry)) found.push(inner);
  }
  return found;
}

/** @type {WeakMap<File, string>} */
const folders = new WeakMap();

/**
 * In which dropped folder a file lay, as "Album/1950"; "" if in none.
 * @type {(file: File) => string}
 */
export const folderOf = (file) => folders.get(file) ?? "";

/** @type {(folder: FileSystemDirectoryEntry, place?: string) => Promise<File[]>} */
async function walk(folder, place = folder.name) {
  const entries = await entriesOf(folder);
  entries.sort((one, other) => inOrder.compare(one.name, other.name));
  /** @type {File[]} */
  const found = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    if (isFolder(entry)) found.push(...(await walk(entry, `${place}/${entry.name}`)));
    else if (isFile(entry) && (PHOTOGRAPHS.test(entry.name) || HINTS.test(entry.name))) {
      const file = await fileOf(entry);
      folders.set(file, place);
      found.push(file);
    }
  }
  return found;
}

/**
 * A folder's entries; browsers give them out by the hundred.
 * @type {(folder: FileSystemDirectoryEntry) => Promise<FileSystemEntry[]>}
 */
async function entriesOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (!some.length) return entries;
    entries.push(...some);
  }
}

/** @type {(entry: FileSystemFileEntry) => Promise<File>} */
const fileOf = (entry) =>
  new Promise((resolve) => {
    // One that can't be had stays in its place, and says so when its turn comes.
    entry.file(resolve, () => resolve(gone(entry.name)));
  });

/** @type {(name: string) => File} */
function gone(name) {
  const file = new File([], name);
  file.arrayBuffer = () => Promise.reject(new Error("gone"));
  return file;
}

/**
 * A picture that this browser can decode, as PNG at full size; null if it can't.
 * @type {(file: File) => Promise<File | null>}
 */
export async function converted(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    contextOf(canvas).drawImage(image, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    return new File([blob], `${stemOf(file.name)}.png`, { type: "image/png" });
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
