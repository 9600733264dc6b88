// Many photographs as one file: a ZIP of results with the edits beside each, and a project that
// opens everything again.

import { editIn, editsOut, followed } from "./edits.js";
import { stemOf } from "./reading.js";
import { downloadZip } from "./vendor/client-zip.js";
import { t } from "./words.js";

const EDITS = ".edits.json";
const PROJECT = "photochrom.json";
const VERSION = 1;

/**
 * Names that differ from each other, in order: a.jpg, a (2).jpg.
 * @type {(names: string[]) => string[]}
 */
export function distinct(names) {
  const taken = new Set();
  return names.map((name) => {
    const stem = name.replace(/\.[^./]+$/, "");
    let free = name;
    for (let number = 2; taken.has(free.toLowerCase()); number += 1)
      free = `${stem} (${number})${name.slice(stem.length)}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

/** @type {(value: unknown) => string} */
const inJson = (value) => `${JSON.stringify(value, null, 1)}\n`;

/**
 * Where a photograph lies in a ZIP: in the folder that it came from, as others may have the same name.
 * @type {(photo: Photo, name?: string) => string}
 */
const placeOf = ({ folder, name: own }, name = own) => (folder ? `${folder}/${name}` : name);

/**
 * What an edit is in a file, with the place of its reference, and who paints.
 * @type {(edit: Edit, references: Map<Upload, string>, model: Painter | null, up?: string) => string}
 */
function editsFile(edit, references, model, up = "") {
  const place = edit.reference && references.get(edit.reference);
  return inJson(editsOut(edit, { reference: place ? `${up}${place}` : null, model }));
}

/**
 * Where each reference lies in a ZIP.
 * @type {(edits: Edit[]) => Map<Upload, string>}
 */
function placesOf(edits) {
  const used = edits.map((edit) => edit.reference).filter((reference) => reference !== null);
  const all = [...new Set(used)];
  const names = distinct(all.map((reference) => reference.file.name));
  return new Map(all.map((reference, at) => [reference, `references/${names[at]}`]));
}

/**
 * All results and the edits beside each, as one ZIP; painted one after the other.
 *
 * @param paint one at full size
 * @param said called after each
 * @param model who paints, and what of the edits it can't follow
 * @type {(photos: Photo[], paint: (photo: Photo) => Promise<{ blob: Blob, name: string }>,
 *   said: (done: number) => void, model: { painter: Painter | null, cannot: Cannot }) => Promise<Blob>}
 */
export async function zipOf(photos, paint, said, { painter, cannot }) {
  const sources = distinct(photos.map((photo) => placeOf(photo)));
  const edits = photos.map((photo) => followed(photo.edit, cannot));
  const references = placesOf(edits);
  /** @type {string[]} */
  const results = [];
  async function* files() {
    for (const [at, photo] of photos.entries()) {
      const { blob, name } = await paint(photo);
      results.push(placeOf(photo, name));
      yield { name: distinct(results)[at], input: blob };
      const up = "../".repeat(sources[at].split("/").length - 1);
      yield { name: `${sources[at]}${EDITS}`, input: editsFile(edits[at], references, painter, up) };
      said(at + 1);
    }
    for (const [reference, name] of references) yield { name, input: reference.file };
  }
  return downloadZip(files()).blob();
}

/**
 * Everything that is open, as one file to go on with later.
 * @type {(photos: Photo[], painter: Painter | null) => Promise<Blob>}
 */
export async function projectOf(photos, painter) {
  const names = distinct(photos.map((photo) => placeOf(photo)));
  const references = placesOf(photos.map((photo) => photo.edit));
  const table = { photochrom: "project", version: VERSION, photographs: names };
  /** @type {{ name: string, input: string | Blob }[]} */
  const files = [{ name: PROJECT, input: inJson(table) }];
  photos.forEach((photo, at) => {
    files.push({ name: `photographs/${names[at]}`, input: photo.upload.file });
    const input = editsFile(photo.edit, references, painter);
    files.push({ name: `photographs/${names[at]}${EDITS}`, input });
  });
  for (const [reference, name] of references) files.push({ name, input: reference.file });
  return downloadZip(files).blob();
}

/** @typedef {{ file: File, folder: string, edits: string, reference: File | null, model: Painter | null }} InProject */

export class ProjectError extends Error {}

/**
 * What lies in a project.
 * @type {(file: File) => Promise<InProject[]>}
 */
export async function openProject(file) {
  const entries = await unzip(file);
  /** @type {(name: string) => Promise<string>} */
  const text = async (name) => {
    const entry = entries.get(name);
    if (!entry) throw new ProjectError(t("project.missing", { name }));
    return entry.text();
  };
  const table = JSON.parse(await text(PROJECT));
  if (table.photochrom !== "project" || table.version !== VERSION) throw new ProjectError(t("project.other"));
  return Promise.all(
    table.photographs.map(async (/** @type {string} */ name) => {
      const edits = await text(`photographs/${name}${EDITS}`);
      const { reference, model } = JSON.parse(edits);
      const content = entries.get(`photographs/${name}`);
      const example = reference ? entries.get(reference) : null;
      if (!content || example === undefined) throw new ProjectError(t("project.lacks", { name }));
      const way = name.split("/").filter((part) => !["", ".", ".."].includes(part));
      return {
        file: new File([content], way.pop() ?? ""),
        folder: way.join("/"),
        edits,
        model: typeof model?.name === "string" ? model : null,
        reference: example && new File([example], reference.split("/").at(-1)),
      };
    }),
  );
}

/** @type {(file: File) => boolean} */
export const isProject = (file) => /\.zip$/i.test(file.name);

/**
 * The entries of a ZIP that holds them as they are, by name; none is copied.
 * @type {(file: File) => Promise<Map<string, Blob>>}
 */
export async function unzip(file) {
  const wrong = new ProjectError(t("project.none"));
  const tailAt = Math.max(0, file.size - 65_557);
  const tail = new DataView(await file.slice(tailAt).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw wrong;
  const [size, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  const table = new DataView(await file.slice(start, start + size).arrayBuffer());
  const entries = new Map();
  for (let at = 0; at < table.byteLength; ) {
    if (table.getUint32(at, true) !== 0x02014b50 || table.getUint16(at + 10, true) !== 0) throw wrong;
    const [length, name, extra, comment] = [
      table.getUint32(at + 24, true),
      table.getUint16(at + 28, true),
      table.getUint16(at + 30, true),
      table.getUint16(at + 32, true),
    ];
    const header = table.getUint32(at + 42, true);
    const own = new DataView(await file.slice(header, header + 30).arrayBuffer());
    const from = header + 30 + own.getUint16(26, true) + own.getUint16(28, true);
    const bytes = new Uint8Array(table.buffer, at + 46, name);
    entries.set(new TextDecoder().decode(bytes), file.slice(from, from + length));
    at += 46 + name + extra + comment;
  }
  return entries;
}

/**
 * Give a photograph the edits of a file, once its size is known.
 * @type {(text: string, size: Size, reference: Upload | null) => Edit}
 */
export const editOf = (text, size, reference) => ({ ...editIn(text, size), reference });

/** @type {(photos: Photo[]) => string} */
export const projectName = (photos) => `${stemOf(photos[0].name)}.photochrom.zip`;
