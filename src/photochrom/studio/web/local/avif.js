// AVIF's boxes: the size of the picture, and where EXIF, XMP and the profile lie.
// Source: ISO 14496-12, ISO 23008-12.

import { text } from "./bytes.js";

/** @typedef {import("./bytes.js").Bytes} Bytes */

/**
 * Fill in what a file says of itself; see `probe`.
 * @type {(bytes: Bytes, found: Found) => Promise<void>}
 */
export async function probeAvif(bytes, found) {
  const brands = text(await bytes.at(8, Math.min(64, (await bytes.view(0, 4)).getUint32(0) - 8)));
  found.format = brands.includes("avif") || brands.includes("avis") ? "avif" : "heif";
  for (let at = 0; at + 8 <= bytes.size; ) {
    const size = (await bytes.view(at, 4)).getUint32(0);
    if (text(await bytes.at(at + 4, 4)) === "meta") {
      const content = (await bytes.at(at + 12, size - 12)).slice();
      await takeMeta(content, bytes, found);
      return;
    }
    if (size < 8) return;
    at += size;
  }
}

/**
 * The boxes in some bytes: [{ kind, content }].
 * @type {(content: Octets) => { kind: string, content: Octets }[]}
 */
function boxes(content) {
  const found = [];
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  for (let at = 0; at + 8 <= content.length; ) {
    const size = view.getUint32(at);
    if (size < 8) break;
    found.push({
      kind: text(content.subarray(at + 4, at + 8)),
      content: content.subarray(at + 8, at + size),
    });
    at += size;
  }
  return found;
}

/** @type {(content: Octets) => DataView} */
const viewOf = (content) => new DataView(content.buffer, content.byteOffset, content.length);

/** @type {(content: Octets, bytes: Bytes, found: Found) => Promise<void>} */
async function takeMeta(content, bytes, found) {
  const parts = Object.fromEntries(boxes(content).map((box) => [box.kind, box.content]));
  for (const { kind, content: property } of boxes(
    boxes(parts.iprp ?? new Uint8Array(0))[0]?.content ?? new Uint8Array(0),
  )) {
    const view = viewOf(property);
    if (kind === "ispe" && view.getUint32(4) * view.getUint32(8) > found.width * found.height) {
      Object.assign(found, { width: view.getUint32(4), height: view.getUint32(8) });
    } else if (kind === "colr" && ["prof", "rICC"].includes(text(property.subarray(0, 4)))) {
      found.icc = property.slice(4);
    } else if (kind === "pixi" && property.length > 5) {
      found.bits = property[5];
    }
  }
  const places = parts.iloc ? locations(parts.iloc) : new Map();
  for (const { kind, content: entry } of boxes(
    (parts.iinf ?? new Uint8Array(0)).subarray(entryStart(parts.iinf)),
  )) {
    if (kind !== "infe" || entry[0] < 2) continue;
    const wide = entry[0] === 3;
    const item = wide ? viewOf(entry).getUint32(4) : viewOf(entry).getUint16(4);
    const type = text(entry.subarray(wide ? 10 : 8, wide ? 14 : 12));
    const place = places.get(item);
    if (!place || (type !== "Exif" && type !== "mime")) continue;
    const item_ = (await bytes.at(place.start, place.length)).slice();
    if (type === "Exif") found.exif = item_.slice(4 + viewOf(item_).getUint32(0));
    else if (text(entry).includes("application/rdf+xml")) found.xmp = item_;
  }
}

/** @type {(iinf: Octets | undefined) => number} */
const entryStart = (iinf) => (iinf && iinf[0] > 0 ? 8 : 6);

/**
 * Item -> where it lies in the file; items in one piece only.
 * @type {(iloc: Octets) => Map<number, { start: number, length: number }>}
 */
function locations(iloc) {
  const view = viewOf(iloc);
  const version = iloc[0];
  const [offsetSize, lengthSize, baseSize] = [iloc[4] >> 4, iloc[4] & 15, iloc[5] >> 4];
  const indexSize = version > 0 ? iloc[5] & 15 : 0;
  let at = 6;
  /** @type {(size: number) => number} */
  const take = (size) => {
    at += size;
    if (size === 8) return view.getUint32(at - 8) * 2 ** 32 + view.getUint32(at - 4);
    if (size === 4) return view.getUint32(at - 4);
    return size === 2 ? view.getUint16(at - 2) : 0;
  };
  const found = new Map();
  for (let left = take(version < 2 ? 2 : 4); left > 0; left -= 1) {
    const item = take(version < 2 ? 2 : 4);
    const inFile = version === 0 || (take(2) & 15) === 0;
    take(2); // the file that it lies in: this one
    const base = take(baseSize);
    const pieces = take(2);
    for (let piece = 0; piece < pieces; piece += 1) {
      take(indexSize);
      const start = base + take(offsetSize);
      const length = take(lengthSize);
      if (inFile && pieces === 1) found.set(item, { start, length });
    }
  }
  return found;
}
