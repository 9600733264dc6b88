// The command that makes the same picture as the page.

import { TONES, UNTOUCHED } from "./edits.js";
import { stemOf } from "./reading.js";

/**
 * A file's name for a shell; one that begins with a dash would be an option.
 * @type {(name: string) => string}
 */
function quoted(name) {
  const path = name.startsWith("-") ? `./${name}` : name;
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/**
 * The command that makes the same picture from the hints file; `model` is the chosen one, if any.
 * @type {(photo: Photo, model?: string | null) => string}
 */
export function commandFor(photo, model = null) {
  const { edit } = photo;
  const start = [`photochrom colorize ${quoted(photo.name)}`, model ? `-m ${quoted(model)}` : ""];
  // Lassos have no options of their own: the edits lie beside the photograph.
  if (edit.lassos.length) return [...start, "--edits .", "-o color/"].filter(Boolean).join(" ");
  return [
    ...start,
    edit.hints.length ? `--hints ${quoted(`${stemOf(photo.name)}.hints.json`)}` : "",
    ...TONES.map((name) => (edit[name] === UNTOUCHED[name] ? "" : `--${name} ${edit[name]}`)),
    ...edit.lock.map(({ points, radius_px }) => {
      const [x, y] = points[Math.floor(points.length / 2)].map(Math.round);
      return `--lock ${x},${y},${Math.round(radius_px)}`;
    }),
    edit.palette.length ? `--palette '${edit.palette.join(",")}'` : "",
    edit.reference ? `--reference ${quoted(edit.reference.file.name)}` : "",
    "-o color/",
  ]
    .filter(Boolean)
    .join(" ");
}
