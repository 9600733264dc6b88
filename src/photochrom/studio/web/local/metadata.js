// A painted file with what its photograph brought along: EXIF, XMP, IPTC and the profile, spliced
// in, since a canvas writes pixels alone. See Python's `photochrom.pictures.metadata`.

import { ascii, concat, deflated, number, text } from "./bytes.js";
import { newExif, signedExif } from "./exif.js";
import { isSrgb } from "./icc.js";
import { named, signedXmp } from "./xmp.js";

/**
 * @typedef {{ exif: Octets, xmp: Octets, icc: Octets | null, iptc: Octets | null, density: Found["density"] }} Clothes
 */
/** @typedef {"jpeg" | "png" | "webp"} Written what a canvas can write */

const JPEG_MOST_BYTES = 65_500;
const ICC_PART_BYTES = 65_000;
const STALE_RESOURCES = new Set([0x0409, 0x040c, 0x040f, 0x0411]); // previews, and the profile

/**
 * @param painted the painted pixels as a file, and their size: `blob` and `size`
 * @param format "jpeg", "png" or "webp"
 * @param found what `probe` found in the photograph's file
 * @param signature the model's contract, and the version of the program
 * @type {(painted: { blob: Blob, size: Size }, format: Written, found: Found, signature: Signature)
 *   => Promise<Blob>}
 */
export async function dressed(painted, format, found, signature) {
  const { blob, size } = painted;
  const program = `Photochrom ${signature.version}, model ${named(signature.model)}`;
  const clothes = {
    exif: (found.exif && signedExif(found.exif, program, size)) ?? newExif(program, size),
    xmp: signedXmp(found.xmp, signature),
    icc: await profileOf(found.icc),
    iptc: found.iptc,
    density: found.density,
  };
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const into = { jpeg: intoJpeg, png: intoPng, webp: intoWebp }[format];
  const parts = await into(bytes, clothes, size);
  return new Blob(parts, { type: blob.type });
}

/**
 * The photograph's own profile where it means sRGB, as its pixels do now; else a plain one.
 * @type {(icc: Octets | null) => Promise<Octets | null>}
 */
async function profileOf(icc) {
  if (icc === null || isSrgb(icc)) return icc;
  return new Uint8Array(await (await fetch("engine/srgb.icc")).arrayBuffer());
}

/** @type {(bytes: Octets, clothes: Clothes) => Octets[]} */
function intoJpeg(bytes, { exif, xmp, icc, iptc, density }) {
  /** @type {Octets[]} */
  const parts = [];
  /** @type {(marker: number, ...content: Octets[]) => void} */
  const segment = (marker, ...content) => {
    const whole = concat(...content);
    if (whole.length <= JPEG_MOST_BYTES)
      parts.push(ascii("\xff"), number(marker, 1), number(whole.length + 2, 2), whole);
  };
  let at = 2;
  while (bytes[at + 1] >= 0xe0 && bytes[at + 1] <= 0xef) at += 2 + bytes[at + 2] * 256 + bytes[at + 3];
  const [x, y] = density
    ? [density.x, density.y].map((value) => number(Math.min(65535, Math.round(value)), 2))
    : [number(1, 2), number(1, 2)];
  segment(0xe0, ascii("JFIF\0\x01\x01"), number(density ? 1 : 0, 1), x, y, number(0, 2));
  segment(0xe1, ascii("Exif\0\0"), exif);
  segment(0xe1, ascii("http://ns.adobe.com/xap/1.0/\0"), xmp);
  if (icc) {
    const count = Math.ceil(icc.length / ICC_PART_BYTES);
    for (let part = 0; part < count; part += 1) {
      const content = icc.subarray(part * ICC_PART_BYTES, (part + 1) * ICC_PART_BYTES);
      segment(0xe2, ascii("ICC_PROFILE\0"), number(part + 1, 1), number(count, 1), content);
    }
  }
  const resources = iptc && keptResources(iptc);
  if (resources?.length) segment(0xed, ascii("Photoshop 3.0\0"), resources);
  return [bytes.subarray(0, 2), ...parts, bytes.subarray(at)];
}

/**
 * Photoshop's image resources without those that don't hold any more.
 * @type {(block: Octets) => Octets}
 */
function keptResources(block) {
  const kept = [];
  for (let at = 0; at + 12 <= block.length; ) {
    const nameSize = 1 + block[at + 6];
    const start = at + 6 + nameSize + (nameSize % 2) + 4;
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    if (text(block.subarray(at, at + 4)) !== "8BIM" || start > block.length) return block; // broken: as it came
    const end = start + view.getUint32(start - 4);
    const next = end + (end % 2) - (start % 2);
    if (!STALE_RESOURCES.has(view.getUint16(at + 4)))
      kept.push(block.subarray(at, Math.min(block.length, next)));
    at = Math.max(next, at + 12);
  }
  return concat(...kept);
}

/** @type {(bytes: Octets, clothes: Clothes) => Promise<Octets[]>} */
async function intoPng(bytes, { exif, xmp, icc, density }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = 8 + 25;
  const parts = [bytes.subarray(0, head)];
  if (icc) parts.push(chunk("iCCP", ascii("ICC profile\0\0"), await deflated(icc)));
  if (density) {
    const [x, y] = [density.x, density.y].map((value) => number(Math.round(value / 0.0254), 4));
    parts.push(chunk("pHYs", x, y, number(1, 1)));
  }
  parts.push(chunk("eXIf", exif), chunk("iTXt", ascii("XML:com.adobe.xmp\0\0\0\0\0"), xmp));
  const ours = ["iCCP", "sRGB", "gAMA", "cHRM", "pHYs", "eXIf"];
  for (let at = head; at < bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (!ours.includes(text(bytes.subarray(at + 4, at + 8)))) parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** @type {(kind: string, ...content: Octets[]) => Octets} */
function chunk(kind, ...content) {
  const named = concat(ascii(kind), ...content);
  return concat(number(named.length - 4, 4), named, number(crc32(named), 4));
}

const CRC = Uint32Array.from({ length: 256 }, (_, code) => {
  let value = code;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @type {(bytes: Octets) => number} */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** @type {(bytes: Octets, clothes: Clothes, size: Size) => Octets[]} */
function intoWebp(bytes, { exif, xmp, icc }, { width, height }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks = [];
  let alpha = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const kind = text(bytes.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    if (["VP8 ", "VP8L", "ALPH"].includes(kind)) chunks.push(bytes.subarray(at, at + 8 + size + (size % 2)));
    if (
      kind === "ALPH" ||
      (kind === "VP8L" && bytes[at + 12] & 0x10) ||
      (kind === "VP8X" && bytes[at + 8] & 0x10)
    )
      alpha = 0x10;
    at += 8 + size + (size % 2);
  }
  /** @type {(kind: string, content: Octets) => Octets[]} */
  const riff = (kind, content) => [
    ascii(kind),
    number(content.length, 4, true),
    content,
    new Uint8Array(content.length % 2),
  ];
  const flags = (icc ? 0x20 : 0) | alpha | 0x08 | 0x04;
  const body = [
    ...riff("VP8X", concat(number(flags, 4, true), number(width - 1, 3, true), number(height - 1, 3, true))),
    ...(icc ? riff("ICCP", icc) : []),
    ...chunks,
    ...riff("EXIF", exif),
    ...riff("XMP ", xmp),
  ];
  const length = body.reduce((sum, part) => sum + part.length, 4);
  return [ascii("RIFF"), number(length, 4, true), ascii("WEBP"), ...body];
}
