// Still WebP pictures as the frames of an animated one.
//
// Source: "WebP Container Specification", developers.google.com/speed/webp/docs/riff_container.

/** @type {(word: string) => Uint8Array<ArrayBuffer>} */
const text = (word) => Uint8Array.from(word, (sign) => sign.charCodeAt(0));

/**
 * A number as `count` bytes, little-endian.
 * @type {(value: number, count: number) => Uint8Array<ArrayBuffer>}
 */
const bytesOf = (value, count) => Uint8Array.from({ length: count }, (_, at) => (value >> (8 * at)) & 255);

/** @type {(parts: Uint8Array[]) => Octets} */
function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * A chunk, padded to an even length.
 * @type {(name: string, content: Uint8Array) => Octets}
 */
const chunk = (name, content) =>
  joined([text(name), bytesOf(content.length, 4), content, new Uint8Array(content.length % 2)]);

/**
 * The chunks of a still picture that hold its pixels.
 * @type {(file: Uint8Array) => Octets}
 */
function pixelsOf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found = [];
  for (let at = 12; at + 8 <= file.length; ) {
    const name = String.fromCharCode(...file.subarray(at, at + 4));
    const end = at + 8 + view.getUint32(at + 4, true);
    if (["ALPH", "VP8 ", "VP8L"].includes(name)) found.push(file.subarray(at, end + (end % 2)));
    at = end + (end % 2);
  }
  return joined(found);
}

/**
 * An animation that runs for ever.
 *
 * @param frames still WebP files, and how long each is shown
 * @param size of all of them
 * @type {(frames: { file: Uint8Array, ms: number }[], size: Size) => Octets}
 */
export function animated(frames, { width, height }) {
  const size = [bytesOf(width - 1, 3), bytesOf(height - 1, 3)];
  const isAnimation = 0x02;
  const isWhole = 0x02; // not blended with the frame before
  const chunks = [
    chunk("VP8X", joined([bytesOf(isAnimation, 4), ...size])),
    chunk("ANIM", joined([bytesOf(0xffffffff, 4), bytesOf(0, 2)])), // white behind; for ever
    ...frames.map(({ file, ms }) =>
      chunk("ANMF", joined([bytesOf(0, 6), ...size, bytesOf(ms, 3), bytesOf(isWhole, 1), pixelsOf(file)])),
    ),
  ];
  const content = joined([text("WEBP"), ...chunks]);
  return joined([text("RIFF"), bytesOf(content.length, 4), content]);
}
