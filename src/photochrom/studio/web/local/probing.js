// What a file says of itself, without decoding it: format, size, EXIF, XMP, IPTC, color profile.
// Sources: ITU T.81, EXIF 2.32 (JPEG); PNG, third edition; the WebP container; ISO 23008-12 (AVIF).

import { probeAvif } from "./avif.js";
import { Bytes, concat, inflated, text } from "./bytes.js";

const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";
const ICC = "ICC_PROFILE\0";
const PHOTOSHOP = "Photoshop 3.0\0";
const PNG_SIGN = "\x89PNG\r\n\x1a\n";
const TIFF_SIGNS = ["II*\0", "MM\0*", "II+\0", "MM\0+"];
const NONE = new Uint8Array(0);
const NOTHING = {
  bits: 8,
  exif: null,
  xmp: null,
  icc: null,
  iptc: null,
  density: null,
  inks: false,
  cut: false,
};

/**
 * { format, width, height, bits, exif, xmp, icc, iptc, density, inks, cut }: `inks` for colors that are
 * inks (CMYK), `cut` for a file that ends before its picture does. Throws where it can't be a picture.
 * @type {(file: Blob) => Promise<Found>}
 */
export async function probe(file) {
  const bytes = new Bytes(file);
  const head = text(await bytes.at(0, Math.min(16, file.size)));
  /** @type {Found} */
  const found = { ...NOTHING, format: "", width: 0, height: 0 };
  try {
    if (head.startsWith("\xff\xd8\xff")) await probeJpeg(bytes, found);
    else if (head.startsWith(PNG_SIGN)) await probePng(bytes, found);
    else if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") await probeWebp(bytes, found);
    else if (head.slice(4, 8) === "ftyp") await probeAvif(bytes, found);
    else if (TIFF_SIGNS.includes(head.slice(0, 4))) found.format = "tiff";
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    found.cut = true;
  }
  return found;
}

/** @type {(bytes: Bytes, found: Found) => Promise<void>} */
async function probeJpeg(bytes, found) {
  found.format = "jpeg";
  /** @type {Octets[]} */
  const profile = [];
  for (let at = 2; ; ) {
    const head = await bytes.view(at, 4);
    if (head.getUint8(0) !== 0xff) return;
    const marker = head.getUint8(1);
    if (marker === 0xff) {
      at += 1; // fill
      continue;
    }
    if (marker === 0xda) found.cut = !(await bytes.holds([0xff, 0xd9], at)); // it can't stand in pixels
    if (marker === 0xda || marker === 0xd9) break;
    const size = head.getUint16(2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const frame = await bytes.view(at + 4, 6);
      Object.assign(found, {
        bits: frame.getUint8(0),
        height: frame.getUint16(1),
        width: frame.getUint16(3),
        inks: frame.getUint8(5) === 4,
      });
    } else if (marker >= 0xe0 && marker <= 0xed) {
      takeSegment(marker, await bytes.at(at + 4, size - 2), found, profile);
    }
    at += 2 + size;
  }
  profile.sort((one, other) => one[ICC.length] - other[ICC.length]);
  if (profile.length) found.icc = concat(...profile.map((part) => part.subarray(ICC.length + 2)));
}

/** @type {(marker: number, content: Octets, found: Found, profile: Octets[]) => void} */
function takeSegment(marker, content, found, profile) {
  /** @type {(sign: string) => boolean} */
  const begins = (sign) => text(content.subarray(0, sign.length)) === sign;
  if (marker === 0xe1 && begins(EXIF)) found.exif ??= content.slice(EXIF.length);
  else if (marker === 0xe1 && begins(XMP)) found.xmp ??= content.slice(XMP.length);
  else if (marker === 0xe2 && begins(ICC)) profile.push(content.slice());
  else if (marker === 0xed && begins(PHOTOSHOP))
    found.iptc = concat(found.iptc ?? NONE, content.subarray(PHOTOSHOP.length));
  else if (marker === 0xe0 && begins("JFIF\0")) {
    const [unit, x, y] = [content[7], content[8] * 256 + content[9], content[10] * 256 + content[11]];
    if (unit === 1 || unit === 2)
      found.density = { x: unit === 1 ? x : x * 2.54, y: unit === 1 ? y : y * 2.54 };
  }
}

/** @type {(bytes: Bytes, found: Found) => Promise<void>} */
async function probePng(bytes, found) {
  found.format = "png";
  for (let at = PNG_SIGN.length; ; ) {
    const head = await bytes.view(at, 8);
    const size = head.getUint32(0);
    const kind = text(await bytes.at(at + 4, 4));
    if (kind === "IEND") return;
    if (["IHDR", "eXIf", "iCCP", "iTXt", "pHYs"].includes(kind)) {
      await takeChunk(kind, await bytes.at(at + 8, size), found);
    }
    at += 12 + size;
  }
}

/** @type {(kind: string, content: Octets, found: Found) => Promise<void>} */
async function takeChunk(kind, content, found) {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  if (kind === "IHDR") {
    Object.assign(found, {
      width: view.getUint32(0),
      height: view.getUint32(4),
      bits: content[8] === 16 ? 16 : 8,
    });
  } else if (kind === "eXIf") {
    found.exif = content.slice();
  } else if (kind === "iCCP") {
    found.icc = await inflated(content.subarray(content.indexOf(0) + 2));
  } else if (kind === "pHYs" && content[8] === 1) {
    found.density = { x: view.getUint32(0) * 0.0254, y: view.getUint32(4) * 0.0254 };
  } else if (kind === "iTXt" && text(content.subarray(0, 18)) === "XML:com.adobe.xmp\0") {
    const language = content.indexOf(0, 20);
    const packet = content.subarray(content.indexOf(0, language + 1) + 1);
    found.xmp = content[18] ? await inflated(packet) : packet.slice();
  }
}

/** @type {(bytes: Bytes, found: Found) => Promise<void>} */
async function probeWebp(bytes, found) {
  found.format = "webp";
  found.cut = 8 + (await bytes.view(0, 12)).getUint32(4, true) > bytes.size;
  for (let at = 12; at + 8 <= bytes.size; ) {
    const head = await bytes.view(at, 8);
    const kind = text(await bytes.at(at, 4));
    const size = head.getUint32(4, true);
    if (["ICCP", "EXIF", "XMP "].includes(kind)) {
      const content = (await bytes.at(at + 8, size)).slice();
      if (kind === "ICCP") found.icc = content;
      else if (kind === "XMP ") found.xmp = content;
      else found.exif = text(content.subarray(0, 6)) === EXIF ? content.slice(6) : content;
    } else if (!found.width) {
      const view = await bytes.view(at + 8, 10);
      if (kind === "VP8X") {
        /** @type {(start: number) => number} */
        const three = (start) => view.getUint16(start, true) + 65536 * view.getUint8(start + 2) + 1;
        Object.assign(found, { width: three(4), height: three(7) });
      } else if (kind === "VP8L") {
        const packed = view.getUint32(1, true);
        Object.assign(found, { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1 });
      } else if (kind === "VP8 ") {
        Object.assign(found, {
          width: view.getUint16(6, true) & 0x3fff,
          height: view.getUint16(8, true) & 0x3fff,
        });
      }
    }
    at += 8 + size + (size % 2);
  }
}
