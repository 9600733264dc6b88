// EXIF: what a photograph brings along, brought up to date. Source: TIFF 6.0, EXIF 2.32.

import { ascii, concat, text } from "./bytes.js";

const [ORIENTATION, SOFTWARE, EXIF_IFD] = [0x0112, 0x0131, 0x8769];
const [COLOR_SPACE, WIDTH, HEIGHT] = [0xa001, 0xa002, 0xa003];
const [ASCII, SHORT, LONG] = [2, 3, 4];
const OURS = "Photochrom ";

/**
 * A block that says no more than which software this is.
 * @type {(program: string, size: Size) => Octets}
 */
export const newExif = (program, size) =>
  rewritten(ascii("MM\0*\0\0\0\x08\0\0\0\0\0\0"), false, program, size);

/**
 * A block with this software noted, upright, in sRGB, and without a preview.
 *
 * @param block bytes from "II" or "MM" on
 * @param program such as "Photochrom 1.0, model photochrom"
 * @param size of the pixels as they are now
 * @returns the new block; null where the old one is broken
 * @type {(block: Octets, program: string, size: Size) => Octets | null}
 */
export function signedExif(block, program, size) {
  const little = text(block.subarray(0, 2)) === "II";
  try {
    return rewritten(block, little, program, size);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** @type {(source: Octets, little: boolean, program: string, size: Size) => Octets} */
function rewritten(source, little, program, size) {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const main = entriesAt(view, view.getUint32(4, little), little);
  const before = main.find((one) => one.tag === SOFTWARE);
  const earlier = before ? textOf(source, before, view, little).split("; ") : [];
  const programs = [...earlier.filter((one) => one && !one.startsWith(OURS)), program];
  const words = concat(new TextEncoder().encode(programs.join("; ")), new Uint8Array(1));
  const kept = main.filter((one) => one.tag !== SOFTWARE);
  // The first directory is written anew behind all else: whatever points into the block still does.
  const start = source.length + (source.length % 2);
  const directory = 2 + 12 * (kept.length + 1) + 4;
  const whole = new Uint8Array(start + directory + Math.max(words.length, 4));
  whole.set(source);
  const out = new DataView(whole.buffer);
  out.setUint32(4, start, little);
  out.setUint16(start, kept.length + 1, little);
  const all = [...kept, { tag: SOFTWARE, at: 0 }].sort((one, other) => one.tag - other.tag);
  all.forEach(({ tag, at }, index) => {
    const to = start + 2 + 12 * index;
    if (tag !== SOFTWARE) {
      whole.set(source.subarray(at, at + 12), to);
      if (tag === ORIENTATION) out.setUint16(to + 8, 1, little);
      if (tag === EXIF_IFD) correct(out, out.getUint32(to + 8, little), little, size);
      return;
    }
    out.setUint16(to, SOFTWARE, little);
    out.setUint16(to + 2, ASCII, little);
    out.setUint32(to + 4, words.length, little);
    if (words.length <= 4) whole.set(words, to + 8);
    else {
      out.setUint32(to + 8, start + directory, little);
      whole.set(words, start + directory);
    }
  });
  return whole; // the new directory ends with 0: no preview follows
}

/** @type {(view: DataView, start: number, little: boolean) => { tag: number, at: number }[]} */
function entriesAt(view, start, little) {
  const count = view.getUint16(start, little);
  if (start + 2 + 12 * count > view.byteLength) throw new RangeError("The directory ends too early.");
  return Array.from({ length: count }, (_, index) => {
    const at = start + 2 + 12 * index;
    return { tag: view.getUint16(at, little), at };
  });
}

/** @type {(source: Octets, entry: { at: number }, view: DataView, little: boolean) => string} */
function textOf(source, { at }, view, little) {
  const length = view.getUint32(at + 4, little);
  const start = length > 4 ? view.getUint32(at + 8, little) : at + 8;
  return new TextDecoder()
    .decode(source.subarray(start, start + length))
    .replace(/\0.*$/s, "")
    .trim();
}

/**
 * Say in place that the pixels are sRGB, and how many there are.
 * @type {(view: DataView, start: number, little: boolean, size: Size) => void}
 */
function correct(view, start, little, { width, height }) {
  for (const { tag, at } of entriesAt(view, start, little)) {
    const value = { [COLOR_SPACE]: 1, [WIDTH]: width, [HEIGHT]: height }[tag];
    if (value === undefined) continue;
    const type = view.getUint16(at + 2, little);
    if (type === LONG) view.setUint32(at + 8, value, little);
    else if (type === SHORT) view.setUint16(at + 8, value, little);
  }
}
